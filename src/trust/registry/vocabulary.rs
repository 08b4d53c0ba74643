//! Finds the commands of the data that a script may contain, by their words. Most scripts contain none and need not be parsed.

use std::ops::Range;

use crate::workflow::model::{Job, Step, Workflow};
use crate::workflow::step_script;

/// The words of all spellings of some commands, found in one pass over a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    /// Every word once.
    words: Vec<CommandWord>,
    /// By first byte: the first names of the words, such as `gradlew` of `./gradlew`, with the positions of the words. Few names begin
    /// with the same byte, so a linear search is fastest.
    by_name: Vec<Vec<(Vec<u8>, Vec<usize>)>>,
    /// By first byte: the lengths of these names, as bits. Most names in a script are another one by their length alone.
    lengths: Vec<u64>,
    /// The positions of the words of each spelling.
    spellings: Vec<CommandSpelling>,
    /// The number of commands.
    commands: usize,
}

/// A word of a command.
#[derive(Debug, Clone)]
struct CommandWord {
    text: String,
    /// The offset of its first name.
    name: usize,
    /// The positions of the spellings that contain it.
    spellings: Vec<usize>,
}

/// One spelling of a command.
#[derive(Debug, Clone)]
struct CommandSpelling {
    /// The position of the command.
    command: usize,
    /// The positions of the words.
    words: Vec<usize>,
}

impl Vocabulary {
    /// Adds the words of commands, each given by its spellings, and returns the positions of these commands.
    pub(crate) fn extend<'s, S: IntoIterator<Item = &'s String>>(
        &mut self,
        commands: impl IntoIterator<Item = S>,
    ) -> Range<usize> {
        let first = self.commands;
        for spellings in commands {
            for text in spellings {
                let position = self.spellings.len();
                let words = text.split_whitespace().map(|word| self.add(word, position)).collect();
                self.spellings.push(CommandSpelling { command: self.commands, words });
            }
            self.commands += 1;
        }
        first..self.commands
    }

