//! A flag that is taken out of a script. It touches none that a running shell or an expression makes, and none with a value behind it.

use std::ops::Range;

use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::read::text::Text;

/// The bytes of a script that go with the flag at a place, with the blanks and the line's continuation before it; `None` where no
/// word of the command that is a flag as written stands there.
pub fn without_flag(command: &ShellCommand, script: Text<'_>, place: Place) -> Option<Range<usize>> {
    let index = command.words.iter().position(|word| script.inner(word.span.clone()) == place)?;
    let flag = command.words.get(index)?;
    flag.text().filter(|text| text.starts_with('-'))?;
    let before = command.words.get(index.checked_sub(1)?)?.span.end;
    let between = script.value().get(before..flag.span.start)?;
    let start = if is_gap(between) { before } else { before + between.trim_end_matches([' ', '\t']).len() };
    Some(start..flag.span.end)
}

/// Whether there are only blanks, and line ends that every shell's sign takes back.
fn is_gap(text: &str) -> bool {
    let mut lines = text.split('\n').rev();
    lines.next().is_some_and(|last| last.trim().is_empty()) && lines.all(|line| matches!(line.trim(), "\\" | "`" | "^"))
}
