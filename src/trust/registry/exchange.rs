//! How the OIDC token is exchanged for a token of the registry. `trustpub rehearse` makes this request; nothing else does.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;

/// The request that exchanges the OIDC token. The values of `address`, `headers`, `json` and `form` are templates with the placeholders
/// `{oidc-token}`, `{package}`, `{user}` and the groups of `package-parts`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exchange {
    /// The address of the POST request.
    pub address: String,
    /// Header fields of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The fields of a JSON object that is sent.
    #[serde(default)]
    pub json: BTreeMap<String, String>,
    /// The fields of a form that is sent.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// A regular expression whose named groups are the parts of a package's name.
    pub package_parts: Option<String>,
    /// The dotted key of the registry's token in the answer.
    pub token: String,
    /// The registry's reason in an answer that refuses, as templates over its dotted keys: the first whose keys all exist.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The text that clients show for an answer without a reason, by HTTP status.
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    /// What an exchange creates or deletes at the registry, as a sentence without a final period. It needs the user's consent.
    pub side_effects: Option<String>,
    /// What else an exchange changes at the registry, as a sentence without a final period.
    pub remark: Option<String>,
    /// How the registry's token is revoked; absent if only its expiry ends it.
    pub revocation: Option<Revocation>,
}

/// The DELETE request that revokes the registry's token, with the placeholder `{registry-token}`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Revocation {
    /// The address of the request.
    pub address: String,
    /// Header fields of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

impl Exchange {
    /// Every template of the request.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let values = self.headers.values().chain(self.json.values()).chain(self.form.values());
        std::iter::once(&self.address).chain(values).map(String::as_str)
    }

    /// The parts of a package's name by their placeholder; `None` if the name does not have them.
    #[must_use]
    pub fn parts(&self, package: &str) -> Option<Vec<(String, String)>> {
        let Some(pattern) = &self.package_parts else { return Some(Vec::new()) };
        let pattern = Regex::new(pattern).ok()?;
        let found = pattern.captures(package)?;
        let part = |name: &str| Some((name.to_owned(), found.name(name)?.as_str().to_owned()));
        pattern.capture_names().flatten().map(part).collect()
    }

    /// Whether the request contains a placeholder.
    #[must_use]
    pub fn needs(&self, placeholder: &str) -> bool {
        self.templates().any(|template| template.contains(&format!("{{{placeholder}}}")))
    }
}

/// Replaces the placeholders of a template; `None` if a value is missing.
#[must_use]
pub fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(&value(name)?);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// The text or number at a dotted key of an answer; parts that are numbers are positions in lists.
#[must_use]
pub fn at<'v>(answer: &'v serde_json::Value, key: &str) -> Option<&'v serde_json::Value> {
    key.split('.').try_fold(answer, |value, part| match value {
        serde_json::Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => value.get(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_needs_all_its_values() {
        let value = |name: &str| (name == "package").then(|| "demo".to_owned());
        assert_eq!(filled("a/{package}/b", value).as_deref(), Some("a/demo/b"));
        assert_eq!(filled("a/{user}", value), None);
        assert_eq!(filled("a/{package", value), None);
    }

    #[test]
    fn keys_lead_into_lists() {
        let answer = serde_json::json!({"errors": [{"detail": "no"}]});
        assert_eq!(at(&answer, "errors.0.detail"), Some(&serde_json::json!("no")));
        assert_eq!(at(&answer, "errors.1.detail"), None);
        assert_eq!(at(&answer, "detail"), None);
    }
}
