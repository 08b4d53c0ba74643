//! Job outputs: whether a job declares them, and their values. What a script writes to `$GITHUB_OUTPUT` is unknown.

use std::borrow::Cow;

use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow};

/// Whether a job declares an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclaredOutput {
    Yes,
    /// It does not; the expression evaluates to an empty string.
    No,
    /// The reading job has no such `needs`.
    NotNeeded,
    /// The workflow of another repository decides it.
    Unknown,
}

/// Whether `needs.<name>.outputs.<output>` is declared, read in `job`.
#[must_use]
pub(crate) fn declared(
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

/// The job and the output of a path `needs.<job>.outputs.<output>`.
#[must_use]
pub(crate) fn path<'s>(path: &'s [Cow<'_, str>]) -> Option<(&'s str, &'s str)> {
    match path {
        [needs, job, outputs, name]
            if needs.eq_ignore_ascii_case("needs") && outputs.eq_ignore_ascii_case("outputs") =>
        {
            Some((job, name))
        }
        _ => None,
    }
}

/// The step and the output of a path `steps.<id>.outputs.<output>`.
#[must_use]
pub(crate) fn step_path<'s>(path: &'s [Cow<'_, str>]) -> Option<(&'s str, &'s str)> {
    match path {
        [steps, id, outputs, name]
            if steps.eq_ignore_ascii_case("steps") && outputs.eq_ignore_ascii_case("outputs") =>
        {
            Some((id, name))
        }
        _ => None,
    }
}

/// The job of this name among the `needs` of `job`.
pub(crate) fn needed<'w, 'p>(workflow: &'w Workflow<'p>, job: &Job<'_>, name: &str) -> Option<&'w Job<'p>> {
    let mut jobs = job.needed.iter().filter_map(|index| workflow.jobs.get(*index));
    jobs.find(|needed| needed.id.value().eq_ignore_ascii_case(name))
}
