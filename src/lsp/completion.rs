//! Completion in the config and in ignore comments. What is half typed is often no YAML, so the lines decide where the cursor is.

use std::path::Path;

use gen_lsp_types::{CompletionItem, CompletionItemKind, CompletionItemTextEdit, Position, Range, TextEdit};

use crate::lsp::open_document::Document;
use crate::lsp::position;
use crate::lsp::view::View;
use crate::read::config::{IGNORE_KEYS, KEYS};
use crate::read::project::CONFIGS;
use crate::read::source::SourceFile;

/// The levels that the config can give a rule.
const LEVELS: [&str; 4] = ["error", "warning", "note", "off"];

/// A proposal: the text, what it is, and what follows it.
type Choice = (String, String, &'static str);

impl View<'_> {
    /// What can be typed at a position of an open document.
    pub(crate) fn completions(&self, path: &Path, document: &Document, at: Position) -> Vec<CompletionItem> {
        let source = &document.source;
        let end = position::offset(source, at, self.client.unit);
        let line = source.line_at(end);
        let span = source.line_span(line);
        let before = source.text().get(span.start as usize..end as usize).unwrap_or_default();
        let (choices, typed) = match rule_in_comment(before) {
            Some(typed) => (self.rules(""), typed),
            None if self.is_config_path(path) => {
                let cursor = Cursor::new(source, line, before);
                (self.config_choices(&cursor), cursor.typed)
            }
            None => return Vec::new(),
        };
        let start = Position { line: at.line, character: at.character.saturating_sub(self.width(typed)) };
        let item = |(text, detail, after): Choice| {
            let edit = TextEdit { range: Range { start, end: at }, new_text: format!("{text}{after}") };
            CompletionItem {
                label: text,
                detail: Some(detail),
                kind: Some(if after.is_empty() { CompletionItemKind::Value } else { CompletionItemKind::Property }),
                text_edit: Some(CompletionItemTextEdit::TextEdit(edit)),
                ..CompletionItem::default()
            }
        };
        choices.into_iter().map(item).collect()
    }

    /// The width of a text in the client's unit.
    fn width(&self, text: &str) -> u32 {
        let source = SourceFile::new("", text.as_bytes().to_vec());
        position::position(&source, u32::try_from(text.len()).unwrap_or(0), self.client.unit).character
    }

    fn is_config_path(&self, path: &Path) -> bool {
        CONFIGS.iter().any(|name| self.repository.root.join(name) == path)
    }

    fn config_choices(&self, cursor: &Cursor<'_>) -> Vec<Choice> {
        let path: Vec<&str> = cursor.path.iter().map(String::as_str).collect();
        let keys = |keys: &[&str]| {
            let new = keys.iter().filter(|key| !cursor.siblings.iter().any(|(known, _)| known == *key));
            new.map(|key| ((*key).to_owned(), String::new(), ": ")).collect()
        };
        match (path.as_slice(), cursor.key) {
            ([], None) => keys(&KEYS),
            (["publishers"], None) => {
                let mut names = vec!["registry"];
                let id = cursor.siblings.iter().find(|(key, _)| key == "registry").map(|(_, value)| value.as_str());
                let registry = id.and_then(|id| self.repository.rules.data.registries.get(id));
                names.extend(registry.iter().flat_map(|it| &it.record).map(|field| field.name.as_str()));
                let mut choices: Vec<Choice> = keys(&names);
                for (name, detail, _) in &mut choices {
                    let field = registry.and_then(|registry| registry.field(name));
                    *detail =
                        field.map_or_else(|| "the registry of the publisher".to_owned(), |field| field.label.clone());
                }
                choices
            }
            (["publishers"], Some("registry")) => {
                let all = self.repository.rules.data.registries.iter();
                all.map(|registry| (registry.id.clone(), registry.name.clone(), "")).collect()
            }
            (["publishers" | "ignore"], Some("workflow")) => self.workflows(),
            (["publishers"], Some("environment")) => self.environments(""),
            (["environments"], None) => self.environments(": "),
            (["rules"], None) => self.rules(": "),
            (["rules"], Some(_)) => LEVELS.iter().map(|level| ((*level).to_owned(), String::new(), "")).collect(),
            (["ignore"], None) => keys(&IGNORE_KEYS),
            (["ignore"], Some("rule")) => self.rules(""),
            (["ignore"], Some("job")) => self.jobs(),
            _ => Vec::new(),
        }
    }

    fn rules(&self, after: &'static str) -> Vec<Choice> {
        let rules = self.repository.rules.rules.iter();
        rules.map(|rule| (rule.name.clone(), format!("{} {}", rule.code, rule.summary), after)).collect()
    }

    fn workflows(&self) -> Vec<Choice> {
        let project = &self.repository.project;
        let files = project.workflows.iter().filter_map(|document| project.source(document.file));
        files.map(|file| (file.file_name().to_owned(), file.path().to_owned(), "")).collect()
    }

    /// The environments that a job of some workflow names.
    fn environments(&self, after: &'static str) -> Vec<Choice> {
        self.of_jobs(|job| {
            let environment = job.environment?.name.value();
            (!environment.contains("${{")).then(|| environment.to_owned())
        })
        .into_iter()
        .map(|(text, detail)| (text, detail, after))
        .collect()
    }

    fn jobs(&self) -> Vec<Choice> {
        self.of_jobs(|job| Some(job.id.value().to_owned()))
            .into_iter()
            .map(|(text, detail)| (text, detail, ""))
            .collect()
    }

    /// Something of every job, each once, with the path of the first workflow that has it.
    fn of_jobs(&self, pick: impl Fn(&crate::workflow::model::Job<'_>) -> Option<String>) -> Vec<(String, String)> {
        self.repository.analyse(|analysis| {
            let mut found: Vec<(String, String)> = Vec::new();
            for workflow in analysis.workflows {
                for text in workflow.jobs.iter().filter_map(&pick) {
                    if found.iter().all(|(known, _)| *known != text) {
                        found.push((text, workflow.source.path().to_owned()));
                    }
                }
            }
            found
        })
    }
}

/// What is typed of a rule's name in `# trustpub: ignore[…`.
fn rule_in_comment(before: &str) -> Option<&str> {
    let (_, list) = before
        .split_once('#')?
        .1
        .split_once("trustpub:")?
        .1
        .trim_start()
        .split_once("ignore[")
        .filter(|(lead, _)| lead.is_empty())?;
    (!list.contains(']')).then(|| list.rsplit(',').next().unwrap_or_default().trim_start())
}

/// Where the cursor is in a YAML file.
struct Cursor<'s> {
    /// The keys around it, from the root.
    path: Vec<String>,
    /// The key whose value is typed; `None` where a key is typed.
    key: Option<&'s str>,
    /// What is typed of the key or the value.
    typed: &'s str,
    /// The other keys of the same mapping, with their values.
    siblings: Vec<(String, String)>,
}

