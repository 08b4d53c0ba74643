//! The vocabulary: words that were retired do not come back. The list is `tests/retired-terms.toml`.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use trustpub::lint::facts;

#[derive(Deserialize)]
struct List {
    term: Vec<Term>,
}

#[derive(Deserialize)]
struct Term {
    retired: String,
    say: String,
    r#where: Vec<String>,
}

fn terms(place: &str) -> Vec<Term> {
    let list: List = toml_edit::de::from_str(&text(Path::new("tests/retired-terms.toml"))).unwrap();
    list.term.into_iter().filter(|term| term.r#where.iter().any(|it| it == place)).collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Files below a folder with one of the extensions, relative to the repository.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name().into_iter().filter_map(Result::ok);
    let found = found
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| entry.path().extension().and_then(|it| it.to_str()).is_some_and(|it| extensions.contains(&it)));
    found.map(|entry| entry.path().strip_prefix(root).unwrap().to_owned()).collect()
}

#[test]
fn no_type_has_a_retired_name() {
    let definition = Regex::new(r"(?m)^(?:pub(?:\([a-z]+\))? )?(?:struct|enum|trait|type) ([A-Z]\w*)").unwrap();
    let terms = terms("type");
    let mut wrong = Vec::new();
    for path in files("src", &["rs"]) {
        let text = text(&path);
        for found in definition.captures_iter(&text) {
            if let Some(term) = terms.iter().find(|term| term.retired.eq_ignore_ascii_case(&found[1])) {
                wrong.push(format!("{}: `{}`; say {}", path.display(), &found[1], term.say));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_fact_has_a_retired_name() {
    let terms = terms("fact");
    let names = facts::all().map(|spec| spec.name);
    let wrong: Vec<_> =
        names.filter(|name| name.split(['.', '-']).any(|word| terms.iter().any(|term| term.retired == word))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_has_a_retired_name() {
    let terms = terms("file");
    let all = [files("src", &["rs"]), files("rules", &["yaml", "json"])].concat();
    let retired = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        terms.iter().any(|term| term.retired == stem)
    };
    let wrong: Vec<_> = all.into_iter().filter(retired).collect();
    assert_eq!(wrong, Vec::<PathBuf>::new());
}

#[test]
fn no_json_key_is_retired() {
    let terms = terms("json");
    let mut wrong = Vec::new();
    for path in [files("rules/schema", &["json"]), files("tests/cmd", &["stdout"])].concat() {
        let text = text(&path);
        for term in &terms {
            for key in [format!("\"{}\":", term.retired), format!("\"{}s\":", term.retired)] {
                if text.contains(&key) {
                    wrong.push(format!("{}: {key} say {}", path.display(), term.say));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The prose of a file: comments and string literals of Rust, everything of a document, and no examples of rules.
fn prose(path: &Path, text: &str) -> Vec<(usize, String)> {
    let rust = path.extension().is_some_and(|it| it == "rs");
    let code = Regex::new(r#"//.*$|"(?:[^"\\]|\\.)*""#).unwrap();
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    if rust {
        let found = lines
            .map(|(number, line)| (number, code.find_iter(line).map(|it| it.as_str()).collect::<Vec<_>>().join(" ")));
        return found.collect();
    }
    lines.take_while(|(_, line)| *line != "examples:").map(|(number, line)| (number, line.to_owned())).collect()
}

#[test]
fn no_sentence_uses_a_retired_word() {
    let terms = terms("sentence");
    let patterns: Vec<_> =
        terms.iter().map(|term| Regex::new(&format!(r"(?i)\b(?:{})\b", term.retired)).unwrap()).collect();
    let mut all =
        [files("src", &["rs"]), files("rules", &["yaml"]), files("tests/all", &["rs"]), files("docs", &["md"])]
            .concat();
    all.extend(["README.md", "action.yml", ".github/CONTRIBUTING.md"].map(PathBuf::from));
    let mut wrong = Vec::new();
    for path in all {
        for (number, line) in prose(&path, &text(&path)) {
            for (term, pattern) in terms.iter().zip(&patterns) {
                if let Some(found) = pattern.find(&line) {
                    wrong.push(format!("{}:{number}: `{}`; say {}", path.display(), found.as_str(), term.say));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
}
