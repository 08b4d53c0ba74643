//! Properties of every input: places are inside their files, parsing and evaluation terminate, and a fix leaves valid YAML.

use std::path::Path;

use crate::support::judged::{assert_places_lie_in_their_files, project, rules};
use crate::support::scope::Something;
use crate::support::scripts::{READERS, read};
use proptest::prelude::*;
use trustpub::lint::check;
use trustpub::lint::findings::{Level, Report};
use trustpub::lint::fix::apply::apply_fixes;
use trustpub::read::yaml::{self, Dialect, Node};
use trustpub::workflow::expression::{Condition, ExpressionTemplate};
use walkdir::WalkDir;

const RELEASE: &str = include_str!("../projects/document/.github/workflows/release.yml");
const FAULTS: &str = include_str!("../projects/faults/.github/workflows/publish.yml");
/// A text for each of `READERS`.
const SCRIPTS: [&str; READERS.len()] = [
    "PY := python3\nexport X ?= $(PY)\n.PHONY: all publish\nall: ; npm publish\npublish: all # é\n\t@$(PY) -m twine upload \\\n\t  -p $(TOKEN) dist/*\n",
    "v := '1'\n[private]\nbuild:\n    uv build\npublish tag=v: build (x tag)\n    uv publish --x {{ tag }}\n@x t:\n    #!/bin/sh\n    npm publish\n",
    "import nox\n\n@nox.session(name='publish', python='3')\ndef p(session):\n    session.install('twine')\n    session.run('twine', \"upload\", *x, env={'A': 'é'})\n",
    "task :publish => [:build, 'x:y'] do |t|\n  sh \"gem push #{pkg}/é.gem\"\nend\ntask build: [] do\n  system 'gem build'\nend\n",
    "{\"workspaces\": [\"*\"], \"scripts\": {\"prepublish\": \"a \\u0026\\u0026 b\", \"publish\": \"npm publish \\\"é\\\" && npm run publish -- y\"}}",
    "version: 3\ntasks:\n  publish:\n    deps: [build]\n    cmds:\n      - npm publish\n      - {task: build}\n  build: >-\n    npm\n    pack é\n",
    "[tox]\nenvlist = publish\n[testenv:publish]\ncommands =\n    python -m build\n    twine upload \\\n      {posargs:dist/*} é\n",
    "[tool.hatch.envs.default.scripts]\npublish = ['build', 'hatch publish']\n[tool.poe.tasks]\npublish.shell = 'uv publish é'\n[tool.pdm.scripts]\npublish = {cmd = ['pdm', 'publish']}\n[tool.tox.env.publish]\ncommands = [['twine', 'upload']]\n",
    "set -e\nX=${1:-é}; f() { local a=$1; shift; twine upload \"$@\" \"${@:2}\"; }\ncase \"$1\" in\n  publish|p*) f \"$X\" $2 ;;\n  *) [[ $1 == a && ! -z $2 ]] || exit 1 ;;\nesac\nwhile [ $# -gt 0 ]; do shift; done\nfor i in \"$@\" a; do npm publish $i; done\n$1 $(f)\n. ./publish.sh\n",
    "function Publish-It($x) {\n  dotnet nuget push \"é.nupkg\" `\n    -k $env:KEY\n}\nif ($args[0] -eq 'a') { Publish-It 1 } else { exit 1 }\n& $Target @args\n",
    "@echo off\r\nif \"%1\"==\"\" goto :end\r\ncall :p\r\nexit /b\r\n:p\r\ndotnet nuget push é.nupkg ^\r\n  -k %KEY%\r\n",
    "from . import a, b\nimport publish.x\nsubprocess.run([\n    'twine', # é\n    'upload',\n])\nrun('npm publish')\n",
];
const CONFIG: &str = include_str!("../projects/faults/.github/trustpub.yaml");

/// Checks a project and asserts that all places are inside their files.
fn judge(files: &[(&str, &str)]) {
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let project = project(&files);
    assert_places_lie_in_their_files(&project, &check(&project, rules(), None));
}

/// Every YAML file of this repository: fixtures, rules and registries.
fn fixtures() -> Vec<String> {
    let folders = ["tests/projects", "rules"].map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let entries = folders.into_iter().flat_map(|folder| WalkDir::new(folder).sort_by_file_name()).flatten();
    let yaml = entries.filter(|entry| entry.path().extension().is_some_and(|it| it == "yml" || it == "yaml"));
    yaml.map(|entry| String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()).into_owned()).collect()
}

fn assert_spans_inside(node: Node<'_>, text: &str, depth: usize) {
    assert!(text.get(node.span().range()).is_some(), "{node:?}");
    if depth < 60 && node.alias_span().is_none() {
        node.entries().for_each(|entry| {
            assert_spans_inside(entry.key, text, depth + 1);
            assert_spans_inside(entry.value, text, depth + 1);
        });
        node.items().for_each(|item| assert_spans_inside(item, text, depth + 1));
    }
}

