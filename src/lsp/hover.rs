//! Hover: what the registry answers to an upload, who needs a permission, what a field of the config is compared with, and what a fact
//! of a rule file means.

use std::path::Path;

use gen_lsp_types::{Contents, Hover, MarkupContent, MarkupKind, Position, Range};

use crate::lint::analysis::Analysis;
use crate::lint::explain::explain_uploads;
use crate::lint::facts;
use crate::lint::rules::set::RuleSet;
use crate::lsp::open_document::Document;
use crate::lsp::position;
use crate::lsp::view::View;
use crate::read::source::{ColumnUnit, FileId, Place, SourceFile, Span};
use crate::read::yaml::Node;
use crate::report::explain::{ExplainPage, markdown};
use crate::report::markdown::{inline, plain};
use crate::trust::needs::permission_check::permission_checks;
use crate::trust::registry::{Comparison, FormField};
use crate::workflow::model::{Grant, Permissions};

impl View<'_> {
    /// What is known of a position in a file of the project.
    pub(crate) fn hover(&self, path: &Path, at: Position) -> Option<Hover> {
        let file = self.repository.file(path)?;
        let id = self.repository.project.file(file.path())?;
        let at = Span::at(self.offset(file, at));
        let is_config = self.repository.project.config.as_ref().is_some_and(|config| config.file == id);
        let (text, span) = self.repository.analyse(|analysis| {
            if is_config {
                return self.config_field(analysis, id, at);
            }
            permission(analysis, &self.repository.rules, id, at).or_else(|| self.upload(analysis, id, at))
        })?;
        Some(self.card(text, Some(position::range(file, span, self.client.unit))))
    }

    fn card(&self, markdown: String, range: Option<Range>) -> Hover {
        let content = if self.client.markdown_hover {
            MarkupContent { kind: MarkupKind::Markdown, value: markdown }
        } else {
            MarkupContent { kind: MarkupKind::PlainText, value: plain(&markdown) }
        };
        Hover { contents: Contents::MarkupContent(content), range }
    }

    /// A fact under the cursor in a rule file, which is no file of the project.
    pub(crate) fn fact_hover(&self, document: &Document, at: Position) -> Option<Hover> {
        let (word, span) = word_at(&document.source, at, self.client.unit)?;
        let (fact, part) = facts::spec(word)?;
        let values = match fact.values.listed() {
            Some(list) => list.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
            None => "any text".to_owned(),
        };
        let kinds: Vec<String> = fact.kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
        let part = if part.is_empty() { String::new() } else { format!(" (here `{part}`)") };
        let text =
            format!("**`{}`**{part}: {}\n\n- values: {values}\n- of: {}\n", fact.name, fact.doc, kinds.join(", "));
        Some(self.card(text, Some(position::range(&document.source, span, self.client.unit))))
    }

    /// The upload step at an offset, with what its registry sees and answers.
    fn upload(&self, analysis: &Analysis<'_, '_>, file: FileId, at: Span) -> Option<(String, Span)> {
        let mut uploads = explain_uploads(analysis, &self.repository.rules);
        let root = self.repository.project.document(file)?.0.tree.root()?;
        let step = steps(root).find(|step| step.contains(at));
        let span = |place: Place| {
            step.filter(|step| step.contains(place.span)).or(place.span.contains(at).then_some(place.span))
        };
        uploads.retain(|upload| upload.place.file == file && span(upload.place).is_some());
        let span = span(uploads.first()?.place)?;
        let files = &self.repository.project.files;
        let page = ExplainPage { files, prefix: "", repository: analysis.repository, uploads: &uploads };
        Some((markdown::hover(&page), span))
    }

    fn config_field(&self, analysis: &Analysis<'_, '_>, file: FileId, at: Span) -> Option<(String, Span)> {
        let root = self.repository.project.document(file)?.0.tree.root()?;
        let item = root.get("publishers")?.items().find(|item| item.span().contains(at))?;
        let registry = analysis.data.registries.get(item.get("registry")?.text()?)?;
        let entry = item.entries().find(|entry| entry.span().contains(at))?;
        let name = entry.key.text()?;
        if name == "registry" {
            let forms = [&registry.set_up.project, &registry.set_up.pending].into_iter().flatten();
            let forms: String = forms.map(|form| format!("\n- form: {}", inline(form))).collect();
            return Some((format!("**{}**\n{forms}\n", inline(&registry.name)), entry.span()));
        }
        Some((field(&registry.name, registry.field(name)?), entry.span()))
    }
}

