//! A first config, written from what a project's uploads ask for. It claims nothing: every record is marked as one to verify.

use std::fmt::Write;

use crate::lint::analysis::{Analysis, Hint};
use crate::lint::explain::proposal::{OpenProposal, Proposal};
use crate::lint::explain::{ExplainedValue, FormLine};
use crate::report::explain::ExplainPage;
use crate::report::sanitize;
use crate::trust::upload::site::Credential;

/// How far comments go to the right.
const WIDTH: usize = 110;

/// Which repository a config is for: what the config there says, else what hints at it.
#[must_use]
pub fn repository<'a>(analysis: &'a Analysis<'_, '_>) -> Option<(&'a str, Option<Hint>)> {
    match analysis.repository {
        Some(name) => Some((name, None)),
        None => analysis.repository_hint().map(|(name, hint)| (name, Some(hint))),
    }
}

/// The text of a config. `repository` is `owner/name`, and what that is only a hint of; `rules` are the folders of rules that the
/// records were found with.
#[must_use]
pub fn config(
    page: &ExplainPage<'_>,
    repository: Option<(&str, Option<Hint>)>,
    rules: &[String],
    proposals: &[Proposal<'_>],
) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "",
        "What the registries know of this repository. `trustpub check` compares the workflows with it.",
    );
    comment(
        &mut text,
        "",
        "trustpub cannot see the registries: verify each record there, and correct it here or there.",
    );
    match repository {
        Some((name, hint)) => {
            let source = match hint {
                Some(Hint::Remote) => "The git remote says so. Verify it: a fork's checkout has another one.",
                Some(Hint::Guard) => "The conditions of the workflows say so. Verify it.",
                None => "",
            };
            if !source.is_empty() {
                comment(&mut text, "", source);
            }
            line(&mut text, "repository", name);
        }
        None => {
            comment(&mut text, "", "Say which repository this is, so that owner and name are compared too.");
            text.push_str("# repository: owner/name\n");
        }
    }
    if !rules.is_empty() {
        let folders: Vec<String> = rules.iter().map(|folder| scalar(folder)).collect();
        let _ = writeln!(text, "extra-rules: [{}]", folders.join(", "));
    }
    let (sound, open): (Vec<_>, Vec<_>) = proposals.iter().partition(|proposal| proposal.open.is_none());
    text.push_str(if sound.is_empty() { "\npublishers: []\n" } else { "\npublishers:\n" });
    for (index, proposal) in sound.into_iter().chain(open).enumerate() {
        if index > 0 {
            text.push('\n');
        }
        publisher(&mut text, page, proposal);
    }
    text
}

fn publisher(text: &mut String, page: &ExplainPage<'_>, proposal: &Proposal<'_>) {
    for requester in &proposal.asked_by {
        // A line number would soon be wrong.
        let job =
            format!("{}, job `{}`: {}", page.workflow(requester.workflow), requester.job, whens(&requester.whens));
        comment(text, "  ", &job);
    }
    if let Some(open) = &proposal.open {
        comment(text, "  ", &reason(open, &proposal.registry.name));
    } else if proposal.maybe_secret {
        comment(text, "  ", "A secret uploads in place of the OIDC token where it is set; then no record is asked.");
    }
    if let Some(limit) = proposal.form.limit {
        comment(text, "  ", &format!("Mind that {limit}."));
    }
    let address = proposal.form.link.as_deref().or(proposal.form.pending);
    if let Some(address) = address {
        // An address is not broken: whoever opens it needs the whole.
        let _ = writeln!(text, "  # Verify at {}", sanitize::line(address));
    }
    let lead = if proposal.open.is_some() { "  # " } else { "  " };
    let _ = writeln!(text, "{lead}- registry: {}", scalar(&proposal.registry.id));
    for known in &proposal.lines {
        field(text, lead, known);
    }
}

fn field(text: &mut String, lead: &str, line: &FormLine<'_>) {
    let name = &line.field.name;
    let _ = match &line.value {
        ExplainedValue::Known(value) => writeln!(text, "{lead}  {name}: {}", scalar(value)),
        ExplainedValue::Absent => writeln!(text, "{lead}  # {name}: none here, so leave the form's field empty"),
        ExplainedValue::Unknown(_) => writeln!(text, "{lead}  # {name}: say it here"),
    };
}

fn reason(open: &OpenProposal, registry: &str) -> String {
    match open {
        OpenProposal::OtherCredential(Credential::None) => {
            "This upload shows no credential at all, so it needs more than a record.".to_owned()
        }
        OpenProposal::OtherCredential(_) => {
            format!("This upload uses a stored secret. Register the record with {registry} before you remove it.")
        }
        OpenProposal::Credential(reason) => {
            format!("Not decided by the files: what the upload shows depends on {reason}.")
        }
        OpenProposal::Field(label, reason) => format!("Not decided by the files: {label} depends on {reason}."),
        OpenProposal::Refused(label, reason) => format!("The form of {registry} does not take this {label}: {reason}."),
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

/// A comment, broken at blanks. No text in it can end the comment.
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

/// A text as a YAML scalar: bare where it cannot be read as anything else, else in double quotes, which JSON's are too.
fn scalar(value: &str) -> String {
    let bare = value.trim_start_matches('.').starts_with(|letter: char| letter.is_ascii_alphabetic())
        && value.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&value.to_lowercase().as_str());
    if bare {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if sanitize::acts(letter) => {
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
    fn a_config_gives_back_every_value() {
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
    fn no_name_ends_its_comment() {
        let mut text = String::new();
        comment(&mut text, "  ", "job `a\n- registry: evil\r\u{2028}b`");
        assert!(text.lines().all(|line| line.starts_with("  # ")), "{text}");
        assert_eq!(text.matches('\n').count(), 1, "{text}");
    }
}
