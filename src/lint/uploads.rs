//! The uploads of a project with every run that could come to them. It says which runs do; it judges none.

use std::sync::Arc;

use crate::lint::data::Data;
use crate::trust::claims;
use crate::trust::publisher::Publisher;
use crate::trust::registry::Claim;
use crate::trust::upload::called;
use crate::trust::upload::site;
use crate::trust::upload::site::{UploadSite, UploadTarget};
use crate::trust::verdict;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::model::repository::Model;
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::reach::SimulatedRun;
use crate::workflow::simulate::relevance::Relevance;
use crate::workflow::simulate::run::TriggerStart;
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::triggers;

/// The most runs of one upload, copies of its job by a matrix included.
const MOST_UPLOAD_RUNS: usize = 1024;

/// One run that starts an upload's workflow, and whether it comes to the upload.
pub struct UploadRun<'a, 'p> {
    /// The run, played up to the job.
    pub simulated: Arc<SimulatedRun<'a, 'p>>,
    /// Which copy of the job, if it has a matrix and the copies differ.
    pub row: Option<MatrixRow>,
    /// Whether the run comes to the upload.
    pub reach: Truth,
}

impl<'a, 'p> UploadRun<'a, 'p> {
    /// The run.
    #[must_use]
    pub fn run(&self) -> &TriggerStart<'a, 'p> {
        &self.simulated.run
    }

    /// How to say it: "when a tag is pushed", with the row of the job's matrix.
    #[must_use]
    pub fn when(&self) -> String {
        match self.row.as_ref().map(MatrixRow::title).filter(|title| !title.is_empty()) {
            Some(title) => format!("{} in the matrix row {title}", self.run().when),
            None => self.run().when.clone(),
        }
    }
}

/// An upload and all its runs.
pub struct Upload<'a, 'p> {
    /// The step, or the calling job, with its way into the action that holds it.
    pub site: UploadSite<'a, 'p>,
    /// Position among the uploads of the project.
    pub index: usize,
    /// The runs that may come to it and take it to a registry, or nobody knows where.
    pub runs: Vec<UploadRun<'a, 'p>>,
    /// The runs that start its workflow and surely do not come to it.
    pub skipped: Vec<UploadRun<'a, 'p>>,
    /// Why there may be runs that are not here.
    pub cut: Option<UnknownReason>,
    /// Positions of the publishers that some run is measured by.
    pub assigned: Vec<usize>,
    /// Why some run of it is not decided.
    pub undecided: Option<String>,
    /// Ids of registries that its environment suggests although it uploads to another.
    pub swapped: Vec<String>,
    /// Whether some run uploads to a known registry.
    pub known: bool,
    /// Whether some run uploads to a place that is none of the registries.
    pub elsewhere: bool,
}

impl<'a, 'p> Upload<'a, 'p> {
    /// What the upload sees in one of its runs.
    #[must_use]
    pub fn context<'s>(&'s self, upload_run: &'s UploadRun<'a, 'p>) -> EvaluationContext<'s, 'p> {
        seen(&self.site, &upload_run.simulated, upload_run.row.as_ref())
    }

    /// Whether some run comes to it: no only where every run is known and none does.
    #[must_use]
    pub fn reachable(&self) -> Truth {
        if !self.runs.is_empty() || self.elsewhere {
            return Truth::Yes;
        }
        match &self.cut {
            Some(reason) => Truth::Unknown(reason.clone()),
            None if self.skipped.is_empty() => Truth::Unknown(UnknownReason::new("how the workflow starts")),
            None => Truth::No,
        }
    }
}

