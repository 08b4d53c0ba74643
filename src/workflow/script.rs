//! The script of a step, parsed for the shell that runs it.

use std::sync::{Arc, OnceLock};

use crate::read::script::with_exports;
use crate::read::shell::{self, Shell, ShellCommand, ShellScript};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow};

/// A lazily parsed script, with the shell it was parsed for.
#[derive(Debug, Clone, Default)]
pub struct ScriptCommands(OnceLock<(Shell, Arc<[ShellCommand]>)>);

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
    let read = || Arc::from(with_exports(script(github, workflow, job, step)));
    let (known, commands) = step.commands.0.get_or_init(|| (shell, read()));
    // A step of a composite action can run in several jobs with different default shells.
    if *known == shell { Arc::clone(commands) } else { read() }
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
