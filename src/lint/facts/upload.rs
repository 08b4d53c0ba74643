//! Facts about the step that uploads: its credential, address, folder and switches in one run.

use crate::lint::explain::publisher_form;
use crate::lint::facts::artifact::layout_of;
use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::run::context;
use crate::lint::facts::{FORM, Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::read::problem::closest;
use crate::read::source::Place;
use crate::trust::registry::Claim;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::slot::{Slot, SlotValue, known_text};
use crate::trust::registry::upload_pattern::ArgumentRule;
use crate::trust::upload::build_code;
use crate::trust::upload::site::{Credential, UploadSite};
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::Truth;
use crate::workflow::step_script::commands;

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
        FactValues::OneOf(&["trusted", "stored", "maybe-empty", "minted", "role", "none"]),
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
    FactSpec::new(
        "credential.fallback",
        UPLOAD,
        YES_NO,
        "Whether the upload has a stored token although its client tries the OIDC token first.",
        credential_fallback,
    ),
    FactSpec::new(
        "upload.question",
        UPLOAD,
        YES_NO,
        "Whether the command asks a question, which has no answer in a workflow.",
        upload_question,
    ),
    FactSpec::new(
        "upload.argument",
        UPLOAD,
        FactValues::OneOf(&["accepted", "shorthand", "unexpected"]),
        "How the client reads the argument: `shorthand` for a repository at GitHub, `unexpected` if the command takes none.",
        upload_argument,
    ),
    FactSpec::new(
        "upload.argument.text",
        UPLOAD,
        FactValues::Any,
        "The argument of the command.",
        upload_argument_text,
    ),
    FactSpec::new(
        "upload.uncovered",
        UPLOAD,
        FactValues::Any,
        "Another command of the client in the job that needs a stored token and has none.",
        upload_uncovered,
    ),
    FactSpec::new(
        "upload.competitor",
        UPLOAD,
        FactValues::Any,
        "Another workflow that uploads the same package to a registry with one publisher per package.",
        upload_competitor,
    ),
    FactSpec::new("upload.package", UPLOAD, FactValues::Any, "The package that the upload sends.", upload_package),
    FactSpec::new("endpoint", UPLOAD, FactValues::Any, "The upload address that the files set.", endpoint),
    FactSpec::new(
        "endpoint.status",
        UPLOAD,
        FactValues::OneOf(&["accepted", "wrong"]),
        "Whether the registry accepts uploads at that address of its own hosts.",
        endpoint_status,
    ),
    FactSpec::new(
        "endpoint.existing",
        UPLOAD,
        FactValues::OneOf(&["own", "other", "none"]),
        "Whether the client looks for existing files at the registry of the upload or at another one.",
        endpoint_existing,
    ),
    FactSpec::new(
        "endpoint.existing.url",
        UPLOAD,
        FactValues::Any,
        "The address at which the client looks for existing files.",
        |subject, _| {
            let (text, place) = first_text(subject, &subject.upload()?.site.pattern?.existing)?.ok()?;
            Some(Fact::text(text, place))
        },
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
    Some(Fact::word(if refused { "refused" } else { "accepted" }, site.place))
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
    Some(Fact::text(folder_of(subject, upload)?, upload.site.place))
}

fn pattern(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let pattern = site.pattern?;
    let name = pattern.command.as_ref().or(pattern.action.as_ref()).or(pattern.workflow.as_ref())?;
    Some(Fact::text(name, site.place))
}

fn build_code(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, site) = (subject.analysis, &subject.upload()?.site);
    let found = build_code::build(&analysis.data.github, analysis.checkout, &target(subject)?.builds, site);
    Some(match found {
        Some((name, place)) => Fact::text(name, place),
        None => Fact::Known(None, site.place),
    })
}

fn credential(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (outcome, place) = subject.credential()?;
    Some(match outcome {
        Ok(credential) => Fact::word(credential.word(), *place),
        Err(reason) => Fact::Unknown(reason.clone()),
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
        None => yes(false, site.place),
        Some(Err(())) => Some(Fact::unknown("the value of the option")),
        Some(Ok((text, place))) => yes(text.eq_ignore_ascii_case("true"), place),
    }
}

fn endpoint(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    Some(match site.address(&subject.analysis.data.github, context(subject)?) {
        Some((text, place)) => Fact::text(text, place),
        None => Fact::Known(None, site.place),
    })
}

fn endpoint_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (text, place) = subject.upload()?.site.address(&subject.analysis.data.github, context(subject)?)?;
    let wrong = target(subject)?.refuses_uploads_at(&text);
    Some(Fact::word(if wrong { "wrong" } else { "accepted" }, place))
}

fn endpoint_existing(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let none = Some(Fact::word("none", site.place));
    let Some(pattern) = site.pattern else { return none };
    let Some(found) = first_text(subject, &pattern.existing) else { return none };
    let Ok((url, place)) = found else { return Some(Fact::unknown("the address of the index")) };
    let owner = subject.analysis.data.registries.iter().find(|registry| registry.owns_page(&url));
    let word = match owner {
        None => return Some(Fact::unknown("an index that no data describes")),
        Some(owner) if owner.id == target(subject)?.id => "own",
        Some(_) => "other",
    };
    Some(Fact::word(word, place))
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
        Some((pair, _)) => Some(Fact::word("misspelt", pair.key.place())),
        None => Some(Fact::word("known", subject.upload()?.site.place)),
    }
}

