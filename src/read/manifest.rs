//! Manifests: the files that name a package and configure how it is published. The kinds and their keys are data of the registries.

mod ini;
mod json_yaml;
mod kinds;
mod lock;
mod python;
mod ruby;
mod search;
mod solution;
mod toml;

mod value;
mod xml;

use std::sync::{Arc, OnceLock};

use memchr::memmem;
use serde::Deserialize;

use crate::read::glob::Glob;
pub use crate::read::manifest::kinds::ManifestKinds;
pub(crate) use crate::read::manifest::search::{load, parse};
pub use crate::read::manifest::value::{ManifestContent, ManifestValue};
use crate::read::source::{FileId, Place, SourceFile};

/// The format of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestFormat {
    /// TOML.
    Toml,
    /// JSON, with or without comments.
    Json,
    /// YAML.
    Yaml,
    /// Lines `key = value`, optionally under `[sections]`.
    Ini,
    /// XML; an attribute is a key that starts with `@`.
    Xml,
    /// A Ruby program that assigns strings to attributes.
    Ruby,
    /// A `setup.py`; the arguments of `setup()` are keys.
    Python,
    /// A Visual Studio solution; its projects are a list under `Project`.
    Solution,
    /// Prose; the text has the key `text`.
    Text,
    /// A lock file; the version of each package in `packages` is a key.
    Lock,
    /// A program; only its existence is known.
    Program,
}

/// A test of a key's value. Without `is`, `starts` and `has`, the key only has to exist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageSign {
    /// The key, with parts joined by dots.
    pub key: String,
    /// The allowed values.
    #[serde(default)]
    pub is: Vec<String>,
    /// The allowed beginnings of the value.
    #[serde(default)]
    pub starts: Vec<String>,
    /// Words at the start of an item of its list or of a line of its text. Case is ignored, and `_` equals `-`.
    #[serde(default)]
    pub has: Vec<String>,
    /// Whether it must be an empty list.
    #[serde(default)]
    pub empty: bool,
}

/// A key of a file, or a whole file.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectSetting {
    /// The name of the file, or a glob.
    pub file: Glob,
    /// The dotted key; without it, the existence of the file counts.
    #[serde(default)]
    pub key: String,
}

impl ProjectSetting {
    /// The values at the key of a file; `None` if the file cannot be parsed.
    pub(crate) fn in_file<'m>(&self, manifest: &'m Manifest) -> Option<Vec<&'m ManifestValue>> {
        if self.file.is_match(&manifest.name) { manifest.values(&self.key).ok() } else { Some(Vec::new()) }
    }

    /// Whether a file has the setting, or may have it because it cannot be parsed.
    pub(crate) fn exists_in(&self, manifest: &Manifest) -> bool {
        let named = self.file.is_match(&manifest.name);
        named && (self.key.is_empty() || self.in_file(manifest).is_none_or(|values| !values.is_empty()))
    }
}

/// How a workspace member inherits a value from the workspace's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inherit {
    /// The key below the value's key that is set to `true` in the member.
    pub marker: String,
    /// The table with the inherited values in the workspace's manifest.
    pub under: String,
}

/// A kind of manifest: an entry of a registry's `manifests`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestKind {
    /// The file name, or a glob of names.
    pub file: Glob,
    /// Its format.
    pub format: ManifestFormat,
    /// The packages whose locked versions are read.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Keys that name the package; the first one that exists counts.
    #[serde(default)]
    pub name: Vec<String>,
    /// Keys with the version; the first one that exists counts.
    #[serde(default)]
    pub version: Vec<String>,
    /// Keys with the repository's URL; the first one that exists counts.
    #[serde(default)]
    pub repository: Vec<String>,
    /// Set if a package without a name key has the file's name, unless a file that is not read names it.
    #[serde(default)]
    pub named_by_file: bool,
    /// Keys that list the folders of further packages, as globs. A glob that starts with `!` excludes folders.
    #[serde(default)]
    pub members: Vec<String>,
    /// Keys that list folders, as globs, which are no members.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Keys that list the manifests of further packages.
    #[serde(default)]
    pub member_files: Vec<String>,
    /// How values are inherited from the workspace.
    pub inherit: Option<Inherit>,
    /// The file in a folder above whose values every manifest of this kind inherits.
    pub inherits_from: Option<Glob>,
    /// Tests that show that the package is never published.
    #[serde(default)]
    pub private: Vec<PackageSign>,
    /// Tests that show that the version comes from git tags.
    #[serde(default)]
    pub tag_version: Vec<PackageSign>,
    /// Keys that turn provenance on or off.
    #[serde(default)]
    pub provenance: Vec<String>,
}

