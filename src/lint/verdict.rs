//! The verdict on one run of an upload, and what decides it: the registry's comparison, or an error that a rule reports. Checks,
//! explanations and reports read this one.

use std::collections::{BTreeMap, HashMap};

use crate::lint::analysis::Analysis;
use crate::lint::facts::Fact;
use crate::lint::facts::attestations::attestations;
use crate::lint::facts::called::{called_repository, certificate};
use crate::lint::facts::permission::permission;
use crate::lint::facts::run::{event_status, ref_status};
use crate::lint::facts::runner::runner_status;
use crate::lint::findings::{Finding, Level, RouteVerdict};
use crate::lint::subjects::Subject;
use crate::lint::uploads::{Known, Unknown, Upload};
use crate::read::source::{FileId, Place};
use crate::trust::claim_verdict::{ClaimVerdict, claim_verdict};
use crate::trust::registry::{Claim, Comparison, Registry};
use crate::trust::upload::site::Credential;
use crate::workflow::calls::StartRefusal;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::log_text::RefusalCause;

/// What the registry answers to one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunVerdict {
    /// The declared publisher accepts every claim.
    Accepted,
    /// The upload is refused.
    Refused {
        /// What decides.
        cause: RefusalCause,
        /// The place that decides; of a claim, the publisher's field.
        place: Place,
        /// The claim of the run, if there is one, and the publisher's value, if a claim decides.
        differ: Option<(Option<String>, String)>,
        /// The error that users see, if the data contains it.
        text: Option<String>,
    },
    /// A rule reports an error: the upload fails before the registry compares it with a publisher.
    Failed(RunError),
    /// No publisher is declared: it is accepted if the registered one has the values of the form.
    Undeclared,
    /// The upload sends no OIDC token, so no publisher is compared.
    NoOidcToken,
    /// The files do not decide it.
    Undecided(Unknown),
}

impl RunVerdict {
    /// Its name in the output.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused { .. } | Self::Failed(_) => "refused",
            Self::Undeclared => "undeclared",
            Self::NoOidcToken => "no-oidc-token",
            Self::Undecided(_) => "undecided",
        }
    }

    /// The verdict of a release path. It is undecided if it is unknown whether the run reaches the upload.
    #[must_use]
    pub fn for_route(&self, is_reached: bool) -> RouteVerdict {
        match self {
            Self::Refused { cause: RefusalCause::Start, .. } | Self::Failed(_) => RouteVerdict::Refused,
            Self::NoOidcToken => RouteVerdict::StoredToken,
            _ if !is_reached => RouteVerdict::Undecided,
            Self::Accepted => RouteVerdict::Accepted,
            Self::Undeclared => RouteVerdict::Undeclared,
            Self::Refused { .. } => RouteVerdict::Refused,
            Self::Undecided(_) => RouteVerdict::Undecided,
        }
    }
}

/// The rules that fired for an upload in one run: (upload, position of the run) → names of rules.
pub(crate) type FiredRules = BTreeMap<(usize, usize), Vec<String>>;

/// An error that a rule reports for an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError {
    /// The rule's code.
    pub code: String,
    /// The message of the finding.
    pub message: String,
    /// Its place.
    pub place: Place,
}

/// The first error of each upload run that has one: (upload, position of the run) → error.
#[derive(Debug, Default)]
pub(crate) struct RunErrors(BTreeMap<(usize, usize), RunError>);

impl RunErrors {
    /// The errors among `findings`, for the runs in which their rules fired.
    pub(crate) fn new(analysis: &Analysis<'_, '_>, fired: &FiredRules, findings: &[Finding]) -> Self {
        let mut errors: HashMap<(FileId, &str, &str), &Finding> = HashMap::new();
        for finding in findings.iter().filter(|finding| finding.level == Level::Error) {
            let file = finding.steps.first().unwrap_or(&finding.primary).place.file;
            for job in &finding.jobs {
                errors.entry((file, &finding.name, job)).or_insert(finding);
            }
        }
        let error = |(run, names): (&(usize, usize), &Vec<String>)| {
            let resolved = &analysis.uploads.get(run.0)?.site.resolved;
            let (file, job) = (resolved.workflow.file, resolved.job.id.value());
            let finding = names.iter().find_map(|name| errors.get(&(file, name.as_str(), job)))?;
            let Finding { code, message, primary, .. } = finding;
            Some((*run, RunError { code: code.clone(), message: message.clone(), place: primary.place }))
        };
        Self(fired.iter().filter_map(error).collect())
    }

