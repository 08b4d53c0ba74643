//! Makefiles and justfiles: the recipe lines of a target, with literal variables replaced.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use crate::read::script::{ScriptPart, is_name};
use crate::read::text::MappedText;

/// The maximum length of a variable's value that is inserted into a recipe, in bytes.
const LONGEST_VALUE: usize = 1024;
/// The maximum length of a recipe line after its variables are replaced, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// The targets of a Makefile or the recipes of a justfile.
#[derive(Debug, Clone, Default)]
pub(super) struct Recipes {
    targets: HashMap<String, Vec<Rc<Recipe>>>,
    variables: HashMap<String, String>,
    given: HashMap<String, Option<String>>,
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
    /// The ranges in it that a condition excludes, and those that an unknown condition may exclude.
    excluded: Vec<Range<usize>>,
    uncertain: Vec<Range<usize>>,
}

impl Recipe {
    /// Adds the range of a line.
    fn extend(&mut self, line: Range<usize>) {
        if self.end == 0 {
            self.start = line.start;
        }
        self.end = line.end;
    }
}

/// The targets of the rule that is being read, and their recipe.
#[derive(Debug, Default)]
struct OpenRule {
    names: Vec<String>,
    recipe: Recipe,
}

/// An open conditional block of a Makefile.
#[derive(Debug, Clone, Copy)]
struct Condition {
    /// Whether its current branch is read; `None` if that is unknown.
    holds: Option<bool>,
    /// Whether an earlier branch is read; `None` if that is unknown.
    earlier: Option<bool>,
}

/// The variables that a call of `make` or `just` sets, such as `make publish TAG=next`. A value that is not known is `None`.
pub(crate) type GivenVariables = [(String, Option<String>)];

