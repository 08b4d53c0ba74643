//! The steps that exchange the OIDC token for a token of a registry.

use crate::trust::registry::upload_pattern::LoginPattern;
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::model::action;

/// A step that logs in.
#[derive(Debug, Clone)]
pub struct LoginStep<'a, 'p> {
    /// The registry that issues the token.
    pub registry: &'a Registry,
    /// The login pattern that it matches.
    pub login: &'a LoginPattern,
    /// The step.
    pub resolved: ResolvedStep<'a, 'p>,
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
pub fn logins<'a, 'p>(registries: &'a RegistrySet, steps: &[ResolvedStep<'a, 'p>]) -> Vec<LoginStep<'a, 'p>> {
    let mut found = Vec::new();
    for resolved in steps {
        let Some(name) = resolved.step.and_then(|step| step.uses).map(|uses| action(uses.value())) else { continue };
        for (registry, login) in registries.logins().filter(|(_, login)| login.action.eq_ignore_ascii_case(name)) {
            if login.only_with.iter().all(|choice| resolved.meets(choice)) {
                found.push(LoginStep { registry, login, resolved: resolved.clone() });
            }
        }
    }
    found
}
