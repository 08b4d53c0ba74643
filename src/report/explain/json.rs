//! The account for programs, versioned like the report of findings: `version` grows when a field changes its meaning or goes.
//!
//! ```json
//! {"version": 1, "tool": {"name": "trustpub", "version": "…"}, "projects": [{"root": "", "repository": null, "publications": [
//!   {"upload": "uv publish", "job": "publish", "workflow": "…", "place": {…}, "registry": "pypi", "runs": [{
//!     "triggers": [{"when": "when a tag is pushed", "event": "push", "activity": null, "ref": "tag",
//!               "ref_name": {"beginning": "v", "whole": false, "pattern": "v*"}, "inputs": {}, "fork": false, "place": {…}}],
//!     "reached": {"value": "yes", "reason": null}, "refusal": null, "doubts": [],
//!     "path": [{"kind": "job", "name": "publish", "if": null, "place": {…}}, …],
//!     "registry": {"value": "pypi", "reason": null}, "credential": {"value": "trusted", "reason": null, "place": {…}},
//!     "permissions": [{"scope": "id-token", "access": "write", "asked": null, "origin": "job", "place": {…}, "callers": []}],
//!     "claims": [{"name": "environment", "value": "pypi", "reason": null, "place": {…}}],
//!     "record": {"place": {…}, "fields": [{"name": "workflow", "label": "Workflow name", "value": "release.yml", "answer": "accepted", "place": {…}}]},
//!     "verdict": {"answer": "accepted", "cause": null, "text": null, "reason": null, "place": null, "only_for": []},
//!     "form": {"before": [], "fields": [{"name": "owner", "label": "Owner", "required": true, "value": null, "reason": "…", "hint": null}],
//!              "link": null, "settings": "https://…", "limit": null, "pending": "https://…", "first_release": "…"}}],
//!   "skipped": [{"trigger": {"when": "when a branch is pushed", …}, "stop": {"kind": "job", …}, "undeclared": []}]}]}]}
//! ```
//! `skipped` are the runs that start the upload's workflow and do not get to it, with the job or step whose condition keeps them back, and
//! the outputs that it reads in vain. `doubts` are the conditions that leave open whether a run gets there, in the order in which they are
//! asked; `reached` gives the first. `refusal` says why GitHub starts none of the runs; `asked` of a permission, what the job asks for
//! beyond what its `callers` hold. `only_for` names the packages of the records that answer, where the upload is not known to be one of
//! them; what these accept is undecided then. A value that is null and has a reason is not known; one that is null without a reason is
//! none. `answer` of a verdict is `accepted`, `refused`, `undeclared`, `not-asked` or `undecided`; of a field `accepted`, `refused`,
//! `missing`, `case` or null. `hint` says that a value is not certain: `remote` for the git remote, `guard` for a condition of the
//! workflows. Places count as in the report of findings.

mod shape;

use std::io::{self, Write};

use crate::lint::analysis::Hint;
use crate::lint::explain::{
    self, ComparedPublisher, ExplainedRun, ExplainedStart, ExplainedValue, PublisherForm, RunVerdict, SkippedRun,
};
use crate::read::source::Place;
use crate::report::explain::ExplainPage;
use crate::report::explain::json::shape::{
    Answer, Before, Blank, Claim, Credential, Declared, Document, Doubt, Field, Kept, Known, Line, Link, Name,
    Permission, Project, Publication, Refused, Run, Shown, Stop, Undeclared,
};
use crate::report::json::{PlaceEntry, ToolEntry};

/// Writes the accounts of several projects as one document.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, pages: &[ExplainPage<'_>]) -> io::Result<()> {
    let projects = pages.iter().map(project).collect();
    serde_json::to_writer_pretty(&mut *out, &Document { version: 1, tool: ToolEntry::new(), projects })?;
    out.write_all(b"\n")
}

fn project<'a>(page: &ExplainPage<'a>) -> Project<'a> {
    let uploads = page.uploads.iter().map(|upload| Publication {
        step: &upload.step,
        job: &upload.job,
        workflow: page.workflow(upload.workflow),
        place: spot(page, upload.place),
        registry: upload
            .runs
            .first()
            .map_or(upload.registry, |explained| explained.registry.as_ref().ok().copied())
            .map(|registry| registry.id.as_str()),
        runs: upload.runs.iter().map(|explained| shown(page, explained)).collect(),
        skipped: upload.skipped.iter().map(|skipped| kept(page, skipped)).collect(),
    });
    Project { root: page.prefix, repository: page.repository, uploads: uploads.collect() }
}

fn spot(page: &ExplainPage<'_>, place: Place) -> PlaceEntry {
    PlaceEntry::new(page.path(place), page.source(place), place)
}

fn known(value: &ExplainedValue) -> Known<'_> {
    match value {
        ExplainedValue::Known(value) => Known { value: Some(value), reason: None },
        ExplainedValue::Absent => Known { value: None, reason: None },
        ExplainedValue::Unknown(reason) => Known { value: None, reason: Some(reason) },
    }
}

