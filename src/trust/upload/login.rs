//! The steps that exchange the OIDC token for a token of a registry.

use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::upload_pattern::LoginPattern;
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Step, action};
use crate::workflow::step_script::commands;

/// A step that logs in.
#[derive(Debug, Clone)]
pub struct LoginStep<'a, 'p> {
    /// The registry that issues the token.
    pub registry: &'a Registry,
    /// The login pattern that it matches.
    pub login: &'a LoginPattern,
    /// The step, with its command.
    pub resolved: ResolvedStep<'a, 'p>,
    /// Whether no other login of the job obtains another kind of credential.
    pub certain: bool,
}

impl LoginStep<'_, '_> {
    /// Whether the path of an expression is the token: `steps.<id>.outputs.<output>`.
    #[must_use]
    pub fn outputs_token(&self, path: &str) -> bool {
        let (Some(id), Some(output)) = (self.resolved.step.and_then(|step| step.id), &self.login.output) else {
            return false;
        };
        path.eq_ignore_ascii_case(&format!("steps.{}.outputs.{output}", id.value()))
    }
}

/// The login steps of a job, in order.
#[must_use]
pub fn logins<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    steps: &[ResolvedStep<'a, 'p>],
) -> Vec<LoginStep<'a, 'p>> {
    let mut found = Vec::new();
    for resolved in steps {
        let Some(step) = resolved.step else { continue };
        if let Some(name) = step.uses.map(|uses| action(uses.value())) {
            for (registry, login) in registries.logins_of(name) {
                if login.only_with.iter().all(|choice| resolved.meets(choice)) {
                    found.push(LoginStep { registry, login, resolved: resolved.clone(), certain: true });
                }
            }
        }
        let from = found.len();
        for (registry, login) in registries.logins_in_step(resolved.workflow, resolved.job, step) {
            found.extend(login_commands(github, resolved, step, login).map(|resolved| LoginStep {
                registry,
                login,
                resolved,
                certain: true,
            }));
        }
        // Of several commands in one script, the later one counts.
        found[from..].sort_by_key(|login| login.resolved.command.as_ref().map_or(0, |command| command.order));
    }
    found
}

/// The commands of a step that match a login pattern.
fn login_commands<'a, 'p>(
    github: &GitHubFacts,
    resolved: &ResolvedStep<'a, 'p>,
    step: &Step<'p>,
    login: &LoginPattern,
) -> impl Iterator<Item = ResolvedStep<'a, 'p>> {
    let (name, address) = (login.command.as_deref(), login.address.as_deref());
    let commands = commands(github, resolved.workflow, resolved.job, step);
    let matches = |command: &&crate::read::shell::ShellCommand| {
        name.is_some_and(|name| is_command(github, &words(command), name, &login.via))
            || address.is_some_and(|address| {
                command.words.iter().filter_map(|word| word.text()).any(|word| word.trim_end_matches('/') == address)
            })
    };
    let found: Vec<_> = commands.iter().filter(matches).cloned().collect();
    found.into_iter().map(|command| ResolvedStep { command: Some(Box::new(command)), ..resolved.clone() })
}
