//! Converts the files in `rules/` to JSON without examples for `read::builtin`. JSON loads ten times as fast as YAML. Examples are most of
//! the text, and only tests and documentation need them. The first bad and the first good one of each rule are in `examples.json`, for the
//! help in SARIF.

use std::path::Path;
use std::{env, fs, io};

use serde_json::{Map, Value};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let lean = Path::new(&out).join("lean");
    if lean.exists() {
        // Removes copies of deleted files.
        fs::remove_dir_all(&lean)?;
    }
    let mut shown = Map::new();
    for folder in ["", "needs", "registries"] {
        fs::create_dir_all(lean.join(folder))?;
        for entry in fs::read_dir(Path::new("rules").join(folder))? {
            let file = entry?.path();
            let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|it| it == "yaml")) else {
                continue;
            };
            let mut data: Map<String, Value> =
                serde_yaml::from_str(&fs::read_to_string(&file)?).map_err(io::Error::other)?;
            let examples = data.shift_remove("examples");
            if let (Some(Value::String(rule)), Some(Value::Array(examples))) = (data.get("name"), examples) {
                let first = |kind: &str| examples.iter().find(|example| example.get(kind).is_some()).cloned();
                shown.insert(rule.clone(), ["bad", "good"].into_iter().filter_map(first).collect());
            }
            fs::write(lean.join(folder).join(name), json(data)?)?;
        }
    }
    fs::write(lean.join("examples.json"), serde_json::to_string(&shown)?)
}

/// The data as JSON, without the examples of its entries.
fn json(mut data: Map<String, Value>) -> io::Result<String> {
    let entries = data.get_mut("entries").and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries.filter_map(Value::as_object_mut) {
        entry.shift_remove("examples");
    }
    serde_json::to_string(&data).map_err(io::Error::other)
}
