//! Permission needs of actions, called workflows and commands, as data (`rules/needs/<topic>.yaml`).

pub(crate) mod load;
pub(crate) mod oidc;
pub(crate) mod permission_check;
pub(crate) mod requester;

use std::ops::{Deref, Range};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::data_file::{DataFile, Lazy};
use crate::read::problem::Problem;
use crate::trust::registry::RegistrySet;
use crate::trust::registry::action_names::ActionNames;
use crate::trust::registry::slot::Slot;
use crate::trust::registry::test::{FactValues, ValueTest};
use crate::trust::registry::vocabulary::Vocabulary;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow, action};
use crate::workflow::permissions::AccessLevel;

/// The facts that a condition may test, with their values and meanings. A name that ends in `.*` accepts any last part.
pub const FACTS: [(&str, FactValues, &str); 8] = [
    ("input.*", FactValues::Any, "An input of the step or the calling job."),
    ("env.*", FactValues::Any, "An environment variable of the step, the job or the workflow."),
    ("flag.*", FactValues::Any, "The value of a flag of the command."),
    ("switch.*", FactValues::Any, "A flag of the command without a value; `true` if present."),
    ("argument", FactValues::Any, "The first argument of the command that is not a flag."),
    (
        "output.*",
        FactValues::Any,
        "An output that is `true` or `false`, if the conditions of the job or the step allow only one of them.",
    ),
    ("event", FactValues::Any, "The event that starts the run."),
    ("token.source", FactValues::OneOf(&["job", "other"]), "Whether the step uses the job's own token or another one."),
];

/// How an entry is identified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NeedKind {
    /// An action, `owner/name` or `owner/name/path`.
    #[default]
    Action,
    /// A reusable workflow of another repository, `owner/name/.github/workflows/file.yml`.
    Workflow,
    /// The words of a command.
    Command,
}

/// A line of `when`.
#[derive(Debug, Clone)]
pub struct NeedCondition {
    /// The name of a fact of [`FACTS`].
    pub fact: String,
    /// The test of its value.
    pub test: ValueTest,
}

/// One scope that an entry needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// The scope.
    pub scope: String,
    /// The minimum access.
    pub access: AccessLevel,
    /// Alternative scopes, each of which suffices.
    pub or: Vec<(String, AccessLevel)>,
    /// When the scope is needed.
    pub when: Vec<NeedCondition>,
    /// Whether its documentation or source confirms the need; otherwise it is never an error.
    pub documented: bool,
    /// Whether only private repositories need it.
    pub private: bool,
    /// Whether the scope is used but not required.
    pub optional: bool,
    /// The purpose, as the end of "needs it to …".
    pub reason: String,
}

/// The token that a step uses if none of its slots is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NeedFallback {
    /// The job's own token.
    #[default]
    Job,
    /// No token, or one that the files do not contain.
    None,
}

/// An earlier step of the job that stores its token for later steps.
#[derive(Debug, Clone)]
pub struct TokenStoringStep {
    /// The action of the step.
    pub action: String,
    /// The conditions on the step.
    pub when: Vec<NeedCondition>,
    /// The slots of the token.
    pub slots: Vec<Slot>,
    /// The token that it stores if no slot is set.
    pub otherwise: NeedFallback,
}

/// The token that a step uses.
#[derive(Debug, Clone, Default)]
pub struct TokenRule {
    /// The slots of the token.
    pub slots: Vec<Slot>,
    /// The token if no slot is set.
    pub otherwise: NeedFallback,
    /// The earlier step whose token it uses.
    pub earlier: Option<TokenStoringStep>,
    /// Actions, commands, files and variables of the job after which the token is unknown.
    pub opaque: CommandList,
}

/// An artifact that an action uploads.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeedArtifact {
    /// The input with its name.
    pub input: Option<String>,
    /// The default name; `None` if the action computes it.
    pub name: Option<String>,
    /// The input whose text is appended to the name.
    pub suffix: Option<String>,
}

/// An example job of an entry.
#[derive(Debug, Clone)]
pub struct NeedExample {
    /// Whether a missing permission must be found.
    pub bad: bool,
    /// The job without `runs-on`, or a whole workflow.
    pub text: String,
}

/// An action, a called workflow or a command.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "load::EntryFile")]
pub struct NeedEntry {
    /// The kind of entry.
    pub kind: NeedKind,
    /// The names, the usual one first.
    pub names: Vec<String>,
    /// Wrappers that may precede the command.
    pub via: Vec<String>,
    /// Words with which the command needs no permission, such as `--help`.
    pub unless: Vec<String>,
    /// The source of the facts.
    pub source: String,
    /// The token that it uses.
    pub token: TokenRule,
    /// The scopes that it needs.
    pub needs: Vec<Need>,
    /// Whether it runs other programs, which may need further scopes.
    pub runs_other_programs: bool,
    /// The artifacts that it uploads.
    pub uploads: Vec<NeedArtifact>,
    /// The examples, which the tests check.
    pub examples: Vec<NeedExample>,
}

