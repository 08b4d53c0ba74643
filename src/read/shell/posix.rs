//! Reads bash and sh. No type of the parser is used outside this module.

use std::ops::Range;

use shuck_ast::{
    AssignmentValue, BinaryOp, Command as Node, CompoundCommand, DeclOperand, Redirect, RedirectKind, Stmt, StmtSeq,
    Word as NodeWord, WordPart, WordPartNode,
};
use shuck_parser::parser::Parser;

use crate::read::shell::{
    Assignment, ShellCommand, ShellFolder, ShellScript, ShellWord, WordPiece, folder, push_text, text_parts,
};

/// The maximum nesting of commands.
const DEEPEST: usize = 120;

/// Reads a masked script.
pub(crate) fn parse(masked: &str, expressions: &[Range<usize>]) -> ShellScript {
    let mut reader = PosixReader {
        masked,
        expressions,
        commands: Vec::new(),
        folder: Some(ShellFolder::default()),
        folders: Vec::new(),
    };
    let parsed = Parser::new(masked).parse();
    reader.sequence(&parsed.file.body, false, 0);
    if !parsed.is_ok() && reader.commands.is_empty() {
        // After a syntax error, the plain commands are read line by line.
        reader.read_line_by_line();
    }
    reader.commands.sort_by_key(|command| command.span.start);
    ShellScript { commands: reader.commands }
}

struct PosixReader<'s> {
    masked: &'s str,
    expressions: &'s [Range<usize>],
    commands: Vec<ShellCommand>,
    /// The folder of the next command.
    folder: Option<ShellFolder>,
    /// Variables that hold a folder.
    folders: Vec<(String, ShellFolder)>,
}

fn range(span: &shuck_ast::Span) -> Range<usize> {
    span.start.offset()..span.end.offset()
}

