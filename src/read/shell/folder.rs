//! The folder that a command runs in, after the `cd` commands before it.

use crate::read::path;
use crate::read::shell::{ShellWord, WordPiece};

/// The folder that a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FolderBase {
    /// The folder in which the script was started.
    #[default]
    Start,
    /// The folder of the script's file.
    Script,
    /// The root of the checkout.
    Root,
}

/// A folder in a script: a path from a base. The path may have `..` parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShellFolder {
    /// The base.
    pub base: FolderBase,
    /// The path from the base; empty for the base itself.
    pub path: String,
}

impl ShellFolder {
    /// The folder, relative to the repository's root; `None` if it is unknown or outside the repository.
    pub(crate) fn resolve(&self, start: Option<&str>, script: Option<&str>) -> Option<String> {
        let base = match self.base {
            FolderBase::Start => start?,
            FolderBase::Script => script?,
            FolderBase::Root => "",
        };
        path::resolve(base, &self.path)
    }

    fn join(&self, path: &str) -> Self {
        let path = if self.path.is_empty() { path.to_owned() } else { format!("{}/{path}", self.path) };
        Self { base: self.base, path }
    }
}

/// The folder after a command: `cd` and `pushd` change it, and `popd` makes it unknown.
pub(crate) fn after(
    words: &[ShellWord],
    folder: Option<ShellFolder>,
    raw: Option<&str>,
    known: &[(String, ShellFolder)],
) -> Option<ShellFolder> {
    let program = words.first().and_then(ShellWord::text);
    match program.as_deref() {
        Some("cd" | "pushd" | "Set-Location" | "Push-Location") => {
            let target = target(words)?;
            match target.text() {
                Some(path) if path.starts_with(['/', '~', '-']) => None,
                Some(path) => Some(folder?.join(&path.replace('\\', "/"))),
                None => value(target, raw.unwrap_or_default(), known),
            }
        }
        Some("popd" | "Pop-Location") => None,
        _ => folder,
    }
}

/// The word of `cd` that names the folder.
pub(crate) fn target(words: &[ShellWord]) -> Option<&ShellWord> {
    words.iter().skip(1).find(|word| word.text().is_none_or(|text| text != "--"))
}

/// The folder that a word with a variable or a substitution names: `"$(dirname "$0")/.."`, `"$GITHUB_WORKSPACE/x"`, `$DIR/x`.
pub(crate) fn value(word: &ShellWord, raw: &str, known: &[(String, ShellFolder)]) -> Option<ShellFolder> {
    let (first, rest) = word.parts.split_first()?;
    let rest: Option<String> =
        rest.iter().map(|part| if let WordPiece::Text(text) = part { Some(text.as_str()) } else { None }).collect();
    let rest = rest?;
    let base = match first {
        WordPiece::Variable(name) if name == "GITHUB_WORKSPACE" => {
            ShellFolder { base: FolderBase::Root, path: String::new() }
        }
        WordPiece::Variable(name) if name == "PSScriptRoot" => {
            ShellFolder { base: FolderBase::Script, path: String::new() }
        }
        WordPiece::Variable(name) => known.iter().rfind(|(other, _)| other == name)?.1.clone(),
        WordPiece::Dynamic if raw.contains("rev-parse --show-toplevel") => {
            ShellFolder { base: FolderBase::Root, path: String::new() }
        }
        WordPiece::Dynamic if script_folder(raw) => {
            // `$(cd "$(dirname "$0")/.." && pwd)`: the path is inside the substitution.
            let inside = raw.split_once(")/").or_else(|| raw.split_once(")\"/")).map_or("", |(_, inside)| inside);
            let inside = inside.split(['"', ' ', ')', '&', ';']).next().unwrap_or_default();
            let path = if rest.is_empty() && raw.contains("cd ") { inside.to_owned() } else { String::new() };
            ShellFolder { base: FolderBase::Script, path }
        }
        _ => return None,
    };
    let rest = rest.trim_start_matches('/');
    Some(if rest.is_empty() { base } else { base.join(rest) })
}

/// Whether a word computes the folder of the script's file.
fn script_folder(raw: &str) -> bool {
    let own = raw.contains("$0") || raw.contains("BASH_SOURCE") || raw.contains("${0");
    own && (raw.contains("dirname") || raw.contains("%/*"))
}
