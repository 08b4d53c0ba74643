//! The corpus of real workflows, which is not part of the repository.

use std::path::{Path, PathBuf};

use super::skipped;

/// The repositories of the corpus, which is unpacked once.
pub fn repositories() -> Option<Vec<PathBuf>> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/workflows.tar.xz");
    if !archive.exists() {
        skipped(&format!("no corpus at {}", archive.display()));
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    if !folder.join("bulk").is_dir() {
        let aside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let status = std::process::Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(aside.path()).status();
        assert!(status.unwrap().success(), "`tar` could not unpack {}", archive.display());
        std::fs::create_dir_all(&folder).unwrap();
        // Tests run in parallel and several may unpack the corpus; the first rename succeeds.
        let placed = std::fs::rename(aside.path().join("bulk"), folder.join("bulk"));
        assert!(placed.is_ok() || folder.join("bulk").is_dir(), "{placed:?}");
    }
    let mut found: Vec<_> =
        std::fs::read_dir(folder.join("bulk")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    Some(found)
}
