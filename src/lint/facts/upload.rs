//! Facts about the step that uploads: its credential, address and switches in one run.

use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::run::context;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::read::problem::closest;
use crate::trust::registry::slot::{Slot, SlotValue, known_text};
use crate::trust::registry::upload_pattern::{CredentialOrder, OidcSupport};
use crate::trust::upload::build_code;
use crate::trust::upload::site::CredentialOutcomes;

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new("upload", UPLOAD, FactValues::Any, "The command, action or called workflow that uploads.", pattern),
    FactSpec::new(
        "credential",
        UPLOAD,
        FactValues::OneOf(&["trusted", "stored", "maybe-empty", "minted", "none"]),
        "The credential that the upload sends.",
        credential,
    ),
    FactSpec::new(
        "client.order",
        UPLOAD,
        FactValues::OneOf(&["token-first", "oidc-first", "none"]),
        "What the client tries first; `none` if it cannot request an OIDC token itself.",
        client_order,
    ),
    FactSpec::new(
        "build.code",
        UPLOAD,
        FactValues::Any,
        "The first action or command before the upload in its job that runs build code, as listed in the registry's data.",
        build_code,
    ),
    FactSpec::new(
        "skip-existing",
        UPLOAD,
        YES_NO,
        "Whether files that already exist at the registry are skipped.",
        skip_existing,
    ),
    FactSpec::new(
        "attestations",
        UPLOAD,
        FactValues::OneOf(&["on", "off", "excused"]),
        "Whether the upload sends attestations; `excused` if another upload in the job or a calling workflow would make them fail.",
        attestations,
    ),
    FactSpec::new("endpoint", UPLOAD, FactValues::Any, "The upload address that the files set.", endpoint),
    FactSpec::new(
        "endpoint.status",
        UPLOAD,
        FactValues::OneOf(&["accepted", "wrong"]),
        "Whether the registry accepts uploads at that address of its own hosts.",
        endpoint_status,
    ),
    FactSpec::new("endpoint.meant", UPLOAD, FactValues::Any, "The registry's upload address.", endpoint_meant),
    FactSpec::new(
        "endpoint.input",
        UPLOAD,
        FactValues::OneOf(&["known", "misspelt"]),
        "Whether the step sets an input that the action does not have and that resembles its input for the address.",
        endpoint_input,
    ),
    FactSpec::new(
        "endpoint.input.meant",
        UPLOAD,
        FactValues::Any,
        "The input that a misspelt one most likely means.",
        endpoint_input_meant,
    ),
];

fn pattern(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    let pattern = site.pattern?;
    let name = pattern.command.as_ref().or(pattern.action.as_ref()).or(pattern.workflow.as_ref())?;
    Some(Fact::text(name, site.resolved.place()))
}

fn build_code(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, site) = (subject.analysis, &subject.upload?.site);
    let found = build_code::build(&analysis.data.github, analysis.checkout, &target(subject)?.builds, site);
    Some(match found {
        Some((name, place)) => Fact::text(name, place),
        None => Fact::Known(None, site.resolved.place()),
    })
}

fn credential(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let data = subject.analysis.data;
    let (outcome, place) = subject.upload?.site.credential(&data.github, &data.registries, context(subject)?);
    Some(match outcome {
        CredentialOutcomes::Known(credential) => Fact::text(credential.word(), place),
        CredentialOutcomes::Unknown(_) => Fact::Unknown,
    })
}

fn client_order(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    let word = match site.pattern.map(|pattern| (pattern.oidc, pattern.order))? {
        (OidcSupport::None, _) => "none",
        (OidcSupport::Native, CredentialOrder::TokenFirst) => "token-first",
        (OidcSupport::Native, CredentialOrder::OidcFirst) => "oidc-first",
    };
    Some(Fact::text(word, site.resolved.place()))
}

/// The value of the first of some slots that is set.
fn first_text(
    subject: &Subject<'_, '_, '_>,
    slots: &[Slot],
) -> Option<Result<(String, crate::read::source::Place), ()>> {
    let site = &subject.upload?.site;
    let (_, given) = site.resolved.first(slots)?;
    let SlotValue::Text(text, place) = given else { return Some(Err(())) };
    let value = context(subject).and_then(|context| known_text(&context.evaluate(&text)));
    Some(value.map(|value| (value, place)).ok_or(()))
}

fn skip_existing(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    match first_text(subject, &site.pattern?.skip_existing) {
        None => yes(false, site.resolved.place()),
        Some(Err(())) => Some(Fact::Unknown),
        Some(Ok((text, place))) => yes(text.eq_ignore_ascii_case("true"), place),
    }
}

fn attestations(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload?;
    let switch = upload.site.pattern?.attestations.as_ref()?;
    let (on, place) = match first_text(subject, &switch.slots) {
        None => (switch.default, upload.site.resolved.place()),
        Some(Err(())) => return Some(Fact::Unknown),
        Some(Ok((text, place))) => (!text.eq_ignore_ascii_case("false"), place),
    };
    let job = subject.job?.id.place();
    let same_job = |other: &&crate::lint::uploads::Upload<'_, '_>| other.site.resolved.job.id.place() == job;
    let alone = subject.analysis.uploads.iter().filter(same_job).count() < 2;
    let word = match (on, alone && !context(subject)?.run().is_called()) {
        (true, _) => "on",
        (false, true) => "off",
        (false, false) => "excused",
    };
    Some(Fact::text(word, place))
}

fn endpoint(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    Some(match site.address(context(subject)?) {
        Some((text, place)) => Fact::text(text, place),
        None => Fact::Known(None, site.resolved.place()),
    })
}

fn endpoint_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (text, place) = subject.upload?.site.address(context(subject)?)?;
    let wrong = target(subject)?.refuses_uploads_at(&text);
    Some(Fact::text(if wrong { "wrong" } else { "accepted" }, place))
}

fn endpoint_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.endpoints.uploads.first()?, target_place(subject)?))
}

/// An input that the action does not have, and the address input that it resembles.
fn misspelt<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<(crate::workflow::model::Pair<'s>, &'s str)> {
    let site = &subject.upload?.site;
    let pattern = site.pattern.filter(|pattern| !pattern.inputs.is_empty())?;
    let has = |name: &str| pattern.inputs.iter().any(|known| known.eq_ignore_ascii_case(name));
    let addresses = || pattern.endpoint.slots.iter().filter_map(|slot| slot.input.as_deref());
    site.resolved.with().entries.iter().filter(|pair| !has(pair.key.value())).find_map(|pair| {
        let meant = closest(pair.key.value(), pattern.inputs.iter().map(String::as_str))?;
        addresses().find(|known| *known == meant).map(|meant| (*pair, meant))
    })
}

fn endpoint_input(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    match misspelt(subject) {
        Some((pair, _)) => Some(Fact::text("misspelt", pair.key.place())),
        None => Some(Fact::text("known", subject.upload?.site.resolved.place())),
    }
}

fn endpoint_input_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    misspelt(subject).map(|(pair, meant)| Fact::text(meant, pair.key.place()))
}
