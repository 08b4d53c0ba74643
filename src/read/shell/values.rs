//! The values that a POSIX script computes from its arguments, as far as they are literal: positional parameters, variables and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::read::shell::{ShellInvocation, ShellWord, WordPiece};

/// The maximum number of variables whose values are kept.
const MOST_VARIABLES: usize = 64;
/// The maximum length of a value, in bytes.
const LONGEST_VALUE: usize = 256;

/// The positional parameters of a script or function.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parameters {
    /// `$1`, `$2` and so on.
    pub words: Vec<ShellWord>,
    /// Whether more may follow.
    pub open: bool,
}

impl Parameters {
    /// The parameters that some words become. A word that the shell may split makes the rest unknown.
    pub(crate) fn new(words: &[ShellWord], open: bool) -> Self {
        let split = words.iter().position(|word| word.splits);
        let known = words.get(..split.unwrap_or(words.len())).unwrap_or_default();
        Self { words: known.to_vec(), open: open || split.is_some() }
    }

    /// Unknown parameters.
    pub(crate) const fn unknown() -> Self {
        Self { words: Vec::new(), open: true }
    }

    /// A parameter by its number. `None` if it is unknown; an absent one has no pieces.
    pub(crate) fn get(&self, number: usize) -> Option<&[WordPiece]> {
        match self.words.get(number.checked_sub(1)?) {
            Some(word) => Some(&word.parts),
            None if self.open => None,
            None => Some(&[]),
        }
    }

    fn shift(&mut self, count: usize) {
        self.words.drain(..count.min(self.words.len()));
    }
}

/// What is known at one point of a script.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Values {
    parameters: Rc<Parameters>,
    variables: Rc<BTreeMap<String, String>>,
    arrays: Rc<BTreeMap<String, Parameters>>,
}

impl Values {
    pub(crate) fn new(invocation: &ShellInvocation) -> Self {
        let parameters = Parameters::new(&invocation.arguments, invocation.open);
        Self { parameters: Rc::new(parameters), variables: Rc::default(), arrays: Rc::default() }
    }

    pub(crate) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Replaces the parameters, and returns the former ones.
    pub(crate) fn set_parameters(&mut self, parameters: Parameters) -> Rc<Parameters> {
        std::mem::replace(&mut self.parameters, Rc::new(parameters))
    }

    pub(crate) fn restore_parameters(&mut self, parameters: Rc<Parameters>) {
        self.parameters = parameters;
    }

    pub(crate) fn shift(&mut self, count: Option<usize>) {
        match count {
            Some(count) => Rc::make_mut(&mut self.parameters).shift(count),
            None => self.parameters = Rc::new(Parameters::unknown()),
        }
    }

    /// The value of a variable or parameter. `None` if it is unknown.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        if let Ok(number) = name.parse::<usize>() {
            return text(self.parameters.get(number)?);
        }
        match name {
            "#" => (!self.parameters.open).then(|| self.parameters.words.len().to_string()),
            "@" | "*" if !self.parameters.open => {
                let words: Option<Vec<String>> = self.parameters.words.iter().map(|word| text(&word.parts)).collect();
                words.map(|words| words.join(" "))
            }
            _ => self.variables.get(name).cloned(),
        }
    }

    /// The items of an array. `None` if none of them is known.
    pub(crate) fn array(&self, name: &str) -> Option<&Parameters> {
        self.arrays.get(name)
    }

    /// Sets an array, or adds items to it. If that is not certain, the items after those that it has are unknown.
    pub(crate) fn set_array(&mut self, name: &str, items: &[ShellWord], append: bool, certain: bool) {
        let before = self.arrays.get(name).filter(|_| append);
        let kept = match before {
            Some(before) if before.open || !certain => Some(Parameters { open: true, ..before.clone() }),
            Some(before) => Some(Parameters { words: [before.words.as_slice(), items].concat(), open: false }),
            None => Some(Parameters { words: items.to_vec(), open: false }).filter(|_| certain && !append),
        };
        self.set(name, None);
        let few = self.arrays.len() < MOST_VARIABLES;
        if let Some(array) = kept.filter(|array| few && array.words.len() <= MOST_VARIABLES) {
            Rc::make_mut(&mut self.arrays).insert(name.to_owned(), array);
        }
    }

    /// Sets a variable; `None` makes its value unknown.
    pub(crate) fn set(&mut self, name: &str, value: Option<String>) {
        if self.arrays.contains_key(name) {
            Rc::make_mut(&mut self.arrays).remove(name);
        }
        let room = || self.variables.len() < MOST_VARIABLES || self.variables.contains_key(name);
        match value.filter(|value| value.len() <= LONGEST_VALUE && !value.contains("${{") && room()) {
            Some(value) => {
                Rc::make_mut(&mut self.variables).insert(name.to_owned(), value);
            }
            None if self.variables.contains_key(name) => {
                Rc::make_mut(&mut self.variables).remove(name);
            }
            None => {}
        }
    }

    /// Makes the values of all variables unknown.
    pub(crate) fn forget(&mut self) {
        self.variables = Rc::default();
        self.arrays = Rc::default();
    }

    /// Makes every value unknown that a text may change. The text is that of a loop.
    pub(crate) fn forget_changed_in(&mut self, script: &str) {
        let words: BTreeSet<&str> =
            script.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$').collect();
        if words.contains("shift") || words.contains("set") {
            self.shift(None);
        }
        if words.contains("eval") || words.contains("source") {
            self.forget();
        }
        let changed = self.variables.keys().chain(self.arrays.keys()).filter(|name| words.contains(name.as_str()));
        for name in changed.cloned().collect::<Vec<_>>() {
            self.set(&name, None);
        }
    }

    /// The value of `${…}` by the text between its braces.
    pub(crate) fn expanded(&self, body: &str) -> Option<String> {
        let end = body.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(body.len());
        let (name, operator) = match body.strip_prefix('#') {
            Some("") => return self.get("#"),
            Some(_) => return None,
            None if body.starts_with(['@', '*']) => body.split_at(1),
            None => body.split_at(end),
        };
        let value = self.get(name)?;
        let literal = |text: &str| (!text.contains(['$', '`', '\\', '"', '\''])).then(|| text.to_owned());
        match operator {
            "" => Some(value),
            ",," => Some(value.to_lowercase()),
            "^^" => Some(value.to_uppercase()),
            _ => {
                let absent = value.is_empty();
                if let Some(default) = operator.strip_prefix(":-").or_else(|| operator.strip_prefix(":=")) {
                    if absent { literal(default.trim_matches(['"', '\''])) } else { Some(value) }
                } else if let Some(default) = operator.strip_prefix('-').filter(|_| name.parse::<usize>().is_ok()) {
                    // An empty argument is rare; an absent one is not.
                    if absent { literal(default.trim_matches(['"', '\''])) } else { Some(value) }
                } else if let Some(other) = operator.strip_prefix(":+") {
                    if absent { Some(String::new()) } else { literal(other) }
                } else if operator.starts_with(":?") || operator.starts_with('?') {
                    (!absent).then_some(value)
                } else {
                    None
                }
            }
        }
    }
}