/// A line: the column of its first `-`, the column of its key, the key and the value.
struct Line<'s> {
    dash: Option<usize>,
    column: usize,
    key: &'s str,
    value: Option<&'s str>,
}

impl<'s> Line<'s> {
    /// `None` for an empty line and a comment.
    fn new(text: &'s str) -> Option<Self> {
        let mut rest = text.trim_start();
        let dash = rest.starts_with('-').then(|| text.len() - rest.len());
        while let Some(inner) = rest.strip_prefix('-').filter(|inner| inner.is_empty() || inner.starts_with(' ')) {
            rest = inner.trim_start();
        }
        if rest.starts_with('#') || (rest.is_empty() && dash.is_none()) {
            return None;
        }
        let column = text.len() - rest.len();
        let (key, value) = match rest.split_once(':') {
            Some((key, value)) if value.is_empty() || value.starts_with(' ') => (key, Some(value.trim())),
            _ => (rest, None),
        };
        Some(Self { dash, column, key: key.trim(), value })
    }
}

impl<'s> Cursor<'s> {
    fn new(source: &'s SourceFile, number: u32, before: &'s str) -> Self {
        let here = Line::new(before).unwrap_or(Line { dash: None, column: before.len(), key: "", value: None });
        let (key, typed) = match here.value {
            Some(_) => (Some(here.key), before.split_once(':').map_or("", |(_, value)| value.trim_start())),
            None => (None, here.key),
        };
        let mut cursor =
            Cursor { path: Vec::new(), key, typed: typed.trim_start_matches(['"', '\'']), siblings: Vec::new() };
        let mut column = here.column;
        let mut is_item = here.dash.is_some();
        for line in (1..number).rev().filter_map(|number| Line::new(source.line_text(number))) {
            if line.column == column && cursor.path.is_empty() && !is_item {
                cursor.siblings.push((line.key.to_owned(), line.value.unwrap_or_default().to_owned()));
                is_item = line.dash.is_some();
            } else if line.column < column {
                cursor.path.insert(0, line.key.to_owned());
                column = line.column.min(line.dash.unwrap_or(line.column));
            }
        }
        let after = (number + 1..=source.line_count()).map(|number| Line::new(source.line_text(number)));
        for line in after.flatten() {
            if line.dash.is_some() || line.column < here.column {
                break;
            }
            if line.column == here.column {
                cursor.siblings.push((line.key.to_owned(), line.value.unwrap_or_default().to_owned()));
            }
        }
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(text: &str) -> (Vec<String>, Option<String>, String, Vec<String>) {
        let (before, after) = text.split_once('|').unwrap();
        let source = SourceFile::new("c", format!("{before}{after}").into_bytes());
        let number = u32::try_from(before.matches('\n').count()).unwrap() + 1;
        let cursor = Cursor::new(&source, number, before.rsplit('\n').next().unwrap());
        let siblings = cursor.siblings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        (cursor.path, cursor.key.map(str::to_owned), cursor.typed.to_owned(), siblings)
    }

    #[test]
    fn the_lines_decide_where_the_cursor_is() {
        let is = |text, path: &[&str], key: Option<&str>, typed: &str, siblings: &[&str]| {
            let expected = (
                path.iter().map(|it| (*it).to_owned()).collect(),
                key.map(str::to_owned),
                typed.to_owned(),
                siblings.iter().map(|it| (*it).to_owned()).collect(),
            );
            assert_eq!(cursor(text), expected, "{text}");
        };
        is("pub|", &[], None, "pub", &[]);
        is("publishers:\n  - |", &["publishers"], None, "", &[]);
        is("publishers:\n- registry: py|", &["publishers"], Some("registry"), "py", &[]);
        is(
            "publishers:\n  - registry: pypi\n    # x\n    env|\n    workflow: a.yml\n",
            &["publishers"],
            None,
            "env",
            &["registry=pypi", "workflow=a.yml"],
        );
        is(
            "publishers:\n  - registry: pypi\n  - registry: npm\n    workflow: |",
            &["publishers"],
            Some("workflow"),
            "",
            &["registry=npm"],
        );
        is("environments:\n  pypi:\n    refs: [v*]\n  |", &["environments"], None, "", &["pypi="]);
        is("rules:\n  a: off\n  missing|", &["rules"], None, "missing", &["a=off"]);
        is("ignore:\n  - rule: \"mis|", &["ignore"], Some("rule"), "mis", &[]);
    }

    #[test]
    fn a_rule_is_typed_in_an_ignore_comment() {
        assert_eq!(rule_in_comment("  env: # trustpub: ignore[a, mis"), Some("mis"));
        assert_eq!(rule_in_comment("# trustpub: ignore["), Some(""));
        assert_eq!(rule_in_comment("# trustpub: ignore[a] mis"), None);
        assert_eq!(rule_in_comment("# ignore["), None);
        assert_eq!(rule_in_comment("trustpub: ignore["), None);
    }
}
