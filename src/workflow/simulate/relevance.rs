//! The inputs, matrix values and event properties that a job and its ancestors read, so that the simulation enumerates
//! only values that make a difference.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::workflow::expression::{StringTest, string_tests};
use crate::workflow::github::RefKind;
use crate::workflow::model::{Job, Pairs, Step, Text, Workflow};

/// The maximum number of literals that split the refs of a run.
const MAX_REF_TESTS: usize = 8;

/// All texts that affect whether and how a job runs: its own, its ancestors' conditions and outputs, and the
/// workflow's `env`.
#[derive(Debug)]
pub(crate) struct Relevance<'p> {
    texts: Vec<&'p str>,
    /// The tests of context properties in the texts that read the ref, with lower-case paths. Parsed when they are first needed.
    tests: OnceCell<Vec<(Vec<String>, StringTest)>>,
    /// The inputs and the matrix values that are read. Searched for when they are first needed.
    inputs: OnceCell<ReadProperties>,
    matrix: OnceCell<ReadProperties>,
    /// The number of its ancestors.
    pub ancestors: usize,
}

/// The properties of a context that texts read.
#[derive(Debug, Default)]
struct ReadProperties {
    /// Whether one reads the whole context, or a property with a computed name.
    all: bool,
    /// The names, in lower case.
    names: HashSet<String>,
}

impl ReadProperties {
    fn of(texts: &[&str], context: &str) -> Self {
        let mut found = Self::default();
        for property in texts.iter().flat_map(|text| properties(text, context)) {
            match property {
                Some(name) => drop(found.names.insert(name.to_ascii_lowercase())),
                None => found.all = true,
            }
        }
        found
    }

    fn contain(&self, name: &str) -> bool {
        self.all || self.names.contains(&name.to_ascii_lowercase())
    }
}

impl<'p> Relevance<'p> {
    /// Of a job or, if `step` is given, of one of its steps: then the scripts of the other steps do not count.
    #[must_use]
    pub(crate) fn of(workflow: &Workflow<'p>, job: &Job<'p>, step: Option<&Step<'p>>) -> Self {
        let mut texts: Vec<&str> = own_texts(job, step).chain(values(&workflow.env)).map(Text::value).collect();
        let before = ancestors(workflow, job);
        for ancestor in before.iter().filter_map(|index| workflow.jobs.get(*index)) {
            texts.extend(ancestor.condition.into_iter().chain(values(&ancestor.outputs)).map(Text::value));
            if ancestor.uses.is_some() {
                texts.extend(values(&ancestor.with).map(Text::value));
            }
        }
        // A text without `.` or `${{` reads no context. Conditions need no braces.
        texts.retain(|text| text.contains('.') || text.contains("${{"));
        let (tests, inputs, matrix) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { texts, tests, inputs, matrix, ancestors: before.len() }
    }

    /// Whether any text reads an input, or all of them.
    #[must_use]
    pub(crate) fn reads_input(&self, name: &str) -> bool {
        self.inputs.get_or_init(|| ReadProperties::of(&self.texts, "inputs")).contain(name)
    }

    /// Whether any text reads a value of the matrix, or all of them.
    #[must_use]
    pub(crate) fn reads_matrix(&self, name: &str) -> bool {
        self.matrix.get_or_init(|| ReadProperties::of(&self.texts, "matrix")).contain(name)
    }

    /// Whether any text reads the ref.
    #[must_use]
    pub(crate) fn reads_ref(&self) -> bool {
        self.texts.iter().any(|text| reads_ref(text))
    }

