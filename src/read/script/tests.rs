//! Scripts that steps run, in every kind of file, and files that must not be followed.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::read::files::MemoryFiles;
use crate::read::project::Project;
use crate::read::shell::ShellWord;

fn facts() -> RunFacts {
    let files = crate::read::builtin::PackedRules::read().files("");
    let github: serde_json::Value = files.iter().find(|file| file.stem() == "github").unwrap().read().unwrap();
    serde_json::from_value(github["shell"]["runs"].clone()).unwrap()
}

/// A project with a step that runs a command, and the scripts that it runs.
fn project(run: &str, files: &[(&str, &str)]) -> Project {
    let mut memory = MemoryFiles::default();
    let run = run.replace('\n', "\n          ");
    let workflow = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          {run}\n");
    memory.insert(".github/workflows/r.yml", workflow);
    for (path, text) in files {
        memory.insert(*path, *text);
    }
    let mut project = Project::load(&memory, None);
    let kind = serde_yaml::from_str("{file: package.json, format: json, name: [name], members: [workspaces]}").unwrap();
    project.load_manifests(&memory, &[&kind].into_iter().collect());
    project.load_scripts(&memory, &facts());
    project
}

/// The scripts that a step with a command runs, directly or through other scripts: the text at the place of each command.
fn followed(run: &str, files: &[(&str, &str)]) -> Vec<String> {
    let project = project(run, files);
    let mut found = Vec::new();
    for script in project.scripts.list.iter() {
        let source = project.source(script.file).unwrap();
        if script.is_program {
            found.push(format!("{}: program", source.path()));
        }
        for command in script.commands.iter() {
            let place = script.text().inner(command.span.clone());
            found.push(format!("{}: {}", source.path(), source.slice(place.span)));
        }
    }
    found
}

#[test]
fn package_scripts_run_with_their_hooks_and_arguments() {
    let package = "{\"scripts\": {\n \"prerelease\": \"echo \\\"a b\\\"\", \"release\": \"npm run push --\", \"push\": \"changeset\", \"x\": \"never\"}}";
    let found = followed("pnpm run release publish", &[("package.json", package)]);
    assert_eq!(found, ["package.json: echo \\\"a b\\\"", "package.json: npm run push --", "package.json: changeset"]);
    for short in ["yarn push", "pnpm push", "npm run push", "corepack pnpm push", "npm --prefix . run push"] {
        assert_eq!(followed(short, &[("package.json", package)]), ["package.json: changeset"], "{short}");
    }
    for other in ["npm push", "yarn add push", "echo npm run push", "npm run missing", "npm run"] {
        assert!(followed(other, &[("package.json", package)]).is_empty(), "{other}");
    }
}

#[test]
fn members_of_a_workspace_have_scripts() {
    let root = "{\"workspaces\": [\"packages/*\"], \"scripts\": {}}";
    let one = ("packages/one/package.json", "{\"name\": \"@acme/one\", \"scripts\": {\"push\": \"npm publish\"}}");
    let two = ("packages/two/package.json", "{\"name\": \"@acme/two\", \"scripts\": {\"push\": \"npm publish\"}}");
    let files = [("package.json", root), one, two];
    assert_eq!(followed("npm run push -w @acme/two", &files), ["packages/two/package.json: npm publish"]);
    assert_eq!(followed("pnpm --filter @acme/one run push", &files), ["packages/one/package.json: npm publish"]);
    assert_eq!(followed("pnpm -r run push", &files).len(), 2);
    assert_eq!(followed("npx nx run one:push", &files), ["packages/one/package.json: npm publish"]);
    assert_eq!(followed("npx nx run @acme/two:push:production", &files), ["packages/two/package.json: npm publish"]);
    assert_eq!(followed("cd packages/one && npm run push", &files), ["packages/one/package.json: npm publish"]);
}

