//! Facts about the simulated run: its event and its ref.

use crate::lint::facts::registry::target;
use crate::lint::facts::{FORM, Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::trust::publisher::Publisher;
use crate::workflow::github::RefKind;
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("event", UPLOAD, FactValues::Any, "The event that starts the run.", event),
    FactSpec::new(
        "event.status",
        UPLOAD,
        FactValues::OneOf(&["accepted", "refused", "disabled"]),
        "Whether the registry accepts tokens of that event; `disabled` if the declared publisher does not allow it.",
        event_status,
    ),
    FactSpec::new(
        "event.policy",
        UPLOAD,
        FactValues::OneOf(&["accepted", "blocked"]),
        "Whether GitHub blocks the event by default in public repositories; `accepted` if the registry refuses it anyway.",
        |subject, _| {
            let (run, blocked) = blocked_from(subject)?;
            let refused = matches!(event_status(subject, ""), Some(Fact::Known(Some(word), _)) if word == "refused");
            Some(Fact::word(if blocked.is_some() && !refused { "blocked" } else { "accepted" }, run.trigger))
        },
    ),
    FactSpec::new(
        "event.blocked-from",
        UPLOAD,
        FactValues::Any,
        "The day from which GitHub blocks the event by default.",
        |subject, _| {
            let (run, blocked) = blocked_from(subject)?;
            Some(Fact::text(blocked?, run.trigger))
        },
    ),
    FactSpec::new(
        "event.fork",
        UPLOAD,
        YES_NO,
        "Whether the event also runs for forks, which get no OIDC token.",
        event_fork,
    ),
    FactSpec::new(
        "ref",
        UPLOAD,
        FactValues::OneOf(&["tag", "branch", "pull-request"]),
        "The kind of ref that `github.ref` names in the run.",
        ref_kind,
    ),
    FactSpec::new(
        "ref.status",
        UPLOAD,
        FORM,
        "Whether the registry accepts tokens of that kind of ref; unknown if a person chooses the ref.",
        ref_status,
    ),
];

pub(crate) fn context<'s, 'p>(subject: &'s Subject<'s, '_, 'p>) -> Option<&'s EvaluationContext<'s, 'p>> {
    subject.context()
}

fn event(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let run = context(subject)?.run();
    Some(if run.unknown_caller {
        Fact::unknown("the calling workflow")
    } else {
        Fact::text(run.event.clone(), run.trigger)
    })
}

pub(crate) fn event_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let run = context(subject)?.run();
    let events = &target(subject)?.events;
    if run.unknown_caller {
        return Some(Fact::unknown("the calling workflow"));
    }
    let named = |list: &[String]| list.contains(&run.event);
    let taken = !named(&events.refused) && (events.allowed.is_empty() || named(&events.allowed));
    let switch = |publisher: &Publisher<'_>| {
        let field = publisher.registry.record.iter().find(|field| field.event.as_ref() == Some(&run.event))?;
        publisher.setting(&field.name).map(|setting| setting == "false")
    };
    let word = match (taken, subject.publisher().and_then(switch)) {
        (false, _) => "refused",
        (true, Some(true)) => "disabled",
        (true, _) => "accepted",
    };
    Some(Fact::word(word, run.trigger))
}

fn blocked_from<'s, 'p>(subject: &'s Subject<'s, '_, 'p>) -> Option<(&'s TriggerStart<'s, 'p>, Option<&'s str>)> {
    let run = context(subject)?.run();
    let event = subject.analysis.data.github.events.get(&run.event);
    Some((run, event.and_then(|event| event.blocked_from.as_deref())))
}

pub(crate) fn ref_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let run = context(subject)?.run();
    let allowed = &target(subject)?.refs.allowed;
    let github = &subject.analysis.data.github;
    let by_hand = github.events.get(&run.event).is_some_and(|event| event.by_hand);
    let fits = allowed.is_empty() || allowed.iter().any(|kind| kind == run.reference.kind.word());
    if run.unknown_caller || run.reference.kind == RefKind::Unknown || (by_hand && !fits) {
        return Some(Fact::unknown("the ref of the run"));
    }
    Some(Fact::word(if fits { "accepted" } else { "refused" }, run.trigger))
}

fn event_fork(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let run = context(subject)?.run();
    if run.unknown_caller { Some(Fact::unknown("the calling workflow")) } else { yes(run.fork, run.trigger) }
}

fn ref_kind(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let run = context(subject)?.run();
    Some(if run.reference.kind == RefKind::Unknown {
        Fact::unknown("the ref of the run")
    } else {
        Fact::word(run.reference.kind.word(), run.trigger)
    })
}
