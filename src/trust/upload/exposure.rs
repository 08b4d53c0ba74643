//! Finds where a script shows an OIDC token: prints it, or hands it on unmasked. It runs nothing and guesses at no value.

use std::ops::Range;

use crate::read::shell::{ShellCommand, ShellScript, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::registry::command::{flag_is, program};
use crate::workflow::github::ShownTokens;
use crate::workflow::model::Text;

/// How a script shows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// In the log.
    Printed,
    /// In a file that GitHub reads for later steps.
    Exported,
}

impl Exposure {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Printed => "printed",
            Self::Exported => "exported",
        }
    }
}

/// The first command of a script that shows the request token, or a token that was made with it, and how.
#[must_use]
pub fn exposed(tokens: &ShownTokens, run: Text<'_>, script: &ShellScript) -> Option<(Exposure, Place)> {
    let text = run.value();
    let reader = ExposureSearch { tokens, text, commands: &script.commands };
    let mut secret: Vec<&str> = tokens.request.iter().map(String::as_str).collect();
    for command in &script.commands {
        for assignment in &command.assignments {
            if reader.holds_token(&assignment.value, &secret) {
                secret.push(&assignment.name);
            }
        }
        let open: Vec<&str> = secret.iter().copied().filter(|name| !reader.is_masked(name)).collect();
        if let Some(exposure) = reader.shown(command, &open) {
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

    /// Whether a value is made with a token and is one itself: what a filter takes out of it may be harmless.
    fn holds_token(&self, value: &ShellWord, secret: &[&str]) -> bool {
        let text = self.slice(&value.span);
        let filtered = self.tokens.filters.iter().any(|filter| text.contains(filter.as_str()));
        secret.iter().any(|name| reads(text, name))
            && !self.tokens.harmless.iter().any(|word| text.contains(word.as_str()))
            && (!filtered || self.tokens.fields.iter().any(|field| text.contains(field.as_str())))
    }

    fn is_masked(&self, name: &str) -> bool {
        self.text.lines().any(|line| line.contains("::add-mask::") && reads(line, name))
    }

    fn shown(&self, command: &ShellCommand, secret: &[&str]) -> Option<Exposure> {
        let name = command.words.first()?.text()?;
        let prints = self.tokens.prints.iter().any(|known| known == program(&name));
        let fetches = self.tokens.fetches.iter().any(|known| known == program(&name));
        let reads = |name: &str| command.words.iter().any(|word| is_in(word, name));
        let asks = |names: &[String]| names.iter().any(|name| reads(name));
        let own = prints && secret.iter().any(|name| reads(name))
            || fetches && asks(&self.tokens.request) && asks(&self.tokens.address) && !self.is_kept(command);
        if own && !self.is_nested(command) { self.goes_to(command) } else { None }
    }

    /// Whether a command that fetches keeps the answer in a file.
    fn is_kept(&self, command: &ShellCommand) -> bool {
        let words = command.words.iter().filter_map(ShellWord::text);
        words.into_iter().any(|word| self.tokens.keeps.iter().any(|flag| flag_is(&word, flag)))
    }

    /// Whether another command takes what the command says.
    fn is_nested(&self, command: &ShellCommand) -> bool {
        let around = |word: &ShellWord| {
            word.span != command.span && word.span.start <= command.span.start && command.span.end <= word.span.end
        };
        self.commands.iter().any(|other| {
            other.words.iter().any(|word| around(word) && !command.words.contains(word))
                || other.assignments.iter().any(|assignment| around(&assignment.value))
        })
    }

    /// Where the command's words end up; none where that is a pipe, a file of the job, or behind a group's end.
    fn goes_to(&self, command: &ShellCommand) -> Option<Exposure> {
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

fn is_in(word: &ShellWord, name: &str) -> bool {
    word.parts.iter().any(|part| matches!(part, WordPiece::Variable(own) if own == name))
}

/// Whether a text of a shell reads a variable.
fn reads(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).and_then(|rest| rest.chars().next());
        (before.ends_with('$') || before.ends_with("${"))
            && !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
