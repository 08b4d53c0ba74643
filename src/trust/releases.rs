//! Who makes the releases and the tags of a repository, and with which token. What waits for them is asked elsewhere.

pub mod tag;

use crate::read::source::Place;
use crate::trust::registry::command::{starts_with, unwrapped, words};
use crate::trust::registry::slot::{Slot, SlotValue};
use crate::trust::registry::vocabulary::holds_words;
use crate::trust::releases::tag::{TagName, TagPush};
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::credential::is_own_token;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::steps;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::github::{GitHubFacts, RefKind, ReleaseMaker};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Filter, Text, Workflow, action};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::script::commands;
use crate::workflow::simulate::reach::SimulatedRun;
use crate::workflow::simulate::run::TriggerStart;
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::triggers;

/// What is known of the releases or the tags that a repository makes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// None of its workflows makes one.
    None,
    /// Each is made with the token that every job has, the first of them here, so that none starts a workflow.
    ByGithubToken(Place),
    /// Some start workflows, are published by people, or nobody knows.
    Open,
}

/// What a workflow may wait for.
#[derive(Debug, Clone, Copy)]
pub enum AwaitedEvent<'w, 'p> {
    /// A release.
    Release,
    /// A tag that a filter takes.
    Tag(&'w Filter<'p>),
}

impl AwaitedEvent<'_, '_> {
    /// Whether two are the same.
    #[must_use]
    pub fn is(&self, other: AwaitedEvent<'_, '_>) -> bool {
        match (self, other) {
            (Self::Release, AwaitedEvent::Release) => true,
            (Self::Tag(own), AwaitedEvent::Tag(other)) => std::ptr::eq(*own, other),
            _ => false,
        }
    }
}

/// The releases or tags that the workflows of a repository make.
#[must_use]
pub fn releases(github: &GitHubFacts, checkout: &Model<'_>, awaited: AwaitedEvent<'_, '_>) -> StartedBy {
    let search = ReleaseSearch { github, checkout, awaited };
    let mut found = StartedBy::None;
    for workflow in &checkout.workflows {
        match (search.of(workflow), found) {
            (StartedBy::Open, _) => return StartedBy::Open,
            (StartedBy::ByGithubToken(place), StartedBy::None) => found = StartedBy::ByGithubToken(place),
            _ => {}
        }
    }
    found
}

struct ReleaseSearch<'a, 'p, 'w> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    awaited: AwaitedEvent<'w, 'p>,
}

fn says(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word.as_str()))
}

impl<'a, 'p> ReleaseSearch<'a, 'p, '_> {
    fn of(&self, workflow: &'a Workflow<'p>) -> StartedBy {
        let mut found = StartedBy::None;
        for job in &workflow.jobs {
            // A called workflow of another repository may do what its name says.
            let foreign = job.uses.filter(|_| self.checkout.called(job).is_none());
            if foreign.is_some_and(|uses| says(uses.value(), &self.github.releases.opaque)) {
                return StartedBy::Open;
            }
            for resolved in steps(self.checkout, workflow, job) {
                match self.by_step(&resolved) {
                    StartedBy::Open => return StartedBy::Open,
                    StartedBy::ByGithubToken(place) if found == StartedBy::None => {
                        found = StartedBy::ByGithubToken(place)
                    }
                    StartedBy::ByGithubToken(_) | StartedBy::None => {}
                }
            }
        }
        found
    }

    fn by_step(&self, resolved: &ResolvedStep<'a, 'p>) -> StartedBy {
        let facts = &self.github.releases;
        let Some(step) = resolved.step else { return StartedBy::None };
        let name = step.uses.map_or("", |uses| action(uses.value()));
        let script = step.script.map_or("", |run| run.value());
        let script = script.to_lowercase();
        let said = |words: &[String]| words.iter().any(|word| script.contains(word.as_str()));
        if said(&facts.passed_on) || says(name, &facts.passed_on) {
            return StartedBy::Open;
        }
        if let Some((maker, resolved)) = self.maker(resolved) {
            return self.made(&resolved, || self.by_maker(maker, &resolved));
        }
        if let AwaitedEvent::Tag(_) = self.awaited {
            match tag::pushes(self.github, resolved) {
                TagPush::None => {}
                TagPush::Open => return self.made(resolved, || StartedBy::Open),
                TagPush::ByGithubToken(names, command) => {
                    let resolved = ResolvedStep { command: Some(command), ..resolved.clone() };
                    return self.made(&resolved, || self.tagged(&resolved, &names));
                }
            }
        }
        // An action of the project's own whose steps can be read is looked into; any other may do what its name says.
        let foreign = self.checkout.action(name).is_none() && says(name, &facts.opaque);
        let scripted = said(&facts.opaque) && said(&facts.opaque_scripts);
        if foreign || scripted { StartedBy::Open } else { StartedBy::None }
    }

    /// What a maker makes, if it does so in a run that nobody's release or tag has started: in such a one it only adds to that.
    fn made(&self, resolved: &ResolvedStep<'a, 'p>, what: impl FnOnce() -> StartedBy) -> StartedBy {
        let follows = |run: &TriggerStart<'_, '_>| match self.awaited {
            AwaitedEvent::Release => run.event == "release",
            AwaitedEvent::Tag(_) => run.event == "release" || run.reference.kind == RefKind::Tag,
        };
        let makes =
            |simulated: &SimulatedRun<'a, 'p>| resolved.seen(&simulated.context(resolved.job)).reached() != Truth::No;
        let starts =
            triggers::simulate(self.github, self.checkout, resolved.workflow, resolved.job, &RunFilter::default());
        let any = starts.runs.iter().any(|simulated| !follows(&simulated.run) && makes(simulated));
        if any { what() } else { StartedBy::None }
    }

    fn by_maker(&self, maker: &ReleaseMaker, resolved: &ResolvedStep<'a, 'p>) -> StartedBy {
        if starts_workflows(maker, resolved) {
            return StartedBy::Open;
        }
        match self.awaited {
            AwaitedEvent::Release => StartedBy::ByGithubToken(resolved.place()),
            // A release may be made of a tag that somebody has pushed.
            AwaitedEvent::Tag(_) if !maker.makes_tag => StartedBy::Open,
            AwaitedEvent::Tag(_) => self.tagged(resolved, &[tag::prefix(maker.prefix.as_ref(), resolved)]),
        }
    }

    /// Tags that are made with the job's own token: of no interest if the filter leaves them, and nobody knows unless it takes them all.
    fn tagged(&self, resolved: &ResolvedStep<'a, 'p>, names: &[TagName]) -> StartedBy {
        let AwaitedEvent::Tag(filter) = self.awaited else { return StartedBy::None };
        let mut found = StartedBy::None;
        for name in names {
            match takes(filter, name) {
                Truth::Yes => found = StartedBy::ByGithubToken(resolved.place()),
                Truth::No => {}
                Truth::Unknown(_) => return StartedBy::Open,
            }
        }
        found
    }

    /// What makes a release or a tag in a step, with its command if it is a script.
    fn maker(&self, resolved: &ResolvedStep<'a, 'p>) -> Option<(&'a ReleaseMaker, ResolvedStep<'a, 'p>)> {
        let step = resolved.step?;
        let tags = match self.awaited {
            AwaitedEvent::Release => &[][..],
            AwaitedEvent::Tag(_) => &self.github.tags.makers,
        };
        let mut makers = self.github.releases.makers.iter().chain(tags);
        if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
            let name = action(uses.value());
            let own = |maker: &&ReleaseMaker| maker.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
            return makers.find(own).map(|maker| (maker, resolved.clone()));
        }
        let script = step.script.map_or("", |run| run.value());
        let may = |maker: &ReleaseMaker| maker.command.as_deref().is_some_and(|own| holds_words(script, own));
        if !makers.clone().any(may) {
            return None;
        }
        commands(self.github, resolved.workflow, resolved.job, step).iter().find_map(|command| {
            let words = words(command);
            let words = unwrapped(self.github, &words);
            let own =
                |maker: &&ReleaseMaker| maker.command.as_deref().is_some_and(|own| starts_with(words, own).is_some());
            let maker = makers.clone().find(own)?;
            Some((maker, ResolvedStep { command: Some(command.clone()), ..resolved.clone() }))
        })
    }
}

