//! Manifests that take the place of a publisher form, such as the `server.json` of the MCP Registry: the names that they may contain, and
//! the packages of other registries that they list.

use crate::read::manifest::{Manifest, ManifestField, ManifestValue, Manifests};
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::{ListedPackage, PackageList, Registry, RegistrySet};
use crate::trust::upload::package;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{FolderArgument, ResolvedStep, steps};
use crate::trust::upload::version::Version;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::action;
use crate::workflow::model::repository::Model;
use crate::workflow::step_script::commands;

/// A value of the manifest or of a listed package that the registry checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedValue {
    /// The result, as the value of a fact.
    pub status: &'static str,
    /// Its place.
    pub place: Place,
    /// The value that was found; empty if there is none.
    pub found: String,
    /// The expected value.
    pub expected: String,
    /// The name of the file.
    pub file: String,
}

/// The manifest that an upload sends. `None` if it is unknown which one that is.
pub(crate) fn manifest<'m>(manifests: &'m Manifests, site: &UploadSite<'_, '_>, name: &str) -> Option<&'m Manifest> {
    let command = site.pattern?.command.as_deref()?;
    let last = command.split_whitespace().last()?;
    let folder = site.resolved.working_folder()?;
    let (folder, name) = match site.resolved.argument(last) {
        FolderArgument::None => (folder, name.to_owned()),
        FolderArgument::Unknown(_) => return None,
        FolderArgument::Folder(path) => match path.rsplit_once('/') {
            Some((folder, name)) => (folder.to_owned(), name.to_owned()),
            None => (String::new(), path),
        },
    };
    manifests.at(&folder, &name)
}

/// Compares the name in the manifest with the names that a token of the owner may publish. Without an owner, only names outside every
/// owner's namespace are decided.
pub(crate) fn namespace(
    github: &GitHubFacts,
    manifests: &Manifests,
    registry: &Registry,
    site: &UploadSite<'_, '_>,
    owner: Option<&str>,
) -> Option<ListedValue> {
    let rule = registry.namespace.as_ref()?;
    let manifest = manifest(manifests, site, &rule.manifest)?;
    let ManifestField::Known(name, place) = manifest.field(&rule.key) else { return None };
    if package::may_change(github, registry, site.resolved.workflow) {
        return None;
    }
    let (before, _) = rule.allowed.split_once("{owner}")?;
    let expected = rule.allowed.replace("{owner}", owner.unwrap_or("{owner}"));
    let start = name.get(..expected.len()).unwrap_or(name);
    let status = match owner {
        _ if !name.starts_with(before) => "other-login",
        None => return None,
        Some(_) if start == expected => "accepted",
        Some(_) if start.eq_ignore_ascii_case(&expected) => "case",
        Some(_) => "refused",
    };
    Some(ListedValue { status, place, found: name.to_owned(), expected, file: manifest.name.clone() })
}

/// An item of the list, with its package's manifest in the checkout.
struct ListedItem<'m> {
    kind: &'m ListedPackage,
    item: &'m ManifestValue,
    package: &'m Manifest,
}

fn text_at<'m>(value: &'m ManifestValue, key: &str) -> Option<&'m ManifestValue> {
    value.all(key).into_iter().next().filter(|value| value.text().is_some())
}

fn items<'m>(
    manifests: &'m Manifests,
    registries: &'m RegistrySet,
    rule: &'m PackageList,
    manifest: &'m Manifest,
) -> Vec<ListedItem<'m>> {
    let lists = manifest.values(&rule.list).unwrap_or_default();
    let found = lists.into_iter().flat_map(ManifestValue::items).filter_map(|item| {
        let is = text_at(item, &rule.registry)?.text()?;
        let name = text_at(item, &rule.package)?.text()?;
        let kind = rule.kinds.iter().find(|kind| kind.is == is)?;
        let registry = registries.get(&kind.registry)?;
        let mut named = manifests.of(&registry.manifests).filter(|package| {
            !package.mentioned
                && matches!(manifests.package(package), ManifestField::Known(own, _) if registry.names.same(own, name))
        });
        Some(ListedItem { kind, item, package: named.next()? })
    });
    found.collect()
}

/// The first listed package without the mark by which the registry recognises its owner.
pub(crate) fn mark(
    github: &GitHubFacts,
    manifests: &Manifests,
    registries: &RegistrySet,
    registry: &Registry,
    site: &UploadSite<'_, '_>,
) -> Option<ListedValue> {
    let rule = registry.packages.as_ref()?;
    let manifest = manifest(manifests, site, &rule.manifest)?;
    let key = registry.namespace.as_ref().map_or("name", |namespace| namespace.key.as_str());
    let ManifestField::Known(name, _) = manifest.field(key) else { return None };
    if package::may_change(github, registry, site.resolved.workflow) {
        return None;
    }
    let mut last = None;
    for ListedItem { kind, package, .. } in items(manifests, registries, rule, manifest) {
        let value = match (&kind.mark, &kind.readme_mark) {
            (Some(key), _) => mark_in_manifest(package, key, name),
            (None, Some(mark)) => mark_in_readme(manifests, package, &kind.readme, &mark.replace("{name}", name)),
            (None, None) => continue,
        };
        match value {
            Some(value) if value.status != "present" => return Some(value),
            value => last = last.or(value),
        }
    }
    last
}