fn shown<'a>(page: &ExplainPage<'_>, explained: &'a ExplainedRun<'a>) -> Shown<'a> {
    let doubt = explained.doubts.first().map(|doubt| doubt.reason.as_str());
    let path = explained.path.iter().map(|at| stop(page, at));
    let permissions = explained.permissions.iter().map(|held| Permission {
        scope: &held.scope,
        access: held.access.as_deref(),
        asked: held.asked.as_deref(),
        origin: &held.origin,
        place: spot(page, held.place),
        callers: held
            .callers
            .iter()
            .map(|link| Link { job: &link.job, access: link.access.as_deref(), place: spot(page, link.place) })
            .collect(),
    });
    let refusal = explained.refusal.as_ref().map(|refused| Refused {
        caller: &refused.caller,
        called: &refused.called,
        requester: refused.requester.as_deref(),
        scope: &refused.scope,
        asked: refused.asked,
        asked_place: spot(page, refused.asked_place),
        held: refused.held,
        held_place: spot(page, refused.held_place),
    });
    let reached = match (&refusal, doubt) {
        (Some(_), _) => "no",
        (None, Some(_)) => "undecided",
        (None, None) => "yes",
    };
    let claims = explained.claims.iter().map(|stamp| Claim {
        name: stamp.name,
        known: known(&stamp.value),
        place: stamp.place.map(|place| spot(page, place)),
    });
    Shown {
        triggers: explained.starts.iter().map(|start| run(page, start)).collect(),
        reached: Known { value: Some(reached), reason: doubt.filter(|_| refusal.is_none()) },
        refusal,
        doubts: explained
            .doubts
            .iter()
            .map(|doubt| Doubt { reason: &doubt.reason, place: doubt.place.map(|place| spot(page, place)) })
            .collect(),
        path: path.collect(),
        registry: Known {
            value: explained.registry.as_ref().ok().map(|registry| registry.id.as_str()),
            reason: explained.registry.as_ref().err().map(String::as_str),
        },
        credential: Credential {
            known: Known {
                value: explained.credential.as_ref().ok().map(|credential| credential.word()),
                reason: explained.credential.as_ref().err().map(String::as_str),
            },
            place: spot(page, explained.credential_place),
        },
        permissions: permissions.collect(),
        claims: claims.collect(),
        record: explained.record.as_ref().map(|record| declared(page, record)),
        verdict: answer(page, explained),
        form: explained.form.as_ref().map(blank),
    }
}

fn stop<'a>(page: &ExplainPage<'_>, stop: &'a explain::PathStop) -> Stop<'a> {
    Stop {
        kind: stop.kind.word(),
        name: &stop.name,
        condition: stop.condition.as_deref(),
        place: spot(page, stop.place),
    }
}

fn kept<'a>(page: &ExplainPage<'_>, skipped: &'a SkippedRun) -> Kept<'a> {
    let undeclared = skipped.undeclared.iter().map(|output| Undeclared {
        job: &output.job,
        output: &output.output,
        place: output.place.map(|place| spot(page, place)),
    });
    Kept {
        trigger: run(page, &skipped.start),
        stop: skipped.stop.as_ref().map(|at| stop(page, at)),
        undeclared: undeclared.collect(),
    }
}

fn run<'a>(page: &ExplainPage<'_>, start: &'a ExplainedStart) -> Run<'a> {
    Run {
        when: &start.when,
        event: start.event.as_deref(),
        activity: start.activity.as_deref(),
        kind: start.reference.kind.word(),
        name: Name {
            beginning: &start.reference.prefix,
            whole: start.reference.complete,
            pattern: start.reference.pattern.as_deref(),
        },
        inputs: start.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        fork: start.fork,
        place: spot(page, start.trigger),
    }
}

fn declared<'a>(page: &ExplainPage<'_>, record: &'a ComparedPublisher<'a>) -> Declared<'a> {
    let fields = record.entries.iter().map(|entry| Field {
        name: &entry.field.name,
        label: &entry.field.label,
        value: &entry.value,
        answer: entry.answer.as_ref().and_then(|answer| answer.word()),
        place: spot(page, entry.place),
    });
    Declared { place: spot(page, record.place), fields: fields.collect() }
}

fn answer<'a>(page: &ExplainPage<'_>, explained: &'a ExplainedRun<'_>) -> Answer<'a> {
    let ExplainedRun { verdict, only_for, .. } = explained;
    let plain = Answer { answer: verdict.word(), cause: None, text: None, reason: None, place: None, only_for };
    match verdict {
        RunVerdict::Accepted if !only_for.is_empty() => {
            Answer { answer: "undecided", reason: Some("which package it uploads".to_owned()), ..plain }
        }
        RunVerdict::Accepted | RunVerdict::Undeclared | RunVerdict::NotAsked => plain,
        RunVerdict::Undecided(reason) => Answer { reason: Some(reason.clone()), ..plain },
        RunVerdict::Refused { cause, place, text, .. } => {
            Answer { cause: Some(cause.word()), text: text.as_deref(), place: Some(spot(page, *place)), ..plain }
        }
    }
}

fn blank<'a>(form: &'a PublisherForm<'a>) -> Blank<'a> {
    let fields = form.lines.iter().map(|line| Line {
        name: &line.field.name,
        label: &line.field.label,
        required: line.field.required,
        known: known(&line.value),
        hint: line.hint.map(|hint| match hint {
            Hint::Remote => "remote",
            Hint::Guard => "guard",
        }),
    });
    let before = form.before.iter().map(|before| match before {
        explain::FirstStep::IdToken => Before { kind: "permission", names: vec!["id-token: write"] },
        explain::FirstStep::Login(actions) => Before { kind: "login", names: actions.clone() },
    });
    Blank {
        before: before.collect(),
        fields: fields.collect(),
        link: form.link.as_deref(),
        settings: form.settings.as_deref(),
        limit: form.limit,
        pending: form.pending,
        first_release: Some(form.first_release).filter(|text| !text.is_empty()),
    }
}
