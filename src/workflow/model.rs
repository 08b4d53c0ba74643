//! Workflow, job, step and action with a place for every leaf. It never evaluates an expression and never looks at other files.

mod read;
pub mod repository;

use crate::read::problem::Problem;
use crate::read::shell::Shell;
use crate::read::source::{FileId, Place, SourceFile};
pub use crate::read::text::Text;
use crate::read::yaml::Node;
use crate::workflow::script::ScriptCommands;

/// A key and its value.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'p> {
    /// The key.
    pub key: Text<'p>,
    /// The value; an empty text for a null.
    pub value: Text<'p>,
}

/// `with:` or `env:`: named texts in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Pairs<'p> {
    /// The entries.
    pub entries: Vec<Pair<'p>>,
    /// Whether the block is an expression, so that its entries are not known.
    pub dynamic: bool,
}

impl<'p> Pairs<'p> {
    /// An entry by name. GitHub compares input names without case.
    #[must_use]
    pub fn get_ignore_case(&self, name: &str) -> Option<Pair<'p>> {
        self.entries.iter().copied().find(|pair| pair.key.value().eq_ignore_ascii_case(name))
    }

    /// An entry by its exact name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Pair<'p>> {
        self.entries.iter().copied().find(|pair| pair.key.value() == name)
    }
}

/// A `permissions:` block.
#[derive(Debug, Clone)]
pub struct Permissions<'p> {
    /// Where the key `permissions` stands.
    pub key: Place,
    /// What it grants.
    pub grant: Grant<'p>,
}

/// What a `permissions:` block says.
#[derive(Debug, Clone)]
pub enum Grant<'p> {
    /// `read-all`, `write-all`, or another word that GitHub does not know.
    Word(Text<'p>),
    /// One entry per named scope; an empty mapping or nothing grants nothing.
    Scopes(Vec<Pair<'p>>),
}

/// One event of `on:`.
#[derive(Debug, Clone)]
pub struct Trigger<'p> {
    /// The event's name.
    pub event: Text<'p>,
    /// Its activity types, if the workflow lists any.
    pub types: Option<Vec<Text<'p>>>,
    /// `branches:` and `branches-ignore:`, if any.
    pub branches: Filter<'p>,
    /// `tags:` and `tags-ignore:`, if any.
    pub tags: Filter<'p>,
    /// Whether the trigger names `inputs:`, and which.
    pub inputs: Vec<DeclaredInput<'p>>,
    /// `outputs:` of `workflow_call`.
    pub outputs: Vec<DeclaredJobOutput<'p>>,
}

/// An output of a called workflow.
#[derive(Debug, Clone, Copy)]
pub struct DeclaredJobOutput<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// `value:`.
    pub value: Option<Text<'p>>,
}

impl<'p> Trigger<'p> {
    /// An input by its name, which GitHub compares without case.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&DeclaredInput<'p>> {
        self.inputs.iter().find(|input| input.name.value().eq_ignore_ascii_case(name))
    }
}

/// A filter on refs: what it takes and what it leaves.
#[derive(Debug, Clone, Default)]
pub struct Filter<'p> {
    /// Patterns of `branches:` or `tags:`.
    pub only: Option<Vec<Text<'p>>>,
    /// Patterns of `branches-ignore:` or `tags-ignore:`.
    pub ignore: Option<Vec<Text<'p>>>,
}

impl Filter<'_> {
    /// Whether the workflow filters at all.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.only.is_none() && self.ignore.is_none()
    }
}

/// An input of `workflow_dispatch` or `workflow_call`.
#[derive(Debug, Clone)]
pub struct DeclaredInput<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// `type:`.
    pub kind: Option<Text<'p>>,
    /// `default:`.
    pub default: Option<Text<'p>>,
    /// `options:` of a choice.
    pub options: Vec<Text<'p>>,
    /// Whether `required: true` stands there.
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
    /// Position in `steps:`, from 0.
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
    /// The script that it runs: that of `run:`, or the one that it gives to an action which runs it.
    pub script: Option<Text<'p>>,
    /// The commands of the script, once somebody asked for them.
    pub(crate) commands: ScriptCommands,
    /// The shell that the step names for it.
    pub shell: Option<Shell>,
    /// The folder that the step names for it.
    pub working_directory: Option<Text<'p>>,
    /// `with:`.
    pub with: Pairs<'p>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// Whether `continue-on-error: true` stands there, or the like of its action, so that a failure is expected.
    pub tolerated: bool,
}

