//! Facts about stored tokens: whether the upload uses one, and when the registry stops accepting it.

use crate::lint::facts::registry::target;
use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::upload::credential::Credential;

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "stored-token.status",
        UPLOAD,
        FactValues::OneOf(&["none", "stored", "ending", "ended"]),
        "Whether the upload uses a stored token, and whether the registry will stop accepting it (`ending`) or has stopped (`ended`).",
        status,
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
    let data = subject.analysis.data;
    let (outcome, place) = subject.upload()?.site.credential(&data.github, &data.registries, subject.context()?);
    let Ok(credential) = outcome else {
        return Some(Fact::unknown("the credential of the upload"));
    };
    if credential != Credential::Stored {
        return Some(Fact::text("none", place));
    }
    let word = match &target(subject)?.tokens_end {
        None => "stored",
        // `2026-12` sorts before the days of its month.
        Some(end) if end.certain && subject.analysis.today.is_some_and(|today| today.to_string() >= end.date) => {
            "ended"
        }
        Some(_) => "ending",
    };
    Some(Fact::text(word, place))
}

fn end(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let end = target(subject)?.tokens_end.as_ref()?;
    Some(Fact::text(end.text.clone(), subject.upload()?.site.resolved.place()))
}
