//! The table of facts: what a rule may read of a subject. A fact is a value with the place it came from, or it is unknown.

mod action;
mod artifact;
pub(crate) mod attestations;
mod call;
pub(crate) mod called;
mod claim;
mod client;
mod document;
mod environment;
mod field;
mod job;
pub(crate) mod login;
pub(crate) mod manifest;
pub(crate) mod need;
pub(crate) mod oidc;
mod package;
pub(crate) mod permission;
mod problem;
mod publisher;
mod reach;
mod reference;
pub(crate) mod registry;
mod release;
pub(crate) mod run;
pub(crate) mod runner;
mod step;
mod stored_token;
mod upload;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::registry::slot::known_text;
pub use crate::trust::registry::test::FactValues;
use crate::workflow::expression::{Outcome, UnknownReason};
use crate::workflow::model::Text;
use crate::workflow::simulate::context::EvaluationContext;

/// What is known of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The value and its place; `None` if the files say that there is no value.
    Known(Option<Cow<'static, str>>, Place),
    /// The files do not decide it; the reason is what it depends on.
    Unknown(UnknownReason),
}

impl Fact {
    fn unknown(reason: &'static str) -> Self {
        Self::Unknown(UnknownReason::new(reason))
    }

    /// The result of a getter: `None` if it depends on something that the files do not contain.
    fn from_getter(fact: Option<Self>) -> Self {
        static REASON: LazyLock<UnknownReason> =
            LazyLock::new(|| UnknownReason::new("a value that the files do not contain"));
        fact.unwrap_or_else(|| Self::Unknown(REASON.clone()))
    }

    fn text(value: impl Into<String>, place: Place) -> Self {
        Self::Known(Some(Cow::Owned(value.into())), place)
    }

    /// A constant, which needs no allocation.
    const fn word(value: &'static str, place: Place) -> Self {
        Self::Known(Some(Cow::Borrowed(value)), place)
    }

    /// A value that may be absent.
    fn optional(value: Option<String>, place: Place) -> Self {
        Self::Known(value.map(Cow::Owned), place)
    }
}

/// One row of the table.
pub struct FactSpec {
    /// The name; a name that ends in `.*` accepts any last part.
    pub name: &'static str,
    /// The kinds of subjects that have the fact.
    pub kinds: &'static [SubjectKind],
    /// The values it can have.
    pub values: FactValues,
    /// What it means, for the reference.
    pub doc: &'static str,
    get: FactGetter,
}

type FactGetter = fn(&Subject<'_, '_, '_>, &str) -> Option<Fact>;

impl FactSpec {
    const fn new(
        name: &'static str,
        kinds: &'static [SubjectKind],
        values: FactValues,
        doc: &'static str,
        get: FactGetter,
    ) -> Self {
        Self { name, kinds, values, doc, get }
    }
}

const WORKFLOW: &[SubjectKind] = &[
    SubjectKind::Workflow,
    SubjectKind::Job,
    SubjectKind::Step,
    SubjectKind::Permission,
    SubjectKind::Reference,
    SubjectKind::Login,
    SubjectKind::Upload,
    SubjectKind::Need,
];
const JOB: &[SubjectKind] = &[
    SubjectKind::Job,
    SubjectKind::Step,
    SubjectKind::Reference,
    SubjectKind::Login,
    SubjectKind::Upload,
    SubjectKind::Need,
];
const STEP: &[SubjectKind] =
    &[SubjectKind::Step, SubjectKind::Reference, SubjectKind::Login, SubjectKind::Upload, SubjectKind::Need];
const UPLOAD: &[SubjectKind] = &[SubjectKind::Upload];
const ANSWERS: FactValues = FactValues::OneOf(&["accepted", "refused", "missing", "case"]);
const YES_NO: FactValues = FactValues::OneOf(&["yes", "no"]);
const FORM: FactValues = FactValues::OneOf(&["accepted", "refused"]);

/// All rows, by the file that defines them; all facts with the same first word are in one file.
const TABLES: &[&[FactSpec]] = &[
    action::FACTS,
    artifact::FACTS,
    attestations::FACTS,
    call::FACTS,
    called::FACTS,
    claim::FACTS,
    client::FACTS,
    document::FACTS,
    environment::FACTS,
    field::FACTS,
    job::FACTS,
    login::FACTS,
    manifest::FACTS,
    need::FACTS,
    oidc::FACTS,
    package::FACTS,
    permission::FACTS,
    problem::FACTS,
    publisher::FACTS,
    reach::FACTS,
    reference::FACTS,
    registry::FACTS,
    release::FACTS,
    run::FACTS,
    runner::FACTS,
    step::FACTS,
    stored_token::FACTS,
    upload::FACTS,
];

/// Every fact.
pub fn all() -> impl Iterator<Item = &'static FactSpec> {
    TABLES.iter().copied().flatten()
}

/// The row for a name, with the part that `*` stands for.
#[must_use]
pub fn spec(name: &str) -> Option<(&'static FactSpec, &str)> {
    row(name).map(|((_, spec), part)| (spec, part))
}

