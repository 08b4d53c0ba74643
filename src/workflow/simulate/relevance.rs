//! The inputs, matrix values and event properties that a job and its ancestors read, so that the simulation enumerates
//! only values that make a difference.

use crate::workflow::model::{Job, Pairs, Text, Workflow};

/// All texts that affect whether and how a job runs: its own, its ancestors' conditions and outputs, and the
/// workflow's `env`.
#[derive(Debug)]
pub struct Relevance<'p> {
    texts: Vec<&'p str>,
    /// The number of its ancestors.
    pub ancestors: usize,
}

impl<'p> Relevance<'p> {
    #[must_use]
    pub fn of(workflow: &Workflow<'p>, job: &Job<'p>) -> Self {
        let mut texts: Vec<&str> = own_texts(job).chain(values(&workflow.env)).map(Text::value).collect();
        let before = ancestors(workflow, job);
        for ancestor in before.iter().filter_map(|index| workflow.jobs.get(*index)) {
            texts.extend(ancestor.condition.into_iter().chain(values(&ancestor.outputs)).map(Text::value));
            if ancestor.uses.is_some() {
                texts.extend(values(&ancestor.with).map(Text::value));
            }
        }
        // A text without `.` or `${{` reads no context. Conditions need no braces.
        texts.retain(|text| text.contains('.') || text.contains("${{"));
        Self { texts, ancestors: before.len() }
    }

    /// Whether any text reads this property (`inputs.target`) or the context as a whole.
    #[must_use]
    pub fn reads(&self, context: &str, property: &str) -> bool {
        self.texts.iter().any(|text| mentions(text, context, property))
    }

    /// Whether any text reads the ref.
    #[must_use]
    pub fn reads_ref(&self) -> bool {
        self.texts.iter().any(|text| text.contains("github.ref") || text.contains("github["))
    }

    /// Whether any text reads the event's payload.
    #[must_use]
    pub fn reads_event(&self) -> bool {
        self.texts.iter().any(|text| text.contains("github.event.") || text.contains("github["))
    }
}

/// The positions of all direct and indirect `needs` of a job, sorted.
#[must_use]
pub fn ancestors(workflow: &Workflow<'_>, job: &Job<'_>) -> Vec<usize> {
    let mut known = vec![false; workflow.jobs.len()];
    let mut open: Vec<usize> = job.needed.clone();
    let mut found = Vec::new();
    while let Some(index) = open.pop() {
        if let Some(seen) = known.get_mut(index)
            && !std::mem::replace(seen, true)
        {
            found.push(index);
            open.extend(workflow.jobs.get(index).into_iter().flat_map(|job| &job.needed));
        }
    }
    found.sort_unstable();
    found
}

fn mentions(text: &str, context: &str, property: &str) -> bool {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    text.match_indices(context).any(|(at, _)| {
        if text[..at].ends_with(word) {
            return false;
        }
        let rest = text[at + context.len()..].trim_start();
        if rest.starts_with(word) {
            return false;
        }
        let quoted = rest.strip_prefix('[').map(str::trim_start).and_then(|rest| rest.strip_prefix('\''));
        match rest.strip_prefix('.').map(str::trim_start).or(quoted) {
            // A computed index, or the context as a whole, reads every property.
            None => true,
            Some(name) if name.starts_with('*') => true,
            Some(name) => {
                let end = name.find(|letter| !word(letter)).unwrap_or(name.len());
                name[..end].eq_ignore_ascii_case(property)
            }
        }
    })
}

fn values<'j, 'p>(pairs: &'j Pairs<'p>) -> impl Iterator<Item = Text<'p>> + 'j {
    pairs.entries.iter().map(|pair| pair.value)
}

/// All texts of a job that can contain expressions.
fn own_texts<'j, 'p>(job: &'j Job<'p>) -> impl Iterator<Item = Text<'p>> + 'j {
    let environment = job.environment.into_iter().flat_map(|it| [Some(it.name), it.url]).flatten();
    let steps = job.steps.iter().flat_map(|step| {
        [step.condition, step.run].into_iter().flatten().chain(values(&step.with)).chain(values(&step.env))
    });
    let runner = job.runs_on.iter().flatten().copied();
    environment.chain(runner).chain(values(&job.env)).chain(values(&job.with)).chain(job.condition).chain(steps)
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
            assert_eq!(mentions(text, "inputs", "target"), expected, "{text}");
        }
    }
}
