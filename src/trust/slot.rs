//! Where a client takes a value from: an input, a flag, an environment variable, an earlier step's input. It finds the text; it never
//! says what it means.

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

use super::command::flag_is;
use super::publication::action;
use crate::read::shell::{Command, Part, Word};
use crate::read::source::Place;
use crate::workflow::checkout::Checkout;
use crate::workflow::expression::{Outcome, Template, Value, coerce_text};
use crate::workflow::model::{Job, Pairs, Step, Text, Workflow};
use crate::workflow::sight::{Frame, Sight};

/// A pattern of the data; `{,s}` may leave its part out.
#[must_use]
pub fn pattern(glob: &str) -> Option<GlobMatcher> {
    GlobBuilder::new(glob).empty_alternates(true).build().ok().map(|glob| glob.compile_matcher())
}

/// How a slot's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// As it stands.
    #[default]
    Text,
    /// As an address.
    Url,
    /// As a client's name for a place.
    Name,
    /// A flag that takes no value: being there is what it says.
    Switch,
    /// As a name that the client explains elsewhere, so that one the registry does not know means another place.
    OwnName,
}

/// One place a value may come from: an input, a flag or a variable; an input of an earlier step if `step` is set.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// An input of the action.
    pub input: Option<String>,
    /// Spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable, or a glob of names.
    pub env: Option<String>,
    /// The action of an earlier step of the job whose `input` it is; the last such step counts.
    pub step: Option<String>,
    /// How its text is read.
    #[serde(default, rename = "as")]
    pub kind: Kind,
}

/// A slot that must hold one of some values, or anything at all where no values are listed.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// An input of the action.
    pub input: Option<String>,
    /// Spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable.
    pub env: Option<String>,
    /// The values; an input or a variable that is not set is the empty one.
    #[serde(default)]
    pub is: Vec<String>,
    /// Values that do not count.
    #[serde(default)]
    pub not: Vec<String>,
}

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    Absent,
    /// A text that may hold expressions, and where.
    Text(String, Place),
    /// Something that the files do not tell, and where.
    Unknown(Place),
}

/// A step or calling job that uploads, with the command that does it if it is a script.
#[derive(Debug, Clone)]
pub struct Client<'a, 'p> {
    /// The workflow.
    pub workflow: &'a Workflow<'p>,
    /// The job.
    pub job: &'a Job<'p>,
    /// The repository's own actions around the step, the outermost first; empty for a step of the job itself.
    pub frames: Vec<Frame<'a, 'p>>,
    /// The step; none where the job itself calls a workflow that uploads.
    pub step: Option<&'a Step<'p>>,
    /// The command in the step's script, with what the script has exported before it.
    pub command: Option<Command>,
}

/// How deep actions are followed that use one another.
const DEEPEST_ACTIONS: usize = 10;

/// How many steps of one job are looked at: actions that use others several times over multiply.
const MOST_STEPS: usize = 5_000;

