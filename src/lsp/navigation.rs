//! Go to definition and references: between the config and the jobs that it is about, and between `uses: ./…` and the file.

use std::path::Path;

use gen_lsp_types::{Location, Position};

use crate::lint::analysis::Analysis;
use crate::lsp::commands;
use crate::lsp::view::View;
use crate::read::source::{FileId, Place, Span};
use crate::trust::publisher::Publisher;
use crate::workflow::model::{Job, Text, Workflow};

impl View<'_> {
    /// Where the thing at a position is defined.
    pub(crate) fn definitions(&self, path: &Path, at: Position) -> Vec<Location> {
        self.places(path, at, |analysis, file, at| {
            if self.is_config(file) {
                return self.of_config(analysis, file, at);
            }
            uses(analysis, file, at).into_iter().map(|file| Place { file, span: Span::at(0) }).collect()
        })
    }

    /// Where the thing at a position is used.
    pub(crate) fn references(&self, path: &Path, at: Position) -> Vec<Location> {
        self.places(path, at, |analysis, file, at| {
            if self.is_config(file) {
                return self.of_config(analysis, file, at);
            }
            let mut places = publishers(self, analysis, file, at);
            places.extend(users(analysis, file));
            places
        })
    }

    fn places(
        &self,
        path: &Path,
        at: Position,
        find: impl Fn(&Analysis<'_, '_>, FileId, Span) -> Vec<Place>,
    ) -> Vec<Location> {
        let Some(file) = self.repository.file(path) else { return Vec::new() };
        let Some(id) = self.repository.project.file(file.path()) else { return Vec::new() };
        let at = Span::at(self.offset(file, at));
        let mut places = self.repository.analyse(|analysis| find(analysis, id, at));
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.location(place)).collect()
    }

    fn is_config(&self, file: FileId) -> bool {
        self.repository.project.config.as_ref().is_some_and(|config| config.file == file)
    }

    /// What an entry of the config is about.
    fn of_config(&self, analysis: &Analysis<'_, '_>, file: FileId, at: Span) -> Vec<Place> {
        let root = self.repository.project.document(file).and_then(|(document, _)| document.tree.root());
        let Some(section) = root.and_then(|root| root.entries().find(|entry| entry.span().contains(at))) else {
            return Vec::new();
        };
        let Some(index) = section.value.items().position(|item| item.span().contains(at)) else { return Vec::new() };
        let Some(item) = section.value.items().nth(index) else { return Vec::new() };
        let entry = item.entries().find(|entry| entry.span().contains(at));
        let key = entry.and_then(|entry| entry.key.text()).unwrap_or_default();
        let named = |key: &str| item.get(key).and_then(|value| value.text());
        let workflows = || {
            analysis.workflows.iter().filter(|it| named("workflow").is_none_or(|name| it.source.file_name() == name))
        };
        let start = |workflow: &Workflow<'_>| Place { file: workflow.file, span: Span::at(0) };
        match (section.key.text(), key) {
            (Some("publishers" | "ignore"), "workflow") => workflows().map(start).collect(),
            (Some("publishers"), _) => {
                let span = item.span();
                let of = analysis.publishers.iter().find(|it| it.place.file == file && span.contains(it.place.span));
                let Some(group) = of.and_then(|publisher| analysis.publishers.group(publisher)) else {
                    return Vec::new();
                };
                let assigned = analysis.uploads.iter().filter(|upload| upload.assigned.contains(&group));
                assigned.map(|upload| upload.site.resolved.job.id.place()).collect()
            }
            (Some("ignore"), "job") => {
                let job = |workflow: &Workflow<'_>| workflow.job(named("job")?).map(|job| job.id.place());
                workflows().filter_map(job).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The file of this repository that a `uses:` at an offset names.
fn uses(analysis: &Analysis<'_, '_>, file: FileId, at: Span) -> Option<FileId> {
    let here = |text: &Text<'_>| text.place().file == file && text.place().span.contains(at);
    let mut jobs = analysis.workflows.iter().flat_map(|workflow| &workflow.jobs);
    if let Some(job) = jobs.find(|job| job.uses.as_ref().is_some_and(here)) {
        return analysis.checkout.called(job).map(|workflow| workflow.file);
    }
    let text = all_uses(analysis).find(here)?;
    analysis.checkout.action(text.value()).map(|action| action.file)
}

/// `uses:` of all steps.
fn all_uses<'a, 'p>(analysis: &'a Analysis<'_, 'p>) -> impl Iterator<Item = Text<'p>> + use<'a, 'p> {
    let jobs = analysis.workflows.iter().flat_map(|workflow| &workflow.jobs);
    let actions = analysis.checkout.actions().flat_map(|action| &action.steps);
    jobs.flat_map(|job| &job.steps).chain(actions).filter_map(|step| step.uses)
}

/// The users of a file: the jobs that call a workflow, the steps that use an action.
fn users(analysis: &Analysis<'_, '_>, file: FileId) -> Vec<Place> {
    let uses = |job: &Job<'_>| job.uses.map(Text::place);
    let workflow = analysis.workflows.iter().find(|workflow| workflow.file == file);
    let callers = workflow.into_iter().flat_map(|workflow| analysis.checkout.callers(workflow));
    let of_action = all_uses(analysis)
        .filter(|text| analysis.checkout.action(text.value()).is_some_and(|action| action.file == file));
    callers.filter_map(|(_, job)| uses(job)).chain(of_action.map(Text::place)).collect()
}

/// The publishers of the config that the uploads of the job at an offset are compared with.
fn publishers(view: &View<'_>, analysis: &Analysis<'_, '_>, file: FileId, at: Span) -> Vec<Place> {
    let here = analysis.uploads.iter().filter(|upload| {
        let resolved = &upload.site.resolved;
        resolved.workflow.file == file && commands::job_span(view, file, resolved.job.id.value()).contains(at)
    });
    let groups: Vec<usize> = here.flat_map(|upload| &upload.assigned).copied().collect();
    let compared = |it: &&Publisher<'_>| analysis.publishers.group(it).is_some_and(|group| groups.contains(&group));
    analysis.publishers.iter().filter(compared).map(|it| it.place).collect()
}
