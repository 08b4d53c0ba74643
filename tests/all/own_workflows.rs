//! This repository's own workflows, pre-commit hook and action.

use std::path::Path;
use std::process::Command;

use trustpub::lint::rules::set::RuleSet;

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn our_own_workflows_have_no_findings() {
    let output = Command::new(env!("CARGO_BIN_EXE_trustpub"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("GITHUB_ACTIONS")
        .args(["check", "--format", "text", "--color", "never", "--fail-on", "note"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // The number of uploads shows that they were found.
    assert_eq!(said, "nothing to report in 6 workflows with 3 uploads (3 decided, 3 with a declared publisher)\n");
}

/// The globs that `{a,b}` in a glob expands to.
fn spelled_out(glob: &str) -> Vec<String> {
    let parts = glob.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (words, after))) = parts else { return vec![glob.to_owned()] };
    words.split(',').map(|word| format!("{before}{word}{after}")).collect()
}

#[test]
fn the_hook_runs_for_every_file_that_is_read() {
    let hooks = text(".pre-commit-hooks.yaml");
    let pattern = hooks.lines().find_map(|line| line.trim().strip_prefix("files: ")).unwrap();
    let pattern = regex::Regex::new(pattern).unwrap();
    for path in [
        ".github/workflows/release.yml",
        ".github/workflows/a b.yaml",
        ".github/trustpub.yaml",
        ".github/trustpub.yml",
        ".github/trustpub/deploys.yaml",
        ".github/trustpub/registries/ours.yaml",
        ".github/actions/publish/action.yml",
        "action.yaml",
        "packages/one/package.json",
    ] {
        assert!(pattern.is_match(path), "{path}");
    }
    for manifest in RuleSet::builtin().unwrap().data.registries.manifests().iter() {
        for file in spelled_out(&manifest.file.as_str().replace('*', "demo")) {
            assert!(pattern.is_match(&file), "a registry reads {file}, and the hook does not run for it");
        }
    }
    for path in [
        "CHANGELOG.md",
        "src/main.rs",
        ".github/dependabot.yml",
        ".github/workflows/old/release.yml",
        "x/.github/trustpub.yaml",
    ] {
        assert!(!pattern.is_match(path), "{path}");
    }
}

/// A release tag must install its own version.
#[test]
fn the_action_installs_the_version_in_cargo_toml() {
    let wanted = format!("default: \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text("action.yml").contains(&wanted), "action.yml has no `{wanted}`");
}
