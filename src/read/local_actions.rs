//! References to other files of the repository: `uses: ./…` and `uses: $/…`.

use crate::read::path;
use crate::read::yaml::Tree;

/// The maximum number of local actions that are read in one repository.
const MOST_ACTIONS: usize = 200;

/// The path that a local `uses:` names. `None` if it names another repository or a path outside this one.
#[must_use]
pub(crate) fn local_path(uses: &str) -> Option<String> {
    path::resolve("", after_root(uses)?.trim_end().trim_start_matches('/'))
}

/// The rest of a text that begins with the root of the repository, `./` or `$/`.
fn after_root(text: &str) -> Option<&str> {
    let text = text.trim_start();
    text.strip_prefix("./").or_else(|| text.strip_prefix("$/"))
}

/// The folders of the local actions that the steps of a workflow or of an action use, in the order of the file.
#[must_use]
pub(crate) fn actions(tree: &Tree) -> Vec<String> {
    // Few files have a scalar that begins like a local path, which is seen faster than all steps.
    let may_begin = |first: u8| !first.is_ascii_alphanumeric();
    let has_path = || tree.scalars_from(may_begin).any(|text| after_root(text).is_some());
    let Some(root) = tree.root().filter(|_| has_path()) else { return Vec::new() };
    let jobs = root.get("jobs").into_iter().flat_map(|jobs| jobs.entries().map(|entry| entry.value));
    let owners = jobs.chain(root.get("runs"));
    let steps = owners.filter_map(|owner| owner.get("steps")).flat_map(|steps| steps.items().collect::<Vec<_>>());
    steps.filter_map(|step| local_path(step.get("uses")?.text()?)).collect()
}

/// The folders of local actions that remain to be read, each once.
#[derive(Debug, Default)]
pub struct ActionQueue {
    known: Vec<String>,
    next: usize,
}

impl ActionQueue {
    /// Adds the actions that a file uses.
    pub(crate) fn add(&mut self, tree: &Tree) {
        for folder in actions(tree) {
            if self.known.len() < MOST_ACTIONS && !self.known.contains(&folder) {
                self.known.push(folder);
            }
        }
    }

    pub(crate) fn take(&mut self) -> Option<String> {
        let folder = self.known.get(self.next).cloned();
        self.next += 1;
        folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_path_stays_inside_the_repository() {
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
            assert_eq!(local_path(uses).as_deref(), expected, "{uses}");
        }
    }
}
