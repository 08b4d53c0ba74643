//! What a run sees and reaches: contexts, conditions, the graph of `needs`. It knows nothing of registries.
//!
//! A run is played as if every job it starts succeeds: the question is whether the upload happens when all goes well.

use super::expression::{Condition, Outcome, Reason, Scope, StatusFunction, Template, Truth, Value};
use super::github::RefKind;
use super::model::{Job, Step, Text, Workflow};
use super::run::Run;

/// What is known of one job in one run.
#[derive(Debug, Clone)]
struct Standing {
    /// Whether the run comes to the job.
    reached: Truth,
    /// Whether it and every job before it runs, which is what `success()` asks.
    clean: Truth,
}

/// One run of one workflow, played through its jobs.
pub struct Play<'a, 'p> {
    /// The run.
    pub run: &'a Run,
    /// The workflow.
    pub workflow: &'a Workflow<'p>,
    /// `owner/name`, if it is certain.
    pub repository: Option<&'a str>,
    /// By position of the job; empty entries are not decided yet.
    standings: Vec<Option<Standing>>,
}

impl<'a, 'p> Play<'a, 'p> {
    /// Plays a run: every job is decided once, after the jobs that it needs.
    #[must_use]
    pub fn new(run: &'a Run, workflow: &'a Workflow<'p>, repository: Option<&'a str>) -> Self {
        let mut play = Self { run, workflow, repository, standings: vec![None; workflow.jobs.len()] };
        // Jobs are mostly written in the order they run, so few rounds decide all; what a circle of `needs` leaves stays open.
        loop {
            let mut settled = 0;
            for index in 0..workflow.jobs.len() {
                let job = &workflow.jobs[index];
                if play.standings[index].is_none() && play.needed(job).all(|standing| standing.is_some()) {
                    play.standings[index] = Some(play.stand(job));
                    settled += 1;
                }
            }
            if settled == 0 {
                return play;
            }
        }
    }

    /// What a job sees.
    #[must_use]
    pub const fn sight(&'a self, job: &'a Job<'p>) -> Sight<'a, 'p> {
        Sight { play: self, job, step: None }
    }

    /// Whether the run comes to a job.
    #[must_use]
    pub fn reached(&self, job: &Job<'_>) -> Truth {
        match self.standing(job.id.value()) {
            Some(Some(standing)) => standing.reached.clone(),
            _ => Truth::Unknown(Reason::new("`needs` that run in a circle")),
        }
    }

    fn stand(&self, job: &Job<'p>) -> Standing {
        let sight = Sight { play: self, job, step: None };
        let before = sight.status(StatusFunction::Success);
        let reached = match job.condition {
            Some(condition) => decide(condition, &sight),
            None => before.clone(),
        };
        Standing { clean: reached.clone().and(before), reached }
    }

    fn standing(&self, job: &str) -> Option<&Option<Standing>> {
        let index = self.workflow.jobs.iter().position(|other| other.id.value().eq_ignore_ascii_case(job))?;
        self.standings.get(index)
    }

    fn needed<'s>(&'s self, job: &'s Job<'p>) -> impl Iterator<Item = &'s Option<Standing>> {
        job.needs.iter().filter_map(|id| self.standing(id.value()))
    }
}

/// What expressions see in one run, at one job or step.
#[derive(Clone, Copy)]
pub struct Sight<'a, 'p> {
    play: &'a Play<'a, 'p>,
    job: &'a Job<'p>,
    step: Option<&'a Step<'p>>,
}

impl<'a, 'p> Sight<'a, 'p> {
    /// What one of the job's steps sees.
    #[must_use]
    pub const fn at(self, step: &'a Step<'p>) -> Self {
        Self { step: Some(step), ..self }
    }

    /// Whether another workflow starts this one, so that its secrets and inputs are the caller's.
    #[must_use]
    pub const fn is_called(&self) -> bool {
        self.play.run.called
    }

    /// The workflow.
    #[must_use]
    pub const fn workflow(&self) -> &'a Workflow<'p> {
        self.play.workflow
    }

    /// The job.
    #[must_use]
    pub const fn job(&self) -> &'a Job<'p> {
        self.job
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &'a Run {
        self.play.run
    }

    /// The value of a text that may hold expressions.
    #[must_use]
    pub fn evaluate(&self, text: &str) -> Outcome {
        match Template::parse(text) {
            Ok(template) => template.evaluate(self),
            Err(error) => Outcome::unknown(error.message),
        }
    }

    /// Whether the run comes to the job, and to the step if one is set.
    #[must_use]
    pub fn reached(&self) -> Truth {
        let job = self.play.reached(self.job);
        match self.step.and_then(|step| step.condition) {
            Some(condition) => job.and(decide(condition, self)),
            None => job,
        }
    }

    /// A name from the `env` of the step, the job and the workflow, nearest first.
    fn env(&self, name: &str) -> Outcome {
        let levels = [self.step.map(|step| &step.env), Some(&self.job.env), Some(&self.play.workflow.env)];
        for (index, level) in levels.into_iter().enumerate() {
            let Some(pairs) = level else { continue };
            if let Some(pair) = pairs.get_ignore_case(name) {
                // An `env` entry that reads `env` reads the level above; following it would need a guard against circles.
                let text = pair.value.value();
                let circular = text.contains("env.") && index < 3;
                return if circular { Outcome::unknown(format!("`env.{name}`")) } else { self.evaluate(text) };
            }
            if pairs.dynamic {
                break;
            }
        }
        // A script may have written it to `$GITHUB_ENV`.
        Outcome::unknown(format!("`env.{name}`"))
    }

