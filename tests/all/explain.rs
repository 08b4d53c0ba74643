//! `explain` and `init` on every example of every rule: `explain` agrees with `check`, and proposed configs are accepted.

use std::collections::BTreeSet;

use trustpub::lint::analysis::{Analysis, ParsedProject};
use trustpub::lint::check;
use trustpub::lint::explain;
use trustpub::lint::explain::proposal::proposals;
use trustpub::lint::findings::{Level, Report};
use trustpub::lint::rules::RuleExample;
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::{CONFIGS, Project};
use trustpub::report::{explain as pages, init};
use trustpub::workflow::expression::Truth;

fn rules() -> RuleSet {
    RuleSet::builtin().unwrap_or_else(|problems| panic!("{}", problems.join("\n")))
}

/// Every example with its rule's name and its own.
fn examples(rules: &RuleSet) -> impl Iterator<Item = (String, &RuleExample)> {
    rules.rules.iter().flat_map(|rule| {
        rule.examples.iter().map(move |example| (format!("{} / {}", rule.name, example.name), example))
    })
}

/// An example's project, with another config than its own if one is given.
fn project(rules: &RuleSet, example: &RuleExample, config: Option<&str>) -> Project {
    let mut files = MemoryFiles::default();
    for (path, text) in &example.files {
        files.insert(path.clone(), text.clone());
    }
    files.insert(trustpub::lint::rules::examples::WORKFLOW, example.text.clone());
    if let Some(config) = config {
        files.insert(CONFIGS[0], config);
    }
    rules.read(&files)
}

