//! Whether the releases and tags of a repository are created by its own workflows with `GITHUB_TOKEN`, which starts no other workflow.

pub mod tag;

use std::cell::OnceCell;

use crate::read::command_list::CommandList;
use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, unwrapped, words};
use crate::trust::registry::opaque;
use crate::trust::registry::slot::{Slot, SlotValue, reads};
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::releases::tag::{TagName, TagPush};
use crate::trust::upload::credential::follow_env;
use crate::trust::upload::credential::is_github_token;
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps};
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::github::{GitHubFacts, RefKind, ReleaseMaker, ReleasePlugin};
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Filter, Job, Step, Text, Workflow, action};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::simulate::run_filter::RunFilter;
use crate::workflow::simulate::simulated_run::SimulatedRun;
use crate::workflow::simulate::trigger_start::TriggerStart;
use crate::workflow::simulate::triggers;
use crate::workflow::step_script::runs_variable;

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

/// The steps of a repository that may create its releases, or its tags. Each step is examined once, however many filters of tags are compared.
pub struct ReleaseSearch<'a, 'p> {
    github: &'a GitHubFacts,
    checkout: &'a Model<'p>,
    /// Whether tags are searched, or releases.
    for_tags: bool,
    /// The jobs of all workflows, each with its steps once the search has reached it.
    jobs: Vec<(&'a Workflow<'p>, &'a Job<'p>, OnceCell<Vec<ReleaseStep<'a, 'p>>>)>,
}

/// A step that creates releases or tags, or may do so.
enum ReleaseStep<'a, 'p> {
    /// It may create any release or tag in any run, so that the result is unknown.
    Any,
    /// It creates what is known.
    Known {
        what: ReleaseAction<'a>,
        resolved: ResolvedStep<'a, 'p>,
        /// Whether a run reaches it that no release or tag has started. In other runs it only adds to that release.
        starts_new: OnceCell<bool>,
    },
}

