//! What a called workflow asks of the job that calls it. GitHub compares before anything runs (`PermissionsHelper.cs`), and refuses the
//! whole run where a block asks for more than the calling job holds.

use crate::read::source::Place;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Grant, Job, Permissions, Workflow};
use crate::workflow::permissions::{self, AccessLevel, GrantOrigin};

/// How deep calls are followed that pass on what they hold.
const DEEPEST: usize = 10;

/// How many workflows below one are looked at. GitHub allows fewer.
const MOST_CALLED: usize = 100;

/// One scope that a block of a called workflow asks for, beside what the calling job holds.
#[derive(Debug, Clone)]
pub struct PermissionRequest<'c, 'p> {
    /// The scope.
    pub scope: String,
    /// What is asked for.
    pub asked: AccessLevel,
    /// Where.
    pub asked_place: Place,
    /// What the calling job holds.
    pub held: AccessLevel,
    /// What says so.
    pub held_place: Place,
    /// The called workflow.
    pub workflow: &'c Workflow<'p>,
    /// The job that asks; `None` where the workflow's own block does.
    pub job: Option<&'c Job<'p>>,
}

/// What the workflow that a job calls asks for, each scope once: the greatest request of it. Empty where the calling job has no block of
/// its own or its workflow's, for then the repository's settings decide.
#[must_use]
pub fn requests<'c, 'p>(
    github: &GitHubFacts,
    checkout: &'c Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
) -> Vec<PermissionRequest<'c, 'p>> {
    let mut found: Vec<PermissionRequest<'c, 'p>> = Vec::new();
    if permissions::block(workflow, job).is_none() {
        return found;
    }
    let mut open: Vec<(&'c Workflow<'p>, usize)> = checkout.called(job).map(|called| (called, 0)).into_iter().collect();
    let mut seen = vec![workflow.file];
    while let Some((called, depth)) = open.pop() {
        if seen.contains(&called.file) || depth >= DEEPEST {
            continue;
        }
        seen.push(called.file);
        for inner in &called.jobs {
            match permissions::block(called, inner) {
                Some((block, origin)) => {
                    let requester = (origin == GrantOrigin::Job).then_some(inner);
                    for scope in scopes(github, block) {
                        let own = permissions::held(github, called, inner, &scope);
                        let held = permissions::held(github, workflow, job, &scope);
                        let (Some(asked), Some(most)) = (own.access, held.access) else { continue };
                        let request = PermissionRequest {
                            scope,
                            asked,
                            asked_place: own.place,
                            held: most,
                            held_place: held.place,
                            workflow: called,
                            job: requester,
                        };
                        keep(&mut found, request);
                    }
                }
                // What has no block passes on what it was given.
                None => open.extend(checkout.called(inner).map(|next| (next, depth + 1))),
            }
        }
    }
    found
}

/// Why GitHub refuses every run of a workflow before anything of it starts.
#[derive(Debug, Clone)]
pub struct StartRefusal<'c, 'p> {
    /// The job that calls, in this workflow or in one that it calls.
    pub job: &'c Job<'p>,
    /// What is asked of it, which is more than it holds.
    pub request: PermissionRequest<'c, 'p>,
}

/// Why GitHub refuses every run that a workflow starts: a call somewhere below it asks for more than its job holds, on the way to whatever
/// is looked at or not.
#[must_use]
pub fn refusal<'c, 'p>(
    github: &GitHubFacts,
    checkout: &'c Model<'p>,
    started: &'c Workflow<'p>,
) -> Option<StartRefusal<'c, 'p>> {
    let mut open = vec![started];
    let mut seen = Vec::new();
    while let Some(workflow) = open.pop() {
        if seen.contains(&workflow.file) || seen.len() >= MOST_CALLED {
            continue;
        }
        seen.push(workflow.file);
        for job in &workflow.jobs {
            let Some(called) = checkout.called(job) else { continue };
            let asked = requests(github, checkout, workflow, job);
            if let Some(request) = asked.into_iter().find(|request| request.asked > request.held) {
                return Some(StartRefusal { job, request });
            }
            open.push(called);
        }
    }
    None
}

fn keep<'c, 'p>(found: &mut Vec<PermissionRequest<'c, 'p>>, request: PermissionRequest<'c, 'p>) {
    match found.iter_mut().find(|other| other.scope == request.scope) {
        Some(other) if other.asked < request.asked => *other = request,
        Some(_) => {}
        None => found.push(request),
    }
}

/// The scopes that a block asks for: those that it names, or all of them by a word.
fn scopes(github: &GitHubFacts, block: &Permissions<'_>) -> Vec<String> {
    match &block.grant {
        Grant::Scopes(entries) => entries.iter().map(|pair| pair.key.value().to_owned()).collect(),
        Grant::Word(_) => github.permissions.scopes.keys().cloned().collect(),
    }
}
