//! One simulated run: which jobs it reaches. Every reached job is assumed to succeed, since the question is whether the
//! upload runs when nothing fails.

use std::collections::{BTreeMap, HashSet};

use crate::workflow::expression::{Condition, ParseError, StatusFunction, Truth, UnknownReason};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::relevance;
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The reach of one job in one run.
#[derive(Debug, Clone)]
pub struct JobReach {
    /// Whether the run reaches the job.
    pub reached: Truth,
    /// Whether the job and all its ancestors run: the value of `success()` in the jobs that need it.
    succeeded: Truth,
    /// The value of its `if:` if all ancestors succeed.
    own_condition: Truth,
}

/// The reach of a workflow in a run: that of its calling job.
pub struct WorkflowEntry<'a, 'p> {
    /// The reach of the calling job; `Yes` for a workflow that GitHub starts.
    pub reached: Truth,
    /// The blocking job in the calling workflow or above.
    pub blocking_job: Option<&'a Job<'p>>,
    /// The jobs up to the calling job whose conditions are undecided.
    pub undecided_conditions: Vec<UndecidedCondition<'a, 'p>>,
}

/// A job whose own condition is unknown in a run.
#[derive(Debug, Clone)]
pub struct UndecidedCondition<'a, 'p> {
    pub job: &'a Job<'p>,
    /// What the condition depends on.
    pub reason: UnknownReason,
}

impl WorkflowEntry<'_, '_> {
    /// The entry of a workflow that GitHub starts itself.
    #[must_use]
    pub const fn from_github() -> Self {
        Self { reached: Truth::Yes, blocking_job: None, undecided_conditions: Vec::new() }
    }
}

/// One run of one workflow, simulated for one job and its ancestors.
pub struct SimulatedRun<'a, 'p> {
    pub run: TriggerStart<'a, 'p>,
    pub workflow: &'a Workflow<'p>,
    /// The repository's workflows and actions.
    pub checkout: &'a Model<'p>,
    entry: WorkflowEntry<'a, 'p>,
    /// The reach of each simulated job, by the job's position. Most runs simulate few of the workflow's jobs.
    reaches: BTreeMap<usize, JobReach>,
}

/// The jobs to simulate for one job: its ancestors and itself, each after the jobs that it needs. The same for every run.
pub struct SimulatedJobs<'a, 'p>(Vec<SimulatedJob<'a, 'p>>);

/// A job and its parsed `if:`.
struct SimulatedJob<'a, 'p> {
    job: &'a Job<'p>,
    condition: Option<(Text<'p>, Result<Condition<'p>, ParseError>)>,
}

impl<'a, 'p> SimulatedJobs<'a, 'p> {
    #[must_use]
    pub fn new(workflow: &'a Workflow<'p>, job: &Job<'p>) -> Self {
        let selected = relevance::ancestors(workflow, job).into_iter().chain([job.index]);
        let parsed = |job: &'a Job<'p>| {
            let condition = job.condition.map(|condition| (condition, Condition::parse(condition.value())));
            SimulatedJob { job, condition }
        };
        Self(in_order(workflow, selected).map(parsed).collect())
    }
}

impl<'a, 'p> SimulatedRun<'a, 'p> {
    /// Simulates some jobs of a workflow in a run.
    #[must_use]
    pub fn new(
        run: TriggerStart<'a, 'p>,
        workflow: &'a Workflow<'p>,
        checkout: &'a Model<'p>,
        entry: WorkflowEntry<'a, 'p>,
        jobs: &SimulatedJobs<'_, 'p>,
    ) -> Self {
        let mut simulated = Self { run, workflow, checkout, entry, reaches: BTreeMap::new() };
        for simulated_job in &jobs.0 {
            let reach = simulated.simulate_job(simulated_job);
            simulated.reaches.insert(simulated_job.job.index, reach);
        }
        simulated
    }

