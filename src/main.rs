//! The `trustpub` program: passes its arguments to `trustpub::cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A check makes many short-lived values on all threads; the allocators of musl and glibc are slower at that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    trustpub::cli::run(std::env::args_os())
}
