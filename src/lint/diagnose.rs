//! Diagnoses a failed release: finds the error texts that data knows in a job's log, and the cause of each in the log and the repository.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::lint::analysis::Analysis;
use crate::lint::data::Data;
use crate::lint::explain::{ExplainedUpload, RunVerdict};
use crate::lint::findings::Finding;
use crate::read::source::Place;
use crate::trust::claim_verdict::{ClaimVerdict, assigned, claim_verdict};
use crate::trust::claims::Claims;
use crate::trust::publisher_list::PublisherList;
use crate::trust::registry::{Claim, Registry};
use crate::trust::upload::version::Version;
use crate::workflow::expression::{Outcome, Value};
use crate::workflow::github::RefKind;
use crate::workflow::log_text::{ErrorPart, ErrorText, RefusalCause, contains, longest_part};
use crate::workflow::simulate::trigger_start::GitRef;

/// The longest part of a log line that is quoted, in bytes.
const LONGEST_QUOTE: usize = 300;

/// The most claims that are kept. A token of GitHub has fewer.
const MOST_CLAIMS: usize = 64;

/// Searches logs for error texts, line by line, with memory that does not grow with the log.
pub struct LogSearch<'d> {
    /// Every error text, with its registry if it is not GitHub's.
    errors: Vec<(Option<&'d Registry>, &'d ErrorText)>,
    /// The different texts: those of errors and hints, those that tell causes apart, and those in front of a client's version.
    texts: Vec<&'d str>,
    /// Finds the longest part of each text, by its position in `texts`.
    parts: Option<AhoCorasick>,
    /// By position in `texts`: the first line with it.
    found: BTreeMap<usize, LogLine>,
    /// By position in `texts`: the last version that follows the text.
    versions: BTreeMap<usize, Version>,
    file: Option<String>,
    lines: usize,
    claims: BTreeMap<String, String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The file of an archive; `None` for a single log.
    pub file: Option<String>,
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
    /// Their ids.
    pub registry_ids: Vec<String>,
    /// The line of the log.
    pub line: LogLine,
    /// What the text means.
    pub cause: String,
    /// Whether the log alone decides the cause.
    pub decided: bool,
    /// Refused uploads of this repository that explain the text; empty if no file decides it.
    pub refusals: Vec<DiagnosedUpload>,
    /// Claims in the log that the declared publisher refuses.
    pub claims: Vec<RefusedClaim>,
    /// Findings of the rules that report the cause, as positions in the report.
    pub findings: Vec<usize>,
    /// Other lines of the log that help, each with its meaning.
    pub hints: Vec<(LogLine, String)>,
}

impl Diagnosis {
    /// Whether the log, its claims or a file of the repository decides the cause.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        self.decided || !self.refusals.is_empty() || !self.claims.is_empty() || !self.findings.is_empty()
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

/// A claim of the token in the log, and the declared value that refuses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedClaim {
    /// The claim.
    pub claim: &'static str,
    /// Its value; `None` if the token does not have it.
    pub value: Option<String>,
    /// The declared value.
    pub declared: String,
    /// The place of the declared value.
    pub place: Place,
}

impl<'d> LogSearch<'d> {
    /// Searches for the error texts of all registries and of GitHub.
    #[must_use]
    pub fn new(data: &'d Data) -> Self {
        let github = data.github.errors.iter().map(|error| (None, error));
        let own = data
            .registries
            .iter()
            .flat_map(|registry| registry.errors.iter().map(move |error| (Some(registry), error)));
        let errors: Vec<_> = github.chain(own).collect();
        let mut texts: BTreeSet<&str> = BTreeSet::new();
        for (_, error) in &errors {
            let signs = error.parts.iter().flat_map(|part| part.seen.iter().chain(&part.absent)).map(String::as_str);
            texts.extend(signs.chain([error.text.as_str()]).chain(error.with.as_deref()));
        }
        for registry in data.registries.iter() {
            texts.extend(registry.log_hints.iter().map(|hint| hint.text.as_str()));
            texts.extend(registry.clients.values().flat_map(|client| &client.printed).map(String::as_str));
        }
        let texts: Vec<&str> = texts.into_iter().collect();
        let parts = texts.iter().map(|text| longest_part(text));
        let parts = AhoCorasick::builder().match_kind(MatchKind::Standard).build(parts).ok();
        let (found, versions, claims) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { errors, texts, parts, found, versions, file: None, lines: 0, claims }
    }

