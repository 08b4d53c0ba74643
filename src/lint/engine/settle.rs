//! From what rules found to what is told: rules make way for each other, equal findings become one, each gets its level. It asks no fact.

use crate::lint::engine::Engine;
use crate::lint::engine::raw::RawFinding;
use crate::lint::findings::{Finding, Label};
use crate::lint::rules::Rule;
use crate::lint::subjects::SubjectKind;

/// A finding that no other silences, with what is told along with it.
struct KeptFinding<'r> {
    raw: &'r RawFinding,
    /// Further jobs that it holds for.
    jobs: Vec<String>,
    /// Labels of findings that make way for it.
    labels: Vec<Label>,
}

impl Engine<'_> {
    /// Lets rules make way for each other, merges equal findings and gives the levels.
    pub(crate) fn merge_findings(&mut self, rules: &[Rule]) -> Vec<Finding> {
        let raw = std::mem::take(&mut self.raw);
        let silenced_by = |finding: &RawFinding| {
            let yields = &rules[finding.rule].yields_to;
            raw.iter().find(|other| yields.contains(&rules[other.rule].name) && finding.shares_cause(other))
        };
        let mut kept: Vec<KeptFinding<'_>> = Vec::new();
        let mut silenced = Vec::new();
        for finding in &raw {
            if let Some(other) = silenced_by(finding) {
                silenced.push((finding, other));
                continue;
            }
            match kept.iter_mut().find(|other| other.raw.is_equal_apart_from_job(finding)) {
                Some(other) => other.jobs.extend(finding.job.clone().filter(|job| other.raw.job.as_ref() != Some(job))),
                None => kept.push(KeptFinding { raw: finding, jobs: Vec::new(), labels: Vec::new() }),
            }
        }
        for (finding, other) in
            silenced.into_iter().filter(|(finding, _)| rules[finding.rule].kind == SubjectKind::Need)
        {
            // What the step needs besides is told at the step, not in a finding of its own.
            if let Some(other) = kept.iter_mut().find(|kept| std::ptr::eq(kept.raw, other)) {
                other.labels.extend(finding.finding.labels.iter().cloned());
            }
        }
        kept.into_iter().map(|kept| self.finished(kept, rules)).collect()
    }

    fn finished(&self, kept: KeptFinding<'_>, rules: &[Rule]) -> Finding {
        let KeptFinding { raw, mut jobs, labels } = kept;
        let mut finding = raw.finding.clone();
        let rule = &rules[raw.rule];
        finding.level = self.levels[raw.rule].flatten().unwrap_or_else(|| rule.level(raw.value.as_deref(), raw.every));
        finding.labels.extend(labels);
        jobs.dedup();
        if !jobs.is_empty() {
            let names: Vec<_> = jobs.iter().map(|job| format!("`{job}`")).collect();
            finding.message = format!("{} (also job {})", finding.message, names.join(", "));
            finding.jobs.extend(jobs);
        }
        finding
    }
}
