//! One repository checkout: every file that matters, read and parsed once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::read::config::Config;
use crate::read::edit::EditedText;
use crate::read::files::{self, Files};
use crate::read::glob::Glob;
use crate::read::local_actions;
use crate::read::manifest::{self, ManifestKinds, Manifests};
use crate::read::path;
use crate::read::problem::Problem;
use crate::read::script::{self, RunFacts, Scripts};
use crate::read::source::{FileId, Place, SourceFile};
use crate::read::yaml::{self, Dialect, Tree};

/// The folder of the workflows. GitHub reads only files directly in it.
pub(crate) const WORKFLOWS: &str = ".github/workflows";

/// The lock file of the actions, in the same folder.
const LOCK: &str = "actions.lock";

/// The default paths of the config, in order of preference.
pub const CONFIGS: [&str; 2] = [".github/trustpub.yaml", ".github/trustpub.yml"];

/// The largest document that is read, in bytes.
const LARGEST_DOCUMENT: usize = 1024 * 1024;

/// The number of documents that are searched for fields of publishers.
const MOST_DOCUMENTS: usize = 32;

/// The file names of an action, in order of preference.
const ACTIONS: [&str; 2] = ["action.yml", "action.yaml"];

/// A YAML file of the project. A clone shares the tree.
#[derive(Debug, Clone)]
pub struct ProjectFile {
    /// The file.
    pub file: FileId,
    /// The parsed file, with its syntax errors.
    pub tree: Arc<Tree>,
}

/// A local action: an action in the same repository that its workflows use.
#[derive(Debug, Clone)]
pub struct LocalAction {
    /// Its folder, relative to the root; empty for the root itself.
    pub folder: String,
    /// Its `action.yml`.
    pub document: ProjectFile,
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableFile {
    /// Its path, relative to the root.
    pub path: String,
    /// The reason, e.g. "it is not a regular file".
    pub reason: String,
}

/// One repository checkout. A clone shares the texts and trees.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Every file that was read; a [`FileId`] is an index into this list.
    pub files: Vec<SourceFile>,
    /// The workflows, sorted by path.
    pub workflows: Vec<ProjectFile>,
    /// The local actions that they use, directly or through other local actions.
    pub actions: Vec<LocalAction>,
    /// The lock file of the actions, if there is one.
    pub lock: Option<ProjectFile>,
    /// The config, if there is one.
    pub config: Option<ProjectFile>,
    /// Files that could not be read.
    pub unreadable: Vec<UnreadableFile>,
    /// The manifests; empty until [`Project::load_manifests`].
    pub manifests: Arc<Manifests>,
    /// The scripts that the workflows run; empty until [`Project::load_scripts`].
    pub scripts: Arc<Scripts>,
    /// The documents that the config names; empty until [`Project::load_manifests`].
    pub documents: Vec<FileId>,
    /// Problems of files that the config names.
    pub problems: Vec<Problem>,
    /// `owner/name` from the environment or the git remote. It may be a fork, so it is only a hint.
    pub repository_hint: Option<String>,
    /// `owner/name` of each git remote on GitHub, `origin` first.
    pub remotes: Vec<String>,
}

impl Project {
    /// Reads a checkout. `config` replaces the default config file: the path to show, and the content.
    #[must_use]
    pub fn load(files: &dyn Files, config: Option<(String, Vec<u8>)>) -> Self {
        Self::load_again(files, config, &Self::default())
    }

    /// Reads a checkout again. A file that has the same text as in an earlier state is not parsed again.
    #[must_use]
    pub(crate) fn load_again(files: &dyn Files, config: Option<(String, Vec<u8>)>, earlier: &Self) -> Self {
        let known = &KnownFiles::of(earlier);
        let mut project = Self::default();
        // Listed first: the list also says what `.github/workflows` is.
        let github = files.list(".github").unwrap_or_default();
        match files.list(WORKFLOWS) {
            Ok(names) => {
                for name in names.iter().filter(|name| is_yaml(name)) {
                    let path = format!("{WORKFLOWS}/{name}");
                    if let Some(document) = project.read(files, &path, Dialect::Workflow, known) {
                        project.workflows.push(document);
                    }
                }
                if names.iter().any(|name| name == LOCK) {
                    project.lock = project.read(files, &format!("{WORKFLOWS}/{LOCK}"), Dialect::Data, known);
                }
            }
            Err(error) => {
                project.unreadable.push(UnreadableFile { path: WORKFLOWS.into(), reason: files::reason(&error) });
            }
        }
        project.config = match config {
            Some((path, bytes)) => Some(project.parse(SourceFile::new(path, bytes), Dialect::Data, known)),
            None => project.default_config(files, &github, known),
        };
        project.load_actions(files, known);
        if let Ok(bytes) = files.read(".git/config") {
            let config = String::from_utf8_lossy(&bytes);
            let urls = remotes(&config);
            project.repository_hint = urls.first().and_then(|url| github_repository(url));
            project.remotes = urls.into_iter().filter_map(github_repository).collect();
        }
        project
    }

