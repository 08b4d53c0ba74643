//! Facts about releases around an upload: their assets, their tag, and what one release starts.

use crate::lint::facts::run::context;
use crate::lint::facts::{Fact, FactSpec, FactValues, STEP, UPLOAD, YES_NO, yes};
use crate::lint::subjects::Subject;
use crate::lint::uploads::{Upload, UploadRun};
use crate::read::shell::{ShellCommand, ShellWord};
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, starts_with, unwrapped, words};
use crate::trust::releases::{AwaitedEvent, ReleaseOrigin};
use crate::trust::upload::site::UploadTarget;
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::{Outcome, Truth, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::{Job, Step, Text, action};
use crate::workflow::simulate::relevance;
use crate::workflow::simulate::simulated_run::{SimulatedJobs, SimulatedRun, WorkflowEntry};
use crate::workflow::simulate::trigger_start::{GitRef, TriggerStart};
use crate::workflow::step_script::commands;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "release.assets",
        UPLOAD,
        FactValues::OneOf(&["added", "unchanged"]),
        "Whether the run adds files to the published release that started it, although the config declares immutable releases.",
        release_assets,
    ),
    FactSpec::new(
        "release.tag",
        UPLOAD,
        FactValues::OneOf(&["tag", "branch"]),
        "Whether a release step uses the branch name as the tag, in a run that a person starts from a branch without inputs.",
        release_tag,
    ),
    FactSpec::new(
        "release.duplicate",
        UPLOAD,
        YES_NO,
        "Whether the release and the push of its tag both start the upload.",
        release_duplicate,
    ),
    FactSpec::new(
        "release.started-by",
        UPLOAD,
        FactValues::OneOf(&["answered", "release-unanswered", "tag-unanswered", "release-by-hand", "tag-by-hand"]),
        "Whether the upload waits only for releases or tags that the repository creates with `GITHUB_TOKEN`, which start no workflow.",
        release_started_by,
    ),
    FactSpec::new(
        "gh.repository",
        STEP,
        FactValues::OneOf(&["known", "unknown"]),
        "Whether the `gh` command that starts the uploading workflow can find its repository.",
        gh_repository,
    ),
    FactSpec::new("gh.command", STEP, FactValues::Any, "That command.", |subject, _| {
        let (_, command, place) = gh_step(subject)?;
        Some(Fact::text(command, place))
    }),
];

fn release_started_by(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let upload = subject.upload()?;
    let trigger = upload.runs.first()?.run().trigger;
    let events = &subject.analysis.data.github.events;
    let by_hand = |upload_run: &UploadRun<'_, '_>| {
        let run = upload_run.run();
        !run.is_called() && events.get(&run.event).is_some_and(|event| event.by_hand)
    };
    let mut awaited = Vec::new();
    // A run that a person starts does not wait for a release; scripts that start one are found with the releases.
    for upload_run in upload.runs.iter().filter(|upload_run| !by_hand(upload_run)) {
        match awaited_event(upload, upload_run) {
            Some(one) if !upload.elsewhere && upload.cut.is_none() => {
                if !awaited.iter().any(|other: &AwaitedEvent<'_, '_>| other.is(one)) {
                    awaited.push(one);
                }
            }
            _ => return Some(Fact::word("answered", trigger)),
        }
    }
    if awaited.is_empty() {
        return Some(Fact::word("answered", trigger));
    }
    let also_by_hand = upload.runs.iter().any(by_hand);
    let analysis = subject.analysis;
    // A file that does not parse may create releases as well.
    if analysis.workflows.len() != analysis.project.workflows.len() {
        return Some(Fact::unknown("a workflow that cannot be read"));
    }
    let mut found = None;
    for one in awaited {
        let word = match one {
            AwaitedEvent::Release if also_by_hand => "release-by-hand",
            AwaitedEvent::Tag(_) if also_by_hand => "tag-by-hand",
            AwaitedEvent::Release => "release-unanswered",
            AwaitedEvent::Tag(_) => "tag-unanswered",
        };
        match analysis.started_by(one) {
            ReleaseOrigin::Elsewhere => return Some(Fact::word("answered", trigger)),
            // A run that a person starts can create the release and upload as well.
            ReleaseOrigin::GithubToken(place) if also_by_hand && place.file == upload.site.resolved.workflow.file => {
                return Some(Fact::word("answered", trigger));
            }
            ReleaseOrigin::GithubToken(place) => found = found.or(Some(Fact::word(word, place))),
            ReleaseOrigin::Unknown => return Some(Fact::unknown("what creates the release")),
        }
    }
    found
}

