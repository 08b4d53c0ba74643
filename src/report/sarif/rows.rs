//! Serialized results with their sort keys. They are kept until all projects are done.

use std::cmp::Reverse;
use std::io::{self, Write};

use serde_sarif::sarif as s;

use crate::lint::rules::Rule;
use crate::report::json::indented;
use crate::report::sarif::MAX_RESULTS;

/// Indentation of a result in the log.
const INDENT: usize = 8;

/// Surplus results are dropped in batches of this size.
const SLACK: usize = 5_000;

/// A result as JSON, which takes a third of the memory of the `serde_sarif` value.
pub(crate) struct ResultRow {
    /// Sort key: file, line and column, rule.
    key: (String, (Option<i64>, Option<i64>), String),
    /// Rank when results must be dropped; suppressed results are dropped first.
    severity: u8,
    json: String,
}

impl ResultRow {
    /// `result` has no `ruleIndex` yet: the list of rules is complete only after the last project.
    pub(crate) fn of(result: s::Result) -> io::Result<Self> {
        let severity = match result.level {
            _ if result.suppressions.is_some() => 0,
            Some(s::ResultLevel::Error) => 3,
            Some(s::ResultLevel::Warning) => 2,
            _ => 1,
        };
        let json = indented(&result, INDENT)?;
        let physical = result.locations.into_iter().flatten().next().and_then(|location| location.physical_location);
        let (mut uri, mut at) = (None, (None, None));
        if let Some(physical) = physical {
            uri = physical.artifact_location.and_then(|artifact| artifact.uri);
            at = physical.region.map_or(at, |region| (region.start_line, region.start_column));
        }
        Ok(Self { key: (uri.unwrap_or_default(), at, result.rule_id.unwrap_or_default()), severity, json })
    }

    /// Writes the result with its `ruleIndex`.
    fn write(&self, rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
        let rest = self.json.strip_prefix('{').unwrap_or_default();
        match rules.iter().position(|rule| rule.code == self.key.2) {
            Some(index) => write!(out, "{{\n{:width$}\"ruleIndex\": {index},{rest}", "", width = INDENT + 2),
            None => write!(out, "{{{rest}"),
        }
    }
}

/// The most severe results.
#[derive(Default)]
pub(crate) struct ResultRows {
    /// Sorted by file after [`ResultRows::keep_worst`].
    pub(crate) kept: Vec<ResultRow>,
    /// Number of dropped results.
    pub(crate) omitted: usize,
}

impl ResultRows {
    /// Adds a project's results.
    pub(crate) fn add(&mut self, rows: Vec<ResultRow>) {
        self.kept.extend(rows);
        if self.kept.len() > MAX_RESULTS + SLACK {
            self.drop_least_severe(MAX_RESULTS);
        }
    }

    fn drop_least_severe(&mut self, most: usize) {
        let surplus = self.kept.len().saturating_sub(most);
        if surplus > 0 {
            // Stable: of equally severe results the first are kept.
            self.kept.sort_by_key(|row| Reverse(row.severity));
            self.kept.truncate(most);
            self.omitted += surplus;
        }
    }

    /// Writes a log without results, which ends with the empty list of them, with these results.
    pub(crate) fn write_into(&self, empty: &str, rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
        let Some(list) = empty.rfind("[]").filter(|_| !self.kept.is_empty()) else {
            return out.write_all(empty.as_bytes());
        };
        let mut separator = "[";
        out.write_all(&empty.as_bytes()[..list])?;
        for row in &self.kept {
            write!(out, "{separator}\n{:INDENT$}", "")?;
            row.write(rules, out)?;
            separator = ",";
        }
        write!(out, "\n{:width$}]{}", "", &empty[list + 2..], width = INDENT - 2)
    }

    /// Keeps the `most` most severe results and sorts them by file.
    pub(crate) fn keep_worst(&mut self, most: usize) {
        self.drop_least_severe(most);
        self.kept.sort_by(|one, other| one.key.cmp(&other.key));
    }
}
