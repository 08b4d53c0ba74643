//! Accounts and first configs over every example of every rule: what is explained is what is judged, and what is proposed is accepted.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use trustpub::lint::analysis::{Analysis, Reading};
use trustpub::lint::check;
use trustpub::lint::finding::{Level, Report};
use trustpub::lint::passport::{self, Verdict};
use trustpub::lint::proposal::proposals;
use trustpub::lint::rule::Example;
use trustpub::lint::ruleset::RuleSet;
use trustpub::read::files::Memory;
use trustpub::read::project::{CONFIGS, Project};
use trustpub::report::{explain, init};

/// The rules whose errors are refusals of an upload for what its token and its record say.
const REFUSALS: [&str; 6] = [
    "missing-id-token",
    "workflow-mismatch",
    "environment-mismatch",
    "repository-mismatch",
    "refused-trigger",
    "foreign-workflow",
];

fn rules() -> RuleSet {
    RuleSet::builtin().unwrap_or_else(|problems| panic!("{}", problems.join("\n")))
}

/// Every example with its rule's name and its own.
fn examples(rules: &RuleSet) -> impl Iterator<Item = (String, &Example)> {
    rules.rules.iter().flat_map(|rule| {
        rule.examples.iter().map(move |example| (format!("{} / {}", rule.name, example.name), example))
    })
}

/// An example's project, with another config than its own if one is given.
fn project(rules: &RuleSet, example: &Example, config: Option<&str>) -> Project {
    let mut files = Memory::default();
    for (path, text) in &example.files {
        files.insert(path.clone(), text.clone());
    }
    files.insert(trustpub::lint::example::WORKFLOW, example.text.clone());
    if let Some(config) = config {
        files.insert(CONFIGS[0], config);
    }
    rules.read(&files)
}

fn uploads(rules: &RuleSet, project: &Project, look: impl FnOnce(&Analysis<'_, '_>, &[passport::Upload<'_>])) {
    let reading = Reading::new(&rules.data.github, project);
    let (analysis, _) = Analysis::new(&rules.data, project, &reading);
    look(&analysis, &passport::passports(&analysis));
}

#[test]
fn what_is_explained_is_what_is_judged() {
    let rules = rules();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (name, example) in examples(&rules) {
        let project = project(&rules, example, example.config.as_deref());
        let report = check(&project, &rules, None);
        let errors =
            report.findings.iter().filter(|it| it.level == Level::Error && REFUSALS.contains(&it.name.as_str()));
        let errors: Vec<_> = errors.collect();
        uploads(&rules, &project, |_, uploads| {
            for upload in uploads {
                let refusals =
                    upload.passports.iter().filter(|it| matches!(it.verdict, Verdict::Refused { .. })).count();
                refused += refusals;
                let job = format!("job `{}`", upload.job);
                let accused = errors.iter().any(|it| it.steps.iter().any(|step| step.place == upload.place));
                if accused && refusals == 0 {
                    wrong.push(format!("{name}: {job} has an error and no refusal"));
                }
                if refusals == upload.passports.len() && refusals > 0 && !accused && report.suppressed.is_empty() {
                    let said: BTreeSet<&str> = report.findings.iter().map(|it| it.name.as_str()).collect();
                    // Another rule may name the cause instead, and a trial may fail.
                    if said.is_empty() && !example.text.contains("continue-on-error") {
                        wrong.push(format!("{name}: {job} is refused and nothing is said"));
                    }
                }
            }
        });
    }
    assert!(refused > 10, "hardly any example is refused");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Everything above a note, without its place: a config shifts nothing.
fn said(report: &Report) -> BTreeSet<(String, String)> {
    // A record can settle what a waiver was for.
    let loud = report.findings.iter().filter(|it| it.level > Level::Note && it.name != "unused-waiver");
    loud.map(|finding| (finding.name.clone(), finding.subject.clone())).collect()
}

#[test]
fn what_is_proposed_is_accepted() {
    let rules = rules();
    let (mut wrong, mut records) = (Vec::new(), 0);
    for (name, example) in examples(&rules) {
        let bare = project(&rules, example, None);
        let mut config = String::new();
        uploads(&rules, &bare, |analysis, uploads| {
            let proposals = proposals(uploads);
            records += proposals.iter().filter(|it| it.open.is_none()).count();
            let page = explain::Page { files: &bare.files, prefix: "", repository: None, uploads };
            config = init::config(&page, init::repository(analysis), &[], &proposals);
        });
        let report = check(&project(&rules, example, Some(&config)), &rules, None);
        wrong.extend(report.problems.iter().map(|problem| format!("{name}: {}\n{config}", problem.message)));
        let before = said(&check(&bare, &rules, None));
        wrong.extend(
            said(&report).difference(&before).map(|(rule, subject)| format!("{name}: {rule} {subject}\n{config}")),
        );
    }
    assert!(records > 50, "hardly any record is proposed");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_that_a_caller_keeps_back_names_the_caller_s_condition() {
    let rules = rules();
    let mut files = Memory::default();
    let caller = "on: push\njobs:\n  first:\n    if: github.ref_type == 'tag'\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n  release:\n    needs: first\n    permissions: { id-token: write }\n    uses: ./.github/workflows/upload.yml\n  nightly:\n    if: github.ref == 'refs/heads/main'\n    permissions: { id-token: write }\n    uses: ./.github/workflows/upload.yml\n";
    let called = "on: workflow_call\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps: [{ run: uv publish }]\n";
    files.insert(".github/workflows/ci.yml", caller.as_bytes());
    files.insert(".github/workflows/upload.yml", called.as_bytes());
    let project = Project::load(&files, None);
    uploads(&rules, &project, |_, uploads| {
        let missed = uploads.iter().flat_map(|upload| &upload.missed);
        let told: Vec<String> = missed
            .filter_map(|missed| missed.stop.as_ref())
            .map(|stop| {
                format!("{} {}: {}", stop.kind.word(), stop.name, stop.condition.as_deref().unwrap_or_default())
            })
            .collect();
        assert_eq!(told, ["job first: github.ref_type == 'tag'", "caller nightly: github.ref == 'refs/heads/main'"]);
    });
}
