//! Whether the releases and tags of a repository are created by its own workflows with `GITHUB_TOKEN`, which starts no other workflow.

pub mod tag;

use crate::read::command_list::CommandList;
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::opaque;
use crate::trust::registry::slot::{Slot, SlotValue};
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::releases::tag::{TagName, TagPush};
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::credential::is_github_token;
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps};
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::github::{GitHubFacts, RefKind, ReleaseMaker, ReleasePlugin};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Filter, Step, Text, Workflow, action};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::simulated_run::SimulatedRun;
use crate::workflow::simulate::trigger_start::TriggerStart;
use crate::workflow::simulate::triggers;

/// The origin of a repository's releases or tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOrigin {
    /// None of its workflows creates one.
    Elsewhere,
    /// All are created with `GITHUB_TOKEN`, so that none starts a workflow. The place is the first step that creates one.
    GithubToken(Place),
    /// Some are created by people or with another token, or may be.
    Unknown,
}

/// The event that a workflow waits for.
#[derive(Debug, Clone, Copy)]
pub enum AwaitedEvent<'w, 'p> {
    /// A release.
    Release,
    /// The push of a tag that passes a filter.
    Tag(&'w Filter<'p>),
}

impl AwaitedEvent<'_, '_> {
    /// Whether both are the same event.
    #[must_use]
    pub fn is(&self, other: AwaitedEvent<'_, '_>) -> bool {
        match (self, other) {
            (Self::Release, AwaitedEvent::Release) => true,
            (Self::Tag(own), AwaitedEvent::Tag(other)) => std::ptr::eq(*own, other),
            _ => false,
        }
    }
}

/// The origin of the releases or tags that a workflow waits for.
#[must_use]
pub fn releases(github: &GitHubFacts, checkout: &Model<'_>, awaited: AwaitedEvent<'_, '_>) -> ReleaseOrigin {
    let search = ReleaseSearch { github, checkout, awaited };
    let mut found = ReleaseOrigin::Elsewhere;
    for workflow in &checkout.workflows {
        match (search.of(workflow), found) {
            (ReleaseOrigin::Unknown, _) => return ReleaseOrigin::Unknown,
            (ReleaseOrigin::GithubToken(place), ReleaseOrigin::Elsewhere) => found = ReleaseOrigin::GithubToken(place),
            _ => {}
        }
    }
    found
}

/// Whether the code in an input of a step calls a function of GitHub's API client.
fn calls(step: &Step<'_>, functions: &[String]) -> bool {
    let inside = |letter: char| letter.is_alphanumeric() || letter == '_';
    let names = |text: &str| {
        functions
            .iter()
            .any(|known| text.contains(known.as_str()) && text.split(|it| !inside(it)).any(|it| it == known))
    };
    step.script.is_none() && step.with.entries.iter().any(|pair| names(pair.value.value()))
}

struct ReleaseSearch<'a, 'p, 'w> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    awaited: AwaitedEvent<'w, 'p>,
}

