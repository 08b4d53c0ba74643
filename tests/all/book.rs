//! README.md and the book in `docs/src/`: every link leads somewhere, and every command runs as written.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{RELEASE, project};
use crate::support::skipped;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the pages of the book, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs/src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.push(root().join("README.md"));
    pages.sort();
    pages.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The anchors of a page, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}

#[test]
fn every_link_of_the_book_leads_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)#]*)(?:#([^)]*))?\)").unwrap();
    let mut dead = Vec::new();
    let contributing = root().join(".github/CONTRIBUTING.md");
    let text = std::fs::read_to_string(&contributing).unwrap();
    for (path, text) in pages().into_iter().chain([(contributing, text)]) {
        for found in link.captures_iter(&text) {
            let (file, anchor) = (&found[1], found.get(2).map(|anchor| anchor.as_str()));
            if file.starts_with("https://") {
                continue;
            }
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let known = match anchor {
                None => target.exists(),
                Some(anchor) => {
                    std::fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(&anchor.to_owned()))
                }
            };
            if !known {
                dead.push(format!("{}: {}", path.display(), &found[0]));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    for (path, _) in pages() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(["SUMMARY.md", "README.md"].contains(&name) || summary.contains(&format!("({name})")), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn every_command_of_the_book_runs() {
    let workflow = "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - run: uv publish\n";
    let program = Path::new(env!("CARGO_BIN_EXE_trustpub")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let shown_file = regex::Regex::new(r"(?s)`(\.github/trustpub/[^`\n]+\.yaml)`[^\n]*\n\n```yaml\n(.*?)```").unwrap();
    let mut count = 0;
    for (page, text) in pages() {
        let home = project(&[
            (RELEASE, workflow),
            ("checkouts/one/.github/workflows/release.yml", workflow),
            (".local/share/bash-completion/completions/x", ""),
            ("job.log", "HTTP Error 403"),
            ("provenance.json", include_str!("../data/import/pypi-provenance.json")),
        ]);
        for found in shown_file.captures_iter(&text) {
            let file = home.path().join(&found[1]);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, &found[2]).unwrap();
        }
        let blocks = text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
        for command in blocks.flat_map(|block| block.split("$ ").skip(1)) {
            let (line, shown) = command.split_once('\n').unwrap();
            // Installing, building and Spark are checks of their own, and a rehearsal needs a job of GitHub Actions (`tests/all/rehearse.rs`).
            if ["cargo ", "pip ", "python dist/spark.py ", "trustpub rehearse "]
                .iter()
                .any(|start| line.starts_with(start))
            {
                continue;
            }
            if line.starts_with("jq ") && Command::new("jq").arg("--version").output().is_err() {
                skipped("jq is not installed");
                continue;
            }
            let output = Command::new("sh")
                .args(["-c", line])
                .current_dir(home.path())
                .env("HOME", home.path())
                .env("PATH", &path)
                .env_remove("GITHUB_ACTIONS")
                .env_remove("GITHUB_STEP_SUMMARY")
                .output()
                .unwrap();
            let ran = matches!(output.status.code(), Some(0 | 1));
            assert!(ran, "{}: {line}: {}", page.display(), String::from_utf8_lossy(&output.stderr));
            if line.starts_with("trustpub rules") {
                assert_eq!(String::from_utf8_lossy(&output.stdout), shown, "{}: {line}", page.display());
            }
            count += 1;
        }
    }
    assert!(count > 10, "only {count} commands");
}

/// Commands that build or install are too slow for a test; a script in `.ci` runs them.
#[test]
fn every_other_command_of_the_readme_is_in_a_script() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let scripts = std::fs::read_dir(root().join(".ci")).unwrap().map(|entry| entry.unwrap().path());
    let scripts: Vec<String> = scripts.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let commands =
        readme.lines().filter_map(|line| line.strip_prefix("$ ")).map(|line| line.split("  #").next().unwrap().trim());
    let slow: Vec<&str> = commands.filter(|line| line.starts_with("cargo ") || line.starts_with("pip ")).collect();
    assert!(slow.len() >= 4, "{slow:?}");
    for command in slow {
        assert!(scripts.iter().any(|script| script.contains(command)), "no script in .ci runs `{command}`");
    }
}