impl Recipes {
    /// Reads a Makefile.
    pub(crate) fn makefile(text: &str, given: &GivenVariables) -> Self {
        let mut found = Self::new(given, false);
        let mut open = OpenRule::default();
        let mut conditions: Vec<Condition> = Vec::new();
        let mut at = 0;
        let mut continued = false;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let content = line.trim_end();
            let was_continued = std::mem::replace(&mut continued, content.ends_with('\\'));
            let is_recipe = line.starts_with('\t') || (was_continued && !open.names.is_empty());
            let recipe = &mut open.recipe;
            if !is_recipe && found.condition(content.trim_start(), &mut conditions) {
                // The directive is in the range of the recipe around it.
                recipe.excluded.push(start..end);
                continue;
            }
            let holds = conditions.iter().map(|condition| condition.holds).min_by_key(|holds| match holds {
                Some(false) => 0,
                None => 1,
                Some(true) => 2,
            });
            if is_recipe {
                recipe.extend(start..end);
                match holds {
                    Some(Some(false)) => recipe.excluded.push(start..end),
                    Some(None) => recipe.uncertain.push(start..end),
                    Some(Some(true)) | None => {}
                }
            } else if holds != Some(Some(false))
                && !content.trim().is_empty()
                && !content.starts_with('#')
                && !was_continued
            {
                found.close(&mut open);
                found.header(content, start, holds.unwrap_or(Some(true)).is_some(), &mut open);
            }
        }
        found.close(&mut open);
        found
    }

    fn new(given: &GivenVariables, just: bool) -> Self {
        let given: HashMap<_, _> = given.iter().cloned().collect();
        Self { given, just, ..Self::default() }
    }

    /// Reads `ifeq`, `else`, `endif` and the like. Returns whether the line is one of them.
    fn condition(&self, line: &str, conditions: &mut Vec<Condition>) -> bool {
        let (word, rest) = line.split_once([' ', '\t', '(']).unwrap_or((line, ""));
        let rest = line.get(word.len()..).filter(|_| !rest.is_empty()).unwrap_or_default().trim();
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                conditions.push(Condition { holds: self.test(word, rest), earlier: Some(false) });
            }
            "else" => {
                let Some(last) = conditions.last_mut() else { return true };
                let earlier = match (last.earlier, last.holds) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                };
                let (word, inner) = rest.split_once([' ', '\t', '(']).unwrap_or((rest, ""));
                let inner = rest.get(word.len()..).filter(|_| !inner.is_empty()).unwrap_or_default().trim();
                let own = if word.starts_with("if") { self.test(word, inner) } else { Some(true) };
                let holds = match (earlier, own) {
                    (Some(true), _) | (_, Some(false)) => Some(false),
                    (Some(false), own) => own,
                    (None, _) => None,
                };
                *last = Condition { holds, earlier };
            }
            "endif" => {
                conditions.pop();
            }
            _ => return false,
        }
        true
    }

    /// Whether the condition of a directive holds, if its variables are literal.
    fn test(&self, word: &str, text: &str) -> Option<bool> {
        if word.ends_with("def") {
            let name = text.trim();
            let defined = match self.given.get(name) {
                Some(value) => value.as_ref().map(|value| !value.is_empty())?,
                // The environment may define it.
                None => self.variables.get(name).map(|value| !value.is_empty())?,
            };
            return Some(defined == (word == "ifdef"));
        }
        let (left, right) = match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            Some(inner) => inner.rsplit_once(',')?,
            None => text.split_once(' ')?,
        };
        let plain = |text: &str| self.literal(text.trim().trim_matches(['"', '\'']));
        Some((plain(left)? == plain(right)?) == (word == "ifeq"))
    }

    /// The value of a text that is literal, or one variable with a known value.
    fn literal(&self, text: &str) -> Option<String> {
        let inner = text.strip_prefix("$(").or_else(|| text.strip_prefix("${"));
        let Some(name) = inner.and_then(|inner| inner.strip_suffix([')', '}'])) else {
            return (!text.contains('$')).then(|| text.to_owned());
        };
        self.value(name.trim()).filter(|value| !value.contains('$')).map(str::to_owned)
    }

    /// The known value of a variable: that of the call, else that of the file.
    fn value(&self, name: &str) -> Option<&str> {
        match self.given.get(name) {
            Some(given) => given.as_deref(),
            None => self.variables.get(name).map(String::as_str),
        }
    }

    /// Reads a justfile.
    pub(crate) fn justfile(text: &str, given: &GivenVariables) -> Self {
        let mut found = Self::new(given, true);
        let mut open = OpenRule::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let content = line.trim_end();
            if line.starts_with([' ', '\t']) || content.is_empty() {
                open.recipe.extend(start..end);
            } else if !content.starts_with(['#', '[']) {
                found.close(&mut open);
                found.header(content, start, true, &mut open);
            }
        }
        found.close(&mut open);
        found
    }

    /// Reads the line of an assignment or of targets. An assignment that is not `certain` makes the value unknown.
    fn header(&mut self, line: &str, start: usize, certain: bool, open: &mut OpenRule) {
        if let Some(assignment) = Assignment::read(line, self.just) {
            let name = assignment.name;
            let value = if self.just { assignment.value.trim_matches(['"', '\'']) } else { assignment.value };
            let before = self.variables.remove(name);
            let value = match assignment.operator {
                '!' => None,
                '+' => before.map(|before| format!("{before} {value}")),
                '?' => Some(before.unwrap_or_else(|| value.to_owned())),
                _ => Some(value.to_owned()),
            };
            if let Some(value) = value.filter(|value| certain && value.len() <= LONGEST_VALUE) {
                self.variables.insert(name.to_owned(), value);
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
        open.recipe = Recipe { needs, ..Recipe::default() };
        if let Some(inline) = inline.filter(|_| !self.just) {
            open.recipe.extend(start + line.len() - inline.len()..start + line.len());
        }
        for name in names.into_iter().map(|name| name.trim_start_matches('@')).filter(|name| is_name(name)) {
            if self.first.is_none() && !name.starts_with('.') {
                self.first = Some(name.to_owned());
            }
            open.names.push(name.to_owned());
        }
    }

    fn close(&mut self, open: &mut OpenRule) {
        let OpenRule { names, recipe } = std::mem::take(open);
        let recipe = Rc::new(recipe);
        for name in names {
            self.targets.entry(name).or_default().push(Rc::clone(&recipe));
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
                self.lines(lines, recipe, &mut part);
            }
        }
        Some(part)
    }

    /// Each line of a recipe is a script of its own; a line that ends with a backslash continues.
    fn lines(&self, lines: &str, recipe: &Recipe, part: &mut ScriptPart) {
        let mut at = recipe.start;
        let mut open: Option<MappedText> = None;
        for line in lines.split_inclusive('\n') {
            // The ranges are in the order of the lines.
            let is_in = |ranges: &[Range<usize>]| ranges.binary_search_by(|range| range.start.cmp(&at)).is_ok();
            if is_in(&recipe.excluded) {
                at += line.len();
                continue;
            }
            if is_in(&recipe.uncertain) {
                part.conditional.insert(part.texts.len());
            }
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
                part.texts.push(text);
            }
            at += line.len();
        }
        part.texts.extend(open);
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
                    let is_literal = |value: &&str| !value.replace("${{", "").contains('$');
                    let known = self.value(name).filter(is_literal);
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

/// A line `NAME = value`, `NAME := value`, `NAME ?= value`, `NAME += value` or `NAME != command`.
struct Assignment<'t> {
    name: &'t str,
    /// The character before the equals sign, or the sign.
    operator: char,
    value: &'t str,
}

impl<'t> Assignment<'t> {
    fn read(line: &'t str, just: bool) -> Option<Self> {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").or_else(|| line.strip_prefix("override ")).unwrap_or(line);
        let equals = line.find('=')?;
        let before = line[..equals].trim_end();
        let operator =
            before.chars().next_back().filter(|letter| matches!(letter, ':' | '?' | '+' | '!')).unwrap_or('=');
        let name = before.trim_end_matches([':', '?', '+', '!']).trim();
        let colon = line.find(':').is_some_and(|at| at + 1 < equals && !line[at..equals].trim_matches(':').is_empty());
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        (plain && !colon && (!just || line[..equals].ends_with(':'))).then(|| Self {
            name,
            operator,
            value: line[equals + 1..].trim(),
        })
    }
}
