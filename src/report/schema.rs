//! JSON Schemas of rule, registry, needs and config files, and the template of `trustpub rules new`.

use serde_json::{Value, json};

use crate::lint::rules::load::RuleFile;
use crate::lint::rules::set::RuleSet;
use crate::read::config::KEYS;
use crate::trust::needs::load::NeedsFile;
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
    schemars::schema_for!(RuleFile).to_value()
}

/// The schema of a file of needs, with GitHub's scopes.
#[must_use]
pub fn needs(github: &GitHubFacts) -> Value {
    let mut schema = schemars::schema_for!(NeedsFile).to_value();
    let scopes: serde_json::Map<_, _> =
        github.permissions.scopes.iter().map(|(scope, levels)| (scope.clone(), json!({"enum": levels}))).collect();
    schema["$defs"]["Scopes"] =
        json!({"type": "object", "additionalProperties": false, "minProperties": 1, "properties": scopes});
    schema
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
