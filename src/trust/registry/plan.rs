//! Decides from the configuration files of a release tool whether it uploads, and which package: whether its list of plugins contains the
//! uploading one, and with which options. A configuration that is a program, or extends another one, is undecided.

use serde::Deserialize;

use crate::read::manifest::{Manifest, ManifestValue, Manifests, ProjectSetting};
use crate::read::path;

/// How a release tool is configured. It uploads the package of its working directory, unless that is private.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishPlan {
    /// The manifest, which must exist.
    pub package: String,
    /// The plugin that uploads, as an item of a list.
    pub plugin: String,
    /// The places of that list. If there is none, the tool's default list contains the plugin.
    pub lists: Vec<ProjectSetting>,
    /// The option of the plugin that turns the upload off if it is `false`.
    #[serde(default)]
    pub switch: String,
    /// The option of the plugin with the folder of the package.
    #[serde(default)]
    pub folder: String,
    /// Settings that make other files decide.
    #[serde(default)]
    pub opaque: Vec<ProjectSetting>,
    /// Flags of the command that override the settings.
    #[serde(default)]
    pub flags: Vec<String>,
}

/// What the files of the project make a release tool do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanAnswer {
    /// It uploads the package of this folder.
    Uploads(String),
    /// It uploads nothing.
    Nothing,
    /// The files do not decide it.
    Unknown,
}

impl PublishPlan {
    /// What the files of a folder make the tool do.
    #[must_use]
    pub fn answer(&self, manifests: &Manifests, folder: &str) -> PlanAnswer {
        let here: Vec<&Manifest> = manifests.list.iter().filter(|manifest| manifest.folder == folder).collect();
        let package = here.iter().find(|manifest| manifest.name == self.package && !manifest.mentioned);
        let Some(package) = package.filter(|package| package.values("").is_ok()) else { return PlanAnswer::Unknown };
        if here.iter().any(|manifest| self.opaque.iter().any(|setting| setting.exists_in(manifest))) {
            return PlanAnswer::Unknown;
        }
        let settings = here.iter().flat_map(|manifest| self.lists.iter().map(|setting| setting.in_file(manifest)));
        let Some(lists) = settings.collect::<Option<Vec<_>>>() else { return PlanAnswer::Unknown };
        let lists: Vec<&ManifestValue> = lists.into_iter().flatten().collect();
        let mut root = folder.to_owned();
        for list in &lists {
            let Some(plugin) = list.items().iter().find(|item| item.is_plugin(&self.plugin)) else {
                return PlanAnswer::Nothing;
            };
            // A plugin with options is a list of its name and a table.
            let options = plugin.text().map_or(plugin.items().get(1), |_| None);
            let Some(options) = options else { continue };
            let option = |key: &str| options.all(key).into_iter().next();
            match option(&self.switch).map(ManifestValue::text) {
                Some(Some("false")) => return PlanAnswer::Nothing,
                Some(None) => return PlanAnswer::Unknown,
                _ => {}
            }
            match option(&self.folder).map(ManifestValue::text) {
                Some(Some(own)) => match path::resolve(folder, own) {
                    Some(own) => root = own,
                    None => return PlanAnswer::Unknown,
                },
                Some(None) => return PlanAnswer::Unknown,
                None => {}
            }
        }
        if root == folder && package.is_private() { PlanAnswer::Nothing } else { PlanAnswer::Uploads(root) }
    }
}
