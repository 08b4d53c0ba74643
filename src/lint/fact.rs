//! The closed table of facts: what a rule may ask of a subject. A fact is a value and the place it came from, or it is not known.

use super::subject::{Kind, Subject};
use crate::read::source::Place;
use crate::trust::publication::{Outcomes, Target, action};
use crate::trust::publisher;
use crate::trust::registry::{Claim, Registry};
use crate::trust::slot::{Given, known_text};
use crate::trust::verdict::Answer;
use crate::workflow::model::{Grant, Text};
use crate::workflow::permissions::{self, Origin};
use crate::workflow::sight::Sight;

/// What is known of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The value, and where it stands; no value means that there is none there.
    Known(Option<String>, Place),
    /// The files do not tell.
    Unknown,
}

impl Fact {
    fn text(value: impl Into<String>, place: Place) -> Self {
        Self::Known(Some(value.into()), place)
    }
}

/// What a fact's values can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Any text.
    Any,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// `none`, `read`, `write`, in this order.
    Access,
}

/// One line of the table.
pub struct Spec {
    /// The name; one that ends in `.*` takes any last part.
    pub name: &'static str,
    /// The kinds of subjects that have it.
    pub kinds: &'static [Kind],
    /// Its values.
    pub values: Values,
    /// What it is.
    pub doc: &'static str,
    get: fn(&Subject<'_, '_, '_>, &str) -> Option<Fact>,
}

const WORKFLOW: &[Kind] =
    &[Kind::Workflow, Kind::Job, Kind::Step, Kind::Permission, Kind::Reference, Kind::Publication];
const JOB: &[Kind] = &[Kind::Job, Kind::Step, Kind::Reference, Kind::Publication];
const STEP: &[Kind] = &[Kind::Step, Kind::Reference, Kind::Publication];
const PUBLICATION: &[Kind] = &[Kind::Publication];
const ANSWERS: Values = Values::OneOf(&["accepted", "refused", "missing", "case"]);
const YES_NO: Values = Values::OneOf(&["yes", "no"]);
const FORM: Values = Values::OneOf(&["accepted", "refused"]);

/// Every fact.
pub const FACTS: &[Spec] = &[
    Spec {
        name: "workflow.file",
        kinds: WORKFLOW,
        values: Values::Any,
        doc: "The workflow's file name.",
        get: workflow_file,
    },
    Spec { name: "job", kinds: JOB, values: Values::Any, doc: "The job's id.", get: job },
    Spec {
        name: "job.publishes",
        kinds: JOB,
        values: YES_NO,
        doc: "Whether a step of the job uploads to a registry.",
        get: job_publishes,
    },
    Spec {
        name: "oidc.use",
        kinds: &[Kind::Job],
        values: Values::OneOf(&["used", "none"]),
        doc: "Whether a step of the job uses the OIDC token; not known where an action that no data describes could.",
        get: oidc_use,
    },
    Spec {
        name: "environment",
        kinds: JOB,
        values: Values::Any,
        doc: "The name of the job's environment.",
        get: environment,
    },
    Spec {
        name: "environment.url",
        kinds: JOB,
        values: Values::Any,
        doc: "The `url` of the job's environment.",
        get: environment_url,
    },
    Spec {
        name: "permission.*",
        kinds: JOB,
        values: Values::Access,
        doc: "What the job may do with a scope.",
        get: permission,
    },
    Spec {
        name: "permission-origin.*",
        kinds: JOB,
        values: Values::OneOf(&["job", "workflow", "default"]),
        doc: "Where the job's access to a scope comes from.",
        get: permission_origin,
    },
    Spec {
        name: "permissions.word",
        kinds: JOB,
        values: Values::Any,
        doc: "The word (`write-all`, `read-all`) that grants the job's permissions.",
        get: permissions_word,
    },
    Spec {
        name: "runner",
        kinds: JOB,
        values: Values::OneOf(&["linux", "windows", "macos", "self-hosted"]),
        doc: "The system of the job's runner, by GitHub's own labels.",
        get: runner,
    },
    Spec {
        name: "step",
        kinds: STEP,
        values: Values::Any,
        doc: "The step's name, else its id, else what it uses.",
        get: step,
    },
    Spec {
        name: "action",
        kinds: STEP,
        values: Values::Any,
        doc: "The action that the step uses, without its ref.",
        get: step_action,
    },
    Spec { name: "action.ref", kinds: STEP, values: Values::Any, doc: "The ref of the action.", get: step_action_ref },
    Spec {
        name: "input.*",
        kinds: STEP,
        values: Values::Any,
        doc: "An input that the step gives to its action.",
        get: input,
    },
    Spec {
        name: "env.*",
        kinds: STEP,
        values: Values::Any,
        doc: "An environment variable that the step's own `env` sets.",
        get: step_env,
    },
    Spec {
        name: "step.purpose",
        kinds: STEP,
        values: Values::OneOf(&["oidc-debug"]),
        doc: "What the step is for, where its name or action says it.",
        get: step_purpose,
    },
    Spec {
        name: "failure.tolerated",
        kinds: STEP,
        values: YES_NO,
        doc: "Whether `continue-on-error` of the step or the job expects it to fail.",
        get: failure_tolerated,
    },
    Spec {
        name: "scope",
        kinds: &[Kind::Permission],
        values: Values::Any,
        doc: "The scope that an entry of `permissions` names.",
        get: scope,
    },
    Spec {
        name: "level",
        kinds: &[Kind::Permission],
        values: Values::Any,
        doc: "The level that an entry of `permissions` gives.",
        get: level,
    },
    Spec {
        name: "scope.status",
        kinds: &[Kind::Permission],
        values: Values::OneOf(&["known", "misspelt", "unknown"]),
        doc: "Whether GitHub has the scope, or has one that is spelt nearly so.",
        get: scope_status,
    },
    Spec {
        name: "scope.meant",
        kinds: &[Kind::Permission],
        values: Values::Any,
        doc: "The scope that a misspelt one most likely means.",
        get: scope_meant,
    },
    Spec {
        name: "level.status",
        kinds: &[Kind::Permission],
        values: Values::OneOf(&["known", "unknown"]),
        doc: "Whether the scope has that level.",
        get: level_status,
    },
    Spec {
        name: "reference",
        kinds: &[Kind::Reference],
        values: Values::Any,
        doc: "The context path that an expression reads.",
        get: reference,
    },
    Spec {
        name: "reference.status",
        kinds: &[Kind::Reference],
        values: Values::OneOf(&["known", "unknown"]),
        doc: "Whether the context has the property, for contexts with a fixed list.",
        get: reference_status,
    },
    Spec { name: "event", kinds: PUBLICATION, values: Values::Any, doc: "The event that starts the run.", get: event },
    Spec {
        name: "event.status",
        kinds: PUBLICATION,
        values: FORM,
        doc: "Whether the registry takes tokens of that event.",
        get: event_status,
    },
    Spec {
        name: "event.fork",
        kinds: PUBLICATION,
        values: YES_NO,
        doc: "Whether the event also runs for forks, where no OIDC token is issued.",
        get: event_fork,
    },
    Spec {
        name: "ref",
        kinds: PUBLICATION,
        values: Values::OneOf(&["tag", "branch", "pull-request"]),
        doc: "What `github.ref` names in the run.",
        get: ref_kind,
    },
    Spec {
        name: "registry",
        kinds: &[Kind::Publication, Kind::Publisher],
        values: Values::Any,
        doc: "The registry's id.",
        get: registry_id,
    },
    Spec {
        name: "registry.name",
        kinds: &[Kind::Publication, Kind::Publisher],
        values: Values::Any,
        doc: "The registry's name.",
        get: registry_name,
    },
    Spec {
        name: "registry.test",
        kinds: PUBLICATION,
        values: YES_NO,
        doc: "Whether the registry is one for trials.",
        get: registry_test,
    },
    Spec {
        name: "credential",
        kinds: PUBLICATION,
        values: Values::OneOf(&["trusted", "stored", "maybe-empty", "minted", "none"]),
        doc: "What the upload shows to the registry.",
        get: credential,
    },
    Spec {
        name: "environment.suggests",
        kinds: PUBLICATION,
        values: Values::Any,
        doc: "The registry that the environment's name speaks of, in whole words.",
        get: environment_suggests,
    },
    Spec {
        name: "environment.fits",
        kinds: PUBLICATION,
        values: Values::OneOf(&["own", "other", "none"]),
        doc: "Whether the environment's name speaks of this registry, of another one, or of none.",
        get: environment_fits,
    },
    Spec {
        name: "environment.form",
        kinds: PUBLICATION,
        values: FORM,
        doc: "Whether the registry's form would take the environment's name.",
        get: environment_form,
    },
    Spec {
        name: "environment.url.registry",
        kinds: PUBLICATION,
        values: Values::OneOf(&["own", "other"]),
        doc: "Whether the environment's `url` points to this registry or to another one.",
        get: environment_url_registry,
    },
    Spec {
        name: "runner.status",
        kinds: PUBLICATION,
        values: FORM,
        doc: "Whether the upload can run on the job's system.",
        get: runner_status,
    },
    Spec {
        name: "skip-existing",
        kinds: PUBLICATION,
        values: YES_NO,
        doc: "Whether duplicates are waved through.",
        get: skip_existing,
    },
    Spec {
        name: "publishers",
        kinds: PUBLICATION,
        values: YES_NO,
        doc: "Whether the config declares any publisher.",
        get: publishers_declared,
    },
    Spec {
        name: "publisher",
        kinds: PUBLICATION,
        values: YES_NO,
        doc: "Whether the config declares a publisher for this registry.",
        get: publisher_declared,
    },
    Spec {
        name: "claim.*",
        kinds: PUBLICATION,
        values: ANSWERS,
        doc: "How the registry answers a claim: `owner`, `repository`, `workflow` or `environment`.",
        get: claim,
    },
    Spec {
        name: "token.*",
        kinds: PUBLICATION,
        values: Values::Any,
        doc: "The value of a claim in the run's OIDC token.",
        get: token,
    },
    Spec {
        name: "publisher.*",
        kinds: &[Kind::Publication, Kind::Publisher],
        values: Values::Any,
        doc: "A field of the declared record.",
        get: publisher_field,
    },
    Spec {
        name: "record.*",
        kinds: &[Kind::Publisher],
        values: FORM,
        doc: "Whether the registry's form would take the declared value of a field.",
        get: record,
    },
    Spec {
        name: "record-problem.*",
        kinds: &[Kind::Publisher],
        values: Values::Any,
        doc: "Why the form would not take a value.",
        get: record_problem,
    },
    Spec {
        name: "publisher.used",
        kinds: &[Kind::Publisher],
        values: YES_NO,
        doc: "Whether some publication is measured by this record; not known while a workflow does not parse or an upload is undecided.",
        get: publisher_used,
    },
    Spec { name: "problem", kinds: &[Kind::Problem], values: Values::Any, doc: "What is wrong.", get: problem },
    Spec {
        name: "problem.kind",
        kinds: &[Kind::Problem],
        values: Values::OneOf(&["yaml", "shape"]),
        doc: "Whether the file does not parse, or has a shape that GitHub refuses.",
        get: problem_kind,
    },
    Spec {
        name: "problem.decides",
        kinds: &[Kind::Problem],
        values: YES_NO,
        doc: "Whether the problem stands in a workflow that publishes or could.",
        get: problem_decides,
    },
    Spec {
        name: "waiver",
        kinds: &[Kind::Waiver],
        values: Values::Any,
        doc: "The rule that a waiver names.",
        get: waiver,
    },
    Spec {
        name: "waiver.status",
        kinds: &[Kind::Waiver],
        values: Values::OneOf(&["used", "unused", "expired", "unreasoned", "unknown"]),
        doc: "What became of a waiver.",
        get: waiver_status,
    },
];

/// The line of the table for a name, with the part that `*` stands for.
#[must_use]
pub fn spec(name: &str) -> Option<(&'static Spec, &str)> {
    if let Some(spec) = FACTS.iter().find(|spec| spec.name == name) {
        return Some((spec, ""));
    }
    FACTS.iter().find_map(|spec| {
        let part = name.strip_prefix(spec.name.strip_suffix('*')?)?;
        (!part.is_empty() && !part.contains(' ')).then_some((spec, part))
    })
}

/// What is known of a fact of a subject.
#[must_use]
pub fn ask(subject: &Subject<'_, '_, '_>, name: &str) -> Fact {
    spec(name).and_then(|(spec, part)| (spec.get)(subject, part)).unwrap_or(Fact::Unknown)
}

type Answered = Option<Fact>;
type In<'x, 'a, 'p> = &'x Subject<'x, 'a, 'p>;

fn yes(flag: bool, place: Place) -> Answered {
    Some(Fact::text(if flag { "yes" } else { "no" }, place))
}

/// A text as the run decides it, or as it stands if it holds no expression.
fn settled(subject: In<'_, '_, '_>, text: Text<'_>) -> Answered {
    let place = text.place();
    let value = match subject.sight {
        Some(sight) => known_text(&sight.evaluate(text.value())),
        None => (!text.value().contains("${{")).then(|| text.value().to_owned()),
    };
    Some(value.map_or(Fact::Unknown, |value| Fact::Known(Some(value).filter(|value| !value.is_empty()), place)))
}

fn workflow_file(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let workflow = subject.workflow?;
    // The file itself has no span; its name, its `on` or its first line stands for it.
    let place =
        workflow.name.map(Text::place).or_else(|| workflow.triggers.first().map(|trigger| trigger.event.place()));
    let place = place.unwrap_or(Place { file: workflow.file, span: workflow.source.line_span(1) });
    Some(Fact::text(workflow.source.file_name(), place))
}

fn job(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let id = subject.job?.id;
    Some(Fact::text(id.value(), id.place()))
}

fn job_publishes(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job = subject.job?;
    yes(publishes(subject, job), job.id.place())
}

fn publishes(subject: In<'_, '_, '_>, job: &crate::workflow::model::Job<'_>) -> bool {
    subject.analysis.publications.iter().any(|publication| publication.site.client.job.id.place() == job.id.place())
}

fn oidc_use(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job = subject.job?;
    let place = job.id.place();
    if publishes(subject, job) {
        return Some(Fact::text("used", place));
    }
    if job.uses.is_some() {
        return Some(Fact::Unknown);
    }
    let silent = &subject.analysis.data.github.oidc.never;
    for step in &job.steps {
        if let Some(uses) = step.uses
            && !silent.iter().any(|known| known.eq_ignore_ascii_case(action(uses.value())))
        {
            return Some(Fact::Unknown);
        }
        let words = &subject.analysis.data.github.oidc.words;
        if step.run.is_some_and(|run| words.iter().any(|word| run.value().contains(word.as_str()))) {
            return Some(Fact::Unknown);
        }
    }
    Some(Fact::text("none", place))
}

fn environment(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job = subject.job?;
    match job.environment {
        Some(environment) => settled(subject, environment.name),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn environment_url(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job = subject.job?;
    match job.environment.and_then(|environment| environment.url) {
        Some(url) => settled(subject, url),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn held(subject: In<'_, '_, '_>, scope: &str) -> Option<permissions::Held> {
    let github = &subject.analysis.data.github;
    Some(permissions::held(github, subject.workflow?, subject.job?, scope))
}

fn permission(subject: In<'_, '_, '_>, scope: &str) -> Answered {
    let held = held(subject, scope)?;
    // A called job without a block of its own holds what its caller gives it.
    if held.origin == Origin::Default && called(subject) {
        return Some(Fact::Unknown);
    }
    Some(held.access.map_or(Fact::Unknown, |access| Fact::text(access.word(), held.place)))
}

/// Whether the run, or without one some run of the workflow, is started by another workflow.
fn called(subject: In<'_, '_, '_>) -> bool {
    match subject.sight {
        Some(sight) => sight.is_called(),
        None => subject.workflow.is_some_and(|workflow| {
            let events = &subject.analysis.data.github.events;
            workflow.triggers.iter().any(|trigger| events.get(trigger.event.value()).is_some_and(|event| event.called))
        }),
    }
}

fn permission_origin(subject: In<'_, '_, '_>, scope: &str) -> Answered {
    let held = held(subject, scope)?;
    Some(Fact::text(held.origin.word(), held.place))
}

fn permissions_word(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let job = subject.job?;
    match permissions::block(subject.workflow?, job) {
        Some((block, _)) => match block.grant {
            Grant::Word(word) => Some(Fact::text(word.value(), word.place())),
            Grant::Scopes(_) => Some(Fact::Known(None, block.key)),
        },
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn systems<'s>(subject: In<'s, '_, '_>) -> Option<Vec<(&'s str, Place)>> {
    let github = &subject.analysis.data.github;
    let mut systems = Vec::new();
    for label in subject.job?.runs_on.as_ref()? {
        let value = match subject.sight {
            Some(sight) => known_text(&sight.evaluate(label.value()))?,
            None => label.value().to_owned(),
        };
        if let Some(system) = github.system(&value) {
            systems.push((system, label.place()));
        }
    }
    Some(systems)
}

fn runner(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let systems = systems(subject)?;
    let own = systems.iter().find(|(system, _)| *system == "self-hosted").or_else(|| systems.first());
    own.map(|(system, place)| Fact::text(*system, *place))
}

fn runner_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let allowed = &subject.publication?.site.upload.systems;
    let systems = systems(subject)?;
    // A runner of somebody's own may carry any label; only GitHub's names for systems count.
    let (system, place) = systems.iter().find(|(system, _)| *system != "self-hosted")?;
    let fits = allowed.is_empty() || allowed.iter().any(|known| known == system);
    Some(Fact::text(if fits { "accepted" } else { "refused" }, *place))
}

fn step(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let step = subject.step?;
    let text = step.name.or(step.id).or(step.uses).or(step.run)?;
    let line = text.value().lines().next().unwrap_or_default();
    Some(Fact::text(line, text.place()))
}

fn step_action(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let step = subject.step?;
    Some(match step.uses {
        Some(uses) => Fact::text(action(uses.value()), uses.place()),
        None => Fact::Known(None, step.place),
    })
}

fn step_action_ref(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let step = subject.step?;
    Some(match step.uses {
        Some(uses) => {
            Fact::Known(uses.value().split_once('@').map(|(_, reference)| reference.to_owned()), uses.place())
        }
        None => Fact::Known(None, step.place),
    })
}

fn input(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let step = subject.step?;
    match step.with.get_ignore_case(name) {
        Some(pair) => settled(subject, pair.value),
        None if step.with.dynamic => Some(Fact::Unknown),
        None => Some(Fact::Known(None, step.uses.map_or(step.place, Text::place))),
    }
}

fn step_env(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let step = subject.step?;
    match step.env.get(name) {
        Some(pair) => settled(subject, pair.value),
        None if step.env.dynamic => Some(Fact::Unknown),
        None => Some(Fact::Known(None, step.place)),
    }
}

fn step_purpose(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let step = subject.step?;
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
    let by_name = step.name.filter(words).filter(|_| step.run.is_some());
    Some(match by_action.or(by_name) {
        Some(text) => Fact::text("oidc-debug", text.place()),
        None => Fact::Known(None, step.place),
    })
}

fn failure_tolerated(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let step = subject.step?;
    yes(step.tolerated || subject.job.is_some_and(|job| job.tolerated), step.place)
}

fn scope(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let key = subject.permission?.key;
    Some(Fact::text(key.value(), key.place()))
}

fn level(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let value = subject.permission?.value;
    Some(Fact::text(value.value(), value.place()))
}

fn meant<'s>(subject: In<'s, '_, '_>) -> Option<&'s str> {
    let known = subject.analysis.data.github.permissions.scopes.keys().map(String::as_str);
    crate::read::problem::closest(subject.permission?.key.value(), known)
}

fn scope_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let key = subject.permission?.key;
    let known = subject.analysis.data.github.permissions.scopes.contains_key(key.value());
    let status = match (known, meant(subject)) {
        (true, _) => "known",
        (false, Some(_)) => "misspelt",
        (false, None) => "unknown",
    };
    Some(Fact::text(status, key.place()))
}

fn scope_meant(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let place = subject.permission?.key.place();
    meant(subject).map(|scope| Fact::text(scope, place))
}

fn level_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let pair = subject.permission?;
    let levels = subject.analysis.data.github.permissions.scopes.get(pair.key.value())?;
    let known = pair.value.value() == "none" || levels.iter().any(|level| level == pair.value.value());
    // An expression has no place in `permissions`, but it is no misspelt level either.
    (!pair.value.value().contains("${{"))
        .then(|| Fact::text(if known { "known" } else { "unknown" }, pair.value.place()))
}

fn reference(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    Some(Fact::text(path.join("."), place))
}

fn reference_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    let (context, property) = (path.first()?, path.get(1)?);
    let known = subject.analysis.data.github.contexts.get(context.as_str())?;
    let has = known.iter().any(|name| name.eq_ignore_ascii_case(property));
    Some(Fact::text(if has { "known" } else { "unknown" }, place))
}

