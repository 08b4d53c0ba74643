//! One project as a whole, before any rule speaks: what stands in its files, and what that means to the registries.
//! Whatever judges or explains a project starts here; nothing here says whether it is good.

use std::collections::HashMap;

use crate::lint::data::Data;
use crate::lint::subjects::Subject;
use crate::lint::uploads::{self, Upload, UploadRun};
use crate::read::config::Config;
use crate::read::document;
use crate::read::problem::Problem;
use crate::read::project::{LocalAction, Project, ProjectFile};
use crate::read::source::{FileId, SourceFile};
use crate::trust::claims;
use crate::trust::document::{RepeatedValue, labels, repeated};
use crate::trust::publisher::{self, Publisher};
use crate::trust::upload::site::UploadTarget;
use crate::trust::verdict;
use crate::workflow::calls::{self, StartRefusal};
use crate::workflow::github::GitHubFacts;
use crate::workflow::lock::LockFile;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Action, Text, Workflow};
use crate::workflow::simulate::run::TriggerStart;
use crate::workflow::simulate::run_filter::RunFilter;

/// What stands in a project's files, before any data says what it means.
#[derive(Debug, Default)]
pub struct ParsedProject<'p> {
    /// The config; empty if there is none.
    pub config: Config<'p>,
    /// The workflows and actions that parse.
    pub checkout: Model<'p>,
}

impl<'p> ParsedProject<'p> {
    /// Reads a project's config, workflows and actions, with what is known of GitHub.
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
        Self { config, checkout }
    }
}

/// Everything that is known of a project before any rule speaks.
pub struct Analysis<'a, 'p> {
    /// Registries and GitHub's facts.
    pub data: &'a Data,
    /// The project.
    pub project: &'p Project,
    /// The config; empty if there is none.
    pub config: &'a Config<'p>,
    /// The workflows that parse.
    pub workflows: &'a [Workflow<'p>],
    /// The workflows and actions, and which of them use which.
    pub checkout: &'a Model<'p>,
    /// Declared publishers.
    pub publishers: Vec<Publisher<'a>>,
    /// `owner/name`, if the config says it.
    pub repository: Option<&'a str>,
    /// Publications with the runs that may reach them.
    pub uploads: Vec<Upload<'a, 'p>>,
    /// What documents repeat of the publishers.
    pub documents: Vec<RepeatedValue>,
    /// By file: the workflows that start publications and that GitHub refuses to start.
    refusals: HashMap<FileId, StartRefusal<'a, 'p>>,
}

/// What says which repository this is where the config does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The git remote or the environment of the checkout, which may be a fork's.
    Remote,
    /// The repository that the workflows' own conditions ask for.
    Guard,
}

impl<'a, 'p> Analysis<'a, 'p> {
    /// `owner/name` where nothing says it for certain: the workflows' own conditions before the git remote, which may be a fork's.
    #[must_use]
    pub fn repository_hint(&self) -> Option<(&str, Hint)> {
        let whole = |name: &&str| name.split_once('/').is_some_and(|(_, name)| !name.is_empty());
        let guard = self.checkout.repository.as_deref().filter(whole).map(|name| (name, Hint::Guard));
        guard.or_else(|| self.project.repository_hint.as_deref().map(|name| (name, Hint::Remote)))
    }

    /// Puts a project together, with what is wrong with its config and its publishers.
    #[must_use]
    pub fn new(data: &'a Data, project: &'p Project, reading: &'a ParsedProject<'p>) -> (Self, Vec<Problem>) {
        Self::of(data, project, reading, &RunFilter::default())
    }

    /// The same with only those runs that are asked about.
    #[must_use]
    pub fn of(
        data: &'a Data,
        project: &'p Project,
        reading: &'a ParsedProject<'p>,
        asked: &RunFilter,
    ) -> (Self, Vec<Problem>) {
        let ParsedProject { config, checkout } = reading;
        let (publishers, mut problems) = publisher::publishers(config, &data.registries);
        problems.extend(config.problems.iter().chain(&project.problems).cloned());
        let repository = config.repository.map(Text::value);
        let uploads = uploads::uploads(data, checkout, &publishers, repository, asked);
        let documents = documents(data, project, &publishers);
        let workflows = checkout.workflows.as_slice();
        let refusals = refusals(data, checkout, &uploads);
        let analysis =
            Self { data, project, config, workflows, checkout, publishers, repository, uploads, documents, refusals };
        (analysis, problems)
    }

    /// Why GitHub does not even start a run of a publication.
    #[must_use]
    pub fn refusal(&self, upload: &Upload<'a, 'p>, run: &TriggerStart<'_, 'p>) -> Option<&StartRefusal<'a, 'p>> {
        self.refusals.get(&started(upload.site.resolved.workflow, run).file)
    }

    /// Shows a publication as the subject that it is in one of its runs: what its step sees, where it uploads to,
    /// the claims of its token, and the publisher that these are measured by.
    pub fn with_upload_run<T>(
        &self,
        upload: &Upload<'a, 'p>,
        upload_run: &UploadRun<'a, 'p>,
        look: impl FnOnce(&Subject<'_, 'a, 'p>) -> T,
    ) -> T {
        let resolved = &upload.site.resolved;
        let context = upload.context(upload_run);
        let target = upload.site.target(&self.data.registries, &context);
        let claims = claims::claims(&upload.site, &context, self.repository);
        let publisher = match &target {
            UploadTarget::Registry(registry, _) => verdict::assigned(&claims, &registry.id, &self.publishers),
            _ => None,
        };
        look(&Subject {
            workflow: Some(resolved.workflow),
            job: Some(resolved.job),
            step: resolved.step,
            upload: Some(upload),
            context: Some(&context),
            claims: Some(&claims),
            target: Some(&target),
            publisher,
            ..Subject::of(self)
        })
    }
}

/// The workflow that GitHub starts, as far as it stands here.
fn started<'a, 'p>(own: &'a Workflow<'p>, run: &TriggerStart<'a, 'p>) -> &'a Workflow<'p> {
    run.calls.first().map_or(own, |call| call.workflow)
}

/// Of the workflows that start publications, those that GitHub refuses to start.
fn refusals<'a, 'p>(
    data: &Data,
    checkout: &'a Model<'p>,
    uploads: &[Upload<'a, 'p>],
) -> HashMap<FileId, StartRefusal<'a, 'p>> {
    let mut found = HashMap::new();
    for upload in uploads {
        for upload_run in &upload.runs {
            let workflow = started(upload.site.resolved.workflow, upload_run.run());
            found.entry(workflow.file).or_insert_with(|| calls::refusal(&data.github, checkout, workflow));
        }
    }
    found.into_iter().filter_map(|(file, refusal)| Some((file, refusal?))).collect()
}

/// What the documents of a project repeat of its publishers.
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
