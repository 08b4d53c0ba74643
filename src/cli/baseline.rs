//! `trustpub baseline`: writes down what is found today, so that `check --baseline` can tell what is new. It fails on no finding.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::cli::check::{judge, today};
use crate::cli::load::targets;
use crate::cli::output::write_file;
use crate::cli::{CommandError, ExitStatus, complain, folder, print};
use crate::lint::baseline;
use crate::lint::rules::set::RuleSet;

/// Arguments of `baseline`.
#[derive(Debug, Args)]
pub struct BaselineArguments {
    /// Repositories, folders of repositories, or single files.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// The file to write; stdout without it.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Another config than `.github/trustpub.yaml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// A folder of further rules and registries. May be given several times.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// The day on which waivers are judged.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
}

/// Runs the command.
pub fn run(arguments: &BaselineArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::with(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, mut trouble) = targets(&arguments.paths, None)?;
    let today = arguments.today.or_else(today);
    let checked: Vec<_> = targets
        .iter()
        .map(|target| judge(target, arguments.config.as_deref(), &rules, &folders, today, false))
        .collect();
    trouble.extend(checked.iter().flat_map(|one| one.loaded.trouble.iter().cloned()));
    trouble.iter().for_each(|text| complain(text));
    // A baseline of half the findings would let the other half pass for new.
    if !trouble.is_empty() {
        return Ok(ExitStatus::Trouble);
    }
    let findings = checked
        .iter()
        .flat_map(|one| one.report.findings.iter().map(move |finding| (finding, one.path(finding.primary.place))));
    let text = baseline::write(findings);
    match &arguments.output {
        None => print(text.as_bytes()),
        Some(path) => match write_file(path, text.as_bytes()) {
            Ok(()) => Ok(ExitStatus::Clean),
            Err(error) => {
                Err(CommandError::Told(format!("the baseline {} cannot be written: {error}", path.display())))
            }
        },
    }
}
