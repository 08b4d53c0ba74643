//! Reads and validates a registry file. Every problem is reported with its place.

use regex_lite::Regex;

use crate::read::data_file::DataFile;
use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, Span};
use crate::read::yaml::{self, Dialect, Node, Tree};
use crate::trust::registry::Registry;
use crate::trust::registry::slot::{Slot, SlotChoice};
use crate::trust::registry::upload_pattern::{ActionRefs, EndpointRule, UploadPattern};
use crate::trust::upload::version::Version;
use crate::workflow::expression::Condition;

/// The allowed keys of a file with `extends`.
const EXTENSION_KEYS: [&str; 6] = ["extends", "name", "reviewed", "sources", "uploads", "examples"];

/// A registry file with the registry that it describes.
pub(crate) struct RegistryFile<'f> {
    pub(crate) file: &'f DataFile,
    pub(crate) registry: Registry,
}

/// A problem as `path:line:column: message`.
type ProblemText = String;

impl<'f> RegistryFile<'f> {
    /// Reads a file.
    ///
    /// # Errors
    /// Every problem of its keys and types.
    pub(crate) fn read(file: &'f DataFile) -> Result<Self, Vec<ProblemText>> {
        let registry: Registry = file.read().map_err(|list| file.described(&list))?;
        Ok(Self { file, registry: Registry { id: file.stem().to_owned(), ..registry } })
    }

    /// All problems of the file; `ids` are the ids of all registries.
    #[must_use]
    pub(crate) fn problems(&self, ids: &[&str]) -> Vec<ProblemText> {
        let mut check = RegistryCheck { file: self, ids, problems: Vec::new() };
        check.registry();
        check.problems
    }

    /// The nodes of the file with their places. They are parsed only if there is a problem.
    fn tree(&self) -> Tree {
        yaml::parse(self.file.source.text(), Dialect::Data)
    }

    /// A problem at the node at the end of a path, or at its closest existing parent.
    #[must_use]
    pub(crate) fn at(&self, path: &[DataPath<'_>], message: &str) -> ProblemText {
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
        self.file.described(&[Problem::new(Place { file: FileId(0), span }, message)]).concat()
    }
}

/// A step of a path into a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DataPath<'k> {
    /// Into the value of a key.
    Key(&'k str),
    /// Into an item of a list.
    Item(usize),
}

use DataPath::{Item, Key};

fn first(root: Node<'_>) -> Span {
    root.entries().next().map_or_else(|| root.span(), |entry| entry.key.span())
}

struct RegistryCheck<'c> {
    file: &'c RegistryFile<'c>,
    ids: &'c [&'c str],
    problems: Vec<ProblemText>,
}

