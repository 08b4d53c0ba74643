//! The repositories of the open documents and of the workspace folders. Each is loaded with the unsaved texts of the editor over its
//! files, and checked again after a change.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use crate::cli::projects::is_repository;
use crate::cli::rules_folder;
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::baseline::Baseline;
use crate::lint::engine::check_again;
use crate::lint::findings::Report;
use crate::lint::fix::OfferedFixes;
use crate::lint::fix::verify::check_with_fixes;
use crate::lint::recheck::WorkflowFindings;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::lsp::open_document::Document;
use crate::lsp::view::Documents;
use crate::read::config::Config;
use crate::read::files::{DiskFiles, Files, MemoryFiles, OverlayFiles, reason};
use crate::read::problem::Problem;
use crate::read::project::Project;
use crate::read::source::{Place, SourceFile, Span};

/// All repositories and open documents.
pub(crate) struct Workspace {
    /// The built-in rules.
    rules: Arc<RuleSet>,
    /// Folders of user rules that are in force for every repository.
    pub(crate) rule_folders: Vec<PathBuf>,
    pub(crate) documents: Documents,
    repositories: BTreeMap<PathBuf, Repository>,
    today: Option<Date>,
}

/// A repository, by its root.
#[derive(Default)]
struct Repository {
    /// The last result; `None` after a change.
    checked: Option<Arc<CheckedRepository>>,
    /// The result before the change.
    earlier: Option<Arc<CheckedRepository>>,
    /// Whether the client has the diagnostics of the last result. A request between a change and its diagnostics checks the repository
    /// too, so `checked` does not say it.
    is_reported: bool,
    /// The user rules of the last result, which most changes do not affect.
    rules: Option<(Vec<RuleFolder>, LoadedRules)>,
    /// Whether it is a workspace folder. Other repositories are dropped when their last document is closed.
    is_folder: bool,
}

impl Repository {
    fn changed(&mut self) {
        self.earlier = self.checked.take().or_else(|| self.earlier.take());
        self.is_reported = false;
    }
}

/// The rules in force, and the problems of the user rules.
type LoadedRules = (Arc<RuleSet>, Vec<RuleProblem>);

/// A problem of a file of user rules.
#[derive(Debug, Clone)]
pub(crate) struct RuleProblem {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// A repository as it was loaded and checked.
pub(crate) struct CheckedRepository {
    pub(crate) root: PathBuf,
    pub(crate) project: Project,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) report: Report,
    pub(crate) rule_problems: Vec<RuleProblem>,
    /// Problems without a file of their own, e.g. a folder of rules that cannot be read.
    pub(crate) messages: Vec<String>,
    pub(crate) today: Option<Date>,
    /// `select:` of the config.
    select: Vec<String>,
    /// The baseline that the config names.
    baseline: Option<Baseline>,
    offered: OnceLock<Report>,
    /// What the next check can take over.
    of_workflows: Option<WorkflowFindings>,
}

impl CheckedRepository {
    /// The absolute path of a file.
    pub(crate) fn path(&self, file: &SourceFile) -> PathBuf {
        self.root.join(file.path())
    }

    /// The file of the project at a path.
    pub(crate) fn file(&self, path: &Path) -> Option<&SourceFile> {
        let below = relative(&self.root, path)?;
        self.project.source(self.project.file(&below)?)
    }

    /// The report with a fix for each finding that has one. Each fix is tried, which takes as long as a check, so the editor waits for
    /// it only when it asks for code actions.
    pub(crate) fn offered(&self) -> &Report {
        self.offered.get_or_init(|| {
            let offered = catch_unwind(AssertUnwindSafe(|| {
                check_with_fixes(&self.project, &self.rules, self.today, OfferedFixes::All)
            }));
            offered.map_or_else(|_| self.report.clone(), |report| self.filtered(report))
        })
    }

