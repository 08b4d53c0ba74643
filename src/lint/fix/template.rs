//! Turns a fix template and a subject into changes of files. `verify` tests them.

use crate::lint::facts::manifest::checkout_history;
use crate::lint::facts::oidc::oidc_use;
use crate::lint::facts::{self, Fact};
use crate::lint::fix::{FixAction, FixTarget, FixTemplate, command_edit, login_step};
use crate::lint::ignores::{self, Ignore};
use crate::lint::rules::{FactCondition, MessageTemplate};
use crate::lint::subjects::{Item, Subject};
use crate::read::edit::{EditValue, NodeChange, NodePath, PathSegment};
use crate::read::project::ProjectFile;
use crate::read::source::{FileId, Place, Span};
use crate::read::yaml::Node;
use crate::workflow::model::{Grant, Job, action};

/// The changes that a fix template makes for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntestedFix {
    /// What it does.
    pub title: String,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// The changes, each with its file.
    pub changes: Vec<(FileId, NodeChange)>,
}

/// Fills in a fix template; `None` if it does not apply, or if something that it changes does not exist.
#[must_use]
pub(crate) fn fill_in(template: &FixTemplate, subject: &Subject<'_, '_, '_>) -> Option<UntestedFix> {
    let holds = |condition: &FactCondition| condition.holds(&condition.fact.ask(subject)) == Some(true);
    if !template.when.iter().all(holds) {
        return None;
    }
    let mut builder = FixBuilder { subject, changes: Vec::new(), added: Vec::new() };
    for action in &template.actions {
        builder.action(action)?;
    }
    let mut title = template.title.render(|name| facts::ask(subject, name))?;
    if !builder.added.is_empty() {
        let added: Vec<_> = builder.added.iter().map(|(scope, level)| format!("`{scope}: {level}`")).collect();
        title.push_str(&format!(
            "; the new block replaces the repository's default, of which it keeps {}",
            added.join(", ")
        ));
    }
    Some(UntestedFix { title, safe: template.safe && builder.added.is_empty(), changes: builder.changes })
}

/// Collects the changes of a fix.
pub(super) struct FixBuilder<'x, 'a, 'p> {
    pub(super) subject: &'x Subject<'x, 'a, 'p>,
    changes: Vec<(FileId, NodeChange)>,
    /// Scopes that a new block grants because they are the usual default.
    added: Vec<(String, String)>,
}

impl<'x, 'a, 'p> FixBuilder<'x, 'a, 'p> {
    fn action(&mut self, action: &FixAction) -> Option<()> {
        match action {
            FixAction::Set(target, value) => {
                let value = self.text(value)?;
                self.set(target, value)
            }
            FixAction::Remove(target) => self.remove(target),
            FixAction::Rename(FixTarget::Ignore, name) => {
                let (name, place) = (self.text(name)?, self.subject.ignore()?.place);
                self.comment_at(place)?;
                self.push(place.file, NodeChange::Comment { span: place.span, text: name });
                Some(())
            }
            FixAction::Rename(target, name) => {
                let key = self.text(name)?;
                let (file, path) = self.path(target)?;
                self.push(file, NodeChange::Rename { path, key });
                Some(())
            }
            FixAction::Repin(target, reference) => self.repin(target, &self.text(reference)?),
            FixAction::LogIn(credential) => login_step::log_in(self, credential),
        }
    }

    pub(super) fn push(&mut self, file: FileId, change: NodeChange) {
        self.changes.push((file, change));
    }

    /// A value to write. Empty values, expressions and control characters are refused, because values may come from an untrusted file.
    pub(super) fn text(&self, template: &MessageTemplate) -> Option<String> {
        let mut has_all = true;
        let text = template.render(|name| {
            let fact = facts::ask(self.subject, name);
            has_all &= !matches!(fact, Fact::Known(None, _));
            fact
        });
        let text = text.filter(|_| has_all)?;
        let sound = !text.is_empty() && !text.contains("${{") && !text.chars().any(char::is_control);
        sound.then_some(text)
    }

