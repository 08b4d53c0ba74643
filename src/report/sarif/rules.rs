//! The tool and its rules. Nothing here depends on what was found: code scanning shares the rules of all repositories.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_sarif::sarif as s;

use crate::lint::findings::Level;
use crate::lint::rules::Rule;
use crate::report::sarif::region::{cut, sentence};
use crate::report::{HOME, help_uri};

/// How many characters code scanning takes for a description.
const LONGEST: usize = 1_024;
/// How many it takes for a name.
const LONGEST_NAME: usize = 255;
/// How many tags it shows.
const MOST_TAGS: usize = 10;

/// The kinds of notifications, in the order of their index.
pub const NOTIFICATIONS: [(&str, &str, &str, &str); 5] = [
    (
        "TP0001",
        "UndecidedPublication",
        "An upload that the files alone do not decide.",
        "No rule that needs the open value speaks of the upload.",
    ),
    ("TP0002", "UnreadableFile", "A file that could not be read.", "The other files are judged all the same."),
    ("TP0003", "ResultsLeftOut", "There are more findings than a log may hold.", "The worst findings are kept."),
    ("TP0004", "ConfigFault", "A fault of the config.", "What the faulty part says does not count; the rest holds."),
    (
        "TP0005",
        "CheckFailure",
        "The check could not run as asked.",
        "The log may lack findings, so it counts as failed.",
    ),
];

/// The driver.
pub fn driver(rules: &[Rule]) -> s::ToolComponent {
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
                .help_uri(format!("{HOME}#honest-limits"))
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
        .name(pascal_case(&rule.name).chars().take(LONGEST_NAME).collect::<String>())
        .short_description(text(&cut(&sentence(&rule.summary), LONGEST)))
        .full_description(text(&cut(&first_paragraph(&plain), LONGEST)))
        .help(s::MultiformatMessageString::builder().text(plain.trim()).markdown(markdown.trim()).build())
        .help_uri(uri)
        .default_configuration(s::ReportingConfiguration::builder().level(level).build())
        .properties(properties(rule))
        .build()
}

/// The tags that are shown: of many, first those that code scanning acts on.
fn tags(rule: &Rule) -> Vec<String> {
    let mut tags = rule.tags.clone();
    if rule.security_severity.is_some() {
        tags.push("security".into());
    }
    let acts = |tag: &String| tag == "security" || tag.starts_with("external/cwe/");
    tags.sort_by_key(|tag| (!acts(tag), tag.clone()));
    tags.dedup();
    tags.truncate(MOST_TAGS);
    tags.sort();
    tags
}

fn properties(rule: &Rule) -> s::PropertyBag {
    let tags = tags(rule);
    let mut more: BTreeMap<String, Value> = BTreeMap::new();
    more.insert("precision".into(), json!(rule.precision));
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
