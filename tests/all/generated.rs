//! Files generated from rules and types: reference, schemas, the table of rules in the documentation. `UPDATE=1` regenerates them.

use std::path::Path;

use trustpub::lint::rules::set::RuleSet;
use trustpub::report::{docs, registries, schema};

/// The markers around the table of rules.
const MARKS: [&str; 2] = ["<!-- rules -->\n", "<!-- /rules -->"];

fn compare(path: &str, wanted: &str, stale: &mut Vec<String>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::fs::read_to_string(&file).is_ok_and(|text| text == wanted) {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, wanted).unwrap();
    } else {
        stale.push(path.to_owned());
    }
}

#[test]
fn generated_files_are_up_to_date() {
    let rules = RuleSet::builtin().unwrap();
    let mut stale = Vec::new();
    compare("rules/README.md", &docs::reference(&rules.rules, &rules.data.github), &mut stale);
    compare("rules/schema/rule.schema.json", &schema::text(&schema::rule()), &mut stale);
    compare("rules/schema/registry.schema.json", &schema::text(&schema::registry()), &mut stale);
    compare("rules/schema/needs.schema.json", &schema::text(&schema::needs(&rules.data.github)), &mut stale);
    compare("rules/schema/config.schema.json", &schema::text(&schema::config(&rules)), &mut stale);
    let config = docs::config(&schema::config(&rules), &rules.data.registries);
    compare("docs/src/config.md", &config, &mut stale);
    compare("docs/src/registries.md", &registries::page(&registries::entries(&rules.data.registries)), &mut stale);
    compare("docs/src/troubleshooting.md", &docs::troubleshooting(&rules.data), &mut stale);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/rules.md")).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).unwrap();
    let (_, after) = rest.split_once(MARKS[1]).unwrap();
    let table = docs::table(&rules.rules, "../../rules/README.md");
    compare("docs/src/rules.md", &format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1]), &mut stale);
    assert!(stale.is_empty(), "out of date, run `UPDATE=1 cargo test --test all -- generated`: {}", stale.join(", "));
}

/// The picture in the README shows the program's output in a terminal.
#[test]
fn the_picture_shows_the_current_output() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/first-release");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_trustpub"));
    // Without the summary, whose time differs from run to run.
    let output = command
        .args(["check", "--quiet", "--format", "text", "--color", "always"])
        .current_dir(project)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("\u{1b}["), "the output has no colours");
    let picture = anstyle_svg::Term::new().render_svg(&format!("$ trustpub check .\n{said}"));
    let mut stale = Vec::new();
    compare("tests/picture.svg", &picture, &mut stale);
    assert!(stale.is_empty(), "out of date, run `UPDATE=1 cargo test --test all -- generated`: {}", stale.join(", "));
}
