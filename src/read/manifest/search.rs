//! Finds the manifests of a project: in its root, in its workspaces, and in the folders that its workflows name.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::read::files::Files;
use crate::read::manifest::value::ManifestEntry;
use crate::read::manifest::{
    KeyWords, Manifest, ManifestContent, ManifestFormat, ManifestKind, ManifestKinds, ManifestValue, Manifests, ini,
    json_yaml, lock, python, ruby, solution, toml, xml,
};
use crate::read::path;
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile, Span};

/// Larger manifests, in bytes, are not parsed.
const LARGEST: usize = 1024 * 1024;
/// Larger lock files, in bytes, are not searched.
const LARGEST_LOCK: usize = 8 * 1024 * 1024;
/// The limit for all manifests together, in bytes.
const LARGEST_SUM: usize = 16 * 1024 * 1024;
/// The maximum number of folders that are searched.
const MOST_FOLDERS: usize = 256;
/// The maximum number of folders from the texts of workflows.
const MOST_MENTIONED: usize = 64;
/// The number of levels that `**` covers.
const DEEPEST: usize = 4;

/// Reads the manifests of a project.
pub(crate) fn load(project: &mut Project, files: &dyn Files, kinds: &ManifestKinds) -> Manifests {
    let mentioned = mentioned(project, files);
    let mut search =
        ManifestSearch { project, files, kinds, found: Manifests::default(), seen: BTreeSet::new(), bytes: 0 };
    search.folder("", false, None);
    search.workspaces();
    for (_, folder) in &mentioned {
        search.folder(folder, true, None);
    }
    search.workspaces();
    search.found.folders = search.seen.into_iter().collect();
    search.found.missing.sort_unstable();
    search.found.missing.dedup();
    search.found.mentions = mentioned;
    search.found
}

struct ManifestSearch<'s> {
    project: &'s mut Project,
    files: &'s dyn Files,
    kinds: &'s ManifestKinds,
    found: Manifests,
    seen: BTreeSet<String>,
    bytes: usize,
}

/// The workspace whose members are read.
struct Members {
    /// The folder that its patterns start from.
    folder: String,
    /// The folder of the outermost workspace.
    workspace: String,
    mentioned: bool,
    excludes: Vec<GlobMatcher>,
}

