//! `trustpub explain`: what the registry will see and answer, for every upload; or the documentation of one rule.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::load::{LoadedProject, load, targets, with_extra_rules};
use crate::cli::run_filter::RunFilterArguments;
use crate::cli::{ColorChoice, CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::explain;
use crate::lint::rules::set::RuleSet;
use crate::lint::subjects;
use crate::read::problem::closest;
use crate::report::docs;
use crate::report::explain::{self as report, ExplainPage};
use crate::report::sanitize;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// Repositories, folders of repositories or single workflows; or one rule, by code or name.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: ExplainFormat,

    #[command(flatten)]
    runs: RunFilterArguments,

    /// Config file [default: .github/trustpub.yaml in the repository].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// When to use colours and links.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// Aligned columns for a terminal.
    Text,
    /// JSON for programs.
    Json,
    /// GitHub Markdown with a diagram, for job summaries.
    Markdown,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    if let [path] = arguments.paths.as_slice()
        && !path.exists()
        && path.components().count() == 1
    {
        let rules = RuleSet::load_with_examples(&with_extra_rules(&folders)).map_err(|problems| problems.join("\n"))?;
        return rule(&path.to_string_lossy(), &rules);
    }
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, trouble) = targets(&arguments.paths, None)?;
    let mut status = ExitStatus::Clean;
    for text in &trouble {
        eprint(text);
        status = ExitStatus::Failure;
    }
    let config = arguments.config.as_deref();
    let loaded: Vec<LoadedProject> = targets.iter().map(|target| load(target, config, &rules, &folders)).collect();
    let github = &rules.data.github;
    let parsed: Vec<ParsedProject<'_>> = loaded.iter().map(|one| ParsedProject::new(github, &one.project)).collect();
    let filter = arguments.runs.filter(github, &parsed)?;
    let mut analyses = Vec::new();
    for (one, parsed) in loaded.iter().zip(&parsed) {
        let (analysis, problems) = Analysis::with_filter(&one.rules(&rules).data, &one.project, parsed, &filter);
        for text in one.trouble.iter().cloned().chain(one.messages(&problems)) {
            eprint(&text);
            status = ExitStatus::Failure;
        }
        for document in &one.project.workflows {
            let problems = subjects::syntax_problems(document.file, document.tree.errors());
            one.problem_lines(&problems).iter().for_each(|text| eprint(&format!("{text}; its uploads are unknown")));
        }
        analysis.other_remote().iter().for_each(|note| eprint(note));
        analyses.push(analysis);
    }
    let mut uploads = Vec::new();
    for (analysis, one) in analyses.iter().zip(&loaded) {
        uploads.push(explain::explain_uploads(analysis, one.rules(&rules)));
    }
    for ((uploads, one), target) in uploads.iter_mut().zip(&loaded).zip(&targets) {
        if let Some(only) = &target.found.only {
            let here = one.project.file(only);
            uploads.retain(|upload| here.is_some_and(|file| upload.passes(file)));
        }
        if arguments.runs.is_set() {
            uploads.retain(|upload| !upload.runs.is_empty() || !upload.skipped.is_empty());
        }
    }
    if uploads.iter().all(Vec::is_empty) && trouble.is_empty() {
        eprint(if arguments.runs.is_set() && analyses.iter().any(|analysis| !analysis.uploads.is_empty()) {
            "no workflow with an upload starts in such a run"
        } else {
            "no uploads found: no workflow publishes to a known registry"
        });
    }
    let pages = loaded.iter().zip(&analyses).zip(&uploads).map(|((one, analysis), uploads)| ExplainPage {
        files: &one.project.files,
        // In a terminal, paths are relative to the current folder; in documents, to the named folder.
        prefix: if arguments.format == ExplainFormat::Text { &one.near } else { &one.prefix },
        repository: analysis.repository,
        uploads,
    });
    write(arguments, &pages.collect::<Vec<_>>())?;
    Ok(status)
}

/// Prints the documentation of a rule.
fn rule(word: &str, rules: &RuleSet) -> Result<ExitStatus, CommandError> {
    if let Some(rule) = rules.find(word) {
        return print(sanitize::page(&docs::rule(rule)).as_bytes());
    }
    let meant = closest(word, rules.words()).map(|other| format!("; did you mean the rule `{other}`?"));
    Err(CommandError::Message(format!("no file and no rule is named `{word}`{}", meant.unwrap_or_default())))
}

fn write(arguments: &ExplainArguments, pages: &[ExplainPage<'_>]) -> Result<(), CommandError> {
    // Written upload by upload: the whole text may be much larger than what it is made of.
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        ExplainFormat::Json => report::json::write(&mut out, pages)?,
        ExplainFormat::Markdown => report::markdown::write(&mut out, pages)?,
        ExplainFormat::Text => {
            for page in pages {
                report::text::write(&mut out, page, arguments.color.is_on())?;
            }
        }
    }
    Ok(out.flush()?)
}
