//! Finds every way a job's workflow can start: events with their refs, activity types and inputs, and the jobs that
//! call it.

use std::sync::Arc;

use crate::workflow::expression::{Outcome, StringTest, Truth, UnknownReason};
use crate::workflow::github::{EventFacts, EventStart, GitHubFacts, RefKind};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Filter, Job, Step, Text, Trigger, Workflow};
use crate::workflow::ref_pattern::{self, RefName, RefPattern};
use crate::workflow::simulate::inputs;
use crate::workflow::simulate::matrix::{self, MatrixRow};
use crate::workflow::simulate::relevance::Relevance;
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::simulated_run::{SimulatedJobs, SimulatedRun, WorkflowEntry};
use crate::workflow::simulate::trigger_start::{GitRef, JobCall, TriggerStart};

/// The maximum depth of nested calls at GitHub.
const MAX_CALL_DEPTH: usize = 10;

/// The maximum number of indirect calls that are followed for one job: calls that branch on every level multiply.
const MAX_INDIRECT_CALLS: usize = 128;

/// The maximum number of simulated runs for one job.
const MAX_SIMULATED_RUNS: usize = 512;

/// The maximum number of patterns in a ref filter that get a run each.
const MAX_PATTERNS: usize = 8;

/// All simulated runs of a job.
pub(crate) struct SimulatedRuns<'a, 'p> {
    /// The runs, simulated up to the job.
    pub runs: Vec<Arc<SimulatedRun<'a, 'p>>>,
    /// Why there may be further runs.
    pub incomplete: Option<UnknownReason>,
}

/// All simulated runs of a job that match the filter. Inputs that only other steps than `step` read are
/// not enumerated.
#[must_use]
pub(crate) fn simulate<'a, 'p>(
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    (job, step): (&'a Job<'p>, Option<&Step<'p>>),
    filter: &RunFilter,
) -> SimulatedRuns<'a, 'p> {
    let mut search = TriggerSearch { github, checkout, filter, path: Vec::new(), indirect_calls: 0, incomplete: None };
    let runs = search.runs_of(workflow, job, &Relevance::of(workflow, job, step));
    SimulatedRuns { runs: runs.into_iter().map(Arc::new).collect(), incomplete: search.incomplete }
}

/// The matrix rows of a job that differ in what is read: `[None]` if it has no matrix or its rows are unknown.
#[must_use]
pub(crate) fn rows<'p>(
    simulated: &SimulatedRun<'_, 'p>,
    job: &Job<'p>,
    relevance: &Relevance<'p>,
) -> Vec<Option<MatrixRow>> {
    if job.strategy.is_none() {
        return vec![None];
    }
    let context = simulated.context(job);
    let rows = matrix::rows(job.strategy, &|text| context.evaluate(text), &|name| relevance.reads_matrix(name));
    match rows {
        Ok(rows) if !rows.is_empty() => rows.into_iter().map(Some).collect(),
        _ => vec![None],
    }
}

struct TriggerSearch<'a, 'p, 'q> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    filter: &'q RunFilter,
    /// The workflows between the job and the current one, to detect cycles.
    path: Vec<&'a Workflow<'p>>,
    /// The number of indirect calls followed so far.
    indirect_calls: usize,
    incomplete: Option<UnknownReason>,
}

