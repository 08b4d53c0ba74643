//! Facts of versions: which ref of an action, which version of a client. What they ought to be stands in the data.

use super::run::sight;
use super::{Answered, Fact, In, PUBLICATION, STEP, Spec, Values};
use crate::lint::subject::Kind;
use crate::read::source::Place;
use crate::trust::publication::action;
use crate::trust::version::{self, ActionStatus, ClientVersion};
use crate::workflow::model::{Job, Step, Text};

/// The lines of the table.
pub const FACTS: &[Spec] = &[
    Spec::new(
        "action.status",
        STEP,
        Values::OneOf(&["current", "outdated", "sunset", "without-image", "nonexistent"]),
        "What the ref of an action that uploads or logs in is worth.",
        action_status,
    ),
    Spec::new(
        "action.version",
        STEP,
        Values::Any,
        "The version of an action that uploads or logs in: its tag, or what its commit is.",
        action_version,
    ),
    Spec::new(
        "action.minimum",
        STEP,
        Values::Any,
        "The first version of the action that can do trusted publishing.",
        action_minimum,
    ),
    Spec::new(
        "job.floating",
        &[Kind::Job, Kind::Publication],
        Values::Any,
        "The first action of the job whose ref its maker can move, and does not recommend; GitHub's own do not count.",
        floating,
    ),
    Spec::new(
        "client",
        PUBLICATION,
        Values::Any,
        "The client that uploads, where its version is described.",
        client_name,
    ),
    Spec::new("client.version", PUBLICATION, Values::Any, "The version of the client that uploads.", client_version),
    Spec::new(
        "client.status",
        PUBLICATION,
        Values::OneOf(&["current", "outdated", "inferred"]),
        "Whether that version can do trusted publishing; `inferred` where another tool brings one that cannot.",
        client_status,
    ),
    Spec::new(
        "client.minimum",
        PUBLICATION,
        Values::Any,
        "The first version of the client that can do trusted publishing.",
        client_minimum,
    ),
];

pub(super) fn status_of(subject: In<'_, '_, '_>, uses: Text<'_>) -> Option<(ActionStatus, Place)> {
    let refs = version::refs(&subject.analysis.data.registries, action(uses.value()))?;
    Some((version::action_status(refs, subject.workflow?.source, uses)?, uses.place()))
}

fn action_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (status, place) = status_of(subject, subject.step?.uses?)?;
    Some(Fact::text(status.word(), place))
}

fn action_version(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let uses = subject.step?.uses?;
    let refs = version::refs(&subject.analysis.data.registries, action(uses.value()))?;
    let version = version::action_version(refs, subject.workflow?.source, uses)?;
    Some(Fact::text(version, uses.place()))
}

fn action_minimum(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let uses = subject.step?.uses?;
    let refs = version::refs(&subject.analysis.data.registries, action(uses.value()))?;
    Some(Fact::text(refs.since.clone()?, uses.place()))
}

fn floating(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job: &Job<'_> = subject.job?;
    let data = subject.analysis.data;
    let moves = |step: &&Step<'_>| {
        let Some(uses) = step.uses.map(Text::value) else { return false };
        let Some(reference) = version::reference(uses) else { return false };
        let name = action(uses);
        let own = data
            .github
            .makers
            .iter()
            .any(|maker| name.split('/').next().is_some_and(|it| it.eq_ignore_ascii_case(maker)));
        let recommended = version::refs(&data.registries, name)
            .is_some_and(|refs| refs.recommended.iter().any(|known| known == reference));
        !own && !recommended && !uses.contains("${{") && !uses.contains("://") && !version::is_commit(reference)
    };
    Some(match job.steps.iter().find(moves).and_then(|step| step.uses) {
        Some(uses) => Fact::text(uses.value(), uses.place()),
        None => Fact::Known(None, job.id.place()),
    })
}

fn client(subject: In<'_, '_, '_>) -> Option<ClientVersion> {
    let data = subject.analysis.data;
    version::client(&subject.publication?.site, &data.github, &data.registries, sight(subject)?)
}

fn client_name(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let site = &subject.publication?.site;
    Some(Fact::Known(site.upload?.client.clone(), site.client.place()))
}

fn client_version(subject: In<'_, '_, '_>, _: &str) -> Answered {
    client(subject).map(|client| Fact::text(client.version, client.place))
}

fn client_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    client(subject).map(|client| Fact::text(client.status.word(), client.place))
}

fn client_minimum(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let site = &subject.publication?.site;
    let facts = subject.analysis.data.registries.client(site.upload?.client.as_deref()?)?;
    Some(Fact::text(facts.minimum.clone(), site.client.place()))
}
