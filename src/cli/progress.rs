//! A counter on stderr, for many projects on a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Below this many projects no counter is shown.
const MIN_PROJECTS: usize = 10;
/// The counter appears after this time.
const DELAY: Duration = Duration::from_millis(500);
/// The time between two states of the counter.
const INTERVAL: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    projects: usize,
    done: AtomicUsize,
    /// When the next state is shown; `None` if none is.
    next: Option<Mutex<Instant>>,
}

impl Progress {
    pub(crate) fn new(projects: usize, quiet: bool) -> Self {
        let shown = projects >= MIN_PROJECTS && !quiet && io::stderr().is_terminal();
        Self { projects, done: AtomicUsize::new(0), next: shown.then(|| Mutex::new(Instant::now() + DELAY)) }
    }

    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // While one thread shows the counter, the others go on.
        let Some(Ok(mut next)) = self.next.as_ref().map(Mutex::try_lock) else { return };
        let now = Instant::now();
        if now >= *next {
            *next = now + INTERVAL;
            show(&self.text(done));
        }
    }

    pub(crate) fn end(&self) {
        if self.next.is_some() {
            show(&" ".repeat(self.text(self.projects).len()));
        }
    }

    fn text(&self, done: usize) -> String {
        format!("{done} of {} repositories", self.projects)
    }
}

/// Overwrites the current line of stderr, and goes back to its start. A closed stderr is ignored.
fn show(text: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r{text}\r").and_then(|()| out.flush());
}
