//! The git history that is checked out where the packages of an upload are built.

use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::{BuildFacts, opaque};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow, action};
use crate::workflow::step_script::commands;

/// The history that a job checks out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutHistory {
    /// With tags.
    Tags,
    /// A single commit, with the place of the checkout.
    Shallow(Place),
}

/// The history in the jobs that build for a job: the job itself and its ancestors. `None` if none of them is known to build, or if one
/// may take its version from elsewhere.
#[must_use]
pub fn history(
    github: &GitHubFacts,
    builds: &BuildFacts,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
) -> Option<CheckoutHistory> {
    let mut found = None;
    for builder in with_ancestors(workflow, job) {
        match of_job(github, builds, workflow, builder) {
            BuildCheckout::NoBuild => {}
            BuildCheckout::Unknown => return None,
            BuildCheckout::Build(CheckoutHistory::Tags) => return Some(CheckoutHistory::Tags),
            BuildCheckout::Build(history) => found = found.or(Some(history)),
        }
    }
    found
}

/// A job and its ancestors in `needs`, each once.
#[must_use]
pub fn with_ancestors<'w, 'p>(workflow: &'w Workflow<'p>, job: &'w Job<'p>) -> Vec<&'w Job<'p>> {
    let mut jobs = vec![job];
    let mut next = 0;
    while let Some(job) = jobs.get(next) {
        next += 1;
        let needed = job.needs.iter().filter_map(|id| workflow.job(id.value()));
        let new: Vec<_> =
            needed.filter(|needed| !jobs.iter().any(|known| known.id.place() == needed.id.place())).collect();
        jobs.extend(new);
    }
    jobs
}

enum BuildCheckout {
    NoBuild,
    Unknown,
    Build(CheckoutHistory),
}

fn of_job(github: &GitHubFacts, builds: &BuildFacts, workflow: &Workflow<'_>, job: &Job<'_>) -> BuildCheckout {
    let uses =
        |step: &&Step<'_>, name: &str| step.uses.is_some_and(|uses| action(uses.value()).eq_ignore_ascii_case(name));
    let is_build = |command: &ShellCommand| {
        let words = words(command);
        builds.commands.iter().any(|known| is_command(github, &words, known, &[]))
    };
    let build = |step: &&Step<'_>| {
        step.script.is_some() && commands(github, workflow, job, step).iter().any(is_build)
            || builds.actions.iter().any(|name| uses(step, name))
    };
    if job.uses.is_some() {
        return BuildCheckout::Unknown;
    }
    let Some(build) = job.steps.iter().find(build) else { return BuildCheckout::NoBuild };
    let checkout = &github.checkout;
    let mut checkouts = job.steps.iter().filter(|step| step.index < build.index && uses(step, &checkout.action));
    let (Some(step), None) = (checkouts.next(), checkouts.next()) else { return BuildCheckout::Unknown };
    let (Some(uses), false) = (step.uses, step.with.dynamic) else { return BuildCheckout::Unknown };
    if checkout.other.iter().any(|input| step.with.get_ignore_case(input).is_some())
        || job.steps.iter().any(|step| opaque::in_step(github, workflow, job, step, &builds.opaque).is_some())
    {
        return BuildCheckout::Unknown;
    }
    for (input, value) in &checkout.with_tags {
        match step.with.get_ignore_case(input).map(|pair| pair.value.value()) {
            Some(text) if text.contains("${{") => return BuildCheckout::Unknown,
            Some(text) if text == value => return BuildCheckout::Build(CheckoutHistory::Tags),
            _ => {}
        }
    }
    // A depth other than 1 may reach the last tag.
    let deep = step
        .with
        .entries
        .iter()
        .any(|pair| pair.key.value().eq_ignore_ascii_case("fetch-depth") && pair.value.value() != "1");
    if deep { BuildCheckout::Unknown } else { BuildCheckout::Build(CheckoutHistory::Shallow(uses.place())) }
}
