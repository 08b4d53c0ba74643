//! Entries of `opaque:` in the data: what in a job makes something unknown that the files would otherwise decide.
//!
//! | entry | matches |
//! |---|---|
//! | `git remote add` | a command with this program and these subcommands, also after programs such as `npx` |
//! | `curl *api.example.com*` | the same with an argument that contains the text between the stars as whole words, in any case; a text of letters may be the start of a longer word |
//! | `npm --prefix` | the same with a flag |
//! | `package.json` | a command that writes to the file or names it, unless the command only reads files |
//! | `GIT_ASKPASS` | a variable that `env` or a command of the step sets; `*` stands for any text |
//! | `uses release*` | an action or called workflow with this word in its name; several words must follow each other |
//!
//! A word of an argument is compared as a whole, so that `cmake` is not `make` and `mkdir -p ./dist` runs no program of the project.

use std::cell::LazyCell;

use crate::read::command_list::{CommandList, is_variable};
use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::trust::registry::command::{CommandWords, find_command, flag_is, is_command, unwrapped, words};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow, action};
use crate::workflow::step_script::{commands, is_read, programs};

/// The first entry that a step matches.
pub(crate) fn in_step<'e>(
    github: &GitHubFacts,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
    entries: &'e CommandList,
) -> Option<&'e str> {
    let pairs = [&step.env, &job.env, &workflow.env].into_iter().flat_map(|pairs| &pairs.entries);
    let is_set = |entry: &&str| pairs.clone().any(|pair| fits(entry, pair.key.value()));
    if let Some(entry) = entries.variables().find(is_set) {
        return Some(entry);
    }
    if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
        return in_name(action(uses.value()), entries);
    }
    let script = step.script?.value();
    if !is_read(github, workflow, job, step) {
        return entries.first().map(String::as_str);
    }
    let programs = programs(workflow, job, step);
    let may_match = programs.is_none_or(|programs| entries.may_be_in(programs.into_iter().chain([script])));
    if may_match { in_script(github, script, &commands(github, workflow, job, step), entries) } else { None }
}

/// The first entry that a script with these commands matches.
pub(crate) fn in_script<'e>(
    github: &GitHubFacts,
    script: &str,
    commands: &[ShellCommand],
    entries: &'e CommandList,
) -> Option<&'e str> {
    let inline = || commands.iter().any(|command| reads_standard_input(github, command));
    let run: Vec<&str> = commands.iter().flat_map(|command| run_by(github, command, entries)).collect();
    let text = LazyCell::new(|| lowercase_text(commands));
    let found = entries.iter().find(|entry| {
        if is_file_entry(entry) {
            // Few scripts name the file, and it takes long to search every command for it.
            let may_name = || text.contains(&entry.to_lowercase());
            let named = may_name() && commands.iter().any(|command| uses_file(github, command, entry));
            return named || mentions_file(script, entry) && inline();
        }
        let may_set = || entry.to_lowercase().split('*').all(|part| text.contains(part));
        let set = || may_set() && commands.iter().any(|command| sets_variable(command, entry));
        run.contains(&entry.as_str()) || is_variable(entry) && set()
    });
    found.map(String::as_str)
}

/// The entries for commands that a command matches.
fn run_by<'e>(github: &GitHubFacts, command: &ShellCommand, entries: &'e CommandList) -> Vec<&'e str> {
    let words = words(command);
    let wrapped = find_command(github, &words, &github.shell.runs.wrappers).is_some();
    let own = unwrapped(github, &words);
    // The program is a later word only after a wrapper such as `npx`.
    let programs = own.iter().take(if wrapped { own.len() } else { 1 }).flatten();
    let candidates = programs.flat_map(|word| entries.of_program(word));
    candidates.filter(|entry| runs(github, command, &words, entry)).collect()
}

