//! Which conditions keep runs from an upload: its own, those of the jobs it needs, those of its callers.

use crate::lint::uploads::{Upload, UploadRun};
use crate::read::source::Place;
use crate::workflow::expression::{Condition, Outcome, Scope, StatusFunction, Truth, UnknownReason};
use crate::workflow::github::RefKind;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow};
use crate::workflow::simulate::outputs::{self, DeclaredOutput};

/// A condition that keeps runs from an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its place.
    pub place: Place,
    /// Its text.
    pub condition: String,
}

/// The conditions because of which no run reaches an upload. `None` if a run may reach it, if other
/// repositories may call the workflow, or if a condition is false on purpose.
#[must_use]
pub fn blockers(upload: &Upload<'_, '_>) -> Option<Vec<Blocker>> {
    if upload.reachable() != Truth::No {
        return None;
    }
    let mut found: Vec<Blocker> = Vec::new();
    for upload_run in &upload.skipped {
        let text = blocker(upload, upload_run)?;
        let condition = Condition::parse(text.value()).ok()?;
        // Other repositories may call the workflow with other inputs, and an unknown caller may do anything.
        let reads_inputs = condition.references().iter().any(|it| it.path.first().is_some_and(|name| name == "inputs"));
        if upload_run.run().unknown_caller || upload_run.run().is_called() && reads_inputs {
            return None;
        }
        // A condition that is false in any run switches the upload off on purpose.
        if condition.evaluate(&AnyRun) == Truth::No {
            return None;
        }
        let blocker = Blocker { place: text.place(), condition: text.value().trim().to_owned() };
        if !found.contains(&blocker) {
            found.push(blocker);
        }
    }
    Some(found)
}

/// Whether the condition at a place of the upload's workflow reads an output that no job declares.
#[must_use]
pub fn reads_nothing(checkout: &Model<'_>, upload: &Upload<'_, '_>, place: Place) -> bool {
    let workflow = upload.site.resolved.workflow;
    let jobs = workflow.jobs.iter().filter_map(|job| Some((job, job.condition?)));
    let Some((job, condition)) = jobs.into_iter().find(|(_, condition)| condition.place() == place) else {
        return false;
    };
    let references = Condition::parse(condition.value()).map(|parsed| parsed.references()).unwrap_or_default();
    references.iter().filter_map(|reference| outputs::path(&reference.path)).any(|(name, output)| {
        matches!(
            outputs::declared(checkout, workflow, job, name, output),
            DeclaredOutput::No | DeclaredOutput::NotNeeded
        )
    })
}

/// An evaluation context in which every value is unknown.
struct AnyRun;

impl Scope for AnyRun {
    fn lookup(&self, _: &[&str]) -> Outcome {
        Outcome::unknown("anything")
    }

    fn status(&self, _: StatusFunction) -> Truth {
        Truth::Unknown(UnknownReason::new("anything"))
    }
}

/// Whether a condition that reads a context is true whatever the context holds: `a == 'x' || 'y'`, text around a
/// placeholder, an output with a literal value.
#[must_use]
pub fn is_always_true(workflow: &Workflow<'_>, job: &Job<'_>, text: Text<'_>) -> bool {
    let Ok(condition) = Condition::parse(text.value()) else { return false };
    let reads = !condition.references().is_empty();
    let literals = LiteralOutputs { workflow, job };
    reads && !condition.has_status_function() && (condition.is_text() || condition.evaluate(&literals) == Truth::Yes)
}

/// A run of which only the outputs with a literal value are known.
struct LiteralOutputs<'s, 'p> {
    workflow: &'s Workflow<'p>,
    job: &'s Job<'p>,
}

impl Scope for LiteralOutputs<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        let literal = match path {
            ["needs", name, "outputs", output] => outputs::needed(self.workflow, self.job, name)
                .and_then(|needed| needed.outputs.get_ignore_case(output))
                .map(|pair| pair.value.value())
                .filter(|value| !value.contains("${{") && !value.is_empty()),
            _ => None,
        };
        literal.map_or_else(|| Outcome::unknown("anything"), Outcome::text)
    }

    fn status(&self, _: StatusFunction) -> Truth {
        Truth::Yes
    }
}

fn blocker<'p>(upload: &Upload<'_, 'p>, upload_run: &UploadRun<'_, 'p>) -> Option<Text<'p>> {
    let resolved = &upload.site.resolved;
    let simulated = &upload_run.simulated;
    if simulated.reached(resolved.job) != Truth::No {
        let around = resolved.frames.iter().find_map(|frame| frame.step.condition);
        return resolved.step.and_then(|step| step.condition).or(around);
    }
    match simulated.own_condition(resolved.job) {
        Truth::No => resolved.job.condition,
        _ => simulated.blocking_job(resolved.job)?.condition,
    }
}

/// A job that the upload needs and that releasing runs skip.
#[derive(Debug, Clone)]
pub struct SkippedAncestor<'a, 'p> {
    /// The job.
    pub job: &'a Job<'p>,
    /// The runs that skip it.
    pub when: String,
}

/// Whether releasing runs get past the jobs that an upload needs.
#[derive(Debug, Clone)]
pub enum AncestorReach<'a, 'p> {
    /// Only the upload's own condition can keep such a run from it.
    Reached,
    /// A needed job is skipped in every such run, although the upload's own condition is true in one.
    Skipped(SkippedAncestor<'a, 'p>),
    /// The upload may go to another index, or other repositories may call the workflow.
    Unknown,
}

/// Whether releasing runs get past the jobs that an upload needs.
#[must_use]
pub fn ancestors<'a, 'p>(upload: &Upload<'a, 'p>) -> AncestorReach<'a, 'p> {
    if upload.elsewhere || upload.cut.is_some() {
        return AncestorReach::Unknown;
    }
    let releasing = |upload_run: &&UploadRun<'_, '_>| releases(upload, upload_run);
    let any = upload.runs.iter().chain(&upload.skipped).any(|upload_run| releases(upload, upload_run));
    if upload.runs.iter().any(|upload_run| !any || releasing(&upload_run)) {
        return AncestorReach::Reached;
    }
    for upload_run in upload.skipped.iter().filter(|upload_run| !any || releasing(upload_run)) {
        if upload_run.run().is_called() {
            return AncestorReach::Unknown;
        }
        let own = upload.site.resolved.step.and_then(|step| step.condition);
        // If the step's own condition may be false as well, the skipped job alone does not decide.
        if own.is_none()
            && let Some(job) = upload_run.simulated.skipped_ancestor(upload.site.resolved.job)
        {
            return AncestorReach::Skipped(SkippedAncestor { job, when: upload_run.run().when.clone() });
        }
    }
    AncestorReach::Reached
}

/// Whether a run releases: a `release` event, or the push of a tag that the workflow filters or tests for.
fn releases(upload: &Upload<'_, '_>, upload_run: &UploadRun<'_, '_>) -> bool {
    let (resolved, run) = (&upload.site.resolved, upload_run.run());
    if run.reference.kind != RefKind::Tag {
        return false;
    }
    let trigger = resolved.workflow.triggers.iter().find(|trigger| trigger.event.place() == run.trigger);
    let filtered = trigger.is_some_and(|trigger| !trigger.tags.is_absent());
    let asked = resolved.job.condition.is_some_and(|text| text.value().contains("tag"));
    run.event == "release" || run.event == "push" && (filtered || asked)
}
