//! Reads the plain commands of PowerShell and cmd: one per line, with words and quotes. Other constructs are skipped.
//!
//! The commands of a PowerShell function that nothing calls do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::read::shell::{
    Assignment, ShellCommand, ShellFolder, ShellInvocation, ShellScript, ShellWord, WordPiece, folder, push_text,
    text_parts,
};

/// The syntax of one of these shells.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlainSyntax {
    /// The character that continues a line.
    continuation: char,
    /// The starts of comments.
    comment_starts: &'static [&'static str],
    /// The quote characters.
    quotes: &'static [char],
    /// The characters that separate commands on one line.
    separators: &'static [char],
    /// Whether variables are written `$env:NAME`; else `%NAME%`.
    dollar: bool,
}

pub(crate) const POWERSHELL: PlainSyntax = PlainSyntax {
    continuation: '`',
    comment_starts: &["#"],
    quotes: &['"', '\''],
    separators: &[';', '|', '{', '}', '(', ')'],
    dollar: true,
};

pub(crate) const CMD: PlainSyntax = PlainSyntax {
    continuation: '^',
    comment_starts: &["::", "rem ", "REM ", "@rem "],
    quotes: &['"'],
    separators: &['&', '|', '(', ')'],
    dollar: false,
};

/// The maximum number of PowerShell variables whose values are kept.
const MOST_VARIABLES: usize = 64;

/// Reads a masked script.
pub(crate) fn parse(
    masked: &str,
    expressions: &[Range<usize>],
    syntax: PlainSyntax,
    invocation: &ShellInvocation,
) -> ShellScript {
    let mut reader = PlainReader {
        masked,
        expressions,
        syntax,
        commands: Vec::new(),
        words: Vec::new(),
        blocks: Vec::new(),
        parents: Vec::new(),
        block: 0,
        owners: Vec::new(),
        function: None,
        is_after_operator: false,
        is_invoked: false,
        invokes_unknown: false,
        ended: false,
        folder: Some(ShellFolder::default()),
        variables: BTreeMap::new(),
        function_parameters: BTreeSet::new(),
    };
    reader.set_parameters(invocation);
    let mut at = 0;
    let mut here_string = false;
    for line in masked.split_inclusive('\n') {
        let text = line.trim();
        if !syntax.dollar && text.starts_with(':') && !text.starts_with("::") {
            // `goto` and `call` continue at a label.
            reader.ended = false;
        }
        let ends_here = here_string && (text.starts_with("'@") || text.starts_with("\"@"));
        if !here_string && !syntax.comment_starts.iter().any(|comment| text.starts_with(comment)) {
            let continued = reader.line(at, line);
            if !continued {
                reader.finish();
            }
            here_string = syntax.dollar && (text.ends_with("@'") || text.ends_with("@\""));
        } else if ends_here {
            here_string = false;
        }
        at += line.len();
    }
    reader.finish();
    reader.drop_uncalled(invocation);
    let mut commands = reader.commands;
    for (order, command) in commands.iter_mut().enumerate() {
        command.order = order;
    }
    ShellScript { commands, blocks: reader.parents }
}

struct PlainReader<'s> {
    masked: &'s str,
    expressions: &'s [Range<usize>],
    syntax: PlainSyntax,
    commands: Vec<ShellCommand>,
    words: Vec<ShellWord>,
    /// The open blocks, with the name of the function if it is the body of one, and the block around it.
    blocks: Vec<(Option<String>, usize)>,
    /// The blocks that may not run, each as the block around it, and the current one.
    parents: Vec<usize>,
    block: usize,
    /// For each command, the function that it is in.
    owners: Vec<Option<String>>,
    /// The function whose body the next block is.
    function: Option<String>,
    /// Whether the command follows `|`, `&&` or `||` on its line.
    is_after_operator: bool,
    /// Whether the command follows `&`, which calls the program that its first word names.
    is_invoked: bool,
    /// Whether some command calls a program or function whose name is unknown.
    invokes_unknown: bool,
    /// Whether the script has ended.
    ended: bool,
    folder: Option<ShellFolder>,
    /// The values of PowerShell's own variables, by their names in lower case.
    variables: BTreeMap<String, Vec<WordPiece>>,
    /// The names of the parameters of functions.
    function_parameters: BTreeSet<String>,
}