/// The words, redirects and assigned names of all commands.
fn lowercase_text(commands: &[ShellCommand]) -> String {
    let mut text = String::new();
    for command in commands {
        for word in command.words.iter().chain(&command.redirects) {
            push_literal(word, &mut text);
            text.push('\n');
        }
        for assignment in &command.assignments {
            text.push_str(&assignment.name);
            text.push('\n');
        }
    }
    // All entries are ASCII.
    text.make_ascii_lowercase();
    text
}

/// The first entry for actions that the name of an action or called workflow matches.
pub(crate) fn in_name<'e>(name: &str, entries: &'e CommandList) -> Option<&'e str> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    let joined = LazyCell::new(|| format!("-{}-", words.join("-")));
    let is_in_order = |known: &str| joined.contains(&format!("-{known}-"));
    let matches = |known: &str| match known.split_once('*') {
        Some((start, _)) => words.iter().any(|word| word.starts_with(start) && fits(known, word)),
        None => words.iter().any(|word| known.starts_with(word)) && is_in_order(known),
    };
    // Few entries begin with a letter that a word of the name begins with.
    let first = |text: &str| text.bytes().next();
    let matches = |known: &str| {
        (known.starts_with('*') || words.iter().any(|word| first(word) == first(known))) && matches(known)
    };
    entries.for_actions().find(|(_, known)| matches(known)).map(|(entry, _)| entry)
}

/// Whether a name has the form of a pattern with stars, each of which stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(name) = name.strip_suffix(end) else { return false };
    let after = |name: &'_ str, part: &str| name.find(part).map(|at| at + part.len());
    let mut at = 0;
    middle.split('*').all(|part| after(&name[at..], part).map(|length| at += length).is_some())
}

/// Whether a command sets a variable of an entry.
fn sets_variable(command: &ShellCommand, entry: &str) -> bool {
    let set = |name: &str| fits(entry, name);
    command.assignments.iter().any(|assignment| set(&assignment.name))
        || command.words.iter().any(|word| literal(word).split_once('=').is_some_and(|(name, _)| set(name)))
}

/// Whether a command writes to the file of an entry or names it, and does more than read files.
fn uses_file(github: &GitHubFacts, command: &ShellCommand, entry: &str) -> bool {
    let names = |word: &ShellWord| mentions_file(&literal(word), entry);
    let reads = || find_command(github, &words(command), &github.credentials.readers).is_some();
    command.redirects.iter().any(names) || command.words.iter().skip(1).any(names) && !reads()
}

/// Whether a command with these words is the command of an entry.
fn runs(github: &GitHubFacts, command: &ShellCommand, words: &CommandWords, entry: &str) -> bool {
    let is_test = |(index, word): &(usize, &str)| word.contains('*') || *index > 0 && word.starts_with('-');
    let (tests, own): (Vec<_>, Vec<_>) = entry.split_whitespace().enumerate().partition(is_test);
    let own: Vec<&str> = own.into_iter().map(|(_, word)| word).collect();
    let passes = |(_, test): &(usize, &str)| match test.contains('*') {
        true => {
            command.words.iter().skip(1).any(|word| contains(&literal(word).to_lowercase(), test.trim_matches('*')))
        }
        false => words.iter().flatten().any(|word| flag_is(word, test)),
    };
    let runs = !own.is_empty() && is_command(github, words, &own.join(" "), &github.shell.runs.wrappers);
    runs && tests.iter().all(passes)
}

/// Whether a text contains another one as whole words. A text of letters may be the start of a longer word.
fn contains(text: &str, part: &str) -> bool {
    let starts_word = part.chars().all(char::is_alphabetic);
    text.match_indices(part).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + part.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && (starts_word || !after.is_some_and(char::is_alphanumeric))
    })
}

fn is_file_entry(entry: &str) -> bool {
    entry.contains('.') && !entry.contains([' ', '*'])
}

/// Whether a text contains the name of a file as a whole word.
fn mentions_file(text: &str, name: &str) -> bool {
    let inside = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-');
    text.split(|letter| !inside(letter)).any(|word| word.eq_ignore_ascii_case(name))
}

