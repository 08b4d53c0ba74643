//! Rule files: what they may contain, and the check that makes a [`Rule`] of one. A rule with a problem is not run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::lint::facts;
use crate::lint::findings::Level;
use crate::lint::fix::{FixAction, FixTarget, FixTemplate, TARGETS};
use crate::lint::rules::{
    FactCondition, HandTemplate, MessageTemplate, Precision, Quantifier, Rule, RuleExample, RuleFixes, RuleLevels,
    RuleMessage, ValueTest,
};
use crate::lint::subjects::SubjectKind;
use crate::read::builtin::PackedRules;
use crate::read::data_file::{DataFile, DataProblems, Entries, Lazy, Never, OneOrMany, OneOrMap, Shape, Spanned};
use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, Span};
use crate::trust::registry::test::{self, WrittenTest, conditions_schema};
use crate::workflow::expression::Truth;

/// A rule: for each subject, when these facts hold, require those.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "trustpub rule")]
pub(crate) struct RuleFile {
    /// The stem of the file, in kebab-case.
    #[schemars(regex(pattern = "^[a-z0-9-]+$"))]
    name: Spanned<String>,
    /// The SARIF rule id.
    #[schemars(regex(pattern = "^[A-Z]{1,8}[0-9]{1,6}$"))]
    code: Spanned<String>,
    /// One sentence.
    summary: Spanned<String>,
    /// The level of every finding; or one for `every` run, for `some` runs, and for values of the fact that failed.
    level: OneOrMap<Level>,
    /// How likely a finding is true.
    #[serde(default)]
    precision: Precision,
    /// Only for security rules: a number above 0 and up to 10.
    security_severity: Option<String>,
    /// Keywords.
    #[serde(default)]
    tags: Vec<String>,
    /// Markdown: what, why, what to do.
    help: Lazy<Spanned<String>>,
    /// Links.
    #[serde(default)]
    references: Lazy<Vec<String>>,
    /// The subject that the rule is about.
    for_each: SubjectKind,
    /// In how many of the runs that reach the subject it must fail.
    #[serde(default)]
    runs: Quantifier,
    /// The conditions under which the rule applies.
    #[serde(default)]
    when: FactTests,
    /// What must hold.
    require: FactTests,
    /// What is wrong, with `{fact}` for the value of a fact; or one message for each fact or value.
    message: Lazy<MessageFile>,
    /// The fact whose place is the place of the finding; by default the fact that failed.
    at: Option<Spanned<String>>,
    /// Further facts to show, with a text about each.
    #[serde(default)]
    show: Entries<Spanned<String>>,
    /// Rules that report the same cause.
    #[serde(default)]
    yields_to: Vec<String>,
    /// The changes that remove the finding; of a list, the first that works is offered.
    #[serde(default)]
    fix: Lazy<FixFiles>,
    /// What only a person can do, printed where fixes are applied.
    #[serde(default)]
    by_hand: Lazy<Vec<HandFile>>,
    /// Examples are the rule's tests and its documentation.
    #[serde(default)]
    #[schemars(required)]
    examples: Spanned<Vec<Spanned<ExampleFile>>>,
}

/// One message, or one for each fact or value.
pub(super) type MessageFile = Spanned<OneOrMap<Spanned<String>>>;
/// One fix or several.
pub(super) type FixFiles = Option<Shape<Never, FixFile, FixFile>>;

/// Facts with a test for each.
#[derive(Clone, Deserialize, Default)]
#[serde(transparent)]
pub(crate) struct FactTests(Entries<Spanned<WrittenTest>>);

impl JsonSchema for FactTests {
    fn schema_name() -> Cow<'static, str> {
        "FactTests".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        conditions_schema(generator, facts::all().map(|spec| (spec.name, spec.doc)))
    }
}

