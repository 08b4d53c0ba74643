//! SARIF: the schema of the standard, GitHub's line hashes, and requirements that neither of them checks.

use std::path::{Path, PathBuf};

use serde_json::Value;
use trustpub::lint::check;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::DiskFiles;
use trustpub::report::ReportView;
use trustpub::report::format::ReportOptions;
use trustpub::report::sarif::line_hashes;

use crate::support;
use crate::support::program::{RELEASE, out, project, trustpub};

/// The schema of the standard, as OASIS publishes it.
const SCHEMA: &str = include_str!("../data/sarif-schema-2.1.0.json");
/// Texts with the hash that `src/fingerprints.ts` of codeql-action gives each of their lines.
const LINE_HASHES: &str = include_str!("../data/fingerprint-vectors.json");

fn projects() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn log(root: &Path) -> Value {
    let rules = RuleSet::builtin().unwrap();
    let project = rules.read(&DiskFiles::new(root).unwrap());
    let report = check(&project, &rules, None);
    let view = ReportView { files: &project.files, prefix: "", report: &report, rules: &rules.rules };
    let options = ReportOptions { suppressed: true, ..ReportOptions::default() };
    serde_json::from_str(&support::report("sarif", &view, &options, &[])).unwrap()
}

#[test]
fn every_log_matches_the_schema() {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    // The published schema lists the alternatives of a region among its properties by mistake.
    let region = &mut schema["definitions"]["region"];
    if let Some(alternatives) = region["properties"].as_object_mut().and_then(|properties| properties.remove("anyOf")) {
        region["anyOf"] = alternatives;
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut complaints = Vec::new();
    for root in projects() {
        let log = log(&root);
        complaints.extend(validator.iter_errors(&log).map(|error| format!("{}: {error}", root.display())));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let planted = serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": 1}]}]});
    assert!(!validator.is_valid(&planted), "the schema accepts an invalid log");
}

#[test]
fn line_hashes_equal_those_of_github() {
    let vectors: Value = serde_json::from_str(LINE_HASHES).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let mut compared = 0;
    for case in cases {
        // Invalid UTF-8 is hashed after lossy decoding, as when a file is read.
        let text = match (case["text"].as_str(), case["base64"].as_str()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(encoded)) => String::from_utf8_lossy(&decode(encoded)).into_owned(),
            _ => panic!("a case without text: {case}"),
        };
        let wanted: Vec<_> = case["hashes"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap()).collect();
        let hashes: Vec<String> = line_hashes(&text).iter().map(ToString::to_string).collect();
        assert_eq!(hashes, wanted, "{}", case["name"]);
        compared += 1;
    }
    assert!(compared > 20, "only {compared} vectors were compared");
}

/// Base64 without line breaks.
fn decode(encoded: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for letter in encoded.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap());
        }
    }
    bytes
}

/// What code scanning needs but the schema and Microsoft's validator do not check.
#[test]
fn every_log_has_what_code_scanning_needs() {
    let mut results = 0;
    for root in projects() {
        let log = log(&root);
        let run = &log["runs"][0];
        assert_eq!(log["runs"].as_array().unwrap().len(), 1, "always one run");
        assert_eq!(run["columnKind"], "utf16CodeUnits");
        assert!(run["originalUriBaseIds"]["%SRCROOT%"]["uri"].is_null(), "no path of this machine");
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            let properties = &rule["properties"];
            let severity = &properties["security-severity"];
            assert!(severity.is_null() || severity.is_string(), "{}: a severity is a text", rule["id"]);
            let security = properties["tags"].as_array().unwrap().iter().any(|tag| tag == "security");
            assert_eq!(security, severity.is_string(), "{}", rule["id"]);
            assert!(properties["precision"].is_string(), "{}", rule["id"]);
            assert!(rule["help"]["markdown"].as_str().unwrap().contains("What to do"), "{}", rule["id"]);
        }
        for result in run["results"].as_array().unwrap() {
            results += 1;
            let prints = &result["partialFingerprints"];
            assert!(prints["primaryLocationLineHash"].is_string() && prints["trustpubId/v1"].is_string(), "{result}");
            assert!(result["kind"].is_null() && result["rank"].is_null() && result["guid"].is_null());
            let message = result["message"]["text"].as_str().unwrap();
            assert!(message.ends_with('.'), "{message}");
            assert_eq!(result["locations"].as_array().unwrap().len(), 1);
            for related in result["relatedLocations"].as_array().into_iter().flatten() {
                let link = format!("]({})", related["id"]);
                assert!(message.contains(&link), "code scanning shows only places that are linked: {message}");
            }
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }
    assert!(results > 15, "the projects give only {results} results");
}

