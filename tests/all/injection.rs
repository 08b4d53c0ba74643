//! Injection: no name, key or path in an untrusted pull request becomes a workflow command, a terminal escape sequence, markup in a
//! summary or part of a diagram, in any format.

use serde_json::Value;
use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::{RuleFolder, RuleSet};
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;
use trustpub::report::format::{FORMATS, ReportOptions};
use trustpub::report::{ReportView, advice};

use crate::support::report;

/// Injection attempts.
const WISHES: [&str; 14] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{9b}31m",
    "x\n::error::owned",
    "::add-mask::x",
    "##[error]owned",
    "%0A::stop-commands::x",
    "[click](https://evil.example)",
    "<img src=x onerror=alert(1)><script>",
    "`</code></details><b>",
    "a | b | c",
    "\u{202e}txt.exe\u{2066}",
    "```\n## owned",
    "\"] --> x[\"owned %%{init: {}}%%",
    "https://evil.example @acme #1 $x$ ![a](b)",
];

/// A text as a double-quoted YAML scalar.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap().replace('\u{7f}', "\\x7f").replace('\u{9b}', "\\x9b")
}

/// A project with an injection attempt in every place that a finding can quote.
fn project(wish: &str) -> MemoryFiles {
    let name = quoted(wish);
    let mut files = MemoryFiles::default();
    let workflow = format!(
        "name: {name}\n\
         on: {{ push: {{ tags: [{name}] }}, workflow_dispatch: {{ inputs: {{ to: {{ type: choice, options: [{name}] }} }} }}, pull_request_target: }}\n\
         permissions: {{ {name}: write, id_token: write }}\n\
         env: {{ {name}: {name} }}\n\
         jobs:\n\
         \x20 {name}:\n\
         \x20   runs-on: windows-latest\n\
         \x20   environment: {{ name: {name}, url: {name} }}\n\
         \x20   steps:\n\
         \x20     - {{ name: {name}, id: {name}, run: {name} }}\n\
         \x20     - {{ name: {name}, uses: pypa/gh-action-pypi-publish@release/v1, with: {{ {name}: {name}, repository-url: \"${{{{ inputs.to }}}}\" }} }}\n\
         \x20     - {{ name: {name}, uses: pypa/gh-action-pypi-publish@release/v1, with: {{ skip-existing: true }} }}\n\
         \x20 publish:\n\
         \x20   runs-on: ubuntu-latest\n\
         \x20   environment: {name}\n\
         \x20   if: {name}\n\
         \x20   steps:\n\
         \x20     - {{ name: {name}, uses: pypa/gh-action-pypi-publish@release/v1, with: {{ password: \"${{{{ secrets.X }}}}\" }} }}\n"
    );
    let config = format!(
        "repository: acme/demo\n\
         {name}: {name}\n\
         publishers:\n\
         \x20 - {{ registry: pypi, package: {name}, workflow: release.yml, environment: {name} }}\n\
         \x20 - {{ registry: pypi, package: b, workflow: release.yml, environment: other }}\n\
         \x20 - {{ registry: {name}, package: c }}\n\
         rules: {{ {name}: off }}\n\
         ignore:\n\
         \x20 - {{ rule: skip-existing, workflow: {name}, reason: {name} }}\n\
         \x20 - {{ rule: invalid-yaml, reason: {name} }}\n"
    );
    files.insert(".github/workflows/release.yml", workflow.clone());
    // A file name can contain everything but a slash.
    files.insert(format!(".github/workflows/{}.yml", wish.replace('/', "∕")), workflow);
    files
        .insert(format!(".github/workflows/broken{}.yml", wish.replace('/', "∕")), format!("on: [{name}\nx: {wish}\n"));
    files.insert(".github/trustpub.yaml", config);
    files
}

/// A user rule with the given message.
fn own_rules(wish: &str) -> RuleSet {
    let name = quoted(wish);
    let rule = format!(
        "name: own\ncode: ACME001\nsummary: {name}\nlevel: error\nprecision: high\ntags: [{name}]\nhelp: {}\n\
         for-each: job\nrequire:\n  environment: nowhere\nmessage: {name}\n\
         examples:\n  - name: a\n    bad: \"\"\n  - name: b\n    good: \"\"\n",
        quoted(&format!("{wish}\n\n**What to do:** {wish}"))
    );
    let folder = RuleFolder { rules: vec![("rules/own.yaml".to_owned(), rule)], ..RuleFolder::default() };
    RuleSet::load_for_check(&[folder]).unwrap_or_else(|problems| panic!("{wish:?}: {problems:?}"))
}

