//! Reference pages made from the rules themselves, so that they cannot drift. It reads no file.

use crate::lint::facts::{self, FactValues};
use crate::lint::fix::TARGETS;
use crate::lint::rules::Rule;
use crate::lint::subjects::SubjectKind;

/// One rule for a terminal or a page: what, why, what to do, examples.
#[must_use]
pub fn rule(rule: &Rule) -> String {
    let mut page = format!(
        "## {}\n\n`{}` · {} · {} · {}\n\n",
        rule.name,
        rule.code,
        level(rule),
        rule.precision,
        rule.tags.join(", ")
    );
    page.push_str(&format!("{}.\n\n{}\n\n", rule.summary, rule.help.trim()));
    for (bad, title) in [(true, "Reported"), (false, "Not reported")] {
        if let Some(example) = rule.examples.iter().find(|example| example.bad == bad) {
            let (name, text) = if example.text.trim().is_empty() {
                example.files.first().map(|(path, text)| (path.as_str(), text.as_str())).unwrap_or_default()
            } else {
                ("", example.text.as_str())
            };
            let file = if name.is_empty() { String::new() } else { format!(" in `{name}`") };
            page.push_str(&format!("{title}: {}{file}\n\n```yaml\n{}\n```\n\n", example.name, text.trim_end()));
            if let Some(config) = &example.config {
                page.push_str(&format!("with the config\n\n```yaml\n{}\n```\n\n", config.trim_end()));
            }
        }
    }
    for fix in &rule.fixes {
        let how = if fix.safe { "with `--fix`" } else { "with `--fix=unsafe`" };
        page.push_str(&format!("Fix, {how}: {}.\n\n", fix.title));
    }
    for reference in &rule.references {
        page.push_str(&format!("- <{reference}>\n"));
    }
    page
}

fn level(rule: &Rule) -> String {
    if rule.levels.every == rule.levels.some {
        rule.levels.every.word().to_owned()
    } else {
        format!("{}, {} where only some runs fail", rule.levels.every.word(), rule.levels.some.word())
    }
}

/// The table of all rules.
#[must_use]
pub fn table(rules: &[Rule], link: &str) -> String {
    let mut table = "| code | rule | level | what it finds |\n| --- | --- | --- | --- |\n".to_owned();
    for rule in rules {
        table.push_str(&format!(
            "| {} | [{}]({link}#{}) | {} | {} |\n",
            rule.code,
            rule.name,
            rule.name,
            rule.levels.usual().word(),
            rule.summary
        ));
    }
    table
}

/// The table of all facts.
#[must_use]
pub fn facts() -> String {
    let mut table = "| fact | of | values | what it is |\n| --- | --- | --- | --- |\n".to_owned();
    for spec in facts::all() {
        let kinds: Vec<_> = spec.kinds.iter().copied().map(SubjectKind::word).collect();
        let values = match (spec.values, spec.values.listed()) {
            (FactValues::Any, _) | (_, None) => "any text".to_owned(),
            (_, Some(list)) => list.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" "),
        };
        table.push_str(&format!("| `{}` | {} | {values} | {} |\n", spec.name, kinds.join(", "), spec.doc));
    }
    table
}

/// The table of what fixes can change.
#[must_use]
pub fn targets() -> String {
    let mut table = "| name | of | what it is |\n| --- | --- | --- |\n".to_owned();
    for (name, kinds, doc) in TARGETS {
        let kinds: Vec<_> = kinds.iter().copied().map(SubjectKind::word).collect();
        table.push_str(&format!("| `{name}` | {} | {doc} |\n", kinds.join(", ")));
    }
    table
}

/// `rules/README.md`.
#[must_use]
pub fn reference(rules: &[Rule]) -> String {
    let mut page =
        "<!-- Made from the files beside it by `UPDATE=1 cargo test generated`; edit those. -->\n\n# Rules\n\n"
            .to_owned();
    page.push_str(&table(rules, ""));
    page.push_str("\n# Facts\n\nWhat `when`, `require`, `message`, `at` and `show` may name, by subject.\n\n");
    page.push_str(&facts());
    page.push_str(
        "\n# What a fix can change\n\nBesides the entry at whose key or value a fact stands, by the fact's name.\n\n",
    );
    page.push_str(&targets());
    page.push_str("\n# Each rule\n\n");
    for rule in rules {
        page.push_str(&crate::report::docs::rule(rule));
        page.push('\n');
    }
    page
}
