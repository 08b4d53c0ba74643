//! Manifests in TOML.

use toml_edit::{Document, Item, Key, TableLike, Value as Toml};

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The file's content; `None` if it is invalid.
pub(crate) fn read(text: &str) -> Option<ManifestValue> {
    // The recursion is bounded: the parser allows 80 levels.
    let document = Document::parse(text).ok()?;
    Some(table(document.as_table(), Span::at(0)))
}

fn table(table: &dyn TableLike, span: Span) -> ManifestValue {
    let entries = table.iter().filter_map(|(name, item)| {
        let place = table.key(name).and_then(Key::span).map_or(span, bounded);
        Some(ManifestEntry { key: name.to_owned(), value: item_value(item, place)? })
    });
    ManifestValue::table(entries.collect(), span)
}

/// The value of an item; without a place of its own, it has the place of its key.
fn item_value(item: &Item, key: Span) -> Option<ManifestValue> {
    let span = item.span().map_or(key, bounded);
    Some(match item {
        Item::None => return None,
        Item::Value(value) => plain(value, span),
        Item::Table(inner) => table(inner, span),
        Item::ArrayOfTables(list) => ManifestValue {
            span,
            content: ManifestContent::List(list.iter().map(|inner| table(inner, span)).collect()),
        },
    })
}

fn plain(value: &Toml, span: Span) -> ManifestValue {
    let content = match value {
        Toml::String(text) => ManifestContent::Word(text.value().clone()),
        Toml::Integer(number) => ManifestContent::Word(number.value().to_string()),
        Toml::Float(number) => ManifestContent::Word(number.value().to_string()),
        Toml::Datetime(date) => ManifestContent::Word(date.value().to_string()),
        Toml::Boolean(flag) => ManifestContent::Flag(*flag.value()),
        Toml::Array(items) => {
            let item = |item: &Toml| plain(item, item.span().map_or(span, bounded));
            ManifestContent::List(items.iter().map(item).collect())
        }
        Toml::InlineTable(inner) => return table(inner, span),
    };
    ManifestValue { span, content }
}

fn bounded(range: std::ops::Range<usize>) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(range.start), byte(range.end))
}
