//! The settings in a package's own files that name the address of its uploads.

use std::collections::BTreeSet;

use crate::read::manifest::{KeyWords, Manifest, ManifestField, ManifestValue, Manifests};
use crate::trust::registry::slot::{Slot, SlotKind, SlotValue};
use crate::trust::registry::upload_pattern::NameList;

/// The placeholder in a slot's key for the scope of the package.
const SCOPE: &str = "{scope}";

/// The value of a slot in a file: for the package in `folder`, or for any package if the folder is unknown.
#[must_use]
pub fn slot_value(manifests: &Manifests, folder: Option<&str>, file: &str, slot: &Slot) -> SlotValue {
    match folder {
        Some(folder) => in_folder(manifests, folder, file, slot),
        None => anywhere(manifests, file, slot),
    }
}

fn in_folder(manifests: &Manifests, folder: &str, file: &str, slot: &Slot) -> SlotValue {
    let here = manifests.list.iter().filter(|manifest| manifest.folder == folder);
    let Some(key) = keys(manifests, here, slot).into_iter().next() else { return SlotValue::Absent };
    let folders = std::iter::successors(Some(folder), |folder| {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        (slot.above && !folder.is_empty()).then_some(above)
    });
    let values =
        folders.filter_map(|folder| manifests.at(folder, file)).map(|manifest| manifests.value(manifest, &key));
    values
        .map(|field| as_slot_value(field, slot.kind))
        .find(|given| *given != SlotValue::Absent)
        .unwrap_or(SlotValue::Absent)
}

/// The address that the project's files define for a name. Unknown if they define different ones.
#[must_use]
pub fn address_of(manifests: &Manifests, list: &NameList, name: &str) -> SlotValue {
    let mut found = SlotValue::Absent;
    for manifest in manifests.list.iter().filter(|manifest| manifest.name == list.manifest) {
        for item in manifest.values(&list.list).unwrap_or_default().into_iter().flat_map(ManifestValue::items) {
            if item.all(&list.name).iter().all(|known| known.text() != Some(name)) {
                continue;
            }
            let place = manifest.place(item);
            let address = item.all(&list.url).into_iter().find_map(ManifestValue::text);
            let given = address.map_or(SlotValue::Unknown(place), |address| SlotValue::Text(address.to_owned(), place));
            match (&found, &given) {
                (SlotValue::Absent, _) => found = given,
                (SlotValue::Text(known, _), SlotValue::Text(other, _)) if known == other => {}
                _ => return SlotValue::Unknown(place),
            }
        }
    }
    found
}

/// The value for an unknown package: known only if all packages agree.
fn anywhere(manifests: &Manifests, file: &str, slot: &Slot) -> SlotValue {
    let published = |manifest: &&Manifest| !manifest.is_private();
    let keys = keys(manifests, manifests.list.iter().filter(published), slot);
    let files = || manifests.list.iter().filter(|manifest| manifest.name == file);
    let value = |manifest: &Manifest| {
        let fields = keys.iter().map(|key| as_slot_value(manifests.value(manifest, key), slot.kind));
        fields.into_iter().find(|given| *given != SlotValue::Absent).unwrap_or(SlotValue::Absent)
    };
    // Most files have no such setting and are not parsed.
    let words: Vec<KeyWords<'_>> = keys.iter().map(|key| KeyWords::new(key)).collect();
    let candidates = files().filter(|manifest| words.iter().any(|key| manifest.may_have(key))).filter(published);
    let mut given = candidates.map(|manifest| (manifest, value(manifest))).filter(|(_, it)| *it != SlotValue::Absent);
    let Some((first, given)) = given.next() else { return SlotValue::Absent };
    let for_all = !slot.key.contains(SCOPE) && (!slot.above || first.folder.is_empty());
    match &given {
        SlotValue::Text(text, _)
            if for_all
                && files()
                    .filter(published)
                    .all(|other| matches!(value(other), SlotValue::Text(known, _) if known == *text)) =>
        {
            given
        }
        SlotValue::Text(_, place) | SlotValue::Unknown(place) => SlotValue::Unknown(*place),
        SlotValue::Absent => SlotValue::Absent,
    }
}

/// The key of a slot, once for each package scope if it contains `{scope}`.
fn keys<'m>(manifests: &Manifests, packages: impl Iterator<Item = &'m Manifest>, slot: &Slot) -> BTreeSet<String> {
    if !slot.key.contains(SCOPE) {
        return BTreeSet::from([slot.key.clone()]);
    }
    let scope = |manifest: &Manifest| match manifests.package(manifest) {
        ManifestField::Known(name, _) => name.strip_prefix('@')?.split_once('/').map(|(scope, _)| scope.to_owned()),
        ManifestField::Unknown(_) | ManifestField::Absent => None,
    };
    packages.filter_map(scope).map(|scope| slot.key.replace(SCOPE, &scope)).collect()
}

fn as_slot_value(field: ManifestField<'_>, kind: SlotKind) -> SlotValue {
    match field {
        // `publish: true` names no address.
        ManifestField::Known("true", _) if matches!(kind, SlotKind::Url | SlotKind::Name | SlotKind::OwnName) => {
            SlotValue::Absent
        }
        ManifestField::Known(text, place) => SlotValue::Text(text.to_owned(), place),
        ManifestField::Unknown(place) => SlotValue::Unknown(place),
        ManifestField::Absent => SlotValue::Absent,
    }
}
