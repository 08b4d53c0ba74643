//! User registries and wrapper actions: YAML files define them, their examples test them, and errors in them are reported.

use std::path::Path;

use trustpub::lint::check;
use trustpub::lint::rules::examples;
use trustpub::lint::rules::set::{RuleFolder, RuleSet};
use trustpub::read::files::MemoryFiles;

use crate::support::program::{err, out, project, trustpub};

/// The registry and the wrapper from the tutorial in docs/src/own-registries.md.
fn tutorial() -> RuleFolder {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/own-registries/registries");
    let mut registries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    registries.sort();
    RuleFolder { registries, ..RuleFolder::default() }
}

fn with(files: &[(&str, &str)]) -> Result<RuleSet, Vec<String>> {
    let registries = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    RuleSet::load_for_check(&[RuleFolder { registries, ..RuleFolder::default() }])
}

/// The findings of a project, as `name: message`.
fn findings(rules: &RuleSet, files: &[(&str, &str)]) -> Vec<String> {
    let mut memory = MemoryFiles::default();
    for (path, text) in files {
        memory.insert(*path, *text);
    }
    let project = rules.read(&memory);
    let report = check(&project, rules, None);
    assert_eq!(report.problems, []);
    report.findings.iter().map(|finding| format!("{}: {}", finding.name, finding.message)).collect()
}

