//! The registries of 2026: a healthy project is silent, and each single change of it causes its own findings.

use std::collections::BTreeMap;

use serde::Deserialize;
use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;

use crate::support::program::RELEASE;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    config: String,
    workflow: String,
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    #[serde(flatten)]
    text: Replacement,
    and: Option<Replacement>,
    finds: Vec<String>,
}

#[derive(Deserialize)]
struct Replacement {
    from: String,
    to: String,
}

impl Project {
    /// The names of the findings above `note` after some replacements. A replaced text must occur.
    fn findings(&self, rules: &RuleSet, changes: &[&Replacement]) -> Result<Vec<String>, String> {
        let mut texts = [self.workflow.clone(), self.config.clone()];
        for change in changes {
            if !texts.iter().any(|text| text.contains(&change.from)) {
                return Err(format!("{:?} does not occur", change.from));
            }
            for text in &mut texts {
                *text = text.replace(&change.from, &change.to);
            }
        }
        let mut files = MemoryFiles::default();
        for (path, text) in [RELEASE, ".github/trustpub.yaml"].into_iter().zip(texts) {
            files.insert(path, text);
        }
        let report = check(&rules.read(&files), rules, None);
        let shown = report.findings.iter().filter(|finding| finding.level > Level::Note);
        Ok(shown.map(|finding| finding.name.clone()).collect())
    }
}

#[test]
fn a_healthy_project_is_silent_and_each_fault_is_found() {
    let projects: BTreeMap<String, Project> =
        serde_yaml::from_str(include_str!("../data/registries-2026.yaml")).unwrap();
    let rules = RuleSet::builtin().unwrap();
    let mut wrong = Vec::new();
    for (id, project) in &projects {
        let least = if id == "prefix-dev" { 3 } else { 6 };
        assert!(project.changes.len() + 1 >= least, "{id} has too few changes");
        let mut compare = |name: &str, changes: &[&Replacement], expected: &[String]| {
            let found = project.findings(&rules, changes);
            if found.as_deref() != Ok(expected) {
                wrong.push(format!("{id}, {name}: {found:?}, expected {expected:?}"));
            }
        };
        compare("healthy", &[], &[]);
        for change in &project.changes {
            let changes: Vec<_> = std::iter::once(&change.text).chain(&change.and).collect();
            compare(&change.name, &changes, &change.finds);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
