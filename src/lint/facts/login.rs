//! Facts about logins and what becomes of their tokens. They are the same in every run.

use std::collections::BTreeMap;

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD, YES_NO, yes};
use crate::lint::rules::MessageTemplate;
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::registry::command::{find_command, words};
use crate::trust::registry::upload_pattern::{LoginCredential, LoginPattern, OidcSupport, ProposedStep};
use crate::trust::upload::earlier::earlier;
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::model::action;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "login",
        &[SubjectKind::Login, SubjectKind::Upload],
        FactValues::Any,
        "The action or command that logs in to the registry.",
        login,
    ),
    FactSpec::new(
        "login.slow-work",
        UPLOAD,
        FactValues::Any,
        "The first command or action between the login and the upload that builds or tests.",
        login_slow_work,
    ),
    FactSpec::new(
        "login.lifetime",
        UPLOAD,
        FactValues::Any,
        "How long the token of the login is valid.",
        login_lifetime,
    ),
    FactSpec::new(
        "login.proposal",
        UPLOAD,
        FactValues::OneOf(&["step", "command", "variable", "none"]),
        "How the registry's data lets a client without a stored token log in: with a `step` before the upload, with another `command` of the client, or with a `variable` of the step.",
        login_proposal,
    ),
    FactSpec::new(
        "login.missing-field",
        UPLOAD,
        FactValues::Any,
        "The field of the publisher that the proposed login needs and that the config does not declare.",
        login_missing_field,
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

/// How an upload without a stored token can get a credential.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoginProposal<'a> {
    /// The step of a login is added before the upload.
    Step(&'a LoginPattern, &'a ProposedStep),
    /// The client logs in with the command of this login.
    Command(&'a LoginPattern),
    /// These variables are added to the step of the upload.
    Variables(&'a BTreeMap<String, String>),
    /// The data proposes none.
    None,
}

/// How the upload of a subject can log in.
pub(crate) fn proposal<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<LoginProposal<'s>> {
    let site = &subject.upload()?.site;
    let (pattern, logins) = (site.pattern?, &target(subject)?.logins);
    if site.login.as_ref().is_some_and(|login| login.login.keeps) {
        let minted =
            logins.iter().find(|it| it.keeps && it.command.is_some() && it.credential == LoginCredential::Minted);
        return Some(minted.map_or(LoginProposal::None, LoginProposal::Command));
    }
    if !pattern.enabled_by.is_empty() {
        return Some(LoginProposal::Variables(&pattern.enabled_by));
    }
    let step = logins.iter().find_map(|login| Some(LoginProposal::Step(login, login.step.as_ref()?)));
    Some(step.filter(|_| pattern.oidc == OidcSupport::None).unwrap_or(LoginProposal::None))
}

fn login_missing_field(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let publisher = subject.publisher()?;
    let values: Vec<&String> = match proposal(subject)? {
        LoginProposal::Step(_, step) => step.with.values().chain(step.env.values()).collect(),
        LoginProposal::Variables(variables) => variables.values().collect(),
        LoginProposal::Command(_) | LoginProposal::None => Vec::new(),
    };
    let templates: Vec<MessageTemplate> = values.into_iter().map(|text| MessageTemplate::parse(text)).collect();
    let mut fields = templates.iter().flat_map(MessageTemplate::facts).filter_map(|it| it.strip_prefix("publisher."));
    let missing = fields.find(|field| publisher.entry(field).is_none());
    Some(Fact::optional(missing.map(str::to_owned), publisher.place))
}

fn login_proposal(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let word = match proposal(subject)? {
        LoginProposal::Step(..) => "step",
        LoginProposal::Command(_) => "command",
        LoginProposal::Variables(_) => "variable",
        LoginProposal::None => "none",
    };
    Some(Fact::word(word, subject.upload()?.site.place))
}

fn login_of<'s, 'a, 'p>(
    subject: &'s Subject<'s, 'a, 'p>,
) -> Option<&'s crate::trust::upload::login::LoginStep<'a, 'p>> {
    subject.login().or_else(|| subject.upload().and_then(|upload| upload.site.login.as_ref()))
}

