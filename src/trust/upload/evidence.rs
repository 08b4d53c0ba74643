//! Upload commands in programs that a job runs. Programs are not parsed, so a command in one shows only that the job may upload.

use std::ops::Range;

use crate::read::source::Place;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::step::{ResolvedStep, ScriptFrame, called_scripts};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;

/// The maximum number of other words between two words of a command.
const MOST_BETWEEN: usize = 8;
/// The maximum number of characters between two words.
const LONGEST_GAP: usize = 80;
/// The maximum number of places of a command's first word that are read.
const MOST_OCCURRENCES: usize = 1000;
/// Words of calls that may be between the words of a command: `Command::new("cargo").arg("publish")`.
const BETWEEN: [&str; 5] = ["arg", "args", "new", "run", "spawn"];

/// An upload command in a program.
#[derive(Debug, Clone)]
pub struct UploadEvidence<'a, 'p> {
    /// The step that runs the program, with the calls that lead to it.
    pub resolved: ResolvedStep<'a, 'p>,
    /// The registry of the command.
    pub registry: &'a Registry,
    /// The words of the command.
    pub command: &'a str,
    /// Its place.
    pub place: Place,
}

/// The programs of the repository that some steps run, each with the calls that lead to it.
#[must_use]
pub fn called_programs<'a, 'p>(checkout: &'a Model<'p>, steps: &[ResolvedStep<'a, 'p>]) -> Vec<ResolvedStep<'a, 'p>> {
    let called = steps.iter().flat_map(|step| called_scripts(checkout, step));
    called.filter(|resolved| resolved.calls.last().is_some_and(|frame| frame.script.is_program)).collect()
}

/// The upload commands in programs that a job runs, one for each program and registry. Of several calls of a program, the one with a word
/// for an upload counts.
#[must_use]
pub fn evidence<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    mut called: Vec<ResolvedStep<'a, 'p>>,
) -> Vec<UploadEvidence<'a, 'p>> {
    let mut found: Vec<UploadEvidence<'a, 'p>> = Vec::new();
    let mut seen = Vec::new();
    called.sort_by_key(|resolved| !resolved.calls.iter().any(|frame| means_upload(github, frame)));
    for resolved in called {
        let Some(script) = resolved.calls.last().map(|frame| frame.script) else { continue };
        if seen.contains(&script.file) {
            continue;
        }
        seen.push(script.file);
        let text = script.text();
        // A call may continue on further lines.
        let mut patterns = registries.uploads_in(&text.value().replace('\n', " "));
        patterns.extend(registries.uploads_called_in(text.value()));
        for (registry, pattern) in patterns {
            let known = |it: &UploadEvidence<'_, '_>| it.registry.id == registry.id && it.place.file == script.file;
            if found.iter().any(known) {
                continue;
            }
            if let Some((command, range)) = command_in(text.value(), pattern) {
                let place = text.inner(range);
                found.push(UploadEvidence { resolved: resolved.clone(), registry, command, place });
            }
        }
    }
    found
}

/// Whether a word of a call means an upload: `release` in `npm run core:release`.
pub(crate) fn means_upload(github: &GitHubFacts, frame: &ScriptFrame<'_>) -> bool {
    let text = frame.caller.value().get(frame.call.command.span.clone()).unwrap_or_default();
    text.split(|letter: char| !letter.is_alphanumeric()).any(|word| github.oidc.words.iter().any(|known| known == word))
}

/// The start and the words of the first command in a program, as literal words: in one string, or in several of a call.
fn command_in<'a>(text: &str, pattern: &'a UploadPattern) -> Option<(&'a str, Range<usize>)> {
    let spellings = pattern.spellings().filter(|spelling| spelling.contains(' '));
    let commands = spellings.filter_map(|spelling| Some((spelling.as_str(), words_in(text, spelling)?)));
    let calls = pattern.calls.iter().filter_map(|name| {
        let at =
            occurrences(text, name).find(|at| text[at + name.len()..].starts_with('(') && !is_comment(text, *at))?;
        Some((name.as_str(), at..at + name.len()))
    });
    commands.chain(calls).min_by_key(|(_, range)| range.start)
}

/// The range of the words of a command. Only quotes, brackets, commas, options and the words of a call may be between them.
fn words_in(text: &str, command: &str) -> Option<Range<usize>> {
    let (first, rest) = command.split_once(' ')?;
    occurrences(text, first).take(MOST_OCCURRENCES).filter(|at| !is_comment(text, *at)).find_map(|start| {
        let mut at = start + first.len();
        for word in rest.split(' ') {
            at = following(text, at, word)?;
        }
        Some(start..at)
    })
}

/// The end of a word, if only words of a call and options are between it and an offset.
fn following(text: &str, start: usize, word: &str) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut at = 0;
    for _ in 0..MOST_BETWEEN {
        let gap = rest[at..].find(|letter: char| is_inside(letter) || letter == '+')?;
        let between = &rest[at..at + gap];
        if gap > LONGEST_GAP || between.contains([';', '=', '{', '}', '|', '#']) || between.contains("&&") {
            return None;
        }
        at += gap;
        let own = usize::from(rest[at..].starts_with('+'));
        let length = own + rest[at + own..].find(|letter: char| !is_inside(letter)).unwrap_or(rest.len() - at - own);
        let found = &rest[at..at + length];
        if found == word {
            return Some(start + at + length);
        }
        if !found.starts_with(['-', '+']) && !BETWEEN.contains(&found) {
            return None;
        }
        at += length.max(1);
    }
    None
}

/// The offsets of a word that is not a part of a longer one.
fn occurrences<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_word = move |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
    };
    text.match_indices(word).map(|(at, _)| at).filter(is_word)
}

fn is_inside(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '-' | '_')
}

/// Whether an offset is in a comment of its line.
fn is_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    let trimmed = line.trim_start();
    trimmed.starts_with(['#', '*']) || trimmed.starts_with("//") || line.contains(" // ") || line.contains(" # ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_programs_are_literal_words() {
        let found = |text: &str, command: &str| words_in(text, command).map(|range| text[range].to_owned());
        for (text, command) in [
            ("run(['npm', 'publish'])", "npm publish"),
            ("execSync(`npm publish --tag x`)", "npm publish"),
            ("execa(\"pnpm\", [\"-r\", \"publish\"])", "pnpm publish"),
            ("subprocess.run([\n    \"twine\",\n    \"upload\",\n    *files])", "twine upload"),
            ("Command::new(\"cargo\")\n        .arg(\"publish\")", "cargo publish"),
            ("cmd(\"cargo\", &[\"+nightly\", \"publish\"])", "cargo publish"),
            ("sh 'gem push x.gem'", "gem push"),
        ] {
            assert!(found(text, command).is_some(), "{text}");
        }
        for (text, command) in [
            ("// npm publish", "npm publish"),
            ("x() // npm publish", "npm publish"),
            ("# twine upload", "twine upload"),
            ("publish to npm, then publish again", "npm publish"),
            ("npm = run(); publish()", "npm publish"),
            ("npm.prepublish()", "npm publish"),
            ("npm-publish", "npm publish"),
            ("pnpm publish", "npm publish"),
            ("the npm package is published; publish", "npm publish"),
        ] {
            assert_eq!(found(text, command), None, "{text}");
        }
    }
}
