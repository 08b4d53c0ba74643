//! File access: a folder on disk, files in memory, or a tree with one file replaced. All access is read-only and inside the root.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

/// A tree of files. Paths are relative to its root, `/`-separated, without `.` or `..` parts.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// If the file does not exist, is not a regular file, is outside the root, or cannot be read.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;

    /// The names of the files directly in a folder, sorted. Empty if the folder does not exist.
    ///
    /// # Errors
    /// If the folder exists but cannot be listed.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// The names of the folders directly in a folder, sorted. Empty if the folder does not exist or cannot be listed.
    fn folders(&self, folder: &str) -> Vec<String>;
}

/// Why a file cannot be read or written, for messages.
#[must_use]
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => {
            // The error number of the operating system is dropped.
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}

/// The largest file that is read, in bytes. GitHub refuses workflows over 1 MiB; documents may be larger.
const LARGEST: u64 = 16 * 1024 * 1024;

/// A folder on disk, for one reading of a project. Each folder is listed once; later changes on disk are not seen.
#[derive(Debug)]
pub struct DiskFiles {
    root: PathBuf,
    /// Folders below the root that were checked to be real folders, not symlinks, so that files in them need no second check.
    checked_folders: RefCell<BTreeSet<String>>,
    /// What is in each listed folder, by its path.
    listed: RefCell<BTreeMap<String, Rc<FolderNames>>>,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathKind {
    File,
    Folder,
    Symlink,
    /// A pipe or a device.
    Special,
}

impl From<std::fs::FileType> for PathKind {
    fn from(kind: std::fs::FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Special
        }
    }
}

/// The names in a folder, sorted.
#[derive(Debug, Default)]
struct FolderNames {
    /// Everything except folders. Pipes and devices are refused by `read`.
    files: Vec<String>,
    folders: Vec<String>,
    /// Those of both lists that are symlinks, pipes, devices or of an unknown kind.
    unusual: Vec<String>,
}

impl FolderNames {
    /// What a name is, if it is a regular file or a real folder.
    fn kind(&self, name: &str) -> Option<PathKind> {
        let has = |list: &[String]| list.binary_search_by(|known| known.as_str().cmp(name)).is_ok();
        if has(&self.unusual) {
            None
        } else if has(&self.files) {
            Some(PathKind::File)
        } else {
            has(&self.folders).then_some(PathKind::Folder)
        }
    }
}

impl DiskFiles {
    /// A tree that starts at `root`.
    ///
    /// # Errors
    /// If `root` does not exist.
    pub fn new(root: &Path) -> io::Result<Self> {
        Self::from_canonical(root.canonicalize()?)
    }

    /// A tree that starts at a path without symlinks.
    ///
    /// # Errors
    /// If the path does not exist.
    pub(crate) fn from_canonical(root: PathBuf) -> io::Result<Self> {
        let files = Self { root, checked_folders: RefCell::default(), listed: RefCell::default() };
        // Every check lists the root. The list also says what the paths in it are.
        match files.names("") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            _ => Ok(files),
        }
    }

    /// The real path of a path, and what it is. An error if it is outside the root: a symlink in an untrusted checkout may point anywhere.
    fn resolve(&self, path: &str) -> io::Result<(PathBuf, PathKind)> {
        if let Some(found) = self.resolve_without_symlinks(path)? {
            return Ok(found);
        }
        let real = self.root.join(path).canonicalize()?;
        if real.starts_with(&self.root) {
            let kind = std::fs::metadata(&real)?.file_type().into();
            Ok((real, kind))
        } else {
            Err(io::Error::other("it is a symlink that leaves the repository"))
        }
    }

    /// Like `resolve`, without `canonicalize`, which looks at every parent of the root. `None` if the path contains a symlink.
    fn resolve_without_symlinks(&self, path: &str) -> io::Result<Option<(PathBuf, PathKind)>> {
        // On Windows `\` also separates parts, which are not looked at one by one below.
        let is_plain = !cfg!(windows) || !path.contains('\\');
        if !is_plain || !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(None);
        }
        if path.is_empty() {
            return Ok(Some((self.root.clone(), PathKind::Folder)));
        }
        for folder in path.match_indices('/').map(|(end, _)| &path[..end]) {
            if self.checked_folders.borrow().contains(folder) {
                continue;
            }
            match self.kind(folder)? {
                PathKind::Symlink => return Ok(None),
                PathKind::Folder => drop(self.checked_folders.borrow_mut().insert(folder.to_owned())),
                PathKind::File | PathKind::Special => {}
            }
        }
        let kind = self.kind(path)?;
        Ok((kind != PathKind::Symlink).then(|| (self.root.join(path), kind)))
    }

    /// What a path is whose folders are no symlinks: from the list of its folder, if that says it, else from the disk.
    fn kind(&self, path: &str) -> io::Result<PathKind> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let listed = self.listed.borrow().get(folder).and_then(|names| names.kind(name));
        listed.map_or_else(|| Ok(std::fs::symlink_metadata(self.root.join(path))?.file_type().into()), Ok)
    }

    /// What is in a folder; nothing in a file.
    fn names(&self, folder: &str) -> io::Result<Rc<FolderNames>> {
        if let Some(known) = self.listed.borrow().get(folder) {
            return Ok(Rc::clone(known));
        }
        let (real, kind) = self.resolve(folder)?;
        let mut names = FolderNames::default();
        if kind == PathKind::Folder {
            for entry in std::fs::read_dir(real)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_dir()) {
                    names.unusual.push(name.clone());
                }
                if is_folder(&entry) { &mut names.folders } else { &mut names.files }.push(name);
            }
            names.files.sort();
            names.folders.sort();
            names.unusual.sort();
        }
        let names = Rc::new(names);
        self.listed.borrow_mut().insert(folder.to_owned(), Rc::clone(&names));
        Ok(names)
    }
}

