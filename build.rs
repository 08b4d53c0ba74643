//! Packs the files in `rules/`, without the examples, for `read::packed`. This form is read much faster than YAML. Examples are most
//! of the text, and only tests and documentation need them; for the help in SARIF, the first bad and the first good one of each rule are
//! packed too.
//!
//! After a training run it also passes the order of functions to the linker.

#[path = "src/read/packed/kind.rs"]
mod kind;

use std::path::Path;
use std::{env, fs, io};

use serde_json::{Map, Value};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=rules");
    order_symbols();
    let mut folders = Map::new();
    let mut shown = Map::new();
    for folder in ["", "needs", "registries"] {
        let mut paths: Vec<_> =
            fs::read_dir(Path::new("rules").join(folder))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        paths.sort();
        let mut files = Map::new();
        for path in paths {
            let mut data: Map<String, Value> =
                serde_yaml::from_str(&fs::read_to_string(&path)?).map_err(io::Error::other)?;
            let examples = data.shift_remove("examples");
            let entries = data.get_mut("entries").and_then(Value::as_array_mut).into_iter().flatten();
            for entry in entries.filter_map(Value::as_object_mut) {
                entry.shift_remove("examples");
            }
            if let (Some(Value::String(rule)), Some(Value::Array(examples))) = (data.get("name"), examples) {
                let first = |kind: &str| examples.iter().find(|example| example.get(kind).is_some()).cloned();
                shown.insert(rule.clone(), ["bad", "good"].into_iter().filter_map(first).collect());
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, Value::Object(data));
        }
        folders.insert(folder.to_owned(), Value::Object(files));
    }
    let root =
        Map::from_iter([("folders".to_owned(), Value::Object(folders)), ("examples".to_owned(), Value::Object(shown))]);
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    fs::write(Path::new(&out).join("packed"), packed(&Value::Object(root))?)
}

/// Puts the functions that a check of one project uses side by side, if `dist/train` has listed them: the program then takes a tenth less
/// memory, because the system loads parts of 64 KiB. Only for the target whose default linker is the one of LLVM.
fn order_symbols() {
    let Ok(folder) = Path::new("dist").canonicalize() else { return };
    println!("cargo::rerun-if-changed=dist");
    let order = folder.join("symbol-order");
    let target = env::var("TARGET").unwrap_or_default();
    if target == "x86_64-unknown-linux-gnu" && order.is_file() {
        println!("cargo::rustc-link-arg-bins=-Xlinker");
        println!("cargo::rustc-link-arg-bins=--symbol-ordering-file={}", order.display());
        // Most of the functions are part of others, and no longer in the program.
        println!("cargo::rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}

/// A value in the form of `read::packed`.
fn packed(value: &Value) -> io::Result<Vec<u8>> {
    Ok(match value {
        Value::Null => vec![kind::NULL],
        Value::Bool(false) => vec![kind::FALSE],
        Value::Bool(true) => vec![kind::TRUE],
        Value::Number(number) => {
            let natural = number.as_u64().ok_or_else(|| io::Error::other(format!("{number} is no natural number")))?;
            [vec![kind::NUMBER], digits(natural)].concat()
        }
        Value::String(text) => [vec![kind::STRING], string(text)].concat(),
        Value::Array(items) => {
            let all = items.iter().map(packed).collect::<io::Result<Vec<_>>>()?.concat();
            [vec![kind::LIST], digits(items.len() as u64), digits(all.len() as u64), all].concat()
        }
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| Ok([string(key), packed(value)?].concat());
            let all = entries.iter().map(entry).collect::<io::Result<Vec<_>>>()?.concat();
            [vec![kind::MAPPING], digits(entries.len() as u64), digits(all.len() as u64), all].concat()
        }
    })
}

/// A string after its length.
fn string(text: &str) -> Vec<u8> {
    [&digits(text.len() as u64), text.as_bytes()].concat()
}

/// A number in bytes of six bits, the lowest first.
fn digits(mut number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    while number >= 0x40 {
        digits.push((number & 0x3f) as u8 | 0x40);
        number >>= 6;
    }
    digits.push(number as u8);
    digits
}