    /// Starts with the next file of an archive.
    pub fn file(&mut self, name: &str) {
        self.file = Some(cut(name));
        self.lines = 0;
    }

    /// Searches the next line of the log, as downloaded.
    pub fn line(&mut self, line: &str) {
        self.lines += 1;
        self.rest(line);
    }

    /// Searches more of the same line.
    pub fn rest(&mut self, line: &str) {
        let text = without_prefix(line);
        if let Some((name, value)) = printed_claim(&text)
            && (self.claims.len() < MOST_CLAIMS || self.claims.contains_key(name))
        {
            self.claims.entry(cut(name)).or_insert_with(|| cut(value));
        }
        let Some(parts) = &self.parts else { return };
        for found in parts.find_overlapping_iter(text.as_str()) {
            let position = found.pattern().as_usize();
            let Some(wanted) = self.texts.get(position).filter(|wanted| contains(&text, wanted)) else { continue };
            if let Some(version) = version_after(&text, wanted) {
                self.versions.insert(position, version);
            }
            let number = self.lines.max(1);
            let line = || LogLine { file: self.file.clone(), number, text: cut(&text) };
            self.found.entry(position).or_insert_with(line);
        }
    }

    /// The claims of the OIDC token, if the client printed them.
    #[must_use]
    pub const fn claims(&self) -> &BTreeMap<String, String> {
        &self.claims
    }

