//! Facts about versions: the ref of an action, the version of a client. The data lists the minimum versions.

use crate::lint::data::Data;
use crate::lint::facts::run::context;
use crate::lint::facts::{Fact, FactSpec, FactValues, STEP, UPLOAD};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::registry::upload_pattern::ActionRefs;
use crate::trust::upload::version;
use crate::trust::upload::version::{ActionStatus, ClientVersion};
use crate::workflow::model::{Job, Step, Text, action};

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "action.judged",
        STEP,
        FactValues::Any,
        "The action that uploads or logs in; if an upload has both, the one with the worse ref.",
        action_judged,
    ),
    FactSpec::new(
        "action.status",
        STEP,
        FactValues::OneOf(&["current", "outdated", "sunset", "without-image", "nonexistent"]),
        "What is known of that action's ref.",
        action_status,
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
    FactSpec::new("action.pin", STEP, FactValues::Any, "What is known of a commit that has no image.", action_pin),
    FactSpec::new(
        "action.recommended",
        STEP,
        FactValues::Any,
        "The ref that the action's maintainer recommends.",
        action_recommended,
    ),
    FactSpec::new(
        "job.floating",
        &[SubjectKind::Job, SubjectKind::Upload],
        FactValues::Any,
        "The first action of the job with a ref that its maintainer can move and does not recommend; GitHub's own actions do not count.",
        floating,
    ),
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
];

/// An action that uploads or logs in, with what the data says about its refs.
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
    let login = subject.upload.and_then(|upload| upload.site.login.as_ref());
    let own = subject.step.map_or(subject.job.and_then(|job| job.uses), |step| step.uses);
    let all = [own, login.and_then(|login| login.resolved.step?.uses)];
    let source = subject.workflow?.source;
    let all = all.into_iter().flatten().filter_map(|uses| {
        let refs = version::refs(registries, action(uses.value()))?;
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

fn action_version(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let judged = judged(subject)?;
    judged.known(version::action_version(judged.refs, subject.workflow?.source, judged.uses))
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

fn floating(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job: &Job<'_> = subject.job?;
    let data = subject.analysis.data;
    let moves = |step: &&Step<'_>| {
        let Some(uses) = step.uses.map(Text::value) else { return false };
        let Some(reference) = version::reference(uses) else { return false };
        let fixed = version::is_commit(reference) || uses.contains("${{") || uses.contains("://");
        !fixed && !recommended(data, action(uses), reference)
    };
    Some(match job.steps.iter().find(moves).and_then(|step| step.uses) {
        Some(uses) => Fact::text(uses.value(), uses.place()),
        None => Fact::Known(None, job.id.place()),
    })
}

/// Whether an action is GitHub's own, or the ref is one that its maintainer recommends.
fn recommended(data: &Data, name: &str, reference: &str) -> bool {
    let is = |known: &str, other: &str| known.eq_ignore_ascii_case(other);
    let maker = name.split('/').next().unwrap_or_default();
    let listed = data.github.recommended.iter().filter(|(action, _)| is(action, name)).flat_map(|(_, refs)| refs);
    let own = version::refs(&data.registries, name).into_iter().flat_map(|refs| &refs.recommended);
    data.github.makers.iter().any(|known| is(known, maker)) || listed.chain(own).any(|glob| glob.is_match(reference))
}

fn client(subject: &Subject<'_, '_, '_>) -> Option<ClientVersion> {
    let data = subject.analysis.data;
    version::client(&subject.upload?.site, &data.github, &data.registries, context(subject)?)
}

fn client_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    Some(Fact::Known(site.pattern?.client.clone(), site.resolved.place()))
}

fn client_version(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    client(subject).map(|client| Fact::text(client.version, client.place))
}

fn client_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    client(subject).map(|client| Fact::text(client.status.word(), client.place))
}

fn client_minimum(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload?.site;
    let facts = subject.analysis.data.registries.client(site.pattern?.client.as_deref()?)?;
    Some(Fact::text(facts.minimum.clone(), site.resolved.place()))
}
