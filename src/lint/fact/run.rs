//! Facts of the run in which an upload is judged. It never asks what is uploaded.

use super::publication::target;
use super::{Answered, FORM, Fact, In, PUBLICATION, Spec, Values, YES_NO, yes};
use crate::workflow::github::RefKind;
use crate::workflow::sight::Sight;

/// The lines of the table.
pub const FACTS: &[Spec] = &[
    Spec::new("event", PUBLICATION, Values::Any, "The event that starts the run.", event),
    Spec::new("event.status", PUBLICATION, FORM, "Whether the registry takes tokens of that event.", event_status),
    Spec::new(
        "event.fork",
        PUBLICATION,
        YES_NO,
        "Whether the event also runs for forks, where no OIDC token is issued.",
        event_fork,
    ),
    Spec::new(
        "ref",
        PUBLICATION,
        Values::OneOf(&["tag", "branch", "pull-request"]),
        "What `github.ref` names in the run.",
        ref_kind,
    ),
];

pub(super) fn sight<'s, 'p>(subject: In<'s, '_, 'p>) -> Option<&'s Sight<'s, 'p>> {
    subject.sight
}

fn event(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    Some(if run.called { Fact::Unknown } else { Fact::text(run.event.clone(), run.trigger) })
}

fn event_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    let events = &target(subject)?.events;
    if run.called {
        return Some(Fact::Unknown);
    }
    let named = |list: &[String]| list.contains(&run.event);
    let taken = !named(&events.refused) && (events.allowed.is_empty() || named(&events.allowed));
    Some(Fact::text(if taken { "accepted" } else { "refused" }, run.trigger))
}

fn event_fork(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    if run.called { Some(Fact::Unknown) } else { yes(run.fork, run.trigger) }
}

fn ref_kind(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    Some(if run.kind == RefKind::Unknown { Fact::Unknown } else { Fact::text(run.kind.word(), run.trigger) })
}
