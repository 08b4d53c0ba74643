//! What is wrong with a file that somebody wrote: a place, a sentence, a way out. It never decides how bad that is.

use crate::read::source::Place;

/// Something wrong in a workflow's shape, a config or a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong and what to do, without a final period.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// The known name that a misspelt one most likely means.
#[must_use]
pub fn closest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase().replace(['_', ' '], "-");
    let distance = |other: &str| strsim::damerau_levenshtein(&name, &other.to_lowercase().replace('_', "-"));
    // A name that shares little with any other is no slip of the pen.
    let near = |(distance, other): &(usize, &str)| *distance <= 1 + other.len().min(name.len()) / 4;
    let known: Vec<&str> = known.into_iter().collect();
    let best = known.iter().map(|other| (distance(other), *other)).filter(near).min().map(|(_, other)| other);
    // A beginning that only one name has is that name cut short.
    best.or_else(|| {
        let mut begun = known.iter().filter(|other| name.len() > 3 && other.to_lowercase().starts_with(&name));
        begun.next().filter(|_| begun.next().is_none()).copied()
    })
}

/// How many names are listed where none is close.
const MOST_LISTED: usize = 12;

/// ", did you mean `x`?" where a known name is close, else the list of known names.
#[must_use]
pub fn suggestion<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(name, known.iter().copied()) {
        Some(other) => format!("; did you mean `{other}`?"),
        // A long list says no more than none.
        None if known.is_empty() || known.len() > MOST_LISTED => String::new(),
        None => {
            let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("; known are {}", list.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_does_not() {
        assert_eq!(closest("id_token", ["issues", "id-token"]), Some("id-token"));
        assert_eq!(closest("enviroment", ["environment", "package"]), Some("environment"));
        assert_eq!(closest("missing-env", ["missing-environment", "missing-id-token"]), Some("missing-environment"));
        assert_eq!(closest("missing-", ["missing-environment", "missing-id-token"]), None);
        assert_eq!(closest("banana", ["environment", "package"]), None);
    }
}
