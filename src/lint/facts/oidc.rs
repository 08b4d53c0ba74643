//! Facts about the OIDC token: whether a job uses it and whether a script reveals it.

use crate::lint::facts::job::is_publishing;
use crate::lint::facts::{Fact, FactSpec, FactValues, STEP};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::lint::uploads::Upload;
use crate::trust::needs::oidc;
use crate::trust::upload::exposure::exposed;
use crate::trust::upload::script_exchange::{self, InvalidExchange};
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::step_script::script;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "oidc.use",
        &[SubjectKind::Job],
        FactValues::OneOf(&["used", "none"]),
        "Whether a step of the job uses the OIDC token; unknown if an action without data may use it.",
        oidc_use,
    ),
    FactSpec::new(
        "oidc.exposed",
        STEP,
        FactValues::OneOf(&["printed", "exported"]),
        "How the step's script reveals an OIDC token, if it does.",
        oidc_exposed,
    ),
    FactSpec::new(
        "oidc.exchange",
        &[SubjectKind::Step],
        FactValues::OneOf(&["accepted", "key", "audience", "no-audience", "address"]),
        "Whether the exchange of the OIDC token that the step's script makes can work: `key` if the OIDC token itself is passed to the client, `audience`, `no-audience` or `address` if the registry refuses the audience or has no exchange at the address.",
        |subject, _| {
            let place = subject.step()?.place;
            Some(
                invalid_exchange(subject)
                    .map_or(Fact::word("accepted", place), |it| Fact::word(it.fault.word(), it.place)),
            )
        },
    ),
    FactSpec::new(
        "oidc.exchange.found",
        &[SubjectKind::Step],
        FactValues::Any,
        "The audience or the address that the registry refuses.",
        |subject, _| invalid_exchange(subject).map(|it| Fact::text(it.found, it.place)),
    ),
    FactSpec::new(
        "oidc.exchange.audience",
        &[SubjectKind::Step],
        FactValues::Any,
        "The audience that the registry of the exchange expects.",
        |subject, _| invalid_exchange(subject).map(|it| Fact::text(it.registry.audience.clone(), it.place)),
    ),
    FactSpec::new(
        "oidc.exchange.registry",
        &[SubjectKind::Step],
        FactValues::Any,
        "The registry of the exchange.",
        |subject, _| invalid_exchange(subject).map(|it| Fact::text(it.registry.name.clone(), it.place)),
    ),
];

fn invalid_exchange<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<InvalidExchange<'s>> {
    let (workflow, job, step, analysis) = (subject.workflow()?, subject.job()?, subject.step()?, subject.analysis);
    let data = analysis.data;
    let inside =
        |upload: &&&Upload<'_, '_>| upload.site.resolved.outermost().is_some_and(|own| own.index == step.index);
    let uploads = analysis.uploads_of(job);
    let uploads = uploads.iter().filter(inside);
    let key = uploads.into_iter().find_map(|upload| script_exchange::as_key(&data.github, &upload.site));
    key.or_else(|| {
        if !script_exchange::may_be_in(&data.github, analysis.checkout, step) {
            return None;
        }
        let own = ResolvedStep { step: Some(step), ..ResolvedStep::calling(analysis.checkout, workflow, job) };
        script_exchange::in_step(&data.github, &data.registries, own)
    })
}

pub(crate) fn oidc_use(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    let place = job.id.place();
    if is_publishing(subject, job) {
        return Some(Fact::word("used", place));
    }
    let data = subject.analysis.data;
    Some(match oidc::is_used(&data.needs, &data.github, subject.analysis.checkout, subject.workflow()?, job) {
        Some(used) => Fact::word(if used { "used" } else { "none" }, place),
        None => Fact::unknown("an action that may use the OIDC token"),
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
        Some((exposure, place)) => Fact::word(exposure.word(), place),
        None => Fact::Known(None, step.place),
    })
}
