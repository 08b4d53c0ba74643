//! Lock files of package managers: searches the versions of some packages, in whatever format the file has.

use memchr::memmem;

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The number of occurrences of a name that are examined.
const MOST_OCCURRENCES: usize = 2_000;
/// The longest line before a name, and the longest text after it, in bytes.
const LONGEST_LINE: usize = 160;
const LONGEST_ENTRY: usize = 400;

/// A table with the locked version of each package. A package with several versions has several entries. The first line of a `yarn.lock` of
/// classic Yarn is the key `lockfile`.
pub(crate) fn read(text: &str, packages: &[String]) -> ManifestValue {
    let mut entries = Vec::new();
    for package in packages {
        for at in memmem::find_iter(text.as_bytes(), package).take(MOST_OCCURRENCES) {
            let Some((version, start)) = version(text, at, package) else { continue };
            let value = ManifestValue::word(version, span(start, start + version.len()));
            let known = |entry: &ManifestEntry| entry.key == *package && entry.value.text() == Some(version);
            if !entries.iter().any(known) {
                entries.push(ManifestEntry { key: package.clone(), value });
            }
        }
    }
    const CLASSIC: &str = "# yarn lockfile v1";
    if let Some(at) = window(text, 0, LONGEST_ENTRY).find(CLASSIC) {
        entries.push(ManifestEntry {
            key: "lockfile".to_owned(),
            value: ManifestValue::word("v1", span(at, at + CLASSIC.len())),
        });
    }
    ManifestValue { span: span(0, 0), content: ManifestContent::Table(entries) }
}

/// The version of the package whose name is at a place, with its place.
fn version<'t>(text: &'t str, at: usize, package: &str) -> Option<(&'t str, usize)> {
    let before = line_before(text, at)?;
    let after_at = at + package.len();
    let after = window(text, after_at, LONGEST_ENTRY);
    let name = before.trim_start();
    let plain = name.trim_matches(['"', '\'']).is_empty();
    let unquoted = after.trim_start_matches(['"', '\'']);
    let quotes = after.len() - unquoted.len();
    // npm: `"node_modules/NAME": {`.
    if name == "\"node_modules/" && after.starts_with("\":") {
        return below(text, after_at, after);
    }
    // Poetry, uv and Cargo: `name = "NAME"`.
    if name == "name = \"" && after.starts_with('"') {
        return below(text, after_at, after);
    }
    // Bundler: `    NAME (1.2.3)`.
    if before == "    " && after.starts_with(" (") {
        return number(text, after_at + 2);
    }
    if !plain {
        return None;
    }
    if let Some(rest) = unquoted.strip_prefix(':') {
        let value = rest.trim_start_matches(' ');
        let value_at = after_at + quotes + 1 + (rest.len() - value.len());
        // Bun: `"NAME": ["NAME@1.2.3", …]`.
        if let Some(list) =
            value.strip_prefix("[\"").and_then(|list| list.strip_prefix(package)).and_then(|it| it.strip_prefix('@'))
        {
            return number(text, value_at + (value.len() - list.len()));
        }
        return number(text, value_at)
            .or_else(|| if value.starts_with(['\n', '\r', '{']) { below(text, after_at, after) } else { None });
    }
    // Yarn: `NAME@^1.2.3:`; pnpm: `NAME@1.2.3:`.
    let line = unquoted.lines().next()?;
    if unquoted.starts_with('@') && line.ends_with(':') {
        return number(text, after_at + quotes + 1).or_else(|| below(text, after_at, after));
    }
    None
}

/// The version in one of the next lines of an entry.
fn below<'t>(text: &'t str, start: usize, after: &'t str) -> Option<(&'t str, usize)> {
    let mut at = start;
    for (index, line) in after.split_inclusive('\n').enumerate().take(6) {
        let found = line.trim_start();
        let key = found.trim_start_matches('"').strip_prefix("version");
        if let Some(value) = key.filter(|_| index > 0) {
            let value = value.trim_start_matches(['"', ':', ' ', '=']);
            return number(text, at + (line.len() - value.len()));
        }
        at += line.len();
    }
    None
}

/// The version number at a place.
fn number(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = window(text, at, 64);
    let length =
        rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || ".-+".contains(letter))).unwrap_or(rest.len());
    let number = &rest[..length];
    (number.starts_with(|letter: char| letter.is_ascii_digit()) && number.contains('.')).then_some((number, at))
}

/// The line before a place, if it is short.
fn line_before(text: &str, at: usize) -> Option<&str> {
    let from = (at.saturating_sub(LONGEST_LINE)..=at).find(|from| text.is_char_boundary(*from))?;
    let before = text.get(from..at)?;
    match before.rfind('\n') {
        Some(end) => before.get(end + 1..),
        None => (from == 0).then_some(before),
    }
}

/// A text of at most `length` bytes from a place.
fn window(text: &str, at: usize, length: usize) -> &str {
    let end = (at + length).min(text.len());
    let end = (at..=end).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    text.get(at..end).unwrap_or_default()
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(text: &str) -> String {
        let found = read(text, &["tool".to_owned()]);
        let versions: Vec<&str> = found.all("tool").into_iter().filter_map(ManifestValue::text).collect();
        versions.join(" ")
    }

    #[test]
    fn every_format_names_the_version() {
        for text in [
            "{\n  \"packages\": {\n    \"node_modules/tool\": {\n      \"version\": \"1.2.3\",\n",
            "{\n  \"dependencies\": {\n    \"tool\": {\n      \"version\": \"1.2.3\",\n",
            "importers:\n\n  .:\n    devDependencies:\n      tool:\n        specifier: ^1.0.0\n        version: 1.2.3(x@5)\n\npackages:\n  tool@1.2.3:\n",
            "devDependencies:\n  tool: 1.2.3\n",
            "# yarn lockfile v1\n\ntool@^1.0.0:\n  version \"1.2.3\"\n",
            "\"tool@npm:^1.0.0\":\n  version: 1.2.3\n",
            "{ \"packages\": {\n    \"tool\": [\"tool@1.2.3\", \"\", {}],\n",
            "[[package]]\nname = \"tool\"\nversion = \"1.2.3\"\n",
            "GEM\n  specs:\n    tool (1.2.3)\n      other (>= 1)\n",
        ] {
            assert_eq!(locked(text), "1.2.3", "{text}");
        }
    }

    #[test]
    fn other_packages_and_requirements_are_not_versions() {
        for text in [
            "    \"node_modules/other/node_modules/tool\": {\n      \"version\": \"9.0.0\",\n",
            "      \"peerDependencies\": {\n        \"tool\": \">=1\"\n      }\n",
            "  tool-extra@1.0.0:\n",
            "      my-tool:\n        version: 9.0.0\n",
            "    other (1.0)\n      tool (>= 1)\n",
            "name = \"tool\"\n",
        ] {
            assert_eq!(locked(text), "", "{text}");
        }
    }

    #[test]
    fn a_hostile_file_ends_fast() {
        assert_eq!(locked(&"tool".repeat(2_000_000)), "");
        assert_eq!(locked(&"\"tool\":{".repeat(1_000_000)), "");
    }
}
