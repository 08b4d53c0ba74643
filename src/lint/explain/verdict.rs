//! What the registry answers to one run of an upload, and what decides. The answer to a whole publication is nobody's: runs differ.

use crate::lint::explain::form;
use crate::lint::facts::{self, Fact};
use crate::lint::subjects::Subject;
use crate::lint::uploads::Upload;
use crate::read::source::Place;
use crate::trust::cause::RefusalCause;
use crate::trust::publisher::Publisher;
use crate::trust::registry::{Comparison, FormField, Registry};
use crate::trust::upload::site::Credential;
use crate::trust::verdict::{ClaimVerdict, all_assigned, claim_verdict};
use crate::workflow::calls::StartRefusal;

/// What the registry answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunVerdict {
    /// The declared record accepts every claim.
    Accepted,
    /// It is refused.
    Refused {
        /// What decides.
        cause: RefusalCause,
        /// Where the files say so: of a claim, what the record declares.
        place: Place,
        /// The claim of the run, if there is one, and what the record declares, if a claim decides.
        differ: Option<(Option<String>, String)>,
        /// The text that people see, as far as data knows one.
        text: Option<String>,
    },
    /// No record is declared: it is accepted where one says what the form does.
    Undeclared,
    /// The upload shows no OIDC token, so no record is looked at.
    NotAsked,
    /// The files do not decide it, and why.
    Undecided(String),
}

impl RunVerdict {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
            Self::Undeclared => "undeclared",
            Self::NotAsked => "not-asked",
            Self::Undecided(_) => "undecided",
        }
    }
}

/// A declared record beside the claims of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPublisher<'a> {
    /// Where it stands in the config.
    pub place: Place,
    /// Its fields, in the order of the form.
    pub entries: Vec<ComparedField<'a>>,
}

/// One declared field.
#[derive(Debug, Clone)]
pub struct ComparedField<'a> {
    /// The field.
    pub field: &'a FormField,
    /// What is declared.
    pub value: String,
    /// Where.
    pub place: Place,
    /// How the run's claim fares against it; `None` for a field that no claim is compared with.
    pub answer: Option<ClaimVerdict>,
}

impl PartialEq for ComparedField<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && self.answer == other.answer
    }
}

/// The record that a run is measured by.
pub fn record<'a>(subject: &Subject<'_, 'a, '_>, publisher: &Publisher<'a>) -> ComparedPublisher<'a> {
    let entry = |entry: &crate::trust::publisher::PublisherField<'a>| ComparedField {
        field: entry.field,
        value: entry.value.clone(),
        place: entry.place,
        answer: entry.field.claim.zip(subject.claims).map(|(claim, claims)| claim_verdict(claims, claim, publisher)),
    };
    ComparedPublisher { place: publisher.place, entries: publisher.entries.iter().map(entry).collect() }
}

