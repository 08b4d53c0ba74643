//! Loads the projects that the command line names, each with the rules of its config.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::projects::{self, FoundProjects};
use crate::cli::{CommandError, eprint, rules_folder};
use crate::lint::baseline::Baseline;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::config::Config;
use crate::read::files::{DiskFiles, Files, MemoryFiles, OverlayFiles, reason};
use crate::read::problem::Problem;
use crate::read::project::{Project, UnreadableFile, WORKFLOWS};
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
    /// `select:` of its config.
    pub(crate) select: Vec<String>,
    /// The baseline that its config names.
    pub(crate) baseline: Option<Baseline>,
    /// Why that baseline cannot be read. Only a command that uses it fails.
    pub(crate) unread_baseline: Option<String>,
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
    targets_below(paths, stdin_filename, |found, common| projects::below(&found.real, common?))
}

/// The same for a part of a longer list: paths are relative to the current folder, so that the reports of all parts agree.
pub(crate) fn listed(paths: &[PathBuf]) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    targets_below(paths, None, |found, _| Some(projects::near(&found.real)))
}

/// `prefix` gets each project, and the folder that contains all paths if there are several.
fn targets_below(
    paths: &[PathBuf],
    stdin_filename: Option<&Path>,
    prefix: impl Fn(&FoundProjects, Option<&Path>) -> Option<String>,
) -> Result<(Vec<CheckTarget>, Vec<String>), CommandError> {
    let mut targets = Vec::new();
    let mut trouble = Vec::new();
    let search = |path: &PathBuf| {
        let real = projects::real(path);
        // `-` needs no search.
        (real.clone(), (path.as_os_str() != "-").then(|| projects::projects(path, real)))
    };
    // In parallel: there may be thousands of paths. The thread pool is not started for one.
    let (real, found): (Vec<_>, Vec<_>) =
        if paths.len() > 1 { paths.par_iter().map(search).unzip() } else { paths.iter().map(search).unzip() };
    let common = if real.len() > 1 { projects::common(&real) } else { None };
    for (path, found) in paths.iter().zip(found) {
        let Some(found) = found else {
            let name = stdin_filename.ok_or_else(|| "`-` needs `--stdin-filename PATH`".to_owned())?;
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map_err(|error| format!("stdin cannot be read: {}", reason(&error)))?;
            targets.push(CheckTarget { found: projects::of_file(name), stdin: Some(bytes) });
            continue;
        };
        match found {
            Ok(found) if found.is_empty() && path.as_os_str() == "." => {
                if let Some(found) = projects::enclosing(path) {
                    eprint(&format!(
                        "no workflows found in ./{WORKFLOWS}; checking the repository {}",
                        found.root.display()
                    ));
                    targets.push(CheckTarget { found, stdin: None });
                }
            }
            Ok(found) => targets.extend(found.into_iter().map(|mut found| {
                if let Some(prefix) = prefix(&found, common) {
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
    let disk = match DiskFiles::from_canonical(target.found.real.clone()) {
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
    if let Some(path) = target.found.only.as_deref().filter(|path| is_yaml(path)) {
        loaded.add_named_workflow(files, path);
    }
    loaded.apply_config(files, folders);
    let data = &loaded.rules.as_ref().unwrap_or(rules).data;
    loaded.project.load_manifests(files, data.registries.manifests());
    loaded.project.load_scripts(files, &data.github.shell.runs);
    loaded
}

/// `folders` and the `extra-rules` of the repository in the current folder.
pub(crate) fn with_extra_rules(folders: &[RuleFolder]) -> Vec<RuleFolder> {
    let mut all = folders.to_vec();
    let here = Path::new(".");
    let root =
        if projects::is_repository(here) { Some(here.to_owned()) } else { projects::enclosing(here).map(|it| it.root) };
    let files = root.and_then(|root| DiskFiles::new(&root).ok());
    let Some(files) = files else { return all };
    let project = Project::load(&files, None);
    let config = project.config.as_ref().and_then(|document| Some((document, project.source(document.file)?)));
    let extra = config.map(|(document, source)| Config::read(document.file, source, &document.tree).extra_rules);
    for text in extra.into_iter().flatten() {
        // A folder that cannot be read is reported by `check`.
        let folder = rules_folder::within(&files, text.value().trim_end_matches('/'), text.value());
        all.extend(folder.ok().filter(|folder| !folders.iter().any(|known| known.has_files_of(folder))));
    }
    all
}

impl LoadedProject {
    /// The rules that it is checked with, if `usual` are those of projects without rules of their own.
    pub(crate) fn rules<'r>(&'r self, usual: &'r RuleSet) -> &'r RuleSet {
        self.rules.as_ref().unwrap_or(usual)
    }

    /// Reports that the baseline of the config cannot be read.
    pub(crate) fn require_baseline(&mut self) {
        if let Some(text) = self.unread_baseline.take() {
            self.fail(text);
        }
    }

    fn fail(&mut self, text: String) {
        self.failures.push(text.clone());
        self.trouble.push(text);
    }

    /// A named file outside of `.github/workflows` is checked as a workflow too.
    fn add_named_workflow(&mut self, files: &dyn Files, path: &str) {
        let known = self.project.file(path).is_some_and(|file| self.project.document(file).is_some());
        let name = path.rsplit('/').next().unwrap_or(path);
        if known || matches!(name, "action.yml" | "action.yaml") || path.starts_with(&format!("{WORKFLOWS}/")) {
            return;
        }
        // A file that cannot be read was reported when its path was looked up.
        let Ok(bytes) = files.read(path) else { return };
        if !self.project.add_workflow(files, path, bytes) {
            eprint(&format!("{}{path} is not a workflow: it has no `jobs`", self.near));
        }
    }

    /// Loads what the config names: its `extra-rules` and its baseline.
    fn apply_config(&mut self, files: &dyn Files, folders: &[RuleFolder]) {
        let project = std::mem::take(&mut self.project);
        if let Some((document, source)) =
            project.config.as_ref().and_then(|document| Some((document, project.source(document.file)?)))
        {
            let config = Config::read(document.file, source, &document.tree);
            self.select = config.select.iter().map(|word| word.value().to_owned()).collect();
            if let Some(path) = config.baseline {
                let baseline = files.read(path.value()).map_err(|error| format!("cannot be read: {}", reason(&error)));
                let parsed = baseline.and_then(|bytes| Baseline::parse(&String::from_utf8_lossy(&bytes)));
                match parsed {
                    Ok(baseline) => self.baseline = Some(baseline),
                    Err(reason) => {
                        self.unread_baseline = Some(format!("the baseline {}{} {reason}", self.near, path.value()));
                    }
                }
            }
            let mut all = folders.to_vec();
            for text in &config.extra_rules {
                match rules_folder::within(files, text.value().trim_end_matches('/'), text.value()) {
                    // `--rules` may name the same folder.
                    Ok(folder) if all.iter().any(|known| known.has_files_of(&folder)) => {}
                    Ok(folder) => all.push(folder),
                    Err(problem) => self.fail(problem),
                }
            }
            if !config.extra_rules.is_empty() {
                match RuleSet::load_for_check(&all) {
                    Ok(rules) => self.rules = Some(rules),
                    Err(problems) => problems.into_iter().for_each(|problem| self.fail(problem)),
                }
            }
        }
        self.project = project;
    }

    /// One line per problem, with its place.
    pub(crate) fn problem_lines(&self, problems: &[Problem]) -> Vec<String> {
        let line = |problem: &Problem| {
            let source = self.project.source(problem.place.file)?;
            let at = source.position(problem.place.span.start, ColumnUnit::CodePoints);
            let path = below(&self.near, source.path());
            Some(format!("{path}:{}:{}: error: {}", at.line, at.column, problem.message))
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

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}
