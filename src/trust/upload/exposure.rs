//! Commands that print an OIDC token or write it to a file of the runner without masking it.

use std::ops::Range;

use crate::read::command_list::program;
use crate::read::shell::{ShellCommand, ShellScript, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::registry::command::flag_is;
use crate::workflow::github::ShownTokens;
use crate::workflow::model::Text;

/// The way in which a script exposes a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// It prints the token to the log.
    Printed,
    /// It writes the token to a file that GitHub reads for later steps, such as `GITHUB_ENV`.
    Exported,
}

impl Exposure {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Exported => "exported",
        }
    }
}

/// The first command of a script that exposes the request token or a token obtained with it.
#[must_use]
pub fn exposed(tokens: &ShownTokens, run: Text<'_>, script: &ShellScript) -> Option<(Exposure, Place)> {
    let text = run.value();
    let search = ExposureSearch { tokens, text, commands: &script.commands };
    let mut secret: Vec<&str> = tokens.request.iter().map(String::as_str).collect();
    for command in &script.commands {
        for assignment in &command.assignments {
            if search.contains_token(&assignment.value, &secret) {
                secret.push(&assignment.name);
            }
        }
        let open: Vec<&str> = secret.iter().copied().filter(|name| !search.is_masked(name)).collect();
        if let Some(exposure) = search.exposure(command, &open) {
            return Some((exposure, run.inner(command.span.clone())));
        }
    }
    None
}

struct ExposureSearch<'s> {
    tokens: &'s ShownTokens,
    text: &'s str,
    commands: &'s [ShellCommand],
}

impl<'s> ExposureSearch<'s> {
    fn slice(&self, range: &Range<usize>) -> &'s str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Whether a value is obtained with a token and is a token itself. A filter such as `jq` may select something harmless.
    fn contains_token(&self, value: &ShellWord, secret: &[&str]) -> bool {
        if !secret.iter().any(|name| reads(self.slice(&value.span), name)) {
            return false;
        }
        let inside =
            |command: &&ShellCommand| value.span.start <= command.span.start && command.span.end <= value.span.end;
        let nested: Vec<&ShellCommand> = self.commands.iter().filter(inside).collect();
        let harmless = |command: &&ShellCommand| {
            runs(command, &self.tokens.harmless)
                || runs(command, &self.tokens.fetches)
                    && (self.writes_file(command) || has_flag(command, &self.tokens.statuses))
        };
        let filter = nested.iter().rfind(|command| runs(command, &self.tokens.filters));
        !nested.iter().any(harmless) && filter.is_none_or(|filter| self.selects_token(filter))
    }

    /// Whether the arguments of a filter name the field of the token and nothing that is made from it.
    fn selects_token(&self, filter: &ShellCommand) -> bool {
        let arguments = filter.words.iter().skip(1).map(|word| self.slice(&word.span));
        let words: Vec<&str> =
            arguments.flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')).collect();
        let names = |list: &[String]| words.iter().any(|word| list.iter().any(|known| known == word));
        names(&self.tokens.fields) && !names(&self.tokens.derived)
    }

    fn is_masked(&self, name: &str) -> bool {
        self.text.lines().any(|line| line.contains("::add-mask::") && reads(line, name))
    }

    fn exposure(&self, command: &ShellCommand, secret: &[&str]) -> Option<Exposure> {
        let (prints, fetches) = (runs(command, &self.tokens.prints), runs(command, &self.tokens.fetches));
        let reads = |name: &str| command.words.iter().any(|word| is_in(word, name));
        let any = |names: &[String]| names.iter().any(|name| reads(name));
        let own = prints && secret.iter().any(|name| reads(name))
            || fetches && any(&self.tokens.request) && any(&self.tokens.address) && !self.writes_file(command);
        if own && !self.is_captured(command) { self.output(command) } else { None }
    }

    /// Whether a request writes its response to a file.
    fn writes_file(&self, command: &ShellCommand) -> bool {
        has_flag(command, &self.tokens.keeps)
    }

    /// Whether another command captures the command's output.
    fn is_captured(&self, command: &ShellCommand) -> bool {
        let around = |word: &ShellWord| {
            word.span != command.span && word.span.start <= command.span.start && command.span.end <= word.span.end
        };
        self.commands.iter().any(|other| {
            other.words.iter().any(|word| around(word) && !command.words.contains(word))
                || other.assignments.iter().any(|assignment| around(&assignment.value))
        })
    }

    /// The exposure by the command's output. `None` if it goes to a pipe or to another file, or if a group around the command is redirected.
    fn output(&self, command: &ShellCommand) -> Option<Exposure> {
        let rest = self.text.get(command.span.end..)?;
        if ["} >", ") >", "}>", ")>", "done >", "} |", ") |", "done |"].iter().any(|end| rest.contains(end)) {
            return None;
        }
        let line = rest.lines().next().unwrap_or_default();
        let redirected = line.split([';', '&']).next().unwrap_or_default().trim_start();
        if redirected.starts_with('>') || redirected.starts_with("1>") {
            let exports = self.tokens.exports.iter().any(|file| redirected.contains(file.as_str()));
            return exports.then_some(Exposure::Exported);
        }
        let piped = redirected.starts_with('|') && !redirected.starts_with("||");
        (!piped && !redirected.contains('>')).then_some(Exposure::Printed)
    }
}

/// Whether a command runs one of some programs.
fn runs(command: &ShellCommand, programs: &[String]) -> bool {
    let name = command.words.first().and_then(ShellWord::text);
    name.is_some_and(|name| programs.iter().any(|known| known == program(&name)))
}

fn has_flag(command: &ShellCommand, flags: &[String]) -> bool {
    command.words.iter().filter_map(ShellWord::text).any(|word| flags.iter().any(|flag| flag_is(&word, flag)))
}

fn is_in(word: &ShellWord, name: &str) -> bool {
    word.parts.iter().any(|part| matches!(part, WordPiece::Variable(own) if own == name))
}

/// Whether a shell text expands a variable.
fn reads(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).and_then(|rest| rest.chars().next());
        (before.ends_with('$') || before.ends_with("${"))
            && !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
