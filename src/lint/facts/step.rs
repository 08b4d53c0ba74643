//! Facts about steps: their names, inputs and variables.

use crate::lint::facts::{Fact, FactSpec, FactValues, STEP, YES_NO, settled, yes};
use crate::lint::subjects::Subject;
use crate::workflow::model::{Text, action};

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
        Some(pair) => settled(subject, pair.value),
        None if step.with.dynamic => Some(Fact::Unknown),
        None => Some(Fact::Known(None, step.uses.map_or(step.place, Text::place))),
    }
}

fn step_env(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let step = subject.step()?;
    match step.env.get(name) {
        Some(pair) => settled(subject, pair.value),
        None if step.env.dynamic => Some(Fact::Unknown),
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
        Some(text) => Fact::text("oidc-debug", text.place()),
        None => Fact::Known(None, step.place),
    })
}

fn failure_tolerated(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    let place = subject.step().map_or(job.id.place(), |step| step.place);
    yes(job.tolerated || subject.step().is_some_and(|step| step.tolerated), place)
}