fn endpoint_input_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    misspelt(subject).map(|(pair, meant)| Fact::text(meant, pair.key.place()))
}

fn upload_folder(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (folder, place) = layout_of(subject)?.upload;
    Some(Fact::text(folder.to_string(), place))
}

fn credential_fallback(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (data, site) = (subject.analysis.data, &subject.upload()?.site);
    match site.fallback_token(&data.github, &data.registries, context(subject)?) {
        Some(place) => yes(true, place),
        None => yes(false, site.place),
    }
}

fn upload_question(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    let flags = &site.pattern?.asks_unless;
    let command = site.resolved.command.as_ref()?;
    let answered = flags.is_empty() || site.resolved.has_flag(flags) || site.resolved.has_input();
    // An unknown word may be the flag.
    if !answered && command.words.iter().any(|word| word.text().is_none()) {
        return Some(Fact::unknown("a word of the command"));
    }
    yes(!answered, site.place)
}

fn argument(subject: &Subject<'_, '_, '_>) -> Option<(&'static str, String, Place)> {
    let site = &subject.upload()?.site;
    let pattern = site.pattern?;
    let last = pattern.command.as_deref()?.split_whitespace().last()?;
    let (text, place) = site.resolved.first_argument(last, &pattern.argument_flags)?;
    let word = match pattern.argument {
        ArgumentRule::None => "unexpected",
        ArgumentRule::Shorthand if is_shorthand(&text) => "shorthand",
        ArgumentRule::Shorthand | ArgumentRule::Path => "accepted",
    };
    Some((word, text, place))
}

/// Whether npm reads a word as a repository at GitHub: `owner/name`, with one slash (npm-package-arg, `isGitHubShorthand`).
fn is_shorthand(text: &str) -> bool {
    let one = text.matches('/').count() == 1 && !text.ends_with('/');
    one && !text.starts_with(['.', '/', '~', '@', '-']) && !text.contains([':', ' ', '@'])
}

fn upload_argument(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(match argument(subject) {
        Some((word, _, place)) => Fact::word(word, place),
        None => Fact::word("accepted", subject.upload()?.site.place),
    })
}

fn upload_argument_text(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    argument(subject).map(|(_, text, place)| Fact::text(text, place))
}

fn upload_uncovered(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (data, upload) = (subject.analysis.data, subject.upload()?);
    let (site, context) = (&upload.site, context(subject)?);
    let uncovered = &target(subject)?.uncovered;
    let own = &site.resolved;
    let none = Some(Fact::Known(None, site.place));
    if uncovered.is_empty() {
        return none;
    }
    for step in steps(own.model, own.workflow, own.job) {
        let (Some(inner), true) = (step.step, step.context(context).reached() != Truth::No) else { continue };
        if inner.tolerated || inner.script.is_none() {
            continue;
        }
        for command in commands(&data.github, own.workflow, own.job, inner).iter() {
            let words = words(command);
            let found = uncovered.iter().find(|name| is_command(&data.github, &words, name, &[]));
            let Some(name) = found.filter(|_| !command.tolerated) else { continue };
            let other = ResolvedStep { command: Some(Box::new(command.clone())), ..step.clone() };
            let place = other.place();
            let other = UploadSite { resolved: other, place, ..site.clone() };
            let (credential, _) = other.credential(&data.github, &data.registries, context);
            if matches!(credential, Ok(Credential::Trusted | Credential::None)) {
                return Some(Fact::text(name, place));
            }
        }
    }
    none
}

fn upload_package(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (name, place) = publisher_form::package(subject, target(subject)?)?;
    Some(Fact::text(name, place))
}

fn upload_competitor(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (analysis, upload, registry) = (subject.analysis, subject.upload()?, target(subject)?);
    let place = upload.site.place;
    if registry.set_up.limit.is_none() {
        return Some(Fact::Known(None, place));
    }
    let file = |subject: &Subject<'_, '_, '_>| subject.claims()?.value(Claim::Workflow, registry).ok().flatten();
    let (package, own) = (publisher_form::package(subject, registry)?.0, file(subject)?);
    // The first of several workflows is not reported.
    for other in analysis.uploads.iter().take_while(|other| other.site.place != place) {
        let Some(run) = other.runs.first() else { continue };
        let found = analysis.with_upload_run(other, run, |subject| {
            let same = target(subject).is_some_and(|it| it.id == registry.id)
                && publisher_form::package(subject, registry).is_some_and(|(name, _)| name == package);
            let trusted = matches!(credential(subject, ""), Some(Fact::Known(Some(word), _)) if word == "trusted");
            file(subject).filter(|file| same && trusted && *file != own)
        });
        if let Some(file) = found {
            return Some(Fact::text(file, other.site.place));
        }
    }
    Some(Fact::Known(None, place))
}
