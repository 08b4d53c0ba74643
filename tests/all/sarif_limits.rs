//! Limits of SARIF consumers: larger logs are cut and say so. The same input gives the same bytes in any folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use trustpub::lint::check;
use trustpub::lint::findings::{Level, Report};
use trustpub::lint::rules::Rule;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::DiskFiles;
use trustpub::read::project::Project;
use trustpub::report::ReportView;
use trustpub::report::format::ReportOptions;

use crate::support;

fn faults() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/faults")
}

fn log(files: &Project, report: &Report, rules: &[Rule]) -> Value {
    let view = ReportView { files: &files.files, prefix: "", report, rules };
    serde_json::from_str(&support::report("sarif", &view, &ReportOptions::default(), &[])).unwrap()
}

/// The program without the CI variables of the environment.
fn trustpub() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustpub"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY").env("SOURCE_DATE_EPOCH", "1790000000");
    command
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn too_many_results_are_cut_to_the_worst_and_the_log_says_so() {
    let rules = RuleSet::builtin().unwrap();
    let project = Project::load(&DiskFiles::new(&faults()).unwrap(), None);
    let mut report = check(&project, &rules, None);
    let one = report.findings.first().unwrap().clone();
    // The errors are last, so cutting the end of the list would lose them.
    report.findings = vec![one; 25_010];
    for (index, finding) in report.findings.iter_mut().enumerate() {
        finding.level = if index < 25_000 { Level::Note } else { Level::Error };
        finding.subject = format!("job-{index}");
    }
    let log = log(&project, &report, &rules.rules);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), 10);
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let told = told.iter().find(|it| it["descriptor"]["id"] == "TP0003").unwrap();
    assert_eq!(
        told["message"]["text"],
        "10 findings are left out: this log is limited to 25000 findings. Correct the findings that are kept, or check fewer repositories per log."
    );
}

/// Random letters, which do not compress.
fn noise(length: usize, seed: &mut u64) -> String {
    let mut text = String::new();
    while text.len() < length {
        // Knuth's linear congruential generator; only its high bits are random enough.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b' ' + u8::try_from((*seed >> 33) % 94).unwrap()));
    }
    text
}

#[test]
fn a_log_that_is_too_large_after_gzip_keeps_its_worst_results() {
    let rules = RuleSet::builtin().unwrap();
    let project = Project::load(&DiskFiles::new(&faults()).unwrap(), None);
    let mut report = check(&project, &rules, None);
    let one = report.findings.first().unwrap().clone();
    // 1,000 random letters compress to about 800 bytes, so 18,000 such messages exceed the limit.
    report.findings = vec![one; 18_000];
    let mut seed = 1;
    for (index, finding) in report.findings.iter_mut().enumerate() {
        finding.level = if index < 17_000 { Level::Note } else { Level::Error };
        finding.subject = format!("job-{index}");
        finding.message = noise(1_000, &mut seed);
    }
    let view = ReportView { files: &project.files, prefix: "", report: &report, rules: &rules.rules };
    let out = support::report("sarif", &view, &ReportOptions::default(), &[]);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packer, out.as_bytes()).unwrap();
    let size = packer.finish().unwrap().len();
    assert!((6_000_000..10_000_000).contains(&size), "{size}");
    let log: Value = serde_json::from_str(&out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!((6_000..18_000).contains(&results.len()), "{}", results.len());
    assert_eq!(results.iter().filter(|result| result["level"] == "error").count(), 1_000);
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let told = told.iter().find(|it| it["descriptor"]["id"] == "TP0003").unwrap();
    let left = 18_000 - results.len();
    assert_eq!(
        told["message"]["text"],
        format!(
            "{left} findings are left out: this log is limited to {} findings, to stay below 10 MB when compressed. \
             Correct the findings that are kept, or check fewer repositories per log.",
            results.len()
        ),
    );
}

