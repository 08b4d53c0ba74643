//! The rows of `strategy.matrix`, expanded as GitHub does: all combinations, minus `exclude`, plus `include`.

use std::collections::BTreeMap;

use crate::read::yaml::{Node, NodeKind};
use crate::workflow::expression::{Outcome, UnknownReason, Value, coerce_text};

/// The maximum number of rows of a matrix at GitHub.
const MAX_ROWS: usize = 256;

/// The maximum number of combinations computed before `exclude` applies.
const MAX_COMBINATIONS: usize = 4096;

type MatrixCells = Vec<(String, Outcome)>;

/// One row: the values of `matrix` in one copy of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    /// Its values in file order.
    pub values: MatrixCells,
    /// The names whose values differ between the rows of this job; they name the row in messages.
    distinguishing: Vec<String>,
}

impl MatrixRow {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Outcome> {
        self.values.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The row's name in a message: "`os=linux` and `python=3.12`".
    #[must_use]
    pub fn title(&self) -> String {
        let distinguishing = self.values.iter().filter(|(name, _)| self.distinguishing.contains(name));
        let parts: Vec<_> = distinguishing.map(|(name, value)| format!("`{name}={}`", display(value))).collect();
        parts.join(" and ")
    }
}

fn display(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Known(Value::Object(_) | Value::Array(_)) | Outcome::Unknown(_) => "…".to_owned(),
        Outcome::Known(value) => coerce_text(value),
    }
}

/// The distinct rows of a `strategy` with only the values for which `reads` is true; none if there is no matrix.
///
/// # Errors
/// Why the rows are unknown.
pub(crate) fn rows(
    strategy: Option<Node<'_>>,
    evaluate: &dyn Fn(&str) -> Outcome,
    reads: &dyn Fn(&str) -> bool,
) -> Result<Vec<MatrixRow>, UnknownReason> {
    let Some(matrix) = strategy.and_then(|strategy| strategy.get("matrix")) else { return Ok(Vec::new()) };
    let mut rows: Vec<MatrixCells> = vec![Vec::new()];
    let mut includes = Vec::new();
    let mut excludes = Vec::new();
    let mut unknown_list = None;
    let entries = entries(matrix, evaluate)?;
    let unfiltered = !entries.iter().any(|(name, _)| matches!(name.as_str(), "include" | "exclude"));
    // The number of rows that differ only in values that nothing reads; they count toward the limits only.
    let mut unread_copies: usize = 1;
    let mut any_unread = false;
    for (name, items) in entries {
        match (name.as_str(), items) {
            (_, Ok(items)) if unfiltered && !items.is_empty() && !reads(&name) => {
                unread_copies = unread_copies.saturating_mul(items.len());
                within_bounds(rows.len().saturating_mul(unread_copies))?;
                any_unread = true;
            }
            ("include", items) => includes = items?,
            ("exclude", items) => excludes = items?,
            (_, Ok(items)) => {
                within_bounds(rows.len().saturating_mul(unread_copies).saturating_mul(items.len()))?;
                rows = product(rows, &name, &items);
            }
            // An unknown list leaves the other lists known.
            (_, Err(reason)) => {
                rows = product(rows, &name, &[Outcome::Unknown(reason.clone())]);
                unknown_list = Some(reason);
            }
        }
    }
    if rows == [Vec::new()] && !any_unread {
        rows.clear();
    }
    if let Some(reason) = unknown_list.filter(|_| !includes.is_empty() || !excludes.is_empty()) {
        return Err(reason);
    }
    let excluded = |row: &MatrixCells| {
        excludes.iter().map(pairs).any(|exclude| exclude.iter().all(|(name, value)| find(row, name) == Some(value)))
    };
    rows.retain(|row| !excluded(row));
    let rows = apply_includes(rows, &includes);
    if rows.len().saturating_mul(unread_copies) > MAX_ROWS {
        return Err(UnknownReason::new("a matrix with more than 256 rows"));
    }
    Ok(project(rows, reads))
}

/// A name in the matrix and its list, or why the list is unknown.
type MatrixVector = (String, Result<Vec<Outcome>, UnknownReason>);

fn entries(matrix: Node<'_>, evaluate: &dyn Fn(&str) -> Outcome) -> Result<Vec<MatrixVector>, UnknownReason> {
    let list = |value| match value {
        Value::Array(items) => Ok(items),
        _ => Err(UnknownReason::new("a matrix entry that is no list")),
    };
    if matrix.is_mapping() {
        let entry = |entry: crate::read::yaml::MappingEntry<'_>| {
            let name = entry.key.text().unwrap_or_default().to_owned();
            (name, value(entry.value, evaluate, 0).and_then(list))
        };
        return Ok(matrix.entries().map(entry).collect());
    }
    match value(matrix, evaluate, 0)? {
        Value::Object(entries) => {
            let entry = |(name, outcome)| match outcome {
                Outcome::Known(value) => (name, list(value)),
                Outcome::Unknown(reason) => (name, Err(reason)),
            };
            Ok(entries.into_iter().map(entry).collect())
        }
        _ => Err(UnknownReason::new("a matrix that is not a mapping")),
    }
}

fn within_bounds(combinations: usize) -> Result<(), UnknownReason> {
    if combinations > MAX_COMBINATIONS {
        return Err(UnknownReason::new("a matrix with too many combinations"));
    }
    Ok(())
}