/// The text of pieces that are all text without expressions of the caller.
pub(crate) fn text(parts: &[WordPiece]) -> Option<String> {
    let known = |text: &&str| !text.contains("${{");
    parts
        .iter()
        .map(|part| if let WordPiece::Text(text) = part { Some(text.as_str()).filter(known) } else { None })
        .collect()
}

/// Whether `test` succeeds with some arguments. `None` if that is unknown.
pub(crate) fn test(arguments: &[Option<String>]) -> Option<bool> {
    let word = |at: usize| arguments.get(at).and_then(Option::as_deref);
    match arguments.len() {
        0 => Some(false),
        1 => word(0).map(|text| !text.is_empty()),
        _ if word(0) == Some("!") => test(&arguments[1..]).map(|truth| !truth),
        2 => match word(0)? {
            "-z" => word(1).map(str::is_empty),
            "-n" => word(1).map(|text| !text.is_empty()),
            _ => None,
        },
        3 => compare(word(0), word(1)?, word(2)),
        _ => None,
    }
}

/// Whether a comparison of two values holds.
pub(crate) fn compare(left: Option<&str>, operator: &str, right: Option<&str>) -> Option<bool> {
    let (left, right) = (left?, right?);
    let numbers = || Some((left.trim().parse::<i64>().ok()?, right.trim().parse::<i64>().ok()?));
    match operator {
        "=" | "==" => Some(left == right),
        "!=" => Some(left != right),
        "-eq" => numbers().map(|(left, right)| left == right),
        "-ne" => numbers().map(|(left, right)| left != right),
        "-lt" => numbers().map(|(left, right)| left < right),
        "-le" => numbers().map(|(left, right)| left <= right),
        "-gt" => numbers().map(|(left, right)| left > right),
        "-ge" => numbers().map(|(left, right)| left >= right),
        _ => None,
    }
}

/// Whether a value matches a pattern as it is written. `None` if the pattern is not literal besides `*` and `?`.
pub(crate) fn matches(pattern: &str, value: &str) -> Option<bool> {
    let mut letters = Vec::new();
    let mut quote = None;
    for letter in pattern.trim().chars() {
        match letter {
            '"' | '\'' if quote.is_none_or(|open| open == letter) => {
                quote = if quote.is_none() { Some(letter) } else { None };
            }
            '$' | '`' | '\\' => return None,
            '[' | '(' if quote.is_none() => return None,
            _ => letters.push((letter, quote.is_none() && matches!(letter, '*' | '?'))),
        }
    }
    let value: Vec<char> = value.chars().collect();
    if letters.len() > LONGEST_VALUE {
        return None;
    }
    let (mut at, mut own, mut star) = (0, 0, None);
    while at < value.len() {
        match letters.get(own) {
            Some(('*', true)) => {
                star = Some((own, at));
                own += 1;
            }
            Some((letter, wild)) if *wild || Some(letter) == value.get(at) => {
                (at, own) = (at + 1, own + 1);
            }
            _ => match &mut star {
                Some((star, from)) => {
                    *from += 1;
                    (own, at) = (*star + 1, *from);
                }
                None => return Some(false),
            },
        }
    }
    Some(letters.iter().skip(own).all(|letter| *letter == ('*', true)))
}
