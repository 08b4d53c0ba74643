//! Thousands of findings in one long file or line: no format repeats the file or the line for each of them.

use trustpub::lint::check;
use trustpub::lint::findings::{Finding, Label, Report};
use trustpub::lint::rules::set::RuleSet;
use trustpub::read::files::MemoryFiles;
use trustpub::read::project::Project;
use trustpub::read::source::{FileId, Place, SourceFile, Span};
use trustpub::report::ReportView;
use trustpub::report::format::{FORMATS, ReportOptions};

const WORKFLOW: &str = "on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: uv publish
";

const FINDINGS: u32 = 2_000;

/// The size of the file. A format that reads the whole file for each finding reads 2 GB, which takes minutes.
const BYTES: usize = 1024 * 1024;

/// The maximum that a format may write for one finding; far less than the longest line.
const BYTES_PER_FINDING: usize = 16 * 1024;

fn finding(rules: &RuleSet) -> Finding {
    let mut memory = MemoryFiles::default();
    memory.insert(".github/workflows/release.yml", WORKFLOW);
    let report = check(&Project::load(&memory, None), rules, None);
    report.findings.into_iter().find(|finding| finding.name == "missing-id-token").unwrap()
}

/// Findings in all parts of a file, each with a label near its start and one near its end.
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

#[test]
fn no_format_repeats_the_file_for_each_finding() {
    let rules = RuleSet::builtin().unwrap();
    let finding = finding(&rules);
    let lines = "a: bcdefghijklmnopqrstuvwxyz\n";
    for (shape, unit) in [("lines", lines), ("one line", "a, bc, "), ("one line of odd letters", "é: 🦀, ")] {
        let files = [SourceFile::new("release.yml", unit.repeat(BYTES / unit.len()).into_bytes())];
        let report = report(&finding, &files[0]);
        let view = ReportView { files: &files, prefix: "", report: &report, rules: &rules.rules };
        for format in FORMATS {
            let mut out = Vec::new();
            format.write(&mut out, &[view], &ReportOptions::default(), &[]).unwrap();
            let format = format.name;
            let size = out.len();
            assert!(size > 0 && size < FINDINGS as usize * BYTES_PER_FINDING, "{format} of {shape}: {size} bytes");
        }
    }
}