impl ManifestSearch<'_> {
    /// Reads the manifests directly in a folder, which a workspace may list.
    fn folder(&mut self, folder: &str, mentioned: bool, workspace: Option<&str>) {
        if self.seen.contains(folder) {
            return;
        }
        if self.seen.len() >= MOST_FOLDERS {
            self.found.truncated = true;
            return;
        }
        self.seen.insert(folder.to_owned());
        let names = self.files.list(folder);
        // A folder of a git repository is not empty.
        if names.as_ref().map_or(true, Vec::is_empty) && self.files.folders(folder).is_empty() {
            self.found.missing.push(folder.to_owned());
        }
        let mut is_inherited = false;
        for name in names.unwrap_or_default() {
            let kinds = self.kinds.of_file(&name);
            is_inherited |= kinds.iter().any(|kind| kind.inherits_from.is_some());
            if !kinds.is_empty() {
                self.file(folder, &name, kinds, (mentioned, workspace));
            }
        }
        if let Some((above, _)) = folder.rsplit_once('/').filter(|_| is_inherited) {
            self.folder(above, mentioned, None);
        }
    }

    /// Reads one file. An unreadable one is kept as a manifest without content; it is not reported, because it is not a workflow.
    fn file(
        &mut self,
        folder: &str,
        name: &str,
        kinds: Vec<Arc<ManifestKind>>,
        (mentioned, workspace): (bool, Option<&str>),
    ) {
        let path = path::join(folder, name);
        let is_lock = kinds.iter().all(|kind| kind.format == ManifestFormat::Lock);
        // Lock files are large, and only the one of the root decides.
        if is_lock && !folder.is_empty() {
            return;
        }
        let largest = if is_lock { LARGEST_LOCK } else { LARGEST };
        let bytes = if self.bytes < LARGEST_SUM { self.files.read(&path).unwrap_or_default() } else { Vec::new() };
        self.bytes += if is_lock { 0 } else { bytes.len() };
        let valid = !bytes.is_empty() && bytes.len() <= largest && memchr::memchr(0, &bytes).is_none();
        let source = SourceFile::new(path, if valid { bytes } else { Vec::new() });
        let file = self.project.add(source.clone());
        let source = Some(source).filter(|source| valid && source.is_utf8());
        // Kinds with the same format share the content. That of a lock file depends on the packages of its kind.
        let mut contents: Vec<(ManifestFormat, Arc<_>)> = Vec::new();
        for kind in kinds {
            let shared = contents.iter().find(|(format, _)| *format == kind.format && *format != ManifestFormat::Lock);
            let content = shared.map_or_else(Arc::default, |(_, content)| Arc::clone(content));
            contents.push((kind.format, Arc::clone(&content)));
            let workspace = workspace.unwrap_or(folder).to_owned();
            let (folder, name, source) = (folder.to_owned(), name.to_owned(), source.clone());
            self.found.list.push(Manifest { file, folder, name, kind, mentioned, workspace, source, content });
        }
    }

    /// Reads the members of every workspace, recursively.
    fn workspaces(&mut self) {
        let mut next = 0;
        while let Some(manifest) = self.found.list.get(next) {
            next += 1;
            let lists = [&manifest.kind.members, &manifest.kind.member_files, &manifest.kind.excludes];
            // A solution or project that is invalid may list any file.
            let is_list = !manifest.kind.member_files.is_empty();
            if !is_list && !lists.into_iter().flatten().any(|key| manifest.may_have(&KeyWords::new(key))) {
                continue;
            }
            let members = Members {
                folder: manifest.folder.clone(),
                workspace: manifest.workspace.clone(),
                mentioned: manifest.mentioned,
                excludes: Vec::new(),
            };
            let [Some(folders), Some(files), Some(excludes)] = lists.map(|keys| list_values(manifest, keys)) else {
                self.found.truncated = true;
                continue;
            };
            let (excluded, folders): (Vec<String>, Vec<String>) =
                folders.into_iter().partition(|pattern| pattern.starts_with('!'));
            let excludes = excluded
                .iter()
                .map(|pattern| pattern.trim_start_matches('!'))
                .chain(excludes.iter().map(String::as_str));
            let excludes = excludes.filter_map(|pattern| {
                let pattern = path::resolve(&members.folder, pattern)?;
                Some(GlobBuilder::new(&pattern).literal_separator(true).build().ok()?.compile_matcher())
            });
            let members = Members { excludes: excludes.collect(), ..members };
            for pattern in &folders {
                self.members(&members, pattern);
            }
            for file in files.iter().map(|file| file.replace('\\', "/")) {
                self.members(&members, file.rsplit_once('/').map_or("", |(folder, _)| folder));
            }
        }
    }

    /// Reads the folders that a pattern matches.
    fn members(&mut self, members: &Members, pattern: &str) {
        let Some(pattern) = path::resolve(&members.folder, pattern) else { return };
        let mut folders = vec![String::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            folders = if part == "**" {
                self.descendants(&folders)
            } else if part.contains(['*', '?', '[', '{']) {
                let Ok(glob) = Glob::new(part) else { return };
                let glob = glob.compile_matcher();
                folders.iter().flat_map(|folder| self.subfolders(folder, |name| glob.is_match(name))).collect()
            } else {
                folders.iter().map(|folder| path::join(folder, part)).collect()
            };
            if folders.len() > MOST_FOLDERS {
                self.found.truncated = true;
                folders.truncate(MOST_FOLDERS);
            }
        }
        for folder in folders.iter().filter(|folder| !members.excludes.iter().any(|glob| glob.is_match(folder))) {
            self.folder(folder, members.mentioned, Some(&members.workspace));
            if self.found.missing.contains(folder) {
                self.found.unbuilt.push((members.workspace.clone(), folder.clone()));
            }
        }
    }

    fn subfolders(&self, folder: &str, matches: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.files.folders(folder).into_iter().filter(|name| matches(name) && !is_hidden(name));
        names.map(|name| path::join(folder, &name)).collect()
    }

    /// Folders and their descendants, with limits.
    fn descendants(&self, folders: &[String]) -> Vec<String> {
        let mut all = folders.to_vec();
        let mut level = folders.to_vec();
        for _ in 0..DEEPEST {
            let room = MOST_FOLDERS.saturating_sub(all.len());
            level = level.iter().flat_map(|folder| self.subfolders(folder, |_| true)).take(room).collect();
            all.extend(level.iter().cloned());
        }
        all
    }
}

