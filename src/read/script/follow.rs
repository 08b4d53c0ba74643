//! Follows the commands of steps into the files that they run, to a bounded fixpoint.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::read::command_list::CommandList;
use crate::read::files::Files;
use crate::read::manifest::{ManifestContent, ManifestField, ManifestFormat, ManifestValue, parse};
use crate::read::path;
use crate::read::project::Project;
use crate::read::script::makefile::Recipes;
use crate::read::script::{
    RunFacts, Script, ScriptCall, ScriptLanguage, ScriptPart, Scripts, StepScript, TaskFile, TaskFormat, TaskRunner,
    is_name, program,
};
use crate::read::shell::{
    self, Assignment, FunctionCallers, Shell, ShellCommand, ShellInvocation, ShellScript, ShellWord, WordPiece,
};
use crate::read::source::{FileId, Place, SourceFile};
use crate::read::text::{MappedText, Text};
use crate::read::yaml::Node;

/// Larger files, in bytes, are not read.
const LARGEST: usize = 1024 * 1024;
/// The limit for all files together, in bytes.
const LARGEST_SUM: usize = 8 * 1024 * 1024;
/// A larger Makefile, in bytes, is not read again for the variables that a call gives.
const LARGEST_WITH_VARIABLES: usize = 64 * 1024;
/// The maximum number of different arguments or folders that one file is followed with.
const MOST_INSTANCES: usize = 32;
/// The maximum number of scripts.
const MOST_SCRIPTS: usize = 1000;
/// The maximum number of scripts that one command runs.
const MOST_CALLED: usize = 200;
/// The maximum nesting of a task in a data file.
const DEEPEST_TASK: usize = 8;
/// The maximum number of folders above a command that are searched.
const MOST_ABOVE: usize = 8;

/// Reads the scripts that the steps of a project's workflows and actions run.
pub(crate) fn load(project: &mut Project, files: &dyn Files, facts: &RunFacts) -> Scripts {
    let is_bare = |names: &[String]| names.iter().all(|name| name.starts_with('.'));
    let root = files.list("").unwrap_or_default();
    if is_bare(&root) && is_bare(&files.folders("")) {
        return Scripts::default();
    }
    let mut words: Vec<&str> = facts.tasks.iter().flat_map(|task| &task.commands).map(String::as_str).collect();
    words.extend(facts.interpreters.iter().map(String::as_str));
    words.extend(facts.programs.iter().flat_map(|program| &program.commands).map(String::as_str));
    words.extend(facts.aliases.iter().map(|alias| alias.command.as_str()));
    words.iter_mut().for_each(|word| *word = word.split(' ').next().unwrap_or_default());
    words.extend(["./", ".\\"]);
    words.sort_unstable();
    words.dedup();
    let commands = facts.tasks.iter().flat_map(|task| &task.commands);
    let mut follower = ScriptFollower {
        project,
        files,
        facts,
        task_programs: commands.filter_map(|command| command.split(' ').next()).collect(),
        scripts: Scripts::default(),
        listed: BTreeMap::from([(String::new(), root)]),
        read: BTreeMap::new(),
        parts: BTreeMap::new(),
        bytes: 0,
        caller: String::new(),
        variables: Vec::new(),
    };
    // Many steps of a project have the same script.
    let mut known: HashMap<(Shell, String, Option<String>), StepScript> = HashMap::new();
    for FoundStep { place, script, shell, folder } in found_steps(follower.project, &words, &follower.listed) {
        let step = known.entry((shell, script, folder)).or_insert_with_key(|(_, script, folder)| {
            let commands: Arc<[ShellCommand]> = with_exports(shell::parse(script, shell)).into();
            follower.caller.clone_from(script);
            let calls = follower.calls(&commands, folder.as_deref(), None, None).into();
            StepScript { shell, commands, calls }
        });
        follower.scripts.steps.insert(place, step.clone());
    }
    follower.caller.clear();
    let mut next = 0;
    while next < follower.scripts.list.len() {
        let Some(script) = follower.scripts.list.get(next) else { break };
        let (commands, folder, own) = (script.commands.clone(), script.folder.clone(), script.path.clone());
        let names = follower.scripts.names.get(next).cloned().flatten();
        let calls = follower.calls(&commands, folder.as_deref(), Some(&own), names.as_ref());
        if let Some(script) = Arc::make_mut(&mut follower.scripts.list).get_mut(next) {
            script.calls = calls;
        }
        next += 1;
    }
    follower.scripts
}

/// A step's script as it is found in the tree of its file.
struct FoundStep {
    place: Place,
    script: String,
    shell: Shell,
    folder: Option<String>,
}

