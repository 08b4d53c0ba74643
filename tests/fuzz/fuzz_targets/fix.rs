//! Any text as a workflow with every fix applied: valid YAML stays valid.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::lint::fix::apply::apply_fixes;
use trustpub::read::yaml::{self, Dialect};
use trustpub_fuzz::judged::{project, rules};

fuzz_target!(|data: &[u8]| {
    let project = project(&[(".github/workflows/release.yml", data)]);
    let fixed = apply_fixes(&project, rules(), None, |_, _, _| true);
    let errors = |text: &str| yaml::parse(text, Dialect::Workflow).errors().len();
    for (before, after) in project.files.iter().zip(&fixed.project.files) {
        assert!(errors(after.text()) <= errors(before.text()), "{:?}", fixed.done);
    }
});