impl<'a, 'p> ReleaseSearch<'a, 'p, '_> {
    fn of(&self, workflow: &'a Workflow<'p>) -> ReleaseOrigin {
        let mut found = ReleaseOrigin::Elsewhere;
        for job in &workflow.jobs {
            // A called workflow of another repository may create releases if its name suggests it.
            let foreign = job.uses.filter(|_| self.checkout.called(job).is_none());
            if foreign.is_some_and(|uses| opaque::in_name(action(uses.value()), &self.github.releases.opaque).is_some())
            {
                return ReleaseOrigin::Unknown;
            }
            let with_scripts = |step: ResolvedStep<'a, 'p>| {
                let called = called_scripts(self.checkout, &step);
                std::iter::once(step).chain(called)
            };
            for resolved in steps(self.checkout, workflow, job).into_iter().flat_map(with_scripts) {
                match self.by_step(&resolved) {
                    ReleaseOrigin::Unknown => return ReleaseOrigin::Unknown,
                    ReleaseOrigin::GithubToken(place) if found == ReleaseOrigin::Elsewhere => {
                        found = ReleaseOrigin::GithubToken(place)
                    }
                    ReleaseOrigin::GithubToken(_) | ReleaseOrigin::Elsewhere => {}
                }
            }
        }
        found
    }

    fn by_step(&self, resolved: &ResolvedStep<'a, 'p>) -> ReleaseOrigin {
        let facts = &self.github.releases;
        let Some(step) = resolved.step else { return ReleaseOrigin::Elsewhere };
        let name = step.uses.map_or("", |uses| action(uses.value()));
        let (workflow, job) = (resolved.workflow, resolved.job);
        let script = resolved.own_script().map_or("", |run| run.value());
        let matches = |entries: &CommandList| match resolved.calls.last() {
            None => opaque::in_step(self.github, workflow, job, step, entries).is_some(),
            // The words of a program in another language.
            Some(frame) if frame.script.is_program => opaque::in_name(script, entries).is_some(),
            Some(_) => {
                let found = || opaque::in_script(self.github, script, &resolved.commands(self.github), entries);
                entries.may_be_in([script]) && found().is_some()
            }
        };
        let is_unclear = matches(facts.unclear());
        if is_unclear && matches(&facts.passed_on) || calls(step, &facts.passing_calls) {
            return ReleaseOrigin::Unknown;
        }
        if let Some((maker, resolved)) = self.maker(resolved) {
            return self.made(&resolved, || self.by_maker(maker, &resolved));
        }
        if let AwaitedEvent::Tag(_) = self.awaited {
            match tag::pushes(self.github, resolved) {
                TagPush::None => {}
                TagPush::Unknown => return self.made(resolved, || ReleaseOrigin::Unknown),
                TagPush::ByGithubToken(names, command) => {
                    let resolved = resolved.with_command(&command);
                    return self.made(&resolved, || self.tagged(&resolved, &names));
                }
            }
        }
        // The steps of a local action are searched themselves. Another action may create releases if its name suggests it.
        let own = self.checkout.action(name).is_some();
        if !own && is_unclear && matches(&facts.opaque) || calls(step, &facts.calls) {
            ReleaseOrigin::Unknown
        } else {
            ReleaseOrigin::Elsewhere
        }
    }

    /// `what`, if the step runs in a run that no release or tag has started. In other runs it only adds to that release.
    fn made(&self, resolved: &ResolvedStep<'a, 'p>, what: impl FnOnce() -> ReleaseOrigin) -> ReleaseOrigin {
        let follows = |run: &TriggerStart<'_, '_>| match self.awaited {
            AwaitedEvent::Release => run.event == "release",
            AwaitedEvent::Tag(_) => run.event == "release" || run.reference.kind == RefKind::Tag,
        };
        let makes = |simulated: &SimulatedRun<'a, 'p>| {
            resolved.context(&simulated.context(resolved.job)).reached() != Truth::No
        };
        let starts = triggers::simulate(
            self.github,
            self.checkout,
            resolved.workflow,
            (resolved.job, None),
            &RunFilter::default(),
        );
        let any = starts.runs.iter().any(|simulated| !follows(&simulated.run) && makes(simulated));
        if any { what() } else { ReleaseOrigin::Elsewhere }
    }

    fn by_maker(&self, maker: &ReleaseMaker, resolved: &ResolvedStep<'a, 'p>) -> ReleaseOrigin {
        if starts_workflows(maker, resolved) {
            return ReleaseOrigin::Unknown;
        }
        let used = |plugin| self.checkout.manifests.is_some_and(|all| ReleasePlugin::is_used(plugin, all));
        if matches!(self.awaited, AwaitedEvent::Release) && !maker.plugin.as_ref().is_none_or(used) {
            return ReleaseOrigin::Unknown;
        }
        let makes_tag_here =
            maker.makes_tag_with.as_ref().is_some_and(|flag| resolved.has_flag(std::slice::from_ref(flag)));
        match self.awaited {
            AwaitedEvent::Release => ReleaseOrigin::GithubToken(resolved.place()),
            // The release may be created for a tag that a person pushed.
            AwaitedEvent::Tag(_) if !maker.makes_tag && !makes_tag_here => ReleaseOrigin::Unknown,
            AwaitedEvent::Tag(_) if makes_tag_here => self.tagged(resolved, &[tag::argument(maker, resolved)]),
            AwaitedEvent::Tag(_) => self.tagged(resolved, &[tag::prefix(maker.prefix.as_ref(), resolved)]),
        }
    }

    /// The origin of tags that are pushed with `GITHUB_TOKEN`: unknown unless the filter accepts all of them.
    fn tagged(&self, resolved: &ResolvedStep<'a, 'p>, names: &[TagName]) -> ReleaseOrigin {
        let AwaitedEvent::Tag(filter) = self.awaited else { return ReleaseOrigin::Elsewhere };
        let mut found = ReleaseOrigin::Elsewhere;
        for name in names {
            match passes(filter, name) {
                Truth::Yes => found = ReleaseOrigin::GithubToken(resolved.place()),
                Truth::No => {}
                Truth::Unknown(_) => return ReleaseOrigin::Unknown,
            }
        }
        found
    }

    /// The release maker that a step uses, with the command of a script.
    fn maker(&self, resolved: &ResolvedStep<'a, 'p>) -> Option<(&'a ReleaseMaker, ResolvedStep<'a, 'p>)> {
        let step = resolved.step?;
        let tags = match self.awaited {
            AwaitedEvent::Release => &[][..],
            AwaitedEvent::Tag(_) => &self.github.tags.makers,
        };
        let makers = self.github.releases.makers.iter().chain(tags);
        if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
            let name = action(uses.value());
            let own = |maker: &&ReleaseMaker| maker.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
            let given = |maker: &&ReleaseMaker| {
                maker.only_with.as_ref().is_none_or(|input| step.with.get_ignore_case(input).is_some())
            };
            return makers.filter(own).find(given).map(|maker| (maker, resolved.clone()));
        }
        let script = resolved.own_script().map_or("", |run| run.value());
        let may = |maker: &ReleaseMaker| maker.command.as_deref().is_some_and(|own| contains_words(script, own));
        if !makers.clone().any(may) {
            return None;
        }
        resolved.commands(self.github).iter().find_map(|command| {
            let words = words(command);
            let own = |maker: &&ReleaseMaker| {
                maker.command.as_deref().is_some_and(|own| is_command(self.github, &words, own, &maker.via))
            };
            let maker = makers.clone().find(own)?;
            Some((maker, resolved.with_command(command)))
        })
    }
}

