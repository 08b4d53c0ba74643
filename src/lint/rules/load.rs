//! Reads a rule file. All problems are collected with their places; a rule with a problem is not run.

use crate::lint::facts;
use crate::lint::findings::Level;
use crate::lint::fix::{FixAction, FixTarget, FixTemplate, TARGETS};
use crate::lint::rules::{
    FactCondition, MessageTemplate, Quantifier, Rule, RuleExample, RuleLevels, RuleMessage, ValueTest,
};
use crate::lint::subjects::SubjectKind;
use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, SourceFile, Span};
use crate::read::yaml::{self, Dialect, MappingEntry, Node};
use crate::workflow::expression::Truth;

/// Keys of other kinds of data files, with the folder that such a file belongs to.
const ELSEWHERE: [(&str, &str); 5] = [
    ("extends", "registries"),
    ("record", "registries"),
    ("uploads", "registries"),
    ("entries", "needs"),
    ("quiet", "needs"),
];

const KEYS: [&str; 19] = [
    "name",
    "code",
    "summary",
    "level",
    "precision",
    "security-severity",
    "tags",
    "help",
    "references",
    "for-each",
    "runs",
    "when",
    "require",
    "message",
    "at",
    "show",
    "yields-to",
    "fix",
    "examples",
];
const EXAMPLE_KEYS: [&str; 6] = ["name", "bad", "fixed", "good", "files", "config"];
/// The keys of a fix.
pub const FIX_KEYS: [&str; 7] = ["title", "safety", "when", "set", "remove", "rename", "repin"];
const PRECISIONS: [&str; 4] = ["very-high", "high", "medium", "low"];

/// Reads a rule from a file. A `tested` file is built in: it is JSON and lacks its examples.
///
/// # Errors
/// All its problems, in the order of the file.
pub fn load(file: FileId, source: &SourceFile, own: bool, tested: bool) -> Result<Rule, Vec<Problem>> {
    let tree = if tested { yaml::json(source.text()) } else { yaml::parse(source.text(), Dialect::Data) };
    let mut loader = RuleLoader { file, source, tested, problems: Vec::new() };
    for error in tree.errors() {
        loader.problem(error.span, error.message.clone());
    }
    let rule = match tree.root() {
        Some(root) if root.is_mapping() => loader.rule(root, own),
        _ => {
            loader.problem(
                source.line_span(1),
                "a rule file is a mapping; `trustpub rules new NAME` writes one to begin with",
            );
            None
        }
    };
    loader.problems.sort_by_key(|problem| problem.place);
    loader.problems.dedup();
    match rule {
        Some(rule) if loader.problems.is_empty() => Ok(rule),
        _ => Err(loader.problems),
    }
}

/// Makes an action from its target and its new text.
type ActionMaker = fn(FixTarget, MessageTemplate) -> FixAction;

struct RuleLoader<'s> {
    file: FileId,
    source: &'s SourceFile,
    tested: bool,
    problems: Vec<Problem>,
}

