//! `trustpub import`: every kind of file in the real shape of its registry, and configs of which nothing is lost.

use proptest::prelude::*;
use trustpub::lint::data::Data;
use trustpub::lint::rules::set::RuleSet;
use trustpub::trust::import::config_merge::ConfigMerge;
use trustpub::trust::import::{self, ImportHints};

use crate::support::program::{RELEASE, err, out, project, trustpub};

const CONFIG: &str = ".github/trustpub.yaml";
const WORKFLOW: &str = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: ENVIRONMENT\n    \
                        permissions: {id-token: write}\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n        with: {repository-url: \
                        \"URL\"}\n";

fn sample(name: &str) -> String {
    format!("{}/tests/data/import/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn workflow(environment: &str, url: &str) -> String {
    WORKFLOW.replace("ENVIRONMENT", environment).replace("URL", url)
}

/// Imports a sample into a config; returns the new config and what is printed.
fn imported(config: &str, arguments: &[&str]) -> (String, String) {
    let project = project(&[(RELEASE, &workflow("pypi", "")), (CONFIG, config)]);
    let output = trustpub(project.path(), &[&["import"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    (std::fs::read_to_string(project.path().join(CONFIG)).unwrap(), out(&output))
}

#[test]
fn every_kind_of_file_shows_its_publishers() {
    let cases: [(&[&str], &str); 17] = [
        (&["pypi-provenance.json"], "pypi package:demo_lib workflow:release.yml environment:pypi"),
        (
            &["pypi-provenance.json", "--registry", "testpypi"],
            "testpypi package:demo_lib workflow:release.yml environment:pypi",
        ),
        (
            &["npm-trust-list.json", "--package", "demo"],
            "npm package:demo workflow:release.yml environment:npm allowed-actions:publish, stage-publish",
        ),
        (&["npm-trust-endpoint.json"], "npm workflow:release.yml allowed-actions:publish"),
        (&["npm-attestations.json"], "npm package:'@acme/demo-lib' workflow:release.yml"),
        (&["rubygems-attestations.json", "--package", "demo-lib"], "rubygems package:demo-lib workflow:release.yml"),
        (
            &["rubygems-attestations-called.json"],
            "rubygems workflow:gem.yml workflow-repository-owner:acme workflow-repository-name:shared",
        ),
        (
            &["crates-io-configs.json"],
            "crates-io package:demo-lib workflow:release.yml environment:release crates-io package:demo-lib-macros workflow:release.yml",
        ),
        (
            &["team.toml"],
            "crates-io package:demo-lib workflow:release.yml environment:release crates-io package:demo-lib-macros workflow:release.yml \
             environment:release",
        ),
        (
            &["form.md"],
            "pypi package:demo-lib workflow:release.yml environment:pypi testpypi workflow:publish.yml environment:testpypi",
        ),
        (&["pasted-pypi.txt", "--package", "demo-lib"], "pypi package:demo-lib workflow:release.yml"),
        (
            &["pasted-crates-io.txt", "--package", "demo-lib"],
            "crates-io package:demo-lib workflow:release.yml environment:release",
        ),
        (&["pasted-rubygems.txt"], "rubygems workflow:gem.yml environment:rubygems"),
        (&["pasted-npm.txt", "--package", "demo"], "npm package:demo workflow:release.yml allowed-actions:publish"),
        (&["pasted-nuget.txt"], "nuget workflow:release.yml environment:nuget policy-user:jane"),
        (&["form.txt", "--registry", "pub-dev"], "pub-dev package:demo_lib tag-pattern:'v{{version}}'"),
        (&["pypi-provenance-gitlab.json"], ""),
    ];
    for (arguments, expected) in cases {
        let path = sample(arguments[0]);
        let (config, text) = imported("repository: acme/demo-lib\n", &[&[path.as_str()], &arguments[1..]].concat());
        let fields = config.lines().skip(2).map(|line| line.trim_start_matches(['-', ' ']).replace(": ", ":"));
        let fields: Vec<String> = fields.map(|field| field.trim_start_matches("registry:").to_owned()).collect();
        assert_eq!(fields.join(" "), expected, "{arguments:?}\n{config}\n{text}");
        // A second import changes nothing.
        let (again, text) = imported(&config, &[&[path.as_str()], &arguments[1..]].concat());
        assert_eq!(again, config, "{text}");
        assert!(text.starts_with("nothing to change"), "{text}");
    }
}

#[test]
fn an_empty_field_of_a_copied_page_empties_the_field_of_the_config() {
    let old = "publishers:\n  - registry: pypi\n    package: demo-lib\n    owner: acme\n    repository: demo-lib\n    workflow: release.yml\n    \
               environment: pypi # ours\n";
    let (config, text) = imported(old, &[&sample("pasted-pypi.txt"), "--package", "demo-lib"]);
    assert!(config.contains("environment: # ours") || config.contains("environment:  # ours"), "{config}\n{text}");
}

#[test]
fn the_book_lists_every_kind_of_file() {
    let page = include_str!("../../docs/src/import.md");
    for format in rules().data.registries.iter().flat_map(|registry| registry.imports.iter()) {
        assert!(page.contains(&format!("| {} |", format.name)), "{}", format.name);
        assert!(format.source.starts_with("https://"), "{}", format.source);
    }
}

#[test]
fn files_that_do_not_show_the_workflow_change_only_known_publishers() {
    for name in ["crates-io-crate.json", "crates-io-version.json", "npm-packument.json"] {
        let (config, text) = imported("repository: acme/demo-lib\n", &[&sample(name)]);
        assert_eq!(config, "repository: acme/demo-lib\n");
        assert!(text.contains("not added") && text.contains("a publisher needs Workflow filename"), "{text}");
        let known = "publishers:\n  - registry: ID # ours\n    package: NAME\n    owner: old\n    repository: demo-lib\n    workflow: a.yml\n";
        let (id, package) =
            if name.starts_with("npm") { ("npm", "'@acme/demo-lib'") } else { ("crates-io", "demo-lib") };
        let known = known.replace("ID", id).replace("NAME", package);
        let (config, text) = imported(&known, &[&sample(name)]);
        assert_eq!(config, known.replace("owner: old", "owner: acme"), "{text}");
        assert!(text.contains("owner: `old` -> `acme`"), "{text}");
    }
    let (_, text) = imported("", &[&sample("crates-io-crate.json")]);
    assert!(text.contains("by trusted publishing only"), "{text}");
}

#[test]
fn refs_of_environments_are_imported() {
    let path = sample("github-branch-policies.json");
    let import = ["--environment", "pypi"];
    let (config, _) = imported("repository: acme/demo-lib\n", &[&[path.as_str()], &import[..]].concat());
    assert!(
        config.ends_with("environments:\n  pypi:\n    refs:\n      - 'refs/tags/v*'\n      - refs/heads/main\n"),
        "{config}"
    );
    let old = "environments:\n  PyPI: # settings\n    refs:\n      - \"v*\" # releases\n      - old\n";
    let (config, _) = imported(old, &[&[path.as_str()], &import[..]].concat());
    assert_eq!(
        config,
        "environments:\n  PyPI: # settings\n    refs:\n      - \"v*\" # releases\n      - refs/heads/main\n"
    );
    let (config, text) = imported(old, &[&sample("github-environments.json")]);
    assert_eq!(config, old);
    assert!(text.contains("`staging` accepts all") && text.contains("--environment pypi"), "{text}");
}

#[test]
fn import_and_check_agree_on_a_project_and_disagree_after_a_change() {
    let (release, publish) = (workflow("pypi", ""), workflow("testpypi", "https://test.pypi.org/legacy/"));
    let project = project(&[
        (RELEASE, &release),
        (".github/workflows/publish.yml", &publish),
        ("pyproject.toml", "[project]\nname = \"demo-lib\"\nversion = \"1.0\"\n"),
        (CONFIG, "repository: acme/demo-lib # ours\n"),
    ]);
    let import = trustpub(project.path(), &["import", &sample("form.md"), &sample("pypi-provenance.json")]);
    assert!(out(&import).contains("unchanged: PyPI `demo_lib`"), "{}{}", out(&import), err(&import));
    let check = trustpub(project.path(), &["check", "--format", "oneline"]);
    assert_eq!(check.status.code(), Some(0), "{}", out(&check));
    assert!(!out(&check).contains("mismatch"), "{}", out(&check));
    // The workflow was renamed after the release whose provenance was imported.
    std::fs::rename(project.path().join(RELEASE), project.path().join(".github/workflows/ship.yml")).unwrap();
    let check = trustpub(project.path(), &["check", "--format", "oneline"]);
    assert_eq!(check.status.code(), Some(1), "{}", out(&check));
    assert!(out(&check).contains("[workflow-mismatch]"), "{}", out(&check));
}

#[test]
fn a_diff_writes_nothing_and_a_file_of_another_kind_is_refused() {
    let project =
        project(&[(RELEASE, &workflow("pypi", "")), ("x.json", "{\"a\": 1}"), ("deep.json", &"[".repeat(100_000))]);
    let output = trustpub(project.path(), &["import", &sample("pypi-provenance.json"), "--diff"]);
    assert!(out(&output).contains("+  - registry: pypi"), "{}", out(&output));
    assert!(!project.path().join(CONFIG).exists());
    for file in ["x.json", "deep.json", "missing.json"] {
        let output = trustpub(project.path(), &["import", file]);
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(!project.path().join(CONFIG).exists());
    }
}

#[test]
fn a_field_that_is_empty_at_the_registry_keeps_its_key_and_comment() {
    let old = "publishers:\n  - {registry: crates-io, package: demo-lib-macros, owner: acme, repository: demo-lib, workflow: release.yml, environment: old}\n";
    let (config, _) = imported(old, &[&sample("crates-io-configs.json")]);
    assert!(config.contains("workflow: release.yml, environment: }"), "{config}");
    let block = "publishers:\n  - registry: crates-io\n    package: demo-lib-macros\n    owner: acme\n    repository: demo-lib\n    workflow: \
                 release.yml\n    environment: old # why\n";
    let (config, _) = imported(block, &[&sample("crates-io-configs.json")]);
    assert!(config.contains("    environment:  # why\n"), "{config}");
}

/// A part of a config, with comments in every place.
fn part() -> impl Strategy<Value = String> {
    let publisher = (
        prop::sample::select(vec!["pypi", "crates-io", "npm"]),
        prop::sample::select(vec!["demo-lib", "demo-lib-macros", "other"]),
        prop::sample::select(vec!["release.yml", "old.yml"]),
        prop::sample::select(vec!["", "    environment: pypi # why not\n", "    # environment: none\n"]),
    )
        .prop_map(|(registry, package, workflow, rest)| {
            format!("  # about {package}\n  - registry: {registry}   # at\n    package: \"{package}\"\n    owner: acme\n    repository: demo-lib\n    workflow: {workflow}\n{rest}")
        });
    prop_oneof![
        prop::collection::vec(publisher, 1..4).prop_map(|list| format!("publishers: # ours\n{}", list.concat())),
        Just("publishers: [] # none yet\n".to_owned()),
        Just("publishers:\n".to_owned()),
        Just("publishers: [{registry: pypi, package: demo-lib, owner: acme, repository: demo-lib, workflow: old.yml}] # flow\n".to_owned()),
    ]
}

fn config() -> impl Strategy<Value = String> {
    let other = prop::sample::subsequence(
        vec![
            "# a comment at the start\nrepository: acme/demo-lib # ours\n",
            "ignore:\n  - rule: missing-environment # trusted\n    reason: \"none: it is fine\"\n\n",
            "rules: { outdated-action: off, TP105: note } # levels\n",
            "environments:\n    pypi: { refs: [\"v*\"] }\n    # the other\n    testpypi:\n        refs: [main]\n",
            "documents: [docs/a.md]\n# between\n\nselect:\n- TP1\n",
            "unknown-key: {a: [1, 2]}\n",
        ],
        0..=6,
    );
    (other, prop::option::of(part()), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(other, own, at, crlf)| {
        let mut parts: Vec<String> = other.into_iter().map(str::to_owned).collect();
        if let Some(own) = own {
            parts.insert(at.index(parts.len() + 1), own);
        }
        let text = parts.concat();
        if crlf { text.replace('\n', "\r\n") } else { text }
    })
}

fn rules() -> &'static RuleSet {
    static RULES: std::sync::OnceLock<RuleSet> = std::sync::OnceLock::new();
    RULES.get_or_init(|| RuleSet::load_for_check(&[]).unwrap())
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.find('#').map(|at| &line[at..])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_of_a_config_is_lost(old in config(), name in prop::sample::select(vec!["pypi-provenance.json", "crates-io-configs.json", "form.md", "npm-trust-list.json"])) {
        let data: &Data = &rules().data;
        let text = std::fs::read_to_string(sample(name)).unwrap();
        let suggested = |title: &str| data.suggested(title).into_iter().map(str::to_owned).collect();
        let imported = import::read(&text, &data.registries, suggested, ImportHints { package: Some("demo-lib"), ..ImportHints::default() }).unwrap();
        let mut merge = ConfigMerge::new(old.clone(), &data.registries);
        for publisher in &imported.publishers {
            merge.publisher(publisher, 1).unwrap();
        }
        let new = merge.text().to_owned();
        prop_assert_eq!(comments(&old), comments(&new), "{}", new);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(&serde_json::to_string(&serde_yaml::from_str::<serde_yaml::Value>(text).unwrap()).unwrap()).unwrap();
        let (before, after) = (value(&old), value(&new));
        for (key, value) in before.as_object().into_iter().flatten().filter(|(key, _)| *key != "publishers") {
            prop_assert_eq!(Some(value), after.get(key), "{}", new);
        }
        let list = |value: &serde_json::Value| value.get("publishers").and_then(|it| it.as_array()).cloned().unwrap_or_default();
        let (before, after) = (list(&before), list(&after));
        prop_assert!(before.len() <= after.len());
        for (before, after) in before.iter().zip(&after) {
            prop_assert_eq!(before.get("registry"), after.get("registry"));
            prop_assert_eq!(before.get("package"), after.get("package"));
            for key in before.as_object().unwrap().keys() {
                prop_assert!(after.get(key).is_some(), "{} is lost: {}", key, new);
            }
        }
        // What was imported is in the config now.
        for publisher in &imported.publishers {
            let workflow = publisher.value("workflow");
            prop_assert!(after.iter().any(|it| it["registry"] == publisher.registry.id.as_str() && it["workflow"].as_str() == workflow), "{}", new);
        }
        prop_assert!(!old.contains("\r\n") || new.lines().count() == new.matches("\r\n").count(), "{:?}", new);
    }
}
