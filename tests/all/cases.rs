//! Cases outside of this checkout: small repositories rebuilt from failed releases, each with the findings it must have.
//!
//! `tests/cases.toml` lists the expectations and whether they hold. The test fails if one that holds breaks or one that fails is fixed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use trustpub::lint::rules::set::RuleSet;
use walkdir::WalkDir;

use crate::support::program::{out, trustpub};
use crate::support::skipped;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
    /// For each folder, examples of rules with the same kind of mistake: `rule: name of the example`.
    siblings: BTreeMap<String, Vec<String>>,
    /// Further repositories with the same kind of mistake.
    sibling: Vec<Sibling>,
}

/// A repository of the same kind as a case.
#[derive(Deserialize)]
struct Sibling {
    /// The folder of the case.
    of: String,
    #[serde(flatten)]
    expected: Expectations,
}

/// The expectations of one case.
#[derive(Deserialize)]
struct Case {
    /// The folder of the case.
    folder: String,
    /// Whether all of this holds today.
    holds: bool,
    /// The subject of the open work: `truth`, `scripts` or `registries`.
    issue: Option<String>,
    #[serde(flatten)]
    expected: Expectations,
}

/// What commands print for a repository.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expectations {
    /// Files to add or replace, by path.
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    findings: Vec<Expected>,
    /// Rules that must report nothing.
    #[serde(default)]
    absent: Vec<String>,
    /// Texts that a command prints or does not print. Any run of white space counts as one space.
    #[serde(default)]
    text: Vec<String>,
    #[serde(default)]
    explain: Vec<String>,
    #[serde(default)]
    explain_absent: Vec<String>,
    /// Texts in the config that `init` writes.
    #[serde(default)]
    init: Vec<String>,
    /// The number of publishers in that config.
    init_publishers: Option<usize>,
}

impl Expectations {
    fn count(&self) -> usize {
        let texts = [&self.absent, &self.text, &self.explain, &self.explain_absent, &self.init];
        self.findings.len() + texts.map(Vec::len).iter().sum::<usize>() + usize::from(self.init_publishers.is_some())
    }
}

/// A finding. A missing field matches any value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: Option<String>,
    level: Option<String>,
    /// The primary place: `file:line`, or a file or a folder with a `/` at its end.
    at: Option<String>,
    /// Places that must be the primary place, a label or a step of the path.
    #[serde(default)]
    shows: Vec<String>,
    /// A text in the message or in a label.
    says: Option<String>,
}

impl Expected {
    fn matches(&self, finding: &Value) -> bool {
        let is = |key: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| finding[key] == **wanted);
        let others: Vec<&Value> =
            ["labels", "path"].iter().flat_map(|key| finding[*key].as_array().into_iter().flatten()).collect();
        let shown =
            |wanted: &String| at(&finding["place"], wanted) || others.iter().any(|label| at(&label["place"], wanted));
        let said = |text: &String| {
            others.iter().copied().chain([finding]).any(|it| it["message"].as_str().is_some_and(|it| it.contains(text)))
        };
        is("name", &self.rule)
            && is("level", &self.level)
            && self.at.as_ref().is_none_or(|wanted| at(&finding["place"], wanted))
            && self.shows.iter().all(shown)
            && self.says.as_ref().is_none_or(said)
    }
}

/// Whether a place is `file:line`, in `file`, or in `folder/`.
fn at(place: &Value, wanted: &str) -> bool {
    let file = place["file"].as_str().unwrap_or_default();
    wanted == file
        || wanted == format!("{file}:{}", place["start_line"])
        || wanted.ends_with('/') && file.starts_with(wanted)
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A repository with the files of a folder, if there is one, and those of a case.
fn copy(from: Option<&Path>, case: &Expectations) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &Path, bytes: &[u8]| {
        std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(root.path().join(path), bytes).unwrap();
    };
    if let Some(from) = from {
        let files = WalkDir::new(from).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        for entry in files.filter(|entry| entry.file_name() != "EXPECT.txt") {
            write(entry.path().strip_prefix(from).unwrap(), &std::fs::read(entry.path()).unwrap());
        }
    }
    for (path, text) in &case.files {
        write(Path::new(path), text.as_bytes());
    }
    root
}

