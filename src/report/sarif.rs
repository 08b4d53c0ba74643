//! SARIF 2.1.0 as GitHub code scanning and its fellow readers take it. Its library stays in here.
//!
//! One run; all rules always, so that `ruleIndex` never moves; columns in UTF-16 code units; nothing that differs between two
//! machines: no times, no ids drawn by lot, no absolute paths. It refuses to call a check successful that could not run as asked.

mod fingerprint;
mod region;
mod results;
mod rules;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use serde_sarif::sarif as s;

pub use fingerprint::line_hashes;

use super::{View, sanitize};
use crate::lint::rule::Rule;

/// The most results that code scanning takes.
const MOST_RESULTS: usize = 25_000;

/// The most results that code scanning shows: of more it keeps the worst.
pub const MOST_SHOWN: usize = 5_000;

/// The name for the root of the checkout that all paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// What a reader may ask for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The category under which code scanning keeps the results.
    pub category: Option<String>,
    /// Whether waived findings are written too, marked as suppressed.
    pub suppressed: bool,
    /// Why the check could not run as asked. Code scanning then refuses the log, rather than close the alerts that it does not hold.
    pub failures: Vec<String>,
}

/// `version` comes first, as the standard wishes.
#[derive(Serialize)]
struct Log {
    version: &'static str,
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [s::Run; 1],
}

/// Writes several projects as one log.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, rules: &[Rule], views: &[View<'_>], options: &Options) -> io::Result<()> {
    let mut results: Vec<s::Result> = views.iter().flat_map(|view| results::of(view, options.suppressed)).collect();
    let mut notifications: Vec<s::Notification> = views.iter().flat_map(results::notifications).collect();
    notifications.extend(options.failures.iter().map(|text| results::notification(results::Kind::Failure, text, None)));
    results::tell_apart(&mut results);
    if let Some(left) = results::keep_worst(&mut results, MOST_RESULTS) {
        let text = format!("{left} findings are left out: a log holds {MOST_RESULTS}");
        notifications.push(results::notification(results::Kind::LeftOut, &text, None));
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
        .original_uri_base_ids([(ROOT.to_owned(), root())].into_iter().collect::<std::collections::BTreeMap<_, _>>())
        .results(results)
        .build();
    if let Some(category) =
        options.category.as_deref().map(|text| text.trim_end_matches('/')).filter(|it| !it.is_empty())
    {
        // Code scanning takes what stands before the last slash.
        let id = format!("{category}/");
        run.automation_details = Some(s::RunAutomationDetails::builder().id(id).build());
    }
    let log = Log { version: "2.1.0", schema: s::SCHEMA_URL, runs: [run] };
    let text = serde_json::to_string_pretty(&log)?;
    writeln!(out, "{}", sanitize::json(&text))
}

fn root() -> s::ArtifactLocation {
    let text = s::Message::builder().text("The root of the checkout.").build();
    s::ArtifactLocation::builder().description(text).build()
}
