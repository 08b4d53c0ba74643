//! Thousands of real workflows: nothing crashes, nothing hangs, every span lies in its file, and what is found is recorded.
//!
//! The corpus stands beside the checkout and is not part of it; without it this test says so and passes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trustpub::lint::analysis::{Analysis, Reading};
use trustpub::lint::finding::{Edit, Finding, Fix, Level, NoticeKind, Report};
use trustpub::lint::fix::offer::offer;
use trustpub::lint::identity::identity;
use trustpub::lint::proposal::proposals;
use trustpub::lint::ruleset::RuleSet;
use trustpub::lint::{check, passport};
use trustpub::read::files::{Disk, Files, Memory};
use trustpub::read::project::{CONFIGS, Project};
use trustpub::read::source::{FileId, Place, Source};
use trustpub::report::explain::Page;
use trustpub::report::init;

/// No repository may take longer, even in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// The corpus, unpacked once.
fn repositories() -> Option<Vec<PathBuf>> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/workflows.tar.xz");
    if !archive.exists() {
        eprintln!("SKIPPED: there is no corpus at {}", archive.display());
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    if !folder.join("bulk").is_dir() {
        let aside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let status = std::process::Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(aside.path()).status();
        assert!(status.unwrap().success(), "`tar` could not unpack {}", archive.display());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::rename(aside.path().join("bulk"), folder.join("bulk")).unwrap();
    }
    let mut found: Vec<_> =
        std::fs::read_dir(folder.join("bulk")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    Some(found)
}

fn in_bounds(project: &Project, place: Place) -> bool {
    project.source(place.file).is_some_and(|source| source.text().get(place.span.range()).is_some())
}

fn places(finding: &Finding) -> impl Iterator<Item = Place> {
    let edits = finding.fixes.iter().flat_map(|fix| &fix.edits).map(|edit| edit.place);
    let labels = finding.labels.iter().chain(&finding.steps).chain([&finding.primary]).map(|label| label.place);
    labels.chain(edits)
}

#[derive(Default)]
struct Counts {
    workflows: usize,
    publications: usize,
    undecided: BTreeMap<String, usize>,
    rules: BTreeMap<String, usize>,
}

impl Counts {
    fn add(&mut self, report: &Report) {
        self.workflows += report.workflows;
        self.publications += report.publications;
        for notice in report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
            let reason = notice.message.split("it depends on ").nth(1).unwrap_or(&notice.message);
            *self.undecided.entry(reason.to_owned()).or_default() += 1;
        }
        for finding in &report.findings {
            *self.rules.entry(format!("{} {} {}", finding.code, finding.name, finding.level.word())).or_default() += 1;
        }
    }

    /// A TOML file, in an order of its own that no run changes.
    fn record(&self) -> String {
        let undecided: usize = self.undecided.values().sum();
        let mut text =
            "# Made by `UPDATE=1 cargo test --test corpus`: what the corpus beside this checkout gives.\n".to_owned();
        let (workflows, publications) = (self.workflows, self.publications);
        let _ = writeln!(text, "workflows = {workflows}\npublications = {publications}\nundecided = {undecided}");
        for (title, counts) in [("findings", &self.rules), ("undecided-by-reason", &self.undecided)] {
            let _ = writeln!(text, "\n[{title}]");
            for (name, count) in counts {
                let _ = writeln!(text, "\"{}\" = {count}", name.replace('\\', "\\\\").replace('"', "\\\""));
            }
        }
        text
    }
}

#[test]
fn the_corpus_is_judged_as_recorded() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let mut counts = Counts::default();
    for root in &repositories {
        let began = Instant::now();
        let project = rules.read(&Disk::new(root).unwrap());
        let report = check(&project, &rules, None);
        assert!(began.elapsed() < LONGEST, "{} took {:?}", root.display(), began.elapsed());
        for finding in &report.findings {
            assert!(places(finding).all(|place| in_bounds(&project, place)), "{}: {finding:?}", root.display());
        }
        counts.add(&report);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus.toml");
    let record = counts.record();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, record).unwrap();
        return;
    }
    let known = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(known, record, "the counts changed; judge the difference, then `UPDATE=1 cargo test --test corpus`");
}

