//! Facts about the attestations of an upload.

use crate::lint::facts::run::context;
use crate::lint::facts::upload::{first_text, folder_of};
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::upload::site::{Credential, UploadTarget};
use crate::workflow::expression::{Truth, UnknownReason};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "attestations.reused",
        UPLOAD,
        FactValues::OneOf(&["once", "again"]),
        "Whether an earlier upload with attestations left them in this folder, in the same job and run.",
        attestations_reused,
    ),
    FactSpec::new(
        "attestations",
        UPLOAD,
        FactValues::OneOf(&["on", "off", "excused", "none"]),
        "Whether the upload sends attestations; `excused` if another upload in the job or a calling workflow would make them fail, `none` if this version of the action sends none by default.",
        attestations,
    ),
];

fn attestations_reused(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    let (resolved, own) = (&upload.site.resolved, folder_of(subject, upload)?);
    let here = resolved.place();
    let mut open = false;
    for other in subject.analysis.uploads_of(resolved.job) {
        let before = &other.site.resolved;
        if before.position() >= resolved.position() {
            continue;
        }
        match leaves(subject, other, &own) {
            Truth::Yes if !cleaned(subject, other, &own) => return Some(Fact::word("again", before.place())),
            Truth::No => {}
            Truth::Yes | Truth::Unknown(_) => open = true,
        }
    }
    if open { Some(Fact::unknown("whether an earlier upload runs")) } else { Some(Fact::word("once", here)) }
}

/// Whether another upload leaves attestations in a folder in this run.
fn leaves(subject: &Subject<'_, '_, '_>, other: &Upload<'_, '_>, own: &str) -> Truth {
    let unknown = || Truth::Unknown(UnknownReason::new("another upload of the job"));
    let (Some(context), Some(pattern)) = (context(subject), other.site.pattern) else { return unknown() };
    let Some(switch) = &pattern.attestations else { return Truth::No };
    let on = match other.site.resolved.first(&switch.slots) {
        None => other.site.default_of(switch),
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
    let seen = other.site.resolved.context(context);
    if matches!(other.site.target(&data.github, &data.registries, &seen), UploadTarget::Elsewhere) {
        return Truth::No;
    }
    // Attestations need the OIDC token.
    let trusted = match other.site.credential(&data.github, &data.registries, &seen).0 {
        Ok(credential) => Truth::from(matches!(credential, Credential::Trusted)),
        Err(reason) => Truth::Unknown(reason),
    };
    let on = on.map_or_else(unknown, Truth::from);
    seen.reached().and(trusted).and(on)
}

/// Whether a script between two uploads mentions the folder or attestations, and so may remove them.
fn cleaned(subject: &Subject<'_, '_, '_>, other: &Upload<'_, '_>, folder: &str) -> bool {
    let after = other.site.resolved.position();
    let Some(upload) = subject.upload() else { return true };
    let between = upload.site.resolved.before().filter(|step| after.first().is_none_or(|first| step.index > *first));
    between
        .filter_map(|step| step.script)
        .any(|run| run.value().contains(folder) || run.value().contains("attestation"))
}

pub(crate) fn attestations(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    let switch = upload.site.pattern?.attestations.as_ref()?;
    let (on, place) = match first_text(subject, &switch.slots) {
        None => match upload.site.default_of(switch) {
            Some(on) if on == switch.default => (on, upload.site.place),
            Some(_) => return Some(Fact::word("none", upload.site.place)),
            None => return Some(Fact::unknown("the version of the action")),
        },
        Some(Err(())) => return Some(Fact::unknown("the value of the option for attestations")),
        Some(Ok((text, place))) => (!text.eq_ignore_ascii_case("false"), place),
    };
    let alone = subject.analysis.uploads_of(subject.job()?).len() < 2;
    let word = match (on, alone && !context(subject)?.run().is_called()) {
        (true, _) => "on",
        (false, true) => "off",
        (false, false) => "excused",
    };
    Some(Fact::word(word, place))
}
