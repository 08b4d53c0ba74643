//! A baseline hides the recorded findings, shows new ones, and still matches when lines move.

use std::path::Path;

use crate::support::program::{RELEASE, err, out, project, trustpub};

const WORKFLOW: &str = "on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      contents: read
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
";

/// A second upload in the same job.
const TWICE: &str = "      - uses: pypa/gh-action-pypi-publish@release/v1\n";

fn rewrite(root: &Path, workflow: &str) {
    std::fs::write(root.join(RELEASE), workflow).unwrap();
}

/// The workflow below twenty lines of comments.
fn moved(workflow: &str) -> String {
    format!("{}{workflow}", "# A comment.\n".repeat(20))
}

#[test]
fn findings_in_the_baseline_are_not_reported() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let root = root.path();
    assert_eq!(trustpub(root, &["check"]).status.code(), Some(1));
    let written = trustpub(root, &["baseline", "-o", "baseline.json"]);
    assert_eq!((written.status.code(), err(&written).as_str()), (Some(0), "trustpub: baseline.json has 1 finding\n"));
    rewrite(root, &moved(WORKFLOW));
    let again = trustpub(root, &["check", "--baseline", "baseline.json", "--format", "text"]);
    assert_eq!(again.status.code(), Some(0), "{}", out(&again));
    assert!(out(&again).contains("1 finding in the baseline"), "{}", out(&again));
}

#[test]
fn a_second_finding_about_the_same_thing_is_new() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let root = root.path();
    std::fs::write(root.join("baseline.json"), trustpub(root, &["baseline"]).stdout).unwrap();
    // A second upload in another job, and a second one in the same job.
    let other = WORKFLOW.split_once("  publish:").unwrap().1;
    rewrite(root, &format!("{WORKFLOW}  again:{other}"));
    let output = trustpub(root, &["check", "--baseline", "baseline.json", "--format", "oneline", "--select", "TP101"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).lines().count(), 1);
    assert!(out(&output).contains("job `again`"), "{}", out(&output));
    rewrite(root, &format!("{WORKFLOW}{TWICE}"));
    let merged = trustpub(root, &["check", "--baseline", "baseline.json", "--select", "TP101"]);
    assert_eq!(merged.status.code(), Some(0), "one cause is one finding: {}", out(&merged));
}

#[test]
fn a_missing_or_invalid_baseline_is_an_error() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let root = root.path();
    let missing = trustpub(root, &["check", "--baseline", "nowhere.json"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("the baseline nowhere.json cannot be read"), "{}", err(&missing));
    std::fs::write(root.join("broken.json"), "{\"version\": 1, \"findings\": [").unwrap();
    let broken = trustpub(root, &["check", "--baseline", "broken.json"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(err(&broken).contains("broken.json is no baseline"), "{}", err(&broken));
    assert!(err(&broken).contains("`trustpub baseline` writes one"), "{}", err(&broken));
}

#[test]
fn no_baseline_is_written_if_a_file_cannot_be_read() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let root = root.path();
    std::fs::write(root.join(".github/trustpub.yaml"), "publisher: []\n").unwrap();
    let output = trustpub(root, &["baseline", "-o", "baseline.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!root.join("baseline.json").exists());
}

#[test]
fn fingerprints_stay_when_lines_move() {
    let ids = |root: &Path| -> Vec<String> {
        let output = trustpub(root, &["check", "--format", "sarif"]);
        let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        results
            .iter()
            .map(|result| result["partialFingerprints"]["trustpubId/v1"].as_str().unwrap().to_owned())
            .collect()
    };
    let root = project(&[(RELEASE, WORKFLOW)]);
    let before = ids(root.path());
    rewrite(root.path(), &moved(WORKFLOW));
    assert!(!before.is_empty());
    assert_eq!(before, ids(root.path()));
}

#[test]
fn findings_of_the_baseline_that_no_longer_occur_are_counted() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let root = root.path();
    trustpub(root, &["baseline", "-o", "baseline.json"]);
    let said =
        |arguments: &[&str]| err(&trustpub(root, &[&["check", "--baseline", "baseline.json"], arguments].concat()));
    assert!(!said(&[]).contains("no longer"), "{}", said(&[]));
    rewrite(root, &WORKFLOW.replace("contents: read", "id-token: write"));
    assert!(said(&[]).contains("1 finding of the baseline no longer occurs"), "{}", said(&[]));
    // A part of the findings says nothing about the others.
    assert_eq!([said(&["--select", "TP3"]), said(&["--quiet"])], ["", ""]);
}
