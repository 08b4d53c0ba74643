//! A progress bar on stderr, for many projects on a terminal.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Below this many projects no progress bar is shown.
const MIN_PROJECTS: usize = 10;
/// The bar appears after this time.
const DELAY: Duration = Duration::from_millis(500);

pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(projects: usize, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(projects).ok(), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} repositories") {
            bar.set_style(style);
        }
        Self { bar, started: Instant::now(), shown: projects >= MIN_PROJECTS && !quiet && io::stderr().is_terminal() }
    }

    pub(crate) fn step(&self) {
        if self.shown && self.bar.is_hidden() && self.started.elapsed() > DELAY {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
