//! The folder `rules/` as it was when the program was built. It only lists and hands out text; others say what it means.

use include_dir::{Dir, include_dir};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
/// The same once more in the form that a check starts with: JSON, without examples.
static LEAN: Dir<'_> = include_dir!("$OUT_DIR/lean");

/// The YAML files directly in a folder of `rules/` ("" for `rules/` itself) as (path below `rules/`, text), sorted by path.
#[must_use]
pub fn yaml_files(folder: &str) -> Vec<(&'static str, &'static str)> {
    listed(&RULES, folder)
}

/// The same as JSON, without the examples in them.
#[must_use]
pub fn lean_files(folder: &str) -> Vec<(&'static str, &'static str)> {
    listed(&LEAN, folder)
}

fn listed(all: &'static Dir<'static>, folder: &str) -> Vec<(&'static str, &'static str)> {
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

/// GitHub's own facts, `rules/github.yaml`.
#[must_use]
pub fn github() -> &'static str {
    text(&RULES, "github.yaml")
}

/// The same as JSON.
#[must_use]
pub fn lean_github() -> &'static str {
    text(&LEAN, "github.yaml")
}

fn text(all: &'static Dir<'static>, path: &str) -> &'static str {
    all.get_file(path).and_then(include_dir::File::contents_utf8).unwrap_or_default()
}
