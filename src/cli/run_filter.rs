//! The runs that the command line asks about. It refuses names that no workflow has, and says which are meant.

use clap::Args;

use crate::cli::CommandError;
use crate::lint::analysis::ParsedProject;
use crate::read::problem::suggestion;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{DeclaredInput, Text};
use crate::workflow::simulate::run_filter::{self, RunFilter};

/// Arguments that narrow what is shown to some runs.
#[derive(Debug, Args)]
pub struct RunFilterArguments {
    /// Only runs that this event starts.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,

    /// Only runs on this ref, such as `refs/tags/v1.0.0`.
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,

    /// Only runs that are dispatched with this. May be given several times.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
}

impl RunFilterArguments {
    /// Whether anything is narrowed.
    pub const fn narrow(&self) -> bool {
        self.event.is_some() || self.reference.is_some() || !self.inputs.is_empty()
    }

    /// What is asked, by the names that GitHub and the workflows know.
    pub fn asked(&self, github: &GitHubFacts, readings: &[ParsedProject<'_>]) -> Result<RunFilter, CommandError> {
        if let Some(event) = &self.event
            && !github.events.contains_key(event)
        {
            let known = github.events.keys().map(String::as_str);
            return Err(CommandError::Told(format!("there is no event `{event}`{}", suggestion(event, known))));
        }
        let reference = self.reference.as_deref().map(reference).transpose()?;
        let inputs = self.inputs.iter().map(|text| input(text, readings)).collect::<Result<_, _>>()?;
        Ok(RunFilter { event: self.event.clone(), reference, inputs })
    }
}

fn reference(text: &str) -> Result<crate::workflow::simulate::run::GitRef, String> {
    run_filter::parse_ref(text).ok_or_else(|| {
        let name = text.trim_start_matches('/');
        format!("`{text}` is no whole ref; a tag is `refs/tags/{name}`, a branch is `refs/heads/{name}`")
    })
}

/// An input with a value that some workflow takes.
fn input(text: &str, readings: &[ParsedProject<'_>]) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`--input {text}` does not say its value; write `--input {text}=VALUE`"))?;
    let workflows = readings.iter().flat_map(|reading| &reading.checkout.workflows);
    let inputs = || workflows.clone().flat_map(|workflow| &workflow.triggers).flat_map(|trigger| &trigger.inputs);
    let own: Vec<&DeclaredInput<'_>> = inputs().filter(|input| input.name.value().eq_ignore_ascii_case(name)).collect();
    if own.is_empty() {
        let mut known: Vec<&str> = inputs().map(|input| input.name.value()).collect();
        known.sort_unstable();
        known.dedup();
        let known = if known.is_empty() { "; none has any".to_owned() } else { suggestion(name, known) };
        return Err(format!("no workflow here has an input `{name}`{known}"));
    }
    let listed: Vec<Vec<&str>> = own.iter().map(|input| values(input)).collect();
    if listed.iter().any(|values| values.is_empty() || values.contains(&value)) {
        return Ok((name.to_owned(), value.to_owned()));
    }
    Err(format!("the input `{name}` takes no `{value}`{}", suggestion(value, listed.into_iter().flatten())))
}

/// The only values that an input takes; empty for one that takes any.
fn values<'p>(input: &DeclaredInput<'p>) -> Vec<&'p str> {
    match input.kind.map(Text::value) {
        Some("boolean") => vec!["true", "false"],
        Some("choice") => input.options.iter().map(|option| option.value()).collect(),
        _ => Vec::new(),
    }
}
