//! What a manifest holds, whatever it is written in: words, lists and tables with their places. It never says what a key means.

use crate::read::source::Span;

/// A value of a manifest.
#[derive(Debug, Clone)]
pub struct ManifestValue {
    /// Where it is written, with its quotes or brackets.
    pub span: Span,
    /// What it is.
    pub content: ManifestContent,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum ManifestContent {
    /// A text or a number.
    Word(String),
    /// A boolean.
    Flag(bool),
    /// A list.
    List(Vec<ManifestValue>),
    /// A table; a key may stand in it several times.
    Table(Vec<ManifestEntry>),
    /// What only a running program knows: a variable, a condition, a call.
    Open,
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub struct ManifestEntry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Span,
    /// The value.
    pub value: ManifestValue,
}

impl ManifestValue {
    /// A text or a number.
    pub fn word(text: impl Into<String>, span: Span) -> Self {
        Self { span, content: ManifestContent::Word(text.into()) }
    }

    /// A table of its entries, over the whole of them.
    pub fn table(entries: Vec<ManifestEntry>, span: Span) -> Self {
        Self { span, content: ManifestContent::Table(entries) }
    }

    /// The value as a word: a boolean is `true` or `false`; none of a list or a table.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            ManifestContent::Word(text) => Some(text),
            ManifestContent::Flag(true) => Some("true"),
            ManifestContent::Flag(false) => Some("false"),
            ManifestContent::List(_) | ManifestContent::Table(_) | ManifestContent::Open => None,
        }
    }

    /// The value as a word, and of a list with one item that item.
    #[must_use]
    pub fn only_text(&self) -> Option<&str> {
        match &self.content {
            ManifestContent::List(items) => items.first().filter(|_| items.len() == 1).and_then(Self::text),
            _ => self.text(),
        }
    }

    /// The items of a list; a word is a list of one.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.content {
            ManifestContent::List(items) => items,
            ManifestContent::Word(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }

    /// Every value that a key leads to. Its parts are joined by dots, and a part `*` is any key; a table's own key may have dots in it.
    #[must_use]
    pub fn all(&self, key: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open = vec![(self, key)];
        while let Some((value, key)) = open.pop() {
            match &value.content {
                // What a program fills may hold the key as well as not.
                ManifestContent::Open => found.push(value),
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
