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

use crate::lint::rules::Rule;
use crate::report::{ReportView, sanitize};

/// Code scanning rejects logs with more results.
const MAX_RESULTS: usize = 25_000;

/// Further notifications are only counted; thousands of repositories may have one each.
const MAX_NOTIFICATIONS: usize = 5_000;

/// Code scanning shows only this many results of a log, the most severe ones.
pub const MAX_SHOWN: usize = 5_000;

/// The base of all relative URIs: the root of the checkout.
const ROOT: &str = "%SRCROOT%";

/// Options of the command line, and failures.
#[derive(Debug, Clone, Default)]
pub struct SarifOptions {
    /// The code scanning category.
    pub category: Option<String>,
    /// Whether ignored findings are included, marked as suppressed.
    pub suppressed: bool,
    /// Why the check could not run as asked. Code scanning then rejects the log instead of closing the alerts that are missing in it.
    pub failures: Vec<String>,
}

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

/// The part of one project.
pub struct SarifPart {
    rows: Vec<ResultRow>,
    notifications: Vec<s::Notification>,
}

impl SarifPart {
    pub(crate) fn of(view: &ReportView<'_>, options: &SarifOptions) -> io::Result<Self> {
        let mut results = results::of(view, options.suppressed);
        results::number_duplicates(&mut results);
        let rows = results.into_iter().map(ResultRow::of).collect::<io::Result<_>>()?;
        Ok(Self { rows, notifications: results::notifications(view) })
    }
}

/// The log of several projects. It keeps little more than the most severe [`MAX_RESULTS`] results, however many are added.
#[derive(Default)]
pub struct SarifLog {
    rows: ResultRows,
    notifications: Vec<s::Notification>,
    /// Number of notifications that were not kept.
    omitted_notifications: usize,
}

impl SarifLog {
    /// Adds a project.
    pub fn add(&mut self, part: SarifPart) {
        self.rows.add(part.rows);
        let room = MAX_NOTIFICATIONS.saturating_sub(self.notifications.len());
        self.omitted_notifications += part.notifications.len().saturating_sub(room);
        self.notifications.extend(part.notifications.into_iter().take(room));
    }

    /// Writes the log. `rules` are all rules that its results refer to.
    pub fn write(mut self, out: &mut dyn Write, rules: &[Rule], options: &SarifOptions) -> io::Result<()> {
        let mut limit = MAX_RESULTS;
        loop {
            self.rows.keep_worst(limit);
            let results = self.rows.kept.iter().map(|row| row.json(rules)).collect::<io::Result<Vec<_>>>()?;
            let run = self.run(rules, options, limit);
            let runs = [SarifRun { run, results: results.iter().map(AsRef::as_ref).collect() }];
            let document = SarifDocument { version: "2.1.0", schema: s::SCHEMA_URL, runs };
            let written =
                |out: &mut dyn Write| Ok(serde_json::to_writer_pretty(sanitize::JsonFormatter(out), &document)?);
            match size::too_large(written)? {
                Some(size) if !results.is_empty() => limit = size::fitting(results.len(), size),
                _ => {
                    written(&mut *out)?;
                    return writeln!(out);
                }
            }
        }
    }

    /// The run without its results.
    fn run(&self, rules: &[Rule], options: &SarifOptions, limit: usize) -> s::Run {
        let mut notifications = self.notifications.clone();
        notifications.extend(
            options.failures.iter().map(|text| results::notification(results::ResultKind::Failure, text, None)),
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
            .execution_successful(options.failures.is_empty())
            .tool_execution_notifications(notifications)
            .build();
        let mut run = s::Run::builder()
            .tool(rules::driver(rules))
            .column_kind(json!("utf16CodeUnits"))
            // A lone CR is a line end, as in code scanning's own fingerprints.
            .newline_sequences(["\r\n", "\n", "\r"].map(str::to_owned).to_vec())
            .invocations(vec![invocation])
            .original_uri_base_ids([(ROOT.to_owned(), root())].into_iter().collect::<BTreeMap<_, _>>())
            .build();
        let category = options.category.as_deref().map(|text| text.trim_end_matches('/'));
        if let Some(category) = category.filter(|it| !it.is_empty()) {
            // Code scanning uses the part before the last slash as category.
            let id = format!("{category}/");
            run.automation_details = Some(s::RunAutomationDetails::builder().id(id).build());
        }
        run
    }
}

/// Writes several projects as one log.
pub fn write(out: &mut dyn Write, rules: &[Rule], views: &[ReportView<'_>], options: &SarifOptions) -> io::Result<()> {
    let mut log = SarifLog::default();
    for view in views {
        log.add(SarifPart::of(view, options)?);
    }
    log.write(out, rules, options)
}

fn root() -> s::ArtifactLocation {
    let text = s::Message::builder().text("The root of the checkout.").build();
    s::ArtifactLocation::builder().description(text).build()
}
