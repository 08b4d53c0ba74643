//! Who makes the releases and the tags of a repository, and with which token. What waits for them is asked elsewhere.

pub mod tag;

use crate::read::source::Place;
use crate::trust::registry::command::{starts_with, unwrapped, words};
use crate::trust::registry::slot::{Given, Slot};
use crate::trust::registry::vocabulary::holds_words;
use crate::trust::releases::tag::{Pushes, TagName};
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::credential::is_own_token;
use crate::trust::upload::step::Client;
use crate::trust::upload::step::steps;
use crate::workflow::expression::{Reason, Truth};
use crate::workflow::github::{GitHub, RefKind, ReleaseMaker};
use crate::workflow::model::repository::Checkout;
use crate::workflow::model::{Filter, Text, Workflow, action};
use crate::workflow::ref_pattern::{self, Name};
use crate::workflow::script::commands;
use crate::workflow::simulate::reach::Play;
use crate::workflow::simulate::run::Run;
use crate::workflow::simulate::run_filter::Asked;
use crate::workflow::simulate::triggers;

/// What is known of the releases or the tags that a repository makes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    /// None of its workflows makes one.
    None,
    /// Each is made with the token that every job has, the first of them here, so that none starts a workflow.
    Silent(Place),
    /// Some start workflows, are published by people, or nobody knows.
    Open,
}

/// What a workflow may wait for.
#[derive(Debug, Clone, Copy)]
pub enum Awaited<'w, 'p> {
    /// A release.
    Release,
    /// A tag that a filter takes.
    Tag(&'w Filter<'p>),
}

impl Awaited<'_, '_> {
    /// Whether two are the same.
    #[must_use]
    pub fn is(&self, other: Awaited<'_, '_>) -> bool {
        match (self, other) {
            (Self::Release, Awaited::Release) => true,
            (Self::Tag(own), Awaited::Tag(other)) => std::ptr::eq(*own, other),
            _ => false,
        }
    }
}

/// The releases or tags that the workflows of a repository make.
#[must_use]
pub fn releases(github: &GitHub, checkout: &Checkout<'_>, awaited: Awaited<'_, '_>) -> Releases {
    let search = Search { github, checkout, awaited };
    let mut found = Releases::None;
    for workflow in &checkout.workflows {
        match (search.of(workflow), found) {
            (Releases::Open, _) => return Releases::Open,
            (Releases::Silent(place), Releases::None) => found = Releases::Silent(place),
            _ => {}
        }
    }
    found
}

struct Search<'a, 'p, 'w> {
    github: &'a GitHub,
    checkout: &'a Checkout<'p>,
    awaited: Awaited<'w, 'p>,
}

fn says(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word.as_str()))
}

