//! Reads the `examples` of a rule file.

use crate::lint::rules::load::{RuleLoader, first};
use crate::lint::rules::{Rule, RuleExample};
use crate::read::problem::suggestion;
use crate::read::source::Place;
use crate::read::yaml::Node;

/// The keys of an example.
const KEYS: [&str; 6] = ["name", "bad", "fixed", "good", "files", "config"];

impl RuleLoader<'_> {
    /// The examples of a rule.
    pub(crate) fn examples(&mut self, root: Node<'_>) -> Vec<RuleExample> {
        let Some(node) = root.get("examples") else { return Vec::new() };
        node.items().filter_map(|item| self.example(item)).collect()
    }

    fn example(&mut self, node: Node<'_>) -> Option<RuleExample> {
        for entry in node.entries() {
            let key = entry.key.text().unwrap_or_default();
            if !KEYS.contains(&key) {
                self.problem(entry.key.span(), format!("an example has no key `{key}`{}", suggestion(key, KEYS)));
            }
        }
        let (bad, good) = (node.get("bad"), node.get("good"));
        let shown = bad.or(good);
        let Some(shown) = shown.filter(|_| bad.is_none() || good.is_none()) else {
            return self.refuse(node, "an example is either `bad` or `good`");
        };
        let files = node.get("files").into_iter().flat_map(Node::entries);
        Some(RuleExample {
            name: node.get("name").and_then(Node::text).unwrap_or_default().to_owned(),
            bad: bad.is_some(),
            text: shown.text().unwrap_or_default().to_owned(),
            fixed: node.get("fixed").and_then(Node::text).map(str::to_owned),
            files: files
                .filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.value.text()?.to_owned())))
                .collect(),
            config: node.get("config").and_then(Node::text).map(str::to_owned),
            place: Place { file: self.file, span: shown.span() },
        })
    }

    /// Checks that a rule has an example of each kind and one for its fix.
    pub(crate) fn examples_are_whole(&mut self, root: Node<'_>, rule: &Rule) {
        for (wanted, has) in
            [("bad", rule.examples.iter().any(|it| it.bad)), ("good", rule.examples.iter().any(|it| !it.bad))]
        {
            if !has {
                let span = root.entry("examples").map_or_else(|| first(root), |entry| entry.key.span());
                self.problem(
                    span,
                    format!("the rule has no `{wanted}` example; examples are its tests and its documentation"),
                );
            }
        }
        if !rule.fixes.is_empty() && !rule.examples.iter().any(|example| example.fixed.is_some()) {
            let span = root.entry("fix").map_or_else(|| first(root), |entry| entry.key.span());
            self.problem(
                span,
                "no example shows what the fix does; give a `bad` one the text of its file after it as `fixed`",
            );
        }
    }
}
