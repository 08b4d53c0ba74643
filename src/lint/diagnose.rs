//! Diagnoses a failed release: finds the error texts that data knows in a job's log, and the cause of each in the repository.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::lint::data::Data;
use crate::lint::explain::{ExplainedUpload, RunVerdict};
use crate::read::source::Place;
use crate::trust::registry::Registry;
use crate::workflow::log_text::{ErrorText, contains, longest_part};

/// The longest part of a log line that is quoted, in bytes.
const LONGEST_QUOTE: usize = 300;

/// Searches a log for error texts, line by line, with memory that does not grow with the log.
pub struct LogSearch<'d> {
    /// Every error text, with its registry if it is not GitHub's.
    errors: Vec<(Option<&'d Registry>, &'d ErrorText)>,
    /// The different texts: those of errors, and those that errors require beside their own.
    texts: Vec<&'d str>,
    /// Finds the longest part of each text, by its position in `texts`.
    parts: Option<AhoCorasick>,
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
    /// Names of the registries whose clients print the text, or `GitHub`.
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
        let github = data.github.errors.iter().map(|error| (None, error));
        let registries = data.registries.iter();
        let own = registries.flat_map(|registry| registry.errors.iter().map(move |error| (Some(registry), error)));
        let errors: Vec<_> = github.chain(own).collect();
        let required = errors.iter().filter_map(|(_, error)| error.with.as_deref());
        let texts: BTreeSet<&str> = errors.iter().map(|(_, error)| error.text.as_str()).chain(required).collect();
        let texts: Vec<&str> = texts.into_iter().collect();
        let parts = texts.iter().map(|text| longest_part(text));
        let parts = AhoCorasick::builder().match_kind(MatchKind::Standard).build(parts).ok();
        Self { errors, texts, parts, found: BTreeMap::new(), lines: 0, claims: BTreeMap::new() }
    }

    /// Searches the next line of the log, as downloaded.
    pub fn line(&mut self, line: &str) {
        self.lines += 1;
        let text = without_prefix(line);
        if let Some((name, value)) = printed_claim(&text) {
            self.claims.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
        let Some(parts) = &self.parts else { return };
        for found in parts.find_overlapping_iter(text.as_str()) {
            let (position, number) = (found.pattern().as_usize(), self.lines);
            let known = self.found.contains_key(&position);
            if !known && self.texts.get(position).is_some_and(|wanted| contains(&text, wanted)) {
                self.found.insert(position, LogLine { number, text: cut(&text) });
            }
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
            let text = self.texts.get(*position);
            let here = self.errors.iter().filter(|(_, error)| Some(&error.text.as_str()) == text);
            let errors: Vec<_> = here.filter(|(_, error)| self.has(error.with.as_deref())).collect();
            if errors.is_empty() {
                continue;
            }
            let mut causes: Vec<&str> = errors.iter().map(|(_, error)| error.cause.as_str()).collect();
            causes.dedup();
            let mut refusals: Vec<DiagnosedUpload> = Vec::new();
            for (registry, error) in &errors {
                refusals.extend(refused(uploads, *registry, error));
            }
            refusals.dedup();
            let registries =
                errors.iter().map(|(registry, _)| registry.map_or_else(|| "GitHub".to_owned(), |it| it.name.clone()));
            let registries = registries.collect();
            all.push(Diagnosis { registries, line: line.clone(), cause: causes.join("; or: "), refusals });
        }
        all.sort_by_key(|diagnosis| diagnosis.line.number);
        all
    }

    /// Whether the log contains the text that an error requires, if any.
    fn has(&self, required: Option<&str>) -> bool {
        required.is_none_or(|wanted| self.found.keys().any(|position| self.texts.get(*position) == Some(&wanted)))
    }
}

/// The uploads that a registry refuses for a cause which produces the text; of all registries if the text is GitHub's.
fn refused(uploads: &[ExplainedUpload<'_>], registry: Option<&Registry>, error: &ErrorText) -> Vec<DiagnosedUpload> {
    let mut found: Vec<DiagnosedUpload> = Vec::new();
    for upload in uploads {
        for run in upload
            .runs
            .iter()
            .filter(|run| run.registry.as_ref().is_ok_and(|it| registry.is_none_or(|own| own.id == it.id)))
        {
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
