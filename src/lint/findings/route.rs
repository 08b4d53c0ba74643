//! The ways that a project's releases go: event, job, registry. It repeats what rules and registries answered and judges nothing anew.

use crate::lint::explain::verdict::{Verdict, verdict};
use crate::lint::findings::{Answer, Finding, Level, Route};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Visit;
use crate::read::source::FileId;
use crate::trust::cause::Cause;
use crate::trust::registry::slot::known_text;
use crate::trust::upload::site::{Credential, Outcomes, Target};
use crate::workflow::expression::Truth;

/// A route whose answer waits for all findings.
pub struct Draft {
    route: Route,
    file: FileId,
    /// The rules that spoke of this run.
    spoke: Vec<String>,
}

/// The route of a publication in one run, with the names of the rules that spoke there.
pub fn draft(subject: &Subject<'_, '_, '_>, visit: &Visit<'_, '_>, spoke: Vec<String>) -> Option<Draft> {
    let (workflow, job, publication) = (subject.workflow?, subject.job?, subject.publication?);
    let registry = match subject.target? {
        Target::Registry(registry, _) => Ok(*registry),
        Target::Elsewhere => return None,
        Target::Unknown(reason, _) => Err(reason.to_string()),
    };
    let data = subject.analysis.data;
    let credential = match publication.site.credential(&data.github, &data.registries, subject.sight?).0 {
        Outcomes::Known(credential) => Ok(credential),
        Outcomes::Unknown(reason) => Err(reason.to_string()),
    };
    let answer = match verdict(subject, publication, &registry, &credential) {
        Verdict::Refused { cause: Cause::Start, .. } => Answer::Refused,
        Verdict::NotAsked if credential == Ok(Credential::Stored) => Answer::Token,
        _ if visit.reach != Truth::Yes => Answer::Undecided,
        Verdict::Accepted => Answer::Accepted,
        Verdict::Undeclared => Answer::Undeclared,
        Verdict::Refused { .. } => Answer::Refused,
        Verdict::NotAsked | Verdict::Undecided(_) => Answer::Undecided,
    };
    let environment = match subject.step {
        Some(_) => job.environment.map(|environment| environment.name.value().to_owned()),
        None => subject.claims.and_then(|claims| known_text(&claims.environment)),
    };
    Some(Draft {
        file: workflow.file,
        route: Route {
            workflow: workflow.source.path().to_owned(),
            when: visit.when(),
            job: job.id.value().to_owned(),
            environment,
            registry: registry.ok().map(|registry| registry.name.clone()),
            answer,
        },
        spoke,
    })
}

/// The routes, now that it is known which findings are shown: where one of them is an error, the registry refuses.
pub fn settle(drafts: Vec<Draft>, findings: &[Finding]) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    for Draft { mut route, file, spoke } in drafts {
        let refused = findings.iter().any(|finding| {
            let start = finding.steps.first().unwrap_or(&finding.primary);
            finding.level == Level::Error && start.place.file == file && spoke.contains(&finding.name)
        });
        if refused {
            route.answer = Answer::Refused;
        }
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}
