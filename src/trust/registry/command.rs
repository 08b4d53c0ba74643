//! Matches the words of a shell command against the commands in the data.

use crate::read::command_list::{CommandList, program};
use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::workflow::github::{GitHubFacts, ShellFacts};

/// Whether a command matches an upload pattern, possibly after wrappers: `None` if it is another command, `false` if it contains one of
/// the pattern's `unless` words, such as `--dry-run`.
#[must_use]
pub(crate) fn names(github: &GitHubFacts, words: &CommandWords, pattern: &UploadPattern) -> Option<bool> {
    let stopped = || words.iter().flatten().any(|word| pattern.unless.iter().any(|stop| flag_is(word, stop)));
    pattern.spellings().any(|spelling| is_command(github, words, spelling, &pattern.via)).then(|| !stopped())
}

/// The words of a command; `None` is a word whose value is known only at run time. If only the version in a word is unknown, the part
/// before it is kept.
pub(crate) type CommandWords = Vec<Option<String>>;

/// The separators between a program's name and its version.
const VERSION_MARKS: [&str; 5] = ["@", "==", ">=", "<=", "~="];

/// The words of a command.
#[must_use]
pub(crate) fn words(command: &ShellCommand) -> CommandWords {
    let known = |(index, word): (usize, &ShellWord)| {
        word.text().or_else(|| before_version(word)).or_else(|| if index == 0 { program_in_folder(word) } else { None })
    };
    command.words.iter().enumerate().map(known).collect()
}

/// The program of `$BIN/twine`, `$BASE/bin/twine` and `${PREFIX}twine`: its folder is unknown, its name is not.
fn program_in_folder(word: &ShellWord) -> Option<String> {
    match word.parts.as_slice() {
        [WordPiece::Variable(_), WordPiece::Text(name)] => Some(name.clone()),
        [.., WordPiece::Text(name)] => name.rfind('/').and_then(|slash| name.get(slash..)).map(str::to_owned),
        _ => None,
    }
}

/// The part of a word before a version that only the running shell knows: `npm@` of `npm@$VERSION`. It can only match the program.
#[must_use]
pub(crate) fn before_version(word: &ShellWord) -> Option<String> {
    let Some(WordPiece::Text(text)) = word.parts.first() else { return None };
    // An `@` at the front of a name starts its scope.
    let name = text.get(1..).filter(|_| !text.starts_with('-'))?;
    let ends = VERSION_MARKS.iter().filter_map(|mark| Some(1 + name.find(mark)? + mark.len()));
    ends.min().and_then(|end| text.get(..end)).map(str::to_owned)
}

/// Whether a word is a flag, with or without `=VALUE`.
#[must_use]
pub(crate) fn flag_is(word: &str, flag: &str) -> bool {
    word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
}

/// Whether words begin with a command, after programs such as `sudo` and one wrapper of the list.
#[must_use]
pub(crate) fn is_command(github: &GitHubFacts, words: &[Option<String>], command: &str, via: &[String]) -> bool {
    let words = unwrapped(github, words);
    if starts_with(words, command).is_some() {
        return true;
    }
    let Some(first) = words.first().and_then(Option::as_deref).map(program) else { return false };
    let runs = |wrapper: &&String| {
        wrapper.strip_prefix(first).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    via.iter().filter(runs).any(|wrapper| {
        let Some(rest) = starts_with(words, wrapper) else { return false };
        // The wrapper's options and their values precede the wrapped program.
        (0..rest.len()).any(|skip| {
            let (options, command_words) = rest.split_at(skip);
            are_options(options) && starts_with(command_words, command).is_some()
        })
    })
}

/// Whether words may be a command of several words: only the run names their program, and the others are the same.
#[must_use]
pub(crate) fn may_be_command(github: &GitHubFacts, words: &[Option<String>], command: &str) -> bool {
    let ([None, rest @ ..], Some((program, _))) = (unwrapped(github, words), command.split_once(' ')) else {
        return false;
    };
    let named: Vec<_> = std::iter::once(Some(program.to_owned())).chain(rest.iter().cloned()).collect();
    starts_with(&named, command).is_some()
}

/// The first command of a list that words begin with, after programs such as `sudo`.
#[must_use]
pub(crate) fn find_command<'l>(
    github: &GitHubFacts,
    words: &[Option<String>],
    list: &'l CommandList,
) -> Option<&'l str> {
    let words = unwrapped(github, words);
    let first = words.first()?.as_deref()?;
    list.of_program(first).find(|command| starts_with(words, command).is_some())
}

