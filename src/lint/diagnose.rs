//! Diagnoses a failed release: finds the error texts that data knows in a job's log, and the cause of each in the repository.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::lint::data::Data;
use crate::lint::explain::{ExplainedUpload, RunVerdict};
use crate::read::source::Place;
use crate::trust::registry::{ErrorText, Registry};

/// The longest part of a log line that is quoted, in bytes.
const LONGEST_QUOTE: usize = 300;

/// Searches a log for error texts, line by line, with memory that does not grow with the log.
pub struct LogSearch<'d> {
    errors: Vec<(&'d Registry, &'d ErrorText)>,
    /// Finds the texts; the value of a pattern is the position of its first entry in `errors`.
    texts: Option<AhoCorasick>,
    /// By position in `texts`: the errors with that text.
    same_text: Vec<Vec<usize>>,
    /// By position in `texts`: the first line with it.
    found: BTreeMap<usize, LogLine>,
    lines: usize,
    claims: BTreeMap<String, String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counted from 1.
    pub number: usize,
    /// The line without time stamp and escapes, cut to 300 bytes.
    pub text: String,
}

/// An error of the log with its causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Names of the registries whose clients print the text.
    pub registries: Vec<String>,
    /// The line of the log.
    pub line: LogLine,
    /// What the text means.
    pub cause: String,
    /// Refused uploads of this repository that explain the text; empty if no file decides it.
    pub refusals: Vec<DiagnosedUpload>,
}

impl Diagnosis {
    /// Whether a file of the repository confirms the cause.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        !self.refusals.is_empty()
    }
}

/// A refused upload, and the place that decides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosedUpload {
    /// The id of its job.
    pub job: String,
    /// What decides: a claim or another cause.
    pub cause: &'static str,
    /// The value of the run, and the value that the publisher declares.
    pub values: Option<(Option<String>, String)>,
    /// The place to change.
    pub place: Place,
    /// The address of the registry's form.
    pub form: Option<String>,
}

impl<'d> LogSearch<'d> {
    /// Searches for the error texts of all registries.
    #[must_use]
    pub fn new(data: &'d Data) -> Self {
        let errors: Vec<_> = data
            .registries
            .iter()
            .flat_map(|registry| registry.errors.iter().map(move |error| (registry, error)))
            .collect();
        let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut same_text: Vec<Vec<usize>> = Vec::new();
        let mut texts = Vec::new();
        for (index, (_, error)) in errors.iter().enumerate() {
            let next = same_text.len();
            let position = *positions.entry(error.text.as_str()).or_insert(next);
            if position == next {
                same_text.push(Vec::new());
                texts.push(error.text.as_str());
            }
            same_text[position].push(index);
        }
        let texts = AhoCorasick::builder().match_kind(MatchKind::Standard).build(texts).ok();
        Self { errors, texts, same_text, found: BTreeMap::new(), lines: 0, claims: BTreeMap::new() }
    }

