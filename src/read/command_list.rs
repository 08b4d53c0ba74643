//! Commands of a data file, found by their program: a script's command is compared only with the commands of its own program.

use std::cell::LazyCell;
use std::ops::Deref;
use std::sync::OnceLock;

use memchr::memmem;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::word_index::WordIndex;

/// Commands, each a program and its subcommands. Some lists also have variables and files (see `trust::registry::opaque`).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(from = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct CommandList {
    list: Vec<String>,
    /// The length of the program and the position of each command, sorted by program; those of one program are in the order of the list.
    by_program: Vec<(usize, usize)>,
    /// The positions of the entries for actions.
    for_actions: Vec<usize>,
    /// The positions of the entries that are variables.
    variables: Vec<usize>,
    /// Finds the words of the entries in a text. Built when it is first used.
    words: OnceLock<WordSearch>,
}

/// The start of an entry for actions.
const FOR_ACTIONS: &str = "uses ";

/// The words of the entries.
#[derive(Debug, Clone, Default)]
struct WordSearch {
    words: WordIndex,
    /// By word: the positions of the entries that have it.
    entries_with: Vec<Vec<usize>>,
    entries: Vec<SearchedEntry>,
}

/// What a text has that may contain an entry.
#[derive(Debug, Clone)]
struct SearchedEntry {
    /// The number of its words in the index.
    words_in_index: usize,
    /// Its other words in lower case, split at stars. They may be parts of longer words.
    parts: Vec<String>,
}

impl PartialEq for CommandList {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for CommandList {}

impl From<Vec<String>> for CommandList {
    fn from(list: Vec<String>) -> Self {
        let length = |command: &String| command.find(' ').unwrap_or(command.len());
        let mut by_program: Vec<(usize, usize)> = list.iter().map(length).zip(0..).collect();
        by_program.sort_by_key(|(length, position)| &list[*position][..*length]);
        let positions = |is: &dyn Fn(&String) -> bool| (0..list.len()).filter(|at| is(&list[*at])).collect();
        let for_actions = positions(&|entry| entry.starts_with(FOR_ACTIONS));
        let variables = positions(&|entry| is_variable(entry));
        Self { list, by_program, for_actions, variables, words: OnceLock::new() }
    }
}

impl Deref for CommandList {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.list
    }
}

impl CommandList {
    /// The commands of the program that a word names, in order.
    pub(crate) fn of_program(&self, word: &str) -> impl Iterator<Item = &str> {
        let name = program(word);
        let program = |(length, position): &(usize, usize)| &self.list[*position][..*length];
        let start = self.by_program.partition_point(|entry| program(entry) < name);
        let own = self.by_program[start..].iter().take_while(move |entry| program(entry) == name);
        own.map(|(_, position)| self.list[*position].as_str())
    }

    /// The entries for actions, each with the words of it that an action's name has.
    pub(crate) fn for_actions(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.for_actions.iter().map(|position| self.list[*position].as_str());
        entries.filter_map(|entry| Some((entry, entry.strip_prefix(FOR_ACTIONS)?)))
    }

    /// The entries that are variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|position| self.list[*position].as_str())
    }

    /// Whether texts that belong together, such as those of a script, may contain one of the entries: they have all its words, in any case
    /// and order. A script for which this is false need not be parsed. A word that is split by quotes is not found.
    pub(crate) fn may_be_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        self.words.get_or_init(|| WordSearch::new(&self.list)).may_be_in(&texts.into_iter().collect::<Vec<_>>())
    }
}

impl WordSearch {
    fn new(entries: &[String]) -> Self {
        let mut search = Self::default();
        for (entry, text) in entries.iter().filter(|entry| !entry.starts_with(FOR_ACTIONS)).enumerate() {
            let (mut words, mut parts) = (Vec::new(), Vec::new());
            for word in text.split_whitespace() {
                let whole = if word.contains('*') { None } else { search.words.add(word) };
                match whole {
                    Some(position) => words.push(position),
                    None => parts.extend(word.split('*').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase)),
                }
            }
            words.sort_unstable();
            words.dedup();
            search.entries_with.resize(search.words.len(), Vec::new());
            words.iter().for_each(|word| search.entries_with[*word].push(entry));
            search.entries.push(SearchedEntry { words_in_index: words.len(), parts });
        }
        search
    }

    fn may_be_in(&self, texts: &[&str]) -> bool {
        let lower = LazyCell::new(|| texts.iter().map(|text| text.to_ascii_lowercase()).collect::<Vec<_>>());
        let is_in = |part: &String| lower.iter().any(|text| memmem::find(text.as_bytes(), part.as_bytes()).is_some());
        let has_parts = |entry: &SearchedEntry| entry.parts.iter().all(is_in);
        if self.entries.iter().any(|entry| entry.words_in_index == 0 && has_parts(entry)) {
            return true;
        }
        let mut is_found = vec![false; self.words.len()];
        let mut missing: Vec<_> = self.entries.iter().map(|entry| entry.words_in_index).collect();
        let mut completes_entry = |_, word: usize| {
            !std::mem::replace(&mut is_found[word], true)
                && self.entries_with[word].iter().any(|entry| {
                    missing[*entry] -= 1;
                    missing[*entry] == 0 && has_parts(&self.entries[*entry])
                })
        };
        texts.iter().any(|text| self.words.any_in(text, &mut completes_entry))
    }
}

/// Whether an entry has the form of an environment variable; `*` stands for any text.
pub(crate) fn is_variable(entry: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || matches!(letter, '_' | '*');
    entry.contains('_') && entry.chars().all(is_name)
}

/// The name of a program without folder, version (`twine==6.1`, `twine@6`) and `.exe`.
#[must_use]
pub(crate) fn program(word: &str) -> &str {
    let start = word.bytes().rposition(|byte| matches!(byte, b'/' | b'\\')).map_or(0, |at| at + 1);
    let name = &word[start..];
    let end = name.bytes().position(|byte| matches!(byte, b'=' | b'@' | b'>' | b'<' | b'~' | b'['));
    let name = &name[..end.unwrap_or(name.len())];
    name.strip_suffix(".exe").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_their_program() {
        let list = CommandList::from(["tool send", "other", "tool list", "[["].map(str::to_owned).to_vec());
        let found = |word: &str| list.of_program(word).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found("./bin/tool.exe"), ["tool send", "tool list"]);
        assert_eq!(found("other@2"), ["other"]);
        assert!(found("toolbox").is_empty() && found("").is_empty());
    }

    #[test]
    fn a_script_may_contain_an_entry_if_it_has_all_its_words() {
        let list = CommandList::from(
            ["np", "tool send *now*", "*ASK_PASS*", "uses make", "a.json"].map(str::to_owned).to_vec(),
        );
        for script in ["exec ./bin/NP.exe", "tool@2 send x\nnowhere", "export GIT_ASK_PASSWORD=x", "cat A.json", "'np'"]
        {
            assert!(list.may_be_in([script]), "{script}");
        }
        for script in
            ["tool list now", "tool send x", "export ASK=1", "", "a json", "npm ci; input=1; cnp np-x", "make"]
        {
            assert!(!list.may_be_in([script]), "{script}");
        }
        assert!(list.may_be_in(["$TOOL send now", "./tool"]), "the words are in several texts");
        assert!(!CommandList::default().may_be_in(["tool"]));
        let unknown = CommandList::from(vec!["np".to_owned(), String::new()]);
        assert!(unknown.may_be_in(["make"]), "an entry without a word may be in every script");
    }
}