impl<'a, 'p> TriggerSearch<'a, 'p, '_> {
    fn runs_of(
        &mut self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        relevance: &Relevance<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let mut found = Vec::new();
        let jobs = SimulatedJobs::new(workflow, job);
        self.path.push(workflow);
        for trigger in &workflow.triggers {
            let Some(event) = self.github.events.get(trigger.event.value()) else { continue };
            if !event.called && !self.filter.matches(trigger) {
                continue;
            }
            if event.called {
                found.extend(self.called(workflow, &jobs, trigger));
            } else {
                found.extend(self.started(workflow, &jobs, trigger, event, relevance));
            }
            if found.len() > MAX_SIMULATED_RUNS {
                found.truncate(MAX_SIMULATED_RUNS);
                self.incomplete = Some(UnknownReason::new("more than 512 ways to start"));
            }
        }
        self.path.pop();
        found
    }

    /// The runs that an event starts in this workflow.
    fn started(
        &self,
        workflow: &'a Workflow<'p>,
        jobs: &SimulatedJobs<'a, 'p>,
        trigger: &Trigger<'p>,
        event: &EventFacts,
        relevance: &Relevance<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let mut found = Vec::new();
        let reads_event = relevance.reads_event();
        let activities = activities(trigger, &event.types, reads_event);
        let followed_events = self.followed_events(trigger, reads_event);
        for start in event.runs.iter().filter(|start| trigger_allows(trigger, start)) {
            let references = self.filter.references(trigger, start, references(trigger, start, relevance));
            let inputs = self.filter.inputs(trigger, inputs::combinations(trigger, relevance, references.len()));
            for reference in &references {
                for (activity, followed_event) in
                    activities.iter().flat_map(|activity| followed_events.iter().map(move |event| (activity, event)))
                {
                    for inputs in &inputs {
                        let run = TriggerStart {
                            event: trigger.event.value().to_owned(),
                            trigger: trigger.event.place(),
                            when: describe(start, reference, followed_event.as_deref(), inputs),
                            reference: reference.clone(),
                            activity: activity.clone(),
                            followed_event: followed_event.clone(),
                            fork: event.fork,
                            unknown_caller: false,
                            dispatched: inputs.clone(),
                            inputs: inputs.clone(),
                            calls: Vec::new(),
                        };
                        found.push(SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::from_github(), jobs));
                    }
                }
            }
        }
        found
    }

    /// The events of the workflows that a `workflow_run` trigger follows, each on its own only if something reads the
    /// event. Unknown if one of the workflows is not in the repository.
    fn followed_events(&self, trigger: &Trigger<'p>, is_read: bool) -> Vec<Option<String>> {
        let mut events: Vec<Option<String>> = Vec::new();
        for name in &trigger.workflows {
            let named = |workflow: &&Workflow<'p>| {
                workflow.name.map_or_else(|| workflow.source.path(), Text::value) == name.value()
            };
            let Some(workflow) = self.checkout.workflows.iter().find(named) else { return vec![None] };
            for event in workflow.triggers.iter().map(|trigger| trigger.event.value()) {
                let called = self.github.events.get(event).is_none_or(|facts| facts.called);
                if !called && !events.iter().flatten().any(|known| known == event) {
                    events.push(Some(event.to_owned()));
                }
            }
        }
        if events.len() == 1 || is_read && (1..=MAX_PATTERNS).contains(&events.len()) { events } else { vec![None] }
    }

    /// The runs in which other workflows of the repository call this one, or one run with an unknown caller if none
    /// does.
    fn called(
        &mut self,
        workflow: &'a Workflow<'p>,
        jobs: &SimulatedJobs<'a, 'p>,
        trigger: &Trigger<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let checkout = self.checkout;
        let callers: Vec<_> = checkout.callers(workflow).collect();
        if callers.is_empty() {
            // A filter on the ref excludes the unknown caller, whose ref is unknown.
            let possible = self.filter.matches(trigger) && self.filter.reference.is_none();
            return possible.then(|| self.unknown_caller(workflow, jobs, trigger)).into_iter().collect();
        }
        if self.path.len() > MAX_CALL_DEPTH {
            self.incomplete = Some(UnknownReason::new("calls nested deeper than GitHub allows"));
            return Vec::new();
        }
        let several = callers.len() > 1;
        let mut found = Vec::new();
        for (caller, calling) in callers {
            // GitHub rejects workflows that call themselves, directly or indirectly.
            if self.path.iter().any(|known| known.file == caller.file) {
                continue;
            }
            self.indirect_calls += usize::from(self.path.len() > 1);
            if self.indirect_calls > MAX_INDIRECT_CALLS {
                self.incomplete = Some(UnknownReason::new("more than 128 indirect calls of the workflow"));
                break;
            }
            let relevance = Relevance::of(caller, calling, None);
            for simulated in self.runs_of(caller, calling, &relevance) {
                for row in rows(&simulated, calling, &relevance) {
                    if found.len() >= MAX_SIMULATED_RUNS {
                        self.incomplete = Some(UnknownReason::new("more than 512 ways to start"));
                        return found;
                    }
                    found.push(self.call(&simulated, calling, row, (workflow, jobs, trigger), several));
                }
            }
        }
        found
    }

    fn call(
        &self,
        simulated: &SimulatedRun<'a, 'p>,
        calling: &'a Job<'p>,
        row: Option<MatrixRow>,
        (workflow, jobs, trigger): (&'a Workflow<'p>, &SimulatedJobs<'a, 'p>, &Trigger<'p>),
        several: bool,
    ) -> SimulatedRun<'a, 'p> {
        let inputs = trigger.inputs.iter().map(|input| {
            let context = simulated.context(calling).for_row(row.as_ref());
            let outcome = match (calling.with.get_ignore_case(input.name.value()), input.default) {
                (Some(pair), _) => context.evaluate(pair.value.value()),
                (None, _) if calling.with.dynamic => Outcome::unknown("the inputs of the call"),
                (None, Some(default)) => context.evaluate(default.value()),
                (None, None) => Outcome::Known(inputs::default_value(input)),
            };
            (input.name.value().to_owned(), inputs::typed(input, outcome))
        });
        let mut run = simulated.run.clone();
        run.inputs = inputs.collect();
        if let Some(title) = row.as_ref().map(MatrixRow::title).filter(|title| !title.is_empty()) {
            run.when = format!("{} with {title}", run.when);
        }
        if several {
            let file = simulated.workflow.source.file_name();
            run.when = format!("{} through job `{}` of `{file}`", run.when, calling.id.value());
        }
        run.calls.push(JobCall { workflow: simulated.workflow, job: calling, row });
        let reached = simulated.reached(calling);
        let blocking_job = if reached == Truth::No { simulated.blocking_job(calling) } else { None };
        let undecided_conditions =
            if matches!(reached, Truth::Unknown(_)) { simulated.undecided_conditions(calling) } else { Vec::new() };
        SimulatedRun::new(
            run,
            workflow,
            self.checkout,
            WorkflowEntry { reached, blocking_job, undecided_conditions },
            jobs,
        )
    }

    fn unknown_caller(
        &self,
        workflow: &'a Workflow<'p>,
        jobs: &SimulatedJobs<'a, 'p>,
        trigger: &Trigger<'p>,
    ) -> SimulatedRun<'a, 'p> {
        let start = self.github.events.get(trigger.event.value()).and_then(|event| event.runs.first());
        let run = TriggerStart {
            event: trigger.event.value().to_owned(),
            trigger: trigger.event.place(),
            when: start.map_or_else(String::new, |start| start.when.clone()),
            reference: GitRef::unknown(RefKind::Unknown, String::new()),
            activity: None,
            followed_event: None,
            fork: false,
            unknown_caller: true,
            dispatched: Vec::new(),
            inputs: self.filter.typed_inputs(trigger),
            calls: Vec::new(),
        };
        SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::from_github(), jobs)
    }
}

