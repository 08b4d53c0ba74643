//! The analysis of one project: its parsed files, uploads and publishers. Checks and explanations start from it.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::lint::data::Data;
use crate::lint::subjects::{Item, Subject, UploadView};
use crate::lint::uploads::{self, FoundUploads, Unknown, Upload, UploadRun};
use crate::read::config::Config;
use crate::read::document;
use crate::read::problem::Problem;
use crate::read::project::{LocalAction, Project, ProjectFile};
use crate::read::source::{FileId, Place, SourceFile};
use crate::trust::publisher::{self, Publisher};
use crate::trust::publisher_list::PublisherList;
use crate::trust::registry::Claim;
use crate::trust::releases::{AwaitedEvent, ReleaseOrigin, ReleaseSearch};
use crate::trust::repeated_value::{RepeatedValue, labels, repeated};
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::unseen::UnseenUpload;
use crate::workflow::actions_lock::LockFile;
use crate::workflow::calls::{self, StartRefusal};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Action, Job, Text, Workflow};
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::trigger_start::TriggerStart;

/// A project's files, parsed.
#[derive(Debug, Default)]
pub struct ParsedProject<'p> {
    /// The config; empty if there is none.
    pub config: Config<'p>,
    /// The workflows and actions that parse.
    pub checkout: Model<'p>,
}

impl<'p> ParsedProject<'p> {
    /// Parses a project's config, workflows and actions.
    #[must_use]
    pub fn new(github: &GitHubFacts, project: &'p Project) -> Self {
        let config = project
            .config
            .as_ref()
            .and_then(|document| Some(Config::read(document.file, project.source(document.file)?, &document.tree)));
        let config = config.unwrap_or_default();
        let sound =
            |document: &'p ProjectFile| document.tree.errors().is_empty().then(|| project.source(document.file))?;
        let workflow =
            |document: &'p ProjectFile| Some(Workflow::read(github, document.file, sound(document)?, &document.tree));
        let action = |local: &'p LocalAction| {
            let document = &local.document;
            Some((local.folder.clone(), Action::read(github, document.file, sound(document)?, &document.tree)?))
        };
        let workflows = project.workflows.iter().filter_map(workflow).collect();
        let actions: HashMap<_, _> = project.actions.iter().filter_map(action).collect();
        let (certain, hint) = (config.repository.map(Text::value), project.repository_hint.as_deref());
        let mut checkout = Model::new(workflows, actions, certain, hint);
        checkout.manifests = Some(&project.manifests);
        let lock = project.lock.as_ref();
        checkout.lock = lock.and_then(|document| LockFile::read(&github.lock_versions, &document.tree));
        Self { config, checkout: checkout.with_scripts(&project.scripts) }
    }
}

/// Everything that rules can look up about a project.
pub struct Analysis<'a, 'p> {
    /// The facts about GitHub, the registries and permission needs.
    pub data: &'a Data,
    /// The project.
    pub project: &'p Project,
    /// The config; empty if there is none.
    pub config: &'a Config<'p>,
    /// The workflows that parse.
    pub workflows: &'a [Workflow<'p>],
    /// The workflows and actions, and the calls between them.
    pub checkout: &'a Model<'p>,
    /// The declared publishers.
    pub publishers: PublisherList<'a>,
    /// `owner/name`, if the config has it.
    pub repository: Option<&'a str>,
    /// The uploads with the runs that may reach them.
    pub uploads: Vec<Upload<'a, 'p>>,
    /// The workflows with more uploads than are checked.
    pub(crate) cut: Vec<Unknown>,
    /// The login steps of each job that has some, by the place of its id.
    logins: BTreeMap<Place, Vec<LoginStep<'a, 'p>>>,
    /// The steps of each job with those of local actions, by the place of its id.
    steps: BTreeMap<Place, Vec<ResolvedStep<'a, 'p>>>,
    /// The values of publishers that documents repeat.
    pub documents: Vec<RepeatedValue>,
    /// The date of the check, if it is known.
    pub today: Option<jiff::civil::Date>,
    /// By file: the workflows that start uploads and that GitHub refuses to start.
    refusals: BTreeMap<FileId, StartRefusal<'a, 'p>>,
    /// The steps that may create releases.
    releases: ReleaseSearch<'a, 'p>,
    /// The steps that may create tags.
    tags: ReleaseSearch<'a, 'p>,
    index: UploadIndex,
}

/// Lookups that would otherwise search all uploads for every subject. Most of these maps are small, so that an ordered one is the fastest.
#[derive(Default)]
struct UploadIndex {
    /// Positions of uploads by the place of their job's id.
    by_job: BTreeMap<Place, Vec<usize>>,
    /// The files of workflows with uploads.
    files: BTreeSet<FileId>,
    /// The groups of the publishers that some run is compared with.
    assigned: HashSet<usize>,
    /// Registries whose environment is used for uploads to another one.
    swapped: HashSet<String>,
    /// Whether an upload may go to any registry.
    any_unknown: bool,
    /// The places of conditions that keep every run from an upload.
    blockers: OnceCell<HashSet<Place>>,
    /// The workflow files of the publishers that no run is compared with.
    unassigned_files: OnceCell<HashSet<String>>,
    /// What creates the releases, or the tags of a filter with these patterns.
    started_by: RefCell<HashMap<Option<FilterPatterns>, ReleaseOrigin>>,
    /// The unseen uploads by the place of their job's id.
    unseen: RefCell<BTreeMap<Place, Option<UnseenUpload>>>,
}

