//! Upload commands in programs that a job runs. Programs are not parsed, so a command in one shows only that the job may upload.

use crate::read::source::Place;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow};

/// A line of a program with the words of an upload command.
#[derive(Debug, Clone)]
pub struct UploadEvidence<'a, 'p> {
    /// The step that runs the program, with the calls that lead to it.
    pub resolved: ResolvedStep<'a, 'p>,
    /// The registry of the command.
    pub registry: &'a Registry,
    /// The words of the command.
    pub command: &'a str,
    /// The line.
    pub place: Place,
}

/// The upload commands in the programs that the steps of a job run, one for each program and registry.
#[must_use]
pub fn evidence<'a, 'p>(
    registries: &'a RegistrySet,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
) -> Vec<UploadEvidence<'a, 'p>> {
    let mut found: Vec<UploadEvidence<'a, 'p>> = Vec::new();
    for step in steps(checkout, workflow, job) {
        for resolved in called_scripts(checkout, &step) {
            let Some(script) = resolved.calls.last().map(|frame| frame.script).filter(|script| script.is_program)
            else {
                continue;
            };
            let text = script.text();
            for (registry, pattern) in registries.uploads_in(text.value()) {
                let known = |other: &UploadEvidence<'_, '_>| {
                    other.registry.id == registry.id && other.place.file == script.file
                };
                if found.iter().any(known) {
                    continue;
                }
                if let Some((command, range)) = line(text.value(), pattern) {
                    found.push(UploadEvidence {
                        resolved: resolved.clone(),
                        registry,
                        command,
                        place: text.inner(range),
                    });
                }
            }
        }
    }
    found
}

/// The first line with all words of a command. Comments do not count.
fn line<'a>(text: &str, pattern: &'a UploadPattern) -> Option<(&'a str, std::ops::Range<usize>)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if !content.starts_with(['#', '*']) && !content.starts_with("//") {
            let words = |command: &&String| command.split_whitespace().all(|word| has_word(content, word));
            if let Some(command) = pattern.spellings().find(words) {
                let from = start + line.len() - line.trim_start().len();
                return Some((command, from..from + content.len()));
            }
        }
        start += line.len();
    }
    None
}

fn has_word(text: &str, word: &str) -> bool {
    let inside =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'));
    text.match_indices(word)
        .any(|(at, _)| !inside(text[..at].chars().next_back()) && !inside(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_words() {
        assert!(has_word("run(['npm', 'publish'])", "publish") && has_word("npm publish", "npm"));
        assert!(!has_word("publishCI()", "publish") && !has_word("pre-publish", "publish"));
    }
}