fn sight<'s, 'p>(subject: In<'s, '_, 'p>) -> Option<&'s Sight<'s, 'p>> {
    subject.sight
}

fn event(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    Some(if run.called { Fact::Unknown } else { Fact::text(run.event.clone(), run.trigger) })
}

fn event_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    let events = &target(subject)?.events;
    if run.called {
        return Some(Fact::Unknown);
    }
    let named = |list: &[String]| list.contains(&run.event);
    let taken = !named(&events.refused) && (events.allowed.is_empty() || named(&events.allowed));
    Some(Fact::text(if taken { "accepted" } else { "refused" }, run.trigger))
}

fn event_fork(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let run = sight(subject)?.run();
    if run.called { Some(Fact::Unknown) } else { yes(run.fork, run.trigger) }
}

fn ref_kind(subject: In<'_, '_, '_>, _: &str) -> Answered {
    use crate::workflow::github::RefKind;
    let run = sight(subject)?.run();
    Some(if run.kind == RefKind::Unknown { Fact::Unknown } else { Fact::text(run.kind.word(), run.trigger) })
}

/// The registry that the subject is about.
fn target<'s>(subject: In<'s, '_, '_>) -> Option<&'s Registry> {
    match subject.target {
        Some(Target::Registry(registry, _)) => Some(registry),
        Some(_) => None,
        None => subject.publisher.map(|publisher| publisher.registry),
    }
}