/// The scripts of all steps that may run another file: those with one of the words, or with the name of a folder of the root.
fn found_steps(project: &Project, words: &[&str], listed: &BTreeMap<String, Vec<String>>) -> Vec<FoundStep> {
    let roots = listed.get("").map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    let documents = project.workflows.iter().chain(project.actions.iter().map(|action| &action.document));
    for document in documents {
        let (Some(root), Some(source)) = (document.tree.root(), project.source(document.file)) else { continue };
        let owners = root.get("jobs").into_iter().flat_map(Node::entries).map(|job| job.value).chain(root.get("runs"));
        for owner in owners {
            let windows = owner.get("runs-on").and_then(Node::text).is_some_and(|label| label.starts_with("windows"));
            let default = |key: &str| {
                let own = |node: Node<'_>| node.get("defaults")?.get("run")?.get(key)?.text().map(str::to_owned);
                own(owner).or_else(|| own(root))
            };
            for step in owner.get("steps").into_iter().flat_map(Node::items) {
                let inputs = step.get("with").into_iter().flat_map(Node::entries).map(|entry| entry.value);
                for script in step.get("run").into_iter().chain(inputs) {
                    let Some(text) = script.text() else { continue };
                    let mut named = words.iter().copied().chain(roots.iter().map(String::as_str));
                    if !text.contains('/') && !named.any(|name| text.contains(name)) {
                        continue;
                    }
                    let own =
                        |key: &str| step.get(key).and_then(Node::text).map(str::to_owned).or_else(|| default(key));
                    let shell = own("shell").map(|setting| Shell::from_setting(&setting));
                    let shell = shell.unwrap_or(if windows { Shell::PowerShell } else { Shell::Posix });
                    let folder = own("working-directory").unwrap_or_default();
                    let folder =
                        folder.strip_prefix("${{ github.workspace }}").unwrap_or(&folder).trim_start_matches('/');
                    let folder = path::resolve("", folder).filter(|folder| !folder.contains("${{"));
                    let place = Text::new(script, source, document.file).place();
                    found.push(FoundStep { place, script: text.to_owned(), shell, folder });
                }
            }
        }
    }
    found
}

/// The commands of a script. An assignment on a separate line applies to every later command, unless the command has its own. In a block that
/// may not run, it decides the variable in this block alone.
pub(crate) fn with_exports(mut script: ShellScript) -> Vec<ShellCommand> {
    // Each assignment and its block. Commands outside of the block share a copy without the value, made when the first needs it.
    let mut exported: Vec<(Arc<Assignment>, usize, Option<Arc<Assignment>>)> = Vec::new();
    let mut found = Vec::new();
    for mut command in std::mem::take(&mut script.commands) {
        if command.words.is_empty() {
            exported.extend(command.assignments.into_iter().map(|assignment| (assignment, command.block, None)));
        } else {
            let seen = exported.iter_mut().map(|(assignment, block, undecided)| {
                if script.is_inside(command.block, *block) {
                    return Arc::clone(assignment);
                }
                Arc::clone(undecided.get_or_insert_with(|| Arc::new(assignment.undecided())))
            });
            command.assignments.splice(0..0, seen.collect::<Vec<_>>());
            found.push(command);
        }
    }
    found
}

/// A file whose parts are known.
enum TaskSource {
    Keyed(FileId, ManifestValue),
    /// A manifest of the project, by its position.
    Manifest(usize),
    Recipes(FileId, Recipes),
    Program(FileId),
    None,
}

/// The names of parts that are commands in a script: the path and the format of its file.
pub(crate) type PartNames = (String, TaskFile);

pub(crate) struct ScriptFollower<'s> {
    pub(crate) project: &'s mut Project,
    pub(crate) files: &'s dyn Files,
    pub(crate) facts: &'s RunFacts,
    /// The programs that run tasks. Most commands run another program, and their words are not compared.
    task_programs: HashSet<&'s str>,
    scripts: Scripts,
    /// The file names of folders.
    listed: BTreeMap<String, Vec<String>>,
    /// The files with parts that were read, by path.
    read: BTreeMap<String, TaskSource>,
    /// The scripts of a part, by path, name, folder and arguments.
    pub(crate) parts: BTreeMap<(String, String, Option<String>, String), Vec<usize>>,
    bytes: usize,
    /// The script of the step whose commands are followed; empty for those of a file, which have no expressions.
    caller: String,
    /// The variables that the current call of `make` or `just` sets.
    variables: Vec<(String, Option<String>)>,
}

