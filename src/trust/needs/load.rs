//! Reads a file of needs. All problems are collected with their places; a file with a problem is not used.

use crate::read::glob::Glob;
use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, SourceFile, Span};
use crate::read::yaml::{self, Dialect, Node};
use crate::trust::needs::{
    EarlierStep, FACTS, Need, NeedArtifact, NeedCondition, NeedEntry, NeedExample, NeedFallback, NeedKind, NeedTopic,
    TokenRule,
};
use crate::trust::registry::slot::Slot;
use crate::trust::registry::test::{FactValues, ValueTest};
use crate::workflow::github::GitHubFacts;
use crate::workflow::permissions::AccessLevel;

/// The keys of a file.
const FILE: [&str; 4] = ["title", "reviewed", "entries", "no-permissions"];
/// The keys of an entry.
const ENTRY: [&str; 12] = [
    "action",
    "workflow",
    "command",
    "also",
    "via",
    "unless",
    "source",
    "token",
    "needs",
    "runs-other-programs",
    "uploads",
    "examples",
];
/// The keys of a need.
const NEED: [&str; 7] = ["permission", "or", "when", "documented", "private", "optional", "reason"];
/// The keys of `token`.
const TOKEN: [&str; 4] = ["slots", "otherwise", "earlier", "opaque"];
/// The keys of `earlier`.
const EARLIER: [&str; 4] = ["action", "when", "slots", "otherwise"];

/// Reads a file. A `built_in` file is JSON without examples.
pub fn load(
    file: FileId,
    source: &SourceFile,
    github: &GitHubFacts,
    built_in: bool,
) -> Result<NeedTopic, Vec<Problem>> {
    let tree = if built_in { yaml::json(source.text()) } else { yaml::parse(source.text(), Dialect::Data) };
    let mut loader = NeedLoader { file, path: source.path(), github, built_in, problems: Vec::new() };
    for error in tree.errors() {
        loader.problem(error.span, error.message.clone());
    }
    let topic = match tree.root() {
        Some(root) if root.is_mapping() => loader.topic(root),
        _ => {
            loader.problem(source.line_span(1), "a file of needs must be a mapping with `title` and `entries`");
            NeedTopic::default()
        }
    };
    loader.problems.sort_by_key(|problem| problem.place);
    if loader.problems.is_empty() { Ok(topic) } else { Err(loader.problems) }
}

struct NeedLoader<'s> {
    file: FileId,
    path: &'s str,
    github: &'s GitHubFacts,
    built_in: bool,
    problems: Vec<Problem>,
}

