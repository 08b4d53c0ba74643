//! Every report format on every test project. The two formats without an official schema are compared with their documentation.

use std::path::Path;

use serde_json::{Value, json};
use trustpub::lint::fix::OfferedFixes;
use trustpub::lint::fix::verify::check_with_fixes;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::DiskFiles;
use trustpub::report::ReportView;
use trustpub::report::format::{FORMATS, ReportOptions, find};

use crate::support::report;

/// The report of each test project.
fn reports(format: &str) -> Vec<(String, usize, String)> {
    let rules = RuleSet::builtin().unwrap();
    let projects = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut found = Vec::new();
    for name in ["faults", "odd", "healthy-build", "first-release"] {
        let project = rules.read(&DiskFiles::new(&projects.join(name)).unwrap());
        let checked = check_with_fixes(&project, &rules, None, OfferedFixes::All);
        let view = ReportView { files: &project.files, prefix: "", report: &checked, rules: &rules.rules };
        let text = report(format, &view, &ReportOptions::default(), &[]);
        found.push((name.to_owned(), checked.findings.len(), text));
    }
    assert!(found.iter().any(|(_, count, _)| *count > 1));
    found
}

#[test]
fn safe_fixes_are_the_same_when_only_they_are_offered() {
    let rules = RuleSet::builtin().unwrap();
    let projects = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let (mut safe, mut others) = (0, 0);
    for name in ["faults", "odd", "first-release"] {
        let project = rules.read(&DiskFiles::new(&projects.join(name)).unwrap());
        let fixes = |offered| {
            let report = check_with_fixes(&project, &rules, None, offered);
            let fixes = report.findings.into_iter().flat_map(|finding| finding.fixes);
            fixes.partition::<Vec<_>, _>(|fix| fix.safe)
        };
        let (all, few) = (fixes(OfferedFixes::All), fixes(OfferedFixes::Safe));
        assert_eq!(all.0, few.0, "{name}");
        safe += few.0.len();
        others += all.1.len() - few.1.len();
    }
    assert!(safe > 0 && others > 0, "{safe} safe fixes, {others} others that were not tested");
}

#[test]
fn every_format_gets_all_fixes_that_it_shows() {
    let rules = RuleSet::builtin().unwrap();
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/faults");
    let project = rules.read(&DiskFiles::new(&faults).unwrap());
    for format in FORMATS {
        let text = |offered| {
            let checked = check_with_fixes(&project, &rules, None, offered);
            let view = ReportView { files: &project.files, prefix: "", report: &checked, rules: &rules.rules };
            report(format.name, &view, &ReportOptions::default(), &[])
        };
        assert_eq!(text(format.fixes), text(OfferedFixes::All), "{}", format.name);
    }
}

#[test]
fn every_format_names_each_rule_that_was_violated() {
    let rules = RuleSet::builtin().unwrap();
    let project =
        rules.read(&DiskFiles::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/faults")).unwrap());
    let checked = check_with_fixes(&project, &rules, None, OfferedFixes::All);
    let view = ReportView { files: &project.files, prefix: "", report: &checked, rules: &rules.rules };
    for format in FORMATS {
        let text = report(format.name, &view, &ReportOptions::default(), &[]);
        for finding in &checked.findings {
            let named = text.contains(&finding.name) || text.contains(&finding.code);
            assert!(named, "{}: {} is missing", format.name, finding.name);
        }
        assert!(find(format.name).is_some_and(|found| found.name == format.name));
        assert!(!format.summary.is_empty() && !format.summary.ends_with('.'), "{}", format.name);
    }
}

#[test]
fn every_format_is_complete_without_a_project() {
    for format in FORMATS {
        let mut out = Vec::new();
        format.write(&mut out, &[], &ReportOptions::default(), &[]).unwrap();
        if !format.is_log && format.name != "markdown" {
            let value: Value = serde_json::from_slice(&out).unwrap();
            assert!(value.is_object() || value.is_array(), "{}", format.name);
        }
    }
}

fn assert_valid(format: &str, schema: &Value, items: impl Fn(&Value) -> usize) {
    let validator = jsonschema::validator_for(schema).unwrap();
    for (project, findings, text) in reports(format) {
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{format} of {project}: {errors:#?}");
        assert_eq!(items(&value), findings, "{format} of {project}");
    }
}

/// <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>: `DiagnosticResult`, as far as it is used.
#[test]
fn rdjson_matches_the_documentation_of_reviewdog() {
    let position = json!({"type": "object", "additionalProperties": false, "required": ["line", "column"],
        "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}}});
    let range = json!({"type": "object", "additionalProperties": false, "required": ["start", "end"],
        "properties": {"start": position, "end": position}});
    let schema = json!({"type": "object", "additionalProperties": false, "required": ["source", "diagnostics"], "properties": {
        "source": {"type": "object", "additionalProperties": false, "required": ["name"],
            "properties": {"name": {"const": "trustpub"}, "url": {"type": "string", "pattern": "^https://"}}},
        "diagnostics": {"type": "array", "items": {"type": "object", "additionalProperties": false,
            "required": ["message", "location", "severity"], "properties": {
                "message": {"type": "string", "minLength": 1},
                "location": {"type": "object", "additionalProperties": false, "required": ["path", "range"],
                    "properties": {"path": {"type": "string", "minLength": 1}, "range": range}},
                "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                "code": {"type": "object", "additionalProperties": false, "required": ["value"],
                    "properties": {"value": {"type": "string"}, "url": {"type": "string", "pattern": "^https://"}}},
                "suggestions": {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": false,
                    "required": ["range", "text"], "properties": {"range": range, "text": {"type": "string"}}}},
            }}},
    }});
    assert_valid("rdjson", &schema, |value| value["diagnostics"].as_array().unwrap().len());
    let suggested = |(_, _, text): &(String, usize, String)| text.contains("\"suggestions\"");
    assert!(reports("rdjson").iter().any(suggested), "no fix is suggested");
}

/// <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>
#[test]
fn gitlab_matches_the_documentation_of_gitlab() {
    let schema = json!({"type": "array", "items": {"type": "object", "additionalProperties": false,
    "required": ["description", "check_name", "fingerprint", "severity", "location"], "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {"type": "object", "additionalProperties": false, "required": ["path", "lines"], "properties": {
            // Relative to the repository; GitLab does not accept a leading `./`.
            "path": {"type": "string", "pattern": "^[^/]", "not": {"pattern": "^\\./"}},
            "lines": {"type": "object", "additionalProperties": false, "required": ["begin"],
                "properties": {"begin": {"type": "integer", "minimum": 1}, "end": {"type": "integer", "minimum": 1}}},
        }},
    }}});
    assert_valid("gitlab", &schema, |value| value.as_array().unwrap().len());
    for (project, _, text) in reports("gitlab") {
        let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
        let mut seen = std::collections::HashSet::new();
        // GitLab shows only one of several issues with the same fingerprint.
        assert!(issues.iter().all(|issue| seen.insert(issue["fingerprint"].to_string())), "{project}");
    }
}
