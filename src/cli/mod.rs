//! The command line: parses arguments, finds and loads projects, and writes reports. One file per subcommand.

mod baseline;
mod check;
mod completion;
mod config;
mod diagnose;
mod explain;
mod fix;
mod import;
mod init;
mod load;
#[cfg(feature = "lsp")]
mod lsp;
mod output;
mod parallel;
mod progress;
pub(crate) mod projects;
mod registries;
#[cfg(feature = "rehearse")]
mod rehearse;
mod reports;
mod rules;
pub(crate) mod rules_folder;
mod run_filter;
mod uploads;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

/// Checks before a release whether package registries will accept the uploads of your GitHub Actions workflows (trusted publishing).
#[derive(Debug, Parser)]
#[command(name = "trustpub", version, max_term_width = 110, after_help = EXIT_STATUSES, after_long_help = HELP)]
struct Arguments {
    #[command(subcommand)]
    command: CommandName,
}

#[derive(Debug, Subcommand)]
enum CommandName {
    /// Check repositories, folders of repositories, or single files.
    Check(Box<check::CheckArguments>),
    /// Show for every upload what the registry will see and answer; or explain a rule.
    Explain(explain::ExplainArguments),
    /// Write `.github/trustpub.yaml` from the workflows and print what to type into each registry's form.
    Init(init::InitArguments),
    /// Write the publishers that registries show into the config, from files that you fetched.
    Import(import::ImportArguments),
    /// Write a baseline of the current findings.
    Baseline(baseline::BaselineArguments),
    /// Find the cause of a failed release in the log of its job and in the repository.
    Diagnose(diagnose::DiagnoseArguments),
    /// Inside a GitHub Actions job: exchange the real OIDC token at the registry before a release, and upload nothing.
    #[cfg(feature = "rehearse")]
    Rehearse(rehearse::RehearseArguments),
    /// List every upload of one or many repositories: registry, package, job, credential, verdict.
    Uploads(uploads::UploadsArguments),
    /// List what is known of each registry: form fields, comparisons, audience, clients with minimum versions.
    Registries(registries::RegistriesArguments),
    /// Show the settings in force.
    Config {
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
    /// List, show, test and create rules.
    Rules {
        #[command(subcommand)]
        command: rules::RulesCommand,
    },
    /// Run a language server on stdin and stdout, for editors.
    #[cfg(feature = "lsp")]
    Lsp(lsp::LspArguments),
    /// Print shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of one of its commands.
    Man {
        /// The command, e.g. `check`, or `rules test`.
        command: Vec<String>,
    },
}

/// The exit statuses of all commands.
const EXIT_STATUSES: &str = "\
Exit status:
  0  no finding at or above `--fail-on`, or no workflow at all
  1  findings
  2  the command could not run as asked; the reason is on stderr";

const HELP: &str = "\
Exit status:
  0  no finding at or above `--fail-on`, or no workflow at all
  1  findings
  2  the command could not run as asked; the reason is on stderr

Examples:
  trustpub check                  check the repository in the current folder
  trustpub explain                show what each registry will see and answer
  trustpub init                   write .github/trustpub.yaml and print what to type into each form
  trustpub explain TP101          explain a rule

Documentation: https://github.com/trustpub/trustpub";

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorChoice {
    /// On terminals that support it, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether stdout is coloured.
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

/// The exit status; `2` outranks `1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ExitStatus {
    /// No finding at or above `--fail-on`.
    Clean,
    /// Findings.
    Findings,
    /// It could not run as asked.
    Failure,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command stopped.
#[derive(Debug)]
enum CommandError {
    /// It could not run as asked; the text says why.
    Message(String),
    /// The reader of stdout closed the pipe. This counts as success.
    ClosedPipe,
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Message(format!("cannot write: {}", crate::read::files::reason(&error)))
        }
    }
}

impl From<String> for CommandError {
    fn from(text: String) -> Self {
        Self::Message(text)
    }
}

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let status = if error.use_stderr() { ExitStatus::Failure } else { ExitStatus::Clean };
            // If this cannot be written, no other message can be either.
            let _ = error.print();
            return status.into();
        }
    };
    let outcome = match arguments.command {
        CommandName::Check(arguments) => check::run(&arguments),
        CommandName::Explain(arguments) => explain::run(&arguments),
        CommandName::Init(arguments) => init::run(&arguments),
        CommandName::Import(arguments) => import::run(&arguments),
        CommandName::Baseline(arguments) => baseline::run(&arguments),
        CommandName::Diagnose(arguments) => diagnose::run(&arguments),
        #[cfg(feature = "rehearse")]
        CommandName::Rehearse(arguments) => rehearse::run(&arguments),
        CommandName::Uploads(arguments) => uploads::run(&arguments),
        CommandName::Registries(arguments) => registries::run(&arguments),
        CommandName::Config { command } => config::run(&command),
        CommandName::Rules { command } => rules::run(&command),
        #[cfg(feature = "lsp")]
        CommandName::Lsp(arguments) => lsp::run(&arguments),
        CommandName::Completions { shell } => completion::completions(Arguments::command(), shell),
        CommandName::Man { command } => completion::man(Arguments::command(), &command),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(CommandError::ClosedPipe) => ExitStatus::Clean.into(),
        Err(CommandError::Message(text)) => {
            eprint(&text);
            ExitStatus::Failure.into()
        }
    }
}

fn print(text: &[u8]) -> Result<ExitStatus, CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(ExitStatus::Clean)
}

/// Writes a message to stderr, escaped for terminals and CI logs. A closed stderr is ignored.
fn eprint(text: &str) {
    let mut out = io::stderr().lock();
    for (index, line) in text.lines().enumerate() {
        let lead = if index == 0 && !is_diagnostic(line) { "trustpub: " } else { "" };
        let line = format!("{lead}{}", crate::report::sanitize::line(line));
        let _ = writeln!(out, "{}", crate::report::sanitize::commands(&line));
    }
}

/// Whether a line is `file:line:col: error: message`, which problem matchers expect at the start of the line.
fn is_diagnostic(line: &str) -> bool {
    line.split_once(": error: ").is_some_and(|(place, _)| {
        let numbers = place.rsplit(':').take(2);
        numbers.clone().count() == 2 && numbers.clone().all(|number| number.parse::<u32>().is_ok())
    })
}

/// A path with `/` as separator on every system.
fn slashed(path: &std::path::Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The default folder for a repository's own rules.
fn user_rules() -> PathBuf {
    PathBuf::from(".github/trustpub")
}
