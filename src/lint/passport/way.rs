//! The way from a job to its upload: who calls, what is needed, where a condition keeps a run back. It never asks what is uploaded.

use super::{Start, start};
use crate::lint::publication::{Publication, Visit};
use crate::lint::subject::Subject;
use crate::read::source::Place;
use crate::trust::client::Client;
use crate::workflow::expression::Truth;
use crate::workflow::model::{Job, Text};
use crate::workflow::run::Run;

/// What a stop on the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// A job that calls the workflow of the next stop.
    Caller,
    /// A job.
    Job,
    /// The step that uses the action of the next stop.
    Action,
    /// The step that trades the OIDC token for the registry's own.
    Login,
    /// The step that uploads.
    Step,
    /// The workflow elsewhere that uploads.
    Call,
}

impl StopKind {
    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Job => "job",
            Self::Action => "action",
            Self::Login => "login",
            Self::Step => "step",
            Self::Call => "call",
        }
    }
}

/// A stop on the way from the event to the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// What it is.
    pub kind: StopKind,
    /// Its id or name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Its condition.
    pub condition: Option<String>,
}

/// A run that does not get to an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// How it starts.
    pub start: Start,
    /// The job or step whose condition keeps it from there.
    pub stop: Option<Stop>,
}

pub(super) fn missed(publication: &Publication<'_, '_>, visit: &Visit<'_, '_>) -> Missed {
    let (client, play) = (&publication.site.client, &visit.play);
    let stop = match play.keeper(client.job) {
        Some(job) => {
            let calls = visit.run().calls.iter().any(|call| call.job.id.place() == job.id.place());
            Some(of_job(if calls { StopKind::Caller } else { StopKind::Job }, job))
        }
        None if play.reached(client.job) == Truth::Yes => Some(of_client(StopKind::Step, client)),
        None => None,
    };
    Missed { start: start(visit), stop: stop.filter(|stop| stop.condition.is_some()) }
}

fn of_job(kind: StopKind, job: &Job<'_>) -> Stop {
    Stop { kind, name: job.id.value().to_owned(), place: job.id.place(), condition: condition(job.condition) }
}

fn of_client(kind: StopKind, client: &Client<'_, '_>) -> Stop {
    let own = condition(client.step.and_then(|step| step.condition));
    Stop { kind, name: name(client), place: client.place(), condition: own }
}

fn condition(text: Option<Text<'_>>) -> Option<String> {
    text.map(|text| text.value().trim().to_owned())
}

pub(super) fn path(subject: &Subject<'_, '_, '_>, publication: &Publication<'_, '_>, run: &Run<'_, '_>) -> Vec<Stop> {
    let callers = run.calls.iter().map(|call| of_job(StopKind::Caller, call.job));
    let job = subject.job.map(|job| of_job(StopKind::Job, job));
    let actions = publication.site.client.frames.iter().map(|frame| Stop {
        kind: StopKind::Action,
        name: frame.step.uses.map_or("", Text::value).to_owned(),
        place: frame.step.uses.map_or(frame.step.place, Text::place),
        condition: condition(frame.step.condition),
    });
    let site = &publication.site;
    let login = site.login.as_ref().map(|login| of_client(StopKind::Login, &login.client));
    let upload = match (site.client.step, site.upload) {
        (None, _) => Some(of_client(StopKind::Call, &site.client)),
        (Some(_), Some(_)) => Some(of_client(StopKind::Step, &site.client)),
        // A login stands for an upload that no data describes.
        (Some(_), None) => login.is_none().then(|| of_client(StopKind::Login, &site.client)),
    };
    callers.chain(job).chain(login).chain(actions).chain(upload).collect()
}

/// How the upload is written: the action, the called workflow, or the command's own words.
pub(super) fn name(client: &Client<'_, '_>) -> String {
    match (&client.command, client.script(), client.step.map_or(client.job.uses, |step| step.uses)) {
        (Some(command), Some(run), _) => run.value().get(command.span.clone()).unwrap_or_default().trim().to_owned(),
        (_, _, Some(uses)) => uses.value().to_owned(),
        _ => String::new(),
    }
}