const WORKFLOW: &str = r#"
on:
  push:
    tags: ["v*"]
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: release
    permissions:
      contents: read
    steps:
      - run: acme push dist/*
  wrapped:
    runs-on: ubuntu-latest
    environment: release
    permissions:
      contents: read
    steps:
      - uses: acme/publish-python@0123456789abcdef0123456789abcdef01234567
"#;

#[test]
fn yaml_files_add_a_registry_and_a_wrapper_action() {
    let rules = RuleSet::load_for_check(&[tutorial()]).unwrap();
    let mut own: Vec<&str> = Vec::new();
    for (id, registry, examples) in rules.data.registries.examples().filter(|(id, ..)| id.starts_with("acme-")) {
        own.push(id);
        examples::registry(&rules, registry, examples).unwrap_or_else(|lines| panic!("{id}: {}", lines.join("\n")));
    }
    assert_eq!(own, ["acme-index", "acme-wrapper"]);
    let found = findings(&rules, &[(".github/workflows/release.yml", WORKFLOW)]);
    assert_eq!(
        found,
        [
            "missing-id-token: job `publish` publishes to Acme index without `id-token: write` (it has `none`)",
            "missing-id-token: job `wrapped` publishes to PyPI without `id-token: write` (it has `none`)",
        ]
    );
}

#[test]
fn a_publisher_is_checked_against_the_form_of_a_user_registry() {
    let rules = RuleSet::load_for_check(&[tutorial()]).unwrap();
    let config =
        "repository: acme/demo\npublishers:\n  - registry: acme-index\n    package: demo\n    workflow: publish.yml\n";
    let workflow =
        WORKFLOW.replace("contents: read", "id-token: write").replace("  wrapped:\n", "  wrapped:\n    if: false\n");
    let found = findings(&rules, &[(".github/workflows/release.yml", &workflow), (".github/trustpub.yaml", config)]);
    assert!(
        found.iter().any(|line| line.starts_with("workflow-mismatch: Acme index will see the workflow `release.yml`")),
        "{found:?}"
    );
}

#[test]
fn errors_in_a_registry_file_have_places() {
    let cases = [
        ("uploads: 1\n", "own/registries/acme.yaml:1:10: "),
        ("name: Acme\nendpont: {}\n", "own/registries/acme.yaml:2:1: unknown key `endpont`"),
        ("name: Acme\nendpont: {}\n", "did you mean `endpoints`?"),
        ("name: Acme\n", "own/registries/acme.yaml:1:1: the registry has no `endpoints"),
        ("extends: pipy\nuploads: []\n", "own/registries/acme.yaml:1:1: `extends` names the unknown registry `pipy`"),
        (
            "extends: pypi\nuploads: []\nrecord: []\n",
            "own/registries/acme.yaml:3:1: a file with `extends` may only add",
        ),
        (
            "extends: pypi\nuploads:\n  - action: a/b\n    command: c\n    oidc: none\n    endpoint: { default: pypi }\n",
            "own/registries/acme.yaml:3:5: an upload needs exactly one of",
        ),
        (
            "extends: pypi\nuploads:\n  - action: a/b\n    oidc: none\n    endpoint:\n      default: pipy\n",
            "own/registries/acme.yaml:6:7: unknown registry `pipy`",
        ),
        (
            "extends: pypi\nuploads:\n  - action: a/b\n    oidc: none\n    endpoint: {}\n    tokens:\n      - { as: url }\n",
            "own/registries/acme.yaml:7:9: a slot needs exactly one of",
        ),
        (
            "extends: pypi\nuploads:\n  - action: a/b\n    oidc: none\n    endpoint: {}\n    refs:\n      since: soon\n",
            "own/registries/acme.yaml:7:7: `soon` is not a version",
        ),
        (
            "extends: pypi\nuploads:\n  - workflow: a/b/.github/workflows/c.yml\n    only-if: a == ==\n    oidc: none\n    endpoint: {}\n",
            "own/registries/acme.yaml:4:5: invalid expression",
        ),
        (
            "extends: pypi\nuploads:\n  - action: a/b\n    only-if: inputs.a\n    oidc: none\n    endpoint: {}\n",
            "own/registries/acme.yaml:4:5: `only-if` is allowed only with `workflow`",
        ),
        (
            "name: Acme\nendpoints: { uploads: [x] }\nrecord:\n  - name: owner\n    label: Owner\n    pattern: \"(\"\n",
            "own/registries/acme.yaml:6:5: invalid regular expression",
        ),
    ];
    for (text, wanted) in cases {
        let problems = with(&[("own/registries/acme.yaml", text)]).err().unwrap_or_else(|| panic!("sound: {text}"));
        assert!(problems.iter().any(|problem| problem.contains(wanted)), "{text}\n{problems:?}\nlacks {wanted}");
    }
}

#[test]
fn a_workflow_of_another_repository_is_refused_if_the_registry_requires_it() {
    let shared = r#"
extends: nuget
uploads:
  - workflow: acme/shared/.github/workflows/nuget.yml
    only-if: inputs.push == 'true'
    oidc: native
    endpoint: { default: nuget }
"#;
    let rules = with(&[("registries/shared.yaml", shared)]).unwrap();
    let found = |repository: &str, push: &str| {
        let calling = format!(
            "on: workflow_dispatch\njobs:\n  push:\n    permissions: {{ id-token: write }}\n    uses: acme/shared/.github/workflows/nuget.yml@v1\n    with: {{ push: {push} }}\n"
        );
        let config = format!("repository: {repository}\n");
        findings(&rules, &[(".github/workflows/release.yml", &calling), (".github/trustpub.yaml", &config)])
    };
    let [finding] = found("acme/demo", "true").try_into().unwrap();
    let refused = "foreign-workflow: nuget.org does not accept uploads from a workflow of another repository: `acme/shared/.github/workflows/nuget.yml@v1`";
    assert_eq!(finding, refused);
    assert_eq!(found("acme/demo", "false"), [""; 0]);
    // A repository may call its own workflow by its full name.
    assert_eq!(found("acme/shared", "true"), [""; 0]);
}

#[test]
fn duplicate_ids_are_an_error() {
    let text = tutorial().registries[1].1.clone();
    let problems = with(&[("own/registries/pypi.yaml", &text)]).err().unwrap();
    assert!(
        problems[0].starts_with(
            "own/registries/pypi.yaml:2:1: rules/registries/pypi.yaml already defines the registry `pypi`"
        ),
        "{problems:?}"
    );
    let twice = with(&[("a/registries/acme.yaml", &text), ("b/registries/acme.yaml", &text)]).err().unwrap();
    assert!(twice[0].starts_with("b/registries/acme.yaml:"), "{twice:?}");
}

/// The findings of a job that runs a publish command in a folder, with some files in the repository.
fn published(command: &str, folder: &str, files: &[(&str, &str)]) -> Vec<String> {
    let rules = RuleSet::builtin().unwrap();
    let workflow = format!(
        "on:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
         permissions:\n      contents: read\n    steps:\n      - run: {command}\n        working-directory: {folder}\n"
    );
    let mut all = vec![(".github/workflows/release.yml", workflow.as_str())];
    all.extend(files);
    findings(&rules, &all)
}

#[test]
fn manifests_and_client_configs_set_the_registry() {
    let away = r#"{"name": "demo", "publishConfig": {"registry": "https://npm.pkg.github.com"}}"#;
    let here = r#"{"name": "demo", "repository": "github:acme/demo"}"#;
    let found = |command: &str, folder: &str, files: &[(&str, &str)]| {
        published(command, folder, files).iter().any(|line| line.starts_with("missing-"))
    };
    assert!(found("npm publish", ".", &[("package.json", here)]), "to the registry");
    assert!(!found("npm publish", ".", &[("package.json", away)]), "to the registry in the manifest");
    assert!(found("npm publish --registry https://registry.npmjs.org", ".", &[("package.json", away)]), "a flag wins");
    assert!(!found("npm publish", ".", &[("package.json", here), (".npmrc", "registry=https://npm.example.com/\n")]));
    assert!(!found("npm publish", "core", &[("package.json", here), ("core/package.json", away)]), "in its folder");
    assert!(found("npm publish", ".", &[("package.json", here), ("core/package.json", away)]), "in its folder only");
    let workspace = r#"{"name": "all", "workspaces": ["core"]}"#;
    assert!(
        !found("npm publish --workspace core", ".", &[("package.json", workspace), ("core/package.json", away)]),
        "whichever package that is"
    );
    assert!(!found(
        "dart pub publish -f",
        ".",
        &[("pubspec.yaml", "name: demo\npublish_to: https://pub.example.com\n")]
    ));
}

/// A command, the files in the repository, and whether it uploads to the client's default registry.
type Way<'a> = (&'a str, &'a [(&'a str, &'a str)], bool);

#[test]
fn scopes_workspaces_and_indexes_set_the_registry() {
    let scoped = ("package.json", r#"{"name": "@acme/demo"}"#);
    let plain = ("package.json", r#"{"name": "demo"}"#);
    let scope = (".npmrc", "@acme:registry=https://npm.pkg.github.com\n");
    let all = ("package.json", r#"{"name": "all", "private": true, "workspaces": ["core"]}"#);
    let core = ("core/package.json", r#"{"name": "@acme/core"}"#);
    let away = ("core/package.json", r#"{"name": "core", "publishConfig": {"registry": "https://npm.example.com/"}}"#);
    let tool = "[package]\nname = 'tool'\npublish = false\n";
    let crates = ("Cargo.toml", "[workspace]\nmembers = ['demo', 'tool']\n");
    let inherit = ("Cargo.toml", "[workspace]\nmembers = ['demo']\n[workspace.package]\npublish = ['acme']\n");
    let demo = ("demo/Cargo.toml", "[package]\nname = 'demo'\n");
    let heir = ("demo/Cargo.toml", "[package]\nname = 'demo'\npublish.workspace = true\n");
    let berry = "npmScopes:\n  acme:\n    npmPublishRegistry: https://npm.example.com/\n";
    let ways: &[Way<'_>] = &[
        ("npm publish", &[scoped], true),
        ("npm publish", &[scoped, scope], false),
        ("npm publish", &[plain, scope], true),
        ("npm publish", &[scoped, (".npmrc", "@other:registry=https://npm.pkg.github.com\n")], true),
        ("npm publish --registry https://registry.npmjs.org", &[scoped, scope], false),
        ("npm publish --@acme:registry=https://registry.npmjs.org", &[scoped, scope], true),
        ("npm publish -w core", &[all, core, scope], false),
        ("npm publish -w core", &[all, core], true),
        ("npm publish --workspaces", &[all, away], false),
        ("pnpm -r publish", &[all, away, ("pnpm-workspace.yaml", "packages: [core]\n")], false),
        ("pnpm -r publish", &[all, core, ("pnpm-workspace.yaml", "packages: [core]\n")], true),
        ("npm publish ./core", &[all, away, plain], false),
        ("npm publish", &[plain, (".npmrc", "registry=https://registry.npmjs.org/\n")], true),
        ("yarn npm publish", &[scoped, (".yarnrc.yml", berry)], false),
        ("yarn npm publish", &[plain, (".yarnrc.yml", berry)], true),
        ("cargo publish -p demo", &[crates, demo, ("tool/Cargo.toml", tool)], true),
        ("cargo publish -p demo", &[inherit, heir], false),
        ("cargo publish", &[("Cargo.toml", "[package]\nname = 'demo'\npublish = ['acme']\n")], false),
        ("cargo publish", &[("Cargo.toml", "[package]\nname = 'demo'\npublish = ['crates-io']\n")], true),
        ("cargo publish", &[("Cargo.toml", "[package]\nname = 'demo'\npublish = true\n")], true),
        ("cargo publish", &[("Cargo.toml", "[package]\nname = 'demo'\npublish = false\n")], false),
    ];
    for (command, files, uploads) in ways {
        let found = published(command, ".", files);
        let accused =
            found.iter().any(|line| line.starts_with("missing-id-token") || line.starts_with("missing-login"));
        assert_eq!(accused, *uploads, "{command} with {files:?}: {found:?}");
    }
}

#[test]
fn a_config_of_the_workspace_applies_to_its_folders() {
    let core = ("core/package.json", r#"{"name": "@acme/core"}"#);
    let found = |root: &str| {
        let files = [("package.json", r#"{"private": true, "workspaces": ["core"]}"#), core, (".npmrc", root)];
        published("npm publish", "core", &files).iter().any(|line| line.starts_with("missing-id-token"))
    };
    assert!(found("save-exact=true\n"));
    assert!(!found("@acme:registry=https://npm.pkg.github.com\n"));
    assert!(!found("registry=https://npm.example.com/\n"));
}

#[test]
fn a_registry_in_the_rules_folder_names_the_right_folder() {
    let rules = |text: &str| {
        let rules = vec![("own/index.yaml".to_owned(), text.to_owned())];
        RuleSet::load_for_check(&[RuleFolder { rules, ..RuleFolder::default() }]).err().unwrap()
    };
    let told = |key: &str, folder: &str, line: u8| {
        format!(
            "own/index.yaml:{line}:1: this file is not a rule: a file with `{key}` belongs in the folder `{folder}` of the rules folder"
        )
    };
    assert_eq!(rules("name: Index\nrecord: []\nuploads: []\n"), [told("record", "registries", 2)]);
    assert_eq!(rules("extends: pypi\nuploads: []\n"), [told("extends", "registries", 1)]);
    assert_eq!(rules("title: Ours\nentries: []\n"), [told("entries", "needs", 2)]);
    assert!(rules("for-each: job\nuploads: []\n").len() > 1, "an unknown key in a rule is reported as such");
}

#[test]
fn an_index_defined_in_the_project_sets_the_registry() {
    let index = |name: &str, url: &str| {
        format!("[project]\nname = 'demo'\n[[tool.uv.index]]\nname = '{name}'\nurl = 'https://i.example/'\n{url}\n")
    };
    let found = |command: &str, text: &str| {
        let found = published(command, ".", &[("pyproject.toml", text)]);
        found.iter().find(|line| line.starts_with("missing-id-token")).cloned().unwrap_or_default()
    };
    let private = "publish-url = 'https://i.example/upload'";
    let trial = "publish-url = 'https://test.pypi.org/legacy/'";
    assert_eq!(found("uv publish --index pypi", &index("pypi", private)), "", "the project redefines the name");
    assert_eq!(found("uv publish --index acme", &index("acme", private)), "");
    assert!(found("uv publish --index trial", &index("trial", trial)).contains("TestPyPI"));
    assert!(found("uv publish --index pypi", &index("acme", private)).contains("PyPI"), "the registry's own name");
    assert_eq!(found("uv publish --index pypi", &index("pypi", "")), "", "an index that cannot be published to");
    assert!(found("uv publish", &index("pypi", private)).contains("PyPI"), "no name is given");
}

/// A called workflow that uploads with twine, and the workflow that calls it.
fn called_upload(repository_url: &str, declared: &str) -> Vec<(&'static str, String)> {
    let registry = if repository_url.is_empty() { "pypi" } else { "next" };
    let caller = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  call:\n    permissions: {contents: read, id-token: write}\n    \
                  uses: ./.github/workflows/publish.yml\n";
    let called = format!(
        "on: workflow_call\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    steps:\n      \
         - run: twine upload {repository_url} dist/*\n"
    );
    let config = format!(
        "repository: acme/demo\npublishers:\n  - registry: {registry}\n    package: demo\n    workflow: {declared}\n    environment: release\n"
    );
    vec![
        (".github/workflows/release.yml", caller.to_owned()),
        (".github/workflows/publish.yml", called),
        (".github/trustpub.yaml", config),
    ]
}

#[test]
fn the_pending_change_of_pypi_is_a_switch_that_is_off() {
    let next = "name: Next\nlike: pypi\nreviewed: 2026-11-29\nsources: [\"https://github.com/pypi/warehouse/pull/20083\"]\naudience: next\n\
                endpoints: { uploads: [\"https://next.example/legacy/\"] }\nclaims: { workflow: either, certificate: workflow_ref }\n";
    let rules = with(&[("registries/next.yaml", next)]).unwrap();
    let named = |url: &str, declared: &str| {
        let files = called_upload(url, declared);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let found = findings(&rules, &files);
        found.iter().any(|finding| finding.starts_with("workflow-mismatch"))
    };
    // Today the publisher names the called file.
    assert!(named("", "release.yml"));
    assert!(!named("", "publish.yml"));
    // After the change, its age decides which of both it names, so neither is reported.
    let url = "--repository-url https://next.example/legacy/";
    assert!(!named(url, "release.yml"));
    assert!(!named(url, "publish.yml"));
    // Without a called workflow both are the same file.
    let direct = "on:\n  push:\n    tags: [\"v*\"]\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
                  permissions: {id-token: write}\n    steps:\n      \
                  - run: twine upload --repository-url https://next.example/legacy/ dist/*\n";
    let config = "repository: acme/demo\npublishers:\n  - registry: next\n    package: demo\n    workflow: other.yml\n    environment: release\n";
    let found = findings(&rules, &[(".github/workflows/release.yml", direct), (".github/trustpub.yaml", config)]);
    assert!(found.iter().any(|finding| finding.starts_with("workflow-mismatch")), "{found:?}");
}

#[test]
fn the_list_of_registries_has_fields_comparisons_and_versions() {
    let folder = project(&[]);
    let text = out(&trustpub(folder.path(), &["registries"]));
    let json = out(&trustpub(folder.path(), &["registries", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let find = |id: &str| json["registries"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
    for registry in RuleSet::builtin().unwrap().data.registries.iter() {
        let audience = if registry.audience.is_empty() { "not known" } else { &registry.audience };
        let head =
            format!("{} ({}), reviewed {}, audience {audience}\n", registry.name, registry.id, registry.reviewed);
        assert!(text.contains(&head), "{head}");
        let entry = find(&registry.id);
        assert_eq!(entry["fields"].as_array().unwrap().len(), registry.record.len(), "{}", registry.id);
        assert!(!entry["clients"].as_array().unwrap().is_empty(), "{}", registry.id);
    }
    let pypi = find("pypi");
    let field = |key: &str| pypi["fields"].as_array().unwrap().iter().find(|it| it["key"] == key).unwrap().clone();
    assert_eq!(field("environment")["comparison"], "ignoring case");
    assert_eq!(field("workflow")["claim"], "workflow");
    assert_eq!(field("package")["claim"], serde_json::Value::Null);
    let clients = pypi["clients"].as_array().unwrap();
    let minimum = |name: &str| clients.iter().find(|it| it["name"] == name).unwrap()["minimum"].clone();
    assert_eq!(minimum("twine upload"), "6.1.0");
    assert_eq!(minimum("hatch publish"), serde_json::Value::Null);
    assert_eq!(find("mcp")["allowed_names"], "io.github.{owner}/");
    assert_eq!(find("mcp")["clients"].as_array().unwrap().last().unwrap()["minimum"], "1.7.6");
    assert_eq!(find("testpypi")["clients"], pypi["clients"]);
    assert_eq!(find("vs-marketplace")["trusted_publishing"], false);
    assert!(text.contains("Compared workflow file: the calling one"), "{text}");
}

#[test]
fn one_registry_can_be_printed() {
    let root = tempfile::tempdir().unwrap();
    let text = out(&trustpub(root.path(), &["registries", "pypi"]));
    assert!(text.starts_with("PyPI (pypi), ") && !text.contains("crates.io"), "{text}");
    assert_eq!(out(&trustpub(root.path(), &["registries", "PyPI"])), text);
    let output = trustpub(root.path(), &["registries", "pypy"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("there is no registry `pypy`; did you mean `pypi`?"), "{}", err(&output));
}
