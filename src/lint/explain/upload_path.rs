//! The path from the event to the upload: callers, jobs, actions, steps, and the condition that skips a run.

use crate::lint::explain::{ExplainedStart, OpenCondition, start};
use crate::lint::subjects::Subject;
use crate::lint::uploads::{Upload, UploadRun};
use crate::read::source::Place;
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::expression::{Condition, Truth};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow};
use crate::workflow::simulate::outputs::{self, DeclaredOutput};
use crate::workflow::simulate::simulated_run::decide;
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The kind of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopKind {
    /// A job that calls the workflow of the next stop.
    Caller,
    /// A job.
    Job,
    /// The step that uses the action of the next stop.
    Action,
    /// A command that runs the script with the next stop.
    Script,
    /// The step that exchanges the OIDC token for the registry's own.
    Login,
    /// The step that uploads.
    Step,
    /// The workflow of another repository that uploads.
    Call,
}

impl StopKind {
    /// Its name in the output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Job => "job",
            Self::Action => "action",
            Self::Script => "script",
            Self::Login => "login",
            Self::Step => "step",
            Self::Call => "call",
        }
    }
}

/// A stop on the path from the event to the upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathStop {
    /// Its kind.
    pub kind: StopKind,
    /// Its id or name.
    pub name: String,
    /// Its place.
    pub place: Place,
    /// Its condition.
    pub condition: Option<String>,
}

/// A run that does not reach an upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SkippedRun {
    /// How it starts.
    pub start: ExplainedStart,
    /// The job or step whose condition skips it, at that condition.
    pub stop: Option<PathStop>,
    /// The outputs that the condition reads and no job declares.
    pub undeclared: Vec<UndeclaredOutput>,
}

/// An output that a condition reads and no job declares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UndeclaredOutput {
    /// The job that does not declare it.
    pub job: String,
    /// The output.
    pub output: String,
    /// The place of that job; `None` if the reading job does not list it in `needs`.
    pub place: Option<Place>,
}

pub(crate) fn skipped<'p>(checkout: &Model<'p>, upload: &Upload<'_, 'p>, upload_run: &UploadRun<'_, 'p>) -> SkippedRun {
    let (resolved, simulated) = (&upload.site.resolved, &upload_run.simulated);
    let blocking_job = simulated.blocking_job(resolved.job);
    let (stop, condition) = match blocking_job {
        Some(job) => {
            let calls = upload_run.run().calls.iter().any(|call| call.job.id.place() == job.id.place());
            (Some(of_job(if calls { StopKind::Caller } else { StopKind::Job }, job)), job.condition)
        }
        None if simulated.reached(resolved.job) != Truth::No => {
            let around = resolved.frames.iter().find_map(|frame| frame.step.condition);
            (Some(of_client(StopKind::Step, resolved)), resolved.step.and_then(|step| step.condition).or(around))
        }
        None => (None, None),
    };
    let stop = stop.zip(condition).map(|(stop, text)| PathStop {
        place: text.place(),
        condition: Some(text.value().trim().to_owned()),
        ..stop
    });
    let reading = blocking_job.unwrap_or(resolved.job);
    let callers = upload_run.run().calls.iter().map(|call| call.workflow).chain([resolved.workflow]);
    let holder = callers.into_iter().find(|workflow| workflow.file == reading.id.place().file);
    let undeclared =
        holder.zip(condition).map_or_else(Vec::new, |(workflow, text)| undeclared(checkout, workflow, reading, text));
    SkippedRun { start: start(upload_run), stop, undeclared }
}

/// The conditions of unknown value on the path to the upload.
pub(crate) fn unknown_conditions<'a, 'p>(
    subject: &Subject<'_, 'a, 'p>,
    upload_run: &UploadRun<'a, 'p>,
) -> Vec<OpenCondition> {
    let Truth::Unknown(whole) = &upload_run.reach else { return Vec::new() };
    let jobs = subject.job().map_or_else(Vec::new, |job| upload_run.simulated.undecided_conditions(job));
    let jobs = jobs.into_iter().map(|doubt| (doubt.reason, doubt.job.condition.map(Text::place)));
    let step =
        subject.step().and_then(|step| step.condition).zip(subject.context()).and_then(|(text, context)| match decide(
            text, context,
        ) {
            Truth::Unknown(reason) => Some((reason, Some(text.place()))),
            Truth::Yes | Truth::No => None,
        });
    let mut found: Vec<OpenCondition> = Vec::new();
    for (reason, place) in jobs.chain(step) {
        let reason = reason.to_string();
        if found.iter().all(|known| known.reason != reason) {
            found.push(OpenCondition { reason, place });
        }
    }
    if found.is_empty() {
        found.push(OpenCondition { reason: whole.to_string(), place: None });
    }
    found
}

