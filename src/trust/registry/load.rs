//! Reads the file of a registry and checks it: everything wrong is told with its place. It never compares the data with any workflow.

use regex::Regex;

use crate::read::problem::suggestion;
use crate::read::source::{ColumnUnit, SourceFile, Span};
use crate::read::yaml::{self, Dialect, Node, Tree};
use crate::trust::registry::Registry;
use crate::trust::registry::slot::{Slot, SlotChoice};
use crate::trust::registry::upload_pattern::{ActionRefs, EndpointRule, UploadPattern};
use crate::trust::upload::version::Version;
use crate::workflow::expression::Condition;

/// The keys of a file that only adds to a registry.
const ADDING: [&str; 6] = ["extends", "name", "reviewed", "sources", "uploads", "examples"];

/// A registry's file that was read.
pub struct RegistryFile {
    source: SourceFile,
    /// What it says.
    pub registry: Registry,
}

/// Something wrong, at a place in a file: `path:line:column: message`.
type ProblemText = String;

impl RegistryFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Why it is no registry, with path, line and column.
    pub fn read(id: &str, path: &str, text: &str) -> Result<Self, ProblemText> {
        let source = SourceFile::new(path, text.as_bytes().to_vec());
        match serde_yaml::from_str::<Registry>(text) {
            Ok(registry) => Ok(Self { source, registry: Registry { id: id.to_owned(), ..registry } }),
            Err(error) => {
                let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or(&message);
                Err(format!("{path}:{line}:{column}: {message}{}", meant(message)))
            }
        }
    }

    /// Reads a built-in file, which is JSON and was checked when the program was tested.
    ///
    /// # Errors
    /// Why it is no registry.
    pub fn read_json(id: &str, path: &str, text: &str) -> Result<Self, ProblemText> {
        let registry: Registry = serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        let source = SourceFile::new(path, text.as_bytes().to_vec());
        Ok(Self { source, registry: Registry { id: id.to_owned(), ..registry } })
    }

    /// The path that people know it by.
    #[must_use]
    pub fn path(&self) -> &str {
        self.source.path()
    }

    /// Everything wrong with it among the other files; `ids` are the registries there are.
    #[must_use]
    pub fn problems(&self, ids: &[&str]) -> Vec<ProblemText> {
        let mut check = RegistryCheck { file: self, ids, told: Vec::new() };
        check.whole();
        check.told
    }

    /// Its nodes with their places, which are asked for only where something is wrong.
    fn tree(&self) -> Tree {
        yaml::parse(self.source.text(), Dialect::Data)
    }

    /// A problem at a place of the file: the node that the path leads to, as far as it exists.
    #[must_use]
    pub fn at(&self, path: &[DataPath<'_>], message: &str) -> ProblemText {
        let tree = self.tree();
        let mut span = tree.root().map_or(Span::at(0), first);
        let mut node = tree.root();
        for part in path {
            node = match (node, part) {
                (Some(node), DataPath::Key(key)) => node.entry(key).map(|entry| {
                    span = entry.key.span();
                    entry.value
                }),
                (Some(node), DataPath::Item(index)) => node.items().nth(*index).inspect(|item| span = item.span()),
                (None, _) => None,
            };
        }
        let at = self.source.position(span.start, ColumnUnit::CodePoints);
        format!("{}:{}:{}: {message}", self.source.path(), at.line, at.column)
    }
}

/// A step of a path into a file.
#[derive(Debug, Clone, Copy)]
pub enum DataPath<'k> {
    /// Into the value of a key.
    Key(&'k str),
    /// Into an item of a list.
    Item(usize),
}

use DataPath::{Item, Key};

fn first(root: Node<'_>) -> Span {
    root.entries().next().map_or_else(|| root.span(), |entry| entry.key.span())
}

/// The closest of the names that a complaint about an unknown key or word lists.
fn meant(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next().filter(|_| message.contains("unknown ")) else { return String::new() };
    suggestion(unknown, names)
}

struct RegistryCheck<'c> {
    file: &'c RegistryFile,
    ids: &'c [&'c str],
    told: Vec<ProblemText>,
}

