//! Entries of the data, found by the name of their action or called workflow.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Entries, each with the name of an action or called workflow in lower case. They are sorted by the length of the name, which is compared
/// faster than the name and differs for most, then by name.
#[derive(Debug, Clone)]
pub(crate) struct ActionNames<T>(Vec<(String, T)>);

impl<T: Copy> ActionNames<T> {
    /// The entries with a name in any case, in order.
    pub(crate) fn entries(&self, name: &str) -> impl Iterator<Item = T> {
        // Most names are in lower case. To count is faster than to stop at the first.
        let name = match name.bytes().filter(u8::is_ascii_uppercase).count() {
            0 => Cow::Borrowed(name),
            _ => Cow::Owned(name.to_ascii_lowercase()),
        };
        let start = self.0.partition_point(|(known, _)| (known.len(), &**known) < (name.len(), &*name));
        self.0[start..].iter().take_while(move |(known, _)| **known == *name).map(|(_, entry)| *entry)
    }
}

impl<T> Default for ActionNames<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'n, T: Ord> FromIterator<(&'n str, T)> for ActionNames<T> {
    /// Collects the names of entries; each pair counts once.
    fn from_iter<I: IntoIterator<Item = (&'n str, T)>>(names: I) -> Self {
        let own = |(name, entry): (&str, T)| (name.len(), name.to_ascii_lowercase(), entry);
        let sorted: BTreeSet<_> = names.into_iter().map(own).collect();
        Self(sorted.into_iter().map(|(_, name, entry)| (name, entry)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let names: ActionNames<usize> =
            [("acme/Send", 1), ("acme/build", 2), ("ACME/send", 0), ("acme/send", 1)].into_iter().collect();
        assert_eq!(names.entries("Acme/send").collect::<Vec<_>>(), [0, 1]);
        assert_eq!(names.entries("acme/build").count(), 1);
        assert_eq!(names.entries("acme/sen").chain(names.entries("")).count(), 0);
    }
}
