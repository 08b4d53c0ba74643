//! `--format FORMAT[=FILE]`, and writing files atomically.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::report::format::{FORMATS, Format, find};

/// A format and its destination.
#[derive(Clone)]
pub(crate) struct ReportOutput {
    pub(crate) format: Format,
    /// The file; `None` for stdout.
    pub(crate) file: Option<PathBuf>,
}

impl fmt::Debug for ReportOutput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={:?}", self.format.name, self.file)
    }
}

impl FromStr for ReportOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let names = FORMATS.map(|format| format.name);
        let format = find(name)
            .ok_or_else(|| format!("unknown format `{name}`{}", crate::read::problem::suggestion(name, names)))?;
        match file {
            Some("") => Err(format!("`{text}` names no file; write `{name}=FILE`, or `{name}` for stdout")),
            file => Ok(Self { format: *format, file: file.filter(|file| *file != "-").map(PathBuf::from) }),
        }
    }
}

/// Writes a file atomically: to a temporary file that is then renamed. Anything but a regular file, such as `/dev/null` or a pipe, is written
/// to directly.
pub(crate) fn write_file(path: &Path, mut report: impl Read) -> io::Result<()> {
    if is_job_summary(path) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        return io::copy(&mut report, &mut file).map(drop);
    }
    match std::fs::metadata(path) {
        Ok(kind) if kind.is_dir() => Err(io::Error::other("it is a folder")),
        Ok(kind) if !kind.is_file() => {
            let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
            io::copy(&mut report, &mut file).map(drop)
        }
        _ => {
            // A symlink stays a symlink.
            let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let folder =
                target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            let mut temporary =
                tempfile::Builder::new().prefix(".trustpub-").permissions(permissions()).tempfile_in(folder)?;
            io::copy(&mut report, &mut temporary)?;
            temporary.flush()?;
            // An existing file keeps its mode.
            if let Ok(kind) = std::fs::metadata(&target) {
                temporary.as_file().set_permissions(kind.permissions())?;
            }
            temporary.persist(&target).map(drop).map_err(|error| error.error)
        }
    }
}

/// Whether a path is the job summary of the current step. Other commands of the step write to it too, so it is appended to.
fn is_job_summary(path: &Path) -> bool {
    std::env::var_os("GITHUB_STEP_SUMMARY").is_some_and(|summary| !summary.is_empty() && Path::new(&summary) == path)
}

/// The permissions of a new file; those of a temporary file would be restricted to its owner.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions() -> std::fs::Permissions {
    std::fs::Permissions::from(std::fs::metadata(".").map(|kind| kind.permissions()).unwrap_or_else(|_| unreachable!()))
}