/// A repository as it was, and with the config that is proposed for it.
fn proposed(rules: &RuleSet, root: &Path) -> Option<(Project, Project)> {
    let bare = Project::load(&Disk::new(root).unwrap(), None);
    let reading = Reading::new(&bare);
    let (analysis, _) = Analysis::new(&rules.data, &bare, &reading);
    let uploads = passport::passports(&analysis);
    let proposals = proposals(&uploads);
    proposals.iter().find(|proposal| proposal.open.is_none())?;
    let page = Page { files: &bare.files, prefix: "", repository: None, uploads: &uploads };
    let config = init::config(&page, init::repository(&analysis), &proposals);
    drop(analysis);
    let with = Project::load(&Disk::new(root).unwrap(), Some((CONFIGS[0].to_owned(), config.into_bytes())));
    Some((bare, with))
}

#[test]
fn what_is_proposed_for_the_corpus_is_accepted() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let said = |project: &Project| -> Vec<String> {
        let report = check(project, &rules, None);
        let problems = report.problems.iter().map(|problem| problem.message.clone());
        let loud = report.findings.iter().filter(|finding| finding.level > Level::Note);
        problems.chain(loud.map(|finding| format!("{} {}", finding.name, finding.subject))).collect()
    };
    let mut wrong = Vec::new();
    for root in &repositories {
        let Some((bare, with)) = proposed(&rules, root) else { continue };
        let before = said(&bare);
        let new = said(&with).into_iter().filter(|finding| !before.contains(finding));
        wrong.extend(new.map(|finding| format!("{}: {finding}", root.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A project after a fix, made here by hand in a copy of its files.
fn mended(project: &Project, rules: &RuleSet, fix: &Fix) -> Project {
    let mut copy = Memory::default();
    for source in &project.files {
        copy.insert(source.path(), source.text());
    }
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.place));
    for edit in edits {
        let path = project.source(edit.place.file).unwrap().path();
        let mut text = String::from_utf8(copy.read(path).unwrap()).unwrap();
        text.replace_range(edit.place.span.range(), &edit.text);
        copy.insert(path, text);
    }
    rules.read(&copy)
}

/// The lines of a file that a fix touches, and none that another edit made different.
fn touches_only_its_lines(old: &Source, new: &Source, fix: &Fix, file: FileId) -> bool {
    let edits: Vec<&Edit> = fix.edits.iter().filter(|edit| edit.place.file == file).collect();
    let touched = |index: usize| {
        let line = u32::try_from(index + 1).unwrap();
        edits.iter().any(|edit| {
            let span = edit.place.span;
            (old.line_at(span.start)..=old.line_at(span.end)).contains(&line)
        })
    };
    let new_lines: usize = edits.iter().map(|edit| edit.text.matches('\n').count() + 1).sum();
    let diff = similar::TextDiff::from_lines(old.text(), new.text());
    let mut added = 0;
    let inside = diff.iter_all_changes().all(|change| match change.tag() {
        similar::ChangeTag::Delete => touched(change.old_index().unwrap()),
        similar::ChangeTag::Insert => {
            added += 1;
            true
        }
        similar::ChangeTag::Equal => true,
    });
    inside && added <= new_lines
}

/// How often each finding above note is there, without its place.
fn loud(project: &Project, report: &Report) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.level > Level::Note) {
        let path = project.source(finding.primary.place.file).unwrap().path();
        *counts.entry(identity(finding, path)).or_default() += 1;
    }
    counts
}

#[test]
fn every_fix_that_is_offered_cures_its_finding_and_nothing_else_changes() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let mut offered: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for root in &repositories {
        let project = rules.read(&Disk::new(root).unwrap());
        let report = offer(&project, &rules, None);
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
