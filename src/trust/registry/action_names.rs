//! Entries of the data, found by the name of their action or called workflow.

use std::collections::BTreeSet;

/// Entries, each with the name of an action or called workflow in lower case, by the length of the name in bytes and then sorted. Most names
/// in workflows have a length that few entries have.
#[derive(Debug, Clone)]
pub(crate) struct ActionNames<T>(Vec<Vec<(String, T)>>);

impl<T: Copy> ActionNames<T> {
    /// The entries with a name in any case, in order.
    pub(crate) fn entries(&self, name: &str) -> impl Iterator<Item = T> {
        let same_length = self.0.get(name.len()).map_or(&[][..], Vec::as_slice);
        let order = move |known: &str| known.bytes().cmp(name.bytes().map(|byte| byte.to_ascii_lowercase()));
        let start = same_length.partition_point(|(known, _)| order(known).is_lt());
        same_length[start..].iter().take_while(move |(known, _)| order(known).is_eq()).map(|(_, entry)| *entry)
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
        let sorted: BTreeSet<_> = names.into_iter().map(|(name, entry)| (name.to_ascii_lowercase(), entry)).collect();
        let mut by_length: Vec<Vec<(String, T)>> = Vec::new();
        for (name, entry) in sorted {
            let length = name.len();
            by_length.resize_with(by_length.len().max(length + 1), Vec::new);
            by_length[length].push((name, entry));
        }
        Self(by_length)
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
