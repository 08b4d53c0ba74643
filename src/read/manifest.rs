//! Manifests: the files that name a package and say how it is published. Which files those are and which keys count is data;
//! it never asks what a registry makes of them.

mod ini;
mod ruby;
mod search;
mod solution;
mod toml;
mod tree;
mod value;
mod xml;

use serde::Deserialize;

use crate::read::glob::Glob;
pub use crate::read::manifest::search::{clean, gather};
pub use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::{FileId, Place};

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestFormat {
    /// TOML.
    Toml,
    /// JSON, with comments or without.
    Json,
    /// YAML.
    Yaml,
    /// Lines `key = value`, under `[sections]` or not.
    Ini,
    /// XML; an attribute is a key that begins with `@`.
    Xml,
    /// A Ruby program that assigns texts to attributes.
    Ruby,
    /// A solution of Visual Studio: its projects are a list under `Project`.
    Solution,
    /// A program: its being there is all that can be known.
    Program,
}

/// A key and what it must hold; with neither `is` nor `has` it is enough that it is there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageSign {
    /// The key, its parts joined by dots.
    pub key: String,
    /// The word that it holds.
    #[serde(default)]
    pub is: Vec<String>,
    /// What some item of its list, or a line of its text, begins with as a whole word; case and `_` for `-` do not count.
    #[serde(default)]
    pub has: Vec<String>,
}

/// How a member of a workspace takes a value from the workspace's own manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inherit {
    /// The key that stands in place of the value, set to `true`.
    pub marker: String,
    /// What the key is put under in the workspace's manifest.
    pub under: String,
}

/// A kind of manifest: one line of a registry's `manifests`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManifestKind {
    /// The file's name, or a glob of names.
    pub file: Glob,
    /// How it is written.
    pub format: ManifestFormat,
    /// Keys that name the package, the first that is there counts.
    #[serde(default)]
    pub name: Vec<String>,
    /// Keys that hold the repository's address, the first that is there counts.
    #[serde(default)]
    pub repository: Vec<String>,
    /// Set where a package that no key names is called as its file is, unless something unseen names it.
    #[serde(default)]
    pub named_by_file: bool,
    /// Keys that list the folders of further packages, as globs.
    #[serde(default)]
    pub members: Vec<String>,
    /// Keys that list the manifests of further packages.
    #[serde(default)]
    pub member_files: Vec<String>,
    /// How values are taken from the workspace.
    pub inherit: Option<Inherit>,
    /// What means that the package is never published.
    #[serde(default)]
    pub private: Vec<PackageSign>,
    /// What means that its version comes from the git tags.
    #[serde(default)]
    pub tag_version: Vec<PackageSign>,
    /// Keys that switch provenance on or off.
    #[serde(default)]
    pub provenance: Vec<String>,
}

/// A value that was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManifestField<'m> {
    /// Nothing stands there.
    Absent,
    /// This text, and where.
    Known(&'m str, Place),
    /// Something that the files do not tell, and where.
    Open(Place),
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
    /// What kind it is.
    pub kind: ManifestKind,
    /// Whether only a workflow's text led to its folder: it may belong to anything.
    pub mentioned: bool,
    /// What it holds; `None` when it does not parse or is a program.
    content: Option<ManifestValue>,
}

