//! `trustpub diagnose`: the cause of a failed release, from the job's log and the repository.

mod log;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::check::{CheckedProject, check_project, today};
use crate::cli::load::targets;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::diagnose::{Diagnosis, LogSearch};
use crate::lint::explain;
use crate::lint::findings::Finding;
use crate::lint::fix::OfferedFixes;
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::read::source::{ColumnUnit, Place};
use crate::report::json::document;
use crate::report::sanitize;

/// Arguments of `diagnose`.
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArguments {
    /// The log of the failed job as downloaded, the archive of all logs of a run, or `-` for stdin.
    #[arg(default_value = "-")]
    log: PathBuf,

    /// The repository whose release failed.
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DiagnoseFormat,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiagnoseFormat {
    /// Sentences for a terminal.
    Text,
    /// JSON for programs.
    Json,
}

#[derive(Serialize)]
struct DiagnosisEntry {
    registries: Vec<String>,
    file: Option<String>,
    line: usize,
    text: String,
    cause: String,
    certain: bool,
    uploads: Vec<UploadEntry>,
    claims: Vec<ClaimEntry>,
    findings: Vec<FindingEntry>,
    hints: Vec<HintEntry>,
    /// What to compare, if neither the log nor the repository shows what to change.
    compare: Option<String>,
}

#[derive(Serialize)]
struct UploadEntry {
    job: String,
    cause: &'static str,
    value: Option<String>,
    declared: Option<String>,
    place: String,
    form: Option<String>,
}

#[derive(Serialize)]
struct ClaimEntry {
    claim: &'static str,
    value: Option<String>,
    declared: String,
    place: String,
}

#[derive(Serialize)]
struct FindingEntry {
    rule: String,
    message: String,
    place: String,
}

#[derive(Serialize)]
struct HintEntry {
    file: Option<String>,
    line: usize,
    meaning: String,
}

/// Exits with 0 if an error of the log is explained, 1 if none is, and 2 if the log cannot be read.
pub(crate) fn run(arguments: &DiagnoseArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let mut search = LogSearch::new(&rules.data);
    let skipped = log::search(&arguments.log, &mut search)
        .map_err(|error| format!("the log {} cannot be read: {}", arguments.log.display(), reason(&error)))?;
    if let Some(skipped) = skipped {
        eprint(&skipped);
    }
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.repository), None)?;
    trouble.iter().for_each(|text| eprint(text));
    let entries: Vec<DiagnosisEntry> = match targets.first() {
        Some(target) => {
            let checked = check_project(target, None, &rules, &folders, today(), OfferedFixes::None);
            let rules = checked.loaded.rules(&rules);
            let parsed = ParsedProject::new(&rules.data.github, &checked.loaded.project);
            let (analysis, _) = Analysis::new(&rules.data, &checked.loaded.project, &parsed);
            let uploads = explain::explain_uploads(&analysis, rules);
            let findings = &checked.report.findings;
            let diagnoses = search.diagnoses(&uploads, Some(&analysis), findings).into_iter();
            diagnoses.map(|diagnosis| entry(diagnosis, findings, &|at| place(&checked, at))).collect()
        }
        None => search.diagnoses(&[], None, &[]).into_iter().map(|it| entry(it, &[], &|_| String::new())).collect(),
    };
    let text = match arguments.format {
        DiagnoseFormat::Text => sanitize::commands(&text(&entries, &search)),
        DiagnoseFormat::Json => json(&entries, &search).map_err(|error| format!("cannot write JSON: {error}"))?,
    };
    print(text.as_bytes())?;
    Ok(if entries.is_empty() { ExitStatus::Findings } else { ExitStatus::Clean })
}

/// A place as `path:line:column`.
fn place(checked: &CheckedProject, place: Place) -> String {
    let source = checked.loaded.project.source(place.file);
    source.map_or_else(String::new, |source| {
        let at = source.position(place.span.start, ColumnUnit::CodePoints);
        format!("{}{}:{}:{}", checked.loaded.near, source.path(), at.line, at.column)
    })
}

