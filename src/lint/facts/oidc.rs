//! Facts about the OIDC token: whether a job uses it and whether a script reveals it.

use crate::lint::facts::job::is_publishing;
use crate::lint::facts::{Fact, FactSpec, FactValues, STEP};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::needs::oidc;
use crate::trust::upload::exposure::exposed;
use crate::workflow::script::script;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "oidc.use",
        &[SubjectKind::Job],
        FactValues::OneOf(&["used", "none"]),
        "Whether a step of the job uses the OIDC token; unknown if an action that no data describes could.",
        oidc_use,
    ),
    FactSpec::new(
        "oidc.exposed",
        STEP,
        FactValues::OneOf(&["printed", "exported"]),
        "How the step's script reveals an OIDC token, if it does.",
        oidc_exposed,
    ),
];

pub(crate) fn oidc_use(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    let place = job.id.place();
    if is_publishing(subject, job) {
        return Some(Fact::text("used", place));
    }
    let data = subject.analysis.data;
    Some(match oidc::is_used(&data.needs, &data.github, subject.analysis.checkout, subject.workflow()?, job) {
        Some(used) => Fact::text(if used { "used" } else { "none" }, place),
        None => Fact::Unknown,
    })
}

fn oidc_exposed(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (workflow, job, step) = (subject.workflow()?, subject.job()?, subject.step()?);
    let github = &subject.analysis.data.github;
    let shown = &github.oidc.shown;
    // Most scripts do not contain the token's name at all.
    let named = step.script.filter(|run| shown.request.iter().any(|name| run.value().contains(name.as_str())));
    let found = named.and_then(|run| exposed(shown, run, &script(github, workflow, job, step)));
    Some(match found {
        Some((exposure, place)) => Fact::text(exposure.word(), place),
        None => Fact::Known(None, step.place),
    })
}
