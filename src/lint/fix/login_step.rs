//! Replaces the stored token of uploads by a login with the OIDC token, as the registry's data proposes it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::lint::facts::login::{LoginProposal, proposal};
use crate::lint::facts::registry::target;
use crate::lint::facts::{self, Fact};
use crate::lint::fix::FixTarget;
use crate::lint::fix::template::{FixBuilder, job_path, key};
use crate::lint::rules::MessageTemplate;
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::read::edit::{EditValue, NodeChange, NodePath, PathSegment};
use crate::read::source::Place;
use crate::trust::registry::slot::{SlotValue, reads};
use crate::trust::registry::upload_pattern::{LoginPattern, ProposedStep};
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::version::{self, Version};

/// The changes that let every upload with the stored token at the place of a fact log in instead. `None` if that is not possible by adding
/// a step, a variable or another command to one job.
pub(super) fn log_in(builder: &mut FixBuilder<'_, '_, '_>, credential: &str) -> Option<()> {
    let subject = builder.subject;
    let Fact::Known(_, place) = facts::ask(subject, credential) else { return None };
    match proposal(subject)? {
        LoginProposal::Command(login) => other_command(builder, login),
        LoginProposal::Variables(variables) => with_variables(builder, variables, credential, place),
        LoginProposal::Step(login, step) => with_step(builder, (login, step), credential, place),
        LoginProposal::None => None,
    }
}

/// Adds variables to the step of the upload, the first in place of a variable with the token.
fn with_variables(
    builder: &mut FixBuilder<'_, '_, '_>,
    variables: &BTreeMap<String, String>,
    credential: &str,
    place: Place,
) -> Option<()> {
    let environment = [step_path(builder, builder.subject.upload()?)?, vec![key("env")]].concat();
    let token = builder
        .entry_at(place)
        .filter(|path| path.strip_prefix(environment.as_slice()).is_some_and(|rest| rest.len() == 1));
    for (index, (name, value)) in variables.iter().enumerate() {
        let value = EditValue::Text(builder.text(&MessageTemplate::parse(value))?);
        match token.clone().filter(|_| index == 0) {
            Some(path) => {
                builder.push(place.file, NodeChange::Set { path: path.clone(), value, after: &[] });
                builder.push(place.file, NodeChange::Rename { path, key: name.clone() });
            }
            None => {
                let path = [environment.as_slice(), &[key(name)]].concat();
                builder.push(place.file, NodeChange::Set { path, value, after: &[] });
            }
        }
    }
    if token.is_none() {
        builder.remove(&FixTarget::Fact(credential.to_owned()))?;
    }
    Some(())
}

/// Adds the login step before the first upload, and passes its token to the uploads.
fn with_step(
    builder: &mut FixBuilder<'_, '_, '_>,
    (login, step): (&LoginPattern, &ProposedStep),
    credential: &str,
    place: Place,
) -> Option<()> {
    let subject = builder.subject;
    let workflow = subject.workflow()?;
    let uploads = with_token(subject, credential, place)?;
    let paths: Vec<NodePath> = uploads.iter().map(|upload| step_path(builder, upload)).collect::<Option<_>>()?;
    let token = builder.scalar_at(place).filter(|_| place.file == workflow.file)?;
    let condition = common_condition(builder, &paths, &token)?;
    // A login that the registry's uploads have already is used.
    let earlier =
        uploads.iter().find_map(|upload| upload.site.login.as_ref().filter(|it| std::ptr::eq(it.login, login)));
    let before = match earlier {
        Some(_) => None,
        None => Some(first_step(builder, &token)?),
    };
    if let Some(output) = login.output.as_ref().or(step.output.as_ref()) {
        // A script of the project names its output as it likes.
        if earlier.is_some() && login.output.is_none() {
            return None;
        }
        let known = earlier.and_then(|login| login.resolved.step?.id).map(|id| id.value().to_owned());
        let id = match (known, earlier) {
            (Some(id), _) => id,
            (None, _) => free_id(subject, step.id.as_deref()?)?,
        };
        if let Some(login) = earlier.filter(|login| login.resolved.step.is_some_and(|step| step.id.is_none())) {
            if !login.resolved.frames.is_empty() {
                return None;
            }
            let path = [builder.entry_at(login.resolved.step?.place)?, vec![key("id")]].concat();
            builder.push(workflow.file, NodeChange::Set { path, value: EditValue::Text(id.clone()), after: &["name"] });
        }
        hand_over(builder, &token, &paths, &format!("${{{{ steps.{id}.outputs.{output} }}}}"))?;
        if let Some(before) = before {
            let value = written(builder, (login, step), Some(&id), condition)?;
            builder.push(workflow.file, NodeChange::Insert { path: before, value });
        }
        return Some(());
    }
    if is_outer(&token) && is_read_elsewhere(builder, &token, &paths) {
        return None;
    }
    builder.remove(&FixTarget::Fact(credential.to_owned()))?;
    if let Some(before) = before {
        let value = written(builder, (login, step), step.id.as_deref(), condition)?;
        builder.push(workflow.file, NodeChange::Insert { path: before, value });
    }
    Some(())
}

