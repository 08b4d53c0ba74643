//! A rule that failed in some runs of a publication, and how it is told of all of them. It never asks whether it should be.

use crate::lint::engine::raw::RawFinding;

/// A rule that failed in some runs of a publication.
pub(crate) struct RunFailure {
    pub(crate) raw: RawFinding,
    pub(crate) runs: Vec<String>,
    pub(crate) times: usize,
    pub(crate) known: bool,
}

impl RunFailure {
    pub(crate) fn is(&self, raw: &RawFinding) -> bool {
        self.raw.rule == raw.rule
            && self.raw.finding.primary == raw.finding.primary
            && self.raw.finding.message == raw.finding.message
    }

    pub(crate) fn also(&mut self, run: String, known: bool) {
        self.times += 1;
        self.known |= known;
        if !self.runs.contains(&run) {
            self.runs.push(run);
        }
    }

    pub(crate) fn finished(&self, every: bool, all_runs: bool) -> RawFinding {
        let mut finding = self.raw.finding.clone();
        finding.runs = if all_runs { Vec::new() } else { self.runs.clone() };
        // At the event itself the sentence says already which runs it means.
        let at_event = finding.steps.first().is_some_and(|step| step.place == finding.primary.place);
        if !all_runs && !at_event {
            let named = self.runs.iter().take(3).cloned().collect::<Vec<_>>().join(" and ");
            let more = self.runs.len().saturating_sub(3);
            let more = if more > 0 { format!(" and in {more} more kinds of runs") } else { String::new() };
            finding.message = format!("{}, {named}{more}", finding.message);
        }
        RawFinding {
            finding,
            every,
            value: self.raw.value.clone(),
            scope_of_subject: self.raw.scope_of_subject.clone(),
            job: self.raw.job.clone(),
            ..self.raw
        }
    }
}
