//! The migration from stored tokens by `check --fix=unsafe`: a repository before and after for each registry, and what is left alone.
//! `UPDATE=1` writes the folders `after`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use trustpub::lint::rules::set::RuleSet;

use crate::support::program::{RELEASE, err, out, project, trustpub};

/// Registries without a migration, and why.
const WITHOUT: [(&str, &str); 3] = [
    ("docker-hub", "only its login is described"),
    ("prefix-dev", "how it compares a publisher is not documented"),
    ("vs-marketplace", "it has no trusted publishing"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrations")
}

/// The texts of the files below a folder, by their paths in it.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    found
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_registry_has_a_migration_that_is_silent_afterwards() {
    let update = std::env::var("UPDATE").is_ok();
    for name in names() {
        let before = files(&folder().join(&name).join("before"));
        let pairs: Vec<(&str, &str)> = before.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let root = project(&pairs);
        let output = trustpub(root.path(), &["check", "--fix=unsafe", "--fail-on", "warning", "--format", "oneline"]);
        let told = format!("{name}: {}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(0), "{told}");
        assert!(err(&output).contains("by hand: delete the secret `"), "{told}");
        let changed: BTreeMap<String, String> = files(root.path());
        let changed = changed.into_iter().filter(|(path, text)| before.get(path) != Some(text)).collect::<Vec<_>>();
        let [(path, text)] = changed.as_slice() else { panic!("one file changes: {told}") };
        let after = folder().join(&name).join("after.yml");
        if update {
            std::fs::write(&after, text).unwrap();
        }
        assert_eq!(path, RELEASE, "{told}");
        assert_eq!(*text, std::fs::read_to_string(&after).unwrap_or_default(), "{name}: UPDATE=1 writes it");
        // The result is silent: no finding above a note, and no upload is undecided.
        let again = trustpub(root.path(), &["check", "--fail-on", "warning", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
        let summary = &report["summary"];
        let counts = ["errors", "warnings", "undecided"].map(|key| summary[key].as_u64().unwrap());
        assert_eq!(counts, [0, 0, 0], "{name}: {summary}");
        assert!(!text.contains("secrets."), "{name}: {text}");
    }
}

#[test]
fn no_registry_is_forgotten() {
    let names = names();
    let migrated = |id: &str| names.iter().any(|name| name == id);
    for registry in RuleSet::builtin().unwrap().data.registries.iter() {
        let without = WITHOUT.iter().any(|(id, _)| *id == registry.id);
        assert_ne!(migrated(&registry.id), without, "{}", registry.id);
    }
}

const CARGO: &str = "on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: cargo publish
        env:
          CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO_TOKEN }}
";

const CONFIG: &str = "repository: acme/demo
publishers:
  - registry: crates-io
    package: demo
    workflow: release.yml
";

/// The workflow after `--fix=unsafe`, and what is printed to stderr.
#[track_caller]
fn fixed(workflow: &str, config: &str, more: &[(&str, &str)]) -> (String, String) {
    let files = [&[(RELEASE, workflow), (".github/trustpub.yaml", config)], more].concat();
    let root = project(&files);
    let output = trustpub(root.path(), &["check", "--fix=unsafe", "--format", "oneline"]);
    (std::fs::read_to_string(root.path().join(RELEASE)).unwrap(), err(&output))
}

/// A working token stays, and the message says what to do first.
#[track_caller]
fn stays(workflow: &str, config: &str, told: &str) {
    let (after, said) = fixed(workflow, config, &[]);
    assert_eq!(after, workflow, "{said}");
    assert!(said.contains(told), "{said}");
}

#[test]
fn a_working_token_stays_until_the_publisher_is_declared_and_the_client_suffices() {
    let register = "by hand: register a trusted publisher at \
                    https://crates.io/crates/<package>/settings/new-trusted-publisher (Crate: to fill in; Repository owner: \
                    `acme`; Repository name: `demo`; Workflow filename: `release.yml`)";
    stays(CARGO, "repository: acme/demo\n", register);
    // The publisher names another workflow.
    let other = CONFIG.replace("release.yml", "other.yml");
    stays(CARGO, &other, "");
    let npm = CARGO.replace("cargo publish", "npm publish").replace("CARGO_REGISTRY_TOKEN", "NODE_AUTH_TOKEN");
    let config = CONFIG.replace("crates-io", "npm");
    stays(&npm, &config, "by hand: name a version of npm from 11.5.1 on in the files");
    let nuget = CARGO
        .replace("cargo publish", "dotnet nuget push x.nupkg -s nuget.org -k $KEY")
        .replace("CARGO_REGISTRY_TOKEN", "KEY");
    stays(
        &nuget,
        &CONFIG.replace("crates-io", "nuget"),
        "by hand: declare `policy-user` of the publisher in the config",
    );
    let old = "    steps:\n      - uses: actions/setup-node@v5\n        with: { node-version: 20 }\n";
    stays(&npm.replace("    steps:\n", old), &config, "by hand: raise npm to 11.5.1 or newer");
}

#[test]
fn a_login_is_added_only_where_it_runs_exactly_when_it_is_needed() {
    // Two uploads with the same token and different conditions.
    let twice = CARGO.replace(
        "      - run: cargo publish\n",
        "      - if: github.ref_name == 'v1'\n        run: cargo publish -p a\n        env:\n          CARGO_REGISTRY_TOKEN: ${{ env.TOKEN }}\n      - if: github.ref_name != 'v1'\n        run: cargo publish\n",
    );
    let twice = twice.replace(
        "          CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO_TOKEN }}\n",
        "          CARGO_REGISTRY_TOKEN: ${{ env.TOKEN }}\n",
    );
    let twice = twice.replace("jobs:\n", "env:\n  TOKEN: ${{ secrets.CARGO_TOKEN }}\njobs:\n");
    let (after, said) = fixed(&twice, CONFIG, &[]);
    assert_eq!(after, twice, "{said}");
    // A variable of the workflow that another job uses too.
    let jobs = CARGO.replace(
        "    steps:\n      - run: cargo publish\n        env:\n          CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO_TOKEN }}\n",
        "    steps:\n      - run: cargo publish\n  again:\n    runs-on: ubuntu-latest\n    steps:\n      - run: cargo publish -p other\n",
    );
    let jobs = jobs.replace("jobs:\n", "env:\n  CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO_TOKEN }}\njobs:\n");
    let (after, said) = fixed(&jobs, CONFIG, &[]);
    assert_eq!(after, jobs, "{said}");
}

#[test]
fn an_existing_login_is_used_and_ids_stay_unique() {
    let login = "    steps:\n      - uses: rust-lang/crates-io-auth-action@v1\n";
    let (after, said) = fixed(&CARGO.replace("    steps:\n", login), CONFIG, &[]);
    assert!(
        after.contains("      - uses: rust-lang/crates-io-auth-action@v1\n        id: crates-io\n"),
        "{after}{said}"
    );
    assert!(after.contains("CARGO_REGISTRY_TOKEN: ${{ steps.crates-io.outputs.token }}"), "{after}");
    let taken = "    steps:\n      - id: crates-io\n        run: echo\n";
    let (after, _) = fixed(&CARGO.replace("    steps:\n", taken), CONFIG, &[]);
    assert!(after.contains("      - id: crates-io-2\n        uses: rust-lang/crates-io-auth-action@v1\n"), "{after}");
    assert!(after.contains("${{ steps.crates-io-2.outputs.token }}"), "{after}");
}

#[test]
fn a_login_command_goes_with_its_line_and_its_variable() {
    let workflow = "on: workflow_dispatch
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: |
          npm ci
          npx clawhub login --token \"$TOKEN\"
          npx clawhub package publish .
        env:
          TOKEN: ${{ secrets.CLAWHUB_TOKEN }}
          OTHER: 1
";
    let config = "repository: acme/demo
publishers:
  - registry: clawhub
    package: demo
    owner: acme
    repository: demo
    workflow: release.yml
";
    let (after, said) = fixed(workflow, config, &[]);
    let steps = "    steps:\n      - run: |\n          npm ci\n          npx clawhub package publish .\n        env:\n          OTHER: 1\n";
    assert!(after.ends_with(steps), "{after}{said}");
    assert!(said.contains("delete the secret `CLAWHUB_TOKEN`"), "{said}");
}

#[test]
fn a_login_is_pinned_like_the_other_actions() {
    let pin = "3d3c42e5aac5ba805825da76410c181273ba90b1";
    let pinned = format!("    steps:\n      - uses: actions/checkout@{pin} # v7\n      - uses: ./.github/actions/x\n");
    let (after, said) = fixed(&CARGO.replace("    steps:\n", &pinned), CONFIG, &[]);
    let wanted = "uses: rust-lang/crates-io-auth-action@c6f97d42243bad5fab37ca0427f495c86d5b1a18\n";
    assert!(after.contains(wanted), "{after}{said}");
    let mixed = format!("{pinned}      - uses: actions/cache@v5\n");
    let (after, _) = fixed(&CARGO.replace("    steps:\n", &mixed), CONFIG, &[]);
    assert!(after.contains("uses: rust-lang/crates-io-auth-action@v1\n"), "{after}");
}

#[test]
fn a_secret_that_another_workflow_reads_is_not_named_for_deletion() {
    let (after, said) = fixed(CARGO, CONFIG, &[]);
    assert!(after.contains("id-token: write"), "{after}");
    assert!(said.contains("by hand: delete the secret `CARGO_TOKEN`"), "{said}");
    let other = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: ./x\n        env: { T: \"${{ secrets['CARGO_TOKEN'] }}\" }\n";
    let (_, said) = fixed(CARGO, CONFIG, &[(".github/workflows/other.yml", other)]);
    assert!(!said.contains("delete the secret"), "{said}");
}

#[test]
fn json_contains_what_remains_by_hand() {
    let root = project(&[(RELEASE, CARGO), (".github/trustpub.yaml", "repository: acme/demo\n")]);
    let output = trustpub(root.path(), &["check", "--fix=unsafe", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_hand = &report["projects"][0]["by_hand"];
    assert!(
        by_hand[0].as_str().unwrap().starts_with("register a trusted publisher at https://crates.io/"),
        "{by_hand}"
    );
    let plain = trustpub(root.path(), &["check", "--format", "json"]);
    assert!(!out(&plain).contains("by_hand"), "only with `--fix=unsafe`");
}
