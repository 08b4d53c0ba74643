//! One way a job's workflow can start, with the calls that lead to it. How all of them are found is `start`'s work.

use crate::read::source::Place;
use crate::workflow::expression::{Outcome, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::{Job, Workflow};
use crate::workflow::simulate::matrix::MatrixRow;

/// What is known of `github.ref`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRef {
    /// What it names.
    pub kind: RefKind,
    /// How the name of the branch or tag begins, without `refs/heads/` or `refs/tags/`.
    pub beginning: String,
    /// Whether that is all of the name.
    pub whole: bool,
    /// The workflow's own pattern of the name, where it has one; several are parted by `|`.
    pub pattern: Option<String>,
}

/// A job that calls the workflow which holds the next job of the way.
#[derive(Debug, Clone)]
pub struct JobCall<'a, 'p> {
    /// The calling workflow.
    pub workflow: &'a Workflow<'p>,
    /// The calling job.
    pub job: &'a Job<'p>,
    /// Which copy of the job, if it has a matrix and the copies differ.
    pub row: Option<MatrixRow>,
}

/// One way a workflow can start.
#[derive(Debug, Clone)]
pub struct TriggerStart<'a, 'p> {
    /// The event, e.g. `push`; of a called workflow the one that started its first caller.
    pub event: String,
    /// Where the event stands in `on:`; of an unknown caller, where `workflow_call` does.
    pub trigger: Place,
    /// What is known of `github.ref`.
    pub reference: GitRef,
    /// How to say it: "when a tag is pushed", with the inputs that were chosen and the caller if there are several.
    pub when: String,
    /// `github.event.action`, where the workflow fixes it.
    pub activity: Option<String>,
    /// Whether it also happens for forks.
    pub fork: bool,
    /// Whether another workflow starts this one that does not stand here, so that event, ref, inputs, secrets and permissions are its.
    pub unknown_caller: bool,
    /// The inputs it was dispatched with: `github.event.inputs`.
    pub dispatched: Vec<(String, Outcome)>,
    /// The context `inputs` of the workflow that holds the job.
    pub inputs: Vec<(String, Outcome)>,
    /// The calls that lead to the workflow, from the one that GitHub starts; empty where that holds the job itself.
    pub calls: Vec<JobCall<'a, 'p>>,
}

impl<'p> TriggerStart<'_, 'p> {
    /// The workflow that GitHub starts, if it is not `own`.
    #[must_use]
    pub fn caller(&self) -> Option<&Workflow<'p>> {
        self.calls.first().map(|call| call.workflow)
    }

    /// Whether the job stands in a called workflow.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.unknown_caller || !self.calls.is_empty()
    }

    /// An input of the context `inputs`, or of `github.event.inputs`, where everything is text.
    #[must_use]
    pub fn input(&self, name: &str, dispatched: bool) -> Outcome {
        let list = if dispatched { &self.dispatched } else { &self.inputs };
        let given = list.iter().any(|(input, _)| input.eq_ignore_ascii_case(name));
        if self.unknown_caller && !given {
            return Outcome::unknown(format!("the input `{name}` of a caller"));
        }
        match list.iter().find(|(input, _)| input.eq_ignore_ascii_case(name)) {
            Some((_, Outcome::Known(Value::Bool(flag)))) if dispatched => Outcome::text(flag.to_string()),
            Some((_, outcome)) => outcome.clone(),
            None => Outcome::Known(Value::Null),
        }
    }
}