/// The value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestField<'m> {
    /// The key does not exist.
    Absent,
    /// The value and its place.
    Known(&'m str, Place),
    /// The value is not decided by the files; the place of the key or of the file.
    Unknown(Place),
}

/// One manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Its file.
    pub file: FileId,
    /// Its folder, relative to the project's root; empty for the root.
    pub folder: String,
    /// The file's name.
    pub name: String,
    /// Its kind.
    pub kind: Arc<ManifestKind>,
    /// Whether its folder is known only from a path in a workflow's text, so it may be unrelated to the project's packages.
    pub mentioned: bool,
    /// The folder of the workspace that lists it; its own folder if none does.
    pub workspace: String,
    /// Its text; `None` if it cannot be read.
    source: Option<SourceFile>,
    /// Its content, parsed at first use: an upload needs few of the manifests. `None` if it is invalid or a program.
    content: Arc<OnceLock<Option<ManifestValue>>>,
}

impl Manifest {
    /// Its content; `None` if it is invalid or a program.
    pub(crate) fn content(&self) -> Option<&ManifestValue> {
        let parse = || search::parse_kind(&self.kind, self.source.as_ref()?.text());
        self.content.get_or_init(parse).as_ref()
    }

    /// Whether its text has all words of a key. Without them it has no such key, and is not parsed.
    pub(crate) fn may_have(&self, key: &KeyWords<'_>) -> bool {
        let text = self.source.as_ref().map(SourceFile::text);
        text.is_none_or(|text| key.0.iter().all(|word| word.find(text.as_bytes()).is_some()))
    }

    /// Whether its text has a word, as a search before it is parsed.
    pub(crate) fn mentions(&self, word: &str) -> bool {
        let text = self.source.as_ref().map_or("", SourceFile::text);
        memmem::find(text.as_bytes(), word.as_bytes()).is_some()
    }

    /// The value of a key.
    #[must_use]
    pub fn field(&self, key: &str) -> ManifestField<'_> {
        self.read(key, ManifestValue::text)
    }

    /// The value of a key; a list with one item counts as that item.
    #[must_use]
    pub fn only(&self, key: &str) -> ManifestField<'_> {
        self.read(key, ManifestValue::only_text)
    }

    fn read(&self, key: &str, text: impl Fn(&ManifestValue) -> Option<&str>) -> ManifestField<'_> {
        match self.values(key) {
            Err(place) => ManifestField::Unknown(place),
            Ok(values) => {
                let Some(first) = values.first() else { return ManifestField::Absent };
                let place = self.place(first);
                match text(first) {
                    Some(known) if values.iter().all(|other| text(other) == Some(known)) => {
                        ManifestField::Known(known, place)
                    }
                    _ => ManifestField::Unknown(place),
                }
            }
        }
    }

    /// All values of a key.
    ///
    /// # Errors
    /// The start of the file, if it is invalid or a program.
    pub fn values(&self, key: &str) -> Result<Vec<&ManifestValue>, Place> {
        match self.content() {
            Some(content) => Ok(content.all(key)),
            None => Err(self.start()),
        }
    }

    /// Whether one of the values is a text that a test accepts.
    #[must_use]
    pub fn has_text(&self, test: impl Fn(&str) -> bool) -> bool {
        self.content().is_some_and(|content| content.has_text(test))
    }

    /// The value of the first of some keys that exists.
    #[must_use]
    pub fn first(&self, keys: &[String]) -> ManifestField<'_> {
        keys.iter()
            .map(|key| self.field(key))
            .find(|field| *field != ManifestField::Absent)
            .unwrap_or(ManifestField::Absent)
    }

    /// The place of the value that passes a test; `None` if there is none.
    #[must_use]
    pub fn place_of_sign(&self, sign: &PackageSign) -> Option<Place> {
        let values = self.values(&sign.key).ok()?;
        let holds = |value: &&&ManifestValue| {
            if sign.empty {
                return matches!(&value.content, ManifestContent::List(items) if items.is_empty());
            }
            if !sign.has.is_empty() {
                return value.items().iter().filter_map(ManifestValue::text).any(|text| begins_with(text, &sign.has));
            }
            if !sign.starts.is_empty() {
                return value
                    .text()
                    .is_some_and(|text| sign.starts.iter().any(|start| text.starts_with(start.as_str())));
            }
            sign.is.is_empty() || value.text().is_some_and(|text| sign.is.iter().any(|word| word == text))
        };
        values.iter().find(holds).map(|value| self.place(value))
    }

    /// Whether its package is never published.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.kind.private.iter().any(|sign| self.place_of_sign(sign).is_some())
    }

    /// The start of the file.
    #[must_use]
    pub const fn start(&self) -> Place {
        Place { file: self.file, span: crate::read::source::Span::at(0) }
    }

    /// The place of a value of this manifest.
    #[must_use]
    pub const fn place(&self, value: &ManifestValue) -> Place {
        Place { file: self.file, span: value.span }
    }
}

