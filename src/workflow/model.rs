//! Workflow, job and step with a place for every leaf. It never evaluates an expression and never looks at other files.

use crate::read::problem::Problem;
use crate::read::source::{FileId, Place, Source, Span};
use crate::read::syntax::{Entry, Kind, Node, Tree};
pub use crate::read::text::Text;

/// A key and its value.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'p> {
    /// The key.
    pub key: Text<'p>,
    /// The value; an empty text for a null.
    pub value: Text<'p>,
}

/// `with:` or `env:`: named texts in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Pairs<'p> {
    /// The entries.
    pub entries: Vec<Pair<'p>>,
    /// Whether the block is an expression, so that its entries are not known.
    pub dynamic: bool,
}

impl<'p> Pairs<'p> {
    /// An entry by name. GitHub compares input names without case.
    #[must_use]
    pub fn get_ignore_case(&self, name: &str) -> Option<Pair<'p>> {
        self.entries.iter().copied().find(|pair| pair.key.value().eq_ignore_ascii_case(name))
    }

    /// An entry by its exact name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Pair<'p>> {
        self.entries.iter().copied().find(|pair| pair.key.value() == name)
    }
}

/// A `permissions:` block.
#[derive(Debug, Clone)]
pub struct Permissions<'p> {
    /// Where the key `permissions` stands.
    pub key: Place,
    /// What it grants.
    pub grant: Grant<'p>,
}

/// What a `permissions:` block says.
#[derive(Debug, Clone)]
pub enum Grant<'p> {
    /// `read-all`, `write-all`, or another word that GitHub does not know.
    Word(Text<'p>),
    /// One entry per named scope; an empty mapping or nothing grants nothing.
    Scopes(Vec<Pair<'p>>),
}

/// One event of `on:`.
#[derive(Debug, Clone)]
pub struct Trigger<'p> {
    /// The event's name.
    pub event: Text<'p>,
    /// Its activity types, if the workflow lists any.
    pub types: Option<Vec<Text<'p>>>,
    /// `branches:` and `branches-ignore:`, if any.
    pub branches: Filter<'p>,
    /// `tags:` and `tags-ignore:`, if any.
    pub tags: Filter<'p>,
    /// Whether the trigger names `inputs:`, and which.
    pub inputs: Vec<Input<'p>>,
}

/// A filter on refs: what it takes and what it leaves.
#[derive(Debug, Clone, Default)]
pub struct Filter<'p> {
    /// Patterns of `branches:` or `tags:`.
    pub only: Option<Vec<Text<'p>>>,
    /// Patterns of `branches-ignore:` or `tags-ignore:`.
    pub ignore: Option<Vec<Text<'p>>>,
}

impl Filter<'_> {
    /// Whether the workflow filters at all.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.only.is_none() && self.ignore.is_none()
    }
}

/// An input of `workflow_dispatch` or `workflow_call`.
#[derive(Debug, Clone)]
pub struct Input<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// `type:`.
    pub kind: Option<Text<'p>>,
    /// `default:`.
    pub default: Option<Text<'p>>,
    /// `options:` of a choice.
    pub options: Vec<Text<'p>>,
    /// Whether `required: true` stands there.
    pub required: bool,
}

/// `environment:` of a job.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'p> {
    /// Its name.
    pub name: Text<'p>,
    /// Its `url:`.
    pub url: Option<Text<'p>>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step<'p> {
    /// Position in `steps:`, from 0.
    pub index: usize,
    /// The whole step.
    pub place: Place,
    /// `id:`.
    pub id: Option<Text<'p>>,
    /// `name:`.
    pub name: Option<Text<'p>>,
    /// `if:`.
    pub condition: Option<Text<'p>>,
    /// `uses:`.
    pub uses: Option<Text<'p>>,
    /// `run:`.
    pub run: Option<Text<'p>>,
    /// `shell:`.
    pub shell: Option<Text<'p>>,
    /// `working-directory:`.
    pub working_directory: Option<Text<'p>>,
    /// `with:`.
    pub with: Pairs<'p>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// Whether `continue-on-error: true` stands there, so that a failure is expected.
    pub tolerated: bool,
}

