//! Reads the `fix` of a rule file.

use crate::lint::facts;
use crate::lint::fix::{FixAction, FixTarget, FixTemplate, TARGETS};
use crate::lint::rules::MessageTemplate;
use crate::lint::rules::load::RuleLoader;
use crate::lint::subjects::SubjectKind;
use crate::read::problem::suggestion;
use crate::read::yaml::{MappingEntry, Node};

/// The keys of a fix.
pub const KEYS: [&str; 7] = ["title", "safety", "when", "set", "remove", "rename", "repin"];

/// Makes an action from its target and its new text.
type ActionMaker = fn(FixTarget, MessageTemplate) -> FixAction;

impl RuleLoader<'_> {
    /// The fix templates of a rule: one, or a list of which the first that works is offered.
    pub(crate) fn fixes(&mut self, root: Node<'_>, kind: Option<SubjectKind>) -> Vec<FixTemplate> {
        let Some(node) = root.get("fix") else { return Vec::new() };
        let nodes: Vec<_> = if node.is_sequence() { node.items().collect() } else { vec![node] };
        nodes.into_iter().filter_map(|node| self.fix(node, kind)).collect()
    }

    fn fix(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<FixTemplate> {
        if !node.is_mapping() {
            return self.refuse(node, "a fix is a mapping with `title`, `safety` and what to change");
        }
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !KEYS.contains(&key) {
                self.problem(entry.key.span(), format!("a fix has no key `{key}`{}", suggestion(key, KEYS)));
            }
        }
        let Some(title) = node.get("title") else {
            return self.refuse(node, "the fix has no `title`, which says what it does");
        };
        let title = self.template(title, kind)?;
        if node.get("safety").is_none() {
            return self.refuse(
                node,
                "the fix has no `safety`: `safe` if it changes nothing besides the fault, else `unsafe`",
            );
        }
        let safe = self.one_of(node, "safety", &["safe", "unsafe"], "unsafe") == "safe";
        let when = self.conditions(node, "when", kind);
        let actions = self.actions(node, kind);
        if actions.is_empty() {
            return self.refuse(node, "the fix changes nothing; give it one of `set`, `remove`, `rename`, `repin`");
        }
        Some(FixTemplate { title, safe, when, actions })
    }

    fn actions(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Vec<FixAction> {
        let mut actions = Vec::new();
        if let Some(removed) = node.get("remove") {
            let names: Vec<_> = if removed.is_sequence() { removed.items().collect() } else { vec![removed] };
            for name in names {
                actions.extend(self.target(name, kind).map(FixAction::Remove));
            }
        }
        let makers: [(&str, ActionMaker); 3] =
            [("set", FixAction::Set), ("rename", FixAction::Rename), ("repin", FixAction::Repin)];
        for (key, make) in makers {
            let Some(lines) = node.get(key) else { continue };
            if !lines.is_mapping() {
                self.problem(lines.span(), format!("`{key}` is a mapping from what is changed to its new text"));
            }
            let pair = |loader: &mut Self, line: MappingEntry<'_>| {
                Some(make(loader.target(line.key, kind)?, loader.template(line.value, kind)?))
            };
            let made: Vec<_> = lines.entries().filter_map(|line| pair(self, line)).collect();
            actions.extend(made);
        }
        actions
    }

    /// What a change applies to: a row of the table of targets, else a fact.
    fn target(&mut self, node: Node<'_>, kind: Option<SubjectKind>) -> Option<FixTarget> {
        let name = node.text().unwrap_or_default();
        let Some((line, part)) = FixTarget::line(name) else {
            if facts::spec(name).is_none() {
                let known = TARGETS.iter().map(|line| line.0).chain(facts::all().map(|spec| spec.name));
                let known: Vec<_> = known.collect();
                let message = format!("nothing is called `{name}` that could be changed{}", suggestion(name, known));
                return self.refuse(node, &message);
            }
            return self.fact_name(node, kind).map(FixTarget::Fact);
        };
        if kind.is_some_and(|kind| !line.1.contains(&kind)) {
            let subject = kind.map_or("", SubjectKind::word);
            return self.refuse(node, &format!("a `{subject}` has no `{}` that could be changed", line.0));
        }
        let facts: Vec<_> = MessageTemplate::parse(part).facts().map(str::to_owned).collect();
        let known = facts.iter().all(|name| self.known_fact(name, node.span(), kind));
        known.then(|| FixTarget::parse(name))
    }
}
