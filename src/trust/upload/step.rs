//! The step that uploads and where it takes its values from: inputs, flags, variables, earlier steps, manifests. It finds the text; it
//! never says what it means.

mod flag;

use crate::read::glob::Glob;
use crate::read::manifest::{self, Manifests};
use crate::read::shell::{self, Shell, ShellCommand, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::registry::command::flag_is;
use crate::trust::registry::slot::{Slot, SlotChoice, SlotValue};
use crate::trust::upload::setting;
use crate::workflow::expression::Outcome;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Pairs, Secrets, Step, Text, Workflow, action};
use crate::workflow::simulate::context::{ActionFrame, EvaluationContext};

/// A step or calling job that uploads, with the command that does it if it is a script.
#[derive(Debug, Clone)]
pub struct ResolvedStep<'a, 'p> {
    /// The workflow.
    pub workflow: &'a Workflow<'p>,
    /// The job.
    pub job: &'a Job<'p>,
    /// The files of the project that name packages.
    pub manifests: Option<&'a Manifests>,
    /// Flags with which the command works on another folder than its own.
    pub other_folder: &'a [String],
    /// The repository's own actions around the step, the outermost first; empty for a step of the job itself.
    pub frames: Vec<ActionFrame<'a, 'p>>,
    /// The step; none where the job itself calls a workflow that uploads.
    pub step: Option<&'a Step<'p>>,
    /// The command in the step's script, with what the script has exported before it; of an action that is given the words of a
    /// command, those words.
    pub command: Option<ShellCommand>,
    /// The input of the action that holds those words.
    pub arguments: Option<Text<'p>>,
}

/// What a command says of the folder that it works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderArgument {
    /// Nothing: it works where it runs.
    None,
    /// This one, relative to the checkout.
    Folder(String),
    /// Only the running shell knows, and what says so.
    Unknown(Place),
}

/// How deep actions are followed that use one another.
const DEEPEST_ACTIONS: usize = 10;

/// How many steps of one job are looked at: actions that use others several times over multiply.
const MOST_STEPS: usize = 5_000;

/// Every step of a job, each of the repository's own actions followed by the steps of that action.
#[must_use]
pub fn steps<'a, 'p>(
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
) -> Vec<ResolvedStep<'a, 'p>> {
    let mut found = Vec::with_capacity(job.steps.len());
    let own = |step| ResolvedStep { step: Some(step), ..ResolvedStep::calling(checkout, workflow, job) };
    let mut open: Vec<ResolvedStep<'a, 'p>> = job.steps.iter().rev().map(own).collect();
    while let Some(resolved) = open.pop() {
        if found.len() >= MOST_STEPS {
            break;
        }
        let used = resolved.step.and_then(|step| Some((step, checkout.action(step.uses?.value())?)));
        if let Some((step, action)) = used.filter(|_| resolved.frames.len() < DEEPEST_ACTIONS) {
            let mut frames = resolved.frames.clone();
            frames.push(ActionFrame { step, action });
            let inner = |step| ResolvedStep { frames: frames.clone(), step: Some(step), ..resolved.clone() };
            open.extend(action.steps.iter().rev().take(MOST_STEPS).map(inner));
        }
        found.push(resolved);
    }
    found
}

impl<'a, 'p> ResolvedStep<'a, 'p> {
    /// A job that calls a workflow.
    #[must_use]
    pub const fn calling(checkout: &'a Model<'p>, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Self {
        let manifests = checkout.manifests;
        Self {
            workflow,
            job,
            manifests,
            frames: Vec::new(),
            step: None,
            command: None,
            arguments: None,
            other_folder: &[],
        }
    }

    /// What stands in a slot.
    #[must_use]
    pub fn slot_value(&self, slot: &Slot) -> SlotValue {
        if let Some(input) = &slot.input {
            return match &slot.step {
                Some(name) => self.of_earlier(name, input),
                None => from_input(self.with(), input, self.place()),
            };
        }
        if let Some(name) = &slot.env {
            return self.variable(name);
        }
        if let Some(name) = &slot.secret {
            return match &self.job.secrets {
                Secrets::Inherited => SlotValue::Unknown(self.place()),
                Secrets::Given(secrets) => from_input(secrets, name, self.place()),
            };
        }
        if let (Some(file), Some(manifests)) = (&slot.manifest, self.manifests) {
            return setting::given(manifests, self.folder().as_deref(), file, slot);
        }
        self.flag(&slot.flags, slot.kind)
    }

    /// An input of the last earlier step of an action; a step that leaves it out leaves the choice to the one before it.
    fn of_earlier(&self, name: &str, input: &str) -> SlotValue {
        let steps = self.before().rev().filter(|step| uses(step, name));
        let given = steps.map(|step| (step, from_input(&step.with, input, step.place)));
        let given: Vec<_> = given.filter(|(_, given)| *given != SlotValue::Absent).collect();
        let Some(((last, value), others)) = given.split_first() else { return SlotValue::Absent };
        match value {
            // Of two that differ, a condition of the last one's own may choose either.
            SlotValue::Text(text, place)
                if last.condition.is_some()
                    && others.iter().any(|(_, other)| !matches!(other, SlotValue::Text(known, _) if known == text)) =>
            {
                SlotValue::Unknown(*place)
            }
            value => value.clone(),
        }
    }

    /// What stands in the first of some slots that holds anything.
    #[must_use]
    pub fn first<'s>(&self, slots: &'s [Slot]) -> Option<(&'s Slot, SlotValue)> {
        slots.iter().map(|slot| (slot, self.slot_value(slot))).find(|(_, given)| *given != SlotValue::Absent)
    }

