//! The `trustpub` program: passes its arguments to `trustpub::cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A check makes many short-lived values on all threads; the allocators of musl and glibc are slower at that. Version 2 of mimalloc takes less
/// time and memory for it than version 3.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    trustpub::cli::run(std::env::args_os())
}
