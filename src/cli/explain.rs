//! `trustpub explain`: the account of every upload, or of one rule. It judges nothing and fails nobody.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::load::{Loaded, load, targets};
use crate::cli::run_filter::Ask;
use crate::cli::{Colour, Failure, Status, complain, folder, print};
use crate::lint::analysis::{Analysis, Reading};
use crate::lint::explain;
use crate::lint::rules::set::RuleSet;
use crate::lint::subjects;
use crate::read::problem::closest;
use crate::report::docs;
use crate::report::explain::{self as report, Page};
use crate::report::sanitize;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Repositories, folders of repositories, single workflows; or one rule, by code or name.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// How to write it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    #[command(flatten)]
    ask: Ask,

    /// Another config than `.github/trustpub.yaml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// A folder of further rules and registries. May be given several times.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// When to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For job summaries, with a diagram.
    Markdown,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let folders = arguments.rules.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    if let [path] = arguments.paths.as_slice()
        && !path.exists()
        && path.components().count() == 1
    {
        let rules = RuleSet::whole(&folders).map_err(|problems| problems.join("\n"))?;
        return rule(&path.to_string_lossy(), &rules);
    }
    let rules = RuleSet::with(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, trouble) = targets(&arguments.paths, None)?;
    let mut status = Status::Clean;
    for text in &trouble {
        complain(text);
        status = Status::Trouble;
    }
    let config = arguments.config.as_deref();
    let loaded: Vec<Loaded> = targets.iter().map(|target| load(target, config, &rules, &folders)).collect();
    let github = &rules.data.github;
    let readings: Vec<Reading<'_>> = loaded.iter().map(|one| Reading::new(github, &one.project)).collect();
    let asked = arguments.ask.asked(github, &readings)?;
    let mut analyses = Vec::new();
    for (one, reading) in loaded.iter().zip(&readings) {
        let (analysis, problems) =
            Analysis::of(&one.rules.as_ref().unwrap_or(&rules).data, &one.project, reading, &asked);
        for text in one.trouble.iter().cloned().chain(one.complaints(&problems)) {
            complain(&text);
            status = Status::Trouble;
        }
        for document in &one.project.workflows {
            let problems = subjects::syntax_problems(document.file, document.tree.errors());
            one.told(&problems).iter().for_each(|text| complain(&format!("{text}; what it uploads is not known")));
        }
        analyses.push(analysis);
    }
    let mut uploads: Vec<_> = analyses.iter().map(explain::passports).collect();
    for ((uploads, one), target) in uploads.iter_mut().zip(&loaded).zip(&targets) {
        if let Some(only) = &target.found.only {
            let here = one.project.file(only);
            uploads.retain(|upload| here.is_some_and(|file| upload.passes(file)));
        }
        if arguments.ask.narrow() {
            uploads.retain(|upload| !upload.passports.is_empty() || !upload.missed.is_empty());
        }
    }
    if uploads.iter().all(Vec::is_empty) && trouble.is_empty() {
        complain(if arguments.ask.narrow() && analyses.iter().any(|analysis| !analysis.publications.is_empty()) {
            "no upload's workflow starts in such a run"
        } else {
            "no uploads here: no workflow publishes to a registry that trustpub knows"
        });
    }
    let pages = loaded.iter().zip(&analyses).zip(&uploads).map(|((one, analysis), uploads)| Page {
        files: &one.project.files,
        // People open paths from where they stand; a document that is kept counts from what was asked for.
        prefix: if arguments.format == Format::Text { &one.near } else { &one.prefix },
        repository: analysis.repository,
        uploads,
    });
    write(arguments, &pages.collect::<Vec<_>>())?;
    Ok(status)
}

/// Explains a rule.
fn rule(word: &str, rules: &RuleSet) -> Result<Status, Failure> {
    if let Some(rule) = rules.find(word) {
        return print(sanitize::page(&docs::rule(rule)).as_bytes());
    }
    let meant = closest(word, rules.words()).map(|other| format!("; did you mean the rule `{other}`?"));
    Err(Failure::Told(format!("there is neither a file nor a rule `{word}` here{}", meant.unwrap_or_default())))
}

fn write(arguments: &Arguments, pages: &[Page<'_>]) -> Result<(), Failure> {
    let mut text = Vec::new();
    match arguments.format {
        Format::Json => report::json::write(&mut text, pages)?,
        Format::Markdown => report::markdown::write(&mut text, pages)?,
        Format::Text => {
            for page in pages {
                report::text::write(&mut text, page, arguments.color.is_on())?;
            }
        }
    }
    let text = String::from_utf8_lossy(&text);
    let text = if arguments.format == Format::Json { sanitize::json(&text) } else { sanitize::commands(&text) };
    print(text.as_bytes()).map(drop)
}