impl Files for DiskFiles {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let (real, kind) = self.resolve(path)?;
        if kind != PathKind::File {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = std::fs::File::open(real)?;
        let length = file.metadata()?.len();
        if length > LARGEST {
            return Err(io::Error::other("it is larger than 16 MiB"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        // A file that grows meanwhile is read up to this length. A virtual file system may not know the length.
        file.take(if length == 0 { LARGEST } else { length }).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        match self.names(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names.map(|names| names.files.clone()),
        }
    }

    fn folders(&self, folder: &str) -> Vec<String> {
        self.names(folder).map(|names| names.folders.clone()).unwrap_or_default()
    }
}

/// Whether an entry is a folder or a symlink to one.
fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() })
}

/// Files in memory, for rule examples and tests.
#[derive(Debug, Default, Clone)]
pub struct MemoryFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryFiles {
    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), bytes.into());
    }
}

impl<const N: usize> From<[(String, Vec<u8>); N]> for MemoryFiles {
    fn from(files: [(String, Vec<u8>); N]) -> Self {
        Self { files: files.into() }
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let names = self.files.keys().filter_map(|path| below(path, folder));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn folders(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> =
            self.files.keys().filter_map(|path| Some(below(path, folder)?.split_once('/')?.0.to_owned())).collect();
        names.dedup();
        names
    }
}

/// The part of `path` below `folder`; the root is the empty path.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// Files over a tree, which they replace or add to: the unsaved texts of an editor over the checkout.
pub struct OverlayFiles<'f> {
    /// The tree.
    pub below: &'f dyn Files,
    /// The files over it.
    pub above: &'f MemoryFiles,
}

impl Files for OverlayFiles<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.above.read(path).or_else(|_| self.below.read(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        Ok(merged(self.below.list(folder)?, self.above.list(folder)?))
    }

    fn folders(&self, folder: &str) -> Vec<String> {
        merged(self.below.folders(folder), self.above.folders(folder))
    }
}

/// Two sorted lists of names as one.
fn merged(mut names: Vec<String>, more: Vec<String>) -> Vec<String> {
    names.extend(more);
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_returns_one_level() {
        let mut files = MemoryFiles::default();
        files.insert(".github/workflows/b.yml", "");
        files.insert(".github/workflows/a.yml", "");
        files.insert(".github/workflows/deep/c.yml", "");
        assert_eq!(files.list(".github/workflows").unwrap(), ["a.yml", "b.yml"]);
    }

    #[test]
    fn an_overlay_replaces_and_adds_files() {
        let mut files = MemoryFiles::default();
        files.insert("w/a.yml", "old");
        files.insert("w/c.yml", "old");
        let mut above = MemoryFiles::default();
        above.insert("w/a.yml", "new");
        above.insert("w/b.yml", "");
        above.insert("w/deep/a.yml", "");
        let over = OverlayFiles { below: &files, above: &above };
        assert_eq!(over.read("w/a.yml").unwrap(), b"new");
        assert_eq!(over.read("w/c.yml").unwrap(), b"old");
        assert_eq!(over.list("w").unwrap(), ["a.yml", "b.yml", "c.yml"]);
        assert_eq!(over.folders("w"), ["deep"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_that_leaves_the_root_is_refused() {
        let outside = tempfile::NamedTempFile::new().unwrap();
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("a.yml")).unwrap();
        let files = DiskFiles::new(root.path()).unwrap();
        let refused = || files.read("a.yml").unwrap_err().to_string();
        assert!(refused().contains("leaves the repository"), "{}", refused());
        assert_eq!(files.list("").unwrap(), ["a.yml"]);
        assert!(refused().contains("leaves the repository"), "a listed symlink: {}", refused());
    }

    #[cfg(unix)]
    #[test]
    fn a_symlinked_folder_is_followed_inside_the_root_only() {
        let (outside, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(root.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", root.path().join("inner")).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("outer")).unwrap();
        for folder in [outside.path().to_owned(), root.path().join("real")] {
            std::os::unix::fs::symlink("none", folder.join("a.yml")).unwrap();
            tempfile::Builder::new()
                .prefix("b")
                .suffix(".yml")
                .rand_bytes(0)
                .tempfile_in(folder)
                .unwrap()
                .keep()
                .unwrap();
        }
        let files = DiskFiles::new(root.path()).unwrap();
        assert_eq!(files.folders(""), ["inner", "outer", "real"]);
        for _ in 0..2 {
            assert_eq!(files.read("inner/b.yml").unwrap(), b"");
            assert_eq!(files.read("real/b.yml").unwrap(), b"");
            assert_eq!(files.read("real/a.yml").unwrap_err().kind(), io::ErrorKind::NotFound);
            assert!(files.read("outer/b.yml").unwrap_err().to_string().contains("leaves the repository"));
            // The second time the folders are listed.
            assert_eq!(files.list("inner").unwrap(), ["a.yml", "b.yml"]);
            assert!(files.list("outer").is_err());
        }
    }
}
