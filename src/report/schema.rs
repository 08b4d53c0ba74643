//! JSON Schemas of rule, registry, needs and config files, and the template of `trustpub rules new`.

use serde_json::{Value, json};

use crate::lint::facts;
use crate::lint::rules::set::RuleSet;
use crate::lint::subjects::SubjectKind;
use crate::read::config::KEYS;
use crate::trust::needs::{self, FACTS};
use crate::trust::registry::Registry;
use crate::workflow::github::GitHubFacts;

/// A schema as text.
#[must_use]
pub fn text(schema: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(schema).unwrap_or_default())
}

/// The schema of a registry file.
#[must_use]
pub fn registry() -> Value {
    schemars::schema_for!(Registry).to_value()
}

/// The schema of a rule file.
#[must_use]
pub fn rule() -> Value {
    let level = json!({"enum": ["error", "warning", "note"]});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let conditions = conditions(facts().into_iter());
    let lines = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let fix = json!({"type": "object", "additionalProperties": false, "required": ["title", "safety"], "properties": {
        "title": {"type": "string", "description": "What the fix does, as an imperative sentence."},
        "safety": {"enum": ["safe", "unsafe"], "description": "A safe fix changes nothing but the reported fault."},
        "when": conditions,
        "set": lines, "rename": lines, "repin": lines,
        "remove": {"oneOf": [{"type": "string"}, texts]},
    }});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trustpub rule",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "code", "summary", "level", "help", "for-each", "require", "message", "examples"],
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z0-9-]+$", "description": "The file's stem."},
            "code": {"type": "string", "pattern": "^[A-Z]{1,8}[0-9]{1,6}$", "description": "The SARIF rule id."},
            "summary": {"type": "string"},
            "level": {"oneOf": [level, {"type": "object", "additionalProperties": level}]},
            "precision": {"enum": ["very-high", "high", "medium", "low"]},
            "security-severity": {"type": "string"},
            "tags": texts,
            "help": {"type": "string", "description": "Markdown: what, why, what to do."},
            "references": texts,
            "for-each": {"enum": SubjectKind::WORDS.map(|(_, word)| word)},
            "runs": {"enum": ["some", "every"]},
            "when": conditions,
            "require": conditions,
            "message": {"type": ["string", "object"]},
            "at": {"type": "string"},
            "show": {"type": "object", "additionalProperties": {"type": "string"}},
            "yields-to": texts,
            "fix": {"oneOf": [fix, {"type": "array", "items": fix}]},
            "examples": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {
                "name": {"type": "string"},
                "bad": {"type": "string", "description": "A workflow with findings; or only `steps:` or `job:` of a plain release workflow."},
                "good": {"type": "string", "description": "A workflow without findings; or only `steps:` or `job:`."},
                "fixed": {"type": "string", "description": "The changed file after the fix."},
                "config": {"type": "string"}, "files": {"type": "object", "additionalProperties": {"type": "string"}},
            }}},
        },
    })
}

/// Patterns of the fact names, with their documentation.
fn facts() -> Vec<(String, String)> {
    facts::all().map(|spec| (name_pattern(spec.name), spec.doc.to_owned())).collect()
}

fn name_pattern(name: &str) -> String {
    format!("^{}$", name.replace('.', "\\.").replace('*', ".+"))
}

/// A test of a fact.
fn test() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({"description": "The expected value, a list of allowed values, or a test.", "oneOf": [
        {"type": ["string", "boolean", "number"]},
        texts,
        {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "properties": {
            "not": {"type": "string"}, "none-of": texts, "present": {"type": "boolean"},
            "at-least": {"enum": ["read", "write"]}, "matches": {"type": ["string", "array"]},
        }},
    ]})
}

/// A mapping from facts to tests.
fn conditions(facts: impl Iterator<Item = (String, String)>) -> Value {
    let patterns = facts.map(|(pattern, doc)| {
        let mut test = test();
        test["description"] = json!(doc);
        (pattern, test)
    });
    json!({"type": "object", "additionalProperties": false, "patternProperties": patterns.collect::<serde_json::Map<_, _>>()})
}

/// The schema of a file of needs.
#[must_use]
pub fn needs(github: &GitHubFacts) -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let text = json!({"type": "string"});
    let flag = json!({"type": "boolean"});
    let scopes: serde_json::Map<_, _> =
        github.permissions.scopes.iter().map(|(scope, levels)| (scope.clone(), json!({"enum": levels}))).collect();
    let permission = json!({"type": "object", "additionalProperties": false, "minProperties": 1, "properties": scopes});
    let when = conditions(FACTS.iter().map(|(name, _, doc)| (name_pattern(name), (*doc).to_owned())));
    let slots = json!({"type": "array", "items": {"type": "object", "additionalProperties": false,
        "minProperties": 1, "maxProperties": 1, "properties": {"input": text, "env": text, "flags": texts}}});
    let otherwise = json!({"enum": ["job", "none"], "description": "The token that is used if no slot has one."});
    let earlier = json!({"type": "object", "additionalProperties": false, "required": ["action"],
        "description": "The earlier step of the job that provides the token.",
        "properties": {"action": text, "when": when, "slots": slots, "otherwise": otherwise}});
    let token = json!({"type": "object", "additionalProperties": false, "properties": {
        "slots": slots, "otherwise": otherwise, "earlier": earlier, "opaque": texts}});
    let need = json!({"type": "object", "additionalProperties": false, "required": ["permission", "reason"], "properties": {
        "permission": permission, "or": permission, "when": when, "documented": flag, "private": flag, "optional": flag,
        "reason": {"type": "string", "description": "Completes the sentence: needs it to …"}}});
    let artifact = json!({"type": "object", "additionalProperties": false, "properties": {
            "input": text, "name": text, "suffix": text}});
    let example = json!({"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
        "properties": {"bad": text, "good": text}});
    let mut entry = json!({"type": "object", "additionalProperties": false, "required": ["source"], "properties": {
        "also": texts, "via": texts, "unless": texts, "source": text, "token": token, "runs-other-programs": flag,
        "needs": {"type": "array", "items": need}, "uploads": {"type": "array", "items": artifact},
        "examples": {"type": "array", "items": example}}});
    for (_, word) in needs::NeedKind::WORDS {
        entry["properties"][word] = text.clone();
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trustpub needs",
        "type": "object",
        "additionalProperties": false,
        "required": ["title", "reviewed"],
        "properties": {"title": text, "reviewed": text, "entries": {"type": "array", "items": entry}, "no-permissions": texts},
    })
}

