//! What a check of a changed project can take over from the check before the change.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::lint::analysis::Analysis;
use crate::lint::findings::merge::RawFinding;
use crate::read::project::{Project, ProjectFile};
use crate::read::source::FileId;
use crate::workflow::model::Text;

/// What rules found for the subjects in workflows, except uploads.
#[derive(Debug)]
pub(crate) struct WorkflowFindings {
    pub(crate) context: RepositoryContext,
    pub(crate) list: Vec<RawFinding>,
}

/// What the rules for the jobs and steps of one workflow read of workflows that are not connected with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RepositoryContext {
    /// `github.repository`, which may come from a condition of any workflow.
    repository: Option<String>,
    /// The workflows with uploads, as a command can name them, and whether an upload waits for a release.
    uploads: BTreeSet<(FileId, Option<String>, bool)>,
    /// The publishers that some upload is compared with.
    assigned: Vec<bool>,
}

impl RepositoryContext {
    pub(crate) fn of(analysis: &Analysis<'_, '_>) -> Self {
        let uploads = analysis.uploads.iter().map(|upload| {
            let workflow = upload.site.resolved.workflow;
            let name = workflow.name.map(|name| Text::value(name).to_owned());
            (workflow.file, name, upload.runs.iter().any(|run| run.run().event == "release"))
        });
        Self {
            repository: analysis.checkout.repository.clone(),
            uploads: uploads.collect(),
            assigned: analysis.publishers.iter().map(|publisher| analysis.is_assigned(publisher)).collect(),
        }
    }
}

/// The workflow files of a project whose jobs and steps mean the same as in an earlier state of it: they are equal, and no file that is
/// connected with them has changed. None if another file than a workflow has changed.
pub(crate) fn unaffected(before: &Project, project: &Project) -> HashSet<FileId> {
    let same_tree =
        |left: &ProjectFile, right: &ProjectFile| left.file == right.file && Arc::ptr_eq(&left.tree, &right.tree);
    let same_list = |left: Option<&ProjectFile>, right: Option<&ProjectFile>| match (left, right) {
        (Some(left), Some(right)) => same_tree(left, right),
        (None, None) => true,
        _ => false,
    };
    let same_files = before.workflows.len() == project.workflows.len()
        && before.workflows.iter().zip(&project.workflows).all(|(left, right)| left.file == right.file)
        && before.files.len() == project.files.len()
        && before.files.iter().zip(&project.files).all(|(left, right)| left.path() == right.path());
    if !same_files {
        return HashSet::new();
    }
    let pairs = before.workflows.iter().zip(&project.workflows);
    let changed: Vec<FileId> =
        pairs.filter(|(left, right)| !same_tree(left, right)).map(|(_, right)| right.file).collect();
    let is_changed = |file: FileId| changed.contains(&file);
    let position = |index: usize| u32::try_from(index).map_or(FileId(u32::MAX), FileId);
    let files = before.files.iter().zip(&project.files).enumerate();
    let same_others =
        files.filter(|(index, _)| !is_changed(position(*index))).all(|(_, (left, right))| left.is_same(right))
            && before.actions.len() == project.actions.len()
            && before
                .actions
                .iter()
                .zip(&project.actions)
                .all(|(left, right)| left.folder == right.folder && same_tree(&left.document, &right.document))
            && same_list(before.config.as_ref(), project.config.as_ref())
            && same_list(before.lock.as_ref(), project.lock.as_ref())
            && before.unreadable == project.unreadable
            && before.repository_hint == project.repository_hint
            && before.remotes == project.remotes
            && before.manifests.is_same(&project.manifests)
            && before.scripts.is_same(&project.scripts, is_changed);
    if !same_others {
        return HashSet::new();
    }
    let affected: HashSet<FileId> = [before, project].into_iter().flat_map(|it| it.connected_files(&changed)).collect();
    project.workflows.iter().map(|document| document.file).filter(|file| !affected.contains(file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::engine::{check, check_again};
    use crate::lint::rules::set::RuleSet;
    use crate::read::files::MemoryFiles;
    use crate::read::project::{CONFIGS, WORKFLOWS};

    fn read(rules: &RuleSet, files: &[(String, String)], earlier: &Project) -> Project {
        let mut memory = MemoryFiles::default();
        files.iter().for_each(|(path, text)| memory.insert(path.clone(), text.clone()));
        let mut project = Project::load_again(&memory, None, earlier);
        project.load_manifests(&memory, rules.data.registries.manifests());
        project.load_scripts(&memory, &rules.data.github.shell.runs);
        project
    }

    /// The texts of a file while it is edited: without some lines, with a line more, broken, empty, with another name.
    fn edits(text: &str) -> Vec<String> {
        let lines: Vec<&str> = text.lines().collect();
        let without = |gap: usize| -> String {
            let kept = lines.iter().enumerate().filter(|(index, _)| *index != gap);
            kept.map(|(_, line)| format!("{line}\n")).collect()
        };
        let gaps = [1, lines.len() / 3, lines.len() / 2, lines.len().saturating_sub(1)];
        let others = [format!("{text}\n# end\n"), format!("name: CI\n{text}"), "on: {".to_owned(), String::new()];
        gaps.into_iter().map(without).chain(others).chain([text.to_owned()]).collect()
    }

    #[test]
    fn a_check_after_a_change_finds_what_a_new_check_finds() {
        let rules = RuleSet::load_with_examples(&[]).unwrap();
        let examples = rules.rules.iter().flat_map(|rule| {
            let [bad, good] = [true, false].map(|bad| rule.examples.iter().find(|example| example.bad == bad));
            bad.into_iter().chain(good)
        });
        let examples: Vec<_> = examples.collect();
        let (mut taken, mut all) = (0, 0);
        for pair in examples.windows(2).step_by(2) {
            let mut files: Vec<(String, String)> = Vec::new();
            for (name, example) in ["release", "other"].into_iter().zip(pair) {
                files.extend(example.files.iter().map(|(path, text)| (path.clone(), text.clone())));
                files.extend(example.config.iter().map(|text| (CONFIGS[0].to_owned(), text.clone())));
                files.push((format!("{WORKFLOWS}/{name}.yml"), example.text.clone()));
            }
            let mut project = read(&rules, &files, &Project::default());
            let (_, mut found) = check_again(&project, &rules, None, None);
            for name in ["release", "other"] {
                let path = format!("{WORKFLOWS}/{name}.yml");
                let at = files.iter().rposition(|(other, _)| *other == path).unwrap();
                for text in edits(&files[at].1.clone()) {
                    files[at].1 = text;
                    let next = read(&rules, &files, &project);
                    taken += unaffected(&project, &next).len();
                    all += next.workflows.len();
                    let (report, now) = check_again(&next, &rules, None, Some((&project, &found)));
                    let expected = check(&next, &rules, None);
                    assert_eq!(format!("{report:#?}"), format!("{expected:#?}"), "{files:#?}");
                    (project, found) = (next, now);
                }
            }
        }
        assert!(taken * 3 > all, "of {all} workflows only {taken} were not affected");
    }
}
