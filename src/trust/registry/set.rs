//! All registries together: what one takes from another, and which one an address, a name or a client belongs to. It knows no file.

use std::collections::{BTreeSet, HashMap};

use crate::read::manifest;
use crate::trust::registry::upload_pattern::{ClientVersions, LoginPattern, UploadPattern};
use crate::trust::registry::vocabulary::Vocabulary;
use crate::trust::registry::{Registry, RegistryExamples};

/// All registries, by id.
#[derive(Debug, Clone, Default)]
pub struct RegistrySet {
    list: Vec<Registry>,
    /// The files that only add to a registry.
    added: Vec<Registry>,
    /// The words of the uploads that are commands.
    vocabulary: Vocabulary,
    /// The uploads that are actions or called workflows, by their names in lower case: each as the positions of its registry and its own.
    by_name: HashMap<String, Vec<(usize, usize)>>,
}

impl RegistrySet {
    /// Puts registries together: `like` is followed once, so that a registry may be like one that stands on its own, and what
    /// `extends` a registry is added to it.
    ///
    /// # Errors
    /// Names the registry whose `like` is not there.
    pub fn new(list: Vec<Registry>) -> Result<Self, String> {
        let (added, mut list): (Vec<_>, Vec<_>) = list.into_iter().partition(|registry| registry.extends.is_some());
        let originals = list.clone();
        for registry in &mut list {
            let Some(like) = &registry.like else { continue };
            let base = originals.iter().find(|other| other.id == *like && other.like.is_none());
            let base =
                base.ok_or_else(|| format!("registry `{}` is like `{like}`, which is no registry", registry.id))?;
            inherit(registry, base);
        }
        for file in &added {
            let base = list.iter_mut().find(|registry| Some(&registry.id) == file.extends.as_ref());
            // What a user describes comes first: it is nearer to the workflow than what everybody has.
            base.into_iter().for_each(|base| drop(base.uploads.splice(0..0, file.uploads.iter().cloned())));
        }
        list.sort_by(|left, right| left.id.cmp(&right.id));
        let uploads = list.iter().flat_map(|registry| &registry.uploads);
        let vocabulary = Vocabulary::new(uploads.map(UploadPattern::spellings));
        let mut by_name: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (position, registry) in list.iter().enumerate() {
            for (own, pattern) in registry.uploads.iter().enumerate() {
                let names: BTreeSet<String> = pattern.names().map(|name| name.to_lowercase()).collect();
                names.into_iter().for_each(|name| by_name.entry(name).or_default().push((position, own)));
            }
        }
        Ok(Self { list, added, vocabulary, by_name })
    }

    /// Every registry, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.list.iter()
    }

    /// Every file's id with the registry that it describes or adds to, and its examples.
    pub fn examples(&self) -> impl Iterator<Item = (&str, &Registry, &RegistryExamples)> {
        let own = self.list.iter().map(|registry| (registry.id.as_str(), registry, &registry.examples));
        let added = self
            .added
            .iter()
            .filter_map(|file| Some((file.id.as_str(), self.get(file.extends.as_deref()?)?, &file.examples)));
        own.chain(added)
    }

    /// A registry by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.id == id)
    }

    /// The registry that takes uploads at an address.
    #[must_use]
    pub fn at(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.takes_uploads_at(url))
    }

    /// The registry that an address belongs to although it takes no uploads there.
    #[must_use]
    pub fn beside(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.refuses_uploads_at(url))
    }

    /// The registry that clients call so.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.endpoints.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Every kind of manifest that some registry reads.
    pub fn manifests(&self) -> impl Iterator<Item = &manifest::ManifestKind> {
        self.list.iter().flat_map(|registry| &registry.manifests)
    }

    /// Every upload that some registry describes, with that registry.
    pub fn uploads(&self) -> impl Iterator<Item = (&Registry, &UploadPattern)> {
        self.list.iter().flat_map(|registry| registry.uploads.iter().map(move |pattern| (registry, pattern)))
    }

    /// The uploads by an action or a called workflow of a name, with their registries.
    pub fn uploads_of(&self, name: &str) -> impl Iterator<Item = (&Registry, &UploadPattern)> {
        let found = self.by_name.get(&name.to_lowercase());
        found.into_iter().flatten().filter_map(|(registry, pattern)| {
            let registry = self.list.get(*registry)?;
            Some((registry, registry.uploads.get(*pattern)?))
        })
    }

    /// The uploads whose commands a script can hold, by its words, with their registries.
    #[must_use]
    pub fn uploads_in(&self, script: &str) -> Vec<(&Registry, &UploadPattern)> {
        let commands_in = self.vocabulary.commands_in(script);
        if commands_in.is_empty() {
            return Vec::new();
        }
        let uploads = self.uploads().enumerate().filter(|(position, _)| commands_in.contains(position));
        uploads.map(|(_, pattern)| pattern).collect()
    }

    /// Every login that some registry describes, with its registry.
    pub fn logins(&self) -> impl Iterator<Item = (&Registry, &LoginPattern)> {
        self.list.iter().flat_map(|registry| registry.logins.iter().map(move |login| (registry, login)))
    }

    /// A client's versions by the name that uploads use.
    #[must_use]
    pub fn client(&self, name: &str) -> Option<&ClientVersions> {
        self.list.iter().find_map(|registry| registry.clients.get(name))
    }
}

fn inherit(registry: &mut Registry, base: &Registry) {
    if registry.record.is_empty() {
        registry.record.clone_from(&base.record);
    }
    if registry.events.refused.is_empty() && registry.events.allowed.is_empty() {
        registry.events = base.events.clone();
    }
    if registry.errors.is_empty() {
        registry.errors.clone_from(&base.errors);
    }
    if registry.set_up.first_release.is_empty() {
        registry.set_up.first_release.clone_from(&base.set_up.first_release);
    }
    if registry.manifests.is_empty() {
        registry.manifests.clone_from(&base.manifests);
        registry.names = base.names.clone();
        registry.builds = base.builds.clone();
    }
    registry.claims = base.claims.clone();
}
