//! Workflows, jobs, steps and actions as typed structs. Every leaf keeps its place in the file; expressions stay text.

mod read;
pub(crate) mod repository;

use std::sync::OnceLock;

use memchr::memchr;

use crate::read::problem::Problem;
use crate::read::shell::Shell;
use crate::read::source::{FileId, Place, SourceFile};
pub(crate) use crate::read::text::Text;
use crate::read::yaml::Node;
use crate::workflow::step_script::ScriptCommands;

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'p> {
    /// The key.
    pub key: Text<'p>,
    /// Empty for a null.
    pub value: Text<'p>,
}

/// `with:`, `env:`, `outputs:` …: a mapping of names to texts, in file order.
#[derive(Debug, Clone, Default)]
pub struct Pairs<'p> {
    pub entries: Vec<Pair<'p>>,
    /// Whether the whole block is an expression, so that its entries are unknown.
    pub dynamic: bool,
    /// The positions in `entries`, sorted by name; empty if there are at most [`FEW_PAIRS`].
    by_name: Vec<usize>,
}

/// Up to this many entries are compared one by one.
const FEW_PAIRS: usize = 16;

impl<'p> Pairs<'p> {
    pub(crate) fn new(entries: Vec<Pair<'p>>, dynamic: bool) -> Self {
        let mut by_name = Vec::new();
        if entries.len() > FEW_PAIRS {
            by_name.extend(0..entries.len());
            // Stable: of entries with the same name the first counts.
            by_name.sort_by_key(|position| entries[*position].key.value());
        }
        Self { entries, dynamic, by_name }
    }

    /// The entry of this name, ignoring case as GitHub does for input names.
    #[must_use]
    pub fn get_ignore_case(&self, name: &str) -> Option<Pair<'p>> {
        self.entries.iter().copied().find(|pair| pair.key.value().eq_ignore_ascii_case(name))
    }

    /// The entry of exactly this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Pair<'p>> {
        if self.by_name.is_empty() {
            return self.entries.iter().copied().find(|pair| pair.key.value() == name);
        }
        let key = |position: usize| self.entries[position].key.value();
        let start = self.by_name.partition_point(|position| key(*position) < name);
        self.by_name.get(start).filter(|position| key(**position) == name).map(|position| self.entries[*position])
    }
}

/// A `permissions:` block.
#[derive(Debug, Clone)]
pub struct Permissions<'p> {
    /// The key `permissions`.
    pub key: Place,
    pub grant: Grant<'p>,
}

/// The value of a `permissions:` block.
#[derive(Debug, Clone)]
pub enum Grant<'p> {
    /// `read-all`, `write-all` or a word that GitHub does not define.
    Word(Text<'p>),
    /// One entry per named scope. An empty mapping grants nothing.
    Scopes(Vec<Pair<'p>>),
}

/// One event of `on:`.
#[derive(Debug, Clone)]
pub struct Trigger<'p> {
    pub event: Text<'p>,
    /// `types:`, if present.
    pub types: Option<Vec<Text<'p>>>,
    /// `branches:` and `branches-ignore:`.
    pub branches: Filter<'p>,
    /// `tags:` and `tags-ignore:`.
    pub tags: Filter<'p>,
    /// `inputs:` of `workflow_dispatch` and `workflow_call`.
    pub inputs: Vec<DeclaredInput<'p>>,
    /// `workflows:` of `workflow_run`.
    pub workflows: Vec<Text<'p>>,
    /// `outputs:` of `workflow_call`.
    pub outputs: Vec<DeclaredJobOutput<'p>>,
}

/// An entry of `on.workflow_call.outputs`.
#[derive(Debug, Clone, Copy)]
pub struct DeclaredJobOutput<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// `value:`.
    pub value: Option<Text<'p>>,
}

impl<'p> Trigger<'p> {
    /// The input of this name, ignoring case.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&DeclaredInput<'p>> {
        self.inputs.iter().find(|input| input.name.value().eq_ignore_ascii_case(name))
    }
}

/// A filter on branches or tags.
#[derive(Debug, Clone, Default)]
pub struct Filter<'p> {
    /// Patterns of `branches:` or `tags:`.
    pub only: Option<Vec<Text<'p>>>,
    /// Patterns of `branches-ignore:` or `tags-ignore:`.
    pub ignore: Option<Vec<Text<'p>>>,
}

impl Filter<'_> {
    /// Whether neither key is present.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.only.is_none() && self.ignore.is_none()
    }
}

/// An input of `workflow_dispatch`, `workflow_call` or a composite action.
#[derive(Debug, Clone)]
pub struct DeclaredInput<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// `type:`.
    pub kind: Option<Text<'p>>,
    /// `default:`.
    pub default: Option<Text<'p>>,
    /// `options:` of a `choice` input.
    pub options: Vec<Text<'p>>,
    /// `required:`
    pub required: bool,
}

