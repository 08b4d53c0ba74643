//! Finds the steps of a job that ask for scopes, and says under which conditions they do. It does not ask what the job holds.

use crate::read::shell::Command;
use crate::trust::needs::{Condition, Earlier, Entry, Kind, Need, Needs, Otherwise};
use crate::trust::registry::command::{flag_is, is_command, words};
use crate::trust::registry::slot::{Given, Kind as SlotKind, Slot, known_text, reads};
use crate::trust::registry::test::Test;
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::step::Client;
use crate::trust::upload::step::steps;
use crate::trust::upload::step::uses;
use crate::workflow::expression::{Reason, Truth};
use crate::workflow::github::GitHub;
use crate::workflow::model::repository::Checkout;
use crate::workflow::model::{Job, Text, Workflow, action};
use crate::workflow::script::commands;
use crate::workflow::simulate::context::Sight;

/// A step, or a job that calls a workflow, that some entry describes.
pub struct Asker<'a, 'p> {
    /// What is known of it.
    pub entry: &'a Entry,
    /// The step or the calling job, with its command.
    pub client: Client<'a, 'p>,
}

/// What is known of a fact: a value, known absence, or nothing.
enum Fact {
    Known(Option<String>),
    /// There is a value, and only the run knows it.
    Given,
    Unknown(Reason),
}

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Job,
    Other,
}

impl Token {
    const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Other => "other",
        }
    }
}

/// Everything in a job that some entry describes, also in the repository's own actions, in the order of the files.
#[must_use]
pub fn find<'a, 'p>(
    needs: &'a Needs,
    github: &GitHub,
    checkout: &'a Checkout<'p>,
    workflow: &'a Workflow<'p>,
    job: &'a Job<'p>,
) -> Vec<Asker<'a, 'p>> {
    let mut found = Vec::new();
    let of_kind = |uses: Option<Text<'p>>, kind: Kind| {
        uses.into_iter().flat_map(|uses| needs.of_uses(uses.value())).filter(move |entry| entry.kind == kind)
    };
    let whole = Client::calling(checkout, workflow, job);
    found.extend(of_kind(job.uses, Kind::Workflow).map(|entry| Asker { entry, client: whole.clone() }));
    for client in steps(checkout, workflow, job) {
        let Some(step) = client.step else { continue };
        found.extend(of_kind(step.uses, Kind::Action).map(|entry| Asker { entry, client: client.clone() }));
        let spoken = step.script.map(|script| needs.commands_in(script.value())).unwrap_or_default();
        if spoken.is_empty() {
            continue;
        }
        for command in commands(github, workflow, job, step).iter() {
            for entry in spoken.iter().filter(|entry| runs(github, command, entry)) {
                let client = Client { command: Some(command.clone()), ..client.clone() };
                found.push(Asker { entry, client });
            }
        }
    }
    found
}

fn runs(github: &GitHub, command: &Command, entry: &Entry) -> bool {
    let words = words(command);
    let stopped = || words.iter().flatten().any(|word| entry.unless.iter().any(|stop| flag_is(word, stop)));
    entry.names.iter().any(|name| is_command(github, &words, name, &entry.via)) && !stopped()
}

impl Asker<'_, '_> {
    /// Which of the entry's names is meant here.
    #[must_use]
    pub fn name(&self, github: &GitHub) -> &str {
        let words = self.client.command.as_ref().map(words);
        let used = self.client.step.map_or(self.client.job.uses, |step| step.uses).map(|uses| action(uses.value()));
        let meant = |name: &&String| match (&words, used) {
            (Some(words), _) => is_command(github, words, name, &self.entry.via),
            (None, used) => used.is_some_and(|used| used.eq_ignore_ascii_case(name)),
        };
        self.entry.names.iter().find(meant).map_or(self.entry.name(), String::as_str)
    }

    /// Whether its failure is expected.
    #[must_use]
    pub fn is_tolerated(&self) -> bool {
        let around = self.client.frames.iter().map(|frame| frame.step);
        let command = self.client.command.as_ref().is_some_and(|command| command.tolerated);
        command || self.client.job.tolerated || around.chain(self.client.step).any(|step| step.tolerated)
    }

