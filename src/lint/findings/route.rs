//! The release paths of a project: event, job, registry and the registry's answer.

use std::collections::HashSet;

use crate::lint::analysis::Analysis;
use crate::lint::engine::Fired;
use crate::lint::findings::{Finding, Level, Route, RouteAnswer};
use crate::lint::subjects::Subject;
use crate::lint::verdict;
use crate::read::source::FileId;
use crate::trust::registry::slot::known_text;
use crate::workflow::expression::Truth;

/// The release paths. The answer is a refusal if a rule that fired in the run reports an error.
pub(crate) fn routes(analysis: &Analysis<'_, '_>, fired: &Fired, findings: &[Finding]) -> Vec<Route> {
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).map(|finding| {
        let start = finding.steps.first().unwrap_or(&finding.primary);
        (start.place.file, finding.name.as_str())
    });
    let errors: HashSet<(FileId, &str)> = errors.collect();
    let mut routes: Vec<Route> = Vec::new();
    let mut seen: HashSet<Route> = HashSet::new();
    for upload in &analysis.uploads {
        for (position, run) in upload.runs.iter().enumerate() {
            let Some(mut route) = analysis.with_upload_run(upload, run, route) else { continue };
            let file = upload.site.resolved.workflow.file;
            let names = fired.get(&(upload.index, position)).map_or(&[][..], Vec::as_slice);
            if names.iter().any(|name| errors.contains(&(file, name.as_str()))) {
                route.answer = RouteAnswer::Refused;
            }
            if seen.insert(route.clone()) {
                routes.push(route);
            }
        }
    }
    routes
}

fn route(subject: &Subject<'_, '_, '_>) -> Option<Route> {
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
        answer: verdict::of(subject)?.answer(view.run.reach == Truth::Yes),
    })
}