/// The content of a manifest of a kind.
pub(super) fn parse_kind(kind: &ManifestKind, text: &str) -> Option<ManifestValue> {
    match kind.format {
        ManifestFormat::Lock => Some(lock::read(text, &kind.packages)),
        format => parse(format, text),
    }
}

/// The content of a manifest; `None` if it is invalid or a program.
pub(crate) fn parse(format: ManifestFormat, text: &str) -> Option<ManifestValue> {
    match format {
        ManifestFormat::Toml => toml::read(text),
        ManifestFormat::Json => json_yaml::json(text),
        ManifestFormat::Yaml => json_yaml::yaml(text),
        ManifestFormat::Ini => Some(ini::read(text)),
        ManifestFormat::Xml => xml::read(text),
        ManifestFormat::Ruby => Some(ruby::read(text)),
        ManifestFormat::Python => python::read(text),
        ManifestFormat::Solution => Some(solution::read(text)),
        ManifestFormat::Text => Some(whole(text)),
        ManifestFormat::Lock => Some(lock::read(text, &[])),
        ManifestFormat::Program => None,
    }
}

/// A table with the whole text under the key `text`.
fn whole(text: &str) -> ManifestValue {
    let span = Span::at(0);
    let entry = ManifestEntry { key: "text".to_owned(), value: ManifestValue::word(text, span) };
    ManifestValue::table(vec![entry], span)
}

/// The values of some keys that are lists; `None` if a value is unknown.
fn list_values(manifest: &Manifest, keys: &[String]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for key in keys {
        let values = manifest.values(key).ok()?;
        if values.iter().any(|value| matches!(value.content, ManifestContent::Unknown)) {
            return None;
        }
        found.extend(
            values.into_iter().flat_map(ManifestValue::items).filter_map(ManifestValue::text).map(str::to_owned),
        );
    }
    Some(found)
}

/// Whether a folder holds dependencies or generated files.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "target" | "vendor")
}

/// The existing folders in the texts of each workflow, in order, with a limit.
fn mentioned(project: &Project, files: &dyn Files) -> Vec<(FileId, String)> {
    let tops: BTreeSet<String> = files.folders("").into_iter().filter(|name| !is_hidden(name)).collect();
    let mut found: Vec<(FileId, String)> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    if tops.is_empty() {
        return found;
    }
    let is_first = {
        let firsts: BTreeSet<u8> = tops.iter().filter_map(|name| name.bytes().next()).chain(*b"./").collect();
        move |word: &str| word.bytes().next().is_some_and(|first| firsts.contains(&first))
    };
    for document in &project.workflows {
        let mut own: BTreeSet<String> = BTreeSet::new();
        let words = document.tree.scalars().flat_map(|text| {
            text.split(|it: char| !(it.is_alphanumeric() || matches!(it, '.' | '_' | '-' | '/' | '@' | '*')))
        });
        for word in words.filter(|word| is_first(word)) {
            let path = word.split('*').next().unwrap_or_default();
            let top = path.split('/').find(|part| !matches!(*part, "" | "."));
            // Few words start with the name of an existing folder; all others are skipped early.
            let Some(path) = top.filter(|top| tops.contains(*top)).and_then(|_| path::normalize(path)) else {
                continue;
            };
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).take(DEEPEST);
            for folder in ends.filter_map(|end| path.get(..end)) {
                if (seen.len() < MOST_MENTIONED || seen.contains(folder)) && own.insert(folder.to_owned()) {
                    seen.insert(folder.to_owned());
                    found.push((document.file, folder.to_owned()));
                }
            }
        }
    }
    found
}
