//! `trustpub baseline`: writes the current findings to a file, so that `check --baseline` reports only new ones.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::cli::check::{check_project, today};
use crate::cli::load::targets;
use crate::cli::output::write_file;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::baseline;
use crate::lint::fix::OfferedFixes;
use crate::lint::rules::set::RuleSet;

/// Arguments of `baseline`.
#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    /// Repositories, folders of repositories, or single files.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// File to write [default: stdout].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Config file [default: .github/trustpub.yaml in the repository].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// Date against which `expires:` is compared [default: SOURCE_DATE_EPOCH, else today].
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

pub(crate) fn run(arguments: &BaselineArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, mut trouble) = targets(&arguments.paths, None)?;
    let today = arguments.today.or_else(today);
    let checked: Vec<_> = targets
        .iter()
        .map(|target| check_project(target, arguments.config.as_deref(), &rules, &folders, today, OfferedFixes::None))
        .collect();
    trouble.extend(checked.iter().flat_map(|one| one.loaded.trouble.iter().cloned()));
    trouble.iter().for_each(|text| eprint(text));
    // An incomplete baseline would make the missing findings appear as new.
    if !trouble.is_empty() {
        return Ok(ExitStatus::Failure);
    }
    let findings = checked
        .iter()
        .flat_map(|one| one.report.findings.iter().map(move |finding| (finding, one.path(finding.primary.place))));
    let count = checked.iter().map(|one| one.report.findings.len()).sum::<usize>();
    let text = baseline::write(findings);
    match &arguments.output {
        None => print(text.as_bytes()),
        Some(path) => match write_file(path, text.as_bytes()) {
            Ok(()) => {
                let findings = if count == 1 { "finding" } else { "findings" };
                eprint(&format!("{} has {count} {findings}", path.display()));
                Ok(ExitStatus::Clean)
            }
            Err(error) => {
                Err(CommandError::Message(format!("the baseline {} cannot be written: {error}", path.display())))
            }
        },
    }
}