impl Manifest {
    /// What stands under a key.
    #[must_use]
    pub fn field(&self, key: &str) -> ManifestField<'_> {
        self.read(key, ManifestValue::text)
    }

    /// What stands under a key; of a list with one item, that item.
    #[must_use]
    pub fn only(&self, key: &str) -> ManifestField<'_> {
        self.read(key, ManifestValue::only_text)
    }

    fn read(&self, key: &str, text: impl Fn(&ManifestValue) -> Option<&str>) -> ManifestField<'_> {
        match self.values(key) {
            Err(place) => ManifestField::Open(place),
            Ok(values) => {
                let Some(first) = values.first() else { return ManifestField::Absent };
                let place = self.place(first);
                match text(first) {
                    Some(known) if values.iter().all(|other| text(other) == Some(known)) => {
                        ManifestField::Known(known, place)
                    }
                    _ => ManifestField::Open(place),
                }
            }
        }
    }

    /// Every value under a key, or the place of the file when nothing can be known of it.
    ///
    /// # Errors
    /// The beginning of the file, when it does not parse.
    pub fn values(&self, key: &str) -> Result<Vec<&ManifestValue>, Place> {
        match &self.content {
            Some(content) => Ok(content.all(key)),
            None => Err(self.start()),
        }
    }

    /// What stands under the first of some keys that is there.
    #[must_use]
    pub fn first(&self, keys: &[String]) -> ManifestField<'_> {
        keys.iter()
            .map(|key| self.field(key))
            .find(|field| *field != ManifestField::Absent)
            .unwrap_or(ManifestField::Absent)
    }

    /// Whether a sign holds; `None` when the file does not tell.
    #[must_use]
    pub fn shows(&self, sign: &PackageSign) -> Option<Place> {
        let values = self.values(&sign.key).ok()?;
        let holds = |value: &&&ManifestValue| {
            if !sign.has.is_empty() {
                return value.items().iter().filter_map(ManifestValue::text).any(|text| begins_with(text, &sign.has));
            }
            sign.is.is_empty() || value.text().is_some_and(|text| sign.is.iter().any(|word| word == text))
        };
        values.iter().find(holds).map(|value| self.place(value))
    }

    /// Whether it says that its package is never published.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.kind.private.iter().any(|sign| self.shows(sign).is_some())
    }

    /// Where the file begins.
    #[must_use]
    pub const fn start(&self) -> Place {
        Place { file: self.file, span: crate::read::source::Span::at(0) }
    }

    /// Where a value of it stands.
    #[must_use]
    pub const fn place(&self, value: &ManifestValue) -> Place {
        Place { file: self.file, span: value.span }
    }
}

/// Whether a line of a text begins with one of some words.
fn begins_with(text: &str, words: &[String]) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace('_', "-");
    text.lines().map(plain).any(|line| {
        words.iter().any(|word| {
            let rest = line.strip_prefix(&plain(word));
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || "-.".contains(letter)))
        })
    })
}

/// All manifests of a project.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The manifests, those of the root first.
    pub list: Vec<Manifest>,
    /// The folders that were looked into, sorted.
    folders: Vec<String>,
    /// Whether there were more than a project has.
    cut: bool,
}

impl Manifests {
    /// Whether everything that could hold a manifest was looked into.
    #[must_use]
    pub const fn complete(&self) -> bool {
        !self.cut
    }

    /// The manifest of a name in a folder.
    #[must_use]
    pub fn at(&self, folder: &str, name: &str) -> Option<&Manifest> {
        self.list.iter().find(|manifest| manifest.folder == folder && manifest.name == name)
    }

    /// What a file in a folder has under a key. `None` when nobody has looked into that folder.
    #[must_use]
    pub fn field(&self, folder: &str, name: &str, key: &str) -> Option<ManifestField<'_>> {
        match self.at(folder, name) {
            Some(manifest) => Some(manifest.field(key)),
            None => {
                self.folders.binary_search_by(|known| known.as_str().cmp(folder)).ok().map(|_| ManifestField::Absent)
            }
        }
    }

    /// The manifests of some kinds.
    pub fn of<'m>(&'m self, kinds: &'m [ManifestKind]) -> impl Iterator<Item = &'m Manifest> {
        self.list.iter().filter(|manifest| kinds.contains(&manifest.kind))
    }

    /// The address of the repository that a manifest gives, by itself or through its workspace.
    #[must_use]
    pub fn repository<'m>(&'m self, manifest: &'m Manifest) -> ManifestField<'m> {
        self.inherited(manifest, &manifest.kind.repository)
    }

    /// The package that a manifest names.
    #[must_use]
    pub fn package<'m>(&'m self, manifest: &'m Manifest) -> ManifestField<'m> {
        self.inherited(manifest, &manifest.kind.name)
    }

    /// What a manifest has under a key, by itself or through its workspace; of a list with one item, that item.
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
            let above = self.list.iter().find(|other| {
                other.kind == manifest.kind
                    && other.folder != manifest.folder
                    && (other.folder.is_empty() || manifest.folder.starts_with(&format!("{}/", other.folder)))
                    && other.field(&inherit.under) != ManifestField::Absent
            });
            return above.map_or(ManifestField::Open(manifest.start()), |above| {
                above.only(&format!("{}.{key}", inherit.under))
            });
        }
        ManifestField::Absent
    }
}

#[cfg(test)]
mod tests;
