//! Credentials that earlier steps and commands write for the client: a token in `.npmrc`, `cargo login`, a variable in `GITHUB_ENV`.

use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::registry::command::{CommandWords, find_command, is_command, may_be_command, words};
use crate::trust::registry::slot::SlotValue;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::upload::credential::{CredentialOutcome, unknown};
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;

/// The variable that names the file from which GitHub reads environment variables for later steps.
const ENVIRONMENT_FILE: &str = "GITHUB_ENV";

/// Programs that copy the text that they read.
const COPIES: [&str; 2] = ["cat", "tee"];

type Written = Option<(CredentialOutcome, Place)>;

/// The credential that is written for an upload before it. A known one precedes an unknown one.
pub(crate) fn written(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    pattern: &UploadPattern,
    context: &EvaluationContext<'_, '_>,
) -> Written {
    let own = &site.resolved;
    let command = own.command.as_ref()?;
    let search = WrittenSearch { github, site, pattern, context };
    if pattern.opaque.iter().any(|entry| own.has_flag(std::slice::from_ref(entry)) || search.sets_variable(entry)) {
        return Some(search.unknown(own));
    }
    let mut open = None;
    for earlier in steps(own.model, own.workflow, own.job) {
        let until = match earlier.position().cmp(&own.position()) {
            std::cmp::Ordering::Greater => break,
            std::cmp::Ordering::Equal => Some(command.order),
            std::cmp::Ordering::Less => None,
        };
        let reached = earlier.context(context).reached();
        if reached == Truth::No {
            continue;
        }
        // A condition of the job decides about both steps.
        let around = earlier.frames.iter().map(|frame| frame.step);
        let certain =
            reached == Truth::Yes || until.is_some() || around.chain(earlier.step).all(|step| step.condition.is_none());
        match search.by_step(&earlier, until) {
            Some(found @ (Ok(_), _)) if certain => return Some(found),
            found => open = open.or(found.map(|_| search.unknown(&earlier))),
        }
    }
    open
}

struct WrittenSearch<'l, 'a, 'p> {
    github: &'l GitHubFacts,
    site: &'l UploadSite<'a, 'p>,
    pattern: &'l UploadPattern,
    context: &'l EvaluationContext<'l, 'p>,
}

