//! The name, repository and provenance in the manifests of the uploaded package.

mod choice;

use crate::read::manifest::{Manifest, ManifestField, Manifests};
use crate::read::project::github_repository;
use crate::read::source::{FileId, Place};
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::{Registry, opaque};
pub use crate::trust::upload::package::choice::{UploadedPackage, UploadedPackages, packages};
use crate::workflow::expression::UnknownReason;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::Workflow;
use crate::workflow::step_script::commands;

/// A value of a manifest, compared with the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedValue {
    /// The value. `None` if the manifest does not have it.
    pub text: Option<String>,
    /// Its place, or that of the package's name.
    pub place: Place,
    /// The result of the comparison.
    pub likeness: NameComparison,
}

/// The result of comparing two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameComparison {
    /// The registry treats them as the same.
    Same,
    /// They differ by case alone.
    Case,
    /// They differ.
    Other,
}

impl NameComparison {
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
                return Some(ComparedValue { text: Some(text.to_owned()), place, likeness: NameComparison::Same });
            }
            ManifestField::Known(text, place) if !manifest.mentioned && !manifest.is_private() => {
                other = other.or(Some(ComparedValue {
                    text: Some(text.to_owned()),
                    place,
                    likeness: NameComparison::Other,
                }));
            }
            ManifestField::Unknown(_) => unknown = true,
            ManifestField::Absent if manifest.kind.named_by_file && !manifest.is_private() => unknown = true,
            ManifestField::Known(..) | ManifestField::Absent => {}
        }
    }
    other.filter(|_| !unknown)
}

/// The package, if the manifests that concern a workflow name exactly one.
///
/// # Errors
/// Why it is unknown: none, several, or a name that only a build computes.
pub fn only<'m>(
    manifests: &'m Manifests,
    registry: &Registry,
    workflow: FileId,
) -> Result<UploadedPackage<'m>, UnknownReason> {
    let mut found: Vec<UploadedPackage<'m>> = Vec::new();
    let mut named_folders: Vec<&str> = Vec::new();
    for kind in &registry.manifests {
        let of_kind = manifests.list.iter().filter(|manifest| *manifest.kind == *kind);
        for manifest in of_kind.filter(|manifest| manifests.concerns(manifest, workflow)) {
            // A later kind of manifest is a fallback of the first one in its folder that names the package.
            if named_folders.contains(&manifest.folder.as_str()) || manifests.is_private(manifest) == Some(true) {
                continue;
            }
            match manifests.package(manifest) {
                ManifestField::Absent => continue,
                ManifestField::Known(text, _) if found.iter().any(|known| registry.names.same(text, &known.name)) => {}
                ManifestField::Known(text, place) => {
                    found.push(UploadedPackage { name: text.to_owned(), place, manifest: Some(manifest) });
                }
                ManifestField::Unknown(_) => {
                    return Err(UnknownReason::new(format!("only a build computes the name in `{}`", manifest.name)));
                }
            }
            if !kind.named_by_file {
                named_folders.push(&manifest.folder);
            }
        }
    }
    let named = found.len();
    let second = found.get(1).map(|second| second.name.clone());
    match (found.into_iter().next(), second) {
        (Some(one), None) if manifests.complete() => Ok(one),
        (Some(_), None) => Err(UnknownReason::new("there are more manifests than are read")),
        (None, _) => Err(UnknownReason::new("no manifest names it")),
        (Some(first), Some(second)) => {
            let more = if named > 2 { format!(" and {} more", named - 2) } else { String::new() };
            let first = first.name;
            Err(UnknownReason::new(format!("the manifests name several packages: `{first}`, `{second}`{more}")))
        }
    }
}

