//! The version of the metadata in packages, which older actions cannot read.

use crate::read::manifest::{ManifestValue, Manifests};
use crate::read::source::Place;
use crate::trust::registry::{MetadataVersion, Registry, RegistrySet};
use crate::trust::upload::history::with_ancestors;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::trust::upload::version::{self, Version};
use crate::workflow::expression::Truth;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;

/// Package metadata that the uploading action, or an action before it, cannot read.
#[derive(Debug, Clone)]
pub struct UnreadMetadata<'a> {
    /// What data says about it.
    pub metadata: &'a MetadataVersion,
    /// The build backend that writes it.
    pub backend: &'a str,
    /// The place of the backend in the manifest.
    pub backend_place: Place,
    /// The action.
    pub reader: &'a str,
    /// Its first version that reads the metadata.
    pub minimum: &'a str,
    /// The place of the action.
    pub place: Place,
}

/// The first action that cannot read the metadata of the packages of an upload: in a job that it needs, or in its own job.
#[must_use]
pub fn unread<'a>(
    registries: &'a RegistrySet,
    registry: &'a Registry,
    site: &UploadSite<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<UnreadMetadata<'a>> {
    let own = &site.resolved;
    for metadata in &registry.metadata {
        let Some((backend, backend_place)) = writer(own.model.manifests?, metadata) else { continue };
        let jobs = with_ancestors(own.workflow, own.job);
        let before = jobs.iter().skip(1).flat_map(|job| steps(own.model, own.workflow, job));
        let here = steps(own.model, own.workflow, own.job).into_iter().filter(|step| step.position() <= own.position());
        for step in here.chain(before).filter(|step| step.context(context).reached() != Truth::No) {
            if let Some((reader, minimum)) = old_reader(registries, metadata, &step) {
                return Some(UnreadMetadata { metadata, backend, backend_place, reader, minimum, place: step.place() });
            }
        }
    }
    None
}

/// The backend that writes the metadata, if every package of the project is built with one that does or may.
fn writer<'a>(manifests: &Manifests, metadata: &'a MetadataVersion) -> Option<(&'a str, Place)> {
    let mut found = None;
    let named = manifests.list.iter().filter(|it| it.name == metadata.manifest && !it.mentioned);
    for manifest in named {
        let items = manifest.values(&metadata.key).ok()?;
        let items: Vec<&ManifestValue> = items.into_iter().flat_map(ManifestValue::items).collect();
        // A manifest without build requirements is no package of this kind.
        if items.is_empty() {
            continue;
        }
        let newest = items.iter().find_map(|item| {
            let text = item.text()?;
            let (backend, _) = metadata.writers.iter().find(|(name, since)| resolves_to(text, name, since))?;
            Some((backend.as_str(), manifest.place(item)))
        });
        found = found.or(Some(newest?));
    }
    found
}

/// Whether a requirement installs a version of a package that is not older than `since`: it has no upper limit and no exact version.
fn resolves_to(requirement: &str, name: &str, since: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace('_', "-");
    let end = requirement.find(|letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter));
    let (own, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
    if plain(own) != plain(name) || rest.contains(['@', '[', ';']) {
        return false;
    }
    let Some(since) = Version::parse(since) else { return false };
    rest.split(',').map(str::trim).filter(|limit| !limit.is_empty()).all(|limit| {
        let number = limit.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let exact = limit.starts_with("==") || limit.starts_with("~=");
        match Version::parse(number) {
            Some(version) if exact => !version.is_before(&since) && version.is_complete(),
            Some(_) => limit.starts_with('>'),
            None => false,
        }
    })
}

/// The action of a step, if its version is known to be older than the first that reads the metadata.
fn old_reader<'a>(
    registries: &RegistrySet,
    metadata: &'a MetadataVersion,
    step: &ResolvedStep<'_, '_>,
) -> Option<(&'a str, &'a str)> {
    let uses = step.step?.uses?;
    let name = action(uses.value());
    let (reader, minimum) = metadata.readers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let none = Default::default();
    let refs = version::refs(registries, name).unwrap_or(&none);
    let version = Version::parse(&version::action_version(refs, step.source(), uses)?)?;
    version.is_before(&Version::parse(minimum)?).then_some((reader.as_str(), minimum.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_requirements_resolve_to_the_newest_version() {
        for text in ["hatchling", "hatchling>=1.20", "Hatchling >= 1.5, > 1.4", "hatchling==1.32.1"] {
            assert!(resolves_to(text, "hatchling", "1.32"), "{text}");
        }
        for text in [
            "hatchling<1.32",
            "hatchling==1.27.0",
            "hatchling~=1.27",
            "hatch-vcs",
            "hatchling>=1.20,<2",
            "hatchling @ git+x",
        ] {
            assert!(!resolves_to(text, "hatchling", "1.32"), "{text}");
        }
    }
}
