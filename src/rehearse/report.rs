//! The reports of rehearsals: text, JSON, SARIF and Markdown.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use crate::lint::explain::ExplainedValue;
use crate::lint::findings::{Finding, Label, Level, Report};
use crate::read::source::{ColumnUnit, Place, SourceFile};
use crate::rehearse::{ComparedClaim, ExchangeOutcome, ProblemKind, Rehearsal, RehearsalProblem};
use crate::report::json::document;
use crate::report::markdown::{escape, escape_with_code};
use crate::report::sarif::log;
use crate::report::{ReportView, below, sanitize};

/// The rehearsals of one job, with the files that they refer to.
pub(crate) struct RehearsalPage<'p> {
    /// The files that places refer to.
    pub files: &'p [SourceFile],
    /// Prefix of their paths: empty, or with a final slash.
    pub prefix: &'p str,
    /// The job that publishes.
    pub job: &'p str,
    /// The rehearsals.
    pub rehearsals: &'p [Rehearsal<'p>],
}

impl RehearsalPage<'_> {
    /// `path:line:column`.
    fn position(&self, place: Place) -> String {
        let Some(source) = self.files.get(place.file.0 as usize) else { return String::new() };
        let at = source.position(place.span.start, ColumnUnit::CodePoints);
        format!("{}:{}:{}", below(self.prefix, source.path()), at.line, at.column)
    }
}

impl ExchangeOutcome {
    /// Its name in JSON.
    #[must_use]
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Failed(_) => "failed",
            Self::NotMade(_) => "not-made",
        }
    }

    /// What it means, as a sentence without a final period.
    fn sentence(&self, registry: &str) -> String {
        match self {
            Self::Accepted { after } => format!("{registry} accepted the token; nothing was uploaded, and {after}"),
            Self::Refused { status, text } => format!("{registry} refused the token (HTTP {status}): {text}"),
            Self::Failed(reason) | Self::NotMade(reason) => reason.clone(),
        }
    }
}

/// The title of a rehearsal: its registry and its package.
fn title(rehearsal: &Rehearsal<'_>) -> String {
    let package = rehearsal.package.as_ref().map_or_else(String::new, |package| format!(", package {package}"));
    format!("{}{package}", rehearsal.registry.name)
}

fn predicted(claim: &ComparedClaim) -> String {
    match &claim.predicted {
        ExplainedValue::Known(text) => text.clone(),
        ExplainedValue::Absent => "-".to_owned(),
        ExplainedValue::Each(_) | ExplainedValue::Unknown(_) => "?".to_owned(),
    }
}

/// The columns of the table of claims.
const COLUMNS: [&str; 4] = ["claim", "this token", "a release", "the publisher"];

fn cells(claim: &ComparedClaim) -> [String; 4] {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    [claim.name.to_owned(), text(&claim.token), predicted(claim), text(&claim.publisher)]
}

/// A note about a claim; empty if there is none.
const fn note(claim: &ComparedClaim) -> &'static str {
    if claim.changes { "a release changes it" } else { "" }
}

/// Sentences for a terminal or a log.
#[must_use]
pub(crate) fn text(page: &RehearsalPage<'_>) -> String {
    let mut out = String::new();
    for rehearsal in page.rehearsals {
        let _ = writeln!(out, "{} from job `{}`", title(rehearsal), page.job);
        let rows: Vec<([String; 4], &str)> = std::iter::once((COLUMNS.map(str::to_owned), ""))
            .chain(rehearsal.claims.iter().map(|it| (cells(it), note(it))))
            .collect();
        let width = |column: usize| rows.iter().map(|(row, _)| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 4] = [width(0), width(1), width(2), width(3)];
        for (row, note) in &rows {
            let mut line = String::from("  ");
            for (cell, width) in row.iter().zip(widths) {
                let _ = write!(line, "{}  ", sanitize::line(&format!("{cell:width$}")));
            }
            let _ = writeln!(out, "{}", format!("{line}{note}").trim_end());
        }
        let mut row = |name: &str, text: &str| {
            let _ = writeln!(out, "  {name:9} {}", sanitize::line(text));
        };
        if !matches!(rehearsal.outcome, ExchangeOutcome::Refused { .. }) {
            row("exchange", &rehearsal.outcome.sentence(&rehearsal.registry.name));
        }
        for problem in &rehearsal.problems {
            row(if problem.kind == ProblemKind::Refused { "refused" } else { "problem" }, &problem.message);
            if let Some(place) = problem.place {
                row("", &format!("--> {}", page.position(place)));
            }
            if let Some((place, what)) = &problem.other {
                row("", &format!("--> {} ({what})", page.position(*place)));
            }
            if let Some(cause) = rehearsal.cause.as_ref().filter(|_| problem.kind == ProblemKind::Refused) {
                row("cause", cause);
            }
        }
        if let Some(remark) = &rehearsal.remark {
            row("note", remark);
        }
        for (field, value) in &rehearsal.needed {
            row("form", &format!("{field}: {value}"));
        }
        if let Some(form) = rehearsal.form.as_ref().filter(|_| !rehearsal.problems.is_empty()) {
            row("link", form);
        }
        if rehearsal.problems.is_empty() && matches!(rehearsal.outcome, ExchangeOutcome::Accepted { .. }) {
            row("result", "a release from this job will be trusted");
        }
        out.push('\n');
    }
    out
}

#[derive(Serialize)]
struct ProblemEntry<'a> {
    kind: &'static str,
    field: Option<&'static str>,
    message: &'a str,
    place: Option<String>,
    other: Option<String>,
}

