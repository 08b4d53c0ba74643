//! The kinds of manifests of all registries, found by the name of a file.

use std::collections::HashMap;
use std::sync::Arc;

use crate::read::manifest::ManifestKind;

/// Kinds of manifests, each once.
#[derive(Debug, Clone, Default)]
pub struct ManifestKinds {
    list: Vec<Arc<ManifestKind>>,
    /// The positions of the kinds by their file name.
    by_name: HashMap<String, Vec<usize>>,
    /// The positions of the kinds whose file name is a glob.
    globs: Vec<usize>,
}

impl ManifestKinds {
    /// Every kind, in the order of the registries.
    pub fn iter(&self) -> impl Iterator<Item = &ManifestKind> {
        self.list.iter().map(Arc::as_ref)
    }

    /// The kinds of the manifests with a file name.
    pub(super) fn of_file(&self, name: &str) -> Vec<Arc<ManifestKind>> {
        let mut matching = self.by_name.get(name).cloned().unwrap_or_default();
        matching.extend(self.globs.iter().filter(|position| self.list[**position].file.is_match(name)));
        matching.sort_unstable();
        matching.into_iter().map(|position| Arc::clone(&self.list[position])).collect()
    }
}

impl<'k> FromIterator<&'k ManifestKind> for ManifestKinds {
    /// Collects kinds; equal ones of several registries count once.
    fn from_iter<I: IntoIterator<Item = &'k ManifestKind>>(kinds: I) -> Self {
        let mut all = Self::default();
        for kind in kinds {
            if all.iter().any(|known| known == kind) {
                continue;
            }
            let position = all.list.len();
            if kind.file.is_name() {
                all.by_name.entry(kind.file.as_str().to_owned()).or_default().push(position);
            } else {
                all.globs.push(position);
            }
            all.list.push(Arc::new(kind.clone()));
        }
        all
    }
}
