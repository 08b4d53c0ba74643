//! Restricts the simulated runs to an event, a ref and inputs (`explain --event --ref --input`).

use crate::workflow::expression::{Outcome, Truth, coerce_text};
use crate::workflow::github::{EventStart, RefKind};
use crate::workflow::model::{Text, Trigger};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::simulate::inputs::{self, InputValues};
use crate::workflow::simulate::trigger_start::GitRef;

/// Criteria for simulated runs. An absent criterion does not restrict.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub event: Option<String>,
    /// The full ref.
    pub reference: Option<GitRef>,
    /// Inputs of `workflow_dispatch`, as typed into its form.
    pub inputs: Vec<(String, String)>,
}

impl RunFilter {
    /// Whether runs of this trigger match the event and have all inputs.
    #[must_use]
    pub fn matches(&self, trigger: &Trigger<'_>) -> bool {
        let event = self.event.as_deref().is_none_or(|event| event == trigger.event.value());
        event && self.inputs.iter().all(|(name, _)| trigger.input(name).is_some())
    }

    /// The refs of a trigger that match the filter.
    #[must_use]
    pub fn references(&self, trigger: &Trigger<'_>, start: &EventStart, candidates: Vec<GitRef>) -> Vec<GitRef> {
        let Some(wanted) = &self.reference else { return candidates };
        let kind = start.kind == wanted.kind || start.kind == RefKind::Unknown;
        let filter = match wanted.kind {
            RefKind::Tag => &trigger.tags,
            RefKind::Branch | RefKind::PullRequest | RefKind::Unknown => &trigger.branches,
        };
        let name = RefName { prefix: &wanted.prefix, complete: true };
        let listed = |list: &Option<Vec<Text<'_>>>| {
            list.as_ref().map(|list| ref_pattern::matches_any(list.iter().map(|text| text.value()), name) == Truth::Yes)
        };
        // For events other than `push`, `branches:` does not filter by the run's ref.
        let filtered = trigger.event.value() == "push"
            && (listed(&filter.only) == Some(false) || listed(&filter.ignore) == Some(true));
        if kind && !filtered { vec![wanted.clone()] } else { Vec::new() }
    }

    /// The combinations of inputs that match the filter; it also replaces unknown values.
    #[must_use]
    pub fn inputs(&self, trigger: &Trigger<'_>, candidates: Vec<InputValues>) -> Vec<InputValues> {
        candidates.into_iter().filter_map(|inputs| self.narrow(trigger, inputs)).collect()
    }

    /// The filter's inputs that a trigger declares, converted to their declared types.
    #[must_use]
    pub fn typed_inputs(&self, trigger: &Trigger<'_>) -> InputValues {
        let typed = self.inputs.iter().filter_map(|(name, text)| {
            let value = inputs::typed(trigger.input(name)?, Outcome::text(text.as_str()));
            Some((name.clone(), value))
        });
        typed.collect()
    }

    fn narrow(&self, trigger: &Trigger<'_>, mut inputs: InputValues) -> Option<InputValues> {
        for ((name, text), (_, value)) in self.inputs.iter().zip(self.typed_inputs(trigger)) {
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

/// Parses a full ref: `refs/tags/v1`, `refs/heads/main`, `refs/pull/7/merge`.
#[must_use]
pub(crate) fn parse_ref(text: &str) -> Option<GitRef> {
    [RefKind::Tag, RefKind::Branch, RefKind::PullRequest].into_iter().find_map(|kind| {
        let name = text.strip_prefix(kind.prefix()?)?;
        (!name.is_empty()).then(|| GitRef::named(kind, name.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_refs_parse() {
        let named = |text: &str| parse_ref(text).map(|reference| (reference.kind, reference.prefix));
        assert_eq!(named("refs/tags/v1/a"), Some((RefKind::Tag, "v1/a".into())));
        assert_eq!(named("refs/heads/main"), Some((RefKind::Branch, "main".into())));
        assert_eq!(named("refs/pull/7/merge"), Some((RefKind::PullRequest, "7/merge".into())));
        for short in ["v1", "refs/tags/", "refs/notes/x", "tags/v1", ""] {
            assert_eq!(named(short), None, "{short}");
        }
    }
}
