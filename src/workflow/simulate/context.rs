//! The evaluation context: the contexts and status functions that an expression sees in one run, at one job or step.

use crate::workflow::expression::{ExpressionTemplate, Outcome, Scope, StatusFunction, Truth, Value, coerce_text};
use crate::workflow::model::{Action, Job, Secrets, Step, Text, Workflow};
use crate::workflow::simulate::github_context;
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::outputs::{self, DeclaredOutput};
use crate::workflow::simulate::simulated_run::{SimulatedRun, decide};
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The maximum number of outputs, inputs and `env` entries through which a value is followed.
const MAX_DEPTH: u8 = 12;

/// A step that uses a composite action of the repository.
#[derive(Debug, Clone, Copy)]
pub struct ActionFrame<'a, 'p> {
    pub step: &'a Step<'p>,
    pub action: &'a Action<'p>,
}

/// The contexts that an expression sees in one run, at one job or step.
#[derive(Clone, Copy)]
pub struct EvaluationContext<'s, 'p> {
    simulated: &'s SimulatedRun<'s, 'p>,
    job: &'s Job<'p>,
    row: Option<&'s MatrixRow>,
    /// The composite actions that contain the step, outermost first.
    frames: &'s [ActionFrame<'s, 'p>],
    step: Option<&'s Step<'p>>,
    /// How many of the innermost `env` blocks to skip: an `env` entry sees the blocks outside its own.
    skipped_env_blocks: usize,
    /// The number of outputs, inputs and `env` entries followed so far.
    depth: u8,
    /// Whether all ancestors are assumed to succeed.
    assume_success: bool,
}

impl<'s, 'p> EvaluationContext<'s, 'p> {
    pub const fn new(simulated: &'s SimulatedRun<'s, 'p>, job: &'s Job<'p>) -> Self {
        Self {
            simulated,
            job,
            row: None,
            frames: &[],
            step: None,
            skipped_env_blocks: 0,
            depth: 0,
            assume_success: false,
        }
    }

    /// The context of a step, which can be in a composite action.
    #[must_use]
    pub const fn for_step(self, frames: &'s [ActionFrame<'s, 'p>], step: Option<&'s Step<'p>>) -> Self {
        Self { step, frames, skipped_env_blocks: 0, ..self }
    }

    /// The context of another step of the job, or of a composite action that contains this step.
    #[must_use]
    pub fn for_sibling(self, step: &'s Step<'p>) -> Self {
        let inner = self.frames.iter().position(|frame| frame.action.file == step.place.file);
        let frames = self.frames.get(..inner.map_or(0, |index| index + 1)).unwrap_or_default();
        self.for_step(frames, Some(step))
    }

    /// The context of the job itself.
    #[must_use]
    pub const fn for_job(self) -> Self {
        Self { step: None, frames: &[], skipped_env_blocks: 0, ..self }
    }

    /// The context of one matrix row of the job.
    #[must_use]
    pub const fn for_row(self, row: Option<&'s MatrixRow>) -> Self {
        Self { row, ..self }
    }

    pub const fn assume_success(self) -> Self {
        Self { assume_success: true, ..self }
    }

