//! A bar for who waits: on a terminal, for many projects, when it takes more than a moment. It never writes into a report.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Fewer projects are done before anybody wonders.
const MANY: usize = 10;
/// What nobody waits for.
const MOMENT: Duration = Duration::from_millis(500);

/// How far a check has come.
pub struct Progress {
    bar: ProgressBar,
    started: Instant,
    shown: bool,
}

impl Progress {
    /// A bar that is not drawn yet.
    pub fn new(projects: usize, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(projects).ok(), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} repositories") {
            bar.set_style(style);
        }
        Self { bar, started: Instant::now(), shown: projects >= MANY && !quiet && io::stderr().is_terminal() }
    }

    /// One project is done.
    pub fn step(&self) {
        if self.shown && self.bar.is_hidden() && self.started.elapsed() > MOMENT {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// All are; the bar goes.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
