//! The folder `rules/`, embedded at build time.

use include_dir::{Dir, include_dir};

use crate::read::data_file::DataFile;
use crate::read::source::SourceFile;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules");
/// The same files as JSON without examples, which load about ten times as fast.
static LEAN: Dir<'_> = include_dir!("$OUT_DIR/lean");

/// The first bad and the first good example of each built-in rule, as a JSON object of lists by the rules' names.
pub(crate) fn examples() -> &'static str {
    LEAN.get_file("examples.json").and_then(|file| file.contents_utf8()).unwrap_or_default()
}

/// The files directly in a folder of `rules/` (`""` for `rules/` itself), sorted by path. Without examples they load faster.
pub(crate) fn files(folder: &str, examples: bool) -> Vec<DataFile> {
    let all = if examples { &RULES } else { &LEAN };
    let dir = if folder.is_empty() { Some(all) } else { all.get_dir(folder) };
    let files = dir.into_iter().flat_map(Dir::files);
    let mut files: Vec<_> = files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    files.sort_unstable();
    let file = |(path, text): (&str, &'static str)| DataFile {
        source: SourceFile::built_in(format!("rules/{path}"), text),
        built_in: !examples,
    };
    files.into_iter().map(file).collect()
}
