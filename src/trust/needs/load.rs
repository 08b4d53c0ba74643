//! Files of needs: what they may contain, and the check that makes a [`NeedTopic`] of one. A file with a problem is not used.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::data_file::{DataFile, DataProblems, Entries, Lazy, Spanned};
use crate::read::problem::{Problem, suggestion};
use crate::trust::needs::{
    FACTS, Need, NeedArtifact, NeedCondition, NeedEntry, NeedExample, NeedFallback, NeedKind, NeedTopic, TokenRule,
    TokenStoringStep,
};
use crate::trust::registry::slot::Slot;
use crate::trust::registry::test::{self, ValueTest, WrittenTest, conditions_schema};
use crate::workflow::github::GitHubFacts;
use crate::workflow::permissions::AccessLevel;

/// The permissions that some actions, called workflows and commands need.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "trustpub needs")]
pub(crate) struct NeedsFile {
    /// The topic of the entries.
    title: String,
    /// The date on which the facts were last checked.
    reviewed: String,
    /// The actions, called workflows and commands.
    #[serde(default)]
    entries: Vec<Lazy<EntryFile>>,
    /// Actions that need no scope, whatever their inputs.
    #[serde(default)]
    no_permissions: Vec<String>,
}

/// An action, a called workflow or a command.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EntryFile {
    /// An action, `owner/name` or `owner/name/path`.
    action: Option<Spanned<String>>,
    /// A reusable workflow of another repository, `owner/name/.github/workflows/file.yml`.
    workflow: Option<Spanned<String>>,
    /// The words of a command.
    command: Option<Spanned<String>>,
    /// Other names of the same.
    #[serde(default)]
    also: Vec<String>,
    /// Wrappers that may precede the command.
    #[serde(default)]
    via: Vec<String>,
    /// Words with which the command needs no permission, such as `--help`.
    #[serde(default)]
    unless: Vec<String>,
    /// The source of the facts.
    source: Spanned<String>,
    /// The token that it uses.
    #[serde(default)]
    token: TokenFile,
    /// The scopes that it needs.
    #[serde(default)]
    needs: Vec<NeedFile>,
    /// Whether it runs other programs, which may need further scopes.
    #[serde(default)]
    runs_other_programs: bool,
    /// The artifacts that it uploads.
    #[serde(default)]
    uploads: Vec<NeedArtifact>,
    /// Jobs, without `runs-on`, or whole workflows, which the tests check.
    #[serde(default)]
    examples: Vec<Spanned<ExampleFile>>,
}

/// The token that a step uses.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields)]
struct TokenFile {
    /// The slots of the token.
    #[serde(default)]
    slots: Vec<Slot>,
    /// The token if no slot is set.
    #[serde(default)]
    otherwise: NeedFallback,
    /// The earlier step of the job whose token it uses.
    earlier: Option<EarlierFile>,
    /// Words in the job's steps after which the token is unknown.
    #[serde(default)]
    opaque: CommandList,
}

/// An earlier step of the job that stores its token for later steps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EarlierFile {
    /// The action of the step.
    action: String,
    /// The conditions on the step.
    #[serde(default)]
    when: NeedTests,
    /// The slots of the token.
    #[serde(default)]
    slots: Vec<Slot>,
    /// The token that it stores if no slot is set.
    #[serde(default)]
    otherwise: NeedFallback,
}

/// A scope that an entry needs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NeedFile {
    /// The scope.
    permission: Spanned<Scopes>,
    /// Alternative scopes, each of which suffices.
    #[serde(default)]
    or: Spanned<Scopes>,
    /// When the scope is needed.
    #[serde(default)]
    when: NeedTests,
    /// Whether its documentation or source confirms the need; otherwise it is never an error.
    #[serde(default = "yes")]
    documented: bool,
    /// Whether only private repositories need it.
    #[serde(default)]
    private: bool,
    /// Whether the scope is used but not required.
    #[serde(default)]
    optional: bool,
    /// The purpose, as the end of "needs it to …".
    reason: Spanned<String>,
}

const fn yes() -> bool {
    true
}

/// An example.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
struct ExampleFile {
    /// A permission is missing.
    bad: Option<String>,
    /// No permission is missing.
    good: Option<String>,
}

/// Scopes with their minimum access. The schema lists GitHub's scopes.
#[derive(Deserialize, Default)]
#[serde(transparent)]
struct Scopes(Entries<Spanned<AccessLevel>>);

impl JsonSchema for Scopes {
    fn schema_name() -> Cow<'static, str> {
        "Scopes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Entries::<AccessLevel>::json_schema(generator)
    }
}