impl ScriptFollower<'_> {
    /// The calls in the commands of a script that starts in `folder`.
    fn calls(
        &mut self,
        commands: &[ShellCommand],
        folder: Option<&str>,
        own: Option<&str>,
        names: Option<&PartNames>,
    ) -> Vec<ScriptCall> {
        let own_folder = own.map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder));
        let mut calls = Vec::new();
        for command in commands {
            let folder = command.folder.as_ref().and_then(|own| own.resolve(folder, own_folder));
            let mut scripts = self.called(command, commands, folder.as_deref(), own_folder, names);
            scripts.truncate(MOST_CALLED);
            if !scripts.is_empty() {
                calls.push(ScriptCall { command: command.clone(), scripts });
            }
        }
        calls
    }

    /// The scripts that a command runs.
    fn called(
        &mut self,
        command: &ShellCommand,
        beside: &[ShellCommand],
        folder: Option<&str>,
        own_folder: Option<&str>,
        names: Option<&PartNames>,
    ) -> Vec<usize> {
        let expanded = self.without_alias(&command.words);
        let all = expanded.as_deref().unwrap_or(&command.words);
        let words: Vec<Option<String>> = all.iter().map(ShellWord::text).collect();
        for start in starts(&words, &self.facts.wrappers) {
            let (own, shell_words) = (words.get(start..).unwrap_or_default(), all.get(start..).unwrap_or_default());
            let facts = self.facts;
            for runner in &facts.programs {
                let found = self.named_program(runner, own, folder);
                if !found.is_empty() {
                    return found;
                }
            }
            let program = own.first().and_then(Option::as_deref).map(program_name);
            let may_run_task = program.is_some_and(|program| self.task_programs.contains(program));
            for task in facts.tasks.iter().filter(|_| may_run_task) {
                let found = self.task(task, own, shell_words, folder);
                if !found.is_empty() {
                    return found;
                }
            }
            if let (Some((path, file)), Some(Some(name))) = (names, own.first()) {
                let file = file.clone();
                let found = self.part(path, &file, name, folder, &[]);
                if !found.is_empty() {
                    return found;
                }
            }
            let found = self.file(own, shell_words, beside, folder, own_folder);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The scripts that a task runner runs with some words.
    fn task(
        &mut self,
        task: &TaskRunner,
        words: &[Option<String>],
        shell_words: &[ShellWord],
        folder: Option<&str>,
    ) -> Vec<usize> {
        let Some(start) = task.commands.iter().find_map(|command| after(words, command, task)) else {
            return Vec::new();
        };
        let Some(mut arguments) = TaskArguments::read(task, &words[..start], words.get(start..).unwrap_or_default())
        else {
            return Vec::new();
        };
        if task.names_member {
            let Some((member, part)) = arguments.names.first().and_then(|name| name.split_once(':')) else {
                return Vec::new();
            };
            // A further part is the configuration.
            let part = part.split(':').next().unwrap_or_default().to_owned();
            arguments.member = Some(member.to_owned());
            arguments.names = vec![part];
        }
        if arguments.names.iter().any(|name| task.except.contains(name)) {
            return Vec::new();
        }
        if arguments.names.is_empty() && task.parts.iter().any(|part| !part.contains("{}")) {
            arguments.names.push(String::new());
        }
        if arguments.names.is_empty() && task.has_default {
            arguments.names.push(String::new());
        }
        let mut folders: Vec<String> = match &arguments.folder {
            Some(named) => {
                path::resolve(folder.unwrap_or_default(), named).filter(|_| folder.is_some()).into_iter().collect()
            }
            None => folder.map(str::to_owned).into_iter().collect(),
        };
        if arguments.each || task.always_each {
            folders = self.members(None);
        } else if let Some(member) = &arguments.member {
            folders = self.members(Some(member));
        }
        let rest = shell_words.get(start + arguments.end..).unwrap_or_default();
        let passed = rest.iter().position(|word| word.text().as_deref() == Some("--")).map(|at| at + arguments.end);
        let own = |index: &usize| passed.is_none_or(|passed| *index > passed) && !arguments.consumed.contains(index);
        let rest = (0..rest.len()).filter(|_| task.passes_arguments).filter(|index| own(&(index + arguments.end)));
        let rest: Vec<ShellWord> =
            rest.filter_map(|index| shell_words.get(start + arguments.end + index)).cloned().collect();
        let rest = rest.as_slice();
        if task.files.iter().any(|file| matches!(file.format, TaskFormat::Makefile | TaskFormat::Justfile)) {
            self.variables = given_variables(shell_words.get(start..).unwrap_or_default(), &self.caller);
        }
        let mut found = Vec::new();
        for folder in folders {
            for name in &arguments.names {
                let parts: Vec<String> = if task.parts.is_empty() {
                    vec![name.clone()]
                } else {
                    task.parts.iter().map(|part| part.replace("{}", name)).collect()
                };
                for part in parts {
                    let own = part == *name;
                    found.extend(self.search(task, &folder, &part, if own { rest } else { &[] }));
                }
            }
        }
        self.variables.clear();
        found
    }

    /// The scripts of a part in the nearest file that has it.
    fn search(&mut self, task: &TaskRunner, folder: &str, name: &str, arguments: &[ShellWord]) -> Vec<usize> {
        let mut folder = folder.to_owned();
        for _ in 0..MOST_ABOVE {
            for file in &task.files {
                let named = self.list(&folder).iter().find(|name| file.file.is_match(name)).cloned();
                if let Some(file_name) = named {
                    let path = path::join(&folder, &file_name);
                    let found = self.part(&path, file, name, Some(&folder), arguments);
                    if !found.is_empty() {
                        return found;
                    }
                }
            }
            if folder.is_empty() || !task.upward {
                break;
            }
            folder = folder.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned());
        }
        Vec::new()
    }

    /// The folders of the packages in the workspace: all of them, or the one with a name or a path.
    fn members(&self, name: Option<&str>) -> Vec<String> {
        let manifests = &self.project.manifests;
        let mut folders: Vec<String> = Vec::new();
        for manifest in
            manifests.list.iter().filter(|manifest| manifest.name == "package.json" && !manifest.folder.is_empty())
        {
            let is = |name: &str| {
                let own = || matches!(manifest.field("name"), ManifestField::Known(own, _) if own == name);
                (manifest.mentions(name) && own())
                    || manifest.folder.rsplit('/').next() == Some(name)
                    || path::resolve("", name.trim_start_matches('{').trim_end_matches('}'))
                        .is_some_and(|path| path == manifest.folder)
            };
            if name.is_none_or(is) && !folders.contains(&manifest.folder) && folders.len() < MOST_CALLED {
                folders.push(manifest.folder.clone());
            }
        }
        folders
    }

    pub(crate) fn list(&mut self, folder: &str) -> &[String] {
        let files = self.files;
        self.listed.entry(folder.to_owned()).or_insert_with(|| files.list(folder).unwrap_or_default())
    }

    /// The scripts of a part of a file, and of the parts that it needs.
    fn part(
        &mut self,
        path: &str,
        file: &TaskFile,
        name: &str,
        folder: Option<&str>,
        arguments: &[ShellWord],
    ) -> Vec<usize> {
        let mut shown =
            arguments.iter().map(|word| word.text().unwrap_or_else(|| "$".into())).collect::<Vec<_>>().join(" ");
        for (name, value) in &self.variables {
            shown.extend([" ", name, "=", value.as_deref().unwrap_or("$")]);
        }
        let key = (path.to_owned(), name.to_owned(), folder.map(str::to_owned), shown);
        if let Some(known) = self.parts.get(&key) {
            return known.clone();
        }
        self.open(path, file.format);
        let mut found = Vec::new();
        let mut seen: Vec<String> = vec![name.to_owned()];
        let mut next = 0;
        while let Some(name) = seen.get(next).cloned().filter(|_| next < MOST_CALLED) {
            let Some((id, part)) = self.read_part(path, file, &name) else {
                next += 1;
                continue;
            };
            for need in part.needs {
                if !seen.contains(&need) && seen.len() < MOST_CALLED {
                    seen.push(need);
                }
            }
            let names = file.names_are_commands.then(|| (path.to_owned(), file.clone()));
            let last = part.texts.len().saturating_sub(1);
            for (index, text) in part.texts.into_iter().enumerate() {
                let extra = if next == 0 && index == last { arguments } else { &[] };
                let script = self.add(id, text, Shell::Posix, folder, extra, names.clone());
                let added = script.and_then(|script| Arc::make_mut(&mut self.scripts.list).get_mut(script));
                if let Some(added) = added.filter(|_| part.conditional.contains(&index)) {
                    let commands = added.commands.iter().cloned();
                    added.commands = commands.map(|command| ShellCommand { conditional: true, ..command }).collect();
                }
                found.extend(script);
            }
            next += 1;
        }
        if found.is_empty() && matches!(file.format, TaskFormat::Nox | TaskFormat::Rake) {
            // The program may define the task in another way or in another file.
            found = self.program(path);
        }
        self.parts.insert(key, found.clone());
        found
    }

    /// The commands of a part; `None` if the file has no such part.
    fn read_part(&self, path: &str, file: &TaskFile, name: &str) -> Option<(FileId, ScriptPart)> {
        let text = |id: FileId| self.project.source(id).map_or("", SourceFile::text);
        match self.read.get(path)? {
            TaskSource::Recipes(id, recipes) => {
                let given = self.variables.as_slice();
                let own = match file.format {
                    _ if given.is_empty() || text(*id).len() > LARGEST_WITH_VARIABLES => None,
                    TaskFormat::Justfile => Some(Recipes::justfile(text(*id), given)),
                    _ => Some(Recipes::makefile(text(*id), given)),
                };
                Some((*id, own.as_ref().unwrap_or(recipes).part(text(*id), name)?))
            }
            TaskSource::Program(id) if file.format == TaskFormat::Nox => Some((*id, program::nox(text(*id), name)?)),
            TaskSource::Program(id) => Some((*id, program::rake(text(*id), name)?)),
            TaskSource::Keyed(..) | TaskSource::Manifest(_) => {
                if !is_name(name) && !name.is_empty() {
                    return None;
                }
                let (id, content) = self.keyed(path)?;
                let values = file.keys.iter().map(|key| content.all(&key.replace("{}", name)));
                let values = values.into_iter().find(|values| !values.is_empty())?;
                let mut part = ScriptPart::default();
                for value in values {
                    self.commands_of(value, text(id), &mut part, 0);
                }
                Some((id, part))
            }
            TaskSource::None => None,
        }
    }

    /// The content of an open file that has its parts under keys.
    pub(crate) fn keyed(&self, path: &str) -> Option<(FileId, &ManifestValue)> {
        match self.read.get(path)? {
            TaskSource::Keyed(id, content) => Some((*id, content)),
            TaskSource::Manifest(position) => {
                let manifest = self.project.manifests.list.get(*position)?;
                Some((manifest.file, manifest.content()?))
            }
            _ => None,
        }
    }

    /// Adds the commands of a task: a string, a list of tasks, or a table with keys for commands and other tasks.
    fn commands_of(&self, value: &ManifestValue, source: &str, part: &mut ScriptPart, depth: usize) {
        if depth > DEEPEST_TASK || part.texts.len() > MOST_CALLED {
            return;
        }
        match &value.content {
            ManifestContent::Word(text) => {
                let mut mapped = MappedText::default();
                let start = value.span.start as usize;
                let written = source.get(value.span.range()).unwrap_or_default();
                mapped.push_decoded(text, written, start);
                part.texts.push(mapped);
            }
            ManifestContent::List(items) => {
                items.iter().for_each(|item| self.commands_of(item, source, part, depth + 1))
            }
            ManifestContent::Table(entries) => {
                for entry in entries {
                    if self.facts.command_keys.contains(&entry.key) {
                        self.commands_of(&entry.value, source, part, depth + 1);
                    } else if self.facts.task_keys.contains(&entry.key) {
                        let names = entry.value.items().iter().filter_map(ManifestValue::text);
                        part.needs.extend(names.map(str::to_owned));
                    }
                }
            }
            ManifestContent::Flag(_) | ManifestContent::Unknown => {}
        }
    }

    /// Reads a file with parts.
    pub(crate) fn open(&mut self, path: &str, format: TaskFormat) {
        if self.read.contains_key(path) {
            return;
        }
        let source = self.source(path).map_or(TaskSource::None, |id| {
            let text = self.project.source(id).map_or("", SourceFile::text);
            let keyed = |format| {
                let mut manifests = self.project.manifests.list.iter();
                match manifests.position(|manifest| manifest.file == id && manifest.kind.format == format) {
                    Some(position) => TaskSource::Manifest(position),
                    None => parse(format, text).map_or(TaskSource::None, |content| TaskSource::Keyed(id, content)),
                }
            };
            match format {
                TaskFormat::Json => keyed(ManifestFormat::Json),
                TaskFormat::Toml => keyed(ManifestFormat::Toml),
                TaskFormat::Yaml => keyed(ManifestFormat::Yaml),
                TaskFormat::Ini => keyed(ManifestFormat::Ini),
                TaskFormat::Makefile => TaskSource::Recipes(id, Recipes::makefile(text, &[])),
                TaskFormat::Justfile => TaskSource::Recipes(id, Recipes::justfile(text, &[])),
                TaskFormat::Nox | TaskFormat::Rake => TaskSource::Program(id),
            }
        });
        self.read.insert(path.to_owned(), source);
    }

    /// The file at a path; `None` if it cannot be read, is too large or is binary.
    pub(crate) fn source(&mut self, path: &str) -> Option<FileId> {
        if let Some(known) = self.project.file(path) {
            return Some(known);
        }
        if self.bytes > LARGEST_SUM {
            return None;
        }
        let bytes =
            self.files.read(path).ok().filter(|bytes| bytes.len() <= LARGEST && memchr::memchr(0, bytes).is_none())?;
        self.bytes += bytes.len();
        Some(self.project.add(SourceFile::new(path, bytes)))
    }

    /// The script in a file that a command runs: by its path, or as the argument of an interpreter. `beside` are the commands of its script.
    fn file(
        &mut self,
        words: &[Option<String>],
        shell_words: &[ShellWord],
        beside: &[ShellCommand],
        folder: Option<&str>,
        own_folder: Option<&str>,
    ) -> Vec<usize> {
        let program = words.first().and_then(Option::as_deref).unwrap_or_default();
        let name = program_name(program);
        let index = if self.facts.interpreters.iter().any(|known| known == name) {
            let is_option = |word: &Option<String>| word.as_ref().is_some_and(|word| word.starts_with('-'));
            let is_word =
                |word: &Option<String>| word.as_ref().is_some_and(|it| self.facts.interpreter_words.contains(it));
            1 + words.iter().skip(1).take_while(|word| is_option(word) || is_word(word)).count()
        } else {
            0
        };
        let Some(word) = shell_words.get(index) else { return Vec::new() };
        let Some(path) = self.script_path(word, folder, own_folder) else { return Vec::new() };
        if index == 0 && !word_has_slash(word) {
            return Vec::new();
        }
        let (above, file_name) = path.rsplit_once('/').unwrap_or(("", &path));
        if !self.list(above).iter().any(|known| known == file_name) {
            return Vec::new();
        }
        let Some(language) = self.language(&path, name, index > 0) else { return Vec::new() };
        let shell = match language {
            ScriptLanguage::Posix => Shell::Posix,
            ScriptLanguage::PowerShell => Shell::PowerShell,
            ScriptLanguage::Cmd => Shell::Cmd,
            ScriptLanguage::Program => return self.program(&path),
        };
        let is_sourced = matches!(name, "." | "source");
        let mut invocation = ShellInvocation {
            arguments: shell_words
                .iter()
                .skip(index + 1)
                .map(|word| moved(word, word.span.start, &self.caller))
                .collect(),
            open: is_sourced,
            callers: is_sourced.then(|| callers(beside, &self.caller)),
        };
        let mut shown = invocation
            .arguments
            .iter()
            .map(|word| word.text().unwrap_or_else(|| "$".into()))
            .collect::<Vec<_>>()
            .join(" ");
        if let Some(callers) = &invocation.callers {
            let names = callers.calls.keys().map(String::as_str);
            shown.extend(["\0"].into_iter().chain(names.flat_map(|name| [name, " "])).take(MOST_CALLED));
        }
        let mut key = (path.clone(), String::new(), folder.map(str::to_owned), shown);
        if let Some(known) = self.parts.get(&key) {
            return known.clone();
        }
        let instances = self.parts.range((path.clone(), String::new(), None, String::new())..);
        if instances.take_while(|(key, _)| key.0 == path && key.1.is_empty()).take(MOST_INSTANCES).count()
            == MOST_INSTANCES
        {
            // Further calls share one reading with unknown arguments.
            invocation = ShellInvocation {
                callers: Some(FunctionCallers { open: true, ..Default::default() }),
                ..Default::default()
            };
            key = (path.clone(), String::new(), None, "\0".into());
            if let Some(known) = self.parts.get(&key) {
                return known.clone();
            }
        }
        let folder = key.2.clone();
        let found = self.script_file(&path, shell, folder.as_deref(), &invocation);
        let mut found: Vec<usize> = found.into_iter().collect();
        found.extend(self.projects_in(&path));
        self.parts.insert(key, found.clone());
        found
    }

    fn script_file(
        &mut self,
        path: &str,
        shell: Shell,
        folder: Option<&str>,
        invocation: &ShellInvocation,
    ) -> Option<usize> {
        let id = self.source(path)?;
        let mut text = MappedText::default();
        let whole = self.project.source(id)?.text();
        text.push(whole, 0, whole.len());
        let commands = with_exports(shell::parse_called(text.as_str(), shell, invocation));
        self.add_script(id, text, shell, folder, commands, None)
    }

    /// The language of a script by its extension, its first line or the interpreter that runs it.
    fn language(&mut self, path: &str, program: &str, interpreted: bool) -> Option<ScriptLanguage> {
        let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
        if let Some(known) = extension.and_then(|extension| self.facts.extensions.get(extension)) {
            return Some(*known);
        }
        let id = self.source(path)?;
        shebang(self.project.source(id)?.text()).or_else(|| {
            let shell = if interpreted { Shell::from_setting(program) } else { Shell::Other };
            (shell == Shell::Posix || matches!(program, "." | "source")).then_some(ScriptLanguage::Posix)
        })
    }

    /// The path of a script in a word, relative to the repository's root.
    fn script_path(&self, word: &ShellWord, folder: Option<&str>, own_folder: Option<&str>) -> Option<String> {
        match word.text() {
            Some(path) => path::resolve(folder?, &path.replace('\\', "/")),
            None => {
                // `"$(dirname "$0")/publish.sh"` and `"$DIR/publish.sh"`: a path below the script's own folder or the root.
                let (first, rest) = word.parts.split_first()?;
                let rest: Option<String> = rest
                    .iter()
                    .map(|part| if let WordPiece::Text(text) = part { Some(text.as_str()) } else { None })
                    .collect();
                let rest = rest?;
                let rest = rest.strip_prefix('/')?;
                match first {
                    WordPiece::Variable(name) if name == "GITHUB_WORKSPACE" => path::resolve("", rest),
                    WordPiece::Expression(_) => path::resolve("", rest),
                    WordPiece::Dynamic | WordPiece::Variable(_) => path::resolve(own_folder?, rest),
                    WordPiece::Text(_) => None,
                }
            }
        }
    }

    fn add(
        &mut self,
        file: FileId,
        text: MappedText,
        shell: Shell,
        folder: Option<&str>,
        extra: &[ShellWord],
        names: Option<PartNames>,
    ) -> Option<usize> {
        let mut commands = with_exports(shell::parse(text.as_str(), shell));
        if let Some(last) = commands.last_mut() {
            let end = last.span.end;
            let words = extra.iter().filter(|word| word.text().as_deref() != Some("--"));
            last.words.extend(words.map(|word| moved(word, end, &self.caller)));
        }
        self.add_script(file, text, shell, folder, commands, names)
    }

    pub(crate) fn add_script(
        &mut self,
        file: FileId,
        text: MappedText,
        shell: Shell,
        folder: Option<&str>,
        commands: Vec<ShellCommand>,
        names: Option<PartNames>,
    ) -> Option<usize> {
        if self.scripts.list.len() >= MOST_SCRIPTS {
            return None;
        }
        let path = self.project.source(file).map(|source| source.path().to_owned()).unwrap_or_default();
        let script = Script {
            file,
            path,
            text,
            commands: commands.into(),
            is_program: shell == Shell::Other,
            folder: folder.map(str::to_owned),
            calls: Vec::new(),
        };
        Arc::make_mut(&mut self.scripts.list).push(script);
        self.scripts.names.push(names);
        Some(self.scripts.list.len() - 1)
    }
}

