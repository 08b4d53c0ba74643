//! Facts about the client that uploads: its order of credentials and its version. The data lists the minimum versions.

use crate::lint::facts::registry::target;
use crate::lint::facts::run::context;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::registry::upload_pattern::{ActionRefs, CredentialOrder, OidcSupport};
use crate::trust::upload::unset_variable::{self, UnsetVariable};
use crate::trust::upload::version::{self, ActionStatus, ClientVersion};
use crate::workflow::model::action;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "client",
        UPLOAD,
        FactValues::Any,
        "The client that uploads, if its versions are described.",
        client_name,
    ),
    FactSpec::new("client.version", UPLOAD, FactValues::Any, "The version of the client that uploads.", client_version),
    FactSpec::new(
        "client.status",
        UPLOAD,
        FactValues::OneOf(&["current", "outdated", "inferred"]),
        "Whether that version supports trusted publishing; `inferred` if another tool installs a version that does not.",
        client_status,
    ),
    FactSpec::new(
        "client.minimum",
        UPLOAD,
        FactValues::Any,
        "The first version of the client that supports trusted publishing.",
        client_minimum,
    ),
    FactSpec::new(
        "client.suffices",
        UPLOAD,
        FactValues::OneOf(&["yes", "no", "unstated"]),
        "Whether the client, and the action that uploads, are new enough for trusted publishing; `unstated` if the files do not state the version of one of them.",
        client_suffices,
    ),
    FactSpec::new(
        "client.upgrade",
        UPLOAD,
        FactValues::OneOf(&["works", "broken"]),
        "Whether a step before the upload upgrades the client in a way that is known to fail.",
        client_upgrade,
    ),
    FactSpec::new(
        "client.upgrade.command",
        UPLOAD,
        FactValues::Any,
        "The command that upgrades the client.",
        |subject, _| broken_upgrade(subject).map(|upgrade| Fact::text(upgrade.command, upgrade.place)),
    ),
    FactSpec::new(
        "client.upgrade.cause",
        UPLOAD,
        FactValues::Any,
        "Why the upgrade fails; its place is the input that selects the version.",
        |subject, _| broken_upgrade(subject).map(|upgrade| Fact::text(upgrade.rule.cause.clone(), upgrade.selected)),
    ),
    FactSpec::new(
        "client.variable",
        UPLOAD,
        FactValues::OneOf(&["works", "unset"]),
        "Whether a program before the upload stops because a file that an action wrote names a variable without a value.",
        client_variable,
    ),
    FactSpec::new(
        "client.variable.name",
        UPLOAD,
        FactValues::Any,
        "The variable without a value; its place is the input with which the action writes the file.",
        |subject, _| unset_variable(subject).map(|unset| Fact::text(unset.rule.variable.clone(), unset.written)),
    ),
    FactSpec::new(
        "client.variable.command",
        UPLOAD,
        FactValues::Any,
        "The command that stops at the variable without a value.",
        |subject, _| unset_variable(subject).map(|unset| Fact::text(unset.command, unset.place)),
    ),
    FactSpec::new(
        "client.variable.error",
        UPLOAD,
        FactValues::Any,
        "The message with which the command stops.",
        |subject, _| unset_variable(subject).map(|unset| Fact::text(unset.rule.error.clone(), unset.place)),
    ),
    FactSpec::new(
        "client.variable.action",
        UPLOAD,
        FactValues::Any,
        "The action that writes the file with the variable.",
        |subject, _| unset_variable(subject).map(|unset| Fact::text(unset.rule.action.clone(), unset.written)),
    ),
    FactSpec::new(
        "client.order",
        UPLOAD,
        FactValues::OneOf(&["token-first", "oidc-first", "none"]),
        "What the client tries first; `none` if it cannot request an OIDC token itself.",
        client_order,
    ),
    FactSpec::new(
        "client.switch",
        UPLOAD,
        FactValues::Any,
        "The flag or input that switches off the client's own request for an OIDC token.",
        client_switch,
    ),
];

fn client_of(subject: &Subject<'_, '_, '_>) -> Option<ClientVersion> {
    let data = subject.analysis.data;
    version::client(&subject.upload()?.site, &data.github, &data.registries, context(subject)?)
}

fn client_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let name = client_of(subject).map(|client| client.client).or_else(|| site.pattern?.client.clone());
    Some(Fact::optional(name, site.place))
}

fn client_version(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    client_of(subject).map(|client| Fact::text(client.version, client.place))
}

fn client_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    client_of(subject).map(|client| Fact::word(client.status.word(), client.place))
}

fn client_minimum(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let known = client_of(subject).map(|client| client.minimum);
    let minimum = known
        .or_else(|| Some(subject.analysis.data.registries.client(site.pattern?.client.as_deref()?)?.minimum.clone()));
    minimum.map(|minimum| Fact::text(minimum, site.place))
}

fn client_suffices(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (data, site) = (subject.analysis.data, &subject.upload()?.site);
    let pattern = site.pattern?;
    let by_client = || client_of(subject).map(|client| !client.status.is_too_old());
    let by_action = || {
        let uses = site.resolved.step.map_or(site.resolved.job.uses, |step| step.uses)?;
        let refs = version::refs(&data.registries, action(uses.value()))?;
        if refs.since.is_none() && pattern.since.is_none() {
            return Some(true);
        }
        let own = ActionRefs { since: refs.since.clone().or_else(|| pattern.since.clone()), ..refs.clone() };
        let status = version::action_status(&own, site.resolved.source(), uses);
        status.map(|status| status == ActionStatus::Current)
    };
    let named = pattern.command.is_none();
    let stated = match (named, &pattern.client) {
        (true, Some(_)) => by_action().and_then(|action| Some(action && by_client()?)),
        (true, None) => by_action(),
        (false, Some(_)) => by_client(),
        (false, None) => pattern.since.is_none().then_some(true),
    };
    let word = match stated {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unstated",
    };
    Some(Fact::word(word, site.place))
}

fn broken_upgrade<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<version::FailedUpgrade<'s>> {
    let clients = target(subject)?.clients.values();
    version::broken_upgrade(&subject.upload()?.site, &subject.analysis.data.github, clients, context(subject)?)
}

fn client_upgrade(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(match broken_upgrade(subject) {
        Some(upgrade) => Fact::word("broken", upgrade.place),
        None => Fact::word("works", subject.upload()?.site.place),
    })
}

fn unset_variable<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<UnsetVariable<'s>> {
    let rules = &target(subject)?.unset_variables;
    unset_variable::unset_variable(&subject.upload()?.site, &subject.analysis.data.github, rules, context(subject)?)
}

fn client_variable(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(match unset_variable(subject) {
        Some(unset) => Fact::word("unset", unset.place),
        None => Fact::word("works", subject.upload()?.site.place),
    })
}

fn client_switch(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (site, context) = (&subject.upload()?.site, subject.context()?);
    let switch = site.pattern.map_or(Ok(None), |pattern| site.oidc_switch(pattern, context)).ok()?;
    Some(switch.map_or(Fact::Known(None, site.place), |(text, place)| Fact::text(text, place)))
}

fn client_order(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let word = match site.pattern.map(|pattern| (pattern.oidc, pattern.order))? {
        (OidcSupport::None, _) => "none",
        (OidcSupport::Native, CredentialOrder::Unknown) => return None,
        (OidcSupport::Native, CredentialOrder::TokenFirst) => "token-first",
        (OidcSupport::Native, CredentialOrder::OidcFirst) => "oidc-first",
    };
    Some(Fact::word(word, site.place))
}
