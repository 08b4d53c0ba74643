//! Places as SARIF has them: encoded addresses, lines and columns, snippets.

use serde_sarif::sarif as s;

use super::ROOT;
use crate::read::source::{Columns, Place, Source};
use crate::report::View;

/// A place with a text about it.
pub fn location(view: &View<'_>, place: Place, id: Option<i64>, text: Option<&str>, context: bool) -> s::Location {
    let mut location = s::Location::builder().physical_location(physical(view, place, context)).build();
    location.id = id;
    location.message =
        text.filter(|text| !text.is_empty()).map(|text| s::Message::builder().text(sentence(text)).build());
    location
}

fn physical(view: &View<'_>, place: Place, context: bool) -> s::PhysicalLocation {
    let artifact = artifact(&view.path(place));
    let Some(source) = view.source(place) else {
        return s::PhysicalLocation::builder().artifact_location(artifact).build();
    };
    let mut physical = s::PhysicalLocation::builder().artifact_location(artifact).region(region(source, place)).build();
    physical.context_region = if context { around(source, place) } else { None };
    physical
}

/// A file by its address.
pub fn artifact(path: &str) -> s::ArtifactLocation {
    s::ArtifactLocation::builder().uri(encode(path)).uri_base_id(ROOT).build()
}

/// The four numbers of a place, with its text.
pub fn region(source: &Source, place: Place) -> s::Region {
    let (start, end) =
        (source.position(place.span.start, Columns::Utf16), source.position(place.span.end, Columns::Utf16));
    let snippet = s::ArtifactContent::builder().text(source.slice(place.span)).build();
    s::Region::builder()
        .start_line(i64::from(start.line))
        .start_column(i64::from(start.column))
        .end_line(i64::from(end.line))
        .end_column(i64::from(end.column))
        .snippet(snippet)
        .build()
}

/// The lines around a place; none where they would add nothing.
fn around(source: &Source, place: Place) -> Option<s::Region> {
    let (first, last) = (source.line_at(place.span.start), source.line_at(place.span.end));
    let (from, mut to) = (first.saturating_sub(2).max(1), (last + 2).min(source.line_count()));
    // A last, empty line has no text of its own.
    if to > last && source.line_span(to).is_empty() {
        to -= 1;
    }
    let span = source.line_span(from).cover(source.line_span(to));
    let wider = span.contains(place.span) && span != place.span;
    let end = source.position(span.end, Columns::Utf16);
    wider.then(|| {
        s::Region::builder()
            .start_line(i64::from(from))
            .start_column(1)
            .end_line(i64::from(to))
            .end_column(i64::from(end.column))
            .snippet(s::ArtifactContent::builder().text(source.slice(span)).build())
            .build()
    })
}

/// A path as a relative address: every byte that an address cannot hold is encoded (RFC 3986).
pub fn encode(path: &str) -> String {
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

/// A text as a sentence: with a period at its end.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
