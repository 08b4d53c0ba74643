//! The SARIF driver with all rules. It does not depend on the findings.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_sarif::sarif as s;

use crate::lint::findings::Level;
use crate::lint::rules::load::builtin_examples;
use crate::lint::rules::{Rule, RuleExample};
use crate::report::docs::first_examples;
use crate::report::sarif::region::{cut, sentence};
use crate::report::{HOME, help_uri};

/// Code scanning's limit for descriptions, in characters.
const MAX_DESCRIPTION: usize = 1_024;
/// Code scanning's limit for names, in characters.
const MAX_NAME: usize = 255;
/// Code scanning's limit for tags.
const MAX_TAGS: usize = 10;

/// The kinds of notifications by index: id, name, short description, effect, and what to do.
pub(crate) const NOTIFICATIONS: [(&str, &str, &str, &str, &str); 5] = [
    (
        "TP0001",
        "UndecidedUpload",
        "An upload whose verdict the files do not decide.",
        "Rules that need the unknown value are not applied to this upload.",
        "Run `trustpub explain` to see what is unknown.",
    ),
    (
        "TP0002",
        "UnreadableFile",
        "A file that could not be read.",
        "The other files were checked.",
        "Correct the file or its permissions, and run the check again.",
    ),
    (
        "TP0003",
        "ResultsLeftOut",
        "There are more findings than code scanning accepts.",
        "The most severe findings are kept.",
        "Correct the findings that are kept, or check fewer repositories per log.",
    ),
    (
        "TP0004",
        "InvalidConfig",
        "An error in the config.",
        "The invalid part is ignored, the rest is used.",
        "Correct the config.",
    ),
    (
        "TP0005",
        "CheckFailure",
        "The check could not run as asked.",
        "Findings may be missing, so the log is marked as failed.",
        "Remove the cause, and run the check again.",
    ),
];

/// The driver.
pub(crate) fn driver(rules: &[&Rule]) -> s::ToolComponent {
    let version = env!("CARGO_PKG_VERSION");
    let notifications: Vec<s::ReportingDescriptor> = NOTIFICATIONS
        .iter()
        .map(|(id, name, short, effect, action)| {
            let full = format!("{effect} {action}");
            s::ReportingDescriptor::builder()
                .id(*id)
                .name(*name)
                .short_description(text(short))
                .full_description(text(&full))
                .help(text(&full))
                .help_uri(format!("{HOME}#what-it-does-not-do"))
                .build()
        })
        .collect();
    let examples = if rules.is_empty() { BTreeMap::new() } else { builtin_examples() };
    s::ToolComponent::builder()
        .name("trustpub")
        .full_name(format!("trustpub {version}"))
        .organization("trustpub")
        .version(version)
        .semantic_version(version)
        .information_uri(HOME)
        .rules(rules.iter().map(|rule| descriptor(rule, &examples)).collect::<Vec<_>>())
        .notifications(notifications)
        .build()
}

/// `builtin` has the examples of the built-in rules, which a check loads without them.
fn descriptor(rule: &Rule, builtin: &BTreeMap<String, Vec<RuleExample>>) -> s::ReportingDescriptor {
    let uri = help_uri(rule);
    let links: String = rule.references.iter().map(|link| format!("- <{link}>\n")).collect();
    let help = unwrapped(rule.help.trim_end());
    let examples = match rule.examples.as_slice() {
        [] => builtin.get(&rule.name).map(Vec::as_slice).unwrap_or_default(),
        own => own,
    };
    let examples = first_examples(examples);
    let markdown = format!("{}\n\n{examples}[{} in the reference]({uri})\n\n{links}", help.trim(), rule.name);
    let plain = help.replace("**", "");
    let level = json!(rule.levels.usual().word());
    s::ReportingDescriptor::builder()
        .id(rule.code.clone())
        .name(pascal_case(&rule.name).chars().take(MAX_NAME).collect::<String>())
        .short_description(text(&cut(&sentence(&rule.summary), MAX_DESCRIPTION)))
        .full_description(text(&cut(&first_paragraph(&plain), MAX_DESCRIPTION)))
        .help(s::MultiformatMessageString::builder().text(plain.trim()).markdown(markdown.trim()).build())
        .help_uri(uri)
        .default_configuration(s::ReportingConfiguration::builder().level(level).build())
        .properties(properties(rule))
        .build()
}

/// The tags; if there are too many, those that code scanning interprets are kept.
fn tags(rule: &Rule) -> Vec<String> {
    let mut tags = rule.tags.clone();
    if rule.security_severity.is_some() {
        tags.push("security".into());
    }
    let interpreted = |tag: &String| tag == "security" || tag.starts_with("external/cwe/");
    tags.sort_by_key(|tag| (!interpreted(tag), tag.clone()));
    tags.dedup();
    tags.truncate(MAX_TAGS);
    tags.sort();
    tags
}

fn properties(rule: &Rule) -> s::PropertyBag {
    let tags = tags(rule);
    let mut more: BTreeMap<String, Value> = BTreeMap::new();
    more.insert("precision".into(), json!(rule.precision.word()));
    match &rule.security_severity {
        Some(severity) => more.insert("security-severity".into(), json!(severity)),
        None => more.insert("problem.severity".into(), json!(severity(rule.levels.usual()))),
    };
    s::PropertyBag::builder().tags(tags).additional_properties(more).build()
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    }
}

fn text(text: &str) -> s::MultiformatMessageString {
    s::MultiformatMessageString::builder().text(text).build()
}

fn first_paragraph(help: &str) -> String {
    sentence(help.trim().split("\n\n").next().unwrap_or_default())
}

/// Markdown with each paragraph and each item of a list on one line: code scanning shows a line end as one.
fn unwrapped(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut in_code = false;
    let mut continues = false;
    for line in markdown.lines() {
        let start = line.trim_start();
        let is_fence = start.starts_with("```");
        let is_text = !in_code && !is_fence && !start.is_empty();
        if is_text && continues && !start.starts_with(['-', '*', '|', '#', '>']) {
            text.push(' ');
            text.push_str(start);
        } else {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        continues = is_text;
        in_code ^= is_fence;
    }
    text
}

/// `missing-id-token` as `MissingIdToken`.
fn pascal_case(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        })
        .collect()
}

/// The driver of a log whose results come from no rule file. Each rule has an id, which is also its name, and a summary.
pub(crate) fn driver_of(rules: &[(&str, &str)], help: &str) -> s::ToolComponent {
    let descriptor = |(id, summary): &(&str, &str)| {
        let mut more: BTreeMap<String, Value> = BTreeMap::new();
        more.insert("precision".into(), json!("very-high"));
        more.insert("problem.severity".into(), json!("error"));
        s::ReportingDescriptor::builder()
            .id(*id)
            .name(pascal_case(id))
            .short_description(text(&sentence(summary)))
            .full_description(text(&sentence(summary)))
            .help(text(&sentence(summary)))
            .help_uri(help)
            .default_configuration(s::ReportingConfiguration::builder().level(json!("error")).build())
            .properties(s::PropertyBag::builder().tags(vec!["oidc".to_owned()]).additional_properties(more).build())
            .build()
    };
    let mut driver = driver(&[]);
    driver.rules = Some(rules.iter().map(descriptor).collect());
    driver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paragraphs_and_items_are_joined() {
        let wrapped = "One\ntwo.\n\n- item\n  goes on\n- next\n\n```yaml\na:\n  b\n```\nlast\nline\n";
        assert_eq!(unwrapped(wrapped), "One two.\n\n- item goes on\n- next\n\n```yaml\na:\n  b\n```\nlast line");
    }
}
