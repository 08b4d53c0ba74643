//! JSON Schemas of the files people write, made from the same tables that check them; and a rule file to begin with.

use serde_json::{Value, json};

use crate::lint::fact;
use crate::lint::ruleset::RuleSet;
use crate::lint::subject::Kind;
use crate::read::config::KEYS;
use crate::trust::registry::Registry;

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
    let facts = facts();
    let level = json!({"enum": ["error", "warning", "note"]});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let test = json!({"description": "A word the fact must equal, a list of such words, or a test.", "oneOf": [
        {"type": ["string", "boolean", "number"]},
        {"type": "array", "items": {"type": "string"}},
        {"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "properties": {
            "not": {"type": "string"}, "none-of": texts, "present": {"type": "boolean"},
            "at-least": {"enum": ["read", "write"]}, "matches": {"type": ["string", "array"]},
        }},
    ]});
    let conditions = json!({"type": "object", "additionalProperties": false, "patternProperties": facts.iter().map(|(pattern, doc)| {
        let mut test = test.clone();
        test["description"] = json!(doc);
        (pattern.clone(), test)
    }).collect::<serde_json::Map<_, _>>()});
    let lines = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let fix = json!({"type": "object", "additionalProperties": false, "required": ["title", "safety"], "properties": {
        "title": {"type": "string", "description": "What it does, as an imperative sentence."},
        "safety": {"enum": ["safe", "unsafe"], "description": "Safe fixes change no behaviour besides the fault."},
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
            "for-each": {"enum": Kind::WORDS.map(|(_, word)| word)},
            "runs": {"enum": ["some", "every"]},
            "when": conditions,
            "require": conditions,
            "message": {"type": ["string", "object"]},
            "at": {"type": "string"},
            "show": {"type": "object", "additionalProperties": {"type": "string"}},
            "yields-to": texts,
            "fix": {"oneOf": [fix, {"type": "array", "items": fix}]},
            "examples": {"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {
                "name": {"type": "string"}, "bad": {"type": "string"}, "good": {"type": "string"},
                "fixed": {"type": "string", "description": "The one file that the fix changes, as it is then."},
                "config": {"type": "string"}, "files": {"type": "object", "additionalProperties": {"type": "string"}},
            }}},
        },
    })
}

/// Patterns of the facts' names with what they are.
fn facts() -> Vec<(String, String)> {
    fact::all()
        .map(|spec| (format!("^{}$", spec.name.replace('.', "\\.").replace('*', ".+")), spec.doc.to_owned()))
        .collect()
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
                json!({"type": "string", "pattern": "^[^/]+/[^/]+$", "description": "owner/name, certain."})
            }
            "publishers" => json!({"type": "array", "items": {"oneOf": publishers}}),
            "environments" => {
                json!({"type": "object", "additionalProperties": {"type": "object", "additionalProperties": false,
                "properties": {"refs": {"type": "array", "items": text}}}})
            }
            "rules" => {
                json!({"type": "object", "propertyNames": {"enum": names}, "additionalProperties": {"enum": ["error", "warning", "note", "off"]}})
            }
            "ignore" => {
                json!({"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["rule", "reason"],
                "properties": {"rule": {"enum": names}, "workflow": text, "job": text, "step": text, "reason": text,
                    "expires": {"type": "string", "format": "date"}}}})
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

/// A rule file to begin with, with a number for its code: it loads, and its examples pass.
#[must_use]
pub fn new_rule(name: &str, number: u32) -> String {
    format!(
        r#"name: {name}
code: OWN{number:03}
summary: A job named `deploy` runs outside environment `production`
level: warning
precision: high
tags: [house]
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
