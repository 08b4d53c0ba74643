//! What a rule would change to cure its finding. It offers nothing that was not tried: see [`offer`](offer::offer).

pub mod apply;
mod draft;
mod script;
mod target;
pub mod verify;

pub use draft::{Draft, of};
pub use target::{TARGETS, Target};

use crate::lint::rules::{Condition, Template};

/// A `fix:` of a rule. A rule may have several; the first that cures a finding is the one that is offered.
#[derive(Debug, Clone)]
pub struct Remedy {
    /// What it does, as an imperative sentence.
    pub title: Template,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// When it is a remedy at all.
    pub when: Vec<Condition>,
    /// What it changes, all of it or nothing.
    pub actions: Vec<Action>,
}

/// One change of a remedy.
#[derive(Debug, Clone)]
pub enum Action {
    /// Gives something a value.
    Set(Target, Template),
    /// Takes something away.
    Remove(Target),
    /// Gives a key, or the rule in a waiver, another name.
    Rename(Target, Template),
    /// Gives an action another ref.
    Repin(Target, Template),
}
