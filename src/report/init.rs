//! The config that `trustpub init` writes. Every publisher has a comment to verify it at the registry.

use std::fmt::Write;

use crate::lint::analysis::{Analysis, Hint};
use crate::lint::explain::ExplainedValue;
use crate::lint::explain::proposal::{OpenProposal, Proposal};
use crate::report::explain::ExplainPage;
use crate::report::sanitize;
use crate::trust::upload::site::Credential;

/// Comments are wrapped at this column.
const WIDTH: usize = 110;

/// The repository: from the existing config, else from a hint.
#[must_use]
pub fn repository<'a>(analysis: &'a Analysis<'_, '_>) -> Option<(&'a str, Option<Hint>)> {
    match analysis.repository {
        Some(name) => Some((name, None)),
        None => analysis.repository_hint().map(|(name, hint)| (name, Some(hint))),
    }
}

/// The text of a config. `repository` is `owner/name` and, if it is only a hint, its source; `rules` are the folders of `--rules`.
#[must_use]
pub fn config(
    page: &ExplainPage<'_>,
    repository: Option<(&str, Option<Hint>)>,
    rules: &[String],
    proposals: &[Proposal<'_>],
) -> String {
    let mut text = format!("{SCHEMA_COMMENT}\n");
    comment(
        &mut text,
        "",
        "The trusted publishers of this repository, as configured at the registries. `trustpub check` compares the workflows with them.",
    );
    comment(
        &mut text,
        "",
        "trustpub does not contact the registries: verify each publisher there, and correct it here or there.",
    );
    match repository {
        Some((name, hint)) => {
            let source = match hint {
                Some(Hint::Remote) => "From the git remote. Verify it if this is a fork.",
                Some(Hint::Condition) => "From the conditions of the workflows. Verify it.",
                None => "",
            };
            if !source.is_empty() {
                comment(&mut text, "", source);
            }
            line(&mut text, "repository", name);
        }
        None => {
            comment(&mut text, "", "Fill in the repository, so that owner and name are compared too.");
            text.push_str("# repository: owner/name\n");
        }
    }
    if !rules.is_empty() {
        let folders: Vec<String> = rules.iter().map(|folder| scalar(folder)).collect();
        let _ = writeln!(text, "extra-rules: [{}]", folders.join(", "));
    }
    let mut documents: Vec<String> =
        proposals.iter().flat_map(|proposal| &proposal.hints).map(|hint| scalar(&hint.path)).collect();
    documents.sort();
    documents.dedup();
    if !documents.is_empty() {
        comment(
            &mut text,
            "",
            "These documents state fields of publishers. Remove the `#` to have them compared with the publishers.",
        );
        let _ = writeln!(text, "# documents: [{}]", documents.join(", "));
    }
    text.push('\n');
    text.push_str(&publishers(page, proposals));
    text
}

/// An existing config with new publishers: every other line is kept. What is lost of the old publishers becomes a comment.
#[must_use]
pub fn replaced(old: &str, page: &ExplainPage<'_>, repository: Option<&str>, proposals: &[Proposal<'_>]) -> String {
    let block = publishers(page, proposals);
    let lines: Vec<&str> = old.lines().collect();
    let starts_key = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t', '-', '#']);
    let has_key = |key: &str| lines.iter().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let start = lines.iter().position(|line| line.starts_with("publishers:")).unwrap_or(lines.len());
    let rest = lines.get(start + 1..).unwrap_or_default();
    let mut length = rest.iter().position(|line| starts_key(line)).unwrap_or(rest.len());
    // Comments and empty lines before the next key belong to that key.
    while length > 0 && rest.get(length - 1).is_some_and(|line| line.is_empty() || line.starts_with('#')) {
        length -= 1;
    }
    let mut text = String::new();
    let mut push = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    if !old.contains("yaml-language-server") {
        push(SCHEMA_COMMENT);
    }
    if let Some(name) = repository.filter(|_| !has_key("repository")) {
        push(&format!("repository: {}", scalar(name)));
    }
    lines.iter().take(start).for_each(|line| push(line));
    if lines.get(start).is_none() && !lines.is_empty() {
        push("");
    }
    let lost =
        rest.iter().take(length).filter(|line| !line.trim().is_empty() && !block.lines().any(|new| new == **line));
    let lost: Vec<&&str> = lost.collect();
    if !lost.is_empty() {
        push("# Replaced by `trustpub init --force`; delete what you do not need:");
        lost.into_iter().for_each(|line| push(&format!("# {}", line.trim_start_matches("  # "))));
    }
    push(block.trim_end());
    rest.iter().skip(length).for_each(|line| push(line));
    text
}

/// Editors with a YAML language server complete and check the config by this schema.
const SCHEMA_COMMENT: &str = concat!(
    "# yaml-language-server: $schema=",
    "https://raw.githubusercontent.com/trustpub/trustpub/main/rules/schema/config.schema.json"
);

/// The key `publishers`.
fn publishers(page: &ExplainPage<'_>, proposals: &[Proposal<'_>]) -> String {
    let (sound, open): (Vec<_>, Vec<_>) = proposals.iter().partition(|proposal| proposal.open.is_none());
    let mut text = if sound.is_empty() { "publishers: []\n" } else { "publishers:\n" }.to_owned();
    for (index, proposal) in sound.into_iter().chain(open).enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&publisher(page, proposal));
    }
    text
}

