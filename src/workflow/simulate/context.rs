//! What expressions see in one run, at one job or step: contexts and status functions. It knows nothing of registries.

mod github;
pub mod outputs;

use crate::workflow::expression::{ExpressionTemplate, Outcome, Scope, StatusFunction, Truth, Value};
use crate::workflow::model::{Action, Job, Secrets, Step, Workflow};
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::reach::{SimulatedRun, decide};
use crate::workflow::simulate::run::TriggerStart;

/// How far a value is followed through outputs and inputs.
const DEEPEST: u8 = 12;

/// A step that runs a composite action of the repository, on the way to a step of that action.
#[derive(Debug, Clone, Copy)]
pub struct ActionFrame<'a, 'p> {
    /// The step that uses the action.
    pub step: &'a Step<'p>,
    /// The action.
    pub action: &'a Action<'p>,
}

/// What expressions see in one run, at one job or step.
#[derive(Clone, Copy)]
pub struct EvaluationContext<'s, 'p> {
    simulated: &'s SimulatedRun<'s, 'p>,
    job: &'s Job<'p>,
    row: Option<&'s MatrixRow>,
    /// The composite actions around the step, the outermost first.
    frames: &'s [ActionFrame<'s, 'p>],
    step: Option<&'s Step<'p>>,
    /// How many of the nearest `env` blocks are passed over: an entry that reads `env` reads the blocks around its own.
    outer: usize,
    /// How often a value was followed to get here.
    depth: u8,
    /// Whether every job before counts as successful.
    assume_success: bool,
}

impl<'s, 'p> EvaluationContext<'s, 'p> {
    pub(crate) const fn new(simulated: &'s SimulatedRun<'s, 'p>, job: &'s Job<'p>) -> Self {
        Self { simulated, job, row: None, frames: &[], step: None, outer: 0, depth: 0, assume_success: false }
    }

    /// What a step sees, also one of a composite action.
    #[must_use]
    pub const fn within(self, frames: &'s [ActionFrame<'s, 'p>], step: Option<&'s Step<'p>>) -> Self {
        Self { step, frames, outer: 0, ..self }
    }

    /// What another step of the job sees, or one of an action around this step.
    #[must_use]
    pub fn beside(self, step: &'s Step<'p>) -> Self {
        let inner = self.frames.iter().position(|frame| frame.action.file == step.place.file);
        let frames = self.frames.get(..inner.map_or(0, |index| index + 1)).unwrap_or_default();
        self.within(frames, Some(step))
    }

    /// What the job itself sees, around its steps.
    #[must_use]
    pub const fn of_job(self) -> Self {
        Self { step: None, frames: &[], outer: 0, ..self }
    }

    /// What one copy of a job with a matrix sees.
    #[must_use]
    pub const fn in_row(self, row: Option<&'s MatrixRow>) -> Self {
        Self { row, ..self }
    }

    pub(crate) const fn assume_success(self) -> Self {
        Self { assume_success: true, ..self }
    }

