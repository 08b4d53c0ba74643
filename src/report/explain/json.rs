//! `explain --format json`. `version` is increased when a field is removed or changes its meaning.
//!
//! ```json
//! {"version": 1, "tool": {"name": "trustpub", "version": "…"}, "projects": [{"root": "", "repository": null, "uploads": [
//!   {"step": "uv publish", "job": "publish", "workflow": "…", "place": {…}, "registry": "pypi", "runs": [{
//!     "triggers": [{"when": "when a tag is pushed", "event": "push", "activity": null, "ref": "tag",
//!                   "ref_name": {"prefix": "v", "complete": false, "pattern": "v*"}, "inputs": {}, "fork": false, "place": {…}}],
//!     "reached": {"value": "yes", "reason": null}, "refusal": null, "unknown_conditions": [],
//!     "path": [{"kind": "job", "name": "publish", "if": null, "place": {…}}, …],
//!     "registry": {"value": "pypi", "reason": null}, "credential": {"value": "trusted", "reason": null, "place": {…}},
//!     "permissions": [{"scope": "id-token", "access": "write", "requested": null, "origin": "job", "place": {…}, "callers": []}],
//!     "claims": [{"name": "environment", "value": "pypi", "reason": null, "place": {…}}],
//!     "publisher": {"place": {…}, "fields": [
//!       {"name": "workflow", "label": "Workflow name", "value": "release.yml", "verdict": "accepted", "place": {…}}]},
//!     "verdict": {"value": "accepted", "cause": null, "text": null, "reason": null, "place": null, "only_for": []},
//!     "form": {"first": [], "fields": [{"name": "owner", "label": "Owner", "required": true, "value": null, "reason": "…", "hint": null}],
//!              "link": null, "settings": "https://…", "limit": null, "pending": "https://…", "first_release": "…"}}],
//!   "skipped_runs": [{"trigger": {"when": "when a branch is pushed", …}, "skipped_by": {"kind": "job", …}, "undeclared_outputs": []}]}]}]}
//! ```
//! A value that is null and has a reason is unknown; a value that is null without a reason is absent. Runs with equal values are one entry
//! with several triggers.
//!
//! - `reached` is `yes`, `no` or `undecided`; `unknown_conditions` are the conditions that it depends on.
//! - `refusal` says why GitHub refuses to start these runs.
//! - `requested` of a permission is the level that the job requests, if its `callers` grant less.
//! - `verdict.value` is `accepted`, `refused`, `undeclared`, `no-oidc-token` or `undecided`; `verdict` of a field is `accepted`, `refused`,
//!   `missing`, `case` or null. `only_for` lists the packages that the verdict assumes if the upload's package is unknown.
//! - `hint` marks an uncertain value: `remote` comes from the git remote, `condition` from a condition of the workflows.
//! - `skipped_runs` start the workflow without reaching the upload: `skipped_by` is the job or step whose condition is false, and
//!   `undeclared_outputs` are outputs that the condition reads and no job declares.
//! - Places are those of `check --format json`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::lint::analysis::Hint;
use crate::lint::explain::{
    self, ComparedPublisher, ExplainedRun, ExplainedStart, ExplainedValue, PublisherForm, RunVerdict, SkippedRun,
};
use crate::read::source::Place;
use crate::report::explain::ExplainPage;
use crate::report::json::{PlaceEntry, ToolEntry};
use crate::report::sanitize;

/// Its lists of projects and uploads are converted item by item while they are written.
#[derive(Serialize)]
struct ExplainDocument<'a> {
    version: u32,
    tool: ToolEntry,
    #[serde(serialize_with = "projects")]
    projects: &'a [ExplainPage<'a>],
}

#[derive(Serialize)]
struct ProjectEntry<'a> {
    root: &'a str,
    repository: Option<&'a str>,
    #[serde(serialize_with = "uploads")]
    uploads: ExplainPage<'a>,
}

#[derive(Serialize)]
struct UploadEntry<'a> {
    step: &'a str,
    job: &'a str,
    workflow: String,
    place: PlaceEntry,
    registry: Option<&'a str>,
    runs: Vec<RunEntry<'a>>,
    skipped_runs: Vec<SkippedRunEntry<'a>>,
}

/// A run that starts the workflow and does not reach the upload.
#[derive(Serialize)]
struct SkippedRunEntry<'a> {
    trigger: TriggerEntry<'a>,
    skipped_by: Option<PathEntry<'a>>,
    undeclared_outputs: Vec<UndeclaredOutputEntry<'a>>,
}

