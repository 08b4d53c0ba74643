//! The folder `rules/`, embedded at build time.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::read::data_file::DataFile;
use crate::read::packed::PackedValue;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// What the build packs.
#[derive(Default, Deserialize)]
pub(crate) struct PackedRules {
    /// The files by folder and name, without their examples.
    folders: BTreeMap<String, BTreeMap<String, PackedValue>>,
    /// The first bad and the first good example of each rule, by the rule's name.
    examples: PackedValue,
}

impl PackedRules {
    /// Reads which files there are.
    pub(crate) fn read() -> Self {
        PackedValue::default().read().unwrap_or_default()
    }

    /// The files directly in a folder, without their examples.
    pub(crate) fn files(&self, folder: &str) -> Vec<DataFile> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let file =
            |(name, content): (&String, &PackedValue)| DataFile::packed(format!("rules/{prefix}{name}"), *content);
        self.folders.get(folder).into_iter().flatten().map(file).collect()
    }

    /// The first bad and the first good example of each rule, by its name.
    pub(crate) fn examples<E: DeserializeOwned>(&self) -> BTreeMap<String, Vec<E>> {
        self.examples.read().unwrap_or_default()
    }
}

/// The files directly in a folder of `rules/` (`""` for `rules/` itself) with their examples, sorted by path.
pub(crate) fn files(folder: &str) -> Vec<DataFile> {
    let dir = if folder.is_empty() { Some(&RULES) } else { RULES.get_dir(folder) };
    let files = dir.into_iter().flat_map(Dir::files);
    let mut files: Vec<_> = files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(path, text)| DataFile::built_in(format!("rules/{path}"), text)).collect()
}
