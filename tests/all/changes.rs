//! A project without findings. Each single change to it gives exactly one finding above a note, on the expected line.

use std::path::Path;

use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;

const RELEASE: &str = ".github/workflows/release.yml";
const TRIAL: &str = ".github/workflows/publish.yml";
const CONFIG: &str = ".github/trustpub.yaml";

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/document");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// An edit of the project's files, by path.
type Change = Box<dyn FnOnce(&mut Vec<(String, String)>)>;

/// The findings of the project after `edit`, as `CODE path:line: text of the line`.
fn findings(edit: impl FnOnce(&mut Vec<(String, String)>), least: Level) -> Vec<String> {
    let mut texts: Vec<(String, String)> = [RELEASE, TRIAL, CONFIG].map(|path| (path.to_owned(), text(path))).into();
    edit(&mut texts);
    let mut files = MemoryFiles::default();
    for (path, text) in texts {
        files.insert(path, text);
    }
    let rules = RuleSet::builtin().unwrap();
    let project = rules.read(&files);
    let report = check(&project, &rules, None);
    assert_eq!(report.problems, [], "the config is valid");
    report
        .findings
        .iter()
        .filter(|finding| finding.level >= least)
        .map(|finding| {
            let source = project.source(finding.primary.place.file).unwrap();
            let line = source.line_at(finding.primary.place.span.start);
            format!("{} {}: {}", finding.code, source.file_name(), source.line_text(line).trim())
        })
        .collect()
}

/// Replaces one text in one file; the file must contain the text exactly once.
fn replace(file: &'static str, from: &'static str, to: &'static str) -> impl FnOnce(&mut Vec<(String, String)>) {
    move |texts| {
        let (_, text) = texts.iter_mut().find(|(path, _)| path == file).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from}");
        *text = text.replace(from, to);
    }
}

#[test]
fn the_healthy_project_has_no_findings() {
    assert_eq!(findings(|_| {}, Level::Note), [] as [&str; 0]);
}

#[test]
fn each_change_gives_exactly_one_finding() {
    const TOKEN: &str = "    permissions:\n      id-token: write\n      attestations: write\n";
    let cases: Vec<(&str, Change, &[&str])> = vec![
        (
            "dropped by the job's block",
            Box::new(replace(RELEASE, "      id-token: write\n", "")),
            &["TP101 release.yml: permissions:"],
        ),
        ("dropped everywhere", Box::new(replace(RELEASE, TOKEN, "")), &["TP101 release.yml: permissions:"]),
        (
            "misspelt",
            Box::new(replace(RELEASE, "id-token: write", "id_token: write")),
            &["TP109 release.yml: id_token: write"],
        ),
        (
            "another file name",
            Box::new(|texts| texts[0].0 = ".github/workflows/release.yaml".into()),
            &["TP201 release.yaml: uses: pypa/gh-action-pypi-publish@release/v1"],
        ),
        ("another case", Box::new(replace(RELEASE, "name: pypi", "name: PyPi")), &[]),
        (
            "another environment",
            Box::new(replace(RELEASE, "name: pypi", "name: prod")),
            &["TP202 release.yml: name: prod"],
        ),
        (
            "no environment",
            Box::new(replace(
                RELEASE,
                "    environment:\n      name: pypi\n      url: https://pypi.org/p/widget\n",
                "",
            )),
            &["TP202 release.yml: publish-pypi:"],
        ),
        (
            "another owner",
            Box::new(replace(
                CONFIG,
                "    package: widget\n    workflow: release.yml",
                "    package: widget\n    owner: umbrella\n    workflow: release.yml",
            )),
            &["TP203 trustpub.yaml: owner: umbrella"],
        ),
        (
            "a password",
            Box::new(replace(
                RELEASE,
                "          packages-dir: dist/\n",
                "          packages-dir: dist/\n          password: ${{ secrets.PYPI_TOKEN }}\n",
            )),
            &["TP402 release.yml: password: ${{ secrets.PYPI_TOKEN }}"],
        ),
        (
            "the other index",
            Box::new(replace(
                RELEASE,
                "          packages-dir: dist/\n",
                "          repository-url: https://test.pypi.org/legacy/\n",
            )),
            &["TP302 release.yml: repository-url: https://test.pypi.org/legacy/"],
        ),
        (
            "a refused event",
            Box::new(replace(RELEASE, "  push:\n    tags: [\"v*.*.*\"]\n", "  pull_request_target:\n")),
            &["TP501 release.yml: pull_request_target:"],
        ),
        (
            "Windows",
            Box::new(replace(
                RELEASE,
                "    needs: build\n    runs-on: ubuntu-latest",
                "    needs: build\n    runs-on: windows-latest",
            )),
            &["TP601 release.yml: runs-on: windows-latest"],
        ),
        (
            "a debugging step",
            Box::new(replace(
                RELEASE,
                "      - name: Upload\n",
                "      - name: Debug OIDC\n        run: |\n          echo \"OIDC token available: ${{ secrets.GITHUB_TOKEN != '' }}\"\n          echo \"Environment: ${{ github.environment }}\"\n          echo \"Repository: ${{ github.repository }}\"\n          echo \"Workflow: ${{ github.workflow }}\"\n      - name: Upload\n",
            )),
            &["TP901 release.yml: - name: Debug OIDC"],
        ),
        (
            "broken indentation",
            Box::new(replace(
                RELEASE,
                "    needs: build\n    runs-on: ubuntu-latest",
                "    needs: build\n     runs-on: ubuntu-latest",
            )),
            &["TP904 release.yml: runs-on: ubuntu-latest"],
        ),
    ];
    for (name, edit, expected) in cases {
        assert_eq!(findings(edit, Level::Warning), expected, "{name}");
    }
}

#[test]
fn hidden_duplicates_are_a_note() {
    let edit = replace(
        RELEASE,
        "          packages-dir: dist/\n",
        "          packages-dir: dist/\n          skip-existing: true\n",
    );
    assert_eq!(findings(edit, Level::Note), ["TP801 release.yml: skip-existing: true"]);
}
