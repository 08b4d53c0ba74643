//! `trustpub init`: writes a first config from the workflows; with `--force`, replaces the publishers of an existing one; with `--rehearsal`,
//! adds the job that rehearses a release; with `--script`, prints the commands that register the publishers.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::load::{CheckTarget, LoadedProject, load, targets};
use crate::cli::output::write_file;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::explain;
use crate::lint::explain::proposal::{Proposal, add_hints, proposals};
use crate::lint::rehearsal::rehearsed;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::files::DiskFiles;
use crate::read::project::CONFIGS;
use crate::read::source::SourceFile;
use crate::report::explain::{ExplainPage, text};
use crate::report::{init, sanitize, set_up};

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The repository.
    #[arg(default_value = ".")]
    path: PathBuf,

    /// Replace the publishers of an existing config; its other keys and comments are kept.
    #[arg(long)]
    force: bool,

    /// Write no config; add a job that rehearses the release to the workflow that publishes.
    #[arg(long, conflicts_with = "force")]
    rehearsal: bool,

    /// Write no config; print a shell script that registers the publishers, for registries that have a command for it.
    #[arg(long, conflicts_with_all = ["force", "rehearsal"])]
    script: bool,

    /// The job that publishes, if there are several.
    #[arg(long, value_name = "ID", requires = "rehearsal")]
    job: Option<String>,

    /// The workflow that publishes, if there are several.
    #[arg(long, value_name = "FILE", requires = "rehearsal")]
    workflow: Option<String>,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &InitArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.path), None)?;
    if let Some(text) = trouble.first() {
        return Err(CommandError::Message(text.clone()));
    }
    let target = match targets.as_slice() {
        [target] if target.found.only.is_none() => target,
        [] => return nothing_to_write(arguments),
        _ => {
            return Err(CommandError::Message(format!("{} is not a repository", arguments.path.display())));
        }
    };
    if arguments.rehearsal {
        return rehearsal(arguments, target, &rules, &folders);
    }
    let place = if arguments.script { None } else { Some(place(&target.found.root, arguments.force)?) };
    let mut loaded = load(target, None, &rules, &folders);
    let names = &loaded.rules.as_ref().unwrap_or(&rules).data.github.documents;
    let documents = match DiskFiles::new(&target.found.root) {
        Ok(files) => loaded.project.find_documents(&files, names),
        Err(_) => Vec::new(),
    };
    if let Some(text) = loaded.trouble.first() {
        return Err(CommandError::Message(text.clone()));
    }
    let reading = ParsedProject::new(&rules.data.github, &loaded.project);
    let (analysis, _) = Analysis::new(&loaded.rules(&rules).data, &loaded.project, &reading);
    let uploads = explain::explain_uploads(&analysis, loaded.rules(&rules));
    let mut proposals = proposals(&uploads);
    add_hints(&mut proposals, analysis.data, &loaded.project, &documents);
    if proposals.is_empty() {
        return nothing_to_write(arguments);
    }
    let Some(place) = place else { return print_script(&proposals) };
    let page =
        ExplainPage { files: &loaded.project.files, prefix: "", repository: analysis.repository, uploads: &uploads };
    let extra: Vec<String> = arguments.rules.iter().filter_map(|folder| below(&target.found.root, folder)).collect();
    let repository = init::repository(&analysis);
    let config = match existing_config(&loaded)? {
        Some(old) => init::replaced(old, &page, repository.map(|(name, _)| name), &proposals),
        None => init::config(&page, repository, &extra, &proposals),
    };
    write_file(&place, config.as_bytes()).map_err(|error| format!("{} cannot be written: {error}", place.display()))?;
    report_written(&place, &proposals)
}

