//! Which packages an upload sends, and what `init` writes from it: the arguments, the folder, the files, the builds and the workspace decide.

use trustpub::lint::analysis::{Analysis, ParsedProject};
use trustpub::lint::explain::proposal::{add_hints, proposals};
use trustpub::lint::explain::{self, ExplainedValue};
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::report::{explain::ExplainPage, init};

const WORKFLOW: &str = ".github/workflows/release.yml";

/// A job with some steps.
fn job(steps: &str) -> String {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!(
        "on: {{push: {{tags: ['v*']}}}}\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
         permissions: {{contents: read, id-token: write}}\n    steps:\n{steps}"
    )
}

fn project(workflow: &str, files: &[(&str, &str)]) -> MemoryFiles {
    let mut memory = MemoryFiles::default();
    memory.insert(WORKFLOW, workflow);
    for (path, text) in files {
        memory.insert(*path, *text);
    }
    memory
}

/// The packages of each upload: names, or the reason after `?`.
fn packages(workflow: &str, files: &[(&str, &str)]) -> String {
    let rules = RuleSet::builtin().unwrap();
    let project = rules.read(&project(workflow, files));
    let reading = ParsedProject::new(&rules.data.github, &project);
    let (analysis, _) = Analysis::new(&rules.data, &project, &reading);
    let mut shown = Vec::new();
    for run in explain::explain_uploads(&analysis, &rules).iter().flat_map(|upload| &upload.runs) {
        let line = run.form.iter().flat_map(|form| &form.lines).find(|line| line.field.name == "package");
        shown.push(match line.map(|line| &line.value) {
            Some(ExplainedValue::Known(name)) => name.clone(),
            Some(ExplainedValue::Each(names)) => names.join("+"),
            Some(ExplainedValue::Unknown(reason)) => format!("? {reason}"),
            Some(ExplainedValue::Absent) | None => "-".to_owned(),
        });
    }
    shown.dedup();
    shown.join(", ")
}

const CRATES: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\nmembers = ['a', 'b', 'tools']\n"),
    ("a/Cargo.toml", "[package]\nname = 'aa'\n"),
    ("b/Cargo.toml", "[package]\nname = 'bb'\n"),
    ("tools/Cargo.toml", "[package]\nname = 'tools'\npublish = false\n"),
];