/// JSON for programs.
///
/// # Errors
/// If it cannot be serialized.
pub(crate) fn json(page: &RehearsalPage<'_>) -> std::io::Result<String> {
    let problem = |problem: &RehearsalProblem| {
        serde_json::to_value(ProblemEntry {
            kind: problem.kind.id(),
            field: problem.field,
            message: &problem.message,
            place: problem.place.map(|place| page.position(place)),
            other: problem.other.as_ref().map(|(place, _)| page.position(*place)),
        })
    };
    let claim = |claim: &ComparedClaim| {
        json!({
            "name": claim.name,
            "token": claim.token,
            "predicted": claim.predicted.known(),
            "publisher": claim.publisher,
            "changes": claim.changes,
        })
    };
    let entry = |rehearsal: &Rehearsal<'_>| {
        let needed: Vec<_> =
            rehearsal.needed.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect();
        Ok(json!({
            "registry": rehearsal.registry.id,
            "package": rehearsal.package,
            "outcome": rehearsal.outcome.word(),
            "text": rehearsal.outcome.sentence(&rehearsal.registry.name),
            "cause": rehearsal.cause,
            "note": rehearsal.remark,
            "claims": rehearsal.claims.iter().map(claim).collect::<Vec<_>>(),
            "problems": rehearsal.problems.iter().map(problem).collect::<serde_json::Result<Vec<_>>>()?,
            "needed": needed,
            "form": rehearsal.form,
        }))
    };
    let rehearsals = page.rehearsals.iter().map(entry).collect::<serde_json::Result<Vec<_>>>()?;
    document(&json!({ "job": page.job, "rehearsals": rehearsals }))
}

/// The address of the documentation of rehearsals.
const HELP: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/src/rehearse.md");

/// SARIF 2.1.0 for GitHub code scanning.
///
/// # Errors
/// If it cannot be serialized.
pub(crate) fn sarif(page: &RehearsalPage<'_>) -> std::io::Result<String> {
    let finding = |rehearsal: &Rehearsal<'_>, problem: &RehearsalProblem| Finding {
        code: problem.kind.id().to_owned(),
        name: problem.kind.id().to_owned(),
        level: Level::Error,
        message: problem.message.clone(),
        primary: Label { place: problem.place.unwrap_or(rehearsal.place), text: String::new() },
        labels: problem.other.iter().map(|(place, text)| Label { place: *place, text: text.clone() }).collect(),
        steps: Vec::new(),
        runs: Vec::new(),
        subject: title(rehearsal),
        jobs: vec![page.job.to_owned()],
        step: Vec::new(),
        fact: problem.field.unwrap_or_default().to_owned(),
        requirement: 0,
        fixes: Vec::new(),
        untested_fixes: Vec::new(),
        by_hand: Vec::new(),
    };
    let all = page.rehearsals.iter();
    let findings = all.flat_map(|rehearsal| rehearsal.problems.iter().map(move |problem| finding(rehearsal, problem)));
    let report = Report { findings: findings.collect(), ..Report::default() };
    let view = ReportView { files: page.files, prefix: page.prefix, report: &report, rules: &[] };
    let rules = ProblemKind::ALL.map(|(_, id, summary)| (id, summary));
    let failed = page.rehearsals.iter().filter_map(|rehearsal| match &rehearsal.outcome {
        ExchangeOutcome::Failed(reason) => Some(reason.clone()),
        _ => None,
    });
    log(&view, (&rules, HELP), &failed.collect::<Vec<_>>(), "trustpub-rehearsal")
}

/// GitHub Markdown for job summaries.
#[must_use]
pub(crate) fn markdown(page: &RehearsalPage<'_>) -> String {
    let mut out = format!("## Rehearsal of job {}\n", escape(page.job));
    for rehearsal in page.rehearsals {
        let mark = match (&rehearsal.outcome, rehearsal.problems.is_empty()) {
            (ExchangeOutcome::Accepted { .. }, true) => "accepted",
            (ExchangeOutcome::NotMade(_), true) => "not exchanged",
            (ExchangeOutcome::Failed(_), _) => "no answer",
            (ExchangeOutcome::Refused { .. }, _) => "refused",
            (_, false) => "to change",
        };
        let _ = writeln!(out, "\n### {}: {mark}\n", escape(&title(rehearsal)));
        let _ = writeln!(out, "| {} | |\n| --- | --- | --- | --- | --- |", COLUMNS.join(" | "));
        for claim in &rehearsal.claims {
            let cells = cells(claim).map(|cell| escape(&cell));
            let _ = writeln!(out, "| {} | {} |", cells.join(" | "), note(claim));
        }
        let _ = writeln!(out, "\n- {}", escape_with_code(&rehearsal.outcome.sentence(&rehearsal.registry.name)));
        let lines = rehearsal.cause.iter().map(|cause| format!("Cause: {}", escape_with_code(cause)));
        let lines = lines.chain(rehearsal.remark.iter().map(|remark| format!("Note: {}", escape_with_code(remark))));
        let problems = rehearsal.problems.iter().map(|problem| {
            let place = problem.place.map(|place| format!(" at {}", escape_with_code(&page.position(place))));
            format!("Change: {}{}", escape_with_code(&problem.message), place.unwrap_or_default())
        });
        let needed = rehearsal
            .needed
            .iter()
            .map(|(field, value)| format!("Form: {}", escape_with_code(&format!("{field}: {value}"))));
        for line in lines.chain(problems).chain(needed) {
            let _ = writeln!(out, "- {line}");
        }
    }
    out
}
