//! What is asked of the ways a workflow can start: an event, a ref, inputs. It narrows them and never adds one.

use crate::workflow::expression::{Outcome, Truth, coerce_text};
use crate::workflow::github::{EventStart, RefKind};
use crate::workflow::model::{Text, Trigger};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::simulate::inputs::{self, InputValues};
use crate::workflow::simulate::run::GitRef;

/// What somebody asks about; what is left open is not narrowed.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// The event.
    pub event: Option<String>,
    /// The ref, whole.
    pub reference: Option<GitRef>,
    /// Inputs of a dispatch, as they are typed into its form.
    pub inputs: Vec<(String, String)>,
}

impl RunFilter {
    /// Whether runs of a trigger are asked about.
    #[must_use]
    pub fn takes(&self, trigger: &Trigger<'_>) -> bool {
        let event = self.event.as_deref().is_none_or(|event| event == trigger.event.value());
        event && self.inputs.iter().all(|(name, _)| trigger.input(name).is_some())
    }

    /// The refs that are left of those that a trigger tells apart.
    #[must_use]
    pub fn references(&self, trigger: &Trigger<'_>, start: &EventStart, told: Vec<GitRef>) -> Vec<GitRef> {
        let Some(asked) = &self.reference else { return told };
        let kind = start.kind == asked.kind || start.kind == RefKind::Unknown;
        let filter = match asked.kind {
            RefKind::Tag => &trigger.tags,
            RefKind::Branch | RefKind::PullRequest | RefKind::Unknown => &trigger.branches,
        };
        let name = RefName { beginning: &asked.beginning, whole: true };
        let listed = |list: &Option<Vec<Text<'_>>>| {
            list.as_ref().map(|list| ref_pattern::takes(list.iter().map(|text| text.value()), name) == Truth::Yes)
        };
        // On events other than a push the filter is about something else than the run's ref.
        let filtered = trigger.event.value() == "push"
            && (listed(&filter.only) == Some(false) || listed(&filter.ignore) == Some(true));
        if kind && !filtered { vec![asked.clone()] } else { Vec::new() }
    }

    /// The combinations of inputs that are left, with the asked values in the place of open ones.
    #[must_use]
    pub fn inputs(&self, trigger: &Trigger<'_>, told: Vec<InputValues>) -> Vec<InputValues> {
        told.into_iter().filter_map(|inputs| self.chosen(trigger, inputs)).collect()
    }

    /// The asked inputs that a trigger declares, by the types that it gives them.
    #[must_use]
    pub fn given(&self, trigger: &Trigger<'_>) -> InputValues {
        let given = self.inputs.iter().filter_map(|(name, text)| {
            let value = inputs::typed(trigger.input(name)?, Outcome::text(text.as_str()));
            Some((name.clone(), value))
        });
        given.collect()
    }

    fn chosen(&self, trigger: &Trigger<'_>, mut inputs: InputValues) -> Option<InputValues> {
        for ((name, text), (_, value)) in self.inputs.iter().zip(self.given(trigger)) {
            let (_, known) = inputs.iter_mut().find(|(input, _)| input.eq_ignore_ascii_case(name))?;
            match known {
                Outcome::Known(other) if coerce_text(other) != *text => return None,
                Outcome::Known(_) => {}
                Outcome::Unknown(_) => *known = value,
            }
        }
        Some(inputs)
    }
}

/// A ref as people write it: `refs/tags/v1`, `refs/heads/main`, `refs/pull/7/merge`.
#[must_use]
pub fn reference(text: &str) -> Option<GitRef> {
    [RefKind::Tag, RefKind::Branch, RefKind::PullRequest].into_iter().find_map(|kind| {
        let name = text.strip_prefix(kind.prefix()?)?;
        (!name.is_empty()).then(|| GitRef { kind, beginning: name.to_owned(), whole: true, pattern: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_ref_is_one() {
        let named = |text: &str| reference(text).map(|reference| (reference.kind, reference.beginning));
        assert_eq!(named("refs/tags/v1/a"), Some((RefKind::Tag, "v1/a".into())));
        assert_eq!(named("refs/heads/main"), Some((RefKind::Branch, "main".into())));
        assert_eq!(named("refs/pull/7/merge"), Some((RefKind::PullRequest, "7/merge".into())));
        for short in ["v1", "refs/tags/", "refs/notes/x", "tags/v1", ""] {
            assert_eq!(named(short), None, "{short}");
        }
    }
}
