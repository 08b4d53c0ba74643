//! Finds the commands of the data that a script may contain, by their words. Most scripts contain none and need not be parsed.

use std::ops::Range;

use crate::read::word_index::WordIndex;
use crate::workflow::model::{Job, Step, Workflow};
use crate::workflow::step_script;

/// The words of all spellings of some commands, found in one pass over a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    words: WordIndex,
    /// By word: the positions of the spellings that contain it.
    spellings_with: Vec<Vec<usize>>,
    /// The positions of the words of each spelling.
    spellings: Vec<CommandSpelling>,
    /// The number of commands.
    commands: usize,
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
                let words: Vec<_> = text.split_whitespace().filter_map(|word| self.words.add(word)).collect();
                self.spellings_with.resize(self.words.len(), Vec::new());
                for word in &words {
                    self.spellings_with[*word].push(self.spellings.len());
                }
                self.spellings.push(CommandSpelling { command: self.commands, words });
            }
            self.commands += 1;
        }
        first..self.commands
    }

    /// The positions of the commands that have all words of a spelling, in any case, on one line of a script; continued lines count as one
    /// line. A word that is split by quotes is not found.
    #[must_use]
    pub(crate) fn commands_in(&self, script: &str) -> Vec<usize> {
        let (mut found, mut on_line) = (Vec::new(), Vec::new());
        let mut end = 0;
        self.words.any_in(script, |start, word| {
            if start >= end {
                on_line.clear();
            }
            while start >= end && end < script.len() {
                end = line_end(script, end);
            }
            if on_line.contains(&word) {
                return false;
            }
            on_line.push(word);
            for CommandSpelling { command, words } in self.spellings_with[word].iter().map(|at| &self.spellings[*at]) {
                if !found.contains(command) && words.iter().all(|word| on_line.contains(word)) {
                    found.push(*command);
                }
            }
            false
        });
        found.sort_unstable();
        found
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
        if programs.iter().any(|program| self.words.any_in(program, |_, _| true)) || step_script::runs_variable(script)
        {
            // Only the arguments of such a command are in its line of the script.
            let text = programs.into_iter().chain([script]).collect::<Vec<_>>().join(" ").replace('\n', " ");
            found.extend(self.commands_in(&text));
            found.sort_unstable();
            found.dedup();
        }
        found
    }
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