    fn input(&self, name: &str, as_text: bool) -> Outcome {
        if self.play.run.called {
            return Outcome::unknown(format!("the input `{name}` of a caller"));
        }
        if self.play.run.event != "workflow_dispatch" {
            return Outcome::Known(Value::Null);
        }
        match self.play.run.inputs.iter().find(|(input, _)| input.eq_ignore_ascii_case(name)) {
            Some((_, Value::Bool(flag))) if as_text => Outcome::Known(Value::Text(flag.to_string())),
            Some((_, value)) => Outcome::Known(value.clone()),
            None => Outcome::unknown(format!("the input `{name}`")),
        }
    }

    fn github(&self, path: &[&str]) -> Outcome {
        let known = |text: &str| Outcome::Known(Value::Text(text.to_owned()));
        let unknown = || Outcome::unknown(format!("`github.{}`", path.join(".")));
        if self.play.run.called {
            return self.repository_fact(path).unwrap_or_else(unknown);
        }
        match path {
            ["event_name"] => known(&self.play.run.event),
            // Its number is of no use to any condition, its shape is.
            ["ref"] if self.play.run.kind == RefKind::PullRequest => known("refs/pull/1/merge"),
            ["ref"] => self
                .play
                .run
                .kind
                .prefix()
                .map_or_else(unknown, |prefix| Outcome::starting_with(prefix, "`github.ref`")),
            ["ref_type"] => match self.play.run.kind {
                RefKind::Tag => known("tag"),
                RefKind::Branch | RefKind::PullRequest => known("branch"),
                RefKind::Unknown => unknown(),
            },
            ["head_ref" | "base_ref"] if !self.play.run.event.starts_with("pull_request") => known(""),
            ["event", "action"] => match &self.play.run.activity {
                Some(activity) => known(activity),
                None => unknown(),
            },
            ["event", "inputs", name] => self.input(name, true),
            ["event", "repository", "fork"] => Outcome::Known(Value::Bool(false)),
            ["event", payload @ ("release" | "pull_request" | "workflow_run" | "client_payload"), ..] => {
                if self.carries(payload) { unknown() } else { Outcome::Known(Value::Null) }
            }
            _ => self.repository_fact(path).unwrap_or_else(unknown),
        }
    }

    /// Whether the run's event has such a part.
    fn carries(&self, payload: &str) -> bool {
        match payload {
            "client_payload" => self.play.run.event == "repository_dispatch",
            other => self.play.run.event.starts_with(other),
        }
    }

    fn repository_fact(&self, path: &[&str]) -> Option<Outcome> {
        let repository = self.play.repository?;
        let text = match path {
            ["repository"] => repository,
            ["repository_owner"] => repository.split('/').next().unwrap_or_default(),
            _ => return None,
        };
        Some(Outcome::Known(Value::Text(text.to_owned())))
    }

    fn result_of(&self, job: &str) -> Outcome {
        let text = |text: &str| Outcome::Known(Value::Text(text.into()));
        if !self.job.needs.iter().any(|id| id.value().eq_ignore_ascii_case(job)) {
            return Outcome::Known(Value::Null);
        }
        match self.play.standing(job) {
            Some(Some(Standing { reached: Truth::Yes, .. })) => text("success"),
            Some(Some(Standing { reached: Truth::No, .. })) => text("skipped"),
            _ => Outcome::unknown(format!("the result of job `{job}`")),
        }
    }
}

impl Scope for Sight<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", rest @ ..] => self.github(rest),
            ["inputs", name] => self.input(name, false),
            ["env", name] => self.env(name),
            ["needs", job, "result"] => self.result_of(job),
            ["needs", job, "outputs", name] => Outcome::unknown(format!("the output `{name}` of job `{job}`")),
            _ => Outcome::unknown(format!("`{}`", path.join("."))),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        match function {
            StatusFunction::Always => Truth::Yes,
            StatusFunction::Failure | StatusFunction::Cancelled => Truth::No,
            // Within a job, the steps before are taken to succeed; between jobs, a skipped one counts as not successful.
            StatusFunction::Success if self.step.is_some() => Truth::Yes,
            StatusFunction::Success => self.play.needed(self.job).fold(Truth::Yes, |all, standing| match standing {
                Some(standing) => all.and(standing.clean.clone()),
                None => all.and(Truth::Unknown(Reason::new("`needs` that run in a circle"))),
            }),
        }
    }
}

/// An `if:` in a run. One that waits for a failure is left open: runs are played as successes.
fn decide(condition: Text<'_>, sight: &Sight<'_, '_>) -> Truth {
    match Condition::parse(condition.value()) {
        Err(error) => Truth::Unknown(Reason::new(error.message)),
        Ok(parsed) => match parsed.evaluate(sight) {
            Truth::No if waits_for_trouble(condition.value()) => {
                Truth::Unknown(Reason::new("a condition on failure or cancellation"))
            }
            other => other,
        },
    }
}

fn waits_for_trouble(condition: &str) -> bool {
    ["failure()", "cancelled()"]
        .iter()
        .any(|call| condition.match_indices(call).any(|(at, _)| !condition[..at].trim_end().ends_with('!')))
}
