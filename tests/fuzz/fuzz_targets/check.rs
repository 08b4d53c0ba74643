//! Any text as a workflow, judged whole and shown in every format: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::lint::check;
use trustpub::report::{self, ReportView};
use trustpub_fuzz::judged::{assert_places_lie_in_their_files, project, rules};

fuzz_target!(|data: &[u8]| {
    let project = project(&[(".github/workflows/release.yml", data)]);
    let report = check(&project, rules(), None);
    assert_places_lie_in_their_files(&project, &report);
    let view = ReportView { files: &project.files, prefix: "", report: &report, rules: &rules().rules };
    let mut out = Vec::new();
    report::text::write(&mut out, &view, report::text::Look { colour: true, links: true }).expect("memory takes all");
    report::oneline::write(&mut out, &view).expect("memory takes all");
    report::github::write(&mut out, &[view]).expect("memory takes all");
    report::markdown::write(&mut out, &[view]).expect("memory takes all");
    report::json::write(&mut out, &[view]).expect("memory takes all");
    report::sarif::write(&mut out, &rules().rules, &[view], &report::sarif::Options::default())
        .expect("memory takes all");
});
