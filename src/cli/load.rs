//! Reads the projects that the command line names, each with the rules that hold for it. It judges nothing.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::projects::{self, FoundProjects};
use crate::cli::{CommandError, folder};
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::config::Config;
use crate::read::files::{DiskFiles, Files, OverlayFiles, reason};
use crate::read::problem::Problem;
use crate::read::project::{Project, UnreadableFile};
use crate::read::source::ColumnUnit;
use crate::report::below;

/// A project with the text that stdin gives for one of its files.
pub struct CheckTarget {
    /// The project.
    pub found: FoundProjects,
    stdin: Option<Vec<u8>>,
}

/// A project that was read, and what kept it from being read as asked.
#[derive(Default)]
pub struct LoadedProject {
    /// Its path below what was asked for: empty, or with a final slash.
    pub prefix: String,
    /// Its path from where the program runs: empty, or with a final slash.
    pub near: String,
    /// The project.
    pub project: Project,
    /// The rules with those that its config adds; `None` where it adds none.
    pub rules: Option<RuleSet>,
    /// Sentences for people.
    pub trouble: Vec<String>,
    /// Those of them without which nothing can be taken as checked: a root, a config or rules that cannot be read.
    pub failures: Vec<String>,
}

/// What paths mean, and which of them mean nothing. `-` is stdin, which stands for the file `stdin_filename`.
pub fn targets(
    paths: &[PathBuf],
    stdin_filename: Option<&Path>,
) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    let common = if paths.len() > 1 { projects::common(paths) } else { None };
    let prefix = |found: &FoundProjects| projects::below(&found.real, common.as_ref()?);
    targets_below(paths, stdin_filename, prefix)
}

/// The same for a part of a longer list. Every project is told from where the program runs, whatever else is in its part, so that the
/// reports of all parts name it alike.
pub fn listed(paths: &[PathBuf]) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    targets_below(paths, None, |found| Some(projects::near(&found.real)))
}

fn targets_below(
    paths: &[PathBuf],
    stdin_filename: Option<&Path>,
    prefix: impl Fn(&FoundProjects) -> Option<String>,
) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    let mut targets = Vec::new();
    let mut trouble = Vec::new();
    // Thousands of repositories are looked for side by side too. `-` is none of them, so nothing is looked for.
    let named = |path: &PathBuf| (path.as_os_str() != "-").then(|| projects::projects(path));
    let found: Vec<_> = paths.par_iter().map(named).collect();
    for found in found {
        let Some(found) = found else {
            let name = stdin_filename
                .ok_or_else(|| "with `-`, `--stdin-filename` says which file it stands for".to_owned())?;
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map_err(|error| format!("stdin cannot be read: {}", reason(&error)))?;
            targets.push(CheckTarget { found: projects::of_file(name), stdin: Some(bytes) });
            continue;
        };
        match found {
            Ok(found) => targets.extend(found.into_iter().map(|mut found| {
                if let Some(prefix) = prefix(&found) {
                    found.prefix = prefix;
                }
                CheckTarget { found, stdin: None }
            })),
            Err(text) => trouble.push(text),
        }
    }
    Ok((targets, trouble))
}

/// Reads a project. `config` is another config than its own; `rules` hold for all projects; `folders` are those
/// of them that are not built in.
#[must_use]
pub fn load(target: &CheckTarget, config: Option<&Path>, rules: &RuleSet, folders: &[RuleFolder]) -> LoadedProject {
    let mut loaded = LoadedProject {
        prefix: target.found.prefix.clone(),
        near: projects::near(&target.found.real),
        ..LoadedProject::default()
    };
    let disk = match DiskFiles::new(&target.found.root) {
        Ok(disk) => disk,
        Err(error) => {
            loaded.fail(format!("{} cannot be read: {}", target.found.root.display(), reason(&error)));
            return loaded;
        }
    };
    let overlay;
    let files: &dyn Files = match (&target.stdin, &target.found.only) {
        (Some(bytes), Some(path)) => {
            overlay = OverlayFiles { below: &disk, path: path.clone(), bytes: bytes.clone() };
            &overlay
        }
        _ => &disk,
    };
    let config = config.and_then(|path| match std::fs::read(path) {
        Ok(bytes) => Some((config_path(path, &target.found.root), bytes)),
        Err(error) => {
            loaded.fail(format!("the config {} cannot be read: {}", path.display(), reason(&error)));
            None
        }
    });
    loaded.project = Project::load(files, config);
    let mut trouble = Vec::new();
    loaded.rules = extended(&loaded.project, files, folders, &mut trouble);
    trouble.into_iter().for_each(|text| loaded.fail(text));
    let data = &loaded.rules.as_ref().unwrap_or(rules).data;
    loaded.project.gather(files, data.registries.manifests());
    loaded
}

impl LoadedProject {
    fn fail(&mut self, text: String) {
        self.failures.push(text.clone());
        self.trouble.push(text);
    }

    /// Problems as lines for people.
    #[must_use]
    pub fn told(&self, problems: &[Problem]) -> Vec<String> {
        let line = |problem: &Problem| {
            let source = self.project.source(problem.place.file)?;
            let at = source.position(problem.place.span.start, ColumnUnit::CodePoints);
            let path = below(&self.near, source.path());
            Some(format!("{path}:{}:{}: {}", at.line, at.column, problem.message))
        };
        problems.iter().filter_map(line).collect()
    }

    /// What is wrong with the config, and the files that could not be read.
    #[must_use]
    pub fn complaints(&self, problems: &[Problem]) -> Vec<String> {
        let unreadable =
            |file: &UnreadableFile| format!("{}{} could not be read: {}", self.near, file.path, file.reason);
        self.told(problems).into_iter().chain(self.project.unreadable.iter().map(unreadable)).collect()
    }
}

/// A config's path below the project that it is for, or, elsewhere, in full.
fn config_path(path: &Path, root: &Path) -> String {
    let Ok(real) = path.canonicalize() else { return crate::cli::shown(path) };
    let inner = root.canonicalize().ok().and_then(|root| real.strip_prefix(root).ok().map(Path::to_owned));
    crate::cli::shown(&inner.unwrap_or(real))
}

/// The rules with the folders that the project's config names.
fn extended(
    project: &Project,
    files: &dyn Files,
    folders: &[RuleFolder],
    trouble: &mut Vec<String>,
) -> Option<RuleSet> {
    let document = project.config.as_ref()?;
    let config = Config::read(document.file, project.source(document.file)?, &document.tree);
    if config.extra_rules.is_empty() {
        return None;
    }
    let mut all = folders.to_vec();
    for text in &config.extra_rules {
        match folder::within(files, text.value().trim_end_matches('/'), text.value()) {
            Ok(folder) => all.push(folder),
            Err(problem) => trouble.push(problem),
        }
    }
    RuleSet::with(&all).map_err(|problems| trouble.extend(problems)).ok()
}