/// Whether a folder is another one or below it.
fn is_within(folder: &str, other: &str) -> bool {
    other.is_empty() || folder == other || folder.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a line of a text starts with one of some words.
fn begins_with(text: &str, words: &[String]) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace('_', "-");
    text.lines().map(plain).any(|line| {
        words.iter().any(|word| {
            let rest = line.strip_prefix(&plain(word));
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || "-.".contains(letter)))
        })
    })
}

/// The words of a key, to be searched in many manifests.
pub(crate) struct KeyWords<'k>(Vec<memmem::Finder<'k>>);

impl<'k> KeyWords<'k> {
    pub(crate) fn new(key: &'k str) -> Self {
        Self(key.split('.').map(|part| memmem::Finder::new(part.trim_start_matches(['@', '*']))).collect())
    }
}

/// All manifests of a project.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The manifests, those of the root first.
    pub list: Vec<Manifest>,
    /// The folders that were searched, sorted.
    folders: Vec<String>,
    /// Those of them that do not exist, sorted.
    missing: Vec<String>,
    /// Folders that a workspace lists and that do not exist, with the folder of the workspace.
    unbuilt: Vec<(String, String)>,
    /// The folders that the text of each workflow names.
    mentions: Vec<(FileId, String)>,
    /// Whether a limit was reached.
    truncated: bool,
}

impl Manifests {
    /// Whether every folder that could have a manifest was searched.
    #[must_use]
    pub const fn complete(&self) -> bool {
        !self.truncated
    }

