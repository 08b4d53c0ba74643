//! Finds the steps that trade the OIDC token for one of a registry. What becomes of that token is asked elsewhere.

use super::registry::{Registries, Registry};
use super::slot::{Client, uses};
use super::upload::Login;
use crate::workflow::model::{Job, Workflow};

/// A step that logs in.
#[derive(Debug, Clone)]
pub struct LoginStep<'a, 'p> {
    /// The registry whose token it fetches.
    pub registry: &'a Registry,
    /// What the data says of it.
    pub login: &'a Login,
    /// The step.
    pub client: Client<'a, 'p>,
}

impl LoginStep<'_, '_> {
    /// Whether an expression's path reads the token: `steps.<id>.outputs.<output>`.
    #[must_use]
    pub fn gives(&self, path: &str) -> bool {
        let (Some(id), Some(output)) = (self.client.step.and_then(|step| step.id), &self.login.output) else {
            return false;
        };
        path.eq_ignore_ascii_case(&format!("steps.{}.outputs.{output}", id.value()))
    }
}

/// Every login of a job, in the order of its steps.
#[must_use]
pub fn logins<'a, 'p>(
    registries: &'a Registries,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
) -> Vec<LoginStep<'a, 'p>> {
    let mut found = Vec::new();
    for step in &job.steps {
        for (registry, login) in registries.logins().filter(|(_, login)| uses(step, &login.action)) {
            let client = Client { workflow, job, step: Some(step), command: None };
            if login.only_with.iter().all(|choice| client.meets(choice)) {
                found.push(LoginStep { registry, login, client });
            }
        }
    }
    found
}