fn uploads(rules: &RuleSet, project: &Project, look: impl FnOnce(&Analysis<'_, '_>, &[explain::ExplainedUpload<'_>])) {
    let reading = ParsedProject::new(&rules.data.github, project);
    let (analysis, _) = Analysis::new(&rules.data, project, &reading);
    look(&analysis, &explain::explain_uploads(&analysis, rules));
}

#[test]
fn explain_agrees_with_check() {
    let rules = rules();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for (name, example) in examples(&rules) {
        let project = project(&rules, example, example.config.as_deref());
        let report = check(&project, &rules, None);
        let errors: Vec<_> = report.findings.iter().filter(|it| it.level == Level::Error).collect();
        uploads(&rules, &project, |_, uploads| {
            for upload in uploads {
                let refusals = upload.runs.iter().filter(|it| it.verdict.word() == "refused").count();
                refused += refusals;
                let job = format!("job `{}`", upload.job);
                let accused = errors.iter().any(|it| it.steps.iter().any(|step| step.place == upload.place));
                if accused && refusals == 0 {
                    wrong.push(format!("{name}: {job} has an error and no refusal"));
                }
                if refusals == upload.runs.len() && refusals > 0 && !accused && report.suppressed.is_empty() {
                    let said: BTreeSet<&str> = report.findings.iter().map(|it| it.name.as_str()).collect();
                    // Another rule may report the cause instead, and an upload to a test index may fail.
                    if said.is_empty() && !example.text.contains("continue-on-error") {
                        wrong.push(format!("{name}: {job} is refused and nothing is said"));
                    }
                }
            }
        });
    }
    assert!(refused > 10, "too few examples are refused: {refused}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Findings above a note, without their places, which differ with the config.
fn said(report: &Report) -> BTreeSet<(String, String)> {
    // With the declared publisher, an ignore may have nothing left to hide.
    let loud = report.findings.iter().filter(|it| it.level > Level::Note && it.name != "unused-ignore");
    loud.map(|finding| (finding.name.clone(), finding.subject.clone())).collect()
}

#[test]
fn proposed_configs_give_no_new_findings() {
    let rules = rules();
    let (mut wrong, mut records) = (Vec::new(), 0);
    for (name, example) in examples(&rules) {
        let bare = project(&rules, example, None);
        let mut config = String::new();
        uploads(&rules, &bare, |analysis, uploads| {
            let proposals = proposals(uploads);
            records += proposals.iter().filter(|it| it.open.is_none()).count();
            let page = pages::ExplainPage { files: &bare.files, prefix: "", repository: None, uploads };
            config = init::config(&page, init::repository(analysis), &[], &proposals);
        });
        let report = check(&project(&rules, example, Some(&config)), &rules, None);
        wrong.extend(report.problems.iter().map(|problem| format!("{name}: {}\n{config}", problem.message)));
        let before = said(&check(&bare, &rules, None));
        wrong.extend(
            said(&report).difference(&before).map(|(rule, subject)| format!("{name}: {rule} {subject}\n{config}")),
        );
    }
    assert!(records > 50, "too few publishers are proposed: {records}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_run_skipped_in_the_calling_workflow_names_its_condition() {
    let rules = rules();
    let mut files = MemoryFiles::default();
    let caller = "on: push\njobs:\n  first:\n    if: github.ref_type == 'tag'\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n  release:\n    needs: first\n    permissions: { id-token: write }\n    uses: ./.github/workflows/upload.yml\n  nightly:\n    if: github.ref == 'refs/heads/main'\n    permissions: { id-token: write }\n    uses: ./.github/workflows/upload.yml\n";
    let called = "on: workflow_call\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps: [{ run: uv publish }]\n";
    files.insert(".github/workflows/ci.yml", caller.as_bytes());
    files.insert(".github/workflows/upload.yml", called.as_bytes());
    let project = Project::load(&files, None);
    uploads(&rules, &project, |_, uploads| {
        let skipped = uploads.iter().flat_map(|upload| &upload.skipped);
        let told: Vec<String> = skipped
            .filter_map(|skipped| skipped.stop.as_ref())
            .map(|stop| {
                format!("{} {}: {}", stop.kind.word(), stop.name, stop.condition.as_deref().unwrap_or_default())
            })
            .collect();
        // Not on `main`: the call by `release`. Not on a tag or another branch: the call by `nightly`.
        let nightly = "caller nightly: github.ref == 'refs/heads/main'";
        let first = "job first: github.ref_type == 'tag'";
        assert_eq!(told.iter().filter(|stop| *stop == nightly).count(), 2);
        assert_eq!(told.iter().filter(|stop| *stop == first).count() + 2, told.len());
    });
}

/// A project in memory from paths and texts. A bare file name is a workflow.
fn of(files: &[(&str, &str)]) -> MemoryFiles {
    let mut memory = MemoryFiles::default();
    for (path, text) in files {
        let workflow = path.ends_with(".yml") && !path.contains('/');
        let path = if workflow { format!(".github/workflows/{path}") } else { (*path).to_owned() };
        memory.insert(path, text.as_bytes());
    }
    memory
}

/// The output of `explain` as text.
fn account(files: &[(&str, &str)]) -> String {
    let rules = rules();
    let project = rules.read(&of(files));
    let mut text = Vec::new();
    uploads(&rules, &project, |analysis, uploads| {
        let page = pages::ExplainPage { files: &project.files, prefix: "", repository: analysis.repository, uploads };
        pages::text::write(&mut text, &page, false).unwrap();
    });
    let text = String::from_utf8(text).unwrap();
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

fn says(account: &str, lines: &[&str]) {
    for line in lines {
        assert!(account.contains(line), "{line}\n---\n{account}");
    }
}

#[test]
fn a_run_that_github_rejects_never_uploads_wherever_the_invalid_call_is() {
    let called = "on: workflow_call\npermissions:\n  contents: read\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n";
    let caller = "on: push\npermissions: {}\njobs:\n  build:\n    uses: ./.github/workflows/build.yml\n  publish:\n    needs: build\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions: { id-token: write }\n    steps: [{ run: uv publish }]\n";
    let beside = account(&[("release.yml", caller), ("build.yml", called)]);
    says(
        &beside,
        &[
            "GitHub starts none of these runs: job `build` calls build.yml with `contents: none`, .github/workflows/release.yml:2:1",
            "but the workflow requests `contents: read` .github/workflows/build.yml:3:3",
            "verdict no run reaches it: GitHub refuses to start the run .github/workflows/release.yml:2:1",
        ],
    );
    assert!(!beside.contains("PyPI accepts it"), "{beside}");
    let upload = "on: workflow_call\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    permissions: { id-token: write }\n    steps: [{ run: uv publish }]\n";
    let caller =
        "on: push\njobs:\n  release:\n    permissions: { contents: read }\n    uses: ./.github/workflows/upload.yml\n";
    let on_the_way = account(&[("release.yml", caller), ("upload.yml", upload)]);
    says(
        &on_the_way,
        &[
            "id-token: write requested, set by the job, but the calling job grants less .github/workflows/upload.yml:6:20",
            "calling job `release` grants `none` .github/workflows/release.yml:4:5",
            "no run reaches it",
        ],
    );
}

#[test]
fn attestations_that_name_the_calling_workflow_are_refused_for_any_publisher() {
    let caller =
        "on: push\njobs:\n  release:\n    permissions: { id-token: write }\n    uses: ./.github/workflows/upload.yml\n";
    let called = "on: workflow_call\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: pypi\n    steps: [{ uses: pypa/gh-action-pypi-publish@release/v1 }]\n";
    let account = account(&[("release.yml", caller), ("upload.yml", called)]);
    says(
        &account,
        &[
            "PyPI refuses it: the certificate of its attestations names `release.yml`, but the publisher can only name `upload.yml`",
            "error you would see: Certificate's Build Config URI",
        ],
    );
    assert!(!account.contains("PyPI accepts it"), "{account}");
}

const NPM: &str = "on: workflow_dispatch\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: npm\n    permissions: { id-token: write }\n    steps:\n      - uses: actions/setup-node@v5\n        with: { node-version: 24 }\n      - run: |\n";

#[test]
fn a_loop_over_packages_is_not_taken_for_the_only_manifest() {
    let script = "          for package in packages/@acme/*; do\n            if [ $package != \"packages/@acme/api\" ]; then\n              npm publish $package --access public\n            fi\n          done\n";
    let looped = format!("{NPM}{script}");
    let manifest = ("packages/@acme/api/package.json", "{\"name\": \"@acme/api\"}");
    let bare = account(&[("release.yml", &looped), manifest]);
    says(&bare, &["Package not known: the command takes it from `$package`"]);
    says(&bare, &["an existing package its settings: https://www.npmjs.com/package/<package>/access"]);
    let config = "repository: acme/demo\npublishers:\n  - registry: npm\n    package: \"@acme/api\"\n    workflow: release.yml\n    environment: npm\n    allowed-actions: publish\n";
    let declared = account(&[("release.yml", &looped), manifest, (".github/trustpub.yaml", config)]);
    says(&declared, &["verdict npm accepts it if it uploads package `@acme/api`; no manifest names the package"]);
    let direct = format!("{NPM}          npm publish packages/@acme/api --access public\n");
    let other = ("packages/@acme/cli/package.json", "{\"name\": \"@acme/cli\"}");
    let named = account(&[("release.yml", &direct), manifest, other]);
    says(&named, &["publisher Package @acme/api packages/@acme/api/package.json:1:"]);
    let declared = account(&[("release.yml", &direct), manifest, other, (".github/trustpub.yaml", config)]);
    says(&declared, &["verdict npm accepts it\n"]);
}

#[test]
fn two_publishers_are_reported_where_a_package_can_have_one() {
    let upload = format!("{NPM}          npm publish\n");
    let manifest = ("package.json", "{\"name\": \"demo\"}");
    let limit = "a package has one trusted publisher";
    assert!(!account(&[("release.yml", &upload), manifest]).contains(limit));
    says(&account(&[("release.yml", &upload), ("beta.yml", &upload), manifest]), &[limit]);
}

#[test]
fn an_unknown_package_has_a_reason() {
    let upload = "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n";
    let of = |name| format!("[project]\nname = \"{name}\"\n");
    let (one, two) = (of("one"), of("two"));
    says(&account(&[("release.yml", upload)]), &["PyPI project name not known: no manifest names it"]);
    let workspace = format!("{one}[tool.uv.workspace]\nmembers = [\"pkg/*\"]\n");
    let several = account(&[("release.yml", upload), ("pyproject.toml", &workspace), ("pkg/two/pyproject.toml", &two)]);
    says(&several, &["PyPI project name not known: the manifests name several packages: `one`, `two`"]);
    says(
        &several,
        &["an existing package its settings: https://pypi.org/manage/project/<package>/settings/publishing/"],
    );
}

#[test]
fn an_upload_that_no_run_reaches_has_a_cause() {
    let text = "on: workflow_dispatch\njobs:\n  check:\n    runs-on: ubuntu-latest\n    outputs: { version: 1 }\n    steps: [{ run: make }]\n  build:\n    needs: check\n    if: needs.check.outputs.changed == 'true'\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n  publish:\n    needs: build\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n";
    says(
        &account(&[("release.yml", text)]),
        &[
            "no run reaches the upload to PyPI in job `publish` of release.yml",
            "upload uv publish .github/workflows/release.yml:15:20",
            "skipped by job `build` needs.check.outputs.changed == 'true' .github/workflows/release.yml:9:9",
            "job `check` declares no output `changed`, so it is empty .github/workflows/release.yml:3:3",
        ],
    );
}

#[test]
fn an_upload_with_a_secret_lists_what_a_publisher_needs_first() {
    let text = "on: workflow_dispatch\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps: [{ run: \"cargo publish --token ${{ secrets.TOKEN }}\" }]\n";
    says(
        &account(&[("release.yml", text)]),
        &[
            "token the job cannot request a token; it would contain:",
            "first give the job `id-token: write`",
            "first add a step with `rust-lang/crates-io-auth-action` and upload with its token",
        ],
    );
}

#[test]
fn the_first_unknown_condition_of_a_path_is_named_and_the_others_counted() {
    let text = "on: push\njobs:\n  first:\n    runs-on: ubuntu-latest\n    outputs: { go: \"${{ steps.x.outputs.go }}\" }\n    steps: [{ id: x, run: make }]\n  second:\n    needs: first\n    if: needs.first.outputs.go\n    runs-on: ubuntu-latest\n    outputs: { on: \"${{ steps.x.outputs.on }}\" }\n    steps: [{ id: x, run: make }]\n  publish:\n    needs: second\n    if: needs.second.outputs.on\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n";
    says(
        &account(&[("release.yml", text)]),
        &["it depends on the output `go` of job `first` and one more condition .github/workflows/release.yml:9:9"],
    );
}

#[test]
fn a_run_skipped_before_an_unknown_condition_names_the_job() {
    let text = "on:\n  workflow_dispatch:\n    inputs:\n      dry: { type: boolean }\njobs:\n  plan:\n    runs-on: ubuntu-latest\n    outputs: { go: \"${{ steps.x.outputs.go }}\" }\n    steps: [{ id: x, run: make }]\n  gate:\n    needs: plan\n    if: ${{ !inputs.dry }}\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n  publish:\n    needs: [plan, gate]\n    if: needs.plan.outputs.go\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n";
    says(&account(&[("release.yml", text)]), &["skipped by job `gate` ${{ !inputs.dry }}"]);
}

#[test]
fn the_git_remote_decides_conditions_on_the_repository() {
    let text = "on: push\njobs:\n  publish:\n    if: github.repository == 'acme/demo'\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n  other:\n    if: github.repository == 'acme/demo-dev'\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n";
    let remote = (".git/config", "[remote \"origin\"]\n  url = https://github.com/acme/demo.git\n");
    says(&account(&[("release.yml", text)]), &["it depends on `github.repository`"]);
    let known = account(&[("release.yml", text), remote]);
    assert!(!known.contains("it depends on"), "{known}");
    says(&known, &["Owner acme from the conditions of the workflows .github/workflows/release.yml:4:9"]);
}

#[test]
fn refs_are_shown_as_in_the_filter() {
    let text = "on:\n  push:\n    branches: [main, '[0-9].[0-9]+']\njobs:\n  publish:\n    if: github.ref != 'x'\n    runs-on: ubuntu-latest\n    steps: [{ run: uv publish }]\n";
    says(&account(&[("release.yml", text)]), &["push, refs/heads/main", "push, refs/heads/[0-9].[0-9]+"]);
}

#[test]
fn runs_are_split_by_what_conditions_test() {
    let job = |on: &str, condition: &str| {
        format!(
            "name: Publish\non: {on}\njobs:\n  publish:\n    if: {condition}\n    runs-on: ubuntu-latest\n    steps: [{{ run: uv publish }}]\n"
        )
    };
    let cases = [
        ("push", "startsWith(github.ref, 'refs/tags/v')", "when a tag is pushed (starting with `v`)"),
        ("push", "github.ref_name == 'main' && github.ref_type == 'branch'", "when a branch is pushed (`main`)"),
        ("{ push: { branches: [main, next] } }", "github.ref != 'refs/heads/main'", "when a branch is pushed (`next`)"),
        ("workflow_dispatch", "github.event.ref == 'refs/heads/x'", "when dispatched from a branch (`x`)"),
        ("merge_group", "startsWith(github.ref_name, 'gh-readonly-queue/')", "in the merge queue"),
        ("{ release: { branches: [main] } }", "always()", "on a release"),
        (
            "{ workflow_run: { workflows: [Test] } }",
            "github.event.workflow_run.event == 'schedule'",
            "after another workflow started by `schedule`",
        ),
    ];
    let rules = rules();
    for (on, condition, expected) in cases {
        let mut files = MemoryFiles::default();
        files.insert(".github/workflows/release.yml", job(on, condition).as_bytes());
        let test =
            "name: Test\non: [push, schedule]\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: make }] } }\n";
        files.insert(".github/workflows/test.yml", test.as_bytes());
        let project = Project::load(&files, None);
        uploads(&rules, &project, |analysis, _| {
            let runs = analysis.uploads.iter().flat_map(|upload| &upload.runs);
            let reached: Vec<String> = runs.map(|run| run.simulated.run.when.clone()).collect();
            assert_eq!(reached, [expected], "{on} {condition}");
            let decided = analysis.uploads.iter().flat_map(|upload| &upload.runs).all(|run| run.reach == Truth::Yes);
            assert!(decided, "{on} {condition}");
        });
    }
}