/// The registry's answer. What decides is asked in the order of the registries: may the job have a token at all, is this a run that
/// they take one from, and then each claim.
pub fn verdict<'a, 'p>(
    subject: &Subject<'_, 'a, 'p>,
    upload: &Upload<'a, 'p>,
    registry: &Result<&Registry, String>,
    credential: &Result<Credential, String>,
) -> RunVerdict {
    if let Some(refusal) = refusal(subject, upload) {
        let place = refusal.request.held_place;
        return RunVerdict::Refused { cause: RefusalCause::Start, place, differ: None, text: None };
    }
    match credential {
        Ok(Credential::Stored | Credential::None) => return RunVerdict::NotAsked,
        Ok(_) => {}
        Err(reason) => return RunVerdict::Undecided(reason.clone()),
    }
    let registry = match registry {
        Ok(registry) => registry,
        Err(reason) => return RunVerdict::Undecided(reason.clone()),
    };
    let refused = |cause, place, differ| RunVerdict::Refused {
        cause,
        place,
        differ,
        text: registry.error_text(cause, upload.site.pattern).map(str::to_owned),
    };
    if let Some((cause, place)) = before_the_record(subject) {
        return refused(cause, place, None);
    }
    let certificate = (*credential == Ok(Credential::Trusted)).then(|| certificate(subject)).flatten();
    let uncertified = certificate.map(|(differ, place)| refused(RefusalCause::Certificate, place, Some(differ)));
    let (Some(publisher), Some(claims)) = (subject.publisher, subject.claims) else {
        return uncertified.unwrap_or(RunVerdict::Undeclared);
    };
    let mut open = None;
    // A number that the registry knows and the files do not can be taken to fit.
    let compared = publisher.registry.record.iter().filter(|field| field.compare != Some(Comparison::ById));
    for claim in compared.filter_map(|field| field.claim) {
        match claim_verdict(claims, claim, publisher) {
            ClaimVerdict::Accepted => {}
            ClaimVerdict::Refused | ClaimVerdict::Missing => {
                let value = claims.value(claim, registry).ok().flatten();
                let entry = publisher.entry_of(claim);
                let place = entry.map_or(publisher.place, |entry| entry.place);
                return refused(claim.into(), place, entry.map(|entry| (value, entry.value.clone())));
            }
            ClaimVerdict::Case => open = open.or_else(|| Some(format!("the case of the {}", claim.word()))),
            ClaimVerdict::Unknown(reason) => open = open.or_else(|| Some(reason.to_string())),
        }
    }
    let unknown_permission = matches!(facts::ask(subject, "permission.id-token"), Fact::Unknown);
    let open = open.or_else(|| unknown_permission.then(|| "what the caller grants".to_owned()));
    uncertified.unwrap_or_else(|| open.map_or(RunVerdict::Accepted, RunVerdict::Undecided))
}

/// Why GitHub does not start the run.
pub(crate) fn refusal<'s, 'a, 'p>(
    subject: &Subject<'s, 'a, 'p>,
    upload: &Upload<'a, 'p>,
) -> Option<&'s StartRefusal<'a, 'p>> {
    subject.analysis.refusal(upload, subject.context?.run())
}

/// Attestations that the registry refuses with any record: what their certificate names, and what a record can name.
fn certificate(subject: &Subject<'_, '_, '_>) -> Option<((Option<String>, String), Place)> {
    let word = |name| match facts::ask(subject, name) {
        Fact::Known(Some(word), place) => Some((word, place)),
        _ => None,
    };
    let (_, place) = word("attestations").filter(|(word, _)| word == "on")?;
    let (file, _) = word("certificate").filter(|(word, _)| word != "accepted")?;
    let claims = subject.claims?;
    let caller = claims.caller_file.clone().filter(|_| file == "refused");
    Some(((caller, claims.called_file.clone()), place))
}

/// The packages of the records that a run is measured by, where the upload is not known to be one of them.
pub(crate) fn only_for(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Vec<String> {
    let Some(claims) = subject.claims.filter(|_| subject.publisher.is_some()) else { return Vec::new() };
    let own = form::package(subject, registry);
    let mut named = Vec::new();
    for publisher in all_assigned(claims, &registry.id, &subject.analysis.publishers) {
        let Some(entry) = publisher.entry(form::PACKAGE) else { return Vec::new() };
        if own.as_ref().is_ok_and(|(own, _)| registry.names.same(own, &entry.value)) {
            return Vec::new();
        }
        named.push(entry.value.clone());
    }
    named
}

/// Whether the workflow that uploads is one of another repository, at a registry that takes none from there.
pub fn is_foreign(subject: &Subject<'_, '_, '_>) -> bool {
    matches!(facts::ask(subject, "called.repository"), Fact::Known(Some(status), _) if status == "refused")
}

/// A refusal that no record can turn.
fn before_the_record(subject: &Subject<'_, '_, '_>) -> Option<(RefusalCause, Place)> {
    if let Fact::Known(Some(access), place) = facts::ask(subject, "permission.id-token")
        && access != "write"
    {
        return Some((RefusalCause::IdToken, place));
    }
    let statuses = [
        ("event.status", RefusalCause::Event),
        ("ref.status", RefusalCause::Ref),
        ("runner.status", RefusalCause::Runner),
        ("called.repository", RefusalCause::WorkflowRepository),
    ];
    statuses.into_iter().find_map(|(name, cause)| match facts::ask(subject, name) {
        Fact::Known(Some(status), place) if status != "accepted" => Some((cause, place)),
        _ => None,
    })
}
