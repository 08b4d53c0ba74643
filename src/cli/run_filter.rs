//! `explain --event --ref --input`: narrows the simulated runs. Unknown names are rejected with a suggestion.

use clap::Args;

use crate::cli::CommandError;
use crate::lint::analysis::ParsedProject;
use crate::read::problem::suggestion;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{DeclaredInput, Text};
use crate::workflow::simulate::run_filter::{self, RunFilter};

#[derive(Debug, Args)]
pub(crate) struct RunFilterArguments {
    /// Only runs of this event.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,

    /// Only runs on this ref, e.g. `refs/tags/v1.0.0`.
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,

    /// Only runs dispatched with this input; repeatable.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
}

impl RunFilterArguments {
    pub(crate) const fn is_set(&self) -> bool {
        self.event.is_some() || self.reference.is_some() || !self.inputs.is_empty()
    }

    pub(crate) fn filter(
        &self,
        github: &GitHubFacts,
        readings: &[ParsedProject<'_>],
    ) -> Result<RunFilter, CommandError> {
        if let Some(event) = &self.event
            && !github.events.contains_key(event)
        {
            let known = github.events.keys().map(String::as_str);
            return Err(CommandError::Message(format!("unknown event `{event}`{}", suggestion(event, known))));
        }
        let reference = self.reference.as_deref().map(reference).transpose()?;
        let inputs = self.inputs.iter().map(|text| input(text, readings)).collect::<Result<_, _>>()?;
        Ok(RunFilter { event: self.event.clone(), reference, inputs })
    }
}

fn reference(text: &str) -> Result<crate::workflow::simulate::trigger_start::GitRef, String> {
    run_filter::parse_ref(text).ok_or_else(|| {
        let name = text.trim_start_matches('/');
        format!("`{text}` is not a full ref; use `refs/tags/{name}` for a tag, `refs/heads/{name}` for a branch")
    })
}

/// An input that some workflow declares, with one of its values.
fn input(text: &str, readings: &[ParsedProject<'_>]) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`--input {text}` has no value; write `--input {text}=VALUE`"))?;
    let workflows = readings.iter().flat_map(|reading| &reading.checkout.workflows);
    let inputs = || workflows.clone().flat_map(|workflow| &workflow.triggers).flat_map(|trigger| &trigger.inputs);
    let own: Vec<&DeclaredInput<'_>> = inputs().filter(|input| input.name.value().eq_ignore_ascii_case(name)).collect();
    if own.is_empty() {
        let mut known: Vec<&str> = inputs().map(|input| input.name.value()).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "; no workflow declares inputs".to_owned() } else { suggestion(name, known) };
        return Err(format!("no workflow declares an input `{name}`{known}"));
    }
    let listed: Vec<Vec<&str>> = own.iter().map(|input| values(input)).collect();
    if listed.iter().any(|values| values.is_empty() || values.contains(&value)) {
        return Ok((name.to_owned(), value.to_owned()));
    }
    Err(format!("`{value}` is not a value of the input `{name}`{}", suggestion(value, listed.into_iter().flatten())))
}

/// The allowed values of an input; empty if any value is allowed.
fn values<'p>(input: &DeclaredInput<'p>) -> Vec<&'p str> {
    match input.kind.map(Text::value) {
        Some("boolean") => vec!["true", "false"],
        Some("choice") => input.options.iter().map(|option| option.value()).collect(),
        _ => Vec::new(),
    }
}
