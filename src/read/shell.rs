//! Scripts as simple commands with places. It expands nothing: what only a running shell knows stays open.

mod plain;
mod posix;

use std::ops::Range;

/// The longest script that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// The language of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// bash, sh and their kin.
    Posix,
    /// PowerShell.
    PowerShell,
    /// The command prompt of Windows.
    Cmd,
    /// Another language, whose commands are not read.
    Other,
}

impl Shell {
    /// The shell that a `shell:` setting names, e.g. `bash -leo pipefail {0}`.
    #[must_use]
    pub fn from_setting(setting: &str) -> Self {
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

/// What a script does, as far as it can be read. All ranges are bytes of the script.
#[derive(Debug, Clone, Default)]
pub struct ShellScript {
    /// Its commands, in the order of the text.
    pub commands: Vec<ShellCommand>,
    /// Whether all of it was read.
    pub complete: bool,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// `A=b` before the program, or alone, or behind `export`.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments.
    pub words: Vec<ShellWord>,
    /// From the first word to the last.
    pub span: Range<usize>,
    /// Whether it runs only under a condition, in a loop or in a function.
    pub conditional: bool,
    /// Whether the script goes on when it fails: it stands before `||`, or asks as a condition.
    pub tolerated: bool,
}

/// A variable that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ShellWord,
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellWord {
    /// Where it stands, with its quotes.
    pub span: Range<usize>,
    /// What it is made of, without quotes.
    pub parts: Vec<WordPiece>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordPiece {
    /// Text.
    Text(String),
    /// A `${{ … }}` with its braces.
    Expression(Range<usize>),
    /// A variable.
    Variable(String),
    /// What only a running shell knows.
    Dynamic,
}

impl ShellWord {
    /// The word's text, if it is nothing but text.
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

    /// The word's text with its expressions as written in `script`, if there is nothing else in it.
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

    /// Whether the text that the word begins with begins so.
    #[must_use]
    pub fn starts_with(&self, prefix: &str) -> bool {
        matches!(self.parts.first(), Some(WordPiece::Text(text)) if text.starts_with(prefix))
    }
}

/// Reads a script.
#[must_use]
pub fn parse(script: &str, shell: Shell) -> ShellScript {
    if script.len() > LONGEST {
        return ShellScript::default();
    }
    let (masked, holes) = mask(script);
    match shell {
        Shell::Posix => posix::parse(&masked, &holes),
        Shell::PowerShell => plain::parse(&masked, &holes, plain::POWERSHELL),
        Shell::Cmd => plain::parse(&masked, &holes, plain::CMD),
        Shell::Other => ShellScript::default(),
    }
}

/// The script with every `${{ … }}` overwritten letter by letter, and where they stood: no shell ever sees an expression.
fn mask(script: &str) -> (String, Vec<Range<usize>>) {
    // A carriage return before a line feed is part of the line's end, and a NUL ends no script.
    let mut masked = script.replace('\0', " ").replace("\r\n", " \n").into_bytes();
    let mut holes = Vec::new();
    let mut at = 0;
    while let Some(open) = script[at..].find("${{") {
        let start = at + open;
        let end = closing(&script[start + 3..]).map_or(script.len(), |length| start + 3 + length + 2);
        masked[start..end].fill(b'_');
        holes.push(start..end);
        at = end;
    }
    (String::from_utf8_lossy(&masked).into_owned(), holes)
}

fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    (0..bytes.len()).find(|at| {
        quoted ^= bytes[*at] == b'\'';
        !quoted && bytes[*at..].starts_with(b"}}")
    })
}

/// Text at a range of the masked script, with the expressions that stood in it put back. `read` takes quoting off.
fn text_parts(
    masked: &str,
    holes: &[Range<usize>],
    range: Range<usize>,
    read: impl Fn(&str) -> String,
    parts: &mut Vec<WordPiece>,
) {
    let mut at = range.start;
    for hole in holes.iter().filter(|hole| hole.start >= range.start && hole.end <= range.end) {
        push_text(parts, read(masked.get(at..hole.start).unwrap_or_default()));
        parts.push(WordPiece::Expression(hole.clone()));
        at = hole.end;
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
