//! Projects in memory, judged by the built-in rules, and what holds of every report. Fuzz targets use it too.

use std::sync::OnceLock;

use trustpub::lint::findings::Report;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;

/// Loaded once: a thousand inputs are judged by the same rules.
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

/// All places of a report lie in their files, and begin and end on whole letters.
pub fn assert_places_lie_in_their_files(project: &Project, report: &Report) {
    let findings = report.findings.iter();
    let labels = findings.flat_map(|finding| finding.labels.iter().chain(&finding.steps).chain([&finding.primary]));
    let places = labels.map(|label| label.place).chain(report.problems.iter().map(|problem| problem.place));
    for place in places {
        let text = project.source(place.file).map(|source| source.text());
        assert!(text.and_then(|text| text.get(place.span.range())).is_some(), "{place:?}");
    }
}