fn product(rows: Vec<MatrixCells>, name: &str, items: &[Outcome]) -> Vec<MatrixCells> {
    let with = |row: &MatrixCells, item: &Outcome| {
        let mut row = row.clone();
        row.push((name.to_owned(), item.clone()));
        row
    };
    rows.iter().flat_map(|row| items.iter().map(move |item| with(row, item))).collect()
}

/// An `include` entry extends every row whose original values it does not overwrite; if there is none, it becomes a
/// row of its own.
fn apply_includes(mut rows: Vec<MatrixCells>, includes: &[Outcome]) -> Vec<MatrixCells> {
    let own: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|(name, _)| name.clone()).collect()).collect();
    let mut added = Vec::new();
    for extra in includes {
        let extra = pairs(extra);
        let mut extended = false;
        for (row, own) in rows.iter_mut().zip(&own) {
            let compatible = extra.iter().all(|(name, value)| !own.contains(name) || find(row, name) == Some(value));
            if compatible {
                extended = true;
                for (name, value) in &extra {
                    match row.iter_mut().find(|(known, _)| known == name) {
                        Some(entry) => entry.1 = value.clone(),
                        None => row.push((name.clone(), value.clone())),
                    }
                }
            }
        }
        if !extended && added.len() <= MAX_ROWS {
            added.push(extra);
        }
    }
    rows.extend(added);
    rows
}

fn project(rows: Vec<MatrixCells>, reads: &dyn Fn(&str) -> bool) -> Vec<MatrixRow> {
    let mut projected: Vec<MatrixCells> = Vec::new();
    // `reads` scans every text on the path to the job, so each name is looked up once.
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for mut row in rows {
        row.retain(|(name, _)| {
            let read = known.get(name).copied();
            read.unwrap_or_else(|| *known.entry(name.clone()).or_insert_with(|| reads(name)))
        });
        if !projected.contains(&row) {
            projected.push(row);
        }
    }
    let mut distinguishing: Vec<String> = Vec::new();
    for (name, value) in projected.iter().flatten() {
        if !distinguishing.contains(name) && projected.iter().any(|row| find(row, name) != Some(value)) {
            distinguishing.push(name.clone());
        }
    }
    projected.into_iter().map(|values| MatrixRow { values, distinguishing: distinguishing.clone() }).collect()
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

/// The value of a node; unknown if any part is unknown.
fn value(node: Node<'_>, evaluate: &dyn Fn(&str) -> Outcome, depth: usize) -> Result<Value, UnknownReason> {
    // Aliases can make a small file expand to a very large value.
    if depth > 8 {
        return Err(UnknownReason::new("a matrix nested too deeply"));
    }
    if node.is_mapping() {
        let entry = |entry: crate::read::yaml::MappingEntry<'_>| {
            let name = entry.key.text().unwrap_or_default().to_owned();
            Ok((name, Outcome::Known(value(entry.value, evaluate, depth + 1)?)))
        };
        return Ok(Value::Object(node.entries().map(entry).collect::<Result<_, UnknownReason>>()?));
    }
    if node.is_sequence() {
        if node.items().count() > MAX_COMBINATIONS {
            return Err(UnknownReason::new("a matrix with too many combinations"));
        }
        let items = node.items().map(|item| Ok(Outcome::Known(value(item, evaluate, depth + 1)?)));
        return Ok(Value::Array(items.collect::<Result<_, UnknownReason>>()?));
    }
    let text = node.text().unwrap_or_default();
    match node.kind() {
        NodeKind::Null => Ok(Value::Null),
        NodeKind::Bool => Ok(Value::Bool(text.eq_ignore_ascii_case("true"))),
        NodeKind::Int | NodeKind::Float => {
            Ok(text.parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Number))
        }
        _ => match evaluate(text) {
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
        rows(tree.root(), &evaluate, &|name| name != "unread")
            .map(|rows| rows.iter().map(MatrixRow::title).collect())
            .map_err(|reason| reason.to_string())
    }

    fn evaluate(text: &str) -> Outcome {
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
    fn rows_are_expanded_as_github_does() {
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
            // The example in GitHub's documentation of `include`.
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
    fn an_unknown_or_too_large_matrix_has_a_reason() {
        let many = format!("{{n: [{}]}}", (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
        for (matrix, expected) in
            [("{n: \"${{ needs.x.outputs.y }}\"}", "needs.x.outputs.y"), (&many, "a matrix with too many combinations")]
        {
            let tree = parse(&format!("matrix: {matrix}"), Dialect::Workflow);
            let rows = rows(tree.root(), &evaluate, &|_| true).unwrap();
            let [row] = rows.as_slice() else { panic!("one row") };
            assert_eq!(row.get("n"), Some(&Outcome::unknown(expected)), "{matrix}");
        }
        let unknown_and_excluded = "{n: \"${{ needs.x.outputs.y }}\", exclude: [{n: 1}]}";
        assert_eq!(titles(unknown_and_excluded), Err("needs.x.outputs.y".into()));
        let wide = format!("{{n: [{}]}}", (0..300).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
        assert_eq!(titles(&wide), Err("a matrix with more than 256 rows".into()));
    }
}
