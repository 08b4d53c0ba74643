//! Permission checks: for each scope that the steps of a job need, whether the job has it.

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use crate::trust::needs::requester::{Requester, find};
use crate::trust::needs::{Need, NeedEntry, Needs};
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::{Condition, Truth};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Trigger, Workflow};
use crate::workflow::permissions::{self, AccessLevel, GrantOrigin, GrantedAccess};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::relevance::{self, Relevance};
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::simulated_run::SimulatedRun;
use crate::workflow::simulate::trigger_start::TriggerStart;
use crate::workflow::simulate::triggers;

/// Whether a job has the permission that a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PermissionStatus {
    /// The job has it.
    Held,
    /// The files do not decide.
    Unknown,
    /// The job does not have it, and the files do not decide whether the step needs it.
    Unconfirmed,
    /// The job does not have it, and the step needs it.
    Missing,
}

impl PermissionStatus {
    /// The value of the fact; `None` if unknown.
    #[must_use]
    pub(crate) const fn word(self) -> Option<&'static str> {
        match self {
            Self::Held => Some("held"),
            Self::Unknown => None,
            Self::Unconfirmed => Some("unconfirmed"),
            Self::Missing => Some("missing"),
        }
    }
}

/// The check of one scope that a job needs.
pub(crate) struct PermissionCheck<'a, 'p> {
    /// The step that needs it; of several, the first with the worst status.
    pub requester: Requester<'a, 'p>,
    /// The need.
    pub need: &'a Need,
    /// The access that the job has.
    pub held: GrantedAccess,
    /// Whether the access suffices; `None` before the step is compared with the job.
    pub status: Option<PermissionStatus>,
}

/// The permission checks of a job, one for each scope for which `wanted` is true. A check may have to read scripts and to simulate every
/// run, so `wanted` is called first, with a check of which only the scope, the job's own access and a status that they decide are known.
/// `steps` are those of the job, see [`steps`].
#[must_use]
pub(crate) fn permission_checks<'a, 'p>(
    needs: &'a Needs,
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    (workflow, job, steps): (&'a Workflow<'p>, &'a Job<'p>, &[ResolvedStep<'a, 'p>]),
    wanted: impl Fn(&PermissionCheck<'a, 'p>) -> bool,
) -> Vec<PermissionCheck<'a, 'p>> {
    let paths = GrantPaths::new(github, checkout, workflow, job);
    let is_same = |one: &Need, other: &Need| one.scope == other.scope && one.private == other.private;
    let answers: RefCell<Vec<(&Need, Option<PermissionStatus>, bool)>> = RefCell::default();
    let is_wanted = |entry: &'a NeedEntry, need: &'a Need| {
        let held = permissions::held(github, workflow, job, &need.scope);
        let status = paths.decided_by_access(held, need);
        let known = |(other, with, _): &&(&Need, _, bool)| is_same(other, need) && *with == status;
        let answer = answers.borrow().iter().find(known).map(|(.., answer)| *answer);
        answer.unwrap_or_else(|| {
            let requester = Requester::new(entry, ResolvedStep::calling(checkout, workflow, job));
            let answer = wanted(&PermissionCheck { requester, need, held, status });
            answers.borrow_mut().push((need, status, answer));
            answer
        })
    };
    let is_entry_wanted = |entry: &'a NeedEntry| entry.needs.iter().any(|need| is_wanted(entry, need));
    let requesters = find(needs, github, checkout, (workflow, job, steps), is_entry_wanted);
    let mut found: Vec<PermissionCheck<'a, 'p>> = Vec::new();
    for requester in requesters {
        let entry = requester.entry;
        for need in entry.needs.iter().filter(|need| is_wanted(entry, need)) {
            let (held, status) = paths.worst_status(&requester, need);
            let check = PermissionCheck { requester: requester.clone(), need, held, status: Some(status) };
            match found.iter_mut().find(|other| is_same(other.need, need)) {
                Some(other) if other.status < check.status => *other = check,
                Some(_) => {}
                None => found.push(check),
            }
        }
    }
    found
}