/// Prints the script that registers the publishers.
fn print_script(proposals: &[Proposal<'_>]) -> Result<ExitStatus, CommandError> {
    match set_up::script(proposals) {
        Some(script) => print(script.as_bytes()),
        None => {
            let mut names: Vec<&str> = proposals.iter().map(|proposal| proposal.registry.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            eprint(&format!(
                "no script: {} has no command that registers a publisher; `trustpub explain` shows what to enter in its form",
                names.join(", ")
            ));
            Ok(ExitStatus::Clean)
        }
    }
}

/// Adds the job that rehearses a release to its workflow, and says how to start it.
fn rehearsal(
    arguments: &InitArguments,
    target: &CheckTarget,
    rules: &RuleSet,
    folders: &[RuleFolder],
) -> Result<ExitStatus, CommandError> {
    let loaded = load(target, None, rules, folders);
    if let Some(text) = loaded.trouble.first() {
        return Err(CommandError::Message(text.clone()));
    }
    let data = &loaded.rules(rules).data;
    let parsed = ParsedProject::new(&data.github, &loaded.project);
    let (analysis, _) = Analysis::new(data, &loaded.project, &parsed);
    let found = rehearsed(&analysis, arguments.job.as_deref(), arguments.workflow.as_deref())
        .map_err(|reason| format!("no rehearsal is written: {reason}"))?;
    let source =
        loaded.project.source(found.file).ok_or_else(|| "the workflow is missing from the project".to_owned())?;
    let path = target.found.root.join(source.path());
    within(&target.found.root, path.parent().unwrap_or(&target.found.root))?;
    if !path.symlink_metadata().is_ok_and(|kind| kind.is_file()) {
        return Err(CommandError::Message(format!("{} is not a regular file, so it is not changed", at(&path))));
    }
    write_file(&path, found.text.as_bytes()).map_err(|error| format!("{} cannot be written: {error}", at(&path)))?;
    let mut out = Vec::new();
    writeln!(out, "added the job `rehearse` to {}", at(&path))?;
    let skipped: Vec<String> = found.skipped.iter().map(|job| format!("`{job}`")).collect();
    if !skipped.is_empty() {
        let word = if skipped.len() == 1 { "job" } else { "jobs" };
        writeln!(out, "a rehearsal skips the {word} {}, and other runs are unchanged", skipped.join(", "))?;
    }
    let input = if found.by_input { " --field rehearse=true" } else { "" };
    let tag = if found.refs.is_empty() { "" } else { " --ref TAG" };
    writeln!(
        out,
        "\nstart it when it is on the default branch:\n  gh workflow run {}{input}{tag}",
        source.file_name()
    )?;
    if !found.refs.is_empty() {
        writeln!(out, "on a ref that the environment accepts: {}", found.refs.join(", "))?;
    }
    if found.concurrency {
        writeln!(out, "the workflow has `concurrency`: a rehearsal may wait for a release, or cancel a running one")?;
    }
    for registry in found.registries {
        let exchange = registry.exchange.as_ref();
        if let Some(effects) = exchange.and_then(|exchange| exchange.side_effects.as_ref()) {
            writeln!(
                out,
                "{}: only claims are compared until the step has `allow-side-effects: true`, since {effects}",
                registry.name
            )?;
        }
    }
    let text = sanitize::page(&String::from_utf8_lossy(&out));
    print(text.as_bytes())
}

/// The text of the config that is to be changed.
pub(crate) fn existing_config(loaded: &LoadedProject) -> Result<Option<&str>, String> {
    let Some(document) = &loaded.project.config else { return Ok(None) };
    let text = loaded.project.source(document.file).map_or("", SourceFile::text);
    let block_style = document.tree.root().is_none_or(|root| root.is_mapping() && !text.trim_start().starts_with('{'));
    if !document.tree.errors().is_empty() || !block_style {
        return Err("the existing config is not a valid block mapping; correct or delete it first".to_owned());
    }
    Ok(Some(text))
}

fn nothing_to_write(arguments: &InitArguments) -> Result<ExitStatus, CommandError> {
    let what = match (arguments.rehearsal, arguments.script) {
        (true, _) => "job to add",
        (_, true) => "script to print",
        _ => "config to write",
    };
    eprint(&format!("no uploads found, so there is no {what}"));
    Ok(ExitStatus::Clean)
}

/// The path of the config: the existing one, if it may be replaced. Symlinks are not followed, because a checkout may be untrusted.
pub(crate) fn place(root: &Path, force: bool) -> Result<PathBuf, String> {
    let existing = CONFIGS.iter().map(|name| root.join(name)).find(|path| path.symlink_metadata().is_ok());
    let Some(path) = existing else {
        let path = root.join(CONFIGS[0]);
        let folder = path.parent().unwrap_or(root);
        return within(root, folder).map(|()| path);
    };
    if !force {
        return Err(format!("{} already exists; use `--force` to replace its publishers", at(&path)));
    }
    match path.symlink_metadata() {
        Ok(kind) if kind.is_file() => within(root, path.parent().unwrap_or(root)).map(|()| path),
        _ => Err(format!("{} is not a regular file, so it is not overwritten", at(&path))),
    }
}

fn within(root: &Path, folder: &Path) -> Result<(), String> {
    // A folder that does not exist is created below the nearest one that does.
    let existing = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(folder);
    match (root.canonicalize(), existing.canonicalize()) {
        (Ok(root), Ok(folder)) if folder.starts_with(&root) => Ok(()),
        _ => Err(format!("{} is outside the repository", crate::cli::slashed(folder))),
    }
}

/// A folder relative to the repository, as `extra-rules` names it; `None` outside of it.
fn below(root: &Path, folder: &Path) -> Option<String> {
    let (root, folder) = (root.canonicalize().ok()?, folder.canonicalize().ok()?);
    let parts: Option<Vec<&str>> = folder.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/")).filter(|path| !path.is_empty())
}

/// A path without a leading `./`.
pub(crate) fn at(path: &Path) -> String {
    let shown = crate::cli::slashed(path);
    shown.strip_prefix("./").unwrap_or(&shown).to_owned()
}

/// Prints what was written, and what to type into each registry's form.
fn report_written(place: &Path, proposals: &[Proposal<'_>]) -> Result<ExitStatus, CommandError> {
    let mut out = Vec::new();
    writeln!(out, "wrote {}", at(place))?;
    let sound = proposals.iter().filter(|proposal| proposal.open.is_none());
    for proposal in sound.clone() {
        let jobs: Vec<String> = proposal.requested_by.iter().map(|requester| format!("`{}`", requester.job)).collect();
        let word = if jobs.len() == 1 { "job" } else { "jobs" };
        writeln!(out)?;
        text::form(&mut out, &format!("{} for {word} {}", proposal.registry.name, jobs.join(", ")), proposal.form)?;
    }
    match proposals.len() - sound.count() {
        0 => {}
        1 => writeln!(out, "\none publisher is commented out in it, with the reason")?,
        open => writeln!(out, "\n{open} publishers are commented out in it, with the reasons")?,
    }
    print(&out)
}