fn target_place(subject: In<'_, '_, '_>) -> Option<Place> {
    match subject.target {
        Some(Target::Registry(_, place)) => Some(*place),
        _ => subject.publisher.map(|publisher| publisher.place),
    }
}

fn registry_id(subject: In<'_, '_, '_>, _: &str) -> Answered {
    Some(Fact::text(target(subject)?.id.clone(), target_place(subject)?))
}

fn registry_name(subject: In<'_, '_, '_>, _: &str) -> Answered {
    Some(Fact::text(target(subject)?.name.clone(), target_place(subject)?))
}

fn registry_test(subject: In<'_, '_, '_>, _: &str) -> Answered {
    yes(target(subject)?.test, target_place(subject)?)
}

fn credential(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (outcome, place) = subject.publication?.site.credential(sight(subject)?);
    Some(match outcome {
        Outcomes::Known(credential) => Fact::text(credential.word(), place),
        Outcomes::Unknown(_) => Fact::Unknown,
    })
}

/// The environment's name, where it stands, and the registries it speaks of.
fn suggestion<'s>(subject: In<'s, '_, '_>) -> Option<(Vec<&'s str>, Place)> {
    let Some(Fact::Known(name, place)) = environment(subject, "") else { return None };
    Some((name.map(|name| subject.analysis.data.suggested(&name)).unwrap_or_default(), place))
}