/// A change that removes the finding: all of it or nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixFile {
    /// What the fix does, as an imperative sentence.
    title: Spanned<String>,
    /// `safe` if the fix changes only the reported fault.
    safety: FixSafety,
    /// The conditions under which it applies.
    #[serde(default)]
    when: FactTests,
    /// Targets with their new values.
    #[serde(default)]
    set: Entries<Spanned<String>>,
    /// Targets with their new keys.
    #[serde(default)]
    rename: Entries<Spanned<String>>,
    /// Actions with their new refs.
    #[serde(default)]
    repin: Entries<Spanned<String>>,
    /// Targets to remove.
    remove: Option<OneOrMany<Spanned<String>>>,
    /// The fact whose place is the stored token of an upload. The login that the registry's data proposes is added before the upload, and its
    /// token replaces the stored one.
    #[serde(rename = "log-in")]
    log_in: Option<Spanned<String>>,
}

/// Something that only a person can do about a finding.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandFile {
    /// What to do, as an imperative sentence.
    text: Spanned<String>,
    /// The conditions under which it is to do.
    #[serde(default)]
    when: FactTests,
    /// The secret that it is about. It is to do after a fix, when nothing reads the secret any more.
    unread: Option<Spanned<String>>,
}

#[derive(Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum FixSafety {
    Safe,
    Unsafe,
}

/// A workflow with findings or without. A comment `# <- text` marks the line of a finding whose message contains the text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExampleFile {
    /// What it shows.
    #[serde(default)]
    name: String,
    /// A workflow with findings; or only `steps:` or `job:` of a plain release workflow.
    bad: Option<Spanned<String>>,
    /// A workflow without findings; or only `steps:` or `job:`.
    good: Option<Spanned<String>>,
    /// The changed file after the fix; without a change if no fix may be offered.
    fixed: Option<String>,
    /// The config.
    config: Option<String>,
    /// Further files by path.
    #[serde(default)]
    files: Entries<String>,
}

/// Keys of other kinds of data files, with the folder that such a file belongs to.
const ELSEWHERE: [(&str, &str); 5] = [
    ("extends", "registries"),
    ("record", "registries"),
    ("uploads", "registries"),
    ("entries", "needs"),
    ("no-permissions", "needs"),
];

/// Reads a rule from a file; `own` if it comes from a user's folder.
///
/// # Errors
/// All its problems, in the order of the file.
pub(crate) fn load(file: &DataFile, own: bool) -> Result<Rule, Vec<Problem>> {
    let mut problems = DataProblems::default();
    // Reporting each key of a file of another kind would not help.
    if let Some((span, message)) = file.keys().and_then(|keys| other_kind(&keys)) {
        problems.add(span, message);
        return problems.result(None);
    }
    let written: Spanned<RuleFile> = file.read()?;
    // The tests check packed files.
    if !file.is_packed() {
        let mut check = RuleCheck { kind: written.for_each, problems };
        check.rule(&written, file.stem());
        problems = check.problems;
    }
    problems.result(Some(rule(written.value, file.source.path(), own)))
}

/// The rule of a file.
fn rule(written: RuleFile, path: &str, own: bool) -> Rule {
    Rule {
        name: written.name.value,
        code: written.code.value,
        summary: written.summary.trim_end().to_owned(),
        levels: levels(written.level),
        precision: written.precision,
        security_severity: written.security_severity,
        tags: written.tags,
        help: written.help.convert(|help| help.value),
        references: written.references,
        kind: written.for_each,
        runs: written.runs,
        when: conditions(written.when),
        require: conditions(written.require),
        message: written.message.convert(RuleMessage::from),
        at: written.at.map(|name| name.value),
        show: written.show.0.into_iter().map(|(fact, text)| (fact.value, template(&text))).collect(),
        yields_to: written.yields_to,
        fixes: written.fix.convert(RuleFixes::from),
        by_hand: written.by_hand.convert(|list| list.into_iter().map(HandTemplate::from).collect()),
        examples: written.examples.value.into_iter().map(|example| RuleExample::from(example.value)).collect(),
        own,
        path: path.to_owned(),
    }
}