/// The commands of a script that may call the functions of a file that it reads with `source`.
fn callers(commands: &[ShellCommand], script: &str) -> FunctionCallers {
    let mut callers = FunctionCallers::default();
    for command in commands {
        match command.words.split_first().map(|(first, rest)| (first.text(), rest)) {
            Some((Some(program), rest)) => {
                for text in rest.iter().filter_map(ShellWord::text) {
                    let words = text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-'));
                    callers.mentions.extend(words.map(str::to_owned));
                }
                let arguments = rest.iter().map(|word| moved(word, word.span.start, script)).collect();
                callers.calls.entry(program).or_default().push((arguments, command.conditional));
            }
            Some((None, _)) => callers.open = true,
            None => {}
        }
    }
    // Another file with functions may call them.
    callers.open |= [".", "source"].iter().filter_map(|name| callers.calls.get(*name)).map(Vec::len).sum::<usize>() > 1;
    callers
}

/// A word of another script at an offset of this one. The text of its expressions is kept.
fn moved(word: &ShellWord, at: usize, script: &str) -> ShellWord {
    let part = |part: &WordPiece| match part {
        WordPiece::Expression(range) => {
            script.get(range.clone()).map_or(WordPiece::Dynamic, |text| WordPiece::Text(text.to_owned()))
        }
        _ => part.clone(),
    };
    // A secret is one word, whatever its value.
    let secret = |part: &WordPiece| match part {
        WordPiece::Expression(range) => script.get(range.clone()).is_some_and(|text| text.contains("secrets.")),
        WordPiece::Text(_) => true,
        WordPiece::Variable(_) | WordPiece::Dynamic => false,
    };
    let splits = word.splits && !word.parts.iter().all(secret);
    ShellWord { span: at..at, parts: word.parts.iter().map(part).collect(), splits }
}

