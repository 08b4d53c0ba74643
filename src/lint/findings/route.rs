//! The ways that a project's releases go: event, job, registry. It repeats what rules and registries answered and judges nothing anew.

use crate::lint::explain::verdict::{RunVerdict, verdict};
use crate::lint::findings::{Finding, Level, Route, RouteAnswer};
use crate::lint::subjects::Subject;
use crate::lint::uploads::UploadRun;
use crate::read::source::FileId;
use crate::trust::cause::RefusalCause;
use crate::trust::registry::slot::known_text;
use crate::trust::upload::site::{Credential, CredentialOutcome, UploadTarget};
use crate::workflow::expression::Truth;

/// A route whose answer waits for all findings.
pub struct PendingRoute {
    route: Route,
    file: FileId,
    /// The rules that fired of this run.
    fired: Vec<String>,
}

/// The route of a publication in one run, with the names of the rules that fired there.
pub fn pending(
    subject: &Subject<'_, '_, '_>,
    upload_run: &UploadRun<'_, '_>,
    fired: Vec<String>,
) -> Option<PendingRoute> {
    let (workflow, job, upload) = (subject.workflow?, subject.job?, subject.upload?);
    let registry = match subject.target? {
        UploadTarget::Registry(registry, _) => Ok(*registry),
        UploadTarget::Elsewhere => return None,
        UploadTarget::Unknown(reason, _) => Err(reason.to_string()),
    };
    let data = subject.analysis.data;
    let credential = match upload.site.credential(&data.github, &data.registries, subject.context?).0 {
        CredentialOutcome::Known(credential) => Ok(credential),
        CredentialOutcome::Unknown(reason) => Err(reason.to_string()),
    };
    let answer = match verdict(subject, upload, &registry, &credential) {
        RunVerdict::Refused { cause: RefusalCause::Start, .. } => RouteAnswer::Refused,
        RunVerdict::NotAsked if credential == Ok(Credential::Stored) => RouteAnswer::Token,
        _ if upload_run.reach != Truth::Yes => RouteAnswer::Undecided,
        RunVerdict::Accepted => RouteAnswer::Accepted,
        RunVerdict::Undeclared => RouteAnswer::Undeclared,
        RunVerdict::Refused { .. } => RouteAnswer::Refused,
        RunVerdict::NotAsked | RunVerdict::Undecided(_) => RouteAnswer::Undecided,
    };
    let environment = match subject.step {
        Some(_) => job.environment.map(|environment| environment.name.value().to_owned()),
        None => subject.claims.and_then(|claims| known_text(&claims.environment)),
    };
    Some(PendingRoute {
        file: workflow.file,
        route: Route {
            workflow: workflow.source.path().to_owned(),
            when: upload_run.when(),
            job: job.id.value().to_owned(),
            environment,
            registry: registry.ok().map(|registry| registry.name.clone()),
            answer,
        },
        fired,
    })
}

/// The routes, now that it is known which findings are shown: where one of them is an error, the registry refuses.
pub fn finish(pending: Vec<PendingRoute>, findings: &[Finding]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for PendingRoute { mut route, file, fired } in pending {
        let refused = findings.iter().any(|finding| {
            let start = finding.steps.first().unwrap_or(&finding.primary);
            finding.level == Level::Error && start.place.file == file && fired.contains(&finding.name)
        });
        if refused {
            route.answer = RouteAnswer::Refused;
        }
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}
