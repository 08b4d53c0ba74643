//! Lays the rules and needs aside without their examples, which tests and documents read and a check does not: they are most of the
//! text. Runs again when a file comes to `rules/` or leaves it: the folder is part of the program.

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
    for folder in ["", "needs"] {
        fs::create_dir_all(lean.join(folder))?;
        for entry in fs::read_dir(Path::new("rules").join(folder))? {
            let file = entry?.path();
            if let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|it| it == "yaml")) {
                fs::write(lean.join(folder).join(name), without_examples(&fs::read_to_string(&file)?))?;
            }
        }
    }
    Ok(())
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
