//! What actions, called workflows and commands ask of a job, as data (`rules/needs/<topic>.yaml`). No client has code here.

mod load;
pub mod oidc;
pub mod permission_check;
pub mod requester;

use std::collections::HashMap;

use crate::read::problem::Problem;
use crate::read::source::{FileId, SourceFile};
use crate::trust::registry::slot::Slot;
use crate::trust::registry::test::{FactValues, ValueTest};
use crate::trust::registry::vocabulary::Vocabulary;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::action;
use crate::workflow::permissions::AccessLevel;

/// What a condition may ask of a client, with its values and what it means. One that ends in `.*` takes any last part.
pub const FACTS: [(&str, FactValues, &str); 7] = [
    ("input.*", FactValues::Any, "An input that the step or the calling job gives."),
    ("env.*", FactValues::Any, "An environment variable of the step, the job or the workflow."),
    ("flag.*", FactValues::Any, "The value of a flag of the command."),
    ("switch.*", FactValues::Any, "A flag of the command that takes no value; `true` where it stands."),
    ("argument", FactValues::Any, "The command's first argument that is no flag."),
    ("event", FactValues::Any, "The event that starts the run."),
    (
        "token.source",
        FactValues::OneOf(&["job", "other"]),
        "Whether the client works with the job's own token or with another.",
    ),
];

/// What a step is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedKind {
    /// An action, `owner/name` or `owner/name/path`.
    Action,
    /// A workflow of another repository that a job calls, `owner/name/.github/workflows/file.yml`.
    Workflow,
    /// A command, as its words.
    Command,
}

impl NeedKind {
    /// Every kind with its key in the data.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Action, "action"), (Self::Workflow, "workflow"), (Self::Command, "command")];
}

/// A line of `when`.
#[derive(Debug, Clone)]
pub struct NeedCondition {
    /// A fact of [`FACTS`].
    pub fact: String,
    /// What it must be.
    pub test: ValueTest,
}

/// One scope that a client asks for.
#[derive(Debug, Clone)]
pub struct Need {
    /// The scope.
    pub scope: String,
    /// The least access.
    pub access: AccessLevel,
    /// Scopes any of which does as well.
    pub or: Vec<(String, AccessLevel)>,
    /// When it asks for it.
    pub when: Vec<NeedCondition>,
    /// Whether its documentation or code says so; else it never makes an error.
    pub documented: bool,
    /// Whether only private repositories need it.
    pub private: bool,
    /// Whether it makes do without: a use of the scope, but nothing to miss.
    pub optional: bool,
    /// What it needs it for, as the end of "needs it to …".
    pub reason: String,
}

/// What a client works with when none of its slots holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeedFallback {
    /// The job's own token.
    Job,
    /// None, or one that the files do not show.
    None,
}

/// An earlier step of the job that leaves its token for later ones.
#[derive(Debug, Clone)]
pub struct EarlierStep {
    /// Its action.
    pub action: String,
    /// What must hold of it.
    pub when: Vec<NeedCondition>,
    /// Where it is given the token.
    pub slots: Vec<Slot>,
    /// What it leaves when none of them holds one.
    pub otherwise: NeedFallback,
}

/// Which token a client works with.
#[derive(Debug, Clone)]
pub struct TokenRule {
    /// Where one may be given.
    pub slots: Vec<Slot>,
    /// What holds when none of them is.
    pub otherwise: NeedFallback,
    /// The step that it takes its token from.
    pub earlier: Option<EarlierStep>,
    /// Words in the job's steps that mean a token nobody can see here.
    pub opaque: Vec<String>,
}

impl Default for TokenRule {
    fn default() -> Self {
        Self { slots: Vec::new(), otherwise: NeedFallback::Job, earlier: None, opaque: Vec::new() }
    }
}

/// An artifact that an action leaves.
#[derive(Debug, Clone)]
pub struct NeedArtifact {
    /// The input that names it.
    pub input: Option<String>,
    /// Its name when no input does; none where it is made up as the action runs.
    pub name: Option<String>,
    /// The input whose text is put behind the name.
    pub suffix: Option<String>,
}

/// A job that shows an entry.
#[derive(Debug, Clone)]
pub struct NeedExample {
    /// Whether a need must be found missing.
    pub bad: bool,
    /// The job without its `runs-on`, or a whole workflow.
    pub text: String,
}

