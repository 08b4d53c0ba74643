//! Adds the job of a rehearsal to the workflow that publishes. It is refused unless simulation shows that a rehearsal reaches no other job,
//! and that every other run is unchanged.

use crate::lint::analysis::{Analysis, ParsedProject};
use crate::read::edit::{self, EditValue, NodeChange, NodePath, PathSegment};
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile};
use crate::trust::registry::Registry;
use crate::trust::upload::site::UploadTarget;
use crate::workflow::expression::{Outcome, Truth, Value};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow};
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::trigger_start::TriggerStart;
use crate::workflow::simulate::triggers;

/// The id of the job, and the name of the input that starts it.
const REHEARSE: &str = "rehearse";

/// The contexts that a job other than the publishing one cannot read.
const OF_JOB: [&str; 3] = ["matrix", "needs", "strategy"];

/// A workflow with the job of a rehearsal.
pub struct RehearsedWorkflow<'a> {
    /// Its file.
    pub file: FileId,
    /// Its new text.
    pub text: String,
    /// The job that publishes.
    pub job: String,
    /// The registries that it publishes to.
    pub registries: Vec<&'a Registry>,
    /// The jobs that a rehearsal skips.
    pub skipped: Vec<String>,
    /// Whether the run must be started with the input; else every start by hand is a rehearsal.
    pub by_input: bool,
    /// The refs that the environment accepts, if the config declares them.
    pub refs: Vec<String>,
    /// Whether the workflow has `concurrency:`, by which a rehearsal may wait for a release or cancel it.
    pub concurrency: bool,
}

/// Simulates a workflow before and after the change.
struct Simulation<'s, 'p> {
    github: &'s GitHubFacts,
    checkout: &'s Model<'p>,
    workflow: &'s Workflow<'p>,
    /// The event that a person starts.
    event: &'s str,
    by_input: bool,
}

/// One run of a job in words that can be compared, and whether it reaches the job.
type ComparedRun = (String, &'static str);

/// Adds the job to the workflow of an upload. `job` and `workflow` choose the upload if there are several.
///
/// # Errors
/// Why it is impossible, as a sentence without a final period.
pub fn rehearsed<'a>(
    analysis: &Analysis<'a, '_>,
    job: Option<&str>,
    workflow: Option<&str>,
) -> Result<RehearsedWorkflow<'a>, String> {
    let (workflow, publishing, registries) = publishing(analysis, job, workflow)?;
    let github = &analysis.data.github;
    let by_hand = github.events.iter().find(|(_, event)| event.by_hand).map(|(name, _)| name.as_str());
    let event = by_hand.ok_or("no event is started by hand")?;
    let trigger = workflow.triggers.iter().find(|trigger| trigger.event.value() == event);
    let by_input = trigger.is_some();
    possible(analysis, workflow, publishing)?;
    let added = job_of(publishing, event, by_input)?;
    let name = workflow.source.file_name();
    let cannot =
        |what: &str| format!("{what} of {name} cannot be changed without changing more of the file; write it by hand");
    let on = start(event, by_input, analysis.project, workflow).ok_or_else(|| cannot("`on:`"))?;
    let project = changed(analysis.project, workflow.file, &[on]).ok_or_else(|| cannot("`on:`"))?;
    let skipped = reachable(github, &project, workflow.file, event, by_input)?;
    let mut changes = Vec::new();
    for id in &skipped {
        let own = workflow.job(id).and_then(|job| job.condition).map(Text::value);
        changes.push(guard(id, own, event, by_input)?);
    }
    changes.push(NodeChange::Set { path: path(&["jobs", REHEARSE]), value: added, after: &[] });
    let project = changed(&project, workflow.file, &changes).ok_or_else(|| cannot("a job"))?;
    verified(analysis, &project, workflow, event, by_input)?;
    let text = project.source(workflow.file).map(SourceFile::text).unwrap_or_default().to_owned();
    let environment = publishing.environment.map(|environment| environment.name.value());
    let settings = analysis.config.environments.iter().find(|one| Some(one.name.value()) == environment);
    let refs = settings.and_then(|one| one.refs.as_ref()).into_iter().flatten();
    Ok(RehearsedWorkflow {
        file: workflow.file,
        text,
        job: publishing.id.value().to_owned(),
        registries,
        skipped,
        by_input,
        refs: refs.map(|text| text.value().to_owned()).collect(),
        concurrency: workflow.concurrency,
    })
}

