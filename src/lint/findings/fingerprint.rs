//! How a finding is known again after an edit elsewhere. It knows no lines: what moves is no part of what a finding is.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::lint::findings::Finding;

/// The name and version under which SARIF and baselines keep it.
pub const NAME: &str = "trustpubId/v1";

/// What a finding is about, as a hash: its rule, the file, the subject and the fact. Findings that are about the same thing have
/// the same one; [`Ordinals`] tells them apart.
#[must_use]
pub fn identity(finding: &Finding, path: &str) -> String {
    let mut hash = Sha256::new();
    for part in [&finding.code, path, &finding.subject, &finding.fact] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers findings that are about the same thing, in the order in which they come.
#[derive(Debug, Clone, Default)]
pub struct FingerprintOrdinals {
    seen: HashMap<String, u32>,
}

impl FingerprintOrdinals {
    /// The identity with its number: the first one stays as it is, the second ends in `/2`.
    pub fn told_apart(&mut self, identity: &str) -> String {
        let count = self.seen.entry(identity.to_owned()).or_default();
        *count += 1;
        if *count > 1 { format!("{identity}/{count}") } else { identity.to_owned() }
    }
}

/// An identity without its number.
#[must_use]
pub fn without_ordinal(told_apart: &str) -> &str {
    told_apart.split('/').next().unwrap_or(told_apart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_are_numbered() {
        let mut ordinals = FingerprintOrdinals::default();
        assert_eq!(["a", "b", "a"].map(|id| ordinals.told_apart(id)), ["a", "b", "a/2"]);
        assert_eq!(without_ordinal("a/2"), "a");
    }
}
