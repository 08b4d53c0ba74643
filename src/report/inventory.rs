//! The output of `trustpub uploads`: one row for each upload, as text, CSV, JSON and Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::lint::explain::ExplainedUpload;
use crate::report::explain::ExplainPage;
use crate::report::json::{ToolEntry, document};
use crate::report::markdown::escape;
use crate::report::sanitize;

/// One upload. A cell with several values holds one for each kind of run; `-` means that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InventoryRow {
    /// `owner/name` from the config or the git remote, else the project's path.
    pub repository: String,
    /// Names of the registries.
    pub registry: String,
    /// Names of the packages.
    pub package: String,
    /// The path of the workflow.
    pub workflow: String,
    /// The id of the job.
    pub job: String,
    /// Environments.
    pub environment: String,
    /// Events that start it.
    pub triggers: String,
    /// The client or action.
    pub client: String,
    /// `trusted`, `minted`, `stored`, `maybe-empty`, `none` or `undecided`.
    pub credential: String,
    /// Whether the config declares a publisher for it: `declared` or `-`.
    pub publisher: String,
    /// `accepted`, `refused`, `undeclared`, `no-oidc-token`, `undecided` or `not-reached`.
    pub verdict: String,
}

impl InventoryRow {
    const HEADER: [&str; 11] = [
        "repository",
        "registry",
        "package",
        "workflow",
        "job",
        "environment",
        "triggers",
        "client",
        "credential",
        "publisher",
        "verdict",
    ];

    const fn cells(&self) -> [&String; 11] {
        [
            &self.repository,
            &self.registry,
            &self.package,
            &self.workflow,
            &self.job,
            &self.environment,
            &self.triggers,
            &self.client,
            &self.credential,
            &self.publisher,
            &self.verdict,
        ]
    }
}

/// The rows of a project. `hint` is the repository's name where the config gives none.
#[must_use]
pub fn rows(page: &ExplainPage<'_>, hint: Option<&str>) -> Vec<InventoryRow> {
    let path = if page.prefix.is_empty() { "." } else { page.prefix.trim_end_matches('/') };
    let repository = page.repository.or(hint).unwrap_or(path);
    page.uploads.iter().map(|upload| row(page, upload, repository)).collect()
}

fn row(page: &ExplainPage<'_>, upload: &ExplainedUpload<'_>, repository: &str) -> InventoryRow {
    let runs = || upload.runs.iter();
    let registries = runs().map(|run| run.registry.as_ref().map_or("undecided", |it| it.name.as_str()));
    let registry = upload.registry.map(|it| it.name.as_str()).filter(|_| upload.runs.is_empty());
    let packages = runs().map(|run| {
        let lines = run.form.iter().flat_map(|form| &form.lines);
        let mut known = lines.filter(|line| line.field.name == "package").filter_map(|line| line.value.known());
        known.next().or_else(|| match run.only_for.as_slice() {
            [package] => Some(package),
            _ => None,
        })
    });
    let claims = runs().flat_map(|run| &run.claims).filter(|claim| claim.name == "environment");
    let starts = runs().flat_map(|run| &run.starts).chain(upload.skipped.iter().map(|skipped| &skipped.start));
    let credentials = runs().map(|run| run.credential.as_ref().map_or("undecided", |it| it.word()));
    let declared = runs().any(|run| run.record.is_some());
    // If no run is known to reach the upload, only a refusal is certain.
    let unreached = runs().all(|run| !run.doubts.is_empty());
    let words = runs().map(|run| run.verdict.word()).filter(|word| !unreached || *word == "refused");
    let undecided = upload.undecided.is_some().then_some("undecided");
    let not_reached = (upload.runs.is_empty() && undecided.is_none()).then_some("not-reached");
    let verdicts = words.chain(undecided).chain(not_reached);
    InventoryRow {
        repository: repository.to_owned(),
        registry: distinct(registries.chain(registry)),
        package: distinct(packages.flatten()),
        workflow: page.workflow(upload.workflow),
        job: upload.job.clone(),
        environment: distinct(claims.filter_map(|claim| claim.value.known())),
        triggers: distinct(starts.map(|start| start.event.as_deref().unwrap_or("workflow_call"))),
        client: upload.step.clone(),
        credential: distinct(credentials),
        publisher: if declared { "declared" } else { "-" }.to_owned(),
        verdict: distinct(verdicts),
    }
}

/// The different values, sorted; `-` if there are none.
fn distinct<'t>(values: impl Iterator<Item = &'t str>) -> String {
    let values: BTreeSet<&str> = values.filter(|value| !value.is_empty()).collect();
    if values.is_empty() { "-".to_owned() } else { values.into_iter().collect::<Vec<_>>().join(", ") }
}

