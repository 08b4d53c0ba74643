//! What the manifests say of the package that is uploaded, compared with its record and its repository. It reads no file.

use crate::read::manifest::{Manifest, ManifestField, Manifests};
use crate::read::project::github_repository;
use crate::read::source::Place;
use crate::trust::registry::Registry;
use crate::workflow::expression::UnknownReason;
use crate::workflow::model::Workflow;

/// A manifest's word for something, and whether it is the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestWord {
    /// What the manifest says; nothing if it says nothing.
    pub text: Option<String>,
    /// Where.
    pub place: Place,
    /// How it compares.
    pub likeness: Likeness,
}

/// How two words compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// They are the same to the registry.
    Same,
    /// They differ by case alone.
    Case,
    /// They differ.
    Other,
}

impl Likeness {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Case => "case",
            Self::Other => "other",
        }
    }
}

/// The name that the project's manifests give to a package: its own if any of them has it, else that of the first. `None` where a
/// manifest that is not known may have it.
#[must_use]
pub fn name(manifests: &Manifests, registry: &Registry, package: &str) -> Option<ManifestWord> {
    let mut other = None;
    let mut open = !manifests.complete();
    for manifest in manifests.of(&registry.manifests) {
        match manifests.package(manifest) {
            ManifestField::Known(text, place) if registry.names.same(text, package) => {
                return Some(ManifestWord { text: Some(text.to_owned()), place, likeness: Likeness::Same });
            }
            ManifestField::Known(text, place) if !manifest.mentioned && !manifest.is_private() => {
                other = other.or(Some(ManifestWord { text: Some(text.to_owned()), place, likeness: Likeness::Other }));
            }
            ManifestField::Open(_) => open = true,
            ManifestField::Absent if manifest.kind.named_by_file && !manifest.is_private() => open = true,
            ManifestField::Known(..) | ManifestField::Absent => {}
        }
    }
    other.filter(|_| !open)
}

/// The only package that the project's manifests name, and where.
///
/// # Errors
/// Why it is not known: there is none, there are several, or one that only a build names.
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
            ManifestField::Open(_) => {
                return Err(UnknownReason::new(format!("only a build knows the name in `{}`", manifest.name)));
            }
        }
    }
    match found.as_slice() {
        [one] if manifests.complete() => Ok(*one),
        [_] => Err(UnknownReason::new("there are more files that may name it than are read")),
        [] => Err(UnknownReason::new("no file that is read here names it")),
        [(first, _), (second, _), rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Err(UnknownReason::new(format!("files name several: `{first}`, `{second}`{more}")))
        }
    }
}

/// The package that a manifest in a folder names, and where.
///
/// # Errors
/// Why it is not known.
pub fn within<'m>(
    manifests: &'m Manifests,
    registry: &'m Registry,
    folder: &str,
) -> Result<(&'m str, Place), UnknownReason> {
    let mut here = manifests.of(&registry.manifests).filter(|manifest| manifest.folder == folder);
    let named = here.find_map(|manifest| match manifests.package(manifest) {
        ManifestField::Known(text, place) => Some((text, place)),
        ManifestField::Open(_) | ManifestField::Absent => None,
    });
    named.ok_or_else(|| UnknownReason::new(format!("no file in `{folder}` names it")))
}

/// Whether a workflow's scripts may change manifests, or go to folders that only the run knows.
#[must_use]
pub fn may_change(registry: &Registry, workflow: &Workflow<'_>) -> bool {
    let steps = || workflow.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let mut folders = steps().filter_map(|(job, step)| workflow.folder_of(job, step));
    let words = &registry.names.opaque;
    folders.any(|folder| folder.value().contains("${{"))
        || steps()
            .filter_map(|(_, step)| step.script)
            .any(|run| words.iter().any(|word| run.value().contains(word.as_str())))
}

/// The address of the repository in the manifests of the packages that may be uploaded: what the first says if all differ from `own`,
/// which is `owner/name`. Without `own` only their silence counts. `None` where one of them is not known.
#[must_use]
pub fn repository(manifests: &Manifests, registry: &Registry, own: Option<&str>) -> Option<ManifestWord> {
    let mut first = None;
    let named = |manifest: &&Manifest| !manifest.is_private() && manifests.package(manifest) != ManifestField::Absent;
    for manifest in manifests.of(&registry.manifests).filter(named) {
        let word = match manifests.repository(manifest) {
            ManifestField::Open(_) => return None,
            ManifestField::Absent => {
                let place = match manifests.package(manifest) {
                    ManifestField::Known(_, place) | ManifestField::Open(place) => place,
                    ManifestField::Absent => manifest.start(),
                };
                ManifestWord { text: None, place, likeness: Likeness::Other }
            }
            ManifestField::Known(text, place) if text.trim().is_empty() => {
                ManifestWord { text: None, place, likeness: Likeness::Other }
            }
            ManifestField::Known(text, place) => ManifestWord {
                text: Some(text.to_owned()),
                place,
                likeness: likeness(repository_of(text).as_deref(), own?),
            },
        };
        if word.likeness == Likeness::Same {
            return Some(word);
        }
        first = first.or(Some(word));
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

/// `owner/name` of an address on GitHub or of its short form.
fn repository_of(text: &str) -> Option<String> {
    let text = text.trim();
    let short = text.strip_prefix("github:").unwrap_or(text);
    let is_short = short.matches('/').count() == 1 && !short.contains([':', '@', '#']);
    if is_short { Some(short.to_owned()) } else { github_repository(text) }
}

/// What a registry's manifests say about provenance: `true`, `false`, or nothing. `None` where they do not agree or are not known.
#[must_use]
pub fn provenance(manifests: &Manifests, registry: &Registry) -> Option<Option<bool>> {
    let mut said = None;
    for manifest in manifests.of(&registry.manifests).filter(|manifest| !manifest.is_private()) {
        let flag = match manifest.first(&manifest.kind.provenance) {
            ManifestField::Absent => continue,
            ManifestField::Known("true", _) => true,
            ManifestField::Known("false", _) => false,
            ManifestField::Known(..) | ManifestField::Open(_) => return None,
        };
        if said.is_some_and(|other| other != flag) {
            return None;
        }
        said = Some(flag);
    }
    Some(said)
}

/// Where a manifest of the registry's says that its version comes from the git tags.
#[must_use]
pub fn version_from_tags(manifests: &Manifests, registry: &Registry) -> Option<Place> {
    let own = manifests.of(&registry.manifests).filter(|manifest| !manifest.mentioned);
    own.flat_map(|manifest| manifest.kind.tag_version.iter().filter_map(|sign| manifest.shows(sign))).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_in_every_spelling() {
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
