//! Reads scripts as simple commands with places. Nothing is expanded: variables and substitutions stay unknown.

mod folder;
mod plain;
mod posix;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

pub use crate::read::shell::folder::{FolderBase, ShellFolder};

/// Longer scripts, in bytes, are not read.
pub(crate) const LONGEST: usize = 256 * 1024;

/// The language of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// bash, sh, zsh, dash and ksh.
    Posix,
    /// PowerShell.
    PowerShell,
    /// The Windows command prompt.
    Cmd,
    /// Another language, whose commands are not read.
    Other,
}

impl Shell {
    /// The shell in a `shell:` setting, e.g. `bash -leo pipefail {0}`.
    #[must_use]
    pub(crate) fn from_setting(setting: &str) -> Self {
        let program = setting.split_whitespace().next().unwrap_or_default();
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program).trim_end_matches(".exe");
        match name.to_ascii_lowercase().as_str() {
            "bash" | "sh" | "zsh" | "dash" | "ksh" => Self::Posix,
            "pwsh" | "powershell" => Self::PowerShell,
            "cmd" => Self::Cmd,
            _ => Self::Other,
        }
    }
}

/// The commands of a script. All ranges are bytes of the script.
#[derive(Debug, Clone, Default)]
pub struct ShellScript {
    /// The commands, in the order of the text.
    pub commands: Vec<ShellCommand>,
    /// For each block of the script that may not run, the block around it. Block 0 is the script itself and not in the list.
    pub blocks: Vec<usize>,
}

impl ShellScript {
    /// Whether every command of a block runs after those of another one: it is the same block or one inside of it.
    pub(crate) fn is_inside(&self, mut block: usize, outer: usize) -> bool {
        // Blocks have greater numbers than those around them.
        while block > outer {
            block = self.blocks.get(block - 1).copied().unwrap_or_default();
        }
        block == outer
    }
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// `A=b` before the program, alone, or after `export`. An assignment on a separate line applies to all later
    /// commands, which share it.
    pub assignments: Vec<Arc<Assignment>>,
    /// The program and its arguments.
    pub words: Vec<ShellWord>,
    /// The files that its output is redirected to.
    pub redirects: Vec<ShellWord>,
    /// The text that it reads from a here-document or here-string.
    pub input: Option<Box<ShellWord>>,
    /// From the first word to the end of the last.
    pub span: Range<usize>,
    /// The number of commands of the script before it, in the order in which they run.
    pub order: usize,
    /// Whether it runs only under a condition, in a loop or in a function.
    pub conditional: bool,
    /// The innermost block around it that may not run, or whose variables are its own: see [`ShellScript::blocks`].
    pub block: usize,
    /// Whether the script continues when it fails: it is before `||`, or a condition.
    pub tolerated: bool,
    /// The folder that it runs in; `None` after a `cd` to an unknown folder.
    pub folder: Option<ShellFolder>,
}

impl ShellCommand {
    /// Whether another command has the same words, variables and folder.
    fn is_same(&self, other: &Self) -> bool {
        self.words == other.words && self.assignments == other.assignments && self.folder == other.folder
    }
}

/// An assignment to a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ShellWord,
}

impl Assignment {
    /// The same variable with a value that only the run decides.
    pub(crate) fn undecided(&self) -> Self {
        let value = ShellWord { parts: vec![WordPiece::Dynamic], splits: true, ..self.value.clone() };
        Self { name: self.name.clone(), value }
    }
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellWord {
    /// Its place, with its quotes.
    pub span: Range<usize>,
    /// Its pieces, without quotes.
    pub parts: Vec<WordPiece>,
    /// Whether it may become none or several words, because it contains an unquoted variable or `"$@"`.
    pub splits: bool,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordPiece {
    /// Text.
    Text(String),
    /// A `${{ … }}` with its braces.
    Expression(Range<usize>),
    /// A variable; `@` is a list of unknown words.
    Variable(String),
    /// A substitution or another construct whose value is unknown.
    Dynamic,
}

impl ShellWord {
    /// A word that is only text.
    pub(crate) fn literal(text: &str, span: Range<usize>) -> Self {
        Self { span, parts: vec![WordPiece::Text(text.to_owned())], splits: false }
    }

    /// The text of a word that has only text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                WordPiece::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The text of a word that has only text and expressions, which are kept as written in `script`.
    #[must_use]
    pub fn template(&self, script: &str) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                WordPiece::Text(text) => Some(text.as_str()),
                WordPiece::Expression(range) => script.get(range.clone()),
                WordPiece::Variable(_) | WordPiece::Dynamic => None,
            })
            .collect()
    }

    /// Whether the word starts with a literal `prefix`.
    #[must_use]
    pub(crate) fn starts_with(&self, prefix: &str) -> bool {
        matches!(self.parts.first(), Some(WordPiece::Text(text)) if text.starts_with(prefix))
    }
}

