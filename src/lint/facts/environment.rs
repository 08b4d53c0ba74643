//! Facts about a job's environment: its name, its `url`, the registry that they mention and the refs that it accepts.

use crate::lint::facts::registry::target;
use crate::lint::facts::run::context;
use crate::lint::facts::{FORM, Fact, FactSpec, FactValues, JOB, UPLOAD, job_value};
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::trust::publisher;
use crate::trust::registry::slot::known_text;
use crate::trust::registry::{Claim, Registry};
use crate::trust::upload::site::{UploadSite, UploadTarget};
use crate::workflow::expression::{Outcome, Truth};
use crate::workflow::github::RefKind;
use crate::workflow::model::Text;
use crate::workflow::ref_pattern::{self, RefName};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
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
        "Whether the environment's name mentions this registry, another one to which the job uploads nothing, or neither.",
        environment_registry_match,
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
    FactSpec::new("environment", JOB, FactValues::Any, "The name of the job's environment.", environment),
    FactSpec::new("environment.url", JOB, FactValues::Any, "The `url` of the job's environment.", environment_url),
    FactSpec::new(
        "environment.refs",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused"]),
        "Whether the refs that the config declares for the environment accept the run's ref.",
        environment_refs,
    ),
    FactSpec::new(
        "environment.patterns",
        UPLOAD,
        FactValues::Any,
        "The refs that the config declares for the environment.",
        environment_patterns,
    ),
    FactSpec::new(
        "environment.url.package",
        UPLOAD,
        FactValues::OneOf(&["same", "other"]),
        "Whether the environment's `url` is the page of the publisher's package, or of another one.",
        environment_url_package,
    ),
    FactSpec::new(
        "environment.url.name",
        UPLOAD,
        FactValues::Any,
        "The package whose page the environment's `url` is.",
        environment_url_name,
    ),
];

fn suggested_registries<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<(Vec<&'s str>, Place)> {
    let Some(Fact::Known(name, place)) = environment(subject, "") else { return None };
    Some((name.map(|name| subject.analysis.data.suggested(&name)).unwrap_or_default(), place))
}

fn environment_suggests(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (suggested, place) = suggested_registries(subject)?;
    let own = &target(subject)?.id;
    let one = suggested.iter().find(|id| *id == own).or_else(|| suggested.first());
    let name = one.and_then(|id| subject.analysis.data.registries.get(id)).map(|registry| registry.name.clone());
    Some(Fact::optional(name, place))
}

fn environment_registry_match(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (suggested, place) = suggested_registries(subject)?;
    let own = target(subject)?.id.as_str();
    let registries = &subject.analysis.data.registries;
    let shared = || {
        let others = suggested.iter().filter_map(|id| registries.get(id));
        others.map(|other| job_uploads_to(subject, other)).any(|uploads| uploads != Some(false))
    };
    let word = if suggested.contains(&own) {
        "own"
    } else if suggested.is_empty() || shared() {
        "none"
    } else {
        "other"
    };
    Some(Fact::word(word, place))
}

fn environment_form(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let Some(Fact::Known(Some(name), place)) = environment(subject, "") else { return None };
    let field = target(subject)?.field_of(Claim::Environment)?;
    Some(Fact::word(if publisher::accepts(field, &name).is_ok() { "accepted" } else { "refused" }, place))
}

fn environment_url_registry(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let url = subject.job()?.environment?.url?;
    // The host is known even if the end of the address is an expression.
    let fixed = url.value().split("${{").next().unwrap_or_default();
    let host_is_whole = fixed == url.value() || fixed.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let owner =
        subject.analysis.data.registries.iter().find(|registry| registry.owns_page(fixed)).filter(|_| host_is_whole)?;
    let own = owner.id == target(subject)?.id || job_uploads_to(subject, owner)?;
    Some(Fact::word(if own { "own" } else { "other" }, url.place()))
}

