//! Build steps before an upload in its job. They run third-party code next to the OIDC token.

use crate::read::source::Place;
use crate::trust::registry::BuildFacts;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::steps;
use crate::trust::upload::step::uses;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::step_script::commands;

/// The first action or command that builds before an upload, and its place.
#[must_use]
pub fn build<'p>(
    github: &GitHubFacts,
    checkout: &Model<'p>,
    builds: &BuildFacts,
    site: &UploadSite<'_, 'p>,
) -> Option<(String, Place)> {
    let own = site.resolved.position();
    let steps = steps(checkout, site.resolved.workflow, site.resolved.job);
    steps.iter().filter(|resolved| resolved.position() <= own).find_map(|resolved| {
        let here = resolved.position() == own;
        let used = |name: &&String| !here && resolved.step.is_some_and(|step| uses(step, name));
        let action = builds.actions.iter().find(used).map(|name| (name.clone(), resolved.place()));
        action.or_else(|| command(github, builds, resolved, here.then_some(site.place)))
    })
}

/// The first command of a step that builds. In the upload's own step, only commands before the upload count.
fn command(
    github: &GitHubFacts,
    builds: &BuildFacts,
    resolved: &ResolvedStep<'_, '_>,
    pattern: Option<Place>,
) -> Option<(String, Place)> {
    let step = resolved.step?;
    let script = step.script?.value();
    let commands_in: Vec<_> = builds.commands.iter().filter(|name| contains_words(script, name)).collect();
    if commands_in.is_empty() {
        return None;
    }
    let found = commands(github, resolved.workflow, resolved.job, step);
    found.iter().find_map(|command| {
        let words = words(command);
        let name = commands_in.iter().find(|name| is_command(github, &words, name, &[]))?;
        let place = ResolvedStep { command: Some(Box::new(command.clone())), ..resolved.clone() }.place();
        let before = pattern.is_none_or(|pattern| place.span.end <= pattern.span.start);
        before.then(|| ((*name).clone(), place))
    })
}
