//! The publishers that a project's uploads need, as a config would declare them. The files alone do not show whether they are registered.

use std::collections::HashMap;

use crate::lint::data::Data;
use crate::lint::explain::{ExplainedRun, ExplainedStart, ExplainedUpload, ExplainedValue, FormLine, PublisherForm};
use crate::read::document::blocks;
use crate::read::project::Project;
use crate::read::source::{FileId, Place};
use crate::trust::publisher::accepts;
use crate::trust::publisher_list::PACKAGE;
use crate::trust::registry::{Claim, Registry};
use crate::trust::repeated_value::{labels, states};
use crate::trust::upload::site::Credential;

/// A publisher that uploads need.
#[derive(Debug, Clone)]
pub struct Proposal<'u> {
    /// The registry.
    pub registry: &'u Registry,
    /// Its form, filled in.
    pub form: &'u PublisherForm<'u>,
    /// The fields that a config declares, in the form's order, without owner and name of the repository.
    pub lines: Vec<&'u FormLine<'u>>,
    /// The package, if the upload sends several and each needs a publisher.
    pub package: Option<&'u str>,
    /// Why it cannot be declared without a change.
    pub open: Option<OpenProposal>,
    /// Whether a secret may upload instead.
    pub maybe_secret: bool,
    /// The uploads that need it.
    pub requested_by: Vec<ProposalSource<'u>>,
    /// What documents of the project state about it.
    pub hints: Vec<DocumentHint>,
}

/// A value of a publisher's field in a document of the project. It may be outdated, so it is only a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHint {
    /// The document.
    pub path: String,
    /// The line of the value, from 1.
    pub line: u32,
    /// The name of the field.
    pub field: String,
    /// The value.
    pub value: String,
}

/// Adds what some documents state about the publishers.
pub fn add_hints(proposals: &mut [Proposal<'_>], data: &Data, project: &Project, documents: &[FileId]) {
    let labels = if documents.is_empty() { Vec::new() } else { labels(&data.registries) };
    let suggested = |title: &str| data.suggested(title).into_iter().map(str::to_owned).collect();
    for source in documents.iter().filter_map(|file| project.source(*file)) {
        for block in blocks(source.text(), &labels) {
            for proposal in proposals.iter_mut() {
                let workflow = proposal.lines.iter().find(|line| line.field.claim == Some(Claim::Workflow));
                let Some(workflow) = workflow.and_then(|line| line.value.known()) else { continue };
                if !states(&block, proposal.registry, workflow, suggested) {
                    continue;
                }
                let fields =
                    block.statements.iter().filter(|statement| proposal.registry.field(&statement.field).is_some());
                let hints = fields.map(|statement| DocumentHint {
                    path: source.path().to_owned(),
                    line: source.line_at(statement.span.start),
                    field: statement.field.clone(),
                    value: statement.value.clone(),
                });
                proposal.hints.extend(hints);
            }
        }
    }
}

/// An upload that needs a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalSource<'u> {
    /// The upload.
    pub place: Place,
    /// The workflow that holds its job.
    pub workflow: FileId,
    /// Its job.
    pub job: &'u str,
    /// Its runs.
    pub whens: Vec<&'u str>,
}

/// Why a publisher cannot be declared without a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenProposal {
    /// The upload uses a stored secret, or no credential.
    OtherCredential(Credential),
    /// The credential depends on this.
    Credential(String),
    /// A field depends on this.
    Field(String, String),
    /// The form refuses the value of this field; why.
    Refused(String, String),
}

