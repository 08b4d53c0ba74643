//! Complete projects without mistakes.

use std::path::Path;

use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::DiskFiles;

#[test]
fn healthy_projects_have_no_findings_above_note() {
    let rules = RuleSet::builtin().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
    let mut healthy = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let root = entry.unwrap().path();
        if !root.file_name().unwrap().to_string_lossy().starts_with("healthy") {
            continue;
        }
        healthy += 1;
        let project = rules.read(&DiskFiles::new(&root).unwrap());
        let report = check(&project, &rules, None);
        assert!(report.uploads > 0, "{}: no upload was found", root.display());
        let loud: Vec<_> = report.findings.iter().filter(|finding| finding.level > Level::Note).collect();
        assert!(loud.is_empty(), "{}: {loud:?}", root.display());
    }
    assert!(healthy >= 4, "only {healthy} healthy projects");
}
