//! The script of a step, parsed for the shell that runs it.

use std::sync::{Arc, OnceLock};

use crate::read::script::{StepScript, with_exports};
use crate::read::shell::{self, Shell, ShellCommand, ShellFolder, ShellScript, ShellWord, WordPiece};
use crate::read::yaml::Node;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Pairs, Step, Workflow};

/// The maximum number of values of a program's name that are read.
const MOST_PROGRAMS: usize = 32;

/// The maximum number of variables of a script that are looked up.
const MOST_VARIABLES: usize = 256;

/// A lazily parsed script.
#[derive(Debug, Clone, Default)]
pub struct ScriptCommands(OnceLock<ParsedScript>);

#[derive(Debug, Clone)]
struct ParsedScript {
    /// The shell that it was parsed for.
    shell: Shell,
    commands: Arc<[ShellCommand]>,
    /// Whether the commands follow from its text alone, and from no variable.
    is_constant: bool,
}

impl ScriptCommands {
    /// Keeps the commands that were parsed before, if the program of each is known.
    pub(crate) fn keep(&self, script: &StepScript) {
        if !script.commands.iter().any(has_unknown_program) {
            let (shell, commands) = (script.shell, Arc::clone(&script.commands));
            self.0.get_or_init(|| ParsedScript { shell, commands, is_constant: true });
        }
    }

    /// The commands if the script is parsed and they follow from its text alone.
    pub(crate) fn constant(&self) -> Option<StepScript> {
        let parsed = self.0.get().filter(|parsed| parsed.is_constant)?;
        Some(StepScript::new(parsed.shell, Arc::clone(&parsed.commands)))
    }
}

/// The parsed script of a step.
#[must_use]
pub(crate) fn script(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> ShellScript {
    step.script
        .map_or_else(ShellScript::default, |script| shell::parse(script.value(), shell(github, workflow, job, step)))
}

/// The commands of a step's script; each has the variables that the script assigned before it.
#[must_use]
pub(crate) fn commands(
    github: &GitHubFacts,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
) -> Arc<[ShellCommand]> {
    let shell = shell(github, workflow, job, step);
    let read = || {
        let commands = with_exports(script(github, workflow, job, step));
        let is_constant = !commands.iter().any(has_unknown_program);
        let commands = if is_constant { commands } else { with_programs(commands, shell, workflow, job, step) };
        ParsedScript { shell, commands: commands.into(), is_constant }
    };
    let known = step.commands.0.get_or_init(read);
    // A step of a composite action can run in several jobs with different default shells.
    if known.shell == shell { Arc::clone(&known.commands) } else { read().commands }
}

/// The literal values of the variables and expressions with which words of a script begin: each may be the program of a command. `None` if
/// there are more variables than are looked up.
#[must_use]
pub(crate) fn programs<'p>(workflow: &Workflow<'p>, job: &Job<'p>, step: &Step<'p>) -> Option<Vec<&'p str>> {
    let is_set = |env: &Pairs<'_>| !env.entries.is_empty();
    let is_own = is_step_of(job, step);
    let has_env = is_set(&step.env) || is_own && (is_set(&job.env) || is_set(&workflow.env));
    let has_matrix = is_own && job.strategy.is_some();
    if !has_env && !has_matrix {
        return Some(Vec::new());
    }
    let script = step.script.map_or("", |script| script.value());
    let starts_word = |at: &usize| match script.as_bytes()[..*at].last() {
        None => true,
        Some(before) if before.is_ascii() => {
            before.is_ascii_whitespace()
                || matches!(before, 0x0B | b';' | b'&' | b'|' | b'(' | b'{' | b'!' | b'`' | b'"' | b'\'')
        }
        Some(_) => script[..*at].ends_with(char::is_whitespace),
    };
    let starts = memchr::memchr_iter(b'$', script.as_bytes()).filter(starts_word);
    // Most expressions read another context.
    let may_have_value = |name: &&str| {
        has_matrix && name.starts_with("matrix.")
            || has_env && (name.starts_with("env.") || !name.as_bytes().contains(&b'.'))
    };
    let mut names: Vec<&str> = starts.map(|start| variable_name(&script[start..])).filter(may_have_value).collect();
    names.sort_unstable();
    names.dedup();
    let values = || names.iter().filter_map(|name| values(name, workflow, job, step)).flatten().collect();
    (names.len() <= MOST_VARIABLES).then(values)
}

/// Whether a command of a script may begin with a variable.
#[must_use]
pub(crate) fn runs_variable(script: &str) -> bool {
    let bytes = script.as_bytes();
    memchr::memchr_iter(b'$', bytes).any(|at| {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"');
        let before = &bytes[..bytes[..at].iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1)];
        let word = before.rsplit(|byte| !byte.is_ascii_alphanumeric()).next();
        match before.last() {
            None | Some(b'\n' | b';' | b'|' | b'&' | b'(' | b'{' | b'!') => true,
            Some(_) => word.is_some_and(|word| KEYWORDS.contains(&word)),
        }
    })
}

/// The words of a shell after which a command follows.
const KEYWORDS: [&[u8]; 7] = [b"do", b"elif", b"else", b"if", b"then", b"until", b"while"];

/// The name in `$NAME`, `${NAME}` and `${{ NAME }}`.
fn variable_name(word: &str) -> &str {
    match word.strip_prefix("${{") {
        Some(rest) => rest.split('}').next().unwrap_or_default().trim(),
        None => {
            let rest = word.trim_start_matches(['$', '{']);
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            &rest[..end.unwrap_or(rest.len())]
        }
    }
}

