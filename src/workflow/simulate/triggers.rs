//! Finds every way a job's workflow can start: events with their refs, activity types and inputs, and the jobs that
//! call it.

use std::sync::Arc;

use crate::workflow::expression::{Outcome, Truth, UnknownReason};
use crate::workflow::github::{EventFacts, EventStart, GitHubFacts, RefKind};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Trigger, Workflow};
use crate::workflow::ref_pattern::{self, RefPattern};
use crate::workflow::simulate::inputs;
use crate::workflow::simulate::matrix::{self, MatrixRow};
use crate::workflow::simulate::reach::{SimulatedRun, WorkflowEntry};
use crate::workflow::simulate::relevance::Relevance;
use crate::workflow::simulate::run::{GitRef, JobCall, TriggerStart};
use crate::workflow::simulate::run_filter::RunFilter;

/// The maximum depth of nested calls at GitHub.
const MAX_CALL_DEPTH: usize = 10;

/// The maximum number of simulated runs for one job.
const MAX_SIMULATED_RUNS: usize = 512;

/// The maximum number of patterns in a ref filter that get a run each.
const MAX_PATTERNS: usize = 8;

/// All simulated runs of a job.
pub struct SimulatedRuns<'a, 'p> {
    /// The runs, simulated up to the job.
    pub runs: Vec<Arc<SimulatedRun<'a, 'p>>>,
    /// Why there may be further runs.
    pub incomplete: Option<UnknownReason>,
}

/// All simulated runs of a job that match the filter.
#[must_use]
pub fn simulate<'a, 'p>(
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
    filter: &RunFilter,
) -> SimulatedRuns<'a, 'p> {
    let mut search = TriggerSearch { github, checkout, filter, path: Vec::new(), incomplete: None };
    let runs = search.runs_of(workflow, job);
    SimulatedRuns { runs: runs.into_iter().map(Arc::new).collect(), incomplete: search.incomplete }
}

/// The matrix rows of a job that differ in what is read: `[None]` if it has no matrix or its rows are unknown.
#[must_use]
pub fn rows<'p>(simulated: &SimulatedRun<'_, 'p>, job: &Job<'p>, relevance: &Relevance<'p>) -> Vec<Option<MatrixRow>> {
    if job.strategy.is_none() {
        return vec![None];
    }
    let context = simulated.context(job);
    let rows = matrix::rows(job.strategy, &|text| context.evaluate(text), &|name| relevance.reads("matrix", name));
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
    incomplete: Option<UnknownReason>,
}

