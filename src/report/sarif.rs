//! The `sarif` format: SARIF 2.1.0 for GitHub code scanning. The only module that uses `serde_sarif`.
//!
//! One run with all rules, so that `ruleIndex` is stable; columns in UTF-16 code units. The output is reproducible: it has no times, random
//! ids or absolute paths. `executionSuccessful` is false if the check could not run as asked.

mod fingerprint;
mod region;
mod results;
mod rows;
mod rules;
mod size;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use serde_sarif::sarif as s;

pub use fingerprint::line_hashes;
use rows::{ResultRow, ResultRows};

use crate::lint::fix::OfferedFixes;
use crate::report::ReportView;
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::json::{document, indented};

/// Code scanning rejects logs with more results.
const MAX_RESULTS: usize = 25_000;

/// Further notifications are only counted; thousands of repositories may have one each.
const MAX_NOTIFICATIONS: usize = 5_000;

/// Code scanning shows only this many results of a log, the most severe ones.
pub const MAX_SHOWN: usize = 5_000;

/// The base of all relative URIs: the root of the checkout.
const ROOT: &str = "%SRCROOT%";

/// `version` comes first, as the SARIF standard recommends.
#[derive(Serialize)]
struct SarifDocument<'l> {
    version: &'static str,
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [SarifRun<'l>; 1],
}

/// A run with already serialized results.
#[derive(Serialize)]
struct SarifRun<'l> {
    #[serde(flatten)]
    run: s::Run,
    results: Vec<&'l RawValue>,
}

pub(crate) const FORMAT: Format = Format {
    fixes: OfferedFixes::Safe,
    counts_undecided: true,
    reports_failures: true,
    ..Format::new::<SarifWriter>("sarif", "SARIF 2.1.0, for GitHub code scanning")
};

/// The part of one project.
struct SarifPart {
    rows: Vec<ResultRow>,
    notifications: Vec<s::Notification>,
}

/// It keeps little more than the most severe [`MAX_RESULTS`] results, however many are added.
struct SarifWriter {
    category: Option<String>,
    rows: ResultRows,
    notifications: Vec<s::Notification>,
    /// Number of notifications that were not kept.
    omitted_notifications: usize,
}

impl ReportWriter for SarifWriter {
    type Part = SarifPart;

    fn start(options: &ReportOptions) -> Self {
        Self {
            category: options.category.clone(),
            rows: ResultRows::default(),
            notifications: Vec::new(),
            omitted_notifications: 0,
        }
    }

    fn part(view: &ReportView<'_>, options: &ReportOptions) -> io::Result<Self::Part> {
        let mut results = results::of(view, options.suppressed);
        results::number_duplicates(&mut results);
        let rows = results.into_iter().map(ResultRow::of).collect::<io::Result<_>>()?;
        Ok(SarifPart { rows, notifications: results::notifications(view) })
    }

    fn add(&mut self, part: Self::Part, _: &mut dyn Write) -> io::Result<()> {
        self.rows.add(part.rows);
        let room = MAX_NOTIFICATIONS.saturating_sub(self.notifications.len());
        self.omitted_notifications += part.notifications.len().saturating_sub(room);
        self.notifications.extend(part.notifications.into_iter().take(room));
        Ok(())
    }

    fn finish(mut self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut limit = MAX_RESULTS;
        loop {
            self.rows.keep_worst(limit);
            let runs = [SarifRun { run: self.run(summary, limit), results: Vec::new() }];
            let empty = indented(&SarifDocument { version: "2.1.0", schema: s::SCHEMA_URL, runs }, 0)?;
            let write_document = |out: &mut dyn Write| self.rows.write_into(&empty, summary.rules, out);
            if let Some(size) = size::size_over_limit(write_document)?.filter(|_| !self.rows.kept.is_empty()) {
                limit = size::fitting(self.rows.kept.len(), size);
                continue;
            }
            write_document(out)?;
            return writeln!(out);
        }
    }
}

impl SarifWriter {
    /// The run without its results.
    fn run(&self, summary: &RunSummary<'_>, limit: usize) -> s::Run {
        let mut notifications = self.notifications.clone();
        notifications.extend(
            summary.failures.iter().map(|text| results::notification(results::ResultKind::Failure, text, None)),
        );
        let why = if limit < MAX_RESULTS { ", to stay below 10 MB when compressed" } else { "" };
        let left_out = [
            (self.rows.omitted, "findings", limit, why),
            (self.omitted_notifications, "notifications", MAX_NOTIFICATIONS, ""),
        ];
        for (count, what, limit, why) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
            let text = format!("{count} {what} are left out: this log is limited to {limit} {what}{why}");
            notifications.push(results::notification(results::ResultKind::LeftOut, &text, None));
        }
        let invocation = s::Invocation::builder()
            .execution_successful(summary.failures.is_empty())
            .tool_execution_notifications(notifications)
            .build();
        run(rules::driver(summary.rules), invocation, self.category.as_deref())
    }
}

/// A run without results.
fn run(driver: s::ToolComponent, invocation: s::Invocation, category: Option<&str>) -> s::Run {
    let mut run = s::Run::builder()
        .tool(driver)
        .column_kind(json!("utf16CodeUnits"))
        // A lone CR is a line end, as in code scanning's own fingerprints.
        .newline_sequences(["\r\n", "\n", "\r"].map(str::to_owned).to_vec())
        .invocations(vec![invocation])
        .original_uri_base_ids([(ROOT.to_owned(), root())].into_iter().collect::<BTreeMap<_, _>>())
        .build();
    let category = category.map(|text| text.trim_end_matches('/'));
    if let Some(category) = category.filter(|it| !it.is_empty()) {
        // Code scanning uses the part before the last slash as category.
        let id = format!("{category}/");
        run.automation_details = Some(s::RunAutomationDetails::builder().id(id).build());
    }
    run
}

/// A complete log of findings that come from no rule file: those of a rehearsal.
///
/// # Errors
/// If it cannot be serialized.
pub(crate) fn log(
    view: &ReportView<'_>,
    (rules, help): (&[(&str, &str)], &str),
    failures: &[String],
    category: &str,
) -> io::Result<String> {
    let mut results = results::of(view, false);
    results::number_duplicates(&mut results);
    for result in &mut results {
        let index = rules.iter().position(|(id, _)| Some(*id) == result.rule_id.as_deref());
        result.rule_index = index.and_then(|index| i64::try_from(index).ok());
    }
    let notifications = failures.iter().map(|text| results::notification(results::ResultKind::Failure, text, None));
    let invocation = s::Invocation::builder()
        .execution_successful(failures.is_empty())
        .tool_execution_notifications(notifications.collect::<Vec<_>>())
        .build();
    let run = run(rules::driver_of(rules, help), invocation, Some(category));
    let results = results.iter().map(serde_json::value::to_raw_value).collect::<serde_json::Result<Vec<_>>>()?;
    let runs = [SarifRun { run, results: results.iter().map(AsRef::as_ref).collect() }];
    document(&SarifDocument { version: "2.1.0", schema: s::SCHEMA_URL, runs })
}

fn root() -> s::ArtifactLocation {
    let text = s::Message::builder().text("The root of the checkout.").build();
    s::ArtifactLocation::builder().description(text).build()
}
