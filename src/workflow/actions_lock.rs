//! `.github/workflows/actions.lock`: the actions that GitHub lets a workflow run.

use std::collections::HashMap;

use crate::read::yaml::{Node, Tree};
use crate::workflow::model::action;

/// The lock file of a repository.
#[derive(Debug, Clone, Default)]
pub struct LockFile {
    /// For each workflow's path, its actions as in `uses:`.
    workflows: HashMap<String, Vec<String>>,
}

impl LockFile {
    /// Reads the file; `None` if it has a version with another structure.
    #[must_use]
    pub fn read(versions: &[String], tree: &Tree) -> Option<Self> {
        let root = tree.root().filter(|_| tree.errors().is_empty())?;
        let version = root.get("version")?.text()?;
        if !versions.iter().any(|known| known == version) {
            return None;
        }
        let actions = |node: Node<'_>| node.items().filter_map(|item| item.text().map(str::to_owned)).collect();
        let entries = root.get("workflows")?.entries();
        let workflows =
            entries.filter_map(|entry| Some((entry.key.text()?.to_owned(), actions(entry.value)))).collect();
        Some(Self { workflows })
    }

    /// Whether a workflow may run the action of a `uses:` value; `None` if the file does not list the workflow.
    #[must_use]
    pub fn allows(&self, workflow: &str, uses: &str) -> Option<bool> {
        let listed = self.workflows.get(workflow)?;
        let name = action(uses);
        // An action in a subfolder is locked with its repository.
        let repository = name.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        let reference = uses.split_once('@').map_or("", |(_, reference)| reference.trim());
        Some(listed.iter().any(|entry| {
            let (own, at) = entry.split_once('@').unwrap_or((entry, ""));
            (own.eq_ignore_ascii_case(name) || own.eq_ignore_ascii_case(&repository)) && at == reference
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::yaml::{Dialect, parse};

    #[test]
    fn only_listed_workflows_are_restricted() {
        let text = "version: v0.0.2\nworkflows:\n  a.yml: ['acme/tool@v1', 'acme/many/one@v2']\n";
        let lock = LockFile::read(&["v0.0.2".to_owned()], &parse(text, Dialect::Data)).unwrap();
        assert_eq!(lock.allows("a.yml", "Acme/tool@v1"), Some(true));
        assert_eq!(lock.allows("a.yml", "acme/tool/sub@v1"), Some(true));
        assert_eq!(lock.allows("a.yml", "acme/tool@v2"), Some(false));
        assert_eq!(lock.allows("a.yml", "acme/many/two@v2"), Some(false));
        assert_eq!(lock.allows("b.yml", "acme/tool@v2"), None);
        assert!(LockFile::read(&["v0.0.3".to_owned()], &parse(text, Dialect::Data)).is_none());
    }
}
