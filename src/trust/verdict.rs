//! What the registry answers: each claim compared the registry's own way, and the record that a publication is measured by.

use super::publisher::Publisher;
use super::registry::{Claim, Comparison, WorkflowClaim};
use crate::read::source::Place;
use crate::workflow::expression::{Outcome, Reason};
use crate::workflow::sight::Sight;

/// How a claim fares against a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The registry takes it.
    Accepted,
    /// It does not: the values differ.
    Refused,
    /// The record asks for a claim that the token will not hold.
    Missing,
    /// They differ by case alone, where nobody has shown which case the token carries.
    Case,
    /// The files do not decide it.
    Unknown(Reason),
}

impl Answer {
    /// The word that facts use; `None` for what is not known.
    #[must_use]
    pub const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Accepted => Some("accepted"),
            Self::Refused => Some("refused"),
            Self::Missing => Some("missing"),
            Self::Case => Some("case"),
            Self::Unknown(_) => None,
        }
    }
}

/// The claims of the token that GitHub will issue, as far as the files tell.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Owner and name of the repository, if certain.
    pub repository: Option<(String, String)>,
    /// The file that holds the job; `None` where the caller's counts and is not known.
    pub called_file: String,
    /// The file that GitHub started, if known.
    pub caller_file: Option<String>,
    /// The environment's name; empty for none.
    pub environment: Outcome,
    /// Where the environment stands, else the job.
    pub environment_place: Place,
}

impl Claims {
    /// The value of a claim: `Ok(None)` for one that the token does not hold.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn value(&self, claim: Claim, workflow: WorkflowClaim) -> Result<Option<String>, Reason> {
        let repository = || self.repository.clone().ok_or_else(|| Reason::new("the repository's name"));
        match claim {
            Claim::Owner => repository().map(|(owner, _)| Some(owner)),
            Claim::Repository => repository().map(|(_, name)| Some(name)),
            Claim::Workflow => match workflow {
                WorkflowClaim::Called => Ok(Some(self.called_file.clone())),
                WorkflowClaim::Caller => {
                    self.caller_file.clone().map(Some).ok_or_else(|| Reason::new("the calling workflow"))
                }
                WorkflowClaim::None => Err(Reason::new("a claim that the registry does not read")),
            },
            Claim::Environment => match &self.environment {
                Outcome::Unknown(reason) => Err(reason.clone()),
                outcome => Ok(super::slot::known_text(outcome).filter(|name| !name.is_empty())),
            },
        }
    }

    /// How a claim fares against a publisher's record.
    #[must_use]
    pub fn answer(&self, claim: Claim, publisher: &Publisher<'_>) -> Answer {
        // A field that the record leaves empty accepts any claim.
        let Some(entry) = publisher.entry_of(claim) else { return Answer::Accepted };
        // A value that the form refuses stands in no record.
        if let Err(reason) = super::publisher::accepts(entry.field, &entry.value) {
            return Answer::Unknown(Reason::new(reason));
        }
        let value = match self.value(claim, publisher.registry.claims.workflow) {
            Ok(Some(value)) => value,
            Ok(None) => return Answer::Missing,
            Err(reason) => return Answer::Unknown(reason),
        };
        let same_but_case = value.to_lowercase() == entry.value.to_lowercase();
        match entry.field.compare.unwrap_or(Comparison::Exact) {
            Comparison::ById => Answer::Unknown(Reason::new("a comparison by number")),
            Comparison::Exact if value == entry.value => Answer::Accepted,
            Comparison::IgnoreCase if same_but_case => Answer::Accepted,
            Comparison::Exact if same_but_case && claim != Claim::Workflow => Answer::Case,
            _ => Answer::Refused,
        }
    }

    fn score(&self, publisher: &Publisher<'_>) -> u32 {
        let weight = |claim| if claim == Claim::Workflow { 2 } else { 1 };
        let accepted = |claim: &Claim| self.answer(*claim, publisher) == Answer::Accepted;
        Claim::ALL.into_iter().filter(accepted).map(weight).sum()
    }
}

/// The publisher that a publication is measured by: of those declared for its registry the one that accepts most; the first wins a tie.
#[must_use]
pub fn assigned<'p, 'a>(claims: &Claims, registry: &str, publishers: &'p [Publisher<'a>]) -> Option<&'p Publisher<'a>> {
    let candidates = publishers.iter().filter(|publisher| publisher.registry.id == registry);
    candidates.rev().max_by_key(|publisher| claims.score(publisher))
}

/// The claims of a job's token in a run.
#[must_use]
pub fn claims(sight: &Sight<'_, '_>, repository: Option<&str>) -> Claims {
    let (workflow, job) = (sight.workflow(), sight.job());
    let (environment, environment_place) = match job.environment {
        Some(environment) => (sight.evaluate(environment.name.value()), environment.name.place()),
        None => (Outcome::Known(crate::workflow::expression::Value::Null), job.id.place()),
    };
    let file = workflow.source.file_name().to_owned();
    Claims {
        repository: repository.and_then(|text| text.split_once('/')).map(|(owner, name)| (owner.into(), name.into())),
        caller_file: (!sight.is_called()).then(|| file.clone()),
        called_file: file,
        environment,
        environment_place,
    }
}