#[test]
fn makefiles_and_justfiles_have_recipes() {
    let make = "PY := python3\n.PHONY: all publish\nall:\n\techo all\nbuild: ## build it\n\t@$(PY) -m build\npublish: build\n\t-twine upload \\\n\t  -p $(TOKEN) dist/*\n\techo $$HOME\nother:\n\tnever\n";
    let files = [("Makefile", make)];
    let expected =
        ["Makefile: twine upload \\\n\t  -p $(TOKEN) dist/*", "Makefile: echo $$HOME", "Makefile: $(PY) -m build"];
    assert_eq!(followed("make publish", &files), expected);
    assert_eq!(followed("make", &files), ["Makefile: echo all"]);
    let make = "URL = one\nifeq ($(TEST),1)\nURL = two\nelse ifdef DRY\nURL = three\nelse\nURL += more\nendif\npush: TAG ?= x\npush:\n\tfirst \\\n\t  $(URL) \
                $(TOKEN)\nifneq ($(TEST),1)\n\tsecond\nelse\n\tthird\nendif\n\tlast\nother:\n\techo\n";
    let words = |run: &str| {
        let project = project(run, &[("Makefile", make)]);
        let show = |word: &ShellWord| word.text().unwrap_or_else(|| "?".into());
        let command = |command: &ShellCommand| {
            let words = command.words.iter().map(show).collect::<Vec<_>>().join(" ");
            if command.conditional { format!("({words})") } else { words }
        };
        let all = project.scripts.list.iter().flat_map(|script| script.commands.iter()).map(command);
        all.collect::<Vec<_>>().join(", ")
    };
    for (run, expected) in [
        ("make push TEST=1", "first two ?, third, last"),
        ("make push TEST=0 DRY=1", "first three ?, second, last"),
        ("make push TEST=0 TOKEN=${{ secrets.T }}", "first ? ${{ secrets.T }}, second, last"),
        ("make push", "first ? ?, (second), (third), last"),
        ("make push TEST=$X", "first ? ?, (second), (third), last"),
        ("make other", "echo"),
    ] {
        let expected = expected.replace("${{ secrets.T }}", "?");
        assert_eq!(words(run), expected, "{run}");
    }
    assert_eq!(followed("make -C . build", &files), ["Makefile: $(PY) -m build"]);
    assert_eq!(followed("make -C out build", &files), Vec::<String>::new());
    let just = "v := '1'\n# release it\npublish tag=v: build\n    uv publish --x {{ tag }}\n\nbuild:\n    uv build\nother:\n    never\n";
    assert_eq!(
        followed("just publish", &[("justfile", just)]),
        ["justfile: uv publish --x {{ tag }}", "justfile: uv build"]
    );
}

#[test]
fn a_dry_run_of_a_task_runs_nothing() {
    let files = [
        ("Makefile", "publish:\n\ttwine upload dist/*\n"),
        ("justfile", "publish:\n    uv publish\n"),
        ("Rakefile", "task :publish do\n  sh 'gem push a.gem'\nend\n"),
        ("pyproject.toml", "[tool.poe.tasks]\npublish = \"uv publish\"\n"),
    ];
    for run in ["make publish", "just publish", "rake publish", "poe publish"] {
        assert_eq!(followed(run, &files).len(), 1, "{run}");
    }
    for run in [
        "make -n publish",
        "make publish --dry-run",
        "just --list publish",
        "just -n publish",
        "rake --dry-run publish",
        "poe -d publish",
    ] {
        assert_eq!(followed(run, &files), Vec::<String>::new(), "{run}");
    }
    // An argument of the task.
    assert_eq!(followed("poe publish --dry-run", &files), ["pyproject.toml: uv publish"]);
}

#[test]
fn tasks_of_python_projects_are_read() {
    let tox = "[testenv]\ncommands =\n  pytest\n[testenv:release]\ndeps = twine\ncommands =\n  python -m build\n  twine upload dist/*\n";
    assert_eq!(
        followed("tox -e release", &[("tox.ini", tox)]),
        ["tox.ini: python -m build", "tox.ini: twine upload dist/*"]
    );
    for runner in ["tox run -e py", "pipx run tox -e py", "uvx --with tox-uv tox -e py", "python -m tox -e py"] {
        assert_eq!(followed(runner, &[("tox.ini", tox)]), ["tox.ini: pytest"], "{runner}");
    }
    let project = "[tool.hatch.envs.default.scripts]\nbuild = 'hatch build'\npush = ['build', 'hatch publish']\n[tool.pdm.scripts]\np = {cmd = 'pdm publish'}\n[tool.poe.tasks]\nq.shell = 'uv publish'\n";
    let files = [("pyproject.toml", project)];
    assert_eq!(
        followed("hatch run push", &files),
        ["pyproject.toml: build", "pyproject.toml: hatch publish", "pyproject.toml: hatch build"]
    );
    assert_eq!(followed("pdm run p", &files), ["pyproject.toml: pdm publish"]);
    assert_eq!(followed("uv run poe q", &files), ["pyproject.toml: uv publish"]);
    let nox = "import nox\n\n@nox.session\ndef release(session):\n    session.install('twine')\n    session.run('twine', \"upload\",\n        *files)\n\n@nox.session(name='x')\ndef y(session):\n    session.run('never')\n";
    let found = followed("nox -s release", &[("noxfile.py", nox)]);
    assert!(matches!(found.as_slice(), [only] if only.contains("twine', \"upload\"")), "{found:?}");
    assert_eq!(followed("nox -s x", &[("noxfile.py", nox)]).len(), 1);
}

