//! The config `.github/trustpub.yaml`, with a place for every value. Names of registries and rules are plain texts here; `trust` and
//! `lint` check them.

use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, SourceFile};
use crate::read::text::Text;
use crate::read::yaml::{MappingEntry, Node, NodeKind, Tree};

/// An entry of `publishers:`.
#[derive(Debug, Clone)]
pub struct DeclaredPublisher<'p> {
    /// The first key of the entry.
    pub(crate) place: Place,
    /// `registry:`.
    pub(crate) registry: Text<'p>,
    /// All other keys with their values.
    pub(crate) fields: Vec<(Text<'p>, Text<'p>)>,
}

/// An entry of `environments:`: settings of a GitHub environment.
#[derive(Debug, Clone)]
pub struct EnvironmentSettings<'p> {
    /// Its name.
    pub(crate) name: Text<'p>,
    /// The patterns of refs that may deploy to it; `None` without `refs:`.
    pub(crate) refs: Option<Vec<Text<'p>>>,
}

/// An entry of `ignore:`.
#[derive(Debug, Clone)]
pub struct IgnoreEntry<'p> {
    /// The first key of the entry.
    pub(crate) place: Place,
    /// The rule, by code or name.
    pub(crate) rule: Text<'p>,
    /// The file name of the workflow that it is limited to.
    pub(crate) workflow: Option<Text<'p>>,
    /// The id of the job that it is limited to.
    pub(crate) job: Option<Text<'p>>,
    /// The id or name of the step that it is limited to.
    pub(crate) step: Option<Text<'p>>,
    /// The reason.
    pub(crate) reason: Text<'p>,
    /// The last day on which it applies.
    pub(crate) expires: Option<Text<'p>>,
}

/// A config.
#[derive(Debug, Clone, Default)]
pub struct Config<'p> {
    /// `repository:`, as `owner/name`.
    pub(crate) repository: Option<Text<'p>>,
    /// `publishers:`.
    pub(crate) publishers: Vec<DeclaredPublisher<'p>>,
    /// `environments:`.
    pub(crate) environments: Vec<EnvironmentSettings<'p>>,
    /// `releases: immutable`: GitHub rejects changes to the assets of a published release.
    pub(crate) releases: Option<Text<'p>>,
    /// `documents:`.
    pub(crate) documents: Vec<Text<'p>>,
    /// `rules:`, as pairs of rule and level.
    pub(crate) rules: Vec<(Text<'p>, Text<'p>)>,
    /// `ignore:`.
    pub(crate) ignore: Vec<IgnoreEntry<'p>>,
    /// `extra-rules:`.
    pub(crate) extra_rules: Vec<Text<'p>>,
    /// `select:`; empty for all rules.
    pub(crate) select: Vec<Text<'p>>,
    /// `baseline:`, a path.
    pub(crate) baseline: Option<Text<'p>>,
    /// All problems, in the order of the file.
    pub(crate) problems: Vec<Problem>,
}

/// The top-level keys.
pub(crate) const KEYS: [&str; 10] = [
    "repository",
    "publishers",
    "environments",
    "releases",
    "documents",
    "rules",
    "ignore",
    "extra-rules",
    "select",
    "baseline",
];

/// The keys of an entry of `ignore:`.
pub(crate) const IGNORE_KEYS: [&str; 6] = ["rule", "workflow", "job", "step", "reason", "expires"];

impl<'p> Config<'p> {
    /// Reads a config. Valid entries are kept; every problem is collected.
    #[must_use]
    pub(crate) fn read(file: FileId, source: &'p SourceFile, tree: &'p Tree) -> Self {
        let mut reader = ConfigReader { file, source, config: Self::default() };
        for error in tree.errors() {
            reader.problem(error.span, format!("invalid config: {}", error.message));
        }
        match tree.root() {
            None => {}
            Some(root) if root.is_mapping() => root.entries().for_each(|entry| reader.key(entry)),
            Some(root) => {
                reader.problem(root.span(), "the config must be a mapping; see `trustpub rules schema config`")
            }
        }
        reader.config.problems.sort_by_key(|problem| problem.place);
        reader.config
    }
}

struct ConfigReader<'p> {
    file: FileId,
    source: &'p SourceFile,
    config: Config<'p>,
}

impl<'p> ConfigReader<'p> {
    fn problem(&mut self, span: crate::read::source::Span, message: impl Into<String>) {
        self.config.problems.push(Problem::new(Place { file: self.file, span }, message));
    }

    fn key(&mut self, entry: MappingEntry<'p>) {
        let name = entry.key.text().unwrap_or_default();
        match name {
            "repository" => self.config.repository = self.repository(entry),
            "publishers" => self.config.publishers = self.list(entry, Self::publisher),
            "environments" => self.environments(entry),
            "releases" => self.config.releases = self.releases(entry),
            "documents" => self.config.documents = self.list(entry, |reader, node| reader.word(node, "a path")),
            "rules" => self.rules(entry),
            "ignore" => self.config.ignore = self.list(entry, Self::ignore),
            "extra-rules" => self.config.extra_rules = self.list(entry, |reader, node| reader.word(node, "a folder")),
            "select" => self.config.select = self.list(entry, |reader, node| reader.word(node, "a rule")),
            "baseline" => self.config.baseline = self.word(entry.value, "a path"),
            _ => self.problem(entry.key.span(), format!("the config has no key `{name}`{}", suggestion(name, KEYS))),
        }
    }

