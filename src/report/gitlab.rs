//! The `gitlab` format: a Code Quality report, shown in GitLab merge requests.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use std::io::{self, Write};

use serde::Serialize;

use crate::lint::findings::fingerprint::{FingerprintOrdinals, identity};
use crate::lint::findings::{Finding, Level};
use crate::read::source::ColumnUnit;
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::json::{JsonArray, indented};
use crate::report::{ReportView, sanitize};

pub(crate) const FORMAT: Format =
    Format::new::<GitlabWriter>("gitlab", "Code Quality report for GitLab merge requests");

#[derive(Default)]
struct GitlabWriter {
    issues: JsonArray,
}

impl ReportWriter for GitlabWriter {
    type Part = Vec<String>;

    fn start(_: &ReportOptions) -> Self {
        Self::default()
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        // GitLab shows only one of several issues with the same fingerprint.
        let mut ordinals = FingerprintOrdinals::default();
        let finding = |finding: &Finding| {
            let fingerprint = ordinals.numbered(&identity(finding, &view.path(finding.primary.place)));
            indented(&issue(view, finding, fingerprint), 2)
        };
        view.report.findings.iter().map(finding).collect()
    }

    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()> {
        part.iter().try_for_each(|issue| self.issues.add(out, "", issue, 2))
    }

    fn finish(self, _: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.issues.finish(out, "", 0)?;
        writeln!(out)
    }
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: IssueLocation,
}

#[derive(Serialize)]
struct IssueLocation {
    path: String,
    lines: IssueLines,
}

#[derive(Serialize)]
struct IssueLines {
    begin: u32,
    end: u32,
}

fn issue<'a>(view: &ReportView<'_>, finding: &'a Finding, fingerprint: String) -> Issue<'a> {
    let place = finding.primary.place;
    let line = |position: crate::read::source::Position| position.line;
    Issue {
        description: sanitize::line(&finding.message),
        check_name: &finding.name,
        fingerprint,
        severity: match finding.level {
            Level::Error => "critical",
            Level::Warning => "major",
            Level::Note => "info",
        },
        location: IssueLocation {
            path: view.path(place),
            lines: IssueLines {
                begin: line(view.start(place, ColumnUnit::CodePoints)),
                end: line(view.end(place, ColumnUnit::CodePoints)),
            },
        },
    }
}
