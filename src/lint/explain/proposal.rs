//! The publishers that a project's uploads need, as a config would declare them. The files alone do not show whether they are registered.

use crate::lint::explain::{ExplainedRun, ExplainedStart, ExplainedUpload, ExplainedValue, FormLine, PublisherForm};
use crate::read::source::{FileId, Place};
use crate::trust::publisher::accepts;
use crate::trust::registry::{Claim, Registry};
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
    /// Why it cannot be declared without a change.
    pub open: Option<OpenProposal>,
    /// Whether a secret may upload instead.
    pub maybe_secret: bool,
    /// The uploads that need it.
    pub asked_by: Vec<ProposalSource<'u>>,
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
    for upload in uploads {
        for explained in &upload.runs {
            let Some(next) = proposal(upload, explained) else { continue };
            match found.iter_mut().find(|other| other.is(&next)) {
                Some(other) => other.merge(next),
                None => found.push(next),
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
            lines.iter().find_map(|line| undeclarable(line))
        }
        Ok(other) => Some(OpenProposal::OtherCredential(*other)),
        Err(reason) => Some(OpenProposal::Credential(reason.clone())),
    };
    let mut whens: Vec<&str> = explained.starts.iter().map(|start: &ExplainedStart| start.when.as_str()).collect();
    whens.dedup();
    let requester = ProposalSource { place: upload.place, workflow: upload.workflow, job: &upload.job, whens };
    let maybe_secret = explained.credential == Ok(Credential::MaybeEmpty);
    Some(Proposal { registry, form, lines, open, maybe_secret, asked_by: vec![requester] })
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
    }
}

impl<'u> Proposal<'u> {
    /// Whether two are the same publisher.
    fn is(&self, other: &Self) -> bool {
        let values = |proposal: &Self| proposal.lines.iter().map(|line| line.value.clone()).collect::<Vec<_>>();
        self.registry.id == other.registry.id && self.open == other.open && values(self) == values(other)
    }

    fn merge(&mut self, other: Self) {
        self.maybe_secret |= other.maybe_secret;
        for requester in other.asked_by {
            match self.asked_by.iter_mut().find(|known| known.place == requester.place) {
                Some(known) => {
                    let new: Vec<&str> =
                        requester.whens.into_iter().filter(|when| !known.whens.contains(when)).collect();
                    known.whens.extend(new);
                }
                None => self.asked_by.push(requester),
            }
        }
    }
}
