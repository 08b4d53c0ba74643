//! The scripts of the repository that the steps of its workflows run: `npm run publish`, `make release`, `./publish.sh`. Which programs
//! run which files is data (`runs:` in `rules/github.yaml`).

mod follow;
mod makefile;
mod modules;
mod program;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::edit::{self, TextEdit};
use crate::read::glob::Glob;
pub(crate) use crate::read::script::follow::{load, named_tasks, with_exports};
use crate::read::shell::{Shell, ShellCommand};
use crate::read::source::{FileId, Place};
use crate::read::text::{MappedText, Text};

/// What is known of programs that run the commands of another file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunFacts {
    /// Programs that run a part of a file, e.g. `npm run`.
    pub tasks: Vec<TaskRunner>,
    /// Programs that run the program after them, e.g. `bundle exec`, `nix develop -c`.
    pub wrappers: CommandList,
    /// Programs that run a file, e.g. `bash`, `node`.
    pub interpreters: CommandList,
    /// Words after an interpreter that are not the file, e.g. `run` in `deno run`.
    pub interpreter_words: Vec<String>,
    /// Commands that a file of the repository may define for a program.
    pub aliases: Vec<CommandAlias>,
    /// Programs that compile or load a program of the repository by a name.
    pub programs: Vec<ProgramRunner>,
    /// Extensions of files, with the language that they are read in.
    pub extensions: BTreeMap<String, ScriptLanguage>,
    /// Keys of a table that is a task: its commands.
    pub command_keys: Vec<String>,
    /// Keys of a table that is a task: the names of other tasks that it runs.
    pub task_keys: Vec<String>,
}

/// A file with aliases for the subcommands of a program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandAlias {
    /// The program.
    pub command: String,
    /// The path of the file, in TOML.
    pub file: String,
    /// The key of an alias, with `{}` for its name.
    pub key: String,
    /// Subcommands of the program itself.
    pub except: Vec<String>,
}

/// A program that compiles or loads a program of the repository by a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramRunner {
    /// The words of the command.
    pub commands: Vec<String>,
    /// What the name is.
    pub name: ProgramName,
    /// Flags before the name; without them it is the first word after the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// The name if the command has none.
    pub default: Option<String>,
    /// The file name of a package's manifest.
    #[serde(default)]
    pub manifest: String,
    /// The extension of the program's files.
    pub extension: String,
    /// The extension of project files, whose path a script may have in a variable.
    pub project: Option<String>,
}

/// How a command names a program of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramName {
    /// A module with dots.
    Module,
    /// A package of the workspace.
    Package,
    /// A folder, or a file in it.
    Path,
}

/// A program that runs a part of a file: a script of package.json, a target of a Makefile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TaskRunner {
    /// The words of the command.
    pub commands: Vec<String>,
    /// The files with the parts. The first one that has the part counts.
    pub files: Vec<TaskFile>,
    /// The parts that run, with `{}` for the name in the command.
    #[serde(default)]
    pub parts: Vec<String>,
    /// Flags before the part's name; without them it is the first word after the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Other flags that have a value.
    #[serde(default)]
    pub valued: Vec<String>,
    /// Flags with which it runs no part: it prints the commands or lists the parts.
    #[serde(default)]
    pub dry_run: Vec<String>,
    /// Flags with the folder of the file.
    #[serde(default)]
    pub folder: Vec<String>,
    /// Flags with the name of a member of the workspace, in whose folder the file is.
    #[serde(default)]
    pub member: Vec<String>,
    /// Whether the name has the form `member:part`.
    #[serde(default)]
    pub names_member: bool,
    /// Flags that run the part in every member of the workspace.
    #[serde(default)]
    pub each: Vec<String>,
    /// Whether the part always runs in every member of the workspace.
    #[serde(default)]
    pub always_each: bool,
    /// Words after the command that are commands of the program itself.
    #[serde(default)]
    pub except: Vec<String>,
    /// Whether every word is the name of a part.
    #[serde(default)]
    pub several: bool,
    /// Whether the command without a name runs the first part.
    #[serde(default)]
    pub has_default: bool,
    /// Whether further words are arguments of the part's last command.
    #[serde(default)]
    pub passes_arguments: bool,
    /// Whether the file is searched in the folders above too.
    #[serde(default)]
    pub upward: bool,
}

/// A file with the parts that a program runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TaskFile {
    /// Its name.
    pub file: Glob,
    /// Its format.
    pub format: TaskFormat,
    /// Keys of a part, with `{}` for its name.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Whether the name of a part is a command inside other parts.
    #[serde(default)]
    pub names_are_commands: bool,
}

/// The format of a file with parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskFormat {
    /// JSON with the parts under keys.
    Json,
    /// TOML with the parts under keys.
    Toml,
    /// YAML with the parts under keys.
    Yaml,
    /// `key = value` lines in sections.
    Ini,
    /// A Makefile.
    Makefile,
    /// A justfile.
    Justfile,
    /// A noxfile.
    Nox,
    /// A Rakefile.
    Rake,
}