/// Whether a script of a workflow may change a value of a manifest: its name or its repository.
#[must_use]
pub fn changes(
    github: &GitHubFacts,
    registry: &Registry,
    manifest: &Manifest,
    workflow: &Workflow<'_>,
    keys: &[String],
) -> bool {
    let parts: Vec<&str> = keys.iter().flat_map(|key| key.rsplit('.').next()).collect();
    let has_key = |text: &str| {
        parts.iter().any(|part| {
            text.match_indices(part).any(|(at, _)| {
                let (before, after) = (&text[..at], text[at + part.len()..].trim_start());
                let starts = !before.ends_with(|letter: char| letter.is_alphanumeric() || "-_".contains(letter));
                starts && (before.ends_with('.') || after.starts_with(['"', '\'', '=', ':', '|']))
            })
        })
    };
    let steps = workflow.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    for (job, step) in steps {
        let Some(script) = step.script else { continue };
        let text = script.value();
        let edits = || registry.names.edits.iter().filter(|edit| edit.split(' ').all(|word| text.contains(word)));
        let named = text.contains(manifest.name.as_str());
        if !named && edits().next().is_none() {
            continue;
        }
        let commands = commands(github, workflow, job, step);
        let is_file = |text: &str| text.rsplit(['/', '\\']).next() == Some(manifest.name.as_str());
        let (mut copied, mut edited) = (false, !named);
        for command in commands.iter() {
            let words = words(command);
            if edits().any(|edit| is_command(github, &words, edit, &[])) {
                let plain = |word: &str| parts.iter().any(|part| word.split(['=', '.']).next() == Some(part));
                if words.iter().any(|word| word.as_deref().is_none_or(plain)) {
                    return true;
                }
            }
            let touched = words.iter().flatten().any(|word| is_file(word));
            let written = command.redirects.iter().any(|word| word.text().is_some_and(|text| is_file(&text)));
            let program = words.first().and_then(Option::as_deref).unwrap_or_default();
            if touched && github.shell.copies.iter().any(|known| known == program) {
                copied = true;
            } else if touched {
                edited = true;
            }
            copied |= written;
        }
        // A copy of an edited file has the edits; any other copy may have any name.
        if copied && !edited || (copied || text.contains(" -i") || text.contains("rite")) && has_key(text) {
            return true;
        }
    }
    false
}

/// Whether the scripts of a workflow may change manifests, or run in folders that only the run decides.
#[must_use]
pub fn may_change(github: &GitHubFacts, registry: &Registry, workflow: &Workflow<'_>) -> bool {
    let steps = || workflow.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step)));
    let mut folders = steps().filter_map(|(job, step)| workflow.folder_of(job, step));
    let changes = |(job, step)| opaque::in_step(github, workflow, job, step, &registry.names.opaque).is_some();
    folders.any(|folder| folder.value().contains("${{")) || steps().any(changes)
}

/// The repository address in the manifests of the uploaded packages: the first that differs from `own`, which is `owner/name`. Without `own`
/// only a missing address is reported. `None` if an address is unknown.
#[must_use]
pub fn repository(manifests: &Manifests, own: Option<&str>, packages: &[UploadedPackage<'_>]) -> Option<ComparedValue> {
    let mut first = None;
    let uploaded: Vec<&Manifest> = packages.iter().map(|package| package.manifest).collect::<Option<_>>()?;
    for manifest in uploaded {
        let value = match manifests.repository(manifest) {
            ManifestField::Unknown(_) => continue,
            ManifestField::Known(text, place) if !text.trim().is_empty() => ComparedValue {
                text: Some(text.to_owned()),
                place,
                likeness: likeness(repository_of(text).as_deref(), own?),
            },
            ManifestField::Known(_, place) => ComparedValue { text: None, place, likeness: NameComparison::Other },
            ManifestField::Absent => {
                let place = match manifests.package(manifest) {
                    ManifestField::Known(_, place) | ManifestField::Unknown(place) => place,
                    ManifestField::Absent => manifest.start(),
                };
                ComparedValue { text: None, place, likeness: NameComparison::Other }
            }
        };
        if value.likeness != NameComparison::Same {
            return Some(value);
        }
        first = first.or(Some(value));
    }
    first
}

fn likeness(repository: Option<&str>, own: &str) -> NameComparison {
    match repository {
        Some(repository) if repository == own => NameComparison::Same,
        Some(repository) if repository.eq_ignore_ascii_case(own) => NameComparison::Case,
        _ => NameComparison::Other,
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
            assert_eq!(likeness(repository_of(text).as_deref(), "acme/demo"), NameComparison::Same, "{text}");
        }
        assert_eq!(
            likeness(repository_of("https://github.com/Acme/demo").as_deref(), "acme/demo"),
            NameComparison::Case
        );
        for text in ["https://gitlab.com/acme/demo", "https://github.com/acme/demo/tree/main/packages/a", "acme"] {
            assert_eq!(likeness(repository_of(text).as_deref(), "acme/demo"), NameComparison::Other, "{text}");
        }
    }
}
