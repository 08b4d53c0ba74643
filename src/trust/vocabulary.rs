//! Which commands of the data a script can speak of at all, by the words in it: most speak of none, and are not read as a shell
//! reads them. It never says that a script runs a command.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// The words of all spellings of some commands, looked for in one pass over a script.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// None where no command is known.
    search: Option<AhoCorasick>,
    /// How many words there are.
    words: usize,
    /// Of each command its spellings, each as positions of its words.
    commands: Vec<Vec<Vec<usize>>>,
}

impl Vocabulary {
    /// The words of commands, each with its spellings.
    #[must_use]
    pub fn new<'s, S: IntoIterator<Item = &'s String>>(commands: impl IntoIterator<Item = S>) -> Self {
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut position = |word| {
            let next = known.len();
            *known.entry(word).or_insert(next)
        };
        let mut spelling = |text: &'s String| text.split_whitespace().map(&mut position).collect();
        let commands = commands.into_iter().map(|all| all.into_iter().map(&mut spelling).collect()).collect();
        let mut words: Vec<(usize, &str)> = known.into_iter().map(|(word, position)| (position, word)).collect();
        words.sort_unstable();
        let texts = words.iter().map(|(_, word)| word);
        let search = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(texts).ok();
        Self { search, words: words.len(), commands }
    }

    /// The positions of the commands of which some spelling has all its words in a script. A name that quotes part is not seen.
    #[must_use]
    pub fn spoken(&self, script: &str) -> Vec<usize> {
        let Some(search) = &self.search else { return Vec::new() };
        let mut said = vec![false; self.words];
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let letter = |at: Option<usize>| at.and_then(|at| script.as_bytes().get(at)).is_some_and(inside);
        for found in search.find_overlapping_iter(script) {
            // A part of a longer word is another word.
            if !letter(found.start().checked_sub(1)) && !letter(Some(found.end())) {
                said[found.pattern().as_usize()] = true;
            }
        }
        let whole = |spelling: &Vec<usize>| spelling.iter().all(|word| said[*word]);
        let spoken = self.commands.iter().enumerate().filter(|(_, spellings)| spellings.iter().any(whole));
        spoken.map(|(position, _)| position).collect()
    }
}

/// Whether all words of one command stand in a script, be it within longer ones.
#[must_use]
pub fn holds_words(script: &str, command: &str) -> bool {
    command.split_whitespace().all(|word| script.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_speaks_of_a_command_whose_words_all_stand_in_it() {
        let commands = [vec!["tool send".to_owned(), "send-it".to_owned()], vec!["tool".to_owned()], Vec::new()];
        let vocabulary = Vocabulary::new(&commands);
        assert_eq!(vocabulary.spoken("exec ./bin/tool.exe --now send"), [0, 1]);
        assert_eq!(vocabulary.spoken("send-it"), [0]);
        assert_eq!(vocabulary.spoken("tool==1.2 --sender me"), [1]);
        assert!(vocabulary.spoken("toolbox my-tool && send-its").is_empty());
        assert!(vocabulary.spoken("make").is_empty());
        assert!(Vocabulary::new([[]; 0]).spoken("tool").is_empty());
    }
}