impl RegistryCheck<'_> {
    fn tell(&mut self, path: &[DataPath<'_>], message: &str) {
        self.told.push(self.file.at(path, message));
    }

    fn whole(&mut self) {
        let registry = &self.file.registry;
        if let Some(base) = &registry.extends {
            self.adding(base);
        } else if registry.name.is_empty() {
            self.tell(&[], "the registry has no `name`");
        }
        if let Some(like) = &registry.like
            && !self.ids.contains(&like.as_str())
        {
            let message =
                format!("there is no registry `{like}` to be like{}", suggestion(like, self.ids.iter().copied()));
            self.tell(&[Key("like")], &message);
        }
        if registry.extends.is_none() && registry.endpoints.uploads.is_empty() {
            self.tell(&[], "the registry has no `endpoints: { uploads: [...] }`, so nothing could be told to go there");
        }
        for (index, field) in registry.record.iter().enumerate() {
            if let Some(Err(error)) = field.pattern.as_deref().map(Regex::new) {
                let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                self.tell(&[Key("record"), Item(index), Key("pattern")], &format!("no regular expression: {reason}"));
            }
            for (key, other) in [("with", &field.with), ("switch", &field.switch)] {
                if let Some(other) = other.as_deref().filter(|other| registry.field(other).is_none()) {
                    let known = registry.record.iter().map(|field| field.name.as_str());
                    let message = format!("the record has no field `{other}`{}", suggestion(other, known));
                    self.tell(&[Key("record"), Item(index), Key(key)], &message);
                }
            }
        }
        for (index, pattern) in registry.uploads.iter().enumerate() {
            self.pattern(&[Key("uploads"), Item(index)], pattern);
        }
        for (index, login) in registry.logins.iter().enumerate() {
            let path = [Key("logins"), Item(index)];
            self.endpoint(&path, &login.endpoint);
            self.choices(&path, "only-with", &login.only_with);
            self.refs(&path, &login.refs);
        }
        for (name, client) in &registry.clients {
            if Version::parse(&client.minimum).is_none() {
                let message = format!("`{}` is no version", client.minimum);
                self.tell(&[Key("clients"), Key(name), Key("minimum")], &message);
            }
        }
    }

    /// A file that extends a registry: it may add uploads and nothing else.
    fn adding(&mut self, base: &str) {
        if !self.ids.contains(&base) {
            let message =
                format!("there is no registry `{base}` to extend{}", suggestion(base, self.ids.iter().copied()));
            self.tell(&[Key("extends")], &message);
        }
        let tree = self.file.tree();
        let keys = tree.root().into_iter().flat_map(Node::entries).filter_map(|entry| entry.key.text());
        for key in keys.filter(|key| !ADDING.contains(key)) {
            let message = format!(
                "a file that extends a registry may only add `uploads`, not `{key}`; a registry of its own is a file without `extends`"
            );
            self.tell(&[Key(key)], &message);
        }
    }

    fn pattern(&mut self, path: &[DataPath<'_>], pattern: &UploadPattern) {
        let named = [&pattern.action, &pattern.command, &pattern.workflow].into_iter().flatten().count();
        if named != 1 {
            self.tell(path, "an upload is one of `action`, `command` and `workflow`");
        }
        if let Some(Err(error)) = pattern.only_if.as_deref().map(Condition::parse) {
            self.tell(&[path, &[Key("only-if")]].concat(), &error.message);
        }
        if pattern.workflow.is_none() && pattern.only_if.is_some() {
            self.tell(&[path, &[Key("only-if")]].concat(), "only a called `workflow` has a condition of its own");
        }
        self.endpoint(path, &pattern.endpoint);
        let lists =
            [("tokens", &pattern.tokens), ("passwords", &pattern.passwords), ("skip-existing", &pattern.skip_existing)];
        for (key, slots) in lists {
            self.slots(path, &[Key(key)], slots);
        }
        self.choices(path, "only-with", &pattern.only_with);
        self.choices(path, "off", &pattern.off);
        self.refs(path, &pattern.refs);
        let registry = &self.file.registry;
        let alone = registry.extends.is_none() && registry.like.is_none();
        if let Some(name) = pattern.client.as_deref().filter(|name| alone && !registry.clients.contains_key(*name)) {
            let known = self.file.registry.clients.keys().map(String::as_str);
            let message = format!("`clients` describes no `{name}`{}", suggestion(name, known));
            self.tell(&[path, &[Key("client")]].concat(), &message);
        }
    }

    fn endpoint(&mut self, path: &[DataPath<'_>], endpoint: &EndpointRule) {
        if !endpoint.default.is_empty() && !self.ids.contains(&endpoint.default.as_str()) {
            let id = &endpoint.default;
            let message = format!("there is no registry `{id}`{}", suggestion(id, self.ids.iter().copied()));
            self.tell(&[path, &[Key("endpoint"), Key("default")]].concat(), &message);
        }
        self.slots(path, &[Key("endpoint"), Key("slots")], &endpoint.slots);
        self.slots(path, &[Key("endpoint"), Key("opaque")], &endpoint.opaque);
    }

    fn slots(&mut self, path: &[DataPath<'_>], inner: &[DataPath<'_>], slots: &[Slot]) {
        for (index, slot) in slots.iter().enumerate() {
            let path = [path, inner, &[Item(index)]].concat();
            let texts = [&slot.input, &slot.manifest, &slot.secret].into_iter().flatten().count();
            if texts + usize::from(slot.env.is_some()) + usize::from(!slot.flags.is_empty()) != 1 {
                self.tell(&path, "a slot is one of `input`, `flags`, `env`, `manifest` and `secret`");
            }
            if slot.manifest.is_some() == slot.key.is_empty() {
                self.tell(&path, "a slot in a `manifest` is a `key` of it");
            }
            if slot.step.is_some() && slot.input.is_none() {
                self.tell(&path, "a slot of an earlier `step` is an `input` of it");
            }
            if slot.env.as_ref().is_some_and(|glob| !glob.is_valid()) {
                self.tell(&[&path[..], &[Key("env")]].concat(), "this is no glob");
            }
        }
    }

    fn choices(&mut self, path: &[DataPath<'_>], key: &str, choices: &[SlotChoice]) {
        for (index, choice) in choices.iter().enumerate() {
            let places = [choice.input.is_some(), choice.env.is_some(), !choice.flags.is_empty()];
            if places.into_iter().filter(|given| *given).count() != 1 {
                self.tell(&[path, &[Key(key), Item(index)]].concat(), "a choice is one of `input`, `flags` and `env`");
            }
        }
    }

    fn refs(&mut self, path: &[DataPath<'_>], refs: &ActionRefs) {
        if let Some(since) = refs.since.as_deref().filter(|since| Version::parse(since).is_none()) {
            let message = format!("`{since}` is no version");
            self.tell(&[path, &[Key("refs"), Key("since")]].concat(), &message);
        }
        let lists = [("sunset", &refs.sunset), ("recommended", &refs.recommended), ("nonexistent", &refs.nonexistent)];
        for (key, globs) in lists {
            for (index, _) in globs.iter().enumerate().filter(|(_, glob)| !glob.is_valid()) {
                self.tell(&[path, &[Key("refs"), Key(key), Item(index)]].concat(), "this is no glob");
            }
        }
    }
}
