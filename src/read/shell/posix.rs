//! Reads bash and sh. No type of the parser is used outside this module.
//!
//! Commands are read in the order in which they run: a function's commands where it is called, a branch only if its condition may hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use shuck_ast::{
    ArrayElem, AssignmentValue, BinaryOp, BuiltinCommand, CaseCommand, CaseTerminator, Command as Node,
    CompoundCommand, ConditionalBinaryOp, ConditionalExpr, ConditionalUnaryOp, DeclClause, DeclOperand, ForCommand,
    FunctionDef, Heredoc, HeredocBodyPart, IfCommand, Redirect, RedirectKind, SimpleCommand, Stmt, StmtSeq,
    Word as NodeWord, WordPart, WordPartNode,
};
use shuck_parser::parser::Parser;

use crate::read::shell::values::{self, Parameters, Values};
use crate::read::shell::{
    Assignment, ShellCommand, ShellFolder, ShellInvocation, ShellScript, ShellWord, WordPiece, folder, push_text,
    text_parts,
};

/// The maximum nesting of commands, including calls of functions.
const DEEPEST: usize = 120;
/// After this number of commands, calls of functions are not followed, and loops are read once.
const MOST_INLINED: usize = 5_000;
/// The maximum number of iterations of a loop that are read one by one.
const MOST_ITERATIONS: usize = 32;

/// Reads a masked script.
pub(crate) fn parse(masked: &str, expressions: &[Range<usize>], invocation: &ShellInvocation) -> ShellScript {
    let literal = if expressions.is_empty() { parse_literal(masked) } else { None };
    literal.unwrap_or_else(|| parse_with_shuck(masked, expressions, invocation))
}

/// First words of lines that are no simple command, or that have an effect on the commands after them.
const SPECIAL: [&str; 38] = [
    ".", ":", "break", "case", "continue", "coproc", "declare", "do", "done", "elif", "else", "env", "esac", "eval",
    "exec", "exit", "export", "false", "fi", "for", "function", "if", "in", "let", "local", "readonly", "return",
    "select", "set", "shift", "source", "test", "then", "time", "true", "typeset", "until", "while",
];

/// Reads a script of literal words without quotes, one command a line: more than half of the steps. The parser takes many times as long.
/// `None` for any other script.
fn parse_literal(script: &str) -> Option<ShellScript> {
    let is_literal = |byte: u8| byte.is_ascii_alphanumeric() || b" \t\n-_./:@%+,=".contains(&byte);
    if !script.bytes().all(is_literal) {
        return None;
    }
    let invocation = ShellInvocation::default();
    let mut reader = PosixReader::new(script, &[], &invocation);
    let mut start = 0;
    for line in script.split('\n') {
        let mut at = start;
        let mut words = Vec::new();
        for word in line.split([' ', '\t']) {
            if !word.is_empty() {
                words.push(ShellWord::literal(word, at..at + word.len()));
            }
            at += word.len() + 1;
        }
        start += line.len() + 1;
        let Some(program) = words.first().and_then(ShellWord::text) else { continue };
        if SPECIAL.contains(&program.as_str()) || program.contains('=') {
            return None;
        }
        let span = words.first().map_or(0, |word| word.span.start)..at;
        let order = reader.commands.len();
        reader.push(order, Vec::new(), words, span, false);
    }
    Some(reader.into_script())
}

fn parse_with_shuck(masked: &str, expressions: &[Range<usize>], invocation: &ShellInvocation) -> ShellScript {
    let parsed = Parser::new(masked).parse();
    let mut reader = PosixReader::new(masked, expressions, invocation);
    reader.sequence(&parsed.file.body, false, 0);
    let is_cut = !parsed.is_ok();
    if is_cut && reader.commands.is_empty() {
        // After a syntax error, the plain commands are read line by line.
        reader.read_line_by_line(invocation);
    }
    reader.read_uncalled(invocation, is_cut);
    if reader.inlined > 0 {
        merge_equal(&mut reader.commands);
    }
    reader.into_script()
}

/// Merges equal commands: those of a function that is called several times.
fn merge_equal(commands: &mut Vec<ShellCommand>) {
    let mut known: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    let mut kept: Vec<ShellCommand> = Vec::new();
    for command in commands.drain(..) {
        let same = known.entry((command.span.start, command.span.end)).or_default();
        let is_equal = |index: &usize| kept.get(*index).is_some_and(|other| other.is_same(&command));
        match same.iter().copied().find(is_equal).and_then(|index| kept.get_mut(index)) {
            Some(other) => {
                other.conditional &= command.conditional;
                other.block = other.block.min(command.block);
            }
            None => {
                same.push(kept.len());
                kept.push(command);
            }
        }
    }
    *commands = kept;
}

/// Where a script continues after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// With the next command.
    Next,
    /// With the next iteration of the loop.
    Iteration,
    /// After the loop.
    LoopEnd,
    /// After the call of the function.
    FunctionEnd,
    /// Nowhere: the script ends.
    ScriptEnd,
}

struct PosixReader<'s> {
    masked: &'s str,
    expressions: &'s [Range<usize>],
    commands: Vec<ShellCommand>,
    /// The folder of the next command.
    folder: Option<ShellFolder>,
    /// Variables that hold a folder.
    folders: Vec<(String, ShellFolder)>,
    values: Values,
    flow: Flow,
    /// The number of branches and loops around the current command that may not run.
    uncertain: usize,
    /// The blocks that may not run, each as the block around it, and the current one.
    blocks: Vec<usize>,
    block: usize,
    /// Whether the function or loop may have ended before the current command.
    may_have_left: bool,
    functions: BTreeMap<&'s str, &'s FunctionDef>,
    /// The functions that are called, and those whose calls are not followed.
    called: BTreeSet<&'s str>,
    /// The functions that are being read.
    active: Vec<&'s str>,
    /// The values that the local variables of the current function hide.
    hidden: Vec<(String, Option<String>)>,
    /// The known starts of programs whose name is unknown; such a program may be a function.
    unknown_programs: Vec<String>,
    /// The number of commands since the first call of a function or iteration of a loop.
    inlined: usize,
}

