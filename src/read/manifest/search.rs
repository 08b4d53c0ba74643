//! Which manifests a project has: those of its root, of its workspaces, and of the folders that its workflows speak of. It walks no tree.

use std::collections::BTreeSet;

use globset::Glob;

use crate::read::files::Files;
use crate::read::manifest::{
    Manifest, ManifestContent, ManifestFormat, ManifestKind, ManifestValue, Manifests, ini, ruby, solution, toml, tree,
    xml,
};
use crate::read::project::Project;
use crate::read::source::SourceFile;

/// The largest manifest that is parsed, in bytes.
const LARGEST: usize = 1024 * 1024;
/// All manifests together, in bytes.
const LARGEST_SUM: usize = 16 * 1024 * 1024;
/// The most folders that are looked into.
const MOST_FOLDERS: usize = 256;
/// The most folders that workflows may bring in.
const MOST_MENTIONED: usize = 64;
/// How far `**` reaches.
const DEEPEST: usize = 4;

/// Reads the manifests of a project.
pub fn gather<'k>(
    project: &mut Project,
    files: &dyn Files,
    kinds: impl IntoIterator<Item = &'k ManifestKind>,
) -> Manifests {
    let mut known: Vec<&ManifestKind> = Vec::new();
    for kind in kinds {
        if !known.contains(&kind) {
            known.push(kind);
        }
    }
    let mentioned = mentioned(project, files);
    let mut search =
        ManifestSearch { project, files, kinds: known, found: Manifests::default(), seen: BTreeSet::new(), bytes: 0 };
    search.folder("", false);
    search.workspaces();
    for folder in mentioned {
        search.folder(&folder, true);
    }
    search.workspaces();
    search.found.folders = search.seen.into_iter().collect();
    search.found
}

struct ManifestSearch<'s> {
    project: &'s mut Project,
    files: &'s dyn Files,
    kinds: Vec<&'s ManifestKind>,
    found: Manifests,
    seen: BTreeSet<String>,
    bytes: usize,
}

impl ManifestSearch<'_> {
    /// Reads the manifests directly in a folder.
    fn folder(&mut self, folder: &str, mentioned: bool) {
        if self.seen.contains(folder) {
            return;
        }
        if self.seen.len() >= MOST_FOLDERS {
            self.found.cut = true;
            return;
        }
        self.seen.insert(folder.to_owned());
        for name in self.files.list(folder).unwrap_or_default() {
            let kinds: Vec<ManifestKind> =
                self.kinds.iter().filter(|kind| kind.file.is_match(&name)).map(|kind| (*kind).clone()).collect();
            if !kinds.is_empty() {
                self.file(folder, &name, kinds, mentioned);
            }
        }
    }

    /// A file that cannot be read is a manifest of which nothing is known: it is no workflow, so nobody is told.
    fn file(&mut self, folder: &str, name: &str, kinds: Vec<ManifestKind>, mentioned: bool) {
        let path = join(folder, name);
        let bytes = if self.bytes < LARGEST_SUM { self.files.read(&path).unwrap_or_default() } else { Vec::new() };
        self.bytes += bytes.len();
        let sound = !bytes.is_empty() && bytes.len() <= LARGEST && !bytes.contains(&0);
        let source = SourceFile::new(path, if sound { bytes } else { Vec::new() });
        let contents: Vec<_> =
            kinds.iter().map(|kind| parse(kind.format, source.text()).filter(|_| sound && source.is_utf8())).collect();
        let file = self.project.add(source);
        for (kind, content) in kinds.into_iter().zip(contents) {
            let (folder, name) = (folder.to_owned(), name.to_owned());
            self.found.list.push(Manifest { file, folder, name, kind, mentioned, content });
        }
    }

    /// Reads the members of every workspace, and theirs.
    fn workspaces(&mut self) {
        let mut next = 0;
        while let Some(manifest) = self.found.list.get(next) {
            next += 1;
            let (folder, mentioned) = (manifest.folder.clone(), manifest.mentioned);
            let (folders, files) =
                (listed(manifest, &manifest.kind.members), listed(manifest, &manifest.kind.member_files));
            let (Some(folders), Some(files)) = (folders, files) else {
                self.found.cut = true;
                continue;
            };
            for pattern in folders.iter().filter(|pattern| !pattern.starts_with('!')) {
                self.members(&folder, pattern, mentioned);
            }
            for file in files.iter().map(|file| file.replace('\\', "/")) {
                self.members(&folder, file.rsplit_once('/').map_or("", |(folder, _)| folder), mentioned);
            }
        }
    }

    /// Reads the folders that a pattern names, part by part.
    fn members(&mut self, folder: &str, pattern: &str, mentioned: bool) {
        let Some((from, pattern)) = climb(folder, pattern) else { return };
        let mut folders = vec![from];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            folders = if part == "**" {
                self.below(&folders)
            } else if part.contains(['*', '?', '[', '{']) {
                let Ok(glob) = Glob::new(part) else { return };
                let glob = glob.compile_matcher();
                folders.iter().flat_map(|folder| self.inside(folder, |name| glob.is_match(name))).collect()
            } else {
                folders.iter().map(|folder| join(folder, part)).collect()
            };
            if folders.len() > MOST_FOLDERS {
                self.found.cut = true;
                folders.truncate(MOST_FOLDERS);
            }
        }
        for folder in folders {
            self.folder(&folder, mentioned);
        }
    }

    fn inside(&self, folder: &str, matches: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.files.folders(folder).into_iter().filter(|name| matches(name) && !is_hidden(name));
        names.map(|name| join(folder, &name)).collect()
    }

    /// Folders and what is below them, as far as a project goes.
    fn below(&self, folders: &[String]) -> Vec<String> {
        let mut all = folders.to_vec();
        let mut level = folders.to_vec();
        for _ in 0..DEEPEST {
            let room = MOST_FOLDERS.saturating_sub(all.len());
            level = level.iter().flat_map(|folder| self.inside(folder, |_| true)).take(room).collect();
            all.extend(level.iter().cloned());
        }
        all
    }
}

