//! Baselines: findings that are known already and hidden. A finding is compared by its fingerprint.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::lint::findings::fingerprint::{FingerprintOrdinals, identity, without_ordinal};
use crate::lint::findings::{Finding, Report};
use crate::read::source::Place;

/// The version of the file format, increased when a field changes its meaning.
const VERSION: u32 = 1;

/// The content of a baseline file.
#[derive(Debug, Serialize, Deserialize)]
struct BaselineFile {
    version: u32,
    findings: Vec<BaselineEntry>,
}

/// A finding of a baseline. Only `id` is compared; the rest is for readers of the file.
#[derive(Debug, Serialize, Deserialize)]
struct BaselineEntry {
    id: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    message: String,
}

/// The number of times that each finding is known.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    known: HashMap<String, usize>,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// Why the text is not a baseline, as the end of a sentence: "is not a baseline: …".
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: BaselineFile = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| format!("is no baseline: {error}; `trustpub baseline` writes one"))?;
        if file.version != VERSION {
            let version = file.version;
            return Err(format!(
                "has version {version}, and only {VERSION} is known here; `trustpub baseline` writes one"
            ));
        }
        let mut known: HashMap<String, usize> = HashMap::new();
        for entry in &file.findings {
            *known.entry(without_ordinal(&entry.id).to_owned()).or_default() += 1;
        }
        Ok(Self { known })
    }

    /// Whether the baseline contains the finding, regardless of how often.
    #[must_use]
    pub fn contains(&self, finding: &Finding, path: &str) -> bool {
        self.known.contains_key(&identity(finding, path))
    }

    /// Removes the known findings from a report and counts them. Of several equal findings the first ones are the known ones. `path` gives
    /// the path of a place's file as the baseline stores it.
    pub fn keep_new(&mut self, report: &mut Report, path: impl Fn(Place) -> String) {
        let before = report.findings.len();
        report.findings.retain(|finding| {
            let id = identity(finding, &path(finding.primary.place));
            match self.known.get_mut(&id).filter(|left| **left > 0) {
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => true,
            }
        });
        report.baselined += before - report.findings.len();
    }

    /// The number of known findings that [`Baseline::keep_new`] did not meet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.known.values().sum()
    }
}

/// Writes a baseline of findings, each with the path of its file. Equal findings give equal bytes.
#[must_use]
pub fn write<'f>(findings: impl IntoIterator<Item = (&'f Finding, String)>) -> String {
    let mut ordinals = FingerprintOrdinals::default();
    let entry = |(finding, path): (&Finding, String)| BaselineEntry {
        id: ordinals.numbered(&identity(finding, &path)),
        rule: finding.name.clone(),
        path,
        message: finding.message.clone(),
    };
    let file = BaselineFile { version: VERSION, findings: findings.into_iter().map(entry).collect() };
    format!("{}\n", serde_json::to_string_pretty(&file).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::findings::{Label, Level};
    use crate::read::source::{FileId, Span};

    fn finding(subject: &str, at: u32) -> Finding {
        Finding {
            code: "TP101".into(),
            name: "missing-id-token".into(),
            level: Level::Error,
            message: "no".into(),
            primary: Label { place: Place { file: FileId(0), span: Span::at(at) }, text: String::new() },
            labels: Vec::new(),
            steps: Vec::new(),
            runs: Vec::new(),
            subject: subject.into(),
            fact: "permission.id-token".into(),
            requirement: 0,
            jobs: Vec::new(),
            step: Vec::new(),
            fixes: Vec::new(),
            untested_fixes: Vec::new(),
            by_hand: Vec::new(),
        }
    }

    fn path(_: Place) -> String {
        "a.yml".into()
    }

    #[test]
    fn only_what_is_more_than_before_is_new() {
        let old = [finding("publish", 5), finding("publish", 9)];
        let text = write(old.iter().map(|finding| (finding, "a.yml".to_owned())));
        let mut report = Report {
            findings: vec![
                finding("publish", 30),
                finding("publish", 40),
                finding("publish", 50),
                finding("other", 60),
            ],
            ..Report::default()
        };
        Baseline::parse(&text).unwrap().keep_new(&mut report, path);
        let left: Vec<_> = report.findings.iter().map(|finding| finding.primary.place.span.start).collect();
        assert_eq!((left, report.baselined), (vec![50, 60], 2));
        let mut baseline = Baseline::parse(&text).unwrap();
        baseline.keep_new(&mut Report { findings: vec![finding("publish", 5)], ..Report::default() }, path);
        assert_eq!(baseline.left(), 1);
    }

    #[test]
    fn what_is_no_baseline_says_so() {
        assert!(Baseline::parse("{}").unwrap_err().starts_with("is no baseline: missing field"));
        assert!(Baseline::parse("").unwrap_err().contains("`trustpub baseline` writes one"));
        assert!(Baseline::parse(r#"{"version": 2, "findings": []}"#).unwrap_err().contains("has version 2"));
    }
}
