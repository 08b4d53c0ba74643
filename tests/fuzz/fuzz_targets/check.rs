//! Any text as a workflow, judged whole and shown in every format: no finding points outside its file.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustpub::lint::check;
use trustpub::lint::ruleset::RuleSet;
use trustpub::read::files::Memory;
use trustpub::read::project::Project;
use trustpub::report::{self, View};

fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::builtin().expect("the built-in rules load"))
}

fuzz_target!(|data: &[u8]| {
    let mut files = Memory::default();
    files.insert(".github/workflows/release.yml", data.to_vec());
    let project = Project::load(&files, None);
    let report = check(&project, rules(), None);
    for finding in &report.findings {
        let labels = finding.labels.iter().chain(&finding.steps).chain([&finding.primary]);
        for place in labels.map(|label| label.place) {
            let source = project.source(place.file).expect("a finding has a file");
            assert!(source.text().get(place.span.range()).is_some(), "{finding:?}");
        }
    }
    let view = View { files: &project.files, prefix: "", report: &report, rules: &rules().rules };
    let mut out = Vec::new();
    report::text::write(&mut out, &view, report::text::Look { colour: true, links: true }).expect("memory takes all");
    report::oneline::write(&mut out, &view).expect("memory takes all");
    report::github::write(&mut out, &[view]).expect("memory takes all");
    report::markdown::write(&mut out, &[view]).expect("memory takes all");
    report::json::write(&mut out, &[view]).expect("memory takes all");
    report::sarif::write(&mut out, &rules().rules, &[view], &report::sarif::Options::default()).expect("memory takes all");
});