/// One job.
#[derive(Debug, Clone)]
pub struct Job<'p> {
    /// Its key.
    pub id: Text<'p>,
    /// Jobs it waits for.
    pub needs: Vec<Text<'p>>,
    /// `if:`.
    pub condition: Option<Text<'p>>,
    /// Its own `permissions:`.
    pub permissions: Option<Permissions<'p>>,
    /// `environment:`.
    pub environment: Option<Environment<'p>>,
    /// The labels of `runs-on:`; `None` when they are not plain text.
    pub runs_on: Option<Vec<Text<'p>>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// `strategy:`.
    pub strategy: Option<Node<'p>>,
    /// Whether it runs in a container.
    pub container: bool,
    /// The workflow it calls.
    pub uses: Option<Text<'p>>,
    /// `with:` of the call.
    pub with: Pairs<'p>,
    /// `outputs:`.
    pub outputs: Pairs<'p>,
    /// Whether `continue-on-error: true` stands there, so that a failure is expected.
    pub tolerated: bool,
    /// Its steps.
    pub steps: Vec<Step<'p>>,
}

/// One workflow.
#[derive(Debug, Clone)]
pub struct Workflow<'p> {
    /// Its file.
    pub file: FileId,
    /// Its text.
    pub source: &'p Source,
    /// `name:`.
    pub name: Option<Text<'p>>,
    /// Its events.
    pub triggers: Vec<Trigger<'p>>,
    /// Its `permissions:`.
    pub permissions: Option<Permissions<'p>>,
    /// `env:`.
    pub env: Pairs<'p>,
    /// `defaults.run.shell`.
    pub shell: Option<Text<'p>>,
    /// `defaults.run.working-directory`.
    pub working_directory: Option<Text<'p>>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job<'p>>,
    /// What GitHub would refuse of its shape.
    pub problems: Vec<Problem>,
}

impl<'p> Workflow<'p> {
    /// Reads the model from a tree. Whatever has another shape than GitHub's becomes a problem; the rest is kept.
    #[must_use]
    pub fn read(file: FileId, source: &'p Source, tree: &'p Tree) -> Self {
        let mut reader = Reader { file, source, problems: Vec::new() };
        let empty = Self {
            file,
            source,
            name: None,
            triggers: Vec::new(),
            permissions: None,
            env: Pairs::default(),
            shell: None,
            working_directory: None,
            jobs: Vec::new(),
            problems: Vec::new(),
        };
        // What is no mapping does not parse, which the tree says already.
        let Some(root) = tree.root().filter(|root| root.is_mapping()) else { return empty };
        let triggers = match root.get("on") {
            Some(on) => reader.triggers(on),
            None => {
                reader.problem(reader.first_key(root), "the workflow has no `on`, so nothing starts it");
                Vec::new()
            }
        };
        let jobs = match root.entry("jobs") {
            Some(jobs) => reader.jobs(jobs),
            None => {
                reader.problem(reader.first_key(root), "the workflow has no `jobs`");
                Vec::new()
            }
        };
        Self {
            name: root.get("name").and_then(|node| reader.text(node)),
            triggers,
            permissions: reader.permissions(root),
            env: reader.pairs(root.get("env")),
            shell: reader.run_default(root, "shell"),
            working_directory: reader.run_default(root, "working-directory"),
            jobs,
            problems: reader.problems,
            ..empty
        }
    }

    /// Where a step's script runs: its own folder, the job's or the workflow's; none is the checkout's root.
    #[must_use]
    pub fn folder_of(&self, job: &Job<'p>, step: &Step<'p>) -> Option<Text<'p>> {
        step.working_directory.or(job.working_directory).or(self.working_directory)
    }

    /// A job by its id, which GitHub compares without case.
    #[must_use]
    pub fn job(&self, id: &str) -> Option<&Job<'p>> {
        self.jobs.iter().find(|job| job.id.value().eq_ignore_ascii_case(id))
    }
}

/// Reads one file's nodes into the model.
struct Reader<'p> {
    file: FileId,
    source: &'p Source,
    problems: Vec<Problem>,
}