    fn set(&mut self, target: &FixTarget, text: String) -> Option<()> {
        match target {
            FixTarget::JobScope(scope) => {
                let scope = self.text(scope)?;
                self.grant(self.subject.job()?, &scope, &text)
            }
            FixTarget::OidcJobsScope(scope) => {
                let scope = self.text(scope)?;
                let workflow = self.subject.workflow()?;
                for job in workflow.jobs.iter().filter(|job| job.permissions.is_none()) {
                    let of_job = Subject::new(self.subject.analysis, Item::Job(workflow, job));
                    let idle = matches!(oidc_use(&of_job, ""), Some(Fact::Known(Some(word), _)) if word == "none");
                    if !idle {
                        self.grant(job, &scope, &text)?;
                    }
                }
                Some(())
            }
            _ => {
                let (file, path) = self.path(target)?;
                // An expression chooses between values; a fixed value would remove the choice.
                let chosen = self.node(file, &path).and_then(Node::text).is_some_and(|text| text.contains("${{"));
                if chosen {
                    return None;
                }
                let input = matches!(target, FixTarget::Input(_) | FixTarget::CheckoutInput(_));
                let number = input && text.bytes().all(|byte| byte.is_ascii_digit());
                let value = if number { EditValue::Number(text) } else { EditValue::Text(text) };
                let after: &[&str] = if matches!(target, FixTarget::Environment) { &["uses", "runs-on"] } else { &[] };
                self.push(file, NodeChange::Set { path, value, after });
                Some(())
            }
        }
    }

    /// Grants a scope to a job. A new block would revoke everything that the job holds without one, so it repeats that.
    fn grant(&mut self, job: &Job<'p>, scope: &str, level: &str) -> Option<()> {
        const AFTER: &[&str] = &["uses", "runs-on", "environment"];
        let workflow = self.subject.workflow()?;
        let mut path = job_path(job);
        path.push(key("permissions"));
        let text = |text: &str| EditValue::Text(text.to_owned());
        let mut held: Vec<(String, EditValue)> = match (&job.permissions, &workflow.permissions) {
            (Some(block), _) => {
                let Grant::Scopes(_) = block.grant else { return None };
                path.push(key(scope));
                self.push(workflow.file, NodeChange::Set { path, value: text(level), after: &[] });
                return Some(());
            }
            (None, Some(block)) => {
                let Grant::Scopes(entries) = &block.grant else { return None };
                entries.iter().map(|pair| (pair.key.value().to_owned(), text(pair.value.value()))).collect()
            }
            (None, None) => {
                let kept = &self.subject.analysis.data.github.permissions.kept;
                self.added.extend(kept.iter().filter(|(name, _)| *name != scope).map(|(k, v)| (k.clone(), v.clone())));
                kept.iter().map(|(name, level)| (name.clone(), text(level))).collect()
            }
        };
        match held.iter_mut().find(|(name, _)| name == scope) {
            Some((_, value)) => *value = text(level),
            None => held.push((scope.to_owned(), text(level))),
        }
        self.push(workflow.file, NodeChange::Set { path, value: EditValue::Mapping(held), after: AFTER });
        Some(())
    }

    pub(super) fn remove(&mut self, target: &FixTarget) -> Option<()> {
        if let (FixTarget::Ignore, Some(&Ignore { place, .. })) = (target, self.subject.ignore())
            && let Some(comment) = self.comment_at(place)
        {
            let source = self.subject.analysis.project.source(place.file)?;
            // If the comment names several rules, only the one is removed, else the whole comment.
            let span = ignores::without(source, comment, place.span).unwrap_or(comment);
            self.push(place.file, NodeChange::Comment { span, text: String::new() });
            return Some(());
        }
        if let Some((file, change, variable)) = self.without_flag(target) {
            self.push(file, change);
            if let Some(path) = variable {
                self.push(file, NodeChange::Remove { path, keep: false });
            }
            return Some(());
        }
        if login_step::remove_command(self, target).is_some() {
            return Some(());
        }
        let (file, path) = self.path(target)?;
        // Without its key a `permissions` block would grant the repository's default instead of nothing.
        let keep = matches!(target, FixTarget::JobScope(_) | FixTarget::WorkflowScope(_));
        self.push(file, NodeChange::Remove { path, keep });
        Some(())
    }

