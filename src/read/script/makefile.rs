//! Makefiles and justfiles: the recipe lines of a target, with literal variables replaced.

use std::collections::HashMap;

use crate::read::script::{ScriptPart, is_name};
use crate::read::text::MappedText;

/// The maximum length of a variable's value that is inserted into a recipe, in bytes.
const LONGEST_VALUE: usize = 1024;
/// The maximum length of a recipe line after its variables are replaced, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// The targets of a Makefile or the recipes of a justfile.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipes {
    targets: HashMap<String, Vec<Recipe>>,
    variables: HashMap<String, String>,
    /// The first target.
    first: Option<String>,
    just: bool,
}

#[derive(Debug, Clone, Default)]
struct Recipe {
    needs: Vec<String>,
    /// The range of the recipe's lines.
    start: usize,
    end: usize,
}

impl Recipes {
    /// Reads a Makefile.
    pub(crate) fn makefile(text: &str) -> Self {
        let mut found = Self::default();
        let mut open: Vec<(String, Recipe)> = Vec::new();
        let mut at = 0;
        let mut continued = false;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let content = line.trim_end();
            let was_continued = std::mem::replace(&mut continued, content.ends_with('\\'));
            if line.starts_with('\t') || (was_continued && !open.is_empty()) {
                for (_, recipe) in &mut open {
                    if recipe.end == 0 {
                        recipe.start = start;
                    }
                    recipe.end = end;
                }
            } else if !content.trim().is_empty() && !content.starts_with('#') && !was_continued {
                found.close(&mut open);
                found.header(content, start, &mut open);
            }
        }
        found.close(&mut open);
        found
    }

    /// Reads a justfile.
    pub(crate) fn justfile(text: &str) -> Self {
        let mut found = Self { just: true, ..Self::default() };
        let mut open: Vec<(String, Recipe)> = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let content = line.trim_end();
            if line.starts_with([' ', '\t']) || content.is_empty() {
                for (_, recipe) in &mut open {
                    if recipe.end == 0 {
                        recipe.start = start;
                    }
                    recipe.end = end;
                }
            } else if !content.starts_with(['#', '[']) {
                found.close(&mut open);
                found.header(content, start, &mut open);
            }
        }
        found.close(&mut open);
        found
    }

    fn header(&mut self, line: &str, start: usize, open: &mut Vec<(String, Recipe)>) {
        if let Some((name, value)) = assignment(line, self.just) {
            let value = if self.just { value.trim_matches(['"', '\'']) } else { value };
            if value.len() <= LONGEST_VALUE {
                self.variables.insert(name.to_owned(), value.to_owned());
            }
            return;
        }
        let Some(colon) = line.find(':') else { return };
        let (names, rest) = (&line[..colon], line[colon + 1..].trim_start_matches(':'));
        let (needs, inline) = rest.split_once(';').map_or((rest, None), |(needs, inline)| (needs, Some(inline)));
        let needs = needs.split('#').next().unwrap_or_default();
        let needs: Vec<String> = needs
            .split_whitespace()
            .map(|need| need.trim_matches(['(', ')', '&']))
            .filter(|need| is_name(need))
            .map(str::to_owned)
            .collect();
        let mut names: Vec<&str> = names.split_whitespace().collect();
        if self.just {
            // The words after the name are parameters.
            names.truncate(1);
        }
        for name in names.into_iter().map(|name| name.trim_start_matches('@')).filter(|name| is_name(name)) {
            let mut recipe = Recipe { needs: needs.clone(), start: 0, end: 0 };
            if let Some(inline) = inline.filter(|_| !self.just) {
                (recipe.start, recipe.end) = (start + line.len() - inline.len(), start + line.len());
            }
            if self.first.is_none() && !name.starts_with('.') {
                self.first = Some(name.to_owned());
            }
            open.push((name.to_owned(), recipe));
        }
    }

    fn close(&mut self, open: &mut Vec<(String, Recipe)>) {
        for (name, recipe) in open.drain(..) {
            self.targets.entry(name).or_default().push(recipe);
        }
    }

    /// The commands of a target, or of the first target. `None` if there is no such target.
    pub(crate) fn part(&self, text: &str, name: &str) -> Option<ScriptPart> {
        let name = if name.is_empty() { self.first.as_deref()? } else { name };
        let recipes = self.targets.get(name)?;
        let mut part = ScriptPart::default();
        for recipe in recipes {
            part.needs.extend(recipe.needs.iter().cloned());
            let lines = text.get(recipe.start..recipe.end).unwrap_or_default();
            if self.just && lines.trim_start().starts_with("#!") {
                let mut whole = MappedText::default();
                self.expand(lines, recipe.start, &mut whole);
                part.texts.push(whole);
            } else {
                self.lines(lines, recipe.start, &mut part.texts);
            }
        }
        Some(part)
    }

    /// Each line of a recipe is a script of its own; a line that ends with a backslash continues.
    fn lines(&self, lines: &str, start: usize, texts: &mut Vec<MappedText>) {
        let mut at = start;
        let mut open: Option<MappedText> = None;
        for line in lines.split_inclusive('\n') {
            let content = line.trim_end();
            let mut inner = content.trim_start();
            if open.is_none() {
                inner = inner.trim_start_matches(['@', '-', '+', ' ']);
            }
            let offset = at + content.len() - inner.len();
            let mut text = open.take().unwrap_or_default();
            self.expand(inner, offset, &mut text);
            if content.ends_with('\\') {
                text.push("\n", offset + inner.len(), offset + inner.len());
                open = Some(text);
            } else if !text.as_str().trim().is_empty() {
                texts.push(text);
            }
            at += line.len();
        }
        texts.extend(open);
    }

    /// Adds a line with its variables replaced; one with an unknown value becomes a variable of the shell.
    fn expand(&self, line: &str, start: usize, out: &mut MappedText) {
        let mut at = 0;
        while at < line.len() && out.as_str().len() < LONGEST_LINE {
            let rest = &line[at..];
            let (mark, ends) = if self.just { ("{{", &["}}"][..]) } else { ("$", &[")", "}"][..]) };
            let Some(found) = rest.find(mark) else { break };
            out.push(&rest[..found], start + at, start + at + found);
            let from = &rest[found..];
            let position = start + at + found;
            let inner = if self.just {
                from.strip_prefix("{{")
            } else {
                from.strip_prefix("$(").or_else(|| from.strip_prefix("${"))
            };
            let end = inner.and_then(|inner| ends.iter().filter_map(|end| inner.find(end)).min());
            let (text, length) = match (inner, end) {
                (Some(inner), Some(end)) => {
                    let name = inner[..end].trim();
                    let known = self.variables.get(name).map(String::as_str).filter(|value| !value.contains('$'));
                    let text = match name {
                        "MAKE" => "make".to_owned(),
                        _ => known.map_or_else(|| variable(name, self.just), str::to_owned),
                    };
                    (text, 2 + end + if self.just { 2 } else { 1 })
                }
                _ if from.starts_with("$$") => ("$".to_owned(), 2),
                _ if self.just => ("{{".to_owned(), 2),
                _ => ("$".to_owned(), 1),
            };
            out.push(&text, position, position + length);
            at += found + length;
        }
        out.push(&line[at.min(line.len())..], start + at, start + line.len());
    }
}

/// An unassigned variable of a Makefile has the value of the environment variable.
fn variable(name: &str, just: bool) -> String {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !just { format!("${{{name}}}") } else { "${UNKNOWN_}".to_owned() }
}

/// A line `NAME = value`, `NAME := value` or `NAME ?= value`.
fn assignment(line: &str, just: bool) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let equals = line.find('=')?;
    let name = line[..equals].trim_end_matches([':', '?', '+', '!']).trim();
    let colon = line.find(':').is_some_and(|at| at + 1 < equals && !line[at..equals].trim_matches(':').is_empty());
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    (plain && !colon && (!just || line[..equals].ends_with(':'))).then(|| (name, line[equals + 1..].trim()))
}
