//! Who makes the releases of a repository, and with which token. What waits for them is asked elsewhere.

use super::client::{Client, steps};
use super::command::{Words, starts_with, unwrapped};
use super::credential::follow_env;
use super::publication::{action, commands};
use super::slot::{Given, Slot, reads};
use crate::read::shell::Word;
use crate::read::source::Place;
use crate::workflow::asked::Asked;
use crate::workflow::checkout::Checkout;
use crate::workflow::expression::Truth;
use crate::workflow::github::{GitHub, ReleaseMaker};
use crate::workflow::model::Workflow;
use crate::workflow::play::Play;
use crate::workflow::start;

/// What is known of the releases that a repository makes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    /// None of its workflows makes one.
    None,
    /// Each is made with the token that every job has, the first of them here, so that none starts a workflow.
    Silent(Place),
    /// Some start workflows, are published by people, or nobody knows.
    Open,
}

/// The releases that the workflows of a repository make.
#[must_use]
pub fn releases(github: &GitHub, checkout: &Checkout<'_>) -> Releases {
    let mut found = Releases::None;
    for workflow in &checkout.workflows {
        match (of(github, checkout, workflow), found) {
            (Releases::Open, _) => return Releases::Open,
            (Releases::Silent(place), Releases::None) => found = Releases::Silent(place),
            _ => {}
        }
    }
    found
}

fn of<'a, 'p>(github: &'a GitHub, checkout: &'a Checkout<'p>, workflow: &'a Workflow<'p>) -> Releases {
    let mut found = Releases::None;
    for job in &workflow.jobs {
        // A called workflow of another repository may do what its name says.
        let foreign = job.uses.filter(|_| checkout.called(job).is_none());
        if foreign.is_some_and(|uses| says(uses.value(), &github.releases.opaque)) {
            return Releases::Open;
        }
        for client in steps(checkout, workflow, job) {
            match by_step(github, checkout, &client) {
                Releases::Open => return Releases::Open,
                Releases::Silent(place) if found == Releases::None => found = Releases::Silent(place),
                Releases::Silent(_) | Releases::None => {}
            }
        }
    }
    found
}

fn says(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word.as_str()))
}

fn by_step<'a, 'p>(github: &'a GitHub, checkout: &'a Checkout<'p>, client: &Client<'a, 'p>) -> Releases {
    let facts = &github.releases;
    let Some(step) = client.step else { return Releases::None };
    let name = step.uses.map_or("", |uses| action(uses.value()));
    let script = step.run.map_or("", |run| run.value());
    if says(script, &facts.passed_on) || says(name, &facts.passed_on) {
        return Releases::Open;
    }
    if let Some((maker, client)) = maker(github, client) {
        // In the run of a release it only adds to that one.
        let starts = start::starts(github, checkout, client.workflow, client.job, &Asked::default());
        let makes = |play: &Play<'a, 'p>| client.seen(&play.sight(client.job)).reached() != Truth::No;
        return match starts.plays.iter().any(|play| play.run.event != "release" && makes(play)) {
            false => Releases::None,
            true if starts_workflows(maker, &client) => Releases::Open,
            true => Releases::Silent(client.place()),
        };
    }
    // An action of the project's own is looked into; one of somebody else's may do what its name says.
    let foreign = !name.starts_with(['.', '$']) && says(name, &facts.opaque);
    let scripted = says(script, &facts.opaque) && says(script, &facts.opaque_scripts);
    if foreign || scripted { Releases::Open } else { Releases::None }
}

/// What makes a release in a step, with its command if it is a script.
fn maker<'g, 'a, 'p>(github: &'g GitHub, client: &Client<'a, 'p>) -> Option<(&'g ReleaseMaker, Client<'a, 'p>)> {
    let (step, makers) = (client.step?, &github.releases.makers);
    if let Some(uses) = step.uses {
        let name = action(uses.value());
        let own = |maker: &&ReleaseMaker| maker.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        return makers.iter().find(own).map(|maker| (maker, client.clone()));
    }
    commands(github, client.workflow, client.job, step).into_iter().find_map(|command| {
        let words: Words = command.words.iter().map(Word::text).collect();
        let words = unwrapped(github, &words);
        let own = |maker: &&ReleaseMaker| maker.command.as_deref().is_some_and(|own| starts_with(words, own).is_some());
        let maker = makers.iter().find(own)?;
        Some((maker, Client { command: Some(command.clone()), ..client.clone() }))
    })
}

/// Whether what is made may start a workflow: with a token of somebody's own, or as a draft that people publish.
fn starts_workflows(maker: &ReleaseMaker, client: &Client<'_, '_>) -> bool {
    if let Some(draft) = &maker.draft {
        let slot = if draft.starts_with('-') {
            Slot { flags: vec![draft.clone()], kind: super::slot::Kind::Switch, ..Slot::default() }
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
    let env = maker.env.iter().map(|name| Slot { env: Some(name.clone()), ..Slot::default() });
    for slot in inputs.chain(env) {
        match client.given(&slot) {
            Given::Absent => {}
            Given::Unknown(_) => return true,
            Given::Text(text, _) => {
                let own = |path: &String| {
                    path.eq_ignore_ascii_case("secrets.github_token") || path.eq_ignore_ascii_case("github.token")
                };
                let text = follow_env(client, &text);
                return !reads(&text).is_some_and(|paths| !paths.is_empty() && paths.iter().all(own));
            }
        }
    }
    !maker.own_by_default
}
