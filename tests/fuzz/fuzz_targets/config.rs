//! Any text as the config of a valid workflow: the workflow is checked anyway.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::lint::check;
use trustpub_fuzz::judged::{assert_places_lie_in_their_files, project, rules};

const WORKFLOW: &[u8] = include_bytes!("../../projects/faults/.github/workflows/publish.yml");

fuzz_target!(|data: &[u8]| {
    let project = project(&[(".github/trustpub.yaml", data), (".github/workflows/release.yml", WORKFLOW)]);
    let report = check(&project, rules(), jiff::civil::Date::new(2026, 11, 25).ok());
    assert_eq!(report.workflows, 1);
    assert_places_lie_in_their_files(&project, &report);
});
