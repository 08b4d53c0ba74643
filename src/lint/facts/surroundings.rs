//! Facts about the context of an upload: the action or called workflow that holds it, other uploads of its job.

use crate::lint::facts::registry::target;
use crate::lint::facts::run::context;
use crate::lint::facts::{FORM, Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::trust::registry::WorkflowClaim;
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::upload::site::{Credential, CredentialOutcomes, UploadTarget};
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::model::Text;

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "in-action",
        UPLOAD,
        FORM,
        "Whether the upload can run here; some actions cannot run inside a composite action.",
        in_action,
    ),
    FactSpec::new(
        "certificate",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "unseen-caller"]),
        "Whether the certificate of an attestation would name the file that the publisher names; in a called workflow some name its caller.",
        certificate,
    ),
    FactSpec::new(
        "caller.file",
        UPLOAD,
        FactValues::Any,
        "The workflow file that GitHub starts, if it calls the one that uploads.",
        caller,
    ),
    FactSpec::new("called.file", UPLOAD, FactValues::Any, "The workflow file that holds the upload.", called),
    FactSpec::new(
        "called.repository",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused"]),
        "Whether the registry accepts uploads by a called workflow of that repository.",
        called_repository,
    ),
    FactSpec::new(
        "foreign.workflow",
        UPLOAD,
        FactValues::Any,
        "The workflow of another repository that uploads.",
        foreign,
    ),
    FactSpec::new(
        "attestations.reused",
        UPLOAD,
        FactValues::OneOf(&["once", "again"]),
        "Whether an earlier upload with attestations left them in this folder, in the same job and run.",
        folder_uploads,
    ),
    FactSpec::new("folder", UPLOAD, FactValues::Any, "The folder whose files are uploaded.", folder),
];

fn in_action(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    let refused = site.pattern?.refused_in_actions && !site.resolved.frames.is_empty();
    Some(Fact::text(if refused { "refused" } else { "accepted" }, site.resolved.place()))
}

fn certificate(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (registry, run) = (target(subject)?, context(subject)?.run());
    let differs = registry.claims.certificate.is_some_and(|named| named != registry.claims.workflow);
    let place = subject.upload?.site.resolved.place();
    let word = match (differs && run.is_called(), run.unknown_caller) {
        (false, _) => "accepted",
        (true, true) => "unseen-caller",
        (true, false) => "refused",
    };
    // Applies only if the publisher names the called file and the certificate its caller.
    (registry.claims.workflow == WorkflowClaim::Called || !differs).then(|| Fact::text(word, place))
}

fn caller(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let call = context(subject)?.run().calls.first()?;
    let place = call.job.uses.map_or(call.job.id.place(), Text::place);
    Some(Fact::text(call.workflow.source.file_name(), place))
}

fn called(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow?;
    Some(Fact::text(workflow.source.file_name(), subject.upload?.site.resolved.place()))
}

fn called_repository(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (registry, claims, place) = (target(subject)?, subject.claims?, subject.upload?.site.resolved.place());
    let Some(foreign) = claims.foreign.as_ref().filter(|_| registry.claims.foreign_refused) else {
        return Some(Fact::text("accepted", place));
    };
    // The full name of this repository is its own; whether the ref is the run's is unknown.
    let analysis = subject.analysis;
    let own = analysis.repository.or_else(|| analysis.repository_hint().map(|(name, _)| name));
    let itself = own.is_some_and(|own| own.eq_ignore_ascii_case(foreign));
    Some(if itself { Fact::Unknown } else { Fact::text("refused", place) })
}

fn foreign(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    subject.claims?.foreign.as_ref()?;
    let uses = subject.job?.uses?;
    Some(Fact::text(uses.value(), uses.place()))
}

/// The normalised folder of an upload in this run.
fn folder_of(subject: &Subject<'_, '_, '_>, upload: &Upload<'_, '_>) -> Option<String> {
    let rule = upload.site.pattern?.files.as_ref()?;
    let text = match upload.site.resolved.first(&rule.slots) {
        None => rule.folder.clone()?,
        Some((_, SlotValue::Text(text, _))) => known_text(&upload.site.resolved.resolve(&text, context(subject)?))?,
        Some((_, SlotValue::Unknown(_) | SlotValue::Absent)) => return None,
    };
    Some(text.trim().trim_start_matches("./").trim_end_matches('/').to_owned())
}

fn folder(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload?;
    Some(Fact::text(folder_of(subject, upload)?, upload.site.resolved.place()))
}

fn folder_uploads(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload?;
    let (resolved, own) = (&upload.site.resolved, folder_of(subject, upload)?);
    let here = resolved.place();
    let mut open = false;
    for other in &subject.analysis.uploads {
        let before = &other.site.resolved;
        let same_job =
            before.job.id.place() == resolved.job.id.place() && before.workflow.file == resolved.workflow.file;
        if !same_job || before.position() >= resolved.position() {
            continue;
        }
        match leaves(subject, other, &own) {
            Truth::Yes if !cleaned(subject, other, &own) => return Some(Fact::text("again", before.place())),
            Truth::No => {}
            Truth::Yes | Truth::Unknown(_) => open = true,
        }
    }
    if open { Some(Fact::Unknown) } else { Some(Fact::text("once", here)) }
}

/// Whether another upload leaves attestations in a folder in this run.
fn leaves(subject: &Subject<'_, '_, '_>, other: &Upload<'_, '_>, own: &str) -> Truth {
    let unknown = || Truth::Unknown(UnknownReason::new("another upload of the job"));
    let (Some(context), Some(pattern)) = (context(subject), other.site.pattern) else { return unknown() };
    let Some(switch) = &pattern.attestations else { return Truth::No };
    let on = match other.site.resolved.first(&switch.slots) {
        None => Some(switch.default),
        Some((_, SlotValue::Text(text, _))) => {
            known_text(&other.site.resolved.resolve(&text, context)).map(|text| !text.eq_ignore_ascii_case("false"))
        }
        Some((_, SlotValue::Unknown(_) | SlotValue::Absent)) => None,
    };
    let Some(folder) = folder_of(subject, other) else { return unknown() };
    if on == Some(false) || folder != own {
        return Truth::No;
    }
    let data = subject.analysis.data;
    let seen = other.site.resolved.seen(context);
    if matches!(other.site.target(&data.registries, &seen), UploadTarget::Elsewhere) {
        return Truth::No;
    }
    // Attestations need the OIDC token.
    let trusted = match other.site.credential(&data.github, &data.registries, &seen).0 {
        CredentialOutcomes::Known(credential) => Truth::from(matches!(credential, Credential::Trusted)),
        CredentialOutcomes::Unknown(reason) => Truth::Unknown(reason),
    };
    let on = on.map_or_else(unknown, Truth::from);
    seen.reached().and(trusted).and(on)
}

/// Whether a script between two uploads mentions the folder or attestations, and so may remove them.
fn cleaned(subject: &Subject<'_, '_, '_>, other: &Upload<'_, '_>, folder: &str) -> bool {
    let after = other.site.resolved.position();
    let Some(upload) = subject.upload else { return true };
    let between = upload.site.resolved.before().filter(|step| after.first().is_none_or(|first| step.index > *first));
    between
        .filter_map(|step| step.script)
        .any(|run| run.value().contains(folder) || run.value().contains("attestation"))
}
