//! Finds the commands of the data that a script may contain, by their words. Most scripts contain none and need not be parsed.

use std::collections::BTreeMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// The words of all spellings of some commands, found in one pass over a script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vocabulary {
    /// `None` if there are no commands.
    search: Option<AhoCorasick>,
    /// The spellings that contain each word.
    words: Vec<Vec<CommandSpelling>>,
    /// The number of commands.
    commands: usize,
}

/// One spelling of a command.
#[derive(Debug, Clone)]
struct CommandSpelling {
    /// The position of the command.
    command: usize,
    /// The positions of the words.
    words: Arc<[usize]>,
}

impl Vocabulary {
    /// Collects the words of commands, each given by its spellings.
    #[must_use]
    pub(crate) fn new<'s, S: IntoIterator<Item = &'s String>>(commands: impl IntoIterator<Item = S>) -> Self {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut position = |word| {
            let next = known.len();
            *known.entry(word).or_insert(next)
        };
        let mut spellings = Vec::new();
        let mut count = 0;
        for (command, all) in commands.into_iter().enumerate() {
            spellings.extend(
                all.into_iter().map(|text| CommandSpelling {
                    command,
                    words: text.split_whitespace().map(&mut position).collect(),
                }),
            );
            count = command + 1;
        }
        let mut texts: Vec<(usize, &str)> = known.into_iter().map(|(word, position)| (position, word)).collect();
        texts.sort_unstable();
        let mut words = vec![Vec::new(); texts.len()];
        for spelling in &spellings {
            spelling.words.iter().for_each(|word| words[*word].push(spelling.clone()));
        }
        let texts = texts.iter().map(|(_, word)| word);
        let search = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(texts).ok();
        Self { search, words, commands: count }
    }

    /// The positions of the commands that have all words of a spelling on one line of a script; continued lines count as one line. A word
    /// that is split by quotes is not found.
    #[must_use]
    pub(crate) fn commands_in(&self, script: &str) -> Vec<usize> {
        let Some(search) = &self.search else { return Vec::new() };
        let bytes = script.as_bytes();
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let letter = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(inside);
        let mut all = search.find_overlapping_iter(script).peekable();
        if all.peek().is_none() {
            return Vec::new();
        }
        // The line on which each word was last found.
        let mut last_line = vec![0; self.words.len()];
        let mut commands_in = vec![false; self.commands];
        let (mut line, mut end) = (1, line_end(script, 0));
        for found in all {
            while found.start() >= end && end < script.len() {
                (line, end) = (line + 1, line_end(script, end));
            }
            // Part of a longer word.
            if letter(found.start().checked_sub(1)) || letter(Some(found.end())) {
                continue;
            }
            let word = found.pattern().as_usize();
            last_line[word] = line;
            for spelling in &self.words[word] {
                if spelling.words.iter().all(|word| last_line[*word] == line) {
                    commands_in[spelling.command] = true;
                }
            }
        }
        (0..self.commands).filter(|command| commands_in[*command]).collect()
    }
}

/// The end of the line that starts at an offset, after its line feed. A line that ends with a continuation character of any shell goes
/// on.
fn line_end(script: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(length) = script[at..].find('\n') {
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
    command.split_whitespace().all(|word| script.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_contains_a_command_if_one_line_has_all_its_words() {
        let commands = [vec!["tool send".to_owned(), "send-it".to_owned()], vec!["tool".to_owned()], Vec::new()];
        let vocabulary = Vocabulary::new(&commands);
        assert_eq!(vocabulary.commands_in("exec ./bin/tool.exe --now send"), [0, 1]);
        assert_eq!(vocabulary.commands_in("send-it"), [0]);
        assert_eq!(vocabulary.commands_in("make\ntool \\\n  --now \\\n  send\nmake"), [0, 1]);
        assert_eq!(vocabulary.commands_in("tool `\r\n  send"), [0, 1]);
        assert_eq!(vocabulary.commands_in("tool build\nmake send"), [1], "the words are on two lines");
        assert_eq!(vocabulary.commands_in("tool==1.2 --sender me"), [1]);
        assert!(vocabulary.commands_in("toolbox my-tool && send-its").is_empty());
        assert!(vocabulary.commands_in("make").is_empty());
        assert!(Vocabulary::new([[]; 0]).commands_in("tool").is_empty());
    }
}
