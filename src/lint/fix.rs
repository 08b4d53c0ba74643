//! Fix templates: what a rule's `fix` would change. Only tested fixes are offered: see [`verify`].

pub mod apply;
mod command_edit;
mod login_step;
mod target;
mod template;
pub mod verify;

pub use target::{FixTarget, TARGETS};
pub use template::UntestedFix;
pub(crate) use template::fill_in;

use crate::lint::rules::{FactCondition, MessageTemplate};

/// Which fixes a check offers. Each is tested by one more check of the workflows that it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfferedFixes {
    /// None.
    #[default]
    None,
    /// The safe ones, and unsafe ones that are preferred to a safe one. In a project with too many fixes to test, more safe ones are tested
    /// than with `All`.
    Safe,
    /// All.
    All,
}

/// A `fix:` of a rule. A rule may have several; the first that removes the finding is offered.
#[derive(Debug, Clone)]
pub struct FixTemplate {
    /// What it does, as an imperative sentence.
    pub title: MessageTemplate,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// The conditions under which it applies.
    pub when: Vec<FactCondition>,
    /// What it changes: all of it or nothing.
    pub actions: Vec<FixAction>,
}

/// One change of a fix template.
#[derive(Debug, Clone)]
pub enum FixAction {
    /// Sets a value.
    Set(FixTarget, MessageTemplate),
    /// Removes an entry.
    Remove(FixTarget),
    /// Renames a key, or the rule in an ignore.
    Rename(FixTarget, MessageTemplate),
    /// Changes the ref of an action.
    Repin(FixTarget, MessageTemplate),
    /// Replaces the stored token of an upload, at the place of this fact, by a login with the OIDC token.
    LogIn(String),
}

impl FixTemplate {
    /// The facts that its title, targets and new values name.
    pub fn facts(&self) -> Vec<String> {
        let of = |template: &MessageTemplate| template.facts().map(str::to_owned).collect::<Vec<_>>();
        let mut found = of(&self.title);
        for action in &self.actions {
            let (target, value) = match action {
                FixAction::LogIn(name) => {
                    found.push(name.clone());
                    continue;
                }
                FixAction::Remove(target) => (target, None),
                FixAction::Set(target, value) | FixAction::Rename(target, value) | FixAction::Repin(target, value) => {
                    (target, Some(value))
                }
            };
            found.extend(value.into_iter().chain(target.part()).flat_map(of));
            if let FixTarget::Fact(name) = target {
                found.push(name.clone());
            }
        }
        found
    }
}