    /// Adds a word of a spelling and returns its position.
    fn add(&mut self, word: &str, spelling: usize) -> usize {
        let (start, name) = names(word.as_bytes()).next().unwrap_or_default();
        self.by_name.resize(256, Vec::new());
        self.lengths.resize(256, 0);
        let same_start = &mut self.by_name[first_byte(name)];
        let index = same_start.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            same_start.push((name.to_vec(), Vec::new()));
            self.lengths[first_byte(name)] |= length_bit(name);
            same_start.len() - 1
        });
        let known = &mut same_start[index].1;
        let position = known.iter().copied().find(|position| self.words[*position].text == word);
        let position = position.unwrap_or_else(|| {
            known.push(self.words.len());
            self.words.push(CommandWord { text: word.to_owned(), name: start, spellings: Vec::new() });
            self.words.len() - 1
        });
        self.words[position].spellings.push(spelling);
        position
    }

    /// The positions of the commands that have all words of a spelling on one line of a script; continued lines count as one line. A word
    /// that is split by quotes is not found.
    #[must_use]
    pub(crate) fn commands_in(&self, script: &str) -> Vec<usize> {
        let (mut found, mut on_line) = (Vec::new(), Vec::new());
        let mut end = 0;
        for (start, name) in names(script.as_bytes()) {
            let words = self.words_with(name);
            if words.is_empty() {
                continue;
            }
            if start >= end {
                on_line.clear();
            }
            while start >= end && end < script.len() {
                end = line_end(script, end);
            }
            for word in words {
                let known = &self.words[*word];
                if on_line.contains(word) || !known.is_at(script, start) {
                    continue;
                }
                on_line.push(*word);
                for CommandSpelling { command, words } in known.spellings.iter().map(|at| &self.spellings[*at]) {
                    if !found.contains(command) && words.iter().all(|word| on_line.contains(word)) {
                        found.push(*command);
                    }
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Whether a text has the first name of a word.
    fn has_word(&self, text: &str) -> bool {
        names(text.as_bytes()).any(|(_, name)| !self.words_with(name).is_empty())
    }

    /// The positions, within a range, of the commands that the script of a step may contain. It is searched once: a step of an action has
    /// only variables of its own, so that it is the same in all jobs that run it.
    pub(crate) fn commands_in_step<'s>(
        &self,
        workflow: &Workflow<'_>,
        job: &Job<'_>,
        step: &'s Step<'_>,
        range: &Range<usize>,
    ) -> &'s [usize] {
        let all = step.commands_in.get_or_init(|| self.search(workflow, job, step));
        let before = |end: usize| all.partition_point(|position| *position < end);
        &all[before(range.start)..before(range.end)]
    }

    /// The positions of the commands that the script of a step may contain. Their programs may be the values of variables.
    fn search(&self, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Vec<usize> {
        let Some(script) = step.script.map(|script| script.value()) else { return Vec::new() };
        let Some(programs) = step_script::programs(workflow, job, step) else { return (0..self.commands).collect() };
        let mut found = self.commands_in(script);
        if programs.iter().any(|program| self.has_word(program)) || step_script::runs_variable(script) {
            // Only the arguments of such a command are in its line of the script.
            let text = programs.into_iter().chain([script]).collect::<Vec<_>>().join(" ").replace('\n', " ");
            found.extend(self.commands_in(&text));
            found.sort_unstable();
            found.dedup();
        }
        found
    }

    /// The positions of the words that have this first name.
    fn words_with(&self, name: &[u8]) -> &[usize] {
        let first = first_byte(name);
        if self.lengths.get(first).is_none_or(|lengths| lengths & length_bit(name) == 0) {
            return &[];
        }
        self.by_name[first].iter().find(|(known, _)| known == name).map_or(&[], |(_, words)| words)
    }
}

impl CommandWord {
    /// Whether a script has the word, and not as a part of a longer one, where its first name is at an offset.
    fn is_at(&self, script: &str, name: usize) -> bool {
        let Some(start) = name.checked_sub(self.name) else { return false };
        let end = start + self.text.len();
        let letter = |at: Option<usize>| at.and_then(|at| script.as_bytes().get(at)).copied().is_some_and(is_inside);
        script.as_bytes().get(start..end) == Some(self.text.as_bytes())
            && !letter(start.checked_sub(1))
            && !letter(Some(end))
    }
}

/// The names in a text, with their offsets: runs of letters, digits, `-` and `_`.
fn names(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut bytes = text.iter().enumerate();
    std::iter::from_fn(move || {
        let (start, _) = bytes.find(|(_, byte)| is_inside(**byte))?;
        let end = bytes.find(|(_, byte)| !is_inside(**byte)).map_or(text.len(), |(end, _)| end);
        Some((start, &text[start..end]))
    })
}

fn first_byte(name: &[u8]) -> usize {
    name.first().map_or(0, |byte| usize::from(*byte))
}

/// The length of a name as a bit; long names share the last one.
fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

/// Whether each byte is a part of a name.
const INSIDE: [bool; 256] = {
    let mut inside = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        inside[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        byte += 1;
    }
    inside
};

fn is_inside(byte: u8) -> bool {
    INSIDE[usize::from(byte)]
}

/// The end of the line that starts at an offset, after its line feed. A line that ends with a continuation character of any shell goes
/// on.
fn line_end(script: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(length) = memchr::memchr(b'\n', &script.as_bytes()[at..]) {
        let line = script[at..at + length].trim_end_matches('\r');
        at += length + 1;
        if !line.ends_with(['\\', '`', '^']) {
            return at;
        }
    }
    script.len()
}

/// Whether a script contains all words of a command, also as parts of longer words.
#[must_use]
pub(crate) fn contains_words(script: &str, command: &str) -> bool {
    command.split(' ').all(|word| memchr::memmem::find(script.as_bytes(), word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_contains_a_command_if_one_line_has_all_its_words() {
        let commands = [vec!["tool send".to_owned(), "send-it".to_owned()], vec!["tool".to_owned()], Vec::new()];
        let mut vocabulary = Vocabulary::default();
        assert!(vocabulary.commands_in("tool").is_empty());
        assert_eq!(vocabulary.extend(&commands), 0..3);
        assert_eq!(vocabulary.commands_in("exec ./bin/tool.exe --now send"), [0, 1]);
        assert_eq!(vocabulary.commands_in("send-it"), [0]);
        assert_eq!(vocabulary.commands_in("make\ntool \\\n  --now \\\n  send\nmake"), [0, 1]);
        assert_eq!(vocabulary.commands_in("tool `\r\n  send"), [0, 1]);
        assert_eq!(vocabulary.commands_in("tool build\nmake send"), [1], "the words are on two lines");
        assert_eq!(vocabulary.commands_in("tool==1.2 --sender me"), [1]);
        assert!(vocabulary.commands_in("toolbox my-tool && send-its").is_empty());
        assert!(vocabulary.commands_in("make").is_empty());
        assert_eq!(vocabulary.extend([&["make".to_owned()]]), 3..4);
        assert_eq!(vocabulary.commands_in("tool && make"), [1, 3]);
    }
}
