//! The program as people run it, in a project made for it.

use std::path::Path;
use std::process::{Command, Output};

/// The one workflow that most projects need.
pub const RELEASE: &str = ".github/workflows/release.yml";

/// A folder with some files.
pub fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

/// Runs the program in a folder, as if on no CI.
pub fn trustpub(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trustpub"))
        .args(arguments)
        .current_dir(root)
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap()
}

/// What it wrote to stdout.
pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it wrote to stderr.
pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
