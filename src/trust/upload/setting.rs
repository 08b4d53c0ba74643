//! What a package's own files say of where it goes. It never asks which client reads them.

use std::collections::BTreeSet;

use crate::read::manifest::{Field, Manifest, Manifests, Value};
use crate::trust::registry::slot::{Given, Kind, Slot};
use crate::trust::registry::upload_pattern::NameList;

/// Stands in a slot's key for the scope of the package.
const SCOPE: &str = "{scope}";

/// What stands in a slot of a file: for the package in a folder, or for whichever package where the folder is not known.
#[must_use]
pub fn given(manifests: &Manifests, folder: Option<&str>, file: &str, slot: &Slot) -> Given {
    match folder {
        Some(folder) => in_folder(manifests, folder, file, slot),
        None => anywhere(manifests, file, slot),
    }
}

fn in_folder(manifests: &Manifests, folder: &str, file: &str, slot: &Slot) -> Given {
    let here = manifests.list.iter().filter(|manifest| manifest.folder == folder);
    let Some(key) = keys(manifests, here, slot).into_iter().next() else { return Given::Absent };
    let folders = std::iter::successors(Some(folder), |folder| {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        (slot.above && !folder.is_empty()).then_some(above)
    });
    let said = folders.filter_map(|folder| manifests.at(folder, file)).map(|manifest| manifests.value(manifest, &key));
    said.map(|field| as_given(field, slot.kind)).find(|given| *given != Given::Absent).unwrap_or(Given::Absent)
}

/// The address that a project's files give to a name: the same in all that know it, or nobody knows which of them counts.
#[must_use]
pub fn explained(manifests: &Manifests, list: &NameList, name: &str) -> Given {
    let mut found = Given::Absent;
    for manifest in manifests.list.iter().filter(|manifest| manifest.name == list.manifest) {
        for item in manifest.values(&list.list).unwrap_or_default().into_iter().flat_map(Value::items) {
            if item.all(&list.name).iter().all(|known| known.text() != Some(name)) {
                continue;
            }
            let place = manifest.place(item);
            let address = item.all(&list.url).into_iter().find_map(Value::text);
            let given = address.map_or(Given::Unknown(place), |address| Given::Text(address.to_owned(), place));
            match (&found, &given) {
                (Given::Absent, _) => found = given,
                (Given::Text(known, _), Given::Text(other, _)) if known == other => {}
                _ => return Given::Unknown(place),
            }
        }
    }
    found
}

/// Whichever package it is: they must all say the same, or nobody knows what this one says.
fn anywhere(manifests: &Manifests, file: &str, slot: &Slot) -> Given {
    let published = || manifests.list.iter().filter(|manifest| !manifest.is_private());
    let keys = keys(manifests, published(), slot);
    let files = published().filter(|manifest| manifest.name == file);
    let said = files.map(|manifest| {
        let fields = keys.iter().map(|key| as_given(manifests.value(manifest, key), slot.kind));
        let given = fields.into_iter().find(|given| *given != Given::Absent).unwrap_or(Given::Absent);
        (manifest, given)
    });
    let said: Vec<_> = said.collect();
    let Some((first, given)) = said.iter().find(|(_, given)| *given != Given::Absent) else { return Given::Absent };
    let for_all = !slot.key.contains(SCOPE) && (!slot.above || first.folder.is_empty());
    match given {
        Given::Text(text, _)
            if for_all && said.iter().all(|(_, other)| matches!(other, Given::Text(known, _) if known == text)) =>
        {
            given.clone()
        }
        Given::Text(_, place) | Given::Unknown(place) => Given::Unknown(*place),
        Given::Absent => Given::Absent,
    }
}

/// A slot's key, once for each scope of some packages where it speaks of one.
fn keys<'m>(manifests: &Manifests, packages: impl Iterator<Item = &'m Manifest>, slot: &Slot) -> BTreeSet<String> {
    if !slot.key.contains(SCOPE) {
        return BTreeSet::from([slot.key.clone()]);
    }
    let scope = |manifest: &Manifest| match manifests.package(manifest) {
        Field::Known(name, _) => name.strip_prefix('@')?.split_once('/').map(|(scope, _)| scope.to_owned()),
        Field::Open(_) | Field::Absent => None,
    };
    packages.filter_map(scope).map(|scope| slot.key.replace(SCOPE, &scope)).collect()
}

fn as_given(field: Field<'_>, kind: Kind) -> Given {
    match field {
        // That a package is published says nothing of the place.
        Field::Known("true", _) if matches!(kind, Kind::Url | Kind::Name | Kind::OwnName) => Given::Absent,
        Field::Known(text, place) => Given::Text(text.to_owned(), place),
        Field::Open(place) => Given::Unknown(place),
        Field::Absent => Given::Absent,
    }
}
