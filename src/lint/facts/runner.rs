//! Facts about a job's runner.

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, JOB, UPLOAD};
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::trust::registry::slot::known_text;

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
        "The operating system of the job's runner, by GitHub's own labels.",
        runner,
    ),
];

pub(crate) fn runner_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let allowed = subject.upload()?.site.pattern.map_or(&[][..], |pattern| &pattern.systems);
    // A self-hosted runner may carry any label; only GitHub's own labels name a system.
    let odd = systems.iter().find(|(system, _)| *system != "self-hosted" && !allowed.is_empty());
    if let Some((_, place)) = odd.filter(|(system, _)| allowed.iter().all(|known| known != system)) {
        return Some(Fact::text("refused", *place));
    }
    let unsupported = &target(subject)?.runners.unsupported;
    let own = systems.iter().find(|(system, _)| unsupported.iter().any(|known| known == system));
    match own {
        Some((_, place)) => Some(Fact::text("unsupported", *place)),
        None => Some(Fact::text("accepted", systems.first()?.1)),
    }
}

pub(crate) fn systems<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<Vec<(&'s str, Place)>> {
    let github = &subject.analysis.data.github;
    let mut systems = Vec::new();
    for label in subject.job()?.runs_on.as_ref()? {
        let value = match subject.context() {
            Some(context) => known_text(&context.for_job().evaluate(label.value()))?,
            None => label.value().to_owned(),
        };
        if let Some(system) = github.system(&value) {
            systems.push((system, label.place()));
        }
    }
    Some(systems)
}

fn runner(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let own = systems.iter().find(|(system, _)| *system == "self-hosted").or_else(|| systems.first());
    own.map(|(system, place)| Fact::text(*system, *place))
}
