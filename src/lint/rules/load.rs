//! Rule files: what they may contain, and the check that makes a [`Rule`] of one. A rule with a problem is not run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::lint::facts;
use crate::lint::findings::Level;
use crate::lint::fix::{FixAction, FixTarget, FixTemplate, TARGETS};
use crate::lint::rules::{
    FactCondition, HandTemplate, MessageTemplate, Precision, Quantifier, Rule, RuleExample, RuleLevels, RuleMessage,
    ValueTest,
};
use crate::lint::subjects::SubjectKind;
use crate::read::builtin;
use crate::read::data_file::{DataFile, DataProblems, Entries, Never, OneOrMany, OneOrMap, Shape, Spanned};
use crate::read::problem::{Problem, suggestion};
use crate::read::source::{FileId, Place, Span};
use crate::trust::registry::test::{WrittenTest, conditions_schema};
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
    help: Spanned<String>,
    /// Links.
    #[serde(default)]
    references: Vec<String>,
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
    message: Spanned<OneOrMap<Spanned<String>>>,
    /// The fact whose place is the place of the finding; by default the fact that failed.
    at: Option<Spanned<String>>,
    /// Further facts to show, with a text about each.
    #[serde(default)]
    show: Entries<Spanned<String>>,
    /// Rules that report the same cause.
    #[serde(default)]
    yields_to: Vec<String>,
    /// The changes that remove the finding; of a list, the first that works is offered.
    fix: Option<Shape<Never, FixFile, FixFile>>,
    /// What only a person can do, printed where fixes are applied.
    #[serde(default)]
    by_hand: Vec<HandFile>,
    /// Examples are the rule's tests and its documentation.
    #[serde(default)]
    #[schemars(required)]
    examples: Spanned<Vec<Spanned<ExampleFile>>>,
}

