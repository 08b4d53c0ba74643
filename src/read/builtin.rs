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
struct Packed {
    /// The files by folder and name, without their examples.
    folders: BTreeMap<String, BTreeMap<String, PackedValue>>,
    /// The first bad and the first good example of each rule, by the rule's name.
    examples: PackedValue,
}

impl Packed {
    fn read() -> Self {
        PackedValue::default().read().unwrap_or_default()
    }
}

/// The first bad and the first good example of each built-in rule, by its name.
pub(crate) fn examples<E: DeserializeOwned>() -> BTreeMap<String, Vec<E>> {
    Packed::read().examples.read().unwrap_or_default()
}

/// The files directly in a folder of `rules/` (`""` for `rules/` itself), sorted by path. Without examples they are read faster.
pub(crate) fn files(folder: &str, examples: bool) -> Vec<DataFile> {
    if !examples {
        let files = Packed::read().folders.remove(folder).unwrap_or_default();
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let file = |(name, content)| DataFile::packed(format!("rules/{prefix}{name}"), content);
        return files.into_iter().map(file).collect();
    }
    let dir = if folder.is_empty() { Some(&RULES) } else { RULES.get_dir(folder) };
    let files = dir.into_iter().flat_map(Dir::files);
    let mut files: Vec<_> = files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(path, text)| DataFile::built_in(format!("rules/{path}"), text)).collect()
}
