//! The publisher to enter in a registry's form so that it accepts an upload, whatever is registered there now.

use crate::lint::analysis::Hint;
use crate::lint::explain::ExplainedValue;
use crate::lint::facts::Fact;
use crate::lint::facts::permission::permission;
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::trust::publisher_list::PACKAGE;
use crate::trust::registry::slot::known_text;
use crate::trust::registry::upload_pattern::{LoginPattern, OidcSupport, UploadPattern};
use crate::trust::registry::{Claim, Comparison, FormField, Registry};
use crate::trust::upload::package::{self, NameComparison, UploadedPackage, UploadedPackages};
use crate::workflow::expression::Outcome;

/// A registry's form, filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct PublisherForm<'a> {
    /// Its fields, in the form's own order.
    pub lines: Vec<FormLine<'a>>,
    /// The address of an existing package's form, with the values it can carry; `None` if the package is unknown.
    pub link: Option<String>,
    /// The same address with `<field>` for the unknown package; `None` if there is a link.
    pub settings: Option<String>,
    /// What the job needs before any publisher can accept it.
    pub before: Vec<FirstStep<'a>>,
    /// How many publishers one package can have, if other uploads may need another publisher for the same package.
    pub limit: Option<&'a str>,
    /// The address of the form for a first release.
    pub pending: Option<&'a str>,
    /// How to publish a first release.
    pub first_release: &'a str,
}

/// What a job needs before any publisher can accept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstStep<'a> {
    /// The permission to request an OIDC token.
    IdToken,
    /// A step that exchanges it for the registry's own token: one of these actions.
    Login(Vec<&'a str>),
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct FormLine<'a> {
    /// The field.
    pub field: &'a FormField,
    /// The value to enter; absent for a field to leave empty.
    pub value: ExplainedValue,
    /// The place that determines it.
    pub place: Option<Place>,
    /// Where the value comes from if it is only a hint; `None` if the files determine it.
    pub hint: Option<Hint>,
}

impl PartialEq for FormLine<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.field.name == other.field.name && self.value == other.value && self.place == other.place
    }
}

/// Fills in the form of a registry for one run of an upload.
pub(crate) fn form<'a>(subject: &Subject<'_, '_, '_>, registry: &'a Registry) -> PublisherForm<'a> {
    let lines: Vec<FormLine<'a>> = registry.record.iter().map(|field| line(subject, registry, field)).collect();
    let project = registry.set_up.project.as_deref();
    let link = project.and_then(|template| filled(template, &lines));
    let settings = project.filter(|_| link.is_none()).map(bracketed);
    PublisherForm {
        lines,
        link,
        settings,
        before: before(subject, registry),
        limit: None,
        pending: registry.set_up.pending.as_deref(),
        first_release: &registry.set_up.first_release,
    }
}

fn before<'a>(subject: &Subject<'_, '_, '_>, registry: &'a Registry) -> Vec<FirstStep<'a>> {
    let mut found = Vec::new();
    if matches!(permission(subject, "id-token"), Some(Fact::Known(Some(access), _)) if access != "write") {
        found.push(FirstStep::IdToken);
    }
    let site = subject.upload().map(|upload| &upload.site);
    let own = |pattern: &UploadPattern| pattern.oidc == OidcSupport::Native;
    if site.is_some_and(|site| site.login.is_none() && site.pattern.is_some_and(|pattern| !own(pattern))) {
        let logins: Vec<&str> = registry.logins.iter().filter(|it| it.is_minted()).map(LoginPattern::name).collect();
        found.extend((!logins.is_empty()).then_some(FirstStep::Login(logins)));
    }
    found
}