    fn of(&self, subject: &Subject<'_, '_, '_>) -> Option<&RunError> {
        let (upload, view) = (subject.upload()?, subject.view()?);
        self.0.get(&(upload.index, view.run.position))
    }
}

/// Whether a run is accepted if the publisher that the registry has is the right one, because the config declares none.
pub(crate) fn is_undeclared<'a, 'p>(analysis: &Analysis<'a, 'p>, upload: &Upload<'a, 'p>) -> bool {
    let is_undeclared = |subject: &Subject<'_, '_, '_>| comparison(subject) == Some(&RunVerdict::Undeclared);
    upload.runs.iter().any(|run| analysis.with_upload_run(upload, run, is_undeclared))
}

/// Why an upload is undecided: a run that may reach it has an undecided verdict, or no run is known to reach it.
pub(crate) fn undecided<'a, 'p>(
    analysis: &Analysis<'a, 'p>,
    upload: &Upload<'a, 'p>,
    errors: &RunErrors,
) -> Option<Unknown> {
    let of_run = |run| {
        analysis.with_upload_run(upload, run, |subject| match of(subject, errors) {
            Some(RunVerdict::Undecided(unknown)) => Some(unknown),
            _ => None,
        })
    };
    if let Some(unknown) = upload.runs.iter().find_map(of_run) {
        return Some(unknown);
    }
    if upload.runs.iter().any(|run| run.reach == Truth::Yes) {
        return None;
    }
    let reach = upload.runs.first().map_or_else(|| upload.reachable(), |run| run.reach.clone());
    let reason = match reach {
        Truth::Unknown(reason) => reason.to_string(),
        Truth::Yes | Truth::No => "what starts it: no simulated run reaches it".to_owned(),
    };
    Some(Unknown { reason, place: upload.site.place })
}

/// The verdict on the run of an upload. A refusal by the comparison is more exact than an error of a rule.
pub(crate) fn of(subject: &Subject<'_, '_, '_>, errors: &RunErrors) -> Option<RunVerdict> {
    let comparison = comparison(subject)?;
    Some(match errors.of(subject) {
        Some(error) if !matches!(comparison, RunVerdict::Refused { .. }) => RunVerdict::Failed(error.clone()),
        _ => comparison.clone(),
    })
}

/// What the registry answers to the run of an upload. The checks are in the order of GitHub and the registries: is the run started, may the job request
/// a token, is the run one that the registry accepts, and then each claim.
fn comparison<'s>(subject: &Subject<'s, '_, '_>) -> Option<&'s RunVerdict> {
    let (upload, view) = (subject.upload()?, subject.view()?);
    let registry = view.run.registry()?;
    let (credential, place) = subject.credential()?;
    let unknown = |reason: &UnknownReason| Unknown { reason: reason.to_string(), place: *place };
    let credential = credential.as_ref().copied().map_err(unknown);
    Some(view.run.comparison(|| compute(subject, upload, &registry, &credential)))
}