impl RuleLoader<'_> {
    fn problem(&mut self, span: Span, message: impl Into<String>) {
        self.problems.push(Problem::new(Place { file: self.file, span }, message));
    }

    fn rule(&mut self, root: Node<'_>, own: bool) -> Option<Rule> {
        // Reporting each key of a file of another kind would not help.
        if let Some((entry, folder)) = other_kind(root) {
            let key = entry.key.text().unwrap_or_default();
            self.problem(
                entry.key.span(),
                format!("this is no rule: a file with `{key}` goes into the folder `{folder}` of the rules folder"),
            );
            return None;
        }
        for entry in root.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !KEYS.contains(&key) {
                self.problem(entry.key.span(), format!("a rule has no key `{key}`{}", suggestion(key, KEYS)));
            }
        }
        let name = self.text(root, "name");
        let kind = self.kind(root);
        let when = self.conditions(root, "when", kind);
        let require = self.conditions(root, "require", kind);
        if require.is_empty() && root.get("require").is_none() {
            self.problem(first(root), "the rule has no `require`, so it could never report anything");
        }
        let message = self.message(root, kind, &require);
        let show = self.show(root, kind);
        let at = root.get("at").and_then(|node| self.fact_name(node, kind));
        let rule = Rule {
            code: self.text(root, "code").unwrap_or_default(),
            summary: self.text(root, "summary").unwrap_or_default(),
            levels: self.levels(root),
            precision: self.one_of(root, "precision", &PRECISIONS, "medium"),
            security_severity: root.get("security-severity").and_then(Node::text).map(str::to_owned),
            tags: self.texts(root, "tags"),
            help: self.text(root, "help").unwrap_or_default(),
            references: self.texts(root, "references"),
            kind: kind.unwrap_or(SubjectKind::Job),
            runs: if self.one_of(root, "runs", &["some", "every"], "some") == "every" {
                Quantifier::Every
            } else {
                Quantifier::Some
            },
            when,
            require,
            message: message?,
            at,
            show,
            yields_to: self.texts(root, "yields-to"),
            fixes: self.fixes(root, kind),
            examples: self.examples(root),
            own,
            path: self.source.path().to_owned(),
            name: name?,
        };
        self.whole(root, &rule);
        Some(rule)
    }

    /// Checks that need the whole rule.
    fn whole(&mut self, root: Node<'_>, rule: &Rule) {
        let stem = self.source.file_name().trim_end_matches(".yaml").trim_end_matches(".yml");
        let span = root.get("name").map_or_else(|| first(root), Node::span);
        if rule.name != stem {
            self.problem(
                span,
                format!("the rule is named `{}` but its file `{stem}`; they are the same word", rule.name),
            );
        }
        let kebab =
            rule.name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
        if !kebab {
            self.problem(span, format!("the name `{}` is not in kebab-case", rule.name));
        }
        if !self.tested {
            self.examples_are_whole(root, rule);
        }
    }

    fn text(&mut self, root: Node<'_>, key: &str) -> Option<String> {
        match root.get(key).map(|node| (node, node.text())) {
            Some((_, Some(text))) if !text.trim().is_empty() => Some(text.trim_end().to_owned()),
            Some((node, _)) => {
                self.problem(node.span(), format!("`{key}` is a text"));
                None
            }
            None => {
                self.problem(first(root), format!("the rule has no `{key}`"));
                None
            }
        }
    }

    fn texts(&mut self, root: Node<'_>, key: &str) -> Vec<String> {
        let Some(node) = root.get(key) else { return Vec::new() };
        if !node.is_sequence() {
            self.problem(node.span(), format!("`{key}` is a list"));
        }
        node.items().filter_map(|item| item.text().map(str::to_owned)).collect()
    }

    fn one_of(&mut self, root: Node<'_>, key: &str, known: &[&'static str], otherwise: &'static str) -> String {
        let Some(node) = root.get(key) else { return otherwise.to_owned() };
        let word = node.text().unwrap_or_default();
        if !known.contains(&word) {
            self.problem(node.span(), format!("`{key}` cannot be `{word}`{}", suggestion(word, known.iter().copied())));
        }
        word.to_owned()
    }

    fn kind(&mut self, root: Node<'_>) -> Option<SubjectKind> {
        let Some(node) = root.get("for-each") else {
            self.problem(first(root), "the rule has no `for-each`, the subject that it is about");
            return None;
        };
        let word = node.text().unwrap_or_default();
        let kind = SubjectKind::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind);
        if kind.is_none() {
            let known = SubjectKind::WORDS.iter().map(|(_, word)| *word);
            self.problem(node.span(), format!("there is no subject `{word}`{}", suggestion(word, known)));
        }
        kind
    }

    fn levels(&mut self, root: Node<'_>) -> RuleLevels {
        let all = |level| RuleLevels { every: level, some: level, by_value: Vec::new() };
        let Some(entry) = root.entry("level") else {
            self.problem(first(root), "the rule has no `level`");
            return all(Level::Warning);
        };
        if entry.value.is_scalar() {
            return all(self.level(entry.value));
        }
        let mut levels = all(Level::Warning);
        for line in entry.value.entries() {
            let level = self.level(line.value);
            match line.key.text().unwrap_or_default() {
                "every" => levels.every = level,
                "some" => levels.some = level,
                value => levels.by_value.push((value.to_owned(), level)),
            }
        }
        levels
    }

    fn level(&mut self, node: Node<'_>) -> Level {
        let word = node.text().unwrap_or_default();
        let known = [Level::Error, Level::Warning, Level::Note];
        known.into_iter().find(|level| level.word() == word).unwrap_or_else(|| {
            self.problem(
                node.span(),
                format!("there is no level `{word}`{}", suggestion(word, known.map(Level::word))),
            );
            Level::Warning
        })
    }

    /// The name of a fact that the subject has.
    fn fact_name(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<String> {
        let name = node.text().unwrap_or_default();
        self.known_fact(name, node.span(), kind).then(|| name.to_owned())
    }

    fn known_fact(&mut self, name: &str, span: Span, kind: Option<SubjectKind>) -> bool {
        let has = |spec: &facts::FactSpec| kind.is_none_or(|kind| spec.kinds.contains(&kind));
        match facts::spec(name) {
            Some((spec, _)) if has(spec) => true,
            Some((spec, _)) => {
                let kinds: Vec<_> = spec.kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
                let subject = kind.map_or("", SubjectKind::word);
                self.problem(span, format!("a `{subject}` has no fact `{name}`; it is one of {}", kinds.join(", ")));
                false
            }
            None => {
                let known = facts::all().filter(|spec| has(spec)).map(|spec| spec.name);
                self.problem(span, format!("there is no fact `{name}`{}", suggestion(name, known)));
                false
            }
        }
    }

    fn conditions(&mut self, root: Node<'_>, key: &str, kind: Option<SubjectKind>) -> Vec<FactCondition> {
        let Some(node) = root.get(key) else { return Vec::new() };
        if !node.is_mapping() {
            self.problem(node.span(), format!("`{key}` is a mapping from facts to tests"));
        }
        node.entries().filter_map(|entry| self.condition(entry, kind)).collect()
    }

    fn condition(&mut self, entry: MappingEntry<'_>, kind: Option<SubjectKind>) -> Option<FactCondition> {
        let fact = facts::FactName::new(&self.fact_name(entry.key, kind)?)?;
        let mut problems = Vec::new();
        let test = ValueTest::read(entry.value, fact.spec().values, &mut problems);
        problems.into_iter().for_each(|(span, message)| self.problem(span, message));
        let test = test?;
        Some(FactCondition { fact, test })
    }

    fn refuse<T>(&mut self, node: Node<'_>, message: &str) -> Option<T> {
        self.problem(node.span(), message);
        None
    }

    fn template(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<MessageTemplate> {
        let Some(text) = node.text() else { return self.refuse(node, "a sentence is a text") };
        let template = MessageTemplate::parse(text.trim_end());
        let facts: Vec<_> = template.facts().map(str::to_owned).collect();
        for fact in facts {
            self.known_fact(&fact, node.span(), kind);
        }
        Some(template)
    }

    fn message(&mut self, root: Node<'_>, kind: Option<SubjectKind>, require: &[FactCondition]) -> Option<RuleMessage> {
        let Some(node) = root.get("message") else {
            self.problem(first(root), "the rule has no `message`");
            return None;
        };
        if !node.is_mapping() {
            return self.template(node, kind).map(RuleMessage::One);
        }
        let mut list = Vec::new();
        for entry in node.entries() {
            if let Some(template) = self.template(entry.value, kind) {
                list.push((entry.key.text().unwrap_or_default().to_owned(), template));
            }
        }
        let has = |key: &str| list.iter().any(|(name, _)| name == key);
        for condition in require.iter().filter(|condition| !has(condition.fact.as_str())) {
            let open: Vec<_> = match condition.fact.spec().values.listed() {
                Some(values) => values
                    .iter()
                    .filter(|value| condition.test.passes(Some(value)) == Truth::No && !has(value))
                    .collect(),
                None => vec![&"any other value"],
            };
            if !open.is_empty() {
                self.problem(
                    node.span(),
                    format!(
                        "no message for `{}` when it is {}",
                        condition.fact.as_str(),
                        open.into_iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
                    ),
                );
            }
        }
        Some(RuleMessage::By(list))
    }

    fn show(&mut self, root: Node<'_>, kind: Option<SubjectKind>) -> Vec<(String, MessageTemplate)> {
        let Some(node) = root.get("show") else { return Vec::new() };
        let mut list = Vec::new();
        for entry in node.entries() {
            if let (Some(fact), Some(template)) = (self.fact_name(entry.key, kind), self.template(entry.value, kind)) {
                list.push((fact, template));
            }
        }
        list
    }

    /// The examples of a rule.
    fn examples(&mut self, root: Node<'_>) -> Vec<RuleExample> {
        let Some(node) = root.get("examples") else { return Vec::new() };
        node.items().filter_map(|item| self.example(item)).collect()
    }

    fn example(&mut self, node: Node<'_>) -> Option<RuleExample> {
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !EXAMPLE_KEYS.contains(&key) {
                self.problem(
                    entry.key.span(),
                    format!("an example has no key `{key}`{}", suggestion(key, EXAMPLE_KEYS)),
                );
            }
        }
        let (bad, good) = (node.get("bad"), node.get("good"));
        let shown = bad.or(good);
        let Some(shown) = shown.filter(|_| bad.is_none() || good.is_none()) else {
            return self.refuse(node, "an example is either `bad` or `good`");
        };
        let files = node.get("files").into_iter().flat_map(Node::entries);
        Some(RuleExample {
            name: node.get("name").and_then(Node::text).unwrap_or_default().to_owned(),
            bad: bad.is_some(),
            text: whole_workflow(shown.text().unwrap_or_default()),
            fixed: node.get("fixed").and_then(Node::text).map(whole_workflow),
            files: files
                .filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.value.text()?.to_owned())))
                .collect(),
            config: node.get("config").and_then(Node::text).map(str::to_owned),
            place: Place { file: self.file, span: shown.span() },
        })
    }

    /// Checks that a rule has an example of each kind and one for its fix.
    fn examples_are_whole(&mut self, root: Node<'_>, rule: &Rule) {
        for (wanted, has) in
            [("bad", rule.examples.iter().any(|it| it.bad)), ("good", rule.examples.iter().any(|it| !it.bad))]
        {
            if !has {
                let span = root.entry("examples").map_or_else(|| first(root), |entry| entry.key.span());
                self.problem(
                    span,
                    format!("the rule has no `{wanted}` example; examples are its tests and its documentation"),
                );
            }
        }
        if !rule.fixes.is_empty() && !rule.examples.iter().any(|example| example.fixed.is_some()) {
            let span = root.entry("fix").map_or_else(|| first(root), |entry| entry.key.span());
            self.problem(
                span,
                "no example shows what the fix does; give a `bad` one the text of its file after it as `fixed`",
            );
        }
    }

    /// The fix templates of a rule: one, or a list of which the first that works is offered.
    fn fixes(&mut self, root: Node<'_>, kind: Option<SubjectKind>) -> Vec<FixTemplate> {
        let Some(node) = root.get("fix") else { return Vec::new() };
        let nodes: Vec<_> = if node.is_sequence() { node.items().collect() } else { vec![node] };
        nodes.into_iter().filter_map(|node| self.fix(node, kind)).collect()
    }

    fn fix(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<FixTemplate> {
        if !node.is_mapping() {
            return self.refuse(node, "a fix is a mapping with `title`, `safety` and what to change");
        }
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !FIX_KEYS.contains(&key) {
                self.problem(entry.key.span(), format!("a fix has no key `{key}`{}", suggestion(key, FIX_KEYS)));
            }
        }
        let Some(title) = node.get("title") else {
            return self.refuse(node, "the fix has no `title`, which says what it does");
        };
        let title = self.template(title, kind)?;
        if node.get("safety").is_none() {
            return self.refuse(
                node,
                "the fix has no `safety`: `safe` if it changes nothing besides the fault, else `unsafe`",
            );
        }
        let safe = self.one_of(node, "safety", &["safe", "unsafe"], "unsafe") == "safe";
        let when = self.conditions(node, "when", kind);
        let actions = self.actions(node, kind);
        if actions.is_empty() {
            return self.refuse(node, "the fix changes nothing; give it one of `set`, `remove`, `rename`, `repin`");
        }
        Some(FixTemplate { title, safe, when, actions })
    }

    fn actions(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Vec<FixAction> {
        let mut actions = Vec::new();
        if let Some(removed) = node.get("remove") {
            let names: Vec<_> = if removed.is_sequence() { removed.items().collect() } else { vec![removed] };
            for name in names {
                actions.extend(self.target(name, kind).map(FixAction::Remove));
            }
        }
        let makers: [(&str, ActionMaker); 3] =
            [("set", FixAction::Set), ("rename", FixAction::Rename), ("repin", FixAction::Repin)];
        for (key, make) in makers {
            let Some(lines) = node.get(key) else { continue };
            if !lines.is_mapping() {
                self.problem(lines.span(), format!("`{key}` is a mapping from what is changed to its new text"));
            }
            let pair = |loader: &mut Self, line: MappingEntry<'_>| {
                Some(make(loader.target(line.key, kind)?, loader.template(line.value, kind)?))
            };
            let made: Vec<_> = lines.entries().filter_map(|line| pair(self, line)).collect();
            actions.extend(made);
        }
        actions
    }

    /// What a change applies to: a row of the table of targets, else a fact.
    fn target(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<FixTarget> {
        let name = node.text().unwrap_or_default();
        let Some((line, part)) = FixTarget::line(name) else {
            if facts::spec(name).is_none() {
                let known = TARGETS.iter().map(|line| line.0).chain(facts::all().map(|spec| spec.name));
                let known: Vec<_> = known.collect();
                let message = format!("nothing is called `{name}` that could be changed{}", suggestion(name, known));
                return self.refuse(node, &message);
            }
            return self.fact_name(node, kind).map(FixTarget::Fact);
        };
        if kind.is_some_and(|kind| !line.1.contains(&kind)) {
            let subject = kind.map_or("", SubjectKind::word);
            return self.refuse(node, &format!("a `{subject}` has no `{}` that could be changed", line.0));
        }
        let facts: Vec<_> = MessageTemplate::parse(part).facts().map(str::to_owned).collect();
        let known = facts.iter().all(|name| self.known_fact(name, node.span(), kind));
        known.then(|| FixTarget::parse(name))
    }
}

fn first(root: Node<'_>) -> Span {
    root.entries().next().map_or_else(|| root.span(), |entry| entry.key.span())
}

/// A key that only another kind of data file has, with the folder for that kind.
fn other_kind<'n>(root: Node<'n>) -> Option<(MappingEntry<'n>, &'static str)> {
    let of = |(key, folder)| Some((root.entries().find(|entry| entry.key.text() == Some(key))?, folder));
    ELSEWHERE.into_iter().find_map(of).filter(|_| root.get("for-each").is_none() && root.get("require").is_none())
}

/// An example that starts with `steps:` or `job:` becomes the job `publish` of a plain release workflow.
fn whole_workflow(text: &str) -> String {
    const START: &str = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n";
    const JOB: &str = "    runs-on: ubuntu-latest\n    environment: release\n    permissions:\n      id-token: write\n";
    let indented = |lines: &str, by: &str| -> String {
        let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{by}{line}\n") };
        lines.lines().map(line).collect()
    };
    if text.starts_with("steps:") {
        return format!("{START}{JOB}{}", indented(text, "    "));
    }
    match text.strip_prefix("job:\n") {
        Some(job) => format!("{START}{}", indented(job, "  ")),
        None => text.to_owned(),
    }
}
