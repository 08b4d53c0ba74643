//! Finds the steps of a job that need permissions, and the conditions under which they do.

use std::cell::{LazyCell, OnceCell};
use std::rc::Rc;

use crate::read::shell::ShellCommand;
use crate::trust::needs::{Need, NeedCondition, NeedEntry, NeedFallback, NeedKind, Needs, TokenStoringStep};
use crate::trust::registry::command::{flag_is, is_command, words};
use crate::trust::registry::opaque;
use crate::trust::registry::slot::{Slot, SlotKind, SlotValue, known_text, reads};
use crate::trust::registry::test::ValueTest;
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps, uses};
use crate::workflow::expression::{Condition, Outcome, Scope, StatusFunction, Truth, UnknownReason};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Text, Workflow, action};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::relevance;

/// A step or calling job that matches an entry of the data.
#[derive(Clone)]
pub(crate) struct Requester<'a, 'p> {
    /// The entry.
    pub entry: &'a NeedEntry,
    /// The step or calling job, with its command.
    pub resolved: ResolvedStep<'a, 'p>,
    /// What in the job makes its token unknown, searched once for all steps with the entry.
    opaque: Rc<OnceCell<Option<String>>>,
}

/// The value of a fact: known (`None` means known to be absent), set to an unknown value, or unknown.
enum RequestFact {
    Known(Option<String>),
    /// It is set, but the files do not contain the value.
    Given,
    Unknown(UnknownReason),
}

/// Whose token it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestToken {
    Job,
    Other,
}

impl RequestToken {
    const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Other => "other",
        }
    }
}

/// All steps of a job that match an entry for which `is_wanted` is true, also in local actions, in the order of the files. `all` are the steps
/// of the job, see [`steps`].
#[must_use]
pub(crate) fn find<'a, 'p>(
    needs: &'a Needs,
    github: &GitHubFacts,
    checkout: &'a Model<'p>,
    (workflow, job, all): (&'a Workflow<'p>, &'a Job<'p>, &[ResolvedStep<'a, 'p>]),
    is_wanted: impl Fn(&'a NeedEntry) -> bool,
) -> Vec<Requester<'a, 'p>> {
    let mut found = Vec::new();
    let of_kind = |uses: Option<Text<'p>>, kind: NeedKind| {
        let entries = uses.into_iter().flat_map(|uses| needs.of_uses(uses.value()));
        entries.filter(move |entry| entry.kind == kind).filter(|entry| is_wanted(entry))
    };
    let whole = ResolvedStep::calling(checkout, workflow, job);
    found.extend(of_kind(job.uses, NeedKind::Workflow).map(|entry| Requester::new(entry, whole.clone())));
    let wants_commands = LazyCell::new(|| needs.command_entries().any(&is_wanted));
    for resolved in all {
        let Some(step) = resolved.step else { continue };
        found.extend(of_kind(step.uses, NeedKind::Action).map(|entry| Requester::new(entry, resolved.clone())));
        if step.script.is_none() || !*wants_commands {
            continue;
        }
        for resolved in std::iter::once(resolved).chain(&called_scripts(checkout, resolved)) {
            let Some(script) = resolved.command_script() else { continue };
            let mut commands_in: Vec<_> = match resolved.calls.is_empty() {
                true => needs.commands_in_step(workflow, job, step).collect(),
                false => needs.commands_in(script.value()),
            };
            commands_in.retain(|entry| is_wanted(entry));
            if commands_in.is_empty() {
                continue;
            }
            for command in resolved.commands(github).iter() {
                let entries = commands_in.iter().filter(|entry| runs(github, command, entry));
                found.extend(entries.map(|entry| Requester::new(entry, resolved.with_command(command))));
            }
        }
    }
    // What makes a token unknown is the same for all steps of the job.
    let mut of_entries: Vec<(&NeedEntry, Rc<OnceCell<Option<String>>>)> = Vec::new();
    for requester in &mut found {
        match of_entries.iter().find(|(entry, _)| std::ptr::eq(*entry, requester.entry)) {
            Some((_, opaque)) => requester.opaque = Rc::clone(opaque),
            None => of_entries.push((requester.entry, Rc::clone(&requester.opaque))),
        }
    }
    found
}

