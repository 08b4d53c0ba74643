//! `trustpub diagnose` on downloaded logs and the repository of the failed release.

use std::io::Write as _;

use crate::support::program::{RELEASE, out, project, trustpub};

const WORKFLOW: &str = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
                        permissions: {id-token: write}\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n";
const CONFIG: &str = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    \
                      environment: pypi\n";
const LOG: &str = "publish\tUpload\t2026-11-29T15:31:00.1234567Z ##[group]Run pypa/gh-action-pypi-publish\n\
                   publish\tUpload\t2026-11-29T15:31:02.1234567Z \u{1b}[31mToken request failed: the server refused the request: invalid-publisher: \
                   valid token, but no corresponding publisher (Publisher with matching claims was not found)\u{1b}[0m\n\
                   publish\tUpload\t2026-11-29T15:31:02.1234567Z * `environment`: `release`\n";

fn diagnose(log: &[u8], arguments: &[&str]) -> (Option<i32>, String) {
    let project = project(&[(RELEASE, WORKFLOW), (".github/trustpub.yaml", CONFIG)]);
    std::fs::File::create(project.path().join("log.txt")).unwrap().write_all(log).unwrap();
    let output = trustpub(project.path(), &[&["diagnose", "log.txt"], arguments].concat());
    (output.status.code(), out(&output))
}

#[test]
fn a_mismatch_that_the_repository_confirms_is_certain_and_names_the_line() {
    let (status, text) = diagnose(LOG.as_bytes(), &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("(certain)"), "{text}");
    assert!(text.contains("job `publish`: environment is `release`, the publisher declares `pypi`"), "{text}");
    assert!(text.contains(".github/"), "{text}");
    assert!(text.contains("claim in the log: environment = release"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let (_, json) = diagnose(LOG.as_bytes(), &["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["errors"][0]["uploads"][0]["cause"], "environment");
}

#[test]
fn an_error_that_the_repository_does_not_confirm_is_likely() {
    let (status, text) = diagnose(b"This \"isn't allowed to upload to project 'demo'\".\n", &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("(likely)"), "{text}");
}

#[test]
fn another_failure_is_not_explained() {
    for log in [
        "error: test failed, to rerun pass `--lib`\n",
        "npm error code ETARGET\n",
        "docker: Error response from daemon: manifest unknown\n",
        "mkdir: cannot create directory dist: it already exists.\n",
        "",
        "Traceback (most recent call last):\n",
    ] {
        let (status, text) = diagnose(log.as_bytes(), &[]);
        assert_eq!(status, Some(1), "{log}: {text}");
        assert!(text.starts_with("not explained"), "{text}");
    }
}

#[test]
fn an_error_may_need_another_line_and_may_be_of_github() {
    let (status, text) = diagnose(
        b"Unable to find image 'ghcr.io/pypa/gh-action-pypi-publish:0123456' locally\ndocker: Error response from daemon: manifest unknown.\n\
          Branch \"main\" is not allowed to deploy to pypi due to environment protection rules.\n",
        &[],
    );
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("line 2: docker"), "{text}");
    assert!(text.contains("line 3: Branch") && text.contains("registry  GitHub"), "{text}");
}

#[test]
fn hostile_logs_are_searched_in_parts() {
    let mut log = vec![b'x'; 3 * 1024 * 1024];
    log.extend_from_slice(b" Publisher with matching claims was not found \x1b]0;title\x07\xff\xfe ::error::x");
    let (status, text) = diagnose(&log, &[]);
    assert_eq!(status, Some(0));
    assert!(text.len() < 4096, "{}", text.len());
    assert!(!text.lines().any(|line| line.starts_with("::")), "{text}");
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let project = project(&[(RELEASE, WORKFLOW)]);
    let output = trustpub(project.path(), &["diagnose", "missing.txt"]);
    assert_eq!(output.status.code(), Some(2));
}