/// What starts a run: a release, or a tag that its workflow filters for; `None` for anything else.
fn awaited_event<'s, 'p>(
    upload: &'s Upload<'_, 'p>,
    upload_run: &'s UploadRun<'_, 'p>,
) -> Option<AwaitedEvent<'s, 'p>> {
    let run = upload_run.run();
    if run.event == "release" {
        return Some(AwaitedEvent::Release);
    }
    let started = run.caller().unwrap_or(upload.site.resolved.workflow);
    let trigger = started.triggers.iter().find(|trigger| trigger.event.place() == run.trigger)?;
    (run.event == "push" && run.reference.kind == RefKind::Tag).then_some(AwaitedEvent::Tag(&trigger.tags))
}

fn release_assets(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (upload, context) = (subject.upload()?, context(subject)?);
    let (job, simulated) = (upload.site.resolved.job, context.simulated());
    let unchanged = Fact::word("unchanged", upload.site.place);
    let changed = |activity: &str| !matches!(activity, "deleted" | "unpublished");
    let run = context.run();
    let published = run.event == "release" && run.activity.as_deref().is_none_or(changed);
    if subject.analysis.config.releases.is_none() || !published {
        return Some(unchanged);
    }
    let workflow = simulated.workflow;
    let needed = relevance::ancestors(workflow, job).into_iter().filter_map(|index| workflow.jobs.get(index));
    for job in needed.chain([job]) {
        for resolved in steps(simulated.checkout, workflow, job) {
            let place = asset_upload(subject, &resolved);
            if place.is_some() && resolved.context(&simulated.context(job)).reached() == Truth::Yes {
                return place.map(|place| Fact::word("added", place));
            }
        }
    }
    Some(unchanged)
}

/// The place of a step that adds files to a release.
fn asset_upload(subject: &Subject<'_, '_, '_>, resolved: &ResolvedStep<'_, '_>) -> Option<Place> {
    let github = &subject.analysis.data.github;
    let step = resolved.step?;
    if let Some(uses) = step.uses {
        let name = action(uses.value());
        let known = |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        let facts = github.releases.assets.iter().find(|assets| known(&assets.action))?;
        let given = facts.input.as_ref().is_none_or(|input| step.with.get_ignore_case(input).is_some());
        return given.then(|| uses.place());
    }
    let known: Vec<&str> = github.releases.assets.iter().filter_map(|assets| assets.command.as_deref()).collect();
    let script = step.script.filter(|script| known.iter().any(|own| script.value().contains(own)))?;
    let commands = commands(github, resolved.workflow, resolved.job, step);
    let own = commands.iter().find(|command| {
        let words = words(command);
        known.iter().any(|own| starts_with(unwrapped(github, &words), own).is_some()) && !command.conditional
    })?;
    Some(script.inner(own.span.clone()))
}