fn login(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let login = login_of(subject)?;
    Some(Fact::text(login.login.name(), login.resolved.place()))
}

fn login_lifetime(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let login = login_of(subject)?;
    Some(Fact::optional(login.login.lifetime.clone(), login.resolved.place()))
}

fn login_slow_work(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (site, github) = (&subject.upload()?.site, &subject.analysis.data.github);
    let none = Some(Fact::Known(None, site.place));
    let Some(login) = site.login.as_ref().filter(|login| login.login.lifetime.is_some()) else { return none };
    let slow_command = |step: &ResolvedStep<'_, '_>| {
        let command = step.command.as_ref().filter(|command| !command.conditional)?;
        let words = words(command);
        find_command(github, &words, &github.slow.commands).map(str::to_owned)
    };
    for earlier in earlier(site, subject.context()?) {
        let (step, certain) = (&earlier.resolved, earlier.certain);
        if step.position() < login.resolved.position() || !certain {
            continue;
        }
        let name = step.step.and_then(|step| step.uses).map(|uses| action(uses.value()));
        let slow_action = |known: &&String| name.is_some_and(|name| known.eq_ignore_ascii_case(name));
        if let Some(found) = github.slow.actions.iter().find(slow_action) {
            return Some(Fact::text(found, step.place()));
        }
        let commands = earlier.commands(github);
        let after = commands.iter().filter(|command| command.order() > login.resolved.order());
        if let Some((found, place)) = after.into_iter().find_map(|step| Some((slow_command(step)?, step.place()))) {
            return Some(Fact::text(found, place));
        }
    }
    none
}

fn login_before(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let site = &subject.upload()?.site;
    match &site.login {
        Some(login) => yes(true, login.resolved.place()),
        None => yes(false, site.place),
    }
}

fn login_use(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (login, job) = (subject.login()?, subject.job()?);
    let place = login.resolved.place();
    // Values that a login sets for all later steps reach them whether they read them or not.
    let Some(output) = login.login.output.as_deref().filter(|_| login.login.exports.is_empty()) else {
        return Some(Fact::unknown("which steps use the credential of the login"));
    };
    let source = subject.workflow()?.source;
    let unused = Some(Fact::word("unused", place));
    let Some(mut id) = login.resolved.step?.id else { return unused };
    let mut output = Some(output);
    // The innermost local action first: its steps read the token, or its outputs pass it on to the steps around the action.
    for frame in login.resolved.frames.iter().rev() {
        let action = frame.action.source;
        if frame.action.steps.iter().any(|step| reads_output(action.slice(step.place.span), id.value(), output)) {
            return Some(Fact::word("used", place));
        }
        if !reads_output(action.text(), id.value(), output) {
            return unused;
        }
        match frame.step.id {
            // The action can name its own output as it likes.
            Some(outer) => (id, output) = (outer, None),
            None => return unused,
        }
    }
    let word = if job.steps.iter().any(|step| reads_output(source.slice(step.place.span), id.value(), output)) {
        "used"
    } else if job.outputs.entries.iter().any(|pair| reads_output(pair.value.value(), id.value(), output)) {
        "other-job"
    } else {
        "unused"
    };
    Some(Fact::word(word, place))
}

/// Whether the expressions of a text read an output of a step, or any if none is named.
fn reads_output(text: &str, id: &str, output: Option<&str>) -> bool {
    let text = text.to_lowercase();
    let id = id.to_lowercase();
    let is_read = |rest: &str| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | '.'));
        match rest.get(..end.unwrap_or(rest.len())).and_then(|path| path.strip_prefix("outputs.")) {
            Some(name) => output.is_none_or(|output| output.eq_ignore_ascii_case(name)),
            None => true,
        }
    };
    let by_name = format!("steps.{id}.");
    let named = [format!("steps['{id}']"), "tojson(steps)".to_owned()];
    text.split(by_name.as_str()).skip(1).any(is_read) || named.iter().any(|name| text.contains(name.as_str()))
}
