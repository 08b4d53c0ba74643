//! A step with its local actions expanded, and the sources of its values: inputs, flags, variables, earlier steps and manifests.

mod flag;

use std::sync::Arc;

use crate::read::glob::Glob;
use crate::read::path;
use crate::read::script::{Script, ScriptCall};
use crate::read::shell::{self, Shell, ShellCommand, ShellFolder, ShellWord, WordPiece};
use crate::read::source::{Place, SourceFile};
use crate::trust::registry::command::flag_is;
use crate::trust::registry::slot::{Slot, SlotChoice, SlotValue};
use crate::trust::upload::setting;
use crate::workflow::expression::Outcome;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Pairs, Secrets, Step, Text, Workflow, action};
use crate::workflow::simulate::context::{ActionFrame, EvaluationContext};
use crate::workflow::step_script;

/// The maximum number of variables that name each other and are followed.
const MOST_NAMES: usize = 8;

/// A step with the local actions around it, or a calling job. In a script, `command` is the command in question.
#[derive(Debug, Clone)]
pub struct ResolvedStep<'a, 'p> {
    /// The workflow.
    pub workflow: &'a Workflow<'p>,
    /// The job.
    pub job: &'a Job<'p>,
    /// The workflows and actions of the project.
    pub model: &'a Model<'p>,
    /// Flags that make the command work in another folder.
    pub other_folder: &'a [String],
    /// The local actions around the step, the outermost first. Empty for a step of the job itself.
    pub frames: Vec<ActionFrame<'a, 'p>>,
    /// The step. `None` for a calling job.
    pub step: Option<&'a Step<'p>>,
    /// A command of the step's script, with the variables that the script exported before it, or the command line in an input of an action.
    pub command: Option<Box<ShellCommand>>,
    /// The input that holds this command line.
    pub arguments: Option<Text<'p>>,
    /// The calls from the step's script to the script with the command, the outermost first; empty for a command of the step itself.
    pub calls: Vec<ScriptFrame<'p>>,
}

/// The folder that a command's argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderArgument {
    /// No argument: the command works in its working directory.
    None,
    /// A folder, relative to the checkout.
    Folder(String),
    /// Unknown, with the place of the argument.
    Unknown(Place),
}

/// The depth to which local actions that use each other are expanded.
const DEEPEST_ACTIONS: usize = 10;

/// The number of steps that one job may expand to: actions that use others several times multiply.
const MOST_STEPS: usize = 5_000;

/// Every step of a job. The steps of a local action follow the step that uses it.
#[must_use]
pub fn steps<'a, 'p>(
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
) -> Vec<ResolvedStep<'a, 'p>> {
    let mut found = Vec::with_capacity(job.steps.len());
    for step in &job.steps {
        expand(ResolvedStep { step: Some(step), ..ResolvedStep::calling(checkout, workflow, job) }, &mut found);
    }
    found
}

/// Adds a step, and after it the steps of the local action that it uses.
pub(crate) fn expand<'a, 'p>(resolved: ResolvedStep<'a, 'p>, found: &mut Vec<ResolvedStep<'a, 'p>>) {
    if found.len() >= MOST_STEPS {
        return;
    }
    let used = resolved.step.and_then(|step| Some((step, resolved.model.action(step.uses?.value())?)));
    let Some((step, action)) = used.filter(|_| resolved.frames.len() < DEEPEST_ACTIONS) else {
        return found.push(resolved);
    };
    let frames: Vec<_> = resolved.frames.iter().copied().chain([ActionFrame { step, action }]).collect();
    let own = ResolvedStep { frames, ..resolved.clone() };
    found.push(resolved);
    for inner in &action.steps {
        expand(ResolvedStep { step: Some(inner), ..own.clone() }, found);
    }
}

/// A call of a script of the repository.
#[derive(Debug, Clone, Copy)]
pub struct ScriptFrame<'p> {
    /// The text with the command that calls.
    pub caller: Text<'p>,
    /// The call.
    pub call: &'p ScriptCall,
    /// The called script.
    pub script: &'p Script,
}

/// How deep scripts that run scripts are followed.
const DEEPEST_SCRIPTS: usize = 16;

