//! `trustpub lsp`: the language server.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{CommandError, ExitStatus, check};
use crate::lsp::{self, ServerExit};

/// Arguments of `lsp`.
#[derive(Debug, Args)]
pub(super) struct LspArguments {
    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// Accepted because some editors always pass it; there is no other transport.
    #[arg(long, hide = true)]
    stdio: bool,
}

/// Runs the command. A client that goes away without `shutdown` and `exit` makes the exit status 1, as the protocol demands.
pub(super) fn run(arguments: &LspArguments) -> Result<ExitStatus, CommandError> {
    match lsp::run(&arguments.rules, check::today())? {
        ServerExit::Requested => Ok(ExitStatus::Clean),
        ServerExit::Abandoned => Ok(ExitStatus::Findings),
    }
}
