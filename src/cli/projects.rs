//! Finds the projects that a path names.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use walkdir::WalkDir;

use crate::read::files::reason;

#[derive(Debug, Clone)]
pub(crate) struct FoundProjects {
    /// Its root, as named.
    pub(crate) root: PathBuf,
    /// Its root with symlinks resolved.
    pub(crate) real: PathBuf,
    /// Its path relative to the named folder: empty, or with a final slash.
    pub(crate) prefix: String,
    /// The only file to report on, relative to the root.
    pub(crate) only: Option<String>,
}

/// Folders of generated or third-party files, which are not searched.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", "vendor"];

/// The projects that a path names; `real` is the path with symlinks resolved.
pub(crate) fn projects(path: &Path, real: PathBuf) -> Result<Vec<FoundProjects>, String> {
    let kind =
        std::fs::metadata(path).map_err(|error| format!("{} cannot be read: {}", path.display(), reason(&error)))?;
    if !kind.is_dir() {
        return Ok(vec![of_file(path)]);
    }
    if is_repository(path) {
        return Ok(vec![FoundProjects { root: path.to_owned(), real, prefix: String::new(), only: None }]);
    }
    if let Some(root) = around(&real) {
        return Ok(vec![FoundProjects { real: root.clone(), root, prefix: String::new(), only: None }]);
    }
    let mut found = Vec::new();
    let mut walk = WalkDir::new(path).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        // Nothing below a folder that cannot be listed could be read.
        let Ok(entry) = entry else { continue };
        if !entry.file_type().is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        if entry.depth() > 0 && SKIPPED.contains(&name.as_ref()) {
            walk.skip_current_dir();
        } else if entry.path().join(crate::read::project::WORKFLOWS).is_dir() {
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
            found.push(FoundProjects {
                root: entry.path().to_owned(),
                real: real.join(below),
                prefix: format!("{}/", crate::cli::slashed(below)),
                only: None,
            });
            walk.skip_current_dir();
        }
    }
    Ok(found)
}

/// The repository above a folder that is not a repository itself, by its path relative to the folder.
pub(crate) fn enclosing(folder: &Path) -> Option<FoundProjects> {
    let real = real(folder);
    let depth = real.ancestors().skip(1).position(is_repository)? + 1;
    let root = folder.join(vec![".."; depth].join("/"));
    let root = root.strip_prefix(".").map(Path::to_owned).unwrap_or(root);
    Some(FoundProjects { real: real.ancestors().nth(depth)?.to_owned(), root, prefix: String::new(), only: None })
}

/// The project of a file: the nearest repository above it, else its folder.
pub(crate) fn of_file(path: &Path) -> FoundProjects {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let root = absolute
        .ancestors()
        .skip(1)
        .find(|folder| is_repository(folder))
        .or_else(|| absolute.ancestors().skip(1).find(|folder| folder.is_dir()))
        .unwrap_or(&absolute);
    let below = crate::cli::slashed(absolute.strip_prefix(root).unwrap_or(&absolute));
    FoundProjects { root: root.to_owned(), real: real(root), prefix: String::new(), only: Some(below) }
}

/// The path with symlinks resolved, or unchanged if it does not exist.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The repository of a `.github` or `.github/workflows` folder.
fn around(real: &Path) -> Option<PathBuf> {
    [".github/workflows", ".github"].into_iter().find_map(|inner| {
        let depth = inner.split('/').count();
        real.ends_with(inner).then(|| real.ancestors().nth(depth).map(Path::to_owned)).flatten()
    })
}

/// The deepest folder that contains all paths, which have no symlinks.
pub(crate) fn common(paths: &[PathBuf]) -> Option<&Path> {
    let mut paths = paths.iter().map(PathBuf::as_path);
    let first = paths.next()?;
    paths.try_fold(first, |common, path| common.ancestors().find(|folder| path.starts_with(folder)))
}

/// The path of `real` relative to `above`: empty, or with a final slash.
pub(crate) fn below(real: &Path, above: &Path) -> Option<String> {
    let inner = crate::cli::slashed(real.strip_prefix(above).ok()?);
    Some(if inner.is_empty() { inner } else { format!("{inner}/") })
}

/// The path of `folder` relative to the current folder: empty, or with a final slash. Terminals and editors open files by it; report files
/// use [`FoundProjects::prefix`].
pub(crate) fn near(folder: &Path) -> String {
    static HERE: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::current_dir().ok()?.canonicalize().ok());
    let Some(here) = &*HERE else { return String::new() };
    if let Some(inner) = below(folder, here) {
        return inner;
    }
    if let Some(outer) = below(here, folder) {
        return "../".repeat(outer.matches('/').count());
    }
    let shown = crate::cli::slashed(folder);
    // Few programs understand the verbatim paths of Windows (`\\?\`).
    format!("{}/", shown.strip_prefix("//?/").unwrap_or(&shown).trim_end_matches('/'))
}

/// Whether a folder is the root of a repository. Most repositories to check have workflows, so `.github` is looked up first.
pub(crate) fn is_repository(folder: &Path) -> bool {
    folder.join(".github").is_dir() || folder.join(".git").exists()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn paths_are_relative_to_the_current_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["one/.github/workflows", "two/deep/.github/workflows", "two/other"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        assert_eq!(below(&root.join("one"), &root).as_deref(), Some("one/"));
        assert_eq!(below(&root, &root).as_deref(), Some(""));
        assert_eq!(below(&root, &root.join("one")), None);
        assert_eq!(common(&[root.join("one"), root.join("two/deep")]), Some(root.as_path()));
        assert_eq!(common(&[root.join("two/other"), root.join("two/deep")]), Some(root.join("two").as_path()));
        assert_eq!(common(&[]), None);
        for inner in ["", ".github", ".github/workflows"] {
            let path = root.join("one").join(inner);
            let found = projects(&path, real(&path)).unwrap();
            assert_eq!(found.len(), 1, "{inner}");
            assert_eq!(found[0].real, root.join("one"), "{inner}");
            assert_eq!(found[0].prefix, "");
        }
        assert_eq!(near(&root), format!("{}/", root.display()), "other folders have their full path");
        assert_eq!(near(&real(Path::new("."))), "");
        assert_eq!(near(&real(Path::new("tests"))), "tests/");
        assert_eq!(near(&real(Path::new(".."))), "../");
    }
}