fn environment_suggests(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (suggested, place) = suggestion(subject)?;
    let own = &target(subject)?.id;
    let one = suggested.iter().find(|id| *id == own).or_else(|| suggested.first());
    let name = one.and_then(|id| subject.analysis.data.registries.get(id)).map(|registry| registry.name.clone());
    Some(Fact::Known(name, place))
}

fn environment_fits(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (suggested, place) = suggestion(subject)?;
    let own = target(subject)?.id.as_str();
    let word = if suggested.contains(&own) {
        "own"
    } else if suggested.is_empty() {
        "none"
    } else {
        "other"
    };
    Some(Fact::text(word, place))
}

fn environment_form(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let Some(Fact::Known(Some(name), place)) = environment(subject, "") else { return None };
    let field = target(subject)?.field_of(Claim::Environment)?;
    Some(Fact::text(if publisher::accepts(field, &name).is_ok() { "accepted" } else { "refused" }, place))
}

fn environment_url_registry(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let url = subject.job?.environment?.url?;
    // The address's host is known even where its end is an expression.
    let fixed = url.value().split("${{").next().unwrap_or_default();
    let host_is_whole = fixed == url.value() || fixed.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let owner =
        subject.analysis.data.registries.iter().find(|registry| registry.owns_page(fixed)).filter(|_| host_is_whole)?;
    let own = owner.id == target(subject)?.id;
    Some(Fact::text(if own { "own" } else { "other" }, url.place()))
}