impl NeedLoader<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(Place { file: self.file, span }, message));
    }

    /// Reports a node that is not a mapping, and its unknown keys.
    fn keys(&mut self, node: Node<'_>, what: &str, known: &[&str]) {
        if !node.is_mapping() {
            self.problem(node.span(), format!("{what} must be a mapping"));
        }
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !known.contains(&key) {
                let suggestion = suggestion(key, known.iter().copied());
                self.problem(entry.key.span(), format!("{what} has no key `{key}`{suggestion}"));
            }
        }
    }

    fn topic(&mut self, root: Node<'_>) -> NeedTopic {
        self.keys(root, "a file of needs", &FILE);
        let entries: Vec<_> = root.get("entries").into_iter().flat_map(Node::items).collect();
        let no_permissions = self.texts(root, "no-permissions");
        if entries.is_empty() && no_permissions.is_empty() {
            self.problem(first(root), "the file has neither `entries` nor `no-permissions`");
        }
        NeedTopic {
            title: self.text(root, "title").unwrap_or_default(),
            reviewed: self.text(root, "reviewed").unwrap_or_default(),
            entries: entries.into_iter().filter_map(|node| self.entry(node)).collect(),
            no_permissions,
        }
    }

    fn entry(&mut self, node: Node<'_>) -> Option<NeedEntry> {
        self.keys(node, "an entry", &ENTRY);
        let mut kinds = NeedKind::WORDS.into_iter().filter_map(|(kind, word)| Some((kind, node.get(word)?)));
        let (Some((kind, name)), None) = (kinds.next(), kinds.next()) else {
            self.problem(first(node), "an entry needs exactly one of `action`, `workflow` and `command`");
            return None;
        };
        let mut names = vec![name.text().unwrap_or_default().to_owned()];
        names.extend(self.texts(node, "also"));
        let needs: Vec<_> = node.get("needs").into_iter().flat_map(Node::items).collect();
        let entry = NeedEntry {
            kind,
            names,
            via: self.texts(node, "via"),
            unless: self.texts(node, "unless"),
            source: self.text(node, "source").unwrap_or_default(),
            token: node.get("token").map(|token| self.token(token)).unwrap_or_default(),
            needs: needs.into_iter().filter_map(|need| self.need(need)).collect(),
            runs_other_programs: self.flag(node, "runs-other-programs", false),
            uploads: node.get("uploads").into_iter().flat_map(Node::items).map(|item| self.artifact(item)).collect(),
            examples: self.examples(node),
            path: self.path.to_owned(),
        };
        for (kind, has) in
            [("bad", entry.examples.iter().any(|it| it.bad)), ("good", entry.examples.iter().any(|it| !it.bad))]
        {
            if !has && !self.built_in && entry.needs.iter().any(|need| !need.optional) {
                self.problem(name.span(), format!("`{}` has no `{kind}` example; the tests need one", entry.name()));
            }
        }
        Some(entry)
    }

    fn need(&mut self, node: Node<'_>) -> Option<Need> {
        self.keys(node, "a need", &NEED);
        let mut scopes = self.scopes(node, "permission");
        if scopes.len() != 1 {
            self.problem(first(node), "a need has exactly one `permission`, such as `permission: { contents: write }`");
        }
        let reason = self.text(node, "reason");
        let (scope, access) = scopes.pop()?;
        Some(Need {
            scope,
            access,
            or: self.scopes(node, "or"),
            when: self.conditions(node),
            documented: self.flag(node, "documented", true),
            private: self.flag(node, "private", false),
            optional: self.flag(node, "optional", false),
            reason: reason?,
        })
    }

    fn scopes(&mut self, node: Node<'_>, key: &str) -> Vec<(String, AccessLevel)> {
        let mut scopes = Vec::new();
        for entry in node.get(key).into_iter().flat_map(Node::entries) {
            let (scope, word) = (entry.key.text().unwrap_or_default(), entry.value.text().unwrap_or_default());
            let known = &self.github.permissions.scopes;
            if !known.contains_key(scope) {
                let suggestion = suggestion(scope, known.keys().map(String::as_str));
                self.problem(entry.key.span(), format!("unknown permission scope `{scope}`{suggestion}"));
            }
            match AccessLevel::from_word(word).filter(|access| *access != AccessLevel::None) {
                Some(access) => scopes.push((scope.to_owned(), access)),
                None => self.problem(entry.value.span(), format!("the access must be `read` or `write`, not `{word}`")),
            }
        }
        scopes
    }

    fn conditions(&mut self, node: Node<'_>) -> Vec<NeedCondition> {
        let mut conditions = Vec::new();
        for entry in node.get("when").into_iter().flat_map(Node::entries) {
            let name = entry.key.text().unwrap_or_default();
            let Some((_, values, _)) = FACTS.iter().find(|(fact, ..)| fits(fact, name)) else {
                let known = FACTS.iter().map(|(fact, ..)| *fact);
                self.problem(entry.key.span(), format!("unknown fact `{name}`{}", suggestion(name, known)));
                continue;
            };
            if let Some(test) = self.test(entry.value, *values) {
                conditions.push(NeedCondition { fact: name.to_owned(), test });
            }
        }
        conditions
    }

    fn test(&mut self, node: Node<'_>, values: FactValues) -> Option<ValueTest> {
        let mut problems = Vec::new();
        let test = ValueTest::read(node, values, &mut problems);
        problems.into_iter().for_each(|(span, message)| self.problem(span, message));
        test
    }

    fn token(&mut self, node: Node<'_>) -> TokenRule {
        self.keys(node, "`token`", &TOKEN);
        TokenRule {
            slots: self.slots(node),
            otherwise: self.otherwise(node),
            earlier: node.get("earlier").map(|earlier| self.earlier(earlier)),
            opaque: self.texts(node, "opaque"),
        }
    }

    fn earlier(&mut self, node: Node<'_>) -> EarlierStep {
        self.keys(node, "`earlier`", &EARLIER);
        EarlierStep {
            action: self.text(node, "action").unwrap_or_default(),
            when: self.conditions(node),
            slots: self.slots(node),
            otherwise: self.otherwise(node),
        }
    }

    fn otherwise(&mut self, node: Node<'_>) -> NeedFallback {
        match node.get("otherwise").map(|value| (value, value.text().unwrap_or_default())) {
            None | Some((_, "job")) => NeedFallback::Job,
            Some((_, "none")) => NeedFallback::None,
            Some((value, other)) => {
                self.problem(value.span(), format!("`otherwise` must be `job` or `none`, not `{other}`"));
                NeedFallback::None
            }
        }
    }

    fn slots(&mut self, node: Node<'_>) -> Vec<Slot> {
        let mut slots = Vec::new();
        for item in node.get("slots").into_iter().flat_map(Node::items) {
            self.keys(item, "a slot", &["input", "env", "flags"]);
            let text = |key: &str| item.get(key).and_then(Node::text).map(str::to_owned);
            let slot = Slot {
                input: text("input"),
                env: text("env").map(Glob::from),
                flags: self.texts(item, "flags"),
                ..Slot::default()
            };
            slots.push(slot);
        }
        slots
    }

    fn artifact(&mut self, node: Node<'_>) -> NeedArtifact {
        self.keys(node, "an artifact", &["input", "name", "suffix"]);
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        NeedArtifact { input: text("input"), name: text("name"), suffix: text("suffix") }
    }

    fn examples(&mut self, node: Node<'_>) -> Vec<NeedExample> {
        let mut examples = Vec::new();
        for item in node.get("examples").into_iter().flat_map(Node::items) {
            self.keys(item, "an example", &["bad", "good"]);
            match (item.get("bad"), item.get("good")) {
                (Some(text), None) => examples.push((true, text)),
                (None, Some(text)) => examples.push((false, text)),
                _ => self.problem(item.span(), "an example needs exactly one of `bad` and `good`"),
            }
        }
        let example =
            |(bad, node): (bool, Node<'_>)| NeedExample { bad, text: node.text().unwrap_or_default().to_owned() };
        examples.into_iter().map(example).collect()
    }

    fn text(&mut self, node: Node<'_>, key: &str) -> Option<String> {
        match node.get(key).map(|value| (value, value.text())) {
            Some((_, Some(text))) if !text.trim().is_empty() => Some(text.trim_end().to_owned()),
            Some((value, _)) => {
                self.problem(value.span(), format!("`{key}` must be a non-empty text"));
                None
            }
            None => {
                self.problem(first(node), format!("`{key}` is missing"));
                None
            }
        }
    }

    fn texts(&mut self, node: Node<'_>, key: &str) -> Vec<String> {
        let Some(value) = node.get(key) else { return Vec::new() };
        if !value.is_sequence() {
            self.problem(value.span(), format!("`{key}` must be a list"));
        }
        value.items().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    fn flag(&mut self, node: Node<'_>, key: &str, otherwise: bool) -> bool {
        let Some(value) = node.get(key) else { return otherwise };
        value.bool().unwrap_or_else(|| {
            self.problem(value.span(), format!("`{key}` must be `true` or `false`"));
            otherwise
        })
    }
}

fn fits(fact: &str, name: &str) -> bool {
    match fact.strip_suffix('*') {
        Some(prefix) => name.strip_prefix(prefix).is_some_and(|part| !part.is_empty()),
        None => fact == name,
    }
}

fn first(node: Node<'_>) -> Span {
    node.entries().next().map_or_else(|| node.span(), |entry| entry.key.span())
}
