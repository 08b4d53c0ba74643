//! All workflows and composite actions of one repository, and the calls between them.

use std::collections::HashMap;

use memchr::memmem::Finder;

use crate::read::local_actions;
use crate::read::manifest::Manifests;
use crate::read::script::{Scripts, StepScript};
use crate::read::source::{FileId, Place};
use crate::workflow::actions_lock::LockFile;
use crate::workflow::model::{Action, Job, Step, Text, Workflow};

/// All workflows and composite actions of one repository.
#[derive(Debug, Default)]
pub struct Model<'p> {
    /// The workflows that parse, sorted by path.
    pub workflows: Vec<Workflow<'p>>,
    /// The assumed value of `github.repository`: the configured name, else the name in the workflows' own conditions,
    /// so that a fork's checkout is checked as the original repository. It ends with `/` where only the owner is
    /// known.
    pub repository: Option<String>,
    /// The condition that names it; `None` for the configured name.
    pub guard: Option<Place>,
    /// The package manifests of the repository, if they were loaded.
    pub manifests: Option<&'p Manifests>,
    /// The lock file of its actions, if it has one that can be read.
    pub lock: Option<LockFile>,
    /// The scripts of the repository that its workflows run.
    pub scripts: Option<&'p Scripts>,
    actions: HashMap<String, Action<'p>>,
    /// The positions of the workflows, by path.
    paths: HashMap<&'p str, usize>,
    /// For each workflow file, the positions (workflow, job) of the jobs that call it.
    callers: HashMap<FileId, Vec<(usize, usize)>>,
}

impl<'p> Model<'p> {
    /// Builds the model. The keys of `actions` are their folders. `certain` is the configured repository name; `hint`
    /// (such as the git remote) chooses between conditions that name several repositories.
    #[must_use]
    pub fn new(
        workflows: Vec<Workflow<'p>>,
        actions: HashMap<String, Action<'p>>,
        certain: Option<&str>,
        hint: Option<&str>,
    ) -> Self {
        let guarded = if certain.is_some() { None } else { guarded_repository(&workflows, hint) };
        let (guarded, guard) = guarded.unzip();
        let paths = workflows.iter().enumerate().map(|(index, workflow)| (workflow.source.path(), index)).collect();
        let repository = certain.map(str::to_owned).or(guarded);
        let mut checkout = Self {
            workflows,
            repository,
            guard,
            manifests: None,
            lock: None,
            scripts: None,
            actions,
            callers: HashMap::new(),
            paths,
        };
        let mut callers: HashMap<FileId, Vec<(usize, usize)>> = HashMap::new();
        for (index, workflow) in checkout.workflows.iter().enumerate() {
            for (job, calling) in workflow.jobs.iter().enumerate() {
                if let Some(called) = checkout.called(calling) {
                    callers.entry(called.file).or_default().push((index, job));
                }
            }
        }
        checkout.callers = callers;
        checkout
    }

    /// Adds the scripts of the repository. Those of steps are parsed already.
    #[must_use]
    pub fn with_scripts(self, scripts: &'p Scripts) -> Self {
        for step in self.steps() {
            if let Some(parsed) = step.script.and_then(|script| scripts.step(script.place())) {
                step.commands.keep(parsed);
            }
        }
        Self { scripts: Some(scripts), ..self }
    }

    /// The scripts of steps that are parsed and whose commands follow from their text alone, with their places.
    pub(crate) fn parsed_scripts(&self) -> impl Iterator<Item = (Place, StepScript)> {
        self.steps().filter_map(|step| Some((step.script?.place(), step.commands.constant()?)))
    }

    /// Every step of the workflows and actions.
    fn steps(&self) -> impl Iterator<Item = &Step<'p>> {
        let jobs = self.workflows.iter().flat_map(|workflow| &workflow.jobs);
        jobs.flat_map(|job| &job.steps).chain(self.actions().flat_map(|action| &action.steps))
    }

    /// The workflow of this repository that the job calls.
    #[must_use]
    pub fn called(&self, job: &Job<'_>) -> Option<&Workflow<'p>> {
        let path = local_actions::local_path(job.uses?.value())?;
        self.workflows.get(*self.paths.get(path.as_str())?)
    }

    /// The jobs of this repository that call the workflow.
    pub fn callers(&self, workflow: &Workflow<'_>) -> impl Iterator<Item = (&Workflow<'p>, &Job<'p>)> {
        let positions = self.callers.get(&workflow.file).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|(index, job)| {
            let workflow = self.workflows.get(*index)?;
            Some((workflow, workflow.jobs.get(*job)?))
        })
    }

    /// The composite actions of this repository.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &Action<'p>> {
        self.actions.values()
    }

    /// The composite action of this repository that a `uses:` value names.
    #[must_use]
    pub fn action(&self, uses: &str) -> Option<&Action<'p>> {
        self.actions.get(&local_actions::local_path(uses)?)
    }
}

/// The repository that conditions such as `github.repository == 'a/b'` name, and the first such condition.
fn guarded_repository(workflows: &[Workflow<'_>], hint: Option<&str>) -> Option<(String, Place)> {
    let conditions = workflows.iter().flat_map(|workflow| &workflow.jobs).flat_map(|job| {
        let steps = job.steps.iter().filter_map(|step| step.condition);
        job.condition.into_iter().chain(steps)
    });
    let (repository, owner) = ("github.repository", "github.repository_owner");
    // Both names begin alike, and few conditions contain them.
    let finder = Finder::new(repository);
    let texts: Vec<Text<'_>> = conditions.filter(|text| finder.find(text.value().as_bytes()).is_some()).collect();
    // Conditions that name different repositories decide nothing unless the hint is one of the names: each may be
    // meant for its own repository.
    let literal = |context: &str, hint: Option<&str>| {
        let all = || texts.iter().filter_map(|text| Some((compared(text.value(), context)?, text.place())));
        let first = all().next()?;
        if all().all(|(other, _)| other.eq_ignore_ascii_case(&first.0)) {
            return Some(first);
        }
        all().find(|(other, _)| hint.is_some_and(|hint| hint.eq_ignore_ascii_case(other)))
    };
    let owner_hint = hint.and_then(|hint| hint.split('/').next());
    match (literal(repository, hint), literal(owner, owner_hint)) {
        (Some((repository, place)), _) if repository.contains('/') => Some((repository, place)),
        (_, Some((owner, place))) => Some((format!("{owner}/"), place)),
        _ => None,
    }
}

/// The literal in `context == 'literal'`.
fn compared(condition: &str, context: &str) -> Option<String> {
    // `contains` needs no preparation for a short text, unlike a search for its positions.
    if !condition.contains(context) {
        return None;
    }
    for (at, _) in condition.match_indices(context) {
        let rest = condition[at + context.len()..].trim_start();
        if let Some(literal) = rest.strip_prefix("==").map(str::trim_start).and_then(|rest| rest.strip_prefix('\'')) {
            return literal.split('\'').next().map(str::to_owned);
        }
    }
    None
}
