//! The content of a manifest in any format: words, lists and tables with places.

use crate::read::source::Span;

/// A value of a manifest.
#[derive(Debug, Clone)]
pub struct ManifestValue {
    /// Its place, with its quotes or brackets.
    pub(crate) span: Span,
    /// Its content.
    pub(crate) content: ManifestContent,
}

/// The content of a value.
#[derive(Debug, Clone)]
pub enum ManifestContent {
    /// A string or a number.
    Word(String),
    /// A boolean.
    Flag(bool),
    /// A list.
    List(Vec<ManifestValue>),
    /// A table; keys may repeat.
    Table(Vec<ManifestEntry>),
    /// A value that the file does not decide: a variable, a condition, a call.
    Unknown,
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub struct ManifestEntry {
    /// The key.
    pub(crate) key: String,
    /// The value.
    pub(crate) value: ManifestValue,
}

impl ManifestValue {
    pub(crate) fn word(text: impl Into<String>, span: Span) -> Self {
        Self { span, content: ManifestContent::Word(text.into()) }
    }

    /// Whether it names a plugin: as a text, or as a list of the name and its options.
    pub(crate) fn is_plugin(&self, name: &str) -> bool {
        self.text().or_else(|| self.items().first().and_then(Self::text)) == Some(name)
    }

    /// Whether one of the values in it is a text that a test accepts.
    pub(crate) fn has_text(&self, test: impl Fn(&str) -> bool) -> bool {
        let mut open = vec![self];
        while let Some(value) = open.pop() {
            match &value.content {
                ManifestContent::Word(text) if test(text) => return true,
                ManifestContent::List(items) => open.extend(items),
                ManifestContent::Table(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
                _ => {}
            }
        }
        false
    }

    pub(crate) fn table(entries: Vec<ManifestEntry>, span: Span) -> Self {
        Self { span, content: ManifestContent::Table(entries) }
    }

    /// The value as a word. A boolean is `true` or `false`; `None` for a list or a table.
    #[must_use]
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            ManifestContent::Word(text) => Some(text),
            ManifestContent::Flag(true) => Some("true"),
            ManifestContent::Flag(false) => Some("false"),
            ManifestContent::List(_) | ManifestContent::Table(_) | ManifestContent::Unknown => None,
        }
    }

    /// The value as a word; a list with one item counts as that item.
    #[must_use]
    pub(crate) fn only_text(&self) -> Option<&str> {
        match &self.content {
            ManifestContent::List(items) => items.first().filter(|_| items.len() == 1).and_then(Self::text),
            _ => self.text(),
        }
    }

    /// The items of a list; a word counts as a list with one item.
    #[must_use]
    pub(crate) fn items(&self) -> &[Self] {
        match &self.content {
            ManifestContent::List(items) => items,
            ManifestContent::Word(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }

    /// All values of a key. Its parts are joined by dots, and a part `*` is any key; a table's own key may contain dots.
    #[must_use]
    pub(crate) fn all(&self, key: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open = vec![(self, key)];
        while let Some((value, key)) = open.pop() {
            match &value.content {
                // An unknown value may have the key.
                ManifestContent::Unknown => found.push(value),
                ManifestContent::Table(entries) => {
                    for entry in entries {
                        match key.strip_prefix('*').or_else(|| key.strip_prefix(entry.key.as_str())) {
                            Some("") => found.push(&entry.value),
                            Some(rest) => open.extend(rest.strip_prefix('.').map(|rest| (&entry.value, rest))),
                            None => {}
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}