/// Every step of a job, each of the repository's own actions followed by the steps of that action.
#[must_use]
pub fn steps<'a, 'p>(checkout: &'a Checkout<'p>, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Vec<Client<'a, 'p>> {
    let mut found = Vec::new();
    let own = |step| Client { workflow, job, frames: Vec::new(), step: Some(step), command: None };
    let mut open: Vec<Client<'a, 'p>> = job.steps.iter().rev().map(own).collect();
    while let Some(client) = open.pop() {
        if found.len() >= MOST_STEPS {
            break;
        }
        let used = client.step.and_then(|step| Some((step, checkout.action(step.uses?.value())?)));
        if let Some((step, action)) = used.filter(|_| client.frames.len() < DEEPEST_ACTIONS) {
            let mut frames = client.frames.clone();
            frames.push(Frame { step, action });
            let inner = |step| Client { frames: frames.clone(), step: Some(step), ..client.clone() };
            open.extend(action.steps.iter().rev().take(MOST_STEPS).map(inner));
        }
        found.push(client);
    }
    found
}

impl<'a, 'p> Client<'a, 'p> {
    /// What stands in a slot.
    #[must_use]
    pub fn given(&self, slot: &Slot) -> Given {
        if let Some(input) = &slot.input {
            return match &slot.step {
                Some(name) => {
                    let steps = self.before().rev().filter(|step| uses(step, name));
                    // A step that leaves the input out leaves the choice to the one before it.
                    steps
                        .map(|step| from_input(&step.with, input, step.place))
                        .find(|given| *given != Given::Absent)
                        .unwrap_or(Given::Absent)
                }
                None => from_input(self.with(), input, self.place()),
            };
        }
        if let Some(name) = &slot.env {
            return self.variable(name);
        }
        self.flag(&slot.flags, slot.kind == Kind::Switch)
    }

    /// What stands in the first of some slots that holds anything.
    #[must_use]
    pub fn first<'s>(&self, slots: &'s [Slot]) -> Option<(&'s Slot, Given)> {
        slots.iter().map(|slot| (slot, self.given(slot))).find(|(_, given)| *given != Given::Absent)
    }

    /// Where the client itself stands: the command, else the `uses` of the step or of the job.
    #[must_use]
    pub fn place(&self) -> Place {
        let uses = self.step.map_or(self.job.uses, |step| step.uses);
        match (&self.command, self.script(), uses) {
            (Some(command), Some(run), _) => run.inner(command.span.clone()),
            (_, _, Some(uses)) => uses.place(),
            _ => self.step.map_or(self.job.id.place(), |step| step.place),
        }
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

    /// Whether a choice is met.
    #[must_use]
    pub fn meets(&self, choice: &Choice) -> bool {
        if !choice.flags.is_empty() {
            let words = self.command.iter().flat_map(|command| &command.words).filter_map(Word::text);
            return words.into_iter().any(|word| choice.flags.iter().any(|flag| flag_is(&word, flag)))
                && (choice.is.is_empty() || self.holds_value(choice));
        }
        self.holds_value(choice)
    }

    fn holds_value(&self, choice: &Choice) -> bool {
        let slot = Slot {
            input: choice.input.clone(),
            env: choice.env.clone(),
            flags: choice.flags.clone(),
            ..Slot::default()
        };
        let value = match self.given(&slot) {
            Given::Text(text, _) => text,
            Given::Absent => String::new(),
            Given::Unknown(_) => return false,
        };
        match (choice.is.as_slice(), choice.not.as_slice()) {
            ([], []) => !value.is_empty(),
            ([], not) => !not.contains(&value),
            (is, not) => is.contains(&value) && !not.contains(&value),
        }
    }

    /// The script that the command stands in.
    #[must_use]
    pub fn script(&self) -> Option<Text<'p>> {
        self.step.and_then(|step| step.run)
    }

    fn flag(&self, spellings: &[String], switch: bool) -> Given {
        let (Some(command), Some(run)) = (&self.command, self.script()) else { return Given::Absent };
        let mut words = command.words.iter();
        while let Some(word) = words.next() {
            for spelling in spellings {
                if word.text().as_deref() == Some(spelling) {
                    // A flag without a value is a switch that is on.
                    return match words.clone().next().filter(|next| !switch && !next.starts_with("-")) {
                        Some(value) => self.word(value, run),
                        None => Given::Text("true".into(), run.inner(word.span.clone())),
                    };
                }
                if let Some(given) = with_value(word, spelling, run) {
                    return given;
                }
            }
        }
        Given::Absent
    }

    fn word(&self, word: &Word, run: Text<'p>) -> Given {
        let place = run.inner(word.span.clone());
        match (word.template(run.value()), word.parts.as_slice()) {
            (Some(text), _) => Given::Text(text, place),
            (None, [Part::Variable(name)]) => match self.variable(name) {
                Given::Absent => Given::Unknown(place),
                given => given,
            },
            _ => Given::Unknown(place),
        }
    }

    /// An environment variable as the command sees it: its own assignment, then the `env` of the step, the job and the workflow.
    fn variable(&self, name: &str) -> Given {
        let glob = pattern(name);
        let matches = |other: &str| other == name || glob.as_ref().is_some_and(|glob| glob.is_match(other));
        if let (Some(command), Some(run)) = (&self.command, self.script())
            && let Some(assignment) = command.assignments.iter().rfind(|assignment| matches(&assignment.name))
        {
            let place = run.inner(assignment.value.span.clone());
            return assignment
                .value
                .template(run.value())
                .map_or(Given::Unknown(place), |text| Given::Text(text, place));
        }
        for (pairs, own) in self.envs() {
            if let Some(pair) = pairs.entries.iter().find(|pair| matches(pair.key.value())) {
                // Around an action the context `inputs` is another than within.
                let foreign = !own && pair.value.value().contains("inputs");
                return if foreign { Given::Unknown(pair.value.place()) } else { from_text(pair.value) };
            }
            if pairs.dynamic {
                return Given::Unknown(self.place());
            }
        }
        Given::Absent
    }

    /// What a run shows to the step, or to the calling job.
    #[must_use]
    pub fn seen<'s>(&'s self, sight: &Sight<'s, 'p>) -> Sight<'s, 'p>
    where
        'a: 's,
    {
        sight.within(&self.frames, self.step)
    }

    /// A text without expressions, as far as the run decides them; `${{ env.X }}` is followed to where `X` is set.
    #[must_use]
    pub fn settle(&self, text: &str, sight: &Sight<'_, '_>) -> Outcome {
        self.seen(sight).evaluate(text)
    }
}

/// The known text of an outcome.
#[must_use]
pub fn known_text(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Known(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_))) => {
            Some(coerce_text(value))
        }
        _ => None,
    }
}

/// The context paths that a text reads, joined by dots; `None` when it does not parse.
#[must_use]
pub fn reads(text: &str) -> Option<Vec<String>> {
    let template = Template::parse(text).ok()?;
    Some(template.references().into_iter().map(|reference| reference.path.join(".")).collect())
}

/// Whether a step uses an action.
#[must_use]
pub fn uses(step: &Step<'_>, name: &str) -> bool {
    step.uses.is_some_and(|uses| action(uses.value()).eq_ignore_ascii_case(name))
}

/// What stands behind the `=` of a word that is a flag with its value. A `*` in the spelling stands for any part of the flag's name.
fn with_value(word: &Word, spelling: &str, run: Text<'_>) -> Option<Given> {
    let (before, after) = spelling.split_once('*').unwrap_or((spelling, ""));
    if !spelling.starts_with("--") || !word.starts_with(before) {
        return None;
    }
    let place = run.inner(word.span.clone());
    let Some(text) = word.template(run.value()) else {
        return (before == spelling && word.starts_with(&format!("{spelling}="))).then_some(Given::Unknown(place));
    };
    let (name, value) = text.split_once('=')?;
    let same = if before == spelling { name == spelling } else { name.ends_with(after) };
    same.then(|| Given::Text(value.to_owned(), place))
}

fn from_input(with: &Pairs<'_>, input: &str, place: Place) -> Given {
    match with.get_ignore_case(input) {
        Some(pair) => from_text(pair.value),
        None if with.dynamic => Given::Unknown(place),
        None => Given::Absent,
    }
}

fn from_text(text: Text<'_>) -> Given {
    Given::Text(text.value().to_owned(), text.place())
}