/// Which secrets a calling job passes on.
#[derive(Debug, Clone)]
pub enum Secrets<'p> {
    /// `secrets: inherit`.
    Inherited,
    /// Those that it names, under the names that the called workflow has for them.
    Given(Pairs<'p>),
}

/// One job.
#[derive(Debug, Clone)]
pub struct Job<'p> {
    /// Its key.
    pub id: Text<'p>,
    /// Jobs it waits for.
    pub needs: Vec<Text<'p>>,
    /// Their positions among the workflow's jobs; a name that no job has is left out.
    pub needed: Vec<usize>,
    /// `if:`.
    pub condition: Option<Text<'p>>,
    /// Its own `permissions:`.
    pub permissions: Option<Permissions<'p>>,
    /// `environment:`.
    pub environment: Option<Environment<'p>>,
    /// The labels of `runs-on:`; `None` when they are not plain text.
    pub runs_on: Option<Vec<Text<'p>>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// `strategy:`.
    pub strategy: Option<Node<'p>>,
    /// Whether it runs in a container.
    pub container: bool,
    /// The workflow it calls.
    pub uses: Option<Text<'p>>,
    /// `with:` of the call.
    pub with: Pairs<'p>,
    /// `secrets:` of the call.
    pub secrets: Secrets<'p>,
    /// `outputs:`.
    pub outputs: Pairs<'p>,
    /// Whether `continue-on-error: true` stands there, so that a failure is expected.
    pub tolerated: bool,
    /// Its steps.
    pub steps: Vec<Step<'p>>,
}

/// One workflow.
#[derive(Debug, Clone)]
pub struct Workflow<'p> {
    /// Its file.
    pub file: FileId,
    /// Its text.
    pub source: &'p SourceFile,
    /// `name:`.
    pub name: Option<Text<'p>>,
    /// Its events.
    pub triggers: Vec<Trigger<'p>>,
    /// Its `permissions:`.
    pub permissions: Option<Permissions<'p>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job<'p>>,
    /// Positions of the jobs, each after those that it needs; without those that need each other in a circle.
    pub order: Vec<usize>,
    /// What GitHub would refuse of its shape.
    pub problems: Vec<Problem>,
}

impl<'p> Workflow<'p> {
    /// The position of a job by its id, which GitHub compares without case.
    #[must_use]
    pub fn position(&self, job: &str) -> Option<usize> {
        self.jobs.iter().position(|other| other.id.value().eq_ignore_ascii_case(job))
    }

    /// Where a step's script runs: its own folder, the job's or the workflow's; none is the checkout's root.
    #[must_use]
    pub fn folder_of(&self, job: &Job<'p>, step: &Step<'p>) -> Option<Text<'p>> {
        // Defaults are for `run:` alone.
        let default = || job.working_directory.or(self.working_directory);
        step.working_directory.or_else(|| step.run.and_then(|_| default()))
    }

    /// A job by its id, which GitHub compares without case.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job<'p>> {
        self.jobs.iter().find(|job| job.id.value().eq_ignore_ascii_case(id))
    }
}

/// A composite action of the repository.
#[derive(Debug, Clone)]
pub struct Action<'p> {
    /// Its file.
    pub file: FileId,
    /// Its text.
    pub source: &'p SourceFile,
    /// Its `inputs:`.
    pub inputs: Vec<DeclaredInput<'p>>,
    /// Its steps.
    pub steps: Vec<Step<'p>>,
}

/// The action of a `uses:` without its ref.
#[must_use]
pub fn action(uses: &str) -> &str {
    // Asked for often, and of texts so short that a search made for long ones is slower.
    uses.bytes().position(|byte| byte == b'@').map_or(uses, |at| &uses[..at]).trim()
}
