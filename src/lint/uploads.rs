//! The uploads of a project and every run that can reach them, each with its target, credential, claims and verdict.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::lint::blockers::{self, Blocker};
use crate::lint::data::Data;
use crate::lint::verdict::RunVerdict;
use crate::read::source::Place;
use crate::trust::claim_verdict;
use crate::trust::claims::{self, Claims};
use crate::trust::publisher_list::PublisherList;
use crate::trust::registry::{Claim, Registry};
use crate::trust::upload::called;
use crate::trust::upload::credential::CredentialOutcome;
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::package::{self, UploadedPackages};
use crate::trust::upload::site::{self, UploadSite, UploadTarget};
use crate::trust::upload::step::{self, ResolvedStep};
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::model::repository::Model;
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::matrix::MatrixRow;
use crate::workflow::simulate::relevance::Relevance;
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::simulated_run::SimulatedRun;
use crate::workflow::simulate::trigger_start::TriggerStart;
use crate::workflow::simulate::triggers;

/// The maximum number of runs of one upload, including the matrix rows of its job.
const MOST_UPLOAD_RUNS: usize = 1024;

/// The maximum number of uploads of one workflow that are checked.
const MOST_UPLOADS: usize = 512;

/// Something that the files do not decide, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What it depends on.
    pub reason: String,
    /// Where that is.
    pub place: Place,
}

/// A value, or why it is unknown.
pub type Known<T> = Result<T, Unknown>;

/// An upload in one simulated run.
pub struct UploadRun<'a, 'p> {
    /// Its position among the runs of its upload.
    pub(crate) position: usize,
    /// The run, simulated up to the job.
    pub simulated: Arc<SimulatedRun<'a, 'p>>,
    /// The matrix row of the job, if it has several that differ for the upload.
    pub row: Option<MatrixRow>,
    /// Whether the run reaches the upload.
    pub reach: Truth,
    /// Where it uploads to.
    pub target: UploadTarget<'a>,
    /// The position of the declared publisher that it is compared with.
    pub publisher: Option<usize>,
    claims: OnceCell<Claims>,
    credential: OnceCell<(CredentialOutcome, Place)>,
    packages: OnceCell<UploadedPackages<'p>>,
    comparison: OnceCell<RunVerdict>,
}

impl<'a, 'p> UploadRun<'a, 'p> {
    pub(crate) fn run(&self) -> &TriggerStart<'a, 'p> {
        &self.simulated.run
    }

    /// The run in words: "when a tag is pushed", with the row of the job's matrix.
    pub(crate) fn when(&self) -> String {
        match self.row.as_ref().map(MatrixRow::title).filter(|title| !title.is_empty()) {
            Some(title) => format!("{} in the matrix row {title}", self.run().when),
            None => self.run().when.clone(),
        }
    }

    /// The registry that it uploads to; `None` if that is another index.
    pub(crate) fn registry(&self) -> Option<Known<&'a Registry>> {
        match &self.target {
            UploadTarget::Registry(registry, _) => Some(Ok(registry)),
            UploadTarget::Unknown(reason, place) => Some(Err(Unknown { reason: reason.to_string(), place: *place })),
            UploadTarget::Elsewhere => None,
        }
    }

    /// The claims of the OIDC token, computed once.
    pub(crate) fn claims(
        &self,
        upload: &Upload<'_, '_>,
        context: &EvaluationContext<'_, '_>,
        repository: Option<&str>,
    ) -> &Claims {
        self.claims.get_or_init(|| claims::claims(&upload.site, context, repository))
    }

    /// The credential and the place that decides it, computed once.
    pub(crate) fn credential(
        &self,
        upload: &Upload<'_, '_>,
        context: &EvaluationContext<'_, '_>,
        data: &Data,
    ) -> &(CredentialOutcome, Place) {
        self.credential.get_or_init(|| upload.site.credential(&data.github, &data.registries, context))
    }

    /// The packages that are uploaded to a registry, computed once.
    pub(crate) fn packages(
        &self,
        upload: &Upload<'_, 'p>,
        context: &EvaluationContext<'_, 'p>,
        data: &Data,
        registry: &Registry,
    ) -> &UploadedPackages<'p> {
        self.packages.get_or_init(|| match upload.site.resolved.model.manifests {
            Some(manifests) => package::packages(&data.github, registry, manifests, &upload.site, context),
            None => Err(UnknownReason::new("manifests that were not read")),
        })
    }

    /// What the registry answers, computed once by `compute`.
    pub(crate) fn comparison(&self, compute: impl FnOnce() -> RunVerdict) -> &RunVerdict {
        self.comparison.get_or_init(compute)
    }
}

