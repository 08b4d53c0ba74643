//! Facts about the runs that reach an upload, all runs taken together.

use crate::lint::blockers::{self, AncestorReach, Blocker, SkippedAncestor};
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::workflow::expression::Truth;
use crate::workflow::model::Text;
use crate::workflow::simulate::relevance;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "reachable",
        UPLOAD,
        YES_NO,
        "Whether a run reaches the upload; unknown if other repositories may call its workflow, or if its condition is `false` on purpose.",
        reachable,
    ),
    FactSpec::new(
        "reachable.blockers",
        UPLOAD,
        FactValues::Any,
        "The conditions that are false in every run.",
        blockers,
    ),
    FactSpec::new(
        "ancestors",
        UPLOAD,
        FactValues::OneOf(&["reached", "skipped"]),
        "Whether every run for a release skips a job that the upload needs, and therefore the upload.",
        ancestors,
    ),
    FactSpec::new("ancestor", UPLOAD, FactValues::Any, "The needed job that is skipped.", ancestor),
    FactSpec::new("ancestor.when", UPLOAD, FactValues::Any, "The runs in which it is skipped.", ancestor_when),
    FactSpec::new(
        "condition.constant",
        UPLOAD,
        FactValues::Any,
        "A condition of the upload, its job or a needed job that is true in every run although it reads a context.",
        constant_condition,
    ),
];

fn blockers_of<'s>(subject: &Subject<'s, '_, '_>) -> Option<Option<&'s [Blocker]>> {
    subject.upload().map(Upload::blockers)
}

fn reachable(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    match blockers_of(subject)? {
        // The undeclared output is reported by a rule of its own.
        Some(blockers)
            if blockers
                .iter()
                .any(|blocker| blockers::reads_nothing(subject.analysis.checkout, upload, blocker.place)) =>
        {
            Some(Fact::unknown("the repositories that call the workflow"))
        }
        Some(blockers) => yes(false, blockers.first()?.place),
        None if upload.reachable() == Truth::Yes => yes(true, upload.site.place),
        None => Some(Fact::unknown("whether a run reaches the upload")),
    }
}

fn blockers(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let blockers = blockers_of(subject)??;
    let texts: Vec<_> = blockers.iter().map(|blocker| format!("`{}`", blocker.condition)).collect();
    Some(Fact::text(texts.join(" and "), blockers.first()?.place))
}

fn ancestors(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    Some(match blockers::ancestors(upload) {
        AncestorReach::Reached => Fact::word("reached", upload.site.place),
        AncestorReach::Skipped(SkippedAncestor { job, .. }) => {
            let place = job.condition.map_or(job.id.place(), Text::place);
            match blockers::reads_nothing(subject.analysis.checkout, upload, place) {
                true => Fact::unknown("a condition that reads no context"),
                false => Fact::word("skipped", place),
            }
        }
        AncestorReach::Unknown => Fact::unknown("whether a needed job is skipped"),
    })
}

fn skipped<'a, 'p>(subject: &'_ Subject<'_, 'a, 'p>) -> Option<SkippedAncestor<'a, 'p>> {
    match blockers::ancestors(subject.upload()?) {
        AncestorReach::Skipped(skipped) => Some(skipped),
        AncestorReach::Reached | AncestorReach::Unknown => None,
    }
}

fn ancestor(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = skipped(subject)?.job;
    Some(Fact::text(job.id.value(), job.id.place()))
}

fn ancestor_when(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let skipped = skipped(subject)?;
    Some(Fact::text(skipped.when, skipped.job.id.place()))
}

fn constant_condition(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let resolved = &subject.upload()?.site.resolved;
    let (workflow, job) = (resolved.workflow, resolved.job);
    let steps = resolved.frames.iter().map(|frame| frame.step).chain(resolved.step);
    let steps = steps.filter_map(|step| Some((job, step.condition?)));
    let needed = relevance::ancestors(workflow, job).into_iter().filter_map(|index| workflow.jobs.get(index));
    let jobs = needed.chain([job]).filter_map(|job| Some((job, job.condition?)));
    let constant = steps.chain(jobs).find(|(job, text)| blockers::is_always_true(workflow, job, *text));
    Some(match constant {
        Some((_, text)) => Fact::text(text.value().trim(), text.place()),
        None => Fact::Known(None, resolved.place()),
    })
}
