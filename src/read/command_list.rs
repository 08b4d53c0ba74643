//! Commands of a data file, found by their program: a script's command is compared only with the commands of its own program.

use std::ops::Deref;

use schemars::JsonSchema;
use serde::Deserialize;

/// Commands, each a program and its subcommands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "Vec<String>")]
#[schemars(with = "Vec<String>")]
pub struct CommandList {
    list: Vec<String>,
    /// The length of the program and the position of each command, sorted by program; those of one program are in the order of the list.
    by_program: Vec<(usize, usize)>,
}

impl From<Vec<String>> for CommandList {
    fn from(list: Vec<String>) -> Self {
        let length = |command: &String| command.find(' ').unwrap_or(command.len());
        let mut by_program: Vec<(usize, usize)> = list.iter().map(length).zip(0..).collect();
        by_program.sort_by_key(|(length, position)| &list[*position][..*length]);
        Self { list, by_program }
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
}

/// The name of a program without folder, version (`twine==6.1`, `twine@6`) and `.exe`.
#[must_use]
pub(crate) fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.split(['=', '@', '>', '<', '~', '[']).next().unwrap_or(name);
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
}
