//! Loads the projects that the command line names, each with the rules of its config.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::projects::{self, FoundProjects};
use crate::cli::{CommandError, folder};
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::config::Config;
use crate::read::files::{DiskFiles, Files, MemoryFiles, OverlayFiles, reason};
use crate::read::problem::Problem;
use crate::read::project::{Project, UnreadableFile};
use crate::read::source::ColumnUnit;
use crate::report::below;

/// A project to check, with the text of stdin for one of its files.
pub(crate) struct CheckTarget {
    pub(crate) found: FoundProjects,
    stdin: Option<Vec<u8>>,
}

/// A loaded project, and what could not be loaded.
#[derive(Default)]
pub(crate) struct LoadedProject {
    /// Its path relative to the named folder: empty, or with a final slash.
    pub(crate) prefix: String,
    /// Its path relative to the current folder: empty, or with a final slash.
    pub(crate) near: String,
    pub(crate) project: Project,
    /// The rules including its `extra-rules`; `None` without any.
    pub(crate) rules: Option<RuleSet>,
    /// Messages for stderr.
    pub(crate) trouble: Vec<String>,
    /// The subset that makes the results incomplete: the root, the config or rules cannot be read.
    pub(crate) failures: Vec<String>,
}

/// The projects of `paths`, and a message for each path that cannot be read. `-` is the text of the file `stdin_filename`.
pub(crate) fn targets(
    paths: &[PathBuf],
    stdin_filename: Option<&Path>,
) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    let common = if paths.len() > 1 { projects::common(paths) } else { None };
    let prefix = |found: &FoundProjects| projects::below(&found.real, common.as_ref()?);
    targets_below(paths, stdin_filename, prefix)
}

/// The same for a part of a longer list: paths are relative to the current folder, so that the reports of all parts agree.
pub(crate) fn listed(paths: &[PathBuf]) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    targets_below(paths, None, |found| Some(projects::near(&found.real)))
}

fn targets_below(
    paths: &[PathBuf],
    stdin_filename: Option<&Path>,
    prefix: impl Fn(&FoundProjects) -> Option<String>,
) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    let mut targets = Vec::new();
    let mut trouble = Vec::new();
    // In parallel: there may be thousands of paths. `-` needs no search.
    let search = |path: &PathBuf| (path.as_os_str() != "-").then(|| projects::projects(path));
    let found: Vec<_> = paths.par_iter().map(search).collect();
    for found in found {
        let Some(found) = found else {
            let name = stdin_filename.ok_or_else(|| "`-` needs `--stdin-filename PATH`".to_owned())?;
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

/// Loads a project. `config` replaces its own config; `rules` are the rules of all projects, with the user rules of `folders`.
pub(crate) fn load(
    target: &CheckTarget,
    config: Option<&Path>,
    rules: &RuleSet,
    folders: &[RuleFolder],
) -> LoadedProject {
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
    let (above, overlay);
    let files: &dyn Files = match (&target.stdin, &target.found.only) {
        (Some(bytes), Some(path)) => {
            above = MemoryFiles::from([(path.clone(), bytes.clone())]);
            overlay = OverlayFiles { below: &disk, above: &above };
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
    loaded.project.load_manifests(files, data.registries.manifests());
    loaded
}

impl LoadedProject {
    fn fail(&mut self, text: String) {
        self.failures.push(text.clone());
        self.trouble.push(text);
    }

    /// One line per problem, with its place.
    pub(crate) fn problem_lines(&self, problems: &[Problem]) -> Vec<String> {
        let line = |problem: &Problem| {
            let source = self.project.source(problem.place.file)?;
            let at = source.position(problem.place.span.start, ColumnUnit::CodePoints);
            let path = below(&self.near, source.path());
            Some(format!("{path}:{}:{}: {}", at.line, at.column, problem.message))
        };
        problems.iter().filter_map(line).collect()
    }

    /// The problems of the config, and the files that could not be read.
    pub(crate) fn messages(&self, problems: &[Problem]) -> Vec<String> {
        let unreadable =
            |file: &UnreadableFile| format!("{}{} could not be read: {}", self.near, file.path, file.reason);
        self.problem_lines(problems).into_iter().chain(self.project.unreadable.iter().map(unreadable)).collect()
    }
}

/// A config's path relative to the project, or the full path outside of it.
fn config_path(path: &Path, root: &Path) -> String {
    let Ok(real) = path.canonicalize() else { return crate::cli::slashed(path) };
    let inner = root.canonicalize().ok().and_then(|root| real.strip_prefix(root).ok().map(Path::to_owned));
    crate::cli::slashed(&inner.unwrap_or(real))
}

/// The rules with the `extra-rules` of the project's config.
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
