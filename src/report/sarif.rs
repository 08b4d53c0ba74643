//! SARIF 2.1.0 as GitHub code scanning and its fellow readers take it. Its library stays in here.
//!
//! One run; all rules always, so that `ruleIndex` never moves; columns in UTF-16 code units; nothing that differs between two
//! machines: no times, no ids drawn by lot, no absolute paths. It refuses to call a check successful that could not run as asked.

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

/// The most results that code scanning takes.
const MOST_RESULTS: usize = 25_000;

/// The most notifications that are written. Nobody reads more, and thousands of repositories would have one each.
const MOST_NOTIFICATIONS: usize = 5_000;

/// The most results that code scanning shows: of more it keeps the worst.
pub const MOST_SHOWN: usize = 5_000;

/// The name for the root of the checkout that all paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// What a reader may ask for.
#[derive(Debug, Clone, Default)]
pub struct SarifOptions {
    /// The category under which code scanning keeps the results.
    pub category: Option<String>,
    /// Whether waived findings are written too, marked as suppressed.
    pub suppressed: bool,
    /// Why the check could not run as asked. Code scanning then refuses the log, rather than close the alerts that it does not hold.
    pub failures: Vec<String>,
}

/// `version` comes first, as the standard wishes.
#[derive(Serialize)]
struct SarifDocument<'l> {
    version: &'static str,
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [SarifRun<'l>; 1],
}

/// A run whose results are JSON already.
#[derive(Serialize)]
struct SarifRun<'l> {
    #[serde(flatten)]
    run: s::Run,
    results: Vec<&'l RawValue>,
}

/// What a log says of one project.
pub struct SarifPart {
    rows: Vec<ResultRow>,
    notifications: Vec<s::Notification>,
}

impl SarifPart {
    /// Of a project's report.
    ///
    /// # Errors
    /// None that is known: all of it is text and numbers.
    pub fn of(view: &ReportView<'_>, options: &SarifOptions) -> io::Result<Self> {
        let mut results = results::of(view, options.suppressed);
        results::tell_apart(&mut results);
        let rows = results.into_iter().map(ResultRow::of).collect::<io::Result<_>>()?;
        Ok(Self { rows, notifications: results::notifications(view) })
    }
}

/// A log of several projects. It holds little more than the worst results that code scanning takes, however many are added.
#[derive(Default)]
pub struct SarifLog {
    rows: ResultRows,
    notifications: Vec<s::Notification>,
    /// How many notifications were left out.
    unsaid: usize,
}

impl SarifLog {
    /// Adds a project.
    pub fn add(&mut self, part: SarifPart) {
        self.rows.add(part.rows);
        let room = MOST_NOTIFICATIONS.saturating_sub(self.notifications.len());
        self.unsaid += part.notifications.len().saturating_sub(room);
        self.notifications.extend(part.notifications.into_iter().take(room));
    }

    /// Writes the log, with all rules that its results may name.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(mut self, out: &mut dyn Write, rules: &[Rule], options: &SarifOptions) -> io::Result<()> {
        let mut most = MOST_RESULTS;
        loop {
            self.rows.keep_worst(most);
            let results = self.rows.kept.iter().map(|row| row.json(rules)).collect::<io::Result<Vec<_>>>()?;
            let run = self.run(rules, options, most);
            let runs = [SarifRun { run, results: results.iter().map(AsRef::as_ref).collect() }];
            let document = SarifDocument { version: "2.1.0", schema: s::SCHEMA_URL, runs };
            let written =
                |out: &mut dyn Write| Ok(serde_json::to_writer_pretty(sanitize::JsonFormatter(out), &document)?);
            match size::too_large(written)? {
                Some(size) if !results.is_empty() => most = size::fitting(results.len(), size),
                _ => {
                    written(&mut *out)?;
                    return writeln!(out);
                }
            }
        }
    }

    /// The run without its results.
    fn run(&self, rules: &[Rule], options: &SarifOptions, most: usize) -> s::Run {
        let mut notifications = self.notifications.clone();
        notifications.extend(
            options.failures.iter().map(|text| results::notification(results::ResultKind::Failure, text, None)),
        );
        let why = if most < MOST_RESULTS { " of these, so as to have 10 MB when it is packed" } else { "" };
        let left_out =
            [(self.rows.left, "findings are", most, why), (self.unsaid, "notifications are", MOST_NOTIFICATIONS, "")];
        for (count, what, most, why) in left_out.into_iter().filter(|(count, ..)| *count > 0) {
            let text = format!("{count} {what} left out: a log holds {most}{why}");
            notifications.push(results::notification(results::ResultKind::LeftOut, &text, None));
        }
        let invocation = s::Invocation::builder()
            .execution_successful(options.failures.is_empty())
            .tool_execution_notifications(notifications)
            .build();
        let mut run = s::Run::builder()
            .tool(rules::driver(rules))
            .column_kind(json!("utf16CodeUnits"))
            // A lone CR ends a line here, as it does in code scanning's own hashes.
            .newline_sequences(["\r\n", "\n", "\r"].map(str::to_owned).to_vec())
            .invocations(vec![invocation])
            .original_uri_base_ids([(ROOT.to_owned(), root())].into_iter().collect::<BTreeMap<_, _>>())
            .build();
        let category = options.category.as_deref().map(|text| text.trim_end_matches('/'));
        if let Some(category) = category.filter(|it| !it.is_empty()) {
            // Code scanning takes what stands before the last slash.
            let id = format!("{category}/");
            run.automation_details = Some(s::RunAutomationDetails::builder().id(id).build());
        }
        run
    }
}

/// Writes several projects as one log.
///
/// # Errors
/// When `out` cannot be written.
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
