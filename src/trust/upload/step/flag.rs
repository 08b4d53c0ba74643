//! The flags of a client's command and what stands behind them.

use crate::read::shell::{ShellWord, WordPiece};
use crate::trust::registry::slot::{SlotKind, SlotValue};
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::model::Text;

impl ResolvedStep<'_, '_> {
    /// What a flag of the command says, by any of its spellings.
    pub(crate) fn flag(&self, spellings: &[String], kind: SlotKind) -> SlotValue {
        let bare = matches!(kind, SlotKind::Switch | SlotKind::Denial);
        let said = if kind == SlotKind::Denial { "false" } else { "true" };
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return SlotValue::Absent };
        let mut words = command.words.iter();
        while let Some(word) = words.next() {
            for spelling in spellings {
                if word.text().as_deref() == Some(spelling) {
                    // A flag without a value is a switch that is on.
                    return match words.clone().next().filter(|next| !bare && !next.starts_with("-")) {
                        Some(value) => self.word(value, run),
                        None => SlotValue::Text(said.into(), run.inner(word.span.clone())),
                    };
                }
                if let Some(given) = with_value(word, spelling, run) {
                    return given;
                }
            }
        }
        SlotValue::Absent
    }

    /// What the files tell of the words behind `last`, the command's own last one, that are no plain text and may be flags: of a command
    /// whose other words cannot be told from flags. These of its flags have a value, which is none.
    #[must_use]
    pub fn open_words(&self, last: &str, value_flags: &[String]) -> Vec<SlotValue> {
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return Vec::new() };
        let own = command.words.iter().position(|word| word.text().as_deref() == Some(last)).map_or(0, |at| at + 1);
        let mut found = Vec::new();
        let mut behind_flag = false;
        for word in &command.words[own..] {
            let text = word.text();
            // `-p$NAME` and `--package=$NAME` are one word.
            let joined = |flag: &String| {
                let glued = if flag.starts_with("--") { format!("{flag}=") } else { flag.clone() };
                word.starts_with(&glued)
            };
            let flag = matches!(word.parts.first(), Some(first) if !matches!(first, WordPiece::Text(_)))
                || word.starts_with("-");
            if text.is_none() && flag && !behind_flag && !value_flags.iter().any(joined) {
                found.push(self.word(word, run));
            }
            behind_flag = text.is_some_and(|text| value_flags.contains(&text));
        }
        found
    }
}

/// What stands behind the `=` of a word that is a flag with its value. A `*` in the spelling stands for any part of the flag's name.
fn with_value(word: &ShellWord, spelling: &str, run: Text<'_>) -> Option<SlotValue> {
    let (before, after) = spelling.split_once('*').unwrap_or((spelling, ""));
    if !spelling.starts_with("--") || !word.starts_with(before) {
        return None;
    }
    let place = run.inner(word.span.clone());
    let Some(text) = word.template(run.value()) else {
        return (before == spelling && word.starts_with(&format!("{spelling}="))).then_some(SlotValue::Unknown(place));
    };
    let (name, value) = text.split_once('=')?;
    let same = if before == spelling { name == spelling } else { name.ends_with(after) };
    same.then(|| SlotValue::Text(value.to_owned(), place))
}