#[test]
fn tasks_of_other_runners_are_read() {
    let rake = "require 'bundler'\ntask :push => [:build] do\n  sh \"gem push pkg/demo.gem\"\nend\ntask :build do\n  system 'gem build'\nend\ntask :other do\n  sh 'never'\nend\n";
    assert_eq!(
        followed("bundle exec rake push", &[("Rakefile", rake)]),
        ["Rakefile: gem push pkg/demo.gem", "Rakefile: gem build"]
    );
    // A task that a library defines.
    let files = [("Rakefile", "require \"publisher\"\nPublisher.new\n"), ("lib/publisher.rb", "sh \"gem push x\"\n")];
    assert_eq!(followed("rake push", &files), ["Rakefile: program", "lib/publisher.rb: program"]);
    let task = "version: 3\ntasks:\n  push:\n    deps: [build]\n    cmds:\n      - npm publish\n      - task: last\n  build: npm pack\n  last: {cmd: echo done}\n";
    let found = followed("task push", &[("Taskfile.yml", task)]);
    assert_eq!(found, ["Taskfile.yml: npm publish", "Taskfile.yml: npm pack", "Taskfile.yml: echo done"]);
    let mise = "[tasks.push]\ndepends = ['build']\nrun = ['npm publish']\n[tasks.build]\nrun = 'npm pack'\n";
    assert_eq!(followed("mise run push", &[("mise.toml", mise)]), ["mise.toml: npm publish", "mise.toml: npm pack"]);
}

#[test]
fn script_files_run_where_they_are_called() {
    let files = [
        ("scripts/a.sh", "cd \"$(dirname \"$0\")/..\"\n./scripts/b \"$1\"\n"),
        ("scripts/b", "#!/usr/bin/env bash\nmake $1\n"),
        ("scripts/c.py", "import x\n"),
        ("scripts/push.ps1", "dotnet nuget push x\n"),
        ("Makefile", "push:\n\tgem push\n"),
    ];
    let whole = [
        "scripts/a.sh: cd \"$(dirname \"$0\")/..",
        "scripts/a.sh: ./scripts/b \"$1",
        "scripts/b: make $1",
        "Makefile: gem push",
    ];
    let shown =
        |found: Vec<String>| found.into_iter().map(|line| line.trim_end_matches('"').to_owned()).collect::<Vec<_>>();
    let paths = [
        "scripts/a.sh push",
        "bash scripts/a.sh push",
        "cd scripts && ./a.sh push",
        "nix develop -c bash ./scripts/a.sh push",
    ];
    for run in paths {
        let found: Vec<String> = followed(run, &files)
            .into_iter()
            .filter(|line| !line.contains("dirname \"$0\"") || line.contains(": cd"))
            .collect();
        let found: Vec<String> = shown(found).into_iter().filter(|line| whole.contains(&line.as_str())).collect();
        assert_eq!(found, whole, "{run}");
    }
    assert_eq!(followed("python scripts/c.py", &files), ["scripts/c.py: program"]);
    assert_eq!(followed("./scripts/push.ps1", &files), ["scripts/push.ps1: dotnet nuget push x"]);
    for other in [
        "chmod +x scripts/a.sh",
        "cat ./scripts/a.sh",
        "cd $X && ./a.sh",
        "./scripts/none.sh",
        "../a.sh",
        "/scripts/a.sh",
    ] {
        assert!(followed(other, &files).is_empty(), "{other}");
    }
}

#[test]
fn arguments_of_the_call_decide_what_a_script_runs() {
    let release = "#!/bin/bash\n. ./lib.sh\nbuild() {\n  npm pack\n}\npublish() {\n  ./push.sh \"$1\"\n}\ncase \"$1\" in\n  build) build;;\n  publish) publish npm;;\n  all) lib_all;;\nesac\n";
    let push = "if [ \"$1\" = npm ]; then\n  npm publish\nfi\nif [ \"$1\" = gem ]; then\n  gem push x\nfi\nexit 0\nuv publish\n";
    let lib = "lib_all() {\n  cargo publish\n}\nlib_other() {\n  twine upload x\n}\n";
    let package = "{\"scripts\": {\"release\": \"bash release.sh\"}}";
    let files = [("release.sh", release), ("push.sh", push), ("lib.sh", lib), ("package.json", package)];
    let uploads = |run: &str| {
        let found = followed(run, &files).into_iter();
        found.filter(|line| ["publish", "push x", "upload"].iter().any(|word| line.ends_with(word))).collect::<Vec<_>>()
    };
    for (run, expected) in [
        ("./release.sh publish", &["push.sh: npm publish"][..]),
        ("npm run release -- publish", &["push.sh: npm publish"]),
        ("./release.sh build", &[]),
        ("./release.sh", &[]),
        ("./release.sh all", &["lib.sh: cargo publish"]),
        ("./push.sh gem", &["push.sh: gem push x"]),
        ("./push.sh \"$KIND\"", &["push.sh: npm publish", "push.sh: gem push x"]),
        (". ./lib.sh\nlib_other", &[]),
    ] {
        let found = uploads(run);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{run}");
    }
    let own = project("./push.sh gem \"${{ inputs.kind }}\"", &[("push.sh", "gem push $2\n")]);
    let words = own.scripts.list[0].commands[0].words.iter().map(|word| word.text().unwrap()).collect::<Vec<_>>();
    assert_eq!(words, ["gem", "push", "${{ inputs.kind }}"]);
    assert!(followed(". ./lib.sh\nlib_other", &files).iter().any(|line| line == "lib.sh: twine upload x"));
}

