//! The most frequent expression: names joined by dots, such as `secrets.TOKEN`. It needs no parser.

use std::borrow::Cow;
use std::ops::Range;

use crate::workflow::expression::evaluate::lowercase;
use crate::workflow::expression::{ContextReference, Outcome, Scope};

/// A context and at least one property of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PropertyPath<'t> {
    /// The names with their dots.
    text: &'t str,
    /// Its bytes in the expression.
    range: Range<usize>,
}

impl<'t> PropertyPath<'t> {
    /// The path, if the whole expression is one. Blanks may surround it.
    pub(super) fn parse(expression: &'t str) -> Option<Self> {
        let text = expression.trim_ascii();
        // Whether the byte before is a dot, or there is none.
        let mut starts_name = true;
        let mut first_dot = None;
        for (at, byte) in text.bytes().enumerate() {
            let fits = match byte {
                b'.' if !starts_name => {
                    first_dot.get_or_insert(at);
                    starts_name = true;
                    continue;
                }
                b'0'..=b'9' | b'-' => !starts_name,
                _ => byte.is_ascii_alphabetic() || byte == b'_',
            };
            if !fits {
                return None;
            }
            starts_name = false;
        }
        // These words are literals where an expression begins.
        if starts_name || matches!(&text[..first_dot?], "true" | "false" | "null" | "NaN" | "Infinity") {
            return None;
        }
        let start = expression.len() - expression.trim_ascii_start().len();
        Some(Self { text, range: start..start + text.len() })
    }

    /// The value that the scope has at the path.
    pub(super) fn evaluate(&self, scope: &dyn Scope) -> Outcome {
        let (context, properties) = self.text.split_once('.').unwrap_or((self.text, ""));
        let context = lowercase(context);
        let path: Vec<&str> = std::iter::once(context.as_ref()).chain(properties.split('.')).collect();
        scope.lookup(&path)
    }

    pub(super) fn reference(&self) -> ContextReference<'t> {
        // Few paths have more parts.
        let mut path = Vec::with_capacity(4);
        // `['.']` is compared with each letter, which is faster in short texts than the search for `'.'`.
        path.extend(self.text.split(['.']).map(Cow::Borrowed));
        ContextReference { path, range: self.range.clone() }
    }
}
