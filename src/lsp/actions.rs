//! Code actions: fixes, ignores, the config entry of a publisher, and the form of its registry.

use std::path::Path;

use gen_lsp_types::{
    CodeAction, CodeActionKind, CreateFile, DocumentChange, Edit, Position, Range, TextEdit, WorkspaceEdit,
};
use serde_json::json;

use crate::lint::explain::proposal::{Proposal, proposals};
use crate::lint::explain::{ExplainedUpload, ExplainedValue, explain_uploads};
use crate::lint::findings::{Finding, Fix, FixEdit};
use crate::lint::fix::apply::apply_fixes;
use crate::lint::fix::verify::{applied, removes};
use crate::lint::subjects::SubjectKind;
use crate::lsp::commands;
use crate::lsp::view::{View, command, document_changes, uri_of};
use crate::read::config::Config;
use crate::read::edit;
use crate::read::project::CONFIGS;
use crate::read::project::Project;
use crate::read::source::{FileId, Place, Span};
use crate::report::explain::ExplainPage;
use crate::report::init;

/// The kind of the action that applies all safe fixes.
const FIX_ALL: &str = "source.fixAll.trustpub";

/// Each offered ignore costs a check of the project, because it is verified.
const MOST_IGNORES: usize = 10;

/// Selected in the editor, so that the user types over it.
const REASON: &str = "FILL IN: why this is not a fault";

/// Which kinds of actions a client asks for.
pub(crate) struct WantedKinds(Option<Vec<String>>);

impl WantedKinds {
    pub(crate) fn new(only: Option<&[CodeActionKind]>) -> Self {
        Self(only.map(|only| only.iter().map(ToString::to_string).collect()))
    }