    /// Adds a file outside of `.github/workflows` as a workflow, if it looks like one.
    pub(crate) fn add_workflow(&mut self, files: &dyn Files, path: &str, bytes: Vec<u8>) -> bool {
        let known = &KnownFiles::default();
        let document = self.parse(SourceFile::new(path, bytes), Dialect::Workflow, known);
        let is_workflow = document.tree.root().is_none_or(|root| root.get("jobs").is_some());
        if is_workflow {
            self.workflows.push(document);
            self.load_actions(files, known);
        }
        is_workflow
    }

    /// Reads the manifests of the given kinds, and the documents that the config names. It is separate from `load` because the kinds come
    /// from the rules, and the config may name further rules.
    pub fn load_manifests(&mut self, files: &dyn Files, kinds: &ManifestKinds) {
        let manifests = manifest::load(self, files, kinds);
        self.manifests = Arc::new(manifests);
        for (path, place) in self.named_documents() {
            let read = match path::normalize(&path) {
                None => Err("it is outside the repository".to_owned()),
                Some(path) => files.read(&path).map_err(|error| files::reason(&error)),
            };
            match read {
                Ok(bytes) if bytes.len() > LARGEST_DOCUMENT => {
                    let message = format!("the document `{path}` is larger than 1 MiB; name a shorter one");
                    self.problems.push(Problem::new(place, message));
                }
                Ok(bytes) => {
                    let file = self.add(SourceFile::new(path, bytes));
                    self.documents.push(file);
                }
                Err(reason) => {
                    let message = format!(
                        "the document `{path}` cannot be read: {reason}; the path must be relative to the repository's root"
                    );
                    self.problems.push(Problem::new(place, message));
                }
            }
        }
    }

    /// Reads the documents in the root, `.github` and `docs` whose path matches one of some globs; case is ignored.
    pub fn find_documents(&mut self, files: &dyn Files, paths: &[Glob]) -> Vec<FileId> {
        let mut found = Vec::new();
        for folder in ["", ".github", "docs"] {
            for name in files.list(folder).unwrap_or_default() {
                let path = path::join(folder, &name);
                if found.len() >= MOST_DOCUMENTS || !paths.iter().any(|glob| glob.is_match(&path.to_lowercase())) {
                    continue;
                }
                if let Ok(bytes) = files.read(&path)
                    && bytes.len() <= LARGEST_DOCUMENT
                {
                    found.push(self.add(SourceFile::new(path, bytes)));
                }
            }
        }
        found
    }

    /// Reads the scripts that the workflows run. It comes after [`Project::load_manifests`], which reads the packages of workspaces.
    pub fn load_scripts(&mut self, files: &dyn Files, facts: &RunFacts) {
        let scripts = script::load(self, files, facts);
        self.scripts = Arc::new(scripts);
    }

    /// The paths under `documents:` in the config, with their places.
    fn named_documents(&self) -> Vec<(String, Place)> {
        let config = self.config.as_ref().and_then(|document| {
            Some(Config::read(document.file, self.source(document.file)?, &document.tree).documents)
        });
        config.into_iter().flatten().map(|path| (path.value().to_owned(), path.place())).collect()
    }

    pub(crate) fn add(&mut self, source: SourceFile) -> FileId {
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(source);
        file
    }

    /// The file with an id; `None` for an id of another project that has more files.
    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&SourceFile> {
        self.files.get(file.0 as usize)
    }

    /// The id of the file at a path.
    #[must_use]
    pub(crate) fn file(&self, path: &str) -> Option<FileId> {
        let index = self.files.iter().position(|source| source.path() == path)?;
        u32::try_from(index).ok().map(FileId)
    }

    /// A workflow, an action or the config, with its YAML dialect; `None` for any other file.
    #[must_use]
    pub(crate) fn document(&self, file: FileId) -> Option<(&ProjectFile, Dialect)> {
        // Ids ascend in both lists, because each file gets the next one.
        let workflow = self.workflows.binary_search_by_key(&file, |document| document.file).ok();
        let action = self.actions.binary_search_by_key(&file, |action| action.document.file).ok();
        let workflow = workflow.map(|at| &self.workflows[at]).or(action.map(|at| &self.actions[at].document));
        let workflow = workflow.map(|document| (document, Dialect::Workflow));
        workflow.or_else(|| {
            let config = self.config.as_ref().filter(|document| document.file == file);
            config.map(|document| (document, Dialect::Data))
        })
    }