/// One publisher as an item of the config's list, indented by two spaces.
pub(crate) fn publisher(page: &ExplainPage<'_>, proposal: &Proposal<'_>) -> String {
    let mut text = String::new();
    for requester in &proposal.requested_by {
        // Without a line number, which would soon be outdated.
        let job =
            format!("{}, job `{}`: {}", page.workflow(requester.workflow), requester.job, whens(&requester.whens));
        comment(&mut text, "  ", &job);
    }
    if let Some(open) = &proposal.open {
        comment(&mut text, "  ", &reason(open, &proposal.registry.name));
    } else if proposal.maybe_secret {
        comment(
            &mut text,
            "  ",
            "If its secret is set, the upload uses that instead of the OIDC token, and the registry compares no publisher.",
        );
    }
    if let Some(limit) = proposal.form.limit {
        comment(&mut text, "  ", &format!("Note: {limit}."));
    }
    for hint in &proposal.hints {
        let label = proposal.registry.field(&hint.field).map_or(hint.field.as_str(), |field| field.label.as_str());
        comment(&mut text, "  ", &format!("{}:{} states: {label} `{}`.", hint.path, hint.line, hint.value));
    }
    let address = proposal.form.link.as_deref().or(proposal.form.pending);
    if let Some(address) = address {
        // Not wrapped, so that the URL stays usable.
        let _ = writeln!(text, "  # Verify at {}", sanitize::line(address));
    }
    let lead = if proposal.open.is_some() { "  # " } else { "  " };
    let _ = writeln!(text, "{lead}- registry: {}", scalar(&proposal.registry.id));
    for known in &proposal.lines {
        field(&mut text, lead, &known.field.name, &proposal.value(known));
    }
    text
}

fn field(text: &mut String, lead: &str, name: &str, value: &ExplainedValue) {
    let _ = match value {
        ExplainedValue::Known(value) => writeln!(text, "{lead}  {name}: {}", scalar(value)),
        ExplainedValue::Absent => writeln!(text, "{lead}  # {name}: none; leave this field of the form empty"),
        ExplainedValue::Each(_) | ExplainedValue::Unknown(_) => writeln!(text, "{lead}  # {name}: FILL IN"),
    };
}

fn reason(open: &OpenProposal, registry: &str) -> String {
    match open {
        OpenProposal::OtherCredential(Credential::None) => {
            "This upload has no credential, so a publisher alone is not enough.".to_owned()
        }
        OpenProposal::OtherCredential(_) => {
            format!("This upload uses a stored secret. Add the publisher at {registry} before you remove the secret.")
        }
        OpenProposal::Credential(reason) => {
            format!("Not decided by the files: the credential depends on {reason}.")
        }
        OpenProposal::Field(label, reason) => format!("Not decided by the files: {label} depends on {reason}."),
        OpenProposal::Refused(label, reason) => {
            format!("The form of {registry} does not accept this {label}: {reason}.")
        }
    }
}

fn whens(whens: &[&str]) -> String {
    let shown = whens.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let more = whens.len().saturating_sub(3);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn line(text: &mut String, key: &str, value: &str) {
    let _ = writeln!(text, "{key}: {}", scalar(value));
}

/// A comment, wrapped at spaces. Line ends in the text are replaced, so they cannot end it.
fn comment(text: &mut String, lead: &str, words: &str) {
    let mut row = format!("{lead}#");
    for word in sanitize::line(words).split_whitespace() {
        if row.chars().count() + word.chars().count() >= WIDTH && !row.ends_with('#') {
            let _ = writeln!(text, "{row}");
            row = format!("{lead}#");
        }
        row.push(' ');
        row.push_str(word);
    }
    let _ = writeln!(text, "{row}");
}

/// A YAML scalar: plain if it is unambiguous, else double-quoted.
fn scalar(value: &str) -> String {
    let plain = value.trim_start_matches('.').starts_with(|letter: char| letter.is_ascii_alphabetic())
        && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&value.to_lowercase().as_str());
    if plain {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if sanitize::needs_escape(letter) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::config::Config;
    use crate::read::source::{FileId, SourceFile};
    use crate::read::yaml::{Dialect, parse};

    #[test]
    fn scalars_round_trip() {
        for value in [
            "release.yml",
            "true",
            "No",
            "1.0",
            "a: b",
            "x # y",
            "\"q\"",
            "back\\slash",
            "-",
            "é\u{202e}\u{1b}",
            "@a/b",
            "~",
            "a b",
        ] {
            let text = format!("publishers:\n  - registry: {}\n    workflow: {}\n", scalar("pypi"), scalar(value));
            let source = SourceFile::new("c.yaml", text.clone().into_bytes());
            let tree = parse(source.text(), Dialect::Data);
            let config = Config::read(FileId(0), &source, &tree);
            assert!(config.problems.is_empty(), "{text}: {:?}", config.problems);
            let values: Vec<_> = config.publishers.iter().flat_map(|it| &it.fields).map(|(_, it)| it.value()).collect();
            assert_eq!(values, [value], "{text}");
        }
    }

    #[test]
    fn comments_are_one_line() {
        let mut text = String::new();
        comment(&mut text, "  ", "job `a\n- registry: evil\r\u{2028}b`");
        assert!(text.lines().all(|line| line.starts_with("  # ")), "{text}");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
    }
}