    /// A report without what the config does not select and what its baseline contains.
    fn filtered(&self, mut report: Report) -> Report {
        let selected: Vec<&str> =
            self.select.iter().flat_map(|word| self.rules.select(word)).map(|rule| rule.name.as_str()).collect();
        if !self.select.is_empty() {
            report.findings.retain(|finding| selected.contains(&finding.name.as_str()));
        }
        if let Some(baseline) = &self.baseline {
            let path = |place: Place| self.project.source(place.file).map_or("", SourceFile::path).to_owned();
            baseline.clone().keep_new(&mut report, path);
        }
        report
    }

    /// Analyses the repository: an analysis borrows the project, so it cannot be kept.
    pub(crate) fn analyse<T>(&self, look: impl FnOnce(&Analysis<'_, '_>) -> T) -> T {
        let parsed = ParsedProject::new(&self.rules.data.github, &self.project);
        let (analysis, _) = Analysis::new(&self.rules.data, &self.project, &parsed);
        look(&analysis)
    }
}

impl Workspace {
    /// # Errors
    /// If the built-in rules cannot be read, which the tests rule out.
    pub(crate) fn new(rule_folders: Vec<PathBuf>, today: Option<Date>) -> Result<Self, String> {
        let rules = Arc::new(RuleSet::load_for_check(&[]).map_err(|problems| problems.join("\n"))?);
        Ok(Self { rules, rule_folders, documents: Documents::new(), repositories: BTreeMap::new(), today })
    }

    /// Adds a workspace folder. A folder that is not a repository is ignored.
    pub(crate) fn add_folder(&mut self, folder: &Path) {
        if is_repository(folder) {
            self.repositories.entry(folder.to_owned()).or_default().is_folder = true;
        }
    }

    pub(crate) fn remove_folder(&mut self, folder: &Path) {
        if let Some(repository) = self.repositories.get_mut(folder) {
            repository.is_folder = false;
        }
    }

    /// Removes the repositories of no folder and no document, and returns their roots.
    pub(crate) fn remove_unused(&mut self) -> Vec<PathBuf> {
        let documents = &self.documents;
        let unused = |root: &PathBuf| !documents.keys().any(|path| repository_of(path).as_ref() == Some(root));
        let roots: Vec<PathBuf> = self
            .repositories
            .iter()
            .filter(|(root, repository)| !repository.is_folder && unused(root))
            .map(|(root, _)| root.clone())
            .collect();
        for root in &roots {
            self.repositories.remove(root);
        }
        roots
    }

    /// Opens or replaces a document, and with it its repository.
    pub(crate) fn open(&mut self, path: PathBuf, document: Document) {
        if let Some(root) = repository_of(&path) {
            self.repositories.entry(root).or_default();
        }
        self.documents.insert(path.clone(), document);
        self.changed(&path);
    }

    /// A file or a document has another text: the repositories around it, and all of them if it may be a rule, are checked again.
    pub(crate) fn changed(&mut self, path: &Path) {
        for (root, repository) in &mut self.repositories {
            if path.starts_with(root) || self.rule_folders.iter().any(|folder| path.starts_with(root.join(folder))) {
                repository.changed();
            }
        }
    }

    pub(crate) fn all_changed(&mut self) {
        self.repositories.values_mut().for_each(Repository::changed);
    }

    /// The roots of the repositories that changed since the last call.
    pub(crate) fn take_unreported(&mut self) -> Vec<PathBuf> {
        let unreported = self.repositories.iter_mut().filter(|(_, repository)| !repository.is_reported);
        unreported
            .map(|(root, repository)| {
                repository.is_reported = true;
                root.clone()
            })
            .collect()
    }

    /// The repository that holds a file: the innermost one.
    pub(crate) fn of(&mut self, path: &Path) -> Option<Arc<CheckedRepository>> {
        let root = self.repositories.keys().rev().find(|root| path.starts_with(root))?.clone();
        self.checked(&root)
    }