/// The worst status of each need of an entry in a job; `None` if no step of the job matches the entry.
#[must_use]
pub(crate) fn of_entry<'p>(
    needs: &Needs,
    github: &GitHubFacts,
    checkout: &Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
    entry: &NeedEntry,
) -> Option<Vec<PermissionStatus>> {
    let paths = GrantPaths::new(github, checkout, workflow, job);
    let mut worst: Option<Vec<PermissionStatus>> = None;
    let is_entry = |other: &NeedEntry| std::ptr::eq(other, entry);
    for requester in &find(needs, github, checkout, (workflow, job, &steps(checkout, workflow, job)), is_entry) {
        let worst = worst.get_or_insert_with(|| vec![PermissionStatus::Held; entry.needs.len()]);
        for (need, worst) in entry.needs.iter().zip(worst) {
            *worst = paths.worst_status(requester, need).1.max(*worst);
        }
    }
    worst
}

/// The simulated runs of a job. They are computed once, and only if a permission may be missing.
struct GrantPaths<'a, 'p> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
    is_called: OnceCell<bool>,
    starts: OnceCell<(Vec<GrantPath<'a, 'p>>, Relevance<'p>)>,
}

/// A simulated run and its matrix rows.
struct GrantPath<'a, 'p> {
    simulated: Arc<SimulatedRun<'a, 'p>>,
    rows: OnceCell<Vec<Option<MatrixRow>>>,
}

impl<'a, 'p> GrantPaths<'a, 'p> {
    const fn new(
        github: &'a GitHubFacts,
        checkout: &'a Model<'p>,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
    ) -> Self {
        Self { github, checkout, workflow, job, is_called: OnceCell::new(), starts: OnceCell::new() }
    }

    /// Whether the workflow can be called by others, which may grant less.
    fn is_called(&self) -> bool {
        let is_call =
            |trigger: &Trigger<'_>| self.github.events.get(trigger.event.value()).is_some_and(|event| event.called);
        *self.is_called.get_or_init(|| self.workflow.triggers.iter().any(is_call))
    }

    /// The status of a need that is the same for every step: the job has the access, or no run has less than the repository's default.
    fn decided_by_access(&self, own: GrantedAccess, need: &Need) -> Option<PermissionStatus> {
        if need.optional || own.origin != GrantOrigin::Default && own.access.is_some_and(|access| access >= need.access)
        {
            return Some(PermissionStatus::Held);
        }
        let is_open = own.access.is_none() && need.or.is_empty() && !self.is_called();
        is_open.then_some(PermissionStatus::Unknown)
    }

    /// The access that the job has and the status of the need; the worst of all simulated runs.
    fn worst_status(&self, requester: &Requester<'_, 'p>, need: &Need) -> (GrantedAccess, PermissionStatus) {
        let (github, workflow, job) = (self.github, self.workflow, self.job);
        let own = permissions::held(github, workflow, job, &need.scope);
        if let Some(status) = self.decided_by_access(own, need) {
            return (own, status);
        }
        // Most other needs are decided without a simulation.
        if requester.is_tolerated() {
            return (own, PermissionStatus::Unknown);
        }
        if requester.asks(github, need, None) == Truth::No {
            return (own, PermissionStatus::Held);
        }
        let mut worst = (own, PermissionStatus::Held);
        let (ways, relevance) = self.starts.get_or_init(|| {
            let simulated_runs =
                triggers::simulate(github, self.checkout, workflow, (job, None), &RunFilter::default()).runs;
            let ways =
                simulated_runs.into_iter().map(|simulated| GrantPath { simulated, rows: OnceCell::new() }).collect();
            (ways, Relevance::of(workflow, job, None))
        });
        for GrantPath { simulated, rows } in ways.iter() {
            let (held, at_hand) = access_in_run(github, simulated, job, need);
            if at_hand <= worst.1 {
                continue;
            }
            for row in rows.get_or_init(|| triggers::rows(simulated, job, relevance)) {
                let seen = simulated.context(job).for_row(row.as_ref());
                let status = at_hand.min(asked(github, requester, need, &requester.resolved.context(&seen)));
                if status > worst.1 {
                    worst = (held, status);
                }
            }
        }
        worst
    }
}

