//! The `oneline` format: `file:line:col: level: message [name]`, one line per finding, for editors and problem matchers.
//!
//! Columns count UTF-16 code units, as VS Code's problem matchers and the other machine-readable formats do. Vim reads them best as screen
//! columns (`%v`): its `%c` counts bytes, which differs behind non-ASCII characters.

use std::io::{self, Write};

use crate::lint::findings::Finding;
use crate::read::source::ColumnUnit;
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::{ReportView, sanitize};

pub(crate) const FORMAT: Format = Format {
    local_paths: true,
    is_log: true,
    ..Format::new::<OnelineWriter>("oneline", "one line per finding, for editors and logs")
};

struct OnelineWriter;

impl ReportWriter for OnelineWriter {
    type Part = String;

    fn start(_: &ReportOptions) -> Self {
        Self
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        let line = |finding: &Finding| {
            let place = finding.primary.place;
            let at = view.start(place, ColumnUnit::Utf16);
            let (path, message) = (sanitize::line(&view.path(place)), sanitize::line(&finding.message));
            format!("{path}:{}:{}: {}: {message} [{}]\n", at.line, at.column, finding.level.word(), finding.name)
        };
        Ok(sanitize::commands(&view.report.findings.iter().map(line).collect::<String>()))
    }

    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(part.as_bytes())
    }

    fn finish(self, _: &RunSummary<'_>, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