/// The expectations that are not met.
fn unmet(folder: Option<&Path>, case: &Expectations) -> Vec<String> {
    let copy = copy(folder, case);
    let root = copy.path();
    let mut unmet = Vec::new();
    let output = trustpub(root, &["check", ".", "--format", "json"]);
    let report: Value = serde_json::from_str(&out(&output)).unwrap();
    let findings = report["projects"][0]["findings"].as_array().unwrap();
    let missing = case.findings.iter().filter(|expected| !findings.iter().any(|finding| expected.matches(finding)));
    unmet.extend(missing.map(|expected| format!("not found: {expected:?}")));
    let unwanted = case.absent.iter().filter(|rule| findings.iter().any(|finding| finding["name"] == ***rule));
    unmet.extend(unwanted.map(|rule| format!("found, but must not be: {rule}")));

    let text = one_space(&out(&trustpub(root, &["check", ".", "--format", "text", "--color", "never"])));
    let explained = trustpub(root, &["explain", "--color", "never"]);
    assert!(explained.status.code().is_some(), "{}: `explain` was killed", root.display());
    let explained = one_space(&out(&explained));
    let mut compare = |command: &str, printed: &str, wanted: &[String], present: bool| {
        let wrong = wanted.iter().filter(|text| printed.contains(text.as_str()) != present);
        let but = if present { "lacks" } else { "must not print" };
        unmet.extend(wrong.map(|text| format!("{command} {but}: {text}")));
    };
    compare("check", &text, &case.text, true);
    compare("explain", &explained, &case.explain, true);
    compare("explain", &explained, &case.explain_absent, false);
    if case.init_publishers.is_some() || !case.init.is_empty() {
        trustpub(root, &["init", "--force"]);
        let config = std::fs::read_to_string(root.join(".github/trustpub.yaml")).unwrap_or_default();
        compare("init", &one_space(&config), &case.init, true);
        let publishers = config.lines().filter(|line| line.trim_start().starts_with("- registry:")).count();
        if case.init_publishers.is_some_and(|wanted| wanted != publishers) {
            unmet.push(format!("init writes {publishers} publishers"));
        }
    }
    unmet
}

#[test]
fn the_cases_hold_as_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    let Ok(entries) = std::fs::read_dir(&root) else { return skipped(&format!("no cases at {}", root.display())) };
    let table: Table = toml_edit::de::from_str(include_str!("../cases.toml")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    let mut wrong = Vec::new();
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy();
        if !table.case.iter().any(|case| case.folder == name) {
            wrong.push(format!("{name}: not listed in tests/cases.toml"));
        }
    }
    for (index, case) in table.case.iter().enumerate() {
        let name = format!("{} (entry {})", case.folder, index + 1);
        let folder = root.join(&case.folder);
        if !folder.is_dir() {
            wrong.push(format!("{name}: there is no such case"));
            continue;
        }
        assert!(case.expected.count() > 0, "{name}: expects nothing");
        let known = case.issue.as_deref().is_some_and(|issue| ["truth", "scripts", "registries"].contains(&issue));
        assert!(case.holds || known, "{name}: a case that does not hold names its `issue`");
        let unmet = unmet(Some(&folder), &case.expected);
        match (case.holds, unmet.is_empty()) {
            (true, false) => wrong.push(format!("{name} does not hold:\n    {}", unmet.join("\n    "))),
            (false, true) => wrong.push(format!("{name} holds now: set `holds = true`")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A case stands for a kind of mistake, so it has two siblings. Other tests run the examples of rules.
#[test]
fn each_case_has_two_siblings() {
    let table: Table = toml_edit::de::from_str(include_str!("../cases.toml")).unwrap();
    let rules = RuleSet::builtin().unwrap();
    let mut wrong = Vec::new();
    let is_example = |text: &str| {
        let (rule, example) = text.split_once(": ").unwrap_or_default();
        let rule = rules.rules.iter().find(|known| known.name == rule);
        rule.is_some_and(|rule| rule.examples.iter().any(|known| known.name == example))
    };
    for (folder, examples) in &table.siblings {
        let missing = examples.iter().filter(|example| !is_example(example));
        wrong.extend(missing.map(|example| format!("{folder}: no example `{example}`")));
    }
    for case in &table.case {
        let examples = table.siblings.get(&case.folder).map_or(0, Vec::len);
        let own = table.sibling.iter().filter(|sibling| sibling.of == case.folder).count();
        if examples + own < 2 {
            wrong.push(format!("{}: {} siblings", case.folder, examples + own));
        }
    }
    let is_case = |name: &str| table.case.iter().any(|case| case.folder == name);
    let named = table.siblings.keys().chain(table.sibling.iter().map(|sibling| &sibling.of));
    wrong.extend(named.filter(|name| !is_case(name)).map(|name| format!("{name}: no such case")));
    for (index, sibling) in table.sibling.iter().enumerate() {
        let name = format!("{} (sibling {})", sibling.of, index + 1);
        assert!(sibling.expected.count() > 0, "{name}: expects nothing");
        let unmet = unmet(None, &sibling.expected);
        if !unmet.is_empty() {
            wrong.push(format!("{name} does not hold:\n    {}", unmet.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