fn skip_existing(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let site = &subject.publication?.site;
    match site.client.first(&site.upload.skip_existing) {
        None => yes(false, site.client.place()),
        Some((_, Given::Unknown(_) | Given::Absent)) => Some(Fact::Unknown),
        Some((_, Given::Text(text, place))) => match known_text(&sight(subject)?.evaluate(&text)) {
            Some(text) => yes(text.eq_ignore_ascii_case("true"), place),
            None => Some(Fact::Unknown),
        },
    }
}

fn publishers_declared(subject: In<'_, '_, '_>, _: &str) -> Answered {
    yes(!subject.analysis.config.publishers.is_empty(), target_place(subject)?)
}

fn publisher_declared(subject: In<'_, '_, '_>, _: &str) -> Answered {
    target(subject)?;
    yes(subject.publisher.is_some(), target_place(subject)?)
}

fn claim(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let (claims, publisher) = (subject.claims?, subject.publisher?);
    let place = claim_place(subject, claim)?;
    let answer: Answer = claims.answer(claim, publisher);
    Some(answer.word().map_or(Fact::Unknown, |word| Fact::text(word, place)))
}

/// Where the workflow's side of a claim stands; of the repository, where the config is certain of it.
fn claim_place(subject: In<'_, '_, '_>, claim: Claim) -> Option<Place> {
    match claim {
        Claim::Environment => Some(subject.claims?.environment_place),
        Claim::Workflow => target_place(subject),
        Claim::Owner | Claim::Repository => subject.analysis.config.repository.map(Text::place),
    }
}

