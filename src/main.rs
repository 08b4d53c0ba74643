//! The `trustpub` program: passes its arguments to `trustpub::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    trustpub::cli::run(std::env::args_os())
}
