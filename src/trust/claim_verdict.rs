//! What a registry answers to a token: each claim compared with a declared publisher in the registry's own way.

use crate::trust::claims::Claims;
use crate::trust::publisher::{Publisher, PublisherField};
use crate::trust::publisher_list::PublisherList;
use crate::trust::registry::{Claim, Comparison, Registry};
use crate::trust::upload::package::UploadedPackage;
use crate::workflow::expression::UnknownReason;

/// The result of comparing one claim with a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// The registry accepts the value.
    Accepted,
    /// The values differ.
    Refused,
    /// The publisher requires a claim that the token does not have.
    Missing,
    /// The values differ only by case, and it is not documented which case the token has.
    Case,
    /// The files do not determine it.
    Unknown(UnknownReason),
}

impl ClaimVerdict {
    /// The value of facts; `None` if unknown.
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

/// Compares a claim of the token with a publisher.
#[must_use]
pub fn claim_verdict(claims: &Claims, claim: Claim, publisher: &Publisher<'_>) -> ClaimVerdict {
    value_verdict(claims, claim, &claims.value(claim, publisher.registry), publisher)
}

/// The value of a claim, as [`Claims::value`] gives it.
type ClaimValue = Result<Option<String>, UnknownReason>;

fn value_verdict(claims: &Claims, claim: Claim, value: &ClaimValue, publisher: &Publisher<'_>) -> ClaimVerdict {
    // An empty field of a publisher accepts any value.
    let Some(entry) = publisher.entry_of(claim) else { return ClaimVerdict::Accepted };
    // The registry's form does not accept this value, so no registered publisher has it.
    if let Some(reason) = &entry.refusal {
        return ClaimVerdict::Unknown(UnknownReason::new(reason.as_str()));
    }
    if entry.field.switch.as_deref().and_then(|name| publisher.setting(name)) == Some("false") {
        return ClaimVerdict::Accepted;
    }
    match entry.field.compare.unwrap_or(Comparison::Exact) {
        Comparison::ById => ClaimVerdict::Unknown(UnknownReason::new("a comparison by number")),
        Comparison::TagPattern => tag_verdict(claims, entry),
        // The field names the other repository of a called workflow. A job in this repository is not called from there.
        Comparison::OwnRepository if claims.foreign.is_none() => ClaimVerdict::Refused,
        Comparison::OwnRepository => ClaimVerdict::Unknown(UnknownReason::new("the repository of the called workflow")),
        comparison => match value {
            Ok(Some(value)) => compare(comparison, claim, value, &entry.value),
            Ok(None) if claim == Claim::Operation => ClaimVerdict::Unknown(UnknownReason::new("the kind of upload")),
            Ok(None) => ClaimVerdict::Missing,
            Err(reason) => ClaimVerdict::Unknown(reason.clone()),
        },
    }
}

/// Compares a publisher's tag pattern with the tag filter of the trigger: refused if no tag passes both.
fn tag_verdict(claims: &Claims, entry: &PublisherField<'_>) -> ClaimVerdict {
    let Some(tags) = &claims.tags else { return ClaimVerdict::Unknown(UnknownReason::new("the tag")) };
    let expected = entry.value.split("{{").next().unwrap_or_default();
    let overlaps = |glob: &String| {
        let prefix = glob.split(['*', '?', '[', '+', '!']).next().unwrap_or_default();
        expected.starts_with(prefix) || prefix.starts_with(expected)
    };
    if tags.iter().any(overlaps) { ClaimVerdict::Accepted } else { ClaimVerdict::Refused }
}

fn compare(comparison: Comparison, claim: Claim, value: &str, declared: &str) -> ClaimVerdict {
    let same_but_case = || match value.is_ascii() && declared.is_ascii() {
        true => value.eq_ignore_ascii_case(declared),
        false => value.to_lowercase() == declared.to_lowercase(),
    };
    match comparison {
        Comparison::OneOf if declared.split(',').any(|one| one.trim() == value) => ClaimVerdict::Accepted,
        Comparison::Exact if value == declared => ClaimVerdict::Accepted,
        Comparison::IgnoreCase if same_but_case() => ClaimVerdict::Accepted,
        Comparison::Exact if claim != Claim::Workflow && same_but_case() => ClaimVerdict::Case,
        _ => ClaimVerdict::Refused,
    }
}

/// The publisher that an upload is compared with: of those declared for its registry the one that accepts the most claims. Among equals
/// the one with the most fields set wins, because registries choose the most specific one, then the first declared. A publisher of another
/// package than the uploaded ones counts only if none is declared for these.
#[must_use]
pub fn assigned<'p, 'a, 'l, 'm: 'l>(
    claims: &Claims,
    registry: &Registry,
    publishers: &'p PublisherList<'a>,
    packages: impl FnOnce() -> &'l [UploadedPackage<'m>],
) -> Option<&'p Publisher<'a>> {
    let names = || packages().iter().map(|package| package.name.as_str());
    let candidates = publishers.candidates(&registry.id, names);
    let registry = candidates.all().next()?.registry;
    let values = Claim::ALL.map(|claim| (claim, claims.value(claim, registry)));
    let accepts = |publisher: &Publisher<'_>, (claim, value): &(Claim, ClaimValue)| {
        value_verdict(claims, *claim, value, publisher) == ClaimVerdict::Accepted
    };
    let score = |publisher: &Publisher<'_>| -> u32 {
        values.iter().filter(|value| accepts(publisher, value)).map(|(claim, _)| weight(*claim)).sum()
    };
    let fields =
        |publisher: &Publisher<'_>| publisher.entries.iter().filter(|entry| entry.field.claim.is_some()).count();
    let best = |candidates: &mut dyn Iterator<Item = &'p Publisher<'a>>| {
        candidates.map(|publisher| ((score(publisher), fields(publisher)), publisher)).max_by_key(|(key, _)| *key)
    };
    // Of many publishers few name this workflow. If all claims but one are accepted for one of them, no other publisher reaches its score.
    let file = values
        .iter()
        .find(|(claim, _)| *claim == Claim::Workflow)
        .and_then(|(_, value)| value.as_ref().ok()?.as_deref());
    let others = Claim::ALL.into_iter().map(weight).sum::<u32>() - weight(Claim::Workflow);
    let first = best(&mut candidates.with_workflow(file).rev()).filter(|((score, _), _)| *score > others);
    first.or_else(|| best(&mut candidates.all().rev())).map(|(_, publisher)| publisher)
}

/// How much an accepted claim counts.
fn weight(claim: Claim) -> u32 {
    if claim == Claim::Workflow { 2 } else { 1 }
}
