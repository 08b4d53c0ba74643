//! Every example of every built-in rule and registry.

use trustpub::lint::rules::examples;
use trustpub::lint::rules::set::RuleSet;

#[test]
fn every_rule_passes_its_examples() {
    let rules = RuleSet::builtin().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    let mut complaints = Vec::new();
    let mut tested = 0;
    for rule in &rules.rules {
        for example in &rule.examples {
            tested += 1;
            if let Err(list) = examples::test(&rules, rule, example) {
                let kind = if example.bad { "bad" } else { "good" };
                complaints.push(format!("{} / {kind}: {}\n    {}", rule.name, example.name, list.join("\n    ")));
            }
        }
    }
    assert!(tested > 0, "no example was tested");
    assert!(complaints.is_empty(), "{} of {tested} examples fail:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn every_registry_finds_its_uploads_and_no_others() {
    let rules = RuleSet::builtin().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    let mut complaints = Vec::new();
    for (_, registry, examples) in rules.data.registries.examples() {
        complaints.extend(examples::registry(&rules, registry, examples).err().unwrap_or_default());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_permission_need_passes_its_examples() {
    let rules = RuleSet::builtin().unwrap_or_else(|problems| panic!("{}", problems.join("\n")));
    let mut complaints = Vec::new();
    for entry in rules.data.needs.iter() {
        if let Err(list) = examples::need(&rules, entry) {
            complaints.push(format!("{}\n    {}", entry.name(), list.join("\n    ")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