    /// Where the client itself stands: the command of a script, else the `uses` of the step or of the job.
    #[must_use]
    pub fn place(&self) -> Place {
        let uses = self.step.map_or(self.job.uses, |step| step.uses);
        match (&self.command, self.step.and_then(|step| step.script), uses) {
            (Some(command), Some(run), _) => run.inner(command.span.clone()),
            (_, _, Some(uses)) => uses.place(),
            _ => self.step.map_or(self.job.id.place(), |step| step.place),
        }
    }

    /// The folder that the command runs in, relative to the checkout; `None` where the script or the command may go elsewhere.
    #[must_use]
    pub fn folder(&self) -> Option<String> {
        let (step, command) = (self.step?, self.command.as_ref()?);
        let words = || command.words.iter().filter_map(ShellWord::text);
        let elsewhere = command.words.iter().any(|word| word.text().is_none())
            || words().any(|word| word.starts_with('.') || word.contains('/') || word.starts_with("-C"))
            || self.has_flag(self.other_folder);
        if elsewhere || self.moves()? {
            return None;
        }
        match self.workflow.folder_of(self.job, step) {
            Some(folder) => manifest::clean(folder.value()).filter(|folder| !folder.contains("${{")),
            None => Some(String::new()),
        }
    }

    /// Whether the script goes to another folder before the command; `None` where there is no script or no command.
    fn moves(&self) -> Option<bool> {
        let before = self.step?.script?.value().get(..self.command.as_ref()?.span.start)?;
        Some(before.split_whitespace().any(|word| matches!(word, "cd" | "pushd")))
    }

    /// What the command's own argument behind `last`, its last word, says of the folder that it works on.
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
                // It may be the flag's value; in a loop the flag may be a switch, and this what the loop is over.
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

    /// A folder that the command names, relative to the checkout.
    fn folder_at(&self, path: &str) -> Option<String> {
        let step = self.step?;
        let file = [".tgz", ".tar.gz", ".zip"].iter().any(|ending| path.ends_with(ending));
        if file || path.contains(['*', '?', '[', '{', '~', '\\']) || path.starts_with('/') {
            return None;
        }
        if self.moves()? {
            return None;
        }
        let folder = self.workflow.folder_of(self.job, step).map_or(".", |folder| folder.value());
        manifest::clean(&format!("{folder}/{path}")).filter(|folder| !folder.contains("${{"))
    }

    /// What the step or the calling job is given.
    #[must_use]
    pub fn with(&self) -> &'a Pairs<'p> {
        self.step.map_or(&self.job.with, |step| &step.with)
    }

