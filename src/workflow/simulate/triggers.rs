//! Every way a job can come to run: events with their refs and inputs, and the jobs that call its workflow. It does not say which of
//! them reach it.

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

/// How deep calls are followed. GitHub allows ten levels.
const DEEPEST_CALLS: usize = 10;

/// How many ways to start are played at most.
const MOST_SIMULATED_RUNS: usize = 512;

/// How many patterns of a ref filter are told apart.
const MOST_PATTERNS: usize = 8;

/// The ways a job can come to run.
pub struct SimulatedRuns<'a, 'p> {
    /// Each way, played up to the job.
    pub simulated_runs: Vec<Arc<SimulatedRun<'a, 'p>>>,
    /// Why there may be others.
    pub cut: Option<UnknownReason>,
}

/// Every way a job can come to run, of those that are asked about.
#[must_use]
pub fn starts<'a, 'p>(
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
    asked: &RunFilter,
) -> SimulatedRuns<'a, 'p> {
    let mut search = TriggerSearch { github, checkout, asked, way: Vec::new(), cut: None };
    let simulated_runs = search.simulated_runs(workflow, job);
    SimulatedRuns { simulated_runs: simulated_runs.into_iter().map(Arc::new).collect(), cut: search.cut }
}

/// The copies of a job that differ in what is read: `[None]` without a matrix, and where its rows are not known.
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
    asked: &'q RunFilter,
    /// The workflows between the job and here, to notice circles.
    way: Vec<&'a Workflow<'p>>,
    cut: Option<UnknownReason>,
}