/// What a step creates.
enum ReleaseAction<'a> {
    /// What a release maker creates.
    Maker(&'a ReleaseMaker),
    /// Tags that are pushed with `GITHUB_TOKEN`.
    Tags(Vec<TagName>),
    /// Tags with unknown names or with an unknown token.
    UnknownTags,
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

impl<'a, 'p> ReleaseSearch<'a, 'p> {
    /// A search for what creates releases.
    #[must_use]
    pub fn for_releases(github: &'a GitHubFacts, checkout: &'a Model<'p>) -> Self {
        Self::new(github, checkout, false)
    }

    /// A search for what creates tags.
    #[must_use]
    pub fn for_tags(github: &'a GitHubFacts, checkout: &'a Model<'p>) -> Self {
        Self::new(github, checkout, true)
    }

    fn new(github: &'a GitHubFacts, checkout: &'a Model<'p>, for_tags: bool) -> Self {
        let jobs = checkout
            .workflows
            .iter()
            .flat_map(|workflow| workflow.jobs.iter().map(move |job| (workflow, job, OnceCell::new())));
        Self { github, checkout, for_tags, jobs: jobs.collect() }
    }

    /// The origin of the releases or tags that a workflow waits for, which are of the kind that is searched.
    #[must_use]
    pub fn origin(&self, awaited: AwaitedEvent<'_, 'p>) -> ReleaseOrigin {
        let mut found = ReleaseOrigin::Elsewhere;
        for (workflow, job, steps) in &self.jobs {
            for step in steps.get_or_init(|| self.of_job(workflow, job)) {
                match self.origin_of(step, awaited) {
                    ReleaseOrigin::Unknown => return ReleaseOrigin::Unknown,
                    origin if found == ReleaseOrigin::Elsewhere => found = origin,
                    ReleaseOrigin::GithubToken(_) | ReleaseOrigin::Elsewhere => {}
                }
            }
        }
        found
    }

    fn origin_of(&self, step: &ReleaseStep<'a, 'p>, awaited: AwaitedEvent<'_, 'p>) -> ReleaseOrigin {
        let ReleaseStep::Known { what, resolved, starts_new } = step else { return ReleaseOrigin::Unknown };
        if !*starts_new.get_or_init(|| self.starts_new(resolved)) {
            return ReleaseOrigin::Elsewhere;
        }
        match what {
            ReleaseAction::Maker(maker) => self.by_maker(maker, resolved, awaited),
            ReleaseAction::Tags(names) => tagged(resolved, names, awaited),
            ReleaseAction::UnknownTags => ReleaseOrigin::Unknown,
        }
    }

    /// The steps of a job that may create something. [`ReleaseStep::Any`] is the last one, because it decides the result.
    fn of_job(&self, workflow: &'a Workflow<'p>, job: &'a Job<'p>) -> Vec<ReleaseStep<'a, 'p>> {
        // A called workflow of another repository may create releases if its name suggests it.
        let foreign = job.uses.filter(|_| self.checkout.called(job).is_none());
        let suggests = |uses: Text<'_>| opaque::in_name(action(uses.value()), &self.github.releases.opaque).is_some();
        if foreign.is_some_and(suggests) {
            return vec![ReleaseStep::Any];
        }
        let with_scripts = |step: ResolvedStep<'a, 'p>| {
            let called = called_scripts(self.checkout, &step);
            std::iter::once(step).chain(called)
        };
        let mut found = Vec::new();
        for resolved in steps(self.checkout, workflow, job).into_iter().flat_map(with_scripts) {
            found.extend(self.by_step(&resolved));
            if matches!(found.last(), Some(ReleaseStep::Any)) {
                break;
            }
        }
        found
    }

    fn by_step(&self, resolved: &ResolvedStep<'a, 'p>) -> Option<ReleaseStep<'a, 'p>> {
        let facts = &self.github.releases;
        let step = resolved.step?;
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
            return Some(ReleaseStep::Any);
        }
        if let Some((maker, resolved)) = self.maker(resolved) {
            return Some(ReleaseStep::known(ReleaseAction::Maker(maker), resolved));
        }
        if self.for_tags {
            match tag::pushes(self.github, resolved) {
                TagPush::None => {}
                TagPush::Unknown => return Some(ReleaseStep::known(ReleaseAction::UnknownTags, resolved.clone())),
                TagPush::ByGithubToken(names, command) => {
                    let resolved = resolved.with_command(&command);
                    return Some(ReleaseStep::known(ReleaseAction::Tags(names), resolved));
                }
            }
        }
        // The steps of a local action are searched themselves. Another action may create releases if its name suggests it.
        let own = self.checkout.action(name).is_some();
        let is_any = !own && is_unclear && matches(&facts.opaque) || calls(step, &facts.calls);
        (is_any || self.runs_unknown_program(resolved)).then_some(ReleaseStep::Any)
    }

    /// Whether a script runs a program that the files do not name, with a token whose releases and tags start workflows.
    fn runs_unknown_program(&self, resolved: &ResolvedStep<'a, 'p>) -> bool {
        let is_unnamed = |command: &ShellCommand| unwrapped(self.github, &words(command)).first() == Some(&None);
        let is_token = |path: &String| {
            path.starts_with("secrets.") && !path.eq_ignore_ascii_case("secrets.github_token")
                || path.starts_with("steps.") && path.to_lowercase().ends_with("token")
        };
        let gives_token = |text: &str| reads(text).is_some_and(|paths| paths.iter().any(is_token));
        let mut values = resolved.envs().flat_map(|(pairs, _)| &pairs.entries).map(|pair| pair.value.value());
        resolved.own_script().is_some_and(|script| runs_variable(script.value()))
            && values.any(gives_token)
            && resolved.commands(self.github).iter().any(is_unnamed)
    }

    fn starts_new(&self, resolved: &ResolvedStep<'a, 'p>) -> bool {
        let follows =
            |run: &TriggerStart<'_, '_>| run.event == "release" || self.for_tags && run.reference.kind == RefKind::Tag;
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
        starts.runs.iter().any(|simulated| !follows(&simulated.run) && makes(simulated))
    }

    fn by_maker(
        &self,
        maker: &ReleaseMaker,
        resolved: &ResolvedStep<'a, 'p>,
        awaited: AwaitedEvent<'_, 'p>,
    ) -> ReleaseOrigin {
        if starts_workflows(maker, resolved) {
            return ReleaseOrigin::Unknown;
        }
        let used = |plugin| self.checkout.manifests.is_some_and(|all| ReleasePlugin::is_used(plugin, all));
        if matches!(awaited, AwaitedEvent::Release) && !maker.plugin.as_ref().is_none_or(used) {
            return ReleaseOrigin::Unknown;
        }
        let makes_tag_here =
            maker.makes_tag_with.as_ref().is_some_and(|flag| resolved.has_flag(std::slice::from_ref(flag)));
        match awaited {
            AwaitedEvent::Release => ReleaseOrigin::GithubToken(resolved.place()),
            // The release may be created for a tag that a person pushed.
            AwaitedEvent::Tag(_) if !maker.makes_tag && !makes_tag_here => ReleaseOrigin::Unknown,
            AwaitedEvent::Tag(_) if makes_tag_here => tagged(resolved, &[tag::argument(maker, resolved)], awaited),
            AwaitedEvent::Tag(_) => tagged(resolved, &[tag::prefix(maker.prefix.as_ref(), resolved)], awaited),
        }
    }

    /// The release maker that a step uses, with the command of a script.
    fn maker(&self, resolved: &ResolvedStep<'a, 'p>) -> Option<(&'a ReleaseMaker, ResolvedStep<'a, 'p>)> {
        let step = resolved.step?;
        let tags = if self.for_tags { &self.github.tags.makers[..] } else { &[] };
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

impl<'a, 'p> ReleaseStep<'a, 'p> {
    const fn known(what: ReleaseAction<'a>, resolved: ResolvedStep<'a, 'p>) -> Self {
        Self::Known { what, resolved, starts_new: OnceCell::new() }
    }
}

/// The origin of tags that are pushed with `GITHUB_TOKEN`: unknown unless the filter accepts all of them.
fn tagged(resolved: &ResolvedStep<'_, '_>, names: &[TagName], awaited: AwaitedEvent<'_, '_>) -> ReleaseOrigin {
    let AwaitedEvent::Tag(filter) = awaited else { return ReleaseOrigin::Elsewhere };
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