/// The publications of all workflows with their runs, of those that are asked about.
#[must_use]
pub fn uploads<'a, 'p>(
    data: &'a Data,
    checkout: &'a Model<'p>,
    publishers: &[Publisher<'a>],
    certain: Option<&str>,
    asked: &RunFilter,
) -> Vec<Upload<'a, 'p>> {
    let mut found = Vec::new();
    for workflow in &checkout.workflows {
        for site in site::sites(&data.github, &data.registries, checkout, workflow) {
            let mut upload = Upload {
                index: found.len(),
                runs: Vec::new(),
                skipped: Vec::new(),
                cut: None,
                assigned: Vec::new(),
                undecided: None,
                swapped: Vec::new(),
                known: false,
                elsewhere: false,
                site,
            };
            for upload_run in upload_runs(data, checkout, &mut upload, asked) {
                keep(&mut upload, upload_run, data, publishers, certain);
            }
            let elsewhere = upload.elsewhere && !upload.known && upload.undecided.is_none();
            // A called workflow that is never told to upload is called for something else.
            let unasked = upload.runs.is_empty() && upload.site.pattern.is_some_and(|it| it.only_if.is_some());
            if !elsewhere && !unasked {
                found.push(upload);
            }
        }
    }
    found
}

fn seen<'s, 'a, 'p>(
    site: &'s UploadSite<'a, 'p>,
    simulated: &'s SimulatedRun<'a, 'p>,
    row: Option<&'s MatrixRow>,
) -> EvaluationContext<'s, 'p> {
    site.resolved.context(&simulated.context(site.resolved.job).for_row(row))
}

/// Every run of a publication's job, with its copies.
fn upload_runs<'a, 'p>(
    data: &'a Data,
    checkout: &'a Model<'p>,
    upload: &mut Upload<'a, 'p>,
    asked: &RunFilter,
) -> Vec<UploadRun<'a, 'p>> {
    let resolved = &upload.site.resolved;
    let step = resolved.frames.first().map(|frame| frame.step).or(resolved.step);
    let relevance = Relevance::of(resolved.workflow, resolved.job, step);
    let starts = triggers::simulate(&data.github, checkout, resolved.workflow, (resolved.job, step), asked);
    let mut upload_runs = Vec::new();
    upload.cut = starts.incomplete;
    for simulated in starts.runs {
        for row in triggers::rows(&simulated, resolved.job, &relevance) {
            if upload_runs.len() == MOST_UPLOAD_RUNS {
                upload.cut = Some(UnknownReason::new("more runs than are played"));
                return upload_runs;
            }
            let context = seen(&upload.site, &simulated, row.as_ref());
            let reach = context.reached().and(called::uploads(&upload.site, &context));
            upload_runs.push(UploadRun { simulated: Arc::clone(&simulated), row, reach });
        }
    }
    upload_runs
}

/// Keeps a run of a publication, with what the project as a whole must know of it.
fn keep<'a, 'p>(
    upload: &mut Upload<'a, 'p>,
    upload_run: UploadRun<'a, 'p>,
    data: &'a Data,
    publishers: &[Publisher<'a>],
    certain: Option<&str>,
) {
    let context = seen(&upload.site, &upload_run.simulated, upload_run.row.as_ref());
    let target = upload.site.target(&data.registries, &context);
    if upload_run.reach == Truth::No {
        upload.elsewhere |= matches!(target, UploadTarget::Elsewhere) && upload.runs.is_empty();
        upload.skipped.push(upload_run);
        return;
    }
    match target {
        UploadTarget::Elsewhere => {
            upload.elsewhere = true;
            return;
        }
        UploadTarget::Unknown(reason, _) => upload.undecided = Some(reason.to_string()),
        UploadTarget::Registry(registry, _) => {
            upload.known = true;
            let claims = claims::claims(&upload.site, &context, certain);
            upload
                .assigned
                .extend(verdict::all_assigned(&claims, &registry.id, publishers).map(|publisher| publisher.index));
            if let Some(name) = claims.value(Claim::Environment, registry).ok().flatten() {
                let suggested = data.suggested(&name);
                if !suggested.is_empty() && !suggested.contains(&registry.id.as_str()) {
                    upload.swapped.extend(suggested.into_iter().map(str::to_owned));
                }
            }
        }
    }
    upload.runs.push(upload_run);
}