#[test]
fn rule_texts_and_tags_stay_within_the_limits() {
    let mut rules = RuleSet::builtin().unwrap().rules;
    let rule = rules.first_mut().unwrap();
    rule.name = "long-".repeat(100);
    rule.summary = "é".repeat(3_000);
    rule.help = format!("{}\n\n**What to do:** less.", "ü".repeat(3_000)).into();
    rule.security_severity = Some("5.0".to_owned());
    rule.tags = (0..30).map(|index| format!("a{index:02}")).collect();
    rule.tags.push("external/cwe/cwe-250".to_owned());
    let log = log(&Project::default(), &Report::default(), &rules);
    let all = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(all.len(), rules.len(), "all rules are listed, also without findings");
    for rule in all {
        let length = |text: &Value| text.as_str().unwrap().chars().count();
        assert!(length(&rule["name"]) <= 255, "{}", rule["id"]);
        assert!(length(&rule["shortDescription"]["text"]) <= 1_024, "{}", rule["id"]);
        assert!(length(&rule["fullDescription"]["text"]) <= 1_024, "{}", rule["id"]);
        let tags: Vec<&str> = rule["properties"]["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(tags.len() <= 10 && tags.is_sorted(), "{}: {tags:?}", rule["id"]);
    }
    let tags = all[0]["properties"]["tags"].as_array().unwrap();
    assert!(tags.contains(&"security".into()) && tags.contains(&"external/cwe/cwe-250".into()), "{tags:?}");
}

#[test]
fn a_security_severity_is_a_number_from_0_to_10() {
    for rule in RuleSet::builtin().unwrap().rules {
        let Some(severity) = &rule.security_severity else { continue };
        let number: f64 = severity.parse().unwrap();
        assert!(number > 0.0 && number <= 10.0, "{}: {severity}", rule.name);
        assert!(["very-high", "high", "medium", "low"].contains(&rule.precision.word()), "{}", rule.name);
    }
}

#[test]
fn messages_and_snippets_are_cut() {
    let rules = RuleSet::builtin().unwrap();
    let project = Project::load(&DiskFiles::new(&faults()).unwrap(), None);
    let mut report = check(&project, &rules, None);
    let finding = report.findings.iter_mut().find(|finding| !finding.labels.is_empty()).unwrap();
    finding.message = "m".repeat(9_000);
    finding.labels[0].text = "l".repeat(9_000);
    let whole = project.files[finding.primary.place.file.0 as usize].text().len();
    finding.primary.place.span.start = 0;
    finding.primary.place.span.end = u32::try_from(whole).unwrap();
    let log = log(&project, &report, &rules.rules);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let long = results.iter().find(|it| it["message"]["text"].as_str().unwrap().starts_with("mmm")).unwrap();
    let text = long["message"]["text"].as_str().unwrap();
    assert!(text.chars().count() < 3_000 && text.contains("…. [lll") && text.ends_with("."), "{}", text.len());
    let region = &long["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["endLine"]),
        (&1.into(), &1.into()),
        "its first line stands for a wide place"
    );
}

#[test]
fn a_log_has_the_same_bytes_in_any_folder_and_checkout() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    for name in ["a/repo", "b/other-name"] {
        copy(&faults(), &folder.path().join(name));
    }
    let first = folder.path().join("a/repo");
    let absolute = first.to_str().unwrap().to_owned();
    let ways: [(&str, &str); 7] = [
        ("a/repo", "."),
        ("a", "repo"),
        ("", absolute.as_str()),
        ("a/repo/.github/workflows", "../.."),
        ("a/repo", ".github"),
        ("a/repo/.github", "workflows"),
        ("b/other-name", "."),
    ];
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for (index, (here, path)) in ways.iter().enumerate() {
        let file = logs.join(format!("{index}.sarif"));
        let format = format!("sarif={}", file.display());
        let here = folder.path().join(here);
        let output = trustpub().current_dir(&here).args(["check", "--format", &format, path]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{path} from {}: {output:?}", here.display());
        texts.push((format!("{path} from {}", here.display()), std::fs::read(file).unwrap()));
    }
    let (_, wanted) = texts.first().unwrap();
    assert!(wanted.len() > 10_000);
    for (way, text) in &texts {
        assert!(text == wanted, "{way}: other bytes");
    }
    let text = String::from_utf8(wanted.clone()).unwrap();
    assert!(!text.contains(folder.path().to_str().unwrap()), "no path of this machine");
}

#[test]
fn paths_of_several_repositories_are_relative_to_their_common_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "deep/two"] {
        copy(&faults(), &folder.path().join(name));
    }
    let uris = |here: &str, paths: &[&str]| -> Vec<String> {
        let output = trustpub()
            .current_dir(folder.path().join(here))
            .args(["check", "--format", "sarif"])
            .args(paths)
            .output()
            .unwrap();
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let uri = |result: &Value| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().map(str::to_owned)
        };
        results.iter().map(|result| uri(result).unwrap()).collect()
    };
    let wanted = uris("", &["."]);
    assert!(
        wanted.iter().any(|uri| uri.starts_with("one/.github/"))
            && wanted.iter().any(|uri| uri.starts_with("deep/two/.github/"))
    );
    assert_eq!(uris("", &["one", "deep/two"]), wanted);
    assert_eq!(uris("one", &[".", "../deep/two"]), wanted, "no URI contains `..`");
}

