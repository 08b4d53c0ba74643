//! Commands of a data file, found by their program: a script's command is compared only with the commands of its own program.

use std::ops::Deref;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use schemars::JsonSchema;
use serde::Deserialize;

/// Commands, each a program and its subcommands. Some lists also have variables and files (see `trust::registry::opaque`).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(from = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct CommandList {
    list: Vec<String>,
    /// The length of the program and the position of each command, sorted by program; those of one program are in the order of the list.
    by_program: Vec<(usize, usize)>,
    /// Finds the first word of each entry in a text. Built when it is first used; `None` if no entry can be in a text.
    first_words: OnceLock<Option<AhoCorasick>>,
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
        Self { list, by_program, first_words: OnceLock::new() }
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

    /// Whether a script may contain one of the entries: it has its first word, or of a word with stars the longest part between them, in
    /// any case and also inside of longer words. A script for which this is false need not be parsed. A word that is split by quotes is
    /// not found.
    pub(crate) fn may_be_in(&self, script: &str) -> bool {
        let search = self.first_words.get_or_init(|| {
            let commands = self.list.iter().filter(|entry| !entry.starts_with("uses "));
            let first = commands.filter_map(|entry| entry.split_whitespace().next());
            let parts: Vec<&str> = first.filter_map(|word| word.split('*').max_by_key(|part| part.len())).collect();
            if parts.is_empty() {
                return None;
            }
            AhoCorasick::builder().ascii_case_insensitive(true).build(parts).ok()
        });
        search.as_ref().is_some_and(|search| search.is_match(script))
    }
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
    fn a_script_may_contain_an_entry_if_it_has_its_first_word() {
        let list =
            CommandList::from(["tool send *now*", "*ASK_PASS*", "uses make", "a.json"].map(str::to_owned).to_vec());
        for script in ["sudo ./bin/TOOL.exe list", "export GIT_ASK_PASS=x", "cat A.json", "toolbox"] {
            assert!(list.may_be_in(script), "{script}");
        }
        for script in ["make send now", "export ASK=1", "", "a json"] {
            assert!(!list.may_be_in(script), "{script}");
        }
        assert!(!CommandList::default().may_be_in("tool"));
    }
}
