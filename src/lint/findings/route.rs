//! The release paths of a project: event, job, registry and the registry's answer.

use std::collections::HashSet;

use crate::lint::analysis::Analysis;
use crate::lint::findings::Route;
use crate::lint::subjects::Subject;
use crate::lint::verdict::{self, RunErrors};
use crate::trust::registry::slot::known_text;
use crate::workflow::expression::Truth;

/// The release paths.
pub(crate) fn routes(analysis: &Analysis<'_, '_>, errors: &RunErrors) -> Vec<Route> {
    let mut routes: Vec<Route> = Vec::new();
    let mut seen: HashSet<Route> = HashSet::new();
    for upload in &analysis.uploads {
        for run in &upload.runs {
            let Some(route) = analysis.with_upload_run(upload, run, |subject| route(subject, errors)) else { continue };
            if seen.insert(route.clone()) {
                routes.push(route);
            }
        }
    }
    routes
}

fn route(subject: &Subject<'_, '_, '_>, errors: &RunErrors) -> Option<Route> {
    let (upload, view) = (subject.upload()?, subject.view()?);
    let (workflow, job) = (upload.site.resolved.workflow, upload.site.resolved.job);
    let environment = match subject.step() {
        Some(_) => job.environment.map(|environment| environment.name.value().to_owned()),
        None => subject.claims().and_then(|claims| known_text(&claims.environment)),
    };
    Some(Route {
        workflow: workflow.source.path().to_owned(),
        when: view.run.when(),
        job: job.id.value().to_owned(),
        environment,
        registry: view.run.registry()?.ok().map(|registry| registry.name.clone()),
        verdict: verdict::of(subject, errors)?.for_route(view.run.reach == Truth::Yes),
    })
}
