//! The command line. Each case in `tests/cmd` is a command with its expected output and exit status.
//!
//! `TRYCMD=overwrite cargo test cli::` replaces the expected output by the actual output; review the diff.

#[test]
fn commands_have_the_expected_output() {
    trycmd::TestCases::new().case("tests/cmd/*.toml");
}

/// The rule, the registry and the wrapper action in the book pass their examples.
#[test]
fn the_files_in_the_book_pass_their_examples() {
    let pages = concat!(include_str!("../../docs/src/own-rules.md"), include_str!("../../docs/src/own-registries.md"));
    let block = |beginning: &str| {
        pages.split("```").find_map(|it| it.strip_prefix("yaml\n").filter(|text| text.starts_with(beginning))).unwrap()
    };
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(".github/trustpub");
    std::fs::create_dir_all(folder.join("registries")).unwrap();
    std::fs::write(folder.join("cloud-role-policy.yaml"), block("name: ")).unwrap();
    std::fs::write(folder.join("registries/acme-index.yaml"), block("# A private index")).unwrap();
    std::fs::write(folder.join("registries/acme-forge.yaml"), block("# A registry with its own exchange")).unwrap();
    std::fs::write(folder.join("registries/acme-wrapper.yaml"), block("# A wrapper action")).unwrap();
    let trustpub = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_trustpub");
        let output = std::process::Command::new(program).args(arguments).current_dir(root.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(trustpub(&["rules", "new", "one"]), ".github/trustpub/one.yaml\n");
    assert_eq!(trustpub(&["rules", "new", "two"]), ".github/trustpub/two.yaml\n");
    assert_eq!(trustpub(&["rules", "test"]), "9 passed, 0 failed\n");
}

#[cfg(unix)]
mod unix {
    use std::process::{Command, Stdio};

    const FAULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/projects/faults");

    fn trustpub() -> Command {
        Command::new(env!("CARGO_BIN_EXE_trustpub"))
    }

    /// A reader such as `head` closes the pipe early.
    #[test]
    fn a_closed_pipe_is_success() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = trustpub().args(["check", "--format", "text", FAULTS]).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(0));
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let output = trustpub().args(["check", "--format", "sarif=/dev/null", FAULTS]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(std::fs::metadata("/dev/null").is_ok_and(|kind| !kind.is_file()));
    }

    #[test]
    fn a_report_file_is_complete_or_missing() {
        let folder = tempfile::tempdir().unwrap();
        let (report, link) = (folder.path().join("log.sarif"), folder.path().join("link.sarif"));
        std::fs::write(&report, "old").unwrap();
        std::os::unix::fs::symlink(&report, &link).unwrap();
        let format = format!("sarif={}", link.display());
        let status = trustpub().args(["check", "--format", &format, FAULTS]).stdout(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1));
        assert!(std::fs::read_to_string(&report).unwrap().starts_with("{\n  \"version\": \"2.1.0\""));
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink(), "a link stays a link");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
        let missing = format!("sarif={}", folder.path().join("none/log.sarif").display());
        let output = trustpub().args(["check", "--format", &missing, "--format", "oneline", FAULTS]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            String::from_utf8(output.stderr).unwrap().contains("cannot be written: there is no such file or folder")
        );
        assert!(!output.stdout.is_empty(), "the other report is still written");
    }

    /// Links out of the repository, cyclic links and pipes are reported; the other files are checked.
    #[test]
    fn unreadable_files_do_not_stop_the_check_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let workflows = folder.path().join(".github/workflows");
        std::fs::create_dir_all(&workflows).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", workflows.join("away.yml")).unwrap();
        std::os::unix::fs::symlink("circle.yml", workflows.join("circle.yml")).unwrap();
        assert!(Command::new("mkfifo").arg(workflows.join("pipe.yml")).status().unwrap().success());
        let good = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: uv publish\n";
        std::fs::write(workflows.join("good.yml"), good).unwrap();
        let output = trustpub().args(["check", "--format", "oneline"]).arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let (told, found) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
        for words in [
            "away.yml could not be read: it is a symlink that leaves",
            "circle.yml could not",
            "pipe.yml could not be read: it is not a regular file",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(found.contains("good.yml:3:3: error"), "{found}");
        assert!(!found.contains("root:"), "no content of a file outside the repository is printed");
    }

    /// A link in an untrusted checkout can point anywhere, so `init` never writes through one.
    #[test]
    fn init_never_writes_through_a_link() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let workflows = folder.path().join(".github/workflows");
        std::fs::create_dir_all(&workflows).unwrap();
        let publish = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: uv publish\n";
        std::fs::write(workflows.join("publish.yml"), publish).unwrap();
        let target = outside.path().join("precious");
        std::os::unix::fs::symlink(&target, folder.path().join(".github/trustpub.yaml")).unwrap();
        for options in [["init"].as_slice(), &["init", "--force"]] {
            let output = trustpub().args(options).arg(folder.path()).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{options:?}");
            assert!(!target.exists(), "{options:?} wrote through a link");
        }
        std::fs::rename(folder.path().join(".github"), outside.path().join("moved")).unwrap();
        std::fs::remove_file(outside.path().join("moved/trustpub.yaml")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("moved"), folder.path().join(".github")).unwrap();
        let output = trustpub().arg("init").arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(!outside.path().join("moved/trustpub.yaml").exists(), "nothing is written outside the repository");
    }

    #[test]
    fn init_writes_the_rule_folders_into_the_config() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/own-registries/registries");
        for (path, text) in [
            (".github/workflows/release.yml", PUSH.to_owned()),
            (".github/ours/registries/acme-index.yaml", std::fs::read_to_string(own.join("acme-index.yaml")).unwrap()),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let rules = root.join(".github/ours");
        let output = trustpub().arg("init").arg(root).arg("--rules").arg(&rules).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let config = std::fs::read_to_string(root.join(".github/trustpub.yaml")).unwrap();
        assert!(
            config.contains("extra-rules: [.github/ours]\n") && config.contains("- registry: acme-index\n"),
            "{config}"
        );
        let output = trustpub().arg("check").arg(root).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "the config needs no further options: {output:?}");
    }

    const PUSH: &str = "on:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    environment: release\n    \
        permissions:\n      id-token: write\n    steps:\n      - run: acme push dist/*\n";
}
