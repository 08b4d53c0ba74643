//! Data on the files that show a registry's publishers, and how to read values from them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::read::certificate;

/// The most values that one path yields. More are not looked at.
const MOST_VALUES: usize = 10_000;

/// A kind of file that shows publishers: an answer of an API, an attestation, the output of a command.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportFormat {
    /// What the file is, for messages.
    pub name: String,
    /// Where the format is documented.
    pub source: String,
    /// Paths that exist in every such file and in no other.
    pub marks: Vec<ImportPath>,
    /// The path of the entries that show a publisher each; the whole file if it is empty.
    #[serde(default)]
    pub each: ImportPath,
    /// Paths of an entry with their allowed values; without values, the path must exist.
    #[serde(default)]
    pub when: BTreeMap<ImportPath, Vec<String>>,
    /// Which of the entries counts; all of them if it is missing.
    pub take: Option<TakenEntry>,
    /// The fields that the file shows, by the name of the form's field; `owner/repository` stands for the two fields or the one that
    /// contain it. A field that is listed but has no value is empty at the registry; the file does not show the other fields.
    pub fields: BTreeMap<String, ImportValue>,
    /// What else the file says.
    #[serde(default)]
    pub remarks: Vec<ImportRemark>,
}

/// Which of several entries counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TakenEntry {
    /// The first that fits.
    First,
    /// The last that fits.
    Last,
}

/// Where the value of a field is.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportValue {
    /// The paths of the value; the first that has one counts.
    pub at: Vec<ImportPath>,
    /// A regular expression whose first group is the value.
    pub pattern: Option<String>,
    /// The form's value for each value of the file.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// A sentence for the user.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImportRemark {
    /// The path that decides.
    pub at: ImportPath,
    /// The value for which the remark holds.
    pub is: String,
    /// The remark, as a sentence without a final period.
    pub text: String,
}

/// A path: keys joined by dots, `*` for any key, `[]` behind a key for all items of its list, `/` in front to start at the whole file.
/// Behind ` | ` follows a conversion (`base64`, `certificate`, `percent`) or a path into its result.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct ImportPath(String);

impl ImportFormat {
    /// The entries of a file; `None` if the file is of another kind.
    #[must_use]
    pub fn entries(&self, file: &Value) -> Option<Vec<Value>> {
        if !self.marks.iter().all(|mark| !mark.values(file, file).is_empty()) {
            return None;
        }
        let fits = |entry: &Value| {
            self.when.iter().all(|(path, allowed)| {
                let found = path.values(file, entry);
                if allowed.is_empty() {
                    !found.is_empty()
                } else {
                    found.iter().filter_map(text).any(|it| allowed.contains(&it))
                }
            })
        };
        let mut entries = self.each.values(file, file).into_iter().filter(fits);
        Some(match self.take {
            None => entries.collect(),
            Some(TakenEntry::First) => entries.take(1).collect(),
            Some(TakenEntry::Last) => entries.next_back().into_iter().collect(),
        })
    }
}

impl ImportValue {
    /// The different values of an entry, in the order of the file.
    #[must_use]
    pub fn read(&self, file: &Value, entry: &Value) -> Vec<String> {
        let pattern = self.pattern.as_deref().and_then(crate::trust::publisher::compiled);
        let convert = |value: &Value| {
            let found = text(value)?;
            let found = match pattern {
                Some(pattern) => pattern.captures(&found)?.get(1)?.as_str().to_owned(),
                None => found,
            };
            if self.values.is_empty() { Some(found) } else { self.values.get(&found).cloned() }
        };
        let mut different: Vec<String> = Vec::new();
        for path in &self.at {
            for value in path.values(file, entry).iter().filter_map(convert).filter(|value| !value.is_empty()) {
                if !different.contains(&value) && different.len() < MOST_VALUES {
                    different.push(value);
                }
            }
            if !different.is_empty() {
                break;
            }
        }
        different
    }
}

impl ImportPath {
    /// The values at the path; `null` is no value.
    #[must_use]
    pub fn values(&self, file: &Value, entry: &Value) -> Vec<Value> {
        let (path, conversions) =
            self.0.split_once(" | ").map_or((self.0.as_str(), None), |(path, rest)| (path, Some(rest)));
        let (start, path) = path.strip_prefix('/').map_or((entry, path), |path| (file, path));
        let mut found: Vec<Value> = follow(start, path).into_iter().cloned().collect();
        for step in conversions.into_iter().flat_map(|steps| steps.split(" | ")) {
            found = found.iter().flat_map(|value| converted(value, step)).take(MOST_VALUES).collect();
        }
        found.retain(|value| !value.is_null());
        found
    }
}

/// The results of a conversion, or the values at a path.
fn converted(value: &Value, step: &str) -> Vec<Value> {
    let text = value.as_str();
    match step {
        "base64" => text.and_then(|text| serde_json::from_slice(&decoded(text)?).ok()).into_iter().collect(),
        "certificate" => text.and_then(decoded).map(|bytes| claims_of(&bytes)).into_iter().collect(),
        "percent" => text.map(|text| Value::String(text.replace("%40", "@").replace("%2F", "/"))).into_iter().collect(),
        path => follow(value, path).into_iter().cloned().collect(),
    }
}

/// The values at a path of keys.
fn follow<'v>(start: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![start];
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let (name, all) = key.strip_suffix("[]").map_or((key, false), |name| (name, true));
        let children = found.into_iter().flat_map(|value| match value {
            value if name.is_empty() => vec![value],
            Value::Object(map) if name == "*" => map.values().collect(),
            value => value.get(name).into_iter().collect(),
        });
        let items = |value: &'v Value| match value.as_array() {
            Some(items) if all => items.iter().collect(),
            _ if all => Vec::new(),
            _ => vec![value],
        };
        found = children.flat_map(items).take(MOST_VALUES).collect();
    }
    found
}

/// The bytes of a base64 text.
fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text.split_whitespace().collect::<String>()).ok()
}

/// What the certificate of a signature says about the run that requested it.
fn claims_of(certificate: &[u8]) -> Value {
    let claims = certificate::claims(certificate).into_iter();
    Value::Object(claims.map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(path: &str, file: &Value) -> Vec<Value> {
        ImportPath(path.to_owned()).values(file, file)
    }

    #[test]
    fn paths_go_through_lists_keys_and_encoded_texts() {
        let file = json!({"a": [{"b": 1}, {"b": null}, {"c": {"x": "y", "z": "w"}}], "d": "eyJlIjogWyJmIl19"});
        assert_eq!(values("a[].b", &file), [json!(1)]);
        assert_eq!(values("a[].c.*", &file), [json!("y"), json!("w")]);
        assert_eq!(values("d | base64 | e[]", &file), [json!("f")]);
        assert_eq!(values("d | base64 | e[] | percent", &file), [json!("f")]);
        assert!(values("a.b", &file).is_empty());
        assert!(values("d | certificate | issuer", &file).is_empty());
    }

    #[test]
    fn only_some_entries_count() {
        let format: ImportFormat = serde_json::from_value(json!({
            "name": "n", "source": "s", "marks": ["list"], "each": "list[]", "when": {"kind": ["a"]}, "take": "last", "fields": {}
        }))
        .unwrap();
        let file = json!({"list": [{"kind": "a", "n": 1}, {"kind": "a", "n": 2}, {"kind": "b", "n": 3}]});
        assert_eq!(format.entries(&file), Some(vec![json!({"kind": "a", "n": 2})]));
        assert_eq!(format.entries(&json!({})), None);
    }
}