/// The outputs that a job's condition reads and no job declares.
fn undeclared(
    checkout: &Model<'_>,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    condition: Text<'_>,
) -> Vec<UndeclaredOutput> {
    let references = Condition::parse(condition.value()).map(|parsed| parsed.references()).unwrap_or_default();
    let mut found: Vec<UndeclaredOutput> = Vec::new();
    for (name, output) in references.iter().filter_map(|reference| outputs::path(&reference.path)) {
        let place = match outputs::declared(checkout, workflow, job, name, output) {
            DeclaredOutput::No => workflow.job(name).map(|job| job.id.place()),
            DeclaredOutput::NotNeeded => None,
            DeclaredOutput::Yes | DeclaredOutput::Unknown => continue,
        };
        let next = UndeclaredOutput { job: name.to_owned(), output: output.to_owned(), place };
        if !found.contains(&next) {
            found.push(next);
        }
    }
    found
}

fn of_job(kind: StopKind, job: &Job<'_>) -> PathStop {
    PathStop { kind, name: job.id.value().to_owned(), place: job.id.place(), condition: condition(job.condition) }
}

fn of_client(kind: StopKind, resolved: &ResolvedStep<'_, '_>) -> PathStop {
    let own = condition(resolved.step.and_then(|step| step.condition));
    PathStop { kind, name: name(resolved), place: resolved.place(), condition: own }
}

fn condition(text: Option<Text<'_>>) -> Option<String> {
    text.map(|text| text.value().trim().to_owned())
}

pub(crate) fn path(
    subject: &Subject<'_, '_, '_>,
    upload: &Upload<'_, '_>,
    run: &TriggerStart<'_, '_>,
) -> Vec<PathStop> {
    let callers = run.calls.iter().map(|call| of_job(StopKind::Caller, call.job));
    let job = subject.job().map(|job| of_job(StopKind::Job, job));
    let actions = upload.site.resolved.frames.iter().map(|frame| PathStop {
        kind: StopKind::Action,
        name: frame.step.uses.map_or("", Text::value).to_owned(),
        place: frame.step.uses.map_or(frame.step.place, Text::place),
        condition: condition(frame.step.condition),
    });
    let scripts = upload.site.resolved.calls.iter().map(|frame| {
        let span = frame.call.command.span.clone();
        PathStop {
            kind: StopKind::Script,
            name: frame.caller.value().get(span.clone()).unwrap_or_default().trim().to_owned(),
            place: frame.caller.inner(span),
            condition: None,
        }
    });
    let site = &upload.site;
    let login = site.login.as_ref().map(|login| of_client(StopKind::Login, &login.resolved));
    let pattern = match (site.resolved.step, site.pattern) {
        (None, _) => Some(of_client(StopKind::Call, &site.resolved)),
        (Some(_), Some(_)) => Some(of_client(StopKind::Step, &site.resolved)),
        // A login without a recognised upload counts as an upload.
        (Some(_), None) => login.is_none().then(|| of_client(StopKind::Login, &site.resolved)),
    };
    callers.chain(job).chain(login).chain(actions).chain(scripts).chain(pattern).collect()
}

/// How the upload is written: the action, the called workflow, or the words of the command.
pub(crate) fn name(resolved: &ResolvedStep<'_, '_>) -> String {
    match (&resolved.command, resolved.script(), resolved.step.map_or(resolved.job.uses, |step| step.uses)) {
        (Some(command), Some(run), _) => run.value().get(command.span.clone()).unwrap_or_default().trim().to_owned(),
        (_, _, Some(uses)) => uses.value().to_owned(),
        _ => String::new(),
    }
}