/// Facts with a test for each.
#[derive(Deserialize, Default)]
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
struct HandFile {
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
    let mut check = RuleCheck { kind: written.for_each, problems };
    let rule = check.rule(written, file, own);
    check.problems.result(rule)
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

struct RuleCheck {
    kind: SubjectKind,
    problems: DataProblems,
}

impl RuleCheck {
    fn rule(&mut self, written: Spanned<RuleFile>, file: &DataFile, own: bool) -> Option<Rule> {
        let Spanned { value: written, span: start } = written;
        self.name(&written.name, file.stem());
        for (key, text) in [("code", &written.code), ("summary", &written.summary), ("help", &written.help)] {
            if text.trim().is_empty() {
                self.problems.add(text.span, format!("`{key}` is empty"));
            }
        }
        if !file.built_in {
            self.examples(&written, start);
        }
        let require = self.conditions(written.require);
        Some(Rule {
            name: written.name.value,
            code: written.code.value,
            summary: written.summary.trim_end().to_owned(),
            levels: levels(written.level),
            precision: written.precision,
            security_severity: written.security_severity,
            tags: written.tags,
            help: written.help.trim_end().to_owned(),
            references: written.references,
            kind: self.kind,
            runs: written.runs,
            when: self.conditions(written.when),
            message: self.message(written.message, &require),
            require,
            at: written.at.filter(|name| self.has_fact(name, name.span)).map(|name| name.value),
            show: self.show(&written.show),
            yields_to: written.yields_to,
            fixes: self.fixes(written.fix),
            by_hand: written.by_hand.into_iter().map(|step| self.by_hand(step)).collect(),
            examples: written.examples.value.into_iter().filter_map(|example| self.example(example)).collect(),
            own,
            path: file.source.path().to_owned(),
        })
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

    fn conditions(&mut self, tests: FactTests) -> Vec<FactCondition> {
        let lines = tests.0.0.into_iter();
        lines.filter_map(|(name, test)| self.condition(&name, test)).collect()
    }

    fn condition(&mut self, name: &Spanned<String>, test: Spanned<WrittenTest>) -> Option<FactCondition> {
        let known = self.has_fact(name, name.span);
        let fact = facts::FactName::new(name).filter(|_| known)?;
        let test = ValueTest::check(test, fact.spec().values, &mut self.problems)?;
        Some(FactCondition { fact, test })
    }

    fn template(&mut self, text: &str, span: Span) -> MessageTemplate {
        let template = MessageTemplate::parse(text.trim_end());
        for fact in template.facts() {
            self.has_fact(fact, span);
        }
        template
    }

    fn message(&mut self, message: Spanned<OneOrMap<Spanned<String>>>, require: &[FactCondition]) -> RuleMessage {
        let Spanned { value: message, span } = message;
        let lines = match message {
            Shape::One(text) => return RuleMessage::One(self.template(&text, span)),
            Shape::Many(_) => Vec::new(),
            Shape::Map(lines) => lines.0,
        };
        let list: Vec<_> =
            lines.into_iter().map(|(case, text)| (case.value, self.template(&text, text.span))).collect();
        let has = |key: &str| list.iter().any(|(name, _)| name == key);
        for condition in require.iter().filter(|condition| !has(condition.fact.as_str())) {
            let fails = |value: &&&str| condition.test.passes(Some(value)) == Truth::No && !has(value);
            let missing: Vec<_> = match condition.fact.spec().values.listed() {
                Some(values) => values.iter().filter(fails).map(|value| format!("`{value}`")).collect(),
                None => vec!["`any other value`".to_owned()],
            };
            if !missing.is_empty() {
                let message = format!("no message for `{}` when it is {}", condition.fact.as_str(), missing.join(", "));
                self.problems.add(span, message);
            }
        }
        RuleMessage::By(list)
    }

    fn show(&mut self, lines: &Entries<Spanned<String>>) -> Vec<(String, MessageTemplate)> {
        let mut list = Vec::new();
        for (fact, text) in &lines.0 {
            self.has_fact(fact, fact.span);
            list.push((fact.value.clone(), self.template(text, text.span)));
        }
        list
    }

    /// Reports missing examples: each kind is required, and one that shows the fix.
    fn examples(&mut self, written: &RuleFile, start: Span) {
        let examples = &written.examples;
        let span = if examples.span.is_empty() { start } else { examples.span };
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

    fn example(&mut self, example: Spanned<ExampleFile>) -> Option<RuleExample> {
        let Spanned { value: example, span } = example;
        let (bad, shown) = match (example.bad, example.good) {
            (Some(text), None) => (true, text),
            (None, Some(text)) => (false, text),
            _ => {
                self.problems.add(span, "an example is either `bad` or `good`");
                return None;
            }
        };
        Some(RuleExample {
            name: example.name,
            bad,
            text: whole_workflow(&shown),
            fixed: example.fixed.as_deref().map(whole_workflow),
            files: example.files.0.into_iter().map(|(path, text)| (path.value, text)).collect(),
            config: example.config,
            place: Place { file: FileId(0), span: shown.span },
        })
    }

    /// The fix templates of a rule: one, or a list of which the first that works is offered.
    fn fixes(&mut self, fix: Option<Shape<Never, FixFile, FixFile>>) -> Vec<FixTemplate> {
        let fixes = match fix {
            Some(Shape::Map(fix)) => vec![fix],
            Some(Shape::Many(list)) => list,
            Some(Shape::One(_)) | None => Vec::new(),
        };
        fixes.into_iter().map(|fix| self.fix(fix)).collect()
    }

    fn fix(&mut self, fix: FixFile) -> FixTemplate {
        let title = self.template(&fix.title, fix.title.span);
        let mut actions = Vec::new();
        for target in fix.remove.map(OneOrMany::into_list).unwrap_or_default() {
            actions.extend(self.target(&target).map(FixAction::Remove));
        }
        if let Some(target) = fix.log_in {
            actions.extend(self.has_fact(&target, target.span).then_some(FixAction::LogIn(target.value)));
        }
        let makers: [(Entries<Spanned<String>>, ActionMaker); 3] =
            [(fix.set, FixAction::Set), (fix.rename, FixAction::Rename), (fix.repin, FixAction::Repin)];
        for (lines, make) in makers {
            for (target, text) in lines.0 {
                let text = self.template(&text, text.span);
                actions.extend(self.target(&target).map(|target| make(target, text)));
            }
        }
        if actions.is_empty() {
            let message = "the fix changes nothing; give it one of `set`, `remove`, `rename`, `repin`, `log-in`";
            self.problems.add(fix.title.span, message);
        }
        FixTemplate { title, safe: fix.safety == FixSafety::Safe, when: self.conditions(fix.when), actions }
    }

    fn by_hand(&mut self, step: HandFile) -> HandTemplate {
        HandTemplate {
            text: self.template(&step.text, step.text.span),
            unread: step.unread.map(|text| self.template(&text, text.span)),
            when: self.conditions(step.when),
        }
    }

    /// What a change applies to: a row of the table of targets, else a fact.
    fn target(&mut self, name: &Spanned<String>) -> Option<FixTarget> {
        let Some((line, part)) = FixTarget::line(name) else {
            if facts::spec(name).is_none() {
                let known = TARGETS.iter().map(|line| line.0).chain(facts::all().map(|spec| spec.name));
                let suggestion = suggestion(name, known);
                self.problems.add(name.span, format!("there is no fix target `{}`{suggestion}", name.value));
                return None;
            }
            return self.has_fact(name, name.span).then(|| FixTarget::Fact(name.value.clone()));
        };
        if !line.1.contains(&self.kind) {
            let message = format!("a `{}` has no `{}` that could be changed", self.kind.word(), line.0);
            self.problems.add(name.span, message);
            return None;
        }
        let template = MessageTemplate::parse(part);
        let known: Vec<bool> = template.facts().map(|fact| self.has_fact(fact, name.span)).collect();
        known.into_iter().all(|known| known).then(|| FixTarget::parse(name))
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
    let files: BTreeMap<String, Vec<ShownExampleFile>> = serde_json::from_str(builtin::examples()).unwrap_or_default();
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