/// The variables in the words of a call, `NAME=value`. Expressions of the caller stay in the value; another value is unknown.
fn given_variables(words: &[ShellWord], caller: &str) -> Vec<(String, Option<String>)> {
    let given = words.iter().take(MOST_CALLED).filter_map(|word| {
        let WordPiece::Text(first) = word.parts.first()? else { return None };
        let name = first.split_once('=')?.0.trim_end_matches([':', '?']);
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = || word.template(caller)?.split_once('=').map(|(_, value)| value.to_owned());
        (plain && !name.is_empty()).then(|| (name.to_owned(), value()))
    });
    given.collect()
}

/// The names of the tasks that a command runs, found or not.
pub(crate) fn named_tasks(facts: &RunFacts, words: &[Option<String>]) -> Vec<String> {
    let starts = starts(words, &facts.wrappers).into_iter();
    let mut named = starts.filter_map(|start| words.get(start..)).flat_map(|words| {
        facts.tasks.iter().filter_map(|task| {
            let start = task.commands.iter().find_map(|command| after(words, command, task))?;
            let names = TaskArguments::read(task, &words[..start], &words[start..])?.names;
            (!names.iter().any(|name| task.except.contains(name))).then_some(names)
        })
    });
    named.find(|names| !names.is_empty()).unwrap_or_default()
}

