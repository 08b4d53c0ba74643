//! Which projects a path means. It reads no workflow.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use walkdir::WalkDir;

use crate::read::files::reason;

/// A project to check.
#[derive(Debug, Clone)]
pub struct FoundProjects {
    /// Its root, as it was named.
    pub root: PathBuf,
    /// The same without links, as far as it can be followed.
    pub real: PathBuf,
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
pub fn projects(path: &Path) -> Result<Vec<FoundProjects>, String> {
    let kind =
        std::fs::metadata(path).map_err(|error| format!("{} cannot be read: {}", path.display(), reason(&error)))?;
    if !kind.is_dir() {
        return Ok(vec![of_file(path)]);
    }
    let real = real(path);
    if is_repository(path) {
        return Ok(vec![FoundProjects { root: path.to_owned(), real, prefix: String::new(), only: None }]);
    }
    if let Some(root) = around(&real) {
        return Ok(vec![FoundProjects { real: root.clone(), root, prefix: String::new(), only: None }]);
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
            found.push(FoundProjects {
                root: entry.path().to_owned(),
                real: real.join(below),
                prefix: format!("{}/", crate::cli::shown(below)),
                only: None,
            });
            walk.skip_current_dir();
        }
    }
    Ok(found)
}

/// The project of a file: the nearest folder above it that is a repository, else the folder it stands in.
#[must_use]
pub fn of_file(path: &Path) -> FoundProjects {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let root = absolute
        .ancestors()
        .skip(1)
        .find(|folder| is_repository(folder))
        .or_else(|| absolute.parent())
        .unwrap_or(&absolute);
    let below = crate::cli::shown(absolute.strip_prefix(root).unwrap_or(&absolute));
    FoundProjects { root: root.to_owned(), real: real(root), prefix: String::new(), only: Some(below) }
}

/// A path without links, or as it is where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The repository that a real folder is the `.github` folder of, or its folder of workflows.
fn around(real: &Path) -> Option<PathBuf> {
    [".github/workflows", ".github"].into_iter().find_map(|inner| {
        let depth = inner.split('/').count();
        real.ends_with(inner).then(|| real.ancestors().nth(depth).map(Path::to_owned)).flatten()
    })
}

/// What paths stand below together: the folder itself for a single one, else the deepest folder that holds them all.
#[must_use]
pub fn common(paths: &[PathBuf]) -> Option<PathBuf> {
    let mut real = paths.iter().map(|path| real(path));
    let first = real.next()?;
    real.try_fold(first, |common, path| common.ancestors().find(|folder| path.starts_with(folder)).map(Path::to_owned))
}

/// A real folder's path below another: empty, or with a final slash.
#[must_use]
pub fn below(real: &Path, above: &Path) -> Option<String> {
    let inner = crate::cli::shown(real.strip_prefix(above).ok()?);
    Some(if inner.is_empty() { inner } else { format!("{inner}/") })
}

/// How a real folder is reached from where the program runs: empty, or with a final slash. This is how people and editors open a file;
/// reports that are kept use [`Found::prefix`].
#[must_use]
pub fn near(folder: &Path) -> String {
    static HERE: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::current_dir().ok()?.canonicalize().ok());
    let Some(here) = &*HERE else { return String::new() };
    if let Some(inner) = below(folder, here) {
        return inner;
    }
    if let Some(outer) = below(here, folder) {
        return "../".repeat(outer.matches('/').count());
    }
    let shown = crate::cli::shown(folder);
    // Windows has a long spelling that few programs read.
    format!("{}/", shown.strip_prefix("//?/").unwrap_or(&shown).trim_end_matches('/'))
}

fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists() || folder.join(".github").is_dir()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn paths_are_told_from_where_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["one/.github/workflows", "two/deep/.github/workflows", "two/other"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        assert_eq!(below(&root.join("one"), &root).as_deref(), Some("one/"));
        assert_eq!(below(&root, &root).as_deref(), Some(""));
        assert_eq!(below(&root, &root.join("one")), None);
        assert_eq!(common(&[root.join("one"), root.join("two/deep")]), Some(root.clone()));
        assert_eq!(common(&[root.join("two/other"), root.join("two/deep")]), Some(root.join("two")));
        assert_eq!(common(&[]), None);
        for inner in ["", ".github", ".github/workflows"] {
            let found = projects(&root.join("one").join(inner)).unwrap();
            assert_eq!(found.len(), 1, "{inner}");
            assert_eq!(found[0].real, root.join("one"), "{inner}");
            assert_eq!(found[0].prefix, "");
        }
        assert_eq!(near(&root), format!("{}/", root.display()), "a folder elsewhere is told in full");
        assert_eq!(near(&real(Path::new("."))), "");
        assert_eq!(near(&real(Path::new("tests"))), "tests/");
        assert_eq!(near(&real(Path::new(".."))), "../");
    }
}