fn release_tag(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (upload, context, github) = (subject.upload()?, context(subject)?, &subject.analysis.data.github);
    let (run, workflow, checkout) = (context.run(), context.workflow(), context.simulated().checkout);
    let tag = Fact::word("tag", run.trigger);
    let by_hand = github.events.get(&run.event).is_some_and(|event| event.by_hand);
    if !by_hand || run.reference.kind != RefKind::Branch || run.is_called() {
        return Some(tag);
    }
    let tag_input = |step: &Step<'_>| {
        let name = action(step.uses?.value());
        let own = |known: &Option<String>| known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name));
        github.releases.makers.iter().find(|maker| own(&maker.action)).and_then(|maker| {
            let drafted = maker.draft.as_ref().is_some_and(|draft| step.with.get_ignore_case(draft).is_some());
            maker.tag.as_deref().filter(|_| !drafted)
        })
    };
    let makes = |job: &&Job<'_>| job.steps.iter().any(|step| tag_input(step).is_some());
    if !workflow.jobs.iter().any(|job| makes(&job)) {
        return Some(tag);
    }
    let start = without_inputs(subject, run);
    let branch = start.reference.name();
    let simulate = |job| {
        let jobs = SimulatedJobs::new(workflow, job);
        SimulatedRun::new(start.clone(), workflow, checkout, WorkflowEntry::from_github(), &jobs)
    };
    let resolved = &upload.site.resolved;
    let own = simulate(resolved.job);
    if resolved.context(&own.context(resolved.job)).reached() != Truth::Yes {
        return Some(tag);
    }
    for job in workflow.jobs.iter().filter(makes) {
        let simulated = simulate(job);
        for step in &job.steps {
            let Some(input) = tag_input(step) else { continue };
            let seen = simulated.context(job).for_step(&[], Some(step));
            let (value, place) = match step.with.get_ignore_case(input) {
                Some(pair) => (seen.evaluate(pair.value.value()), pair.value.place()),
                None => (branch.clone(), step.uses?.place()),
            };
            if value == branch && seen.reached() == Truth::Yes {
                return Some(Fact::word("branch", place));
            }
        }
    }
    Some(tag)
}

/// The run as a person starts it from a branch without filling in an optional input.
fn without_inputs<'a, 'p>(subject: &Subject<'_, '_, '_>, run: &TriggerStart<'a, 'p>) -> TriggerStart<'a, 'p> {
    let mut start = run.clone();
    if !run.reference.complete {
        let prefix = &run.reference.prefix;
        start.reference =
            GitRef::named(RefKind::Branch, if prefix.is_empty() { "main".into() } else { prefix.clone() });
    }
    let triggers = subject.workflow().map_or(&[][..], |workflow| &workflow.triggers);
    let trigger = triggers.iter().find(|trigger| trigger.event.place() == run.trigger);
    for (name, value) in start.inputs.iter_mut().filter(|(_, value)| matches!(value, Outcome::Unknown(_))) {
        let Some(input) = trigger.and_then(|trigger| trigger.input(name)) else { continue };
        match input.default {
            Some(default) => *value = Outcome::text(default.value()),
            None if !input.required => *value = Outcome::Known(Value::Text(String::new())),
            None => {}
        }
    }
    start.dispatched = start.inputs.clone();
    start
}

fn release_duplicate(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (upload, analysis) = (subject.upload()?, subject.analysis);
    let resolved = &upload.site.resolved;
    let reached = |event: &str, kind: RefKind| {
        let is = |upload_run: &&UploadRun<'_, '_>| {
            let run = upload_run.run();
            run.event == event && run.reference.kind == kind && upload_run.reach == Truth::Yes && !run.is_called()
        };
        upload.runs.iter().find(is)
    };
    let single = Fact::word("no", resolved.place());
    let (Some(released), Some(pushed)) = (reached("release", RefKind::Tag), reached("push", RefKind::Tag)) else {
        return Some(single);
    };
    if released.run().activity.as_deref().is_some_and(|it| !matches!(it, "published" | "created" | "released")) {
        return Some(single);
    }
    // Either may cancel or replace the other run; a script may look before it uploads.
    let guarded = resolved.command.as_ref().is_some_and(|command| command.conditional);
    if resolved.workflow.concurrency || resolved.job.concurrency || guarded {
        return Some(Fact::unknown("runs that exclude each other"));
    }
    let registry = |upload_run| match upload.site.target(
        &analysis.data.github,
        &analysis.data.registries,
        &upload.context(upload_run),
    ) {
        UploadTarget::Registry(registry, _) => Some(registry.id.clone()),
        _ => None,
    };
    if registry(released)? != registry(pushed)? {
        return Some(single);
    }
    if analysis.workflows.len() != analysis.project.workflows.len() {
        return Some(Fact::unknown("a workflow that cannot be read"));
    }
    Some(match analysis.started_by(AwaitedEvent::Release) {
        ReleaseOrigin::Elsewhere => yes(true, released.run().trigger)?,
        ReleaseOrigin::GithubToken(_) => single,
        ReleaseOrigin::Unknown => Fact::unknown("what creates the release"),
    })
}