#[test]
fn programs_are_found_by_their_names() {
    let files = [
        ("release/__main__.py", "from .deploy import run\nimport os\n"),
        ("release/deploy.py", "run(['twine', 'upload'])\n"),
        ("tools/one.py", "import two\nfrom lib.three import x\n"),
        ("tools/two.py", ""),
        ("tools/lib/three.py", ""),
        ("scripts/a.mjs", "import { x } from './b.mjs';\nconst c = require(\"../c\");\n"),
        ("scripts/b.mjs", "import './a.mjs';"),
        ("c.ts", ""),
        (".cargo/config.toml", "[alias]\nxtask = \"run --package xtask --\"\nx = ['run', '-p', 'xtask']\n"),
        ("xtask/Cargo.toml", "[package]\nname = 'xtask'\n"),
        ("xtask/src/main.rs", ""),
        ("xtask/src/deep/publish.rs", ""),
        ("build/build.csproj", ""),
        ("build/Build.cs", ""),
        ("build.cake", ""),
        ("build.ps1", "$Project = \"$PSScriptRoot\\build\\build.csproj\"\n& $Dotnet run --project $Project\n"),
    ];
    for (run, expected) in [
        ("python -m release deploy", &["release/__main__.py", "release/deploy.py"][..]),
        ("uv run python -m tools.one", &["tools/one.py", "tools/two.py", "tools/lib/three.py"]),
        ("python tools/one.py", &["tools/one.py", "tools/two.py", "tools/lib/three.py"]),
        ("python -m build", &[]),
        ("python -m twine upload dist/*", &[]),
        ("node scripts/a.mjs", &["scripts/a.mjs", "scripts/b.mjs", "c.ts"]),
        ("cargo run -p xtask -- publish", &["xtask/src/main.rs", "xtask/src/deep/publish.rs"]),
        ("cargo run --release --package=xtask", &["xtask/src/main.rs", "xtask/src/deep/publish.rs"]),
        ("cargo xtask publish", &["xtask/src/main.rs", "xtask/src/deep/publish.rs"]),
        ("cargo x publish", &["xtask/src/main.rs", "xtask/src/deep/publish.rs"]),
        ("cargo run", &[]),
        ("cargo ytask publish", &[]),
        ("dotnet run --project build -- push", &["build/Build.cs"]),
        ("dotnet run --project ./build/build.csproj", &["build/Build.cs"]),
        ("dotnet cake --target=push", &["build.cake"]),
        ("dotnet build", &[]),
    ] {
        let expected: Vec<String> = expected.iter().map(|path| format!("{path}: program")).collect();
        assert_eq!(followed(run, &files), expected, "{run}");
    }
    assert!(followed("./build.ps1", &files).contains(&"build/Build.cs: program".to_owned()));
}

#[test]
fn hostile_files_are_read_in_bounded_time() {
    let targets: String = (0..60_000).map(|number| format!("t{number}: t{}\n\tmake t0\n", number + 1)).collect();
    let large = format!("push:\n\tgem push\n{}", " ".repeat(10 * 1024 * 1024));
    let circle = "{\"scripts\": {\"a\": \"npm run b && npm run a\", \"b\": \"npm run a && npm run b\"}}";
    let deep: String = (0..3000).map(|number| format!("\"s{number}\": \"npm run s{}\",", number + 1)).collect();
    let deep = format!("{{\"scripts\": {{{deep} \"z\": \"\"}}}}");
    assert!(followed("make t0", &[("Makefile", &targets)]).len() < 100_000);
    assert!(followed("make push", &[("Makefile", &large)]).is_empty(), "larger than 1 MiB");
    assert_eq!(followed("npm run a", &[("package.json", circle)]).len(), 4);
    assert!(followed("npm run s0", &[("package.json", &deep)]).len() <= 1000);
    assert!(followed("./x.sh", &[("x.sh", "#!/bin/sh\n\0gem push\n")]).is_empty(), "binary");
    assert_eq!(followed("./x.sh", &[("x.sh", "#!/bin/sh\n./x.sh\n. ./x.sh\n")]).len(), 4);
    let fan: String = (0..500).map(|number| format!("./x.sh {number}\n")).collect();
    assert!(followed("./x.sh", &[("x.sh", &fan)]).len() < 1_000_000);
}