    /// Replaces a workflow, an action or the config by its text after edits. Returns `None` and changes nothing for any other file.
    #[must_use]
    pub(crate) fn replace(&mut self, file: FileId, edited: &EditedText) -> Option<()> {
        let actions = self.actions.iter_mut().map(|action| &mut action.document);
        let mut all = self.workflows.iter_mut().chain(actions).chain(&mut self.config);
        let document = all.find(|document| document.file == file)?;
        let source = self.files.get_mut(file.0 as usize)?;
        *source = SourceFile::new(source.path().to_owned(), edited.text.clone().into_bytes());
        document.tree = Arc::clone(&edited.tree);
        if let Some(scripts) = self.scripts.after(file, &edited.edits) {
            self.scripts = Arc::new(scripts);
        }
        Some(())
    }

    /// The project with only the workflows that are connected with some of its workflow files. `None` if that is every workflow, or if
    /// a file is no workflow.
    #[must_use]
    pub(crate) fn connected(&self, files: &[FileId]) -> Option<Self> {
        let is_workflow = |file: &FileId| self.workflows.iter().any(|document| document.file == *file);
        let kept = self.connected_files(files);
        if kept.len() == self.workflows.len() || !files.iter().all(is_workflow) {
            return None;
        }
        let mut part = self.clone();
        part.workflows.retain(|document| kept.contains(&document.file));
        Some(part)
    }

    /// The workflow files that are connected with some files: by calls, or because one runs after another (`workflow_run`), directly or
    /// through others.
    pub(crate) fn connected_files(&self, files: &[FileId]) -> HashSet<FileId> {
        let path = |document: &ProjectFile| self.source(document.file).map_or("", SourceFile::path);
        let mut positions: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, document) in self.workflows.iter().enumerate() {
            positions.entry(path(document)).or_default().push(index);
            let name = document.tree.root().and_then(|root| root.get("name")?.text());
            name.into_iter().for_each(|name| positions.entry(name).or_default().push(index));
        }
        let mut neighbours = vec![Vec::new(); self.workflows.len()];
        for (index, document) in self.workflows.iter().enumerate() {
            for other in
                named_workflows(&document.tree).iter().filter_map(|name| positions.get(name.as_str())).flatten()
            {
                neighbours[index].push(*other);
                neighbours[*other].push(index);
            }
        }
        let mut reached: Vec<usize> =
            (0..self.workflows.len()).filter(|index| files.contains(&self.workflows[*index].file)).collect();
        let mut kept = HashSet::new();
        while let Some(next) = reached.pop() {
            if kept.insert(self.workflows[next].file) {
                reached.extend(&neighbours[next]);
            }
        }
        kept
    }

    /// Reads the local actions. A missing one is not a problem: an earlier step of the job may create it.
    fn load_actions(&mut self, files: &dyn Files, known: &KnownFiles<'_>) {
        let mut queue = local_actions::ActionQueue::default();
        self.workflows.iter().for_each(|document| queue.add(&document.tree));
        while let Some(folder) = queue.take() {
            let names = files.list(&folder).unwrap_or_default();
            let Some(name) = ACTIONS.into_iter().find(|name| names.iter().any(|other| other == name)) else { continue };
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if let Some(document) = self.read(files, &path, Dialect::Workflow, known) {
                queue.add(&document.tree);
                self.actions.push(LocalAction { folder, document });
            }
        }
    }

    /// The config in `.github`; `names` are the files in it.
    fn default_config(&mut self, files: &dyn Files, names: &[String], known: &KnownFiles<'_>) -> Option<ProjectFile> {
        let path = CONFIGS.into_iter().find(|path| names.iter().any(|name| path.ends_with(&format!("/{name}"))))?;
        self.read(files, path, Dialect::Data, known)
    }

    fn read(&mut self, files: &dyn Files, path: &str, dialect: Dialect, known: &KnownFiles<'_>) -> Option<ProjectFile> {
        match files.read(path) {
            Ok(bytes) => Some(self.parse(SourceFile::new(path, bytes), dialect, known)),
            Err(error) => {
                self.unreadable.push(UnreadableFile { path: path.to_owned(), reason: files::reason(&error) });
                None
            }
        }
    }

    fn parse(&mut self, source: SourceFile, dialect: Dialect, known: &KnownFiles<'_>) -> ProjectFile {
        let (source, tree) = known.get(&source, dialect).unwrap_or_else(|| {
            let tree = Arc::new(yaml::parse(source.text(), dialect));
            (source, tree)
        });
        ProjectFile { file: self.add(source), tree }
    }
}

