//! The layers of `src`: each imports only from layers to its left, and only `cli` writes files or reads the environment.

use std::path::{Path, PathBuf};

/// The layers, from left to right. `lsp` and `cli` are beside each other.
const LAYERS: [&str; 7] = ["read", "workflow", "trust", "lint", "report", "rehearse", "cli"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn source() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == if name == "lsp" { "cli" } else { name })
}

/// The layers that a line imports by `crate::LAYER`.
fn named(line: &str) -> Vec<usize> {
    let code = line.split("//").next().unwrap_or_default();
    let words = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
    words
        .filter_map(|path| {
            let inner = path.strip_prefix("crate::")?;
            layer(inner.split("::").next().unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_layer_imports_only_from_its_left() {
    let mut wrong = Vec::new();
    for (name, text) in source() {
        let Some(own) = name.split('/').next().and_then(layer) else { continue };
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            for other in named(line) {
                if other > own {
                    wrong.push(format!("src/{name}:{}: {} imports {}", index + 1, LAYERS[own], LAYERS[other]));
                }
            }
            // A `super` path that leaves its layer would escape this test.
            let depth = name.matches('/').count() - usize::from(name.ends_with("/mod.rs"));
            if line.contains(&"super::".repeat(depth + 1)) && depth > 0 {
                wrong.push(format!("src/{name}:{}: `super` leaves the layer", index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_header() {
    let missing: Vec<_> =
        source().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(name, _)| name).collect();
    assert!(missing.is_empty(), "without a first line `//! …`: {}", missing.join(", "));
}

#[test]
fn only_the_command_line_writes_or_reads_the_environment() {
    let mut wrong = Vec::new();
    for (name, text) in source()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("cli/") && !name.starts_with("lsp/") && name != "main.rs")
    {
        for word in [
            "std::env::",
            "std::net",
            "std::process",
            "SystemTime",
            "Zoned::now",
            "Timestamp::now",
            "fs::write",
            "File::create",
        ] {
            if text.contains(word) {
                wrong.push(format!("src/{name}: {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_a_rehearsal_uses_the_network() {
    let uses = |text: &str| text.contains("ureq") || text.contains("std::net");
    let wrong: Vec<_> = source()
        .into_iter()
        .filter(|(name, text)| !name.starts_with("rehearse/") && uses(text))
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join(", "));
}

#[test]
fn no_registry_or_client_is_named_in_code() {
    const NAMES: [&str; 10] =
        ["pypi", "npmjs", "crates.io", "rubygems", "nuget", "pub.dev", "twine", "gh-action", "TWINE_", "UV_PUBLISH"];
    let mut wrong = Vec::new();
    for (name, text) in source().into_iter().filter(|(name, _)| !name.ends_with("tests.rs")) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if NAMES.iter().any(|word| line.to_lowercase().contains(&word.to_lowercase())) {
                wrong.push(format!("src/{name}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "these names belong in rules/:\n{}", wrong.join("\n"));
}
