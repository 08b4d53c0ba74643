//! An evaluation context for expression tests.

use trustpub::workflow::expression::{Outcome, Scope, StatusFunction, Truth};

/// `github.ref` has a known prefix, other properties of `github` are known, and other contexts are unknown.
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