/// Whether another upload of the same job goes to a registry in this run.
fn job_uploads_to(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Option<bool> {
    let (analysis, context, job) = (subject.analysis, context(subject)?, subject.job()?);
    let uploads_there = |site: &UploadSite<'_, '_>| {
        let target = site.target(&analysis.data.github, &analysis.data.registries, &site.resolved.context(context));
        matches!(target, UploadTarget::Registry(other, _) if other.id == registry.id)
    };
    Some(analysis.uploads_of(job).into_iter().any(|upload| uploads_there(&upload.site)))
}

pub(crate) fn environment(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    // The environment of a called workflow in another repository is passed by the calling job.
    if let (None, Some(claims)) = (subject.step(), subject.claims()) {
        return Some(match &claims.environment {
            Outcome::Unknown(reason) => Fact::Unknown(reason.clone()),
            known => Fact::optional(known_text(known).filter(|name| !name.is_empty()), claims.environment_place),
        });
    }
    match job.environment {
        Some(environment) => job_value(subject, environment.name),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn environment_url(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    match job.environment.and_then(|environment| environment.url) {
        Some(url) => job_value(subject, url),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

/// The ref patterns that the config declares for the job's environment. GitHub ignores case in names of environments.
fn environment_ref_patterns<'s, 'p>(subject: &'s Subject<'s, '_, 'p>) -> Option<&'s [Text<'p>]> {
    let Some(Fact::Known(Some(name), _)) = environment(subject, "") else { return None };
    let settings = &subject.analysis.config.environments;
    let own = settings.iter().find(|settings| settings.name.value().eq_ignore_ascii_case(&name))?;
    own.refs.as_deref()
}

fn environment_refs(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let patterns = environment_ref_patterns(subject)?;
    let run = crate::lint::facts::run::context(subject)?.run();
    let place = subject.job()?.environment?.name.place();
    let reference = &run.reference;
    let prefix = match reference.kind {
        RefKind::Tag | RefKind::Branch => reference.kind.prefix()?,
        RefKind::PullRequest | RefKind::Unknown => return Some(Fact::unknown("the ref of the run")),
    };
    // A pattern may name the full ref.
    let names = patterns.iter().map(|text| text.value()).filter_map(|text| match text.starts_with("refs/") {
        true => text.strip_prefix(prefix),
        false => Some(text),
    });
    let name = RefName { prefix: &reference.prefix, complete: reference.complete };
    Some(match ref_pattern::matches_any(names, name) {
        Truth::No => Fact::word("refused", place),
        Truth::Yes => Fact::word("accepted", place),
        Truth::Unknown(reason) => Fact::Unknown(reason),
    })
}

fn environment_patterns(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let patterns = environment_ref_patterns(subject)?;
    let texts: Vec<_> = patterns.iter().map(|text| format!("`{}`", text.value())).collect();
    Some(Fact::text(texts.join(", "), patterns.first()?.place()))
}

fn package_of_url(subject: &Subject<'_, '_, '_>) -> Option<(String, Place)> {
    let url = subject.job()?.environment?.url?;
    // The address may name the package although it ends in an expression.
    let fixed = url.value().split("${{").next().unwrap_or_default();
    let name = target(subject)?.package_at(fixed, fixed == url.value())?;
    let at = fixed.rfind(&name)?;
    let place = url.inner(at..at + name.len());
    Some((name, place))
}

fn environment_url_package(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let registry = target(subject)?;
    let (name, place) = package_of_url(subject)?;
    let own = &subject.publisher()?.entry("package")?.value;
    if registry.names.same(own, &name) {
        return Some(Fact::word("same", place));
    }
    // If several publishers differ in their package only, the address may name any of them.
    let mut others = subject.analysis.publishers.of_registry(&registry.id);
    let meant =
        others.any(|other| other.entry("package").is_some_and(|entry| registry.names.same(&entry.value, &name)));
    (!meant).then(|| Fact::word("other", place))
}

fn environment_url_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (name, place) = package_of_url(subject)?;
    Some(Fact::text(name, place))
}
