//! Results as they wait for the end of a log: JSON, with what they are ordered by. It knows no finding.

use std::cmp::Reverse;
use std::io;

use serde_json::value::RawValue;
use serde_sarif::sarif as s;

use crate::lint::rules::Rule;
use crate::report::json::indented;
use crate::report::sarif::MOST_RESULTS;

/// How deep a result stands in a log, in blanks.
const DEPTH: usize = 8;

/// How many results more than can be written are gathered before the mildest are dropped.
const SLACK: usize = 5_000;

/// A result. As JSON it takes a third of the memory of its tree.
pub struct ResultRow {
    /// Where it comes in the log: by file, place and rule.
    key: (String, (Option<i64>, Option<i64>), String),
    /// How bad it is: what is waived comes last.
    severity: u8,
    json: String,
}

impl ResultRow {
    /// Of a result that does not name its rule by number yet: which number a rule has is known with the last project.
    pub fn of(result: s::Result) -> io::Result<Self> {
        let severity = match result.level {
            _ if result.suppressions.is_some() => 0,
            Some(s::ResultLevel::Error) => 3,
            Some(s::ResultLevel::Warning) => 2,
            _ => 1,
        };
        let json = indented(&result, DEPTH)?;
        let physical = result.locations.into_iter().flatten().next().and_then(|location| location.physical_location);
        let (mut uri, mut at) = (None, (None, None));
        if let Some(physical) = physical {
            uri = physical.artifact_location.and_then(|artifact| artifact.uri);
            at = physical.region.map_or(at, |region| (region.start_line, region.start_column));
        }
        Ok(Self { key: (uri.unwrap_or_default(), at, result.rule_id.unwrap_or_default()), severity, json })
    }

    /// The result with the number of its rule.
    pub fn json(&self, rules: &[Rule]) -> io::Result<Box<RawValue>> {
        let index = rules.iter().position(|rule| rule.code == self.key.2);
        let number = index.map(|index| format!("\n{}\"ruleIndex\": {index},", " ".repeat(DEPTH + 2)));
        let rest = self.json.strip_prefix('{').unwrap_or_default();
        Ok(RawValue::from_string(format!("{{{}{rest}", number.unwrap_or_default()))?)
    }
}

/// The worst results of all that were added.
#[derive(Default)]
pub struct ResultRows {
    /// Those, after [`Rows::keep_worst`] in the order of the files.
    pub kept: Vec<ResultRow>,
    /// How many were left out.
    pub left: usize,
}

impl ResultRows {
    /// Adds a project's results.
    pub fn add(&mut self, rows: Vec<ResultRow>) {
        self.kept.extend(rows);
        if self.kept.len() > MOST_RESULTS + SLACK {
            self.drop_mildest(MOST_RESULTS);
        }
    }

    fn drop_mildest(&mut self, most: usize) {
        let left = self.kept.len().saturating_sub(most);
        if left > 0 {
            // Of equals the first stay.
            self.kept.sort_by_key(|row| Reverse(row.severity));
            self.kept.truncate(most);
            self.left += left;
        }
    }

    /// Keeps the worst, in the order of the files.
    pub fn keep_worst(&mut self, most: usize) {
        self.drop_mildest(most);
        self.kept.sort_by(|one, other| one.key.cmp(&other.key));
    }
}