fn conditions(tests: FactTests) -> Vec<FactCondition> {
    let condition = |(name, test): (Spanned<String>, Spanned<WrittenTest>)| {
        Some(FactCondition { fact: facts::FactName::new(&name)?, test: ValueTest::new(test.value)? })
    };
    tests.0.0.into_iter().filter_map(condition).collect()
}

fn template(text: &str) -> MessageTemplate {
    MessageTemplate::parse(text.trim_end())
}

impl From<MessageFile> for RuleMessage {
    fn from(written: MessageFile) -> Self {
        match written.value {
            Shape::One(text) => Self::One(template(&text)),
            Shape::Many(_) => Self::default(),
            Shape::Map(lines) => {
                Self::By(lines.0.into_iter().map(|(case, text)| (case.value, template(&text))).collect())
            }
        }
    }
}

impl From<FixFiles> for RuleFixes {
    fn from(written: FixFiles) -> Self {
        Self(match written {
            Some(Shape::Map(fix)) => vec![fix.into()],
            Some(Shape::Many(list)) => list.into_iter().map(FixTemplate::from).collect(),
            Some(Shape::One(_)) | None => Vec::new(),
        })
    }
}

impl From<FixFile> for FixTemplate {
    fn from(written: FixFile) -> Self {
        let removed = written.remove.map(OneOrMany::into_list).unwrap_or_default();
        let removed = removed.iter().map(|target| FixAction::Remove(FixTarget::parse(target)));
        let mut actions: Vec<_> =
            removed.chain(written.log_in.map(|credential| FixAction::LogIn(credential.value))).collect();
        let makers: [(Entries<Spanned<String>>, ActionMaker); 3] =
            [(written.set, FixAction::Set), (written.rename, FixAction::Rename), (written.repin, FixAction::Repin)];
        for (lines, make) in makers {
            actions.extend(lines.0.iter().map(|(target, text)| make(FixTarget::parse(target), template(text))));
        }
        Self {
            title: template(&written.title),
            safe: written.safety == FixSafety::Safe,
            when: conditions(written.when),
            actions,
        }
    }
}

impl From<HandFile> for HandTemplate {
    fn from(written: HandFile) -> Self {
        Self {
            text: template(&written.text),
            unread: written.unread.map(|text| template(&text)),
            when: conditions(written.when),
        }
    }
}

impl From<ExampleFile> for RuleExample {
    fn from(written: ExampleFile) -> Self {
        let bad = written.bad.is_some();
        let shown = written.bad.or(written.good).unwrap_or_default();
        Self {
            name: written.name,
            bad,
            text: whole_workflow(&shown),
            fixed: written.fixed.as_deref().map(whole_workflow),
            files: written.files.0.into_iter().map(|(path, text)| (path.value, text)).collect(),
            config: written.config,
            place: Place { file: FileId(0), span: shown.span },
        }
    }
}

/// The complaint about a key that only another kind of data file has.
fn other_kind(keys: &[(String, Span)]) -> Option<(Span, String)> {
    let of = |word: &str| keys.iter().find(|(key, _)| key == word).map(|(_, span)| *span);
    let (key, folder, span) = ELSEWHERE.into_iter().find_map(|(key, folder)| Some((key, folder, of(key)?)))?;
    let message =
        format!("this file is not a rule: a file with `{key}` belongs in the folder `{folder}` of the rules folder");
    (of("for-each").is_none() && of("require").is_none()).then_some((span, message))
}

/// Makes an action from its target and its new text.
type ActionMaker = fn(FixTarget, MessageTemplate) -> FixAction;

/// Checks the file of a rule.
struct RuleCheck {
    kind: SubjectKind,
    problems: DataProblems,
}

