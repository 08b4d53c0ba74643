//! Any text as a workflow, with every fix made: what was YAML stays YAML, and no finding that was cured is left.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustpub::lint::fix::mend::mend;
use trustpub::lint::ruleset::RuleSet;
use trustpub::read::files::Memory;
use trustpub::read::project::Project;
use trustpub::read::syntax::{self, Dialect};

fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::builtin().expect("the built-in rules load"))
}

fuzz_target!(|data: &[u8]| {
    let mut files = Memory::default();
    files.insert(".github/workflows/release.yml", data.to_vec());
    let project = Project::load(&files, None);
    let mended = mend(&project, rules(), None, |_, _, _| true);
    for (before, after) in project.files.iter().zip(&mended.project.files) {
        let errors = |text: &str| syntax::parse(text, Dialect::Workflow).errors().len();
        assert!(mended.done.is_empty() || errors(after.text()) <= errors(before.text()), "{:?}", mended.done);
    }
});