/// Parses a text in both dialects and asserts that every node and error is inside it.
fn parse(text: &str) {
    for dialect in [Dialect::Workflow, Dialect::Data] {
        let tree = yaml::parse(text, dialect);
        tree.errors().iter().for_each(|error| assert!(text.get(error.span.range()).is_some(), "{error:?}"));
        if let Some(root) = tree.root() {
            assert_spans_inside(root, text, 0);
        }
    }
}

#[test]
fn prefixes_of_every_fixture_are_parsed() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 50, "{}", fixtures.len());
    for text in fixtures {
        // Every length of a small file, and about thirty of a larger one.
        let step = if text.len() < 250 { 1 } else { text.len() / 30 };
        for cut in (0..text.len()).step_by(step).filter(|cut| text.is_char_boundary(*cut)) {
            parse(&text[..cut]);
        }
    }
}

/// A text with a part removed, repeated or replaced.
fn mangled(text: &'static str) -> impl Strategy<Value = String> {
    let cut = (
        0..=text.len(),
        0..=text.len(),
        prop::sample::select(vec![
            "", "\t", "\r\n", "*a", "&a ", "${{", "}}", "'", "\"", ": ", "- ", "é🚀", "<<: *a\n", "|\n",
        ]),
        0..4_usize,
    );
    cut.prop_map(move |(one, other, put, times)| {
        let (start, end) = (text.floor_char_boundary(one.min(other)), text.floor_char_boundary(one.max(other)));
        format!("{}{}{}", &text[..start], put.repeat(times), &text[end..])
    })
}

/// The same with small changes, so that most findings and fixes remain.
fn scratched(text: &'static str) -> impl Strategy<Value = String> {
    let put = prop::sample::select(vec!["", " ", "\n", " # é", "\r\n", "'", "x", "🚀"]);
    (0..=text.len(), 0..12_usize, put).prop_map(move |(at, length, put)| {
        let (start, end) = (text.floor_char_boundary(at), text.floor_char_boundary((at + length).min(text.len())));
        format!("{}{put}{}", &text[..start], &text[end..])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_mangled_workflow_is_checked(one in mangled(RELEASE), other in mangled(FAULTS), config in mangled(CONFIG)) {
        judge(&[
            (".github/workflows/release.yml", &one),
            (".github/workflows/publish.yml", &other),
            (".github/trustpub.yaml", &config),
        ]);
    }

    #[test]
    fn every_mangled_script_is_read(
        (reader, text) in (0..READERS.len()).prop_flat_map(|at| (Just(at), mangled(SCRIPTS[at])))
    ) {
        let (file, commands) = READERS[reader];
        read(file, commands, text.as_bytes());
    }

    #[test]
    fn every_text_is_checked(text in "\\PC{0,300}|[ -~\n]{0,600}") {
        judge(&[(".github/workflows/release.yml", &text)]);
    }

    #[test]
    fn fixes_keep_valid_yaml_valid(text in scratched(FAULTS), config in scratched(CONFIG)) {
        let project = project(&[
            (".github/workflows/publish.yml", text.as_bytes()),
            (".github/trustpub.yaml", config.as_bytes()),
        ]);
        let loud = |report: &Report| report.findings.iter().filter(|finding| finding.level > Level::Note).count();
        let before = loud(&check(&project, rules(), None));
        let fixed = apply_fixes(&project, rules(), None, |_, _, _| true);
        let errors = |text: &str| yaml::parse(text, Dialect::Workflow).errors().len();
        for (before, after) in project.files.iter().zip(&fixed.project.files) {
            prop_assert!(errors(after.text()) <= errors(before.text()), "{:?}\n{}", fixed.done, after.text());
        }
        prop_assert!(loud(&fixed.report) <= before, "{:?}", fixed.done);
    }

    #[test]
    fn every_expression_has_a_value(
        text in "[-a-z0-9 ()&|!=<>.,*'\\[\\]{}$]{0,60}|(!|\\(|true|false|null|'a'|1\\.5e3| && | \\|\\| | == | < |github\\.ref|x\\.y|\\)|startsWith\\(|, ){0,20}"
    ) {
        for text in [text.clone(), format!("${{{{ {text} }}}}")] {
            if let Ok(template) = ExpressionTemplate::parse(&text) {
                let _ = template.evaluate(&Something);
                for reference in template.references() {
                    prop_assert!(text.get(reference.range.clone()).is_some(), "{:?}", reference);
                }
            }
            if let Ok(condition) = Condition::parse(&text) {
                let _ = condition.evaluate(&Something);
            }
        }
    }
}
