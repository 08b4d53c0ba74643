//! The rows of a job's matrix, as GitHub makes them: every combination, without the excluded, with the included. It knows no run
//! beyond the expressions that it is given to settle.

use std::collections::BTreeMap;

use crate::read::yaml::{Node, NodeKind};
use crate::workflow::expression::{Outcome, UnknownReason, Value, coerce_text};

/// The most rows that GitHub makes of one matrix.
const MOST_ROWS: usize = 256;

/// The most combinations that are looked at before any is excluded.
const MOST_COMBINATIONS: usize = 4096;

/// Names and values of a row in the making.
type MatrixCells = Vec<(String, Outcome)>;

/// One row: the values of `matrix` in one of a job's copies.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    /// Its values, in the order of the file.
    pub values: MatrixCells,
    /// Those of the values that tell the rows of this job apart, to name the row by.
    shown: Vec<String>,
}

impl MatrixRow {
    /// The value of a name; `None` where the row has none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Outcome> {
        self.values.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How to name it in a sentence: "`os=linux` and `python=3.12`".
    #[must_use]
    pub fn title(&self) -> String {
        let shown = self.values.iter().filter(|(name, _)| self.shown.contains(name));
        let parts: Vec<_> = shown.map(|(name, value)| format!("`{name}={}`", plain(value))).collect();
        parts.join(" and ")
    }
}

fn plain(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Known(Value::Object(_) | Value::Array(_)) | Outcome::Unknown(_) => "…".to_owned(),
        Outcome::Known(value) => coerce_text(value),
    }
}

/// The rows of a `strategy`, with only those values that `reads` asks for, each row once; no row where there is no matrix.
///
/// # Errors
/// Why the rows are not known.
pub fn rows(
    strategy: Option<Node<'_>>,
    settle: &dyn Fn(&str) -> Outcome,
    reads: &dyn Fn(&str) -> bool,
) -> Result<Vec<MatrixRow>, UnknownReason> {
    let Some(matrix) = strategy.and_then(|strategy| strategy.get("matrix")) else { return Ok(Vec::new()) };
    let mut rows: Vec<MatrixCells> = vec![Vec::new()];
    let mut includes = Vec::new();
    let mut excludes = Vec::new();
    let mut open = None;
    let entries = entries(matrix, settle)?;
    let plain = !entries.iter().any(|(name, _)| matches!(name.as_str(), "include" | "exclude"));
    // How many rows differ only in what nobody reads; nothing but their number counts.
    let mut alike: usize = 1;
    let mut unread = false;
    for (name, items) in entries {
        match (name.as_str(), items) {
            (_, Ok(items)) if plain && !items.is_empty() && !reads(&name) => {
                alike = alike.saturating_mul(items.len());
                within_bounds(rows.len().saturating_mul(alike))?;
                unread = true;
            }
            ("include", items) => includes = items?,
            ("exclude", items) => excludes = items?,
            (_, Ok(items)) => {
                within_bounds(rows.len().saturating_mul(alike).saturating_mul(items.len()))?;
                rows = times(rows, &name, &items);
            }
            // One list that is not known leaves the others as they are.
            (_, Err(reason)) => {
                rows = times(rows, &name, &[Outcome::Unknown(reason.clone())]);
                open = Some(reason);
            }
        }
    }
    if rows == [Vec::new()] && !unread {
        rows.clear();
    }
    if let Some(reason) = open.filter(|_| !includes.is_empty() || !excludes.is_empty()) {
        return Err(reason);
    }
    let excluded = |row: &MatrixCells| {
        excludes.iter().map(pairs).any(|exclude| exclude.iter().all(|(name, value)| find(row, name) == Some(value)))
    };
    rows.retain(|row| !excluded(row));
    let rows = include(rows, &includes);
    if rows.len().saturating_mul(alike) > MOST_ROWS {
        return Err(UnknownReason::new("a matrix of more than 256 rows"));
    }
    Ok(shorten(rows, reads))
}

/// A name of the matrix with its list, or why that is not known.
type MatrixVector = (String, Result<Vec<Outcome>, UnknownReason>);