/// The publishers that uploads need, each once.
#[must_use]
pub fn proposals<'u>(uploads: &'u [ExplainedUpload<'u>]) -> Vec<Proposal<'u>> {
    let mut found: Vec<Proposal<'u>> = Vec::new();
    let mut positions: HashMap<(&str, Vec<ExplainedValue>), Vec<usize>> = HashMap::new();
    for upload in uploads {
        for explained in &upload.runs {
            let Some(next) = proposal(upload, explained) else { continue };
            for next in next.for_each_package(&explained.only_for) {
                let values = next.lines.iter().map(|line| next.value(line)).collect();
                let same = positions.entry((next.registry.id.as_str(), values)).or_default();
                match same.iter().find(|position| found[**position].open == next.open) {
                    Some(position) => found[*position].merge(next),
                    None => {
                        same.push(found.len());
                        found.push(next);
                    }
                }
            }
        }
    }
    found
}

fn proposal<'u>(upload: &'u ExplainedUpload<'u>, explained: &'u ExplainedRun<'u>) -> Option<Proposal<'u>> {
    let (Ok(registry), Some(form)) = (&explained.registry, &explained.form) else { return None };
    let repository = |line: &&FormLine<'_>| matches!(line.field.claim, Some(Claim::Owner | Claim::Repository));
    let lines: Vec<&FormLine<'_>> = form.lines.iter().filter(|line| !repository(line)).collect();
    let open = match &explained.credential {
        Ok(Credential::Trusted | Credential::Minted | Credential::MaybeEmpty) => {
            let declared = |line: &FormLine<'_>| line.field.name == PACKAGE && !explained.only_for.is_empty();
            lines.iter().filter(|line| !declared(line)).find_map(|line| undeclarable(line))
        }
        Ok(other) => Some(OpenProposal::OtherCredential(*other)),
        Err(reason) => Some(OpenProposal::Credential(reason.clone())),
    };
    let mut whens: Vec<&str> = explained.starts.iter().map(|start: &ExplainedStart| start.when.as_str()).collect();
    whens.dedup();
    let requester = ProposalSource { place: upload.place, workflow: upload.workflow, job: &upload.job, whens };
    let maybe_secret = explained.credential == Ok(Credential::MaybeEmpty);
    Some(Proposal {
        registry,
        form,
        lines,
        package: None,
        open,
        maybe_secret,
        requested_by: vec![requester],
        hints: Vec::new(),
    })
}

/// Why the publisher cannot be declared because of a field.
fn undeclarable(line: &FormLine<'_>) -> Option<OpenProposal> {
    let label = || line.field.label.clone();
    match &line.value {
        ExplainedValue::Known(value) => {
            accepts(line.field, value).err().map(|reason| OpenProposal::Refused(label(), format!("`{value}` {reason}")))
        }
        // A publisher without an environment would accept any; other unknown fields can be left for the user to fill in.
        ExplainedValue::Unknown(reason) if line.field.required || line.field.claim == Some(Claim::Environment) => {
            Some(OpenProposal::Field(label(), reason.clone()))
        }
        ExplainedValue::Absent if line.field.required => {
            Some(OpenProposal::Field(label(), "a value that the run does not have".to_owned()))
        }
        ExplainedValue::Unknown(_) | ExplainedValue::Absent => None,
        ExplainedValue::Each(values) => values.iter().find_map(|value| {
            accepts(line.field, value).err().map(|reason| OpenProposal::Refused(label(), format!("`{value}` {reason}")))
        }),
    }
}

impl<'u> Proposal<'u> {
    /// One proposal for each package of the upload. If no file names it, the packages of the declared publishers are `declared`.
    fn for_each_package(self, declared: &'u [String]) -> Vec<Self> {
        let several = self.lines.iter().find_map(|line| match &line.value {
            ExplainedValue::Each(names) => Some(names.as_slice()),
            ExplainedValue::Unknown(_) if line.field.name == PACKAGE && !declared.is_empty() => Some(declared),
            _ => None,
        });
        match several {
            Some(names) => names.iter().map(|name| Self { package: Some(name), ..self.clone() }).collect(),
            None => vec![self],
        }
    }

    /// The value of a field of this publisher.
    #[must_use]
    pub fn value(&self, line: &FormLine<'_>) -> ExplainedValue {
        match (&line.value, self.package) {
            (ExplainedValue::Each(_), Some(package)) => ExplainedValue::Known(package.to_owned()),
            (ExplainedValue::Unknown(_), Some(package)) if line.field.name == PACKAGE => {
                ExplainedValue::Known(package.to_owned())
            }
            (value, _) => value.clone(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.maybe_secret |= other.maybe_secret;
        for requester in other.requested_by {
            match self.requested_by.iter_mut().find(|known| known.place == requester.place) {
                Some(known) => {
                    let new: Vec<&str> =
                        requester.whens.into_iter().filter(|when| !known.whens.contains(when)).collect();
                    known.whens.extend(new);
                }
                None => self.requested_by.push(requester),
            }
        }
    }
}
