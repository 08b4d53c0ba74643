//! The workflows and actions of one checkout, and which of them use which. What stands in other repositories is not known here.

use std::collections::HashMap;

use crate::read::local_actions;
use crate::read::manifest::Manifests;
use crate::read::source::{FileId, Place};
use crate::workflow::model::{Action, Job, Text, Workflow};

/// Everything of one checkout that runs.
#[derive(Debug, Default)]
pub struct Model<'p> {
    /// The workflows that parse, by path.
    pub workflows: Vec<Workflow<'p>>,
    /// What `github.repository` is taken to be: the certain name, else the one that the workflows' own guards ask for, so that a
    /// fork's checkout is judged as the original.
    pub repository: Option<String>,
    /// Where a guard says so; nowhere for the certain name.
    pub guard: Option<Place>,
    /// The files that name packages, if they were gathered.
    pub manifests: Option<&'p Manifests>,
    actions: HashMap<String, Action<'p>>,
    /// By file: the jobs that call it, as positions of workflow and job.
    callers: HashMap<FileId, Vec<(usize, usize)>>,
}

impl<'p> Model<'p> {
    /// Puts workflows and actions (by folder) together. `certain` is the repository's name, if something says it; `hint` what it may be,
    /// which chooses between guards that ask for several.
    #[must_use]
    pub fn new(
        workflows: Vec<Workflow<'p>>,
        actions: HashMap<String, Action<'p>>,
        certain: Option<&str>,
        hint: Option<&str>,
    ) -> Self {
        let guarded = if certain.is_some() { None } else { guarded_repository(&workflows, hint) };
        let (guarded, guard) = guarded.unzip();
        let repository = certain.map(str::to_owned).or(guarded);
        let mut checkout = Self { workflows, repository, guard, manifests: None, actions, callers: HashMap::new() };
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

    /// The workflow of this repository that a job calls.
    #[must_use]
    pub fn called(&self, job: &Job<'_>) -> Option<&Workflow<'p>> {
        let path = local_actions::path(job.uses?.value())?;
        self.workflows.iter().find(|workflow| workflow.source.path() == path)
    }

    /// The jobs of this repository that call a workflow.
    pub fn callers(&self, workflow: &Workflow<'_>) -> impl Iterator<Item = (&Workflow<'p>, &Job<'p>)> {
        let positions = self.callers.get(&workflow.file).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|(index, job)| {
            let workflow = self.workflows.get(*index)?;
            Some((workflow, workflow.jobs.get(*job)?))
        })
    }

    /// The composite action of this repository that a `uses:` names.
    #[must_use]
    pub fn action(&self, uses: &str) -> Option<&Action<'p>> {
        self.actions.get(&local_actions::path(uses)?)
    }
}

/// What the workflows' own guards take `github.repository` to be, and where.
fn guarded_repository(workflows: &[Workflow<'_>], hint: Option<&str>) -> Option<(String, Place)> {
    let conditions = workflows.iter().flat_map(|workflow| &workflow.jobs).flat_map(|job| {
        let steps = job.steps.iter().filter_map(|step| step.condition);
        job.condition.into_iter().chain(steps)
    });
    let texts: Vec<Text<'_>> = conditions.collect();
    // Guards that name several repositories name none, unless the hint is one of them: each may be meant for its own.
    let literal = |context: &str, hint: Option<&str>| {
        let all = || texts.iter().filter_map(|text| Some((compared(text.value(), context)?, text.place())));
        let first = all().next()?;
        if all().all(|(other, _)| other.eq_ignore_ascii_case(&first.0)) {
            return Some(first);
        }
        all().find(|(other, _)| hint.is_some_and(|hint| hint.eq_ignore_ascii_case(other)))
    };
    let owner = hint.and_then(|hint| hint.split('/').next());
    match (literal("github.repository", hint), literal("github.repository_owner", owner)) {
        (Some((repository, place)), _) if repository.contains('/') => Some((repository, place)),
        (_, Some((owner, place))) => Some((format!("{owner}/"), place)),
        _ => None,
    }
}

/// The literal in `context == 'literal'`.
fn compared(condition: &str, context: &str) -> Option<String> {
    for (at, _) in condition.match_indices(context) {
        let rest = condition[at + context.len()..].trim_start();
        if let Some(literal) = rest.strip_prefix("==").map(str::trim_start).and_then(|rest| rest.strip_prefix('\'')) {
            return literal.split('\'').next().map(str::to_owned);
        }
    }
    None
}
