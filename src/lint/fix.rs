//! What a rule would change to cure its finding. It offers nothing that was not tried: see [`offer`](offer::offer).

pub mod apply;
mod draft;
mod script;
mod target;
pub mod verify;

pub use draft::{FixDraft, of};
pub use target::{FixTarget, TARGETS};

use crate::lint::rules::{FactCondition, MessageTemplate};

/// A `fix:` of a rule. A rule may have several; the first that cures a finding is the one that is offered.
#[derive(Debug, Clone)]
pub struct FixTemplate {
    /// What it does, as an imperative sentence.
    pub title: MessageTemplate,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// When it is a remedy at all.
    pub when: Vec<FactCondition>,
    /// What it changes, all of it or nothing.
    pub actions: Vec<FixAction>,
}

/// One change of a remedy.
#[derive(Debug, Clone)]
pub enum FixAction {
    /// Gives something a value.
    Set(FixTarget, MessageTemplate),
    /// Takes something away.
    Remove(FixTarget),
    /// Gives a key, or the rule in a waiver, another name.
    Rename(FixTarget, MessageTemplate),
    /// Gives an action another ref.
    Repin(FixTarget, MessageTemplate),
}