fn each(mut judge: impl FnMut(&str, &ReportView<'_>)) {
    for wish in WISHES {
        let rules = own_rules(wish);
        let project = Project::load(&project(wish), None);
        let report = check(&project, &rules, None);
        assert!(report.findings.len() > 6, "{wish:?} gives only {} findings", report.findings.len());
        assert!(report.findings.iter().any(|finding| finding.code == "ACME001"), "{wish:?}");
        // The name of the project folder is printed too.
        let prefix = format!("{}/", wish.replace('/', "∕"));
        judge(wish, &ReportView { files: &project.files, prefix: &prefix, report: &report, rules: &rules.rules });
    }
}

/// The workflow command that the runner of GitHub Actions would see in a line.
fn command(line: &str) -> Option<&str> {
    if line.contains("##[") {
        return Some("##[");
    }
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, _) = rest.split_once("::")?;
    // The runner accepts only known command names; `::: other.yml` has none.
    Some(head.split(' ').next().unwrap_or_default())
        .filter(|name| name.starts_with(|letter: char| letter.is_alphabetic()))
}

fn acts(text: &str) -> Option<char> {
    let bidirectional =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().find(|letter| (letter.is_control() && *letter != '\n') || bidirectional(*letter))
}

#[test]
fn oneline_has_one_line_per_finding() {
    each(|wish, view| {
        let lines = report("oneline", view, &ReportOptions::default(), &[]);
        assert_eq!(acts(&lines), None, "{wish:?}");
        assert_eq!(lines.lines().count(), view.report.findings.len(), "{wish:?}: a finding is one line");
        for line in lines.lines() {
            assert_eq!(command(line), None, "{wish:?}: {line}");
            let known = view.rules.iter().any(|rule| line.ends_with(&format!(" [{}]", rule.name)));
            assert!(known, "{wish:?}: {line}");
        }
    });
}

#[test]
fn text_contains_no_workflow_commands_or_escapes() {
    for coloured in [false, true] {
        let options = ReportOptions { colour: coloured, links: coloured, verbose: true, ..ReportOptions::default() };
        each(|wish, view| {
            let page = report("text", view, &options, &[]);
            for line in page.lines() {
                assert_eq!(command(line), None, "{wish:?}: {line}");
            }
            let plain = if coloured { without_our_own(&page) } else { page };
            assert_eq!(acts(&plain), None, "{wish:?}: {plain}");
        });
    }
}

/// The output without the program's own colours (`ESC [ … m`) and links.
fn without_our_own(page: &str) -> String {
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let links = regex::Regex::new(&format!(
        "\u{1b}\\]8;;({}[a-zA-Z0-9/.#-]*)?\u{1b}\\\\",
        regex::escape(trustpub::report::HOME)
    ));
    links.unwrap().replace_all(&colours.replace_all(page, ""), "").into_owned()
}

#[test]
fn annotations_are_the_only_workflow_commands() {
    each(|wish, view| {
        let out = report("github", view, &ReportOptions::default(), &[]);
        assert_eq!(acts(&out), None, "{wish:?}");
        let paths: Vec<String> = view.files.iter().map(|source| format!("{}{}", view.prefix, source.path())).collect();
        let mut annotations = 0;
        for line in out.lines() {
            let Some(name) = command(line) else { continue };
            annotations += 1;
            assert!(["error", "warning", "notice"].contains(&name), "{wish:?}: {line}");
            let rest = line.strip_prefix("::").unwrap();
            let (properties, _) = rest.split_once("::").unwrap();
            let file = properties.split_once("file=").unwrap().1.split(',').next().unwrap();
            let file = file
                .replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%0D", "\r")
                .replace("%0A", "\n")
                .replace("%25", "%");
            // Control characters in a path are escaped. The runner then finds no such file, but shows the message.
            let odd = wish.contains("##[") || wish.contains('\n') || acts(wish).is_some();
            assert!(paths.contains(&file) || odd, "{wish:?}: {file}");
            for key in properties.split_once(' ').unwrap().1.split(',').map(|field| field.split('=').next().unwrap()) {
                assert!(["file", "line", "endLine", "col", "endColumn", "title"].contains(&key), "{wish:?}: {line}");
            }
        }
        let counted = |level| view.report.findings.iter().filter(|finding| finding.level == level).count().min(10);
        assert_eq!(
            annotations,
            [Level::Error, Level::Warning, Level::Note].map(counted).iter().sum::<usize>(),
            "{wish:?}"
        );
    });
}

