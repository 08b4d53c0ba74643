//! The `oneline` format: `file:line:col: level: message [name]`, one line per finding, for editors and problem matchers.
//!
//! Columns count UTF-16 code units, as VS Code's problem matchers and the other machine-readable formats do. Vim reads them best as screen
//! columns (`%v`): its `%c` counts bytes, which differs behind non-ASCII characters.

use std::io::{self, Write};

use crate::read::source::ColumnUnit;
use crate::report::{ReportView, sanitize};

/// Writes a project's findings.
pub fn write(out: &mut dyn Write, view: &ReportView<'_>) -> io::Result<()> {
    for finding in &view.report.findings {
        let at = view.start(finding.primary.place, ColumnUnit::Utf16);
        let (path, message) = (sanitize::line(&view.path(finding.primary.place)), sanitize::line(&finding.message));
        writeln!(out, "{path}:{}:{}: {}: {message} [{}]", at.line, at.column, finding.level.word(), finding.name)?;
    }
    Ok(())
}