impl<'p> Reader<'p> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(Place { file: self.file, span }, message));
    }

    fn first_key(&self, mapping: Node<'p>) -> Span {
        mapping.entries().next().map_or_else(|| mapping.span(), |entry| entry.key.span())
    }

    fn text(&self, node: Node<'p>) -> Option<Text<'p>> {
        node.is_scalar().then_some(Text::new(node, self.source, self.file))
    }

    /// The text of a scalar that says something.
    fn some_text(&self, node: Option<Node<'p>>) -> Option<Text<'p>> {
        self.text(node?).filter(|text| text.kind() != Kind::Null)
    }

    fn key(&self, entry: Entry<'p>) -> Text<'p> {
        Text::new(entry.key, self.source, self.file)
    }

    /// A scalar or a list of scalars.
    fn texts(&self, node: Option<Node<'p>>) -> Option<Vec<Text<'p>>> {
        let node = node?;
        if node.is_sequence() {
            return Some(node.items().filter_map(|item| self.text(item)).collect());
        }
        self.some_text(Some(node)).map(|text| vec![text])
    }

    fn pairs(&self, node: Option<Node<'p>>) -> Pairs<'p> {
        let Some(node) = node else { return Pairs::default() };
        let pair = |entry: Entry<'p>| Some(Pair { key: self.key(entry), value: self.text(entry.value)? });
        Pairs { entries: node.entries().filter_map(pair).collect(), dynamic: self.some_text(Some(node)).is_some() }
    }

    fn triggers(&mut self, on: Node<'p>) -> Vec<Trigger<'p>> {
        let bare = |event| Trigger {
            event,
            types: None,
            branches: Filter::default(),
            tags: Filter::default(),
            inputs: Vec::new(),
        };
        if on.is_mapping() {
            return on.entries().map(|entry| self.trigger(entry)).collect();
        }
        match self.texts(Some(on)) {
            Some(events) if !events.is_empty() => events.into_iter().map(bare).collect(),
            _ => {
                self.problem(on.span(), "`on` names no event, so nothing starts the workflow");
                Vec::new()
            }
        }
    }

    fn trigger(&self, entry: Entry<'p>) -> Trigger<'p> {
        let filter = |only: &str, ignore: &str| Filter {
            only: self.texts(entry.value.get(only)),
            ignore: self.texts(entry.value.get(ignore)),
        };
        let inputs = entry.value.get("inputs");
        Trigger {
            event: self.key(entry),
            types: self.texts(entry.value.get("types")),
            branches: filter("branches", "branches-ignore"),
            tags: filter("tags", "tags-ignore"),
            inputs: inputs.into_iter().flat_map(Node::entries).map(|input| self.input(input)).collect(),
        }
    }

    fn input(&self, entry: Entry<'p>) -> Input<'p> {
        Input {
            name: self.key(entry),
            kind: self.some_text(entry.value.get("type")),
            default: entry.value.get("default").and_then(|node| self.text(node)),
            options: self.texts(entry.value.get("options")).unwrap_or_default(),
            required: entry.value.get("required").and_then(Node::bool).unwrap_or(false),
        }
    }

    fn permissions(&mut self, owner: Node<'p>) -> Option<Permissions<'p>> {
        let entry = owner.entry("permissions")?;
        let key = Place { file: self.file, span: entry.key.span() };
        if let Some(word) = self.some_text(Some(entry.value)) {
            return Some(Permissions { key, grant: Grant::Word(word) });
        }
        if entry.value.is_sequence() {
            self.problem(
                entry.value.span(),
                "`permissions` is a mapping of scopes to levels, `read-all` or `write-all`",
            );
        }
        let scopes = self.pairs(Some(entry.value)).entries;
        Some(Permissions { key, grant: Grant::Scopes(scopes) })
    }

    fn run_default(&self, owner: Node<'p>, key: &str) -> Option<Text<'p>> {
        self.some_text(owner.get("defaults")?.get("run")?.get(key))
    }

    fn jobs(&mut self, jobs: Entry<'p>) -> Vec<Job<'p>> {
        if jobs.value.entries().next().is_none() {
            self.problem(jobs.key.span(), "`jobs` holds no job");
        }
        jobs.value.entries().filter_map(|entry| self.job(entry)).collect()
    }

    fn job(&mut self, entry: Entry<'p>) -> Option<Job<'p>> {
        let (id, node) = (self.key(entry), entry.value);
        if !node.is_mapping() {
            self.problem(entry.key.span(), format!("job `{}` is empty", id.value()));
            return None;
        }
        let uses = self.some_text(node.get("uses"));
        if uses.is_some() {
            self.calling_job(node, id);
        } else if node.get("steps").is_none() {
            self.problem(entry.key.span(), format!("job `{}` has neither `steps` nor `uses`", id.value()));
        } else if node.get("runs-on").is_none() {
            self.problem(entry.key.span(), format!("job `{}` has no `runs-on`", id.value()));
        }
        Some(Job {
            id,
            needs: self.texts(node.get("needs")).unwrap_or_default(),
            condition: node.get("if").and_then(|condition| self.text(condition)),
            permissions: self.permissions(node),
            environment: self.environment(node),
            runs_on: self.runs_on(node),
            env: self.pairs(node.get("env")),
            shell: self.run_default(node, "shell"),
            working_directory: self.run_default(node, "working-directory"),
            strategy: node.get("strategy"),
            container: node.get("container").is_some_and(|container| !container.is_null()),
            uses,
            with: self.pairs(node.get("with")),
            outputs: self.pairs(node.get("outputs")),
            tolerated: tolerated(node),
            steps: self.steps(node),
        })
    }

    /// GitHub refuses a calling job that has a key of an ordinary one, and with it the whole workflow.
    fn calling_job(&mut self, node: Node<'p>, id: Text<'p>) {
        const REFUSED: [&str; 3] = ["environment", "steps", "runs-on"];
        for key in REFUSED {
            if let Some(entry) = node.entry(key) {
                self.problem(
                    entry.key.span(),
                    format!("job `{}` calls a workflow, so it cannot have `{key}`", id.value()),
                );
            }
        }
    }

    fn runs_on(&self, job: Node<'p>) -> Option<Vec<Text<'p>>> {
        let node = job.get("runs-on")?;
        self.texts(if node.is_mapping() { node.get("labels") } else { Some(node) })
    }

    fn environment(&mut self, job: Node<'p>) -> Option<Environment<'p>> {
        let entry = job.entry("environment")?;
        if let Some(name) = self.some_text(Some(entry.value)) {
            return Some(Environment { name, url: None });
        }
        let name = self.some_text(entry.value.get("name"));
        if name.is_none() && entry.value.is_mapping() {
            self.problem(entry.key.span(), "`environment` has no `name`");
        }
        Some(Environment { name: name?, url: self.some_text(entry.value.get("url")) })
    }

    fn steps(&mut self, job: Node<'p>) -> Vec<Step<'p>> {
        let steps = job.get("steps").into_iter().flat_map(Node::items);
        steps.enumerate().filter_map(|(index, node)| self.step(index, node)).collect()
    }

    fn step(&mut self, index: usize, node: Node<'p>) -> Option<Step<'p>> {
        if !node.is_mapping() {
            self.problem(node.span(), "a step is a mapping with `uses` or `run`");
            return None;
        }
        let uses = self.some_text(node.get("uses"));
        let run = self.some_text(node.get("run"));
        if uses.is_none() && run.is_none() {
            self.problem(self.first_key(node), "the step has neither `uses` nor `run`");
        }
        if let (Some(_), Some(second)) = (uses, node.entry("run").filter(|_| run.is_some())) {
            self.problem(second.key.span(), "the step has both `uses` and `run`");
        }
        Some(Step {
            index,
            place: Place { file: self.file, span: node.span() },
            id: self.some_text(node.get("id")),
            name: self.some_text(node.get("name")),
            condition: node.get("if").and_then(|condition| self.text(condition)),
            uses,
            run,
            shell: self.some_text(node.get("shell")),
            working_directory: self.some_text(node.get("working-directory")),
            with: self.pairs(node.get("with")),
            env: self.pairs(node.get("env")),
            tolerated: tolerated(node),
        })
    }
}

fn tolerated(node: Node<'_>) -> bool {
    node.get("continue-on-error").and_then(Node::bool).unwrap_or(false)
}