/// Marks the forms of packages that can have one publisher only, if another form may be for the same package and differs.
pub(crate) fn limit<'a>(forms: &mut [(&'a Registry, &mut PublisherForm<'a>)]) {
    let package =
        |form: &PublisherForm<'_>| form.lines.iter().find(|line| line.field.name == PACKAGE).map(|it| it.value.clone());
    let rest = |form: &PublisherForm<'_>| {
        let rest = form.lines.iter().filter(|line| line.field.name != PACKAGE);
        rest.map(|line| line.value.clone()).collect::<Vec<_>>()
    };
    let all: Vec<_> = forms.iter().map(|(registry, form)| (*registry, package(form), rest(form))).collect();
    for (registry, form) in forms {
        let Some(limit) = registry.set_up.limit.as_deref() else { continue };
        let (own, says) = (package(form), rest(form));
        let may_be_own = |other: &Option<ExplainedValue>| match (&own, other) {
            (Some(ExplainedValue::Known(own)), Some(ExplainedValue::Known(other))) => registry.names.same(own, other),
            _ => true,
        };
        let others = all.iter().filter(|(other, ..)| other.id == registry.id);
        if others.into_iter().any(|(_, package, other)| *other != says && may_be_own(package)) {
            form.limit = Some(limit);
        }
    }
}

fn line<'a>(subject: &Subject<'_, '_, '_>, registry: &Registry, field: &'a FormField) -> FormLine<'a> {
    let line = |value, place| FormLine { field, value, place, hint: None };
    let Some(claim) = field.claim else { return other_line(subject, registry, field) };
    if field.compare == Some(Comparison::TagPattern) {
        return tag_line(subject, field);
    }
    let place = match claim {
        Claim::Environment => subject.claims().map(|claims| claims.environment_place),
        Claim::User => subject.claims().map(|claims| claims.user_place),
        Claim::Owner | Claim::Repository => subject.analysis.config.repository.map(|text| text.place()),
        Claim::Workflow | Claim::Ref | Claim::Branch | Claim::WorkflowRepository | Claim::Operation => None,
    };
    match subject.claims().map(|claims| claims.value(claim, registry)) {
        Some(Ok(Some(value))) if claim == Claim::WorkflowRepository => {
            let owner = value.split('/').next().unwrap_or_default();
            line(ExplainedValue::Known(owner.to_owned()), place)
        }
        Some(Ok(Some(value))) => line(ExplainedValue::Known(value), place),
        Some(Ok(None)) => line(ExplainedValue::Absent, place),
        Some(Err(reason)) => match hint(subject, field, claim) {
            Some((value, hint)) => {
                let place = subject.analysis.checkout.guard.filter(|_| hint == Hint::Condition);
                FormLine { field, value: ExplainedValue::Known(value), place, hint: Some(hint) }
            }
            None if matches!(claim, Claim::Owner | Claim::Repository) => {
                line(ExplainedValue::Unknown(NAMELESS.to_owned()), None)
            }
            None => line(ExplainedValue::Unknown(reason.to_string()), place),
        },
        None => line(ExplainedValue::Unknown("the claims of the run".to_owned()), None),
    }
}

/// A field that no claim is compared with: the package, a switch, or something that only the owner knows.
fn other_line<'a>(subject: &Subject<'_, '_, '_>, registry: &Registry, field: &'a FormField) -> FormLine<'a> {
    let line = |value, place| FormLine { field, value, place, hint: None };
    let switch = |on: bool| line(ExplainedValue::Known(on.to_string()), None);
    if field.name == PACKAGE {
        return match (packages(subject, registry), &field.default) {
            (Ok(named), _) => match named.as_slice() {
                [(name, place)] => line(ExplainedValue::Known(name.clone()), Some(*place)),
                several => line(ExplainedValue::Each(several.iter().map(|(name, _)| name.clone()).collect()), None),
            },
            (Err(_), Some(default)) => line(ExplainedValue::Known(default.clone()), None),
            (Err(reason), None) => line(ExplainedValue::Unknown(reason), None),
        };
    }
    if let Some(event) = &field.event {
        let runs = subject.upload().map_or(&[][..], |upload| &upload.runs);
        return switch(runs.iter().any(|upload_run| upload_run.run().event == *event));
    }
    if let Some(switched) = registry.record.iter().find(|other| other.switch.as_ref() == Some(&field.name)) {
        return switch(self::line(subject, registry, switched).value.known().is_some());
    }
    if let Some(name) = foreign_name(subject, registry, field) {
        return line(ExplainedValue::Known(name), None);
    }
    match &field.default {
        Some(default) => line(ExplainedValue::Known(default.clone()), None),
        None if field.required => line(ExplainedValue::Unknown("no file contains it".to_owned()), None),
        None => line(ExplainedValue::Absent, None),
    }
}

