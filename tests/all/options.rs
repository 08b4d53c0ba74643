//! Options of `check`, the config keys of the same name, and how `init`, `config show` and `rules` use a config.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::program::{RELEASE, err, out, project, trustpub};

/// Violates TP101 (missing-id-token), TP301 (missing-environment) and others.
const FAULTY: &str = "on: push
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
";

const OWN_RULE: &str = "name: own-rule
code: OWN001
summary: A job named `publish` exists
level: warning
precision: high
tags: [own]
help: |
  Text.

  **What to do:** nothing.
for-each: job
when:
  job: publish
require:
  environment: production
message: \"job `{job}` is not in production\"
examples:
  - name: bad
    bad: |
      on: push
      jobs:
        publish: # <- not in production
          runs-on: ubuntu-latest
          steps: [{ run: make }]
  - name: good
    good: |
      on: push
      jobs:
        publish:
          runs-on: ubuntu-latest
          environment: production
          steps: [{ run: make }]
";

#[test]
fn rules_are_selected_by_names_codes_and_prefixes_of_codes() {
    let root = project(&[(RELEASE, FAULTY)]);
    let codes = |options: &[&str]| {
        let all = [&["check", "--format", "json"], options].concat();
        let report: serde_json::Value = serde_json::from_str(&out(&trustpub(root.path(), &all))).unwrap();
        let findings = report["projects"][0]["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(codes(&[]).contains(&"TP101".to_owned()) && codes(&[]).contains(&"TP301".to_owned()));
    assert_eq!(codes(&["--select", "TP1"]), ["TP101"]);
    assert_eq!(codes(&["--select", "tp301,missing-id-token"]), ["TP101", "TP301"]);
    assert!(!codes(&["--ignore", "TP1,TP3"]).iter().any(|code| code.starts_with("TP1") || code.starts_with("TP3")));
}

#[test]
fn the_config_selects_rules_and_names_a_baseline() {
    let root = project(&[(RELEASE, FAULTY), (".github/trustpub.yaml", "select: [TP1]\n")]);
    let lines = out(&trustpub(root.path(), &["check", "--format", "oneline"]));
    assert!(lines.contains("[missing-id-token]") && lines.lines().count() == 1, "{lines}");
    let lines = out(&trustpub(root.path(), &["check", "--format", "oneline", "--select", "TP301"]));
    assert!(lines.contains("[missing-environment]") && lines.lines().count() == 1, "{lines}");
    // The config may name the baseline before it is written for the first time.
    std::fs::write(root.path().join(".github/trustpub.yaml"), "baseline: known.json\n").unwrap();
    assert_eq!(trustpub(root.path(), &["check"]).status.code(), Some(2));
    let output = trustpub(root.path(), &["baseline", "--output", "known.json"]);
    assert!(output.status.success() && err(&output).contains("known.json has 2 findings"), "{}", err(&output));
    let output = trustpub(root.path(), &["check", "--format", "oneline"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    std::fs::write(root.path().join(".github/trustpub.yaml"), "select: [TP9999]\n").unwrap();
    let output = trustpub(root.path(), &["check", "--format", "oneline"]);
    assert_eq!(output.status.code(), Some(2));
    // A problem matcher can read the line like one of a report.
    assert!(
        err(&output).starts_with(".github/trustpub.yaml:1:10: error: no rule is named `TP9999`"),
        "{}",
        err(&output)
    );
}

#[test]
fn extra_rules_of_the_config_have_names_everywhere() {
    let root = project(&[
        (RELEASE, FAULTY),
        (".github/trustpub.yaml", "extra-rules: [.github/trustpub]\n"),
        (".github/trustpub/own-rule.yaml", OWN_RULE),
    ]);
    for selected in ["own-rule", "OWN001", "OWN"] {
        let output = trustpub(root.path(), &["check", "--format", "oneline", "--select", selected]);
        assert!(out(&output).ends_with("[own-rule]\n") && out(&output).lines().count() == 1, "{}", err(&output));
    }
    // `--rules` may name the folder too.
    let twice =
        trustpub(root.path(), &["check", "--format", "oneline", "--select", "OWN", "--rules", ".github/trustpub"]);
    assert!(out(&twice).ends_with("[own-rule]\n") && out(&twice).lines().count() == 1, "{}", err(&twice));
    let ignored = out(&trustpub(root.path(), &["check", "--format", "oneline", "--ignore", "own-rule"]));
    assert!(!ignored.contains("own-rule") && !ignored.is_empty());
    assert!(out(&trustpub(root.path(), &["rules", "show", "OWN001"])).contains("own-rule"));
    assert!(out(&trustpub(root.path(), &["rules", "list"])).contains("own-rule"));
    assert!(out(&trustpub(root.path(), &["explain", "own-rule"])).contains("own-rule"));
    let output = trustpub(root.path(), &["check", "--select", "own-rul"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("no rule is named `own-rul`"), "{}", err(&output));
}

#[test]
fn two_reports_to_one_destination_are_refused() {
    let root = project(&[(RELEASE, FAULTY)]);
    let output = trustpub(root.path(), &["check", "--format", "json", "--format", "sarif=-"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("both write to stdout"), "{}", err(&output));
    let output = trustpub(root.path(), &["check", "--format", "json=a", "--format", "sarif=a"]);
    assert!(output.status.code() == Some(2) && !root.path().join("a").exists());
    let output = trustpub(root.path(), &["check", "--format", "oneline", "--format", "github"]);
    assert!(output.status.code() == Some(1) && out(&output).contains("::error "), "annotations are lines of a log");
    let output = trustpub(root.path(), &["check", "--format", "oneline=-"]);
    assert!(out(&output).contains("[missing-id-token]"));
}

#[test]
fn fix_reports_what_it_changed_or_why_nothing() {
    let root = project(&[(RELEASE, FAULTY)]);
    let select = ["check", "--format", "oneline", "--select", "missing-id-token"];
    let said = |options: &[&str]| err(&trustpub(root.path(), &[&select, options].concat()));
    assert!(
        said(&["--fix"]).contains("nothing to fix safely; 1 finding fixable with `--fix=unsafe`"),
        "{}",
        said(&["--fix"])
    );
    assert!(said(&["--fix=unsafe", "--diff"]).contains("would fix 1 finding in 1 file"));
    assert!(said(&["--fix=unsafe"]).contains("fixed 1 finding in 1 file"));
    assert!(said(&["--fix"]).contains("nothing to fix: no findings"));
    let summary = out(&trustpub(root.path(), &["check", "--format", "text", "--statistics"]));
    assert!(summary.lines().any(|line| line.trim() == "1  TP301  missing-environment"), "{summary}");
}

#[test]
fn stdin_with_a_path_outside_of_the_workflow_folder_is_checked() {
    let root = project(&[("other/readme", "x")]);
    let run = |text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_trustpub"))
            .args(["check", "-", "--stdin-filename", "templates/x.yml", "--format", "oneline"])
            .current_dir(root.path())
            .env_remove("GITHUB_ACTIONS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = run(FAULTY);
    assert!(
        out(&output).contains("x.yml:2:14: error: ") || out(&output).contains("[missing-id-token]"),
        "{}",
        out(&output)
    );
    assert_eq!(output.status.code(), Some(1));
    let output = run("a: b\n");
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    assert!(err(&output).contains("x.yml is not a workflow"), "{}", err(&output));
}

#[test]
fn in_a_subfolder_the_whole_repository_is_checked() {
    let root = project(&[(RELEASE, FAULTY), ("src/deep/file", "")]);
    let output = trustpub(&root.path().join("src/deep"), &["check", "--format", "oneline"]);
    assert!(out(&output).contains("[missing-id-token]"), "{}", out(&output));
    assert!(err(&output).contains("checking the repository ../.."), "{}", err(&output));
}

#[test]
fn init_keeps_other_keys_and_comments() {
    let old = "# Our config.
ignore:
  # This comment stays.
  - rule: missing-environment
    reason: the mirror has none
publishers:
  - registry: pypi
    package: typed-by-hand # and why
    workflow: release.yml
# About the rules.
rules:
  skip-existing: off
";
    let root = project(&[(RELEASE, FAULTY), (".github/trustpub.yaml", old)]);
    let output = trustpub(root.path(), &["init", "--force"]);
    assert!(output.status.success(), "{}", err(&output));
    let new = std::fs::read_to_string(root.path().join(".github/trustpub.yaml")).unwrap();
    assert!(new.starts_with("# yaml-language-server: $schema=https://"), "{new}");
    let kept = old.split("publishers:").next().unwrap();
    assert!(new.contains(kept) && new.ends_with("# About the rules.\nrules:\n  skip-existing: off\n"), "{new}");
    assert!(new.contains("package: typed-by-hand # and why"), "the replaced publishers are kept as a comment: {new}");
    assert_eq!(new.matches("\npublishers:").count(), 1, "{new}");
    assert_eq!(trustpub(root.path(), &["config", "show"]).status.code(), Some(0), "the result is a valid config");
    assert!(new.contains("\n    package: typed-by-hand\n"), "a package that no file names is kept: {new}");
    assert!(!new.contains("FILL IN\n    workflow"), "{new}");
}

#[test]
fn without_a_text_report_details_are_on_stderr() {
    let root = project(&[(RELEASE, FAULTY)]);
    let output = trustpub(root.path(), &["check", "--format", "json", "--statistics", "--verbose"]);
    assert!(err(&output).contains("1  TP101  missing-id-token"), "{}", err(&output));
    assert!(serde_json::from_str::<serde_json::Value>(&out(&output)).is_ok());
    let output = trustpub(root.path(), &["check", "--format", "text", "--statistics"]);
    assert!(out(&output).contains("1  TP101  missing-id-token") && !err(&output).contains("TP101"), "{}", err(&output));
}

#[test]
fn config_show_prints_each_setting_with_its_source() {
    let config = "repository: acme/demo\nrules:\n  skip-existing: off\n";
    let root = project(&[(RELEASE, FAULTY), (".github/trustpub.yaml", config)]);
    let shown = out(&trustpub(root.path(), &["config", "show"]));
    let line = |words: &[&str]| shown.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(line(&["repository", "acme/demo", "# .github/trustpub.yaml:1"]), "{shown}");
    assert!(line(&["rule", "skip-existing: off", "# .github/trustpub.yaml:3"]), "{shown}");
    assert!(line(&["baseline", "none", "# default"]), "{shown}");
}

#[test]
fn rules_test_accepts_the_built_in_rule_folder() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = trustpub(root, &["rules", "test", "rules/"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).ends_with(" passed, 0 failed\n"), "{}", out(&output));
    let passed: usize = out(&output).split(' ').next().unwrap().parse().unwrap();
    assert!(passed > 150, "{passed}");
}

#[test]
fn an_example_may_be_steps_or_a_job() {
    let examples = "examples:
  - name: a job
    bad: |
      job:
        runs-on: ubuntu-latest
        environment: staging # <- not in production
        steps:
          - run: make deploy
  - name: steps of a job in environment `release`
    good: |
      steps:
        - run: make deploy
";
    let rule = OWN_RULE.replace("environment: production\nmessage", "environment: release\nmessage");
    let rule = rule.split("examples:").next().unwrap().to_owned() + examples;
    let root = project(&[(".github/trustpub/own-rule.yaml", &rule)]);
    let output = trustpub(root.path(), &["rules", "test"]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("2 passed, 0 failed\n", ""));
}

/// Accepted with the publisher in `DECLARED`, and clean without a publisher.
const CLEAN: &str = "on:
  push:
    tags: [\"v*\"]
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@v5
      - uses: pypa/gh-action-pypi-publish@release/v1
";

const DECLARED: &str = "repository: acme/demo
publishers:
  - registry: pypi
    package: demo
    workflow: release.yml
    environment: pypi
";

#[test]
fn nothing_to_report_says_what_was_compared() {
    let summary = |files: &[(&str, &str)]| {
        let output = trustpub(project(files).path(), &["check", "--format", "text"]);
        out(&output).lines().last().unwrap_or_default().to_owned()
    };
    let none = "nothing to report in 1 workflow with 1 upload (1 decided, no publisher declared: run `trustpub init`)";
    assert_eq!(summary(&[(RELEASE, CLEAN)]), none);
    let declared = [(RELEASE, CLEAN), (".github/trustpub.yaml", DECLARED)];
    assert_eq!(
        summary(&declared),
        "nothing to report in 1 workflow with 1 upload (1 decided, 1 with a declared publisher)"
    );
    let open = CLEAN.replace("    environment", "    if: vars.PUBLISH == 'yes'\n    environment");
    let undecided = [(RELEASE, open.as_str()), (".github/trustpub.yaml", DECLARED)];
    assert_eq!(
        summary(&undecided),
        "nothing to report in 1 workflow with 1 upload (0 decided, 1 undecided, 1 with a declared publisher)"
    );
    let build = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n";
    assert_eq!(summary(&[(RELEASE, build)]), "nothing to report in 1 workflow with 0 uploads");
}

#[test]
fn a_checkout_of_another_repository_is_said_in_one_line_and_is_no_finding() {
    let remote = |names: &[(&str, &str)]| {
        let section = |(name, repository): &(&str, &str)| {
            format!("[remote \"{name}\"]\n\turl = git@github.com:{repository}.git\n")
        };
        names.iter().map(section).collect::<String>()
    };
    let lines = |git: &str| {
        let root = project(&[(RELEASE, CLEAN), (".github/trustpub.yaml", DECLARED), (".git/config", git)]);
        let checked = trustpub(root.path(), &["check", "--format", "text", "-v"]);
        let explained = trustpub(root.path(), &["explain"]);
        assert_eq!((checked.status.code(), explained.status.code()), (Some(0), Some(0)));
        assert!(out(&checked).contains("nothing to report"), "{}", out(&checked));
        let quiet = out(&trustpub(root.path(), &["check", "--format", "text"]));
        assert_eq!(quiet.lines().count(), 1, "{quiet}");
        let all = out(&checked) + &err(&explained);
        all.lines().filter(|line| line.contains("no git remote")).map(str::to_owned).collect::<Vec<_>>()
    };
    let note = "the config names the repository `acme/demo`, but no git remote does (the first is `fork/demo`): it was renamed or \
                transferred, or this is a fork";
    assert_eq!(lines(&remote(&[("origin", "fork/demo")])), [format!("note: {note}"), format!("trustpub: {note}")]);
    assert!(lines(&remote(&[("origin", "fork/demo"), ("upstream", "Acme/Demo")])).is_empty());
    assert!(lines(&remote(&[])).is_empty());
}
