//! Which projects a path means. It reads no workflow.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::read::files::reason;

/// A project to check.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its root.
    pub root: PathBuf,
    /// Its path below what was asked for: empty, or with a final slash.
    pub prefix: String,
    /// The only file to report on, relative to the root.
    pub only: Option<String>,
}

/// Folders that hold other people's or made files.
const PASSED: [&str; 4] = [".git", "node_modules", "target", "vendor"];

/// The projects that a path means.
///
/// # Errors
/// When there is nothing at the path.
pub fn projects(path: &Path) -> Result<Vec<Found>, String> {
    let kind =
        std::fs::metadata(path).map_err(|error| format!("{} cannot be read: {}", path.display(), reason(&error)))?;
    if !kind.is_dir() {
        return Ok(vec![of_file(path)]);
    }
    if is_repository(path) {
        return Ok(vec![Found { root: path.to_owned(), prefix: String::new(), only: None }]);
    }
    let mut found = Vec::new();
    let mut walk = WalkDir::new(path).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        // A folder that cannot be listed hides nothing that we could check.
        let Ok(entry) = entry else { continue };
        if !entry.file_type().is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        if entry.depth() > 0 && PASSED.contains(&name.as_ref()) {
            walk.skip_current_dir();
        } else if entry.path().join(crate::read::project::WORKFLOWS).is_dir() {
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
            found.push(Found {
                root: entry.path().to_owned(),
                prefix: format!("{}/", super::shown(below)),
                only: None,
            });
            walk.skip_current_dir();
        }
    }
    Ok(found)
}

/// The project of a file: the nearest folder above it that is a repository, else the folder it stands in.
#[must_use]
pub fn of_file(path: &Path) -> Found {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let root = absolute
        .ancestors()
        .skip(1)
        .find(|folder| is_repository(folder))
        .or_else(|| absolute.parent())
        .unwrap_or(&absolute);
    let below = super::shown(absolute.strip_prefix(root).unwrap_or(&absolute));
    Found { root: root.to_owned(), prefix: String::new(), only: Some(below) }
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists() || folder.join(".github").is_dir()
}