const NPM: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "root", "private": true, "workspaces": ["packages/*", "!packages/old"]}"#),
    ("packages/core/package.json", r#"{"name": "@acme/core"}"#),
    ("packages/cli/package.json", r#"{"name": "@acme/cli"}"#),
    ("packages/docs/package.json", r#"{"name": "docs", "private": true}"#),
    ("packages/old/package.json", r#"{"name": "@acme/old"}"#),
];

#[test]
fn arguments_and_folders_choose_a_crate() {
    for (step, expected) in [
        ("- run: cargo publish -p bb", "bb"),
        ("- run: cargo publish --package=bb", "bb"),
        ("- run: cargo publish -p \"$CRATE\"\n  env: {CRATE: aa}", "aa"),
        ("- run: cargo publish -p aa -p bb", "aa+bb"),
        ("- run: cargo publish --manifest-path b/Cargo.toml", "bb"),
        ("- run: cargo publish\n  working-directory: a", "aa"),
        ("- run: cd a && cargo publish", "aa"),
        ("- run: |\n    for crate in aa bb; do\n      cargo publish -p \"$crate\"\n    done", "aa+bb"),
        ("- run: cargo publish --workspace", "aa+bb"),
        ("- run: cargo publish --workspace --exclude aa", "bb"),
        ("- uses: release-plz/action@v0.5\n  with: {command: release}", "aa+bb"),
        ("- run: cargo publish -p \"$CRATE\"", "? the command takes it from `\"$CRATE\"`"),
        (
            "- run: cargo publish\n  working-directory: target/package",
            "? the repository has no folder `target/package`",
        ),
        ("- run: cargo publish", "? the manifests name several packages: `aa`, `bb`"),
    ] {
        assert_eq!(packages(&job(step), CRATES), expected, "{step}");
    }
}

#[test]
fn the_rows_of_a_matrix_choose_a_crate_each() {
    let workflow = job("- run: cargo publish -p ${{ matrix.crate }}")
        .replace("    steps:", "    strategy: {matrix: {crate: [aa, bb]}}\n    steps:");
    assert_eq!(packages(&workflow, CRATES), "aa, bb");
    let workflow = job("- run: cargo publish\n  working-directory: ${{ matrix.folder }}")
        .replace("    steps:", "    strategy: {matrix: {folder: [a, b]}}\n    steps:");
    assert_eq!(packages(&workflow, CRATES), "aa, bb");
}

#[test]
fn settings_of_a_release_tool_leave_packages_out() {
    let release = job("- run: release-plz release");
    let with = |settings: &'static str| {
        let mut files = CRATES.to_vec();
        files.push(("release-plz.toml", settings));
        packages(&release, &files)
    };
    assert_eq!(with("[[package]]\nname = 'aa'\npublish = false\n"), "bb");
    assert_eq!(with("[workspace]\npublish = false\n[[package]]\nname = 'aa'\npublish = true\n"), "aa");
}

#[test]
fn tools_for_npm_upload_each_public_package() {
    for (step, expected) in [
        ("- run: npm publish -w packages/cli", "@acme/cli"),
        ("- run: npm publish --workspace=@acme/core", "@acme/core"),
        ("- run: npm publish --workspaces", "@acme/cli+@acme/core"),
        ("- run: npm publish ./packages/core", "@acme/core"),
        ("- run: npm --prefix packages/core publish", "@acme/core"),
        ("- run: pnpm -r publish", "@acme/cli+@acme/core"),
        ("- run: pnpm --filter @acme/cli publish", "@acme/cli"),
        ("- run: pnpm --filter '@acme/*' publish", "@acme/cli+@acme/core"),
        ("- run: pnpm --filter 'core...' publish", "? the command takes it from `core...`"),
        ("- run: npx lerna publish from-package --yes", "@acme/cli+@acme/core"),
        ("- run: npx changeset publish", "@acme/cli+@acme/core"),
        ("- run: npm publish acme-core-1.0.0.tgz", "@acme/core"),
        ("- run: npm publish", "? the package of the folder `.` is private"),
        ("- run: npm publish ./dist", "? the repository has no folder `dist`"),
    ] {
        assert_eq!(packages(&job(step), NPM), expected, "{step}");
    }
}

#[test]
fn a_workspace_with_a_package_that_only_a_build_makes_is_unknown() {
    let files = [
        ("package.json", r#"{"name": "@acme/root", "private": true, "workspaces": ["dist", "cli"]}"#),
        ("cli/package.json", r#"{"name": "@acme/cli"}"#),
    ];
    let found = packages(&job("- run: npx changeset publish"), &files);
    assert_eq!(found, "? the workspace lists `dist`, which only a build makes");
}

#[test]
fn builds_choose_a_python_package() {
    let files = [
        ("pyproject.toml", "[project]\nname = 'acme'\n[tool.uv.workspace]\nmembers = ['packages/*']\n"),
        ("packages/w/pyproject.toml", "[project]\nname = 'acme-widget'\n"),
        ("plugin/setup.py", "NAME = 'acme-plugin'\nsetup(\n    # The name.\n    name=NAME,\n    version='1',\n)\n"),
    ];
    let publish = "- uses: pypa/gh-action-pypi-publish@release/v1";
    for (steps, expected) in [
        (format!("- run: uv build --package acme-widget\n{publish}"), "acme-widget"),
        (format!("- run: uv build --all-packages\n{publish}"), "acme+acme-widget"),
        (format!("- run: uv build packages/w\n{publish}"), "acme-widget"),
        (format!("- run: python -m build\n  working-directory: plugin\n{publish}"), "acme-plugin"),
        (format!("- run: python -m build\n{publish}"), "acme"),
        (format!("{publish}\n  with: {{packages-dir: plugin/dist}}"), "acme-plugin"),
        (format!("- run: uv build --package acme-widget -o out\n- run: uv build\n{publish}"), "acme"),
        (
            format!("- run: uv build --package acme-widget -o out\n{publish}\n  with: {{packages-dir: out}}"),
            "acme-widget",
        ),
        ("- run: uv build && uv publish dist/acme_widget-*.whl".to_owned(), "acme-widget"),
    ] {
        assert_eq!(packages(&job(&steps), &files), expected, "{steps}");
    }
}

#[test]
fn the_job_that_packs_the_artifact_decides() {
    let files =
        [("one/pyproject.toml", "[project]\nname = 'one'\n"), ("two/pyproject.toml", "[project]\nname = 'two'\n")];
    let build = |name: &str| {
        format!(
            "  build-{name}:\n    runs-on: ubuntu-latest\n    steps:\n      - run: python -m build {name}\n      \
             - uses: actions/upload-artifact@v4\n        with: {{name: {name}, path: {name}/dist}}\n"
        )
    };
    let publish = job(
        "- uses: actions/download-artifact@v4\n  with: {name: two, path: dist}\n- uses: pypa/gh-action-pypi-publish@release/v1",
    );
    let publish = publish.replace("    steps:", "    needs: [build-one, build-two]\n    steps:");
    assert_eq!(packages(&format!("{publish}{}{}", build("one"), build("two")), &files), "two");
}

#[test]
fn a_computed_name_of_setup_py_is_unknown() {
    let steps = job("- uses: pypa/gh-action-pypi-publish@release/v1");
    for setup in
        ["setup(name=read())", "setup(**arguments)", "setup(name=f'{x}')", "NAME = 'a'\nNAME = 'b'\nsetup(name=NAME)"]
    {
        let found = packages(&steps, &[("setup.py", setup)]);
        assert_eq!(found, "? only a build computes the name in `setup.py`", "{setup}");
    }
    let found = packages(&steps, &[("setup.py", "setup()"), ("setup.cfg", "[metadata]\nname = demo\n")]);
    assert_eq!(found, "demo");
}

#[test]
fn a_packed_solution_has_no_test_projects() {
    let files = [
        (
            "Acme.sln",
            "Project(\"{1}\") = \"A\", \"src\\Acme\\Acme.csproj\", \"{2}\"\nProject(\"{1}\") = \"T\", \"test\\T\\T.csproj\", \"{3}\"\n",
        ),
        ("src/Acme/Acme.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"></Project>"),
        (
            "test/T/T.csproj",
            "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><PackageReference Include=\"Microsoft.NET.Test.Sdk\" /></ItemGroup></Project>",
        ),
    ];
    let steps = "- run: dotnet pack\n- run: dotnet nuget push **/*.nupkg -s https://api.nuget.org/v3/index.json -k ${{ secrets.KEY }}";
    assert_eq!(packages(&job(steps), &files), "Acme");
    let mut private = files.to_vec();
    private.push((
        "src/Directory.Build.props",
        "<Project><PropertyGroup><IsPackable>false</IsPackable></PropertyGroup></Project>",
    ));
    assert_eq!(packages(&job(steps), &private), "? no manifest names it");
}

#[test]
fn a_manifest_of_an_unrelated_workflow_is_no_candidate() {
    let files = [
        ("pyproject.toml", "[project]\nname = 'acme'\n"),
        ("other/pyproject.toml", "[project]\nname = 'other'\n"),
        (
            ".github/workflows/lint.yml",
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: ruff check, working-directory: other}]}}",
        ),
    ];
    assert_eq!(packages(&job("- uses: pypa/gh-action-pypi-publish@release/v1"), &files), "acme");
}

#[test]
fn a_script_that_changes_the_name_makes_it_unknown() {
    let files = [("package.json", r#"{"name": "demo"}"#)];
    for (script, expected) in [
        ("npm pkg set name=other", "? a file names `demo`, and a script may change that"),
        ("npm pkg set version=1.2.3", "demo"),
        (
            "jq '.name = \"x\"' package.json > tmp && mv tmp package.json",
            "? a file names `demo`, and a script may change that",
        ),
        ("jq '.version = \"1\"' package.json > tmp && mv tmp package.json", "demo"),
        ("cp release.json package.json", "? a file names `demo`, and a script may change that"),
        ("node -p \"require('./package.json').name\"", "demo"),
    ] {
        let steps = format!("- run: |\n    {script}\n- run: npm publish");
        assert_eq!(packages(&job(&steps), &files), expected, "{script}");
    }
}

#[test]
fn init_shows_what_documents_state() {
    let rules = RuleSet::builtin().unwrap();
    let guide =
        "# Release\n\n## PyPI\n\n- Project name: `acme-widget`\n- Workflow: `release.yml`\n- Environment: `release`\n";
    let files = project(
        &job("- uses: pypa/gh-action-pypi-publish@release/v1"),
        &[("RELEASING.md", guide), ("CONTRIBUTING.md", "Workflow: other.yml\nEnvironment: x\n"), ("notes.md", guide)],
    );
    let mut project = rules.read(&files);
    let documents = project.find_documents(&files, &rules.data.github.documents);
    let reading = ParsedProject::new(&rules.data.github, &project);
    let (analysis, _) = Analysis::new(&rules.data, &project, &reading);
    let uploads = explain::explain_uploads(&analysis, &rules);
    let mut proposals = proposals(&uploads);
    add_hints(&mut proposals, &rules.data, &project, &documents);
    let page = ExplainPage { files: &project.files, prefix: "", repository: None, uploads: &uploads };
    let config = init::config(&page, None, &[], &proposals);
    for line in [
        "# documents: [RELEASING.md]",
        "# RELEASING.md:5 states: PyPI project name `acme-widget`.",
        "# RELEASING.md:7 states: Environment name `release`.",
    ] {
        assert!(config.contains(line), "{line}\n{config}");
    }
    assert!(!config.contains("CONTRIBUTING") && !config.contains("notes.md"), "{config}");
    let report = trustpub::lint::check(&project, &rules, None);
    assert!(report.findings.iter().all(|finding| finding.name != "document-drift"));
}
