//! Facts about the step that uploads: its credential, address, folder and switches in one run.

use crate::lint::facts::artifact::layout_of;
use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::run::context;
use crate::lint::facts::{FORM, Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::read::problem::closest;
use crate::trust::registry::slot::{Slot, SlotValue, known_text};
use crate::trust::upload::build_code;
use crate::trust::upload::site::CredentialOutcome;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "in-action",
        UPLOAD,
        FORM,
        "Whether the upload can run here; some actions cannot run inside a composite action.",
        in_action,
    ),
    FactSpec::new("folder", UPLOAD, FactValues::Any, "The folder whose files are uploaded.", folder),
    FactSpec::new("upload", UPLOAD, FactValues::Any, "The command, action or called workflow that uploads.", pattern),
    FactSpec::new(
        "credential",
        UPLOAD,
        FactValues::OneOf(&["trusted", "stored", "maybe-empty", "minted", "none"]),
        "The credential that the upload sends.",
        credential,
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
    FactSpec::new(
        "upload.folder",
        UPLOAD,
        FactValues::Any,
        "The folder in which the upload looks for files.",
        upload_folder,
    ),
];

fn in_action(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let refused = site.pattern?.refused_in_actions && !site.resolved.frames.is_empty();
    Some(Fact::text(if refused { "refused" } else { "accepted" }, site.resolved.place()))
}

/// The normalised folder of an upload in this run.
pub(crate) fn folder_of(subject: &Subject<'_, '_, '_>, upload: &Upload<'_, '_>) -> Option<String> {
    let rule = upload.site.pattern?.files.as_ref()?;
    let text = match upload.site.resolved.first(&rule.slots) {
        None => rule.folder.clone()?,
        Some((_, SlotValue::Text(text, _))) => known_text(&upload.site.resolved.resolve(&text, context(subject)?))?,
        Some((_, SlotValue::Unknown(_) | SlotValue::Absent)) => return None,
    };
    Some(text.trim().trim_start_matches("./").trim_end_matches('/').to_owned())
}

fn folder(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    Some(Fact::text(folder_of(subject, upload)?, upload.site.resolved.place()))
}

fn pattern(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let pattern = site.pattern?;
    let name = pattern.command.as_ref().or(pattern.action.as_ref()).or(pattern.workflow.as_ref())?;
    Some(Fact::text(name, site.resolved.place()))
}

fn build_code(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, site) = (subject.analysis, &subject.upload()?.site);
    let found = build_code::build(&analysis.data.github, analysis.checkout, &target(subject)?.builds, site);
    Some(match found {
        Some((name, place)) => Fact::text(name, place),
        None => Fact::Known(None, site.resolved.place()),
    })
}

fn credential(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let data = subject.analysis.data;
    let (outcome, place) = subject.upload()?.site.credential(&data.github, &data.registries, context(subject)?);
    Some(match outcome {
        CredentialOutcome::Known(credential) => Fact::text(credential.word(), place),
        CredentialOutcome::Unknown(_) => Fact::Unknown,
    })
}

/// The value of the first of some slots that is set.
pub(crate) fn first_text(
    subject: &Subject<'_, '_, '_>,
    slots: &[Slot],
) -> Option<Result<(String, crate::read::source::Place), ()>> {
    let site = &subject.upload()?.site;
    let (_, given) = site.resolved.first(slots)?;
    let SlotValue::Text(text, place) = given else { return Some(Err(())) };
    let value = context(subject).and_then(|context| known_text(&context.evaluate(&text)));
    Some(value.map(|value| (value, place)).ok_or(()))
}

fn skip_existing(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    match first_text(subject, &site.pattern?.skip_existing) {
        None => yes(false, site.resolved.place()),
        Some(Err(())) => Some(Fact::Unknown),
        Some(Ok((text, place))) => yes(text.eq_ignore_ascii_case("true"), place),
    }
}

fn endpoint(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    Some(match site.address(context(subject)?) {
        Some((text, place)) => Fact::text(text, place),
        None => Fact::Known(None, site.resolved.place()),
    })
}

fn endpoint_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (text, place) = subject.upload()?.site.address(context(subject)?)?;
    let wrong = target(subject)?.refuses_uploads_at(&text);
    Some(Fact::text(if wrong { "wrong" } else { "accepted" }, place))
}

fn endpoint_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(target(subject)?.endpoints.uploads.first()?, target_place(subject)?))
}

/// An input that the action does not have, and the address input that it resembles.
fn misspelt<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<(crate::workflow::model::Pair<'s>, &'s str)> {
    let site = &subject.upload()?.site;
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
        None => Some(Fact::text("known", subject.upload()?.site.resolved.place())),
    }
}

fn endpoint_input_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    misspelt(subject).map(|(pair, meant)| Fact::text(meant, pair.key.place()))
}

fn upload_folder(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (folder, place) = layout_of(subject)?.upload;
    Some(Fact::text(folder.to_string(), place))
}
