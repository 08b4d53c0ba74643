//! `trustpub uploads`: the inventory of one or many repositories, one row for each upload.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::load::{CheckTarget, load, targets};
use crate::cli::parallel::in_order;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::explain;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::report::explain::ExplainPage;
use crate::report::inventory::{self, InventoryRow};
use crate::report::sanitize;

/// Arguments of `uploads`.
#[derive(Debug, Args)]
pub(crate) struct UploadsArguments {
    /// Repositories or folders of repositories.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: InventoryFormat,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InventoryFormat {
    /// An aligned table for a terminal.
    Text,
    /// Comma-separated values for a spreadsheet.
    Csv,
    /// JSON for programs.
    Json,
    /// A table in GitHub Markdown.
    Markdown,
}

pub(crate) fn run(arguments: &UploadsArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, mut trouble) = targets(&arguments.paths, None)?;
    let (mut rows, mut workflows) = (Vec::new(), 0);
    let is_csv = arguments.format == InventoryFormat::Csv;
    if is_csv {
        print(inventory::csv_header().as_bytes())?;
    }
    // Only the rows of a project are kept, so that memory does not grow with its files; of CSV not even these.
    in_order(
        &targets,
        |target| project_rows(target, &rules, &folders),
        |(found, messages, read)| {
            if is_csv {
                print(inventory::csv_rows(&found).as_bytes())?;
            } else {
                rows.extend(found);
            }
            workflows += read;
            trouble.extend(messages);
            Ok::<(), CommandError>(())
        },
    )?;
    trouble.iter().for_each(|text| eprint(text));
    if workflows == 0 && trouble.is_empty() {
        eprint("no workflows found; name repositories, or folders of repositories");
    }
    let text = match arguments.format {
        InventoryFormat::Text => sanitize::commands(&inventory::text(&rows)),
        InventoryFormat::Csv => String::new(),
        InventoryFormat::Json => inventory::json(&rows).map_err(|error| format!("cannot write JSON: {error}"))?,
        InventoryFormat::Markdown => inventory::markdown(&rows),
    };
    let status = print(text.as_bytes())?;
    Ok(if trouble.is_empty() { status } else { ExitStatus::Failure })
}

/// The rows of one project, messages about what could not be read, and the number of its workflows.
fn project_rows(
    target: &CheckTarget,
    rules: &RuleSet,
    folders: &[RuleFolder],
) -> (Vec<InventoryRow>, Vec<String>, usize) {
    let loaded = load(target, None, rules, folders);
    let parsed = ParsedProject::new(&rules.data.github, &loaded.project);
    let rules = loaded.rules(rules);
    let (analysis, problems) = Analysis::new(&rules.data, &loaded.project, &parsed);
    let uploads = explain::explain_uploads(&analysis, rules);
    let page = ExplainPage {
        files: &loaded.project.files,
        prefix: &loaded.prefix,
        repository: analysis.repository,
        uploads: &uploads,
    };
    let hint = analysis.repository_hint().map(|(name, _)| name);
    let rows = inventory::rows(&page, hint);
    let messages = loaded.trouble.iter().cloned().chain(loaded.messages(&problems)).collect();
    (rows, messages, loaded.project.workflows.len())
}