/// A row of the table with its position among all rows.
type FactRow = (usize, &'static FactSpec);

/// The row for a name and the part that `*` stands for.
fn row(name: &str) -> Option<(FactRow, &str)> {
    static NAMES: LazyLock<HashMap<&str, FactRow>> =
        LazyLock::new(|| all().enumerate().map(|row| (row.1.name, row)).collect());
    static GROUPS: LazyLock<HashMap<&str, FactRow>> =
        LazyLock::new(|| all().enumerate().filter_map(|row| Some((row.1.name.strip_suffix('*')?, row))).collect());
    if let Some(row) = NAMES.get(name) {
        return Some((*row, ""));
    }
    name.match_indices('.').find_map(|(dot, _)| {
        let (group, part) = name.split_at(dot + 1);
        let row = GROUPS.get(group).filter(|_| !part.is_empty() && !part.contains(' '))?;
        Some((*row, part))
    })
}

/// The number of rows.
pub(crate) fn count() -> usize {
    TABLES.iter().map(|table| table.len()).sum()
}

/// Looks a fact of a subject up by its name.
#[must_use]
pub(crate) fn ask(subject: &Subject<'_, '_, '_>, name: &str) -> Fact {
    Fact::from_getter(spec(name).and_then(|(spec, part)| (spec.get)(subject, part)))
}

/// The name of an existing fact with its row, resolved once: conditions are evaluated hundreds of thousands of times.
#[derive(Clone)]
pub struct FactName {
    text: String,
    spec: &'static FactSpec,
    /// The position of the row among all rows.
    row: usize,
    /// The number of bytes of `text` before the part that `*` stands for.
    group: usize,
    /// Whether jobs have the fact, which is asked for every condition of every step.
    of_job: bool,
}

impl FactName {
    /// Resolves a name; `None` if there is no such fact.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        row(text).map(|((row, spec), part)| Self {
            text: text.to_owned(),
            spec,
            row,
            group: text.len() - part.len(),
            of_job: spec.kinds.contains(&SubjectKind::Job),
        })
    }

    /// The name as a rule writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether two names are equal. Only those of a group can have the same row and be different.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.row == other.row && (self.group == self.text.len() || self.text == other.text)
    }

    /// Whether jobs have the fact.
    pub(crate) const fn is_of_job(&self) -> bool {
        self.of_job
    }

    /// The position of its row among all rows of the table.
    pub(crate) const fn row(&self) -> usize {
        self.row
    }

    /// The row of the table.
    #[must_use]
    pub const fn spec(&self) -> &'static FactSpec {
        self.spec
    }

    /// Looks the fact up for a subject.
    #[must_use]
    pub(crate) fn ask(&self, subject: &Subject<'_, '_, '_>) -> Fact {
        let part = self.text.get(self.group..).unwrap_or_default();
        Fact::from_getter((self.spec.get)(subject, part))
    }
}

/// Prints the name only: the row holds a function pointer.
impl std::fmt::Debug for FactName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(out)
    }
}

fn yes(flag: bool, place: Place) -> Option<Fact> {
    Some(Fact::word(if flag { "yes" } else { "no" }, place))
}

/// The value of a text of the step.
fn step_value(subject: &Subject<'_, '_, '_>, text: Text<'_>) -> Option<Fact> {
    evaluated(subject.context().copied(), text)
}

/// The value of a text of the job, outside its steps.
fn job_value(subject: &Subject<'_, '_, '_>, text: Text<'_>) -> Option<Fact> {
    evaluated(subject.context().map(|context| context.for_job()), text)
}

fn evaluated(context: Option<EvaluationContext<'_, '_>>, text: Text<'_>) -> Option<Fact> {
    let known = |value: String| Fact::optional(Some(value).filter(|value| !value.is_empty()), text.place());
    Some(match context.map(|context| context.evaluate(text.value())) {
        Some(Outcome::Unknown(reason)) => Fact::Unknown(reason),
        Some(outcome) => known_text(&outcome).map_or_else(|| Fact::unknown("a list or an object"), known),
        None if text.value().contains("${{") => Fact::unknown("an expression"),
        None => known(text.value().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::lint::rules::set::RuleSet;
    use crate::lint::rules::{MessageTemplate, RuleMessage};

    #[test]
    fn facts_with_one_first_word_are_in_one_file() {
        let mut files: HashMap<&str, usize> = HashMap::new();
        for (file, table) in TABLES.iter().enumerate() {
            for spec in *table {
                let word = spec.name.split('.').next().unwrap_or_default();
                assert_eq!(*files.entry(word).or_insert(file), file, "`{word}` is in two files");
            }
        }
    }

    /// Facts for the rules of users, such as "every job that assumes a cloud role runs in `production`".
    const FOR_USERS: [&str; 3] = ["environment.url", "step", "workflow.file"];

    #[test]
    fn every_fact_is_used_by_a_rule() {
        let rules = RuleSet::builtin().unwrap().rules;
        let mut used: HashSet<&str> = HashSet::new();
        let mut add = |name: &str| used.extend(spec(name).map(|(spec, _)| spec.name));
        let texts = |template: &MessageTemplate| template.facts().map(str::to_owned).collect::<Vec<_>>();
        for rule in &rules {
            let fixes = rule.fixes.iter().flat_map(|fix| &fix.when);
            for condition in rule.when.iter().chain(&rule.require).chain(fixes) {
                add(condition.fact.as_str());
            }
            let messages = match &*rule.message {
                RuleMessage::One(template) => vec![template],
                RuleMessage::By(list) => list.iter().map(|(_, template)| template).collect(),
            };
            let shown = rule.show.iter().map(|(_, template)| template);
            messages.into_iter().chain(shown).flat_map(texts).for_each(|name| add(&name));
            rule.fixes.iter().flat_map(|fix| fix.facts()).for_each(|name| add(&name));
            for step in rule.by_hand.iter() {
                step.when.iter().for_each(|condition| add(condition.fact.as_str()));
                std::iter::once(&step.text).chain(&step.unread).flat_map(texts).for_each(|name| add(&name));
            }
            rule.show.iter().map(|(name, _)| name).chain(&rule.at).for_each(|name| add(name));
        }
        let mut unused: Vec<&str> = all().map(|spec| spec.name).filter(|name| !used.contains(name)).collect();
        unused.sort_unstable();
        assert_eq!(unused, FOR_USERS);
    }
}
