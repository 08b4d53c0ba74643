//! `trustpub diagnose`: the cause of a failed release, from the job's log and the repository.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::load::{load, targets};
use crate::cli::{CommandError, ExitStatus, eprint, folder, print};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::diagnose::{Diagnosis, LogSearch};
use crate::lint::explain;
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::read::source::ColumnUnit;
use crate::report::sanitize;

/// The longest line of a log that is searched as one, in bytes. A longer line is searched in parts.
const LONGEST_LINE: usize = 64 * 1024;

/// Bytes that two parts of a long line share, so that no error text is cut.
const OVERLAP: usize = 1024;

/// Arguments of `diagnose`.
#[derive(Debug, Args)]
pub(crate) struct DiagnoseArguments {
    /// The log of the failed job as downloaded, or `-` for stdin.
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
struct DiagnosisEntry<'a> {
    registries: &'a [String],
    line: usize,
    text: &'a str,
    cause: &'a str,
    certain: bool,
    uploads: Vec<UploadEntry<'a>>,
}

#[derive(Serialize)]
struct UploadEntry<'a> {
    job: &'a str,
    cause: &'a str,
    value: Option<&'a str>,
    declared: Option<&'a str>,
    place: String,
    form: Option<&'a str>,
}

/// Exits with 0 if an error of the log is explained, 1 if none is, and 2 if the log cannot be read.
pub(crate) fn run(arguments: &DiagnoseArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::with(&folders).map_err(|problems| problems.join("\n"))?;
    let mut search = LogSearch::new(&rules.data);
    read_log(&arguments.log, &mut search)
        .map_err(|error| format!("the log {} cannot be read: {}", arguments.log.display(), reason(&error)))?;
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.repository), None)?;
    trouble.iter().for_each(|text| eprint(text));
    let loaded: Vec<_> = targets.iter().map(|target| load(target, None, &rules, &folders)).collect();
    let mut entries: Vec<(Diagnosis, Vec<String>)> = Vec::new();
    let parsed: Vec<_> = loaded.iter().map(|one| ParsedProject::new(&rules.data.github, &one.project)).collect();
    let mut uploads = Vec::new();
    for (one, parsed) in loaded.iter().zip(&parsed) {
        uploads.push((one, Analysis::new(&rules.data, &one.project, parsed).0));
    }
    let explained: Vec<_> = uploads.iter().map(|(_, analysis)| explain::explain_uploads(analysis)).collect();
    let none = Vec::new();
    let project = uploads.first().map(|(one, _)| *one);
    for diagnosis in search.diagnoses(explained.first().unwrap_or(&none)) {
        let place = |place: crate::read::source::Place| {
            let source = project.and_then(|one| Some((one, one.project.source(place.file)?)));
            source.map_or_else(String::new, |(one, source)| {
                let at = source.position(place.span.start, ColumnUnit::CodePoints);
                format!("{}{}:{}:{}", one.near, source.path(), at.line, at.column)
            })
        };
        let places = diagnosis.refusals.iter().map(|refusal| place(refusal.place)).collect();
        entries.push((diagnosis, places));
    }
    let text = match arguments.format {
        DiagnoseFormat::Text => sanitize::commands(&text(&entries, &search)),
        DiagnoseFormat::Json => json(&entries, &search).map_err(|error| format!("cannot write JSON: {error}"))?,
    };
    print(text.as_bytes())?;
    Ok(if entries.is_empty() { ExitStatus::Findings } else { ExitStatus::Clean })
}

/// Passes the lines of a log to the search. Memory is bounded, whatever the length of the log and its lines.
fn read_log(path: &Path, search: &mut LogSearch<'_>) -> io::Result<()> {
    let mut reader: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path)?))
    };
    let mut bytes = vec![0; LONGEST_LINE];
    let mut line: Vec<u8> = Vec::new();
    loop {
        let count = reader.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        for part in bytes[..count].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                search.line(&String::from_utf8_lossy(&line));
                line.clear();
            } else if line.len() >= LONGEST_LINE {
                search.line(&String::from_utf8_lossy(&line));
                line.drain(..line.len() - OVERLAP);
            }
        }
    }
    if !line.is_empty() {
        search.line(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

fn text(entries: &[(Diagnosis, Vec<String>)], search: &LogSearch<'_>) -> String {
    let mut out = String::new();
    if entries.is_empty() {
        out.push_str("not explained: the log contains no known error of a registry, a client or GitHub\n");
    }
    for (diagnosis, places) in entries {
        let _ = writeln!(out, "line {}: {}", diagnosis.line.number, sanitize::line(&diagnosis.line.text));
        let _ = writeln!(out, "  registry  {}", diagnosis.registries.join(", "));
        let certain = if diagnosis.is_certain() { "certain" } else { "likely" };
        let _ = writeln!(out, "  cause     {} ({certain})", sanitize::line(&diagnosis.cause));
        for (refusal, place) in diagnosis.refusals.iter().zip(places) {
            let values = refusal.values.as_ref().map(|(value, declared)| {
                let value = value.as_deref().map_or_else(|| "no value".to_owned(), |value| format!("`{value}`"));
                format!(" is {value}, the publisher declares `{declared}`")
            });
            let values = sanitize::line(&values.unwrap_or_default());
            let _ =
                writeln!(out, "  change    {place}: job `{}`: {}{values}", sanitize::line(&refusal.job), refusal.cause);
            if let Some(form) = &refusal.form {
                let _ = writeln!(out, "  form      {}", sanitize::line(form));
            }
        }
    }
    for (name, value) in search.claims() {
        let _ = writeln!(out, "claim in the log: {name} = {}", sanitize::line(value));
    }
    out
}

fn json(entries: &[(Diagnosis, Vec<String>)], search: &LogSearch<'_>) -> Result<String, serde_json::Error> {
    let entries: Vec<_> = entries
        .iter()
        .map(|(diagnosis, places)| DiagnosisEntry {
            registries: &diagnosis.registries,
            line: diagnosis.line.number,
            text: &diagnosis.line.text,
            cause: &diagnosis.cause,
            certain: diagnosis.is_certain(),
            uploads: diagnosis
                .refusals
                .iter()
                .zip(places)
                .map(|(refusal, place)| UploadEntry {
                    job: &refusal.job,
                    cause: refusal.cause,
                    value: refusal.values.as_ref().and_then(|(value, _)| value.as_deref()),
                    declared: refusal.values.as_ref().map(|(_, declared)| declared.as_str()),
                    place: place.clone(),
                    form: refusal.form.as_deref(),
                })
                .collect(),
        })
        .collect();
    let document = serde_json::json!({"version": 1, "errors": entries, "claims": search.claims()});
    Ok(sanitize::json(&serde_json::to_string_pretty(&document)?) + "\n")
}