    fn text(&self, node: Node<'p>) -> Text<'p> {
        Text::new(node, self.source, self.file)
    }

    /// A scalar that is not null.
    fn word(&mut self, node: Node<'p>, what: &str) -> Option<Text<'p>> {
        if node.is_scalar() && node.kind() != NodeKind::Null {
            return Some(self.text(node));
        }
        self.problem(node.span(), format!("expected {what}, found {}", node.kind().described()));
        None
    }

    fn list<T>(&mut self, entry: MappingEntry<'p>, mut each: impl FnMut(&mut Self, Node<'p>) -> Option<T>) -> Vec<T> {
        if entry.value.is_null() {
            return Vec::new();
        }
        if !entry.value.is_sequence() {
            let key = entry.key.text().unwrap_or_default();
            self.problem(entry.value.span(), format!("`{key}` must be a list, not {}", entry.value.kind().described()));
        }
        entry.value.items().filter_map(|node| each(self, node)).collect()
    }

    fn mapping(&mut self, entry: MappingEntry<'p>) -> Vec<MappingEntry<'p>> {
        if !entry.value.is_mapping() && !entry.value.is_null() {
            let key = entry.key.text().unwrap_or_default();
            self.problem(
                entry.value.span(),
                format!("`{key}` must be a mapping, not {}", entry.value.kind().described()),
            );
        }
        entry.value.entries().collect()
    }

    fn repository(&mut self, entry: MappingEntry<'p>) -> Option<Text<'p>> {
        let text = self.word(entry.value, "`owner/name`")?;
        let mut parts = text.value().split('/');
        let valid = parts.next().is_some_and(|owner| !owner.is_empty())
            && parts.next().is_some_and(|name| !name.is_empty())
            && parts.next().is_none();
        if !valid {
            self.problem(
                entry.value.span(),
                format!("`repository` must have the form `owner/name`, not `{}`", text.value()),
            );
        }
        valid.then_some(text)
    }

    fn publisher(&mut self, node: Node<'p>) -> Option<DeclaredPublisher<'p>> {
        if !node.is_mapping() {
            self.problem(
                node.span(),
                format!(
                    "a publisher must be a mapping with `registry` and the fields of its form, not {}",
                    node.kind().described()
                ),
            );
            return None;
        }
        let first = node.entries().next()?;
        let place = Place { file: self.file, span: first.key.span() };
        let mut registry = None;
        let mut fields = Vec::new();
        for entry in node.entries() {
            let key = self.text(entry.key);
            if key.value() == "registry" {
                registry = self.word(entry.value, "the id of a registry");
            } else if entry.value.is_null() {
                // Without a value, the field is left empty in the registry's form.
            } else if let Some(value) = self.word(entry.value, "a string") {
                fields.push((key, value));
            }
        }
        if node.get("registry").is_none() {
            self.problem(first.key.span(), "the publisher has no `registry`");
        }
        Some(DeclaredPublisher { place, registry: registry?, fields })
    }

    fn environments(&mut self, entry: MappingEntry<'p>) {
        for environment in self.mapping(entry) {
            let name = self.text(environment.key);
            let mut refs = None;
            for setting in self.mapping(environment) {
                match setting.key.text() {
                    Some("refs") => refs = Some(self.list(setting, |reader, node| reader.word(node, "a pattern"))),
                    other => {
                        let other = other.unwrap_or_default();
                        self.problem(
                            setting.key.span(),
                            format!("an environment has no key `{other}`{}", suggestion(other, ["refs"])),
                        );
                    }
                }
            }
            self.config.environments.push(EnvironmentSettings { name, refs });
        }
    }

    fn releases(&mut self, entry: MappingEntry<'p>) -> Option<Text<'p>> {
        let word = self.word(entry.value, "`immutable`")?;
        if word.value() != "immutable" {
            self.problem(entry.value.span(), "`releases` can only be `immutable`; omit it otherwise");
            return None;
        }
        Some(word)
    }

    fn rules(&mut self, entry: MappingEntry<'p>) {
        for rule in self.mapping(entry) {
            let name = self.text(rule.key);
            if let Some(level) = self.word(rule.value, "a level (`error`, `warning`, `note`) or `off`") {
                self.config.rules.push((name, level));
            }
        }
    }

    fn ignore(&mut self, node: Node<'p>) -> Option<IgnoreEntry<'p>> {
        if !node.is_mapping() {
            self.problem(
                node.span(),
                format!(
                    "an entry of `ignore` must be a mapping with `rule` and `reason`, not {}",
                    node.kind().described()
                ),
            );
            return None;
        }
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !IGNORE_KEYS.contains(&key) {
                self.problem(
                    entry.key.span(),
                    format!("an entry of `ignore` has no key `{key}`{}", suggestion(key, IGNORE_KEYS)),
                );
            }
        }
        let mut field = |name: &str| node.get(name).and_then(|value| self.word(value, "a string"));
        let (rule, reason) = (field("rule"), field("reason"));
        let (workflow, job, step, expires) = (field("workflow"), field("job"), field("step"), field("expires"));
        let first = node.entries().next()?.key.span();
        for (name, value) in [("rule", &rule), ("reason", &reason)] {
            if value.is_none() && node.get(name).is_none() {
                self.problem(first, format!("the entry of `ignore` has no `{name}`"));
            }
        }
        let place = Place { file: self.file, span: first };
        Some(IgnoreEntry { place, rule: rule?, workflow, job, step, reason: reason?, expires })
    }
}
