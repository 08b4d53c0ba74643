//! Decides from the configuration files of a release tool whether it uploads: whether its list of plugins contains the uploading one.
//! A configuration that is a program, or extends another one, is undecided.

use serde::Deserialize;

use crate::read::glob::Glob;
use crate::read::manifest::{Manifest, ManifestValue, Manifests};

/// How a release tool is configured. It uploads the package of its working directory, unless that is private.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPlan {
    /// The manifest, which must exist.
    pub package: String,
    /// The plugin that uploads, as an item of a list.
    pub plugin: String,
    /// The places of that list. If there is none, the tool's default list contains the plugin.
    pub lists: Vec<PlanSetting>,
    /// Settings that make other files decide.
    #[serde(default)]
    pub opaque: Vec<PlanSetting>,
    /// Flags of the command that override the settings.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// A key of a file, or a whole file.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSetting {
    /// The name of the file, or a glob.
    pub file: Glob,
    /// The dotted key; without it, the existence of the file counts.
    #[serde(default)]
    pub key: String,
}

impl PlanSetting {
    /// The values at the key of a file; `None` if the file cannot be parsed.
    fn in_file<'m>(&self, manifest: &'m Manifest) -> Option<Vec<&'m ManifestValue>> {
        if self.file.is_match(&manifest.name) { manifest.values(&self.key).ok() } else { Some(Vec::new()) }
    }

    fn exists_in(&self, manifest: &Manifest) -> bool {
        let named = self.file.is_match(&manifest.name);
        named && (self.key.is_empty() || self.in_file(manifest).is_none_or(|values| !values.is_empty()))
    }
}

impl PublishPlan {
    /// Whether the files of a folder are known to make the tool upload.
    #[must_use]
    pub fn uploads(&self, manifests: &Manifests, folder: &str) -> bool {
        let here: Vec<&Manifest> = manifests.list.iter().filter(|manifest| manifest.folder == folder).collect();
        let package = here.iter().find(|manifest| manifest.name == self.package && !manifest.mentioned);
        let published = package.is_some_and(|package| package.values("").is_ok() && !package.is_private());
        let others = here.iter().any(|manifest| self.opaque.iter().any(|setting| setting.exists_in(manifest)));
        if !published || others {
            return false;
        }
        let settings = here.iter().flat_map(|manifest| self.lists.iter().map(|setting| setting.in_file(manifest)));
        let Some(lists) = settings.collect::<Option<Vec<_>>>() else { return false };
        let mut lists = lists.into_iter().flatten().peekable();
        // A plugin with options is a list, and its options may turn the upload off.
        lists.peek().is_none() || lists.all(|list| list.items().iter().any(|item| item.text() == Some(&self.plugin)))
    }
}
