//! `file:line:col: level: message [name]`, one line per finding, for editors and problem matchers.
//!
//! Columns count UTF-16 code units, as VS Code's task matchers and every other report for programs do. On a line of ASCII that is
//! what everybody counts; behind other letters Vim, whose `%c` counts bytes, reads them rightly as screen columns, `%v`.

use std::io::{self, Write};

use crate::read::source::ColumnUnit;
use crate::report::{ReportView, sanitize};

/// Writes a project's findings.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, view: &ReportView<'_>) -> io::Result<()> {
    for finding in &view.report.findings {
        let at = view.start(finding.primary.place, ColumnUnit::Utf16);
        let (path, message) = (sanitize::line(&view.path(finding.primary.place)), sanitize::line(&finding.message));
        writeln!(out, "{path}:{}:{}: {}: {message} [{}]", at.line, at.column, finding.level.word(), finding.name)?;
    }
    Ok(())
}
