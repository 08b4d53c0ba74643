//! References to other files of the repository: `uses: ./…` and `uses: $/…`. It never leaves the repository's root.

use crate::read::yaml::Tree;

/// The most actions of its own that are read of one repository.
const MOST_ACTIONS: usize = 200;

/// The path below the root that a `uses:` names; `None` for one that names another repository or leaves this one.
#[must_use]
pub fn path(uses: &str) -> Option<String> {
    let rest = uses.trim().strip_prefix("./").or_else(|| uses.trim().strip_prefix("$/"))?;
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folders of the actions that the steps of a workflow or of an action use, in the order of the file.
#[must_use]
pub fn actions(tree: &Tree) -> Vec<String> {
    let Some(root) = tree.root() else { return Vec::new() };
    let jobs = root.get("jobs").into_iter().flat_map(|jobs| jobs.entries().map(|entry| entry.value));
    let owners = jobs.chain(root.get("runs"));
    let steps = owners.filter_map(|owner| owner.get("steps")).flat_map(|steps| steps.items().collect::<Vec<_>>());
    steps.filter_map(|step| path(step.get("uses")?.text()?)).collect()
}

/// Folders of actions that are still to be read, each once.
#[derive(Debug, Default)]
pub struct ActionQueue {
    known: Vec<String>,
    next: usize,
}

impl ActionQueue {
    /// Adds what a file uses.
    pub fn add(&mut self, tree: &Tree) {
        for folder in actions(tree) {
            if self.known.len() < MOST_ACTIONS && !self.known.contains(&folder) {
                self.known.push(folder);
            }
        }
    }

    /// Takes the next folder.
    pub fn take(&mut self) -> Option<String> {
        let folder = self.known.get(self.next).cloned();
        self.next += 1;
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_within_the_repository_count() {
        for (uses, expected) in [
            ("./.github/actions/publish", Some(".github/actions/publish")),
            ("$/.github/workflows/publish.yml", Some(".github/workflows/publish.yml")),
            ("./", Some("")),
            ("./a/../b//c/.", Some("b/c")),
            ("./../../etc", None),
            ("./a/../../b", None),
            ("../a", None),
            ("acme/demo@v1", None),
            ("acme/demo/.github/workflows/publish.yml@v1", None),
        ] {
            assert_eq!(path(uses).as_deref(), expected, "{uses}");
        }
    }
}