/// Counts over all rows: `120 uploads: 37 with a stored token, 80 with trusted publishing only, 2 refused, 3 undecided`.
#[must_use]
pub fn summary(rows: &[InventoryRow]) -> String {
    let total = rows.len();
    let with = |word: &str| rows.iter().filter(|row| row.credential.split(", ").any(|it| it == word)).count();
    let verdict = |word: &str| rows.iter().filter(|row| row.verdict.split(", ").any(|it| it == word)).count();
    let uploads = if total == 1 { "upload" } else { "uploads" };
    let trusted =
        rows.iter().filter(|row| row.credential.split(", ").all(|it| matches!(it, "trusted" | "minted"))).count();
    format!(
        "{total} {uploads}: {} with a stored token, {trusted} with trusted publishing only, {} refused, {} undecided",
        with("stored"),
        verdict("refused"),
        verdict("undecided"),
    )
}

/// An aligned table with the counts below it.
#[must_use]
pub fn text(rows: &[InventoryRow]) -> String {
    let table: Vec<[String; 11]> = rows.iter().map(|row| row.cells().map(|cell| sanitize::line(cell))).collect();
    let mut widths = InventoryRow::HEADER.map(str::len);
    for cells in &table {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let mut line = |cells: [&str; 11]| {
        let columns = cells.into_iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        out.push_str(columns.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    };
    if !rows.is_empty() {
        line(InventoryRow::HEADER);
    }
    for cells in &table {
        line(cells.each_ref().map(String::as_str));
    }
    out + &summary(rows) + "\n"
}

/// The header of comma-separated values (RFC 4180).
#[must_use]
pub fn csv_header() -> String {
    InventoryRow::HEADER.join(",") + "\r\n"
}

/// Rows of comma-separated values. A cell that a spreadsheet would run as a formula starts with an apostrophe.
#[must_use]
pub fn csv_rows(rows: &[InventoryRow]) -> String {
    rows.iter().map(|row| row.cells().map(|cell| csv_cell(cell)).join(",") + "\r\n").collect()
}

fn csv_cell(text: &str) -> String {
    let text = sanitize::line(text);
    let formula = text.starts_with(['=', '+', '@', '\t']) || (text.starts_with('-') && text.len() > 1);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// `{"version": 1, "tool": {…}, "uploads": [{"repository": "…", …}], "summary": "…"}`.
///
/// # Errors
/// If serialisation fails.
pub fn json(rows: &[InventoryRow]) -> std::io::Result<String> {
    #[derive(Serialize)]
    struct Inventory<'r> {
        version: u32,
        tool: ToolEntry,
        uploads: &'r [InventoryRow],
        summary: String,
    }
    let inventory = Inventory { version: 1, tool: ToolEntry::new(), uploads: rows, summary: summary(rows) };
    document(&inventory)
}

/// A Markdown table with the counts below it.
#[must_use]
pub fn markdown(rows: &[InventoryRow]) -> String {
    let mut out = String::new();
    if !rows.is_empty() {
        let _ =
            writeln!(out, "| {} |\n|{}", InventoryRow::HEADER.join(" | "), "---|".repeat(InventoryRow::HEADER.len()));
    }
    for row in rows {
        let _ = writeln!(out, "| {} |", row.cells().map(|cell| escape(&sanitize::line(cell))).join(" | "));
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    out + &summary(rows) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(job: &str, credential: &str, verdict: &str) -> InventoryRow {
        let text = |text: &str| text.to_owned();
        InventoryRow {
            repository: text("acme/demo"),
            registry: text("PyPI"),
            package: text("demo"),
            workflow: text(".github/workflows/release.yml"),
            job: text(job),
            environment: text("-"),
            triggers: text("push"),
            client: text("uv publish"),
            credential: text(credential),
            publisher: text("-"),
            verdict: text(verdict),
        }
    }

    #[test]
    fn formulas_and_separators_are_harmless_in_csv() {
        assert_eq!(csv_cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv_cell("-1+2"), "'-1+2");
        assert_eq!(csv_cell("-"), "-");
        assert_eq!(csv_cell("a,b"), "\"a,b\"");
        assert!(!csv_cell("a\nb").contains('\n'));
    }

    #[test]
    fn the_summary_counts_uploads_and_not_runs() {
        let rows = [row("a", "stored, trusted", "accepted, refused"), row("b", "trusted", "undecided")];
        let expected = "2 uploads: 1 with a stored token, 1 with trusted publishing only, 1 refused, 1 undecided";
        assert_eq!(summary(&rows), expected);
    }

    #[test]
    fn a_cell_cannot_leave_its_row() {
        let hostile = row("a|b\n::error::x", "none", "refused");
        assert_eq!(markdown(std::slice::from_ref(&hostile)).lines().count(), 5);
        assert_eq!(text(std::slice::from_ref(&hostile)).lines().count(), 3);
        assert_eq!((csv_header() + &csv_rows(&[hostile])).lines().count(), 2);
    }
}