fn entries(matrix: Node<'_>, settle: &dyn Fn(&str) -> Outcome) -> Result<Vec<MatrixVector>, UnknownReason> {
    let list = |value| match value {
        Value::Array(items) => Ok(items),
        _ => Err(UnknownReason::new("a matrix without lists")),
    };
    if matrix.is_mapping() {
        let entry = |entry: crate::read::yaml::MappingEntry<'_>| {
            let name = entry.key.text().unwrap_or_default().to_owned();
            (name, value(entry.value, settle, 0).and_then(list))
        };
        return Ok(matrix.entries().map(entry).collect());
    }
    match value(matrix, settle, 0)? {
        Value::Object(entries) => {
            let entry = |(name, outcome)| match outcome {
                Outcome::Known(value) => (name, list(value)),
                Outcome::Unknown(reason) => (name, Err(reason)),
            };
            Ok(entries.into_iter().map(entry).collect())
        }
        _ => Err(UnknownReason::new("a matrix that is no mapping")),
    }
}

fn within_bounds(combinations: usize) -> Result<(), UnknownReason> {
    if combinations > MOST_COMBINATIONS {
        return Err(UnknownReason::new("a matrix of too many combinations"));
    }
    Ok(())
}

fn times(rows: Vec<MatrixCells>, name: &str, items: &[Outcome]) -> Vec<MatrixCells> {
    let with = |row: &MatrixCells, item: &Outcome| {
        let mut row = row.clone();
        row.push((name.to_owned(), item.clone()));
        row
    };
    rows.iter().flat_map(|row| items.iter().map(move |item| with(row, item))).collect()
}

/// An include joins every row whose own values it does not change; where there is none, it is a row of its own.
fn include(mut rows: Vec<MatrixCells>, includes: &[Outcome]) -> Vec<MatrixCells> {
    let own: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|(name, _)| name.clone()).collect()).collect();
    let mut added = Vec::new();
    for extra in includes {
        let extra = pairs(extra);
        let mut joined = false;
        for (row, own) in rows.iter_mut().zip(&own) {
            let fits = extra.iter().all(|(name, value)| !own.contains(name) || find(row, name) == Some(value));
            if fits {
                joined = true;
                for (name, value) in &extra {
                    match row.iter_mut().find(|(known, _)| known == name) {
                        Some(entry) => entry.1 = value.clone(),
                        None => row.push((name.clone(), value.clone())),
                    }
                }
            }
        }
        if !joined && added.len() <= MOST_ROWS {
            added.push(extra);
        }
    }
    rows.extend(added);
    rows
}

fn shorten(rows: Vec<MatrixCells>, reads: &dyn Fn(&str) -> bool) -> Vec<MatrixRow> {
    let mut short: Vec<MatrixCells> = Vec::new();
    // To find out whether something reads a name takes a look at every text on the way to the job.
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for mut row in rows {
        row.retain(|(name, _)| {
            let read = known.get(name).copied();
            read.unwrap_or_else(|| *known.entry(name.clone()).or_insert_with(|| reads(name)))
        });
        if !short.contains(&row) {
            short.push(row);
        }
    }
    let mut shown: Vec<String> = Vec::new();
    for (name, value) in short.iter().flatten() {
        if !shown.contains(name) && short.iter().any(|row| find(row, name) != Some(value)) {
            shown.push(name.clone());
        }
    }
    short.into_iter().map(|values| MatrixRow { values, shown: shown.clone() }).collect()
}

fn find<'r>(row: &'r [(String, Outcome)], name: &str) -> Option<&'r Outcome> {
    row.iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

fn pairs(outcome: &Outcome) -> MatrixCells {
    match outcome {
        Outcome::Known(Value::Object(entries)) => entries.clone(),
        _ => Vec::new(),
    }
}

