//! How a job stands to what its steps ask for: scope by scope, whether it holds enough. It never says how bad that is.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::trust::needs::requester::{Requester, find};
use crate::trust::needs::{Need, NeedEntry, Needs};
use crate::workflow::expression::{Condition, Truth};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Trigger, Workflow};
use crate::workflow::permissions::{self, AccessLevel, GrantOrigin, GrantedAccess};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::reach::SimulatedRun;
use crate::workflow::simulate::relevance::{self, Relevance};
use crate::workflow::simulate::run::TriggerStart;
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::triggers;

/// Whether a job holds what a need asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionStatus {
    /// It does.
    Held,
    /// The files do not say.
    Unknown,
    /// It does not, and whether that matters hangs on something the files do not show.
    Doubtful,
    /// It does not.
    Missing,
}

impl PermissionStatus {
    /// The word that facts use; none for what is not known.
    #[must_use]
    pub const fn word(self) -> Option<&'static str> {
        match self {
            Self::Held => Some("held"),
            Self::Unknown => None,
            Self::Doubtful => Some("doubtful"),
            Self::Missing => Some("missing"),
        }
    }
}

/// One scope that something in a job asks for.
pub struct PermissionCheck<'a, 'p> {
    /// What asks; of several, the first that is worst off.
    pub requester: Requester<'a, 'p>,
    /// What it asks for.
    pub need: &'a Need,
    /// What the job holds of it.
    pub held: GrantedAccess,
    /// Whether that is enough.
    pub status: PermissionStatus,
}

/// Every scope that a job is asked for and that somebody wants to hear of, once each. To weigh a scope may take playing every run, so
/// `wanted` is asked first, once for each scope: it is shown a standing of which only the scope and what the job itself holds are known.
#[must_use]
pub fn permission_checks<'a, 'p>(
    needs: &'a Needs,
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
    wanted: impl Fn(&PermissionCheck<'a, 'p>) -> bool,
) -> Vec<PermissionCheck<'a, 'p>> {
    let mut found: Vec<PermissionCheck<'a, 'p>> = Vec::new();
    let mut unwanted: Vec<&Need> = Vec::new();
    let mut ways = GrantPaths { github, checkout, workflow, job, starts: None };
    let same = |one: &Need, other: &Need| one.scope == other.scope && one.private == other.private;
    for requester in find(needs, github, checkout, workflow, job) {
        for need in &requester.entry.needs {
            if unwanted.iter().any(|other| same(other, need)) {
                continue;
            }
            let known = found.iter().position(|other| same(other.need, need));
            let held = permissions::held(github, workflow, job, &need.scope);
            let requester = Requester { entry: requester.entry, resolved: requester.resolved.clone() };
            let mut check = PermissionCheck { requester, need, held, status: PermissionStatus::Unknown };
            if known.is_none() && !wanted(&check) {
                unwanted.push(need);
                continue;
            }
            (check.held, check.status) = ways.weigh(&check.requester, need);
            match known.and_then(|index| found.get_mut(index)) {
                Some(other) if other.status < check.status => *other = check,
                Some(_) => {}
                None => found.push(check),
            }
        }
    }
    found
}

/// The worst that befalls each need of an entry in a job; none for an entry that nothing in the job is.
#[must_use]
pub fn of_entry<'p>(
    needs: &Needs,
    github: &GitHubFacts,
    checkout: &Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
    entry: &NeedEntry,
) -> Option<Vec<PermissionStatus>> {
    let mut ways = GrantPaths { github, checkout, workflow, job, starts: None };
    let mut worst: Option<Vec<PermissionStatus>> = None;
    let requesters = find(needs, github, checkout, workflow, job);
    for requester in requesters.iter().filter(|requester| std::ptr::eq(requester.entry, entry)) {
        let worst = worst.get_or_insert_with(|| vec![PermissionStatus::Held; entry.needs.len()]);
        for (need, worst) in entry.needs.iter().zip(worst) {
            *worst = ways.weigh(requester, need).1.max(*worst);
        }
    }
    worst
}

/// The ways a job can come to run, played only if something may be missing, and then once.
struct GrantPaths<'a, 'p> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
    starts: Option<(Vec<GrantPath<'a, 'p>>, Relevance<'p>)>,
}

