//! Thousands of findings in one long file or line: no format repeats the file or the line for each of them.

use trustpub::lint::check;
use trustpub::lint::findings::{Finding, Label, Report};
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;
use trustpub::read::source::{FileId, Place, SourceFile, Span};
use trustpub::report::{ReportView, github, json, markdown, oneline, sarif, text};

const WORKFLOW: &str = "on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: uv publish
";

const FINDINGS: u32 = 8_000;

/// The size of the file. A format that reads all of it for each finding reads 8 GB, and this test takes many minutes.
const BYTES: usize = 1024 * 1024;

/// More than any format writes for one finding, and far less than the longest line.
const BYTES_PER_FINDING: usize = 16 * 1024;

fn finding(rules: &RuleSet) -> Finding {
    let mut memory = MemoryFiles::default();
    memory.insert(".github/workflows/release.yml", WORKFLOW);
    let report = check(&Project::load(&memory, None), rules, None);
    report.findings.into_iter().find(|finding| finding.name == "missing-id-token").unwrap()
}

/// Findings all over a file, each with a label at its beginning and one near its end.
fn report(finding: &Finding, source: &SourceFile) -> Report {
    let end = u32::try_from(source.text().len()).unwrap();
    let place = |start: u32| Place { file: FileId(0), span: Span::new(start, start + 3) };
    let label = |start| Label { place: place(start), text: "see".into() };
    let one = |index| {
        let mut one = finding.clone();
        (one.primary, one.labels) = (label(end / FINDINGS * index), vec![label(0), label(end - 10)]);
        (one.steps, one.subject) = (vec![label(0)], format!("job-{index}"));
        one
    };
    Report { findings: (0..FINDINGS).map(one).collect(), ..Report::default() }
}

type Write = fn(&mut Vec<u8>, &RuleSet, &ReportView<'_>);

const FORMATS: [(&str, Write); 6] = [
    ("text", |out, _, view| text::write(out, view, text::TextStyle::default()).unwrap()),
    ("oneline", |out, _, view| oneline::write(out, view).unwrap()),
    ("json", |out, _, view| json::write(out, &[*view]).unwrap()),
    ("github", |out, _, view| github::write(out, &[*view]).unwrap()),
    ("markdown", |out, _, view| markdown::write(out, &[*view]).unwrap()),
    ("sarif", |out, rules, view| sarif::write(out, &rules.rules, &[*view], &sarif::SarifOptions::default()).unwrap()),
];

#[test]
fn no_format_repeats_the_file_for_each_finding() {
    let rules = RuleSet::builtin().unwrap();
    let finding = finding(&rules);
    let lines = "a: bcdefghijklmnopqrstuvwxyz\n";
    for (shape, unit) in [("lines", lines), ("one line", "a, bc, "), ("one line of odd letters", "é: 🦀, ")] {
        let files = [SourceFile::new("release.yml", unit.repeat(BYTES / unit.len()).into_bytes())];
        let report = report(&finding, &files[0]);
        let view = ReportView { files: &files, prefix: "", report: &report, rules: &rules.rules };
        for (format, write) in FORMATS {
            let mut out = Vec::new();
            write(&mut out, &rules, &view);
            let size = out.len();
            assert!(size > 0 && size < FINDINGS as usize * BYTES_PER_FINDING, "{format} of {shape}: {size} bytes");
        }
    }
}
