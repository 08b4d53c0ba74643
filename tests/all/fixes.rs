//! `--fix` and `--diff`: which files change, line ends and modes are kept, and no other file changes.

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
      id_token: write # for PyPI
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          skip-existing: true
";

fn read(root: &Path, path: &str) -> String {
    std::fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn safe_fixes_are_applied_and_the_rest_is_reported() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let output = trustpub(root.path(), &["check", "--fix", "--format", "oneline"]);
    assert_eq!(read(root.path(), RELEASE), WORKFLOW.replace("id_token", "id-token"));
    assert_eq!(err(&output), "trustpub: fixed 1 finding in 1 file; 1 more fixable with `--fix=unsafe`\n");
    assert_eq!(output.status.code(), Some(0), "only a note is left: {}", out(&output));
    assert!(out(&output).contains("[skip-existing]"), "{}", out(&output));
}

#[test]
fn unsafe_fixes_are_applied_on_request_one_after_another() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let output = trustpub(root.path(), &["check", "--fix=unsafe", "--fail-on", "note", "--format", "oneline"]);
    let wanted = WORKFLOW.replace("id_token", "id-token").replace("        with:\n          skip-existing: true\n", "");
    assert_eq!(read(root.path(), RELEASE), wanted);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    assert_eq!(err(&output), "trustpub: fixed 2 findings in 1 file\n");
}

#[test]
fn line_ends_byte_order_mark_and_a_missing_last_newline_are_kept() {
    let odd = format!("\u{feff}{}", WORKFLOW.trim_end().replace('\n', "\r\n"));
    let root = project(&[(RELEASE, &odd)]);
    trustpub(root.path(), &["check", "--fix=unsafe"]);
    let with = "\r\n        with:\r\n          skip-existing: true";
    assert_eq!(read(root.path(), RELEASE), odd.replace("id_token", "id-token").replace(with, ""));
}

#[test]
fn a_diff_can_be_applied_and_writes_no_file() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let output = trustpub(root.path(), &["check", "--diff", "--fix=unsafe"]);
    assert_eq!(read(root.path(), RELEASE), WORKFLOW);
    assert_eq!(output.status.code(), Some(1), "the error is still there");
    let diff = out(&output);
    assert!(
        diff.starts_with("--- a/.github/workflows/release.yml\n+++ b/.github/workflows/release.yml\n@@ "),
        "{diff}"
    );
    assert!(diff.contains("\n-      id_token: write # for PyPI\n+      id-token: write # for PyPI\n"), "{diff}");
    assert!(diff.ends_with("-        with:\n-          skip-existing: true\n"), "{diff}");
    assert!(
        !out(&trustpub(root.path(), &["check", "--diff"])).contains("skip-existing"),
        "without `--fix=unsafe` only safe fixes"
    );
}

#[test]
fn a_hidden_finding_is_not_fixed() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    trustpub(root.path(), &["check", "--fix=unsafe", "--ignore", "TP109"]);
    assert!(read(root.path(), RELEASE).contains("id_token"));
    let root = project(&[(RELEASE, WORKFLOW)]);
    std::fs::write(root.path().join("known.json"), trustpub(root.path(), &["baseline"]).stdout).unwrap();
    let output = trustpub(root.path(), &["check", "--fix=unsafe", "--baseline", "known.json"]);
    assert_eq!(read(root.path(), RELEASE), WORKFLOW, "{}", err(&output));
}

#[test]
fn only_the_file_on_the_command_line_changes() {
    let other = ".github/workflows/other.yml";
    let root = project(&[(RELEASE, WORKFLOW), (other, WORKFLOW)]);
    trustpub(root.path(), &["check", "--fix", other]);
    assert_eq!(read(root.path(), RELEASE), WORKFLOW);
    assert!(read(root.path(), other).contains("id-token"));
}

#[test]
fn fix_is_refused_for_stdin() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let refused = trustpub(root.path(), &["check", "--fix", "--stdin-filename", RELEASE, "-"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("`--fix` cannot write to stdin"), "{}", err(&refused));
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_and_a_link_out_of_the_project_is_left_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let outside = project(&[("release.yml", WORKFLOW)]);
    let root = project(&[(RELEASE, WORKFLOW)]);
    let file = root.path().join(RELEASE);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    // `--config` names a file in another folder.
    let config = outside.path().join("trustpub.yaml");
    let unused = "ignore:\n  - rule: TP101\n    reason: none\n";
    std::fs::write(&config, unused).unwrap();
    trustpub(root.path(), &["check", "--fix", "--config", config.to_str().unwrap()]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(read(root.path(), RELEASE).contains("id-token"));
    assert_eq!(std::fs::read_to_string(&config).unwrap(), unused);
    // A file that is also reached by a link inside the project is changed once.
    symlink("release.yml", root.path().join(".github/workflows/again.yml")).unwrap();
    std::fs::write(&file, WORKFLOW).unwrap();
    let output = trustpub(root.path(), &["check", "--fix"]);
    assert_eq!(err(&output), "trustpub: fixed 1 finding in 1 file; 3 more fixable with `--fix=unsafe`\n");
    assert_eq!(read(root.path(), RELEASE), WORKFLOW.replace("id_token", "id-token"));
    // A link out of the project is not read.
    std::fs::remove_file(&file).unwrap();
    symlink(outside.path().join("release.yml"), &file).unwrap();
    trustpub(root.path(), &["check", "--fix"]);
    assert_eq!(read(outside.path(), "release.yml"), WORKFLOW);
}

#[test]
fn text_and_sarif_contain_the_fix() {
    let root = project(&[(RELEASE, WORKFLOW)]);
    let text = out(&trustpub(root.path(), &["check", "--format", "text"]));
    assert!(text.contains("help: Write `id-token` (`--fix`)"), "{text}");
    assert!(text.contains("9 +       id-token: write # for PyPI"), "{text}");
    let log: serde_json::Value =
        serde_json::from_slice(&trustpub(root.path(), &["check", "--format", "sarif"]).stdout).unwrap();
    let fix = &log["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "Write `id-token`.");
    let change = &fix["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], RELEASE);
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "id-token");
    assert_eq!(change["replacements"][0]["deletedRegion"]["startLine"], 9);
    assert!(log["runs"][0]["results"].as_array().unwrap().iter().skip(1).all(|result| result["fixes"].is_null()));
}
