//! What the settings of a release tool have it do: whether its list of plugins holds the one that uploads. It reads no program, and
//! takes nothing for granted that a program or another package may say.

use serde::Deserialize;

use crate::read::glob::Glob;
use crate::read::manifest::{Manifest, ManifestValue, Manifests};

/// How a release tool is told what to do. It uploads the package of the folder that it runs in, unless that is private.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPlan {
    /// The file of the package, which must be there.
    pub package: String,
    /// What uploads, as an item of a list.
    pub plugin: String,
    /// Where that list may stand. Where none stands, the tool has a list of its own, with the item in it.
    pub lists: Vec<PlanSetting>,
    /// Settings with which other files have a say.
    #[serde(default)]
    pub opaque: Vec<PlanSetting>,
    /// Flags of the command with which others have a say.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// A key of a file, or the whole of a file.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSetting {
    /// The file's name, or a glob of names.
    pub file: Glob,
    /// The key, its parts joined by dots; left out where the file alone counts.
    #[serde(default)]
    pub key: String,
}

impl PlanSetting {
    /// What stands there in a file; `None` where nobody can read it.
    fn in_file<'m>(&self, manifest: &'m Manifest) -> Option<Vec<&'m ManifestValue>> {
        if self.file.is_match(&manifest.name) { manifest.values(&self.key).ok() } else { Some(Vec::new()) }
    }

    fn is_there(&self, manifest: &Manifest) -> bool {
        let named = self.file.is_match(&manifest.name);
        named && (self.key.is_empty() || self.in_file(manifest).is_none_or(|values| !values.is_empty()))
    }
}

impl PublishPlan {
    /// Whether the files of a folder are known to have the tool upload.
    #[must_use]
    pub fn uploads(&self, manifests: &Manifests, folder: &str) -> bool {
        let here: Vec<&Manifest> = manifests.list.iter().filter(|manifest| manifest.folder == folder).collect();
        let package = here.iter().find(|manifest| manifest.name == self.package && !manifest.mentioned);
        let published = package.is_some_and(|package| package.values("").is_ok() && !package.is_private());
        let others = here.iter().any(|manifest| self.opaque.iter().any(|setting| setting.is_there(manifest)));
        if !published || others {
            return false;
        }
        let settings = here.iter().flat_map(|manifest| self.lists.iter().map(|setting| setting.in_file(manifest)));
        let Some(lists) = settings.collect::<Option<Vec<_>>>() else { return false };
        let mut lists = lists.into_iter().flatten().peekable();
        // An item with settings of its own is a list, and they may keep it from uploading.
        lists.peek().is_none() || lists.all(|list| list.items().iter().any(|item| item.text() == Some(&self.plugin)))
    }
}
