//! Folders of a checkout as parts of paths, and what lies in an artifact relative to where it is unpacked.

use crate::read::manifest::clean;

/// A folder below the checkout's root; a part that only the run knows is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderPath(Vec<Option<String>>);

impl FolderPath {
    /// The folder of a relative path; none for a path that leaves the checkout, or has a pattern in it.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let path = clean(path).filter(|path| !path.contains(['\\', '*', '?', '[', '$']))?;
        Some(Self(path.split('/').filter(|part| !part.is_empty()).map(|part| Some(part.to_owned())).collect()))
    }

    /// The folder that directly holds the files of a pattern such as `dist/*.whl`.
    #[must_use]
    pub fn of_files(pattern: &str) -> Option<Self> {
        Self::parse(pattern.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    /// A folder in this one; `None` for a name that is not known.
    #[must_use]
    pub fn with(&self, name: Option<String>) -> Self {
        let mut parts = self.0.clone();
        parts.push(name);
        Self(parts)
    }

    /// Another folder's path below this one.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The path from this folder to another that may be it or lie below it.
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

/// What lies in an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactContent {
    /// Anything.
    Any,
    /// Files, each directly in one of these folders.
    Files(Vec<FolderPath>),
    /// All that was in a folder of this name.
    Inside(String),
}

impl ArtifactContent {
    /// What `upload-artifact` packs for its `path`: one pattern a line. It strips what all patterns have in common, up to the first
    /// part with a wildcard; of a single file its folder.
    #[must_use]
    pub fn packed(paths: &str) -> Self {
        let lines = paths.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('!'));
        let lines: Option<Vec<String>> = lines.map(|line| clean(line).filter(|line| !line.contains('\\'))).collect();
        match lines.as_deref() {
            Some([folder]) if !is_pattern(folder) && !has_suffix(folder) => match folder.rsplit('/').next() {
                Some(name) if !name.is_empty() => Self::Inside(name.to_owned()),
                _ => Self::Any,
            },
            Some(lines) if !lines.is_empty() && lines.iter().all(|line| has_suffix(line)) => Self::files(lines),
            _ => Self::Any,
        }
    }

    /// Patterns that end in files: their folders, below the deepest one that they share.
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

    /// Whether some of it may lie directly in a folder when it is unpacked in another.
    #[must_use]
    pub fn may_reach(&self, unpacked: &FolderPath, folder: &FolderPath) -> bool {
        let Some(rest) = unpacked.rest(folder) else { return false };
        match self {
            Self::Any => true,
            Self::Files(folders) => folders.iter().any(|inner| FolderPath(rest.to_vec()) == *inner),
            // Nobody builds into a folder of the same name inside of the folder.
            Self::Inside(name) => rest.first().is_none_or(|first| first.as_ref() != Some(name)),
        }
    }
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{', '$'])
}

/// Whether the last part of a path looks like a file's name: it has a suffix of letters.
fn has_suffix(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_some_and(|(stem, suffix)| {
        !stem.is_empty() && !suffix.is_empty() && suffix.chars().all(|letter| letter.is_ascii_alphanumeric())
    })
}
