//! Facts about the registry of an upload, a login or a publisher.

use crate::lint::explain::{ExplainedValue, FormLine, publisher_form};
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::registry::{Claim, Registry};
use crate::trust::upload::site::UploadTarget;

const OF_REGISTRY: &[SubjectKind] =
    &[SubjectKind::Login, SubjectKind::Upload, SubjectKind::Publisher, SubjectKind::Document];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("registry", OF_REGISTRY, FactValues::Any, "The registry's id.", registry_id),
    FactSpec::new("registry.name", OF_REGISTRY, FactValues::Any, "The registry's name.", registry_name),
    FactSpec::new(
        "registry.environment",
        UPLOAD,
        YES_NO,
        "Whether the registry's form for a publisher has a field for the environment.",
        registry_environment,
    ),
    FactSpec::new("registry.test", UPLOAD, YES_NO, "Whether the registry is a test instance.", registry_test),
    FactSpec::new(
        "registry.form",
        UPLOAD,
        FactValues::OneOf(&["environment", "fields", "none"]),
        "Whether the registry has a publisher form, and whether the form has a field for the environment.",
        registry_form,
    ),
    FactSpec::new(
        "registry.link",
        UPLOAD,
        FactValues::Any,
        "The address of the form in which a publisher for the upload is registered.",
        registry_link,
    ),
    FactSpec::new(
        "registry.fields",
        UPLOAD,
        FactValues::Any,
        "The fields of that form with the values that accept the upload.",
        registry_fields,
    ),
    FactSpec::new(
        "registry.login",
        UPLOAD,
        FactValues::Any,
        "The action that logs in to the registry with OIDC, if there is one.",
        registry_login,
    ),
];

pub(crate) fn target<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<&'s Registry> {
    match subject.target() {
        Some(UploadTarget::Registry(registry, _)) => Some(registry),
        Some(_) => None,
        None => {
            let login = subject.login().map(|login| login.registry);
            login.or_else(|| subject.publisher().map(|publisher| publisher.registry))
        }
    }
}

pub(crate) fn target_place(subject: &Subject<'_, '_, '_>) -> Option<Place> {
    match subject.target() {
        Some(UploadTarget::Registry(_, place)) => Some(*place),
        _ => {
            let login = subject.login().map(|login| login.resolved.place());
            login.or_else(|| subject.publisher().map(|publisher| publisher.place))
        }
    }
}

fn registry_id(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.id.clone(), target_place(subject)?))
}

fn registry_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.name.clone(), target_place(subject)?))
}

fn registry_environment(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(target(subject)?.field_of(Claim::Environment).is_some(), target_place(subject)?)
}

fn registry_test(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(target(subject)?.test, target_place(subject)?)
}

fn registry_form(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let registry = target(subject)?;
    let word = match registry.field_of(Claim::Environment) {
        Some(_) => "environment",
        None if registry.record.is_empty() => "none",
        None => "fields",
    };
    Some(Fact::word(word, target_place(subject)?))
}

fn registry_link(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let form = publisher_form::form(subject, target(subject)?);
    let link = form.link.or(form.settings).or_else(|| form.pending.map(str::to_owned));
    Some(Fact::optional(link, target_place(subject)?))
}

fn registry_fields(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let form = publisher_form::form(subject, target(subject)?);
    let field = |line: &FormLine<'_>| {
        let value = match &line.value {
            ExplainedValue::Known(value) => format!("`{value}`"),
            ExplainedValue::Each(values) => format!("one publisher for each of `{}`", values.join("`, `")),
            ExplainedValue::Unknown(_) => "to fill in".to_owned(),
            ExplainedValue::Absent => return None,
        };
        Some(format!("{}: {value}", line.field.label))
    };
    let fields: Vec<String> = form.lines.iter().filter_map(field).collect();
    Some(Fact::text(fields.join("; "), target_place(subject)?))
}

fn registry_login(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let action = target(subject)?.logins.iter().find(|login| login.is_minted()).map(|login| login.name().to_owned());
    Some(Fact::optional(action, target_place(subject)?))
}