impl<'a, 'p> TriggerSearch<'a, 'p, '_> {
    fn runs_of(&mut self, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Vec<SimulatedRun<'a, 'p>> {
        let relevance = Relevance::of(workflow, job);
        let mut found = Vec::new();
        self.path.push(workflow);
        for trigger in &workflow.triggers {
            let Some(event) = self.github.events.get(trigger.event.value()) else { continue };
            if !event.called && !self.filter.matches(trigger) {
                continue;
            }
            if event.called {
                found.extend(self.called(workflow, job, trigger));
            } else {
                found.extend(self.started(workflow, job, trigger, event, &relevance));
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
        job: &'a Job<'p>,
        trigger: &Trigger<'p>,
        event: &EventFacts,
        relevance: &Relevance<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let mut found = Vec::new();
        for start in event.runs.iter().filter(|start| trigger_allows(trigger, start)) {
            for reference in self.filter.references(trigger, start, references(trigger, start, relevance.reads_ref())) {
                for activity in activities(trigger, &event.types, relevance.reads_event()) {
                    for inputs in self.filter.inputs(trigger, inputs::combinations(trigger, relevance, 1)) {
                        let run = TriggerStart {
                            event: trigger.event.value().to_owned(),
                            trigger: trigger.event.place(),
                            when: describe(start, &reference, &inputs),
                            reference: reference.clone(),
                            activity: activity.clone(),
                            fork: event.fork,
                            unknown_caller: false,
                            dispatched: inputs.clone(),
                            inputs,
                            calls: Vec::new(),
                        };
                        found.push(SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::from_github(), job));
                    }
                }
            }
        }
        found
    }

    /// The runs in which other workflows of the repository call this one, or one run with an unknown caller if none
    /// does.
    fn called(
        &mut self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        trigger: &Trigger<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let checkout = self.checkout;
        let callers: Vec<_> = checkout.callers(workflow).collect();
        if callers.is_empty() {
            // A filter on the ref excludes the unknown caller, whose ref is unknown.
            let possible = self.filter.matches(trigger) && self.filter.reference.is_none();
            return possible.then(|| self.unknown_caller(workflow, job, trigger)).into_iter().collect();
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
            let relevance = Relevance::of(caller, calling);
            for simulated in self.runs_of(caller, calling) {
                for row in rows(&simulated, calling, &relevance) {
                    if found.len() >= MAX_SIMULATED_RUNS {
                        self.incomplete = Some(UnknownReason::new("more than 512 ways to start"));
                        return found;
                    }
                    found.push(self.call(&simulated, calling, row, (workflow, job, trigger), several));
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
        (workflow, job, trigger): (&'a Workflow<'p>, &'a Job<'p>, &Trigger<'p>),
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
            job,
        )
    }

    fn unknown_caller(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        trigger: &Trigger<'p>,
    ) -> SimulatedRun<'a, 'p> {
        let start = self.github.events.get(trigger.event.value()).and_then(|event| event.runs.first());
        let run = TriggerStart {
            event: trigger.event.value().to_owned(),
            trigger: trigger.event.place(),
            when: start.map_or_else(String::new, |start| start.when.clone()),
            reference: GitRef { kind: RefKind::Unknown, prefix: String::new(), complete: false, pattern: None },
            activity: None,
            fork: false,
            unknown_caller: true,
            dispatched: Vec::new(),
            inputs: self.filter.typed_inputs(trigger),
            calls: Vec::new(),
        };
        SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::from_github(), job)
    }
}

/// Whether the ref filters of a trigger let this kind of ref start a run. A filter on tags alone excludes branches and
/// vice versa, and a filter can exclude every ref.
fn trigger_allows(trigger: &Trigger<'_>, start: &EventStart) -> bool {
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

/// The refs that a trigger's filter allows. Each pattern is a ref of its own only if something reads the ref.
fn references(trigger: &Trigger<'_>, start: &EventStart, is_read: bool) -> Vec<GitRef> {
    let any = GitRef { kind: start.kind, prefix: String::new(), complete: false, pattern: None };
    let filter = match start.kind {
        RefKind::Tag => &trigger.tags,
        RefKind::Branch => &trigger.branches,
        RefKind::PullRequest | RefKind::Unknown => return vec![any],
    };
    // For events other than `push`, `branches:` does not filter by the run's ref.
    let Some(patterns) = filter.only.as_ref().filter(|_| trigger.event.value() == "push") else { return vec![any] };
    let known: Vec<GitRef> = ref_pattern::positive(patterns)
        .map(|text| {
            let (prefix, complete) = RefPattern::parse(text.value()).literal_prefix();
            let pattern = (!complete).then(|| text.value().to_owned());
            GitRef { kind: start.kind, prefix, complete, pattern }
        })
        .collect();
    if known.len() == 1 || is_read && known.len() <= MAX_PATTERNS {
        return known;
    }
    let all: Vec<&str> = ref_pattern::positive(patterns).map(|text| text.value()).collect();
    vec![GitRef { pattern: Some(all.join("|")), ..any }]
}

/// The activity types that start the workflow, each on its own only if something reads the event.
fn activities(trigger: &Trigger<'_>, default_types: &[String], is_read: bool) -> Vec<Option<String>> {
    let listed: Vec<_> = match &trigger.types {
        Some(types) => types.iter().map(|text| Some(text.value().to_owned())).collect(),
        None => default_types.iter().cloned().map(Some).collect(),
    };
    if listed.len() == 1 || is_read && !listed.is_empty() { listed } else { vec![None] }
}

fn describe(start: &EventStart, reference: &GitRef, inputs: &inputs::InputValues) -> String {
    let mut when = start.when.clone();
    if reference.complete && !reference.prefix.is_empty() {
        when = format!("{when} (`{}`)", reference.prefix);
    }
    match inputs::describe(inputs) {
        Some(chosen) => format!("{when} {chosen}"),
        None => when,
    }
}