#[derive(Serialize)]
struct UndeclaredOutputEntry<'a> {
    job: &'a str,
    output: &'a str,
    place: Option<PlaceEntry>,
}

#[derive(Serialize)]
struct ConditionEntry<'a> {
    reason: &'a str,
    place: Option<PlaceEntry>,
}

#[derive(Serialize)]
struct RefusalEntry<'a> {
    caller: &'a str,
    called: &'a str,
    requester: Option<&'a str>,
    scope: &'a str,
    requested: &'a str,
    requested_place: PlaceEntry,
    granted: &'a str,
    granted_place: PlaceEntry,
}

/// The runs in which an upload is the same.
#[derive(Serialize)]
struct RunEntry<'a> {
    triggers: Vec<TriggerEntry<'a>>,
    refusal: Option<RefusalEntry<'a>>,
    reached: KnownEntry<'a>,
    unknown_conditions: Vec<ConditionEntry<'a>>,
    path: Vec<PathEntry<'a>>,
    registry: KnownEntry<'a>,
    credential: CredentialEntry<'a>,
    permissions: Vec<PermissionEntry<'a>>,
    claims: Vec<ClaimEntry<'a>>,
    publisher: Option<PublisherEntry<'a>>,
    verdict: VerdictEntry<'a>,
    form: Option<FormEntry<'a>>,
}

#[derive(Serialize)]
struct TriggerEntry<'a> {
    when: &'a str,
    event: Option<&'a str>,
    activity: Option<&'a str>,
    #[serde(rename = "ref")]
    kind: &'static str,
    #[serde(rename = "ref_name")]
    name: RefNameEntry<'a>,
    inputs: BTreeMap<&'a str, &'a str>,
    fork: bool,
    place: PlaceEntry,
}

#[derive(Serialize)]
struct RefNameEntry<'a> {
    prefix: &'a str,
    complete: bool,
    pattern: Option<&'a str>,
}

#[derive(Serialize)]
struct PathEntry<'a> {
    kind: &'static str,
    name: &'a str,
    #[serde(rename = "if")]
    condition: Option<&'a str>,
    place: PlaceEntry,
}

#[derive(Serialize)]
struct KnownEntry<'a> {
    value: Option<&'a str>,
    reason: Option<&'a str>,
    /// Several values, with one publisher for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<&'a str>,
}

#[derive(Serialize)]
struct CredentialEntry<'a> {
    #[serde(flatten)]
    known: KnownEntry<'a>,
    place: PlaceEntry,
}

#[derive(Serialize)]
struct PermissionEntry<'a> {
    scope: &'a str,
    access: Option<&'a str>,
    requested: Option<&'a str>,
    origin: &'a str,
    place: PlaceEntry,
    callers: Vec<CallerEntry<'a>>,
}

#[derive(Serialize)]
struct CallerEntry<'a> {
    job: &'a str,
    access: Option<&'a str>,
    place: PlaceEntry,
}

#[derive(Serialize)]
struct ClaimEntry<'a> {
    name: &'a str,
    #[serde(flatten)]
    known: KnownEntry<'a>,
    place: Option<PlaceEntry>,
}

#[derive(Serialize)]
struct PublisherEntry<'a> {
    place: PlaceEntry,
    fields: Vec<ComparedFieldEntry<'a>>,
}

#[derive(Serialize)]
struct ComparedFieldEntry<'a> {
    name: &'a str,
    label: &'a str,
    value: &'a str,
    verdict: Option<&'static str>,
    place: PlaceEntry,
}

#[derive(Serialize)]
struct VerdictEntry<'a> {
    value: &'static str,
    cause: Option<&'static str>,
    rule: Option<&'a str>,
    text: Option<&'a str>,
    reason: Option<String>,
    place: Option<PlaceEntry>,
    only_for: &'a [String],
}

/// A registry's form with its values.
#[derive(Serialize)]
struct FormEntry<'a> {
    first: Vec<FirstStepEntry<'a>>,
    fields: Vec<FormFieldEntry<'a>>,
    link: Option<&'a str>,
    settings: Option<&'a str>,
    limit: Option<&'a str>,
    pending: Option<&'a str>,
    first_release: Option<&'a str>,
}

/// What to do before the form.
#[derive(Serialize)]
struct FirstStepEntry<'a> {
    kind: &'static str,
    names: Vec<&'a str>,
}

#[derive(Serialize)]
struct FormFieldEntry<'a> {
    name: &'a str,
    label: &'a str,
    required: bool,
    #[serde(flatten)]
    known: KnownEntry<'a>,
    hint: Option<&'static str>,
}