fn mark_in_manifest(package: &Manifest, key: &str, name: &str) -> Option<ListedValue> {
    let (status, place, found) = match package.field(key) {
        ManifestField::Unknown(_) => return None,
        ManifestField::Absent => ("missing", package.start(), String::new()),
        ManifestField::Known(text, place) if text == name => ("present", place, text.to_owned()),
        ManifestField::Known(text, place) => ("other", place, text.to_owned()),
    };
    let expected = format!("\"{key}\": \"{name}\"");
    Some(ListedValue { status, place, found, expected, file: package.name.clone() })
}

fn mark_in_readme(manifests: &Manifests, package: &Manifest, keys: &[String], mark: &str) -> Option<ListedValue> {
    let ManifestField::Known(path, _) = package.first(keys) else { return None };
    let path = path.trim_start_matches("./");
    if path.contains(['/', '\\']) {
        return None;
    }
    let readme = manifests.at(&package.folder, path)?;
    let ManifestField::Known(text, _) = readme.field("text") else { return None };
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || "-_./".contains(next));
    let present = text.match_indices(mark).any(|(at, _)| text.get(at + mark.len()..).is_some_and(ends));
    Some(ListedValue {
        status: if present { "present" } else { "missing" },
        place: readme.start(),
        found: String::new(),
        expected: mark.to_owned(),
        file: readme.name.clone(),
    })
}

/// The version of the first listed package that differs from the package's manifest. `None` if a command may have changed either.
pub(crate) fn version(
    github: &GitHubFacts,
    manifests: &Manifests,
    registries: &RegistrySet,
    checkout: &Model<'_>,
    registry: &Registry,
    site: &UploadSite<'_, '_>,
) -> Option<ListedValue> {
    let rule = registry.packages.as_ref()?;
    if !is_unchanged(github, registries, checkout, rule, site) {
        return None;
    }
    let manifest = manifest(manifests, site, &rule.manifest)?;
    let mut last = None;
    for ListedItem { item, package, .. } in items(manifests, registries, rule, manifest) {
        let ManifestField::Known(expected, _) = package.first(&package.kind.version) else { continue };
        let Some(value) = text_at(item, &rule.version) else { continue };
        let found = value.text().unwrap_or_default();
        let (Some(own), Some(other)) = (exact(found), exact(expected)) else { continue };
        let status = if own == other { "same" } else { "other" };
        let (place, file) = (manifest.place(value), package.name.clone());
        let value = ListedValue { status, place, found: found.to_owned(), expected: expected.to_owned(), file };
        if status == "other" {
            return Some(value);
        }
        last = last.or(Some(value));
    }
    last
}

/// A version that consists of numbers alone, which every registry writes alike.
fn exact(version: &str) -> Option<Version> {
    let plain = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Version::parse(version).filter(|_| plain)
}

/// Whether every earlier step of the job is known to leave manifests as they are.
fn is_unchanged(
    github: &GitHubFacts,
    registries: &RegistrySet,
    checkout: &Model<'_>,
    rule: &PackageList,
    site: &UploadSite<'_, '_>,
) -> bool {
    let (workflow, job) = (site.resolved.workflow, site.resolved.job);
    let inert = |resolved: &ResolvedStep<'_, '_>| {
        let Some(step) = resolved.step else { return true };
        if let Some(uses) = step.uses {
            let name = action(uses.value());
            let listed = github.artifacts.inert.actions.iter().any(|known| known.eq_ignore_ascii_case(name));
            return listed || registries.uploads_of(name).next().is_some();
        }
        let commands_of = commands(github, workflow, job, step);
        let known = |words: &[Option<String>]| {
            let all = rule.inert.iter().chain(&github.artifacts.inert.commands);
            all.into_iter().any(|command| is_command(github, words, command, &[]))
        };
        // A redirection is not part of a command's words.
        let redirects = step
            .script
            .is_some_and(|script| script.value().contains(rule.manifest.as_str()) && script.value().contains('>'));
        !redirects && commands_of.iter().all(|command| known(&words(command)))
    };
    let own = site.resolved.position();
    steps(checkout, workflow, job).iter().filter(|resolved| resolved.position() <= own).all(inert)
}

/// The ids of the registries of the listed packages, with the places of the items.
pub(crate) fn registries_of<'r>(
    manifests: &Manifests,
    registries: &'r RegistrySet,
    registry: &'r Registry,
    site: &UploadSite<'_, '_>,
) -> Vec<&'r Registry> {
    let Some(rule) = registry.packages.as_ref() else { return Vec::new() };
    let Some(manifest) = manifest(manifests, site, &rule.manifest) else { return Vec::new() };
    let lists = manifest.values(&rule.list).unwrap_or_default();
    let kinds = lists.into_iter().flat_map(ManifestValue::items).filter_map(|item| {
        let is = text_at(item, &rule.registry)?.text()?;
        registries.get(&rule.kinds.iter().find(|kind| kind.is == is)?.registry)
    });
    kinds.collect()
}