fn parse(format: ManifestFormat, text: &str) -> Option<ManifestValue> {
    match format {
        ManifestFormat::Toml => toml::read(text),
        ManifestFormat::Json => tree::json(text),
        ManifestFormat::Yaml => tree::yaml(text),
        ManifestFormat::Ini => Some(ini::read(text)),
        ManifestFormat::Xml => xml::read(text),
        ManifestFormat::Ruby => Some(ruby::read(text)),
        ManifestFormat::Solution => Some(solution::read(text)),
        ManifestFormat::Program => None,
    }
}

/// What a manifest lists under some keys; `None` where it lists something that the files do not tell.
fn listed(manifest: &Manifest, keys: &[String]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for key in keys {
        let values = manifest.values(key).ok()?;
        if values.iter().any(|value| matches!(value.content, ManifestContent::Open)) {
            return None;
        }
        found.extend(
            values.into_iter().flat_map(ManifestValue::items).filter_map(ManifestValue::text).map(str::to_owned),
        );
    }
    Some(found)
}

/// Where a pattern in a folder begins: above it for each `..` at its beginning. None for one that leaves the repository.
fn climb(folder: &str, pattern: &str) -> Option<(String, String)> {
    let (mut folder, mut rest) = (folder, pattern.trim());
    loop {
        rest = rest.trim_start_matches("./");
        match rest.strip_prefix("..").filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            Some(_) if folder.is_empty() => return None,
            Some(above) => {
                folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
                rest = above.trim_start_matches('/');
            }
            None => return Some((folder.to_owned(), clean(rest)?)),
        }
    }
}

/// Folders that hold other people's packages.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || matches!(name, "node_modules" | "target" | "vendor")
}

/// The folders that the workflows speak of and that are there, in the order of the text, bounded.
fn mentioned(project: &Project, files: &dyn Files) -> Vec<String> {
    let tops: BTreeSet<String> = files.folders("").into_iter().filter(|name| !is_hidden(name)).collect();
    let mut found: Vec<String> = Vec::new();
    if tops.is_empty() {
        return found;
    }
    let texts = project.workflows.iter().flat_map(|document| document.tree.scalars());
    let words =
        texts.flat_map(|text| text.split(|letter: char| !(letter.is_alphanumeric() || "._-/@*".contains(letter))));
    for word in words {
        let path = word.split('*').next().unwrap_or_default();
        let top = path.split('/').find(|part| !matches!(*part, "" | "."));
        // Few words begin like a folder, and only those are looked at closely.
        let Some(path) = top.filter(|top| tops.contains(*top)).and_then(|_| clean(path)) else { continue };
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).take(DEEPEST);
        for folder in ends.filter_map(|end| path.get(..end)) {
            if !found.iter().any(|known| known == folder) {
                found.push(folder.to_owned());
            }
        }
        if found.len() >= MOST_MENTIONED {
            break;
        }
    }
    found
}

/// A relative path without `.` parts and final slashes; none for one that leaves its folder.
pub fn clean(path: &str) -> Option<String> {
    let path = path.trim();
    if path.starts_with(['/', '~']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