/// Whether the ref filters of a trigger let this kind of ref start a run. A filter on tags alone excludes branches and
/// vice versa, and a filter can exclude every ref.
fn trigger_allows(trigger: &Trigger<'_>, start: &EventStart) -> bool {
    // Other events ignore these filters or apply them to another ref than the run's.
    if trigger.event.value() != "push" {
        return true;
    }
    let (own, other) = match start.kind {
        RefKind::Tag => (&trigger.tags, &trigger.branches),
        RefKind::Branch => (&trigger.branches, &trigger.tags),
        RefKind::PullRequest | RefKind::Unknown => return true,
    };
    let matches_any = |patterns: &Vec<Text<'_>>| ref_pattern::positive(patterns).next().is_some();
    let ignores_some = |patterns: &Vec<Text<'_>>| !patterns.iter().any(|text| text.value() == "**");
    own.only.as_ref().is_none_or(matches_any)
        && own.ignore.as_ref().is_none_or(ignores_some)
        && (!own.is_absent() || other.is_absent())
}

/// The refs that a trigger's filter allows, split by the tests of the name in expressions.
fn references(trigger: &Trigger<'_>, start: &EventStart, relevance: &Relevance<'_>) -> Vec<GitRef> {
    let any = GitRef::unknown(start.kind, start.prefix.clone());
    let filter = match start.kind {
        RefKind::Tag => &trigger.tags,
        RefKind::Branch => &trigger.branches,
        RefKind::PullRequest | RefKind::Unknown => return vec![any],
    };
    // For events other than `push`, `branches:` does not filter by the run's ref.
    let filter = (trigger.event.value() == "push").then_some(filter);
    let tests = relevance.ref_tests(start.kind);
    let patterns = filter.and_then(|filter| filter.only.as_ref());
    let known = patterns.map_or_else(
        || vec![any.clone()],
        |patterns| {
            let known: Vec<GitRef> = ref_pattern::positive(patterns)
                .map(|text| {
                    let (prefix, complete) = RefPattern::parse(text.value()).literal_prefix();
                    let pattern = (!complete).then(|| text.value().to_owned());
                    GitRef { complete, pattern, ..GitRef::unknown(start.kind, prefix) }
                })
                .collect();
            if known.len() == 1 || relevance.reads_ref() && known.len() <= MAX_PATTERNS {
                return known;
            }
            let all: Vec<&str> = ref_pattern::positive(patterns).map(|text| text.value()).collect();
            vec![GitRef { pattern: Some(all.join("|")), ..any.clone() }]
        },
    );
    known.into_iter().flat_map(|reference| split(reference, &tests, filter)).collect()
}

