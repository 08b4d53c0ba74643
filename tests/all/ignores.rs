//! Where an ignore can be written, and which findings it hides there.

use trustpub::lint::check;
use trustpub::lint::findings::Report;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::{CONFIGS, Project};

const RELEASE: &str = ".github/workflows/release.yml";

/// A job in another registry's environment. Rule TP302 reports it at the upload.
fn workflow(steps: &str) -> String {
    format!(
        "on:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: testpypi\n    permissions: {{ id-token: write }}\n    steps:\n{steps}"
    )
}

fn judged(workflow: &str, config: &str, today: Option<&str>) -> (Project, Report) {
    let rules = RuleSet::builtin().unwrap();
    let mut files = MemoryFiles::default();
    files.insert(RELEASE, workflow);
    if !config.is_empty() {
        files.insert(CONFIGS[0], config);
    }
    let project = rules.read(&files);
    let report = check(&project, &rules, today.map(|day| day.parse().unwrap()));
    (project, report)
}

/// Findings as `line name`, then ignored ones as `(line name)`.
fn said(workflow: &str, config: &str, today: Option<&str>) -> Vec<String> {
    let (project, report) = judged(workflow, config, today);
    assert_eq!(report.problems, []);
    let shown = |finding: &trustpub::lint::findings::Finding| {
        let place = finding.primary.place;
        format!("{} {}", project.source(place.file).unwrap().line_at(place.span.start), finding.name)
    };
    let ignored = report.suppressed.iter().map(|hidden| format!("({})", shown(&hidden.finding)));
    report.findings.iter().map(shown).chain(ignored).collect()
}

#[test]
fn comments_apply_to_their_line_and_the_next() {
    let uses = "pypa/gh-action-pypi-publish@release/v1";
    let trailing = workflow(&format!("      - uses: {uses} # trustpub: ignore[TP302] one maintainer\n"));
    assert_eq!(said(&trailing, "", None), ["(10 registry-environment-swap)"]);
    assert_eq!(said(&trailing.replace('\n', "\r\n"), "", None), ["(10 registry-environment-swap)"], "with CRLF");
    let above = workflow(&format!(
        "      # trustpub: ignore[registry-environment-swap] one maintainer\n      - uses: {uses}\n"
    ));
    assert_eq!(said(&above, "", None), ["(11 registry-environment-swap)"]);
    assert_eq!(said(&above.replace('\n', "\r\n"), "", None), ["(11 registry-environment-swap)"], "with CRLF");
    let far = workflow(&format!("      # trustpub: ignore[TP302] one maintainer\n\n      - uses: {uses}\n"));
    assert_eq!(
        said(&far, "", None),
        ["10 unused-ignore", "12 registry-environment-swap"],
        "a blank line separates them"
    );
    let below = workflow(&format!("      - uses: {uses}\n      # trustpub: ignore[TP302] one maintainer\n"));
    assert_eq!(said(&below, "", None), ["10 registry-environment-swap", "11 unused-ignore"]);
}

#[test]
fn several_rules_in_one_comment_and_several_comments_above_each_other() {
    let uses = "pypa/gh-action-pypi-publish@release/v1";
    let list = workflow(&format!("      - uses: {uses} # trustpub: ignore[ TP302 , TP101] one maintainer\n"));
    assert_eq!(said(&list, "", None), ["10 unused-ignore", "(10 registry-environment-swap)"]);
    let (project, report) = judged(&list, "", None);
    let place = report.findings[0].primary.place;
    assert_eq!(project.source(place.file).unwrap().slice(place.span), "TP101", "reported at the name itself");
    let stack = workflow(&format!(
        "      # trustpub: ignore[TP101] granted above\n      # trustpub: ignore[TP302] one maintainer\n      - uses: {uses}\n"
    ));
    assert_eq!(said(&stack, "", None), ["10 unused-ignore", "(12 registry-environment-swap)"]);
}

#[test]
fn an_unknown_rule_name_has_a_suggestion() {
    let uses = "pypa/gh-action-pypi-publish@release/v1";
    let message = |name: &str| {
        let text = workflow(&format!("      - uses: {uses} # trustpub: ignore[{name}] one maintainer\n"));
        let (_, report) = judged(&text, "", None);
        let ignore = report.findings.iter().find(|finding| finding.name == "unused-ignore").unwrap();
        ignore.message.clone()
    };
    assert_eq!(
        message("missing-enviroment"),
        "there is no rule `missing-enviroment` (did you mean `missing-environment`?)"
    );
    assert_eq!(message("TP999"), "there is no rule `TP999`");
    assert_eq!(message("banana"), "there is no rule `banana`");
}