/// `environment:` of a job.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// Its `url:`.
    pub url: Option<Text<'p>>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step<'p> {
    /// Position among the steps of the job, counted from 0. Those of a `parallel:` block count one by one.
    pub index: usize,
    /// The whole step.
    pub place: Place,
    /// `id:`.
    pub id: Option<Text<'p>>,
    /// `name:`.
    pub name: Option<Text<'p>>,
    /// `if:`.
    pub condition: Option<Text<'p>>,
    /// `uses:`.
    pub uses: Option<Text<'p>>,
    /// `run:`.
    pub run: Option<Text<'p>>,
    /// The script that the step runs: `run:`, or the input of an action that runs a script, such as nick-fields/retry.
    pub script: Option<Text<'p>>,
    /// The parsed commands of `script`, filled at first use.
    pub commands: ScriptCommands,
    /// The positions of the data's commands that `script` may contain, filled at first use.
    pub commands_in: OnceLock<Vec<usize>>,
    /// The step's own `shell:`.
    pub shell: Option<Shell>,
    /// The step's own `working-directory:`.
    pub working_directory: Option<Text<'p>>,
    /// `with:`.
    pub with: Pairs<'p>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// Whether a failure of the step is ignored: `continue-on-error: true`, or the equivalent input of the action.
    pub tolerated: bool,
}

/// `secrets:` of a calling job.
#[derive(Debug, Clone)]
pub enum Secrets<'p> {
    /// `secrets: inherit`.
    Inherited,
    /// Named secrets; the keys are the called workflow's names.
    Given(Pairs<'p>),
}

/// One job.
#[derive(Debug, Clone)]
pub struct Job<'p> {
    /// Its position in [`Workflow::jobs`].
    pub index: usize,
    /// Its rank in the topological order of `needs`; `None` in a cycle.
    pub rank: Option<usize>,
    /// Its key under `jobs:`.
    pub id: Text<'p>,
    /// `needs:`
    pub needs: Vec<Text<'p>>,
    /// The positions of `needs` in [`Workflow::jobs`]; names that no job has are left out.
    pub needed: Vec<usize>,
    /// `if:`.
    pub condition: Option<Text<'p>>,
    /// Its own `permissions:`, not the workflow's.
    pub permissions: Option<Permissions<'p>>,
    /// `environment:`.
    pub environment: Option<Environment<'p>>,
    /// Whether `runs-on:` names a runner group.
    pub runner_group: bool,
    /// The labels of `runs-on:`; `None` when `runs-on` is absent or names only a group.
    pub runs_on: Option<Vec<Text<'p>>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// `strategy:`.
    pub strategy: Option<Node<'p>>,
    /// Whether it has `container:`.
    pub container: bool,
    /// The image of its container.
    pub image: Option<Text<'p>>,
    /// `uses:` of a job that calls a workflow.
    pub uses: Option<Text<'p>>,
    /// `with:` of the call.
    pub with: Pairs<'p>,
    /// `secrets:` of the call.
    pub secrets: Secrets<'p>,
    /// `outputs:`.
    pub outputs: Pairs<'p>,
    /// Whether it has `concurrency:`.
    pub concurrency: bool,
    /// `continue-on-error: true`
    pub tolerated: bool,
    pub steps: Vec<Step<'p>>,
}

/// One workflow.
#[derive(Debug, Clone)]
pub struct Workflow<'p> {
    pub file: FileId,
    pub source: &'p SourceFile,
    /// `name:`.
    pub name: Option<Text<'p>>,
    /// `on:`
    pub triggers: Vec<Trigger<'p>>,
    pub permissions: Option<Permissions<'p>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// Whether it has `concurrency:`.
    pub concurrency: bool,
    /// Its jobs in file order.
    pub jobs: Vec<Job<'p>>,
    /// Shapes that GitHub rejects.
    pub problems: Vec<Problem>,
}

impl<'p> Workflow<'p> {
    /// The position of the job with this id, ignoring case.
    #[must_use]
    pub fn position(&self, job: &str) -> Option<usize> {
        self.jobs.iter().position(|other| other.id.value().eq_ignore_ascii_case(job))
    }

    /// The folder in which the step's script runs: the step's, the job's or the workflow's setting. `None` is the
    /// workspace.
    #[must_use]
    pub fn folder_of(&self, job: &Job<'p>, step: &Step<'p>) -> Option<Text<'p>> {
        // `defaults.run` applies to `run:` steps only.
        let default = || job.working_directory.or(self.working_directory);
        step.working_directory.or_else(|| step.run.and_then(|_| default()))
    }

    /// The job with this id, ignoring case.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job<'p>> {
        self.jobs.iter().find(|job| job.id.value().eq_ignore_ascii_case(id))
    }
}

/// A composite action in this repository.
#[derive(Debug, Clone)]
pub struct Action<'p> {
    pub file: FileId,
    pub source: &'p SourceFile,
    /// Its `inputs:`.
    pub inputs: Vec<DeclaredInput<'p>>,
    pub steps: Vec<Step<'p>>,
}

/// The action of a `uses:` value, without its ref.
#[must_use]
pub(crate) fn action(uses: &str) -> &str {
    let name = memchr(b'@', uses.as_bytes()).map_or(uses, |at| &uses[..at]);
    // Nearly all names have nothing to trim, which two bytes show.
    let is_trimmed = |end: Option<u8>| end.is_none_or(|byte| byte.is_ascii_graphic());
    if is_trimmed(name.bytes().next()) && is_trimmed(name.bytes().next_back()) { name } else { name.trim() }
}