/// The language of a script's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptLanguage {
    /// bash, sh and similar shells.
    Posix,
    /// PowerShell.
    PowerShell,
    /// cmd.
    Cmd,
    /// Another language: its commands are not read.
    Program,
}

/// A part of a file that runs: a shell script, a script of package.json, a line of a recipe, or a program in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its file.
    pub file: FileId,
    /// The path of its file.
    pub(crate) path: String,
    text: MappedText,
    /// Its commands, with the variables that it sets before them; empty for a program.
    pub(crate) commands: Arc<[ShellCommand]>,
    /// Whether it is a program in a language whose commands are not read.
    pub(crate) is_program: bool,
    /// The folder that it starts in; `None` if it is unknown.
    pub(crate) folder: Option<String>,
    /// The scripts that its commands run.
    pub(crate) calls: Vec<ScriptCall>,
}

impl Script {
    /// Its text.
    pub(crate) fn text(&self) -> Text<'_> {
        Text::script(&self.text, self.file)
    }
}

/// A command that runs scripts of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptCall {
    /// The command.
    pub(crate) command: ShellCommand,
    /// The scripts, as indices of [`Scripts::list`].
    pub(crate) scripts: Vec<usize>,
}

/// The script of a step.
#[derive(Debug, Clone)]
pub(crate) struct StepScript {
    /// The shell that it was parsed for.
    pub(crate) shell: Shell,
    pub(crate) commands: Arc<[ShellCommand]>,
    calls: Arc<[ScriptCall]>,
}

impl StepScript {
    /// A script that runs no file of the repository.
    pub(crate) fn new(shell: Shell, commands: Arc<[ShellCommand]>) -> Self {
        Self { shell, commands, calls: Arc::from([]) }
    }
}

/// The scripts of a project. A clone shares those of files.
#[derive(Debug, Clone, Default)]
pub struct Scripts {
    pub(crate) list: Arc<Vec<Script>>,
    /// The scripts of workflows and actions that may run another file or were parsed before, by the place of their text.
    steps: BTreeMap<Place, StepScript>,
    /// For each script, the file whose parts its commands may name.
    names: Vec<Option<follow::PartNames>>,
}

impl Scripts {
    /// Whether these are the same scripts, called in the same way by every file but some.
    pub(crate) fn is_same(&self, other: &Self, but: impl Fn(FileId) -> bool) -> bool {
        let names = |scripts: &Self| {
            scripts.names.iter().map(|names| names.as_ref().map(|(path, _)| path.clone())).collect::<Vec<_>>()
        };
        fn kept<'s>(scripts: &'s Scripts, but: &dyn Fn(FileId) -> bool) -> Vec<(&'s Place, &'s [ScriptCall])> {
            let calling = scripts.steps.iter().filter(|(place, step)| !but(place.file) && !step.calls.is_empty());
            calling.map(|(place, step)| (place, &*step.calls)).collect()
        }
        self.list == other.list && names(self) == names(other) && kept(self, &but) == kept(other, &but)
    }

    /// The calls in the script of a step.
    pub(crate) fn calls(&self, script: Place) -> &[ScriptCall] {
        self.step(script).map_or(&[], |step| &step.calls)
    }

    /// The script of a step, if it may run another file or was parsed before.
    pub(crate) fn step(&self, script: Place) -> Option<&StepScript> {
        self.steps.get(&script)
    }

    /// Adds scripts of steps that were parsed for a check, so that the next check need not parse them.
    pub(crate) fn with_parsed(&self, parsed: impl IntoIterator<Item = (Place, StepScript)>) -> Self {
        let mut all = self.clone();
        for (place, script) in parsed {
            all.steps.entry(place).or_insert(script);
        }
        all
    }

    /// The scripts after edits of a file, which are in the order of its text; `None` if they are the same. The text of a script that is
    /// itself edited may run other files now, which are not known.
    pub(crate) fn after(&self, file: FileId, edits: &[TextEdit]) -> Option<Self> {
        if self.steps.keys().all(|place| place.file != file) {
            return None;
        }
        let moved = |place: &Place| match place.file == file {
            true => Some(Place { file, span: edit::moved(place.span, edits)? }),
            false => Some(*place),
        };
        let steps = self.steps.iter().filter_map(|(place, step)| Some((moved(place)?, step.clone()))).collect();
        Some(Self { steps, ..self.clone() })
    }
}

/// The commands of a part, and the parts that run before it.
#[derive(Debug, Clone, Default)]
struct ScriptPart {
    texts: Vec<MappedText>,
    /// The indices of the texts that an unknown condition decides about.
    conditional: BTreeSet<usize>,
    needs: Vec<String>,
    found: bool,
}

/// Whether a word can be the name of a part.
fn is_name(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '%', '*', '(', ')', '=', '"', '\''])
}
