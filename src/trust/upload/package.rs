//! The name, repository and provenance in the manifests of the uploaded package.

use crate::read::manifest::{Manifest, ManifestField, Manifests};
use crate::read::project::github_repository;
use crate::read::source::Place;
use crate::trust::registry::{Registry, opaque};
use crate::workflow::expression::UnknownReason;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::Workflow;

/// A value of a manifest, compared with the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedValue {
    /// The value. `None` if the manifest does not have it.
    pub text: Option<String>,
    /// Its place, or that of the package's name.
    pub place: Place,
    /// The result of the comparison.
    pub likeness: Likeness,
}

/// The result of comparing two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The registry treats them as the same.
    Same,
    /// They differ by case alone.
    Case,
    /// They differ.
    Other,
}

impl Likeness {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Case => "case",
            Self::Other => "other",
        }
    }
}

/// The manifest that names a package; if none does, the first other name. `None` if a manifest with an unknown name may name it.
#[must_use]
pub fn name(manifests: &Manifests, registry: &Registry, package: &str) -> Option<ComparedValue> {
    let mut other = None;
    let mut unknown = !manifests.complete();
    for manifest in manifests.of(&registry.manifests) {
        match manifests.package(manifest) {
            ManifestField::Known(text, place) if registry.names.same(text, package) => {
                return Some(ComparedValue { text: Some(text.to_owned()), place, likeness: Likeness::Same });
            }
            ManifestField::Known(text, place) if !manifest.mentioned && !manifest.is_private() => {
                other = other.or(Some(ComparedValue { text: Some(text.to_owned()), place, likeness: Likeness::Other }));
            }
            ManifestField::Unknown(_) => unknown = true,
            ManifestField::Absent if manifest.kind.named_by_file && !manifest.is_private() => unknown = true,
            ManifestField::Known(..) | ManifestField::Absent => {}
        }
    }
    other.filter(|_| !unknown)
}

/// The package, if the project's manifests name exactly one.
///
/// # Errors
/// Why it is unknown: none, several, or a name that only a build computes.
pub fn only<'m>(manifests: &'m Manifests, registry: &'m Registry) -> Result<(&'m str, Place), UnknownReason> {
    let mut found: Vec<(&str, Place)> = Vec::new();
    for manifest in manifests.of(&registry.manifests).filter(|manifest| !manifest.is_private()) {
        match manifests.package(manifest) {
            ManifestField::Absent if manifest.kind.named_by_file => {
                return Err(UnknownReason::new(format!("`{}` does not name its package", manifest.name)));
            }
            ManifestField::Absent => {}
            ManifestField::Known(text, place) if found.iter().all(|(known, _)| !registry.names.same(text, known)) => {
                found.push((text, place));
            }
            ManifestField::Known(..) => {}
            ManifestField::Unknown(_) => {
                return Err(UnknownReason::new(format!("the name in `{}` is computed at build time", manifest.name)));
            }
        }
    }
    match found.as_slice() {
        [one] if manifests.complete() => Ok(*one),
        [_] => Err(UnknownReason::new("there are more manifests than are read")),
        [] => Err(UnknownReason::new("no manifest names it")),
        [(first, _), (second, _), rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Err(UnknownReason::new(format!("the manifests name several packages: `{first}`, `{second}`{more}")))
        }
    }
}

/// The package that a manifest in a folder names.
///
/// # Errors
/// Why it is unknown.
pub fn within<'m>(
    manifests: &'m Manifests,
    registry: &'m Registry,
    folder: &str,
) -> Result<(&'m str, Place), UnknownReason> {
    let mut here = manifests.of(&registry.manifests).filter(|manifest| manifest.folder == folder);
    let named = here.find_map(|manifest| match manifests.package(manifest) {
        ManifestField::Known(text, place) => Some((text, place)),
        ManifestField::Unknown(_) | ManifestField::Absent => None,
    });
    named.ok_or_else(|| UnknownReason::new(format!("no manifest in `{folder}` names it")))
}

/// Whether the scripts of a workflow may change manifests, or run in folders that only the run decides.
#[must_use]
pub fn may_change(github: &GitHubFacts, registry: &Registry, workflow: &Workflow<'_>) -> bool {
    let steps = || workflow.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let mut folders = steps().filter_map(|(job, step)| workflow.folder_of(job, step));
    let changes = |(job, step)| opaque::in_step(github, workflow, job, step, &registry.names.opaque).is_some();
    folders.any(|folder| folder.value().contains("${{")) || steps().any(changes)
}

