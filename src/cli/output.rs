//! `--format FORMAT[=FILE]`, and writing files atomically.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormatName {
    /// For people.
    Text,
    /// For editors.
    Oneline,
    /// For code scanning.
    Sarif,
    /// For programs.
    Json,
    /// For annotations.
    Github,
    /// For job summaries.
    Markdown,
}

/// Every format by its word.
pub(crate) const FORMATS: [(&str, FormatName); 6] = [
    ("text", FormatName::Text),
    ("oneline", FormatName::Oneline),
    ("sarif", FormatName::Sarif),
    ("json", FormatName::Json),
    ("github", FormatName::Github),
    ("markdown", FormatName::Markdown),
];

/// A format and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportOutput {
    /// The format.
    pub(crate) format: FormatName,
    /// The file; stdout without one.
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for ReportOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(PathBuf::from(file))));
        let names = FORMATS.map(|(name, _)| name);
        let format = FORMATS.into_iter().find(|(known, _)| *known == name).map(|(_, format)| format);
        let format = format
            .ok_or_else(|| format!("there is no format `{name}`{}", crate::read::problem::suggestion(name, names)))?;
        Ok(Self { format, file })
    }
}

/// Writes a whole report into a file. It is written aside and renamed, so that a reader never sees half of it; what is no ordinary
/// file, such as `/dev/null` or a pipe, is written to directly and never replaced.
///
/// # Errors
/// When the file cannot be written.
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
            // A link to a file stays a link.
            let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let folder =
                target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
            let mut aside =
                tempfile::Builder::new().prefix(".trustpub-").permissions(permissions()).tempfile_in(folder)?;
            io::copy(&mut report, &mut aside)?;
            aside.flush()?;
            // A file that was there keeps its mode.
            if let Ok(kind) = std::fs::metadata(&target) {
                aside.as_file().set_permissions(kind.permissions())?;
            }
            aside.persist(&target).map(drop).map_err(|error| error.error)
        }
    }
}

/// Whether a path is the job summary of the step that runs: other commands of the step write to it too, so it only ever grows.
fn is_job_summary(path: &Path) -> bool {
    std::env::var_os("GITHUB_STEP_SUMMARY").is_some_and(|summary| !summary.is_empty() && Path::new(&summary) == path)
}

/// Those of an ordinary new file; a temporary one would be for its owner alone.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

#[cfg(not(unix))]
fn permissions() -> std::fs::Permissions {
    std::fs::Permissions::from(std::fs::metadata(".").map(|kind| kind.permissions()).unwrap_or_else(|_| unreachable!()))
}