#[test]
fn at_the_run_key_it_applies_to_the_script() {
    let script = "      - run: | # trustpub: ignore[TP302] one maintainer\n          make\n          uv publish\n";
    assert_eq!(said(&workflow(script), "", None), ["(12 registry-environment-swap)"]);
    assert_eq!(
        said(&workflow(script).replace('\n', "\r\n"), "", None),
        ["(12 registry-environment-swap)"],
        "with CRLF"
    );
    let above =
        "      # trustpub: ignore[TP302] one maintainer\n      - run: |\n          make\n          uv publish\n";
    assert_eq!(said(&workflow(above), "", None), ["(13 registry-environment-swap)"]);
    let inside = "      - run: |\n          # trustpub: ignore[TP302] one maintainer\n          uv publish\n";
    assert_eq!(
        said(&workflow(inside), "", None),
        ["12 registry-environment-swap"],
        "there it is a comment of the shell"
    );
}

#[test]
fn config_entries_match_by_file_job_and_step() {
    let step = workflow("      - name: Upload\n        id: up\n        uses: pypa/gh-action-pypi-publish@release/v1\n");
    let ignored =
        |parts: &str| said(&step, &format!("ignore:\n  - rule: TP302\n{parts}    reason: one maintainer\n"), None);
    for parts in [
        "",
        "    workflow: release.yml\n",
        "    workflow: release.yml\n    job: publish\n",
        "    job: Publish\n",
        "    step: Upload\n",
        "    step: up\n",
        "    job: publish\n    step: pypa/gh-action-pypi-publish\n",
    ] {
        assert_eq!(ignored(parts), ["(12 registry-environment-swap)"], "{parts}");
    }
    for parts in ["    workflow: other.yml\n", "    job: build\n", "    step: Build\n"] {
        assert_eq!(ignored(parts), ["2 unused-ignore", "12 registry-environment-swap"], "{parts}");
    }
}

#[test]
fn an_ignore_for_a_step_hides_findings_about_its_contexts() {
    let steps = "      - name: Say\n        run: echo '${{ github.environment }}'\n      - run: uv publish # trustpub: ignore[TP302] one maintainer\n";
    let config = "ignore:\n  - rule: unknown-context\n    step: Say\n    reason: it is only said\n";
    assert_eq!(said(&workflow(steps), config, None), ["(11 unknown-context)", "(12 registry-environment-swap)"]);
}

#[test]
fn a_finding_in_the_config_is_ignored_in_the_config() {
    let sound = workflow("      - run: make\n").replace("id-token: write", "contents: read");
    let publisher = "publishers:\n  - registry: testpypi # trustpub: ignore[unused-publisher] set up next week\n    workflow: trial.yml\n";
    assert_eq!(said(&sound, publisher, None), ["(2 unused-publisher)"]);
    let entry = "publishers:\n  - registry: testpypi\n    workflow: trial.yml\nignore:\n  - rule: TP205\n    reason: set up next week\n";
    assert_eq!(said(&sound, entry, None), ["(2 unused-publisher)"]);
}

#[test]
fn an_ignore_applies_until_the_end_of_its_last_day() {
    let text = workflow("      - run: uv publish\n");
    let config = "ignore:\n  - rule: TP302\n    reason: until we have an environment\n    expires: 2027-03-01\n";
    for day in [None, Some("2027-03-01")] {
        assert_eq!(said(&text, config, day), ["(10 registry-environment-swap)"], "{day:?}");
    }
    assert_eq!(said(&text, config, Some("2027-03-02")), ["2 unused-ignore", "10 registry-environment-swap"]);
}

#[test]
fn an_ignore_without_a_reason_hides_nothing() {
    let comment = workflow("      - run: uv publish # trustpub: ignore[TP302]\n");
    assert_eq!(said(&comment, "", None), ["10 registry-environment-swap", "10 unused-ignore"]);
    let text = workflow("      - run: uv publish\n");
    let config = "ignore:\n  - rule: TP302\n    reason: ' '\n";
    assert_eq!(said(&text, config, None), ["2 unused-ignore", "10 registry-environment-swap"]);
}

#[test]
fn an_ignore_for_one_job_does_not_hide_a_finding_merged_from_several() {
    let job = |id: &str, step: &str| {
        format!("  {id}:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps: [{step}]\n")
    };
    let jobs =
        [job("one", "run: echo built"), job("two", "run: echo built"), job("publish", "run: uv publish")].concat();
    let jobs = &format!("on: push\npermissions:\n  id-token: write\njobs:\n{jobs}");
    let config = |job: &str| format!("ignore:\n  - rule: TP104\n{job}    reason: they are ours\n");
    let (_, report) = judged(jobs, &config("    job: one\n"), None);
    let left: Vec<_> = report.findings.iter().map(|finding| (finding.name.as_str(), finding.jobs.len())).collect();
    assert!(left.contains(&("workflow-wide-id-token", 2)), "{left:?}");
    assert!(judged(jobs, &config(""), None).1.findings.iter().all(|finding| finding.name != "workflow-wide-id-token"));
}