/// The repository address in the manifests of the packages that may be uploaded: the first if all differ from `own`, which is
/// `owner/name`. Without `own` only a missing address is reported. With `folder` only the manifest in that folder counts. `None` if one of
/// them is unknown.
#[must_use]
pub fn repository(
    manifests: &Manifests,
    registry: &Registry,
    own: Option<&str>,
    folder: Option<&str>,
) -> Option<ComparedValue> {
    let mut first = None;
    let named = |manifest: &&Manifest| {
        let here = folder.is_none_or(|folder| manifest.folder == folder);
        here && !manifest.is_private() && manifests.package(manifest) != ManifestField::Absent
    };
    for manifest in manifests.of(&registry.manifests).filter(named) {
        let value = match manifests.repository(manifest) {
            ManifestField::Unknown(_) => return None,
            ManifestField::Absent => {
                let place = match manifests.package(manifest) {
                    ManifestField::Known(_, place) | ManifestField::Unknown(place) => place,
                    ManifestField::Absent => manifest.start(),
                };
                ComparedValue { text: None, place, likeness: Likeness::Other }
            }
            ManifestField::Known(text, place) if text.trim().is_empty() => {
                ComparedValue { text: None, place, likeness: Likeness::Other }
            }
            ManifestField::Known(text, place) => ComparedValue {
                text: Some(text.to_owned()),
                place,
                likeness: likeness(repository_of(text).as_deref(), own?),
            },
        };
        if value.likeness == Likeness::Same {
            return Some(value);
        }
        first = first.or(Some(value));
    }
    first.filter(|_| manifests.complete())
}

fn likeness(repository: Option<&str>, own: &str) -> Likeness {
    match repository {
        Some(repository) if repository == own => Likeness::Same,
        Some(repository) if repository.eq_ignore_ascii_case(own) => Likeness::Case,
        _ => Likeness::Other,
    }
}

/// `owner/name` of a GitHub address, or of npm's short form.
fn repository_of(text: &str) -> Option<String> {
    let text = text.trim();
    let short = text.strip_prefix("github:").unwrap_or(text);
    let is_short = short.matches('/').count() == 1 && !short.contains([':', '@', '#']);
    if is_short { Some(short.to_owned()) } else { github_repository(text) }
}

/// The provenance setting of the manifests. `Some(None)` if none has it, `None` if they differ or are unknown.
#[must_use]
pub fn provenance(manifests: &Manifests, registry: &Registry) -> Option<Option<bool>> {
    let mut found = None;
    for manifest in manifests.of(&registry.manifests).filter(|manifest| !manifest.is_private()) {
        let flag = match manifest.first(&manifest.kind.provenance) {
            ManifestField::Absent => continue,
            ManifestField::Known("true", _) => true,
            ManifestField::Known("false", _) => false,
            ManifestField::Known(..) | ManifestField::Unknown(_) => return None,
        };
        if found.is_some_and(|other| other != flag) {
            return None;
        }
        found = Some(flag);
    }
    Some(found)
}

/// The place in a manifest that takes the version from git tags.
#[must_use]
pub fn version_from_tags(manifests: &Manifests, registry: &Registry) -> Option<Place> {
    let own = manifests.of(&registry.manifests).filter(|manifest| !manifest.mentioned);
    own.flat_map(|manifest| manifest.kind.tag_version.iter().filter_map(|sign| manifest.place_of_sign(sign))).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_addresses_are_compared_in_every_spelling() {
        for text in [
            "acme/demo",
            "github:acme/demo",
            "git+https://github.com/acme/demo.git",
            "https://github.com/acme/demo",
            "git@github.com:acme/demo.git",
        ] {
            assert_eq!(likeness(repository_of(text).as_deref(), "acme/demo"), Likeness::Same, "{text}");
        }
        assert_eq!(likeness(repository_of("https://github.com/Acme/demo").as_deref(), "acme/demo"), Likeness::Case);
        for text in ["https://gitlab.com/acme/demo", "https://github.com/acme/demo/tree/main/packages/a", "acme"] {
            assert_eq!(likeness(repository_of(text).as_deref(), "acme/demo"), Likeness::Other, "{text}");
        }
    }
}
