//! `trustpub init --rehearsal`: the job is written, a rehearsal starts no release, and other runs are unchanged.

use crate::support::program::{RELEASE, err, out, project, trustpub};

const CONFIG: &str = "repository: acme/demo\npublishers:\n  - registry: pypi\n    package: demo\n    workflow: release.yml\n    environment: pypi\n";

/// A workflow with a job that builds and one that publishes.
fn workflow(on: &str, condition: &str) -> String {
    format!(
        "{on}jobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: python -m build\n  # Publishes.\n  publish:\n    needs: build\n{condition}    \
         runs-on: ubuntu-latest\n    environment: pypi\n    permissions:\n      id-token: write\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n"
    )
}

/// Exit status, text on both streams, and the workflow afterwards.
fn init(workflow: &str, more: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let project = project(&[&[(RELEASE, workflow), (".github/trustpub.yaml", CONFIG)], more].concat());
    let output = trustpub(project.path(), &[&["init", "--rehearsal"], arguments].concat());
    let text = std::fs::read_to_string(project.path().join(RELEASE)).unwrap();
    if output.status.success() {
        let check = trustpub(project.path(), &["check", "--format", "oneline", "--fail-on", "warning"]);
        assert_eq!(check.status.code(), Some(0), "the written workflow has findings: {}\n{text}", out(&check));
    }
    (output.status.code(), format!("{}{}", out(&output), err(&output)), text)
}

#[test]
fn every_start_by_hand_is_a_rehearsal_where_there_was_none() {
    let before = workflow("on:\n  push:\n    tags: [\"v*\"]\n", "");
    let (status, text, after) = init(&before, &[], &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("gh workflow run release.yml\n") && text.contains("allow-side-effects"), "{text}");
    assert_eq!(after.matches("if: github.event_name != 'workflow_dispatch'\n").count(), 2, "{after}");
    assert!(after.contains("  workflow_dispatch:\n") && after.contains("  # Publishes.\n"), "{after}");
    let job = "  rehearse:\n    if: github.event_name == 'workflow_dispatch'\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions:\n      \
               contents: read\n      id-token: write\n    steps:\n      - uses: actions/checkout@v5\n      - uses: trustpub/trustpub/rehearse@v";
    assert!(after.contains(job) && after.contains("with:\n          job: publish"), "{after}");
}

#[test]
fn an_input_tells_a_rehearsal_from_a_release_by_hand() {
    let on = "on:\n  push:\n    tags: [\"v*\"]\n  workflow_dispatch:\n    inputs:\n      dry:\n        type: boolean\n";
    let (status, text, after) = init(&workflow(on, "    if: ${{ !inputs.dry }}\n"), &[], &[]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("--field rehearse=true"), "{text}");
    assert!(after.contains("if: github.event_name != 'workflow_dispatch' || !inputs.rehearse\n"), "{after}");
    assert!(
        after.contains("if: (github.event_name != 'workflow_dispatch' || !inputs.rehearse) && (!inputs.dry)\n"),
        "{after}"
    );
    assert!(after.contains("if: github.event_name == 'workflow_dispatch' && inputs.rehearse\n"), "{after}");
    assert!(after.contains("      rehearse:\n        description: Rehearse"), "{after}");
}

#[test]
fn jobs_that_run_after_failures_are_skipped_too() {
    let on = "on: [push]\n";
    for condition in ["    if: always()\n", "    if: ${{ !cancelled() && github.ref_type == 'tag' }}\n"] {
        let (status, text, after) = init(&workflow(on, condition), &[], &[]);
        assert_eq!(status, Some(0), "{condition}: {text}");
        assert!(after.contains("if: github.event_name != 'workflow_dispatch' && ("), "{after}");
        assert!(after.starts_with("on: [push, workflow_dispatch]\n"), "{after}");
    }
}