    /// The tests of the names of tags or branches against literals.
    #[must_use]
    pub(crate) fn ref_tests(&self, kind: RefKind) -> Vec<StringTest> {
        let mut found: Vec<StringTest> = Vec::new();
        let Some(prefix) = kind.prefix() else { return found };
        for (path, test) in self.tests.get_or_init(|| self.parsed_tests()) {
            let literal = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["github", "ref"] | ["github", "event", "ref"] => test.literal.strip_prefix(prefix),
                ["github", "ref_name"] => Some(test.literal.as_str()),
                ["github", "event", "release", "tag_name"] if kind == RefKind::Tag => Some(test.literal.as_str()),
                _ => None,
            };
            let test = literal.map(|literal| StringTest { literal: literal.to_owned(), exact: test.exact });
            found.extend(test.filter(|test| !test.literal.is_empty() && !found.contains(test)));
        }
        found.truncate(MAX_REF_TESTS);
        found
    }

    fn parsed_tests(&self) -> Vec<(Vec<String>, StringTest)> {
        let mut tests: Vec<_> =
            self.texts.iter().filter(|text| reads_ref(text)).flat_map(|text| string_tests(text)).collect();
        tests.iter_mut().flat_map(|(path, _)| path).for_each(|name| name.make_ascii_lowercase());
        tests
    }

    /// Whether any text reads the event's payload.
    #[must_use]
    pub(crate) fn reads_event(&self) -> bool {
        self.texts.iter().any(|text| text.contains("github.event.") || text.contains("github["))
    }
}

/// The positions of all direct and indirect `needs` of a job, sorted.
#[must_use]
pub(crate) fn ancestors(workflow: &Workflow<'_>, job: &Job<'_>) -> Vec<usize> {
    if job.needed.is_empty() {
        return Vec::new();
    }
    let mut reached = vec![false; workflow.jobs.len()];
    let mut pending: Vec<usize> = job.needed.clone();
    while let Some(index) = pending.pop() {
        if let (Some(reached @ false), Some(job)) = (reached.get_mut(index), workflow.jobs.get(index)) {
            *reached = true;
            pending.extend(&job.needed);
        }
    }
    reached.iter().enumerate().filter(|(_, reached)| **reached).map(|(index, _)| index).collect()
}

fn reads_ref(text: &str) -> bool {
    ["github.ref", "github[", "github.event.ref", "github.event.release.tag_name"]
        .iter()
        .any(|path| text.contains(path))
}

/// The properties of a context that a text reads; `None` for each place that may read any.
fn properties<'t>(text: &'t str, context: &str) -> impl Iterator<Item = Option<&'t str>> {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(context).filter_map(move |(at, found)| {
        if text[..at].ends_with(word) {
            return None;
        }
        let rest = text[at + found.len()..].trim_start();
        if rest.starts_with(word) {
            return None;
        }
        let quoted = rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix('\''));
        Some(match rest.strip_prefix('.').map(str::trim_start).or(quoted) {
            // A computed index, or the context as a whole, reads every property.
            None => None,
            Some(name) if name.starts_with('*') => None,
            Some(name) => Some(&name[..name.find(|letter| !word(letter)).unwrap_or(name.len())]),
        })
    })
}

fn values<'j, 'p>(pairs: &'j Pairs<'p>) -> impl Iterator<Item = Text<'p>> + 'j {
    pairs.entries.iter().map(|pair| pair.value)
}

/// All texts of a job that can contain expressions.
fn own_texts<'j, 'p>(job: &'j Job<'p>, step: Option<&Step<'p>>) -> impl Iterator<Item = Text<'p>> + 'j {
    let own = step.map(|step| step.place);
    let environment = job.environment.into_iter().flat_map(|it| [Some(it.name), it.url]).flatten();
    let steps = job.steps.iter().flat_map(move |step| {
        let read = step.run.is_none() || own.is_none_or(|own| own == step.place);
        let script = step.run.into_iter().chain(step.working_directory);
        let texts = script.chain(values(&step.with)).chain(values(&step.env));
        step.condition.into_iter().chain(texts.filter(move |_| read))
    });
    let runner = job.runs_on.iter().flatten().copied();
    let folder = job.working_directory;
    environment
        .chain(runner)
        .chain(folder)
        .chain(values(&job.env))
        .chain(values(&job.with))
        .chain(job.condition)
        .chain(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_whole_name() {
        for (text, expected) in [
            ("${{ inputs.target }}", true),
            ("inputs['target'] == 'x'", true),
            ("github.event.inputs.TARGET", true),
            ("inputs.targets", false),
            ("inputs.a || inputs.target", true),
            ("needs.x.outputs.target", false),
            ("toJSON(inputs)", true),
            ("inputs[matrix.x]", true),
            ("myinputs.target", false),
            ("inputs.other", false),
        ] {
            assert_eq!(ReadProperties::of(&[text], "inputs").contain("target"), expected, "{text}");
        }
    }
}