    /// A kind includes the kinds below it: `source` is also `source.fixAll`.
    fn has(&self, kind: &str) -> bool {
        let includes = |only: &String| {
            only.is_empty()
                || kind == only
                || kind.strip_prefix(only.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        self.0.as_ref().is_none_or(|only| only.iter().any(includes))
    }
}

impl View<'_> {
    /// The actions for a range of a file.
    pub(crate) fn actions(&self, path: &Path, range: Range, kinds: &WantedKinds) -> Vec<CodeAction> {
        let Some(file) = self.repository.file(path) else { return Vec::new() };
        let Some(id) = self.repository.project.file(file.path()) else { return Vec::new() };
        let lines = |span: Span| (file.line_at(span.start), file.line_at(span.end));
        let (first, last) = lines(self.span(file, range));
        let touches = |span: Span| {
            let (start, end) = lines(span);
            start <= last && first <= end
        };
        let report = self.repository.offered();
        let in_file = || report.findings.iter().filter(|finding| finding.primary.place.file == id);
        let mut actions = Vec::new();
        if kinds.has("quickfix") {
            let here: Vec<&Finding> = in_file().filter(|finding| touches(finding.primary.place.span)).collect();
            actions
                .extend(here.iter().flat_map(|finding| finding.fixes.iter().filter_map(|fix| self.fix(finding, fix))));
            actions.extend(here.iter().take(MOST_IGNORES).filter_map(|finding| self.ignore(finding)));
            actions.extend(self.declarations(id, &touches));
        }
        if kinds.has(FIX_ALL) && in_file().any(|finding| finding.fixes.iter().any(|fix| is_safe_in(fix, id))) {
            actions.extend(self.fix_all(id));
        }
        actions
    }

    fn fix(&self, finding: &Finding, fix: &Fix) -> Option<CodeAction> {
        let title =
            if fix.safe { fix.title.clone() } else { format!("{} (changes what the workflow does)", fix.title) };
        Some(CodeAction {
            diagnostics: Some(vec![self.diagnostic(finding)?]),
            is_preferred: Some(fix.safe),
            ..action(title, CodeActionKind::QuickFix, self.edit(&fix.edits)?)
        })
    }

    /// All safe fixes of a file at once.
    fn fix_all(&self, file: FileId) -> Option<CodeAction> {
        let repository = self.repository;
        let safe = |_: &_, finding: &Finding, fix: &Fix| finding.primary.place.file == file && is_safe_in(fix, file);
        let fixed = apply_fixes(&repository.project, &repository.rules, repository.today, safe);
        let (old, new) = (repository.project.source(file)?.text(), fixed.project.source(file)?.text());
        let edit = difference(old, new)?;
        let edits = [FixEdit { place: Place { file, span: edit.span }, text: edit.text }];
        let kind = CodeActionKind::Custom(FIX_ALL.into());
        Some(action("Apply all safe fixes of trustpub".to_owned(), kind, self.edit(&edits)?))
    }

    /// A comment that hides a finding. It is verified, because a comment inside a script or a quoted text hides nothing.
    fn ignore(&self, finding: &Finding) -> Option<CodeAction> {
        let repository = self.repository;
        let rule = repository.rules.rules.iter().find(|rule| rule.code == finding.code)?;
        if rule.kind == SubjectKind::Ignore {
            return None;
        }
        let place = finding.primary.place;
        let source = self.source(place)?;
        // A file that GitHub cannot read is no less broken where a comment hides it.
        let (document, _) = repository.project.document(place.file).filter(|(it, _)| it.tree.errors().is_empty())?;
        let in_script = document.tree.block_scalars().find(|span| span.contains(place.span));
        let line = source.line_span(source.line_at(in_script.unwrap_or(place.span).start));
        let text = source.slice(line);
        let indent = &text[..text.len() - text.trim_start().len()];
        let end = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
        let comment = format!("# trustpub: ignore[{}] ", finding.name);
        let above = (Span::at(line.start), format!("{indent}{comment}"), end);
        let behind = (Span::at(line.end), format!(" {comment}"), "");
        let (span, before, after) = [above, behind].into_iter().find(|(span, before, after)| {
            let text = format!("{before}{REASON}{after}");
            let edit = FixEdit { place: Place { file: place.file, span: *span }, text };
            removes(&repository.project, &repository.rules, repository.today, (repository.offered(), finding), &[edit])
        })?;
        let edit = self.insertion(Place { file: place.file, span }, &before, REASON, after)?;
        let title = format!("Ignore `{}` here, with a reason", finding.name);
        let diagnostics = Some(vec![self.diagnostic(finding)?]);
        Some(CodeAction { diagnostics, ..action(title, CodeActionKind::QuickFix, edit) })
    }

    /// For the uploads of the jobs at a range: the entry of the config that declares their publisher, and the registry's form.
    fn declarations(&self, id: FileId, touches: &dyn Fn(Span) -> bool) -> Vec<CodeAction> {
        let repository = self.repository;
        let Some((document, _)) = repository.project.document(id) else { return Vec::new() };
        let jobs = document.tree.root().and_then(|root| root.get("jobs"));
        let jobs: Vec<&str> = jobs
            .iter()
            .flat_map(|jobs| jobs.entries())
            .filter(|job| touches(job.span()))
            .filter_map(|job| job.key.text())
            .collect();
        if jobs.is_empty() {
            return Vec::new();
        }
        repository.analyse(|analysis| {
            let mut uploads = explain_uploads(analysis, &repository.rules);
            uploads.retain(|upload| upload.workflow == id && jobs.contains(&upload.job.as_str()));
            let mut actions = Vec::new();
            let undeclared =
                uploads.iter().any(|it| it.runs.iter().any(|run| run.record.is_none() && run.form.is_some()));
            let page = ExplainPage {
                files: &repository.project.files,
                prefix: "",
                repository: analysis.repository,
                uploads: &uploads,
            };
            if undeclared {
                for proposal in proposals(&uploads).iter().filter(|proposal| proposal.open.is_none()) {
                    let values = proposal.lines.iter().filter_map(|line| match proposal.value(line) {
                        ExplainedValue::Known(value) => Some(format!("`{value}`")),
                        ExplainedValue::Each(_) | ExplainedValue::Absent | ExplainedValue::Unknown(_) => None,
                    });
                    let values = values.collect::<Vec<_>>().join(", ");
                    let title = format!("Declare the publisher {values} at {} in the config", proposal.registry.name);
                    let edit = match &repository.project.config {
                        Some(config) => self.declare(config.file, &page, proposal),
                        None => self.new_config(&init::config(
                            &page,
                            init::repository(analysis),
                            &[],
                            std::slice::from_ref(proposal),
                        )),
                    };
                    actions.extend(edit.map(|edit| action(title, CodeActionKind::QuickFix, edit)));
                }
            }
            actions.extend(self.forms(&uploads));
            actions
        })
    }

    /// Opens the forms of the registries in the browser.
    fn forms(&self, uploads: &[ExplainedUpload<'_>]) -> Vec<CodeAction> {
        let mut actions: Vec<CodeAction> = Vec::new();
        if !self.client.shows_documents {
            return actions;
        }
        for run in uploads.iter().flat_map(|upload| &upload.runs) {
            let (Ok(registry), Some(form)) = (&run.registry, &run.form) else { continue };
            let address = form.link.as_deref().or(form.pending).filter(|address| address.starts_with("https://"));
            let title = format!("Open the form of {}", registry.name);
            if let Some(address) = address.filter(|_| actions.iter().all(|known| known.title != title)) {
                let command = Some(command(&title, commands::OPEN, vec![json!(address)]));
                actions.push(CodeAction {
                    edit: None,
                    command,
                    ..action(title, CodeActionKind::QuickFix, document_changes(Vec::new()))
                });
            }
        }
        actions
    }

    fn new_config(&self, text: &str) -> Option<WorkspaceEdit> {
        if !self.client.creates_files {
            return None;
        }
        let [name, _] = CONFIGS;
        let path = self.repository.root.join(name);
        let create = CreateFile { uri: uri_of(self.documents, &path), options: None, annotation_id: None };
        let start = Position { line: 0, character: 0 };
        let edit = TextEdit { range: Range { start, end: start }, new_text: text.to_owned() };
        let edit = self.document_edit(&path, vec![Edit::TextEdit(edit)]);
        Some(document_changes(vec![DocumentChange::CreateFile(create), DocumentChange::TextDocumentEdit(edit)]))
    }

    /// Adds a publisher at the end of the list of an existing config; `None` where the result has not one publisher more.
    fn declare(&self, file: FileId, page: &ExplainPage<'_>, proposal: &Proposal<'_>) -> Option<WorkspaceEdit> {
        let project = &self.repository.project;
        let source = project.source(file)?;
        let (document, _) = project.document(file)?;
        let entry = init::publisher(page, proposal);
        let list = document.tree.root().and_then(|root| root.entry("publishers"));
        let items = list.map(|list| list.value.items().collect::<Vec<_>>()).unwrap_or_default();
        let (span, text) = match (list, items.first(), items.last()) {
            (Some(_), Some(first), Some(last)) => {
                let start = source.line_span(source.line_at(first.span().start));
                let line = source.slice(start);
                let indent = &line[..line.len() - line.trim_start().len()];
                let entry: String = entry
                    .lines()
                    .map(|line| format!("\n{indent}{}", line.strip_prefix("  ").unwrap_or(line)))
                    .collect();
                (Span::at(source.line_span(source.line_at(last.span().end.saturating_sub(1))).end), entry)
            }
            (Some(list), ..) => (list.span(), format!("publishers:\n{}", entry.trim_end())),
            (None, ..) => {
                let end = u32::try_from(source.text().len()).ok()?;
                let gap = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { "\n" };
                (Span::at(end), format!("{gap}publishers:\n{entry}"))
            }
        };
        let edits = [FixEdit { place: Place { file, span }, text }];
        let after = applied(project, &edits)?;
        let count = |project: &Project| {
            let (document, _) = project.document(file)?;
            let config = Config::read(file, project.source(file)?, &document.tree);
            Some((config.publishers.len(), config.problems.len()))
        };
        let (before, after) = (count(project)?, count(&after)?);
        (after.0 == before.0 + 1 && after.1 <= before.1).then(|| self.edit(&edits))?
    }
}

fn is_safe_in(fix: &Fix, file: FileId) -> bool {
    fix.safe && fix.edits.iter().all(|edit| edit.place.file == file)
}

fn action(title: String, kind: CodeActionKind, edit: WorkspaceEdit) -> CodeAction {
    CodeAction {
        title,
        kind: Some(kind),
        edit: Some(edit),
        diagnostics: None,
        is_preferred: None,
        disabled: None,
        command: None,
        data: None,
        tags: None,
    }
}

/// The one edit that makes one text another; `None` if they are equal.
fn difference(old: &str, new: &str) -> Option<edit::TextEdit> {
    if old == new {
        return None;
    }
    let start = old.char_indices().zip(new.chars()).find(|((_, left), right)| left != right).map(|((at, _), _)| at);
    let start = start.unwrap_or(old.len().min(new.len()));
    let (left, right) = (&old[start..], &new[start..]);
    let same = left.chars().rev().zip(right.chars().rev()).take_while(|(left, right)| left == right);
    let tail: usize = same.map(|(letter, _)| letter.len_utf8()).sum();
    let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Some(edit::TextEdit {
        span: Span::new(bound(start), bound(old.len() - tail)),
        text: right[..right.len() - tail].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_makes_one_text_the_other() {
        for (old, new) in [
            ("abc", "axc"),
            ("é🚀", "é"),
            ("aa", "aaa"),
            ("", "x"),
            ("x", ""),
            ("ab\ncd", "ab\nef\ncd"),
            ("🚀x", "🎉x"),
        ] {
            let edit = difference(old, new).unwrap();
            assert_eq!(edit::apply(old, &[edit]), new);
        }
        assert!(difference("a", "a").is_none());
    }
}