fn token(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let value = subject.claims?.value(claim, target(subject)?.claims.workflow).ok()?;
    Some(Fact::Known(value, claim_place(subject, claim)?))
}

fn publisher_field(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let publisher = subject.publisher?;
    Some(match publisher.entry(name) {
        Some(entry) => Fact::text(entry.value.clone(), entry.place),
        None => Fact::Known(None, publisher.place),
    })
}

fn record(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let entry = subject.publisher?.entry(name)?;
    let accepted = publisher::accepts(entry.field, &entry.value).is_ok();
    Some(Fact::text(if accepted { "accepted" } else { "refused" }, entry.place))
}

fn record_problem(subject: In<'_, '_, '_>, name: &str) -> Answered {
    let entry = subject.publisher?.entry(name)?;
    publisher::accepts(entry.field, &entry.value).err().map(|reason| Fact::text(reason, entry.place))
}

fn publisher_used(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let publisher = subject.publisher?;
    let analysis = subject.analysis;
    let mut publications = analysis.publications.iter();
    if publications.clone().any(|publication| publication.assigned.contains(&publisher.index)) {
        return yes(true, publisher.place);
    }
    let broken =
        analysis.project.workflows.len() != analysis.workflows.len() || !analysis.project.unreadable.is_empty();
    // An upload under this registry's environment that goes elsewhere is most likely the one that was meant.
    let open = publications
        .any(|publication| publication.undecided.is_some() || publication.swapped.contains(&publisher.registry.id));
    if broken || open { Some(Fact::Unknown) } else { yes(false, publisher.place) }
}

fn problem(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (message, place, _) = subject.problem?;
    Some(Fact::text(message, place))
}

fn problem_kind(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (_, place, kind) = subject.problem?;
    Some(Fact::text(kind, place))
}

fn problem_decides(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (_, place, kind) = subject.problem?;
    let publications = &subject.analysis.publications;
    yes(
        kind == "yaml" || publications.iter().any(|publication| publication.site.client.workflow.file == place.file),
        place,
    )
}

fn waiver(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (rule, _, place) = subject.waiver?;
    Some(Fact::text(rule, place))
}

fn waiver_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (_, status, place) = subject.waiver?;
    Some(Fact::text(status, place))
}