/// The literal values of `NAME`, `env.NAME` or `matrix.NAME` in a step. `None` if one of them is not literal.
fn values<'p>(name: &str, workflow: &Workflow<'p>, job: &Job<'p>, step: &Step<'p>) -> Option<Vec<&'p str>> {
    fn literal(text: &str) -> Option<&str> {
        (!text.contains("${{")).then_some(text)
    }
    let is_own = is_step_of(job, step);
    if let Some(name) = name.strip_prefix("matrix.").filter(|_| is_own) {
        let matrix = job.strategy?.get("matrix")?;
        let own = matrix.get(name).into_iter().flat_map(Node::items);
        let added = matrix.get("include").into_iter().flat_map(Node::items).filter_map(|row| row.get(name));
        let found: Option<Vec<_>> =
            own.chain(added).take(MOST_PROGRAMS + 1).map(|node| literal(node.text()?)).collect();
        return found.filter(|found| !found.is_empty() && found.len() <= MOST_PROGRAMS);
    }
    let name = match name.split_once('.') {
        Some(("env", name)) => name,
        Some(_) => return None,
        None => name,
    };
    let around = [&job.env, &workflow.env];
    let mut variables = std::iter::once(&step.env).chain(around.into_iter().filter(|_| is_own));
    let pair = variables.find_map(|pairs| pairs.get(name))?;
    literal(pair.value.value()).map(|text| vec![text])
}

/// Whether a step is one of the job itself. A step of an action may run in several jobs.
fn is_step_of(job: &Job<'_>, step: &Step<'_>) -> bool {
    job.steps.get(step.index).is_some_and(|own| std::ptr::eq(own, step))
}

fn has_unknown_program(command: &ShellCommand) -> bool {
    command.words.first().is_some_and(|word| word.text().is_none())
}

/// Replaces each command whose program is a variable or an expression with literal values by the commands in these values.
fn with_programs(
    commands: Vec<ShellCommand>,
    shell: Shell,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    step: &Step<'_>,
) -> Vec<ShellCommand> {
    let script = step.script.map_or("", |script| script.value());
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let mut found = Vec::new();
    for command in commands {
        let program = command.words.first();
        let texts = match program.map(|word| word.parts.as_slice()) {
            Some([WordPiece::Variable(name)]) => {
                match command.assignments.iter().rev().find(|assignment| assignment.name == *name) {
                    Some(assignment) => assignment.value.text().map(|text| vec![text]),
                    None => values(name, workflow, job, step).map(owned),
                }
            }
            Some([WordPiece::Expression(range)]) => {
                let name = script.get(range.clone()).and_then(|text| text.strip_prefix("${{")?.strip_suffix("}}"));
                name.map(str::trim)
                    .filter(|name| name.contains('.'))
                    .and_then(|name| values(name, workflow, job, step))
                    .map(owned)
            }
            _ => None,
        };
        // In quotes the whole value is the name of the program.
        let is_name = |text: &String| !text.contains(char::is_whitespace);
        match texts.filter(|texts| program.is_some_and(|word| word.splits) || texts.iter().all(is_name)) {
            Some(texts) => {
                let is_one = texts.len() == 1;
                found.extend(texts.iter().flat_map(|text| run_by(&command, text, shell, is_one)));
            }
            None => found.push(command),
        }
    }
    found
}

/// The commands of a text that a command runs as its program, at the place of the program and with the command's further words.
fn run_by(command: &ShellCommand, text: &str, shell: Shell, is_certain: bool) -> Vec<ShellCommand> {
    let place = command.words.first().map_or(0..0, |word| word.span.clone());
    let mut inner = with_exports(shell::parse(text, shell));
    let moved = |word: &mut ShellWord| {
        word.span.clone_from(&place);
        let parts = word.parts.iter_mut();
        parts.filter(|part| matches!(part, WordPiece::Expression(_))).for_each(|part| *part = WordPiece::Dynamic);
    };
    for one in &mut inner {
        let values = one.assignments.iter_mut().map(|assignment| &mut Arc::make_mut(assignment).value);
        one.words.iter_mut().chain(&mut one.redirects).chain(one.input.as_deref_mut()).chain(values).for_each(moved);
        one.assignments.splice(0..0, command.assignments.iter().cloned());
        one.span.clone_from(&command.span);
        (one.order, one.block) = (command.order, command.block);
        one.conditional |= command.conditional || !is_certain;
        one.tolerated |= command.tolerated;
        one.folder = one.folder.take().filter(|folder| *folder == ShellFolder::default()).and(command.folder.clone());
    }
    if let Some(last) = inner.last_mut() {
        last.words.extend(command.words.iter().skip(1).cloned());
    }
    inner
}

/// Whether the commands of a step's script are read: its language is known and it is not too long.
#[must_use]
pub(crate) fn is_read(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> bool {
    let is_short = step.script.is_none_or(|script| script.value().len() <= shell::LONGEST);
    is_short && shell(github, workflow, job, step) != Shell::Other
}

fn shell(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Shell {
    // `defaults.run` applies to `run:` steps only.
    let default = || step.run.and(job.shell.or(workflow.shell)).map(|setting| Shell::from_setting(setting.value()));
    let windows = || job.runs_on.iter().flatten().any(|label| github.system(label.value()) == Some("windows"));
    match step.shell.or_else(default) {
        Some(shell) => shell,
        None if windows() => Shell::PowerShell,
        None => Shell::Posix,
    }
}
