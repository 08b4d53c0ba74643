//! Removes a flag from a script. Only flags without a value, written literally, can be removed.

use std::ops::Range;

use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::read::text::Text;

/// The bytes of a script to remove with the flag at a place, including the blanks and line continuation before it; `None` if no literal
/// flag of the command is there.
pub(super) fn without_flag(command: &ShellCommand, script: Text<'_>, place: Place) -> Option<Range<usize>> {
    let index = command.words.iter().position(|word| script.inner(word.span.clone()) == place)?;
    let flag = command.words.get(index)?;
    flag.text().filter(|text| text.starts_with('-'))?;
    let before = command.words.get(index.checked_sub(1)?)?.span.end;
    let between = script.value().get(before..flag.span.start)?;
    let start = if is_gap(between) { before } else { before + between.trim_end_matches([' ', '\t']).len() };
    Some(start..flag.span.end)
}

/// Whether a text consists of blanks and continued line ends only.
fn is_gap(text: &str) -> bool {
    let mut lines = text.split('\n').rev();
    lines.next().is_some_and(|last| last.trim().is_empty()) && lines.all(|line| matches!(line.trim(), "\\" | "`" | "^"))
}
