//! Fixes on thousands of real workflows: each fix removes its finding and changes nothing else, and every kind of edit keeps the
//! meaning of the rest of the file.

use std::collections::BTreeMap;

use trustpub::lint::check;
use trustpub::lint::findings::fingerprint::identity;
use trustpub::lint::findings::{Finding, Fix, FixEdit, Level, Report};
use trustpub::lint::fix::OfferedFixes;
use trustpub::lint::fix::verify::check_with_fixes;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::edit::{EditValue, NodeChange, PathSegment, edited};
use trustpub::read::files::{DiskFiles, Files, MemoryFiles};
use trustpub::read::project::Project;
use trustpub::read::source::{FileId, SourceFile};
use trustpub::read::yaml::{Dialect, Node, Tree, parse};

use crate::support::corpus::repositories;

/// The project after a fix, applied to a copy of its files.
fn mended(project: &Project, rules: &RuleSet, fix: &Fix) -> Project {
    let mut copy = MemoryFiles::default();
    for source in &project.files {
        copy.insert(source.path(), source.text());
    }
    let mut edits: Vec<&FixEdit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place));
    for edit in edits {
        let path = project.source(edit.place.file).unwrap().path();
        let mut text = String::from_utf8(copy.read(path).unwrap()).unwrap();
        text.replace_range(edit.place.span.range(), &edit.text);
        copy.insert(path, text);
    }
    rules.read(&copy)
}

/// Whether two texts differ only in the lines that a fix edits. A diff cannot distinguish equal lines, so only their number counts.
fn touches_only_its_lines(old: &SourceFile, new: &SourceFile, fix: &Fix, file: FileId) -> bool {
    let edits = fix.edits.iter().filter(|edit| edit.place.file == file);
    let line = |edit: &FixEdit| (old.line_at(edit.place.span.end) - old.line_at(edit.place.span.start) + 1) as usize;
    let (gone, come) =
        edits.fold((0, 0), |(gone, come), edit| (gone + line(edit), come + edit.text.matches('\n').count() + 1));
    let diff = similar::TextDiff::from_lines(old.text(), new.text());
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    count(similar::ChangeTag::Delete) <= gone && count(similar::ChangeTag::Insert) <= come
}

/// The number of findings above a note by rule and subject, without their places.
fn loud(project: &Project, report: &Report) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.level > Level::Note) {
        let path = project.source(finding.primary.place.file).unwrap().path();
        *counts.entry(identity(finding, path)).or_default() += 1;
    }
    counts
}

#[test]
fn every_fix_removes_its_finding_and_changes_nothing_else() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let mut offered: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for root in &repositories {
        let project = rules.read(&DiskFiles::new(root).unwrap());
        let report = check_with_fixes(&project, &rules, None, OfferedFixes::All);
        let before = loud(&project, &report);
        let same = |other: &Report, finding: &Finding| {
            let alike =
                |it: &&Finding| (&it.code, &it.subject, &it.fact) == (&finding.code, &finding.subject, &finding.fact);
            other.findings.iter().filter(alike).count()
        };
        for finding in &report.findings {
            let counts = offered.entry(format!("{} {}", finding.code, finding.name)).or_default();
            counts[1] += 1;
            for fix in &finding.fixes {
                counts[0] += 1;
                let told = format!("{}: {} [{}]", root.display(), fix.title, finding.name);
                let after = mended(&project, &rules, fix);
                let judged = check(&after, &rules, None);
                assert!(
                    after
                        .workflows
                        .iter()
                        .zip(&project.workflows)
                        .all(|(new, old)| new.tree.errors().len() <= old.tree.errors().len()),
                    "{told}"
                );
                assert!(same(&judged, finding) < same(&report, finding), "the finding stays: {told}");
                for (id, count) in loud(&after, &judged) {
                    assert!(count <= before.get(&id).copied().unwrap_or(0), "something new is found: {told}");
                }
                for (index, (old, new)) in project.files.iter().zip(&after.files).enumerate() {
                    assert_eq!(old.path(), new.path());
                    let file = FileId(u32::try_from(index).unwrap());
                    assert!(touches_only_its_lines(old, new, fix, file), "other lines changed: {told}");
                }
            }
        }
    }
    for (rule, [cured, found]) in offered.iter().filter(|(_, [cured, _])| *cured > 0) {
        eprintln!("{rule}: {cured} of {found} findings have a fix");
    }
    assert!(offered.values().any(|[cured, _]| *cured > 0), "no fix was tried");
}

fn key(name: &str) -> PathSegment {
    PathSegment::Key(name.to_owned())
}

/// Each kind of edit that fixes make, for every job and step of a workflow.
fn changes(tree: &Tree) -> Vec<NodeChange> {
    let mut changes = Vec::new();
    let jobs = tree.root().and_then(|root| root.get("jobs"));
    for job in jobs.into_iter().flat_map(Node::entries) {
        let base = [key("jobs"), key(job.key.text().unwrap_or_default())];
        let at = |more: &[PathSegment]| [&base[..], more].concat();
        let set =
            |path, text: &str| NodeChange::Set { path, value: EditValue::Text(text.to_owned()), after: &["runs-on"] };
        changes.push(set(at(&[key("permissions"), key("id-token")]), "write"));
        for scope in job.value.get("permissions").into_iter().flat_map(Node::entries) {
            let path = at(&[key("permissions"), key(scope.key.text().unwrap_or_default())]);
            changes.push(NodeChange::Remove { path, keep: true });
        }
        let steps: Vec<_> = job.value.get("steps").into_iter().flat_map(Node::items).collect();
        for (index, step) in steps.iter().enumerate() {
            let step_at = |more: &[PathSegment]| at(&[&[key("steps"), PathSegment::Item(index)], more].concat());
            changes.push(set(step_at(&[key("env"), key("ADDED")]), "it's: #1"));
            changes.extend((steps.len() > 1).then(|| NodeChange::Remove { path: step_at(&[]), keep: false }));
            for input in step.get("with").into_iter().flat_map(Node::entries) {
                let path = step_at(&[key("with"), key(input.key.text().unwrap_or_default())]);
                changes.push(NodeChange::Remove { path, keep: false });
            }
        }
    }
    changes
}

#[test]
fn edits_of_real_workflows_keep_the_rest_of_the_file() {
    let Some(repositories) = repositories() else { return };
    // Every fortieth workflow: each edit is parsed again, and all workflows would take minutes.
    let workflows = repositories.iter().flat_map(|root| {
        let project = Project::load(&DiskFiles::new(root).unwrap(), None);
        let texts = project.workflows.iter().filter_map(|document| project.source(document.file));
        texts.map(|source| source.text().to_owned()).collect::<Vec<_>>()
    });
    let (mut made, mut refused) = (0, 0);
    for text in workflows.step_by(40) {
        let tree = parse(&text, Dialect::Workflow);
        for change in changes(&tree).into_iter().filter(|_| tree.errors().is_empty()) {
            // Refuses an edit whose result does not parse to the intended tree.
            match edited(&text, &tree, Dialect::Workflow, std::slice::from_ref(&change)) {
                Some(_) => made += 1,
                None => refused += 1,
            }
        }
    }
    eprintln!("{made} edits made, {refused} refused");
    assert!(made > 1000 && refused * 200 < made, "{refused} of {} edits are refused", made + refused);
}