fn entry(diagnosis: Diagnosis, findings: &[Finding], place: &dyn Fn(Place) -> String) -> DiagnosisEntry {
    let certain = diagnosis.is_certain();
    let uploads = diagnosis.refusals.into_iter().map(|refusal| {
        let (value, declared) = refusal.values.map_or((None, None), |(value, declared)| (value, Some(declared)));
        let place = place(refusal.place);
        UploadEntry { job: refusal.job, cause: refusal.cause, value, declared, place, form: refusal.form }
    });
    let claims = diagnosis.claims.into_iter().map(|refused| ClaimEntry {
        claim: refused.claim,
        value: refused.value,
        declared: refused.declared,
        place: place(refused.place),
    });
    let reported = diagnosis.findings.iter().filter_map(|index| findings.get(*index));
    let reported = reported.map(|finding| FindingEntry {
        rule: finding.name.clone(),
        message: finding.message.clone(),
        place: place(finding.primary.place),
    });
    let hints =
        diagnosis.hints.into_iter().map(|(line, meaning)| HintEntry { file: line.file, line: line.number, meaning });
    let compare = (!certain).then(|| {
        let ids: String = diagnosis.registry_ids.iter().map(|id| format!(" {id}")).collect();
        format!(
            "neither the log nor the repository shows which; compare the publisher at the registry with the form that `trustpub explain` prints, and the versions in the log with `trustpub registries{ids}`"
        )
    });
    DiagnosisEntry {
        compare,
        registries: diagnosis.registries,
        file: diagnosis.line.file,
        line: diagnosis.line.number,
        text: diagnosis.line.text,
        cause: diagnosis.cause,
        certain,
        uploads: uploads.collect(),
        claims: claims.collect(),
        findings: reported.collect(),
        hints: hints.collect(),
    }
}

fn text(entries: &[DiagnosisEntry], search: &LogSearch<'_>) -> String {
    let mut out = String::new();
    if entries.is_empty() {
        out.push_str("not explained: the log contains no known error of a registry, a client or GitHub\n");
    }
    let quoted =
        |value: &Option<String>| value.as_deref().map_or_else(|| "no value".to_owned(), |it| format!("`{it}`"));
    let mut line = |name: &str, words: &str| {
        let _ = writeln!(out, "{name}{}", sanitize::line(words));
    };
    for entry in entries {
        line(&format!("{}: ", at(entry.file.as_deref(), entry.line)), &entry.text);
        line("  registry  ", &entry.registries.join(", "));
        line("  cause     ", &format!("{} ({})", entry.cause, if entry.certain { "certain" } else { "likely" }));
        for upload in &entry.uploads {
            let values = upload.declared.as_ref().map_or_else(String::new, |declared| {
                format!(" is {}, the publisher declares `{declared}`", quoted(&upload.value))
            });
            line("  change    ", &format!("{}: job `{}`: {}{values}", upload.place, upload.job, upload.cause));
            if let Some(form) = &upload.form {
                line("  form      ", form);
            }
        }
        for claim in &entry.claims {
            let words = format!(
                "{}: {} is {} in the log, the publisher declares `{}`",
                claim.place,
                claim.claim,
                quoted(&claim.value),
                claim.declared
            );
            line("  claim     ", &words);
        }
        for finding in &entry.findings {
            line("  change    ", &format!("{}: {} [{}]", finding.place, finding.message, finding.rule));
        }
        if let Some(words) = &entry.compare {
            line("  change    ", words);
        }
        for hint in &entry.hints {
            line("  see also  ", &format!("{}: {}", at(hint.file.as_deref(), hint.line), hint.meaning));
        }
    }
    for (name, value) in search.claims() {
        line("claim in the log: ", &format!("{name} = {value}"));
    }
    out
}

fn at(file: Option<&str>, line: usize) -> String {
    file.map_or_else(|| format!("line {line}"), |file| format!("{} line {line}", sanitize::line(file)))
}

fn json(entries: &[DiagnosisEntry], search: &LogSearch<'_>) -> std::io::Result<String> {
    let found = serde_json::json!({"version": 1, "errors": entries, "claims": search.claims()});
    document(&found)
}
