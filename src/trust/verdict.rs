//! What the registry answers: each claim compared the registry's own way, and the record that a publication is measured by.

use crate::read::source::Place;
use crate::trust::publisher::{Publisher, PublisherField};
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::registry::{Claim, Comparison, Registry, WorkflowClaim};
use crate::trust::upload::site::UploadSite;
use crate::workflow::expression::{Outcome, UnknownReason, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;

/// How a claim fares against a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// The registry takes it.
    Accepted,
    /// It does not: the values differ.
    Refused,
    /// The record asks for a claim that the token will not hold.
    Missing,
    /// They differ by case alone, where nobody has shown which case the token carries.
    Case,
    /// The files do not decide it.
    Unknown(UnknownReason),
}

impl ClaimVerdict {
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
    /// `owner/name` of another repository that holds the called workflow.
    pub foreign: Option<String>,
    /// The tags that start the run, as the workflow's own patterns; `None` where it filters none or no tag starts it.
    pub tags: Option<Vec<String>>,
    /// Where the run's ref is chosen.
    pub ref_place: Place,
    /// The kind of upload, where the data names one.
    pub operation: Option<String>,
    /// The user that the login names.
    pub user: Outcome,
    /// Where the user stands, else the upload.
    pub user_place: Place,
}

impl Claims {
    /// The value of a claim as a registry reads it: `Ok(None)` for one that the token does not hold.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn value(&self, claim: Claim, registry: &Registry) -> Result<Option<String>, UnknownReason> {
        let repository = || self.repository.clone().ok_or_else(|| UnknownReason::new("the repository's name"));
        let text = |outcome: &Outcome| match outcome {
            Outcome::Unknown(reason) => Err(reason.clone()),
            outcome => Ok(known_text(outcome).filter(|text| !text.is_empty())),
        };
        match claim {
            Claim::Owner => repository().map(|(owner, _)| Some(owner)),
            Claim::Repository if registry.field_of(claim).is_some_and(|field| field.whole) => {
                repository().map(|(owner, name)| Some(format!("{owner}/{name}")))
            }
            Claim::Repository => repository().map(|(_, name)| Some(name)),
            Claim::Workflow => match registry.claims.workflow {
                WorkflowClaim::Called => Ok(Some(self.called_file.clone())),
                WorkflowClaim::Caller => {
                    self.caller_file.clone().map(Some).ok_or_else(|| UnknownReason::new("the calling workflow"))
                }
                WorkflowClaim::None => Err(UnknownReason::new("a claim that the registry does not read")),
            },
            Claim::Environment => text(&self.environment),
            Claim::Ref => match &self.tags {
                Some(tags) => Ok(Some(tags.join("`, `"))),
                None => Err(UnknownReason::new("the ref")),
            },
            Claim::WorkflowRepository => Ok(self.foreign.clone()),
            Claim::Operation => Ok(self.operation.clone()),
            Claim::User => text(&self.user),
        }
    }

    /// How a claim fares against a publisher's record.
    #[must_use]
    pub fn answer(&self, claim: Claim, publisher: &Publisher<'_>) -> ClaimVerdict {
        // A field that the record leaves empty accepts any claim.
        let Some(entry) = publisher.entry_of(claim) else { return ClaimVerdict::Accepted };
        // A value that the form refuses stands in no record.
        if let Err(reason) = crate::trust::publisher::accepts(entry.field, &entry.value) {
            return ClaimVerdict::Unknown(UnknownReason::new(reason));
        }
        if entry.field.switch.as_deref().and_then(|name| publisher.setting(name)) == Some("false") {
            return ClaimVerdict::Accepted;
        }
        match entry.field.compare.unwrap_or(Comparison::Exact) {
            Comparison::ById => ClaimVerdict::Unknown(UnknownReason::new("a comparison by number")),
            Comparison::TagPattern => self.tag(entry),
            // The field names another repository; a job in this one has no workflow there.
            Comparison::OwnRepository if self.foreign.is_none() => ClaimVerdict::Refused,
            Comparison::OwnRepository => {
                ClaimVerdict::Unknown(UnknownReason::new("the repository of the called workflow"))
            }
            other => match self.value(claim, publisher.registry) {
                Ok(Some(value)) => compare(other, claim, &value, &entry.value),
                Ok(None) if claim == Claim::Operation => {
                    ClaimVerdict::Unknown(UnknownReason::new("the kind of upload"))
                }
                Ok(None) => ClaimVerdict::Missing,
                Err(reason) => ClaimVerdict::Unknown(reason),
            },
        }
    }

    /// A record's tag pattern against the tags that start the run: refused if none of them can have its beginning.
    fn tag(&self, entry: &PublisherField<'_>) -> ClaimVerdict {
        let Some(tags) = &self.tags else { return ClaimVerdict::Unknown(UnknownReason::new("the tag")) };
        let wanted = entry.value.split("{{").next().unwrap_or_default();
        let could = |glob: &String| {
            let known = glob.split(['*', '?', '[', '+', '!']).next().unwrap_or_default();
            wanted.starts_with(known) || known.starts_with(wanted)
        };
        if tags.iter().any(could) { ClaimVerdict::Accepted } else { ClaimVerdict::Refused }
    }

    fn score(&self, publisher: &Publisher<'_>) -> u32 {
        let weight = |claim| if claim == Claim::Workflow { 2 } else { 1 };
        let accepted = |claim: &Claim| self.answer(*claim, publisher) == ClaimVerdict::Accepted;
        Claim::ALL.into_iter().filter(accepted).map(weight).sum()
    }
}