/// The job that publishes, with its workflow and registries.
fn publishing<'a, 's, 'p>(
    analysis: &'s Analysis<'a, 'p>,
    job: Option<&str>,
    workflow: Option<&str>,
) -> Result<(&'s Workflow<'p>, &'s Job<'p>, Vec<&'a Registry>), String> {
    let mut found: Vec<(&Workflow<'p>, &Job<'p>, Vec<&'a Registry>)> = Vec::new();
    for upload in &analysis.uploads {
        let resolved = &upload.site.resolved;
        let chosen = job.is_none_or(|id| resolved.job.id.value().eq_ignore_ascii_case(id))
            && workflow.is_none_or(|file| resolved.workflow.source.file_name() == file);
        let registries = upload.runs.iter().filter_map(|run| match &run.target {
            UploadTarget::Registry(registry, _) => Some(*registry),
            _ => None,
        });
        for registry in registries.filter(|_| chosen) {
            let same =
                |one: &&mut (&Workflow<'p>, &Job<'p>, Vec<&'a Registry>)| one.1.id.place() == resolved.job.id.place();
            match found.iter_mut().find(same) {
                Some((.., list)) if list.iter().all(|known| known.id != registry.id) => list.push(registry),
                Some(_) => {}
                None => found.push((resolved.workflow, resolved.job, vec![registry])),
            }
        }
    }
    match found.len() {
        0 => Err("no job publishes to a known registry, so there is nothing to rehearse".to_owned()),
        1 => found.pop().ok_or_else(String::new),
        _ => {
            let one = |(workflow, job, _): &(&Workflow<'p>, &Job<'p>, Vec<&'a Registry>)| {
                format!("`{}` of {}", job.id.value(), workflow.source.file_name())
            };
            let all: Vec<String> = found.iter().map(one).collect();
            Err(format!("several jobs publish: {}; choose one with `--job` and `--workflow`", all.join(", ")))
        }
    }
}

/// Whether a rehearsal of the workflow can be written.
fn possible(analysis: &Analysis<'_, '_>, workflow: &Workflow<'_>, job: &Job<'_>) -> Result<(), String> {
    let name = workflow.source.file_name();
    let github = &analysis.data.github;
    let called = |event: &str| github.events.get(event).is_some_and(|facts| facts.called);
    if job.uses.is_some() || workflow.triggers.iter().any(|trigger| called(trigger.event.value())) {
        return Err(format!(
            "job `{}` of {name} is in a workflow that others call, or calls one; write its rehearsal by hand",
            job.id.value()
        ));
    }
    let input = workflow.triggers.iter().any(|trigger| trigger.input(REHEARSE).is_some());
    if input || workflow.job(REHEARSE).is_some() {
        return Err(format!("{name} has a job or an input `{REHEARSE}` already"));
    }
    // A workflow that follows every run of this one follows a rehearsal too.
    let own = workflow.name.map_or_else(|| workflow.source.path(), Text::value);
    let follows = |other: &&Workflow<'_>| {
        other.triggers.iter().flat_map(|trigger| &trigger.workflows).any(|followed| followed.value() == own)
    };
    if let Some(other) = analysis.workflows.iter().filter(follows).find(|other| analysis.publishes(other.file)) {
        return Err(format!(
            "{} publishes after every run of {name}, also after a rehearsal",
            other.source.file_name()
        ));
    }
    Ok(())
}

/// The change of `on:`.
fn start(event: &str, by_input: bool, project: &Project, workflow: &Workflow<'_>) -> Option<NodeChange> {
    let (document, _) = project.document(workflow.file)?;
    let on = document.tree.root()?.get("on")?;
    if by_input {
        let text = |text: &str| EditValue::Text(text.to_owned());
        let input = vec![
            ("description".to_owned(), text("Rehearse the release and publish nothing")),
            ("type".to_owned(), text("boolean")),
        ];
        let path = path(&["on", event, "inputs", REHEARSE]);
        return on.is_mapping().then_some(NodeChange::Set { path, value: EditValue::Mapping(input), after: &[] });
    }
    Some(if on.is_mapping() {
        NodeChange::Set { path: path(&["on", event]), value: EditValue::Null, after: &[] }
    } else {
        NodeChange::Append { path: path(&["on"]), value: EditValue::Text(event.to_owned()) }
    })
}

fn path(keys: &[&str]) -> NodePath {
    keys.iter().map(|key| PathSegment::Key((*key).to_owned())).collect()
}

/// The condition by which a job does not run in a rehearsal.
fn not_in_rehearsal(event: &str, by_input: bool) -> String {
    let other = format!("github.event_name != '{event}'");
    if by_input { format!("{other} || !inputs.{REHEARSE}") } else { other }
}

/// The change by which a job does not run in a rehearsal, joined with its own condition.
fn guard(id: &str, own: Option<&str>, event: &str, by_input: bool) -> Result<NodeChange, String> {
    let guard = not_in_rehearsal(event, by_input);
    let condition = match own.map(str::trim) {
        None | Some("") => guard,
        Some(own) => {
            let inner = own.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).map_or(own, str::trim);
            if inner.contains("${{") {
                return Err(format!("the condition of job `{id}` consists of several expressions; make it one first"));
            }
            let guard = if by_input { format!("({guard})") } else { guard };
            format!("{guard} && ({inner})")
        }
    };
    let after = &["name", "needs", "uses", "runs-on"];
    Ok(NodeChange::Set { path: path(&["jobs", id, "if"]), value: EditValue::Text(condition), after })
}