#[test]
fn fingerprints_stay_when_twenty_lines_are_inserted() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    copy(&faults(), &before);
    copy(&faults(), &after);
    let workflow = after.join(".github/workflows/publish.yml");
    let text = std::fs::read_to_string(&workflow).unwrap();
    std::fs::write(&workflow, "# further up\n".repeat(20) + &text).unwrap();
    let prints = |root: &Path| -> Vec<(Value, Value)> {
        let output = trustpub().args(["check", "--format", "sarif"]).arg(root).output().unwrap();
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| {
                let prints = &result["partialFingerprints"];
                (prints["trustpubId/v1"].clone(), prints["primaryLocationLineHash"].clone())
            })
            .collect()
    };
    let wanted = prints(&before);
    assert!(wanted.len() > 5);
    assert_eq!(prints(&after), wanted);
}

#[cfg(unix)]
#[test]
fn special_characters_in_a_path_are_percent_encoded() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    std::fs::create_dir_all(&workflows).unwrap();
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: { id_token: write }\n    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1 }]\n";
    let name = "a b%#?[1]{é}|\\:x.yml";
    std::fs::write(workflows.join(name), text).unwrap();
    let output = trustpub().args(["check", "--format", "sarif"]).arg(folder.path()).output().unwrap();
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%:".contains(&byte)), "{uri}");
        assert_eq!(decoded(uri), format!(".github/workflows/{name}"));
    }
}

fn decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The output of a command and the log that it writes.
fn left(arguments: &[&str], here: &Path) -> (Output, Value) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.sarif");
    let format = format!("sarif={}", file.display());
    let output = trustpub().current_dir(here).args(["check", "--format", &format]).args(arguments).output().unwrap();
    let text = std::fs::read(&file).unwrap_or_else(|_| panic!("{arguments:?} writes no log: {output:?}"));
    (output, serde_json::from_slice(&text).unwrap())
}

#[test]
fn a_log_is_always_written_and_says_whether_the_check_ran() {
    let projects = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let cases: [(&[&str], i32, bool, &str); 6] = [
        (&["document"], 0, true, ""),
        (&["bare"], 0, true, ""),
        (&["nowhere"], 2, false, "TP0005"),
        (&["document", "--rules", "nowhere"], 2, false, "TP0005"),
        (&["document", "--config", "nowhere.yaml"], 2, false, "TP0005"),
        (&["document", "--select", "nothing"], 2, false, "TP0005"),
    ];
    for (arguments, status, successful, notification) in cases {
        let (output, log) = left(arguments, &projects);
        let run = &log["runs"][0];
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
        assert_eq!(run["results"].as_array().map(Vec::len), Some(0), "{arguments:?}");
        assert!(run["tool"]["driver"]["rules"].as_array().unwrap().len() > 20, "{arguments:?}");
        assert_eq!(run["invocations"][0]["executionSuccessful"], successful, "{arguments:?}");
        let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
        let ids: Vec<_> = told.iter().filter_map(|it| it["descriptor"]["id"].as_str()).collect();
        assert_eq!(ids.join(" "), notification, "{arguments:?}");
    }
}

