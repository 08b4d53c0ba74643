//! The registries of 2026: a healthy project is silent, and each single change of it causes its own findings.

use std::collections::BTreeMap;

use serde::Deserialize;
use trustpub::lint::check;
use trustpub::lint::findings::Level;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;

use crate::support::program::{RELEASE, out, project, trustpub};

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

/// The level of the finding about a stored token on a day, and the exit status.
fn stored_token(command: &str, secret: &str, day: &str) -> (String, Option<i32>) {
    let workflow = format!(
        "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
         permissions: {{contents: read}}\n    steps:\n      - run: {command}\n        env:\n          {secret}: ${{{{ secrets.TOKEN }}}}\n"
    );
    let folder = project(&[(RELEASE, &workflow)]);
    let output = trustpub(folder.path(), &["check", "--today", day, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let findings = report["projects"][0]["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["name"] == "long-lived-token").unwrap();
    (finding["level"].as_str().unwrap().to_owned(), output.status.code())
}

#[test]
fn a_token_that_ends_is_an_error_from_its_day_on() {
    let vsce = |day: &str| stored_token("npx @vscode/vsce publish", "VSCE_PAT", day);
    assert_eq!(vsce("2026-11-30"), ("warning".to_owned(), Some(0)));
    assert_eq!(vsce("2026-12-01"), ("error".to_owned(), Some(1)));
    assert_eq!(vsce("2027-06-01"), ("error".to_owned(), Some(1)));
    // npm ends only tokens that bypass two-factor authentication, and the workflow does not show the kind of token.
    let npm = |day: &str| stored_token("npm publish", "NODE_AUTH_TOKEN", day);
    assert_eq!(npm("2026-12-31"), ("warning".to_owned(), Some(0)));
    assert_eq!(npm("2027-02-01"), ("warning".to_owned(), Some(0)));
    let pypi = |day: &str| stored_token("twine upload dist/*", "TWINE_PASSWORD", day);
    assert_eq!(pypi("2027-02-01"), ("warning".to_owned(), Some(0)));
}