    const fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), ..self }
    }

    /// The workflow.
    #[must_use]
    pub const fn workflow(&self) -> &'s Workflow<'p> {
        self.simulated.workflow
    }

    /// The play.
    #[must_use]
    pub const fn simulated(&self) -> &'s SimulatedRun<'s, 'p> {
        self.simulated
    }

    /// The job.
    #[must_use]
    pub const fn job(&self) -> &'s Job<'p> {
        self.job
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &'s TriggerStart<'s, 'p> {
        &self.simulated.run
    }

    /// The value of a text that may hold expressions.
    #[must_use]
    pub fn evaluate(&self, text: &str) -> Outcome {
        if !text.contains("${{") {
            return Outcome::text(text);
        }
        if self.depth > DEEPEST {
            return Outcome::unknown("a value that is passed on too often");
        }
        match ExpressionTemplate::parse(text) {
            Ok(template) => template.evaluate(self),
            Err(error) => Outcome::unknown(error.message),
        }
    }

    /// Whether the run comes to the job, and to the step if one is set.
    #[must_use]
    pub fn reached(&self) -> Truth {
        let mut reached = self.simulated.reached(self.job);
        for (index, frame) in self.frames.iter().enumerate() {
            if let Some(condition) = frame.step.condition {
                reached = reached.and(decide(condition, &self.outside(index)));
            }
        }
        match self.step.and_then(|step| step.condition) {
            Some(condition) => reached.and(decide(condition, self)),
            None => reached,
        }
    }

    /// What the calling step of a frame sees.
    fn outside(&self, frame: usize) -> Self {
        let frames = self.frames.get(..frame).unwrap_or_default();
        Self { frames, step: self.frames.get(frame).map(|frame| frame.step), outer: 0, ..*self }
    }

    /// A name from the `env` of the step, the steps around it, the job and the workflow, nearest first.
    fn env(&self, name: &str) -> Outcome {
        let around = self.frames.iter().rev().map(|frame| &frame.step.env);
        let steps = self.step.map(|step| &step.env).into_iter().chain(around);
        let levels: Vec<_> = steps.map(|pairs| (pairs, true)).collect();
        let levels = levels.into_iter().chain([(&self.job.env, false), (&self.simulated.workflow.env, false)]);
        let unknown = || Outcome::unknown(format!("`env.{name}`"));
        for (index, (pairs, own)) in levels.enumerate().skip(self.outer) {
            if let Some(pair) = pairs.get_ignore_case(name) {
                if !own && self.is_rewritten(name) {
                    return unknown();
                }
                return Self { outer: index + 1, ..self.deeper() }.evaluate(pair.value.value());
            }
            if pairs.dynamic {
                break;
            }
        }
        // A script may have written it to `$GITHUB_ENV`.
        unknown()
    }

    /// Whether a script of the job may write a variable for the steps after it.
    fn is_rewritten(&self, name: &str) -> bool {
        let scripts = self.job.steps.iter().filter_map(|step| step.script);
        scripts.map(|run| run.value()).any(|run| run.contains("GITHUB_ENV") && run.contains(name))
    }

    fn input(&self, name: &str) -> Outcome {
        let Some((frame, _)) = self.frames.split_last() else { return self.simulated.run.input(name, false) };
        let outside = self.outside(self.frames.len() - 1).deeper();
        let declared = frame.action.inputs.iter().find(|input| input.name.value().eq_ignore_ascii_case(name));
        match (frame.step.with.get_ignore_case(name), declared.and_then(|input| input.default)) {
            (Some(pair), _) => outside.evaluate(pair.value.value()),
            (None, _) if frame.step.with.dynamic => Outcome::unknown(format!("the input `{name}`")),
            (None, Some(default)) => outside.evaluate(default.value()),
            (None, None) => Outcome::text(""),
        }
    }

    fn matrix(&self, path: &[&str]) -> Outcome {
        let unknown = || Outcome::unknown(format!("`matrix.{}`", path.join(".")));
        let Some((name, rest)) = path.split_first() else { return unknown() };
        match self.row {
            Some(row) => match row.get(name) {
                Some(outcome) => outcome.at(rest),
                None => Outcome::Known(Value::Null),
            },
            None if self.job.strategy.is_some_and(|strategy| strategy.get("matrix").is_some()) => unknown(),
            None => Outcome::Known(Value::Null),
        }
    }

    /// A secret is never known, but one that no caller passes on is known to be empty. A secret of the job's environment needs nobody.
    fn secret(&self, name: &str) -> Outcome {
        let own = self.job.environment.is_some() || name.eq_ignore_ascii_case("GITHUB_TOKEN");
        let withheld = !own
            && self.simulated.run.calls.iter().any(|call| match &call.job.secrets {
                Secrets::Inherited => false,
                Secrets::Given(pairs) => pairs.get_ignore_case(name).is_none() && !pairs.dynamic,
            });
        if withheld { Outcome::Known(Value::Null) } else { Outcome::unknown(format!("the secret `{name}`")) }
    }
}

impl Scope for EvaluationContext<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", rest @ ..] => self.github(rest),
            ["inputs", name] => self.input(name),
            ["env", name] => self.env(name),
            ["matrix", rest @ ..] => self.matrix(rest),
            ["secrets", name] => self.secret(name),
            ["needs"] => self.needs(),
            ["needs", job, "result"] => self.result_of(job),
            ["needs", job, "outputs", name] => self.output_of(job, name),
            _ => Outcome::unknown(format!("`{}`", path.join("."))),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        self.status_of(function)
    }
}

impl EvaluationContext<'_, '_> {
    pub(crate) fn status_of(&self, function: StatusFunction) -> Truth {
        match function {
            StatusFunction::Always => Truth::Yes,
            StatusFunction::Failure | StatusFunction::Cancelled => Truth::No,
            // Within a job, the steps before are taken to succeed; between jobs, a skipped one counts as not successful.
            StatusFunction::Success if self.step.is_some() || self.assume_success => Truth::Yes,
            StatusFunction::Success => self.simulated.ancestors_succeeded(self.job),
        }
    }
}
