//! Each known line of a failed release is explained by the data of its registry or of GitHub.

use std::collections::BTreeSet;

use serde::Deserialize;
use trustpub::lint::rules::set::RuleSet;
use trustpub::workflow::log_text::contains;

/// The rows of the collection of messages; a row without a text is not in it.
const NUMBERED: std::ops::RangeInclusive<u32> = 1..=109;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row: u32,
    #[serde(rename = "in")]
    source: String,
    #[serde(default)]
    hint: bool,
    line: String,
}

fn rows() -> Vec<Row> {
    serde_yaml::from_str(include_str!("../data/error-texts.yaml")).unwrap()
}

/// The texts of a registry's errors or hints that a line contains.
fn matching(rules: &RuleSet, source: &str, hint: bool, line: &str) -> Vec<String> {
    let (errors, hints) = match rules.data.registries.get(source) {
        Some(registry) => (registry.errors.as_slice(), registry.log_hints.as_slice()),
        None => {
            assert_eq!(source, "github");
            (rules.data.github.errors.as_slice(), [].as_slice())
        }
    };
    let texts: Vec<&String> =
        if hint { hints.iter().map(|it| &it.text).collect() } else { errors.iter().map(|it| &it.text).collect() };
    texts.into_iter().filter(|text| contains(line, text)).cloned().collect()
}

#[test]
fn every_known_line_is_explained_by_one_text() {
    let rules = RuleSet::builtin().unwrap();
    let mut wrong = Vec::new();
    for row in rows() {
        let found = matching(&rules, &row.source, row.hint, &row.line);
        if found.len() != 1 {
            wrong.push(format!("row {} of {}: {:?}: {found:?}", row.row, row.source, row.line));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_the_collection_has_a_line() {
    let present: BTreeSet<u32> = rows().iter().map(|row| row.row).collect();
    let missing: Vec<u32> = NUMBERED.filter(|row| !present.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_text_of_the_registries_of_2026_has_a_row() {
    let rules = RuleSet::builtin().unwrap();
    let rows = rows();
    for id in ["mcp", "hex", "open-vsx", "hugging-face", "clawhub", "vs-marketplace"] {
        let registry = rules.data.registries.get(id).unwrap();
        for text in registry.errors.iter().map(|it| &it.text).chain(registry.log_hints.iter().map(|it| &it.text)) {
            assert!(rows.iter().any(|row| row.source == id && contains(&row.line, text)), "{id}: {text}");
        }
    }
}