/// The words after programs that only run another program, such as `sudo` and `env`.
#[must_use]
pub(crate) fn unwrapped<'w>(github: &GitHubFacts, words: &'w [Option<String>]) -> &'w [Option<String>] {
    let mut words = words;
    while let [Some(first), rest @ ..] = words {
        let name = program(first);
        if !github.shell.transparent.iter().any(|known| known == name) {
            break;
        }
        words = skip_options(rest);
    }
    words
}

/// Whether a command runs a program or script of the project.
#[must_use]
pub(crate) fn runs_project_program(shell: &ShellFacts, words: &[Option<String>]) -> bool {
    let Some((Some(first), rest)) = words.split_first() else { return true };
    if first.contains('/') {
        return !first.starts_with('/');
    }
    let script = rest.iter().find(|word| word.as_ref().is_none_or(|word| !word.starts_with('-')));
    let module = rest.first().is_some_and(|word| word.as_deref() == Some("-m"));
    let name = program(first);
    shell.interpreters.iter().any(|known| known == name) && script.is_some() && !module && !only_prints(shell, words)
}

/// Whether a command of an interpreter runs no script and only prints a value.
#[must_use]
pub(crate) fn only_prints(shell: &ShellFacts, words: &[Option<String>]) -> bool {
    let first = words.first().and_then(Option::as_deref);
    first.is_some_and(|first| shell.only_print.of_program(first).any(|known| starts_with(words, known).is_some()))
}

/// Whether words are options, each followed by at most one value.
fn are_options(words: &[Option<String>]) -> bool {
    let option = |word: &Option<String>| word.as_ref().is_none_or(|word| word.starts_with(['-', '+']));
    // `--flag=value` has its value.
    let takes_value = |word: &Option<String>| option(word) && word.as_ref().is_none_or(|word| !word.contains('='));
    words.iter().enumerate().all(|(at, word)| {
        option(word) || at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(takes_value)
    })
}

/// Whether a word is a number or a duration: the value of `-n 10`, or what `timeout 5m` gets.
fn is_amount(word: &str) -> bool {
    let number = word.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or(word);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn skip_options(words: &[Option<String>]) -> &[Option<String>] {
    let options = words
        .iter()
        .take_while(|word| {
            word.as_ref().is_some_and(|word| word.starts_with('-') || word.contains('=') || is_amount(word))
        })
        .count();
    &words[options..]
}

/// The rest after the words of a command. Options and their values may occur between the words.
#[must_use]
pub(crate) fn starts_with<'w>(words: &'w [Option<String>], command: &str) -> Option<&'w [Option<String>]> {
    let mut rest = words;
    for (index, expected) in command.split_ascii_whitespace().enumerate() {
        let same = |word: &Option<String>| {
            word.as_deref().is_some_and(|word| if index == 0 { is_program(word, expected) } else { word == expected })
        };
        let at = if index == 0 || expected.starts_with('-') {
            rest.first().filter(|word| same(word)).map(|_| 0)
        } else {
            rest.iter().position(same).filter(|at| are_options(&rest[..*at]))
        };
        rest = &rest[at? + 1..];
    }
    Some(rest)
}

/// Whether a word names a program. Comparing the first letters rejects most words before the name is extracted.
fn is_program(word: &str, name: &str) -> bool {
    (word.starts_with(name) || word.contains(['/', '\\'])) && program(word) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> CommandWords {
        text.split_whitespace().map(|word| Some(word.to_owned())).collect()
    }

    #[test]
    fn options_may_occur_between_the_words_of_a_command() {
        assert!(starts_with(&words("tool --quiet -w core send now"), "tool send").is_some());
        assert!(starts_with(&words("tool run send"), "tool send").is_none());
        assert!(starts_with(&words("tool --to=there other send"), "tool send").is_none());
        assert!(starts_with(&words("tool send --to there"), "tool send").is_some_and(|rest| rest.len() == 2));
        assert!(starts_with(&words("./bin/tool.exe send"), "tool send").is_some());
        assert!(starts_with(&words("tool"), "tool send").is_none());
    }

    #[test]
    fn an_unknown_version_leaves_the_name_of_the_program() {
        let script = "tool@$V @acme/tool@1.$MINOR 'tool=='\"$V\" $TOOL@1 --tool@$V tool$V send@$V";
        let command = crate::read::shell::parse(script, crate::read::shell::Shell::Posix).commands.remove(0);
        let known = |word: &str| Some(word.to_owned());
        let words = super::words(&command);
        assert_eq!(words[..3], [known("tool@"), known("@acme/tool@"), known("tool==")]);
        assert_eq!(words[3..], [None, None, None, known("send@")]);
        assert!(words[..3].iter().flatten().all(|word| program(word) == "tool"));
        assert!(starts_with(&[known("tool@"), known("send@")], "tool send").is_none());
    }
}
