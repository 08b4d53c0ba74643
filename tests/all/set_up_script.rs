//! `trustpub init --script`: one command for each publisher, in a script that is safe to run whatever the files contain.

use std::path::Path;
use std::process::Command;

use crate::support::program::{RELEASE, err, out, project, trustpub};

fn workflow(environment: &str) -> String {
    format!(
        "on:
  push:
    tags: ['v*']
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: {environment}
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@v5
      - run: npm publish --workspaces
"
    )
}

const ROOT: &str = r#"{ "name": "root", "private": true, "workspaces": ["packages/*"] }"#;

fn monorepo(environment: &str, names: &[&str]) -> tempfile::TempDir {
    let root = project(&[
        (RELEASE, &workflow(environment)),
        ("package.json", ROOT),
        (".github/trustpub.yaml", "repository: acme/demo\n"),
    ]);
    for (index, name) in names.iter().enumerate() {
        let folder = root.path().join(format!("packages/p{index}"));
        std::fs::create_dir_all(&folder).unwrap();
        let manifest = serde_json::json!({ "name": name, "version": "1.0.0" });
        std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    }
    root
}

#[test]
fn every_package_of_the_workspace_gets_its_command() {
    let root = monorepo("npm", &["@acme/b", "@acme/a", "plain"]);
    let output = trustpub(root.path(), &["init", "--script"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let script = out(&output);
    let commands: Vec<&str> = script.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let of = |name: &str| {
        format!(
            "npm trust github {name} --repository acme/demo --file release.yml --environment npm --allow-publish --yes"
        )
    };
    assert_eq!(commands, ["set -e", &of("@acme/b"), &of("@acme/a"), &of("plain")], "{script}");
    assert!(!root.path().join(".github/trustpub.yml").exists());
    assert_eq!(std::fs::read_to_string(root.path().join(".github/trustpub.yaml")).unwrap(), "repository: acme/demo\n");
}

#[test]
fn a_stored_token_does_not_hide_the_packages() {
    let root = monorepo("npm", &["@acme/a"]);
    let stored = workflow("npm").replace("      id-token: write\n", "      contents: read\n")
        + "        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n";
    std::fs::write(root.path().join(RELEASE), stored).unwrap();
    let script = out(&trustpub(root.path(), &["init", "--script"]));
    assert!(script.contains("\nnpm trust github @acme/a --repository acme/demo"), "{script}");
}

/// The arguments of each call of `npm` when the script runs.
#[cfg(unix)]
fn run(root: &Path, script: &str) -> Vec<Vec<String>> {
    use std::os::unix::fs::PermissionsExt;
    let bin = root.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let npm = bin.join("npm");
    std::fs::write(
        &npm,
        "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\0' \"$word\" >> \"$LOG\"; done\nprintf '\\n' >> \"$LOG\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&npm, std::fs::Permissions::from_mode(0o755)).unwrap();
    let log = root.join("log");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let done =
        Command::new("/bin/sh").args(["-c", script]).current_dir(root).env("PATH", path).env("LOG", &log).status();
    assert!(done.unwrap().success(), "{script}");
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let words = |line: &str| line.split_terminator('\0').map(str::to_owned).collect();
    text.lines().map(words).collect()
}

#[cfg(unix)]
#[test]
fn no_name_in_the_files_is_read_by_the_shell() {
    for name in ["it's $(touch pwned) `touch pwned`; touch pwned", "a b", "\\", "$HOME", "!x", "~", "*"] {
        let quoted = format!("\"{}\"", name.replace('\\', "\\\\"));
        let root = monorepo(&quoted, &["@acme/a"]);
        let script = out(&trustpub(root.path(), &["init", "--script"]));
        let calls = run(root.path(), &script);
        assert!(!root.path().join("pwned").exists(), "{script}");
        let [call] = calls.as_slice() else { panic!("{script}") };
        let at = call.iter().position(|word| word == "--environment").unwrap();
        assert_eq!(call[at + 1], name, "{script}");
    }
}

#[cfg(unix)]
#[test]
fn a_name_that_is_an_option_or_has_a_line_end_becomes_a_comment() {
    for (environment, packages) in [("-x", ["@acme/a"]), ("npm", ["-x"]), ("\"a\\ntouch pwned\"", ["@acme/a"])] {
        let root = monorepo(environment, &packages);
        let script = out(&trustpub(root.path(), &["init", "--script"]));
        assert_eq!(run(root.path(), &script), Vec::<Vec<String>>::new(), "{script}");
        assert!(!root.path().join("pwned").exists(), "{script}");
        assert!(script.contains("# job publish: "), "{script}");
    }
}

#[test]
fn one_publisher_for_each_package_and_nothing_for_other_registries() {
    let root = monorepo("npm", &["@acme/a"]);
    std::fs::write(root.path().join(".github/workflows/beta.yml"), workflow("npm")).unwrap();
    let script = out(&trustpub(root.path(), &["init", "--script"]));
    let active = script.lines().filter(|line| line.starts_with("npm trust ")).count();
    assert_eq!(active, 1, "{script}");
    assert!(script.contains("# a package has one trusted publisher"), "{script}");
    assert!(script.contains("\n# npm trust github @acme/a "), "{script}");
    let pypi = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    permissions: { id-token: write }\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n";
    let root = project(&[(RELEASE, pypi)]);
    let output = trustpub(root.path(), &["init", "--script"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    assert!(err(&output).contains("no script: PyPI has no command that registers a publisher"), "{}", err(&output));
    let refused = trustpub(root.path(), &["init", "--script", "--force"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
}
