//! The commands that the server runs for its client: Markdown pages, and the forms of registries.

use std::path::Path;

use gen_lsp_types::Position;

use crate::lint::explain::{ExplainedRun, ExplainedUpload, RunVerdict, explain_uploads};
use crate::lsp::view::View;
use crate::read::source::{FileId, SourceFile, Span};
use crate::report::explain::{ExplainPage, markdown};
use crate::report::markdown::escape_with_code;

/// Opens an address in the browser.
pub(crate) const OPEN: &str = "trustpub.openForm";

/// Returns what the registry sees and answers, for the uploads at a position, as Markdown.
pub(crate) const EXPLAIN: &str = "trustpub.explain";

/// Returns a table of all uploads, as Markdown.
pub(crate) const INVENTORY: &str = "trustpub.inventory";

/// The starts of one run that a short text names.
const MOST_STARTS: usize = 2;

/// The uploads of a file whose job or step is at a position; all uploads of the file if it is at none.
pub(crate) fn uploads_at<'a>(
    view: &View<'_>,
    uploads: Vec<ExplainedUpload<'a>>,
    file: &SourceFile,
    at: Option<Position>,
) -> Vec<ExplainedUpload<'a>> {
    let Some(id) = view.repository.project.file(file.path()) else { return Vec::new() };
    let (here, rest): (Vec<_>, Vec<_>) = uploads.into_iter().filter(|upload| upload.passes(id)).partition(|upload| {
        at.is_some_and(|at| job_span(view, id, &upload.job).contains(Span::at(view.offset(file, at))))
    });
    if here.is_empty() { rest } else { here }
}

/// From the key of a job to its end.
pub(crate) fn job_span(view: &View<'_>, file: FileId, job: &str) -> Span {
    let document = view.repository.project.document(file);
    let root = document.and_then(|(document, _)| document.tree.root());
    let entry = root.and_then(|root| root.get("jobs")?.entry(job));
    entry.map_or_else(Span::default, |entry| entry.span())
}

/// What the registry sees and answers, as Markdown.
pub(crate) fn explain(view: &View<'_>, path: &Path, at: Option<Position>) -> String {
    let Some(file) = view.repository.file(path) else { return String::new() };
    view.repository.analyse(|analysis| {
        let uploads = uploads_at(view, explain_uploads(analysis, &view.repository.rules), file, at);
        if uploads.is_empty() {
            return "No upload to a registry that trustpub knows.\n".to_owned();
        }
        page(view, analysis.repository, &uploads)
    })
}

/// A table for each upload run.
pub(crate) fn page(view: &View<'_>, repository: Option<&str>, uploads: &[ExplainedUpload<'_>]) -> String {
    let mut text = Vec::new();
    let page = ExplainPage { files: &view.repository.project.files, prefix: "", repository, uploads };
    // Writing to a vector cannot fail.
    let _ = markdown::tables(&mut text, &page);
    String::from_utf8_lossy(&text).trim_start().to_owned()
}

/// The rows of the inventory: one for each upload run.
pub(crate) fn inventory_rows(view: &View<'_>) -> Vec<String> {
    let root = view.repository.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    view.repository.analyse(|analysis| {
        let repository = analysis.repository.map_or(root, str::to_owned);
        let uploads = explain_uploads(analysis, &view.repository.rules);
        let row = |upload: &ExplainedUpload<'_>, run: &ExplainedRun<'_>| {
            let workflow = view.repository.project.source(upload.workflow).map_or("", SourceFile::path);
            let registry = run.registry.as_ref().map_or("unknown", |registry| registry.name.as_str());
            let environment = run.environment().unwrap_or_default();
            let cells =
                [repository.as_str(), workflow, &upload.job, environment, registry, &verdict(run), &starts(run)];
            format!("| {} |", cells.map(escape_with_code).join(" | "))
        };
        uploads.iter().flat_map(|upload| upload.runs.iter().map(move |run| row(upload, run))).collect()
    })
}

/// The head of the inventory.
pub(crate) const INVENTORY_HEAD: &str = "# Uploads\n\n| repository | workflow | job | environment | registry | verdict | starts |\n| --- | --- | --- | --- | --- | --- | --- |\n";

/// What the registry answers, in a few words.
pub(crate) fn verdict(run: &ExplainedRun<'_>) -> String {
    match (&run.verdict, run.doubts.first()) {
        (RunVerdict::Refused { cause, .. }, _) => format!("refused: {}", cause.word()),
        (RunVerdict::Failed(error), _) => format!("refused: {}", error.code),
        (RunVerdict::NoOidcToken, _) => "no OIDC token".to_owned(),
        (RunVerdict::Undecided(unknown), _) => format!("undecided: {}", unknown.reason),
        (RunVerdict::Accepted | RunVerdict::Undeclared, Some(doubt)) => format!("undecided: {}", doubt.reason),
        (RunVerdict::Accepted, None) => "accepted".to_owned(),
        (RunVerdict::Undeclared, None) => "no publisher declared".to_owned(),
    }
}

/// How the run starts: "when a tag is pushed".
pub(crate) fn starts(run: &ExplainedRun<'_>) -> String {
    let mut whens: Vec<&str> = run.starts.iter().map(|start| start.when.as_str()).collect();
    whens.dedup();
    let more = whens.len().saturating_sub(MOST_STARTS);
    whens.truncate(MOST_STARTS);
    let shown = whens.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