impl NeedEntry {
    /// The usual name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// The keys of an entry by which it is found.
#[derive(Deserialize)]
struct NeedNames {
    action: Option<String>,
    workflow: Option<String>,
    command: Option<String>,
    #[serde(default)]
    also: Vec<String>,
}

/// Whether an entry is a command, and its names. The rest of it is not read.
fn names(entry: &Lazy<NeedEntry>) -> (bool, Vec<String>) {
    match entry.keys::<NeedNames>() {
        Some(names) => {
            let is_command = names.command.is_some();
            let own = names.action.or(names.workflow).or(names.command);
            (is_command, own.into_iter().chain(names.also).collect())
        }
        None => (entry.kind == NeedKind::Command, entry.names.clone()),
    }
}

/// One file of needs.
#[derive(Debug, Clone, Default)]
pub struct NeedTopic {
    /// The topic of the entries.
    pub title: String,
    /// The date on which the facts were last checked.
    pub reviewed: String,
    /// The entries.
    pub entries: Vec<Lazy<NeedEntry>>,
    /// Actions that need no scope, whatever their inputs.
    pub no_permissions: Vec<String>,
    /// The path of the file.
    pub path: String,
}

impl NeedTopic {
    /// Reads a file.
    ///
    /// # Errors
    /// All problems of the file, in its order.
    pub(crate) fn load(file: &DataFile, github: &GitHubFacts) -> Result<Self, Vec<Problem>> {
        load::load(file, github)
    }
}

/// All needs.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    entries: Vec<Lazy<NeedEntry>>,
    /// The files, each with the positions of its entries.
    files: Vec<(String, Range<usize>)>,
    /// The positions of actions and called workflows.
    by_name: ActionNames<usize>,
    /// The positions of the commands.
    commands: Vec<usize>,
    /// The words of the commands, after those of the registries.
    vocabulary: Arc<Vocabulary>,
    /// The positions of the commands in the vocabulary.
    in_vocabulary: Range<usize>,
    /// Lower-case names.
    no_permissions: Vec<String>,
}

impl Needs {
    /// Merges topics. Their commands are searched for together with those of the registries.
    #[must_use]
    pub fn new(topics: Vec<NeedTopic>, registries: &mut RegistrySet) -> Self {
        let mut all = Self::default();
        for topic in topics {
            all.no_permissions.extend(topic.no_permissions.iter().map(|name| name.to_lowercase()));
            let first = all.entries.len();
            all.entries.extend(topic.entries);
            all.files.push((topic.path, first..all.entries.len()));
        }
        let (mut commands, mut used) = (Vec::new(), Vec::new());
        for (position, entry) in all.entries.iter().enumerate() {
            let (is_command, names) = names(entry);
            if is_command { &mut commands } else { &mut used }.push((position, names));
        }
        let used = used.iter().flat_map(|(position, names)| names.iter().map(|name| (name.as_str(), *position)));
        all.by_name = used.collect();
        (all.vocabulary, all.in_vocabulary) = registries.add_commands(commands.iter().map(|(_, names)| names));
        all.commands = commands.into_iter().map(|(position, _)| position).collect();
        all
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &NeedEntry> {
        self.entries.iter().map(Deref::deref)
    }

    /// The entries of the files with some paths.
    pub fn of_files(&self, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &NeedEntry> {
        let files = self.files.iter().filter(move |(path, _)| is_wanted(path));
        files.flat_map(|(_, positions)| &self.entries[positions.clone()]).map(Deref::deref)
    }

    /// The entries for commands.
    pub(crate) fn command_entries(&self) -> impl Iterator<Item = &NeedEntry> {
        self.commands.iter().filter_map(|index| self.entries.get(*index)).map(Deref::deref)
    }

    /// The entries for a step's or job's `uses`.
    pub fn of_uses(&self, uses: &str) -> impl Iterator<Item = &NeedEntry> {
        self.by_name.entries(action(uses)).filter_map(|index| self.entries.get(index)).map(Deref::deref)
    }

    /// Whether an action needs no scope, whatever its inputs.
    #[must_use]
    pub fn needs_no_permissions(&self, uses: &str) -> bool {
        self.no_permissions.contains(&action(uses).to_ascii_lowercase())
    }

    /// Whether the data describes everything that an action needs.
    #[must_use]
    pub fn describes(&self, uses: &str) -> bool {
        let mut entries = self.of_uses(uses).peekable();
        if entries.peek().is_some() {
            entries.all(|entry| !entry.runs_other_programs)
        } else {
            self.needs_no_permissions(uses)
        }
    }

    /// The artifacts that an action uploads, according to the data.
    pub fn artifacts(&self, uses: &str) -> impl Iterator<Item = &NeedArtifact> {
        self.of_uses(uses).flat_map(|entry| &entry.uploads)
    }

    /// The commands that a script may contain, judged by its words.
    pub(crate) fn commands_in(&self, script: &str) -> Vec<&NeedEntry> {
        self.commands_at(self.vocabulary.commands_in(script)).collect()
    }

    /// The commands that the script of a step may contain.
    pub(crate) fn commands_in_step<'s>(
        &'s self,
        workflow: &Workflow<'_>,
        job: &Job<'_>,
        step: &'s Step<'_>,
    ) -> impl Iterator<Item = &'s NeedEntry> {
        self.commands_at(self.vocabulary.commands_in_step(workflow, job, step, &self.in_vocabulary).iter().copied())
    }

    /// The commands at some positions in the vocabulary.
    fn commands_at(&self, positions: impl IntoIterator<Item = usize>) -> impl Iterator<Item = &NeedEntry> {
        let own = positions.into_iter().filter_map(|position| position.checked_sub(self.in_vocabulary.start));
        own.filter_map(|position| self.entries.get(*self.commands.get(position)?)).map(Deref::deref)
    }
}