    /// The names of the manifests, the task files and the scripts that a check may read, as globs.
    pub(crate) fn file_names(&self) -> Vec<String> {
        let data = &self.rules.data;
        let runs = &data.github.shell.runs;
        let manifests = data.registries.manifests().iter().map(|kind| kind.file.as_str().to_owned());
        let tasks = runs.tasks.iter().flat_map(|task| &task.files).map(|file| file.file.as_str().to_owned());
        let scripts = runs.extensions.keys().map(|extension| format!("*.{extension}"));
        let aliases = runs.aliases.iter().map(|alias| alias.file.clone());
        let mut names: Vec<String> = manifests.chain(tasks).chain(scripts).chain(aliases).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        self.repositories.keys().cloned().collect()
    }

    /// A repository, checked.
    pub(crate) fn checked(&mut self, root: &Path) -> Option<Arc<CheckedRepository>> {
        if let Some(checked) = self.repositories.get(root)?.checked.clone() {
            return Some(checked);
        }
        let repository = self.repositories.get_mut(root)?;
        let (known, earlier) = (repository.rules.take(), repository.earlier.take());
        // A fault of ours in one repository must not end the server of all.
        let (checked, rules) = catch_unwind(AssertUnwindSafe(|| self.check(root, known, earlier.as_deref())))
            .unwrap_or_else(|_| {
                let message = "trustpub failed to check this repository, which is a bug; please report it".to_owned();
                (self.failed(root, message), None)
            });
        let checked = Arc::new(checked);
        let repository = self.repositories.get_mut(root)?;
        repository.checked = Some(Arc::clone(&checked));
        repository.rules = rules;
        Some(checked)
    }

    fn failed(&self, root: &Path, message: String) -> CheckedRepository {
        CheckedRepository {
            root: root.to_owned(),
            project: Project::default(),
            rules: Arc::clone(&self.rules),
            report: Report::default(),
            rule_problems: Vec::new(),
            messages: vec![message],
            today: self.today,
            select: Vec::new(),
            baseline: None,
            offered: OnceLock::new(),
            of_workflows: None,
        }
    }

    fn check(
        &self,
        root: &Path,
        known: Option<(Vec<RuleFolder>, LoadedRules)>,
        earlier: Option<&CheckedRepository>,
    ) -> (CheckedRepository, Option<(Vec<RuleFolder>, LoadedRules)>) {
        let mut result = self.failed(root, String::new());
        result.messages.clear();
        let (folders, problems) = self.with_files(root, |files| {
            let none = Project::default();
            result.project = Project::load_again(files, None, earlier.map_or(&none, |earlier| &earlier.project));
            self.read_config(&mut result, files)
        });
        let loaded = match known.filter(|(known, _)| *known == folders) {
            Some((_, loaded)) => loaded,
            None => self.load_rules(&folders),
        };
        (result.rules, result.rule_problems) = (Arc::clone(&loaded.0), loaded.1.clone());
        self.with_files(root, |files| {
            result.project.load_manifests(files, result.rules.data.registries.manifests());
            result.project.load_scripts(files, &result.rules.data.github.shell.runs);
        });
        let earlier = earlier
            .filter(|earlier| Arc::ptr_eq(&earlier.rules, &result.rules))
            .and_then(|earlier| Some((&earlier.project, earlier.of_workflows.as_ref()?)));
        let (mut report, found) = check_again(&result.project, &result.rules, self.today, earlier);
        result.of_workflows = Some(found);
        report.problems.extend(problems);
        result.report = result.filtered(report);
        (result, Some((folders, loaded)))
    }

