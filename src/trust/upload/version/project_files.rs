//! The client, and its version, that the files of the project choose: `packageManager`, dependencies, lock files, `.nvmrc`.

use crate::read::manifest::{Manifest, ManifestField, Manifests};
use crate::read::source::{Place, Span};
use crate::trust::registry::upload_pattern::{ClientChoice, CommandInput, VersionSetting};
use crate::trust::upload::site::UploadSite;

/// The version in the files of a folder, by the strongest setting that exists, with its place. `None` without one; an inner `None` if the
/// setting does not decide it.
pub(super) fn chosen(
    manifests: &Manifests,
    folder: &str,
    settings: &[VersionSetting],
) -> Option<Option<(String, Place)>> {
    for setting in settings {
        let files = manifests.list.iter().filter(|it| it.folder == folder && setting.file.is_match(&it.name));
        for manifest in files {
            match manifest.field(&setting.key) {
                ManifestField::Absent => {}
                ManifestField::Unknown(_) => return Some(None),
                ManifestField::Known(..) if setting.opaque => return Some(None),
                ManifestField::Known(text, place) if setting.line.is_empty() => {
                    return Some(Some((text.trim().to_owned(), place)));
                }
                ManifestField::Known(text, place) => {
                    let (before, after) = setting.line.split_once("{version}").unwrap_or((&setting.line, ""));
                    let version = |line: &str| {
                        let rest = line.trim().strip_prefix(before)?;
                        let end = if after.is_empty() { rest.find([' ', '+', '#']) } else { rest.find(after) };
                        rest.get(..end.unwrap_or(rest.len())).map(str::to_owned)
                    };
                    if let Some(version) = text.lines().find_map(version) {
                        // The whole text of a file has no place of its own.
                        let place = if text.contains('\n') { Place { span: Span::at(0), ..place } } else { place };
                        return Some(Some((version, place)));
                    }
                }
            }
        }
    }
    None
}

/// The client that a tool runs: the first one whose file exists in the root and passes its test.
pub(super) fn client_of<'a>(site: &UploadSite<'_, '_>, choices: &'a [ClientChoice]) -> Option<&'a str> {
    let manifests = site.resolved.model.manifests?;
    let exists = |choice: &&ClientChoice| {
        choice.file.as_ref().is_none_or(|file| {
            let passes =
                |manifest: &Manifest| choice.sign.as_ref().is_none_or(|it| manifest.place_of_sign(it).is_some());
            let own = |manifest: &&Manifest| manifest.folder.is_empty() && file.is_match(&manifest.name);
            manifests.list.iter().filter(own).any(passes)
        })
    };
    choices.iter().find(exists).map(|choice| choice.client.as_str())
}

/// Whether the command in an input runs a program, directly or in a script of `package.json`.
pub(crate) fn runs(site: &UploadSite<'_, '_>, condition: &CommandInput) -> bool {
    let text = match site.resolved.with().get_ignore_case(&condition.input).map(|pair| pair.value.value()) {
        None | Some("") => return condition.otherwise,
        Some(text) => text,
    };
    if text.contains(&condition.runs) {
        return true;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = match words.as_slice() {
        ["npm" | "pnpm" | "yarn" | "bun", "run", name] | ["pnpm" | "yarn" | "bun", name] => name,
        _ => return false,
    };
    let script = site.resolved.model.manifests.and_then(|all| all.at("", "package.json"));
    script.is_some_and(|manifest| match manifest.field(&format!("scripts.{name}")) {
        ManifestField::Known(script, _) => script.contains(&condition.runs),
        _ => false,
    })
}
