//! `trustpub registries`: what is known of each registry.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{CommandError, ExitStatus, print, rules_folder};
use crate::lint::rules::set::RuleSet;
use crate::read::problem::suggestion;
use crate::report::{registries, sanitize};

/// Arguments of `registries`.
#[derive(Debug, Args)]
pub(crate) struct RegistriesArguments {
    /// Only these registries, by id or name.
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RegistriesFormat,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RegistriesFormat {
    /// Aligned tables for a terminal.
    Text,
    /// JSON for programs.
    Json,
}

pub(crate) fn run(arguments: &RegistriesArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let mut entries = registries::entries(&rules.data.registries);
    for id in &arguments.ids {
        if !entries.iter().any(|entry| entry.is(id)) {
            let known = rules.data.registries.iter().map(|registry| registry.id.as_str());
            return Err(format!("there is no registry `{id}`{}", suggestion(id, known)).into());
        }
    }
    entries.retain(|entry| arguments.ids.is_empty() || arguments.ids.iter().any(|id| entry.is(id)));
    let text = match arguments.format {
        RegistriesFormat::Text => sanitize::commands(&registries::text(&entries)),
        RegistriesFormat::Json => registries::json(&entries).map_err(|error| format!("cannot write JSON: {error}"))?,
    };
    print(text.as_bytes())
}
