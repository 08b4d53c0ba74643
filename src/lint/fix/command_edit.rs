//! Removes a flag from a script, with its value if it has one.

use std::ops::Range;

use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::read::text::Text;

/// The bytes of a script to remove with the flag at a place, including the blanks and line continuation before it. `valued` are the flags with
/// a value; one of them is removed together with the value at the place. `None` if no such flag of the command is there.
pub(super) fn without_flag(
    command: &ShellCommand,
    script: Text<'_>,
    place: Place,
    valued: &[&str],
) -> Option<Range<usize>> {
    let index = command.words.iter().position(|word| script.inner(word.span.clone()) == place)?;
    let word = command.words.get(index)?;
    let joined = |flag: &&&str| flag.starts_with("--") && word.starts_with(&format!("{flag}="));
    if word.text().is_some_and(|text| text.starts_with('-')) || valued.iter().any(|flag| joined(&flag)) {
        return without_words(command, script, index, index);
    }
    let flag = index.checked_sub(1)?;
    is_flag(command.words.get(flag)?, valued).then(|| without_words(command, script, flag, index))?
}

/// The bytes of a script to remove with the flag whose value is exactly a variable; `None` if the script reads the variable anywhere else.
pub(super) fn without_variable(
    command: &ShellCommand,
    script: Text<'_>,
    variable: &str,
    valued: &[&str],
) -> Option<Range<usize>> {
    let is_variable =
        |word: &ShellWord| matches!(word.parts.as_slice(), [WordPiece::Variable(name)] if name == variable);
    let index = command.words.iter().position(is_variable)?;
    let flag = index.checked_sub(1)?;
    let once = script.value().matches(variable).count() == 1;
    (once && is_flag(command.words.get(flag)?, valued)).then(|| without_words(command, script, flag, index))?
}

fn is_flag(word: &ShellWord, flags: &[&str]) -> bool {
    word.text().is_some_and(|text| flags.contains(&text.as_str()))
}

/// The bytes of the words from one index to another, with the blanks and the line continuation before them.
fn without_words(command: &ShellCommand, script: Text<'_>, first: usize, last: usize) -> Option<Range<usize>> {
    let (start, end) = (command.words.get(first)?.span.start, command.words.get(last)?.span.end);
    let before = command.words.get(first.checked_sub(1)?)?.span.end;
    let between = script.value().get(before..start)?;
    let start = if is_gap(between) { before } else { before + between.trim_end_matches([' ', '\t']).len() };
    Some(start..end)
}

/// Whether a text consists of blanks and continued line ends only.
fn is_gap(text: &str) -> bool {
    let mut lines = text.split('\n').rev();
    lines.next().is_some_and(|last| last.trim().is_empty()) && lines.all(|line| matches!(line.trim(), "\\" | "`" | "^"))
}
