//! `trustpub init --script`: a shell script with one command for each publisher, for registries that have such a command.

use std::fmt::Write;

use crate::lint::explain::proposal::Proposal;
use crate::lint::explain::{ExplainedValue, FormLine};
use crate::report::sanitize;
use crate::trust::publisher::accepts;
use crate::trust::registry::{Registry, SetUpCommand};

/// The script; `None` if no publisher is of a registry with a command.
#[must_use]
pub fn script(proposals: &[Proposal<'_>]) -> Option<String> {
    let mut registries: Vec<(&Registry, &SetUpCommand)> = Vec::new();
    for proposal in proposals {
        if let Some(command) = &proposal.registry.set_up.command
            && !registries.iter().any(|(known, _)| known.id == proposal.registry.id)
        {
            registries.push((proposal.registry, command));
        }
    }
    if registries.is_empty() {
        return None;
    }
    let mut text = "#!/bin/sh\nset -e\n".to_owned();
    for (registry, command) in registries {
        let _ = writeln!(text, "\n# Registers trusted publishers at {}. It needs {}.", registry.name, command.needs);
        let _ = writeln!(text, "# First release: {}.", registry.set_up.first_release);
        let mut written: Vec<(Option<String>, String)> = Vec::new();
        for proposal in proposals.iter().filter(|proposal| proposal.registry.id == registry.id) {
            let line = line(proposal, command);
            let package = value(proposal, "package").and_then(|value| value.known().map(str::to_owned));
            let again = package.is_some() && written.iter().any(|(known, _)| *known == package);
            let line = match (line, &registry.set_up.limit) {
                (Ok(line), Some(limit)) if again && !written.iter().any(|(_, other)| *other == line) => {
                    format!("# {limit}:\n# {line}")
                }
                (Ok(line), _) => line,
                (Err(reason), _) => format!("# {}", sanitize::line(&reason)),
            };
            if !written.iter().any(|(_, other)| *other == line) {
                written.push((package, line));
            }
        }
        written.iter().for_each(|(_, line)| {
            let _ = writeln!(text, "{line}");
        });
    }
    Some(text)
}

/// The value of a field of a publisher.
fn value(proposal: &Proposal<'_>, name: &str) -> Option<ExplainedValue> {
    let line: &FormLine<'_> = proposal.form.lines.iter().find(|line| line.field.name == name)?;
    Some(proposal.value(line))
}

/// The command for one publisher, or why it cannot be written.
fn line(proposal: &Proposal<'_>, command: &SetUpCommand) -> Result<String, String> {
    let mut words = Vec::new();
    for group in &command.words {
        let is_empty = |name: &String| value(proposal, name) == Some(ExplainedValue::Absent);
        let contains = |(name, item): (&String, &String)| {
            let list = value(proposal, name);
            list.as_ref()
                .and_then(ExplainedValue::known)
                .is_some_and(|list| list.split(',').any(|it| it.trim() == item))
        };
        if group.with.iter().any(is_empty) || !group.when.iter().all(contains) {
            continue;
        }
        for word in &group.are {
            words.push(quoted(&filled(proposal, word)?));
        }
    }
    Ok(words.join(" "))
}

/// A word with the values of the form.
fn filled(proposal: &Proposal<'_>, word: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a word of the command has no `}`")?;
        text.push_str(before);
        text.push_str(&field(proposal, name)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// The value of a field, if the form accepts it and the command cannot take it for an option.
fn field(proposal: &Proposal<'_>, name: &str) -> Result<String, String> {
    let jobs: Vec<&str> = proposal.requested_by.iter().map(|requester| requester.job).collect();
    let jobs = jobs.join(", ");
    let line = proposal.form.lines.iter().find(|line| line.field.name == name);
    let line = line.ok_or_else(|| format!("job {jobs}: the form has no field `{name}`"))?;
    let label = &line.field.label;
    match proposal.value(line) {
        ExplainedValue::Known(value) => match accepts(line.field, &value) {
            Ok(()) if !value.starts_with('-') && !value.chars().any(char::is_control) => Ok(value),
            Ok(()) => Err(format!("job {jobs}: {label} `{value}` would be read as an option")),
            Err(reason) => Err(format!("job {jobs}: {label} `{value}` {reason}")),
        },
        ExplainedValue::Unknown(reason) => Err(format!("job {jobs}: {label} is unknown: {reason}")),
        ExplainedValue::Absent | ExplainedValue::Each(_) => Err(format!("job {jobs}: {label} has no single value")),
    }
}

/// A word for a POSIX shell, in single quotes if it has other characters than letters, digits and some marks.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "@/._-".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_is_one_word_for_every_shell() {
        assert_eq!(quoted("@acme/demo"), "@acme/demo");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("$(id)`id`\\"), "'$(id)`id`\\'");
        assert_eq!(quoted("it's; id"), "'it'\\''s; id'");
        assert_eq!(quoted(""), "''");
    }
}
