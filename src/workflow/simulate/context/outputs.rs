//! The context `needs`: results and outputs of the jobs before. What a step's script writes is never known.

use crate::workflow::expression::{Outcome, Truth, Value, coerce_text};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow};
use crate::workflow::simulate::context::EvaluationContext;

/// Whether a job gives an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredOutput {
    /// It does.
    Yes,
    /// It does not: reading it gives nothing, silently.
    No,
    /// There is no such job among those that the reading job waits for.
    NotNeeded,
    /// Another repository's workflow says it.
    Unknown,
}

/// Whether `needs.<name>.outputs.<output>` is given when `job` reads it.
#[must_use]
pub fn declared(
    checkout: &Model<'_>,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    name: &str,
    output: &str,
) -> DeclaredOutput {
    let Some(needed) = needed(workflow, job, name) else { return DeclaredOutput::NotNeeded };
    if needed.uses.is_some() {
        let Some(called) = checkout.called(needed) else { return DeclaredOutput::Unknown };
        let mut outputs = called.triggers.iter().flat_map(|trigger| &trigger.outputs);
        let given = outputs.any(|known| known.name.value().eq_ignore_ascii_case(output));
        return if given { DeclaredOutput::Yes } else { DeclaredOutput::No };
    }
    match needed.outputs.get_ignore_case(output) {
        Some(_) => DeclaredOutput::Yes,
        None if needed.outputs.dynamic => DeclaredOutput::Unknown,
        None => DeclaredOutput::No,
    }
}

/// The job and the output in a path that reads one.
#[must_use]
pub fn path(path: &[String]) -> Option<(&str, &str)> {
    match path {
        [needs, job, outputs, name]
            if needs.eq_ignore_ascii_case("needs") && outputs.eq_ignore_ascii_case("outputs") =>
        {
            Some((job, name))
        }
        _ => None,
    }
}

fn needed<'w, 'p>(workflow: &'w Workflow<'p>, job: &Job<'_>, name: &str) -> Option<&'w Job<'p>> {
    let mut jobs = job.needed.iter().filter_map(|index| workflow.jobs.get(*index));
    jobs.find(|needed| needed.id.value().eq_ignore_ascii_case(name))
}

impl<'p> EvaluationContext<'_, 'p> {
    /// The whole context, as `needs.*.result` reads it.
    pub(crate) fn needs(&self) -> Outcome {
        let entry = |needed: &Job<'p>| {
            let name = needed.id.value();
            let outputs = Outcome::unknown(format!("the outputs of job `{name}`"));
            let values = vec![("result".to_owned(), self.result_of(name)), ("outputs".to_owned(), outputs)];
            (name.to_owned(), Outcome::Known(Value::Object(values)))
        };
        let jobs = self.job.needed.iter().filter_map(|index| self.simulated.workflow.jobs.get(*index));
        Outcome::Known(Value::Object(jobs.map(entry).collect()))
    }

    /// `needs.<job>.result`.
    pub(crate) fn result_of(&self, job: &str) -> Outcome {
        if needed(self.simulated.workflow, self.job, job).is_none() {
            return Outcome::Known(Value::Null);
        }
        match self.simulated.reach_of(job).map(|standing| &standing.reached) {
            Some(Truth::Yes) => Outcome::text("success"),
            Some(Truth::No) => Outcome::text("skipped"),
            _ => Outcome::unknown(format!("the result of job `{job}`")),
        }
    }

    /// `needs.<job>.outputs.<name>`.
    pub(crate) fn output_of(&self, job: &str, name: &str) -> Outcome {
        let unknown = || Outcome::unknown(format!("the output `{name}` of job `{job}`"));
        match declared(self.simulated.checkout, self.simulated.workflow, self.job, job, name) {
            DeclaredOutput::No | DeclaredOutput::NotNeeded => return Outcome::text(""),
            DeclaredOutput::Unknown => return unknown(),
            DeclaredOutput::Yes => {}
        }
        let Some(needed) = needed(self.simulated.workflow, self.job, job) else { return unknown() };
        match self.simulated.reach_of(job).map(|standing| &standing.reached) {
            Some(Truth::No) => return Outcome::text(""),
            Some(Truth::Yes) => {}
            _ => return unknown(),
        }
        let Some(pair) = needed.outputs.get_ignore_case(name) else { return unknown() };
        let context = Self { depth: self.depth, ..EvaluationContext::new(self.simulated, needed) }.deeper();
        match context.evaluate(pair.value.value()) {
            Outcome::Known(value) => Outcome::text(coerce_text(&value)),
            Outcome::Unknown(_) => unknown(),
        }
    }
}