/// An action, a called workflow or a command.
#[derive(Debug, Clone)]
pub struct NeedEntry {
    /// What it is.
    pub kind: NeedKind,
    /// Its names, the usual one first.
    pub names: Vec<String>,
    /// Wrappers that may stand before a command.
    pub via: Vec<String>,
    /// Words that make a command do nothing.
    pub unless: Vec<String>,
    /// Where its documentation says what it needs.
    pub source: String,
    /// Which token it works with.
    pub token: TokenRule,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// Whether it runs other programs, so that it may ask for more than its needs.
    pub runs_other_programs: bool,
    /// The artifacts that it leaves.
    pub uploads: Vec<NeedArtifact>,
    /// Its tests.
    pub examples: Vec<NeedExample>,
    /// The file that it stands in, to show.
    pub path: String,
}

impl NeedEntry {
    /// The name that people know it by.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// One file of needs.
#[derive(Debug, Clone, Default)]
pub struct NeedTopic {
    /// What its entries have in common.
    pub title: String,
    /// When somebody last compared it with its sources.
    pub reviewed: String,
    /// The entries.
    pub entries: Vec<NeedEntry>,
    /// Actions that ask for no scope at all, whatever their inputs.
    pub no_permissions: Vec<String>,
}

impl NeedTopic {
    /// Reads a file; where it is `tested`, it is JSON and may lack its examples.
    ///
    /// # Errors
    /// Everything wrong with it, in the order of the file.
    pub fn load(file: FileId, source: &SourceFile, github: &GitHubFacts, tested: bool) -> Result<Self, Vec<Problem>> {
        load::load(file, source, github, tested)
    }
}

/// All needs.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    entries: Vec<NeedEntry>,
    /// Positions of actions and called workflows by their names in small letters.
    by_name: HashMap<String, Vec<usize>>,
    /// Positions of commands.
    commands: Vec<usize>,
    /// The words of those.
    vocabulary: Vocabulary,
    /// Names in small letters.
    no_permissions: Vec<String>,
}

impl Needs {
    /// Puts topics together.
    #[must_use]
    pub fn new(topics: Vec<NeedTopic>) -> Self {
        let mut all = Self::default();
        for topic in topics {
            all.no_permissions.extend(topic.no_permissions.iter().map(|name| name.to_lowercase()));
            for entry in topic.entries {
                let index = all.entries.len();
                match entry.kind {
                    NeedKind::Command => all.commands.push(index),
                    NeedKind::Action | NeedKind::Workflow => {
                        for name in &entry.names {
                            all.by_name.entry(name.to_lowercase()).or_default().push(index);
                        }
                    }
                }
                all.entries.push(entry);
            }
        }
        let commands = all.commands.iter().filter_map(|index| all.entries.get(*index));
        all.vocabulary = Vocabulary::new(commands.map(|entry| &entry.names));
        all
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &NeedEntry> {
        self.entries.iter()
    }

    /// What is known of a step's or job's `uses`.
    pub fn of_uses(&self, uses: &str) -> impl Iterator<Item = &NeedEntry> {
        let found = self.by_name.get(&action(uses).to_lowercase());
        found.into_iter().flatten().filter_map(|index| self.entries.get(*index))
    }

    /// Whether an action asks for no scope at all, whatever its inputs.
    #[must_use]
    pub fn needs_no_permissions(&self, uses: &str) -> bool {
        self.no_permissions.contains(&action(uses).to_lowercase())
    }

    /// Whether all is known that an action does besides what it says.
    #[must_use]
    pub fn describes(&self, uses: &str) -> bool {
        let mut entries = self.of_uses(uses).peekable();
        if entries.peek().is_some() {
            entries.all(|entry| !entry.runs_other_programs)
        } else {
            self.needs_no_permissions(uses)
        }
    }

    /// The artifacts that an action is known to leave; none where no data says that it leaves any.
    pub fn artifacts(&self, uses: &str) -> impl Iterator<Item = &NeedArtifact> {
        self.of_uses(uses).flat_map(|entry| &entry.uploads)
    }

    /// The commands whose words all stand in a script.
    fn commands_in(&self, script: &str) -> Vec<&NeedEntry> {
        let commands_in = self.vocabulary.commands_in(script).into_iter();
        commands_in.filter_map(|position| self.entries.get(*self.commands.get(position)?)).collect()
    }
}