    /// The upload's script without the flag at the place of a fact, or without the flag whose value is there. If the value is a variable at
    /// that place, also the path of the variable.
    fn without_flag(&self, target: &FixTarget) -> Option<(FileId, NodeChange, Option<NodePath>)> {
        let FixTarget::Fact(name) = target else { return None };
        let Fact::Known(_, place) = facts::ask(self.subject, name) else { return None };
        let site = &self.subject.upload()?.site;
        let client = Some(&site.resolved).filter(|client| client.arguments.is_none() && client.calls.is_empty())?;
        let (command, run) = (client.command.as_ref()?, client.script()?);
        let (file, path) = self.in_step(&["run"])?;
        let valued: Vec<&str> = site.pattern?.tokens.iter().flat_map(|slot| &slot.flags).map(String::as_str).collect();
        let removed = |range| NodeChange::Within { path: path.clone(), range, text: String::new() };
        if let Some(range) = command_edit::without_flag(command, run, place, &valued) {
            return Some((file, removed(range), None));
        }
        let entry = self.entry_at(place).filter(|_| place.file == file)?;
        let variable = match entry.as_slice() {
            [steps @ .., PathSegment::Key(env), PathSegment::Key(name)] if env == "env" && path.starts_with(steps) => {
                name
            }
            _ => return None,
        };
        let range = command_edit::without_variable(command, run, variable, &valued)?;
        Some((file, removed(range), Some(entry)))
    }

    fn repin(&mut self, target: &FixTarget, reference: &str) -> Option<()> {
        let uses = self.subject.step()?.uses.filter(|_| matches!(target, FixTarget::Uses))?;
        let written = uses.value();
        let from = action(written).len() + 1;
        let old = written.get(from..).filter(|old| !old.is_empty())?;
        // A pinned commit is never replaced by a ref that can move.
        let pinned = old.len() == 40 && old.bytes().all(|byte| byte.is_ascii_hexdigit());
        let sound = reference.chars().all(|letter| letter.is_ascii_alphanumeric() || "._/-".contains(letter));
        if pinned || !sound || old == reference {
            return None;
        }
        let (file, path) = self.path(target)?;
        self.push(file, NodeChange::Within { path, range: from..written.len(), text: reference.to_owned() });
        Some(())
    }

    /// The path of a target in its file.
    fn path(&self, target: &FixTarget) -> Option<(FileId, NodePath)> {
        match target {
            FixTarget::JobScope(scope) => {
                let mut path = job_path(self.subject.job()?);
                path.extend([key("permissions"), key(&self.text(scope)?)]);
                Some((self.subject.workflow()?.file, path))
            }
            FixTarget::WorkflowScope(scope) => {
                Some((self.subject.workflow()?.file, vec![key("permissions"), key(&self.text(scope)?)]))
            }
            FixTarget::OidcJobsScope(_) => None,
            FixTarget::Environment => self.environment(),
            FixTarget::Step => self.in_step(&[]),
            FixTarget::Input(name) => self.in_step(&["with", &self.text(name)?]),
            FixTarget::Variable(name) => self.in_step(&["env", &self.text(name)?]),
            FixTarget::Uses => self.in_step(&["uses"]),
            FixTarget::CheckoutInput(name) => {
                let Some(Fact::Known(_, place)) = checkout_history(self.subject, "") else { return None };
                let mut path = self.entry_at(place)?;
                path.truncate(path.iter().rposition(|part| matches!(part, PathSegment::Item(_)))? + 1);
                path.extend([key("with"), key(&self.text(name)?)]);
                Some((place.file, path))
            }
            FixTarget::Publisher => self.item("publishers", self.subject.publisher()?.place),
            FixTarget::Field(name) => {
                let (file, mut path) = self.item("publishers", self.subject.publisher()?.place)?;
                path.push(key(&self.text(name)?));
                Some((file, path))
            }
            FixTarget::Ignore => self.item("ignore", self.subject.ignore()?.place),
            FixTarget::Fact(name) => match facts::ask(self.subject, name) {
                Fact::Known(_, place) => Some((place.file, self.entry_at(place)?)),
                Fact::Unknown(_) => None,
            },
        }
    }