/// The uploads whose stored token is at a place. `None` if one of them is in another job: the token of a login is valid in its own job only.
fn with_token<'s, 'a, 'p>(
    subject: &Subject<'s, 'a, 'p>,
    credential: &str,
    place: Place,
) -> Option<Vec<&'s Upload<'a, 'p>>> {
    let (workflow, job) = (subject.workflow()?, subject.job()?);
    let mut found = Vec::new();
    for upload in &subject.analysis.uploads {
        let reads_it = upload.runs.iter().any(|run| {
            subject.analysis.with_upload_run(
                upload,
                run,
                |other| matches!(facts::ask(other, credential), Fact::Known(_, other) if other == place),
            )
        });
        if !reads_it {
            continue;
        }
        let own = &upload.site.resolved;
        if own.workflow.file != workflow.file || own.job.index != job.index || !own.frames.is_empty() {
            return None;
        }
        found.push(upload);
    }
    Some(found)
}

/// The path of the step of an upload in its workflow.
fn step_path(builder: &FixBuilder<'_, '_, '_>, upload: &Upload<'_, '_>) -> Option<NodePath> {
    let own = &upload.site.resolved;
    let place = own.step.filter(|_| own.frames.is_empty())?.place;
    builder.entry_at(place).filter(|_| place.file == own.workflow.file)
}

/// The path of the first step of the job that uploads to the registry or contains the token.
fn first_step(builder: &FixBuilder<'_, '_, '_>, token: &[PathSegment]) -> Option<NodePath> {
    let subject = builder.subject;
    let (workflow, job, registry) = (subject.workflow()?, subject.job()?, target(subject)?);
    let steps = [job_path(job), vec![key("steps")]].concat();
    let own = |upload: &&Upload<'_, '_>| {
        let resolved = &upload.site.resolved;
        let same = upload.runs.iter().any(|run| matches!(run.registry(), Some(Ok(other)) if other.id == registry.id));
        same && resolved.workflow.file == workflow.file && resolved.job.index == job.index
    };
    let uploads = subject.analysis.uploads.iter().filter(own);
    let first = uploads.filter_map(|upload| upload.site.resolved.outermost()).map(|step| step.index).min()?;
    let first = match token.strip_prefix(steps.as_slice()) {
        Some([PathSegment::Item(index), ..]) => first.min(*index),
        _ => first,
    };
    Some([steps, vec![PathSegment::Item(first)]].concat())
}

/// The condition under which the login runs: that of the steps that need it, if all have the same one. The outer `None` if they differ.
fn common_condition<'p>(
    builder: &FixBuilder<'_, '_, 'p>,
    uploads: &[NodePath],
    token: &[PathSegment],
) -> Option<Option<&'p str>> {
    let job = builder.subject.job()?;
    let step = uploads.first()?.len();
    let of_token = token.get(..step).filter(|_| !is_outer(token));
    let mut conditions = Vec::new();
    for path in uploads.iter().map(NodePath::as_slice).chain(of_token) {
        let Some(PathSegment::Item(index)) = path.last() else { return None };
        let condition = job.steps.iter().find(|step| step.index == *index)?.condition;
        conditions.push(condition.map(|condition| condition.value()));
    }
    let first = *conditions.first()?;
    if conditions.contains(&None) {
        return Some(None);
    }
    conditions.iter().all(|other| *other == first).then_some(first)
}

/// An id that no step of the job has.
fn free_id(subject: &Subject<'_, '_, '_>, proposed: &str) -> Option<String> {
    let job = subject.job()?;
    let used = |id: &str| job.steps.iter().any(|step| step.id.is_some_and(|own| own.value().eq_ignore_ascii_case(id)));
    let numbered = (2..=job.steps.len() + 2).map(|number| format!("{proposed}-{number}"));
    std::iter::once(proposed.to_owned()).chain(numbered).find(|id| !used(id))
}

