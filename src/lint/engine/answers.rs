//! The facts of one subject, each found out once however many rules ask for it. It judges none.

use crate::lint::facts::{Fact, FactName};
use crate::lint::rules::FactCondition;
use crate::lint::subjects::Subject;
use crate::workflow::expression::Truth;

/// What was asked of a subject so far.
pub(crate) struct FactCache<'r, 's, 'a, 'p> {
    subject: &'s Subject<'s, 'a, 'p>,
    /// By name; so few that they are found by looking at each.
    known: Vec<(&'r str, Fact)>,
}

impl<'r, 's, 'a, 'p> FactCache<'r, 's, 'a, 'p> {
    pub(crate) const fn new(subject: &'s Subject<'s, 'a, 'p>) -> Self {
        Self { subject, known: Vec::new() }
    }

    pub(crate) fn ask(&mut self, name: &'r FactName) -> &Fact {
        let at = self.known.iter().position(|(known, _)| *known == name.as_str()).unwrap_or_else(|| {
            self.known.push((name.as_str(), name.ask(self.subject)));
            self.known.len() - 1
        });
        &self.known[at].1
    }

    /// Whether conditions all hold; after one that does not, no more is asked.
    pub(crate) fn all_hold(&mut self, conditions: impl IntoIterator<Item = &'r FactCondition>) -> bool {
        conditions.into_iter().all(|condition| condition.holds(self.ask(&condition.fact)) == Truth::Yes)
    }
}