/// Facts of a step or of a calling job, with a test for each.
#[derive(Deserialize, Default)]
#[serde(transparent)]
struct NeedTests(Entries<Spanned<WrittenTest>>);

impl JsonSchema for NeedTests {
    fn schema_name() -> Cow<'static, str> {
        "NeedTests".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        conditions_schema(generator, FACTS.iter().map(|(name, _, doc)| (*name, *doc)))
    }
}

/// Reads a file of needs.
pub(super) fn load(file: &DataFile, github: &GitHubFacts) -> Result<NeedTopic, Vec<Problem>> {
    let written: Spanned<NeedsFile> = file.read()?;
    let mut problems = DataProblems::default();
    // The tests check packed files.
    if !file.is_packed() {
        let mut check = NeedsCheck { github, problems };
        check.file(&written);
        problems = check.problems;
    }
    let written = written.value;
    problems.result(Some(NeedTopic {
        title: written.title,
        reviewed: written.reviewed,
        entries: written.entries.into_iter().map(|entry| entry.convert(NeedEntry::from)).collect(),
        no_permissions: written.no_permissions,
        path: file.source.path().to_owned(),
    }))
}

impl From<EntryFile> for NeedEntry {
    fn from(written: EntryFile) -> Self {
        let (kind, name) = match (written.action, written.workflow, written.command) {
            (Some(name), ..) => (NeedKind::Action, name.value),
            (_, Some(name), _) => (NeedKind::Workflow, name.value),
            (.., name) => (NeedKind::Command, name.unwrap_or_default().value),
        };
        let example = |example: Spanned<ExampleFile>| {
            let bad = example.value.bad.is_some();
            NeedExample { bad, text: example.value.bad.or(example.value.good).unwrap_or_default() }
        };
        Self {
            kind,
            names: [vec![name], written.also].concat(),
            via: written.via,
            unless: written.unless,
            source: written.source.value,
            token: written.token.into(),
            needs: written.needs.into_iter().filter_map(need).collect(),
            runs_other_programs: written.runs_other_programs,
            uploads: written.uploads,
            examples: written.examples.into_iter().map(example).collect(),
        }
    }
}

fn need(written: NeedFile) -> Option<Need> {
    let (scope, access) = scopes(written.permission.value).pop()?;
    Some(Need {
        scope,
        access,
        or: scopes(written.or.value),
        when: conditions(written.when),
        documented: written.documented,
        private: written.private,
        optional: written.optional,
        reason: written.reason.trim_end().to_owned(),
    })
}

fn scopes(scopes: Scopes) -> Vec<(String, AccessLevel)> {
    scopes.0.0.into_iter().map(|(scope, access)| (scope.value, access.value)).collect()
}

fn conditions(tests: NeedTests) -> Vec<NeedCondition> {
    let condition = |(name, test): (Spanned<String>, Spanned<WrittenTest>)| {
        Some(NeedCondition { fact: name.value, test: ValueTest::new(test.value)? })
    };
    tests.0.0.into_iter().filter_map(condition).collect()
}

impl From<TokenFile> for TokenRule {
    fn from(written: TokenFile) -> Self {
        let earlier = written.earlier.map(|earlier| TokenStoringStep {
            action: earlier.action,
            when: conditions(earlier.when),
            slots: earlier.slots,
            otherwise: earlier.otherwise,
        });
        Self { slots: written.slots, otherwise: written.otherwise, earlier, opaque: written.opaque }
    }
}

/// Checks a file of needs.
struct NeedsCheck<'f> {
    github: &'f GitHubFacts,
    problems: DataProblems,
}