/// The patterns of a filter that accept and that ignore; `None` for a missing key.
type FilterPatterns = [Option<Vec<String>>; 2];

impl UploadIndex {
    fn new(uploads: &[Upload<'_, '_>]) -> Self {
        let mut index = Self::default();
        for upload in uploads {
            let resolved = &upload.site.resolved;
            index.by_job.entry(resolved.job.id.place()).or_default().push(upload.index);
            index.files.insert(resolved.workflow.file);
            index.assigned.extend(&upload.assigned);
            index.swapped.extend(upload.swapped.iter().cloned());
            index.any_unknown |= upload.unknown_target.is_some() || upload.runs.is_empty();
        }
        index
    }
}

/// Where the name of the repository comes from if the config does not have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The git remote or the environment of the checkout, which may be a fork's.
    Remote,
    /// A condition of a workflow that tests for the repository.
    Condition,
}

impl<'a, 'p> Analysis<'a, 'p> {
    /// `owner/name` if it is not certain: from a workflow's condition, else from the git remote, which may be a fork's.
    #[must_use]
    pub fn repository_hint(&self) -> Option<(&str, Hint)> {
        let whole = |name: &&str| name.split_once('/').is_some_and(|(_, name)| !name.is_empty());
        let guard = self.checkout.repository.as_deref().filter(whole).map(|name| (name, Hint::Condition));
        guard.or_else(|| self.project.repository_hint.as_deref().map(|name| (name, Hint::Remote)))
    }

    /// A sentence, if no git remote is the repository that the config names. A contributor's fork is not at fault, so it is no finding.
    #[must_use]
    pub fn other_remote(&self) -> Option<String> {
        let (named, remotes) = (self.repository?, &self.project.remotes);
        let other = remotes.first().filter(|_| remotes.iter().all(|remote| !remote.eq_ignore_ascii_case(named)))?;
        Some(format!(
            "the config names the repository `{named}`, but no git remote does (the first is `{other}`): it was renamed or transferred, or this is a fork"
        ))
    }

    /// Analyses a project; also returns the problems of its config and publishers.
    #[must_use]
    pub fn new(data: &'a Data, project: &'p Project, parsed: &'a ParsedProject<'p>) -> (Self, Vec<Problem>) {
        Self::with_filter(data, project, parsed, &RunFilter::default())
    }

    /// Analyses a project in the runs that the filter selects.
    #[must_use]
    pub fn with_filter(
        data: &'a Data,
        project: &'p Project,
        parsed: &'a ParsedProject<'p>,
        filter: &RunFilter,
    ) -> (Self, Vec<Problem>) {
        let ParsedProject { config, checkout } = parsed;
        let (publishers, mut problems) = publisher::publishers(config, &data.registries);
        problems.extend(config.problems.iter().chain(&project.problems).cloned());
        let repository = config.repository.map(Text::value);
        let FoundUploads { uploads, cut, logins, steps } =
            uploads::uploads(data, checkout, &publishers, repository, filter);
        let documents = documents(data, project, &publishers);
        let workflows = checkout.workflows.as_slice();
        let refusals = refusals(data, checkout, &uploads);
        let index = UploadIndex::new(&uploads);
        let analysis = Self {
            data,
            project,
            config,
            workflows,
            checkout,
            publishers,
            repository,
            uploads,
            cut,
            logins,
            steps,
            documents,
            today: None,
            refusals,
            releases: ReleaseSearch::for_releases(&data.github, checkout),
            tags: ReleaseSearch::for_tags(&data.github, checkout),
            index,
        };
        (analysis, problems)
    }

    /// Why GitHub refuses to start a run of an upload.
    pub(crate) fn refusal(&self, upload: &Upload<'a, 'p>, run: &TriggerStart<'_, 'p>) -> Option<&StartRefusal<'a, 'p>> {
        self.refusals.get(&started(upload.site.resolved.workflow, run).file)
    }

    /// The uploads of a job.
    pub(crate) fn uploads_of(&self, job: &Job<'_>) -> Vec<&Upload<'a, 'p>> {
        let positions = self.index.by_job.get(&job.id.place()).into_iter().flatten();
        positions.filter_map(|position| self.uploads.get(*position)).collect()
    }

    /// Whether a job has uploads.
    pub(crate) fn has_uploads(&self, job: &Job<'_>) -> bool {
        self.index.by_job.contains_key(&job.id.place())
    }

    /// The steps of a job. The steps of a local action follow the step that uses it.
    pub(crate) fn steps_of(&self, job: &Job<'_>) -> &[ResolvedStep<'a, 'p>] {
        self.steps.get(&job.id.place()).map_or(&[], Vec::as_slice)
    }