/// Whether a command is an interpreter that reads its program from the standard input, which may be any text of the script.
fn reads_standard_input(github: &GitHubFacts, command: &ShellCommand) -> bool {
    let words = words(command);
    matches!(words.as_slice(), [_] | [_, None]) | matches!(words.as_slice(), [_, Some(last)] if last == "-")
        && find_command(github, &words, &github.shell.runs.interpreters).is_some()
}

/// The text of a word, with a NUL for each part that only the running shell knows.
fn literal(word: &ShellWord) -> String {
    let mut text = String::new();
    push_literal(word, &mut text);
    text
}

fn push_literal(word: &ShellWord, text: &mut String) {
    for part in &word.parts {
        match part {
            WordPiece::Text(own) => text.push_str(own),
            _ => text.push('\0'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::shell::{Shell, parse};

    fn matches(script: &str, entry: &str) -> bool {
        let github = GitHubFacts::builtin();
        let entries = CommandList::from(vec![entry.to_owned()]);
        entries.may_be_in([script])
            && in_script(&github, script, &parse(script, Shell::Posix).commands, &entries).is_some()
    }

    #[test]
    fn an_entry_is_compared_with_commands_and_whole_words() {
        for (script, entry) in [
            ("make release", "make"),
            ("sudo env make", "make"),
            ("npx semantic-release", "semantic-release"),
            ("git remote --verbose add up https://example.com", "git remote add"),
            ("curl -X POST \"https://API.github.com/repos/$R/releases\"", "curl *api.github.com*"),
            ("npm publish --prefix=core", "npm --prefix"),
            ("npx semantic-releaser", "npx *release*"),
            ("jq '.a = 1' package.json > new.json; mv new.json package.json", "package.json"),
            ("node -e \"require('fs').writeFileSync('./package.json', x)\"", "package.json"),
            ("echo '{}' >core/package.json", "package.json"),
            ("export GIT_ASKPASS=./ask", "GIT_ASKPASS"),
            ("echo \"SCM_PRETEND_VERSION_FOR_DEMO=$V\" >> $GITHUB_ENV", "*PRETEND_VERSION*"),
        ] {
            assert!(matches(script, entry), "{script}: {entry}");
        }
        for (script, entry) in [
            ("cmake --build . && echo make", "make"),
            ("mkdir -p ./make", "make"),
            ("cargo build --release", "release"),
            ("git remote -v && git add .", "git remote add"),
            ("curl https://example.com/api.github.community", "curl *api.github.com*"),
            ("curl https://my-api.github.com.example", "curl *y-api.github.co*"),
            ("npx prereleases", "npx *release*"),
            ("npm publish ./--prefix", "npm --prefix"),
            ("cat package.json && jq .version < package.json", "package.json"),
            ("cp my-package.json dist/", "package.json"),
            ("echo \"$GIT_ASKPASS\"", "GIT_ASKPASS"),
        ] {
            assert!(!matches(script, entry), "{script}: {entry}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in
            [("a", "a"), ("*a*", "a"), ("a*b*c", "a-b-b-c"), ("a*", "a"), ("**b", "ab"), ("*a*b*", "ab")]
        {
            assert!(fits(pattern, name), "{pattern}: {name}");
        }
        for (pattern, name) in [("a", "ab"), ("a*a", "a"), ("a*b*c", "a-c"), ("*b*a*", "ab"), ("a*b*b", "ab")] {
            assert!(!fits(pattern, name), "{pattern}: {name}");
        }
    }

    #[test]
    fn names_of_actions_are_compared_word_by_word() {
        let entries = ["uses release*", "uses tag*", "uses ecr-login"].map(str::to_owned);
        let entries = CommandList::from(entries.to_vec());
        for name in
            ["acme/release-all", "acme/ci/.github/workflows/releases.yml", "acme/git-tagger", "a/amazon-ecr-login"]
        {
            assert!(in_name(name, &entries).is_some(), "{name}");
        }
        for name in ["acme/stage", "acme/prerelease", "acme/login", "acme/ecr-logins"] {
            assert!(in_name(name, &entries).is_none(), "{name}");
        }
    }
}
