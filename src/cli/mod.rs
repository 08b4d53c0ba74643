//! The command line: the only room that writes. It decides what is read and where reports go, never what they say.

mod baseline;
mod check;
mod completion;
mod explain;
mod fix;
mod folder;
mod init;
mod load;
mod output;
mod parallel;
mod progress;
mod projects;
mod reports;
mod rules;
mod run_filter;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

/// Reads a repository the way package registries will, and names what keeps its next release from being trusted.
#[derive(Debug, Parser)]
#[command(name = "trustpub", version, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: CommandName,
}

#[derive(Debug, Subcommand)]
enum CommandName {
    /// Check repositories, folders of repositories, or single files.
    Check(Box<check::CheckArguments>),
    /// Account for every upload: what it shows to its registry, and what that answers; or explain a rule.
    Explain(explain::ExplainArguments),
    /// Write `.github/trustpub.yaml` from the workflows, and say which records to register.
    Init(init::InitArguments),
    /// Write a baseline of today's findings.
    Baseline(baseline::BaselineArguments),
    /// List, show, test and begin rules.
    Rules {
        #[command(subcommand)]
        command: rules::RulesCommand,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of the program or of one of its commands.
    Man {
        /// The command, e.g. `check`, or `rules test`.
        command: Vec<String>,
    },
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On a terminal that can.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether stdout is to be coloured.
    fn is_on(self) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                io::stdout().is_terminal()
                    && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        }
    }
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ExitStatus {
    /// Nothing at or above the asked level.
    Clean,
    /// Findings.
    Findings,
    /// It could not run as asked.
    Trouble,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command could not run as asked: a sentence for people, or a closed pipe, which is no trouble.
#[derive(Debug)]
enum CommandError {
    Told(String),
    Closed,
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Told(format!("cannot write: {}", crate::read::files::reason(&error)))
        }
    }
}

impl From<String> for CommandError {
    fn from(text: String) -> Self {
        Self::Told(text)
    }
}

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let status = if error.use_stderr() { ExitStatus::Trouble } else { ExitStatus::Clean };
            // Nothing can be told where not even this can be written.
            let _ = error.print();
            return status.into();
        }
    };
    let outcome = match arguments.command {
        CommandName::Check(arguments) => check::run(&arguments),
        CommandName::Explain(arguments) => explain::run(&arguments),
        CommandName::Init(arguments) => init::run(&arguments),
        CommandName::Baseline(arguments) => baseline::run(&arguments),
        CommandName::Rules { command } => rules::run(&command),
        CommandName::Completions { shell } => completion::completions(Arguments::command(), shell),
        CommandName::Man { command } => completion::man(Arguments::command(), &command),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(CommandError::Closed) => ExitStatus::Clean.into(),
        Err(CommandError::Told(text)) => {
            complain(&text);
            ExitStatus::Trouble.into()
        }
    }
}

fn print(text: &[u8]) -> Result<ExitStatus, CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(ExitStatus::Clean)
}

/// Tells people why something could not be done. Every line is made harmless; where stderr is closed there is nobody to tell.
fn complain(text: &str) {
    let mut out = io::stderr().lock();
    for (index, line) in text.lines().enumerate() {
        let lead = if index == 0 { "trustpub: " } else { "" };
        let line = format!("{lead}{}", crate::report::sanitize::line(line));
        let _ = writeln!(out, "{}", crate::report::sanitize::commands(&line));
    }
}

/// A path as people write it, with `/` between its parts.
fn shown(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The folder in which a repository keeps its own rules.
fn own_rules() -> PathBuf {
    PathBuf::from(".github/trustpub")
}
