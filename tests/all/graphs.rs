//! Long chains, wide matrices, many inputs and deep calls: the number of simulated runs stays bounded.

use std::fmt::Write as _;

use trustpub::lint::analysis::{Analysis, ParsedProject};
use trustpub::lint::check;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;

const PUBLISH: &str = "    runs-on: ubuntu-latest\n    environment: pypi\n    permissions: { id-token: write }\n    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1 }]\n";

/// The simulation of the first upload: the number of runs, of runs that skip it, why the list was cut, and why it is undecided.
struct Played {
    runs: usize,
    skipped: usize,
    cut: Option<String>,
    undecided: Option<String>,
}

fn with_upload_run(files: &[(&str, String)]) -> Played {
    let mut memory = MemoryFiles::default();
    for (name, text) in files {
        memory.insert(format!(".github/workflows/{name}"), text.as_bytes());
    }
    let rules = RuleSet::builtin().unwrap();
    let project = Project::load(&memory, None);
    let report = check(&project, &rules, None);
    assert_eq!(report.problems, []);
    let reading = ParsedProject::new(&rules.data.github, &project);
    let (analysis, _) = Analysis::new(&rules.data, &project, &reading);
    let upload = analysis.uploads.first().unwrap();
    Played {
        runs: upload.runs.len(),
        skipped: upload.skipped.len(),
        cut: upload.cut.as_ref().map(ToString::to_string),
        undecided: upload.unknown_target.clone(),
    }
}

fn chain(length: usize, condition: &str) -> String {
    let mut text = String::new();
    for index in 0..length {
        let _ = writeln!(text, "  j{index}:");
        if index > 0 {
            let _ = writeln!(text, "    needs: j{}", index - 1);
        }
        let _ = writeln!(
            text,
            "    if: {condition}\n    runs-on: ubuntu-latest\n    outputs: {{ x: \"${{{{ needs.j{}.outputs.x }}}}\" }}\n    steps: [{{ run: 'true' }}]",
            index.saturating_sub(1)
        );
    }
    text
}

#[test]
fn a_thousand_jobs_in_a_chain() {
    let jobs = chain(1000, "startsWith(github.ref, 'refs/tags/')");
    let text = format!("on: push\njobs:\n{jobs}  publish:\n    needs: j999\n{PUBLISH}");
    let with_upload_run = with_upload_run(&[("release.yml", text)]);
    assert_eq!((with_upload_run.runs, with_upload_run.skipped), (1, 1));
}

#[test]
fn a_thousand_jobs_under_many_inputs() {
    let choices: Vec<String> = (0..200).map(|index| format!("c{index}")).collect();
    let jobs = chain(1000, "inputs.target != 'c7' && inputs.a && inputs.b");
    let on = format!(
        "on:\n  workflow_dispatch:\n    inputs:\n      target: {{ type: choice, options: [{}] }}\n      a: {{ type: boolean }}\n      b: {{ type: boolean }}\n",
        choices.join(", ")
    );
    let text = format!("{on}jobs:\n{jobs}  publish:\n    needs: j999\n{PUBLISH}");
    let with_upload_run = with_upload_run(&[("release.yml", text)]);
    // The input with the most values stays unknown, so that the other combinations can be simulated.
    assert_eq!((with_upload_run.runs, with_upload_run.skipped), (2, 6));
}

#[test]
fn two_hundred_choices_are_simulated_and_more_give_a_reason() {
    let input = |name: &str, count: usize| {
        let choices: Vec<String> = (0..count).map(|index| format!("c{index}")).collect();
        format!("      {name}: {{ type: choice, options: [{}] }}\n", choices.join(", "))
    };
    let workflow = |inputs: String, url: &str| {
        format!(
            "on:\n  workflow_dispatch:\n    inputs:\n{inputs}jobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions: {{ id-token: write }}\n    steps: [{{ uses: pypa/gh-action-pypi-publish@release/v1, with: {{ repository-url: \"{url}\" }} }}]\n"
        )
    };
    let url = "${{ inputs.a == 'c1' && 'https://test.pypi.org/legacy/' || '' }}";
    let one = with_upload_run(&[("release.yml", workflow(input("a", 200), url))]);
    assert_eq!((one.runs, one.undecided), (400, None));
    let url = "${{ inputs.a == inputs.b && 'https://test.pypi.org/legacy/' || '' }}";
    let two = with_upload_run(&[("release.yml", workflow(input("a", 200) + &input("b", 3), url))]);
    let reason = "the input `a` (too many combinations of inputs)";
    assert_eq!((two.runs, two.undecided.as_deref()), (6, Some(reason)));
}

#[test]
fn a_matrix_of_ten_thousand_rows() {
    let rows: Vec<String> = (0..10_000).map(|index| format!("pypi-{index}")).collect();
    let job = "    runs-on: ubuntu-latest\n    environment: ${{ matrix.name }}\n    permissions: { id-token: write }\n    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1, with: { repository-url: \"${{ matrix.name }}\" } }]\n";
    let text =
        format!("on: push\njobs:\n  publish:\n    strategy: {{ matrix: {{ name: [{}] }} }}\n{job}", rows.join(", "));
    let with_upload_run = with_upload_run(&[("release.yml", text)]);
    assert_eq!(
        (with_upload_run.runs, with_upload_run.undecided.as_deref()),
        (2, Some("a matrix with too many combinations"))
    );
}

#[test]
fn calls_ten_deep_and_wide() {
    let mut files = Vec::new();
    for level in 0..9 {
        let call = format!("uses: ./.github/workflows/w{}.yml", level + 1);
        let on = if level == 0 { "push" } else { "workflow_call" };
        let text =
            format!("on: {on}\npermissions: {{ id-token: write }}\njobs:\n  a: {{ {call} }}\n  b: {{ {call} }}\n");
        files.push((format!("w{level}.yml"), text));
    }
    files.push(("w9.yml".to_owned(), format!("on: workflow_call\njobs:\n  publish:\n{PUBLISH}")));
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let with_upload_run = with_upload_run(&files);
    assert!(with_upload_run.runs <= 512, "{}", with_upload_run.runs);
    assert_eq!(with_upload_run.cut.as_deref(), Some("more than 128 indirect calls of the workflow"));
}

#[test]
fn workflows_that_call_each_other_in_a_cycle() {
    let text = |other: &str| {
        format!(
            "on: [push, workflow_call]\njobs:\n  again: {{ uses: ./.github/workflows/{other} }}\n  publish:\n{PUBLISH}"
        )
    };
    let with_upload_run = with_upload_run(&[("a.yml", text("b.yml")), ("b.yml", text("a.yml"))]);
    assert_eq!((with_upload_run.runs, with_upload_run.cut), (4, None));
}

#[test]
fn an_expression_nested_ten_thousand_times() {
    let deep = format!("{}github.ref{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = vec!["github.ref"; 2_000].join(" != ");
    for condition in [deep, long] {
        let text = format!("on: push\njobs:\n  publish:\n    if: {condition}\n{PUBLISH}");
        let with_upload_run = with_upload_run(&[("release.yml", text)]);
        assert_eq!((with_upload_run.runs, with_upload_run.skipped), (2, 0));
    }
}
