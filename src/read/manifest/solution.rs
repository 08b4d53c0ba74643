//! Visual Studio solutions: reads the paths of their projects.

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The file's content: the paths of all projects, as a list under `Project`.
pub(crate) fn read(text: &str) -> ManifestValue {
    let mut projects = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        projects.extend(project(line, at));
        at += line.len();
    }
    let whole = span(0, text.len());
    let list = ManifestValue { span: whole, content: ManifestContent::List(projects) };
    ManifestValue::table(vec![ManifestEntry { key: "Project".into(), value: list }], whole)
}

/// The path in a line `Project("{kind}") = "Name", "path", "{id}"` that starts at byte `at`.
fn project(line: &str, at: usize) -> Option<ManifestValue> {
    let (head, values) = line.split_once('=').filter(|(head, _)| head.trim_start().starts_with("Project("))?;
    // Split at quotes: the text before, the name, a comma, the path.
    let path = values.split('"').nth(3)?;
    let before: usize = values.split('"').take(3).map(|part| part.len() + 1).sum();
    let start = at + head.len() + 1 + before;
    Some(ManifestValue::word(path, span(start, start + path.len())))
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