    /// Whether these are the manifests of a project with the same files.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let place = |it: &Manifest| (it.file, it.mentioned, it.kind.clone());
        let folders = |it: &Manifest| [it.folder.clone(), it.name.clone(), it.workspace.clone()];
        self.list.iter().map(place).eq(other.list.iter().map(place))
            && self.list.iter().map(folders).eq(other.list.iter().map(folders))
            && self.folders == other.folders
            && self.missing == other.missing
            && self.unbuilt == other.unbuilt
            && self.mentions == other.mentions
            && self.truncated == other.truncated
    }

    /// The manifest with a file name in a folder.
    #[must_use]
    pub fn at(&self, folder: &str, name: &str) -> Option<&Manifest> {
        self.list.iter().find(|manifest| manifest.folder == folder && manifest.name == name)
    }

    /// The value of a key of a file in a folder. `None` if the folder was not searched.
    #[must_use]
    pub fn field(&self, folder: &str, name: &str, key: &str) -> Option<ManifestField<'_>> {
        match self.at(folder, name) {
            Some(manifest) => Some(manifest.field(key)),
            None => {
                self.folders.binary_search_by(|known| known.as_str().cmp(folder)).ok().map(|_| ManifestField::Absent)
            }
        }
    }

    /// Whether a folder was searched and exists.
    #[must_use]
    pub fn has_folder(&self, folder: &str) -> bool {
        let among = |list: &[String]| list.binary_search_by(|known| known.as_str().cmp(folder)).is_ok();
        among(&self.folders) && !among(&self.missing)
    }

    /// A folder that a workspace lists, but that does not exist: a build makes it.
    #[must_use]
    pub fn unbuilt(&self, workspace: &str) -> Option<&str> {
        self.unbuilt.iter().find(|(other, _)| other == workspace).map(|(_, folder)| folder.as_str())
    }

    /// Whether a manifest belongs to the root or its workspace, or the text of a workflow names its folder.
    #[must_use]
    pub fn concerns(&self, manifest: &Manifest, workflow: FileId) -> bool {
        let named = |(file, folder): &(FileId, String)| *file == workflow && *folder == manifest.folder;
        !manifest.mentioned || self.mentions.iter().any(named)
    }

    /// Whether the package of a manifest is never published, by the manifest itself or by what it inherits. `None` if unknown.
    #[must_use]
    pub fn is_private(&self, manifest: &Manifest) -> Option<bool> {
        if manifest.is_private() {
            return Some(true);
        }
        for sign in &manifest.kind.private {
            match self.above(manifest) {
                Some(above) if manifest.field(&sign.key) == ManifestField::Absent => match above.values(&sign.key) {
                    Err(_) => return None,
                    Ok(_) if above.place_of_sign(sign).is_some() => return Some(true),
                    Ok(values) if values.iter().any(|value| matches!(value.content, ManifestContent::Unknown)) => {
                        return None;
                    }
                    Ok(_) => {}
                },
                _ => {}
            }
            if let Some(inherit) = &manifest.kind.inherit
                && manifest.field(&format!("{}.{}", sign.key, inherit.marker)) != ManifestField::Absent
            {
                let under = PackageSign { key: format!("{}.{}", inherit.under, sign.key), ..sign.clone() };
                if self.workspace_of(manifest, inherit)?.place_of_sign(&under).is_some() {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// The files above a manifest whose values it inherits.
    fn all_above<'m>(&'m self, manifest: &'m Manifest) -> impl Iterator<Item = &'m Manifest> {
        let name = manifest.kind.inherits_from.as_ref();
        self.list.iter().filter(move |other| {
            name.is_some_and(|name| name.is_match(&other.name)) && is_within(&manifest.folder, &other.folder)
        })
    }

    /// The nearest of these files.
    fn above<'m>(&'m self, manifest: &'m Manifest) -> Option<&'m Manifest> {
        self.all_above(manifest).max_by_key(|other| other.folder.len())
    }

    /// The workspace's manifest from which a member inherits.
    fn workspace_of(&self, manifest: &Manifest, inherit: &Inherit) -> Option<&Manifest> {
        self.list.iter().find(|other| {
            other.kind == manifest.kind
                && other.folder != manifest.folder
                && is_within(&manifest.folder, &other.folder)
                && other.field(&inherit.under) != ManifestField::Absent
        })
    }

    /// The manifests of some kinds.
    pub fn of<'m>(&'m self, kinds: &[ManifestKind]) -> impl Iterator<Item = &'m Manifest> {
        self.list.iter().filter(|manifest| kinds.contains(&manifest.kind))
    }

    /// The repository's URL in a manifest, or inherited from its workspace.
    #[must_use]
    pub fn repository<'m>(&'m self, manifest: &'m Manifest) -> ManifestField<'m> {
        self.inherited(manifest, &manifest.kind.repository)
    }

    /// The name of the package of a manifest. If none of its keys exists, it may be the file's name.
    #[must_use]
    pub fn package<'m>(&'m self, manifest: &'m Manifest) -> ManifestField<'m> {
        let found = self.inherited(manifest, &manifest.kind.name);
        if !manifest.kind.named_by_file || matches!(found, ManifestField::Unknown(_)) || manifest.content().is_none() {
            return found;
        }
        let set_above = |other: &&Manifest| other.first(&manifest.kind.name) != ManifestField::Absent;
        // What is imported after the project's own settings replaces them.
        let replaced = self.all_above(manifest).filter(|other| other.name.ends_with(".targets")).find(set_above);
        match (found, replaced.or_else(|| self.all_above(manifest).find(set_above))) {
            (ManifestField::Absent, None) => {
                let stem = manifest.name.rsplit_once('.').map_or(manifest.name.as_str(), |(stem, _)| stem);
                ManifestField::Known(stem, manifest.start())
            }
            (ManifestField::Absent, Some(other)) => ManifestField::Unknown(other.start()),
            (found, _) => replaced.map_or(found, |other| ManifestField::Unknown(other.start())),
        }
    }

    /// The value of a key in a manifest, or inherited from its workspace; a list with one item counts as that item.
    #[must_use]
    pub fn value<'m>(&'m self, manifest: &'m Manifest, key: &str) -> ManifestField<'m> {
        self.inherited(manifest, &[key.to_owned()])
    }

    fn inherited<'m>(&'m self, manifest: &'m Manifest, keys: &[String]) -> ManifestField<'m> {
        let Some(inherit) = &manifest.kind.inherit else {
            return keys
                .iter()
                .map(|key| manifest.only(key))
                .find(|field| *field != ManifestField::Absent)
                .unwrap_or(ManifestField::Absent);
        };
        for key in keys {
            if manifest.field(&format!("{key}.{}", inherit.marker)) == ManifestField::Absent {
                match manifest.only(key) {
                    ManifestField::Absent => continue,
                    field => return field,
                }
            }
            let above = self.workspace_of(manifest, inherit);
            return above.map_or(ManifestField::Unknown(manifest.start()), |above| {
                above.only(&format!("{}.{key}", inherit.under))
            });
        }
        ManifestField::Absent
    }
}

#[cfg(test)]
mod tests;