impl NeedsCheck<'_> {
    fn file(&mut self, written: &Spanned<NeedsFile>) {
        if written.entries.is_empty() && written.no_permissions.is_empty() {
            self.problems.add(written.span, "the file has neither `entries` nor `no-permissions`");
        }
        written.entries.iter().for_each(|entry| self.entry(entry));
    }

    fn entry(&mut self, entry: &EntryFile) {
        let mut names = [&entry.action, &entry.workflow, &entry.command].into_iter().flatten();
        let (Some(name), None) = (names.next(), names.next()) else {
            let message = "an entry needs exactly one of `action`, `workflow` and `command`";
            return self.problems.add(entry.source.span, message);
        };
        entry.needs.iter().for_each(|need| self.need(need));
        if let Some(earlier) = &entry.token.earlier {
            self.conditions(&earlier.when);
        }
        let (examples, invalid): (Vec<_>, Vec<_>) =
            entry.examples.iter().partition(|example| example.bad.is_some() != example.good.is_some());
        for example in invalid {
            self.problems.add(example.span, "an example needs exactly one of `bad` and `good`");
        }
        for (word, bad) in [("bad", true), ("good", false)] {
            let has = examples.iter().any(|example| example.bad.is_some() == bad);
            if !has && entry.needs.iter().any(|need| !need.optional) {
                let message = format!("`{}` has no `{word}` example; the tests need one", name.value);
                self.problems.add(name.span, message);
            }
        }
    }

    fn need(&mut self, need: &NeedFile) {
        self.scopes(&need.permission);
        if need.permission.0.0.len() != 1 {
            let message = "a need has exactly one `permission`, such as `permission: { contents: write }`";
            self.problems.add(need.permission.span, message);
        }
        if need.reason.trim().is_empty() {
            self.problems.add(need.reason.span, "`reason` is empty");
        }
        self.scopes(&need.or);
        self.conditions(&need.when);
    }

    fn scopes(&mut self, scopes: &Scopes) {
        let known = &self.github.permissions.scopes;
        for (scope, access) in &scopes.0.0 {
            if !known.contains_key(&scope.value) {
                let suggestion = suggestion(scope, known.keys().map(String::as_str));
                self.problems.add(scope.span, format!("unknown permission scope `{}`{suggestion}", scope.value));
            }
            if access.value == AccessLevel::None {
                self.problems.add(access.span, "the access must be `read` or `write`, not `none`");
            }
        }
    }

    fn conditions(&mut self, tests: &NeedTests) {
        for (name, test) in &tests.0.0 {
            match FACTS.iter().find(|(fact, ..)| fits(fact, name)) {
                Some((_, values, _)) => test::check(test, *values, &mut self.problems),
                None => {
                    let suggestion = suggestion(name, FACTS.iter().map(|(fact, ..)| *fact));
                    self.problems.add(name.span, format!("unknown fact `{}`{suggestion}", name.value));
                }
            }
        }
    }
}

fn fits(fact: &str, name: &str) -> bool {
    match fact.strip_suffix('*') {
        Some(prefix) => name.strip_prefix(prefix).is_some_and(|part| !part.is_empty()),
        None => fact == name,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn problems(entries: &str) -> Vec<String> {
        let github = GitHubFacts::builtin();
        let text = format!("title: Ours\nreviewed: 2026-11-29\nentries:\n{entries}");
        let file = DataFile::new("ours.yaml", text);
        file.described(&load(&file, &github).err().unwrap_or_default())
    }

    #[test]
    fn every_wrong_key_and_value_is_reported() {
        let entries = "  - action: acme/act
    source: [https://example.com]
    needs:
      - permission: { contents: wirte }
        reson: it
        reason: it
        when: { event: { nott: x } }
    exmaples: []
";
        let expected = [
            "ours.yaml:5:13: expected a string, found a list",
            "ours.yaml:7:33: unknown value `wirte`; did you mean `write`?",
            "ours.yaml:8:9: unknown key `reson`; did you mean `reason`?",
            "ours.yaml:10:26: unknown key `nott`; did you mean `not`?",
            "ours.yaml:11:5: unknown key `exmaples`; did you mean `examples`?",
        ];
        assert_eq!(problems(entries), expected);
    }

    #[test]
    fn what_contradicts_the_facts_about_github_is_reported() {
        let entries = "  - action: acme/act
    source: https://example.com
    needs:
      - permission: { contnets: write }
        reason: it
        when: { inptu.a: b, token.source: jbo }
      - permission: { contents: write, packages: none }
        reason: it
    examples: [{ bad: a, good: b }]
  - source: x
";
        let expected = [
            "ours.yaml:4:13: `acme/act` has no `bad` example; the tests need one",
            "ours.yaml:4:13: `acme/act` has no `good` example; the tests need one",
            "ours.yaml:7:23: unknown permission scope `contnets`; did you mean `contents`?",
            "ours.yaml:9:17: unknown fact `inptu.a`; did you mean `input.*`?",
            "ours.yaml:9:43: the fact is never `jbo`; did you mean `job`?",
            "ours.yaml:10:21: a need has exactly one `permission`, such as `permission: { contents: write }`",
            "ours.yaml:10:50: the access must be `read` or `write`, not `none`",
            "ours.yaml:12:16: an example needs exactly one of `bad` and `good`",
            "ours.yaml:13:13: an entry needs exactly one of `action`, `workflow` and `command`",
        ];
        assert_eq!(problems(entries), expected);
    }
}
