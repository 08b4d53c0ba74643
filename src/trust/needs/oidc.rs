//! Whether a step of a job uses the OIDC token. Uploads are not considered here (see `trust::upload`).

use crate::read::shell::ShellCommand;
use crate::trust::needs::requester::find;
use crate::trust::needs::{Need, NeedEntry, Needs};
use crate::trust::registry::command::{find_command, is_command, words};
use crate::trust::registry::opaque;
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow, action};
use crate::workflow::step_script::commands;

/// Whether a step of a job needs the scope for OIDC tokens; `None` if a step that no data describes might.
#[must_use]
pub(crate) fn is_used<'p>(
    needs: &Needs,
    github: &GitHubFacts,
    checkout: &Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
) -> Option<bool> {
    let is_oidc = |need: &&Need| need.scope == github.oidc.scope;
    // The runner may request the token before the first step, for example to pull the image of a container.
    let mut unknown = job.uses.is_some() || job.container;
    let steps = steps(checkout, workflow, job);
    let needs_token = |entry: &NeedEntry| entry.needs.iter().any(|need| is_oidc(&need));
    for requester in find(needs, github, checkout, (workflow, job, &steps), needs_token) {
        for need in requester.entry.needs.iter().filter(is_oidc) {
            match requester.asks(github, need, None) {
                Truth::Yes => return Some(true),
                Truth::Unknown(_) => unknown = true,
                Truth::No => {}
            }
        }
    }
    // Scripts are read last, only if no action decides it.
    unknown = unknown
        || steps.iter().any(|step| action_may_use_oidc(needs, github, step))
        || steps.iter().any(|step| script_may_use_oidc(github, step));
    (!unknown).then_some(false)
}

/// Whether an action that is not in the data may use the OIDC token. The steps of a local action are judged on their own.
fn action_may_use_oidc(needs: &Needs, github: &GitHubFacts, resolved: &ResolvedStep<'_, '_>) -> bool {
    let Some(uses) = resolved.step.and_then(|step| step.uses) else { return false };
    let never = || github.oidc.never.iter().any(|name| name.eq_ignore_ascii_case(action(uses.value())));
    resolved.model.action(uses.value()).is_none() && !needs.describes(uses.value()) && !never()
}

/// Whether the script of a step may use the OIDC token without a command that is in the data.
fn script_may_use_oidc(github: &GitHubFacts, resolved: &ResolvedStep<'_, '_>) -> bool {
    let Some((step, run)) = resolved.step.filter(|step| step.uses.is_none()).and_then(|step| Some((step, step.run?)))
    else {
        return false;
    };
    let shown = &github.oidc.shown;
    // A variable's name is a whole word in code of every language.
    if shown.request.iter().chain(&shown.address).any(|name| run.value().contains(name.as_str())) {
        return true;
    }
    let (workflow, job) = (resolved.workflow, resolved.job);
    opaque::in_step(github, workflow, job, step, &github.oidc.commands).is_some()
        || commands(github, workflow, job, step).iter().any(|command| may_request(github, command))
}

/// Whether a command may request the token: its program is not known to leave it alone, or an argument means an upload.
fn may_request(github: &GitHubFacts, command: &ShellCommand) -> bool {
    let words = words(command);
    // Few commands begin with a wrapper, so the wrappers are not tried again for every known command.
    let wrappers = &github.shell.runs.wrappers;
    let is_wrapped = || find_command(github, &words, wrappers).is_some();
    let wrapped = |known: &String| is_command(github, &words, known, wrappers);
    if words.is_empty() || find_command(github, &words, &github.credentials.programs).is_some() {
        return false;
    }
    let is_upload = |word: &String| {
        let mut parts = word.split(|letter: char| !letter.is_alphanumeric());
        !word.starts_with('-') && parts.any(|part| github.oidc.words.iter().any(|known| part == known))
    };
    let never = &github.oidc.never_commands;
    let known = find_command(github, &words, never).is_some() || is_wrapped() && never.iter().any(wrapped);
    !known || words.iter().flatten().any(is_upload)
}