    const fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), ..self }
    }

    #[must_use]
    pub const fn workflow(&self) -> &'s Workflow<'p> {
        self.simulated.workflow
    }

    #[must_use]
    pub const fn simulated(&self) -> &'s SimulatedRun<'s, 'p> {
        self.simulated
    }

    #[must_use]
    pub const fn job(&self) -> &'s Job<'p> {
        self.job
    }

    #[must_use]
    pub const fn run(&self) -> &'s TriggerStart<'s, 'p> {
        &self.simulated.run
    }

    /// The value of a text that can contain expressions.
    #[must_use]
    pub fn evaluate(&self, text: &str) -> Outcome {
        if memchr::memchr(b'$', text.as_bytes()).is_none() || !text.contains("${{") {
            return Outcome::text(text);
        }
        if self.depth > MAX_DEPTH {
            return Outcome::unknown("a value passed through too many outputs and inputs");
        }
        match ExpressionTemplate::parse(text) {
            Ok(template) => template.evaluate(self),
            Err(error) => Outcome::unknown(error.message),
        }
    }

    /// Whether the run reaches the job, and the step if one is set.
    #[must_use]
    pub fn reached(&self) -> Truth {
        let mut reached = self.simulated.reached(self.job);
        for (index, frame) in self.frames.iter().enumerate() {
            if let Some(condition) = frame.step.condition {
                reached = reached.and(decide(condition, &self.around_frame(index)));
            }
        }
        match self.step.and_then(|step| step.condition) {
            Some(condition) => reached.and(decide(condition, self)),
            None => reached,
        }
    }

    /// Whether another step of the job runs, given that this step does.
    #[must_use]
    pub fn sibling_reached(&self, sibling: &'s Step<'p>) -> Truth {
        let Some(condition) = sibling.condition else { return Truth::Yes };
        let own = self.step.and_then(|step| step.condition).map_or("", Text::value);
        if implies(own, condition.value()) {
            return Truth::Yes;
        }
        decide(condition, &self.for_sibling(sibling))
    }

    /// The context of the step that uses a frame's action.
    fn around_frame(&self, frame: usize) -> Self {
        let frames = self.frames.get(..frame).unwrap_or_default();
        Self { frames, step: self.frames.get(frame).map(|frame| frame.step), skipped_env_blocks: 0, ..*self }
    }

    /// The value of `env.<name>`: from the step, the steps around it, the job or the workflow, innermost first.
    fn env(&self, name: &str) -> Outcome {
        let around = self.frames.iter().rev().map(|frame| &frame.step.env);
        let steps = self.step.map(|step| &step.env).into_iter().chain(around);
        let levels: Vec<_> = steps.map(|pairs| (pairs, true)).collect();
        let levels = levels.into_iter().chain([(&self.job.env, false), (&self.simulated.workflow.env, false)]);
        let unknown = || Outcome::unknown(format!("`env.{name}`"));
        for (index, (pairs, own)) in levels.enumerate().skip(self.skipped_env_blocks) {
            if let Some(pair) = pairs.get_ignore_case(name) {
                if !own && self.may_be_rewritten(name) {
                    return unknown();
                }
                return Self { skipped_env_blocks: index + 1, ..self.deeper() }.evaluate(pair.value.value());
            }
            if pairs.dynamic {
                break;
            }
        }
        // A script can have set it with `$GITHUB_ENV`.
        unknown()
    }

    /// Whether a script of the job may set the variable for later steps.
    fn may_be_rewritten(&self, name: &str) -> bool {
        let scripts = self.job.steps.iter().filter_map(|step| step.script);
        scripts.map(|run| run.value()).any(|run| run.contains("GITHUB_ENV") && run.contains(name))
    }

    fn input(&self, name: &str) -> Outcome {
        let Some((frame, _)) = self.frames.split_last() else { return self.simulated.run.input(name, false) };
        let around = self.around_frame(self.frames.len() - 1).deeper();
        let declared = frame.action.inputs.iter().find(|input| input.name.value().eq_ignore_ascii_case(name));
        match (frame.step.with.get_ignore_case(name), declared.and_then(|input| input.default)) {
            (Some(pair), _) => around.evaluate(pair.value.value()),
            (None, _) if frame.step.with.dynamic => Outcome::unknown(format!("the input `{name}`")),
            (None, Some(default)) => around.evaluate(default.value()),
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

    /// Secrets are unknown, but one that the calling jobs do not pass on is empty. Secrets of the job's environment
    /// need no caller.
    fn secret(&self, name: &str) -> Outcome {
        let needs_no_caller = self.job.environment.is_some() || name.eq_ignore_ascii_case("GITHUB_TOKEN");
        let not_passed = !needs_no_caller
            && self.simulated.run.calls.iter().any(|call| match &call.job.secrets {
                Secrets::Inherited => false,
                Secrets::Given(pairs) => pairs.get_ignore_case(name).is_none() && !pairs.dynamic,
            });
        if not_passed { Outcome::Known(Value::Null) } else { Outcome::unknown(format!("the secret `{name}`")) }
    }

    /// The whole context `needs`, for `needs.*.result`.
    fn all_needs(&self) -> Outcome {
        let entry = |needed: &Job<'p>| {
            let name = needed.id.value();
            let outputs = Outcome::unknown(format!("the outputs of job `{name}`"));
            let values = vec![("result".to_owned(), self.result_of(name)), ("outputs".to_owned(), outputs)];
            (name.to_owned(), Outcome::Known(Value::Object(values)))
        };
        let jobs = self.job.needed.iter().filter_map(|index| self.simulated.workflow.jobs.get(*index));
        Outcome::Known(Value::Object(jobs.map(entry).collect()))
    }

    fn result_of(&self, job: &str) -> Outcome {
        let Some(needed) = outputs::needed(self.simulated.workflow, self.job, job) else {
            return Outcome::Known(Value::Null);
        };
        match self.simulated.reach_of(needed).map(|reach| &reach.reached) {
            Some(Truth::Yes) => Outcome::text("success"),
            Some(Truth::No) => Outcome::text("skipped"),
            _ => Outcome::unknown(format!("the result of job `{job}`")),
        }
    }

    fn output_of(&self, job: &str, name: &str) -> Outcome {
        let unknown = || Outcome::unknown(format!("the output `{name}` of job `{job}`"));
        match outputs::declared(self.simulated.checkout, self.simulated.workflow, self.job, job, name) {
            DeclaredOutput::No | DeclaredOutput::NotNeeded => return Outcome::text(""),
            DeclaredOutput::Unknown => return unknown(),
            DeclaredOutput::Yes => {}
        }
        let Some(needed) = outputs::needed(self.simulated.workflow, self.job, job) else { return unknown() };
        match self.simulated.reach_of(needed).map(|reach| &reach.reached) {
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

    pub fn status_of(&self, function: StatusFunction) -> Truth {
        match function {
            StatusFunction::Always => Truth::Yes,
            StatusFunction::Failure | StatusFunction::Cancelled => Truth::No,
            // Earlier steps are assumed to succeed; a skipped ancestor job makes `success()` false.
            StatusFunction::Success if self.step.is_some() || self.assume_success => Truth::Yes,
            StatusFunction::Success => self.simulated.ancestors_succeeded(self.job),
        }
    }
}

impl Scope for EvaluationContext<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", rest @ ..] => {
                github_context::lookup(self.run(), self.simulated.checkout.repository.as_deref(), rest)
            }
            ["inputs", name] => self.input(name),
            ["env", name] => self.env(name),
            ["matrix", rest @ ..] => self.matrix(rest),
            ["secrets", name] => self.secret(name),
            ["needs"] => self.all_needs(),
            ["needs", job, "result"] => self.result_of(job),
            ["needs", job, "outputs", name] => self.output_of(job, name),
            _ => Outcome::unknown(format!("`{}`", path.join("."))),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        self.status_of(function)
    }
}

/// Whether a condition is one of the operands of `&&` in another.
fn implies(whole: &str, part: &str) -> bool {
    let operands = |text: &str| -> Vec<String> {
        let text = text.trim();
        let inner = text.strip_prefix("${{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text);
        match inner.contains("||") || inner.contains("${{") {
            true => vec![inner.trim().to_owned()],
            false => {
                let operands: Vec<_> = inner.split("&&").map(|operand| operand.trim().to_owned()).collect();
                let closed = |text: &String| text.matches('(').count() == text.matches(')').count();
                if operands.iter().all(closed) { operands } else { vec![inner.trim().to_owned()] }
            }
        }
    };
    let whole = operands(whole);
    operands(part).iter().all(|operand| whole.contains(operand))
}