/// The spans of all steps of a workflow or a composite action.
fn steps(root: Node<'_>) -> impl Iterator<Item = Span> {
    let jobs = root.get("jobs").into_iter().flat_map(|jobs| jobs.entries().map(|job| job.value).collect::<Vec<_>>());
    let lists = jobs.chain(root.get("runs")).filter_map(|holder| holder.get("steps"));
    lists.flat_map(|steps| steps.items().map(|step| step.span()).collect::<Vec<_>>())
}

fn field(registry: &str, field: &FormField) -> String {
    let compared = field.claim.map(|claim| {
        let how = match field.compare {
            Some(Comparison::IgnoreCase) => ", ignoring case",
            Some(Comparison::ById) => ", by its id, so that a rename changes nothing",
            Some(Comparison::TagPattern) => ", as a tag with `{{version}}` for the version",
            Some(Comparison::OwnRepository) => "; empty if the job is in the repository itself",
            Some(Comparison::OneOf) => ", as one of a list with commas",
            Some(Comparison::Exact) | None => ", letter by letter",
        };
        format!("\n- compared with the {} of the run{how}", claim.word())
    });
    let required = if field.required { "\n- required" } else { "" };
    let default = field.default.as_ref().map(|default| format!("\n- default: {}", inline(default)));
    format!(
        "**{}** in the form of {}\n{}{required}{}\n",
        inline(&field.label),
        inline(registry),
        compared.unwrap_or_else(|| "\n- compared with nothing".to_owned()),
        default.unwrap_or_default()
    )
}

/// The steps that need the permission at an offset.
fn permission(analysis: &Analysis<'_, '_>, rules: &RuleSet, file: FileId, at: Span) -> Option<(String, Span)> {
    let workflow = analysis.workflows.iter().find(|workflow| workflow.file == file)?;
    let scope = |permissions: Option<&Permissions<'_>>| match &permissions?.grant {
        Grant::Scopes(scopes) => scopes.iter().find_map(|pair| {
            let span = pair.key.place().span.cover(pair.value.place().span);
            span.contains(at).then(|| (pair.key.value().to_owned(), span))
        }),
        Grant::Word(_) => None,
    };
    let of_workflow = scope(workflow.permissions.as_ref()).map(|found| (found, None));
    let ((scope, span), job) = of_workflow.or_else(|| {
        workflow.jobs.iter().find_map(|job| scope(job.permissions.as_ref()).map(|found| (found, Some(job))))
    })?;
    // A block of the job replaces that of the workflow.
    let jobs = workflow.jobs.iter().filter(|other| match job {
        Some(job) => std::ptr::eq(*other, job),
        None => other.permissions.is_none(),
    });
    let mut lines = Vec::new();
    for job in jobs {
        let id = inline(job.id.value());
        let data = analysis.data;
        let of_job = (workflow, job, analysis.steps_of(job));
        let checks = permission_checks(&data.needs, &data.github, analysis.checkout, of_job, |_| true);
        for check in checks.iter().filter(|check| check.need.scope == scope) {
            let (name, access, reason) =
                (inline(check.requester.name(&data.github)), check.need.access.word(), &check.need.reason);
            lines.push(format!("- {name} in job {id} needs `{scope}: {access}` to {}", inline(reason)));
        }
    }
    let uploads = explain_uploads(analysis, rules);
    for upload in uploads.iter().filter(|upload| scope == "id-token" && upload.workflow == file) {
        if job.is_none_or(|job| job.id.value() == upload.job) {
            let registry = upload.runs.iter().find_map(|run| run.registry.as_ref().ok());
            let registry = registry.map_or("an unknown registry", |registry| registry.name.as_str());
            lines.push(format!(
                "- {} in job {} uploads to {} with an OIDC token",
                inline(&upload.step),
                inline(&upload.job),
                inline(registry)
            ));
        }
    }
    lines.dedup();
    if lines.is_empty() {
        lines.push("Nothing that trustpub knows needs it here.".to_owned());
    }
    Some((format!("**`{scope}`**\n\n{}\n", lines.join("\n")), span))
}

/// The fact name around a position.
fn word_at(source: &SourceFile, at: Position, unit: ColumnUnit) -> Option<(&str, Span)> {
    let offset = position::offset(source, at, unit);
    let line = source.line_span(source.line_at(offset));
    let text = source.slice(line);
    let at = offset.saturating_sub(line.start) as usize;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    let (before, after) = (text.get(..at)?, text.get(at..)?);
    let start = before.trim_end_matches(is_part).len();
    let end = text.len() - after.trim_start_matches(is_part).len();
    let bound = |at: usize| line.start + u32::try_from(at).unwrap_or(0);
    Some((text.get(start..end)?.trim_matches('.'), Span::new(bound(start), bound(end))))
}