/// The arguments of a task runner.
struct TaskArguments {
    names: Vec<String>,
    folder: Option<String>,
    member: Option<String>,
    each: bool,
    is_dry_run: bool,
    /// The index after the last name.
    end: usize,
    /// The indices of the runner's own flags and their values.
    consumed: Vec<usize>,
}

impl TaskArguments {
    /// Reads the words between and after the words of a command; `None` if nothing runs.
    fn read(task: &TaskRunner, before: &[Option<String>], words: &[Option<String>]) -> Option<Self> {
        let mut found = Self {
            names: Vec::new(),
            folder: None,
            member: None,
            each: false,
            is_dry_run: false,
            end: 0,
            consumed: Vec::new(),
        };
        found.options(task, before, false);
        found.options(task, words, true);
        (!found.is_dry_run).then_some(found)
    }

    fn options(&mut self, task: &TaskRunner, words: &[Option<String>], after: bool) {
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let Some(word) = word.as_deref() else { break };
            if word == "--" {
                break;
            }
            let (flag, inline) =
                word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value.to_owned())));
            let has = |flags: &[String]| flags.iter().any(|known| known == flag);
            let flag_at = at - 1;
            let mut value = || {
                inline.clone().or_else(|| {
                    at += 1;
                    words.get(at - 1).cloned().flatten()
                })
            };
            let is_own = has(&task.each) || has(&task.folder) || has(&task.member);
            if has(&task.each) {
                self.each = true;
            } else if has(&task.folder) {
                self.folder = value();
            } else if has(&task.member) {
                self.member = value();
            } else if has(&task.flags) {
                let names = value().unwrap_or_default();
                self.names.extend(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
                self.end = at;
            } else if has(&task.valued) {
                value();
            } else if has(&task.dry_run) {
                // After the name it may be an argument of the part.
                self.is_dry_run |= self.names.is_empty() || !task.passes_arguments;
            } else if after
                && !word.starts_with(['-', '+'])
                && !word.contains('=')
                && task.flags.is_empty()
                && (task.several || self.names.is_empty())
            {
                self.names.push(word.to_owned());
                self.end = at;
            }
            if is_own && after {
                self.consumed.extend(flag_at..at);
            }
        }
    }
}