    /// A path inside the step. The step may belong to a local action, so it is found by its place.
    fn in_step(&self, names: &[&str]) -> Option<(FileId, NodePath)> {
        let place = self.subject.step()?.place;
        let mut path = self.entry_at(place)?;
        path.extend(names.iter().map(|name| key(name)));
        Some((place.file, path))
    }

    /// The node at a path.
    pub(super) fn node(&self, file: FileId, path: &[PathSegment]) -> Option<Node<'x>> {
        path.iter().try_fold(self.document(file)?.tree.root()?, |node, part| match part {
            PathSegment::Key(key) => node.get(key),
            PathSegment::Item(index) => node.items().nth(*index),
        })
    }

    fn document(&self, file: FileId) -> Option<&'x ProjectFile> {
        self.subject.analysis.project.document(file).map(|(document, _)| document)
    }

    /// The comment that contains a place.
    fn comment_at(&self, place: Place) -> Option<Span> {
        let mut comments = self.document(place.file)?.tree.comments().iter().map(|comment| comment.span);
        comments.find(|span| span.contains(place.span))
    }

    /// The path of the environment's name, which is the value itself or its `name` key.
    fn environment(&self) -> Option<(FileId, NodePath)> {
        let file = self.subject.workflow()?.file;
        let mut path = job_path(self.subject.job()?);
        path.push(key("environment"));
        let root = self.document(file)?.tree.root()?;
        let jobs = root.get("jobs")?.get(self.subject.job()?.id.value())?;
        if jobs.get("environment").is_some_and(Node::is_mapping) {
            path.push(key("name"));
        }
        Some((file, path))
    }

    /// The item of a list in the config that begins at a place.
    fn item(&self, list: &str, place: Place) -> Option<(FileId, NodePath)> {
        let items = self.document(place.file)?.tree.root()?.get(list)?.items();
        let begins = |item: Node<'_>| item.entries().next().is_some_and(|entry| entry.key.span() == place.span);
        let index = items.enumerate().find(|(_, item)| begins(*item)).map(|(index, _)| index)?;
        Some((place.file, vec![key(list), PathSegment::Item(index)]))
    }

    /// The path of the scalar that contains a place.
    pub(super) fn scalar_at(&self, place: Place) -> Option<NodePath> {
        let mut node = self.document(place.file)?.tree.root()?;
        let mut path = NodePath::new();
        while !node.is_scalar() {
            let (part, next, _) = step_to(node, place.span)?;
            path.push(part);
            node = next;
        }
        Some(path)
    }

    /// The path of the item at a place, or of the entry whose key, value or whole is at that place.
    pub(super) fn entry_at(&self, place: Place) -> Option<NodePath> {
        let mut node = self.document(place.file)?.tree.root()?;
        let mut path = NodePath::new();
        loop {
            let (part, next, found) = step_to(node, place.span)?;
            path.push(part);
            if found {
                return Some(path);
            }
            node = next;
        }
    }
}

/// The child that contains a span, and whether it is exactly at that span.
fn step_to<'t>(node: Node<'t>, span: Span) -> Option<(PathSegment, Node<'t>, bool)> {
    for entry in node.entries() {
        let value = entry.value.alias_span().unwrap_or_else(|| entry.value.span());
        let found = [entry.key.span(), value, entry.span()].contains(&span);
        if found || value.contains(span) {
            return Some((key(entry.key.text()?), entry.value, found));
        }
    }
    let (index, item) = node.items().enumerate().find(|(_, item)| item.span().contains(span))?;
    Some((PathSegment::Item(index), item, item.span() == span))
}

pub(super) fn key(name: &str) -> PathSegment {
    PathSegment::Key(name.to_owned())
}

pub(super) fn job_path(job: &Job<'_>) -> NodePath {
    vec![key("jobs"), key(job.id.value())]
}