    /// The evaluation context of a job.
    #[must_use]
    pub const fn context<'s>(&'s self, job: &'s Job<'p>) -> EvaluationContext<'s, 'p> {
        EvaluationContext::new(self, job)
    }

    /// Whether the run reaches a job.
    #[must_use]
    pub fn reached(&self, job: &Job<'_>) -> Truth {
        match self.reach_of(job) {
            Some(reach) => self.entry.reached.clone().and(reach.reached.clone()),
            None => Truth::Unknown(needs_cycle()),
        }
    }

    /// The value of a job's `if:` if all its ancestors succeed.
    #[must_use]
    pub fn own_condition(&self, job: &Job<'_>) -> Truth {
        self.reach_of(job).map_or_else(|| Truth::Unknown(needs_cycle()), |reach| reach.own_condition.clone())
    }

    /// The job whose `if:` stops the run before `job`: `job` itself, an ancestor, or a job on the path of calls.
    #[must_use]
    pub fn blocking_job(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        if self.entry.reached == Truth::No {
            return self.entry.blocking_job;
        }
        let own = self.workflow.jobs.get(job.index).filter(|own| self.own_condition(own) == Truth::No);
        own.or_else(|| self.false_ancestor(job).filter(|_| self.reached(job) == Truth::No))
    }

    /// The jobs whose undecided `if:` makes the reach of `job` unknown, in the order in which they run: jobs on the
    /// path of calls first, then those ancestors that must succeed, then `job`.
    #[must_use]
    pub fn undecided_conditions(&self, job: &Job<'p>) -> Vec<UndecidedCondition<'a, 'p>> {
        let mut selected = HashSet::new();
        let mut pending = vec![job.index];
        while let Some(job) = pending.pop().and_then(|index| self.workflow.jobs.get(index)) {
            if selected.insert(job.index) && requires_success(job) {
                pending.extend(&job.needed);
            }
        }
        let own = in_order(self.workflow, selected).filter_map(|job| match self.own_condition(job) {
            Truth::Unknown(reason) => Some(UndecidedCondition { job, reason }),
            Truth::Yes | Truth::No => None,
        });
        self.entry.undecided_conditions.iter().cloned().chain(own).collect()
    }

    /// The first ancestor whose own condition is false.
    fn false_ancestor(&self, job: &Job<'p>) -> Option<&'a Job<'p>> {
        let mut ancestors = in_order(self.workflow, relevance::ancestors(self.workflow, job));
        ancestors.find(|job| self.own_condition(job) == Truth::No)
    }

    /// The ancestor whose `if:` skips `job`. `None` if `job`'s own `if:` is false.
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

    /// The reach of a job; `None` if it is not simulated.
    #[must_use]
    pub fn reach_of(&self, job: &Job<'_>) -> Option<&JobReach> {
        self.reaches.get(&job.index)
    }

    /// Whether all ancestors of a job run: the value of `success()` in its `if:`.
    #[must_use]
    pub fn ancestors_succeeded(&self, job: &Job<'_>) -> Truth {
        job.needed.iter().fold(Truth::Yes, |all, index| match self.reaches.get(index) {
            Some(reach) => all.and(reach.succeeded.clone()),
            None => all.and(Truth::Unknown(needs_cycle())),
        })
    }

    fn simulate_job(&self, SimulatedJob { job, condition }: &SimulatedJob<'_, 'p>) -> JobReach {
        let context = self.context(job);
        let before = context.status_of(StatusFunction::Success);
        let (reached, own_condition) = match condition {
            Some((condition, parsed)) => {
                let value = |context: &EvaluationContext<'_, '_>| evaluate_parsed(*condition, parsed.as_ref(), context);
                let reached = value(&context);
                // The assumption that all ancestors succeed changes nothing if they do.
                let own_condition =
                    if before == Truth::Yes { reached.clone() } else { value(&context.assume_success()) };
                (reached, own_condition)
            }
            None => (before.clone(), Truth::Yes),
        };
        JobReach { succeeded: reached.clone().and(before), reached, own_condition }
    }
}

/// Jobs by their positions, each after those that it needs. Jobs in a cycle of `needs` are left out.
fn in_order<'a, 'p>(
    workflow: &'a Workflow<'p>,
    positions: impl IntoIterator<Item = usize>,
) -> impl Iterator<Item = &'a Job<'p>> {
    let jobs = positions.into_iter().filter_map(|index| workflow.jobs.get(index));
    let mut ranked: Vec<_> = jobs.filter_map(|job| Some((job.rank?, job))).collect();
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, job)| job)
}

/// Whether a job is skipped unless its ancestors succeed.
fn requires_success(job: &Job<'_>) -> bool {
    let Some(condition) = job.condition else { return true };
    let own = Condition::parse(condition.value()).is_ok_and(|parsed| parsed.has_status_function());
    !own || condition.value().contains("success()")
}

fn needs_cycle() -> UnknownReason {
    UnknownReason::new("a cycle in `needs`")
}

/// Evaluates an `if:`. A condition that requires a failure or a cancellation is unknown, since every job is assumed to
/// succeed.
pub(crate) fn decide(condition: Text<'_>, context: &EvaluationContext<'_, '_>) -> Truth {
    evaluate_parsed(condition, Condition::parse(condition.value()).as_ref(), context)
}

fn evaluate_parsed(
    condition: Text<'_>,
    parsed: Result<&Condition<'_>, &ParseError>,
    context: &EvaluationContext<'_, '_>,
) -> Truth {
    match parsed {
        Err(error) => Truth::Unknown(UnknownReason::new(error.message.as_str())),
        Ok(parsed) => match parsed.evaluate(context) {
            Truth::No if requires_failure(condition.value()) => {
                Truth::Unknown(UnknownReason::new("a condition on failure or cancellation"))
            }
            other => other,
        },
    }
}

fn requires_failure(condition: &str) -> bool {
    ["failure()", "cancelled()"]
        .iter()
        .any(|call| condition.match_indices(call).any(|(at, _)| !condition[..at].trim_end().ends_with('!')))
}