/// The index after the words of a command; options with their values may be between its words.
fn after(words: &[Option<String>], command: &str, task: &TaskRunner) -> Option<usize> {
    let mut at = 0;
    for (index, expected) in command.split_whitespace().enumerate() {
        if index == 0 {
            let first = words.first()?.as_deref()?;
            if program_name(first) != expected {
                return None;
            }
            at = 1;
            continue;
        }
        loop {
            let word = words.get(at)?.as_deref()?;
            at += 1;
            if word == expected {
                break;
            }
            if !word.starts_with('-') {
                return None;
            }
            let has = |flags: &[String]| flags.iter().any(|known| known == word);
            if has(&task.folder) || has(&task.member) || has(&task.valued) {
                at += 1;
            }
        }
    }
    Some(at)
}

/// The positions at which a command may start: the first word, and every position after a wrapper and its options.
fn starts(words: &[Option<String>], wrappers: &CommandList) -> Vec<usize> {
    let mut found = vec![0];
    let mut next = 0;
    while let Some(start) = found.get(next).copied().filter(|_| found.len() < 16) {
        next += 1;
        let rest = words.get(start..).unwrap_or_default();
        let program = rest.first().and_then(Option::as_deref).unwrap_or_default();
        for wrapper in wrappers.of_program(program) {
            let length = wrapper.split_whitespace().count();
            let is = |(index, expected): (usize, &str)| {
                let word = rest.get(index).and_then(Option::as_deref);
                word.is_some_and(|word| if index == 0 { program_name(word) == expected } else { word == expected })
            };
            if !wrapper.split_whitespace().enumerate().all(is) {
                continue;
            }
            let mut at = start + length;
            while let Some(word) = words.get(at) {
                if !found.contains(&at) {
                    found.push(at);
                }
                let option = |word: &Option<String>| {
                    word.as_ref().is_none_or(|word| word.starts_with('-') || word.contains('='))
                };
                let value = at > start + length && words.get(at - 1).is_some_and(option);
                if !option(word) && !value {
                    break;
                }
                at += 1;
            }
        }
    }
    found
}

/// The name of a program without its folder and `.exe`.
pub(crate) fn program_name(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn word_has_slash(word: &ShellWord) -> bool {
    word.parts.iter().any(|part| matches!(part, WordPiece::Text(text) if text.contains(['/', '\\'])))
}

/// The language that the first line of a script names.
fn shebang(text: &str) -> Option<ScriptLanguage> {
    let line = text.lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace().map(program_name).filter(|word| !word.starts_with('-'));
    let program = match words.next()? {
        "env" => words.next()?,
        program => program,
    };
    Some(match Shell::from_setting(program) {
        Shell::Posix => ScriptLanguage::Posix,
        Shell::PowerShell => ScriptLanguage::PowerShell,
        Shell::Cmd => ScriptLanguage::Cmd,
        Shell::Other => ScriptLanguage::Program,
    })
}