/// The schema of the config, with the fields of every registry's form.
#[must_use]
pub fn config(rules: &RuleSet) -> Value {
    let text = json!({"type": "string"});
    let publishers: Vec<Value> = rules
        .data
        .registries
        .iter()
        .map(|registry| {
            let mut fields = serde_json::Map::new();
            fields.insert("registry".into(), json!({"const": registry.id, "description": registry.name}));
            for field in &registry.record {
                let mut schema = json!({"type": "string", "description": field.label});
                if let Some(longest) = field.longest {
                    schema["maxLength"] = json!(longest);
                }
                fields.insert(field.name.clone(), schema);
            }
            json!({"type": "object", "additionalProperties": false, "required": ["registry"], "properties": fields})
        })
        .collect();
    let names: Vec<&str> = rules.words().collect();
    let mut properties = serde_json::Map::new();
    for key in KEYS {
        let schema = match key {
            "repository" => {
                json!({"type": "string", "pattern": "^[^/]+/[^/]+$", "description": "`owner/name` of this repository. Without it, the owner and the repository of publishers are undecided."})
            }
            "baseline" => {
                json!({"type": "string", "description": "Path of a baseline file: only findings that it does not contain are reported."})
            }
            "publishers" => json!({"type": "array", "items": {"oneOf": publishers},
                "description": "The trusted publishers at the registries, with the fields of each registry's form."}),
            "environments" => {
                json!({"type": "object", "description": "Settings of GitHub environments, which no file shows: the allowed refs of each environment.",
                "additionalProperties": {"type": "object", "additionalProperties": false, "properties": {"refs": {"type": "array", "items": text}}}})
            }
            "releases" => {
                json!({"enum": ["immutable"], "description": "`immutable` if the repository publishes immutable releases."})
            }
            "rules" => {
                json!({"type": "object", "description": "The level of a rule, by name or code: `error`, `warning`, `note` or `off`.",
                "propertyNames": {"enum": names}, "additionalProperties": {"enum": ["error", "warning", "note", "off"]}})
            }
            "ignore" => {
                json!({"type": "array", "description": "Findings to hide.",
                "items": {"type": "object", "additionalProperties": false, "required": ["rule", "reason"],
                "properties": {
                    "rule": {"enum": names, "description": "The name or the code of the rule."},
                    "workflow": {"type": "string", "description": "The file name of the workflow; all workflows without it."},
                    "job": {"type": "string", "description": "The id of the job; all jobs without it."},
                    "step": {"type": "string", "description": "The id or the name of the step; all steps without it."},
                    "reason": {"type": "string", "description": "Why the finding is hidden."},
                    "expires": {"type": "string", "format": "date", "description": "The last day on which it is hidden."},
                }}})
            }
            "documents" => {
                json!({"type": "array", "items": text, "description": "Documents that repeat the publishers, to be compared with them."})
            }
            "extra-rules" => {
                json!({"type": "array", "items": text, "description": "Folders of user rules, registries and needs."})
            }
            "select" => {
                json!({"type": "array", "items": text, "description": "The only rules to apply: names, codes or prefixes of codes."})
            }
            _ => json!({"type": "array", "items": text}),
        };
        properties.insert(key.into(), schema);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trustpub config",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

/// The template of a new rule, with `number` in its code. It loads, and its examples pass.
#[must_use]
pub fn new_rule(name: &str, number: u32) -> String {
    format!(
        r#"name: {name}
code: OWN{number:03}
summary: A job named `deploy` runs outside environment `production`
level: warning
precision: high
tags: [policy]
help: |
  What is wrong, why it matters.

  **What to do:** what to change.

for-each: job
when:
  job: deploy
require:
  environment: production
message: "job `{{job}}` runs in environment `{{environment}}`, not in `production`"

examples:
  - name: no environment
    bad: |
      on: push
      jobs:
        deploy: # <- not in `production`
          runs-on: ubuntu-latest
          steps:
            - run: make deploy
  - name: in production
    good: |
      on: push
      jobs:
        deploy:
          runs-on: ubuntu-latest
          environment: production
          steps:
            - run: make deploy
"#
    )
}