/// The access that the job has in a run, and the status of the need if the step needs it.
fn access_in_run(
    github: &GitHubFacts,
    simulated: &SimulatedRun<'_, '_>,
    job: &Job<'_>,
    need: &Need,
) -> (GrantedAccess, PermissionStatus) {
    let holds = |scope: &str, least: AccessLevel| {
        let held = permissions::held_in(github, &simulated.run, simulated.workflow, job, scope);
        // Without a `permissions` block, the repository's settings decide what a called workflow gets.
        let open = held.origin == GrantOrigin::Default && job.uses.is_some()
            || held.origin == GrantOrigin::Caller
                && simulated.run.calls.iter().all(|call| is_bare(call.workflow, call.job));
        let status = match held.access.filter(|_| !open) {
            Some(access) if access >= least => PermissionStatus::Held,
            Some(_) => PermissionStatus::Missing,
            None => PermissionStatus::Unknown,
        };
        (held, status)
    };
    let (held, first) = holds(&need.scope, need.access);
    let status = need.or.iter().map(|(scope, least)| holds(scope, *least).1).fold(first, PermissionStatus::min);
    (held, if need.documented { status } else { status.min(PermissionStatus::Unconfirmed) })
}

/// Whether no `permissions` block applies to a job.
fn is_bare(workflow: &Workflow<'_>, job: &Job<'_>) -> bool {
    permissions::block(workflow, job).is_none()
}

/// How certain it is that a run needs the permission.
fn asked(
    github: &GitHubFacts,
    requester: &Requester<'_, '_>,
    need: &Need,
    context: &EvaluationContext<'_, '_>,
) -> PermissionStatus {
    let status = match (requester.asks(github, need, Some(context)), context.reached()) {
        (Truth::No, _) | (_, Truth::No) => PermissionStatus::Held,
        (Truth::Unknown(_), _) => PermissionStatus::Unknown,
        (Truth::Yes, Truth::Yes) => PermissionStatus::Missing,
        (Truth::Yes, Truth::Unknown(_)) => undecided(requester, context.run()),
    };
    if requester.is_conditional() { status.min(PermissionStatus::Unconfirmed) } else { status }
}

/// The status for a condition that the files do not decide: a condition on the event is true in some run, one on outputs of steps or jobs
/// is true in a normal run, one on a secret or variable may never be true.
fn undecided(requester: &Requester<'_, '_>, run: &TriggerStart<'_, '_>) -> PermissionStatus {
    let resolved = &requester.resolved;
    let around = resolved.frames.iter().map(|frame| frame.step).chain(resolved.step);
    let steps = around.filter_map(|step| step.condition);
    let jobs = run.calls.iter().map(|call| (call.workflow, call.job)).chain([(resolved.workflow, resolved.job)]);
    let jobs = jobs.flat_map(|(workflow, job)| {
        let before = relevance::ancestors(workflow, job).into_iter().filter_map(|index| workflow.jobs.get(index));
        before.chain([job]).filter_map(|job| job.condition).collect::<Vec<_>>()
    });
    jobs.chain(steps)
        .map(|condition| open_condition(condition.value(), run.is_called()))
        .min()
        .unwrap_or(PermissionStatus::Unknown)
}

/// The status for one condition.
fn open_condition(condition: &str, called: bool) -> PermissionStatus {
    let Ok(parsed) = Condition::parse(condition) else { return PermissionStatus::Unknown };
    let mut worst = PermissionStatus::Missing;
    if parsed.has_status_function() || condition.contains("hashFiles") {
        worst = PermissionStatus::Unconfirmed;
    }
    for reference in parsed.references() {
        let status = match reference.path.first().map(AsRef::as_ref) {
            Some("github" | "matrix" | "runner" | "strategy" | "job") => PermissionStatus::Missing,
            Some("inputs") if !called => PermissionStatus::Missing,
            Some("steps" | "needs" | "inputs") => PermissionStatus::Unconfirmed,
            _ => PermissionStatus::Unknown,
        };
        worst = worst.min(status);
    }
    worst
}