    /// Reads what the config names: its baseline and the folders of user rules that are in force. What cannot be read is a problem.
    fn read_config(&self, result: &mut CheckedRepository, files: &dyn Files) -> (Vec<RuleFolder>, Vec<Problem>) {
        let (mut folders, mut problems) = (Vec::new(), Vec::new());
        for path in &self.rule_folders {
            let path = result.root.join(path);
            match self.with_files(&path, |files| rules_folder::within(files, "", &path.to_string_lossy())) {
                Ok(folder) => folders.push(folder),
                Err(message) => result.messages.push(message),
            }
        }
        let project = &result.project;
        let document = project.config.as_ref();
        let source = document.and_then(|document| Some((document, project.source(document.file)?)));
        let Some(config) = source.map(|(document, source)| Config::read(document.file, source, &document.tree)) else {
            return (folders, problems);
        };
        for text in &config.extra_rules {
            let name = text.value().trim_end_matches('/');
            match rules_folder::within(files, name, name) {
                Ok(folder) => folders.push(folder),
                Err(message) => problems.push(Problem::new(text.place(), message)),
            }
        }
        result.select = config.select.iter().map(|word| word.value().to_owned()).collect();
        if let Some(text) = config.baseline {
            let bytes = files.read(text.value()).map_err(|error| format!("cannot be read: {}", reason(&error)));
            match bytes.and_then(|bytes| Baseline::parse(&String::from_utf8_lossy(&bytes))) {
                Ok(baseline) => result.baseline = Some(baseline),
                Err(why) => problems.push(Problem::new(text.place(), format!("the baseline {why}"))),
            }
        }
        (folders, problems)
    }

    fn load_rules(&self, folders: &[RuleFolder]) -> LoadedRules {
        if folders.is_empty() {
            return (Arc::clone(&self.rules), Vec::new());
        }
        match RuleSet::load_for_check(folders) {
            Ok(rules) => (Arc::new(rules), Vec::new()),
            Err(problems) => {
                let problems = problems.iter().filter_map(|problem| rule_problem(folders, problem)).collect();
                (Arc::clone(&self.rules), problems)
            }
        }
    }

    /// Passes a folder's files to `look`, with the texts of open documents instead of the files on disk.
    fn with_files<T>(&self, root: &Path, look: impl FnOnce(&dyn Files) -> T) -> T {
        let mut above = MemoryFiles::default();
        for (path, document) in &self.documents {
            if let Some(name) = relative(root, path) {
                above.insert(name, document.source.text());
            }
        }
        match DiskFiles::new(root) {
            Ok(below) => look(&OverlayFiles { below: &below, above: &above }),
            Err(_) => look(&above),
        }
    }
}

/// A path below a root, with `/` between its parts.
pub(crate) fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

/// The root of a file's repository: the nearest repository above it, or the parent of a `.github` folder in its path.
fn repository_of(path: &Path) -> Option<PathBuf> {
    let around = path.ancestors().skip(1).find(|folder| is_repository(folder));
    let planned = || path.ancestors().find(|folder| folder.ends_with(".github")).and_then(Path::parent);
    around.or_else(planned).map(Path::to_owned)
}

/// A problem of the user rules at its place. Loading says it as `path:line:column: message`, or as `path: message`.
fn rule_problem(folders: &[RuleFolder], problem: &str) -> Option<RuleProblem> {
    let files = folders.iter().flat_map(|folder| [&folder.rules, &folder.registries, &folder.needs]).flatten();
    let mut of_file =
        files.filter_map(|(path, text)| Some((path, text, problem.strip_prefix(path.as_str())?.strip_prefix(':')?)));
    let (path, text, rest) = of_file.next()?;
    let file = SourceFile::new(path.clone(), text.clone().into_bytes());
    let mut parts = rest.splitn(3, ':');
    let mut number = || parts.next()?.parse::<u32>().ok();
    let at = number().zip(number());
    let (line, column, message) = match (at, parts.next()) {
        (Some((line, column)), Some(message)) => (line, column, message),
        _ => (1, 1, rest),
    };
    let span = file.line_span(line);
    let letters = file.slice(span).chars().take(column.saturating_sub(1) as usize);
    let before: usize = letters.map(char::len_utf8).sum();
    let start = span.start.saturating_add(u32::try_from(before).unwrap_or(0)).min(span.end);
    Some(RuleProblem { span: Span::new(start, span.end), message: message.trim().to_owned(), file: Arc::new(file) })
}
