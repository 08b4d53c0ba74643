//! Reads a folder of user rules, laid out like `rules/`. Symlinks that leave the folder are not followed.

use std::path::Path;

use crate::lint::rules::set::{RuleFolder, UserFile};
use crate::read::files::{DiskFiles, Files, reason};

/// Reads a folder on disk.
pub(crate) fn read(path: &Path) -> Result<RuleFolder, String> {
    let disk = DiskFiles::new(path)
        .map_err(|error| format!("the rules folder {} cannot be read: {}", path.display(), reason(&error)))?;
    within(&disk, "", &crate::cli::slashed(path))
}

/// Reads a folder of `files`; messages name it `shown`.
pub(crate) fn within(files: &dyn Files, folder: &str, shown: &str) -> Result<RuleFolder, String> {
    let below = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    Ok(RuleFolder {
        rules: yaml(files, folder, shown)?,
        registries: yaml(files, &below("registries"), &format!("{shown}/registries"))?,
        needs: yaml(files, &below("needs"), &format!("{shown}/needs"))?,
    })
}

fn yaml(files: &dyn Files, folder: &str, shown: &str) -> Result<Vec<UserFile>, String> {
    let names = files.list(folder).map_err(|error| format!("{shown}: {}", reason(&error)))?;
    let mut found = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")) {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let bytes = files.read(&path).map_err(|error| format!("{shown}/{name}: {}", reason(&error)))?;
        found.push((format!("{shown}/{name}"), String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(found)
}