fn runs(github: &GitHubFacts, command: &ShellCommand, entry: &NeedEntry) -> bool {
    let words = words(command);
    let stopped = || words.iter().flatten().any(|word| entry.unless.iter().any(|stop| flag_is(word, stop)));
    entry.names.iter().any(|name| is_command(github, &words, name, &entry.via)) && !stopped()
}

impl<'a, 'p> Requester<'a, 'p> {
    pub(crate) fn new(entry: &'a NeedEntry, resolved: ResolvedStep<'a, 'p>) -> Self {
        Self { entry, resolved, opaque: Rc::default() }
    }

    /// The name of the entry that is used here.
    #[must_use]
    pub(crate) fn name(&self, github: &GitHubFacts) -> &str {
        let words = self.resolved.command.as_deref().map(words);
        let used = self.resolved.step.map_or(self.resolved.job.uses, |step| step.uses).map(|uses| action(uses.value()));
        let meant = |name: &&String| match (&words, used) {
            (Some(words), _) => is_command(github, words, name, &self.entry.via),
            (None, used) => used.is_some_and(|used| used.eq_ignore_ascii_case(name)),
        };
        self.entry.names.iter().find(meant).map_or(self.entry.name(), String::as_str)
    }

    /// Whether its failure is tolerated (`continue-on-error`, `|| true`).
    #[must_use]
    pub(crate) fn is_tolerated(&self) -> bool {
        let around = self.resolved.frames.iter().map(|frame| frame.step);
        let command = self.resolved.command.as_ref().is_some_and(|command| command.tolerated);
        command || self.resolved.job.tolerated || around.chain(self.resolved.step).any(|step| step.tolerated)
    }

    /// Whether the script runs its command conditionally.
    #[must_use]
    pub(crate) fn is_conditional(&self) -> bool {
        self.resolved.command.as_ref().is_some_and(|command| command.conditional)
    }

    /// Whether it needs the permission. Without a context, expressions are unknown.
    #[must_use]
    pub(crate) fn asks(&self, github: &GitHubFacts, need: &Need, context: Option<&EvaluationContext<'_, '_>>) -> Truth {
        let mut own = Truth::Yes;
        for condition in &need.when {
            own = own.and(self.holds(github, condition, context));
            if own == Truth::No {
                return own;
            }
        }
        // A token that the step is given replaces the job's token for every scope except `id-token`.
        let of_token = need.scope != github.oidc.scope;
        let says = need.when.iter().any(|condition| condition.fact == "token.source");
        if !of_token || says { own } else { own.and(self.works_with(github, RequestToken::Job, context)) }
    }

    fn works_with(
        &self,
        github: &GitHubFacts,
        wanted: RequestToken,
        context: Option<&EvaluationContext<'_, '_>>,
    ) -> Truth {
        match self.token(github, context) {
            Ok(token) if token == wanted => Truth::Yes,
            Ok(_) => Truth::No,
            Err(reason) => Truth::Unknown(reason),
        }
    }

    fn holds(
        &self,
        github: &GitHubFacts,
        condition: &NeedCondition,
        context: Option<&EvaluationContext<'_, '_>>,
    ) -> Truth {
        match (self.fact(github, &condition.fact, context), &condition.test) {
            (RequestFact::Known(value), test) => test.passes(value.as_deref()),
            // It is set, whatever its value.
            (RequestFact::Given, ValueTest::Present(wanted)) => {
                if *wanted {
                    Truth::Yes
                } else {
                    Truth::No
                }
            }
            (RequestFact::Given, _) => Truth::Unknown(UnknownReason::new("a value that is known only at run time")),
            (RequestFact::Unknown(reason), _) => Truth::Unknown(reason),
        }
    }

    fn fact(&self, github: &GitHubFacts, name: &str, context: Option<&EvaluationContext<'_, '_>>) -> RequestFact {
        let slot = match name.split_once('.') {
            Some(("input", input)) => Slot { input: Some(input.to_owned()), ..Slot::default() },
            Some(("env", variable)) => Slot { env: Some(variable.into()), ..Slot::default() },
            Some(("flag", flag)) => Slot { flags: vec![flag.to_owned()], ..Slot::default() },
            Some(("switch", flag)) => Slot { flags: vec![flag.to_owned()], kind: SlotKind::Switch, ..Slot::default() },
            Some(("output", output)) => return RequestFact::Known(self.required_output(output, context)),
            Some(("token", "source")) => {
                return match self.token(github, context) {
                    Ok(token) => RequestFact::Known(Some(token.word().to_owned())),
                    Err(reason) => RequestFact::Unknown(reason),
                };
            }
            _ if name == "argument" => return self.argument(context),
            _ => return event(context),
        };
        self.settled(self.resolved.slot_value(&slot), context)
    }

