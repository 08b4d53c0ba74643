//! Reads repositories and only builds the YAML trees of their workflows, as a lower bound for the time of `check`.
//!
//! `cargo run --profile dist --example trees -- REPOSITORY…` reads them in parallel, as `check` does.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use trustpub::read::files::DiskFiles;
use trustpub::read::project::Project;

fn main() {
    let repositories: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let read = |root: &Path| DiskFiles::new(root).map_or(0, |disk| Project::load(&disk, None).workflows.len());
    let workflows: usize = repositories.par_iter().map(|root| read(root)).sum();
    println!("{workflows} workflows of {} repositories", repositories.len());
}