/// The repository name of a called workflow, for the field next to the one that holds its owner.
fn foreign_name(subject: &Subject<'_, '_, '_>, registry: &Registry, field: &FormField) -> Option<String> {
    let owner = registry.record.iter().find(|other| other.with.as_ref() == Some(&field.name))?;
    let claim = owner.claim.filter(|claim| *claim == Claim::WorkflowRepository)?;
    let whole = subject.claims()?.value(claim, registry).ok()??;
    whole.split_once('/').map(|(_, name)| name.to_owned())
}

/// The tag pattern: the common beginning of the tags that start the run, then the version.
fn tag_line<'a>(subject: &Subject<'_, '_, '_>, field: &'a FormField) -> FormLine<'a> {
    let claims = subject.claims();
    let tags = claims.and_then(|claims| claims.tags.as_ref()).map_or(&[][..], Vec::as_slice);
    let mut beginnings: Vec<&str> =
        tags.iter().map(|tag| tag.split(['*', '?', '[', '+', '!', '\\']).next().unwrap_or_default()).collect();
    beginnings.dedup();
    let value = match beginnings.as_slice() {
        // `v1.*` begins with a part of the version.
        [beginning] => ExplainedValue::Known(format!(
            "{}{{{{version}}}}",
            beginning.trim_end_matches(|letter: char| !letter.is_alphabetic() && letter != '-' && letter != '/')
        )),
        _ => ExplainedValue::Unknown("the tags that start the run".to_owned()),
    };
    FormLine { field, value, place: claims.map(|claims| claims.ref_place), hint: None }
}

/// The repository's name from the git remote or a condition, if the config does not name it.
fn hint(subject: &Subject<'_, '_, '_>, field: &FormField, claim: Claim) -> Option<(String, Hint)> {
    let (repository, hint) = subject.analysis.repository_hint()?;
    let (owner, name) = repository.split_once('/')?;
    match claim {
        Claim::Owner => Some((owner.to_owned(), hint)),
        Claim::Repository if field.whole => Some((format!("{owner}/{name}"), hint)),
        Claim::Repository => Some((name.to_owned(), hint)),
        _ => None,
    }
}

/// Why owner and name of the repository are unknown.
const NAMELESS: &str = "no config, git remote or condition names the repository";