/// A node as a value; any part that is not known makes the whole not known.
fn value(node: Node<'_>, settle: &dyn Fn(&str) -> Outcome, depth: usize) -> Result<Value, UnknownReason> {
    // YAML of GitHub's is at most 50 levels deep, but an alias may be used again and again.
    if depth > 8 {
        return Err(UnknownReason::new("a very deep matrix"));
    }
    if node.is_mapping() {
        let entry = |entry: crate::read::yaml::MappingEntry<'_>| {
            let name = entry.key.text().unwrap_or_default().to_owned();
            Ok((name, Outcome::Known(value(entry.value, settle, depth + 1)?)))
        };
        return Ok(Value::Object(node.entries().map(entry).collect::<Result<_, UnknownReason>>()?));
    }
    if node.is_sequence() {
        if node.items().count() > MOST_COMBINATIONS {
            return Err(UnknownReason::new("a matrix of too many combinations"));
        }
        let items = node.items().map(|item| Ok(Outcome::Known(value(item, settle, depth + 1)?)));
        return Ok(Value::Array(items.collect::<Result<_, UnknownReason>>()?));
    }
    let text = node.text().unwrap_or_default();
    match node.kind() {
        NodeKind::Null => Ok(Value::Null),
        NodeKind::Bool => Ok(Value::Bool(text.eq_ignore_ascii_case("true"))),
        NodeKind::Int | NodeKind::Float => {
            Ok(text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Number))
        }
        _ => match settle(text) {
            Outcome::Known(value) => Ok(value),
            Outcome::Unknown(reason) => Err(reason),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::yaml::{Dialect, parse};
    use crate::workflow::expression::{ExpressionTemplate, Scope, StatusFunction, Truth};

    fn titles(matrix: &str) -> Result<Vec<String>, String> {
        let tree = parse(&format!("matrix: {matrix}"), Dialect::Workflow);
        rows(tree.root(), &settle, &|name| name != "unread")
            .map(|rows| rows.iter().map(MatrixRow::title).collect())
            .map_err(|reason| reason.to_string())
    }

    fn settle(text: &str) -> Outcome {
        ExpressionTemplate::parse(text).unwrap().evaluate(&Nothing)
    }

    struct Nothing;

    impl Scope for Nothing {
        fn lookup(&self, path: &[&str]) -> Outcome {
            Outcome::unknown(path.join("."))
        }
        fn status(&self, _: StatusFunction) -> Truth {
            Truth::Yes
        }
    }

    #[test]
    fn rows_are_made_as_github_makes_them() {
        for (matrix, expected) in [
            ("{os: [a, b]}", vec!["`os=a`", "`os=b`"]),
            (
                "{os: [a, b], v: [1, 2], exclude: [{os: a, v: 1}]}",
                vec!["`os=a` and `v=2`", "`os=b` and `v=1`", "`os=b` and `v=2`"],
            ),
            ("{os: [a, b], include: [{os: a, x: 1}]}", vec!["`os=a` and `x=1`", "`os=b`"]),
            ("{os: [a], include: [{os: c}]}", vec!["`os=a`", "`os=c`"]),
            ("{include: [{os: a}, {os: b}]}", vec!["`os=a`", "`os=b`"]),
            ("{os: [a, b], unread: [1, 2, 3]}", vec!["`os=a`", "`os=b`"]),
            ("{os: \"${{ fromJSON('[\\\"a\\\", \\\"b\\\"]') }}\"}", vec!["`os=a`", "`os=b`"]),
            ("\"${{ fromJSON('{\\\"os\\\": [\\\"a\\\", \\\"b\\\"]}') }}\"", vec!["`os=a`", "`os=b`"]),
            // GitHub's own example of includes.
            (
                "{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}",
                vec![
                    "`fruit=apple` and `animal=cat` and `color=pink` and `shape=circle`",
                    "`fruit=apple` and `animal=dog` and `color=green` and `shape=circle`",
                    "`fruit=pear` and `animal=cat` and `color=pink`",
                    "`fruit=pear` and `animal=dog` and `color=green`",
                    "`fruit=banana`",
                    "`fruit=banana` and `animal=cat`",
                ],
            ),
        ] {
            assert_eq!(titles(matrix), Ok(expected.into_iter().map(str::to_owned).collect()), "{matrix}");
        }
    }

    #[test]
    fn what_is_not_known_or_too_much_says_why() {
        let many = format!("{{n: [{}]}}", (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
        for (matrix, expected) in
            [("{n: \"${{ needs.x.outputs.y }}\"}", "needs.x.outputs.y"), (&many, "a matrix of too many combinations")]
        {
            let tree = parse(&format!("matrix: {matrix}"), Dialect::Workflow);
            let rows = rows(tree.root(), &settle, &|_| true).unwrap();
            let [row] = rows.as_slice() else { panic!("one row") };
            assert_eq!(row.get("n"), Some(&Outcome::unknown(expected)), "{matrix}");
        }
        let open_and_excluded = "{n: \"${{ needs.x.outputs.y }}\", exclude: [{n: 1}]}";
        assert_eq!(titles(open_and_excluded), Err("needs.x.outputs.y".into()));
        let wide = format!("{{n: [{}]}}", (0..300).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
        assert_eq!(titles(&wide), Err("a matrix of more than 256 rows".into()));
    }
}
