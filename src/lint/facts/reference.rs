//! Facts about context reads in expressions.

use std::borrow::Cow;

use crate::lint::facts::{Fact, FactSpec, FactValues, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::lint::uploads::Upload;
use crate::read::source::Place;
use crate::workflow::model::Text;
use crate::workflow::simulate::outputs::{self, DeclaredOutput};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "reference",
        &[SubjectKind::Reference],
        FactValues::Any,
        "The context path that an expression reads.",
        reference,
    ),
    FactSpec::new(
        "reference.status",
        &[SubjectKind::Reference],
        FactValues::OneOf(&["known", "unknown"]),
        "Whether the context has the property, for contexts with a fixed list.",
        reference_status,
    ),
    FactSpec::new(
        "output.status",
        &[SubjectKind::Reference],
        FactValues::OneOf(&["declared", "undeclared", "not-needed", "no-step"]),
        "Whether the job whose output an expression reads declares it and is among the reading job's `needs`; `no-step` if an output of a step is read, and no step before it has the id.",
        output_status,
    ),
    FactSpec::new(
        "output.decides",
        &[SubjectKind::Reference],
        YES_NO,
        "Whether an upload depends on the output: the reading job uploads, or a condition with the output is false in every run before a job that uploads. For the output of a step: whether the reading step uploads.",
        output_decides,
    ),
    FactSpec::new("output", &[SubjectKind::Reference], FactValues::Any, "The output that an expression reads.", output),
    FactSpec::new(
        "output.step",
        &[SubjectKind::Reference],
        FactValues::Any,
        "The id of the step whose output an expression reads.",
        output_step,
    ),
    FactSpec::new(
        "output.job",
        &[SubjectKind::Reference],
        FactValues::Any,
        "The job whose output an expression reads.",
        output_job,
    ),
];

/// The place of the read. Finding it scans the text, so callers check everything else first.
fn place(subject: &Subject<'_, '_, '_>) -> Option<Place> {
    subject.reference().map(|(reference, text)| text.inner(reference.range.clone()))
}

fn output_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    if let Some((id, _)) = outputs::step_path(&subject.reference()?.0.path) {
        let (job, reader) = (subject.job()?, subject.step()?);
        let mut before = job.steps.iter().filter(|step| step.index < reader.index);
        let found = before.any(|step| step.id.is_some_and(|known| known.value().eq_ignore_ascii_case(id)));
        return Some(Fact::word(if found { "declared" } else { "no-step" }, place(subject)?));
    }
    let (job, name) = outputs::path(&subject.reference()?.0.path)?;
    let declared = outputs::declared(subject.analysis.checkout, subject.workflow()?, subject.job()?, job, name);
    let place = place(subject)?;
    Some(match declared {
        DeclaredOutput::Yes => Fact::word("declared", place),
        DeclaredOutput::No => Fact::word("undeclared", place),
        DeclaredOutput::NotNeeded => Fact::word("not-needed", place),
        DeclaredOutput::Unknown => Fact::unknown("the outputs of a job that other files decide"),
    })
}

fn output_decides(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (job, analysis, path) = (subject.job()?, subject.analysis, &subject.reference()?.0.path);
    if outputs::step_path(path).is_some() {
        let reader = subject.step().filter(|step| Some(step.place.file) == subject.workflow().map(|it| it.file))?;
        let of_reader =
            |upload: &&Upload<'_, '_>| upload.site.resolved.outermost().is_some_and(|it| it.index == reader.index);
        return yes(analysis.uploads_of(job).iter().any(of_reader), place(subject)?);
    }
    outputs::path(path)?;
    let place = place(subject)?;
    let publishes = analysis.has_uploads(job);
    let condition = job.condition.map(Text::place).filter(|condition| {
        condition.file == place.file && (condition.span.start..=condition.span.end).contains(&place.span.start)
    });
    let blocks = condition.is_some_and(|condition| analysis.blocks_an_upload(condition));
    yes(publishes || subject.step().is_none() && blocks, place)
}

fn output(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let path = &subject.reference()?.0.path;
    let (_, name) = outputs::path(path).or_else(|| outputs::step_path(path))?;
    Some(Fact::text(name, place(subject)?))
}

fn output_step(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (id, _) = outputs::step_path(&subject.reference()?.0.path)?;
    Some(Fact::text(id, place(subject)?))
}

fn output_job(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (job, _) = outputs::path(&subject.reference()?.0.path)?;
    Some(Fact::text(job, place(subject)?))
}

fn reference(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(subject.reference()?.0.path.join("."), place(subject)?))
}

fn reference_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let path = &subject.reference()?.0.path;
    let (context, property) = (path.first()?, path.get(1)?);
    if let Some(known) = declares_input(subject, path) {
        return Some(Fact::word(if known { "known" } else { "unknown" }, place(subject)?));
    }
    let known = subject.analysis.data.github.contexts.get(context.as_ref())?;
    let has = known.iter().any(|name| name.eq_ignore_ascii_case(property));
    Some(Fact::word(if has { "known" } else { "unknown" }, place(subject)?))
}

/// Whether the workflow declares the input that a path reads; `None` for another path.
fn declares_input(subject: &Subject<'_, '_, '_>, path: &[Cow<'_, str>]) -> Option<bool> {
    let names: Vec<_> = path.iter().map(|name| name.to_ascii_lowercase()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let (input, dispatched) = match names.as_slice() {
        ["inputs", input, ..] => (input, false),
        ["github", "event", "inputs", input, ..] => (input, true),
        ["github", "event", "input", ..] => return Some(false),
        _ => return None,
    };
    let workflow = subject.workflow()?;
    // Steps of an action read the inputs of the action.
    if subject.step().is_some_and(|step| step.place.file != workflow.file) {
        return None;
    }
    let events = &subject.analysis.data.github.events;
    let facts = |event: &str| events.get(event).map(|facts| (facts.by_hand, facts.called)).unwrap_or_default();
    // The payload is that of the caller's event.
    if dispatched && workflow.triggers.iter().any(|trigger| facts(trigger.event.value()).1) {
        return None;
    }
    let mut triggers = workflow.triggers.iter().filter(|trigger| !dispatched || facts(trigger.event.value()).0);
    Some(triggers.any(|trigger| trigger.input(input).is_some()))
}
