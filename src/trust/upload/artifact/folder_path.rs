//! Folders of a checkout, and the folders in an artifact relative to where it is unpacked.

use crate::read::path::normalize;

/// A folder relative to the checkout. A part that only the run decides is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderPath(Vec<Option<String>>);

impl FolderPath {
    /// Parses a relative path. `None` for a path outside of the checkout or with a glob.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let path = normalize(path).filter(|path| !path.contains(['\\', '*', '?', '[', '$']))?;
        Some(Self(path.split('/').filter(|part| !part.is_empty()).map(|part| Some(part.to_owned())).collect()))
    }

    /// The folder of the files of a glob such as `dist/*.whl`.
    #[must_use]
    pub fn of_files(pattern: &str) -> Option<Self> {
        Self::parse(pattern.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    /// A child folder; `None` for an unknown name.
    #[must_use]
    pub fn with(&self, name: Option<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(name);
        Self(parts)
    }

    /// Appends a path.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The path from this folder to `other`, if that may be the same folder or one below it.
    fn rest<'f>(&self, other: &'f Self) -> Option<&'f [Option<String>]> {
        let (head, rest) = other.0.split_at_checked(self.0.len())?;
        let alike = |(own, other): (&Option<String>, &Option<String>)| own.is_none() || other.is_none() || own == other;
        self.0.iter().zip(head).all(alike).then_some(rest)
    }
}

impl std::fmt::Display for FolderPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return out.write_str(".");
        }
        let parts: Vec<&str> = self.0.iter().map(|part| part.as_deref().unwrap_or("<artifact>")).collect();
        out.write_str(&parts.join("/"))
    }
}

/// The files of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactContent {
    /// Unknown.
    Any,
    /// Files directly in these folders.
    Files(Vec<FolderPath>),
    /// The contents of a folder with this name.
    Inside(String),
}

impl ArtifactContent {
    /// The contents for the `path` input of `upload-artifact`: one glob per line. The action strips the folders that all globs share, up to the
    /// first wildcard; for a single file, its folder.
    #[must_use]
    pub fn packed(paths: &str) -> Self {
        let lines = paths.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('!'));
        let lines: Option<Vec<String>> =
            lines.map(|line| normalize(line).filter(|line| !line.contains('\\'))).collect();
        match lines.as_deref() {
            Some([folder]) if !is_pattern(folder) && !has_suffix(folder) => match folder.rsplit('/').next() {
                Some(name) if !name.is_empty() => Self::Inside(name.to_owned()),
                _ => Self::Any,
            },
            Some(lines) if !lines.is_empty() && lines.iter().all(|line| has_suffix(line)) => Self::files(lines),
            _ => Self::Any,
        }
    }

    /// The folders of file globs, relative to the deepest folder that they share.
    fn files(patterns: &[String]) -> Self {
        let folders: Vec<&str> =
            patterns.iter().map(|pattern| pattern.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
        if folders.iter().any(|folder| is_pattern(folder)) {
            return Self::Any;
        }
        let parts: Vec<Vec<&str>> =
            folders.iter().map(|folder| folder.split('/').filter(|part| !part.is_empty()).collect()).collect();
        let Some((first, others)) = parts.split_first() else { return Self::Any };
        let shared =
            (0..first.len()).take_while(|at| others.iter().all(|other| other.get(*at) == first.get(*at))).count();
        let below =
            |parts: &Vec<&str>| FolderPath(parts[shared..].iter().map(|part| Some((*part).to_owned())).collect());
        Self::Files(parts.iter().map(below).collect())
    }

    /// Whether some files may be directly in `folder` after unpacking in `unpacked`.
    #[must_use]
    pub fn may_reach(&self, unpacked: &FolderPath, folder: &FolderPath) -> bool {
        let Some(rest) = unpacked.rest(folder) else { return false };
        match self {
            Self::Any => true,
            Self::Files(folders) => folders.iter().any(|inner| FolderPath(rest.to_vec()) == *inner),
            // A build does not write to a folder of the same name inside of its output folder.
            Self::Inside(name) => rest.first().is_none_or(|first| first.as_ref() != Some(name)),
        }
    }
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{', '$'])
}

/// Whether the last part of a path has a file extension.
fn has_suffix(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, suffix)| {
        !stem.is_empty() && !suffix.is_empty() && suffix.chars().all(|letter| letter.is_ascii_alphanumeric())
    })
}