/// Replaces the stored token by an expression. A token in `env` of the job or of the workflow becomes a variable of each uploading step.
fn hand_over(
    builder: &mut FixBuilder<'_, '_, '_>,
    token: &[PathSegment],
    uploads: &[NodePath],
    expression: &str,
) -> Option<()> {
    let file = builder.subject.workflow()?.file;
    let text = builder.node(file, token)?.text()?;
    let range = secret_in(text)?;
    if !is_outer(token) {
        builder.push(file, NodeChange::Within { path: token.to_vec(), range, text: expression.to_owned() });
        return Some(());
    }
    let mut value = text.to_owned();
    value.replace_range(range, expression);
    for step in uploads {
        let path = [step.as_slice(), &[key("env"), token.last()?.clone()]].concat();
        builder.push(file, NodeChange::Set { path, value: EditValue::Text(value.clone()), after: &[] });
    }
    if !is_read_elsewhere(builder, token, uploads) {
        builder.push(file, NodeChange::Remove { path: token.to_vec(), keep: false });
    }
    Some(())
}

/// Whether a path is a variable of the job or of the workflow.
fn is_outer(path: &[PathSegment]) -> bool {
    !path.iter().any(|part| matches!(part, PathSegment::Item(_)))
}

/// Whether the workflow names a variable outside its entry and the uploading steps.
fn is_read_elsewhere(builder: &FixBuilder<'_, '_, '_>, variable: &[PathSegment], uploads: &[NodePath]) -> bool {
    let Some(workflow) = builder.subject.workflow() else { return true };
    let Some(PathSegment::Key(name)) = variable.last() else { return true };
    let count = |text: &str| text.matches(name.as_str()).count();
    let within =
        |path: &NodePath| builder.node(workflow.file, path).map_or(0, |node| count(workflow.source.slice(node.span())));
    // The entry itself has the name as its key, and may have it in the name of the secret.
    let entry = 1 + within(&variable.to_vec());
    count(workflow.source.text()) > entry + uploads.iter().map(within).sum::<usize>()
}

/// The only expression of a text that reads secrets.
fn secret_in(text: &str) -> Option<Range<usize>> {
    let mut found = None;
    let mut from = 0;
    while let Some(start) = text.get(from..)?.find("${{").map(|at| from + at) {
        let end = start + text.get(start..)?.find("}}")? + 2;
        let paths = reads(text.get(start..end)?)?;
        if paths.iter().any(|path| path.to_lowercase().starts_with("secrets.")) && found.replace(start..end).is_some() {
            return None;
        }
        from = end;
    }
    found
}