impl RegistryCheck<'_> {
    fn report(&mut self, path: &[DataPath<'_>], message: &str) {
        self.problems.push(self.file.at(path, message));
    }

    fn registry(&mut self) {
        let registry = &self.file.registry;
        if let Some(base) = &registry.extends {
            self.extension(base);
        } else if registry.name.is_empty() {
            self.report(&[], "the registry has no `name`");
        }
        if let Some(like) = &registry.like
            && !self.ids.contains(&like.as_str())
        {
            let message =
                format!("`like` names the unknown registry `{like}`{}", suggestion(like, self.ids.iter().copied()));
            self.report(&[Key("like")], &message);
        }
        if registry.extends.is_none() && registry.endpoints.uploads.is_empty() {
            self.report(
                &[],
                "the registry has no `endpoints: { uploads: [...] }`, so no upload could be assigned to it",
            );
        }
        for (index, field) in registry.record.iter().enumerate() {
            if let Some(Err(error)) = field.pattern.as_deref().map(Regex::new) {
                let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                self.report(
                    &[Key("record"), Item(index), Key("pattern")],
                    &format!("invalid regular expression: {reason}"),
                );
            }
            for (key, other) in [("with", &field.with), ("switch", &field.switch)] {
                if let Some(other) = other.as_deref().filter(|other| registry.field(other).is_none()) {
                    let known = registry.record.iter().map(|field| field.name.as_str());
                    let message = format!("`record` has no field `{other}`{}", suggestion(other, known));
                    self.report(&[Key("record"), Item(index), Key(key)], &message);
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
        self.exchange();
        for (name, client) in &registry.clients {
            if client.runs.is_empty() && Version::parse(&client.minimum).is_none() {
                let message = format!("`{}` is not a version", client.minimum);
                self.report(&[Key("clients"), Key(name), Key("minimum")], &message);
            }
        }
    }

    /// Checks the request that exchanges the OIDC token.
    fn exchange(&mut self) {
        let registry = &self.file.registry;
        let Some(exchange) = &registry.exchange else { return };
        let path = [Key("exchange")];
        let revocation = exchange.revocation.as_ref().map(|revocation| revocation.address.as_str());
        for address in std::iter::once(exchange.address.as_str()).chain(revocation) {
            // A token must not be sent to a host that is not the registry's.
            if !address.starts_with("https://") || !registry.owns_page(address) {
                let message = format!("`{address}` is not an `https://` address at one of the hosts of `endpoints`");
                self.report(&path, &message);
            }
        }
        let pattern = exchange.package_parts.as_deref().map(Regex::new).transpose();
        let Ok(pattern) = pattern else {
            return self.report(&[Key("exchange"), Key("package-parts")], "invalid regular expression");
        };
        let parts = pattern.iter().flat_map(Regex::capture_names).flatten();
        let known: Vec<&str> = ["oidc-token", "package", "user"].into_iter().chain(parts).collect();
        for template in exchange.templates() {
            let names = template.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0));
            for name in names.filter(|name| !known.contains(name)) {
                let message = format!("unknown placeholder `{{{name}}}`{}", suggestion(name, known.iter().copied()));
                self.report(&path, &message);
            }
        }
    }

    /// Checks a file with `extends`, which may only add uploads.
    fn extension(&mut self, base: &str) {
        if !self.ids.contains(&base) {
            let message =
                format!("`extends` names the unknown registry `{base}`{}", suggestion(base, self.ids.iter().copied()));
            self.report(&[Key("extends")], &message);
        }
        let tree = self.file.tree();
        let keys = tree.root().into_iter().flat_map(Node::entries).filter_map(|entry| entry.key.text());
        for key in keys.filter(|key| !EXTENSION_KEYS.contains(key)) {
            let message = format!(
                "a file with `extends` may only add `uploads`, not `{key}`; describe a new registry in a file without `extends`"
            );
            self.report(&[Key(key)], &message);
        }
    }

    fn pattern(&mut self, path: &[DataPath<'_>], pattern: &UploadPattern) {
        let named = [&pattern.action, &pattern.command, &pattern.workflow].into_iter().flatten().count();
        if named != 1 {
            self.report(path, "an upload needs exactly one of `action`, `command` and `workflow`");
        }
        if let Some(Err(error)) = pattern.only_if.as_deref().map(Condition::parse) {
            self.report(&[path, &[Key("only-if")]].concat(), &error.message);
        }
        if pattern.workflow.is_none() && pattern.only_if.is_some() {
            self.report(&[path, &[Key("only-if")]].concat(), "`only-if` is allowed only with `workflow`");
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
            let message = format!("`clients` has no entry `{name}`{}", suggestion(name, known));
            self.report(&[path, &[Key("client")]].concat(), &message);
        }
    }

    fn endpoint(&mut self, path: &[DataPath<'_>], endpoint: &EndpointRule) {
        if !endpoint.default.is_empty() && !self.ids.contains(&endpoint.default.as_str()) {
            let id = &endpoint.default;
            let message = format!("unknown registry `{id}`{}", suggestion(id, self.ids.iter().copied()));
            self.report(&[path, &[Key("endpoint"), Key("default")]].concat(), &message);
        }
        self.slots(path, &[Key("endpoint"), Key("slots")], &endpoint.slots);
        self.slots(path, &[Key("endpoint"), Key("opaque")], &endpoint.opaque);
    }

    fn slots(&mut self, path: &[DataPath<'_>], inner: &[DataPath<'_>], slots: &[Slot]) {
        for (index, slot) in slots.iter().enumerate() {
            let path = [path, inner, &[Item(index)]].concat();
            let texts = [&slot.input, &slot.manifest, &slot.secret].into_iter().flatten().count();
            if texts + usize::from(slot.env.is_some()) + usize::from(!slot.flags.is_empty()) != 1 {
                self.report(&path, "a slot needs exactly one of `input`, `flags`, `env`, `manifest` and `secret`");
            }
            if slot.manifest.is_some() == slot.key.is_empty() {
                self.report(&path, "a slot needs `key` if and only if it has `manifest`");
            }
            if slot.step.is_some() && slot.input.is_none() {
                self.report(&path, "a slot with `step` needs `input`");
            }
            if slot.env.as_ref().is_some_and(|glob| !glob.is_valid()) {
                self.report(&[&path[..], &[Key("env")]].concat(), "invalid glob");
            }
        }
    }

    fn choices(&mut self, path: &[DataPath<'_>], key: &str, choices: &[SlotChoice]) {
        for (index, choice) in choices.iter().enumerate() {
            let places = [choice.input.is_some(), choice.env.is_some(), !choice.flags.is_empty()];
            if places.into_iter().filter(|given| *given).count() != 1 {
                self.report(
                    &[path, &[Key(key), Item(index)]].concat(),
                    "a choice needs exactly one of `input`, `flags` and `env`",
                );
            }
        }
    }

    fn refs(&mut self, path: &[DataPath<'_>], refs: &ActionRefs) {
        if let Some(since) = refs.since.as_deref().filter(|since| Version::parse(since).is_none()) {
            let message = format!("`{since}` is not a version");
            self.report(&[path, &[Key("refs"), Key("since")]].concat(), &message);
        }
        let lists = [("sunset", &refs.sunset), ("recommended", &refs.recommended), ("nonexistent", &refs.nonexistent)];
        for (key, globs) in lists {
            for (index, _) in globs.iter().enumerate().filter(|(_, glob)| !glob.is_valid()) {
                self.report(&[path, &[Key("refs"), Key(key), Item(index)]].concat(), "invalid glob");
            }
        }
    }
}
