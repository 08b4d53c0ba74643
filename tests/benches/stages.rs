//! Times each stage of a check on the test projects: `cargo bench`. `peers` and `growth` time whole programs.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use divan::{Bencher, black_box};
use trustpub::lint::check;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;
use trustpub::read::shell::{self, Shell};
use trustpub::read::yaml::{self, Dialect};
use trustpub::report::ReportView;
use trustpub::report::format::{ReportOptions, find};
use trustpub::workflow::expression::Condition;

const FAULTS: &str = include_str!("../projects/faults/.github/workflows/publish.yml");
const CONFIG: &str = include_str!("../projects/faults/.github/trustpub.yaml");
const SCRIPT: &str = "set -euo pipefail\nif [ -n \"$TAG\" ]; then\n  python -m build --outdir dist .\nfi\ntwine check dist/*\nuv publish \
                      --trusted-publishing always dist/*.whl dist/*.tar.gz\n";
const CONDITION: &str =
    "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v') && !contains(github.ref, 'rc')";

fn main() {
    divan::main();
}

fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::builtin().unwrap())
}

fn project() -> Project {
    let mut files = MemoryFiles::default();
    files.insert(".github/workflows/publish.yml", FAULTS);
    files.insert(".github/trustpub.yaml", CONFIG);
    Project::load(&files, None)
}

/// The cost of every start before the first workflow is read.
#[divan::bench]
fn rules_are_loaded() -> RuleSet {
    RuleSet::builtin().unwrap()
}

#[divan::bench]
fn yaml_is_read(bencher: Bencher<'_, '_>) {
    bencher
        .counter(divan::counter::BytesCount::of_str(FAULTS))
        .bench(|| yaml::parse(black_box(FAULTS), Dialect::Workflow));
}

#[divan::bench]
fn a_script_is_read(bencher: Bencher<'_, '_>) {
    bencher
        .counter(divan::counter::BytesCount::of_str(SCRIPT))
        .bench(|| shell::parse(black_box(SCRIPT), Shell::Posix).commands.len());
}

#[divan::bench]
fn a_condition_is_read() -> bool {
    Condition::parse(black_box(CONDITION)).is_ok()
}

#[divan::bench]
fn a_project_is_judged(bencher: Bencher<'_, '_>) {
    let project = project();
    rules();
    bencher.bench(|| check(black_box(&project), rules(), None));
}

#[divan::bench]
fn a_log_is_written(bencher: Bencher<'_, '_>) {
    let project = project();
    let report = check(&project, rules(), None);
    let view = ReportView { files: &project.files, prefix: "", report: &report, rules: &rules().rules };
    bencher.bench(|| {
        let mut log = Vec::new();
        find("sarif").unwrap().write(&mut log, &[black_box(view)], &ReportOptions::default(), &[]).unwrap();
        log
    });
}
