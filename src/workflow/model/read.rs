//! Builds the model from the YAML tree. A shape that GitHub rejects becomes a problem; the rest of the file is still
//! read.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::read::problem::Problem;
use crate::read::shell::Shell;
use crate::read::source::{FileId, Place, SourceFile, Span};
use crate::read::yaml::{MappingEntry, Node, NodeKind, Tree};
use crate::workflow::expression::{Condition, ExpressionTemplate};
use crate::workflow::github::{GitHubFacts, RejectedShape, ScriptRunner};
use crate::workflow::model::{
    Action, DeclaredInput, DeclaredJobOutput, Environment, Filter, Grant, Job, Pair, Pairs, Permissions, Secrets, Step,
    Text, Trigger, Workflow,
};
use crate::workflow::step_script::ScriptCommands;

impl<'p> Workflow<'p> {
    /// Builds a workflow from its tree.
    #[must_use]
    pub fn read(github: &GitHubFacts, file: FileId, source: &'p SourceFile, tree: &'p Tree) -> Self {
        let mut reader = ModelReader { github, file, source, problems: Vec::new() };
        let empty = Self {
            file,
            source,
            name: None,
            triggers: Vec::new(),
            permissions: None,
            env: Pairs::default(),
            shell: None,
            working_directory: None,
            concurrency: false,
            jobs: Vec::new(),
            problems: Vec::new(),
        };
        // A root that is not a mapping is already reported as a syntax problem of the tree.
        let Some(root) = tree.root().filter(|root| root.is_mapping()) else { return empty };
        let [on, jobs, name, permissions, env, defaults, concurrency] =
            root.values(["on", "jobs", "name", "permissions", "env", "defaults", "concurrency"]);
        let triggers = match on {
            Some(on) => reader.triggers(on),
            None => {
                let at = reader.first_key(root);
                reader.rejected(RejectedShape::NoTrigger, at, "the workflow has no `on`, so no event starts it");
                Vec::new()
            }
        };
        let mut jobs = match jobs {
            Some(jobs) => reader.jobs(jobs),
            None => {
                reader.rejected(RejectedShape::NoJobs, reader.first_key(root), "the workflow has no `jobs`");
                Vec::new()
            }
        };
        link(&mut jobs);
        Self {
            name: name.and_then(|node| reader.text(node)),
            triggers,
            permissions: permissions.and_then(|_| reader.permissions(root)),
            env: reader.pairs(env),
            shell: reader.run_default(defaults, "shell"),
            working_directory: reader.run_default(defaults, "working-directory"),
            concurrency: concurrency.is_some(),
            jobs,
            problems: reader.problems,
            ..empty
        }
    }
}

/// An empty list with the capacity for what is read from some nodes: a list of jobs or steps is expensive to move when it grows. The capacity
/// is limited, because aliases can repeat a long sequence of what is no step at all.
fn list_for<T>(nodes: &impl Iterator) -> Vec<T> {
    const MOST: usize = 64;
    Vec::with_capacity(nodes.size_hint().0.min(MOST))
}

/// Builds the model of one file and collects its problems.
struct ModelReader<'g, 'p> {
    github: &'g GitHubFacts,
    file: FileId,
    source: &'p SourceFile,
    problems: Vec<Problem>,
}

