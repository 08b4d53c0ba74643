//! Facts about the registry of an upload and its claims.

use crate::lint::facts::job::{environment, systems};
use crate::lint::facts::run::context;
use crate::lint::facts::{ANSWERS, FORM, Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::publisher;
use crate::trust::registry::{Claim, Registry};
use crate::trust::upload::site::UploadTarget;
use crate::trust::verdict::ClaimVerdict;
use crate::workflow::model::Text;

const OF_REGISTRY: &[SubjectKind] =
    &[SubjectKind::Login, SubjectKind::Upload, SubjectKind::Publisher, SubjectKind::Document];

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new("registry", OF_REGISTRY, FactValues::Any, "The registry's id.", registry_id),
    FactSpec::new("registry.name", OF_REGISTRY, FactValues::Any, "The registry's name.", registry_name),
    FactSpec::new("registry.test", UPLOAD, YES_NO, "Whether the registry is a test instance.", registry_test),
    FactSpec::new(
        "environment.suggests",
        UPLOAD,
        FactValues::Any,
        "The registry that the environment's name mentions as a whole word.",
        environment_suggests,
    ),
    FactSpec::new(
        "environment.registry-match",
        UPLOAD,
        FactValues::OneOf(&["own", "other", "none"]),
        "Whether the environment's name mentions this registry, another one, or none.",
        environment_fits,
    ),
    FactSpec::new(
        "environment.form",
        UPLOAD,
        FORM,
        "Whether the registry's form accepts the environment's name.",
        environment_form,
    ),
    FactSpec::new(
        "environment.url.registry",
        UPLOAD,
        FactValues::OneOf(&["own", "other"]),
        "Whether the environment's `url` points to this registry or to another one.",
        environment_url_registry,
    ),
    FactSpec::new(
        "runner.status",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "unsupported"]),
        "Whether the upload can run on the job's system, and whether the registry's documentation supports that runner.",
        runner_status,
    ),
    FactSpec::new("publishers", UPLOAD, YES_NO, "Whether the config declares any publisher.", publishers_declared),
    FactSpec::new(
        "publisher",
        UPLOAD,
        YES_NO,
        "Whether the config declares a publisher for this registry.",
        publisher_declared,
    ),
    FactSpec::new(
        "claim.*",
        UPLOAD,
        ANSWERS,
        "What the registry answers to a claim: `owner`, `repository`, `workflow`, `environment`, `ref`, `workflow-repository`; or to the user of the login (`user`) and the kind of upload (`operation`).",
        claim,
    ),
    FactSpec::new("token.*", UPLOAD, FactValues::Any, "The value of a claim in the run's OIDC token.", token),
];

pub(crate) fn target<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<&'s Registry> {
    match subject.target {
        Some(UploadTarget::Registry(registry, _)) => Some(registry),
        Some(_) => None,
        None => {
            let login = subject.login.map(|login| login.registry);
            login.or_else(|| subject.publisher.map(|publisher| publisher.registry))
        }
    }
}

pub(crate) fn target_place(subject: &Subject<'_, '_, '_>) -> Option<Place> {
    match subject.target {
        Some(UploadTarget::Registry(_, place)) => Some(*place),
        _ => {
            let login = subject.login.map(|login| login.resolved.place());
            login.or_else(|| subject.publisher.map(|publisher| publisher.place))
        }
    }
}

fn registry_id(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.id.clone(), target_place(subject)?))
}

fn registry_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.name.clone(), target_place(subject)?))
}

fn registry_test(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(target(subject)?.test, target_place(subject)?)
}

fn suggestion<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<(Vec<&'s str>, Place)> {
    let Some(Fact::Known(name, place)) = environment(subject, "") else { return None };
    Some((name.map(|name| subject.analysis.data.suggested(&name)).unwrap_or_default(), place))
}

fn environment_suggests(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (suggested, place) = suggestion(subject)?;
    let own = &target(subject)?.id;
    let one = suggested.iter().find(|id| *id == own).or_else(|| suggested.first());
    let name = one.and_then(|id| subject.analysis.data.registries.get(id)).map(|registry| registry.name.clone());
    Some(Fact::Known(name, place))
}

fn environment_fits(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (suggested, place) = suggestion(subject)?;
    let own = target(subject)?.id.as_str();
    let word = if suggested.contains(&own) {
        "own"
    } else if suggested.is_empty() {
        "none"
    } else {
        "other"
    };
    Some(Fact::text(word, place))
}

fn environment_form(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let Some(Fact::Known(Some(name), place)) = environment(subject, "") else { return None };
    let field = target(subject)?.field_of(Claim::Environment)?;
    Some(Fact::text(if publisher::accepts(field, &name).is_ok() { "accepted" } else { "refused" }, place))
}

fn environment_url_registry(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let url = subject.job?.environment?.url?;
    // The host is known even if the end of the address is an expression.
    let fixed = url.value().split("${{").next().unwrap_or_default();
    let host_is_whole = fixed == url.value() || fixed.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let owner =
        subject.analysis.data.registries.iter().find(|registry| registry.owns_page(fixed)).filter(|_| host_is_whole)?;
    let own = owner.id == target(subject)?.id || job_uploads_to(subject, owner)?;
    Some(Fact::text(if own { "own" } else { "other" }, url.place()))
}

/// Whether another upload of the same job goes to a registry in this run.
fn job_uploads_to(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Option<bool> {
    let (analysis, context, job) = (subject.analysis, context(subject)?, subject.job?);
    let mut sites = analysis.uploads.iter().map(|upload| &upload.site);
    Some(sites.any(|site| {
        let here = site.resolved.job.id.place() == job.id.place();
        let target = || site.target(&analysis.data.registries, &site.resolved.seen(context));
        here && matches!(target(), UploadTarget::Registry(other, _) if other.id == registry.id)
    }))
}

fn runner_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let allowed = subject.upload?.site.pattern.map_or(&[][..], |pattern| &pattern.systems);
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

fn publishers_declared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(!subject.analysis.config.publishers.is_empty(), target_place(subject)?)
}

fn publisher_declared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    target(subject)?;
    yes(subject.publisher.is_some(), target_place(subject)?)
}

fn claim(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let (claims, publisher) = (subject.claims?, subject.publisher?);
    let place = claim_place(subject, claim)?;
    let answer: ClaimVerdict = claims.answer(claim, publisher);
    Some(answer.word().map_or(Fact::Unknown, |word| Fact::text(word, place)))
}

fn claim_place(subject: &Subject<'_, '_, '_>, claim: Claim) -> Option<Place> {
    match claim {
        Claim::Environment => Some(subject.claims?.environment_place),
        Claim::Workflow | Claim::WorkflowRepository | Claim::Operation => target_place(subject),
        Claim::Ref => Some(subject.claims?.ref_place),
        Claim::User => Some(subject.claims?.user_place),
        Claim::Owner | Claim::Repository => {
            let declared = subject.publisher.and_then(|publisher| publisher.entry_of(claim)).map(|entry| entry.place);
            declared.or_else(|| subject.analysis.config.repository.map(Text::place))
        }
    }
}

fn token(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let value = subject.claims?.value(claim, target(subject)?).ok()?;
    Some(Fact::Known(value, claim_place(subject, claim)?))
}
