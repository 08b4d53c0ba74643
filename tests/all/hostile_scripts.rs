//! Hostile scripts on disk: large ones, cycles, links out of the repository, pipes and binaries. Each check ends fast and reads nothing
//! outside.

use std::time::{Duration, Instant};

use crate::support::program::{out, project, trustpub};

/// A generous limit for one check by a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// Checks a project whose workflow runs a command, and returns the uploads that `uploads` lists.
fn uploads(run: &str, files: &[(&str, &str)], prepare: impl FnOnce(&std::path::Path)) -> Vec<String> {
    let workflow = format!(
        "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {}\n",
        run.replace('\n', "\n          ")
    );
    let mut all = vec![(".github/workflows/release.yml", workflow.as_str())];
    all.extend_from_slice(files);
    let root = project(&all);
    prepare(root.path());
    let start = Instant::now();
    let check = trustpub(root.path(), &["check", "--fail-on", "never"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    let found = trustpub(root.path(), &["uploads", "--format", "csv"]);
    assert!(start.elapsed() < LONGEST, "{run}: {:?}", start.elapsed());
    out(&found).lines().skip(1).map(str::to_owned).collect()
}

/// Large scripts: the command that runs one, its path and its text.
pub(crate) fn large() -> [(&'static str, &'static str, String); 8] {
    let padding = "# nothing\n".repeat(1024 * 1024);
    let targets: String = (0..100_000).map(|at| format!("t{at}: t{}\n\tnpm publish\n", at + 1)).collect();
    let functions: String = (0..2_000).map(|at| format!("f{at}() {{ f{0}; f{0}; }}\n", at + 1)).collect();
    let shell = format!("{functions}f0\nnpm publish\n");
    let each = "for i in 1 2 3 4 5 6 7 8 9; do\n".repeat(20) + "npm publish\n" + &"done\n".repeat(20);
    let tasks: String = (0..20_000).map(|at| format!("\"a{at}\": \"npm run a{}\",", at + 1)).collect();
    let package = format!("{{\"scripts\": {{{tasks} \"b\": \"npm publish\"}}}}");
    [
        ("bash large.sh\nnpm publish", "large.sh", format!("{padding}npm publish\n")),
        ("make\nnpm publish", "Makefile", format!("{padding}a:\n\tnpm publish\n")),
        ("make t0\nnpm publish", "Makefile", targets),
        ("bash a.sh", "a.sh", shell),
        ("bash a.sh", "a.sh", each),
        ("npm run a0\nnpm run b", "package.json", package),
        ("python a.py\nnpm publish", "a.py", "twine upload ".repeat(70_000)),
        ("node a.js\nnpm publish", "a.js", "import './a';\n".repeat(70_000)),
    ]
}

#[test]
fn large_scripts_end_fast() {
    for (run, path, text) in large() {
        assert!(!uploads(run, &[(path, &text)], |_| {}).is_empty(), "{run}");
    }
}

#[test]
fn an_upload_by_a_variable_is_found_beside_hundreds_of_others() {
    let lines = |write: &dyn Fn(usize) -> String| (0..300).map(write).collect::<String>();
    let (values, reads) = (lines(&|at| format!("      A{at}: a\n")), lines(&|at| format!("          echo $A{at}\n")));
    let job = |env: &str| {
        let step = format!("      - run: |\n{reads}          $Z publish\n");
        format!("on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    env:\n{env}    steps:\n{step}")
    };
    for (env, uploads) in [(format!("{values}      Z: npm\n"), 1), (format!("{values}      Z: make\n"), 0)] {
        let root = project(&[(".github/workflows/release.yml", &job(&env))]);
        let found = trustpub(root.path(), &["uploads", "--format", "csv"]);
        assert_eq!(out(&found).lines().count(), 1 + uploads, "{found:?}");
    }
}

#[test]
fn cycles_end() {
    for (run, files) in [
        ("make a\nnpm publish", &[("Makefile", "a: b\n\tmake a\nb: a\n\tmake b\n")][..]),
        (
            "npm run a\nnpm publish",
            &[("package.json", "{\"scripts\": {\"a\": \"npm run b\", \"b\": \"npm run a && make a\"}}")],
        ),
        (
            "./a.sh\nnpm publish",
            &[("a.sh", "./b.sh x\n. ./b.sh\n"), ("b.sh", "./a.sh y\nsource ./a.sh\nf() { f; g; }\ng() { f; }\nf\n")],
        ),
        ("python a.py\nnpm publish", &[("a.py", "import b\n"), ("b.py", "from . import a\n")]),
        ("cargo x\nnpm publish", &[(".cargo/config.toml", "[alias]\nx = 'x'\n")]),
    ] {
        assert_eq!(uploads(run, files, |_| {}).len(), 1, "{run}");
    }
}

#[test]
fn scripts_outside_of_the_repository_are_not_read() {
    let outside = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(outside.path().join(name), text).unwrap();
    put("a.sh", "npm publish\n");
    put("Makefile", "a:\n\tnpm publish\n");
    put("package.json", "{\"scripts\": {\"a\": \"npm publish\"}}");
    put("a.py", "run(['twine', 'upload'])\n");
    let name = outside.path().file_name().unwrap().to_string_lossy().into_owned();
    let path = outside.path().to_string_lossy().into_owned();
    for run in [
        format!("../{name}/a.sh"),
        format!("{path}/a.sh"),
        format!("bash ../{name}/a.sh"),
        format!("cd ../{name} && ./a.sh"),
        format!("make -C ../{name} a"),
        format!("npm --prefix ../{name} run a"),
        "./link.sh".to_owned(),
        "link/a.sh".to_owned(),
        "make -C link a".to_owned(),
        "python -m link.a".to_owned(),
        "./pipe.sh".to_owned(),
        "./binary.sh".to_owned(),
        "make -f pipe.sh a".to_owned(),
    ] {
        let found = uploads(&run, &[("binary.sh", "#!/bin/sh\n\0\nnpm publish\n")], |root| {
            #[cfg(unix)]
            {
                std::os::unix::fs::symlink(outside.path().join("a.sh"), root.join("link.sh")).unwrap();
                std::os::unix::fs::symlink(outside.path(), root.join("link")).unwrap();
                assert!(std::process::Command::new("mkfifo").arg(root.join("pipe.sh")).status().unwrap().success());
            }
            #[cfg(not(unix))]
            let _ = root;
        });
        assert!(found.is_empty(), "{run}: {found:?}");
    }
}

/// The largest memory of a check by a debug build, in MiB. Without any script it is about 40.
const MOST_MEMORY: u64 = 128;

#[test]
fn large_scripts_need_little_memory() {
    let time = std::path::Path::new("/usr/bin/time");
    if !time.exists() {
        return crate::support::skipped("no /usr/bin/time, which measures the memory");
    }
    let padding = "# nothing\n".repeat(1024 * 1024);
    let numbered = |line: fn(usize) -> String| (0..100_000).map(line).collect::<String>();
    let lock = "[[package]]\nname = \"twine\"\nversion = \"6.2.0\"\n".repeat(200_000);
    for (run, path, text) in [
        ("bash a.sh", "a.sh", padding + "npm publish\n"),
        ("bash a.sh", "a.sh", "npm publish\n".repeat(80_000)),
        ("make t0", "Makefile", numbered(|at| format!("t{at}: t{}\n\tnpm publish\n", at + 1))),
        ("just a0", "justfile", numbered(|at| format!("a{at}: a{}\n  npm publish\n", at + 1))),
        ("tox -e a0", "tox.ini", numbered(|at| format!("[testenv:a{at}]\ncommands = twine upload x\n"))),
        ("python a.py", "a.py", "twine upload ".repeat(70_000)),
        ("uv run twine upload x", "uv.lock", lock),
    ] {
        let workflow =
            format!("on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - run: {run}\n");
        let root = project(&[(".github/workflows/release.yml", &workflow), (path, &text)]);
        let mut command = std::process::Command::new(time);
        command.args(["-f", "%M", env!("CARGO_BIN_EXE_trustpub"), "check", "--fail-on", "never"]);
        let done = command.current_dir(root.path()).output().unwrap();
        let printed = String::from_utf8_lossy(&done.stderr);
        let kibibytes: u64 = printed.lines().last().and_then(|line| line.trim().parse().ok()).unwrap();
        assert!(kibibytes < MOST_MEMORY * 1024, "{run}: {} MiB", kibibytes / 1024);
    }
}