impl PosixReader<'_> {
    fn read_line_by_line(&mut self) {
        let mut at = 0;
        for line in self.masked.split_inclusive('\n') {
            let parsed = Parser::new(line).parse();
            if parsed.is_ok() {
                let expressions: Vec<_> = self
                    .expressions
                    .iter()
                    .filter(|expression| expression.start >= at && expression.end <= at + line.len())
                    .map(|expression| expression.start - at..expression.end - at)
                    .collect();
                let mut inner = PosixReader {
                    masked: line,
                    expressions: &expressions,
                    commands: Vec::new(),
                    folder: Some(ShellFolder::default()),
                    folders: Vec::new(),
                };
                inner.sequence(&parsed.file.body, true, 0);
                self.commands.extend(inner.commands.into_iter().map(|command| shifted(command, at)));
            }
            at += line.len();
        }
    }

    fn sequence(&mut self, sequence: &StmtSeq, conditional: bool, depth: usize) {
        for statement in sequence.iter() {
            self.statement(statement, conditional, depth);
        }
    }

    fn statement(&mut self, statement: &Stmt, conditional: bool, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let depth = depth + 1;
        let from = self.commands.len();
        match &statement.command {
            Node::Simple(simple) => {
                let mut words: Vec<ShellWord> = Vec::new();
                if simple.name.span.start.offset() < simple.name.span.end.offset() {
                    words.push(self.word(&simple.name, depth));
                }
                words.extend(simple.args.iter().map(|word| self.word(word, depth)));
                let assignments =
                    simple.assignments.iter().filter_map(|assignment| self.assignment(assignment, depth)).collect();
                self.push(assignments, words, range(&simple.span), conditional);
            }
            Node::Decl(declaration) => {
                let mut assignments: Vec<_> = declaration
                    .assignments
                    .iter()
                    .filter_map(|assignment| self.assignment(assignment, depth))
                    .collect();
                for operand in &declaration.operands {
                    if let DeclOperand::Assignment(assignment) = operand {
                        assignments.extend(self.assignment(assignment, depth));
                    }
                }
                self.push(assignments, Vec::new(), range(&declaration.span), conditional);
            }
            Node::Binary(binary) => {
                let from = self.commands.len();
                self.statement(&binary.left, conditional, depth);
                if matches!(binary.op, BinaryOp::Or) && !self.exits(&range(&binary.right.span)) {
                    self.tolerate(from);
                }
                let guarded = matches!(binary.op, BinaryOp::And | BinaryOp::Or);
                let before = self.folder.clone();
                self.statement(&binary.right, conditional || guarded, depth);
                if matches!(binary.op, BinaryOp::Or) && self.folder != before {
                    self.folder = before;
                }
            }
            Node::Compound(compound) => {
                let before = self.folder.clone();
                self.compound(compound, conditional, depth);
                match compound {
                    CompoundCommand::BraceGroup(_) | CompoundCommand::Time(_) => {}
                    CompoundCommand::Subshell(_) => self.folder = before,
                    _ if self.folder != before => self.folder = None,
                    _ => {}
                }
            }
            Node::Function(function) => {
                // A function runs where it is called.
                let before = self.folder.take();
                self.statement(&function.body, true, depth);
                self.folder = before;
            }
            Node::Builtin(_) | Node::AnonymousFunction(_) => {}
        }
        self.redirect(statement, from, depth);
    }

    /// Adds the output redirections of a statement to its commands.
    fn redirect(&mut self, statement: &Stmt, from: usize, depth: usize) {
        let written = |redirect: &&Redirect| {
            matches!(redirect.kind, RedirectKind::Output | RedirectKind::Clobber | RedirectKind::Append)
        };
        for target in statement.redirects.iter().filter(written).filter_map(Redirect::word_target) {
            let word = self.word(target, depth);
            self.commands.iter_mut().skip(from).for_each(|command| command.redirects.push(word.clone()));
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, conditional: bool, depth: usize) {
        match compound {
            CompoundCommand::If(branch) => {
                self.condition(&branch.condition, conditional, depth);
                let elif = branch.elif_branches.iter().map(|(condition, body)| (Some(condition), body));
                let branches = std::iter::once((None, &branch.then_branch)).chain(elif);
                let before = self.folder.clone();
                let mut changed = false;
                for (condition, body) in branches.chain(branch.else_branch.iter().map(|body| (None, body))) {
                    if let Some(condition) = condition {
                        self.condition(condition, true, depth);
                    }
                    self.sequence(body, true, depth);
                    changed |= self.folder != before;
                    self.folder = before.clone();
                }
                if changed {
                    self.folder = None;
                }
            }
            CompoundCommand::For(body) => self.sequence(&body.body, true, depth),
            CompoundCommand::ArithmeticFor(body) => self.sequence(&body.body, true, depth),
            CompoundCommand::Select(body) => self.sequence(&body.body, true, depth),
            CompoundCommand::While(body) => {
                self.condition(&body.condition, conditional, depth);
                self.sequence(&body.body, true, depth);
            }
            CompoundCommand::Until(body) => {
                self.condition(&body.condition, conditional, depth);
                self.sequence(&body.body, true, depth);
            }
            CompoundCommand::Case(case) => {
                let before = self.folder.clone();
                let mut changed = false;
                for item in &case.cases {
                    self.sequence(&item.body, true, depth);
                    changed |= self.folder != before;
                    self.folder = before.clone();
                }
                if changed {
                    self.folder = None;
                }
            }
            CompoundCommand::Subshell(body) | CompoundCommand::BraceGroup(body) => {
                self.sequence(body, conditional, depth)
            }
            CompoundCommand::Time(time) => {
                if let Some(statement) = &time.command {
                    self.statement(statement, conditional, depth);
                }
            }
            _ => {}
        }
    }

    /// Commands of a condition: their failure does not end the script.
    fn condition(&mut self, sequence: &StmtSeq, conditional: bool, depth: usize) {
        let from = self.commands.len();
        self.sequence(sequence, conditional, depth);
        self.tolerate(from);
    }

    /// Marks the commands from an index on as tolerated.
    fn tolerate(&mut self, from: usize) {
        self.commands.iter_mut().skip(from).for_each(|command| command.tolerated = true);
    }

    /// Whether the right side of `||` ends the script, judged by its words.
    fn exits(&self, span: &Range<usize>) -> bool {
        let words = self.masked.get(span.clone()).unwrap_or_default().split(|letter: char| !letter.is_alphanumeric());
        words.into_iter().any(|word| matches!(word, "exit" | "return" | "false" | "kill" | "die" | "fail" | "abort"))
    }

    fn push(&mut self, assignments: Vec<Assignment>, words: Vec<ShellWord>, span: Range<usize>, conditional: bool) {
        let end = words.last().map_or(span.end, |word| word.span.end);
        let start = words.first().map_or(span.start, |word| word.span.start.min(span.start));
        let raw = |word: &ShellWord| self.masked.get(word.span.clone()).unwrap_or_default();
        for assignment in &assignments {
            if let Some(folder) = folder::value(&assignment.value, raw(&assignment.value), &self.folders) {
                self.folders.push((assignment.name.clone(), folder));
            }
        }
        let folder = self.folder.clone();
        if words.first().is_some_and(|word| word.starts_with("cd") || word.starts_with("p")) {
            self.folder = folder::after(&words, self.folder.take(), words.get(1).map(raw), &self.folders);
        }
        let span = start..end.max(start);
        let redirects = Vec::new();
        self.commands.push(ShellCommand { assignments, words, redirects, span, conditional, tolerated: false, folder });
    }

    fn assignment(&mut self, assignment: &shuck_ast::Assignment, depth: usize) -> Option<Assignment> {
        let AssignmentValue::Scalar(value) = &assignment.value else { return None };
        Some(Assignment { name: assignment.target.name.as_str().to_owned(), value: self.word(value, depth) })
    }

    fn word(&mut self, word: &NodeWord, depth: usize) -> ShellWord {
        let mut parts = Vec::new();
        for part in &word.parts {
            self.part(part, false, depth, &mut parts);
        }
        ShellWord { span: range(&word.span), parts }
    }

    fn part(&mut self, part: &WordPartNode, quoted: bool, depth: usize, parts: &mut Vec<WordPiece>) {
        let span = range(&part.span);
        match &part.kind {
            WordPart::Literal(_) => {
                text_parts(self.masked, self.expressions, span, |text| unescape(text, quoted), parts);
            }
            WordPart::SingleQuoted { .. } => {
                let quote = self.masked.get(span.clone()).map_or(0, |text| text.find('\'').map_or(0, |at| at + 1));
                let end = span.end.saturating_sub(1).max(span.start + quote);
                text_parts(self.masked, self.expressions, span.start + quote..end, str::to_owned, parts);
                if end == span.start + quote {
                    push_text(parts, String::new());
                }
            }
            WordPart::DoubleQuoted { parts: inner, .. } => {
                for part in inner {
                    self.part(part, true, depth, parts);
                }
            }
            WordPart::Variable(name) => parts.push(WordPiece::Variable(name.as_str().to_owned())),
            WordPart::Parameter(_) => {
                let name = self.masked.get(span).and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
                let plain = name.filter(|name| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'));
                parts.push(plain.map_or(WordPiece::Dynamic, |name| WordPiece::Variable(name.to_owned())));
            }
            WordPart::CommandSubstitution { body, .. } | WordPart::ProcessSubstitution { body, .. } => {
                let before = self.folder.clone();
                self.sequence(body, true, depth);
                self.folder = before;
                parts.push(WordPiece::Dynamic);
            }
            _ => parts.push(WordPiece::Dynamic),
        }
    }
}

/// Removes backslashes: all of them outside quotes; in double quotes, only before `$`, `` ` ``, `"` and `\`.
fn unescape(text: &str, quoted: bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.peek() {
            Some('\n') => {
                letters.next();
            }
            Some(next) if quoted && !matches!(next, '$' | '`' | '"' | '\\') => plain.push('\\'),
            Some(_) => plain.extend(letters.next()),
            None => plain.push('\\'),
        }
    }
    plain
}

fn shifted(mut command: ShellCommand, by: usize) -> ShellCommand {
    let shift = |span: &mut Range<usize>| *span = span.start + by..span.end + by;
    shift(&mut command.span);
    let values = command.assignments.iter_mut().map(|assignment| &mut assignment.value);
    for word in command.words.iter_mut().chain(&mut command.redirects).chain(values) {
        shift(&mut word.span);
        for part in &mut word.parts {
            if let WordPiece::Expression(range) = part {
                shift(range);
            }
        }
    }
    command
}