fn compute(
    subject: &Subject<'_, '_, '_>,
    upload: &Upload<'_, '_>,
    registry: &Known<&Registry>,
    credential: &Known<Credential>,
) -> RunVerdict {
    if let Some(refusal) = start_refusal(subject) {
        let place = refusal.request.granted_place;
        return RunVerdict::Refused { cause: RefusalCause::Start, place, differ: None, text: None };
    }
    match credential {
        Ok(Credential::Role | Credential::Stored | Credential::None) => return RunVerdict::NoOidcToken,
        Ok(_) => {}
        Err(unknown) => return RunVerdict::Undecided(unknown.clone()),
    }
    let registry = match registry {
        Ok(registry) => registry,
        Err(unknown) => return RunVerdict::Undecided(unknown.clone()),
    };
    let refused = |cause, place, differ| RunVerdict::Refused {
        cause,
        place,
        differ,
        text: registry.error_text(cause, upload.site.pattern).map(str::to_owned),
    };
    if let Some((cause, place)) = refused_by_any_publisher(subject) {
        return refused(cause, place, None);
    }
    let certificate = (*credential == Ok(Credential::Trusted)).then(|| refused_certificate(subject)).flatten();
    let uncertified = certificate.map(|(differ, place)| refused(RefusalCause::Certificate, place, Some(differ)));
    let (Some(publisher), Some(claims)) = (subject.publisher(), subject.claims()) else {
        return uncertified.unwrap_or(RunVerdict::Undeclared);
    };
    let mut undecided: Option<Unknown> = None;
    // A field that is compared by a number that only the registry knows is assumed to fit.
    let compared = publisher.registry.record.iter().filter(|field| field.compare != Some(Comparison::ById));
    for claim in compared.filter_map(|field| field.claim) {
        let entry = publisher.entry_of(claim);
        let place = entry.map_or(publisher.place, |entry| entry.place);
        let unknown = |reason: String| Unknown { reason, place };
        let has_no_name = entry.is_none() && matches!(claim, Claim::Owner | Claim::Repository);
        if has_no_name && registry.field_of(claim).is_some_and(|field| field.required) {
            undecided = undecided
                .or_else(|| Some(unknown("the name of the repository, which the config does not have".to_owned())));
            continue;
        }
        match claim_verdict(claims, claim, publisher) {
            ClaimVerdict::Accepted => {}
            ClaimVerdict::Refused | ClaimVerdict::Missing => {
                let value = claims.value(claim, registry).ok().flatten();
                return refused(claim.cause(), place, entry.map(|entry| (value, entry.value.clone())));
            }
            ClaimVerdict::Case => {
                undecided = undecided.or_else(|| Some(unknown(format!("the case of the {}", claim.word()))));
            }
            ClaimVerdict::Unknown(reason) => undecided = undecided.or_else(|| Some(unknown(reason.to_string()))),
        }
    }
    if undecided.is_none()
        && let Some(Fact::Unknown(reason)) = permission(subject, "id-token")
    {
        undecided = Some(Unknown { reason: reason.to_string(), place: upload.site.place });
    }
    uncertified.unwrap_or_else(|| undecided.map_or(RunVerdict::Accepted, RunVerdict::Undecided))
}

/// Why GitHub refuses to start the run.
pub(crate) fn start_refusal<'s, 'a, 'p>(subject: &Subject<'s, 'a, 'p>) -> Option<&'s StartRefusal<'a, 'p>> {
    subject.analysis.refusal(subject.upload()?, subject.context()?.run())
}

/// Attestations that the registry refuses whatever the publisher: the file in their certificate, and the file that a publisher can name.
fn refused_certificate(subject: &Subject<'_, '_, '_>) -> Option<((Option<String>, String), Place)> {
    let word = |fact| match fact {
        Some(Fact::Known(Some(word), place)) => Some((word, place)),
        _ => None,
    };
    let (_, place) = word(attestations(subject, "")).filter(|(word, _)| word == "on")?;
    let (file, _) = word(certificate(subject, "")).filter(|(word, _)| word != "accepted")?;
    let claims = subject.claims()?;
    let caller = claims.caller_file.clone().filter(|_| file == "refused");
    Some(((caller, claims.called_file.clone()), place))
}

/// Whether a workflow of another repository uploads, at a registry that refuses those.
pub(crate) fn is_foreign(subject: &Subject<'_, '_, '_>) -> bool {
    matches!(called_repository(subject, ""), Some(Fact::Known(Some(status), _)) if status == "refused")
}

/// A refusal that no publisher can prevent.
fn refused_by_any_publisher(subject: &Subject<'_, '_, '_>) -> Option<(RefusalCause, Place)> {
    if let Some(Fact::Known(Some(access), place)) = permission(subject, "id-token")
        && access != "write"
    {
        return Some((RefusalCause::IdToken, place));
    }
    let statuses = [
        (event_status(subject, ""), RefusalCause::Event),
        (ref_status(subject, ""), RefusalCause::Ref),
        (runner_status(subject, ""), RefusalCause::Runner),
        (called_repository(subject, ""), RefusalCause::WorkflowRepository),
    ];
    statuses.into_iter().find_map(|(fact, cause)| match fact {
        Some(Fact::Known(Some(status), place)) if status != "accepted" => Some((cause, place)),
        _ => None,
    })
}