    /// Whether a script decides if its command runs.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.client.command.as_ref().is_some_and(|command| command.conditional)
    }

    /// Whether it asks for a need, as far as the run decides it; without a run, as far as no expression does.
    #[must_use]
    pub fn asks(&self, github: &GitHub, need: &Need, sight: Option<&Sight<'_, '_>>) -> Truth {
        let own = need.when.iter().fold(Truth::Yes, |all, condition| all.and(self.holds(condition, sight)));
        // A token that the step is given replaces the job's for every scope but the one that asks for an identity.
        let of_token = need.scope != github.oidc.scope;
        let says = need.when.iter().any(|condition| condition.fact == "token.source");
        if own == Truth::No || !of_token || says { own } else { own.and(self.works_with(Token::Job, sight)) }
    }

    fn works_with(&self, wanted: Token, sight: Option<&Sight<'_, '_>>) -> Truth {
        match self.token(sight) {
            Ok(token) if token == wanted => Truth::Yes,
            Ok(_) => Truth::No,
            Err(reason) => Truth::Unknown(reason),
        }
    }

    fn holds(&self, condition: &Condition, sight: Option<&Sight<'_, '_>>) -> Truth {
        match (self.fact(&condition.fact, sight), &condition.test) {
            (Fact::Known(value), test) => test.passes(value.as_deref()),
            // Whatever its value, it is given.
            (Fact::Given, Test::Present(wanted)) => {
                if *wanted {
                    Truth::Yes
                } else {
                    Truth::No
                }
            }
            (Fact::Given, _) => Truth::Unknown(Reason::new("a value that only the run knows")),
            (Fact::Unknown(reason), _) => Truth::Unknown(reason),
        }
    }

    fn fact(&self, name: &str, sight: Option<&Sight<'_, '_>>) -> Fact {
        let slot = match name.split_once('.') {
            Some(("input", input)) => Slot { input: Some(input.to_owned()), ..Slot::default() },
            Some(("env", variable)) => Slot { env: Some(variable.into()), ..Slot::default() },
            Some(("flag", flag)) => Slot { flags: vec![flag.to_owned()], ..Slot::default() },
            Some(("switch", flag)) => Slot { flags: vec![flag.to_owned()], kind: SlotKind::Switch, ..Slot::default() },
            Some(("token", "source")) => {
                return match self.token(sight) {
                    Ok(token) => Fact::Known(Some(token.word().to_owned())),
                    Err(reason) => Fact::Unknown(reason),
                };
            }
            _ if name == "argument" => return self.argument(sight),
            _ => return event(sight),
        };
        self.settled(self.client.given(&slot), sight)
    }

    fn settled(&self, given: Given, sight: Option<&Sight<'_, '_>>) -> Fact {
        let (text, _) = match given {
            Given::Absent => return Fact::Known(None),
            Given::Unknown(_) => return Fact::Unknown(Reason::new("a value that only the run knows")),
            Given::Text(text, place) => (text, place),
        };
        if !text.contains("${{") {
            return Fact::Known(Some(text));
        }
        let outcome = sight.map(|sight| sight.evaluate(&text));
        match outcome.as_ref().and_then(known_text) {
            Some(text) => Fact::Known(Some(text)),
            None => Fact::Given,
        }
    }

    /// The first word behind the command's own words that is no flag.
    fn argument(&self, sight: Option<&Sight<'_, '_>>) -> Fact {
        let (Some(command), Some(run)) = (&self.client.command, self.client.script()) else { return Fact::Known(None) };
        let mut words = command.words.iter();
        let last = self.entry.names.iter().filter_map(|name| name.split_whitespace().last());
        let last: Vec<&str> = last.collect();
        words.find(|word| word.text().is_some_and(|text| last.contains(&text.as_str())));
        match words.find(|word| !word.starts_with("-")) {
            None => Fact::Known(None),
            Some(word) => match word.template(run.value()) {
                Some(text) => self.settled(Given::Text(text, self.client.place()), sight),
                None => Fact::Given,
            },
        }
    }

    /// Whose token it works with.
    fn token(&self, sight: Option<&Sight<'_, '_>>) -> Result<Token, Reason> {
        let rule = &self.entry.token;
        if let Some(word) = self.opaque(&rule.opaque) {
            return Err(Reason::new(format!("what `{word}` does to its credentials")));
        }
        if let Some(token) = agreed(rule.slots.iter().filter_map(|slot| owner(&self.client, slot))) {
            return token;
        }
        match (&rule.earlier, rule.otherwise) {
            (Some(earlier), _) => self.left_by(earlier, sight),
            (None, Otherwise::Job) => Ok(Token::Job),
            (None, Otherwise::None) => Err(Reason::new("a token that the files do not show")),
        }
    }

    /// The token that the one earlier step of an action leaves. With several, no file says which of them counts.
    fn left_by(&self, earlier: &Earlier, sight: Option<&Sight<'_, '_>>) -> Result<Token, Reason> {
        let unknown = || Reason::new(format!("what `{}` leaves", earlier.action));
        let mut steps = self.client.before().filter(|step| uses(step, &earlier.action));
        let (Some(step), None) = (steps.next(), steps.next()) else { return Err(unknown()) };
        let client = Client { step: Some(step), command: None, ..self.client.clone() };
        let left = Asker { entry: self.entry, client };
        if earlier.when.iter().any(|condition| left.holds(condition, sight) != Truth::Yes) {
            return Err(unknown());
        }
        for slot in &earlier.slots {
            if let Some(token) = owner(&left.client, slot) {
                return token;
            }
        }
        if earlier.otherwise == Otherwise::Job { Ok(Token::Job) } else { Err(unknown()) }
    }

    /// The first of some words that the job's steps speak.
    fn opaque<'w>(&self, words: &'w [String]) -> Option<&'w str> {
        let texts = self.client.job.steps.iter().flat_map(|step| {
            let pairs = step.with.entries.iter().chain(&step.env.entries).map(|pair| pair.value);
            [step.uses, step.run].into_iter().flatten().chain(pairs)
        });
        let texts: Vec<&str> = if words.is_empty() { Vec::new() } else { texts.map(|text| text.value()).collect() };
        words.iter().map(String::as_str).find(|word| texts.iter().any(|text| text.contains(word)))
    }
}

