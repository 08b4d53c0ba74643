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
    let (status, text) = diagnose(b"Error: You are not allowed to push this gem.\n", &[]);
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

/// A limit on the address space below the size of the log: the log is never in memory as a whole.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_for_a_log_without_line_ends_is_bounded() {
    use std::io::{Seek, SeekFrom, Write};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.txt");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"\x1b[31m\x1b]0;title\x07\xff").unwrap();
    file.seek(SeekFrom::Start(192 * 1024 * 1024)).unwrap();
    file.write_all(b"\x1b[31mPublisher with matching claims was not found").unwrap();
    drop(file);
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", "ulimit -v 163840 && exec \"$0\" diagnose \"$1\"", env!("CARGO_BIN_EXE_trustpub")])
        .arg(&path)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Publisher with matching claims was not found"));
}

#[test]
fn a_log_that_cannot_be_read_is_an_error() {
    let project = project(&[(RELEASE, WORKFLOW)]);
    let output = trustpub(project.path(), &["diagnose", "missing.txt"]);
    assert_eq!(output.status.code(), Some(2));
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LogCase {
    name: String,
    log: String,
    /// A part of the cause; a log without it is not explained.
    cause: Option<String>,
    certain: Option<bool>,
    workflow: Option<String>,
    config: Option<String>,
    /// A part of the line that names what to change.
    change: Option<String>,
}

/// A log as it is downloaded in different ways.
fn downloaded(log: &str, way: usize) -> String {
    let line = |line: &str| match way % 3 {
        0 => line.to_owned(),
        1 => format!("2026-11-29T15:31:02.1234567Z {line}"),
        _ => format!("publish\tUpload the package\t2026-11-29T15:31:02.1234567Z \u{1b}[36;1m{line}\u{1b}[0m"),
    };
    log.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn logs_in_their_surroundings_have_their_cause_and_no_other_failure_is_explained() {
    let cases: Vec<LogCase> = serde_yaml::from_str(include_str!("../data/logs.yaml")).unwrap();
    let explained = cases.iter().filter(|case| case.cause.is_some()).count();
    assert!(explained >= 40 && cases.len() - explained >= 10, "{explained} of {}", cases.len());
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let log = downloaded(&case.log, index);
        let mut files = vec![("log.txt", log.as_str())];
        files.extend(case.workflow.as_deref().map(|text| (RELEASE, text)));
        files.extend(case.config.as_deref().map(|text| (".github/trustpub.yaml", text)));
        let project = project(&files);
        let output = trustpub(project.path(), &["diagnose", "log.txt"]);
        let text = out(&output);
        let causes: Vec<&str> = text.lines().filter(|line| line.starts_with("  cause ")).collect();
        let fits = match &case.cause {
            None => output.status.code() == Some(1) && causes.is_empty(),
            Some(cause) => {
                let certain = if case.certain == Some(true) { "(certain)" } else { "(likely)" };
                let named = |line: &&&str| line.contains(cause.as_str()) && line.ends_with(certain);
                output.status.code() == Some(0) && causes.iter().any(|line| named(&line))
            }
        };
        let changed = case
            .change
            .as_ref()
            .is_none_or(|change| text.lines().any(|line| line.contains(change.as_str()) && line.contains(".github/")));
        if !fits || !changed {
            wrong.push(format!("== {}: {:?}\n{text}", case.name, case.change));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_archive_of_a_run_is_searched_job_by_job() {
    use zip::write::SimpleFileOptions;
    let project = project(&[(RELEASE, WORKFLOW), (".github/trustpub.yaml", CONFIG)]);
    let mut archive = zip::ZipWriter::new(std::fs::File::create(project.path().join("logs.zip")).unwrap());
    for (name, text) in [("0_build.txt", "all good\n"), ("1_publish.txt", LOG), ("publish/3_Upload.txt", LOG)] {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let output = trustpub(project.path(), &["diagnose", "logs.zip"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("1_publish.txt line 2: "), "{text}");
    assert_eq!(text.matches("cause").count(), 1, "{text}");
    std::fs::write(project.path().join("broken.zip"), b"PK\x03\x04 no archive").unwrap();
    assert_eq!(trustpub(project.path(), &["diagnose", "broken.zip"]).status.code(), Some(2));
}

#[test]
fn every_rule_that_an_error_names_exists_and_every_client_too() {
    let rules = trustpub::lint::rules::set::RuleSet::builtin().unwrap();
    let data = &rules.data;
    let own =
        data.registries.iter().flat_map(|registry| registry.errors.iter().map(move |error| (Some(registry), error)));
    for (registry, error) in own.chain(data.github.errors.iter().map(|error| (None, error))) {
        for name in error.rules.iter().chain(error.parts.iter().flat_map(|part| &part.rules)) {
            assert!(rules.rules.iter().any(|rule| rule.name == *name), "{name}");
        }
        for name in error.parts.iter().filter_map(|part| part.older.as_ref()) {
            let client = registry.and_then(|registry| registry.clients.get(name));
            assert!(client.is_some_and(|client| !client.printed.is_empty()), "{name}");
        }
    }
}

#[test]
fn claims_of_a_hostile_log_are_bounded() {
    let log: String =
        (0..10_000).map(|number| format!("* `x{}`: `{}`\n", "a".repeat(number % 70), "v".repeat(1000))).collect();
    let (status, text) = diagnose((log + "npm error code ENEEDAUTH\n").as_bytes(), &[]);
    assert_eq!(status, Some(0));
    assert!(text.len() < 64 * 1024, "{}", text.len());
}

#[test]
fn an_error_that_nothing_decides_says_what_to_compare() {
    let (status, text) = diagnose(b"npm error code ENEEDAUTH\n", &[]);
    assert_eq!(status, Some(0));
    assert!(text.contains("  change    ") && text.contains("`trustpub registries npm`"), "{text}");
}