    /// Searches the next line of the log, as downloaded.
    pub fn line(&mut self, line: &str) {
        self.lines += 1;
        let text = without_prefix(line);
        if let Some((name, value)) = printed_claim(&text) {
            self.claims.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let Some(texts) = &self.texts else { return };
        for found in texts.find_overlapping_iter(text.as_str()) {
            let number = self.lines;
            self.found.entry(found.pattern().as_usize()).or_insert_with(|| LogLine { number, text: cut(&text) });
        }
    }

    /// The claims of the OIDC token, if the client printed them.
    #[must_use]
    pub const fn claims(&self) -> &BTreeMap<String, String> {
        &self.claims
    }

    /// The errors in the order of the log, each with the uploads of the repository that explain it.
    #[must_use]
    pub fn diagnoses(&self, uploads: &[ExplainedUpload<'_>]) -> Vec<Diagnosis> {
        let mut all: Vec<Diagnosis> = Vec::new();
        for (position, line) in &self.found {
            let errors: Vec<_> = self.same_text[*position].iter().filter_map(|index| self.errors.get(*index)).collect();
            let mut causes: Vec<&str> = errors.iter().map(|(_, error)| error.cause.as_str()).collect();
            causes.dedup();
            let mut refusals: Vec<DiagnosedUpload> = Vec::new();
            for (registry, error) in &errors {
                refusals.extend(refused(uploads, registry, error));
            }
            refusals.dedup();
            let registries = errors.iter().map(|(registry, _)| registry.name.clone()).collect();
            all.push(Diagnosis { registries, line: line.clone(), cause: causes.join("; or: "), refusals });
        }
        all.sort_by_key(|diagnosis| diagnosis.line.number);
        all
    }
}

/// The uploads to a registry that it refuses for a cause which produces the text.
fn refused(uploads: &[ExplainedUpload<'_>], registry: &Registry, error: &ErrorText) -> Vec<DiagnosedUpload> {
    let mut found: Vec<DiagnosedUpload> = Vec::new();
    for upload in uploads {
        for run in upload.runs.iter().filter(|run| run.registry.as_ref().is_ok_and(|it| it.id == registry.id)) {
            let RunVerdict::Refused { cause, place, differ, .. } = &run.verdict else { continue };
            if error.when.contains(cause) {
                let form = run.form.as_ref().and_then(|form| form.link.clone());
                let refusal = DiagnosedUpload {
                    job: upload.job.clone(),
                    cause: cause.word(),
                    values: differ.clone(),
                    place: *place,
                    form,
                };
                if !found.contains(&refusal) {
                    found.push(refusal);
                }
            }
        }
    }
    found
}

/// A line without what a log adds: the job and step of `gh run view --log`, the time stamp, ANSI escapes and `##[error]`.
fn without_prefix(line: &str) -> String {
    let line = line.trim_start_matches('\u{feff}').trim_end();
    let line = match line.splitn(3, '\t').collect::<Vec<_>>().as_slice() {
        [_, _, rest] if timestamp(rest).is_some() => rest,
        _ => line,
    };
    let line = timestamp(line).map_or(line, |end| line[end..].trim_start());
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // A control sequence ends with a letter.
            let _ = letters.find(|letter| letter.is_ascii_alphabetic());
        } else if !letter.is_control() {
            text.push(letter);
        }
    }
    text.strip_prefix("##[error]").map(str::to_owned).unwrap_or(text)
}

/// The end of a time stamp such as `2026-11-29T15:31:00.1234567Z` at the start of a line, in bytes.
fn timestamp(line: &str) -> Option<usize> {
    let end = line.find('Z').filter(|end| (19..=32).contains(end))?;
    let stamp = line.get(..end)?;
    let digits = |letter: char| letter.is_ascii_digit() || matches!(letter, '-' | 'T' | ':' | '.');
    (stamp.as_bytes().get(4) == Some(&b'-') && stamp.chars().all(digits)).then_some(end + 1)
}

/// A claim as the publish action prints it: ``* `environment`: `pypi` ``.
fn printed_claim(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.trim_start().strip_prefix("* `")?.split_once("`: `")?;
    let value = value.strip_suffix('`')?;
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some((name, value))
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST_QUOTE {
        return text.to_owned();
    }
    let end = (0..=LONGEST_QUOTE).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_logs_are_removed() {
        let lines = [
            "2026-11-29T15:31:00.1234567Z ##[error]Publisher not found",
            "publish\tUpload\t2026-11-29T15:31:00.1234567Z \u{1b}[31mPublisher not found\u{1b}[0m",
            "\u{feff}Publisher not found",
        ];
        for line in lines {
            assert_eq!(without_prefix(line), "Publisher not found");
        }
        assert_eq!(without_prefix("a\tb\tc"), "abc");
    }

    #[test]
    fn claims_that_the_client_prints_are_read() {
        assert_eq!(printed_claim("* `environment`: `pypi`"), Some(("environment", "pypi")));
        assert_eq!(printed_claim("* `sub`"), None);
    }

    #[test]
    fn a_quote_ends_at_a_character() {
        assert!(cut(&"é".repeat(400)).len() <= LONGEST_QUOTE + 3);
    }
}
