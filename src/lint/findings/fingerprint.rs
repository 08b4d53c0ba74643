//! Fingerprints of findings. They contain no line numbers, so edits above an alert do not reopen it.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::lint::findings::Finding;

/// The key under which SARIF and baselines store a fingerprint.
pub const NAME: &str = "trustpubId/v1";

/// The hash of what a finding is about: its rule, file, subject and requirement. Findings about the same thing have the
/// same hash; [`FingerprintOrdinals`] numbers them.
#[must_use]
pub fn identity(finding: &Finding, path: &str) -> String {
    let mut hash = Sha256::new();
    let requirement = finding.requirement.to_string();
    for part in [&finding.code, path, &finding.subject, &requirement] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers findings with equal fingerprints, in the order in which they come.
#[derive(Debug, Clone, Default)]
pub struct FingerprintOrdinals {
    seen: HashMap<String, u32>,
}

impl FingerprintOrdinals {
    /// The fingerprint with its number: the first one is unchanged, the second ends in `/2`.
    pub fn numbered(&mut self, identity: &str) -> String {
        let count = self.seen.entry(identity.to_owned()).or_default();
        *count += 1;
        if *count > 1 { format!("{identity}/{count}") } else { identity.to_owned() }
    }
}

/// A fingerprint without its number.
#[must_use]
pub fn without_ordinal(numbered: &str) -> &str {
    numbered.split('/').next().unwrap_or(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_are_numbered() {
        let mut ordinals = FingerprintOrdinals::default();
        assert_eq!(["a", "b", "a"].map(|id| ordinals.numbered(id)), ["a", "b", "a/2"]);
        assert_eq!(without_ordinal("a/2"), "a");
    }
}
