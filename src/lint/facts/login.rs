//! Facts about logins and what becomes of their tokens. They are the same in every run.

use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::workflow::model::action;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "login",
        &[SubjectKind::Login, SubjectKind::Upload],
        FactValues::Any,
        "The action that logs in to the registry.",
        login,
    ),
    FactSpec::new("login.before", UPLOAD, YES_NO, "Whether a login precedes the upload in its job.", login_before),
    FactSpec::new(
        "login.use",
        &[SubjectKind::Login],
        FactValues::OneOf(&["used", "unused", "other-job"]),
        "Whether the token reaches a step of the job, nothing, or only another job.",
        login_use,
    ),
];

fn login_of<'s, 'a, 'p>(
    subject: &'s Subject<'s, 'a, 'p>,
) -> Option<&'s crate::trust::upload::login::LoginStep<'a, 'p>> {
    subject.login().or_else(|| subject.upload().and_then(|upload| upload.site.login.as_ref()))
}

fn login(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let login = login_of(subject)?;
    let uses = login.resolved.step?.uses?;
    Some(Fact::text(action(uses.value()), uses.place()))
}

fn login_before(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    match &site.login {
        Some(login) => yes(true, login.resolved.place()),
        None => yes(false, site.resolved.place()),
    }
}

fn login_use(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (login, job) = (subject.login()?, subject.job()?);
    let place = login.resolved.place();
    // Values that a login sets for all later steps reach them whether they read them or not.
    if login.login.output.is_none() || !login.login.exports.is_empty() {
        return Some(Fact::Unknown);
    }
    let source = subject.workflow()?.source;
    let unused = Some(Fact::text("unused", place));
    let Some(mut id) = login.resolved.step?.id else { return unused };
    // The innermost local action first: its steps read the token, or its outputs pass it on to the steps around the action.
    for frame in login.resolved.frames.iter().rev() {
        let action = frame.action.source;
        if frame.action.steps.iter().any(|step| reads_outputs(action.slice(step.place.span), id.value())) {
            return Some(Fact::text("used", place));
        }
        if !reads_outputs(action.text(), id.value()) {
            return unused;
        }
        match frame.step.id {
            Some(outer) => id = outer,
            None => return unused,
        }
    }
    let word = if job.steps.iter().any(|step| reads_outputs(source.slice(step.place.span), id.value())) {
        "used"
    } else if job.outputs.entries.iter().any(|pair| reads_outputs(pair.value.value(), id.value())) {
        "other-job"
    } else {
        "unused"
    };
    Some(Fact::text(word, place))
}

/// Whether the expressions of a text read the outputs of a step.
fn reads_outputs(text: &str, id: &str) -> bool {
    let text = text.to_lowercase();
    let id = id.to_lowercase();
    let named = [format!("steps.{id}."), format!("steps['{id}']"), "tojson(steps)".to_owned()];
    named.iter().any(|name| text.contains(name.as_str()))
}
