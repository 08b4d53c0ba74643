//! A run played through the jobs before one: which of them it comes to. What their conditions see is `sight`'s work.
//!
//! A run is played as if every job it starts succeeds: the question is whether the job is reached when all goes well.

use crate::workflow::expression::{Condition, ParseError, StatusFunction, Truth, UnknownReason};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::relevance;
use crate::workflow::simulate::run::TriggerStart;

/// What is known of one job in one run.
#[derive(Debug, Clone)]
pub struct JobReach {
    /// Whether the run comes to the job.
    pub reached: Truth,
    /// Whether it and every job before it runs, which is what `success()` asks.
    clean: Truth,
    /// Whether its own condition holds, were every job before it to run.
    wanted: Truth,
}

/// Whether a run comes to a workflow, and if not, the job whose condition keeps it back.
pub struct WorkflowEntry<'a, 'p> {
    /// What is known of the job that calls it; yes where nothing does.
    pub reached: Truth,
    /// That job, or one before it, or before its own callers.
    pub keeper: Option<&'a Job<'p>>,
    /// The jobs up to that one whose conditions leave open whether a run comes to it.
    pub doubts: Vec<UndecidedCondition<'a, 'p>>,
}

/// A job whose own condition is not decided.
#[derive(Debug, Clone)]
pub struct UndecidedCondition<'a, 'p> {
    /// The job.
    pub job: &'a Job<'p>,
    /// What it depends on.
    pub reason: UnknownReason,
}

impl WorkflowEntry<'_, '_> {
    /// Of a workflow that GitHub starts.
    #[must_use]
    pub const fn open() -> Self {
        Self { reached: Truth::Yes, keeper: None, doubts: Vec::new() }
    }
}

/// One run of one workflow, played up to one of its jobs.
pub struct SimulatedRun<'a, 'p> {
    /// The run.
    pub run: TriggerStart<'a, 'p>,
    /// The workflow that holds the job.
    pub workflow: &'a Workflow<'p>,
    /// All that the repository runs.
    pub checkout: &'a Model<'p>,
    entry: WorkflowEntry<'a, 'p>,
    /// By position of the job; empty entries are not played.
    standings: Vec<Option<JobReach>>,
}

impl<'a, 'p> SimulatedRun<'a, 'p> {
    /// Plays a run: every job on the way to `job` is decided once, after the jobs that it needs.
    #[must_use]
    pub fn new(
        run: TriggerStart<'a, 'p>,
        workflow: &'a Workflow<'p>,
        checkout: &'a Model<'p>,
        entry: WorkflowEntry<'a, 'p>,
        job: &Job<'p>,
    ) -> Self {
        let mut play = Self { run, workflow, checkout, entry, standings: vec![None; workflow.jobs.len()] };
        let mut wanted = vec![false; workflow.jobs.len()];
        let own = workflow.position(job.id.value());
        for index in relevance::ancestors(workflow, job).into_iter().chain(own) {
            wanted[index] = true;
        }
        for index in workflow.order.iter().copied().filter(|index| wanted[*index]) {
            play.standings[index] = workflow.jobs.get(index).map(|job| play.stand(job));
        }
        play
    }

