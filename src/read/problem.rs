//! Problems in files that users write, and suggestions for misspelt names.

use crate::read::source::Place;

/// An error in a workflow, a config or a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place of the error.
    pub place: Place,
    /// What is wrong and what to do, without a final period.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// The known name that a misspelt name most likely means.
#[must_use]
pub(crate) fn closest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase().replace(['_', ' '], "-");
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_lowercase().replace('_', "-"));
    // A name that shares little with every known name is not a typing error.
    let near = |(distance, other): &(usize, &str)| *distance <= 1 + other.len().min(name.len()) / 4;
    let known: Vec<&str> = known.into_iter().collect();
    let best = known.iter().map(|other| (distance(other), *other)).filter(near).min().map(|(_, other)| other);
    // A unique prefix of one known name is an abbreviation of it.
    best.or_else(|| {
        let mut begun = known.iter().filter(|other| name.len() > 3 && other.to_lowercase().starts_with(&name));
        begun.next().filter(|_| begun.next().is_none()).copied()
    })
}

/// Longer lists of known names are not printed.
const MOST_LISTED: usize = 12;

/// "; did you mean `x`?" if a known name is close, else the list of known names if it is short.
#[must_use]
pub(crate) fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(name, known.iter().copied()) {
        Some(other) => format!("; did you mean `{other}`?"),
        None if known.is_empty() || known.len() > MOST_LISTED => String::new(),
        None => {
            let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("; known names: {}", list.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_has_a_suggestion_and_an_unrelated_one_has_none() {
        assert_eq!(closest("id_token", ["issues", "id-token"]), Some("id-token"));
        assert_eq!(closest("enviroment", ["environment", "package"]), Some("environment"));
        assert_eq!(closest("missing-env", ["missing-environment", "missing-id-token"]), Some("missing-environment"));
        assert_eq!(closest("missing-", ["missing-environment", "missing-id-token"]), None);
        assert_eq!(closest("banana", ["environment", "package"]), None);
    }
}