impl PlainReader<'_> {
    /// Gives the parameters in `param(…)` the values of the call, or their literal defaults.
    fn set_parameters(&mut self, invocation: &ShellInvocation) {
        let parameters = if self.syntax.dollar { parameters(self.masked) } else { Vec::new() };
        self.function_parameters = if self.syntax.dollar { function_parameters(self.masked) } else { BTreeSet::new() };
        let mut open = invocation.open;
        let mut positional = Vec::new();
        let mut arguments = invocation.arguments.iter();
        while let Some(argument) = arguments.next() {
            let text = argument.text();
            let named = text.as_deref().and_then(|text| text.strip_prefix('-')).map(|name| {
                let name = name.trim_end_matches(':').to_ascii_lowercase();
                parameters.iter().find(|parameter| parameter.name == name)
            });
            match named {
                Some(Some(parameter)) if parameter.is_switch => {}
                Some(Some(parameter)) => {
                    let value = arguments.next().map_or(vec![WordPiece::Dynamic], |word| word.parts.clone());
                    self.variables.insert(parameter.name.clone(), value);
                }
                // An abbreviated name or one of another function.
                Some(None) => open = true,
                None if argument.parts.iter().any(|part| matches!(part, WordPiece::Variable(name) if name == "@")) => {
                    open = true;
                }
                None => positional.push(argument.parts.clone()),
            }
        }
        let free = parameters.iter().filter(|it| !open && !it.is_switch && !self.variables.contains_key(&it.name));
        for (parameter, value) in free.collect::<Vec<_>>().into_iter().zip(positional) {
            self.variables.insert(parameter.name.clone(), value);
        }
        for parameter in parameters.iter().filter(|_| !open) {
            if let Some(default) = parameter.default.as_ref().filter(|_| !self.variables.contains_key(&parameter.name))
            {
                self.variables.insert(parameter.name.clone(), vec![WordPiece::Text(default.clone())]);
            }
        }
    }

    /// The value of a variable. A function may have a parameter of the same name.
    fn known(&self, name: &str) -> Option<&Vec<WordPiece>> {
        let in_function = self.blocks.iter().any(|(function, _)| function.is_some());
        self.variables.get(name).filter(|_| !in_function || !self.function_parameters.contains(name))
    }

    /// Keeps the value of `$name = value`. In a block that may not run, the value becomes unknown.
    fn set_variable(&mut self, words: &[ShellWord]) {
        let [first, sign, rest @ ..] = words else { return };
        let name = self.masked.get(first.span.clone()).and_then(own_variable);
        let (Some(name), Some(sign)) = (name, sign.text()) else { return };
        // In parentheses it is a default of a parameter, and a function has variables of its own.
        let is_elsewhere = self.block == 0 && !self.blocks.is_empty();
        if !self.syntax.dollar || !sign.ends_with('=') || is_elsewhere {
            return;
        }
        match rest {
            [value] if sign == "=" && self.block == 0 && self.variables.len() < MOST_VARIABLES => {
                self.variables.insert(name, value.parts.clone());
            }
            _ => {
                self.variables.remove(&name);
            }
        }
    }

    fn finish(&mut self) {
        let words = std::mem::take(&mut self.words);
        let is_invoked = std::mem::take(&mut self.is_invoked);
        if self.ended {
            return;
        }
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            let span = first.span.start..last.span.end;
            let conditional = !self.blocks.is_empty();
            let program = first.text().unwrap_or_default().to_ascii_lowercase();
            let assignment = if self.is_after_operator { None } else { self.assignment(&words, &program) };
            self.set_variable(&words);
            match program.as_str() {
                "function" | "filter" if self.syntax.dollar => {
                    self.function = words.get(1).and_then(ShellWord::text).map(|name| name.to_ascii_lowercase());
                    return;
                }
                "exit" | "return" | "throw" if !conditional && !self.is_after_operator => {
                    self.ended = self.syntax.dollar || program == "exit";
                }
                "" => self.invokes_unknown |= is_invoked,
                "invoke-expression" | "iex" => self.invokes_unknown = true,
                _ => {}
            }
            let redirects = words
                .windows(2)
                .filter(|pair| pair[0].text().is_some_and(|text| matches!(text.as_str(), ">" | ">>")))
                .map(|pair| pair[1].clone())
                .collect();
            let folder = self.folder.clone();
            self.folder = folder::after(&words, folder.clone(), None, &[]);
            if conditional && self.folder != folder {
                self.folder = None;
            }
            let words = if assignment.is_some() { Vec::new() } else { words };
            let assignments = assignment.into_iter().map(Arc::new).collect();
            let order = 0;
            self.owners.push(self.blocks.iter().rev().find_map(|(function, _)| function.clone()));
            self.commands.push(ShellCommand {
                assignments,
                words,
                redirects,
                input: None,
                span,
                order,
                conditional,
                block: self.block,
                tolerated: false,
                folder,
            });
        }
    }

    /// The environment variable that a command sets: `$env:NAME = VALUE`, `set NAME=VALUE`. A value of several words is unknown.
    fn assignment(&self, words: &[ShellWord], program: &str) -> Option<Assignment> {
        let (first, rest) = words.split_first()?;
        let word = match self.syntax.dollar {
            true => first,
            false => rest.first().filter(|_| program == "set")?,
        };
        let raw = self.masked.get(word.span.clone())?;
        let quote = usize::from(!self.syntax.dollar && raw.starts_with(self.syntax.quotes));
        let scope = if self.syntax.dollar { "$env:".len() } else { quote };
        let named = !self.syntax.dollar || raw.get(..scope).is_some_and(|start| start.eq_ignore_ascii_case("$env:"));
        let text = raw.get(scope..).filter(|_| named)?;
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
        let (name, sign) = text.split_at(end);
        let span = word.span.start + scope + end..word.span.end - quote;
        let value = match (sign, rest) {
            (sign, rest) if sign.starts_with('=') && rest.len() == usize::from(!self.syntax.dollar) => {
                self.word(span.start + 1..span.end)
            }
            ("", [sign, value]) if self.syntax.dollar && sign.text().as_deref() == Some("=") => value.clone(),
            ("", [sign, ..]) if self.syntax.dollar && sign.text().is_some_and(|text| text.ends_with('=')) => {
                ShellWord { span, parts: vec![WordPiece::Dynamic], splits: false }
            }
            (sign, _) if sign.starts_with(['=', '+']) => {
                ShellWord { span, parts: vec![WordPiece::Dynamic], splits: false }
            }
            _ => return None,
        };
        (!name.is_empty()).then(|| Assignment { name: name.to_owned(), value })
    }

    /// Drops the commands of functions that no other command names.
    fn drop_uncalled(&mut self, invocation: &ShellInvocation) {
        let mut waiting: BTreeSet<String> = self.owners.iter().flatten().cloned().collect();
        let callers = invocation.callers.as_ref();
        if waiting.is_empty() || self.invokes_unknown || callers.is_some_and(|callers| callers.open) {
            return;
        }
        let mut open: Vec<Option<String>> = vec![None];
        let outside = callers.iter().flat_map(|callers| callers.calls.keys().chain(&callers.mentions));
        open.extend(outside.filter_map(|name| waiting.take(&name.to_ascii_lowercase())).map(Some));
        let mut called = BTreeSet::new();
        while let Some(owner) = open.pop() {
            for (command, _) in self.commands.iter().zip(&self.owners).filter(|(_, own)| **own == owner) {
                let raw = self.masked.get(command.span.clone()).unwrap_or_default();
                let words = raw.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_' | ':'));
                open.extend(words.filter_map(|word| waiting.take(&word.to_ascii_lowercase())).map(Some));
            }
            called.extend(owner);
        }
        let mut owners = std::mem::take(&mut self.owners).into_iter();
        self.commands.retain(|_| owners.next().flatten().is_none_or(|owner| called.contains(&owner)));
    }

    /// Reads one line. Returns whether the next line continues it.
    fn line(&mut self, start: usize, line: &str) -> bool {
        self.is_after_operator = false;
        let text = line.trim_end();
        let continued = text.ends_with(self.syntax.continuation);
        let text = text.strip_suffix(self.syntax.continuation).unwrap_or(text);
        let mut at = 0;
        while let Some(letter) = text[at..].chars().next() {
            if letter.is_whitespace() {
                at += letter.len_utf8();
            } else if letter == '#' && self.syntax.dollar {
                break;
            } else if self.syntax.separators.contains(&letter) {
                self.finish();
                match letter {
                    '{' | '(' => self.open_block(letter),
                    '}' | ')' => {
                        if let Some((_, outer)) = self.blocks.pop() {
                            self.block = outer;
                        }
                    }
                    _ => {}
                }
                self.is_after_operator = matches!(letter, '|' | '&');
                at += 1;
            } else {
                let end = at + self.word_length(&text[at..]);
                let word = self.word(start + at..start + end);
                // `& "program"` calls the program.
                match word.text().as_deref() {
                    Some("&") => self.is_invoked = true,
                    Some("&&") if self.syntax.dollar => {
                        self.finish();
                        self.is_after_operator = true;
                    }
                    _ => self.words.push(word),
                }
                at = end;
            }
        }
        continued
    }

    /// Opens a block. Parentheses of PowerShell only group, and a function runs where it is called.
    fn open_block(&mut self, letter: char) {
        let function = if letter == '{' { self.function.take() } else { None };
        let may_not_run = function.is_none() && (letter == '{') == self.syntax.dollar;
        self.blocks.push((function, self.block));
        if may_not_run {
            self.parents.push(self.block);
            self.block = self.parents.len();
        }
    }

    fn word_length(&self, text: &str) -> usize {
        let mut quote = None;
        for (at, letter) in text.char_indices() {
            match quote {
                Some(open) if letter == open => quote = None,
                Some(_) => {}
                None if self.syntax.quotes.contains(&letter) => quote = Some(letter),
                None if letter.is_whitespace() || (at > 0 && self.syntax.separators.contains(&letter)) => return at,
                None => {}
            }
        }
        text.len()
    }

    fn word(&self, span: Range<usize>) -> ShellWord {
        let raw = self.masked.get(span.clone()).unwrap_or_default();
        let quote = raw
            .chars()
            .next()
            .filter(|letter| self.syntax.quotes.contains(letter) && raw.len() > 1 && raw.ends_with(*letter));
        let inner = if quote.is_some() { span.start + 1..span.end - 1 } else { span.clone() };
        let text = self.masked.get(inner.clone()).unwrap_or_default();
        let mut parts = Vec::new();
        let literal = quote == Some('\'');
        if let Some(name) = self.variable(text).filter(|_| !literal) {
            parts.push(WordPiece::Variable(name.to_owned()));
        } else if let Some(value) = own_variable(text).filter(|_| !literal).and_then(|name| self.known(&name)) {
            parts.clone_from(value);
        } else if quote.is_none() && self.is_splat(text) {
            parts.push(WordPiece::Variable("@".into()));
        } else if !literal && text.contains(if self.syntax.dollar { '$' } else { '%' }) {
            push_text(&mut parts, text.split(['$', '%']).next().unwrap_or_default().to_owned());
            parts.push(WordPiece::Dynamic);
        } else {
            text_parts(self.masked, self.expressions, inner, str::to_owned, &mut parts);
        }
        let splits = parts.iter().any(|part| !matches!(part, WordPiece::Text(_))) && quote.is_none();
        ShellWord { span, parts, splits }
    }

    /// Whether a word is PowerShell's splat `@name`, which expands to all arguments in a variable.
    fn is_splat(&self, text: &str) -> bool {
        let name = text.strip_prefix('@').filter(|name| self.syntax.dollar && !name.is_empty());
        name.is_some_and(|name| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'))
    }

    fn variable<'t>(&self, text: &'t str) -> Option<&'t str> {
        let name = if self.syntax.dollar {
            let rest =
                text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).or_else(|| text.strip_prefix('$'))?;
            rest.get(..4).filter(|scope| scope.eq_ignore_ascii_case("env:")).and(rest.get(4..))?
        } else {
            text.strip_prefix('%')?.strip_suffix('%')?
        };
        name.chars().all(|letter| letter.is_alphanumeric() || letter == '_').then_some(name)
    }
}