/// One way to run, and the copies of the job that differ in it.
struct GrantPath<'a, 'p> {
    simulated: Arc<SimulatedRun<'a, 'p>>,
    rows: OnceCell<Vec<Option<MatrixRow>>>,
}

impl<'a, 'p> GrantPaths<'a, 'p> {
    /// Whether other workflows start this one, which may hold less than they do.
    fn is_called(&self) -> bool {
        let called =
            |trigger: &Trigger<'_>| self.github.events.get(trigger.event.value()).is_some_and(|event| event.called);
        self.workflow.triggers.iter().any(called)
    }

    /// What the job holds of a need's scope, and whether that is enough; of several ways to run, the worst.
    fn weigh(&mut self, requester: &Requester<'_, 'p>, need: &Need) -> (GrantedAccess, PermissionStatus) {
        let (github, workflow, job) = (self.github, self.workflow, self.job);
        let own = permissions::held(github, workflow, job, &need.scope);
        let settled = own.origin != GrantOrigin::Default && own.access.is_some_and(|access| access >= need.access);
        if need.optional || settled {
            return (own, PermissionStatus::Held);
        }
        // Most needs are settled before anything is played: where no run can hold less than the repository's settings give, and where
        // the step asks for nothing, whatever the run.
        if requester.is_tolerated() || own.access.is_none() && need.or.is_empty() && !self.is_called() {
            return (own, PermissionStatus::Unknown);
        }
        if requester.asks(github, need, None) == Truth::No {
            return (own, PermissionStatus::Held);
        }
        let mut worst = (own, PermissionStatus::Held);
        let (ways, relevance) = self.starts.get_or_insert_with(|| {
            let simulated_runs =
                triggers::simulate(github, self.checkout, workflow, (job, None), &RunFilter::default()).runs;
            let ways =
                simulated_runs.into_iter().map(|simulated| GrantPath { simulated, rows: OnceCell::new() }).collect();
            (ways, Relevance::of(workflow, job, None))
        });
        for GrantPath { simulated, rows } in ways.iter() {
            let (held, at_hand) = at_hand(github, simulated, job, need);
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

/// What the job holds of a need's scope in a run, and whether that is enough if the need is real.
fn at_hand(
    github: &GitHubFacts,
    simulated: &SimulatedRun<'_, '_>,
    job: &Job<'_>,
    need: &Need,
) -> (GrantedAccess, PermissionStatus) {
    let holds = |scope: &str, least: AccessLevel| {
        let held = permissions::held_in(github, &simulated.run, simulated.workflow, job, scope);
        // What a called workflow gets where nobody names anything is for the repository's settings to say.
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
    (held, if need.documented { status } else { status.min(PermissionStatus::Doubtful) })
}

/// Whether nothing says what a job holds.
fn is_bare(workflow: &Workflow<'_>, job: &Job<'_>) -> bool {
    permissions::block(workflow, job).is_none()
}

/// How sure it is that a run asks for a need.
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
    if requester.is_conditional() { status.min(PermissionStatus::Doubtful) } else { status }
}

/// What a condition that the files leave open says: one on what the event brings is met by some run, one on what a step or job
/// gives is met if all goes as meant, one on a secret or a variable may be met by none.
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

/// What one condition says that may be open.
fn open_condition(condition: &str, called: bool) -> PermissionStatus {
    let Ok(parsed) = Condition::parse(condition) else { return PermissionStatus::Unknown };
    let mut worst = PermissionStatus::Missing;
    if parsed.has_status_function() || condition.contains("hashFiles") {
        worst = PermissionStatus::Doubtful;
    }
    for reference in parsed.references() {
        let status = match reference.path.first().map(String::as_str) {
            Some("github" | "matrix" | "runner" | "strategy" | "job") => PermissionStatus::Missing,
            Some("inputs") if !called => PermissionStatus::Missing,
            Some("steps" | "needs" | "inputs") => PermissionStatus::Doubtful,
            _ => PermissionStatus::Unknown,
        };
        worst = worst.min(status);
    }
    worst
}