/// A step as a value, with its facts filled in.
fn written(
    builder: &FixBuilder<'_, '_, '_>,
    (login, step): (&LoginPattern, &ProposedStep),
    id: Option<&str>,
    condition: Option<&str>,
) -> Option<EditValue> {
    // The image of a container may lack the programs of the script.
    if step.run.is_some() && builder.subject.job()?.container {
        return None;
    }
    let text = |text: &String| EditValue::Text(text.clone());
    let filled = |map: &BTreeMap<String, String>| {
        let pairs = map
            .iter()
            .map(|(name, value)| Some((name.clone(), EditValue::Text(builder.text(&MessageTemplate::parse(value))?))));
        pairs.collect::<Option<Vec<_>>>().map(EditValue::Mapping)
    };
    let mut entries: Vec<(String, EditValue)> = Vec::new();
    let mut add = |name: &str, value: Option<EditValue>| {
        entries.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("name", step.name.as_ref().map(text));
    add("id", id.map(|id| EditValue::Text(id.to_owned())));
    add("if", condition.map(|condition| EditValue::Text(condition.to_owned())));
    add("uses", step.uses.as_ref().map(|uses| EditValue::Text(pinned(builder, login, uses))));
    for (name, map) in [("with", &step.with), ("env", &step.env)] {
        if !map.is_empty() {
            add(name, Some(filled(map)?));
        }
    }
    add("shell", step.run.as_ref().map(|_| EditValue::Text("bash".to_owned())));
    add("run", step.run.as_ref().map(text));
    Some(EditValue::Mapping(entries))
}

/// The action of a step with its ref; at a commit if the workflow has every other action at one, since its repository may require that.
fn pinned(builder: &FixBuilder<'_, '_, '_>, login: &LoginPattern, uses: &str) -> String {
    let jobs = builder.subject.workflow().into_iter().flat_map(|workflow| &workflow.jobs);
    let used = jobs.flat_map(|job| &job.steps).filter_map(|step| step.uses).map(|uses| uses.value());
    let mut refs = used.filter(|uses| !uses.starts_with(['.', '$'])).filter_map(version::reference).peekable();
    let all = refs.peek().is_some() && refs.all(version::is_commit);
    let commits = login.refs.commits.iter().filter_map(|(commit, name)| Some((Version::parse(name)?, commit)));
    let newest = commits.reduce(|newest, other| if newest.0.is_before(&other.0) { other } else { newest });
    match (newest.filter(|_| all), uses.split_once('@')) {
        (Some((_, commit)), Some((name, _))) => format!("{name}@{commit}"),
        _ => uses.to_owned(),
    }
}

/// Replaces the arguments of the client's login command by those of another login.
fn other_command(builder: &mut FixBuilder<'_, '_, '_>, login: &LoginPattern) -> Option<()> {
    let kept = builder.subject.upload()?.site.login.as_ref()?;
    let old: Vec<&str> = kept.login.command.as_deref()?.split_whitespace().collect();
    let new: Vec<&str> = login.command.as_deref()?.split_whitespace().collect();
    let common = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let resolved = Some(&kept.resolved).filter(|it| it.frames.is_empty() && it.calls.is_empty())?;
    let command = resolved.command.as_ref()?;
    let last = *old.get(common.checked_sub(1)?)?;
    let at = command.words.iter().position(|word| word.text().as_deref() == Some(last))? + 1;
    let range = command.words.get(at)?.span.start..command.words.last()?.span.end;
    let file = resolved.workflow.file;
    let step = builder.entry_at(resolved.step?.place)?;
    remove_variable(builder, kept, &step, &range);
    let path = [step, vec![key("run")]].concat();
    builder.push(file, NodeChange::Within { path, range, text: new.get(common..)?.join(" ") });
    Some(())
}

/// Removes the command of the client's login, if that is at the place of a fact. Its step goes too if it has no other command.
pub(super) fn remove_command(builder: &mut FixBuilder<'_, '_, '_>, target: &FixTarget) -> Option<()> {
    let subject = builder.subject;
    let FixTarget::Fact(name) = target else { return None };
    let Fact::Known(_, place) = facts::ask(subject, name) else { return None };
    let kept = subject.upload()?.site.login.as_ref().filter(|it| it.login.keeps && it.resolved.place() == place)?;
    let resolved = Some(&kept.resolved).filter(|it| it.frames.is_empty() && it.calls.is_empty())?;
    let (command, script) = (resolved.command.as_ref()?, resolved.script()?.value());
    let file = resolved.workflow.file;
    let step = builder.entry_at(resolved.step?.place)?;
    if resolved.commands(&subject.analysis.data.github).len() == 1 {
        builder.push(file, NodeChange::Remove { path: step, keep: false });
        return Some(());
    }
    let (before, after) = (script.get(..command.span.start)?, script.get(command.span.end..)?);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = command.span.end + after.find('\n').map_or(after.len(), |at| at + 1);
    let alone = before.get(start..)?.trim().is_empty() && script.get(command.span.end..end)?.trim().is_empty();
    let range = alone.then_some(start..end)?;
    remove_variable(builder, kept, &step, &range);
    builder.push(file, NodeChange::Within { path: [step, vec![key("run")]].concat(), range, text: String::new() });
    Some(())
}

/// Removes the variable of a login's step that has its token, if only a part of the script reads it.
fn remove_variable(
    builder: &mut FixBuilder<'_, '_, '_>,
    login: &LoginStep<'_, '_>,
    step: &NodePath,
    part: &Range<usize>,
) -> Option<()> {
    let (_, SlotValue::Text(_, place)) = login.resolved.first(&login.login.tokens)? else { return None };
    let path = builder.entry_at(place).filter(|path| path.starts_with(step))?;
    let [.., PathSegment::Key(env), PathSegment::Key(name)] = path.as_slice() else { return None };
    let script = login.resolved.script()?.value();
    let count = |text: &str| text.matches(name.as_str()).count();
    if env == "env" && count(script) == count(script.get(part.clone())?) {
        builder.push(login.resolved.workflow.file, NodeChange::Remove { path, keep: false });
    }
    Some(())
}