/// Writes several projects as one document.
pub fn write(out: &mut dyn Write, pages: &[ExplainPage<'_>]) -> io::Result<()> {
    let document = ExplainDocument { version: 1, tool: ToolEntry::new(), projects: pages };
    sanitize::write_json(out, &document)?;
    out.write_all(b"\n")
}

fn projects<S: Serializer>(pages: &[ExplainPage<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pages.iter().map(|page| ProjectEntry {
        root: page.prefix,
        repository: page.repository,
        uploads: *page,
    }))
}

fn uploads<S: Serializer>(page: &ExplainPage<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(page.uploads.iter().map(|upload| {
        UploadEntry {
            step: &upload.step,
            job: &upload.job,
            workflow: page.workflow(upload.workflow),
            place: place_entry(page, upload.place),
            registry: upload
                .runs
                .first()
                .map_or(upload.registry, |run| run.registry.as_ref().ok().copied())
                .map(|registry| registry.id.as_str()),
            runs: upload.runs.iter().map(|run| run_entry(page, run)).collect(),
            skipped_runs: upload.skipped.iter().map(|skipped| skipped_run_entry(page, skipped)).collect(),
        }
    }))
}

fn place_entry(page: &ExplainPage<'_>, place: Place) -> PlaceEntry {
    PlaceEntry::new(page.path(place), page.source(place), place)
}

fn known_entry(value: &ExplainedValue) -> KnownEntry<'_> {
    match value {
        ExplainedValue::Known(value) => KnownEntry { value: Some(value), reason: None, values: Vec::new() },
        ExplainedValue::Each(names) => {
            KnownEntry { value: None, reason: None, values: names.iter().map(String::as_str).collect() }
        }
        ExplainedValue::Absent => KnownEntry { value: None, reason: None, values: Vec::new() },
        ExplainedValue::Unknown(reason) => KnownEntry { value: None, reason: Some(reason), values: Vec::new() },
    }
}

fn run_entry<'a>(page: &ExplainPage<'_>, run: &'a ExplainedRun<'a>) -> RunEntry<'a> {
    let doubt = run.doubts.first().map(|doubt| doubt.reason.as_str());
    let path = run.path.iter().map(|at| path_entry(page, at));
    let permissions = run.permissions.iter().map(|held| PermissionEntry {
        scope: &held.scope,
        access: held.access.as_deref(),
        requested: held.requested.as_deref(),
        origin: &held.origin,
        place: place_entry(page, held.place),
        callers: held
            .callers
            .iter()
            .map(|link| CallerEntry {
                job: &link.job,
                access: link.access.as_deref(),
                place: place_entry(page, link.place),
            })
            .collect(),
    });
    let refusal = run.refusal.as_ref().map(|refused| RefusalEntry {
        caller: &refused.caller,
        called: &refused.called,
        requester: refused.requester.as_deref(),
        scope: &refused.scope,
        requested: refused.requested,
        requested_place: place_entry(page, refused.requested_place),
        granted: refused.granted,
        granted_place: place_entry(page, refused.granted_place),
    });
    let reached = match (&refusal, doubt) {
        (Some(_), _) => "no",
        (None, Some(_)) => "undecided",
        (None, None) => "yes",
    };
    let claims = run.claims.iter().map(|stamp| ClaimEntry {
        name: stamp.name,
        known: known_entry(&stamp.value),
        place: stamp.place.map(|place| place_entry(page, place)),
    });
    RunEntry {
        triggers: run.starts.iter().map(|start| trigger_entry(page, start)).collect(),
        reached: KnownEntry { value: Some(reached), reason: doubt.filter(|_| refusal.is_none()), values: Vec::new() },
        refusal,
        unknown_conditions: run
            .doubts
            .iter()
            .map(|doubt| ConditionEntry {
                reason: &doubt.reason,
                place: doubt.place.map(|place| place_entry(page, place)),
            })
            .collect(),
        path: path.collect(),
        registry: KnownEntry {
            value: run.registry.as_ref().ok().map(|registry| registry.id.as_str()),
            reason: run.registry.as_ref().err().map(String::as_str),
            values: Vec::new(),
        },
        credential: CredentialEntry {
            known: KnownEntry {
                value: run.credential.as_ref().ok().map(|credential| credential.word()),
                reason: run.credential.as_ref().err().map(String::as_str),
                values: Vec::new(),
            },
            place: place_entry(page, run.credential_place),
        },
        permissions: permissions.collect(),
        claims: claims.collect(),
        publisher: run.record.as_ref().map(|record| publisher_entry(page, record)),
        verdict: verdict_entry(page, run),
        form: run.form.as_ref().map(form_entry),
    }
}

