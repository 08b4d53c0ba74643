//! The SARIF driver with all rules. It does not depend on the findings.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_sarif::sarif as s;

use crate::lint::findings::Level;
use crate::lint::rules::Rule;
use crate::report::sarif::region::{cut, sentence};
use crate::report::{HOME, help_uri};

/// Code scanning's limit for descriptions, in characters.
const MAX_DESCRIPTION: usize = 1_024;
/// Code scanning's limit for names, in characters.
const MAX_NAME: usize = 255;
/// Code scanning's limit for tags.
const MAX_TAGS: usize = 10;

/// The kinds of notifications by index: id, name, short and full description.
pub(crate) const NOTIFICATIONS: [(&str, &str, &str, &str); 5] = [
    (
        "TP0001",
        "UndecidedUpload",
        "An upload whose verdict the files do not decide.",
        "Rules that need the unknown value are not applied to this upload. Run `trustpub explain` to see what is unknown.",
    ),
    (
        "TP0002",
        "UnreadableFile",
        "A file that could not be read.",
        "The other files were checked. Fix the file or its permissions and run the check again.",
    ),
    (
        "TP0003",
        "ResultsLeftOut",
        "There are more findings than code scanning accepts.",
        "The most severe findings are kept. Fix them, or raise the limit by checking fewer repositories per log.",
    ),
    (
        "TP0004",
        "InvalidConfig",
        "An error in the config.",
        "The invalid part is ignored, the rest is used. Correct the config.",
    ),
    (
        "TP0005",
        "CheckFailure",
        "The check could not run as asked.",
        "Findings may be missing, so the log is marked as failed. Fix the cause and run the check again.",
    ),
];

/// The driver.
pub(crate) fn driver(rules: &[Rule]) -> s::ToolComponent {
    let version = env!("CARGO_PKG_VERSION");
    let notifications: Vec<s::ReportingDescriptor> = NOTIFICATIONS
        .iter()
        .map(|(id, name, short, full)| {
            s::ReportingDescriptor::builder()
                .id(*id)
                .name(*name)
                .short_description(text(short))
                .full_description(text(full))
                .help(text(full))
                .help_uri(format!("{HOME}#limits"))
                .build()
        })
        .collect();
    s::ToolComponent::builder()
        .name("trustpub")
        .full_name(format!("trustpub {version}"))
        .organization("trustpub")
        .version(version)
        .semantic_version(version)
        .information_uri(HOME)
        .rules(rules.iter().map(descriptor).collect::<Vec<_>>())
        .notifications(notifications)
        .build()
}

fn descriptor(rule: &Rule) -> s::ReportingDescriptor {
    let uri = help_uri(rule);
    let links: String = rule.references.iter().map(|link| format!("- <{link}>\n")).collect();
    let markdown = format!("{}\n\n[{} in the reference]({uri})\n\n{links}", rule.help.trim(), rule.name);
    let plain = rule.help.replace("**", "");
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
    let paragraph = help.trim().split("\n\n").next().unwrap_or_default();
    sentence(&paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
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