impl<'g, 'p> ModelReader<'g, 'p> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(Place { file: self.file, span }, message));
    }

    /// Reports a structure if the data has a source for its rejection.
    fn rejected(&mut self, shape: RejectedShape, span: Span, message: impl Into<String>) {
        if self.github.rejections(shape).next().is_some() {
            self.problem(span, message);
        }
    }

    fn first_key(&self, mapping: Node<'p>) -> Span {
        mapping.entries().next().map_or_else(|| mapping.span(), |entry| entry.key.span())
    }

    fn text(&self, node: Node<'p>) -> Option<Text<'p>> {
        node.is_scalar().then_some(Text::new(node, self.source, self.file))
    }

    /// A scalar that is not null.
    fn some_text(&self, node: Option<Node<'p>>) -> Option<Text<'p>> {
        self.text(node?).filter(|text| text.kind() != NodeKind::Null)
    }

    fn key(&self, entry: MappingEntry<'p>) -> Text<'p> {
        Text::new(entry.key, self.source, self.file)
    }

    /// A list of scalars; a single scalar is a list of one.
    fn texts(&self, node: Option<Node<'p>>) -> Option<Vec<Text<'p>>> {
        let node = node?;
        if node.is_sequence() {
            return Some(node.items().filter_map(|item| self.text(item)).collect());
        }
        self.some_text(Some(node)).map(|text| vec![text])
    }

    fn pairs(&self, node: Option<Node<'p>>) -> Pairs<'p> {
        let Some(node) = node else { return Pairs::default() };
        let pair = |entry: MappingEntry<'p>| Some(Pair { key: self.key(entry), value: self.text(entry.value)? });
        let entries = node.entries();
        let mut pairs = list_for(&entries);
        pairs.extend(entries.filter_map(pair));
        Pairs::new(pairs, self.some_text(Some(node)).is_some())
    }

    fn triggers(&mut self, on: Node<'p>) -> Vec<Trigger<'p>> {
        let without_filters = |event| Trigger {
            event,
            types: None,
            branches: Filter::default(),
            tags: Filter::default(),
            inputs: Vec::new(),
            workflows: Vec::new(),
            outputs: Vec::new(),
        };
        if on.is_mapping() {
            return on.entries().map(|entry| self.trigger(entry)).collect();
        }
        match self.texts(Some(on)) {
            Some(events) if !events.is_empty() => events.into_iter().map(without_filters).collect(),
            _ => {
                let message = "`on` names no event, so no event starts the workflow";
                self.rejected(RejectedShape::NoTrigger, on.span(), message);
                Vec::new()
            }
        }
    }

    fn trigger(&self, entry: MappingEntry<'p>) -> Trigger<'p> {
        let filter = |only, ignore| Filter { only: self.texts(only), ignore: self.texts(ignore) };
        let [types, branches, other_branches, tags, other_tags] =
            entry.value.values(["types", "branches", "branches-ignore", "tags", "tags-ignore"]);
        let [inputs, workflows, outputs] = entry.value.values(["inputs", "workflows", "outputs"]);
        Trigger {
            event: self.key(entry),
            types: self.texts(types),
            branches: filter(branches, other_branches),
            tags: filter(tags, other_tags),
            inputs: inputs.into_iter().flat_map(Node::entries).map(|input| self.input(input)).collect(),
            workflows: self.texts(workflows).unwrap_or_default(),
            outputs: outputs.into_iter().flat_map(Node::entries).map(|it| self.output(it)).collect(),
        }
    }

    fn output(&self, entry: MappingEntry<'p>) -> DeclaredJobOutput<'p> {
        DeclaredJobOutput { name: self.key(entry), value: self.some_text(entry.value.get("value")) }
    }

    fn input(&self, entry: MappingEntry<'p>) -> DeclaredInput<'p> {
        DeclaredInput {
            name: self.key(entry),
            kind: self.some_text(entry.value.get("type")),
            default: entry.value.get("default").and_then(|node| self.text(node)),
            options: self.texts(entry.value.get("options")).unwrap_or_default(),
            required: entry.value.get("required").and_then(Node::bool).unwrap_or(false),
        }
    }

    fn permissions(&self, owner: Node<'p>) -> Option<Permissions<'p>> {
        let entry = owner.entry("permissions")?;
        let key = Place { file: self.file, span: entry.key.span() };
        if let Some(word) = self.some_text(Some(entry.value)) {
            return Some(Permissions { key, grant: Grant::Word(word) });
        }
        let scopes = self.pairs(Some(entry.value)).entries;
        Some(Permissions { key, grant: Grant::Scopes(scopes) })
    }

    fn run_default(&self, defaults: Option<Node<'p>>, key: &str) -> Option<Text<'p>> {
        self.some_text(defaults?.get("run")?.get(key))
    }

    fn jobs(&mut self, jobs: Node<'p>) -> Vec<Job<'p>> {
        let entries = jobs.entries();
        let mut jobs = list_for(&entries);
        jobs.extend(entries.filter_map(|entry| self.job(entry)));
        jobs
    }

    fn job(&mut self, entry: MappingEntry<'p>) -> Option<Job<'p>> {
        let (id, node) = (self.key(entry), entry.value);
        if !node.is_mapping() {
            if node.is_sequence() {
                let message = format!("job `{}` must be a mapping, not a list", id.value());
                self.rejected(RejectedShape::JobAsList, entry.key.span(), message);
            }
            return None;
        }
        let [uses, with, secrets, steps, runner, container, strategy] =
            node.values(["uses", "with", "secrets", "steps", "runs-on", "container", "strategy"]);
        let [name, condition, needs, permissions, environment] =
            node.values(["name", "if", "needs", "permissions", "environment"]);
        let [env, defaults, outputs, concurrency, tolerated] =
            node.values(["env", "defaults", "outputs", "concurrency", "continue-on-error"]);
        let uses = self.some_text(uses);
        let condition = condition.and_then(|condition| self.text(condition));
        if let Some(text) = condition {
            self.rejected_contexts(text, RejectedShape::JobIf, "the `if` of a job");
        }
        if let Some(name) = self.some_text(name) {
            self.rejected_contexts(name, RejectedShape::JobName, "the `name` of a job");
        }
        let env = self.pairs(env);
        for pair in &env.entries {
            self.rejected_contexts(pair.value, RejectedShape::JobEnv, "the `env` of a job");
        }
        if uses.is_some() {
            self.calling_job(node, id);
            for pair in self.pairs(with).entries {
                self.rejected_contexts(pair.value, RejectedShape::CallWith, "the `with` of a calling job");
            }
        } else if steps.is_none() {
            let message = format!("job `{}` has neither `steps` nor `uses`", id.value());
            self.rejected(RejectedShape::JobWithoutSteps, entry.key.span(), message);
        } else if runner.is_none() {
            let message = format!("job `{}` has no `runs-on`", id.value());
            self.rejected(RejectedShape::JobWithoutRunner, entry.key.span(), message);
        }
        let steps = self.steps(steps);
        for text in steps.iter().filter_map(|step| step.condition) {
            self.rejected_contexts(text, RejectedShape::StepIf, "the `if` of a step");
        }
        let runs_on = self.runs_on(runner);
        for text in runs_on.iter().flatten() {
            self.rejected_contexts(*text, RejectedShape::RunsOn, "`runs-on`");
        }
        Some(Job {
            index: 0,
            rank: None,
            id,
            needs: self.texts(needs).unwrap_or_default(),
            needed: Vec::new(),
            condition,
            permissions: permissions.and_then(|_| self.permissions(node)),
            environment: environment.and_then(|environment| self.environment(environment)),
            runner_group: runner.is_some_and(|runner| runner.get("group").is_some()),
            runs_on,
            env,
            shell: self.run_default(defaults, "shell"),
            working_directory: self.run_default(defaults, "working-directory"),
            strategy,
            container: container.is_some_and(|container| !container.is_null()),
            image: container.and_then(|it| self.some_text(Some(it)).or_else(|| self.some_text(it.get("image")))),
            uses,
            with: self.pairs(with),
            secrets: self.secrets(secrets),
            outputs: self.pairs(outputs),
            concurrency: concurrency.is_some(),
            tolerated: is_true(tolerated),
            steps,
        })
    }

    fn secrets(&self, node: Option<Node<'p>>) -> Secrets<'p> {
        match self.some_text(node) {
            Some(_) => Secrets::Inherited,
            None => Secrets::Given(self.pairs(node)),
        }
    }

    /// GitHub rejects a workflow in which a calling job has a key of an ordinary job.
    fn calling_job(&mut self, node: Node<'p>, id: Text<'p>) {
        let github = self.github;
        for key in github.rejections(RejectedShape::CallingJob).flat_map(|rejection| &rejection.names) {
            if let Some(entry) = node.entry(key) {
                self.problem(
                    entry.key.span(),
                    format!("job `{}` calls a workflow, so it cannot have `{key}`", id.value()),
                );
            }
        }
    }

    /// GitHub rejects a workflow with a context that is not available in its place.
    fn rejected_contexts(&mut self, text: Text<'p>, shape: RejectedShape, place: &str) {
        let is_condition = matches!(shape, RejectedShape::JobIf | RejectedShape::StepIf);
        // Most texts have no expression.
        if !is_condition && memchr::memchr(b'$', text.value().as_bytes()).is_none() {
            return;
        }
        let rejected = || self.github.rejections(shape).flat_map(|rejection| &rejection.names);
        if !rejected().any(|context| text.value().contains(context.as_str())) {
            return;
        }
        let references = match is_condition {
            true => Condition::parse(text.value()).map(|parsed| parsed.references()),
            false => ExpressionTemplate::parse(text.value()).map(|parsed| parsed.references()),
        };
        let first = references.unwrap_or_default().into_iter().find_map(|reference| {
            let context = rejected().find(|context| reference.path.first().is_some_and(|name| name == *context))?;
            Some((context, reference.range))
        });
        if let Some((context, range)) = first {
            self.problem(
                text.inner(range).span,
                format!("{place} cannot read the context `{context}`; GitHub rejects the workflow"),
            );
        }
    }

    fn runs_on(&self, runner: Option<Node<'p>>) -> Option<Vec<Text<'p>>> {
        let node = runner?;
        self.texts(if node.is_mapping() { node.get("labels") } else { Some(node) })
    }

    fn environment(&self, node: Node<'p>) -> Option<Environment<'p>> {
        if let Some(name) = self.some_text(Some(node)) {
            return Some(Environment { name, url: None });
        }
        let name = self.some_text(node.get("name"))?;
        Some(Environment { name, url: self.some_text(node.get("url")) })
    }

    fn steps(&mut self, list: Option<Node<'p>>) -> Vec<Step<'p>> {
        let Some(list) = list else { return Vec::new() };
        let items = list.items();
        let mut steps = list_for(&items);
        for node in items {
            match node.get("parallel").filter(|block| block.is_sequence()) {
                Some(block) => block.items().for_each(|inner| self.add_step(inner, &mut steps)),
                None => self.add_step(node, &mut steps),
            }
        }
        steps
    }

    fn add_step(&mut self, node: Node<'p>, steps: &mut Vec<Step<'p>>) {
        if !node.is_mapping() {
            return;
        }
        let [name, uses, run, with, condition, id, env, shell, working_directory, tolerated] = node.values([
            "name",
            "uses",
            "run",
            "with",
            "if",
            "id",
            "env",
            "shell",
            "working-directory",
            "continue-on-error",
        ]);
        let (uses, run) = (self.some_text(uses), self.some_text(run));
        let idle = || {
            let known = |key: &str| {
                let mut rejections = self.github.rejections(RejectedShape::IdleStep);
                rejections.any(|rejection| rejection.names.iter().any(|known| known == key))
            };
            node.entries().all(|entry| entry.key.text().is_some_and(known))
        };
        if uses.is_none() && run.is_none() && idle() {
            let message = "the step has neither `uses` nor `run`";
            self.rejected(RejectedShape::IdleStep, self.first_key(node), message);
        }
        if uses.is_some()
            && run.is_some()
            && let Some(second) = node.entry("run")
        {
            self.rejected(RejectedShape::DoubleStep, second.key.span(), "the step has both `uses` and `run`");
        }
        steps.push(Step {
            index: steps.len(),
            place: Place { file: self.file, span: node.span() },
            id: self.some_text(id),
            name: self.some_text(name),
            condition: condition.and_then(|condition| self.text(condition)),
            uses,
            run,
            script: run,
            commands: ScriptCommands::default(),
            commands_in: OnceLock::new(),
            shell: self.some_text(shell).map(|shell| Shell::from_setting(shell.value())),
            working_directory: self.some_text(working_directory),
            with: self.pairs(with),
            env: self.pairs(env),
            tolerated: is_true(tolerated),
        });
        let runner = uses.and_then(|uses| self.github.script_runner(uses.value()));
        if let (Some(runner), Some(step)) = (runner, steps.last_mut()) {
            set_script(step, runner);
        }
    }
}

/// Sets the script of a step whose action runs a script given as input.
fn set_script(step: &mut Step<'_>, runner: &ScriptRunner) {
    let given = |input: Option<&String>| {
        let pair = step.with.get_ignore_case(input?)?;
        Some(pair.value).filter(|text| !text.value().trim().is_empty())
    };
    let shell = given(runner.shell.as_ref()).map(Text::value).or(runner.otherwise.as_deref());
    let tolerated = given(runner.tolerated.as_ref()).is_some_and(|text| text.value() == "true");
    (step.script, step.working_directory) = (given(Some(&runner.script)), given(runner.folder.as_ref()));
    step.shell = shell.map(Shell::from_setting);
    step.tolerated |= tolerated;
}

impl<'p> Action<'p> {
    /// Builds a composite action from its tree; `None` for any other kind of action.
    #[must_use]
    pub fn read(github: &GitHubFacts, file: FileId, source: &'p SourceFile, tree: &'p Tree) -> Option<Self> {
        let root = tree.root()?;
        let runs = root.get("runs")?;
        let steps = runs.get("steps")?;
        let mut reader = ModelReader { github, file, source, problems: Vec::new() };
        let inputs = root.get("inputs").into_iter().flat_map(Node::entries).map(|input| reader.input(input)).collect();
        let steps = reader.steps(Some(steps));
        Some(Self { file, source, inputs, steps })
    }
}

/// Fills `index`, `needed` and `rank` of every job, by Kahn's algorithm. Jobs in a cycle get no rank.
fn link(jobs: &mut [Job<'_>]) {
    let names: HashMap<String, usize> =
        jobs.iter().enumerate().map(|(index, job)| (job.id.value().to_lowercase(), index)).collect();
    let mut dependents = vec![Vec::new(); jobs.len()];
    let mut unmet = vec![0_usize; jobs.len()];
    for (index, job) in jobs.iter_mut().enumerate() {
        job.index = index;
        job.needed = job.needs.iter().filter_map(|id| names.get(&id.value().to_lowercase()).copied()).collect();
        job.needed.iter().for_each(|needed| dependents[*needed].push(index));
        unmet[index] = job.needed.len();
    }
    let mut order: Vec<usize> = (0..jobs.len()).filter(|index| unmet[*index] == 0).collect();
    let mut next = 0;
    while let Some(done) = order.get(next).copied() {
        next += 1;
        for index in std::mem::take(&mut dependents[done]) {
            unmet[index] -= 1;
            if unmet[index] == 0 {
                order.push(index);
            }
        }
    }
    for (rank, index) in order.into_iter().enumerate() {
        jobs[index].rank = Some(rank);
    }
}

fn is_true(node: Option<Node<'_>>) -> bool {
    node.and_then(Node::bool).unwrap_or(false)
}
