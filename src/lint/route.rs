//! The ways that a project's releases go: event, job, registry. It repeats what rules and registries answered and judges nothing anew.

use super::finding::{Answer, Finding, Level, Route};
use super::publication::{Publication, Visit};
use super::subject::Subject;
use crate::read::source::FileId;
use crate::trust::publication::{Credential, Outcomes, Target};
use crate::trust::registry::{Claim, Comparison};
use crate::trust::slot::known_text;
use crate::trust::verdict::Answer as Claimed;
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
    let (workflow, job) = (subject.workflow?, subject.job?);
    let registry = match subject.target? {
        Target::Registry(registry, _) => Some(registry.name.clone()),
        Target::Elsewhere => return None,
        Target::Unknown(..) => None,
    };
    let decided = registry.is_some() && visit.reach == Truth::Yes;
    let data = subject.analysis.data;
    let shown = |it: &Publication<'_, '_>, sight| it.site.credential(&data.github, &data.registries, sight).0;
    let credential = subject.publication.zip(subject.sight).map(|(it, sight)| shown(it, sight));
    let answer = match (subject.publisher, subject.claims) {
        _ if matches!(credential, Some(Outcomes::Known(Credential::Stored))) => Answer::Token,
        _ if !decided => Answer::Undecided,
        (Some(publisher), Some(claims)) => {
            let taken = |claim: &Claim| {
                // A number that the registry knows and the files do not can be taken to fit.
                let by_id = publisher.entry_of(*claim).is_some_and(|it| it.field.compare == Some(Comparison::ById));
                by_id || claims.answer(*claim, publisher) == Claimed::Accepted
            };
            if Claim::ALL.iter().all(taken) { Answer::Accepted } else { Answer::Undecided }
        }
        _ => Answer::Undeclared,
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
            registry,
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
