//! A document that repeats two publishers: no finding while the values agree, and one finding with both places for each changed value.

use std::path::Path;

use trustpub::lint::check;
use trustpub::lint::findings::Report;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;
use trustpub::read::source::Place;

const GUIDE: &str = "docs/SETUP.md";
const CONFIG: &str = ".github/trustpub.yaml";

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/document");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Checks the project with its guide changed by `edit` and `named` as the config's `documents`.
fn judged(named: &str, edit: impl FnOnce(String) -> String) -> (Project, Report) {
    let mut files = MemoryFiles::default();
    for path in [".github/workflows/release.yml", ".github/workflows/publish.yml"] {
        files.insert(path, text(path));
    }
    files.insert(CONFIG, format!("{}documents: [{named}]\n", text(CONFIG)));
    files.insert(GUIDE, edit(text(GUIDE)));
    let rules = RuleSet::builtin().unwrap();
    let project = rules.read(&files);
    let report = check(&project, &rules, None);
    (project, report)
}

/// The line of a place, as `file: text`.
fn line(project: &Project, place: Place) -> String {
    let source = project.source(place.file).unwrap();
    format!("{}: {}", source.path(), source.line_text(source.line_at(place.span.start)).trim())
}

#[test]
fn an_unchanged_guide_has_no_findings() {
    let (_, report) = judged(GUIDE, |guide| guide);
    assert_eq!(report.problems, []);
    assert_eq!(report.findings, []);
}

#[test]
fn each_changed_value_is_reported_with_both_places() {
    let cases = [
        ("Repository owner: acme", "Repository owner: acme-labs", "repository: acme/widget"),
        ("Repository name: widget", "Repository name: widgets", "repository: acme/widget"),
        ("Workflow filename: release.yml", "Workflow filename: publish.yml", "workflow: release.yml"),
        ("Environment name: pypi", "Environment name: testpypi", "environment: pypi"),
        ("owner is `acme`", "owner is `umbrella`", "repository: acme/widget"),
        ("name is `widget`", "name is `gadget`", "repository: acme/widget"),
        ("filename is `release.yml`", "filename is `release.yaml`", "workflow: release.yml"),
        ("name is `pypi`", "name is `production`", "environment: pypi"),
        ("| `publish.yml` |", "| `trial.yml`   |", "workflow: publish.yml"),
        ("| `testpypi`    |", "| `pypi`        |", "environment: testpypi"),
    ];
    for (from, to, declared) in cases {
        let (project, report) = judged(GUIDE, |guide| {
            assert_eq!(guide.matches(from).count(), 1, "{from}");
            guide.replace(from, to)
        });
        let [finding] = report.findings.as_slice() else { panic!("{to}: {:?}", report.findings) };
        assert_eq!(finding.code, "TP211");
        let at = line(&project, finding.primary.place);
        assert!(at.starts_with(GUIDE) && at.contains(to), "{to}: {at}");
        let [label] = finding.labels.as_slice() else { panic!("{to}: {:?}", finding.labels) };
        assert_eq!(line(&project, label.place), format!("{CONFIG}: {declared}"));
    }
}

#[test]
fn a_missing_document_is_a_problem_of_the_config() {
    for (named, reason) in [("docs/OTHER.md", "there is no such file"), ("../SETUP.md", "outside the repository")] {
        let (project, report) = judged(named, |guide| guide);
        let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
        assert!(problem.message.contains(named) && problem.message.contains(reason), "{}", problem.message);
        assert_eq!(line(&project, problem.place), format!("{CONFIG}: documents: [{named}]"));
    }
}
