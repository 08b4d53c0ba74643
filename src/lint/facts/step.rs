//! Facts about steps: their names, inputs and variables.

use crate::lint::facts::{Fact, FactSpec, FactValues, STEP, YES_NO, step_value, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::registry::Registry;
use crate::trust::registry::command::{names, words};
use crate::trust::registry::slot::SlotValue;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::unseen;
use crate::workflow::model::{Text, action};
use crate::workflow::permissions::{self, AccessLevel};
use crate::workflow::step_script::commands;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("step", STEP, FactValues::Any, "The step's name, else its id, else what it uses.", step),
    FactSpec::new("input.*", STEP, FactValues::Any, "An input that the step gives to its action.", input),
    FactSpec::new("env.*", STEP, FactValues::Any, "An environment variable that the step's own `env` sets.", step_env),
    FactSpec::new(
        "step.purpose",
        STEP,
        FactValues::OneOf(&["oidc-debug"]),
        "What the step is for, if its name or action says so.",
        step_purpose,
    ),
    FactSpec::new(
        "step.dry-run",
        &[SubjectKind::Step],
        FactValues::Any,
        "An upload command of the step that uploads nothing without a flag, in a job that may publish and in a workflow that does not upload otherwise.",
        |subject, _| {
            Some(match dry_run(subject)? {
                Some(found) => Fact::text(found.command, found.place),
                None => Fact::Known(None, subject.step()?.place),
            })
        },
    ),
    FactSpec::new(
        "step.dry-run.flag",
        &[SubjectKind::Step],
        FactValues::Any,
        "The flag with which that command uploads.",
        |subject, _| dry_run(subject)?.map(|found| Fact::text(found.flag, found.place)),
    ),
    FactSpec::new(
        "step.dry-run.registry",
        &[SubjectKind::Step],
        FactValues::Any,
        "The registry of that command.",
        |subject, _| dry_run(subject)?.map(|found| Fact::text(found.registry.name.clone(), found.place)),
    ),
    FactSpec::new(
        "failure.tolerated",
        STEP,
        YES_NO,
        "Whether `continue-on-error` of the step or the job allows it to fail.",
        failure_tolerated,
    ),
];

fn step(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let step = subject.step()?;
    let text = step.name.or(step.id).or(step.uses).or(step.run)?;
    let line = text.value().lines().next().unwrap_or_default();
    Some(Fact::text(line, text.place()))
}

fn input(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let step = subject.step()?;
    match step.with.get_ignore_case(name) {
        Some(pair) => step_value(subject, pair.value),
        None if step.with.dynamic => Some(Fact::unknown("inputs that an expression sets")),
        None => Some(Fact::Known(None, step.uses.map_or(step.place, Text::place))),
    }
}

fn step_env(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let step = subject.step()?;
    match step.env.get(name) {
        Some(pair) => step_value(subject, pair.value),
        None if step.env.dynamic => Some(Fact::unknown("variables that an expression sets")),
        None => Some(Fact::Known(None, step.place)),
    }
}

fn step_purpose(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let step = subject.step()?;
    let debug = &subject.analysis.data.github.oidc.debug;
    let by_action =
        step.uses.filter(|uses| debug.actions.iter().any(|known| known.eq_ignore_ascii_case(action(uses.value()))));
    let words = |name: &Text<'_>| {
        let name = name.value().to_lowercase();
        debug
            .names
            .iter()
            .any(|words| words.iter().all(|word| name.split(|c: char| !c.is_alphanumeric()).any(|own| own == word)))
    };
    let by_name = step.name.filter(words).filter(|_| step.script.is_some());
    Some(match by_action.or(by_name) {
        Some(text) => Fact::word("oidc-debug", text.place()),
        None => Fact::Known(None, step.place),
    })
}

fn failure_tolerated(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    let place = subject.step().map_or(job.id.place(), |step| step.place);
    yes(job.tolerated || subject.step().is_some_and(|step| step.tolerated), place)
}

/// A command that uploads only with a flag that it does not have.
struct DryRun<'s> {
    command: &'s str,
    flag: &'s str,
    registry: &'s Registry,
    place: Place,
}

/// The first dry run of a step; `Some(None)` without one, `None` if a word that only the run decides may be the flag.
fn dry_run<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<Option<DryRun<'s>>> {
    let (workflow, job, step, analysis) = (subject.workflow()?, subject.job()?, subject.step()?, subject.analysis);
    let data = analysis.data;
    let patterns = data.registries.uploads_in_step(workflow, job, step);
    let patterns: Vec<_> = patterns.into_iter().filter(|(_, pattern)| by_flag(pattern).is_some()).collect();
    if patterns.is_empty() || analysis.publishes(workflow.file) {
        return Some(None);
    }
    let own = ResolvedStep { step: Some(step), ..ResolvedStep::calling(analysis.checkout, workflow, job) };
    for command in commands(&data.github, workflow, job, step).iter().filter(|command| !command.conditional) {
        let words = words(command);
        for (registry, pattern) in &patterns {
            let resolved = own.with_command(command);
            let tries = names(&data.github, &words, pattern) == Some(true);
            if !tries || pattern.only_with.iter().all(|choice| resolved.meets(choice)) {
                continue;
            }
            if words.contains(&None) {
                return None;
            }
            if is_meant_to_publish(subject, &resolved, pattern) {
                let (command, flag) = (pattern.command.as_deref()?, by_flag(pattern)?);
                return Some(Some(DryRun { command, flag, registry, place: resolved.place() }));
            }
        }
    }
    Some(None)
}

/// The flag without which a command uploads nothing.
fn by_flag(pattern: &UploadPattern) -> Option<&String> {
    pattern.only_with.iter().find_map(|choice| choice.flags.first())
}

/// Whether a job has what an upload needs: the permission to request OIDC tokens, an environment for releases, or the registry's token.
fn is_meant_to_publish(
    subject: &Subject<'_, '_, '_>,
    resolved: &ResolvedStep<'_, '_>,
    pattern: &UploadPattern,
) -> bool {
    let data = subject.analysis.data;
    let held = permissions::held(&data.github, resolved.workflow, resolved.job, &data.github.oidc.scope);
    let environment = resolved.job.environment.map(|environment| environment.name.value());
    let named = environment.is_some_and(|name| unseen::names_release(&data.github, &data.registries, name));
    let token = || pattern.tokens.iter().any(|slot| resolved.slot_value(slot) != SlotValue::Absent);
    held.access == Some(AccessLevel::Write) || named || token()
}
