//! Any text as a stranger's config over a sound workflow: the workflow is judged all the same.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use trustpub::lint::check;
use trustpub::lint::ruleset::RuleSet;
use trustpub::read::files::Memory;
use trustpub::read::project::Project;

fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::builtin().expect("the built-in rules load"))
}

fuzz_target!(|data: &[u8]| {
    let mut files = Memory::default();
    files.insert(".github/trustpub.yaml", data.to_vec());
    files.insert(".github/workflows/release.yml", include_str!("../../projects/faults/.github/workflows/publish.yml"));
    let project = Project::load(&files, None);
    let report = check(&project, rules(), jiff::civil::Date::new(2026, 11, 25).ok());
    assert_eq!(report.workflows, 1);
    for problem in &report.problems {
        let source = project.source(problem.place.file).expect("a problem has a file");
        assert!(source.text().get(problem.place.span.range()).is_some(), "{problem:?}");
    }
});