fn range(span: &shuck_ast::Span) -> Range<usize> {
    span.start.offset()..span.end.offset()
}

impl<'s> PosixReader<'s> {
    fn new(masked: &'s str, expressions: &'s [Range<usize>], invocation: &ShellInvocation) -> Self {
        Self {
            masked,
            expressions,
            commands: Vec::new(),
            folder: Some(ShellFolder::default()),
            folders: Vec::new(),
            values: Values::new(invocation),
            flow: Flow::Next,
            uncertain: 0,
            blocks: Vec::new(),
            block: 0,
            may_have_left: false,
            functions: BTreeMap::new(),
            called: BTreeSet::new(),
            active: Vec::new(),
            hidden: Vec::new(),
            unknown_programs: Vec::new(),
            inlined: 0,
        }
    }

    fn into_script(mut self) -> ShellScript {
        for (order, command) in self.commands.iter_mut().enumerate() {
            command.order = order;
        }
        ShellScript { commands: self.commands, blocks: self.blocks }
    }

    fn read_line_by_line(&mut self, invocation: &ShellInvocation) {
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
                let mut inner = PosixReader::new(line, &expressions, invocation);
                inner.sequence(&parsed.file.body, true, 0);
                self.commands.extend(inner.commands.into_iter().map(|command| shifted(command, at, 0)));
            }
            at += line.len();
        }
    }

    /// Reads the functions that no command of the script calls, if another script or an unknown command may call them.
    fn read_uncalled(&mut self, invocation: &ShellInvocation, is_cut: bool) {
        self.flow = Flow::Next;
        let callers = invocation.callers.as_ref();
        for (name, function) in self.functions.clone() {
            let calls = callers.and_then(|callers| callers.calls.get(name)).map_or(&[][..], Vec::as_slice);
            for (arguments, conditional) in calls {
                self.folder = None;
                self.flow = Flow::Next;
                self.function(name, function, Parameters::new(arguments, false), *conditional, 0);
            }
        }
        self.flow = Flow::Next;
        for name in self.functions.keys().copied().collect::<Vec<_>>() {
            let may_be_called = is_cut
                || callers.is_some_and(|callers| callers.open || callers.mentions.contains(name))
                || self.unknown_programs.iter().any(|start| name.starts_with(start.as_str()));
            if may_be_called && !self.called.contains(name) {
                self.possible_call(name, 0);
            }
        }
    }

    /// Reads the commands of a function that may be called with unknown arguments.
    fn possible_call(&mut self, name: &'s str, depth: usize) {
        let Some(function) = self.functions.get(name).copied() else { return };
        self.branch(|reader| {
            reader.folder = None;
            reader.function(name, function, Parameters::unknown(), true, depth);
        });
    }

    /// Reads the commands of a function for one call.
    fn function(
        &mut self,
        name: &'s str,
        function: &'s FunctionDef,
        parameters: Parameters,
        conditional: bool,
        depth: usize,
    ) {
        self.called.insert(name);
        if self.active.contains(&name) || self.inlined > MOST_INLINED {
            return;
        }
        let outer = self.values.set_parameters(parameters);
        let hidden = std::mem::take(&mut self.hidden);
        let may_have_left = self.may_have_left;
        self.active.push(name);
        self.statement(&function.body, conditional, depth);
        self.active.pop();
        if self.flow != Flow::ScriptEnd {
            self.flow = Flow::Next;
        }
        self.may_have_left = may_have_left;
        for (name, value) in std::mem::replace(&mut self.hidden, hidden).into_iter().rev() {
            self.values.set(&name, value);
        }
        self.values.restore_parameters(outer);
        self.inlined += 1;
    }

    /// Reads commands that may not run. Returns whether they change the folder, which is restored.
    fn branch(&mut self, read: impl FnOnce(&mut Self)) -> bool {
        let before = self.folder.clone();
        self.uncertain += 1;
        self.in_block(read);
        self.uncertain -= 1;
        self.may_have_left |= matches!(self.flow, Flow::Iteration | Flow::LoopEnd | Flow::FunctionEnd);
        self.flow = Flow::Next;
        std::mem::replace(&mut self.folder, before.clone()) != before
    }

    /// Whether one of the commands that `&&` and `||` connect only tests something, so that its failure is no mistake.
    fn is_test(&self, mut statement: &Stmt) -> bool {
        let tests = |statement: &Stmt| match &statement.command {
            Node::Simple(simple) => matches!(
                self.masked.get(range(&simple.name.span)),
                Some("[" | "test" | "grep" | "egrep" | "command" | "which" | "type" | "hash" | "diff" | "cmp")
            ),
            Node::Compound(CompoundCommand::Conditional(_)) => true,
            _ => statement.negated,
        };
        while let Node::Binary(binary) = &statement.command {
            if tests(&binary.right) {
                return true;
            }
            statement = &binary.left;
        }
        tests(statement)
    }

    /// Reads commands as a block whose assignments count in it alone.
    fn in_block<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.blocks.push(self.block);
        let outer = std::mem::replace(&mut self.block, self.blocks.len());
        let result = read(self);
        self.block = outer;
        result
    }

    /// Reads commands in a process of their own: they change neither folder nor variables, and do not end the script.
    fn subshell<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.folder.clone(), self.values.clone(), self.may_have_left);
        let result = self.in_block(read);
        (self.folder, self.values, self.may_have_left) = before;
        self.flow = Flow::Next;
        result
    }

    /// Reads statements. Returns whether the last one succeeds, if that is known.
    fn sequence(&mut self, sequence: &'s StmtSeq, conditional: bool, depth: usize) -> Option<bool> {
        let mut truth = Some(true);
        for statement in sequence.iter() {
            if self.flow != Flow::Next {
                break;
            }
            truth = self.statement(statement, conditional, depth);
        }
        truth
    }

    fn statement(&mut self, statement: &'s Stmt, conditional: bool, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let depth = depth + 1;
        let from = self.commands.len();
        let truth = match &statement.command {
            Node::Simple(simple) => self.simple(simple, conditional, depth),
            Node::Decl(declaration) => {
                self.declaration(declaration, conditional, depth);
                None
            }
            Node::Binary(binary) => {
                let (left, right) = (&*binary.left, &*binary.right);
                match binary.op {
                    BinaryOp::And | BinaryOp::Or => {
                        let truth = self.statement(left, conditional, depth);
                        let is_or = matches!(binary.op, BinaryOp::Or);
                        if is_or && !self.exits(&range(&right.span)) {
                            self.tolerate(from);
                        }
                        match truth {
                            _ if self.flow != Flow::Next => None,
                            Some(known) if known == is_or => truth,
                            Some(_) => self.statement(right, conditional, depth),
                            None => {
                                // After `&&` the folder is that of the right side: otherwise the script usually ends.
                                // So are the variables, except after a test, whose failure is no mistake.
                                let mut folder = None;
                                let block = Some(self.block).filter(|_| !is_or && !self.is_test(left));
                                self.branch(|reader| {
                                    reader.block = block.unwrap_or(reader.block);
                                    reader.statement(right, true, depth);
                                    folder = reader.folder.clone();
                                });
                                if !is_or {
                                    self.folder = folder;
                                }
                                None
                            }
                        }
                    }
                    BinaryOp::Pipe | BinaryOp::PipeAll => {
                        self.subshell(|reader| reader.statement(left, conditional, depth));
                        self.subshell(|reader| reader.statement(right, conditional, depth));
                        None
                    }
                }
            }
            Node::Compound(compound) => self.compound(compound, conditional, depth),
            Node::Function(function) => {
                // A function runs where it is called.
                for name in function.static_names() {
                    self.functions.insert(name.as_str(), function);
                }
                Some(true)
            }
            Node::Builtin(builtin) => {
                self.flow = match builtin {
                    BuiltinCommand::Break(_) => Flow::LoopEnd,
                    BuiltinCommand::Continue(_) => Flow::Iteration,
                    BuiltinCommand::Return(_) => Flow::FunctionEnd,
                    BuiltinCommand::Exit(_) => Flow::ScriptEnd,
                };
                None
            }
            Node::AnonymousFunction(_) => None,
        };
        self.redirect(statement, from, depth);
        if statement.negated { truth.map(|truth| !truth) } else { truth }
    }

    fn simple(&mut self, simple: &'s SimpleCommand, conditional: bool, depth: usize) -> Option<bool> {
        let at = self.commands.len();
        let mut words: Vec<ShellWord> = Vec::new();
        if simple.name.span.start.offset() < simple.name.span.end.offset() {
            self.words(&simple.name, depth, &mut words);
        }
        for word in &simple.args {
            self.words(word, depth, &mut words);
        }
        let mut assignments: Vec<_> =
            simple.assignments.iter().filter_map(|assignment| self.assignment(assignment, depth)).collect();
        if words.first().and_then(ShellWord::text).as_deref() == Some("env") {
            let own: Vec<_> = words.iter().skip(1).map_while(assigned).collect();
            words.drain(1..=own.len());
            assignments.extend(own);
        }
        if words.is_empty() {
            simple.assignments.iter().for_each(|assignment| self.assign(assignment, depth));
            self.push(at, assignments, words, range(&simple.span), conditional);
            return None;
        }
        let first = words.first().and_then(ShellWord::text);
        let program = first.or_else(|| self.value(&simple.name));
        let Some(program) = program else {
            let start = words.first().and_then(|word| word.parts.first());
            let start = if let Some(WordPiece::Text(text)) = start { text.clone() } else { String::new() };
            if !start.contains('/') && self.unknown_programs.len() < MOST_ITERATIONS {
                self.unknown_programs.push(start);
            }
            self.mentions(None, &words, depth);
            self.push(at, assignments, words, range(&simple.span), conditional);
            return None;
        };
        if let Some((name, function)) = self.functions.get_key_value(program.as_str()).map(|(name, it)| (*name, *it)) {
            let parameters = Parameters::new(words.get(1..).unwrap_or_default(), false);
            self.function(name, function, parameters, conditional, depth);
            let assignments: Vec<Arc<Assignment>> = assignments.into_iter().map(Arc::new).collect();
            for command in self.commands.iter_mut().skip(at) {
                command.assignments.splice(0..0, assignments.iter().cloned());
            }
            return None;
        }
        self.mentions(Some(&program), &words, depth);
        let truth = self.builtin(&program, simple, &words);
        let is_end = program == "exec" && words.len() > 1;
        let inline = self.inline_script(&program, &words);
        self.push(at, assignments, words, range(&simple.span), conditional);
        if let Some(inline) = inline {
            self.inline(inline, conditional, depth);
        }
        if is_end {
            self.flow = Flow::ScriptEnd;
        }
        truth
    }

    /// The range of the script that a command passes to another shell: `bash -c '…'`. A script with variables of this shell is not read.
    fn inline_script(&self, program: &str, words: &[ShellWord]) -> Option<Range<usize>> {
        let name = program.rsplit('/').next()?;
        if !matches!(name, "bash" | "dash" | "sh" | "zsh") {
            return None;
        }
        let is_flag = |word: &ShellWord| {
            word.text().is_some_and(|text| text.starts_with('-') && !text.starts_with("--") && text.ends_with('c'))
        };
        let span = words.iter().skip_while(|word| !is_flag(word)).nth(1)?.span.clone();
        let raw = self.masked.get(span.clone())?;
        let quote = raw.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let inner = raw.strip_prefix(quote)?.strip_suffix(quote)?;
        let literal = !inner.contains(quote) && (quote == '\'' || !inner.contains(['$', '`', '\\']));
        literal.then_some(span.start + 1..span.end - 1)
    }

    /// Reads a range of the script as a script of its own.
    fn inline(&mut self, script: Range<usize>, conditional: bool, depth: usize) {
        let Some(text) = self.masked.get(script.clone()) else { return };
        let parsed = Parser::new(text).parse();
        if !parsed.is_ok() {
            return;
        }
        let inside = self.expressions.iter().filter(|it| it.start >= script.start && it.end <= script.end);
        let expressions: Vec<_> = inside.map(|it| it.start - script.start..it.end - script.start).collect();
        let invocation = ShellInvocation::default();
        let mut inner = PosixReader::new(text, &expressions, &invocation);
        inner.folder.clone_from(&self.folder);
        inner.sequence(&parsed.file.body, conditional, depth);
        let block = self.in_block(|reader| reader.block);
        self.commands.extend(inner.commands.into_iter().map(|command| shifted(command, script.start, block)));
    }

    /// What a program of the shell itself does. Returns whether it succeeds, if that is known.
    fn builtin(&mut self, program: &str, simple: &'s SimpleCommand, words: &[ShellWord]) -> Option<bool> {
        match program {
            "true" | ":" => return Some(true),
            "false" => return Some(false),
            "[" | "test" => {
                let own = simple.args.len() - usize::from(program == "[" && !simple.args.is_empty());
                let arguments: Vec<_> = simple.args.iter().take(own).map(|word| self.value(word)).collect();
                return values::test(&arguments);
            }
            "shift" => {
                let count = words.get(1).map_or(Some(1), |word| word.text()?.parse().ok());
                self.values.shift(count.filter(|_| self.is_certain()));
            }
            "set" => {
                let is_option = |word: &ShellWord| word.starts_with("-") || word.starts_with("+");
                let dashes = words.iter().position(|word| word.text().as_deref() == Some("--"));
                let from = dashes.map(|at| at + 1).or_else(|| words.get(1).filter(|word| !is_option(word)).map(|_| 1));
                if let Some(from) = from {
                    let parameters = Parameters::new(words.get(from..).unwrap_or_default(), false);
                    self.values.set_parameters(if self.is_certain() { parameters } else { Parameters::unknown() });
                }
            }
            "eval" | "." | "source" => self.values.forget(),
            "read" | "getopts" | "mapfile" | "readarray" | "printf" | "unset" | "let" => {
                for name in words.iter().skip(1).filter_map(ShellWord::text) {
                    self.values.set(name.split('=').next().unwrap_or_default(), None);
                }
            }
            _ => {}
        }
        None
    }

    /// Reads the functions that the arguments of a command name: `retry publish`, `trap publish EXIT`, `bash -c "publish"`.
    fn mentions(&mut self, program: Option<&str>, words: &[ShellWord], depth: usize) {
        if self.functions.is_empty()
            || matches!(
                program,
                Some("echo" | "printf" | "[" | "test" | "type" | "command" | "hash" | "unset" | "which")
            )
        {
            return;
        }
        let mut is_script = matches!(program, Some("trap" | "eval"));
        for text in words.iter().skip(1).filter_map(ShellWord::text) {
            let parts =
                text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | ':' | '.'));
            let named: Vec<&'s str> = std::iter::once(text.as_str())
                .chain(parts.filter(|_| is_script))
                .filter_map(|word| self.functions.get_key_value(word).map(|(name, _)| *name))
                .filter(|name| !self.called.contains(name))
                .collect();
            named.into_iter().for_each(|name| self.possible_call(name, depth));
            is_script |= text.starts_with('-') && text.ends_with('c');
        }
    }

    fn declaration(&mut self, declaration: &'s DeclClause, conditional: bool, depth: usize) {
        let at = self.commands.len();
        let own = declaration.operands.iter().filter_map(|operand| match operand {
            DeclOperand::Assignment(assignment) => Some(assignment),
            _ => None,
        });
        let all: Vec<_> = declaration.assignments.iter().chain(own).collect();
        let assignments = all.iter().filter_map(|assignment| self.assignment(assignment, depth)).collect();
        let is_local =
            !self.active.is_empty() && matches!(declaration.variant.as_str(), "local" | "declare" | "typeset");
        for assignment in all {
            if is_local {
                let name = assignment.target.name.as_str();
                self.hidden.push((name.to_owned(), self.values.get(name)));
            }
            self.assign(assignment, depth);
        }
        for operand in &declaration.operands {
            if let DeclOperand::Name(name) = operand
                && is_local
            {
                let name = name.name.as_str();
                self.hidden.push((name.to_owned(), self.values.get(name)));
                self.values.set(name, None);
            }
        }
        self.push(at, assignments, Vec::new(), range(&declaration.span), conditional);
    }

    /// Whether the current command certainly runs, given that the script or function does.
    const fn is_certain(&self) -> bool {
        self.uncertain == 0 && !self.may_have_left
    }

    /// Keeps the value of a variable.
    fn assign(&mut self, assignment: &'s shuck_ast::Assignment, depth: usize) {
        let name = assignment.target.name.as_str();
        let plain = assignment.target.subscript.is_none() && self.is_certain();
        if let AssignmentValue::Compound(array) = &assignment.value {
            let mut items = Vec::new();
            let mut sequential = plain;
            for element in &array.elements {
                match element {
                    ArrayElem::Sequential(word) => self.words(&word.word, depth, &mut items),
                    ArrayElem::Keyed { .. } | ArrayElem::KeyedAppend { .. } => sequential = false,
                }
            }
            self.values.set_array(name, &items, assignment.append, sequential);
            return;
        }
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) if plain => self.value(word),
            _ => None,
        };
        let value = match value {
            Some(value) if assignment.append => self.values.get(name).map(|before| before + &value),
            value => value,
        };
        self.values.set(name, value);
    }

    /// The value of a word, if it is known.
    fn value(&self, word: &NodeWord) -> Option<String> {
        let mut value = String::new();
        for part in &word.parts {
            self.value_of(part, false, &mut value)?;
        }
        Some(value)
    }

    fn value_of(&self, part: &WordPartNode, quoted: bool, value: &mut String) -> Option<()> {
        let span = range(&part.span);
        let raw = self.masked.get(span.clone())?;
        let has_expression = || self.has_expression(&span);
        match &part.kind {
            WordPart::Literal(_) if !has_expression() => value.push_str(&unescape(raw, quoted)),
            WordPart::SingleQuoted { dollar: false, .. } if !has_expression() => value.push_str(raw.trim_matches('\'')),
            WordPart::DoubleQuoted { parts, .. } => {
                for part in parts {
                    self.value_of(part, true, value)?;
                }
            }
            WordPart::Variable(name) => value.push_str(&self.values.get(name.as_str())?),
            _ => value.push_str(&self.values.expanded(raw.strip_prefix("${")?.strip_suffix('}')?)?),
        }
        Some(())
    }

    /// Whether a `[[ … ]]` holds, if that is known.
    fn holds(&self, expression: &ConditionalExpr, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let raw = |span: &shuck_ast::Span| self.masked.get(range(span));
        match expression {
            ConditionalExpr::Binary(binary) => {
                let holds = |side: &ConditionalExpr| self.holds(side, depth + 1);
                match binary.op {
                    ConditionalBinaryOp::And | ConditionalBinaryOp::Or => {
                        let decisive = Some(binary.op == ConditionalBinaryOp::Or);
                        let (left, right) = (holds(&binary.left), holds(&binary.right));
                        if left == decisive || right == decisive { decisive } else { left.and(right) }
                    }
                    op => {
                        let left = self.operand(&binary.left)?;
                        match op {
                            ConditionalBinaryOp::PatternEqShort
                            | ConditionalBinaryOp::PatternEq
                            | ConditionalBinaryOp::PatternNe => {
                                let span = binary.right.span();
                                let matches = match self.operand(&binary.right) {
                                    Some(right) if raw(&span).is_some_and(|text| text.contains('$')) => left == right,
                                    _ => self.matches(&span, &left)?,
                                };
                                Some(matches == (op != ConditionalBinaryOp::PatternNe))
                            }
                            op => values::compare(Some(&left), op.as_str(), self.operand(&binary.right).as_deref()),
                        }
                    }
                }
            }
            ConditionalExpr::Unary(unary) => match unary.op {
                ConditionalUnaryOp::Not => self.holds(&unary.expr, depth + 1).map(|holds| !holds),
                ConditionalUnaryOp::EmptyString => self.operand(&unary.expr).map(|text| text.is_empty()),
                ConditionalUnaryOp::NonEmptyString => self.operand(&unary.expr).map(|text| !text.is_empty()),
                _ => None,
            },
            ConditionalExpr::Parenthesized(inner) => self.holds(&inner.expr, depth + 1),
            ConditionalExpr::Word(_) => self.operand(expression).map(|text| !text.is_empty()),
            ConditionalExpr::Pattern(_) | ConditionalExpr::Regex(_) | ConditionalExpr::VarRef(_) => None,
        }
    }

    fn operand(&self, expression: &ConditionalExpr) -> Option<String> {
        if let ConditionalExpr::Word(word) = expression { self.value(word) } else { None }
    }

    /// Whether a value matches the pattern at a place, if that is known.
    fn matches(&self, pattern: &shuck_ast::Span, value: &str) -> Option<bool> {
        let span = range(pattern);
        values::matches(self.masked.get(span.clone()).filter(|_| !self.has_expression(&span))?, value)
    }

    /// Adds the output redirections of a statement to its commands.
    fn redirect(&mut self, statement: &'s Stmt, from: usize, depth: usize) {
        let written = |redirect: &&Redirect| {
            matches!(redirect.kind, RedirectKind::Output | RedirectKind::Clobber | RedirectKind::Append)
        };
        for target in statement.redirects.iter().filter(written).filter_map(Redirect::word_target) {
            let word = self.word(target, depth);
            self.commands.iter_mut().skip(from).for_each(|command| command.redirects.push(word.clone()));
        }
        let input = statement.redirects.iter().rev().find_map(|redirect| match redirect.kind {
            RedirectKind::HereString => redirect.word_target().map(|word| self.word(word, depth)),
            _ => redirect.heredoc().map(|heredoc| self.heredoc(heredoc)),
        });
        if let (Some(input), Some(command)) = (input, self.commands.iter_mut().skip(from).last()) {
            command.input = Some(Box::new(input));
        }
    }

    /// The text of a here-document. Only a delimiter without quotes lets the shell replace variables in it.
    fn heredoc(&self, heredoc: &Heredoc) -> ShellWord {
        let span = range(&heredoc.body.span);
        let mut parts = Vec::new();
        if heredoc.delimiter.quoted {
            text_parts(self.masked, self.expressions, span.clone(), str::to_owned, &mut parts);
            return ShellWord { span, parts, splits: false };
        }
        for part in &heredoc.body.parts {
            let span = range(&part.span);
            match &part.kind {
                HeredocBodyPart::Literal(_) => {
                    text_parts(self.masked, self.expressions, span, |text| unescape(text, true), &mut parts);
                }
                HeredocBodyPart::Variable(name) => self.variable(name.as_str(), &mut parts),
                _ => {
                    let text = self.masked.get(span).and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
                    let is_name = |name: &&str| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
                    match text.filter(is_name) {
                        Some(name) => self.variable(name, &mut parts),
                        None => parts.push(WordPiece::Dynamic),
                    }
                }
            }
        }
        ShellWord { span, parts, splits: false }
    }

    fn compound(&mut self, compound: &'s CompoundCommand, conditional: bool, depth: usize) -> Option<bool> {
        let before = self.folder.clone();
        match compound {
            CompoundCommand::If(branch) => self.branches(branch, conditional, depth),
            CompoundCommand::Case(case) => self.case(case, conditional, depth),
            CompoundCommand::For(each) => self.for_each(each, depth),
            CompoundCommand::While(body) => {
                self.repeat(Some((&body.condition, true)), &body.body, &body.span, conditional, depth)
            }
            CompoundCommand::Until(body) => {
                self.repeat(Some((&body.condition, false)), &body.body, &body.span, conditional, depth)
            }
            CompoundCommand::ArithmeticFor(body) => self.repeat(None, &body.body, &body.span, conditional, depth),
            CompoundCommand::Select(body) => self.repeat(None, &body.body, &body.span, conditional, depth),
            CompoundCommand::Subshell(body) => {
                return self.subshell(|reader| reader.sequence(body, conditional, depth));
            }
            CompoundCommand::BraceGroup(body) => return self.sequence(body, conditional, depth),
            CompoundCommand::Time(time) => {
                if let Some(statement) = &time.command {
                    self.statement(statement, conditional, depth);
                }
                return None;
            }
            CompoundCommand::Conditional(test) => return self.holds(&test.expression, depth),
            _ => return None,
        }
        let is_loop = !matches!(compound, CompoundCommand::If(_) | CompoundCommand::Case(_));
        if is_loop && self.folder != before {
            self.folder = None;
        }
        None
    }

    fn branches(&mut self, branch: &'s IfCommand, conditional: bool, depth: usize) {
        let elif = branch.elif_branches.iter().map(|(condition, body)| (Some(condition), body));
        let first = std::iter::once((Some(&branch.condition), &branch.then_branch));
        // Whether an earlier branch may have run, and whether one of them changes the folder.
        let (mut open, mut moves) = (false, false);
        for (condition, body) in first.chain(elif).chain(branch.else_branch.iter().map(|body| (None, body))) {
            let mut truth = Some(true);
            match condition {
                Some(condition) if open => {
                    moves |= self.branch(|reader| truth = reader.condition(condition, true, depth));
                }
                Some(condition) => truth = self.condition(condition, conditional, depth),
                None => {}
            }
            match truth {
                _ if self.flow != Flow::Next => break,
                Some(false) => {}
                Some(true) if !open => {
                    self.sequence(body, conditional, depth);
                    break;
                }
                truth => {
                    moves |= self.branch(|reader| {
                        reader.sequence(body, true, depth);
                    });
                    open = true;
                    if truth == Some(true) {
                        break;
                    }
                }
            }
        }
        if moves {
            self.folder = None;
        }
    }

    fn case(&mut self, case: &'s CaseCommand, conditional: bool, depth: usize) {
        let value = self.value(&case.word);
        // Whether an earlier item may have run, whether it continues with the next one, and whether one changes the folder.
        let (mut open, mut falls, mut moves) = (false, false, false);
        for item in &case.cases {
            let matches = value.as_ref().filter(|_| !falls).and_then(|value| {
                let results: Vec<_> = item.patterns.iter().map(|it| self.matches(&it.span, value)).collect();
                if results.contains(&Some(true)) { Some(true) } else { results.into_iter().min().flatten() }
            });
            let is_last = item.terminator == CaseTerminator::Break;
            match matches {
                Some(false) => continue,
                Some(true) if !open => {
                    self.sequence(&item.body, conditional, depth);
                }
                _ => {
                    moves |= self.branch(|reader| {
                        reader.sequence(&item.body, true, depth);
                    });
                }
            }
            (open, falls) = (true, !is_last);
            if matches == Some(true) && is_last || self.flow != Flow::Next {
                break;
            }
        }
        if moves {
            self.folder = None;
        }
    }

    fn for_each(&mut self, each: &'s ForCommand, depth: usize) {
        let names: Vec<&str> =
            each.targets.iter().filter_map(|target| target.name.as_ref().map(|name| name.as_str())).collect();
        let mut list = Some(Vec::new());
        match &each.words {
            Some(words) => {
                for word in words {
                    let known = list.as_mut().and_then(|list| Some((list, self.expansion(word)?)));
                    match known {
                        Some((list, words)) if words.iter().all(|word| !word.splits) => {
                            list.extend(words.iter().map(ShellWord::text));
                        }
                        _ => {
                            let text = self.value(word).filter(|text| !text.contains(['*', '?', '[', '{', ' ', '\n']));
                            list = list.zip(text).map(|(mut list, text)| {
                                list.push(Some(text));
                                list
                            });
                        }
                    }
                }
            }
            None => {
                let parameters = self.values.parameters();
                let closed = !parameters.open;
                list = closed.then(|| parameters.words.iter().map(ShellWord::text).collect());
            }
        }
        let list = list.filter(|list| list.len() <= MOST_ITERATIONS && names.len() == 1);
        let may_have_left = self.may_have_left;
        for value in list.iter().flatten() {
            if self.inlined > MOST_INLINED {
                break;
            }
            self.inlined += 1;
            names.iter().for_each(|name| self.values.set(name, value.clone().filter(|_| self.uncertain == 0)));
            self.sequence(&each.body, true, depth);
            if !self.next_iteration() {
                break;
            }
        }
        self.may_have_left = may_have_left;
        if list.is_none() || self.inlined > MOST_INLINED {
            names.iter().for_each(|name| self.values.set(name, None));
            self.repeat(None, &each.body, &each.span, true, depth);
        }
    }

    /// Whether a loop continues after an iteration.
    fn next_iteration(&mut self) -> bool {
        match self.flow {
            Flow::Next => true,
            Flow::Iteration => {
                self.flow = Flow::Next;
                true
            }
            Flow::LoopEnd => {
                self.flow = Flow::Next;
                false
            }
            Flow::FunctionEnd | Flow::ScriptEnd => false,
        }
    }

    /// Reads a loop: iteration by iteration while its condition is known, then once for all others.
    fn repeat(
        &mut self,
        condition: Option<(&'s StmtSeq, bool)>,
        body: &'s StmtSeq,
        span: &shuck_ast::Span,
        conditional: bool,
        depth: usize,
    ) {
        let may_have_left = self.may_have_left;
        let text = self.masked.get(range(span)).unwrap_or_default();
        for _ in 0..MOST_ITERATIONS {
            let Some((condition, expected)) = condition.filter(|_| self.inlined <= MOST_INLINED) else { break };
            self.inlined += 1;
            let before = self.values.clone();
            let from = self.commands.len();
            let truth = self.condition(condition, conditional, depth);
            match truth {
                _ if self.flow != Flow::Next => return,
                Some(truth) if truth != expected => {
                    self.may_have_left = may_have_left;
                    return;
                }
                None => {
                    // The condition is read again below.
                    self.commands.truncate(from);
                    break;
                }
                Some(_) => {}
            }
            self.sequence(body, true, depth);
            if !self.next_iteration() || self.values == before {
                self.may_have_left = may_have_left;
                return;
            }
        }
        self.values.forget_changed_in(text);
        let mut words = text.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-'));
        if words.any(|word| self.functions.contains_key(word)) {
            self.values.forget();
        }
        if let Some((condition, _)) = condition {
            self.condition(condition, conditional, depth);
        }
        if self.branch(|reader| {
            reader.sequence(body, true, depth);
        }) {
            self.folder = None;
        }
        self.may_have_left = may_have_left;
    }

    /// Commands of a condition: their failure does not end the script.
    fn condition(&mut self, sequence: &'s StmtSeq, conditional: bool, depth: usize) -> Option<bool> {
        let from = self.commands.len();
        let truth = self.sequence(sequence, conditional, depth);
        self.tolerate(from);
        truth
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

    /// Adds a command at an index: before those in its own substitutions.
    fn push(
        &mut self,
        at: usize,
        assignments: Vec<Assignment>,
        words: Vec<ShellWord>,
        span: Range<usize>,
        conditional: bool,
    ) {
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
            self.folder = folder::after(&words, self.folder.take(), folder::target(&words).map(raw), &self.folders);
        }
        let span = start..end.max(start);
        let assignments = assignments.into_iter().map(Arc::new).collect();
        let (redirects, input, tolerated, order, block) = (Vec::new(), None, false, 0, self.block);
        let command =
            ShellCommand { assignments, words, redirects, input, span, order, conditional, block, tolerated, folder };
        self.inlined += usize::from(self.inlined > 0);
        self.commands.insert(at.min(self.commands.len()), command);
    }

    fn assignment(&mut self, assignment: &'s shuck_ast::Assignment, depth: usize) -> Option<Assignment> {
        let AssignmentValue::Scalar(value) = &assignment.value else { return None };
        Some(Assignment { name: assignment.target.name.as_str().to_owned(), value: self.word(value, depth) })
    }

    /// Adds the words that a word of the script becomes: several for `"$@"`, none for an absent `$1`.
    fn words(&mut self, word: &'s NodeWord, depth: usize, words: &mut Vec<ShellWord>) {
        match self.expansion(word) {
            Some(expanded) => words.extend(expanded),
            None => match self.split_value(word).filter(|_| !words.is_empty()) {
                Some(value) => {
                    let place = range(&word.span);
                    words.extend(value.split_whitespace().map(|text| ShellWord::literal(text, place.clone())));
                }
                None => words.push(self.word(word, depth)),
            },
        }
    }

    /// The value of a variable without quotes that the shell splits into several plain words.
    fn split_value(&self, word: &NodeWord) -> Option<String> {
        let raw = self.masked.get(range(&word.span))?;
        let name = raw.strip_prefix('$')?;
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let plain = |letter: char| letter.is_alphanumeric() || letter == '_';
        let value = name.chars().all(plain).then(|| self.values.get(name)).flatten()?;
        (value.trim().contains(' ') && !value.contains(['*', '?', '[', '"', '\'', '\\', '$', '`'])).then_some(value)
    }

    /// The words that a word of parameters becomes. `None` if it is another word, or nothing is known.
    fn expansion(&self, word: &NodeWord) -> Option<Vec<ShellWord>> {
        let span = range(&word.span);
        let raw = self.masked.get(span.clone())?;
        if !raw.starts_with(['$', '"']) {
            return None;
        }
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        let name = inner.unwrap_or(raw).strip_prefix('$')?;
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let own = self.values.parameters();
        let (parameters, from) = match name {
            "@" | "*" => (own, 1),
            _ => match name.strip_prefix("@:") {
                Some(from) => (own, from.trim().parse::<usize>().ok()?),
                None => match name.split_once("[@]").or_else(|| name.split_once("[*]").filter(|_| inner.is_none())) {
                    // `${a[@]+"${a[@]}"}` is the same with `set -u`.
                    Some((array, rest)) if rest.is_empty() || rest.starts_with(['+', ':']) && rest.contains(array) => {
                        (self.values.array(array)?, 1)
                    }
                    Some(_) => return None,
                    None if inner.is_none() => {
                        let number = name.parse::<usize>().ok()?;
                        return own.get(number).is_some_and(|parts| parts.is_empty()).then(Vec::new);
                    }
                    None => return None,
                },
            },
        };
        if parameters.open && parameters.words.is_empty() {
            return None;
        }
        let known = parameters.words.get(from.checked_sub(1)?..).unwrap_or_default();
        let place = |word: &ShellWord| ShellWord { span: span.clone(), ..word.clone() };
        let rest = parameters.open.then(|| ShellWord {
            span: span.clone(),
            parts: vec![WordPiece::Variable("@".into())],
            splits: true,
        });
        Some(known.iter().map(place).chain(rest).collect())
    }

    fn word(&mut self, word: &'s NodeWord, depth: usize) -> ShellWord {
        let mut parts = Vec::new();
        for part in &word.parts {
            self.part(part, false, depth, &mut parts);
        }
        let is_plain = |part: &WordPartNode| match &part.kind {
            WordPart::Literal(_) => !self.has_expression(&range(&part.span)),
            WordPart::SingleQuoted { .. } => true,
            // `"$@"` is several words.
            WordPart::DoubleQuoted { .. } => {
                let raw = self.masked.get(range(&part.span)).unwrap_or_default();
                !["$@", "${@", "[@]"].iter().any(|list| raw.contains(list))
            }
            _ => false,
        };
        let splits = !word.parts.iter().all(is_plain);
        ShellWord { span: range(&word.span), parts, splits }
    }

    fn has_expression(&self, span: &Range<usize>) -> bool {
        self.expressions.iter().any(|it| it.start < span.end && it.end > span.start)
    }

    fn part(&mut self, part: &'s WordPartNode, quoted: bool, depth: usize, parts: &mut Vec<WordPiece>) {
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
            WordPart::Variable(name) => self.variable(name.as_str(), parts),
            WordPart::Parameter(_) => {
                let name = self.masked.get(span).and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
                let plain = name.filter(|name| name.chars().all(|letter| letter.is_alphanumeric() || letter == '_'));
                match plain {
                    Some(name) => self.variable(name, parts),
                    None => self.expanded(part, parts),
                }
            }
            WordPart::CommandSubstitution { body, .. } | WordPart::ProcessSubstitution { body, .. } => {
                self.subshell(|reader| reader.sequence(body, true, depth));
                parts.push(WordPiece::Dynamic);
            }
            _ => self.expanded(part, parts),
        }
    }

    /// Adds a variable. A parameter is replaced by its value.
    fn variable(&self, name: &str, parts: &mut Vec<WordPiece>) {
        let value = name.parse::<usize>().ok().and_then(|number| self.values.parameters().get(number));
        match value {
            Some(value) => value.iter().for_each(|piece| match piece {
                WordPiece::Text(text) => push_text(parts, text.clone()),
                other => parts.push(other.clone()),
            }),
            None => parts.push(WordPiece::Variable(name.to_owned())),
        }
    }

    /// Adds an expansion such as `${1:-default}`.
    fn expanded(&self, part: &WordPartNode, parts: &mut Vec<WordPiece>) {
        let mut value = String::new();
        match self.value_of(part, true, &mut value) {
            Some(()) => push_text(parts, value),
            None => {
                let raw = self.masked.get(range(&part.span)).unwrap_or_default();
                let is_array = raw.contains("[@]") || raw.contains("[*]");
                parts.push(if is_array { WordPiece::Variable("@".into()) } else { WordPiece::Dynamic });
            }
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

/// The variable that a word `NAME=VALUE` sets.
fn assigned(word: &ShellWord) -> Option<Assignment> {
    let (first, rest) = word.parts.split_first()?;
    let WordPiece::Text(text) = first else { return None };
    let (name, value) = text.split_once('=')?;
    if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return None;
    }
    let mut parts = Vec::new();
    push_text(&mut parts, value.to_owned());
    parts.extend(rest.iter().cloned());
    if parts.len() > 1 {
        parts.retain(|part| !matches!(part, WordPiece::Text(text) if text.is_empty()));
    }
    let span = (word.span.start + name.len() + 1).min(word.span.end)..word.span.end;
    Some(Assignment { name: name.to_owned(), value: ShellWord { span, parts, splits: word.splits } })
}

/// A command of an inner script as one of a block of the whole script.
fn shifted(mut command: ShellCommand, by: usize, block: usize) -> ShellCommand {
    command.block = block;
    let shift = |span: &mut Range<usize>| *span = span.start + by..span.end + by;
    shift(&mut command.span);
    let values = command.assignments.iter_mut().map(|assignment| &mut Arc::make_mut(assignment).value);
    let read = command.words.iter_mut().chain(&mut command.redirects).chain(command.input.as_deref_mut());
    for word in read.chain(values) {
        shift(&mut word.span);
        for part in &mut word.parts {
            if let WordPiece::Expression(range) = part {
                shift(range);
            }
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn literal_scripts_are_read_as_by_the_parser(script in "([a-c./:@%+,=\\-_ \t\n]|cd |popd|pushd|bash -c|npm |if |do|while|exit|set |env |in |export |unset |read ){0,12}") {
            if let Some(literal) = parse_literal(&script) {
                prop_assert_eq!(literal.commands, parse_with_shuck(&script, &[], &ShellInvocation::default()).commands);
            }
        }
    }
}