/// Whose token a slot holds; `None` when it holds nothing.
fn owner(client: &Client<'_, '_>, slot: &Slot) -> Option<Result<Token, Reason>> {
    let text = match client.given(slot) {
        Given::Absent => return None,
        Given::Unknown(_) => return Some(Err(Reason::new("the token's value"))),
        Given::Text(text, _) => follow_env(client, &text),
    };
    if text.trim().is_empty() {
        return None;
    }
    let paths = reads(&text).unwrap_or_default();
    let own = |path: &String| path == "github.token" || path.eq_ignore_ascii_case("secrets.GITHUB_TOKEN");
    Some(match paths.as_slice() {
        [path] if own(path) => Ok(Token::Job),
        paths if paths.iter().all(|path| path.starts_with("secrets.") && !own(path)) => Ok(Token::Other),
        _ => Err(Reason::new("whose token it is given")),
    })
}

/// The one owner of several tokens. Which of two counts may have changed with the client's versions, so that two that differ say nothing.
fn agreed(mut tokens: impl Iterator<Item = Result<Token, Reason>>) -> Option<Result<Token, Reason>> {
    let first = tokens.next()?;
    let Ok(token) = first else { return Some(first) };
    if tokens.all(|other| other.is_ok_and(|other| other == token)) {
        return Some(Ok(token));
    }
    Some(Err(Reason::new("which of its tokens counts")))
}

fn event(sight: Option<&Sight<'_, '_>>) -> Fact {
    match sight.map(Sight::run).filter(|run| !run.unknown_caller) {
        Some(run) => Fact::Known(Some(run.event.clone())),
        None => Fact::Unknown(Reason::new("the event that starts the run")),
    }
}