    /// The value that the conditions of the job, its ancestors and the step require of an output, if they refuse one of the two.
    fn required_output(&self, name: &str, context: Option<&EvaluationContext<'_, '_>>) -> Option<String> {
        let context = context?;
        let (workflow, job) = (self.resolved.workflow, self.resolved.job);
        let ancestors = relevance::ancestors(workflow, job).into_iter().filter_map(|index| workflow.jobs.get(index));
        let jobs = ancestors.chain([job]).map(|job| (job.condition, context.simulated().context(job)));
        let steps = self.resolved.step.map(|step| (step.condition, self.resolved.context(context)));
        let conditions: Vec<_> =
            jobs.chain(steps).filter_map(|(condition, context)| Some((condition?, context))).collect();
        let refused = |value: &'static str| {
            conditions.iter().any(|(condition, context)| {
                let parsed = Condition::parse(condition.value());
                parsed.is_ok_and(|parsed| parsed.evaluate(&AssumedOutput { context, name, value }) == Truth::No)
            })
        };
        match (refused("true"), refused("false")) {
            (true, false) => Some("false".to_owned()),
            (false, true) => Some("true".to_owned()),
            _ => None,
        }
    }

    fn settled(&self, given: SlotValue, context: Option<&EvaluationContext<'_, '_>>) -> RequestFact {
        match given {
            SlotValue::Absent => RequestFact::Known(None),
            SlotValue::Unknown(_) => RequestFact::Unknown(UnknownReason::new("a value that is known only at run time")),
            SlotValue::Text(text, _) => Self::settled_text(text, context),
        }
    }

    fn settled_text(text: String, context: Option<&EvaluationContext<'_, '_>>) -> RequestFact {
        if !text.contains("${{") {
            return RequestFact::Known(Some(text));
        }
        let outcome = context.map(|context| context.evaluate(&text));
        match outcome.as_ref().and_then(known_text) {
            Some(text) => RequestFact::Known(Some(text)),
            None => RequestFact::Given,
        }
    }

    /// The first argument of the command that is not a flag.
    fn argument(&self, context: Option<&EvaluationContext<'_, '_>>) -> RequestFact {
        let (Some(command), Some(run)) = (&self.resolved.command, self.resolved.script()) else {
            return RequestFact::Known(None);
        };
        let mut words = command.words.iter();
        let last = self.entry.names.iter().filter_map(|name| name.split_whitespace().last());
        let last: Vec<&str> = last.collect();
        words.find(|word| word.text().is_some_and(|text| last.contains(&text.as_str())));
        match words.find(|word| !word.starts_with("-")) {
            None => RequestFact::Known(None),
            Some(word) => match word.template(run.value()) {
                Some(text) => Self::settled_text(text, context),
                None => RequestFact::Given,
            },
        }
    }

    /// The token that it uses.
    fn token(
        &self,
        github: &GitHubFacts,
        context: Option<&EvaluationContext<'_, '_>>,
    ) -> Result<RequestToken, UnknownReason> {
        let rule = &self.entry.token;
        if let Some(word) = self.opaque.get_or_init(|| self.find_opaque(github)) {
            return Err(UnknownReason::new(format!("how `{word}` changes its credentials")));
        }
        if let Some(token) = agreed(rule.slots.iter().filter_map(|slot| owner(&self.resolved, slot))) {
            return token;
        }
        match (&rule.earlier, rule.otherwise) {
            (Some(earlier), _) => self.token_stored_by(github, earlier, context),
            (None, NeedFallback::Job) => Ok(RequestToken::Job),
            (None, NeedFallback::None) => Err(UnknownReason::new("a token that is not in the files")),
        }
    }

    /// The token that an earlier step stored. With several such steps it is unknown which one counts.
    fn token_stored_by(
        &self,
        github: &GitHubFacts,
        earlier: &TokenStoringStep,
        context: Option<&EvaluationContext<'_, '_>>,
    ) -> Result<RequestToken, UnknownReason> {
        let unknown = || UnknownReason::new(format!("which token `{}` stores", earlier.action));
        let mut steps = self.resolved.before().filter(|step| uses(step, &earlier.action));
        let (Some(step), None) = (steps.next(), steps.next()) else { return Err(unknown()) };
        let resolved = ResolvedStep { step: Some(step), command: None, ..self.resolved.clone() };
        let left = Requester::new(self.entry, resolved);
        if earlier.when.iter().any(|condition| left.holds(github, condition, context) != Truth::Yes) {
            return Err(unknown());
        }
        for slot in &earlier.slots {
            if let Some(token) = owner(&left.resolved, slot) {
                return token;
            }
        }
        if earlier.otherwise == NeedFallback::Job { Ok(RequestToken::Job) } else { Err(unknown()) }
    }

    /// The first entry of `token.opaque` that a step of the job matches.
    fn find_opaque(&self, github: &GitHubFacts) -> Option<String> {
        let (workflow, job, entries) = (self.resolved.workflow, self.resolved.job, &self.entry.token.opaque);
        if entries.is_empty() {
            return None;
        }
        let in_step = |step: ResolvedStep<'_, '_>| opaque::in_step(github, workflow, job, step.step?, entries);
        steps(self.resolved.model, workflow, job).into_iter().find_map(in_step).map(str::to_owned)
    }
}

