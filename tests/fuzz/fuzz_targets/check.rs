//! Any text as a workflow, checked and reported in every format: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::lint::check;
use trustpub::report::ReportView;
use trustpub::report::format::{FORMATS, ReportOptions};
use trustpub_fuzz::judged::{assert_places_lie_in_their_files, project, rules};

fuzz_target!(|data: &[u8]| {
    let project = project(&[(".github/workflows/release.yml", data)]);
    let report = check(&project, rules(), None);
    assert_places_lie_in_their_files(&project, &report);
    let view = ReportView { files: &project.files, prefix: "", report: &report, rules: &rules().rules };
    let options =
        ReportOptions { colour: true, links: true, verbose: true, suppressed: true, ..ReportOptions::default() };
    for format in FORMATS {
        format.write(&mut Vec::new(), &[view], &options, &[]).expect("memory takes all");
    }
});