impl RuleCheck {
    fn rule(&mut self, written: &Spanned<RuleFile>, stem: &str) {
        self.name(&written.name, stem);
        for (key, text) in [("code", &written.code), ("summary", &written.summary), ("help", &*written.help)] {
            if text.trim().is_empty() {
                self.problems.add(text.span, format!("`{key}` is empty"));
            }
        }
        self.conditions(&written.when);
        self.conditions(&written.require);
        self.message(&written.message, conditions(written.require.clone()));
        if let Some(name) = &written.at {
            self.has_fact(name, name.span);
        }
        for (fact, text) in &written.show.0 {
            self.has_fact(fact, fact.span);
            self.template(text);
        }
        match &*written.fix {
            Some(Shape::Map(fix)) => self.fix(fix),
            Some(Shape::Many(list)) => list.iter().for_each(|fix| self.fix(fix)),
            Some(Shape::One(_)) | None => {}
        }
        for step in written.by_hand.iter() {
            self.conditions(&step.when);
            self.template(&step.text);
            step.unread.iter().for_each(|text| self.template(text));
        }
        self.examples(written);
    }

    fn name(&mut self, name: &Spanned<String>, stem: &str) {
        if name.value != stem {
            let message =
                format!("the rule is named `{}`, but its file `{stem}.yaml`; the two names must be equal", name.value);
            self.problems.add(name.span, message);
        }
        if !name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-') {
            self.problems.add(name.span, format!("the name `{}` is not in kebab-case", name.value));
        }
    }

    /// Whether the subject has a fact.
    fn has_fact(&mut self, name: &str, span: Span) -> bool {
        let kind = self.kind;
        let message = match facts::spec(name) {
            Some((spec, _)) if spec.kinds.contains(&kind) => return true,
            Some((spec, _)) => {
                let kinds: Vec<_> = spec.kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
                format!("the fact `{name}` exists for {}, not for `{}`", kinds.join(", "), kind.word())
            }
            None => {
                let known = facts::all().filter(|spec| spec.kinds.contains(&kind)).map(|spec| spec.name);
                format!("there is no fact `{name}`{}", suggestion(name, known))
            }
        };
        self.problems.add(span, message);
        false
    }

    fn conditions(&mut self, tests: &FactTests) {
        for (name, test) in &tests.0.0 {
            if self.has_fact(name, name.span)
                && let Some((spec, _)) = facts::spec(name)
            {
                test::check(test, spec.values, &mut self.problems);
            }
        }
    }

    fn template(&mut self, text: &Spanned<String>) {
        for fact in template(text).facts() {
            self.has_fact(fact, text.span);
        }
    }

    /// Checks that there is a message for everything that is required.
    fn message(&mut self, message: &MessageFile, require: Vec<FactCondition>) {
        let lines = match &message.value {
            Shape::One(text) => return self.template(text),
            Shape::Many(_) => return,
            Shape::Map(lines) => &lines.0,
        };
        lines.iter().for_each(|(_, text)| self.template(text));
        let has = |key: &str| lines.iter().any(|(name, _)| name.value == key);
        for condition in require.iter().filter(|condition| !has(condition.fact.as_str())) {
            let fails = |value: &&&str| condition.test.passes(Some(value)) == Truth::No && !has(value);
            let missing: Vec<_> = match condition.fact.spec().values.listed() {
                Some(values) => values.iter().filter(fails).map(|value| format!("`{value}`")).collect(),
                None => vec!["`any other value`".to_owned()],
            };
            if !missing.is_empty() {
                let text = format!("no message for `{}` when it is {}", condition.fact.as_str(), missing.join(", "));
                self.problems.add(message.span, text);
            }
        }
    }

    /// Reports missing examples: each kind is required, and one that shows the fix.
    fn examples(&mut self, written: &Spanned<RuleFile>) {
        let examples = &written.examples;
        for example in examples.iter().filter(|example| example.bad.is_some() == example.good.is_some()) {
            self.problems.add(example.span, "an example is either `bad` or `good`");
        }
        let span = if examples.span.is_empty() { written.span } else { examples.span };
        let kinds = [
            ("bad", examples.iter().any(|example| example.bad.is_some())),
            ("good", examples.iter().any(|example| example.good.is_some())),
        ];
        for (kind, _) in kinds.into_iter().filter(|(_, has)| !has) {
            let message = format!("the rule has no `{kind}` example; examples are its tests and its documentation");
            self.problems.add(span, message);
        }
        if written.fix.is_some() && !examples.iter().any(|example| example.fixed.is_some()) {
            self.problems.add(
                span,
                "no example shows what the fix does; give a `bad` one the text of its file after it as `fixed`",
            );
        }
    }

    fn fix(&mut self, fix: &FixFile) {
        self.template(&fix.title);
        self.conditions(&fix.when);
        let mut changes = 0;
        for target in fix.remove.iter().flat_map(OneOrMany::iter) {
            self.target(target);
            changes += 1;
        }
        if let Some(credential) = &fix.log_in {
            self.has_fact(credential, credential.span);
            changes += 1;
        }
        for (target, text) in [&fix.set, &fix.rename, &fix.repin].into_iter().flat_map(|lines| &lines.0) {
            self.template(text);
            self.target(target);
            changes += 1;
        }
        if changes == 0 {
            let message = "the fix changes nothing; give it one of `set`, `remove`, `rename`, `repin`, `log-in`";
            self.problems.add(fix.title.span, message);
        }
    }

    /// Checks what a change applies to: a row of the table of targets, else a fact.
    fn target(&mut self, name: &Spanned<String>) {
        let Some((line, part)) = FixTarget::line(name) else {
            if facts::spec(name).is_some() {
                self.has_fact(name, name.span);
                return;
            }
            let known = TARGETS.iter().map(|line| line.0).chain(facts::all().map(|spec| spec.name));
            let suggestion = suggestion(name, known);
            return self.problems.add(name.span, format!("there is no fix target `{}`{suggestion}", name.value));
        };
        if !line.1.contains(&self.kind) {
            let message = format!("a `{}` has no `{}` that could be changed", self.kind.word(), line.0);
            return self.problems.add(name.span, message);
        }
        for fact in MessageTemplate::parse(part).facts() {
            self.has_fact(fact, name.span);
        }
    }
}