#[test]
fn findings_about_different_things_have_different_fingerprints() {
    for root in projects() {
        let log = log(&root);
        let prints: Vec<_> = log["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["partialFingerprints"]["trustpubId/v1"].clone())
            .collect();
        for (index, print) in prints.iter().enumerate() {
            assert!(!prints[..index].contains(print), "{}: duplicate fingerprint {print}", root.display());
        }
    }
}

/// A job that uploads to two registries, without `id-token: write`.
const TWO_REGISTRIES: &str = "\
on: { push: { tags: [\"v*\"] } }
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: release
    permissions: { contents: read }
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: { repository-url: \"https://test.pypi.org/legacy/\", attestations: false }
      - uses: pypa/gh-action-pypi-publish@release/v1
";

#[test]
fn two_registries_at_one_line_are_one_alert_that_names_both() {
    let root = project(&[(RELEASE, TWO_REGISTRIES)]);
    let log = log(root.path());
    let results = log["runs"][0]["results"].as_array().unwrap();
    let missing: Vec<&Value> = results.iter().filter(|result| result["ruleId"] == "TP101").collect();
    let [result] = missing.as_slice() else { panic!("{missing:#?}") };
    let message = result["message"]["text"].as_str().unwrap();
    assert_eq!(
        message,
        "Job `publish` publishes to TestPyPI without `id-token: write` (it has `none`) (also PyPI). [The upload to TestPyPI is here](1). \
         [The upload to PyPI is here](2)."
    );
    let explained = trustpub(root.path(), &["explain"]);
    assert_eq!(out(&explained).matches("refused: the job cannot request an OIDC token").count(), 2);
}

#[test]
fn the_help_of_a_rule_has_whole_paragraphs_and_two_examples() {
    let root = project(&[(RELEASE, TWO_REGISTRIES)]);
    let printed: Value = serde_json::from_str(&out(&trustpub(root.path(), &["check", "--format", "sarif"]))).unwrap();
    let rules = |log: &Value| log["runs"][0]["tool"]["driver"]["rules"].clone();
    let printed = rules(&printed);
    assert_eq!(printed, rules(&log(root.path())), "a check loads the rules without examples, the library with them");
    let mut faults = Vec::new();
    for rule in printed.as_array().unwrap() {
        let (text, markdown) = (rule["help"]["text"].as_str().unwrap(), rule["help"]["markdown"].as_str().unwrap());
        if !markdown.contains("\nReported: ") || !markdown.contains("\nNot reported: ") {
            faults.push(format!("{}: an example is missing", rule["id"]));
        }
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            if !pair[0].is_empty() && !pair[1].is_empty() && !pair[1].starts_with(['-', '|']) {
                faults.push(format!("{}: a line end inside of a paragraph before: {}", rule["id"], pair[1]));
            }
        }
        for paragraph in text.split("\n\n") {
            let word = paragraph.split([' ', '\n']).next().unwrap();
            let is_name = ["npm", "crates.io", "nuget.org", "pub.dev", "prefix.dev", "semantic-release", "trustpub"]
                .contains(&word);
            if word.starts_with(char::is_lowercase) && !is_name {
                faults.push(format!("{}: starts with a small letter: {paragraph}", rule["id"]));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn messages_and_notifications_are_sentences() {
    let mut count = 0;
    for root in projects() {
        let log = log(&root);
        let run = &log["runs"][0];
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|it| it["message"]["text"].as_str().unwrap().to_owned()).collect()
        };
        let notifications = texts(&run["invocations"][0]["toolExecutionNotifications"]);
        for text in &notifications {
            let actions = ["Run `trustpub explain`", "Correct ", "Remove the cause"];
            assert!(actions.iter().any(|action| text.contains(action)), "it does not say what to do: {text}");
        }
        let related = run["results"].as_array().unwrap().iter().flat_map(|result| texts(&result["relatedLocations"]));
        for text in texts(&run["results"]).into_iter().chain(notifications).chain(related) {
            count += 1;
            let name = ["npm ", "crates.io "].iter().any(|name| text.starts_with(name));
            assert!(name || !text.starts_with(char::is_lowercase), "{text}");
        }
    }
    assert!(count > 30, "only {count} texts");
}