/// Versions that complete a tag name of which only the beginning is known.
const VERSIONS: [&str; 2] = ["1.2.3", "v1.2.3"];

/// Whether a tag passes a filter. A partly known name is completed with a version.
fn passes(filter: &Filter<'_>, name: &TagName) -> Truth {
    if name.whole {
        return passes_whole(filter, &name.beginning);
    }
    let endings = if name.beginning.is_empty() { &VERSIONS[..] } else { &VERSIONS[..1] };
    let mut results = endings.iter().map(|ending| passes_whole(filter, &format!("{}{ending}", name.beginning)));
    let first = results.next().unwrap_or(Truth::No);
    match results.all(|result| result == first) {
        true => first,
        false => Truth::Unknown(UnknownReason::new("the name of the tag")),
    }
}

fn passes_whole(filter: &Filter<'_>, name: &str) -> Truth {
    let name = RefName { prefix: name, complete: true };
    let passes = |list: &Option<Vec<Text<'_>>>| {
        list.as_ref().map(|list| ref_pattern::matches_any(list.iter().map(|text| text.value()), name))
    };
    match (passes(&filter.only), passes(&filter.ignore)) {
        (Some(passed), _) => passed,
        (None, Some(ignored)) => ignored.negated(),
        (None, None) => Truth::Yes,
    }
}

/// Whether the created release or tag may start a workflow: with another token than `GITHUB_TOKEN`, or as a draft that a person publishes.
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
            SlotValue::Text(text, _) => return !is_github_token(&follow_env(resolved, &text)),
        }
    }
    !maker.own_by_default
}