fn path_entry<'a>(page: &ExplainPage<'_>, stop: &'a explain::PathStop) -> PathEntry<'a> {
    PathEntry {
        kind: stop.kind.word(),
        name: &stop.name,
        condition: stop.condition.as_deref(),
        place: place_entry(page, stop.place),
    }
}

fn skipped_run_entry<'a>(page: &ExplainPage<'_>, skipped: &'a SkippedRun) -> SkippedRunEntry<'a> {
    let undeclared = skipped.undeclared.iter().map(|output| UndeclaredOutputEntry {
        job: &output.job,
        output: &output.output,
        place: output.place.map(|place| place_entry(page, place)),
    });
    SkippedRunEntry {
        trigger: trigger_entry(page, &skipped.start),
        skipped_by: skipped.stop.as_ref().map(|at| path_entry(page, at)),
        undeclared_outputs: undeclared.collect(),
    }
}

fn trigger_entry<'a>(page: &ExplainPage<'_>, start: &'a ExplainedStart) -> TriggerEntry<'a> {
    TriggerEntry {
        when: &start.when,
        event: start.event.as_deref(),
        activity: start.activity.as_deref(),
        kind: start.reference.kind.word(),
        name: RefNameEntry {
            prefix: &start.reference.prefix,
            complete: start.reference.complete,
            pattern: start.reference.pattern.as_deref(),
        },
        inputs: start.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        fork: start.fork,
        place: place_entry(page, start.trigger),
    }
}

fn publisher_entry<'a>(page: &ExplainPage<'_>, record: &'a ComparedPublisher<'a>) -> PublisherEntry<'a> {
    let fields = record.entries.iter().map(|entry| ComparedFieldEntry {
        name: &entry.field.name,
        label: &entry.field.label,
        value: &entry.value,
        verdict: entry.answer.as_ref().and_then(|answer| answer.word()),
        place: place_entry(page, entry.place),
    });
    PublisherEntry { place: place_entry(page, record.place), fields: fields.collect() }
}

fn verdict_entry<'a>(page: &ExplainPage<'_>, run: &'a ExplainedRun<'_>) -> VerdictEntry<'a> {
    let ExplainedRun { verdict, only_for, .. } = run;
    let plain = VerdictEntry {
        value: verdict.word(),
        cause: None,
        rule: None,
        text: None,
        reason: None,
        place: None,
        only_for,
    };
    match verdict {
        RunVerdict::Accepted if !only_for.is_empty() => {
            VerdictEntry { value: "undecided", reason: Some("which package it uploads".to_owned()), ..plain }
        }
        RunVerdict::Accepted | RunVerdict::Undeclared | RunVerdict::NoOidcToken => plain,
        RunVerdict::Failed(error) => VerdictEntry {
            cause: Some("rule"),
            rule: Some(&error.code),
            reason: Some(error.message.clone()),
            place: Some(place_entry(page, error.place)),
            ..plain
        },
        RunVerdict::Undecided(unknown) => VerdictEntry { reason: Some(unknown.reason.clone()), ..plain },
        RunVerdict::Refused { cause, place, text, .. } => VerdictEntry {
            cause: Some(cause.word()),
            text: text.as_deref(),
            place: Some(place_entry(page, *place)),
            ..plain
        },
    }
}

fn form_entry<'a>(form: &'a PublisherForm<'a>) -> FormEntry<'a> {
    let fields = form.lines.iter().map(|line| FormFieldEntry {
        name: &line.field.name,
        label: &line.field.label,
        required: line.field.required,
        known: known_entry(&line.value),
        hint: line.hint.map(|hint| match hint {
            Hint::Remote => "remote",
            Hint::Condition => "condition",
        }),
    });
    let first = form.before.iter().map(|before| match before {
        explain::FirstStep::IdToken => FirstStepEntry { kind: "permission", names: vec!["id-token: write"] },
        explain::FirstStep::Login(actions) => FirstStepEntry { kind: "login", names: actions.clone() },
    });
    FormEntry {
        first: first.collect(),
        fields: fields.collect(),
        link: form.link.as_deref(),
        settings: form.settings.as_deref(),
        limit: form.limit,
        pending: form.pending,
        first_release: Some(form.first_release).filter(|text| !text.is_empty()),
    }
}
