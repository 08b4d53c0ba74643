//! The flags of a command and their values.

use crate::read::shell::{ShellWord, WordPiece};
use crate::trust::registry::slot::{SlotKind, SlotValue};
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::model::Text;

impl ResolvedStep<'_, '_> {
    /// The value of a flag, in any of its spellings. A switch has the value `true`, a denial `false`.
    pub(crate) fn flag(&self, spellings: &[String], kind: SlotKind) -> SlotValue {
        let bare = matches!(kind, SlotKind::Switch | SlotKind::Denial);
        let implied = if kind == SlotKind::Denial { "false" } else { "true" };
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return SlotValue::Absent };
        let mut words = command.words.iter();
        while let Some(word) = words.next() {
            for spelling in spellings {
                if word.text().as_deref() == Some(spelling) {
                    return match words.clone().next().filter(|next| !bare && !next.starts_with("-")) {
                        Some(value) => self.word(value, run),
                        None => SlotValue::Text(implied.into(), run.inner(word.span.clone())),
                    };
                }
                if let Some(value) = self.joined_value(word, spelling, run) {
                    return value;
                }
            }
        }
        SlotValue::Absent
    }

    /// The words that are values of a flag, in any of its spellings: `--flag value` and `--flag=value`.
    pub(crate) fn flag_words(&self, spellings: &[String]) -> Vec<ShellWord> {
        let mut found = Vec::new();
        let mut words = self.command.iter().flat_map(|command| &command.words).peekable();
        while let Some(word) = words.next() {
            if word.text().is_some_and(|text| spellings.contains(&text)) {
                found.extend(words.peek().filter(|next| !next.starts_with("-")).map(|next| (*next).clone()));
                continue;
            }
            let Some(WordPiece::Text(first)) = word.parts.first() else { continue };
            let value = |spelling: &String| first.strip_prefix(spelling.as_str())?.strip_prefix('=');
            if let Some(value) = spellings.iter().filter(|spelling| spelling.starts_with('-')).find_map(value) {
                let start = Some(WordPiece::Text(value.to_owned())).filter(|_| !value.is_empty());
                let parts = start.into_iter().chain(word.parts.iter().skip(1).cloned()).collect();
                found.push(ShellWord { span: word.span.clone(), parts, splits: word.splits });
            }
        }
        found
    }

    /// The words after the word `last` that are not plain text and may expand to flags. `value_flags` are the flags that take a value: their
    /// values do not count.
    #[must_use]
    pub fn unknown_words(&self, last: &str, value_flags: &[String]) -> Vec<SlotValue> {
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return Vec::new() };
        let own = command.words.iter().position(|word| word.text().as_deref() == Some(last)).map_or(0, |at| at + 1);
        let mut found = Vec::new();
        let mut is_value = false;
        for word in &command.words[own..] {
            let text = word.text();
            // `-p$NAME` and `--package=$NAME` are flags with a value.
            let joined = |flag: &String| {
                let glued = if flag.starts_with("--") { format!("{flag}=") } else { flag.clone() };
                word.starts_with(&glued)
            };
            let flag = matches!(word.parts.first(), Some(first) if !matches!(first, WordPiece::Text(_)))
                || word.starts_with("-");
            if text.is_none() && flag && !is_value && !value_flags.iter().any(joined) {
                found.push(self.word(word, run));
            }
            is_value = text.is_some_and(|text| value_flags.contains(&text));
        }
        found
    }

    /// The value of `--flag=value`. A `*` in the spelling matches any part of the flag's name.
    fn joined_value(&self, word: &ShellWord, spelling: &str, run: Text<'_>) -> Option<SlotValue> {
        let (before, after) = spelling.split_once('*').unwrap_or((spelling, ""));
        if !spelling.starts_with("--") || !word.starts_with(before) {
            return None;
        }
        if let Some(text) = word.template(run.value()) {
            let (name, value) = text.split_once('=')?;
            let same = if before == spelling { name == spelling } else { name.ends_with(after) };
            return same.then(|| SlotValue::Text(value.to_owned(), run.inner(word.span.clone())));
        }
        let (WordPiece::Text(first), rest) = word.parts.split_first()? else { return None };
        let value = first.strip_prefix(spelling)?.strip_prefix('=')?;
        let start = Some(WordPiece::Text(value.to_owned())).filter(|_| !value.is_empty());
        let parts = start.into_iter().chain(rest.iter().cloned()).collect();
        Some(self.word(&ShellWord { span: word.span.clone(), parts, splits: word.splits }, run))
    }
}