/// The parsed files of an earlier state of a project, by path.
#[derive(Default)]
struct KnownFiles<'k>(HashMap<&'k str, (&'k SourceFile, Dialect, &'k Arc<Tree>)>);

impl<'k> KnownFiles<'k> {
    fn of(project: &'k Project) -> Self {
        let actions = project.actions.iter().map(|action| &action.document);
        let workflows = project.workflows.iter().chain(actions).map(|document| (document, Dialect::Workflow));
        let data = project.config.iter().chain(&project.lock).map(|document| (document, Dialect::Data));
        let known = workflows.chain(data).filter_map(|(document, dialect)| {
            let source = project.source(document.file)?;
            Some((source.path(), (source, dialect, &document.tree)))
        });
        Self(known.collect())
    }

    /// The file with its tree, if its text was parsed before.
    fn get(&self, source: &SourceFile, dialect: Dialect) -> Option<(SourceFile, Arc<Tree>)> {
        let (known, of, tree) = self.0.get(source.path())?;
        (*of == dialect && known.is_same(source)).then(|| ((*known).clone(), Arc::clone(tree)))
    }
}

/// The workflows that a workflow calls, by path, and those that it runs after, by name.
fn named_workflows(tree: &Tree) -> Vec<String> {
    let Some(root) = tree.root() else { return Vec::new() };
    let jobs = root.get("jobs").into_iter().flat_map(|jobs| jobs.entries().map(|job| job.value));
    let called = jobs.filter_map(|job| local_actions::local_path(job.get("uses")?.text()?));
    let followed = root.get("on").and_then(|on| on.get("workflow_run")?.get("workflows"));
    let followed = followed.into_iter().flat_map(|names| {
        names.text().into_iter().chain(names.items().filter_map(|name| name.text())).collect::<Vec<_>>()
    });
    called.chain(followed.map(str::to_owned)).collect()
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

/// The addresses of the git remotes, `origin` first.
fn remotes(config: &str) -> Vec<&str> {
    let mut section = "";
    let mut urls = Vec::new();
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.starts_with("[remote ")
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "url"
        {
            urls.push((section != "[remote \"origin\"]", value.trim()));
        }
    }
    urls.sort_by_key(|(other, _)| *other);
    urls.into_iter().map(|(_, url)| url).collect()
}

/// `owner/name` of a GitHub URL, in any of its forms.
#[must_use]
pub(crate) fn github_repository(url: &str) -> Option<String> {
    let rest = url.split_once("github.com").map(|(_, rest)| rest)?;
    let rest = rest.strip_prefix([':', '/'])?.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    let (owner, name) = rest.split_once('/')?;
    (!owner.is_empty() && !name.is_empty() && !name.contains('/')).then(|| format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::files::MemoryFiles;

    #[test]
    fn only_yaml_files_directly_in_the_folder_are_workflows() {
        let mut files = MemoryFiles::default();
        files.insert(".github/workflows/release.yml", "on: push");
        files.insert(".github/workflows/notes.md", "");
        files.insert(".github/workflows/old/release.yml", "");
        files.insert("fixtures/.github/workflows/release.yml", "");
        files.insert(".github/trustpub.yml", "repository: acme/demo");
        let project = Project::load(&files, None);
        assert_eq!(project.workflows.len(), 1);
        assert!(project.config.is_some());
    }

    #[test]
    fn actions_that_use_actions_are_read_once() {
        let mut files = MemoryFiles::default();
        files.insert(".github/workflows/a.yml", "jobs: {a: {steps: [uses: ./ci/one, uses: ./../out, uses: ./none]}}");
        files.insert("ci/one/action.yaml", "runs: {using: composite, steps: [uses: $/ci/two, uses: ./ci/one]}");
        files.insert("ci/two/action.yml", "runs: {using: composite, steps: [uses: ./ci/one]}");
        let project = Project::load(&files, None);
        let folders: Vec<_> = project.actions.iter().map(|action| action.folder.as_str()).collect();
        assert_eq!((folders, project.unreadable.len()), (vec!["ci/one", "ci/two"], 0));
    }

    #[test]
    fn the_remote_is_read_in_every_form() {
        let config = "[core]\n\tbare = false\n[remote \"up\"]\n\turl = https://github.com/other/demo\n[remote \"origin\"]\n\turl = git@github.com:acme/demo.git\n";
        let names: Vec<_> = remotes(config).into_iter().filter_map(github_repository).collect();
        assert_eq!(names, ["acme/demo", "other/demo"]);
        assert_eq!(github_repository("ssh://git@github.com/acme/demo.git").as_deref(), Some("acme/demo"));
        assert_eq!(github_repository("https://example.com/acme/demo"), None);
    }
}
