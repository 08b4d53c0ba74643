//! SARIF locations: URIs, regions and snippets.

use serde_sarif::sarif as s;

use crate::read::source::{ColumnUnit, Place, SourceFile, Span};
use crate::report::sarif::ROOT;
use crate::report::{ReportView, sanitize};

/// Longer results are cut to their first line: code scanning shows a result in a pull request only if all of its lines were changed.
const MAX_LINES: u32 = 10;
/// In bytes.
const MAX_SNIPPET: usize = 4_096;
/// In characters.
const MAX_SENTENCE: usize = 1_024;

/// A location with a message.
pub(crate) fn location(
    view: &ReportView<'_>,
    place: Place,
    id: Option<i64>,
    text: Option<&str>,
    context: bool,
) -> s::Location {
    let mut location = s::Location::builder().physical_location(physical(view, place, context)).build();
    location.id = id;
    location.message =
        text.filter(|text| !text.is_empty()).map(|text| s::Message::builder().text(message_text(text)).build());
    location
}

fn physical(view: &ReportView<'_>, place: Place, context: bool) -> s::PhysicalLocation {
    let artifact = artifact(&view.path(place));
    let Some(source) = view.source(place) else {
        return s::PhysicalLocation::builder().artifact_location(artifact).build();
    };
    let place = if context { narrowed(source, place) } else { place };
    let mut physical = s::PhysicalLocation::builder().artifact_location(artifact).region(region(source, place)).build();
    physical.context_region = if context { around(source, place) } else { None };
    physical
}

/// Cuts a place of many lines to its first line.
fn narrowed(source: &SourceFile, place: Place) -> Place {
    let first = source.line_at(place.span.start);
    if source.line_at(place.span.end) < first + MAX_LINES {
        return place;
    }
    let end = source.line_span(first).end.max(place.span.start);
    Place { span: Span::new(place.span.start, end), ..place }
}

/// The URI of a file: relative to the checkout, or absolute for a file outside of it.
pub(crate) fn artifact(path: &str) -> s::ArtifactLocation {
    if path.starts_with('/') {
        return s::ArtifactLocation::builder().uri(format!("file://{}", encode(path))).build();
    }
    s::ArtifactLocation::builder().uri(encode(path)).uri_base_id(ROOT).build()
}

/// The region of a place, with a snippet if it is short.
pub(crate) fn region(source: &SourceFile, place: Place) -> s::Region {
    let text = source.slice(place.span);
    // Without the last line end, because the region would otherwise end on a line that may not exist.
    let text = text.trim_end_matches(['\n', '\r']);
    let end = place.span.start.saturating_add(u32::try_from(text.len()).unwrap_or(0));
    let (start, end) = (source.position(place.span.start, ColumnUnit::Utf16), source.position(end, ColumnUnit::Utf16));
    let mut region = s::Region::builder()
        .start_line(i64::from(start.line))
        .start_column(i64::from(start.column))
        .end_line(i64::from(end.line))
        .end_column(i64::from(end.column))
        .build();
    region.snippet = snippet(text);
    region
}

/// The region that a fix replaces: exactly the place, without a snippet.
pub(crate) fn replaced(source: &SourceFile, place: Place) -> s::Region {
    let (start, end) =
        (source.position(place.span.start, ColumnUnit::Utf16), source.position(place.span.end, ColumnUnit::Utf16));
    s::Region::builder()
        .start_line(i64::from(start.line))
        .start_column(i64::from(start.column))
        .end_line(i64::from(end.line))
        .end_column(i64::from(end.column))
        .build()
}

fn snippet(text: &str) -> Option<s::ArtifactContent> {
    (text.len() <= MAX_SNIPPET).then(|| s::ArtifactContent::builder().text(text).build())
}

/// The lines around a place; `None` if there are none.
fn around(source: &SourceFile, place: Place) -> Option<s::Region> {
    let (first, last) = (source.line_at(place.span.start), source.line_at(place.span.end));
    let (from, mut to) = (first.saturating_sub(2).max(1), (last + 2).min(source.line_count()));
    // Not the empty line after the last line end.
    if to > last && source.line_span(to).is_empty() {
        to -= 1;
    }
    let span = source.line_span(from).cover(source.line_span(to));
    let wider = span.contains(place.span) && span != place.span;
    let short = (span.end - span.start) as usize <= MAX_SNIPPET;
    let end = source.position(span.end, ColumnUnit::Utf16);
    (wider && short).then(|| {
        s::Region::builder()
            .start_line(i64::from(from))
            .start_column(1)
            .end_line(i64::from(to))
            .end_column(i64::from(end.column))
            .snippet(s::ArtifactContent::builder().text(source.slice(span)).build())
            .build()
    })
}