    /// The errors in the order of the log, each with what explains it in the log and in the repository.
    #[must_use]
    pub fn diagnoses(
        &self,
        uploads: &[ExplainedUpload<'_>],
        analysis: Option<&Analysis<'_, '_>>,
        findings: &[Finding],
    ) -> Vec<Diagnosis> {
        let mut all: Vec<Diagnosis> = Vec::new();
        for (position, line) in &self.found {
            let text = self.texts.get(*position);
            let here = self.errors.iter().filter(|(_, error)| Some(&error.text.as_str()) == text);
            let errors: Vec<_> =
                here.filter(|(_, error)| error.with.as_deref().is_none_or(|it| self.has(it))).collect();
            if errors.is_empty() {
                continue;
            }
            let mut diagnosis = Diagnosis {
                registries: Vec::new(),
                registry_ids: Vec::new(),
                line: line.clone(),
                cause: String::new(),
                decided: true,
                refusals: Vec::new(),
                claims: Vec::new(),
                findings: Vec::new(),
                hints: Vec::new(),
            };
            let mut causes: Vec<&str> = Vec::new();
            for (registry, error) in errors {
                let part = error.parts.iter().find(|part| self.fits(*registry, part));
                let cause = part.map_or(&error.cause, |part| &part.cause);
                if !causes.contains(&cause.as_str()) {
                    causes.push(cause);
                }
                diagnosis.decided &= part.map_or(error.decides, |part| part.decides);
                let when = part.map_or(&error.when, |part| &part.when);
                let rules = part.map_or(&error.rules, |part| &part.rules);
                diagnosis.registries.push(registry.map_or_else(|| "GitHub".to_owned(), |it| it.name.clone()));
                diagnosis.registry_ids.extend(registry.map(|it| it.id.clone()));
                diagnosis.refusals.extend(refused(uploads, *registry, when));
                if let Some(registry) = registry {
                    let declared = analysis.map(|analysis| &analysis.publishers);
                    let refused = declared.map(|declared| self.refused_claims(registry, when, declared));
                    diagnosis.claims.extend(refused.into_iter().flatten());
                    diagnosis.hints.extend(self.hints(registry, line));
                }
                diagnosis.findings.extend(reported(uploads, *registry, (rules, when), findings));
            }
            diagnosis.cause = causes.join("; or: ");
            diagnosis.refusals.dedup();
            diagnosis.claims.dedup();
            diagnosis.hints.dedup();
            diagnosis.findings.sort_unstable();
            diagnosis.findings.dedup();
            // A finding at a place that is shown already says the same again.
            let shown: Vec<Place> = diagnosis.refusals.iter().map(|refusal| refusal.place).collect();
            diagnosis
                .findings
                .retain(|index| findings.get(*index).is_some_and(|it| !shown.contains(&it.primary.place)));
            all.push(diagnosis);
        }
        let at = |diagnosis: &Diagnosis| (diagnosis.line.file.clone(), diagnosis.line.number);
        all.sort_by_key(at);
        all
    }

    /// Whether the log contains a text.
    fn has(&self, wanted: &str) -> bool {
        let position = self.texts.binary_search(&wanted);
        position.is_ok_and(|position| self.found.contains_key(&position))
    }

    /// Whether the signs of a cause are in the log.
    fn fits(&self, registry: Option<&Registry>, part: &ErrorPart) -> bool {
        let older = |name: &str| {
            let client = registry.and_then(|registry| registry.clients.get(name));
            client.is_some_and(|client| {
                let minimum = Version::parse(&client.minimum);
                let printed = client.printed.iter().filter_map(|text| self.texts.binary_search(&text.as_str()).ok());
                let mut versions = printed.filter_map(|position| self.versions.get(&position)).peekable();
                versions.peek().is_some()
                    && versions.all(|it| minimum.as_ref().is_some_and(|minimum| it.is_before(minimum)))
            })
        };
        part.seen.iter().all(|text| self.has(text))
            && !part.absent.iter().any(|text| self.has(text))
            && part.older.as_deref().is_none_or(older)
    }

    /// The other lines that help to find the cause of an error of a registry.
    fn hints(&self, registry: &'d Registry, line: &LogLine) -> Vec<(LogLine, String)> {
        let found = registry.log_hints.iter().filter_map(|hint| {
            let position = self.texts.binary_search(&hint.text.as_str()).ok()?;
            let own = self.found.get(&position).filter(|own| *own != line)?;
            Some((own.clone(), hint.meaning.clone()))
        });
        found.collect()
    }

    /// The claims in the log that the declared publisher of a registry refuses, compared as in a check.
    fn refused_claims(
        &self,
        registry: &Registry,
        when: &[RefusalCause],
        publishers: &PublisherList<'_>,
    ) -> Vec<RefusedClaim> {
        let compared = |claim: &Claim| when.iter().any(|cause| cause.word() == claim.word());
        let place = publishers.first().map(|publisher| publisher.place);
        let Some((claims, _)) = place.and_then(|place| Some((self.token(place)?, place))) else { return Vec::new() };
        let Some(publisher) = assigned(&claims, registry, publishers, || &[]) else { return Vec::new() };
        let refused = Claim::ALL.into_iter().filter(compared).filter_map(|claim| {
            let verdict = claim_verdict(&claims, claim, publisher);
            let entry = publisher
                .entry_of(claim)
                .filter(|_| matches!(verdict, ClaimVerdict::Refused | ClaimVerdict::Missing | ClaimVerdict::Case))?;
            let value = claims.value(claim, registry).ok().flatten();
            Some(RefusedClaim { claim: claim.word(), value, declared: entry.value.clone(), place: entry.place })
        });
        refused.collect()
    }

    /// The token in the log. `None` if the log does not show the claims that registries compare.
    fn token(&self, place: Place) -> Option<Claims> {
        let claim = |name: &str| self.claims.get(name).map(String::as_str).filter(|value| *value != "MISSING");
        let repository = claim("repository")?;
        // `owner/name/.github/workflows/file.yml@ref`.
        let path = |claim: &str| claim.split('@').next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let caller = claim("workflow_ref").and_then(path);
        let job = claim("job_workflow_ref");
        let foreign =
            job.map(|job| job.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")).filter(|it| it != repository);
        let environment = claim("environment").map_or(Value::Null, |name| Value::Text(name.to_owned()));
        Some(Claims {
            repository: repository.split_once('/').map(|(owner, name)| (owner.to_owned(), name.to_owned())),
            called_file: job.and_then(path).or_else(|| caller.clone())?,
            caller_file: caller,
            environment: Outcome::Known(environment),
            environment_place: place,
            foreign,
            tags: None,
            reference: claim("ref").map_or_else(|| git_ref(RefKind::Unknown, ""), reference),
            ref_place: place,
            operation: None,
            user: Outcome::unknown("the user that the login names"),
            user_place: place,
        })
    }
}

/// The ref of the claim `ref`, such as `refs/tags/v1.0.0`.
fn reference(claim: &str) -> GitRef {
    match (claim.strip_prefix("refs/tags/"), claim.strip_prefix("refs/heads/")) {
        (Some(tag), _) => git_ref(RefKind::Tag, tag),
        (_, Some(branch)) => git_ref(RefKind::Branch, branch),
        (None, None) => git_ref(RefKind::Unknown, ""),
    }
}

fn git_ref(kind: RefKind, name: &str) -> GitRef {
    let complete = kind != RefKind::Unknown;
    GitRef { kind, prefix: name.to_owned(), complete, tested: false, excluded: Vec::new(), pattern: None }
}

/// The uploads that a registry refuses for one of some causes; of all registries if the text is GitHub's.
fn refused(
    uploads: &[ExplainedUpload<'_>],
    registry: Option<&Registry>,
    when: &[RefusalCause],
) -> Vec<DiagnosedUpload> {
    let mut found: Vec<DiagnosedUpload> = Vec::new();
    for upload in uploads {
        for run in upload.runs.iter().filter(|run| run.registry.as_ref().is_ok_and(|it| belongs(it, registry))) {
            let RunVerdict::Refused { cause, place, differ, .. } = &run.verdict else { continue };
            if when.contains(cause) {
                // Another value in the form helps only if a value differs.
                let form = run.form.as_ref().filter(|_| differ.is_some()).and_then(|form| form.link.clone());
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

/// Whether an upload's registry is the one of an error; every registry is if the error is GitHub's.
fn belongs(of_upload: &Registry, of_error: Option<&Registry>) -> bool {
    of_error.is_none_or(|of_error| of_error.id == of_upload.id)
}

/// The positions of findings of some rules or about some claims, if they concern the jobs of a registry's uploads.
fn reported(
    uploads: &[ExplainedUpload<'_>],
    registry: Option<&Registry>,
    (rules, when): (&[String], &[RefusalCause]),
    findings: &[Finding],
) -> Vec<usize> {
    let of_registry = |upload: &&ExplainedUpload<'_>| {
        let runs = upload.runs.iter().filter_map(|run| run.registry.as_ref().ok().copied());
        runs.chain(upload.registry).any(|own| belongs(own, registry))
    };
    let jobs: BTreeSet<&str> = uploads.iter().filter(of_registry).map(|upload| upload.job.as_str()).collect();
    let about = |finding: &Finding| {
        let claim = finding.fact.strip_prefix("claim.");
        (rules.contains(&finding.name) || when.iter().any(|cause| claim == Some(cause.word())))
            && (finding.jobs.is_empty() && !jobs.is_empty()
                || finding.jobs.iter().any(|job| jobs.contains(job.as_str())))
    };
    findings.iter().enumerate().filter(|(_, finding)| about(finding)).map(|(index, _)| index).collect()
}

/// The version directly behind a text.
fn version_after(line: &str, text: &str) -> Option<Version> {
    let rest = &line[line.find(text)? + text.len()..];
    let word = rest.split(|letter: char| !(letter.is_ascii_alphanumeric() || ".-+".contains(letter))).next()?;
    Version::parse(word).filter(Version::is_complete)
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
            skip_escape(&mut letters);
        } else if !letter.is_control() {
            text.push(letter);
        }
    }
    text.strip_prefix("##[error]").map(str::to_owned).unwrap_or(text)
}

/// Skips a terminal's escape sequence after its first character (ECMA-48, 5.4 and 5.6).
fn skip_escape(letters: &mut std::str::Chars<'_>) {
    match letters.next() {
        Some('[') => {
            let _ = letters.find(|letter| ('@'..='~').contains(letter));
        }
        // The title of the window and other texts for the terminal end with a bell or with `ESC \`.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let _ = letters.find(|letter| matches!(letter, '\u{7}' | '\u{1b}'));
            if letters.as_str().starts_with('\\') {
                letters.next();
            }
        }
        _ => {}
    }
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
            "\u{1b}]0;title\u{7}Publisher\u{1b}[2~ not\u{1b}]8;;https://x\u{1b}\\ found\u{1b}(",
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
