//! Facts about a job's runner.

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, JOB, UPLOAD};
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::trust::registry::slot::{known_text, known_texts};
use crate::workflow::expression::{Outcome, Truth};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::relevance;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "runner.status",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "unsupported"]),
        "Whether the upload can run on the job's system, and whether the registry's documentation supports that runner.",
        runner_status,
    ),
    FactSpec::new(
        "runner",
        JOB,
        FactValues::OneOf(&["linux", "windows", "macos", "self-hosted"]),
        "The operating system of the job's runner, from GitHub's runner labels.",
        runner,
    ),
    FactSpec::new(
        "runner.retired",
        UPLOAD,
        FactValues::Any,
        "The label of a retired GitHub-hosted runner, in the uploading job or a job that it needs.",
        |subject, _| Some(retired(subject)?.map_or_else(|| none(subject), |it| Fact::text(it.label, it.place))),
    ),
    FactSpec::new(
        "runner.retired-since",
        UPLOAD,
        FactValues::Any,
        "The first day without such a runner.",
        |subject, _| retired(subject)?.map(|it| Fact::text(it.since, it.place)),
    ),
    FactSpec::new("runner.retired-job", UPLOAD, FactValues::Any, "The job with that label.", |subject, _| {
        retired(subject)?.map(|it| Fact::text(it.job, it.place))
    }),
];

fn none(subject: &Subject<'_, '_, '_>) -> Fact {
    subject.job().map_or_else(|| Fact::unknown("the job"), |job| Fact::Known(None, job.id.place()))
}

/// A label of a GitHub-hosted runner that no longer exists.
struct RetiredRunner<'s> {
    label: String,
    since: &'s str,
    job: &'s str,
    place: Place,
}

/// The first retired label of the uploading job, or of a needed job that the run reaches; `Some(None)` if there is none.
fn retired<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<Option<RetiredRunner<'s>>> {
    let (workflow, job, context) = (subject.workflow()?, subject.job()?, subject.context()?);
    let simulated = context.simulated();
    let needed = relevance::ancestors(workflow, job).into_iter().filter_map(|index| workflow.jobs.get(index));
    let retired = |context: EvaluationContext<'s, 's>| retired_label(subject, &context);
    let found = needed
        .filter(|needed| !needed.tolerated)
        .find_map(|needed| retired(simulated.context(needed)).filter(|_| simulated.reached(needed) == Truth::Yes));
    Some(found.or_else(|| retired(context.for_job())))
}

fn retired_label<'s>(
    subject: &'s Subject<'s, '_, '_>,
    context: &EvaluationContext<'s, '_>,
) -> Option<RetiredRunner<'s>> {
    let github = &subject.analysis.data.github;
    let job = context.job();
    // Self-hosted runners and runners of a group can have any label.
    let [label] = job.runs_on.as_deref()? else { return None };
    let value = known_text(&context.evaluate(label.value())).filter(|_| !job.runner_group)?;
    let (_, facts) = github.retired.iter().find(|(retired, _)| retired.eq_ignore_ascii_case(&value))?;
    Some(RetiredRunner { label: value, since: &facts.since, job: job.id.value(), place: label.place() })
}

pub(crate) fn runner_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let allowed = subject.upload()?.site.pattern.map_or(&[][..], |pattern| &pattern.systems);
    // A self-hosted runner may carry any label; only GitHub's own labels name a system.
    let odd = systems.iter().find(|(system, _)| *system != "self-hosted" && !allowed.is_empty());
    if let Some((_, place)) = odd.filter(|(system, _)| allowed.iter().all(|known| known != system)) {
        return Some(Fact::word("refused", *place));
    }
    let unsupported = &target(subject)?.runners.unsupported;
    let own = systems.iter().find(|(system, _)| unsupported.iter().any(|known| known == system));
    match own {
        Some((_, place)) => Some(Fact::word("unsupported", *place)),
        None => Some(Fact::word("accepted", systems.first()?.1)),
    }
}

pub(crate) fn systems<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<Vec<(&'s str, Place)>> {
    let github = &subject.analysis.data.github;
    let mut systems = Vec::new();
    for label in subject.job()?.runs_on.as_ref()? {
        let values = match subject.context().map(|context| context.for_job().evaluate(label.value())) {
            // `runs-on=${{ github.run_id }}` is a label of a service, whatever the number is.
            Some(Outcome::Unknown(reason)) => {
                let prefix = reason.prefix().filter(|prefix| github.system(prefix) == Some("self-hosted"));
                vec![prefix?.to_owned()]
            }
            Some(known) => known_texts(&known)?,
            None => vec![label.value().to_owned()],
        };
        systems.extend(values.iter().filter_map(|value| github.system(value)).map(|system| (system, label.place())));
    }
    Some(systems)
}

fn runner(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let own = systems.iter().find(|(system, _)| *system == "self-hosted").or_else(|| systems.first());
    own.map(|(system, place)| Fact::text(*system, *place))
}
