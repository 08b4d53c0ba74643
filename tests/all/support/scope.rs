//! A place for expressions where some names are known, one is known by its beginning, and others are not known at all.

use trustpub::workflow::expression::{Outcome, Scope, StatusFunction, Truth};

/// Knows `github`, and of `github.ref` how it begins.
pub struct Something;

impl Scope for Something {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", "ref"] => Outcome::with_prefix("refs/tags/", "`github.ref`"),
            ["github", name] => Outcome::text(*name),
            _ => Outcome::unknown("a context"),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        Truth::from(function == StatusFunction::Success)
    }
}
