//! Facts about the action of a step: its name, its ref, and what the data says about that ref.

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, STEP, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::registry::upload_pattern::ActionRefs;
use crate::trust::upload::metadata;
use crate::trust::upload::site::Credential;
use crate::trust::upload::version::{self, ActionStatus};
use crate::workflow::model::{Text, action};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "action.judged",
        STEP,
        FactValues::Any,
        "The action that uploads or logs in. If both steps use an action, the one whose ref is worse.",
        action_judged,
    ),
    FactSpec::new(
        "action.status",
        STEP,
        FactValues::OneOf(&["current", "outdated", "sunset", "without-image", "nonexistent"]),
        "The state of that action's ref.",
        action_status,
    ),
    FactSpec::new(
        "action.fault",
        UPLOAD,
        FactValues::OneOf(&["none", "outdated", "sunset", "sunset-with-token", "metadata"]),
        "Why the action's ref cannot upload: it is `outdated` for trusted publishing, `sunset` (`sunset-with-token` if a stored token uploads), or it or an action that checks the packages before cannot read their `metadata`.",
        action_fault,
    ),
    FactSpec::new(
        "action.metadata",
        UPLOAD,
        FactValues::Any,
        "The version of the packages' metadata that an action cannot read, with its place in the manifest.",
        |subject, _| unread_metadata(subject).map(|it| Fact::text(it.metadata.version.clone(), it.backend_place)),
    ),
    FactSpec::new(
        "action.metadata.reader",
        UPLOAD,
        FactValues::Any,
        "The action that cannot read it.",
        |subject, _| unread_metadata(subject).map(|it| Fact::text(it.reader.to_owned(), it.place)),
    ),
    FactSpec::new(
        "action.metadata.minimum",
        UPLOAD,
        FactValues::Any,
        "The first version of that action that can.",
        |subject, _| unread_metadata(subject).map(|it| Fact::text(it.minimum.to_owned(), it.place)),
    ),
    FactSpec::new(
        "action.metadata.backend",
        UPLOAD,
        FactValues::Any,
        "The build backend that writes it.",
        |subject, _| unread_metadata(subject).map(|it| Fact::text(it.backend.to_owned(), it.backend_place)),
    ),
    FactSpec::new(
        "action.version",
        STEP,
        FactValues::Any,
        "The version of that action: its tag, or the version that its commit belongs to.",
        action_version,
    ),
    FactSpec::new(
        "action.minimum",
        STEP,
        FactValues::Any,
        "The first version of that action that supports trusted publishing.",
        action_minimum,
    ),
    FactSpec::new("action.pin", STEP, FactValues::Any, "Why the pinned commit has no container image.", action_pin),
    FactSpec::new(
        "action.recommended",
        STEP,
        FactValues::Any,
        "The ref that the action's maintainer recommends.",
        action_recommended,
    ),
    FactSpec::new(
        "action.lock",
        STEP,
        FactValues::OneOf(&["locked", "unlocked"]),
        "Whether `actions.lock` lists the action for the workflow; unknown if it does not list the workflow.",
        |subject, _| {
            let (workflow, uses) = (subject.workflow()?, subject.step()?.uses?);
            let own = uses.value().starts_with(['.', '$']) || uses.value().contains("://");
            let inside = uses.place().file == workflow.file && !own && !uses.value().contains("${{");
            let lock = subject.analysis.checkout.lock.as_ref().filter(|_| inside)?;
            let allowed = lock.allows(workflow.source.path(), uses.value())?;
            Some(Fact::word(if allowed { "locked" } else { "unlocked" }, uses.place()))
        },
    ),
    FactSpec::new("action", STEP, FactValues::Any, "The action that the step uses, without its ref.", step_action),
    FactSpec::new("action.ref", STEP, FactValues::Any, "The ref of the action.", step_action_ref),
];

/// An action that uploads or logs in, with the data about its refs.
struct JudgedAction<'s, 'p> {
    uses: Text<'p>,
    refs: &'s ActionRefs,
    status: Option<ActionStatus>,
}

impl JudgedAction<'_, '_> {
    fn known(&self, value: Option<String>) -> Option<Fact> {
        value.map(|value| Fact::text(value, self.uses.place()))
    }
}

fn judged<'s, 'p>(subject: &'s Subject<'s, '_, 'p>) -> Option<JudgedAction<'s, 'p>> {
    let registries = &subject.analysis.data.registries;
    let login = subject.upload().and_then(|upload| upload.site.login.as_ref());
    let own = subject.step().map_or(subject.job().and_then(|job| job.uses), |step| step.uses);
    let all = [own, login.and_then(|login| login.resolved.step?.uses)];
    let all = all.into_iter().flatten().filter_map(|uses| {
        let refs = version::refs(registries, action(uses.value()))?;
        let source = subject.analysis.project.source(uses.place().file)?;
        Some(JudgedAction { uses, refs, status: version::action_status(refs, source, uses) })
    });
    let fault = |judged: &JudgedAction<'_, '_>| judged.status.is_some_and(|status| status != ActionStatus::Current);
    let mut all: Vec<_> = all.collect();
    let worst = all.iter().position(fault).unwrap_or(0);
    (worst < all.len()).then(|| all.swap_remove(worst))
}

fn action_judged(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    judged.known(Some(action(judged.uses.value()).to_owned()))
}

fn action_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    judged.known(judged.status.map(|status| status.word().to_owned()))
}

fn unread_metadata<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<metadata::UnreadMetadata<'s>> {
    let (registries, upload) = (&subject.analysis.data.registries, subject.upload()?);
    metadata::unread(registries, target(subject)?, &upload.site, subject.context()?)
}

fn action_fault(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let place = subject.upload()?.site.place;
    let judged = judged(subject);
    let status = judged.as_ref().and_then(|judged| judged.status);
    let fault = if matches!(status, Some(ActionStatus::Outdated | ActionStatus::Sunset)) {
        match &subject.credential()?.0 {
            Ok(Credential::Trusted | Credential::Minted | Credential::MaybeEmpty) => {
                Some(if status == Some(ActionStatus::Sunset) { "sunset" } else { "outdated" })
            }
            Ok(_) => Some("sunset-with-token").filter(|_| status == Some(ActionStatus::Sunset)),
            Err(reason) => return Some(Fact::Unknown(reason.clone())),
        }
    } else {
        None
    };
    if let (Some(fault), Some(judged)) = (fault, judged) {
        return judged.known(Some(fault.to_owned()));
    }
    Some(unread_metadata(subject).map_or(Fact::word("none", place), |it| Fact::word("metadata", it.place)))
}

fn action_version(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    let source = subject.analysis.project.source(judged.uses.place().file)?;
    judged.known(version::action_version(judged.refs, source, judged.uses))
}

fn action_minimum(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    judged.known(judged.refs.since.clone())
}

fn action_pin(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    let pin = version::reference(judged.uses.value())?.to_lowercase();
    judged.known(judged.refs.without_image.get(&pin).cloned())
}

fn action_recommended(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    judged.known(judged.refs.recommended.first().map(|glob| glob.as_str().to_owned()))
}

fn step_action(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let step = subject.step()?;
    Some(match step.uses {
        Some(uses) => Fact::text(action(uses.value()), uses.place()),
        None => Fact::Known(None, step.place),
    })
}

fn step_action_ref(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let step = subject.step()?;
    Some(match step.uses {
        Some(uses) => {
            Fact::optional(uses.value().split_once('@').map(|(_, reference)| reference.to_owned()), uses.place())
        }
        None => Fact::Known(None, step.place),
    })
}