#[test]
fn a_summary_contains_only_its_own_markup() {
    let own_tag = regex::Regex::new("</?(details|summary|code|b)>").unwrap();
    let link = regex::Regex::new(r"\]\(([^)]*)\)").unwrap();
    each(|wish, view| {
        let page = report("markdown", view, &ReportOptions::default(), &[]);
        assert_eq!(acts(&page), None, "{wish:?}");
        let mut fence: Option<(String, bool)> = None;
        let (mut rows, mut opened, mut closed) = (0, 0, 0);
        for line in page.lines() {
            if let Some((open, diagram)) = &fence {
                if line == open.as_str() {
                    fence = None;
                } else if *diagram {
                    diagram_line(wish, line);
                }
                continue;
            }
            let ticks = line.len() - line.trim_start_matches('`').len();
            if ticks >= 3 {
                fence = Some(("`".repeat(ticks), &line[ticks..] == "mermaid"));
                continue;
            }
            let ours =
                |rule: &trustpub::lint::rules::Rule| !rule.own && line == format!("**What to do:** {}", advice(rule));
            if view.rules.iter().any(ours) {
                continue;
            }
            opened += line.matches("<details>").count();
            closed += line.matches("</details>").count();
            let bare = own_tag.replace_all(line, "");
            assert!(!bare.contains('<') && !bare.contains('`'), "{wish:?}: {line}");
            for found in
                link.captures_iter(&bare).filter(|found| !bare[..found.get(0).unwrap().start()].ends_with('\\'))
            {
                assert!(found[1].starts_with(trustpub::report::HOME), "{wish:?}: {line}");
            }
            assert!(!bare.contains("https://evil") && !bare.contains("@acme"), "{wish:?}: {line}");
            if bare.starts_with("| ") {
                rows += 1;
                assert_eq!(bare.matches('|').count(), 5, "{wish:?}: {line}");
            }
            assert!(!line.starts_with('#') || line == "## trustpub", "{wish:?}: {line}");
        }
        assert!(fence.is_none(), "{wish:?}: an unclosed fence");
        assert_eq!(rows, view.report.findings.len() + 2, "{wish:?}: a finding is one row");
        assert_eq!(opened, closed, "{wish:?}: unbalanced `<details>`");
    });
}

/// A line of a diagram is a node with a harmless label, or an edge.
fn diagram_line(wish: &str, line: &str) {
    let label = r#"\["?|\(\["|\[\(""#;
    let node = regex::Regex::new(&format!(
        r#"^  (n\d+|more)({label})(?:[\p{{Alphabetic}}\p{{Number}} \-_./,='#;]|<br/>)*("\]|"\]\)|"\)\])$"#
    ))
    .unwrap();
    let edge = regex::Regex::new(r"^  n\d+ (-->|== accepted ==>|-- refused --x|-\. undecided \.->|-- (no publisher declared|stored token) -->) n\d+$").unwrap();
    assert!(line == "flowchart LR" || node.is_match(line) || edge.is_match(line), "{wish:?}: {line}");
}

#[test]
fn json_and_sarif_contain_only_data() {
    each(|wish, view| {
        let options = ReportOptions { suppressed: true, category: Some(wish.to_owned()), ..ReportOptions::default() };
        for format in FORMATS.iter().filter(|format| !format.is_log && format.name != "markdown") {
            let page = report(format.name, view, &options, &[wish.to_owned()]);
            assert_eq!(acts(&page), None, "{wish:?}");
            assert!(page.lines().all(|line| command(line).is_none()), "{wish:?}");
            let log: Value = serde_json::from_str(&page).unwrap();
            let Some(run) = log["runs"].get(0) else { continue };
            for result in run["results"].as_array().unwrap() {
                let message = result["message"]["text"].as_str().unwrap();
                assert_eq!(acts(message).or(message.find('\n').map(|_| '\n')), None, "{wish:?}: {message}");
                assert!(!message.contains("](http"), "{wish:?}: {message}");
                let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
                assert!(uri.is_ascii() && !uri.contains([' ', '\n', '[', '<', '"', '\\', '`']), "{wish:?}: {uri}");
            }
        }
    });
}
