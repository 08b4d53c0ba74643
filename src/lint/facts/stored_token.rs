//! Facts about stored tokens: whether the upload uses one, and when the registry stops accepting it.

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::claim_verdict::{ClaimVerdict, claim_verdict};
use crate::trust::registry::Claim;
use crate::trust::registry::slot::{SlotValue, reads};
use crate::trust::registry::upload_pattern::OidcSupport;
use crate::trust::upload::credential::Credential;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "stored-token.status",
        UPLOAD,
        FactValues::OneOf(&["none", "stored", "ending", "ended", "without-oidc", "unusable-publisher"]),
        "Whether the upload uses a stored token although the registry has trusted publishing for it, and whether the registry will stop accepting it (`ending`) or has stopped (`ended`); `without-oidc` if the client cannot do trusted publishing, `unusable-publisher` if a publisher is declared for it nevertheless.",
        status,
    ),
    FactSpec::new(
        "stored-token.instead",
        UPLOAD,
        FactValues::Any,
        "What to upload with instead of a client that cannot do trusted publishing.",
        |subject, _| {
            let site = &subject.upload()?.site;
            Some(Fact::optional(site.pattern?.instead.clone(), site.place))
        },
    ),
    FactSpec::new(
        "stored-token.secret",
        UPLOAD,
        FactValues::Any,
        "The name of the secret that the upload uses.",
        secret,
    ),
    FactSpec::new(
        "stored-token.end",
        UPLOAD,
        FactValues::Any,
        "When the registry stops accepting stored tokens, and what to use instead.",
        end,
    ),
];

fn status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (Ok(credential), place) = *subject.credential()? else {
        return Some(Fact::unknown("the credential of the upload"));
    };
    let site = &subject.upload()?.site;
    if credential != Credential::Stored || site.pattern.is_some_and(|pattern| pattern.without_trusted_publishing) {
        return Some(Fact::word("none", place));
    }
    let without = site.pattern.is_some_and(|pattern| {
        let known = !pattern.project_decides || site.is_decided(pattern);
        pattern.oidc == OidcSupport::None && pattern.instead.is_some() && known
    });
    let declared = || {
        let (claims, publisher) = (subject.claims()?, subject.publisher()?);
        Some(claim_verdict(claims, Claim::Workflow, publisher) == ClaimVerdict::Accepted)
    };
    let word = match &target(subject)?.tokens_end {
        _ if without && declared() == Some(true) => "unusable-publisher",
        _ if without => "without-oidc",
        None => "stored",
        // `2026-12` sorts before the days of its month.
        Some(end) if end.certain && subject.analysis.today.is_some_and(|today| today.to_string() >= end.date) => {
            "ended"
        }
        Some(_) => "ending",
    };
    Some(Fact::word(word, place))
}

fn secret(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (site, (_, place)) = (&subject.upload()?.site, subject.credential()?);
    let kept = site.login.as_ref().filter(|login| login.login.keeps);
    let paths = match kept.and_then(|login| login.resolved.first(&login.login.tokens)) {
        Some((_, SlotValue::Text(text, _))) => reads(&text)?,
        _ => reads(subject.analysis.project.source(place.file)?.slice(place.span))?,
    };
    let mut names = paths.iter().filter_map(|path| path.strip_prefix("secrets."));
    let name = names.next().filter(|_| names.next().is_none())?;
    Some(Fact::text(name, *place))
}

fn end(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let end = target(subject)?.tokens_end.as_ref()?;
    Some(Fact::text(end.text.clone(), subject.upload()?.site.place))
}