fn levels(level: OneOrMap<Level>) -> RuleLevels {
    let all = |level| RuleLevels { every: level, some: level, by_value: Vec::new() };
    let lines = match level {
        Shape::One(level) => return all(level),
        Shape::Many(_) => Vec::new(),
        Shape::Map(lines) => lines.0,
    };
    let mut levels = all(Level::Warning);
    for (case, level) in lines {
        match case.as_str() {
            "every" => levels.every = level,
            "some" => levels.some = level,
            _ => levels.by_value.push((case.value, level)),
        }
    }
    levels
}

/// The first bad and the first good example of each built-in rule, by the rule's name.
pub(crate) fn builtin_examples() -> BTreeMap<String, Vec<RuleExample>> {
    let files: BTreeMap<String, Vec<ShownExampleFile>> = PackedRules::read().examples();
    let example = |file: ShownExampleFile| RuleExample {
        name: file.name,
        bad: file.bad.is_some(),
        text: file.bad.or(file.good).as_deref().map(whole_workflow).unwrap_or_default(),
        fixed: None,
        files: file.files.into_iter().collect(),
        config: file.config,
        place: Place { file: FileId(0), span: Span::at(0) },
    };
    files.into_iter().map(|(name, list)| (name, list.into_iter().map(example).collect())).collect()
}

/// What documentation shows of an example of a rule file.
#[derive(Deserialize)]
struct ShownExampleFile {
    name: String,
    bad: Option<String>,
    good: Option<String>,
    config: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
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