impl<'a, 'p> WrittenSearch<'_, 'a, 'p> {
    fn unknown(&self, by: &ResolvedStep<'a, 'p>) -> (CredentialOutcome, Place) {
        (unknown("credentials that an earlier step may have written"), by.place())
    }

    /// Whether an entry of the data is an environment variable that the upload has.
    fn sets_variable(&self, entry: &str) -> bool {
        let own = &self.site.resolved;
        own.envs().any(|(pairs, _)| pairs.entries.iter().any(|pair| pair.key.value() == entry))
    }

    fn by_step(&self, step: &ResolvedStep<'a, 'p>, until: Option<usize>) -> Written {
        let inner = step.step?;
        if let Some(used) = inner.uses.filter(|_| inner.script.is_none()) {
            let name = action(used.value());
            let local = name.starts_with(['.', '$']);
            // The steps of a local action follow as steps of their own.
            let unread = local && step.model.action(used.value()).is_none();
            let harmless = local || self.github.writes_no_credential(name);
            let pairs = || std::iter::once(&inner.with).chain(step.envs().map(|(pairs, _)| pairs));
            let given = || pairs().flat_map(|pairs| &pairs.entries).any(|pair| is_secret(pair.value.value()));
            return (until.is_none() && (unread || !harmless && given())).then(|| self.unknown(step));
        }
        // The scripts that lead to the upload: each up to the command that calls the next one.
        let calls = if until.is_some() { self.site.resolved.calls.as_slice() } else { &[] };
        let mut open = None;
        for depth in 0..=calls.len() {
            let step = ResolvedStep { calls: calls[..depth].to_vec(), ..step.clone() };
            let until = calls.get(depth).map(|frame| frame.call.command.order).or(until);
            if !self.may_write(&step) {
                continue;
            }
            let all = step.commands(self.github);
            for command in all.iter().filter(|command| until.is_none_or(|until| command.order < until)) {
                match self.by_command(&step, command) {
                    Some(found @ (Ok(_), _)) => return Some(found),
                    found => open = open.or(found),
                }
            }
        }
        open
    }

    /// Whether a script has a word of a command that writes a credential, or the step has a secret. Most scripts have neither. The words of a
    /// called script may be its arguments.
    fn may_write(&self, step: &ResolvedStep<'a, 'p>) -> bool {
        let Some(script) = step.own_script() else { return false };
        let script = script.value().to_lowercase();
        let named = |entry: &String| {
            let entry = entry.to_lowercase();
            // The program may be the value of a variable.
            let arguments = entry.split_once(' ').filter(|_| script.contains('$'));
            contains_words(&script, arguments.map_or(&entry, |(_, arguments)| arguments))
        };
        script.contains(&ENVIRONMENT_FILE.to_lowercase())
            || script.contains("secrets")
            || !step.calls.is_empty() && script.contains('$')
            || self.pattern.opaque.iter().any(named)
            || step.envs().any(|(pairs, _)| pairs.entries.iter().any(|pair| is_secret(pair.value.value())))
    }

    fn by_command(&self, step: &ResolvedStep<'a, 'p>, command: &ShellCommand) -> Written {
        let words = words(command);
        let own = || ResolvedStep { command: Some(Box::new(command.clone())), ..step.clone() };
        let environment = |word: &ShellWord| {
            word.parts.iter().any(|part| matches!(part, WordPiece::Variable(name) if name == ENVIRONMENT_FILE))
        };
        if command.words.iter().chain(&command.redirects).any(environment) {
            return self.exported(&own(), command, &words);
        }
        if self.pattern.opaque.iter().any(|entry| self.stores(command, &words, entry)) {
            // What another program than `echo` writes to the file is not seen.
            let copies =
                command.input.is_some() && COPIES.iter().any(|known| is_command(self.github, &words, known, &[]));
            let seen = is_printer(&words) || copies || command.redirects.is_empty() && !self.names_file(command);
            let own = own();
            return self.value(&own, command).or_else(|| (!seen).then(|| self.unknown(&own)));
        }
        if self.pattern.opaque.iter().any(|entry| may_be_command(self.github, &words, entry)) {
            return Some(self.unknown(&own()));
        }
        let secret = command.words.iter().flat_map(|word| &word.parts).any(|part| match part {
            WordPiece::Expression(range) => {
                step.own_script().and_then(|run| run.value().get(range.clone())).is_some_and(is_secret)
            }
            _ => false,
        });
        let visible = || step.envs().any(|(pairs, _)| pairs.entries.iter().any(|pair| is_secret(pair.value.value())));
        let harmless = || find_command(self.github, &words, &self.github.credentials.programs).is_some();
        (!command.words.is_empty() && (secret || visible()) && !harmless()).then(|| self.unknown(&own()))
    }

    /// Whether a command stores a credential where the client reads it: it is the command of a data entry, or writes to its file.
    fn stores(&self, command: &ShellCommand, words: &CommandWords, entry: &str) -> bool {
        if entry.starts_with('-') {
            return false;
        }
        if entry.contains(' ') || !entry.contains('.') {
            return is_command(self.github, words, entry, &self.pattern.via);
        }
        let names = |word: &ShellWord| is_file(word, entry);
        let reads = || find_command(self.github, words, &self.github.credentials.readers).is_some();
        command.redirects.iter().any(names) || command.words.iter().skip(1).any(names) && !reads()
    }

    /// Whether an argument of a command is a file of the data.
    fn names_file(&self, command: &ShellCommand) -> bool {
        command.words.iter().skip(1).any(|word| self.pattern.opaque.iter().any(|entry| is_file(word, entry)))
    }

    /// The credential in a line `NAME=value` that a command adds to the environment file.
    fn exported(&self, step: &ResolvedStep<'a, 'p>, command: &ShellCommand, words: &CommandWords) -> Written {
        let prints = is_printer(words);
        let [_, line] = command.words.as_slice() else { return Some(self.unknown(step)) };
        let Some(WordPiece::Text(text)) = line.parts.first().filter(|_| prints) else {
            return Some(self.unknown(step));
        };
        let Some((name, _)) = text.split_once('=') else { return Some(self.unknown(step)) };
        let read = self.pattern.tokens.iter().any(|slot| slot.env.as_ref().is_some_and(|env| env.is_match(name)));
        if read { self.value(step, command) } else { None }
    }

    /// The credential among the words of a command that stores one.
    fn value(&self, step: &ResolvedStep<'a, 'p>, command: &ShellCommand) -> Written {
        let script = step.script()?;
        let mut literal = true;
        for word in command.words.iter().skip(1).chain(command.input.as_deref()) {
            let place = script.inner(word.span.clone());
            for part in &word.parts {
                let value = match part {
                    WordPiece::Text(text) => match text.split_once("${").and_then(|(_, rest)| rest.split_once('}')) {
                        // The client itself expands `${NAME}` in its file.
                        Some((name, _)) => self.site.resolved.variable(&name.into()),
                        None => continue,
                    },
                    WordPiece::Variable(name) => step.variable(&name.as_str().into()),
                    WordPiece::Expression(range) => match script.value().get(range.clone()) {
                        Some(text) => SlotValue::Text(text.to_owned(), place),
                        None => continue,
                    },
                    WordPiece::Dynamic => SlotValue::Unknown(place),
                };
                literal = false;
                if let Some(found @ Ok(_)) = self.site.token(&value, step, self.context) {
                    return Some((found, place));
                }
            }
        }
        let words = words(command);
        let known = |word: &str| self.github.credentials.words.iter().any(|known| known.eq_ignore_ascii_case(word));
        let telling = |text: &str| text.split(|letter: char| !letter.is_alphanumeric()).any(known);
        let input = command.input.iter().flat_map(|input| &input.parts).filter_map(|part| match part {
            WordPiece::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let mut texts = words.iter().flatten().map(String::as_str).chain(input);
        (!literal || texts.any(telling)).then(|| self.unknown(step))
    }
}

/// Whether a command prints its own words.
fn is_printer(words: &CommandWords) -> bool {
    matches!(words.first(), Some(Some(program)) if program == "echo" || program == "printf")
}

/// Whether a word is a path to a file of a name.
fn is_file(word: &ShellWord, name: &str) -> bool {
    let Some(WordPiece::Text(text)) = word.parts.last() else { return false };
    let (text, name) = (text.to_lowercase().replace('\\', "/"), name.to_lowercase());
    text == name || text.ends_with(&format!("/{name}"))
}

/// Whether a text reads a secret other than `GITHUB_TOKEN`.
pub(crate) fn is_secret(text: &str) -> bool {
    let begins = |text: &str, word: &str| text.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    // Most values are shorter.
    text.len() >= "secrets.".len()
        && memchr::memchr_iter(b'.', text.as_bytes()).any(|dot| {
            let context = dot.checked_sub("secrets".len()).and_then(|start| text.get(start..dot));
            context.is_some_and(|it| it.eq_ignore_ascii_case("secrets")) && !begins(&text[dot + 1..], "github_token")
        })
}
