//! `trustpub config show`: the settings in force, and where each value comes from.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::load::{LoadedProject, load, targets};
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, Hint, ParsedProject};
use crate::lint::rules::set::RuleSet;
use crate::read::config::Config;
use crate::read::source::{ColumnUnit, Place};
use crate::report::{below, sanitize};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the settings in force, and where each value comes from.
    Show(ShowArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Repository.
    #[arg(default_value = ".")]
    path: PathBuf,

    /// Config file [default: .github/trustpub.yaml in the repository].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

pub(crate) fn run(command: &ConfigCommand) -> Result<ExitStatus, CommandError> {
    let ConfigCommand::Show(arguments) = command;
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.path), None)?;
    let [target] = targets.as_slice() else {
        let text = trouble.first().cloned();
        return Err(text.unwrap_or_else(|| format!("{} is not a repository", arguments.path.display())).into());
    };
    let loaded = load(target, arguments.config.as_deref(), &rules, &folders);
    let rules = loaded.rules(&rules);
    let (lines, problems) = settings(&loaded, rules, arguments);
    print(aligned(&lines).as_bytes())?;
    let messages: Vec<String> = loaded.trouble.iter().cloned().chain(loaded.messages(&problems)).collect();
    messages.iter().for_each(|text| eprint(text));
    Ok(if messages.is_empty() { ExitStatus::Clean } else { ExitStatus::Failure })
}

/// A setting with its value, and where the value comes from.
struct Setting {
    key: String,
    value: String,
    source: String,
}

fn settings(
    loaded: &LoadedProject,
    rules: &RuleSet,
    arguments: &ShowArguments,
) -> (Vec<Setting>, Vec<crate::read::problem::Problem>) {
    let project = &loaded.project;
    let parsed = ParsedProject::new(&rules.data.github, project);
    let (analysis, problems) = Analysis::new(&rules.data, project, &parsed);
    let config: &Config<'_> = analysis.config;
    let at = |place: Place| {
        project.source(place.file).map_or_else(String::new, |source| {
            let line = source.position(place.span.start, ColumnUnit::CodePoints).line;
            format!("{}:{line}", below(&loaded.near, source.path()))
        })
    };
    let mut settings = Vec::new();
    let mut add = |key: &str, value: String, source: String| {
        settings.push(Setting { key: key.to_owned(), value, source });
    };
    let file = project.config.as_ref().and_then(|document| project.source(document.file));
    match file {
        Some(source) => {
            let source_of = if arguments.config.is_some() { "--config" } else { "repository" };
            add("config", below(&loaded.near, source.path()), source_of.to_owned());
        }
        None => add("config", "none".to_owned(), "default".to_owned()),
    }
    match (config.repository, analysis.repository_hint()) {
        (Some(text), _) => add("repository", text.value().to_owned(), at(text.place())),
        (None, Some((name, hint))) => {
            let source = match hint {
                Hint::Remote => "git remote (a hint)",
                Hint::Condition => "conditions of the workflows (a hint)",
            };
            add("repository", name.to_owned(), source.to_owned());
        }
        (None, None) => add("repository", "unknown".to_owned(), "default".to_owned()),
    }
    for publisher in &config.publishers {
        let fields: Vec<String> =
            publisher.fields.iter().map(|(key, value)| format!("{}: {}", key.value(), value.value())).collect();
        add("publisher", format!("{} ({})", publisher.registry.value(), fields.join(", ")), at(publisher.place));
    }
    for environment in &config.environments {
        let refs = environment.refs.iter().flatten().map(|text| text.value()).collect::<Vec<_>>().join(", ");
        add("environment", format!("{} (refs: {refs})", environment.name.value()), at(environment.name.place()));
    }
    if let Some(text) = config.releases {
        add("releases", text.value().to_owned(), at(text.place()));
    }
    let lists = [("document", &config.documents), ("extra-rules", &config.extra_rules), ("select", &config.select)];
    for (key, texts) in lists {
        texts.iter().for_each(|text| add(key, text.value().to_owned(), at(text.place())));
    }
    for folder in &arguments.rules {
        add("extra-rules", crate::cli::slashed(folder), "--rules".to_owned());
    }
    if config.select.is_empty() {
        add("select", format!("all {} rules", rules.rules.len()), "default".to_owned());
    }
    match config.baseline {
        Some(text) => add("baseline", text.value().to_owned(), at(text.place())),
        None => add("baseline", "none".to_owned(), "default".to_owned()),
    }
    for (name, level) in &config.rules {
        add("rule", format!("{}: {}", name.value(), level.value()), at(name.place()));
    }
    for ignore in &config.ignore {
        add("ignore", format!("{}: {}", ignore.rule.value(), ignore.reason.value()), at(ignore.place));
    }
    (settings, problems)
}

/// The sources of longer lines follow them directly.
const LONGEST_ALIGNED: usize = 100;

fn aligned(settings: &[Setting]) -> String {
    let lines: Vec<(String, String)> = settings
        .iter()
        .map(|setting| {
            (sanitize::line(&format!("{:12} {}", setting.key, setting.value)), sanitize::line(&setting.source))
        })
        .collect();
    let width =
        lines.iter().map(|(line, _)| line.chars().count()).filter(|width| *width <= LONGEST_ALIGNED).max().unwrap_or(0);
    let text: String = lines
        .iter()
        .map(|(line, source)| {
            let gap = " ".repeat(width.saturating_sub(line.chars().count()) + 2);
            format!("{line}{gap}# {source}\n")
        })
        .collect();
    sanitize::commands(&text)
}
