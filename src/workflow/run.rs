//! The ways a workflow can start. It does not say what they reach.

use super::expression::Value;
use super::github::{GitHub, RefKind, Start};
use super::model::{Input, Job, Pairs, Text, Trigger, Workflow};
use crate::read::source::Place;

/// How many combinations of inputs are played at most; beyond it, the inputs with most values are left open.
const MOST_COMBINATIONS: usize = 256;

/// One way a workflow can start.
#[derive(Debug, Clone)]
pub struct Run {
    /// The event, e.g. `push`.
    pub event: String,
    /// Where the event stands in `on:`.
    pub trigger: Place,
    /// What `github.ref` names.
    pub kind: RefKind,
    /// How to say it: "when a tag is pushed", with the inputs that were chosen.
    pub when: String,
    /// `github.event.action`, where the workflow fixes it.
    pub activity: Option<String>,
    /// Whether another workflow starts this one, so that event, ref and permissions are the caller's.
    pub called: bool,
    /// Whether it also happens for forks.
    pub fork: bool,
    /// The dispatch inputs that are fixed.
    pub inputs: Vec<(String, Value)>,
}

/// Every way the workflow can start, with those inputs played through that `relevant` jobs read.
#[must_use]
pub fn runs(github: &GitHub, workflow: &Workflow<'_>, relevant: &[&Job<'_>]) -> Vec<Run> {
    let mut runs = Vec::new();
    for trigger in &workflow.triggers {
        let Some(event) = github.events.get(trigger.event.value()) else { continue };
        let activities = activities(trigger, &event.types);
        for start in event.runs.iter().filter(|start| trigger_allows(trigger, start)) {
            for activity in &activities {
                for inputs in combinations(trigger, workflow, relevant) {
                    runs.push(Run {
                        event: trigger.event.value().to_owned(),
                        trigger: trigger.event.place(),
                        kind: start.kind,
                        when: describe(start, &inputs),
                        activity: activity.clone(),
                        called: event.called,
                        fork: event.fork,
                        inputs,
                    });
                }
            }
        }
    }
    runs
}

/// A filter on one kind of ref shuts the other kind out, unless that has a filter too.
fn trigger_allows(trigger: &Trigger<'_>, start: &Start) -> bool {
    let (own, other) = match start.kind {
        RefKind::Tag => (&trigger.tags, &trigger.branches),
        RefKind::Branch => (&trigger.branches, &trigger.tags),
        RefKind::PullRequest | RefKind::Unknown => return true,
    };
    let nothing = |patterns: &Option<Vec<Text<'_>>>| patterns.as_ref().is_some_and(Vec::is_empty);
    !nothing(&own.only) && (!own.is_absent() || other.is_absent())
}

fn activities(trigger: &Trigger<'_>, usual: &[String]) -> Vec<Option<String>> {
    let listed: Vec<_> = match &trigger.types {
        Some(types) => types.iter().map(|text| Some(text.value().to_owned())).collect(),
        None => usual.iter().cloned().map(Some).collect(),
    };
    if listed.is_empty() { vec![None] } else { listed }
}

fn describe(start: &Start, inputs: &[(String, Value)]) -> String {
    if inputs.is_empty() {
        return start.when.clone();
    }
    let chosen: Vec<_> =
        inputs.iter().map(|(name, value)| format!("`{name}={}`", super::expression::coerce_text(value))).collect();
    format!("{} with {}", start.when, chosen.join(" and "))
}

/// Every choice of the enumerable inputs that the jobs read.
fn combinations(trigger: &Trigger<'_>, workflow: &Workflow<'_>, relevant: &[&Job<'_>]) -> Vec<Vec<(String, Value)>> {
    let mut choices: Vec<(String, Vec<Value>)> = trigger
        .inputs
        .iter()
        .filter(|input| relevant.iter().any(|job| reads_input(workflow, job, input.name.value())))
        .filter_map(|input| Some((input.name.value().to_owned(), values(input)?)))
        .collect();
    while choices.iter().map(|(_, values)| values.len()).product::<usize>() > MOST_COMBINATIONS {
        let Some(most) = (0..choices.len()).max_by_key(|index| choices[*index].1.len()) else { break };
        choices.remove(most);
    }
    let mut all = vec![Vec::new()];
    for (name, values) in choices {
        all = all
            .into_iter()
            .flat_map(|chosen: Vec<(String, Value)>| {
                let name = &name;
                values.iter().map(move |value| {
                    let mut chosen = chosen.clone();
                    chosen.push((name.clone(), value.clone()));
                    chosen
                })
            })
            .collect();
    }
    all
}

/// The values an input can have, if they can be listed.
fn values(input: &Input<'_>) -> Option<Vec<Value>> {
    match input.kind.map(Text::value) {
        Some("boolean") => Some(vec![Value::Bool(true), Value::Bool(false)]),
        Some("choice") if !input.options.is_empty() && input.options.len() <= MOST_COMBINATIONS => {
            Some(input.options.iter().map(|option| Value::Text(option.value().to_owned())).collect())
        }
        _ => None,
    }
}

/// Whether what decides a job, or the job itself, reads an input.
fn reads_input(workflow: &Workflow<'_>, job: &Job<'_>, name: &str) -> bool {
    let mut seen = Vec::new();
    let mut open = vec![job];
    let mut own = true;
    while let Some(job) = open.pop() {
        if std::mem::replace(&mut own, false) && texts(job).any(|text| mentions(text, name)) {
            return true;
        }
        if job.condition.is_some_and(|condition| mentions(condition, name)) {
            return true;
        }
        for needed in job.needs.iter().filter_map(|id| workflow.job(id.value())) {
            if !seen.contains(&needed.id.value()) {
                seen.push(needed.id.value());
                open.push(needed);
            }
        }
    }
    workflow.env.entries.iter().any(|pair| mentions(pair.value, name))
}

fn mentions(text: Text<'_>, input: &str) -> bool {
    text.value().contains("inputs") && text.value().contains(input)
}

/// All texts of a job that an expression may stand in.
fn texts<'j, 'p>(job: &'j Job<'p>) -> impl Iterator<Item = Text<'p>> + 'j {
    fn values<'j, 'p>(pairs: &'j Pairs<'p>) -> impl Iterator<Item = Text<'p>> + 'j {
        pairs.entries.iter().map(|pair| pair.value)
    }
    let environment = job.environment.into_iter().flat_map(|it| [Some(it.name), it.url]).flatten();
    let steps = job.steps.iter().flat_map(|step| {
        [step.condition, step.run].into_iter().flatten().chain(values(&step.with)).chain(values(&step.env))
    });
    let runner = job.runs_on.iter().flatten().copied();
    environment.chain(runner).chain(values(&job.env)).chain(values(&job.with)).chain(job.condition).chain(steps)
}
