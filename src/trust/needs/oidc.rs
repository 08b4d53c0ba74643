//! Whether a step of a job uses the OIDC token. Uploads are not considered here (see `trust::upload`).

use crate::trust::needs::Needs;
use crate::trust::needs::requester::find;
use crate::trust::upload::step::steps;
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Step, Workflow, action};

/// Whether a step of a job needs the scope for OIDC tokens; `None` if a step that no data describes might.
#[must_use]
pub fn is_used<'p>(
    needs: &Needs,
    github: &GitHubFacts,
    checkout: &Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
) -> Option<bool> {
    let mut steps = steps(checkout, workflow, job).into_iter().filter_map(|resolved| resolved.step);
    // The runner may request the token before the first step, for example to pull the image of a container.
    let mut unknown =
        job.uses.is_some() || job.container || steps.any(|step| may_use_oidc(needs, github, checkout, step));
    for requester in find(needs, github, checkout, workflow, job) {
        for need in requester.entry.needs.iter().filter(|need| need.scope == github.oidc.scope) {
            match requester.asks(github, need, None) {
                Truth::Yes => return Some(true),
                Truth::Unknown(_) => unknown = true,
                Truth::No => {}
            }
        }
    }
    (!unknown).then_some(false)
}

/// Whether a step that is not in the data may use the OIDC token. The steps of a local action are judged on their own.
fn may_use_oidc(needs: &Needs, github: &GitHubFacts, checkout: &Model<'_>, step: &Step<'_>) -> bool {
    if let Some(uses) = step.uses {
        let never = || github.oidc.never.iter().any(|name| name.eq_ignore_ascii_case(action(uses.value())));
        return checkout.action(uses.value()).is_none() && !needs.describes(uses.value()) && !never();
    }
    let words = &github.oidc.words;
    step.run.is_some_and(|run| words.iter().any(|word| run.value().contains(word.as_str())))
}
