//! Reads repositories and builds the YAML trees of their workflows, and does nothing else: what a whole `check` is measured against.
//!
//! `cargo run --release --example trees -- FOLDER` takes every repository directly in a folder, side by side as `check` does.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;
use trustpub::read::files::Disk;
use trustpub::read::project::Project;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        println!("usage: trees FOLDER, which holds repositories");
        return ExitCode::from(2);
    };
    let repositories: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => {
            println!("{}: {error}", Path::new(&folder).display());
            return ExitCode::from(2);
        }
    };
    let read = |root: &PathBuf| Disk::new(root).map_or(0, |disk| Project::load(&disk, None).workflows.len());
    let workflows: usize = repositories.par_iter().map(read).sum();
    println!("{workflows} workflows of {} repositories", repositories.len());
    ExitCode::SUCCESS
}