#[test]
fn unreadable_files_and_undecided_uploads_are_notifications() {
    let folder = tempfile::tempdir().unwrap();
    let github = folder.path().join(".github");
    std::fs::create_dir_all(github.join("workflows")).unwrap();
    let open = "on: { workflow_dispatch: { inputs: { index: { type: string } } } }\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: { id-token: write }\n    environment: x\n    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1, with: { repository-url: \"${{ inputs.index }}\" } }]\n";
    std::fs::write(github.join("workflows/open.yml"), open).unwrap();
    std::fs::write(github.join("workflows/large.yml"), vec![b' '; 17 * 1024 * 1024]).unwrap();
    std::fs::write(github.join("trustpub.yaml"), "repositry: acme/demo\n").unwrap();
    let (output, log) = left(&["."], folder.path());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], true, "one file does not fail the check of the others");
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let kinds = run["tool"]["driver"]["notifications"].as_array().unwrap();
    let mut ids = Vec::new();
    for notification in told {
        let descriptor = &notification["descriptor"];
        let index = usize::try_from(descriptor["index"].as_u64().unwrap()).unwrap();
        assert_eq!(kinds[index]["id"], descriptor["id"]);
        assert!(notification["message"]["text"].as_str().unwrap().ends_with(['.', '?']));
        ids.push(descriptor["id"].as_str().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, ["TP0001", "TP0002", "TP0004"], "{told:?}");
}

#[test]
fn category_and_ignored_findings_are_optional() {
    let root = faults();
    let log = |arguments: &[&str]| left(arguments, &root).1["runs"][0].clone();
    let plain = log(&[]);
    assert!(plain["automationDetails"].is_null(), "no category without the option");
    let suppressed = |run: &Value| {
        let results = run["results"].as_array().unwrap();
        results.iter().filter(|result| !result["suppressions"].is_null()).count()
    };
    assert_eq!(suppressed(&plain), 0, "code scanning would open them");
    for (given, wanted) in [("nightly", "nightly/"), ("a/b/", "a/b/")] {
        assert_eq!(log(&["--sarif-category", given])["automationDetails"]["id"], wanted);
    }
    assert!(log(&["--sarif-category", "/"])["automationDetails"].is_null());
    let all = log(&["--show-suppressed"]);
    assert_eq!(suppressed(&all), 1);
    let results = all["results"].as_array().unwrap();
    assert_eq!(results.len(), plain["results"].as_array().unwrap().len() + 1);
    let hidden = results.iter().find(|result| !result["suppressions"].is_null()).unwrap();
    assert!(!hidden["suppressions"][0]["justification"].as_str().unwrap().is_empty());
    let key = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        (place["artifactLocation"]["uri"].to_string(), place["region"]["startLine"].as_u64())
    };
    assert!(results.is_sorted_by_key(key), "ignored findings are sorted with the others");
}

#[test]
fn a_job_summary_is_appended_to_and_other_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (summary, other) = (folder.path().join("summary.md"), folder.path().join("other.md"));
    for file in [&summary, &other] {
        std::fs::write(file, "earlier text\n").unwrap();
    }
    let status = trustpub()
        .env("GITHUB_STEP_SUMMARY", &summary)
        .current_dir(faults())
        .args(["check", "--format", "oneline", "--format", "json=/dev/null"])
        .arg("--format")
        .arg(format!("markdown={}", summary.display()))
        .arg("--format")
        .arg(format!("markdown={}", other.display()))
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(1));
    let (grown, replaced) = (std::fs::read_to_string(&summary).unwrap(), std::fs::read_to_string(&other).unwrap());
    assert_eq!(grown, format!("earlier text\n{replaced}"));
    assert!(replaced.starts_with("## trustpub\n") && replaced.contains("```mermaid\nflowchart LR\n"), "{replaced}");
    assert!(!status.stdout.is_empty(), "the report on stdout is written as well");
}