/// How a script is called.
#[derive(Debug, Clone)]
pub struct ShellInvocation {
    /// Its arguments. Only their text counts.
    pub arguments: Vec<ShellWord>,
    /// Whether further arguments may follow.
    pub open: bool,
    /// For a script that another one reads with `source`: the commands that may call its functions.
    pub callers: Option<FunctionCallers>,
}

impl Default for ShellInvocation {
    fn default() -> Self {
        Self { arguments: Vec::new(), open: true, callers: None }
    }
}

/// The commands of a script that may call the functions of another file.
#[derive(Debug, Clone, Default)]
pub struct FunctionCallers {
    /// By the program: the arguments, and whether the command is conditional.
    pub calls: BTreeMap<String, Vec<(Vec<ShellWord>, bool)>>,
    /// The words in their arguments, which a program such as `trap` may call.
    pub mentions: BTreeSet<String>,
    /// Whether unknown commands may call them too.
    pub open: bool,
}

/// Reads the commands of a script with unknown arguments.
#[must_use]
pub fn parse(script: &str, shell: Shell) -> ShellScript {
    parse_called(script, shell, &ShellInvocation::default())
}

/// Reads the commands of a script that run when it is called in some way.
#[must_use]
pub fn parse_called(script: &str, shell: Shell, invocation: &ShellInvocation) -> ShellScript {
    if script.len() > LONGEST {
        return ShellScript::default();
    }
    let (masked, expressions) = mask(script);
    match shell {
        Shell::Posix => posix::parse(&masked, &expressions, invocation),
        Shell::PowerShell => plain::parse(&masked, &expressions, plain::POWERSHELL, invocation),
        Shell::Cmd => plain::parse(&masked, &expressions, plain::CMD, invocation),
        Shell::Other => ShellScript::default(),
    }
}

/// The script with every `${{ … }}` overwritten by `_`, and their ranges. GitHub replaces expressions before the shell reads the script.
fn mask(script: &str) -> (String, Vec<Range<usize>>) {
    // CR LF is one line end, and a NUL does not end a script. Replacements keep every offset.
    let mut masked = script.replace('\0', " ").replace("\r\n", " \n").into_bytes();
    let mut expressions = Vec::new();
    let mut at = 0;
    while let Some(open) = script[at..].find("${{") {
        let start = at + open;
        let end = closing(&script[start + 3..]).map_or(script.len(), |length| start + 3 + length + 2);
        masked[start..end].fill(b'_');
        expressions.push(start..end);
        at = end;
    }
    (String::from_utf8_lossy(&masked).into_owned(), expressions)
}

fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    (0..bytes.len()).find(|at| {
        quoted ^= bytes[*at] == b'\'';
        !quoted && bytes[*at..].starts_with(b"}}")
    })
}

/// Adds the text at a range of the masked script, with its expressions restored. `read` removes quoting.
fn text_parts(
    masked: &str,
    expressions: &[Range<usize>],
    range: Range<usize>,
    read: impl Fn(&str) -> String,
    parts: &mut Vec<WordPiece>,
) {
    let mut at = range.start;
    for expression in
        expressions.iter().filter(|expression| expression.start >= range.start && expression.end <= range.end)
    {
        push_text(parts, read(masked.get(at..expression.start).unwrap_or_default()));
        parts.push(WordPiece::Expression(expression.clone()));
        at = expression.end;
    }
    push_text(parts, read(masked.get(at..range.end).unwrap_or_default()));
}

fn push_text(parts: &mut Vec<WordPiece>, text: String) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(WordPiece::Text(last)) => last.push_str(&text),
        _ => parts.push(WordPiece::Text(text)),
    }
}

#[cfg(test)]
mod tests;
