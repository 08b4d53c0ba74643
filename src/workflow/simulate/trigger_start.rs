//! How a run starts: event, ref, inputs and the path of calls to the job's workflow.

use crate::read::source::Place;
use crate::workflow::expression::{Outcome, StringTest, UnknownReason, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::{Job, Workflow};
use crate::workflow::simulate::matrix::MatrixRow;

/// What is known of `github.ref`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitRef {
    pub kind: RefKind,
    /// The known start of the branch or tag name, without `refs/heads/` or `refs/tags/`.
    pub prefix: String,
    /// Whether `prefix` is the whole name.
    pub complete: bool,
    /// Whether `prefix` comes from a test in an expression, not from the trigger's filter.
    pub tested: bool,
    /// The tests of names in expressions that the name does not pass.
    pub excluded: Vec<StringTest>,
    /// The pattern of `branches:` or `tags:` that the name matches; several are joined by `|`.
    pub pattern: Option<String>,
}

/// A job on the path of calls.
#[derive(Debug, Clone)]
pub struct JobCall<'a, 'p> {
    pub workflow: &'a Workflow<'p>,
    pub job: &'a Job<'p>,
    /// The row of its matrix, if the rows differ in what is read.
    pub row: Option<MatrixRow>,
}

/// One way a workflow can start, from the event to the job's workflow.
#[derive(Debug, Clone)]
pub struct TriggerStart<'a, 'p> {
    /// The event, such as `push`. In a called workflow it is the event of the first caller.
    pub event: String,
    /// The event's entry in `on:`; `workflow_call` if the caller is unknown.
    pub trigger: Place,
    /// What is known of `github.ref`.
    pub reference: GitRef,
    /// The description in messages: "when a tag is pushed", with the chosen inputs, and the calling job if there are
    /// several.
    pub when: String,
    /// `github.event.action`, if `types:` determines it.
    pub activity: Option<String>,
    /// `github.event.workflow_run.event`, if the workflow that the run follows has only one event.
    pub followed_event: Option<String>,
    /// Whether the event also starts runs for forks.
    pub fork: bool,
    /// Whether the caller is in another repository, so that event, ref, inputs, secrets and permissions are unknown.
    pub unknown_caller: bool,
    /// `github.event.inputs`
    pub dispatched: Vec<(String, Outcome)>,
    /// The context `inputs` of the job's workflow.
    pub inputs: Vec<(String, Outcome)>,
    /// The path of calls, starting in the workflow that GitHub starts; empty if that is the job's own.
    pub calls: Vec<JobCall<'a, 'p>>,
}

impl GitRef {
    /// A ref of which only the kind and a prefix of the name are known.
    #[must_use]
    pub const fn unknown(kind: RefKind, prefix: String) -> Self {
        Self { kind, prefix, complete: false, tested: false, excluded: Vec::new(), pattern: None }
    }

    /// The whole name of a branch or tag.
    #[must_use]
    pub fn named(kind: RefKind, name: String) -> Self {
        Self { complete: true, ..Self::unknown(kind, name) }
    }

    /// What is known of the name, for messages: "`main`", "starting with `v`", "other than `main`".
    #[must_use]
    pub fn description(&self) -> Option<String> {
        let excluded = |exact: bool| {
            let tests = self.excluded.iter().filter(move |test| test.exact == exact);
            let literals: Vec<_> = tests.map(|test| format!("`{}`", test.literal)).collect();
            (!literals.is_empty()).then(|| literals.join(" or "))
        };
        if self.complete {
            return (!self.prefix.is_empty()).then(|| format!("`{}`", self.prefix));
        }
        let parts = [
            self.tested.then(|| format!("starting with `{}`", self.prefix)),
            excluded(false).map(|literals| format!("not starting with {literals}")),
            excluded(true).map(|literals| format!("other than {literals}")),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// `github.ref`
    #[must_use]
    pub fn full(&self) -> Outcome {
        match (self.kind, self.kind.prefix()) {
            // Any number will do; conditions only test the prefix.
            (RefKind::PullRequest, _) => Outcome::text("refs/pull/1/merge"),
            (_, Some(kind)) if self.complete => Outcome::text(format!("{kind}{}", self.prefix)),
            (_, Some(kind)) => {
                let excluded = self
                    .excluded
                    .iter()
                    .map(|test| StringTest { literal: format!("{kind}{}", test.literal), exact: test.exact });
                let reason = UnknownReason::new("`github.ref`").with_prefix(format!("{kind}{}", self.prefix));
                Outcome::Unknown(reason.excluding(excluded))
            }
            (_, None) => Outcome::unknown("`github.ref`"),
        }
    }

    /// `github.ref_name`
    #[must_use]
    pub fn name(&self) -> Outcome {
        match self.kind {
            RefKind::PullRequest => Outcome::text("1/merge"),
            _ if self.complete => Outcome::text(self.prefix.as_str()),
            _ => {
                let reason = UnknownReason::new("`github.ref_name`").with_prefix(self.prefix.clone());
                Outcome::Unknown(reason.excluding(self.excluded.iter().cloned()))
            }
        }
    }
}

impl<'p> TriggerStart<'_, 'p> {
    /// The workflow that GitHub starts, if it is not the job's own.
    #[must_use]
    pub fn caller(&self) -> Option<&Workflow<'p>> {
        self.calls.first().map(|call| call.workflow)
    }

    /// Whether the job is in a called workflow.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.unknown_caller || !self.calls.is_empty()
    }

    /// The value of `inputs.<name>`, or of `github.event.inputs.<name>` if `dispatched`, where every value is a
    /// string.
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
