//! A step's script as the shell reads it that runs it. It never says what a command does.

use std::sync::{Arc, OnceLock};

use crate::read::shell::{self, Shell, ShellCommand, ShellScript};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow};

/// The commands of a script, read once however many ask for them, with the shell that they were read for.
#[derive(Debug, Clone, Default)]
pub struct ScriptCommands(OnceLock<(Shell, Arc<[ShellCommand]>)>);

/// A step's script, read as the shell reads it that runs it.
#[must_use]
pub fn script(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> ShellScript {
    step.script
        .map_or_else(ShellScript::default, |script| shell::parse(script.value(), shell(github, workflow, job, step)))
}

/// The commands of a step's script, each with the variables that the script has set before it.
#[must_use]
pub fn commands(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Arc<[ShellCommand]> {
    let shell = shell(github, workflow, job, step);
    let read = || exported(script(github, workflow, job, step));
    let (known, commands) = step.commands.0.get_or_init(|| (shell, read()));
    // A step of an action may run in another job's shell next time.
    if *known == shell { Arc::clone(commands) } else { read() }
}

fn shell(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Shell {
    // Defaults are for `run:` alone.
    let default = || step.run.and(job.shell.or(workflow.shell)).map(|setting| Shell::from_setting(setting.value()));
    let windows = || job.runs_on.iter().flatten().any(|label| github.system(label.value()) == Some("windows"));
    match step.shell.or_else(default) {
        Some(shell) => shell,
        None if windows() => Shell::PowerShell,
        None => Shell::Posix,
    }
}

/// What the script has set before a command holds for the command too; its own assignments come last and win.
fn exported(script: ShellScript) -> Arc<[ShellCommand]> {
    let mut exported = Vec::new();
    let mut found = Vec::new();
    for mut command in script.commands {
        if command.words.is_empty() {
            exported.extend(command.assignments);
        } else {
            command.assignments.splice(0..0, exported.iter().cloned());
            found.push(command);
        }
    }
    found.into()
}
