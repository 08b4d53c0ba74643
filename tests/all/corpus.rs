//! Thousands of real workflows: nothing crashes, every span is inside its file, and the number of findings is recorded.
//!
//! The corpus is not part of the repository. Without it these tests print `SKIPPED`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use trustpub::lint::analysis::{Analysis, ParsedProject};
use trustpub::lint::check;
use trustpub::lint::explain::proposal::proposals;
use trustpub::lint::explain::{self, RunVerdict};
use trustpub::lint::findings::{Finding, Level, NoticeKind, Report};
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::DiskFiles;
use trustpub::read::project::{CONFIGS, Project};
use trustpub::read::source::Place;
use trustpub::report::explain::ExplainPage;
use trustpub::report::init;
use trustpub::trust::upload::site::UploadTarget;

use crate::support::corpus::repositories;

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
    uploads: usize,
    undecided: BTreeMap<String, usize>,
    targets: BTreeMap<String, usize>,
    rules: BTreeMap<String, usize>,
    /// The number of repositories by their worst level, and by the number of their findings above a note.
    noise: BTreeMap<String, usize>,
}

/// The registry and the client of each upload of a project, over all its runs.
fn uploads(rules: &RuleSet, project: &Project) -> Vec<String> {
    let reading = ParsedProject::new(&rules.data.github, project);
    let (analysis, _) = Analysis::new(&rules.data, project, &reading);
    let mut all = Vec::new();
    for upload in &analysis.uploads {
        let pattern = upload.site.pattern;
        let by = pattern.and_then(|it| it.command.as_ref().or(it.action.as_ref()).or(it.workflow.as_ref()));
        let by = by.map_or("a login alone", String::as_str);
        let registries: BTreeSet<String> = upload
            .runs
            .iter()
            .map(|upload_run| match &upload_run.target {
                UploadTarget::Registry(registry, _) => registry.name.clone(),
                _ => "unknown".to_owned(),
            })
            .collect();
        all.extend(registries.into_iter().map(|registry| format!("{registry}, by {by}")));
    }
    all
}

impl Counts {
    fn add(&mut self, report: &Report) {
        self.workflows += report.workflows;
        self.uploads += report.uploads;
        for notice in report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
            let reason = notice.message.split("it depends on ").nth(1).unwrap_or(&notice.message);
            *self.undecided.entry(reason.to_owned()).or_default() += 1;
        }
        let worst = report.findings.iter().map(|finding| finding.level).max();
        let above = report.findings.iter().filter(|finding| finding.level > Level::Note).count();
        for line in [format!("worst is {}", worst.map_or("nothing", Level::word)), format!("{above} above a note")] {
            *self.noise.entry(line).or_default() += 1;
        }
        for finding in &report.findings {
            *self.rules.entry(format!("{} {} {}", finding.code, finding.name, finding.level.word())).or_default() += 1;
        }
    }

    /// The counts as TOML, in a stable order.
    fn record(&self) -> String {
        let undecided: usize = self.undecided.values().sum();
        let mut text =
            "# Made by `UPDATE=1 cargo test --test all -- corpus::`: the findings in the corpus of real workflows.\n"
                .to_owned();
        let (workflows, uploads) = (self.workflows, self.uploads);
        let _ = writeln!(text, "workflows = {workflows}\nuploads = {uploads}\nundecided = {undecided}");
        let tables = [
            ("uploads-by-client", &self.targets),
            ("findings", &self.rules),
            ("repositories", &self.noise),
            ("undecided-by-reason", &self.undecided),
        ];
        for (title, counts) in tables {
            let _ = writeln!(text, "\n[{title}]");
            for (name, count) in counts {
                let _ = writeln!(text, "\"{}\" = {count}", name.replace('\\', "\\\\").replace('"', "\\\""));
            }
        }
        text
    }
}

#[test]
fn the_corpus_has_the_recorded_findings() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let mut counts = Counts::default();
    for root in &repositories {
        let project = rules.read(&DiskFiles::new(root).unwrap());
        let report = check(&project, &rules, None);
        for finding in &report.findings {
            assert!(places(finding).all(|place| in_bounds(&project, place)), "{}: {finding:?}", root.display());
        }
        counts.add(&report);
        for upload in uploads(&rules, &project) {
            *counts.targets.entry(upload).or_default() += 1;
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus.toml");
    let record = counts.record();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, record).unwrap();
        return;
    }
    let known = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(
        known, record,
        "the counts changed; review the difference, then `UPDATE=1 cargo test --test all -- corpus::`"
    );
}

/// A repository as it is, and with the config that `init` proposes for it.
fn proposed(rules: &RuleSet, root: &Path) -> Option<(Project, Project)> {
    let bare = Project::load(&DiskFiles::new(root).unwrap(), None);
    let reading = ParsedProject::new(&rules.data.github, &bare);
    let (analysis, _) = Analysis::new(&rules.data, &bare, &reading);
    let uploads = explain::explain_uploads(&analysis, rules);
    let proposals = proposals(&uploads);
    proposals.iter().find(|proposal| proposal.open.is_none())?;
    let page = ExplainPage { files: &bare.files, prefix: "", repository: None, uploads: &uploads };
    let config = init::config(&page, init::repository(&analysis), &[], &proposals);
    drop(analysis);
    let with = Project::load(&DiskFiles::new(root).unwrap(), Some((CONFIGS[0].to_owned(), config.into_bytes())));
    Some((bare, with))
}

#[test]
fn configs_proposed_for_the_corpus_give_no_errors() {
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

/// `explain` and `check` read the same verdicts, and nothing undecided is passed over.
#[test]
fn every_undecided_upload_is_counted() {
    let Some(repositories) = repositories() else { return };
    let rules = RuleSet::builtin().unwrap();
    let mut total = 0;
    for root in &repositories {
        let project = rules.read(&DiskFiles::new(root).unwrap());
        let parsed = ParsedProject::new(&rules.data.github, &project);
        let (analysis, _) = Analysis::new(&rules.data, &project, &parsed);
        let explained = explain::explain_uploads(&analysis, &rules);
        let is_undecided = |upload: &&explain::ExplainedUpload<'_>| {
            let undecided = upload.runs.iter().any(|run| matches!(run.verdict, RunVerdict::Undecided(_)));
            undecided || upload.runs.iter().all(|run| !run.doubts.is_empty())
        };
        let expected = explained.iter().filter(is_undecided).count();
        let notices = check(&project, &rules, None).notices;
        let counted = notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided).count();
        assert_eq!(counted, expected, "{}", root.display());
        assert_eq!(counted, explained.iter().filter(|upload| upload.undecided.is_some()).count());
        total += counted;
    }
    assert!(total > 0);
}