/// The publisher that a publication is measured by: of those declared for its registry the one that accepts most, and of these the one
/// that asks for most, as registries do; the first wins a tie.
#[must_use]
pub fn assigned<'p, 'a>(claims: &Claims, registry: &str, publishers: &'p [Publisher<'a>]) -> Option<&'p Publisher<'a>> {
    let candidates = publishers.iter().filter(|publisher| publisher.registry.id == registry);
    let asked = |publisher: &Publisher<'_>| Claim::ALL.iter().filter(|it| publisher.entry_of(**it).is_some()).count();
    candidates.rev().max_by_key(|publisher| (claims.score(publisher), asked(publisher)))
}

/// The publishers that a publication is measured by when every package counts: the assigned one, and those that differ from it in
/// nothing that a claim is compared with. One upload may carry several packages.
pub fn measures<'p, 'a>(
    claims: &Claims,
    registry: &str,
    publishers: &'p [Publisher<'a>],
) -> impl Iterator<Item = &'p Publisher<'a>> {
    let assigned = assigned(claims, registry, publishers);
    publishers.iter().filter(move |publisher| assigned.is_some_and(|assigned| assigned.asks_the_same(publisher)))
}

fn compare(comparison: Comparison, claim: Claim, value: &str, declared: &str) -> ClaimVerdict {
    let same_but_case = value.to_lowercase() == declared.to_lowercase();
    match comparison {
        Comparison::OneOf if declared.split(',').any(|one| one.trim() == value) => ClaimVerdict::Accepted,
        Comparison::Exact if value == declared => ClaimVerdict::Accepted,
        Comparison::IgnoreCase if same_but_case => ClaimVerdict::Accepted,
        Comparison::Exact if same_but_case && claim != Claim::Workflow => ClaimVerdict::Case,
        _ => ClaimVerdict::Refused,
    }
}

/// The claims of the token of a publication's job in a run.
#[must_use]
pub fn claims(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>, repository: Option<&str>) -> Claims {
    let (workflow, job, run) = (context.workflow(), context.job(), context.run());
    let started = run.caller().unwrap_or(workflow);
    let file = workflow.source.file_name().to_owned();
    let (environment, environment_place) = environment(site, context);
    let (user, user_place) = user(site, context);
    let called = site.resolved.step.is_none().then_some(job.uses).flatten().map(|uses| action(uses.value()));
    let trigger = started.triggers.iter().find(|trigger| trigger.event.place() == run.trigger);
    let tags = trigger
        .filter(|_| run.reference.kind == RefKind::Tag)
        .and_then(|trigger| trigger.tags.only.as_ref())
        .filter(|tags| !tags.is_empty());
    Claims {
        repository: repository.and_then(|text| text.split_once('/')).map(|(owner, name)| (owner.into(), name.into())),
        caller_file: (!run.unknown_caller).then(|| started.source.file_name().to_owned()),
        called_file: called.and_then(|path| path.rsplit('/').next()).map_or(file, str::to_owned),
        environment,
        environment_place,
        foreign: called.filter(|path| !path.starts_with(['.', '$'])).map(owner_and_name),
        tags: tags.map(|tags| tags.iter().map(|tag| tag.value().to_owned()).collect()),
        ref_place: tags.and_then(|tags| tags.first()).map_or(run.trigger, |tag| tag.place()),
        operation: site.pattern.and_then(|pattern| pattern.operation.clone()),
        user,
        user_place,
    }
}

fn owner_and_name(path: &str) -> String {
    path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
}

/// The environment of the job; of a calling job, the one that it hands over.
fn environment(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> (Outcome, Place) {
    let none = Outcome::Known(Value::Null);
    let job = context.job();
    if let Some(pattern) = site.pattern.filter(|pattern| !pattern.environment.is_empty()) {
        return match site.resolved.first(&pattern.environment) {
            Some((_, SlotValue::Text(text, place))) => (context.evaluate(&text), place),
            Some((_, SlotValue::Unknown(place))) => (Outcome::unknown("the environment"), place),
            _ => (none, job.id.place()),
        };
    }
    if site.resolved.step.is_none() {
        return (Outcome::unknown("the called workflow's environment"), site.resolved.place());
    }
    match job.environment {
        Some(environment) => (context.for_job().evaluate(environment.name.value()), environment.name.place()),
        None => (none, job.id.place()),
    }
}

fn user(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> (Outcome, Place) {
    let unknown = || Outcome::unknown("the user that the login names");
    let Some(login) = &site.login else { return (unknown(), site.resolved.place()) };
    match login.login.user.as_ref().map(|slot| login.resolved.slot_value(slot)) {
        Some(SlotValue::Text(text, place)) => (login.resolved.resolve(&text, context), place),
        _ => (unknown(), login.resolved.place()),
    }
}
