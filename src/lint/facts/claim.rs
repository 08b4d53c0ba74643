//! Facts about the claims of the OIDC token and what the registry answers to each.

use crate::lint::facts::registry::{target, target_place};
use crate::lint::facts::{ANSWERS, Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::trust::claim_verdict::{ClaimVerdict, claim_verdict};
use crate::trust::registry::{Claim, WorkflowClaim};
use crate::workflow::model::Text;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "claim.*",
        UPLOAD,
        ANSWERS,
        "What the registry answers to a claim: `owner`, `repository`, `workflow`, `environment`, `ref`, `branch`, `workflow-repository`; or to the user of the login (`user`) and the kind of upload (`operation`).",
        claim,
    ),
    FactSpec::new("token.*", UPLOAD, FactValues::Any, "The value of a claim in the run's OIDC token.", token),
];

fn claim(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let (claims, publisher) = (subject.claims()?, subject.publisher()?);
    let place = claim_place(subject, claim)?;
    let answer: ClaimVerdict = claim_verdict(claims, claim, publisher);
    Some(match answer {
        ClaimVerdict::Unknown(reason) => Fact::Unknown(reason),
        answer => Fact::text(answer.word()?, place),
    })
}

fn claim_place(subject: &Subject<'_, '_, '_>, claim: Claim) -> Option<Place> {
    match claim {
        Claim::Environment => Some(subject.claims()?.environment_place),
        Claim::Workflow => calling_job(subject).or_else(|| target_place(subject)),
        Claim::WorkflowRepository | Claim::Operation => target_place(subject),
        Claim::Ref | Claim::Branch => Some(subject.claims()?.ref_place),
        Claim::User => Some(subject.claims()?.user_place),
        Claim::Owner | Claim::Repository => {
            let declared = subject.publisher().and_then(|publisher| publisher.entry_of(claim)).map(|entry| entry.place);
            declared.or_else(|| subject.analysis.config.repository.map(Text::place))
        }
    }
}

/// The job that calls the uploading workflow, where the registry compares the file with that job.
fn calling_job(subject: &Subject<'_, '_, '_>) -> Option<Place> {
    let call = subject.context()?.run().calls.first()?;
    let compares_caller = target(subject)?.claims.workflow == WorkflowClaim::Caller;
    call.job.uses.filter(|_| compares_caller).map(Text::place)
}

fn token(subject: &Subject<'_, '_, '_>, name: &str) -> Option<Fact> {
    let claim = Claim::ALL.into_iter().find(|claim| claim.word() == name)?;
    let value = subject.claims()?.value(claim, target(subject)?).ok()?;
    Some(Fact::optional(value, claim_place(subject, claim)?))
}