/// An upload and all its runs.
pub struct Upload<'a, 'p> {
    /// The step, or the calling job, with the actions that contain it.
    pub site: UploadSite<'a, 'p>,
    /// Its position among the uploads of the project.
    pub index: usize,
    /// The runs that reach or may reach it and upload to a registry or to an unknown place.
    pub runs: Vec<UploadRun<'a, 'p>>,
    /// The runs that start its workflow and do not reach it.
    pub skipped: Vec<UploadRun<'a, 'p>>,
    /// Why there may be runs that are not listed.
    pub cut: Option<UnknownReason>,
    /// The groups of the publishers that some run is compared with, by their numbers in the [`PublisherList`]: one upload may send several
    /// packages, each with its own publisher.
    pub assigned: BTreeSet<usize>,
    /// Why the registry of some run is unknown.
    pub unknown_target: Option<String>,
    /// Ids of registries that its environment suggests although it uploads to another.
    pub swapped: BTreeSet<String>,
    /// Whether some run uploads to a known registry.
    pub known: bool,
    /// Whether some run uploads to an index that is not one of the registries.
    pub elsewhere: bool,
    blockers: OnceCell<Option<Vec<Blocker>>>,
}

impl<'a, 'p> Upload<'a, 'p> {
    /// The contexts that the upload's step sees in one of its runs.
    pub fn context<'s>(&'s self, upload_run: &'s UploadRun<'a, 'p>) -> EvaluationContext<'s, 'p> {
        context(&self.site, &upload_run.simulated, upload_run.row.as_ref())
    }

    /// Whether a run reaches it: no only if every run is known and none does.
    pub(crate) fn reachable(&self) -> Truth {
        if !self.runs.is_empty() || self.elsewhere {
            return Truth::Yes;
        }
        match &self.cut {
            Some(reason) => Truth::Unknown(reason.clone()),
            None if self.skipped.is_empty() => Truth::Unknown(UnknownReason::new("how the workflow starts")),
            None => Truth::No,
        }
    }

    /// The conditions that keep every run from it, see [`blockers::blockers`]; computed once.
    pub(crate) fn blockers(&self) -> Option<&[Blocker]> {
        self.blockers.get_or_init(|| blockers::blockers(self)).as_deref()
    }
}

/// What the workflows of a project upload.
pub(crate) struct FoundUploads<'a, 'p> {
    /// The uploads in the runs that the filter selects.
    pub uploads: Vec<Upload<'a, 'p>>,
    /// The workflows with more uploads than are checked.
    pub cut: Vec<Unknown>,
    /// The login steps of each job that has some, by the place of its id.
    pub logins: BTreeMap<Place, Vec<LoginStep<'a, 'p>>>,
    /// The steps of each job with those of local actions, by the place of its id.
    pub steps: BTreeMap<Place, Vec<ResolvedStep<'a, 'p>>>,
}

/// The uploads of all workflows.
pub(crate) fn uploads<'a, 'p>(
    data: &'a Data,
    checkout: &'a Model<'p>,
    publishers: &PublisherList<'a>,
    repository: Option<&str>,
    filter: &RunFilter,
) -> FoundUploads<'a, 'p> {
    let (mut found, mut cut) = (Vec::new(), Vec::new());
    let (mut logins, mut all_steps) = (BTreeMap::new(), BTreeMap::new());
    for workflow in &checkout.workflows {
        let mut sites = Vec::new();
        for job in &workflow.jobs {
            let steps = step::steps(checkout, workflow, job);
            let (own, own_logins) = site::sites(&data.github, &data.registries, checkout, (workflow, job), &steps);
            all_steps.insert(job.id.place(), steps);
            sites.extend(own);
            if !own_logins.is_empty() {
                logins.insert(job.id.place(), own_logins);
            }
        }
        let decided: HashSet<String> =
            sites.iter().filter(|site| !site.undecided).map(|site| site.registry.id.clone()).collect();
        let file = workflow.source.file_name();
        let declared = |site: &UploadSite<'_, '_>| publishers.name_workflow(&site.registry.id, file);
        // What may be an upload counts only if a publisher names the workflow and no certain upload goes to its registry.
        sites.retain(|site| !site.undecided || declared(site) && !decided.contains(&site.registry.id));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        sites.iter().for_each(|site| *counts.entry(site.registry.id.as_str()).or_default() += 1);
        for site in &mut sites {
            site.declared = counts.get(site.registry.id.as_str()) == Some(&1) && declared(site);
        }
        cut.extend(sites.get(MOST_UPLOADS).map(|first| Unknown {
            reason: format!("the workflow has more than {MOST_UPLOADS} uploads; those from here on are not checked"),
            place: first.resolved.place(),
        }));
        for site in sites.into_iter().take(MOST_UPLOADS) {
            let mut upload = Upload {
                index: found.len(),
                runs: Vec::new(),
                skipped: Vec::new(),
                cut: None,
                assigned: BTreeSet::new(),
                unknown_target: None,
                swapped: BTreeSet::new(),
                known: false,
                elsewhere: false,
                blockers: OnceCell::new(),
                site,
            };
            for upload_run in upload_runs(data, checkout, &mut upload, filter) {
                add(&mut upload, upload_run, data, publishers, repository);
            }
            let elsewhere = upload.elsewhere && !upload.known && upload.unknown_target.is_none();
            // A called workflow that uploads only if an input is set, which no run sets, is not an upload.
            let not_requested = upload.runs.is_empty() && upload.site.pattern.is_some_and(|it| it.only_if.is_some());
            if !elsewhere && !not_requested {
                found.push(upload);
            }
        }
    }
    FoundUploads { uploads: found, cut, logins, steps: all_steps }
}

