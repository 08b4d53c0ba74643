//! Lays `rules/` aside in the form that a check starts with. Rules and needs go without their examples, which tests and documents read
//! and a check does not: they are most of the text. Registries and GitHub's facts go as JSON, which is read ten times as fast; rules
//! and needs are loaded from trees of YAML, as those of a user are. Runs again when a file comes to `rules/` or leaves it.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let lean = Path::new(&out).join("lean");
    if lean.exists() {
        // A file that left the folder leaves its copy too.
        fs::remove_dir_all(&lean)?;
    }
    for folder in ["", "needs", "registries"] {
        fs::create_dir_all(lean.join(folder))?;
        for entry in fs::read_dir(Path::new("rules").join(folder))? {
            let file = entry?.path();
            let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|it| it == "yaml")) else {
                continue;
            };
            let text = fs::read_to_string(&file)?;
            let data = folder == "registries" || name == "github.yaml";
            let text = if data { json(&text)? } else { without_examples(&text) };
            fs::write(lean.join(folder).join(name), text)?;
        }
    }
    Ok(())
}

/// The same data as JSON, without the examples at its top.
fn json(text: &str) -> io::Result<String> {
    let mut data: serde_json::Map<String, serde_json::Value> = serde_yaml::from_str(text).map_err(io::Error::other)?;
    data.remove("examples");
    serde_json::to_string(&data).map_err(io::Error::other)
}

/// A text without the keys `examples` and what stands below them. A test holds that nothing else goes with them.
fn without_examples(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let below = |key| content.trim().is_empty() || indent > key || indent == key && content.starts_with("- ");
        if inside.is_some_and(below) {
            continue;
        }
        inside = (content.trim_end() == "examples:").then_some(indent);
        if inside.is_none() {
            kept.push_str(line);
        }
    }
    kept
}