    /// The login steps of a job, in order.
    pub(crate) fn logins_of(&self, job: &Job<'_>) -> &[LoginStep<'a, 'p>] {
        self.logins.get(&job.id.place()).map_or(&[], Vec::as_slice)
    }

    /// Whether a workflow has uploads.
    pub(crate) fn publishes(&self, workflow: FileId) -> bool {
        self.index.files.contains(&workflow)
    }

    /// Whether a run of an upload is compared with a publisher.
    pub(crate) fn is_assigned(&self, publisher: &Publisher<'_>) -> bool {
        self.publishers.group(publisher).is_some_and(|group| self.index.assigned.contains(&group))
    }

    /// The workflow files of the publishers that no run of an upload is compared with.
    pub(crate) fn unassigned_files(&self) -> &HashSet<String> {
        let of = |publisher: &Publisher<'_>| publisher.entry_of(Claim::Workflow).map(|entry| entry.value.clone());
        let all = || self.publishers.iter().filter(|publisher| !self.is_assigned(publisher)).filter_map(of).collect();
        self.index.unassigned_files.get_or_init(all)
    }

    /// Whether it is unknown if an upload must be compared with a publisher.
    pub(crate) fn may_be_assigned(&self, publisher: &Publisher<'_>) -> bool {
        self.index.any_unknown || self.index.swapped.contains(&publisher.registry.id)
    }

    /// What creates the releases or tags that a workflow waits for; searched once for equal filters.
    pub(crate) fn started_by(&self, awaited: AwaitedEvent<'_, 'p>) -> ReleaseOrigin {
        let texts = |list: &Option<Vec<Text<'_>>>| {
            list.as_ref().map(|list| list.iter().map(|text| text.value().to_owned()).collect::<Vec<_>>())
        };
        let key = match awaited {
            AwaitedEvent::Release => None,
            AwaitedEvent::Tag(filter) => Some([texts(&filter.only), texts(&filter.ignore)]),
        };
        let known = self.index.started_by.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let search = match awaited {
                AwaitedEvent::Release => &self.releases,
                AwaitedEvent::Tag(_) => &self.tags,
            };
            let found = search.origin(awaited);
            self.index.started_by.borrow_mut().insert(key, found);
            found
        })
    }

    /// What may upload in a job without being recognised; searched once for each job.
    pub(crate) fn unseen_upload(
        &self,
        job: &Job<'_>,
        search: impl FnOnce() -> Option<UnseenUpload>,
    ) -> Option<UnseenUpload> {
        let key = job.id.place();
        let known = self.index.unseen.borrow().get(&key).cloned();
        known.unwrap_or_else(|| {
            let found = search();
            self.index.unseen.borrow_mut().insert(key, found.clone());
            found
        })
    }

    /// Whether the condition at a place keeps every run from an upload.
    pub(crate) fn blocks_an_upload(&self, condition: Place) -> bool {
        let all = || self.uploads.iter().filter_map(Upload::blockers).flatten().map(|blocker| blocker.place).collect();
        self.index.blockers.get_or_init(all).contains(&condition)
    }

    /// Calls a function with an upload run as the subject.
    pub(crate) fn with_upload_run<T>(
        &self,
        upload: &Upload<'a, 'p>,
        run: &UploadRun<'a, 'p>,
        look: impl FnOnce(&Subject<'_, 'a, 'p>) -> T,
    ) -> T {
        let context = upload.context(run);
        look(&Subject::new(self, Item::Upload(upload, Some(UploadView { run, context: &context }))))
    }
}

/// The workflow that GitHub starts, if it is in this repository.
fn started<'a, 'p>(own: &'a Workflow<'p>, run: &TriggerStart<'a, 'p>) -> &'a Workflow<'p> {
    run.calls.first().map_or(own, |call| call.workflow)
}

/// The workflows that start uploads and that GitHub refuses to start.
fn refusals<'a, 'p>(
    data: &Data,
    checkout: &'a Model<'p>,
    uploads: &[Upload<'a, 'p>],
) -> BTreeMap<FileId, StartRefusal<'a, 'p>> {
    let mut found = BTreeMap::new();
    for upload in uploads {
        for upload_run in &upload.runs {
            let workflow = started(upload.site.resolved.workflow, upload_run.run());
            found.entry(workflow.file).or_insert_with(|| calls::refusal(&data.github, checkout, workflow));
        }
    }
    found.into_iter().filter_map(|(file, refusal)| Some((file, refusal?))).collect()
}

/// The values of publishers that the documents of a project repeat.
fn documents(data: &Data, project: &Project, publishers: &[Publisher<'_>]) -> Vec<RepeatedValue> {
    let labels = if project.documents.is_empty() { Vec::new() } else { labels(&data.registries) };
    let suggested = |title: &str| data.suggested(title).into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    for file in &project.documents {
        let text = project.source(*file).map_or("", SourceFile::text);
        for block in document::blocks(text, &labels) {
            found.extend(repeated(*file, &block, publishers, suggested));
        }
    }
    found
}
