//! The folder `rules/`, embedded at build time.

use include_dir::{Dir, include_dir};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
/// The same files as JSON without examples, which load about ten times as fast.
static LEAN: Dir<'_> = include_dir!("$OUT_DIR/lean");

/// The YAML files directly in a folder of `rules/` (`""` for `rules/` itself) as (path in `rules/`, text), sorted by path.
#[must_use]
pub(crate) fn yaml_files(folder: &str) -> Vec<(&'static str, &'static str)> {
    files_in(&RULES, folder)
}

/// The same files as JSON without examples.
#[must_use]
pub(crate) fn lean_files(folder: &str) -> Vec<(&'static str, &'static str)> {
    files_in(&LEAN, folder)
}

fn files_in(all: &'static Dir<'static>, folder: &str) -> Vec<(&'static str, &'static str)> {
    let dir = if folder.is_empty() { Some(all) } else { all.get_dir(folder) };
    let mut files: Vec<_> = dir
        .into_iter()
        .flat_map(Dir::files)
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    files
}

/// The text of `rules/github.yaml`, the facts about GitHub.
#[must_use]
pub(crate) fn github() -> &'static str {
    text(&RULES, "github.yaml")
}

/// `rules/github.yaml` as JSON.
#[must_use]
pub(crate) fn lean_github() -> &'static str {
    text(&LEAN, "github.yaml")
}

fn text(all: &'static Dir<'static>, path: &str) -> &'static str {
    all.get_file(path).and_then(include_dir::File::contents_utf8).unwrap_or_default()
}