/// A path as a relative URI, percent-encoded (RFC 3986).
pub(crate) fn encode(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    let first_segment = path.find('/').unwrap_or(path.len());
    for (at, byte) in path.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~/!$&'()*+,;=@".contains(&byte)
            || (byte == b':' && at > first_segment);
        if plain {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// A text as an escaped sentence on one line, without Markdown links.
pub(crate) fn message_text(text: &str) -> String {
    sentence(&cut(&sanitize::line(text).replace("](", "] ("), MAX_SENTENCE - 1))
}

/// Cuts a text and adds an ellipsis if it is longer than `longest` characters.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        text.to_owned()
    } else {
        text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
    }
}

/// The words at the start of messages that get a capital letter. Other small words are names: `npm`, `crates.io`, `uv`.
const STARTS: [&str; 27] = [
    "a",
    "an",
    "attestations",
    "both",
    "duplicate",
    "each",
    "environment",
    "every",
    "expected",
    "files",
    "in",
    "invalid",
    "it",
    "job",
    "missing",
    "no",
    "nothing",
    "only",
    "step",
    "the",
    "there",
    "these",
    "this",
    "unknown",
    "unreadable",
    "version",
    "workflow",
];

/// A text with a capital letter at its start, if it starts with an ordinary word.
pub(crate) fn capitalized(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    match first.chars().next() {
        Some(letter) if STARTS.contains(&first) => {
            format!("{}{}", letter.to_ascii_uppercase(), text.get(letter.len_utf8()..).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

/// Adds a capital letter at the start and a period at the end, where they are missing.
pub(crate) fn sentence(text: &str) -> String {
    let text = capitalized(text.trim());
    if text.ends_with(['.', '!', '?']) { text } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::source::FileId;

    fn place(start: u32, end: u32) -> Place {
        Place { file: FileId(0), span: Span::new(start, end) }
    }

    #[test]
    fn odd_paths_become_addresses() {
        assert_eq!(encode(".github/workflows/release.yml"), ".github/workflows/release.yml");
        assert_eq!(encode("a b/c%d#e?.yml"), "a%20b/c%25d%23e%3F.yml");
        assert_eq!(encode("a:b/c:d.yml"), "a%3Ab/c:d.yml", "what stands before the first slash would be a scheme");
        assert_eq!(encode("é[1]{2}|\\\n.yml"), "%C3%A9%5B1%5D%7B2%7D%7C%5C%0A.yml");
        assert_eq!(artifact("/etc/a b.yaml").uri.as_deref(), Some("file:///etc/a%20b.yaml"));
        assert_eq!(artifact("/etc/a b.yaml").uri_base_id, None);
    }

    #[test]
    fn a_region_ends_with_the_text_of_its_last_line() {
        let source = SourceFile::new("f", b"run: |\r\n  echo\r\n".to_vec());
        let region = region(&source, place(8, 16));
        assert_eq!((region.start_line, region.end_line, region.end_column), (Some(2), Some(2), Some(7)));
        assert_eq!(replaced(&source, place(8, 16)).end_line, Some(3), "a fix takes the line's end too");
    }

    #[test]
    fn a_wide_place_is_told_by_its_first_line() {
        let text = "jobs:\n".to_owned() + &"  a: 1\n".repeat(30);
        let source = SourceFile::new("f", text.into_bytes());
        assert_eq!(narrowed(&source, place(0, 150)), place(0, 5));
        assert_eq!(narrowed(&source, place(0, 12)), place(0, 12));
    }

    #[test]
    fn a_column_counts_what_editors_count() {
        let source = SourceFile::new("f", "\u{feff}a: 🦀 b".into());
        let region = region(&source, place(3 + 7, 3 + 9));
        assert_eq!((region.start_column, region.end_column), (Some(6), Some(8)));
    }

    #[test]
    fn words_from_files_make_no_link_and_no_end() {
        assert_eq!(message_text("job [x](1) \u{1b}[2J\n::error::"), "Job [x] (1) \\u{1b}[2J ::error::.");
        let long = message_text(&"é".repeat(5_000));
        assert_eq!(long.chars().count(), 1_024);
        assert!(long.ends_with("….") && cut("abc", 3) == "abc" && cut("abcd", 3) == "ab…");
    }
}
