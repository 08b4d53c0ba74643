//! Facts about declared publishers.

use crate::lint::facts::job::unseen;
use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::registry::Claim;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("publishers", UPLOAD, YES_NO, "Whether the config declares any publisher.", publishers_declared),
    FactSpec::new(
        "publisher",
        UPLOAD,
        YES_NO,
        "Whether the config declares a publisher for this registry.",
        publisher_declared,
    ),
    FactSpec::new(
        "publisher.*",
        &[SubjectKind::Upload, SubjectKind::Publisher, SubjectKind::Field, SubjectKind::Document],
        FactValues::Any,
        "A field of the declared publisher.",
        publisher_field,
    ),
    FactSpec::new(
        "publisher.used",
        &[SubjectKind::Publisher],
        YES_NO,
        "Whether an upload is compared with this publisher; unknown while a workflow does not parse or an upload is undecided.",
        publisher_used,
    ),
];

fn publishers_declared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(!subject.analysis.config.publishers.is_empty(), target_place(subject)?)
}

fn publisher_declared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    target(subject)?;
    yes(subject.publisher().is_some(), target_place(subject)?)
}

fn publisher_field(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let publisher = subject.publisher()?;
    Some(match publisher.entry(name) {
        Some(entry) => Fact::text(entry.value.clone(), entry.place),
        None => Fact::Known(None, publisher.place),
    })
}

fn publisher_used(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let publisher = subject.publisher()?;
    let analysis = subject.analysis;
    if analysis.is_assigned(publisher) {
        return yes(true, publisher.place);
    }
    let broken =
        analysis.project.workflows.len() != analysis.workflows.len() || !analysis.project.unreadable.is_empty();
    // An upload in this registry's environment that goes to another registry is most likely the intended one.
    // A job in the workflow that the publisher names may upload unseen.
    let named = publisher.entry_of(Claim::Workflow).map(|entry| entry.value.as_str());
    let unseen = analysis
        .workflows
        .iter()
        .filter(|workflow| Some(workflow.source.file_name()) == named)
        .any(|workflow| workflow.jobs.iter().any(|job| unseen(analysis, workflow, job).is_some()));
    if broken || unseen || analysis.may_be_assigned(publisher) {
        Some(Fact::unknown("the uploads of a workflow that is not decided"))
    } else {
        yes(false, publisher.place)
    }
}