    /// What a job sees.
    #[must_use]
    pub const fn sight<'s>(&'s self, job: &'s Job<'p>) -> EvaluationContext<'s, 'p> {
        EvaluationContext::new(self, job)
    }

    /// Whether the run comes to a job.
    #[must_use]
    pub fn reached(&self, job: &Job<'_>) -> Truth {
        match self.standing(job.id.value()) {
            Some(standing) => self.entry.reached.clone().and(standing.reached.clone()),
            None => Truth::Unknown(UnknownReason::new("`needs` that run in a circle")),
        }
    }

    /// Whether a job's own condition holds, were every job before it to run.
    #[must_use]
    pub fn wanted(&self, job: &Job<'_>) -> Truth {
        self.standing(job.id.value()).map_or_else(|| Truth::Unknown(circle()), |standing| standing.wanted.clone())
    }

    /// The job whose condition keeps the run from a job: itself, one before it, or one that calls its workflow.
    #[must_use]
    pub fn keeper(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        if self.entry.reached == Truth::No {
            return self.entry.keeper;
        }
        let own = self.workflow.job(job.id.value()).filter(|own| self.wanted(own) == Truth::No);
        own.or_else(|| self.unwanted(job).filter(|_| self.reached(job) == Truth::No))
    }

    /// The jobs whose conditions leave open whether the run comes to a job: itself and those that must succeed before it, in the order in
    /// which they run, after those of its callers.
    #[must_use]
    pub fn doubts(&self, job: &Job<'p>) -> Vec<UndecidedCondition<'a, 'p>> {
        let mut wanted = vec![false; self.workflow.jobs.len()];
        let mut open: Vec<usize> = self.workflow.position(job.id.value()).into_iter().collect();
        while let Some((index, job)) = open.pop().and_then(|index| Some((index, self.workflow.jobs.get(index)?))) {
            if !std::mem::replace(&mut wanted[index], true) && waits_for_success(job) {
                open.extend(&job.needed);
            }
        }
        let jobs = self.workflow.order.iter().filter(|index| wanted.get(**index) == Some(&true));
        let own = jobs.filter_map(|index| self.workflow.jobs.get(*index)).filter_map(|job| match self.wanted(job) {
            Truth::Unknown(reason) => Some(UndecidedCondition { job, reason }),
            Truth::Yes | Truth::No => None,
        });
        self.entry.doubts.iter().cloned().chain(own).collect()
    }

    /// The first job before a job whose own condition does not hold.
    fn unwanted(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        let before = relevance::ancestors(self.workflow, job);
        let jobs = self.workflow.order.iter().filter(|index| before.contains(index));
        jobs.filter_map(|index| self.workflow.jobs.get(*index)).find(|job| self.wanted(job) == Truth::No)
    }

    /// The job whose own condition keeps the run from a job that it would else come to: itself never, so a job that is not reached by
    /// its own condition has none.
    #[must_use]
    pub fn skipper(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        if self.wanted(job) != Truth::Yes || self.reached(job) != Truth::No {
            return None;
        }
        let found =
            relevance::ancestors(self.workflow, job).into_iter().filter_map(|index| self.workflow.jobs.get(index));
        let mut unwanted = found.filter(|job| self.wanted(job) == Truth::No);
        unwanted.next()
    }

    /// What is known of a job.
    #[must_use]
    pub fn standing(&self, job: &str) -> Option<&JobReach> {
        self.standings.get(self.workflow.position(job)?)?.as_ref()
    }

    /// Whether every job that a job waits for ran, and every one before those: what `success()` asks.
    #[must_use]
    pub fn clean_before(&self, job: &Job<'_>) -> Truth {
        job.needed.iter().fold(Truth::Yes, |all, index| match self.standings.get(*index) {
            Some(Some(standing)) => all.and(standing.clean.clone()),
            _ => all.and(Truth::Unknown(circle())),
        })
    }

    fn stand(&self, job: &Job<'p>) -> JobReach {
        let sight = self.sight(job);
        let before = sight.status_of(StatusFunction::Success);
        let (reached, wanted) = match job.condition {
            Some(condition) => {
                let parsed = Condition::parse(condition.value());
                let decide = |sight: &EvaluationContext<'_, '_>| decided(condition, parsed.as_ref(), sight);
                let reached = decide(&sight);
                // A job that waits for none needs no hope.
                let wanted = if job.needed.is_empty() { reached.clone() } else { decide(&sight.hopeful()) };
                (reached, wanted)
            }
            None => (before.clone(), Truth::Yes),
        };
        JobReach { clean: reached.clone().and(before), reached, wanted }
    }
}

/// Whether a job runs only where the jobs before it succeed.
fn waits_for_success(job: &Job<'_>) -> bool {
    let Some(condition) = job.condition else { return true };
    let own = Condition::parse(condition.value()).is_ok_and(|parsed| parsed.has_status_function());
    !own || condition.value().contains("success()")
}

fn circle() -> UnknownReason {
    UnknownReason::new("`needs` that run in a circle")
}

/// An `if:` in a run. One that waits for a failure is left open: runs are played as successes.
pub fn decide(condition: Text<'_>, sight: &EvaluationContext<'_, '_>) -> Truth {
    decided(condition, Condition::parse(condition.value()).as_ref(), sight)
}

fn decided(
    condition: Text<'_>,
    parsed: Result<&Condition<'_>, &ParseError>,
    sight: &EvaluationContext<'_, '_>,
) -> Truth {
    match parsed {
        Err(error) => Truth::Unknown(UnknownReason::new(error.message.as_str())),
        Ok(parsed) => match parsed.evaluate(sight) {
            Truth::No if waits_for_trouble(condition.value()) => {
                Truth::Unknown(UnknownReason::new("a condition on failure or cancellation"))
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
