//! Many repositories in one call or in several: the findings, their order and complete reports.

#![cfg(unix)]
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const FAULTS: &str = include_str!("../projects/faults/.github/workflows/publish.yml");
const CONFIG: &str = include_str!("../projects/faults/.github/trustpub.yaml");

/// Creates `count` repositories, named by number.
fn repositories(count: usize) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for index in 0..count {
        let github = root.path().join(format!("{:02}/{index:04}/.github", index % 7));
        std::fs::create_dir_all(github.join("workflows")).unwrap();
        std::fs::write(github.join("workflows/publish.yml"), FAULTS).unwrap();
        std::fs::write(github.join("trustpub.yaml"), CONFIG).unwrap();
    }
    root
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustpub"));
    command.arg("check").args(arguments).args(["--today", "2026-01-01"]).current_dir(root);
    command.env_remove("GITHUB_ACTIONS").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn check(root: &Path, arguments: &[&str], list: &[String]) -> Output {
    let mut child = command(root, arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(list.join("\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The results of a log, each as text.
fn results(log: &[u8]) -> Vec<String> {
    let log: Value = serde_json::from_slice(log).unwrap();
    log["runs"][0]["results"].as_array().unwrap().iter().map(Value::to_string).collect()
}

#[test]
fn the_order_of_findings_does_not_depend_on_thread_timing() {
    let root = repositories(12);
    for format in ["oneline", "text", "json", "sarif", "markdown", "github"] {
        let one = check(root.path(), &[".", "--format", format], &[]);
        assert!(!one.stdout.is_empty());
        let other = check(root.path(), &[".", "--format", format], &[]);
        assert_eq!(one.stdout, other.stdout, "{format}");
    }
}

#[test]
fn calls_for_parts_of_a_list_give_the_findings_of_one_call() {
    let root = repositories(9);
    let whole = check(root.path(), &[".", "--format", "sarif"], &[]);
    let whole: BTreeSet<String> = results(&whole.stdout).into_iter().collect();
    let list: Vec<String> = (0..9).map(|index| format!("{:02}/{index:04}", index % 7)).collect();
    let mut parts = BTreeSet::new();
    // One part is a single repository; its paths must have the same prefix.
    for part in [&list[..1], &list[1..3], &list[3..]] {
        let log = check(root.path(), &["--stdin-filelist", "--format", "sarif"], part);
        parts.extend(results(&log.stdout));
    }
    assert_eq!(parts, whole);
    assert!(whole.len() >= 18, "{}", whole.len());
}

#[test]
fn a_run_that_is_killed_leaves_no_half_report() {
    let root = repositories(100);
    let out = tempfile::tempdir().unwrap();
    for patience in [20, 200, 600] {
        for format in ["json", "sarif", "oneline"] {
            let report = out.path().join(format);
            let _ = std::fs::remove_file(&report);
            let mut child = command(root.path(), &[".", "--format", &format!("{format}={}", report.display())]);
            let mut child = child.spawn().unwrap();
            std::thread::sleep(Duration::from_millis(patience));
            child.kill().unwrap();
            child.wait().unwrap();
            // The program may have ended before it was killed.
            if let Ok(text) = std::fs::read(&report) {
                assert!(text.ends_with(b"\n"), "{format} after {patience} ms");
                assert!(format == "oneline" || serde_json::from_slice::<Value>(&text).is_ok(), "{format}");
            }
        }
    }
}

/// Limits on the address space: what is kept for one run must not grow with the jobs or the inputs of its workflow, nor what is kept for a
/// command with the variables before it, nor what is read of a list that many aliases name, nor the alternatives of a pattern times its length.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_for_many_parts_of_one_workflow_is_bounded() {
    let upload = "      - uses: pypa/gh-action-pypi-publish@release/v1\n";
    let job = |id: usize| format!("  p{id}:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps:\n{upload}");
    let jobs: String = (0..3_200).map(job).collect();
    let inputs: String = (0..3_200).map(|input| format!("      i{input}: {{type: boolean}}\n")).collect();
    let condition = (0..3_200).map(|input| format!("inputs.i{input}")).collect::<Vec<_>>().join(" && ");
    let lines: String = (0..2_000).map(|line| format!("          V{line}=x\n          echo $V{line}\n")).collect();
    let no_steps = "x,".repeat(20_000);
    let aliases: String = (0..200).map(|job| format!("  a{job}: {{runs-on: ubuntu-latest, steps: *x}}\n")).collect();
    let pattern = format!("{{{}}}{}", ",".repeat(20_000), "a".repeat(20_000));
    for text in [
        format!("on: {{push: {{tags: ['v*']}}}}\njobs:\n{jobs}"),
        format!("on: push\njobs:\n  x: {{runs-on: ubuntu-latest, steps: &x [{no_steps}]}}\n{aliases}{}", job(0)),
        format!(
            "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/upload-artifact@v6\n        with: {{name: dist, path: dist}}\n  p:\n    needs: b\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps:\n      - uses: actions/download-artifact@v6\n        with: {{pattern: '{pattern}', path: dist}}\n{upload}"
        ),
        format!(
            "on:\n  workflow_dispatch:\n    inputs:\n{inputs}jobs:\n  p:\n    runs-on: ubuntu-latest\n    if: {condition}\n    steps:\n{upload}"
        ),
        format!(
            "on: push\njobs:\n  p:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps:\n{upload}      - run: |\n{lines}          twine upload dist/*\n"
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(".github/workflows")).unwrap();
        std::fs::write(root.path().join(".github/workflows/release.yml"), text).unwrap();
        let output = Command::new("/bin/sh")
            .args(["-c", "ulimit -v 262144 && exec \"$0\" check --quiet", env!("CARGO_BIN_EXE_trustpub")])
            .current_dir(root.path())
            .env_remove("GITHUB_ACTIONS")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