fn context<'s, 'a, 'p>(
    site: &'s UploadSite<'a, 'p>,
    simulated: &'s SimulatedRun<'a, 'p>,
    row: Option<&'s MatrixRow>,
) -> EvaluationContext<'s, 'p> {
    site.resolved.context(&simulated.context(site.resolved.job).for_row(row))
}

/// Every run of an upload's job, with the rows of its matrix.
fn upload_runs<'a, 'p>(
    data: &'a Data,
    checkout: &'a Model<'p>,
    upload: &mut Upload<'a, 'p>,
    filter: &RunFilter,
) -> Vec<UploadRun<'a, 'p>> {
    let resolved = &upload.site.resolved;
    let step = resolved.frames.first().map(|frame| frame.step).or(resolved.step);
    let relevance = Relevance::of(resolved.workflow, resolved.job, step);
    let starts = triggers::simulate(&data.github, checkout, resolved.workflow, (resolved.job, step), filter);
    let mut upload_runs = Vec::new();
    upload.cut = starts.incomplete;
    for simulated in starts.runs {
        for row in triggers::rows(&simulated, resolved.job, &relevance) {
            if upload_runs.len() == MOST_UPLOAD_RUNS {
                upload.cut = Some(UnknownReason::new(format!("more than {MOST_UPLOAD_RUNS} runs")));
                return upload_runs;
            }
            let context = context(&upload.site, &simulated, row.as_ref());
            let reach = context.reached().and(called::uploads(&upload.site, &context));
            let target = upload.site.target(&data.github, &data.registries, &context);
            upload_runs.push(UploadRun {
                position: 0,
                simulated: Arc::clone(&simulated),
                row,
                reach,
                target,
                publisher: None,
                claims: OnceCell::new(),
                credential: OnceCell::new(),
                packages: OnceCell::new(),
                comparison: OnceCell::new(),
            });
        }
    }
    upload_runs
}

/// Adds a run to its upload, with the publisher that it is compared with.
fn add<'a, 'p>(
    upload: &mut Upload<'a, 'p>,
    mut upload_run: UploadRun<'a, 'p>,
    data: &'a Data,
    publishers: &PublisherList<'a>,
    repository: Option<&str>,
) {
    if upload_run.reach == Truth::No {
        upload.elsewhere |= matches!(upload_run.target, UploadTarget::Elsewhere) && upload.runs.is_empty();
        upload.skipped.push(upload_run);
        return;
    }
    match &upload_run.target {
        UploadTarget::Elsewhere => {
            upload.elsewhere = true;
            return;
        }
        UploadTarget::Unknown(reason, _) => upload.unknown_target = Some(reason.to_string()),
        UploadTarget::Registry(registry, _) => {
            upload.known = true;
            let context = context(&upload.site, &upload_run.simulated, upload_run.row.as_ref());
            let claims = upload_run.claims(upload, &context, repository);
            let own = || upload_run.packages(upload, &context, data, registry).as_deref().unwrap_or_default();
            let assigned = claim_verdict::assigned(claims, registry, publishers, own);
            if let Some(name) = claims.value(Claim::Environment, registry).ok().flatten() {
                let suggested = data.suggested(&name);
                if !suggested.is_empty() && !suggested.contains(&registry.id.as_str()) {
                    upload.swapped.extend(suggested.into_iter().map(str::to_owned));
                }
            }
            upload.assigned.extend(assigned.and_then(|publisher| publishers.group(publisher)));
            upload_run.publisher = assigned.and_then(|publisher| publishers.position(publisher));
        }
    }
    upload_run.position = upload.runs.len();
    upload.runs.push(upload_run);
}