/// A parameter of a PowerShell script.
struct PlainParameter {
    /// Its name in lower case.
    name: String,
    is_switch: bool,
    /// Its default, if it is literal.
    default: Option<String>,
}

/// The parameters in the `param(…)` at the start of a PowerShell script.
fn parameters(script: &str) -> Vec<PlainParameter> {
    let mut at = 0;
    // Only functions and other blocks follow a brace.
    let before = script.find('{').unwrap_or(script.len());
    let start = script.split_inclusive('\n').find_map(|line| {
        let (text, from) = (line.trim_start(), at);
        at += line.len();
        if from > before {
            return None;
        }
        let after = text.get(..5).filter(|word| word.eq_ignore_ascii_case("param")).and(text.get(5..))?;
        after.trim_start().starts_with('(').then(|| from + line.len() - after.trim_start().len() + 1)
    });
    let Some(text) = start.and_then(|start| script.get(start..)) else { return Vec::new() };
    let mut found = Vec::new();
    let (mut depth, mut quote, mut from) = (0_usize, None, 0);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}' | ',') if depth == 0 => {
                found.extend(parameter(text.get(from..at).unwrap_or_default()));
                from = at + 1;
                if letter != ',' || found.len() >= MOST_VARIABLES {
                    break;
                }
            }
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The names of the variables in the parameter lists of a script's functions.
fn function_parameters(script: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_function = false;
    let mut in_list = false;
    for line in script.lines() {
        let text = line.trim().to_ascii_lowercase();
        let header = text.starts_with("function ") || text.starts_with("filter ");
        in_function |= header;
        in_list |= in_function && (header && text.contains('(') || text.starts_with("param"));
        if in_list {
            let list = if header { text.split(')').next().unwrap_or_default() } else { text.as_str() };
            let names = list.split('$').skip(1).map(|rest| {
                rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
            });
            found.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
            // The list ends with its line, or with a line that is only its parenthesis.
            in_list = !(text.ends_with(')') && !text.ends_with("()") || text.contains('{'));
        }
        if found.len() > MOST_VARIABLES {
            break;
        }
    }
    found
}

/// Reads one parameter: `[Parameter()] [string] $Name = 'default'`.
fn parameter(text: &str) -> Option<PlainParameter> {
    let dollar = text.rfind(']').map_or(0, |at| at + 1);
    let (types, rest) = text.split_at(text.get(dollar..)?.find('$')? + dollar);
    let (variable, default) = rest.split_once('=').map_or((rest, None), |(name, default)| (name, Some(default.trim())));
    let quoted = |text: &str| {
        let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains([quote, '$', '`'])).then(|| inner.to_owned())
    };
    let name = own_variable(variable.trim())?;
    Some(PlainParameter {
        name,
        is_switch: types.to_ascii_lowercase().contains("[switch]"),
        default: default.and_then(quoted),
    })
}

/// The name in lower case of a PowerShell variable that is not one of the environment.
fn own_variable(text: &str) -> Option<String> {
    let name = text.strip_prefix('$')?;
    let plain = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    plain.then(|| name.to_ascii_lowercase())
}