/// What completes the name of a tag of which nothing, or only the beginning, is known: a version.
const VERSIONS: [&str; 2] = ["1.2.3", "v1.2.3"];

/// Whether a filter takes a tag: one that is not all known, if it takes it with a version behind what is.
fn takes(filter: &Filter<'_>, name: &TagName) -> Truth {
    if name.whole {
        return takes_whole(filter, &name.beginning);
    }
    let endings = if name.beginning.is_empty() { &VERSIONS[..] } else { &VERSIONS[..1] };
    let mut answers = endings.iter().map(|ending| takes_whole(filter, &format!("{}{ending}", name.beginning)));
    let first = answers.next().unwrap_or(Truth::No);
    match answers.all(|answer| answer == first) {
        true => first,
        false => Truth::Unknown(UnknownReason::new("the name of the tag")),
    }
}

fn takes_whole(filter: &Filter<'_>, name: &str) -> Truth {
    let name = RefName { prefix: name, complete: true };
    let asked = |list: &Option<Vec<Text<'_>>>| {
        list.as_ref().map(|list| ref_pattern::matches_any(list.iter().map(|text| text.value()), name))
    };
    match (asked(&filter.only), asked(&filter.ignore)) {
        (Some(taken), _) => taken,
        (None, Some(left)) => left.negated(),
        (None, None) => Truth::Yes,
    }
}

/// Whether what is made may start a workflow: with a token of somebody's own, or as a draft that people publish.
fn starts_workflows(maker: &ReleaseMaker, resolved: &ResolvedStep<'_, '_>) -> bool {
    if let Some(draft) = &maker.draft {
        let slot = if draft.starts_with('-') {
            Slot { flags: vec![draft.clone()], kind: crate::trust::registry::slot::SlotKind::Switch, ..Slot::default() }
        } else {
            Slot { input: Some(draft.clone()), ..Slot::default() }
        };
        match resolved.slot_value(&slot) {
            SlotValue::Absent => {}
            SlotValue::Text(text, _) if text == "false" => {}
            SlotValue::Text(..) | SlotValue::Unknown(_) => return true,
        }
    }
    let inputs = maker.inputs.iter().map(|input| Slot { input: Some(input.clone()), ..Slot::default() });
    let env = maker.env.iter().map(|name| Slot { env: Some(name.as_str().into()), ..Slot::default() });
    for slot in inputs.chain(env) {
        match resolved.slot_value(&slot) {
            SlotValue::Absent => {}
            SlotValue::Unknown(_) => return true,
            SlotValue::Text(text, _) => return !is_own_token(&follow_env(resolved, &text)),
        }
    }
    !maker.own_by_default
}
