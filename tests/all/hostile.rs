//! Malicious input: each ends with a finding or an error, never with a panic.

use crate::support::judged::{assert_places_lie_in_their_files, project, rules};
use trustpub::lint::check;
use trustpub::lint::findings::Report;

const RELEASE: &str = include_str!("../projects/document/.github/workflows/release.yml");

/// Checks a project and asserts that all places of its report are inside their files.
fn judge(files: &[(&str, &[u8])]) -> Report {
    let project = project(files);
    let report = check(&project, rules(), None);
    assert_places_lie_in_their_files(&project, &report);
    report
}

fn workflow(bytes: &[u8]) -> Report {
    judge(&[(".github/workflows/release.yml", bytes)])
}

fn names(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.name.as_str()).collect()
}

#[test]
fn invalid_utf8_is_a_finding() {
    for bytes in [
        &b""[..],
        b"\xEF\xBB\xBF",
        b"# nothing\n",
        b"\0\0\0\0",
        b"on: push\n\0jobs:\n",
        b"\xFF\xFE\0o\0n",
        b"\x80\x81\xFE",
    ] {
        assert_eq!(names(&workflow(bytes)), ["invalid-yaml"], "{bytes:?}");
    }
}

/// Texts with deep nesting: none is a workflow.
fn nested() -> Vec<String> {
    let deep = |open: &str, close: &str, levels: usize| {
        format!("on: push\njobs: {}{}\n", open.repeat(levels), close.repeat(levels))
    };
    let blocks: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    vec![
        deep("[", "]", 100_000),
        deep("{a: ", "}", 100_000),
        deep("- ", "", 10_000),
        format!("on: push\n{}", "? ".repeat(20_000)),
        blocks,
    ]
}

#[test]
fn nesting_is_limited() {
    for text in nested() {
        let report = workflow(text.as_bytes());
        assert!(names(&report).contains(&"invalid-yaml"), "{}", names(&report).len());
    }
}

/// A workflow whose aliases stand for billions of values.
fn bomb() -> String {
    let mut bomb = "on: push\na: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in "abcdefghijklmnopqrstuvwxy".chars().zip("bcdefghijklmnopqrstuvwxyz".chars()) {
        bomb.push_str(&format!("{to}: &{to} [*{from}, *{from}, *{from}, *{from}, *{from}, *{from}, *{from}]\n"));
    }
    bomb + "jobs:\n  a:\n    runs-on: *z\n    env: *y\n    steps:\n      - run: uv publish\n        with: *z\n"
}

#[test]
fn aliases_are_not_expanded() {
    workflow(bomb().as_bytes());
    let circle = "on: push\njobs: &a\n  b: *a\n";
    assert_eq!(names(&workflow(circle.as_bytes())), ["invalid-yaml"]);
    let nothing = "on: push\njobs:\n  a: *missing\n";
    assert_eq!(names(&workflow(nothing.as_bytes())), ["invalid-yaml"]);
}

#[test]
fn file_size_is_limited() {
    let mut large = b"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ".to_vec();
    large.extend(std::iter::repeat_n(b'x', 100 * 1024 * 1024));
    let report = workflow(&large);
    assert_eq!(names(&report), ["invalid-yaml"]);
    assert!(report.findings[0].message.contains("1 MiB"));
}

/// Workflows with an upload and a script that is hard to parse.
fn scripts() -> Vec<String> {
    let step = |script: String| {
        let json = serde_json::to_string(&script).unwrap();
        format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {json}\n      - run: uv publish\n"
        )
    };
    let scripts = [
        "$(".repeat(5_000),
        "a && ".repeat(50_000),
        "(".repeat(20_000),
        "if true; then ".repeat(3_000),
        "${{ ".repeat(5_000),
        "`".repeat(9_999),
    ];
    scripts.map(step).into()
}

/// Workflows with an upload and a condition that is hard to evaluate.
fn conditions() -> Vec<String> {
    let condition = |text: String| {
        format!(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    if: {}\n    steps:\n      - run: uv publish\n",
            serde_json::to_string(&text).unwrap()
        )
    };
    let texts = [
        "(".repeat(10_000) + &")".repeat(10_000),
        "!".repeat(10_000) + "true",
        "true && ".repeat(2_000) + "true",
        format!("github{}", "['a'".repeat(3_000)),
        "a == ".repeat(3_000) + "b",
    ];
    texts.map(condition).into()
}

/// Every hostile workflow.
pub(crate) fn workflows() -> Vec<String> {
    [nested(), vec![bomb()], scripts(), conditions()].concat()
}

#[test]
fn scripts_and_expressions_are_limited() {
    for text in scripts() {
        assert!(names(&workflow(text.as_bytes())).contains(&"missing-id-token"), "{}", &text[..120]);
    }
    for text in conditions() {
        workflow(text.as_bytes());
    }
}

/// Configs that are invalid.
pub(crate) const CONFIGS: [&str; 9] = [
    "[",
    "- a\n- b\n",
    "publishers: {}\n",
    "publishers:\n  - 1\n  - [a]\n  - {registry: [x]}\n",
    "ignore: [[[[1]]]]\n",
    "rules: {a: {b: c}}\n",
    "\0",
    "a: &a [*a]\n",
    "environments: {x: {refs: {y: z}}}\n",
];

#[test]
fn an_invalid_config_is_reported_and_the_workflow_is_checked() {
    for config in CONFIGS {
        let report = judge(&[
            (".github/trustpub.yaml", config.as_bytes()),
            (".github/workflows/release.yml", RELEASE.as_bytes()),
        ]);
        assert!(!report.problems.is_empty(), "{config:?} is accepted as a config");
        assert_eq!(report.workflows, 1, "the workflow is checked anyway");
    }
}
