//! The permissions that a called workflow requests from its calling job. GitHub compares the two before the run starts
//! and rejects the whole run if a job requests more than the calling job has (`PermissionsHelper.cs` in
//! actions/runner).

use crate::read::source::Place;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Grant, Job, Permissions, Workflow};
use crate::workflow::permissions::{self, AccessLevel, GrantOrigin};

/// How many nested calls without a `permissions:` block are followed.
const MAX_DEPTH: usize = 10;

/// How many called workflows are checked below one workflow. GitHub allows 50.
const MAX_CALLED: usize = 100;

/// A scope that a called workflow requests, and what its calling job has.
#[derive(Debug, Clone)]
pub(crate) struct PermissionRequest<'c, 'p> {
    pub scope: String,
    pub requested: AccessLevel,
    pub requested_place: Place,
    /// The access of the calling job.
    pub granted: AccessLevel,
    pub granted_place: Place,
    pub workflow: &'c Workflow<'p>,
    /// The called job that requests it; `None` where the workflow's own block does.
    pub job: Option<&'c Job<'p>>,
}

/// The scopes that the workflow called by `job` requests, each once with the highest level. Empty if neither the
/// calling job nor its workflow has a `permissions:` block, since the repository settings decide then.
#[must_use]
pub(crate) fn requests<'c, 'p>(
    github: &GitHubFacts,
    checkout: &'c Model<'p>,
    workflow: &Workflow<'p>,
    job: &Job<'p>,
) -> Vec<PermissionRequest<'c, 'p>> {
    let mut found: Vec<PermissionRequest<'c, 'p>> = Vec::new();
    if permissions::block(workflow, job).is_none() {
        return found;
    }
    let mut pending: Vec<(&'c Workflow<'p>, usize)> =
        checkout.called(job).map(|called| (called, 0)).into_iter().collect();
    let mut seen = vec![workflow.file];
    while let Some((called, depth)) = pending.pop() {
        if seen.contains(&called.file) || depth >= MAX_DEPTH {
            continue;
        }
        seen.push(called.file);
        for inner in &called.jobs {
            match permissions::block(called, inner) {
                Some((block, origin)) => {
                    let requester = (origin == GrantOrigin::Job).then_some(inner);
                    for scope in scopes(github, block) {
                        let own = permissions::held(github, called, inner, &scope);
                        let granted = permissions::held(github, workflow, job, &scope);
                        let (Some(requested), Some(most)) = (own.access, granted.access) else { continue };
                        let request = PermissionRequest {
                            scope,
                            requested,
                            requested_place: own.place,
                            granted: most,
                            granted_place: granted.place,
                            workflow: called,
                            job: requester,
                        };
                        keep_highest(&mut found, request);
                    }
                }
                // A job without a block passes its caller's permissions on.
                None => pending.extend(checkout.called(inner).map(|next| (next, depth + 1))),
            }
        }
    }
    found
}

/// Why GitHub rejects every run of a workflow before its first job.
#[derive(Debug, Clone)]
pub(crate) struct StartRefusal<'c, 'p> {
    /// The calling job, in this workflow or in one that it calls.
    pub job: &'c Job<'p>,
    /// The request that exceeds the permissions of `job`.
    pub request: PermissionRequest<'c, 'p>,
}

/// The first call at or below `started` that requests more than its calling job has, wherever it is in the workflow.
/// GitHub checks all calls before the run starts.
#[must_use]
pub(crate) fn refusal<'c, 'p>(
    github: &GitHubFacts,
    checkout: &'c Model<'p>,
    started: &'c Workflow<'p>,
) -> Option<StartRefusal<'c, 'p>> {
    let mut pending = vec![started];
    let mut seen = Vec::new();
    while let Some(workflow) = pending.pop() {
        if seen.contains(&workflow.file) || seen.len() >= MAX_CALLED {
            continue;
        }
        seen.push(workflow.file);
        for job in &workflow.jobs {
            let Some(called) = checkout.called(job) else { continue };
            let requested = requests(github, checkout, workflow, job);
            if let Some(request) = requested.into_iter().find(|request| request.requested > request.granted) {
                return Some(StartRefusal { job, request });
            }
            pending.push(called);
        }
    }
    None
}

fn keep_highest<'c, 'p>(found: &mut Vec<PermissionRequest<'c, 'p>>, request: PermissionRequest<'c, 'p>) {
    match found.iter_mut().find(|other| other.scope == request.scope) {
        Some(other) if other.requested < request.requested => *other = request,
        Some(_) => {}
        None => found.push(request),
    }
}

/// The scopes that a block requests: those it names, or all for `read-all` and `write-all`.
fn scopes(github: &GitHubFacts, block: &Permissions<'_>) -> Vec<String> {
    match &block.grant {
        Grant::Scopes(entries) => entries.iter().map(|pair| pair.key.value().to_owned()).collect(),
        Grant::Word(_) => github.permissions.scopes.keys().cloned().collect(),
    }
}
