//! Files of needs: what they may contain, and the check that makes a [`NeedTopic`] of one. A file with a problem is not used.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::data_file::{DataFile, DataProblems, Entries, Spanned};
use crate::read::problem::{Problem, suggestion};
use crate::trust::needs::{
    FACTS, Need, NeedArtifact, NeedCondition, NeedEntry, NeedExample, NeedFallback, NeedKind, NeedTopic, TokenRule,
    TokenStoringStep,
};
use crate::trust::registry::slot::Slot;
use crate::trust::registry::test::{ValueTest, WrittenTest, conditions_schema};
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
    entries: Vec<EntryFile>,
    /// Actions that need no scope, whatever their inputs.
    #[serde(default)]
    no_permissions: Vec<String>,
}

/// An action, a called workflow or a command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct EntryFile {
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
    let Spanned { value: written, span }: Spanned<NeedsFile> = file.read()?;
    let mut check = NeedsCheck { file, github, problems: DataProblems::default() };
    if written.entries.is_empty() && written.no_permissions.is_empty() {
        check.problems.add(span, "the file has neither `entries` nor `no-permissions`");
    }
    let topic = NeedTopic {
        title: written.title,
        reviewed: written.reviewed,
        entries: written.entries.into_iter().filter_map(|entry| check.entry(entry)).collect(),
        no_permissions: written.no_permissions,
    };
    check.problems.result(Some(topic))
}

struct NeedsCheck<'f> {
    file: &'f DataFile,
    github: &'f GitHubFacts,
    problems: DataProblems,
}

impl NeedsCheck<'_> {
    fn entry(&mut self, written: EntryFile) -> Option<NeedEntry> {
        let kinds = [
            (NeedKind::Action, written.action),
            (NeedKind::Workflow, written.workflow),
            (NeedKind::Command, written.command),
        ];
        let mut kinds = kinds.into_iter().filter_map(|(kind, name)| Some((kind, name?)));
        let (Some((kind, name)), None) = (kinds.next(), kinds.next()) else {
            self.problems.add(written.source.span, "an entry needs exactly one of `action`, `workflow` and `command`");
            return None;
        };
        let needs: Vec<Need> = written.needs.into_iter().filter_map(|need| self.need(need)).collect();
        let examples: Vec<_> = written.examples.into_iter().filter_map(|example| self.example(example)).collect();
        for (word, bad) in [("bad", true), ("good", false)] {
            let has = examples.iter().any(|example| example.bad == bad);
            if !has && !self.file.built_in && needs.iter().any(|need| !need.optional) {
                let message = format!("`{}` has no `{word}` example; the tests need one", name.value);
                self.problems.add(name.span, message);
            }
        }
        Some(NeedEntry {
            kind,
            names: [vec![name.value], written.also].concat(),
            via: written.via,
            unless: written.unless,
            source: written.source.value,
            token: self.token(written.token),
            needs,
            runs_other_programs: written.runs_other_programs,
            uploads: written.uploads,
            examples,
            path: self.file.source.path().to_owned(),
        })
    }

    fn need(&mut self, written: NeedFile) -> Option<Need> {
        let span = written.permission.span;
        let mut scopes = self.scopes(written.permission.value);
        if scopes.len() != 1 {
            let message = "a need has exactly one `permission`, such as `permission: { contents: write }`";
            self.problems.add(span, message);
        }
        if written.reason.trim().is_empty() {
            self.problems.add(written.reason.span, "`reason` is empty");
        }
        let or = self.scopes(written.or.value);
        let when = self.conditions(written.when);
        let (scope, access) = scopes.pop()?;
        Some(Need {
            scope,
            access,
            or,
            when,
            documented: written.documented,
            private: written.private,
            optional: written.optional,
            reason: written.reason.trim_end().to_owned(),
        })
    }

    fn scopes(&mut self, scopes: Scopes) -> Vec<(String, AccessLevel)> {
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
        scopes.0.0.into_iter().map(|(scope, access)| (scope.value, access.value)).collect()
    }

    fn conditions(&mut self, tests: NeedTests) -> Vec<NeedCondition> {
        let mut conditions = Vec::new();
        for (name, test) in tests.0.0 {
            let Some((_, values, _)) = FACTS.iter().find(|(fact, ..)| fits(fact, &name)) else {
                let suggestion = suggestion(&name, FACTS.iter().map(|(fact, ..)| *fact));
                self.problems.add(name.span, format!("unknown fact `{}`{suggestion}", name.value));
                continue;
            };
            let test = ValueTest::check(test, *values, &mut self.problems);
            conditions.extend(test.map(|test| NeedCondition { fact: name.value, test }));
        }
        conditions
    }

    fn token(&mut self, written: TokenFile) -> TokenRule {
        let earlier = written.earlier.map(|earlier| TokenStoringStep {
            action: earlier.action,
            when: self.conditions(earlier.when),
            slots: earlier.slots,
            otherwise: earlier.otherwise,
        });
        TokenRule { slots: written.slots, otherwise: written.otherwise, earlier, opaque: written.opaque }
    }

    fn example(&mut self, example: Spanned<ExampleFile>) -> Option<NeedExample> {
        match (example.value.bad, example.value.good) {
            (Some(text), None) => Some(NeedExample { bad: true, text }),
            (None, Some(text)) => Some(NeedExample { bad: false, text }),
            _ => {
                self.problems.add(example.span, "an example needs exactly one of `bad` and `good`");
                None
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
        let file = DataFile::new("ours.yaml", text, false);
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
