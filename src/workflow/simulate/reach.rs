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
    succeeded: Truth,
    /// Whether its own condition holds, were every job before it to run.
    own_condition: Truth,
}

/// Whether a run comes to a workflow, and if not, the job whose condition keeps it back.
pub struct WorkflowEntry<'a, 'p> {
    /// What is known of the job that calls it; yes where nothing does.
    pub reached: Truth,
    /// That job, or one before it, or before its own callers.
    pub blocking_job: Option<&'a Job<'p>>,
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
        Self { reached: Truth::Yes, blocking_job: None, doubts: Vec::new() }
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
    reaches: Vec<Option<JobReach>>,
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
        let mut simulated = Self { run, workflow, checkout, entry, reaches: vec![None; workflow.jobs.len()] };
        let mut own_condition = vec![false; workflow.jobs.len()];
        let own = workflow.position(job.id.value());
        for index in relevance::ancestors(workflow, job).into_iter().chain(own) {
            own_condition[index] = true;
        }
        for index in workflow.order.iter().copied().filter(|index| own_condition[*index]) {
            simulated.reaches[index] = workflow.jobs.get(index).map(|job| simulated.simulate_job(job));
        }
        simulated
    }

    /// What a job sees.
    #[must_use]
    pub const fn context<'s>(&'s self, job: &'s Job<'p>) -> EvaluationContext<'s, 'p> {
        EvaluationContext::new(self, job)
    }

    /// Whether the run comes to a job.
    #[must_use]
    pub fn reached(&self, job: &Job<'_>) -> Truth {
        match self.reach_of(job.id.value()) {
            Some(reach_of) => self.entry.reached.clone().and(reach_of.reached.clone()),
            None => Truth::Unknown(UnknownReason::new("`needs` that run in a circle")),
        }
    }

    /// Whether a job's own condition holds, were every job before it to run.
    #[must_use]
    pub fn own_condition(&self, job: &Job<'_>) -> Truth {
        self.reach_of(job.id.value())
            .map_or_else(|| Truth::Unknown(circle()), |reach_of| reach_of.own_condition.clone())
    }

    /// The job whose condition keeps the run from a job: itself, one before it, or one that calls its workflow.
    #[must_use]
    pub fn blocking_job(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        if self.entry.reached == Truth::No {
            return self.entry.blocking_job;
        }
        let own = self.workflow.job(job.id.value()).filter(|own| self.own_condition(own) == Truth::No);
        own.or_else(|| self.false_ancestor(job).filter(|_| self.reached(job) == Truth::No))
    }

    /// The jobs whose conditions leave open whether the run comes to a job: itself and those that must succeed before it, in the order in
    /// which they run, after those of its callers.
    #[must_use]
    pub fn doubts(&self, job: &Job<'p>) -> Vec<UndecidedCondition<'a, 'p>> {
        let mut own_condition = vec![false; self.workflow.jobs.len()];
        let mut open: Vec<usize> = self.workflow.position(job.id.value()).into_iter().collect();
        while let Some((index, job)) = open.pop().and_then(|index| Some((index, self.workflow.jobs.get(index)?))) {
            if !std::mem::replace(&mut own_condition[index], true) && waits_for_success(job) {
                open.extend(&job.needed);
            }
        }
        let jobs = self.workflow.order.iter().filter(|index| own_condition.get(**index) == Some(&true));
        let own =
            jobs.filter_map(|index| self.workflow.jobs.get(*index)).filter_map(|job| match self.own_condition(job) {
                Truth::Unknown(reason) => Some(UndecidedCondition { job, reason }),
                Truth::Yes | Truth::No => None,
            });
        self.entry.doubts.iter().cloned().chain(own).collect()
    }

    /// The first job before a job whose own condition does not hold.
    fn false_ancestor(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        let before = relevance::ancestors(self.workflow, job);
        let jobs = self.workflow.order.iter().filter(|index| before.contains(index));
        jobs.filter_map(|index| self.workflow.jobs.get(*index)).find(|job| self.own_condition(job) == Truth::No)
    }

    /// The job whose own condition keeps the run from a job that it would else come to: itself never, so a job that is not reached by
    /// its own condition has none.
    #[must_use]
    pub fn skipped_ancestor(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        if self.own_condition(job) != Truth::Yes || self.reached(job) != Truth::No {
            return None;
        }
        let found =
            relevance::ancestors(self.workflow, job).into_iter().filter_map(|index| self.workflow.jobs.get(index));
        let mut false_ancestor = found.filter(|job| self.own_condition(job) == Truth::No);
        false_ancestor.next()
    }

    /// What is known of a job.
    #[must_use]
    pub fn reach_of(&self, job: &str) -> Option<&JobReach> {
        self.reaches.get(self.workflow.position(job)?)?.as_ref()
    }

    /// Whether every job that a job waits for ran, and every one before those: what `success()` asks.
    #[must_use]
    pub fn ancestors_succeeded(&self, job: &Job<'_>) -> Truth {
        job.needed.iter().fold(Truth::Yes, |all, index| match self.reaches.get(*index) {
            Some(Some(reach_of)) => all.and(reach_of.succeeded.clone()),
            _ => all.and(Truth::Unknown(circle())),
        })
    }

    fn simulate_job(&self, job: &Job<'p>) -> JobReach {
        let context = self.context(job);
        let before = context.status_of(StatusFunction::Success);
        let (reached, own_condition) = match job.condition {
            Some(condition) => {
                let parsed = Condition::parse(condition.value());
                let decide = |context: &EvaluationContext<'_, '_>| decided(condition, parsed.as_ref(), context);
                let reached = decide(&context);
                // A job that waits for none needs no hope.
                let own_condition =
                    if job.needed.is_empty() { reached.clone() } else { decide(&context.assume_success()) };
                (reached, own_condition)
            }
            None => (before.clone(), Truth::Yes),
        };
        JobReach { succeeded: reached.clone().and(before), reached, own_condition }
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
pub fn decide(condition: Text<'_>, context: &EvaluationContext<'_, '_>) -> Truth {
    decided(condition, Condition::parse(condition.value()).as_ref(), context)
}

fn decided(
    condition: Text<'_>,
    parsed: Result<&Condition<'_>, &ParseError>,
    context: &EvaluationContext<'_, '_>,
) -> Truth {
    match parsed {
        Err(error) => Truth::Unknown(UnknownReason::new(error.message.as_str())),
        Ok(parsed) => match parsed.evaluate(context) {
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