/// One ref for each test of the name that the ref can pass, and one that passes none.
fn split(reference: GitRef, tests: &[StringTest], filter: Option<&Filter<'_>>) -> Vec<GitRef> {
    let extends = |literal: &str, prefix: &str| literal.len() > prefix.len() && starts_with(literal, prefix);
    let tests: Vec<&StringTest> = tests.iter().filter(|test| extends(&test.literal, &reference.prefix)).collect();
    if reference.complete || tests.is_empty() {
        return vec![reference];
    }
    let mut found = Vec::new();
    for test in tests.iter().filter(|test| filter.is_none_or(|filter| can_pass(filter, test))) {
        let longer = tests.iter().filter(|other| {
            !test.exact && (other.literal != test.literal || other.exact) && starts_with(&other.literal, &test.literal)
        });
        found.push(GitRef {
            prefix: test.literal.clone(),
            complete: test.exact,
            tested: !test.exact,
            excluded: longer.map(|test| (*test).clone()).collect(),
            pattern: reference.pattern.clone().filter(|_| !test.exact),
            ..reference
        });
    }
    found.push(GitRef { excluded: tests.into_iter().cloned().collect(), ..reference });
    found
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether a name that passes the test can pass the filter.
fn can_pass(filter: &Filter<'_>, test: &StringTest) -> bool {
    let name = RefName { prefix: &test.literal, complete: test.exact };
    let matched = |list: &Vec<Text<'_>>| ref_pattern::matches_any(list.iter().map(|text| text.value()), name);
    filter.only.as_ref().is_none_or(|list| matched(list) != Truth::No)
        && filter.ignore.as_ref().is_none_or(|list| matched(list) != Truth::Yes)
}

/// The activity types that start the workflow, each on its own only if something reads the event.
fn activities(trigger: &Trigger<'_>, default_types: &[String], is_read: bool) -> Vec<Option<String>> {
    let listed: Vec<_> = match &trigger.types {
        Some(types) => types.iter().map(|text| Some(text.value().to_owned())).collect(),
        None => default_types.iter().cloned().map(Some).collect(),
    };
    if listed.len() == 1 || is_read && !listed.is_empty() { listed } else { vec![None] }
}

fn describe(
    start: &EventStart,
    reference: &GitRef,
    followed_event: Option<&str>,
    inputs: &inputs::InputValues,
) -> String {
    let mut when = start.when.clone();
    if let Some(event) = followed_event {
        when = format!("{when} started by `{event}`");
    }
    if let Some(name) = reference.description() {
        when = format!("{when} ({name})");
    }
    match inputs::describe(inputs) {
        Some(chosen) => format!("{when} {chosen}"),
        None => when,
    }
}