impl<'a, 'p> TriggerSearch<'a, 'p, '_> {
    fn simulated_runs(&mut self, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Vec<SimulatedRun<'a, 'p>> {
        let relevance = Relevance::of(workflow, job);
        let mut found = Vec::new();
        self.way.push(workflow);
        for trigger in &workflow.triggers {
            let Some(event) = self.github.events.get(trigger.event.value()) else { continue };
            if !event.called && !self.asked.takes(trigger) {
                continue;
            }
            if event.called {
                found.extend(self.called(workflow, job, trigger));
            } else {
                found.extend(self.started(workflow, job, trigger, event, &relevance));
            }
            if found.len() > MOST_SIMULATED_RUNS {
                found.truncate(MOST_SIMULATED_RUNS);
                self.cut = Some(UnknownReason::new("more ways to start than are played"));
            }
        }
        self.way.pop();
        found
    }

    /// The ways an event starts the workflow itself.
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
            for reference in self.asked.references(trigger, start, references(trigger, start, relevance.reads_ref())) {
                for activity in activities(trigger, &event.types, relevance.reads_event()) {
                    for inputs in self.asked.inputs(trigger, inputs::combinations(trigger, relevance, 1)) {
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
                        found.push(SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::open(), job));
                    }
                }
            }
        }
        found
    }

    /// The ways other workflows call this one. Where nobody here does, somebody elsewhere may.
    fn called(
        &mut self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        trigger: &Trigger<'p>,
    ) -> Vec<SimulatedRun<'a, 'p>> {
        let checkout = self.checkout;
        let callers: Vec<_> = checkout.callers(workflow).collect();
        if callers.is_empty() {
            // What calls it from elsewhere is not known, except where somebody says what it is called with.
            let taken = self.asked.takes(trigger) && self.asked.reference.is_none();
            return taken.then(|| self.unknown_caller(workflow, job, trigger)).into_iter().collect();
        }
        if self.way.len() > DEEPEST_CALLS {
            self.cut = Some(UnknownReason::new("calls that are nested deeper than GitHub allows"));
            return Vec::new();
        }
        let several = callers.len() > 1;
        let mut found = Vec::new();
        for (caller, calling) in callers {
            // GitHub refuses a workflow that calls itself, however far round.
            if self.way.iter().any(|known| known.file == caller.file) {
                continue;
            }
            let relevance = Relevance::of(caller, calling);
            for simulated in self.simulated_runs(caller, calling) {
                for row in rows(&simulated, calling, &relevance) {
                    if found.len() >= MOST_SIMULATED_RUNS {
                        self.cut = Some(UnknownReason::new("more ways to start than are played"));
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
            let context = simulated.context(calling).in_row(row.as_ref());
            let outcome = match (calling.with.get_ignore_case(input.name.value()), input.default) {
                (Some(pair), _) => context.evaluate(pair.value.value()),
                (None, _) if calling.with.dynamic => Outcome::unknown("the inputs of the call"),
                (None, Some(default)) => context.evaluate(default.value()),
                (None, None) => Outcome::Known(inputs::absent(input)),
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
        let doubts = if matches!(reached, Truth::Unknown(_)) { simulated.doubts(calling) } else { Vec::new() };
        SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry { reached, blocking_job, doubts }, job)
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
            reference: GitRef { kind: RefKind::Unknown, beginning: String::new(), whole: false, pattern: None },
            activity: None,
            fork: false,
            unknown_caller: true,
            dispatched: Vec::new(),
            inputs: self.asked.given(trigger),
            calls: Vec::new(),
        };
        SimulatedRun::new(run, workflow, self.checkout, WorkflowEntry::open(), job)
    }
}

/// A filter on one kind of ref shuts the other kind out, unless that has a filter too; and a filter can take nothing.
fn trigger_allows(trigger: &Trigger<'_>, start: &EventStart) -> bool {
    let (own, other) = match start.kind {
        RefKind::Tag => (&trigger.tags, &trigger.branches),
        RefKind::Branch => (&trigger.branches, &trigger.tags),
        RefKind::PullRequest | RefKind::Unknown => return true,
    };
    let takes = |patterns: &Vec<Text<'_>>| ref_pattern::positive(patterns).next().is_some();
    let leaves = |patterns: &Vec<Text<'_>>| !patterns.iter().any(|text| text.value() == "**");
    own.only.as_ref().is_none_or(takes)
        && own.ignore.as_ref().is_none_or(leaves)
        && (!own.is_absent() || other.is_absent())
}

/// What the filter tells of the ref. Patterns are told apart only where something reads the ref.
fn references(trigger: &Trigger<'_>, start: &EventStart, read: bool) -> Vec<GitRef> {
    let open = GitRef { kind: start.kind, beginning: String::new(), whole: false, pattern: None };
    let filter = match start.kind {
        RefKind::Tag => &trigger.tags,
        RefKind::Branch => &trigger.branches,
        RefKind::PullRequest | RefKind::Unknown => return vec![open],
    };
    // On events other than a push the branch filter is about something else than the run's ref.
    let Some(patterns) = filter.only.as_ref().filter(|_| trigger.event.value() == "push") else { return vec![open] };
    let known: Vec<GitRef> = ref_pattern::positive(patterns)
        .map(|text| {
            let (beginning, whole) = RefPattern::parse(text.value()).beginning();
            let pattern = (!whole).then(|| text.value().to_owned());
            GitRef { kind: start.kind, beginning, whole, pattern }
        })
        .collect();
    if known.len() == 1 || read && known.len() <= MOST_PATTERNS {
        return known;
    }
    let all: Vec<&str> = ref_pattern::positive(patterns).map(|text| text.value()).collect();
    vec![GitRef { pattern: Some(all.join("|")), ..open }]
}

/// The activities that start it, told apart only where something reads the event.
fn activities(trigger: &Trigger<'_>, usual: &[String], read: bool) -> Vec<Option<String>> {
    let listed: Vec<_> = match &trigger.types {
        Some(types) => types.iter().map(|text| Some(text.value().to_owned())).collect(),
        None => usual.iter().cloned().map(Some).collect(),
    };
    if listed.len() == 1 || read && !listed.is_empty() { listed } else { vec![None] }
}

fn describe(start: &EventStart, reference: &GitRef, inputs: &inputs::InputValues) -> String {
    let mut when = start.when.clone();
    if reference.whole && !reference.beginning.is_empty() {
        when = format!("{when} (`{}`)", reference.beginning);
    }
    match inputs::describe(inputs) {
        Some(chosen) => format!("{when} {chosen}"),
        None => when,
    }
}