/// The command of `gh` in a step that starts a workflow or creates a release which an upload waits for, its first words, and its place.
fn gh_step(subject: &Subject<'_, '_, '_>) -> Option<(ShellCommand, String, Place)> {
    let (workflow, job, step, analysis) = (subject.workflow()?, subject.job()?, subject.step()?, subject.analysis);
    let github = &analysis.data.github;
    let script = step.script.filter(|script| script.place().file == workflow.file)?;
    let own = [&github.gh.dispatch, &github.gh.release];
    if !own.iter().any(|own| script.value().contains(own.as_str())) {
        return None;
    }
    let awaits_release = || {
        let mut runs = analysis.uploads.iter().flat_map(|upload| &upload.runs);
        runs.any(|upload_run| upload_run.run().event == "release")
    };
    let uploads =
        |name: &str| {
            analysis.uploads.iter().map(|upload| upload.site.resolved.workflow).any(|workflow| {
                workflow.source.file_name() == name || workflow.name.is_some_and(|own| own.value() == name)
            })
        };
    commands(github, workflow, job, step).iter().find_map(|command| {
        let all = words(command);
        let unwrapped = unwrapped(github, &all);
        let starts = |own: &str| starts_with(unwrapped, own).is_some();
        let named = || command.words.iter().filter_map(ShellWord::text).any(|word| uploads(&word));
        let dispatches = starts(&github.gh.dispatch) && named();
        let text = match (dispatches, starts(&github.gh.release) && awaits_release()) {
            (true, _) => github.gh.dispatch.clone(),
            (_, true) => github.gh.release.clone(),
            _ => return None,
        };
        Some((command.clone(), text, script.inner(command.span.clone())))
    })
}

fn gh_repository(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (workflow, job, step) = (subject.workflow()?, subject.job()?, subject.step()?);
    let gh = &subject.analysis.data.github.gh;
    let (command, _, place) = gh_step(subject)?;
    let flagged = command.words.iter().filter_map(|word| Some(word.text()?.to_string())).any(|word| {
        gh.flags
            .iter()
            .any(|flag| word == *flag || word.strip_prefix(flag.as_str()).is_some_and(|rest| rest.starts_with('=')))
    });
    let variable =
        [&step.env, &job.env, &workflow.env].iter().any(|env| env.dynamic || env.get(&gh.variable).is_some());
    // A script before it may fetch the repository, and an action may check it out.
    let before = job.steps.iter().filter(|earlier| earlier.index <= step.index);
    let fetched = before.into_iter().any(|earlier| {
        let uses = earlier.uses.map_or("", Text::value).to_lowercase();
        let fetches = |command: &ShellCommand| {
            let words = words(command);
            let own = |name: &&str| is_command(&subject.analysis.data.github, &words, name, &[]);
            ["git", "gh repo"].iter().any(own) || words.iter().flatten().any(|word| word.contains(&gh.variable))
        };
        let set = |command: &ShellCommand| command.assignments.iter().any(|it| it.name == gh.variable);
        let script = commands(&subject.analysis.data.github, workflow, job, earlier);
        script.iter().any(|command| fetches(command) || set(command))
            || earlier.script.is_some_and(|script| script.value().contains("GITHUB_ENV"))
            || uses.contains("checkout")
            || uses.starts_with(['.', '$'])
    });
    let known = flagged || variable || fetched || job.container || job.working_directory.is_some();
    Some(Fact::word(if known { "known" } else { "unknown" }, place))
}
