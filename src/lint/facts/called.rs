//! Facts about uploads in called workflows: the two files, and which of them tokens and certificates name.

use crate::lint::facts::registry::target;
use crate::lint::facts::run::context;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::registry::WorkflowClaim;
use crate::workflow::model::Text;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "certificate",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "unseen-caller"]),
        "Whether the certificate of an attestation names the publisher's workflow file; for some registries, that of a called workflow names the calling file.",
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
];

pub(crate) fn certificate(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (registry, run) = (target(subject)?, context(subject)?.run());
    let differs = registry.claims.certificate.is_some_and(|named| named != registry.claims.workflow);
    let place = subject.upload()?.site.place;
    let word = match (differs && run.is_called(), run.unknown_caller) {
        (false, _) => "accepted",
        (true, true) => "unseen-caller",
        (true, false) => "refused",
    };
    // Applies only if the publisher names the called file and the certificate its caller.
    (registry.claims.workflow == WorkflowClaim::Called || !differs).then(|| Fact::word(word, place))
}

fn caller(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let call = context(subject)?.run().calls.first()?;
    let place = call.job.uses.map_or(call.job.id.place(), Text::place);
    Some(Fact::text(call.workflow.source.file_name(), place))
}

fn called(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow()?;
    Some(Fact::text(workflow.source.file_name(), subject.upload()?.site.place))
}

pub(crate) fn called_repository(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (registry, claims, place) = (target(subject)?, subject.claims()?, subject.upload()?.site.place);
    let Some(foreign) = claims.foreign.as_ref().filter(|_| registry.claims.foreign_refused) else {
        return Some(Fact::word("accepted", place));
    };
    // The full name of this repository is its own; whether the ref is the run's is unknown.
    let analysis = subject.analysis;
    let own = analysis.repository.or_else(|| analysis.repository_hint().map(|(name, _)| name));
    let itself = own.is_some_and(|own| own.eq_ignore_ascii_case(foreign));
    Some(if itself {
        Fact::unknown("whether the called workflow is in this repository")
    } else {
        Fact::word("refused", place)
    })
}

fn foreign(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    subject.claims()?.foreign.as_ref()?;
    let uses = subject.job()?.uses?;
    Some(Fact::text(uses.value(), uses.place()))
}