/// The packages of the upload, with the places that name them; or why they are unknown. If only the environment's address names a package,
/// it is that one.
pub(crate) fn packages(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Result<Vec<(String, Place)>, String> {
    let known = uploaded(subject, registry);
    let list = |packages: &[UploadedPackage<'_>]| packages.iter().map(|it| (it.name.clone(), it.place)).collect();
    let manifests = &subject.analysis.project.manifests;
    let unnamed = |package: &&UploadedPackage<'_>| {
        let word = || package::name(manifests, registry, &package.name);
        package.manifest.is_none() && word().is_some_and(|word| word.likeness == NameComparison::Other)
    };
    let Some((name, place)) = addressed(subject, registry) else {
        return match known {
            Some(Ok(packages)) => match packages.iter().find(unnamed) {
                Some(package) => Err(format!("the command names `{}`, and no manifest does", package.name)),
                None => Ok(list(packages)),
            },
            Some(Err(reason)) => Err(reason.to_string()),
            None => Err("the uploads of the run".to_owned()),
        };
    };
    match known {
        Some(Ok(packages)) if packages.iter().any(|package| registry.names.same(&package.name, &name)) => {
            Ok(list(packages))
        }
        Some(Ok(packages)) => {
            let other = packages.first().map_or("", |package| package.name.as_str());
            Err(format!("the environment's address names `{name}`, the project's files `{other}`"))
        }
        _ => Ok(vec![(name, place)]),
    }
}

/// The packages of the upload according to its command and the project's manifests.
pub(crate) fn uploaded<'s, 'p>(subject: &Subject<'s, '_, 'p>, registry: &Registry) -> Option<&'s UploadedPackages<'p>> {
    let (upload, view) = (subject.upload()?, subject.view()?);
    Some(view.run.packages(upload, view.context, subject.analysis.data, registry))
}

/// The package of the upload, if it is one.
pub(crate) fn package(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Option<(String, Place)> {
    packages(subject, registry).ok().filter(|found| found.len() == 1)?.into_iter().next()
}

/// The package that the environment's address names.
fn addressed(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Option<(String, Place)> {
    let url = subject.job()?.environment?.url?;
    let outcome = subject.context()?.evaluate(url.value());
    let name = match &outcome {
        Outcome::Unknown(reason) => registry.package_at(reason.prefix()?, false),
        outcome => registry.package_at(&known_text(outcome)?, true),
    };
    Some((name?, url.place()))
}

/// The address of a template without its query, with `<field>` for each placeholder.
fn bracketed(template: &str) -> String {
    template.split('?').next().unwrap_or_default().replace('{', "<").replace('}', ">")
}

/// Fills in a template. `None` if a field of the path is unknown; unknown fields of the query are left out.
fn filled(template: &str, lines: &[FormLine<'_>]) -> Option<String> {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let path = filled_part(path, lines)?;
    let query: Vec<String> = query.split('&').filter_map(|part| filled_part(part, lines)).collect();
    let query = query.join("&");
    Some(if query.is_empty() { path } else { format!("{path}?{query}") })
}

fn filled_part(template: &str, lines: &[FormLine<'_>]) -> Option<String> {
    let mut address = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        address.push_str(before);
        let value = lines.iter().find(|line| line.field.name == name)?.value.known()?;
        address.push_str(&encoded(value));
        rest = after;
    }
    address.push_str(rest);
    Some(address)
}

/// Percent-encodes every byte except the unreserved ones of RFC 3986.
pub(crate) fn encoded(text: &str) -> String {
    let mut address = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled_with(template: &str, values: &[(&str, ExplainedValue)]) -> Option<String> {
        let fields: Vec<FormField> = values
            .iter()
            .map(|(name, _)| serde_yaml::from_str(&format!("{{ name: {name}, label: {name} }}")).unwrap())
            .collect();
        let line = |(field, (_, value)): (_, &(&str, ExplainedValue))| FormLine {
            field,
            value: value.clone(),
            place: None,
            hint: None,
        };
        let lines: Vec<FormLine<'_>> = fields.iter().zip(values).map(line).collect();
        filled(template, &lines)
    }

    #[test]
    fn values_cannot_leave_their_part_of_the_address() {
        let known = |text: &str| ExplainedValue::Known(text.to_owned());
        let address = filled_with(
            "https://r.example/{package}/new?file={workflow}&environment={environment}",
            &[("package", known("@a/b")), ("workflow", known("x&owner=evil#.yml")), ("environment", known("é é"))],
        );
        assert_eq!(
            address.as_deref(),
            Some("https://r.example/%40a%2Fb/new?file=x%26owner%3Devil%23.yml&environment=%C3%A9%20%C3%A9")
        );
    }

    #[test]
    fn an_unknown_package_has_no_page_but_an_unknown_answer_stays_open() {
        let template = "https://r.example/{package}?owner={owner}";
        let unknown = || ExplainedValue::Unknown("why".to_owned());
        assert_eq!(filled_with(template, &[("package", unknown()), ("owner", ExplainedValue::Absent)]), None);
        let package = ("package", ExplainedValue::Known("demo".to_owned()));
        let address = filled_with(template, &[package, ("owner", unknown())]);
        assert_eq!(address.as_deref(), Some("https://r.example/demo"));
    }
}