/// The job of the rehearsal: the same environment and runner as the job that publishes.
fn job_of(publishing: &Job<'_>, event: &str, by_input: bool) -> Result<EditValue, String> {
    let id = publishing.id.value();
    let text = |text: &str| EditValue::Text(text.to_owned());
    let own = |what: &str, value: &str| {
        let read = OF_JOB.iter().any(|context| value.contains(context)) && value.contains("${{");
        if read {
            Err(format!(
                "the {what} of job `{id}` is `{value}`, which another job cannot read; write its rehearsal by hand"
            ))
        } else {
            Ok(text(value))
        }
    };
    let labels = publishing.runs_on.as_ref().filter(|labels| !labels.is_empty() && !publishing.runner_group);
    let labels = labels
        .ok_or_else(|| format!("the runner of job `{id}` is not given by labels; write its rehearsal by hand"))?;
    let runner = match labels.as_slice() {
        [label] => own("runner", label.value())?,
        labels => EditValue::List(labels.iter().map(|label| own("runner", label.value())).collect::<Result<_, _>>()?),
    };
    let started = format!("github.event_name == '{event}'");
    let condition = if by_input { format!("{started} && inputs.{REHEARSE}") } else { started };
    let mut entries = vec![("if", text(&condition)), ("runs-on", runner)];
    if let Some(environment) = publishing.environment {
        entries.push(("environment", own("environment", environment.name.value())?));
    }
    let permissions = [("contents", "read"), ("id-token", "write")];
    let mapping = |entries: Vec<(&str, EditValue)>| {
        EditValue::Mapping(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    entries
        .push(("permissions", mapping(permissions.into_iter().map(|(scope, access)| (scope, text(access))).collect())));
    let action = format!("trustpub/trustpub/rehearse@v{}", env!("CARGO_PKG_VERSION"));
    entries.push((
        "steps",
        EditValue::List(vec![
            mapping(vec![("uses", text("actions/checkout@v5"))]),
            mapping(vec![("uses", text(&action)), ("with", mapping(vec![("job", text(id))]))]),
        ]),
    ));
    Ok(mapping(entries))
}

/// A project after changes to one file, one after the other; `None` if one is impossible.
fn changed(project: &Project, file: FileId, changes: &[NodeChange]) -> Option<Project> {
    let mut project = project.clone();
    for change in changes {
        let source = project.source(file).filter(|source| source.is_utf8())?;
        let (document, dialect) = project.document(file)?;
        let edited = edit::edited(source.text(), &document.tree, dialect, std::slice::from_ref(change))?;
        project.replace(file, &edited)?;
    }
    Some(project)
}

impl Simulation<'_, '_> {
    /// The runs of a rehearsal.
    fn rehearsal(&self) -> RunFilter {
        let inputs = if self.by_input { vec![(REHEARSE.to_owned(), "true".to_owned())] } else { Vec::new() };
        RunFilter { event: Some(self.event.to_owned()), reference: None, inputs }
    }

    /// Whether a rehearsal reaches a job: yes or no only if that is known of every run.
    fn reached(&self, job: &Job<'_>) -> Result<Truth, String> {
        let own = self.workflow.jobs.get(job.index).ok_or("a job is missing from the changed workflow")?;
        let found = triggers::simulate(self.github, self.checkout, self.workflow, (own, None), &self.rehearsal());
        if let Some(reason) = found.incomplete {
            return Err(format!("not every run can be simulated: {reason}"));
        }
        let mut reaches = found.runs.iter().map(|run| run.reached(own));
        let first = reaches.next().ok_or("no run is a rehearsal")?;
        let differs = reaches.find(|reach| word(reach) != word(&first));
        // A job that only some runs reach may be reached.
        Ok(match differs {
            Some(Truth::Unknown(reason)) => Truth::Unknown(reason),
            Some(_) => Truth::Yes,
            None => first,
        })
    }

    /// The runs of a job that are no rehearsal.
    fn other_runs(&self, job: &Job<'_>, changed: bool) -> Result<Vec<ComparedRun>, String> {
        let own = self.workflow.job(job.id.value()).ok_or("a job is missing from the changed workflow")?;
        let found = triggers::simulate(self.github, self.checkout, self.workflow, (own, None), &RunFilter::default());
        if let Some(reason) = found.incomplete {
            return Err(format!("not every run can be simulated: {reason}"));
        }
        let rehearses = |run: &TriggerStart<'_, '_>| {
            let chosen = run.dispatched.iter().find(|(name, _)| name == REHEARSE);
            changed
                && run.event == self.event
                && (!self.by_input || chosen.is_some_and(|(_, value)| *value == Outcome::Known(Value::Bool(true))))
        };
        let others = found.runs.iter().filter(|simulated| !rehearses(&simulated.run));
        let mut runs: Vec<ComparedRun> = others.map(|run| (compared(&run.run), word(&run.reached(own)))).collect();
        runs.sort();
        Ok(runs)
    }
}

/// How a run starts, except for the input of a rehearsal.
fn compared(run: &TriggerStart<'_, '_>) -> String {
    let mut inputs: Vec<_> = run.dispatched.iter().filter(|(name, _)| name != REHEARSE).collect();
    inputs.sort_by(|left, right| left.0.cmp(&right.0));
    format!("{} {:?} {:?} {:?} {inputs:?}", run.event, run.reference, run.activity, run.followed_event)
}

const fn word(reach: &Truth) -> &'static str {
    match reach {
        Truth::Yes => "yes",
        Truth::No => "no",
        Truth::Unknown(_) => "unknown",
    }
}

/// Calls a function with the simulation of a workflow in a changed project.
fn simulated<T>(
    github: &GitHubFacts,
    project: &Project,
    file: FileId,
    (event, by_input): (&str, bool),
    look: impl FnOnce(&Simulation<'_, '_>) -> Result<T, String>,
) -> Result<T, String> {
    let parsed = ParsedProject::new(github, project);
    let workflow = parsed.checkout.workflows.iter().find(|workflow| workflow.file == file);
    let workflow = workflow.ok_or("the changed workflow does not parse")?;
    look(&Simulation { github, checkout: &parsed.checkout, workflow, event, by_input })
}

/// The jobs that a rehearsal would reach.
fn reachable(
    github: &GitHubFacts,
    project: &Project,
    file: FileId,
    event: &str,
    by_input: bool,
) -> Result<Vec<String>, String> {
    simulated(github, project, file, (event, by_input), |simulation| {
        let mut found = Vec::new();
        for job in &simulation.workflow.jobs {
            if simulation.reached(job)? != Truth::No {
                found.push(job.id.value().to_owned());
            }
        }
        Ok(found)
    })
}

/// Shows by simulation that a rehearsal reaches its own job only and no upload, and that every other run is unchanged.
fn verified(
    analysis: &Analysis<'_, '_>,
    project: &Project,
    before: &Workflow<'_>,
    event: &str,
    by_input: bool,
) -> Result<(), String> {
    let github = &analysis.data.github;
    let old = analysis
        .workflows
        .iter()
        .find(|workflow| workflow.file == before.file)
        .ok_or("the workflow is missing from the changed project")?;
    let old = Simulation { github, checkout: analysis.checkout, workflow: old, event, by_input };
    let filter = simulated(github, project, before.file, (event, by_input), |new| {
        for job in &new.workflow.jobs {
            let (id, reach) = (job.id.value(), new.reached(job)?);
            match (id == REHEARSE, reach) {
                (true, Truth::Yes) | (false, Truth::No) => {}
                (true, _) => return Err("a rehearsal would not reach its own job".to_owned()),
                (false, Truth::Yes) => return Err(format!("a rehearsal would run job `{id}`")),
                (false, Truth::Unknown(reason)) => {
                    return Err(format!("a rehearsal may run job `{id}`: that depends on {reason}"));
                }
            }
        }
        for job in &old.workflow.jobs {
            if old.other_runs(job, false)? != new.other_runs(job, true)? {
                return Err(format!("the change would affect other runs of job `{}`", job.id.value()));
            }
        }
        Ok(new.rehearsal())
    })?;
    let parsed = ParsedProject::new(github, project);
    let (after, _) = Analysis::with_filter(analysis.data, project, &parsed, &filter);
    let here = after.uploads.iter().filter(|upload| upload.site.resolved.workflow.file == before.file);
    match here.into_iter().find(|upload| !upload.runs.is_empty()) {
        Some(upload) => {
            Err(format!("a rehearsal would reach the upload in job `{}`", upload.site.resolved.job.id.value()))
        }
        None => Ok(()),
    }
}
