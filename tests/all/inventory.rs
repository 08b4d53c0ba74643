//! `trustpub uploads`: one row for each upload, in every format.

use std::path::Path;

use crate::support::corpus::repositories;
use crate::support::program::{RELEASE, out, project, trustpub};

const WORKFLOW: &str = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    \
                        permissions: {id-token: write}\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n  old:\n    \
                        runs-on: ubuntu-latest\n    steps:\n      - run: twine upload dist/*\n        env:\n          \
                        TWINE_PASSWORD: ${{ secrets.TOKEN }}\n";
const CONFIG: &str = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    \
                      environment: pypi\n";

#[test]
fn every_format_has_one_row_for_each_upload() {
    let project = project(&[(RELEASE, WORKFLOW), (".github/trustpub.yaml", CONFIG)]);
    let run = |format: &str| out(&trustpub(project.path(), &["uploads", "--format", format]));
    let csv = run("csv");
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 3, "{csv}");
    assert!(rows[1].starts_with("acme/demo,PyPI,"), "{csv}");
    assert!(rows[1].ends_with("trusted,declared,accepted"), "{csv}");
    assert!(rows[2].contains(",old,-,push,") && rows[2].contains(",stored,"), "{csv}");
    let text = run("text");
    assert!(
        text.ends_with("2 uploads: 1 with a stored token, 1 with trusted publishing only, 0 refused, 0 undecided\n"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["uploads"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["uploads"][0]["environment"], "pypi");
    assert_eq!(run("markdown").lines().filter(|line| line.starts_with("| acme/demo |")).count(), 2);
}

#[test]
fn the_inventory_of_the_corpus_counts_the_uploads_of_check() {
    let Some(repositories) = repositories() else { return };
    let root = repositories[0].parent().unwrap();
    let record = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus.toml")).unwrap();
    let count = |key: &str| record.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ")).unwrap();
    let text = out(&trustpub(root, &["uploads", "."]));
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("{} uploads: ", count("uploads"))), "{last}");
    assert!(last.ends_with(&format!(", {} undecided", count("undecided"))), "{last}");
}