#[test]
fn the_refs_of_the_environment_are_said() {
    let config = format!("{CONFIG}environments:\n  pypi: {{ refs: [\"v*\"] }}\n");
    let project = project(&[
        (RELEASE, workflow("on:\n  push:\n    tags: [\"v*\"]\n", "").as_str()),
        (".github/trustpub.yaml", config.as_str()),
    ]);
    let output = trustpub(project.path(), &["init", "--rehearsal"]);
    assert!(
        out(&output).contains("--ref TAG") && out(&output).contains("accepts: v*"),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[test]
fn it_is_refused_where_a_release_could_start_or_a_run_would_change() {
    /// The workflow, other files, and a part of the reason.
    type Refusal<'c> = (String, Vec<(&'c str, &'c str)>, &'c str);
    let tags = "on:\n  push:\n    tags: [\"v*\"]\n";
    let follower = "on:\n  workflow_run:\n    workflows: [\".github/workflows/release.yml\"]\njobs:\n  again:\n    runs-on: ubuntu-latest\n    permissions:\n      \
                    id-token: write\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n";
    let two = workflow(tags, "").replace(
        "  build:\n",
        "  other:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm publish\n  build:\n",
    );
    let cases: Vec<Refusal<'_>> = vec![
        (
            workflow(tags, ""),
            vec![(".github/workflows/follow.yml", follower)],
            "publishes after every run of release.yml",
        ),
        (workflow("on:\n  workflow_call:\n", ""), vec![], "is in a workflow that others call"),
        (
            workflow(tags, "    if: ${{ github.ref_type == 'tag' }} && true\n"),
            vec![],
            "consists of several expressions",
        ),
        (
            workflow(tags, "").replace("environment: pypi", "environment: ${{ matrix.index }}").replace(
                "    needs: build\n",
                "    needs: build\n    strategy:\n      matrix:\n        index: [pypi, testpypi]\n",
            ),
            vec![],
            "which another job cannot read",
        ),
        (
            workflow(tags, "")
                .replace("  build:\n", "  rehearse:\n    runs-on: ubuntu-latest\n    steps: []\n  build:\n"),
            vec![],
            "a job or an input `rehearse` already",
        ),
        (workflow(tags, "    if: failure() || success()\n"), vec![], "a rehearsal may run job `publish`"),
        (two, vec![], "several jobs publish"),
    ];
    for (before, more, expected) in cases {
        let (status, text, after) =
            init(&before, &more, if more.is_empty() { &[] } else { &["--workflow", "release.yml"] });
        assert_eq!(status, Some(2), "{expected}: {text}\n{after}");
        assert!(text.contains(expected), "{expected}: {text}");
        assert_eq!(after, before, "{expected}: the file is changed");
    }
}

#[test]
fn the_rehearsing_job_is_a_use_of_the_permission() {
    // The permission of the whole workflow reaches the job, which uses it: TP104, TP105 and TP906 are silent.
    let workflow = "on:\n  push:\n    tags: [\"v*\"]\n  workflow_dispatch:\njobs:\n  publish:\n    if: github.event_name != 'workflow_dispatch'\n    runs-on: \
                    ubuntu-latest\n    environment: pypi\n    permissions:\n      id-token: write\n    steps:\n      - uses: pypa/gh-action-pypi-publish@release/v1\n  \
                    rehearse:\n    if: github.event_name == 'workflow_dispatch'\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions:\n      id-token: \
                    write\n    steps:\n      - STEP\n";
    for step in ["uses: trustpub/trustpub/rehearse@v0.1.0", "run: trustpub rehearse --job publish"] {
        let project = project(&[(RELEASE, workflow.replace("STEP", step).as_str()), (".github/trustpub.yaml", CONFIG)]);
        let output = trustpub(
            project.path(),
            &["check", "--format", "oneline", "--fail-on", "note", "--select", "TP104,TP105,TP906"],
        );
        assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    }
    let project =
        project(&[(RELEASE, workflow.replace("STEP", "run: echo hello").as_str()), (".github/trustpub.yaml", CONFIG)]);
    let output = trustpub(
        project.path(),
        &["check", "--format", "oneline", "--fail-on", "note", "--select", "TP104,TP105,TP906"],
    );
    assert_eq!(output.status.code(), Some(1), "an unused permission is still reported: {}", out(&output));
}