/// The scripts of the repository that the script of a step runs, each once: the step with the calls that lead to each.
#[must_use]
pub fn called_scripts<'a, 'p>(checkout: &'a Model<'p>, resolved: &ResolvedStep<'a, 'p>) -> Vec<ResolvedStep<'a, 'p>> {
    resolved.step.and_then(|step| step.script).map_or_else(Vec::new, |own| scripts_called_by(checkout, resolved, own))
}

/// The scripts of the repository that a text runs, which is the script or an input of a step.
#[must_use]
pub fn scripts_called_by<'a, 'p>(
    checkout: &'a Model<'p>,
    resolved: &ResolvedStep<'a, 'p>,
    own: Text<'p>,
) -> Vec<ResolvedStep<'a, 'p>> {
    let Some((scripts, calls)) = checkout.scripts.map(|scripts| (scripts, scripts.calls(own.place()))) else {
        return Vec::new();
    };
    if calls.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<ResolvedStep<'a, 'p>> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut open: Vec<(Vec<ScriptFrame<'p>>, Text<'p>, &'p [ScriptCall])> = vec![(Vec::new(), own, calls)];
    while let Some((frames, caller, calls)) = open.pop() {
        if frames.len() >= DEEPEST_SCRIPTS {
            continue;
        }
        let mut next = Vec::new();
        for call in calls {
            for script in
                call.scripts.iter().filter(|index| seen.insert(**index)).filter_map(|index| scripts.list.get(*index))
            {
                let mut frames = frames.clone();
                frames.push(ScriptFrame { caller, call, script });
                found.push(ResolvedStep { calls: frames.clone(), ..resolved.clone() });
                next.push((frames, script.text(), script.calls.as_slice()));
            }
        }
        open.extend(next.into_iter().rev());
    }
    found
}

impl<'a, 'p> ResolvedStep<'a, 'p> {
    /// A job that calls a workflow.
    #[must_use]
    pub const fn calling(checkout: &'a Model<'p>, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Self {
        Self {
            workflow,
            job,
            model: checkout,
            frames: Vec::new(),
            step: None,
            command: None,
            arguments: None,
            calls: Vec::new(),
            other_folder: &[],
        }
    }

    /// The value of a slot.
    #[must_use]
    pub fn slot_value(&self, slot: &Slot) -> SlotValue {
        if let Some(input) = &slot.input {
            return match &slot.step {
                Some(name) => self.earlier_input(name, input),
                None => from_input(self.with(), input, self.place()),
            };
        }
        if let Some(name) = &slot.env {
            let read = slot.named_in.as_ref().is_none_or(|file| self.is_named_in(name, file));
            return if read { self.variable(name) } else { SlotValue::Absent };
        }
        if let Some(name) = &slot.secret {
            return match &self.job.secrets {
                Secrets::Inherited => SlotValue::Unknown(self.place()),
                Secrets::Given(secrets) => from_input(secrets, name, self.place()),
            };
        }
        if let (Some(file), Some(manifests)) = (&slot.manifest, self.model.manifests) {
            let value = setting::slot_value(manifests, self.folder().as_deref(), file, slot);
            return self.expanded(value);
        }
        self.flag(&slot.flags, slot.kind)
    }

    /// Replaces `${NAME}`, which the client expands in its own files, by the value of the variable.
    fn expanded(&self, value: SlotValue) -> SlotValue {
        match &value {
            SlotValue::Text(text, _) => match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => self.variable(&name.into()),
                None => value,
            },
            SlotValue::Absent | SlotValue::Unknown(_) => value,
        }
    }

    /// Whether a file of the project names an environment variable, as `${NAME}`.
    fn is_named_in(&self, name: &Glob, file: &Glob) -> bool {
        let named = format!("${{{}", name.as_str());
        let mut files = self.model.manifests.iter().flat_map(|all| &all.list).filter(|it| file.is_match(&it.name));
        files.any(|manifest| manifest.has_text(|text| text.contains(&named)))
    }

    /// An input of the last earlier step that uses an action and sets the input.
    fn earlier_input(&self, name: &str, input: &str) -> SlotValue {
        let steps = self.before().rev().filter(|step| uses(step, name));
        let values = steps.map(|step| (step, from_input(&step.with, input, step.place)));
        let values: Vec<_> = values.filter(|(_, value)| *value != SlotValue::Absent).collect();
        let Some(((last, value), others)) = values.split_first() else { return SlotValue::Absent };
        match value {
            // The condition of the last step decides which of two values is used.
            SlotValue::Text(text, place)
                if last.condition.is_some()
                    && others.iter().any(|(_, other)| !matches!(other, SlotValue::Text(known, _) if known == text)) =>
            {
                SlotValue::Unknown(*place)
            }
            value => value.clone(),
        }
    }

    /// The first slot that has a value, with the value.
    #[must_use]
    pub fn first<'s>(&self, slots: &'s [Slot]) -> Option<(&'s Slot, SlotValue)> {
        slots.iter().map(|slot| (slot, self.slot_value(slot))).find(|(_, value)| *value != SlotValue::Absent)
    }

    /// The place of the command, or of the `uses` of the step or job.
    #[must_use]
    pub fn place(&self) -> Place {
        let uses = self.step.map_or(self.job.uses, |step| step.uses);
        match (&self.command, self.own_script(), uses) {
            (Some(command), Some(run), _) => run.inner(command.span.clone()),
            (_, _, Some(uses)) => uses.place(),
            _ => self.step.map_or(self.job.id.place(), |step| step.place),
        }
    }

    /// The working directory of the command, relative to the checkout. `None` where the script or the command may change it.
    #[must_use]
    pub fn folder(&self) -> Option<String> {
        let command = self.command.as_ref()?;
        if self.names_folder(command) || self.has_flag(self.other_folder) { None } else { self.working_folder() }
    }

    /// Whether a word of the command may be a folder: it looks like a path or is not known, and is no flag and no flag's value.
    fn names_folder(&self, command: &ShellCommand) -> bool {
        let mut after_flag = false;
        for word in &command.words {
            let flag = word.starts_with("-");
            let other = match word.text() {
                Some(text) if flag => text.starts_with("-C"),
                Some(text) => (text.starts_with('.') || text.contains('/')) && !(after_flag && text.contains("://")),
                None => !flag && !after_flag,
            };
            if other {
                return true;
            }
            after_flag = flag && word.text().is_some_and(|text| !text.contains('='));
        }
        false
    }

    /// The folder in which the command starts, relative to the checkout; `None` after a `cd` to an unknown folder.
    pub(crate) fn working_folder(&self) -> Option<String> {
        let folder = self.command.as_ref()?.folder.as_ref()?;
        let Some(frame) = self.calls.last() else {
            let start = self.workflow.folder_of(self.job, self.step?).map_or("", |folder| folder.value());
            let start = path::normalize(start).filter(|folder| !folder.contains("${{"));
            return folder.resolve(start.as_deref(), None);
        };
        let path = frame.script.path.as_str();
        folder.resolve(frame.script.folder.as_deref(), Some(path.rsplit_once('/').map_or("", |(folder, _)| folder)))
    }

    /// The folder in which the command or the action starts in a run; `text` evaluates the expressions in it.
    pub(crate) fn folder_in(&self, text: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if !self.calls.is_empty() {
            return self.working_folder();
        }
        let (Some(command), Some(step)) = (self.command.as_ref().filter(|_| self.arguments.is_none()), self.step)
        else {
            return Some(String::new());
        };
        let start = self.workflow.folder_of(self.job, step).map_or("", |folder| folder.value());
        let start = path::normalize(&text(start)?)?;
        let folder = command.folder.as_ref()?;
        let folder = ShellFolder { base: folder.base, path: text(&folder.path)? };
        folder.resolve(Some(&start), None)
    }

    /// The script with the command: that of the step, or one that it calls.
    pub(crate) fn own_script(&self) -> Option<Text<'p>> {
        self.calls.last().map(|frame| frame.script.text()).or_else(|| self.step.and_then(|step| step.script))
    }

    /// That script if its commands are read. Those of a program in another language are not.
    pub(crate) fn command_script(&self) -> Option<Text<'p>> {
        let is_program = self.calls.last().is_some_and(|frame| frame.script.is_program);
        self.own_script().filter(|_| !is_program)
    }

    /// The commands of that script; each has the variables that the script assigned before it.
    #[must_use]
    pub fn commands(&self, github: &GitHubFacts) -> Arc<[ShellCommand]> {
        match (self.calls.last(), self.step) {
            (Some(frame), _) => Arc::clone(&frame.script.commands),
            (None, Some(step)) => step_script::commands(github, self.workflow, self.job, step),
            (None, None) => Arc::from([]),
        }
    }

    /// The step with one of the commands of its script. A called script runs under the conditions of its calls.
    #[must_use]
    pub fn with_command(&self, command: &ShellCommand) -> Self {
        let mut command = command.clone();
        command.conditional |= self.calls.iter().any(|frame| frame.call.command.conditional);
        command.tolerated |= self.calls.iter().any(|frame| frame.call.command.tolerated);
        Self { command: Some(Box::new(command)), ..self.clone() }
    }

    /// The folder that the first argument after the word `last` names.
    #[must_use]
    pub fn argument(&self, last: &str) -> FolderArgument {
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return FolderArgument::None };
        let unknown = |word: &ShellWord| FolderArgument::Unknown(run.inner(word.span.clone()));
        if self.has_flag(self.other_folder) {
            return FolderArgument::Unknown(self.place());
        }
        let own = command.words.iter().skip_while(|word| word.text().as_deref() != Some(last)).skip(1);
        let mut behind_flag = false;
        for word in own {
            let text = word.text();
            if word.starts_with("-") {
                behind_flag = !text.is_none_or(|text| text.contains('='));
                continue;
            }
            match text {
                // The word may be the value of the flag. In a loop the flag may be a switch and the word the loop's variable.
                None if behind_flag && !command.conditional => {}
                Some(text) if behind_flag && !text.contains('/') => {}
                Some(text) if !behind_flag => {
                    return self.folder_at(&text).map_or(unknown(word), FolderArgument::Folder);
                }
                None | Some(_) => return unknown(word),
            }
            behind_flag = false;
        }
        FolderArgument::None
    }

    /// The text of the first argument after the words of a command, with its place. `None` without one, or where a flag that is not known
    /// to have a value precedes it.
    #[must_use]
    pub fn first_argument(&self, last: &str, flags: &[String]) -> Option<(String, Place)> {
        let (command, run) = (self.command.as_ref()?, self.script()?);
        let own = command.words.iter().skip_while(|word| word.text().as_deref() != Some(last)).skip(1);
        let mut after_flag = None;
        for word in own {
            let text = word.text();
            if word.starts_with("-") {
                after_flag = text.filter(|text| !text.contains('='));
                continue;
            }
            match after_flag.take() {
                Some(flag) if flags.contains(&flag) => {}
                Some(_) => return None,
                None => return Some((text?, run.inner(word.span.clone()))),
            }
        }
        None
    }

    /// Whether another program or a file answers the questions of the command.
    #[must_use]
    pub fn has_input(&self) -> bool {
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return false };
        let before = run.value().get(..command.span.start).unwrap_or_default().trim_end();
        let after = run.value().get(command.span.end..).unwrap_or_default().lines().next().unwrap_or_default();
        before.ends_with('|') || after.contains('<')
    }

    /// A folder that the command names, relative to the checkout.
    fn folder_at(&self, path: &str) -> Option<String> {
        let file = [".tgz", ".tar.gz", ".zip"].iter().any(|ending| path.ends_with(ending));
        if file || path.contains(['*', '?', '[', '{', '~', '\\']) || path.starts_with('/') {
            return None;
        }
        path::resolve(&self.working_folder()?, path).filter(|folder| !folder.contains("${{"))
    }

    /// The file of the step: a local action or the workflow.
    #[must_use]
    pub fn source(&self) -> &'p SourceFile {
        self.frames.last().map_or(self.workflow.source, |frame| frame.action.source)
    }

    /// The inputs of the step or of the calling job.
    #[must_use]
    pub fn with(&self) -> &'a Pairs<'p> {
        self.step.map_or(&self.job.with, |step| &step.with)
    }

    /// The earlier steps of the job and of the local actions around this step.
    pub fn before(&self) -> impl DoubleEndedIterator<Item = &'a Step<'p>> {
        let inner = self.frames.iter().map(|frame| frame.action.steps.as_slice());
        let lists = std::iter::once(self.job.steps.as_slice()).chain(inner);
        let earlier = |(steps, own): (&'a [Step<'p>], usize)| steps.iter().filter(move |step| step.index < own);
        lists.zip(self.position()).flat_map(earlier).collect::<Vec<_>>().into_iter()
    }

    /// The step of the job that contains it, or is it.
    #[must_use]
    pub fn outermost(&self) -> Option<&'a Step<'p>> {
        self.frames.first().map(|frame| frame.step).or(self.step)
    }

    /// The order of the step in the job: the indices of the steps around it, then its own.
    #[must_use]
    pub fn position(&self) -> Vec<usize> {
        let around = self.frames.iter().map(|frame| frame.step);
        around.chain(self.step).map(|step| step.index).collect()
    }

    /// The order of the command in the job.
    #[must_use]
    pub(crate) fn order(&self) -> (Vec<usize>, Vec<usize>) {
        let calls = self.calls.iter().map(|frame| frame.call.command.order);
        (self.position(), calls.chain(self.command.as_ref().map(|command| command.order)).collect())
    }

    /// The start of a word up to its first unknown piece; variables are replaced by their values. The flag says whether that is all.
    #[must_use]
    pub(crate) fn known_prefix(&self, word: &ShellWord) -> (String, bool) {
        let mut text = String::new();
        for part in &word.parts {
            match part {
                WordPiece::Text(piece) => text.push_str(piece),
                WordPiece::Variable(name) => match self.variable(&name.as_str().into()) {
                    SlotValue::Text(value, _) if !value.contains("${{") => text.push_str(&value),
                    _ => return (text, false),
                },
                WordPiece::Expression(_) | WordPiece::Dynamic => return (text, false),
            }
        }
        (text, true)
    }

    /// Every `env` of the step, its actions, its job and its workflow, the nearest first. The flag says whether its expressions are evaluated in
    /// the step's own context.
    pub fn envs(&self) -> impl Iterator<Item = (&'a Pairs<'p>, bool)> {
        // A called workflow does not inherit the caller's variables.
        let own = self.step.map(|step| (&step.env, true));
        let around = self.frames.iter().rev().map(|frame| (&frame.step.env, false));
        let inside = self.frames.is_empty();
        let whole = [(&self.job.env, inside), (&self.workflow.env, inside)];
        own.into_iter().chain(around).chain(whole).take(if self.step.is_some() { usize::MAX } else { 0 })
    }

    /// Whether the command has one of some flags.
    #[must_use]
    pub fn has_flag(&self, flags: &[String]) -> bool {
        let mut words = self.command.iter().flat_map(|command| &command.words).filter_map(ShellWord::text);
        words.any(|word| flags.iter().any(|flag| flag_is(&word, flag)))
    }

    /// Whether a choice is met.
    #[must_use]
    pub fn meets(&self, choice: &SlotChoice) -> bool {
        if !choice.flags.is_empty() {
            return self.has_flag(&choice.flags) && (choice.is.is_empty() || self.has_value(choice));
        }
        self.has_value(choice)
    }

    fn has_value(&self, choice: &SlotChoice) -> bool {
        let value = match self.slot_value(&choice.slot()) {
            SlotValue::Text(text, _) => text,
            SlotValue::Absent => String::new(),
            SlotValue::Unknown(_) => return false,
        };
        match (choice.is.as_slice(), choice.not.as_slice()) {
            ([], []) => !value.is_empty(),
            ([], not) => !not.contains(&value),
            (is, not) => is.contains(&value) && !not.contains(&value),
        }
    }

    /// The text that the spans of `command` refer to: the script, or the input with the command line.
    #[must_use]
    pub fn script(&self) -> Option<Text<'p>> {
        self.arguments.or_else(|| self.own_script())
    }

    /// The step with the command line that its action takes as an input. `None` if that is not one simple command.
    #[must_use]
    pub fn with_arguments(&self, input: Option<&str>) -> Option<Self> {
        let Some(pair) = input.and_then(|input| self.with().get_ignore_case(input)) else { return Some(self.clone()) };
        // The action splits the input into words without a shell, so a line feed is a space.
        let mut commands = shell::parse(&pair.value.value().replace('\n', " "), Shell::Posix).commands;
        let command = commands.pop().map(Box::new);
        commands.is_empty().then(|| Self { arguments: command.as_ref().map(|_| pair.value), command, ..self.clone() })
    }

    fn word(&self, word: &ShellWord, run: Text<'p>) -> SlotValue {
        let place = run.inner(word.span.clone());
        match (word.template(run.value()), word.parts.as_slice()) {
            (Some(text), _) => SlotValue::Text(text, place),
            (None, [WordPiece::Variable(name)]) => match self.variable(&name.as_str().into()) {
                SlotValue::Absent => SlotValue::Unknown(place),
                value => value,
            },
            _ => SlotValue::Unknown(place),
        }
    }

    /// An environment variable of the command: its own assignment, else the `env` of the step, the job or the workflow.
    pub(crate) fn variable(&self, name: &Glob) -> SlotValue {
        self.variable_before(name, 0, usize::MAX, MOST_NAMES)
    }

    /// The value that a variable has before an assignment of the command that is `from` calls outside of this one. `left` is the number of
    /// other variables that may be followed.
    fn variable_before(&self, name: &Glob, from: usize, before: usize, left: usize) -> SlotValue {
        let own = self.command.as_deref().zip(self.script());
        let calls = self.calls.iter().rev().map(|frame| (&frame.call.command, frame.caller));
        for (depth, (command, run)) in own.into_iter().chain(calls).enumerate().skip(from) {
            let all = command.assignments.iter().enumerate().rev();
            let earlier = all.filter(|(index, _)| depth > from || *index < before);
            let Some((index, assignment)) = earlier.into_iter().find(|(_, it)| name.is_match(&it.name)) else {
                continue;
            };
            let place = run.inner(assignment.value.span.clone());
            if let ([WordPiece::Variable(other)], true) = (assignment.value.parts.as_slice(), left > 0) {
                return match self.variable_before(&other.as_str().into(), depth, index, left - 1) {
                    SlotValue::Absent | SlotValue::Unknown(_) => SlotValue::Unknown(place),
                    value @ SlotValue::Text(..) => value,
                };
            }
            return assignment
                .value
                .template(run.value())
                .map_or(SlotValue::Unknown(place), |text| SlotValue::Text(text, place));
        }
        for (pairs, own) in self.envs() {
            let pair = match name.is_name() {
                true => pairs.get(name.as_str()),
                false => pairs.entries.iter().copied().find(|pair| name.is_match(pair.key.value())),
            };
            if let Some(pair) = pair {
                // Outside of the action `inputs` is a different context.
                let foreign = !own && pair.value.value().contains("inputs");
                return if foreign { SlotValue::Unknown(pair.value.place()) } else { from_text(pair.value) };
            }
            if pairs.dynamic {
                return SlotValue::Unknown(self.place());
            }
        }
        SlotValue::Absent
    }

    /// The evaluation context of the step in a run.
    #[must_use]
    pub fn context<'s>(&'s self, context: &EvaluationContext<'s, 'p>) -> EvaluationContext<'s, 'p>
    where
        'a: 's,
    {
        context.for_step(&self.frames, self.step)
    }

    /// Evaluates the expressions of a text in the context of the step.
    #[must_use]
    pub fn resolve(&self, text: &str, context: &EvaluationContext<'_, '_>) -> Outcome {
        self.context(context).evaluate(text)
    }
}

/// Whether a step uses an action.
#[must_use]
pub fn uses(step: &Step<'_>, name: &str) -> bool {
    step.uses.is_some_and(|uses| action(uses.value()).eq_ignore_ascii_case(name))
}

fn from_input(with: &Pairs<'_>, input: &str, place: Place) -> SlotValue {
    match with.get_ignore_case(input) {
        Some(pair) => from_text(pair.value),
        None if with.dynamic => SlotValue::Unknown(place),
        None => SlotValue::Absent,
    }
}

fn from_text(text: Text<'_>) -> SlotValue {
    SlotValue::Text(text.value().to_owned(), text.place())
}
