//! Projects in memory, checked by the built-in rules, and assertions about every report. The fuzz targets use it too.

use std::sync::OnceLock;

use trustpub::lint::findings::Report;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;

/// The built-in rules, loaded once for all inputs.
pub fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| match RuleSet::builtin() {
        Ok(rules) => rules,
        Err(problems) => panic!("the built-in rules do not load: {problems:?}"),
    })
}

/// A project of some files.
pub fn project(files: &[(&str, &[u8])]) -> Project {
    let mut memory = MemoryFiles::default();
    for (path, bytes) in files {
        memory.insert(*path, *bytes);
    }
    Project::load(&memory, None)
}

/// Asserts that all places of a report are inside their files and at character boundaries.
pub fn assert_places_lie_in_their_files(project: &Project, report: &Report) {
    let findings = report.findings.iter();
    let labels = findings.flat_map(|finding| finding.labels.iter().chain(&finding.steps).chain([&finding.primary]));
    let places = labels.map(|label| label.place).chain(report.problems.iter().map(|problem| problem.place));
    for place in places {
        let text = project.source(place.file).map(|source| source.text());
        assert!(text.and_then(|text| text.get(place.span.range())).is_some(), "{place:?}");
    }
}