impl<'a, 'p> Search<'a, 'p, '_> {
    fn of(&self, workflow: &'a Workflow<'p>) -> Releases {
        let mut found = Releases::None;
        for job in &workflow.jobs {
            // A called workflow of another repository may do what its name says.
            let foreign = job.uses.filter(|_| self.checkout.called(job).is_none());
            if foreign.is_some_and(|uses| says(uses.value(), &self.github.releases.opaque)) {
                return Releases::Open;
            }
            for client in steps(self.checkout, workflow, job) {
                match self.by_step(&client) {
                    Releases::Open => return Releases::Open,
                    Releases::Silent(place) if found == Releases::None => found = Releases::Silent(place),
                    Releases::Silent(_) | Releases::None => {}
                }
            }
        }
        found
    }

    fn by_step(&self, client: &Client<'a, 'p>) -> Releases {
        let facts = &self.github.releases;
        let Some(step) = client.step else { return Releases::None };
        let name = step.uses.map_or("", |uses| action(uses.value()));
        let script = step.script.map_or("", |run| run.value());
        let script = script.to_lowercase();
        let said = |words: &[String]| words.iter().any(|word| script.contains(word.as_str()));
        if said(&facts.passed_on) || says(name, &facts.passed_on) {
            return Releases::Open;
        }
        if let Some((maker, client)) = self.maker(client) {
            return self.made(&client, || self.by_maker(maker, &client));
        }
        if let Awaited::Tag(_) = self.awaited {
            match tag::pushes(self.github, client) {
                Pushes::None => {}
                Pushes::Open => return self.made(client, || Releases::Open),
                Pushes::Own(names, command) => {
                    let client = Client { command: Some(command), ..client.clone() };
                    return self.made(&client, || self.tagged(&client, &names));
                }
            }
        }
        // An action of the project's own whose steps can be read is looked into; any other may do what its name says.
        let foreign = self.checkout.action(name).is_none() && says(name, &facts.opaque);
        let scripted = said(&facts.opaque) && said(&facts.opaque_scripts);
        if foreign || scripted { Releases::Open } else { Releases::None }
    }

    /// What a maker makes, if it does so in a run that nobody's release or tag has started: in such a one it only adds to that.
    fn made(&self, client: &Client<'a, 'p>, what: impl FnOnce() -> Releases) -> Releases {
        let follows = |run: &Run<'_, '_>| match self.awaited {
            Awaited::Release => run.event == "release",
            Awaited::Tag(_) => run.event == "release" || run.reference.kind == RefKind::Tag,
        };
        let makes = |play: &Play<'a, 'p>| client.seen(&play.sight(client.job)).reached() != Truth::No;
        let starts = triggers::starts(self.github, self.checkout, client.workflow, client.job, &Asked::default());
        let any = starts.plays.iter().any(|play| !follows(&play.run) && makes(play));
        if any { what() } else { Releases::None }
    }

    fn by_maker(&self, maker: &ReleaseMaker, client: &Client<'a, 'p>) -> Releases {
        if starts_workflows(maker, client) {
            return Releases::Open;
        }
        match self.awaited {
            Awaited::Release => Releases::Silent(client.place()),
            // A release may be made of a tag that somebody has pushed.
            Awaited::Tag(_) if !maker.makes_tag => Releases::Open,
            Awaited::Tag(_) => self.tagged(client, &[tag::prefix(maker.prefix.as_ref(), client)]),
        }
    }

    /// Tags that are made with the job's own token: of no interest if the filter leaves them, and nobody knows unless it takes them all.
    fn tagged(&self, client: &Client<'a, 'p>, names: &[TagName]) -> Releases {
        let Awaited::Tag(filter) = self.awaited else { return Releases::None };
        let mut found = Releases::None;
        for name in names {
            match takes(filter, name) {
                Truth::Yes => found = Releases::Silent(client.place()),
                Truth::No => {}
                Truth::Unknown(_) => return Releases::Open,
            }
        }
        found
    }

    /// What makes a release or a tag in a step, with its command if it is a script.
    fn maker(&self, client: &Client<'a, 'p>) -> Option<(&'a ReleaseMaker, Client<'a, 'p>)> {
        let step = client.step?;
        let tags = match self.awaited {
            Awaited::Release => &[][..],
            Awaited::Tag(_) => &self.github.tags.makers,
        };
        let mut makers = self.github.releases.makers.iter().chain(tags);
        if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
            let name = action(uses.value());
            let own = |maker: &&ReleaseMaker| maker.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
            return makers.find(own).map(|maker| (maker, client.clone()));
        }
        let script = step.script.map_or("", |run| run.value());
        let may = |maker: &ReleaseMaker| maker.command.as_deref().is_some_and(|own| holds_words(script, own));
        if !makers.clone().any(may) {
            return None;
        }
        commands(self.github, client.workflow, client.job, step).iter().find_map(|command| {
            let words = words(command);
            let words = unwrapped(self.github, &words);
            let own =
                |maker: &&ReleaseMaker| maker.command.as_deref().is_some_and(|own| starts_with(words, own).is_some());
            let maker = makers.clone().find(own)?;
            Some((maker, Client { command: Some(command.clone()), ..client.clone() }))
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
        false => Truth::Unknown(Reason::new("the name of the tag")),
    }
}

fn takes_whole(filter: &Filter<'_>, name: &str) -> Truth {
    let name = Name { beginning: name, whole: true };
    let asked = |list: &Option<Vec<Text<'_>>>| {
        list.as_ref().map(|list| ref_pattern::takes(list.iter().map(|text| text.value()), name))
    };
    match (asked(&filter.only), asked(&filter.ignore)) {
        (Some(taken), _) => taken,
        (None, Some(left)) => left.negated(),
        (None, None) => Truth::Yes,
    }
}

/// Whether what is made may start a workflow: with a token of somebody's own, or as a draft that people publish.
fn starts_workflows(maker: &ReleaseMaker, client: &Client<'_, '_>) -> bool {
    if let Some(draft) = &maker.draft {
        let slot = if draft.starts_with('-') {
            Slot { flags: vec![draft.clone()], kind: crate::trust::registry::slot::Kind::Switch, ..Slot::default() }
        } else {
            Slot { input: Some(draft.clone()), ..Slot::default() }
        };
        match client.given(&slot) {
            Given::Absent => {}
            Given::Text(text, _) if text == "false" => {}
            Given::Text(..) | Given::Unknown(_) => return true,
        }
    }
    let inputs = maker.inputs.iter().map(|input| Slot { input: Some(input.clone()), ..Slot::default() });
    let env = maker.env.iter().map(|name| Slot { env: Some(name.as_str().into()), ..Slot::default() });
    for slot in inputs.chain(env) {
        match client.given(&slot) {
            Given::Absent => {}
            Given::Unknown(_) => return true,
            Given::Text(text, _) => return !is_own_token(&follow_env(client, &text)),
        }
    }
    !maker.own_by_default
}