/// An evaluation context in which an output has an assumed value.
struct AssumedOutput<'s, 'p> {
    context: &'s EvaluationContext<'s, 'p>,
    name: &'s str,
    value: &'static str,
}

impl AssumedOutput<'_, '_> {
    /// Whether a job passes the output on under a name.
    fn is_passed_on(&self, job: &str, name: &str) -> bool {
        let needed = self.context.workflow().job(job);
        let passed = needed.and_then(|needed| needed.outputs.get_ignore_case(name));
        let is_output = |path: &String| {
            path.rsplit_once(".outputs.").is_some_and(|(_, output)| output.eq_ignore_ascii_case(self.name))
        };
        passed.and_then(|pair| reads(pair.value.value())).is_some_and(|paths| paths.iter().any(is_output))
    }
}

impl Scope for AssumedOutput<'_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        let assumed = match path {
            ["steps", _, "outputs", name] => name.eq_ignore_ascii_case(self.name),
            ["needs", job, "outputs", name] => self.is_passed_on(job, name),
            _ => false,
        };
        if assumed { Outcome::text(self.value) } else { self.context.lookup(path) }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        self.context.status(function)
    }
}

/// The owner of the token in a slot; `None` if it is empty.
fn owner(resolved: &ResolvedStep<'_, '_>, slot: &Slot) -> Option<Result<RequestToken, UnknownReason>> {
    let text = match resolved.slot_value(slot) {
        SlotValue::Absent => return None,
        SlotValue::Unknown(_) => return Some(Err(UnknownReason::new("the token's value"))),
        SlotValue::Text(text, _) => follow_env(resolved, &text),
    };
    if text.trim().is_empty() {
        return None;
    }
    let paths = reads(&text).unwrap_or_default();
    let own = |path: &String| path == "github.token" || path.eq_ignore_ascii_case("secrets.GITHUB_TOKEN");
    Some(match paths.as_slice() {
        [path] if own(path) => Ok(RequestToken::Job),
        paths if paths.iter().all(|path| path.starts_with("secrets.") && !own(path)) => Ok(RequestToken::Other),
        _ => Err(UnknownReason::new("whose token it is given")),
    })
}

/// The common owner of several tokens. If they differ it is unknown, because the precedence may depend on the client's version.
fn agreed(
    mut tokens: impl Iterator<Item = Result<RequestToken, UnknownReason>>,
) -> Option<Result<RequestToken, UnknownReason>> {
    let first = tokens.next()?;
    let Ok(token) = first else { return Some(first) };
    if tokens.all(|other| other.is_ok_and(|other| other == token)) {
        return Some(Ok(token));
    }
    Some(Err(UnknownReason::new("which of its tokens counts")))
}

fn event(context: Option<&EvaluationContext<'_, '_>>) -> RequestFact {
    match context.map(EvaluationContext::run).filter(|run| !run.unknown_caller) {
        Some(run) => RequestFact::Known(Some(run.event.clone())),
        None => RequestFact::Unknown(UnknownReason::new("the event that starts the run")),
    }
}
