//! Whether a job's steps have a use for the OIDC token. It does not know the uploads that registries describe.

use crate::trust::needs::Needs;
use crate::trust::needs::requester::find;
use crate::trust::upload::step::steps;
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Step, Workflow, action};

/// Whether something in a job asks for the scope that hands out OIDC tokens; `None` where something might that no data describes.
#[must_use]
pub fn is_used<'p>(
    needs: &Needs,
    github: &GitHubFacts,
    checkout: &Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
) -> Option<bool> {
    let mut steps = steps(checkout, workflow, job).into_iter().filter_map(|resolved| resolved.step);
    // Whoever runs the job may ask for the token before its first step, to pull a container's image for one.
    let mut open = job.uses.is_some() || job.container || steps.any(|step| is_open(needs, github, checkout, step));
    for requester in find(needs, github, checkout, workflow, job) {
        for need in requester.entry.needs.iter().filter(|need| need.scope == github.oidc.scope) {
            match requester.asks(github, need, None) {
                Truth::Yes => return Some(true),
                Truth::Unknown(_) => open = true,
                Truth::No => {}
            }
        }
    }
    (!open).then_some(false)
}

/// Whether a step may do what no data describes. An action of the repository does what its own steps do.
fn is_open(needs: &Needs, github: &GitHubFacts, checkout: &Model<'_>, step: &Step<'_>) -> bool {
    if let Some(uses) = step.uses {
        let never = || github.oidc.never.iter().any(|name| name.eq_ignore_ascii_case(action(uses.value())));
        return checkout.action(uses.value()).is_none() && !needs.describes(uses.value()) && !never();
    }
    let words = &github.oidc.words;
    step.run.is_some_and(|run| words.iter().any(|word| run.value().contains(word.as_str())))
}