    /// The steps before this one: of the job, and of the actions around it.
    pub fn before(&self) -> impl DoubleEndedIterator<Item = &'a Step<'p>> {
        let inner = self.frames.iter().map(|frame| frame.action.steps.as_slice());
        let lists = std::iter::once(self.job.steps.as_slice()).chain(inner);
        let earlier = |(steps, own): (&'a [Step<'p>], usize)| steps.iter().filter(move |step| step.index < own);
        lists.zip(self.position()).flat_map(earlier).collect::<Vec<_>>().into_iter()
    }

    /// Where the step stands among the others of the job: its index, after those of the steps around it.
    #[must_use]
    pub fn position(&self) -> Vec<usize> {
        let around = self.frames.iter().map(|frame| frame.step);
        around.chain(self.step).map(|step| step.index).collect()
    }

    /// Every `env` that the step sees, nearest first; whether its expressions see what the step's own do.
    pub fn envs(&self) -> impl Iterator<Item = (&'a Pairs<'p>, bool)> {
        // A calling job hands no variable to the workflow that it calls.
        let own = self.step.map(|step| (&step.env, true));
        let around = self.frames.iter().rev().map(|frame| (&frame.step.env, false));
        let inside = self.frames.is_empty();
        let whole = [(&self.job.env, inside), (&self.workflow.env, inside)];
        own.into_iter().chain(around).chain(whole).take(if self.step.is_some() { usize::MAX } else { 0 })
    }

    /// Whether one of some flags stands among the command's words.
    #[must_use]
    pub fn has_flag(&self, flags: &[String]) -> bool {
        let mut words = self.command.iter().flat_map(|command| &command.words).filter_map(ShellWord::text);
        words.any(|word| flags.iter().any(|flag| flag_is(&word, flag)))
    }

    /// Whether a choice is met.
    #[must_use]
    pub fn meets(&self, choice: &SlotChoice) -> bool {
        if !choice.flags.is_empty() {
            return self.has_flag(&choice.flags) && (choice.is.is_empty() || self.holds_value(choice));
        }
        self.holds_value(choice)
    }

    fn holds_value(&self, choice: &SlotChoice) -> bool {
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

    /// The script that the command stands in, or the input that holds its words.
    #[must_use]
    pub fn script(&self) -> Option<Text<'p>> {
        self.arguments.or_else(|| self.step.and_then(|step| step.script))
    }

    /// The client of an action, with the words that it is given for the command it runs; `None` where they cannot be read.
    #[must_use]
    pub fn with_arguments(&self, input: Option<&str>) -> Option<Self> {
        let Some(given) = input.and_then(|input| self.with().get_ignore_case(input)) else { return Some(self.clone()) };
        // No shell reads them: the end of a line ends nothing, and what would be several commands to a shell is not understood here.
        let mut commands = shell::parse(&given.value.value().replace('\n', " "), Shell::Posix).commands;
        let command = commands.pop();
        commands.is_empty().then(|| Self { arguments: command.as_ref().map(|_| given.value), command, ..self.clone() })
    }

    fn word(&self, word: &ShellWord, run: Text<'p>) -> SlotValue {
        let place = run.inner(word.span.clone());
        match (word.template(run.value()), word.parts.as_slice()) {
            (Some(text), _) => SlotValue::Text(text, place),
            (None, [WordPiece::Variable(name)]) => match self.variable(&name.as_str().into()) {
                SlotValue::Absent => SlotValue::Unknown(place),
                given => given,
            },
            _ => SlotValue::Unknown(place),
        }
    }

    /// An environment variable as the command sees it: its own assignment, then the `env` of the step, the job and the workflow.
    fn variable(&self, name: &Glob) -> SlotValue {
        if let (Some(command), Some(run)) = (&self.command, self.script())
            && let Some(assignment) = command.assignments.iter().rfind(|assignment| name.is_match(&assignment.name))
        {
            let place = run.inner(assignment.value.span.clone());
            return assignment
                .value
                .template(run.value())
                .map_or(SlotValue::Unknown(place), |text| SlotValue::Text(text, place));
        }
        for (pairs, own) in self.envs() {
            if let Some(pair) = pairs.entries.iter().find(|pair| name.is_match(pair.key.value())) {
                // Around an action the context `inputs` is another than within.
                let foreign = !own && pair.value.value().contains("inputs");
                return if foreign { SlotValue::Unknown(pair.value.place()) } else { from_text(pair.value) };
            }
            if pairs.dynamic {
                return SlotValue::Unknown(self.place());
            }
        }
        SlotValue::Absent
    }

    /// What a run shows to the step, or to the calling job.
    #[must_use]
    pub fn seen<'s>(&'s self, context: &EvaluationContext<'s, 'p>) -> EvaluationContext<'s, 'p>
    where
        'a: 's,
    {
        context.for_step(&self.frames, self.step)
    }

    /// A text without expressions, as far as the run decides them; `${{ env.X }}` is followed to where `X` is set.
    #[must_use]
    pub fn resolve(&self, text: &str, context: &EvaluationContext<'_, '_>) -> Outcome {
        self.seen(context).evaluate(text)
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
