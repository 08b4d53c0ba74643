//! Report formats, one file each; the JSON Schemas and the generated reference.

mod annotations;
pub mod docs;
pub mod explain;
pub mod format;
mod gitlab;
pub mod init;
pub mod inventory;
pub(crate) mod json;
pub(crate) mod markdown;
mod mermaid;
mod oneline;
mod rdjson;
pub mod registries;
pub mod sanitize;
pub mod sarif;
pub mod schema;
pub mod set_up;
pub(crate) mod text;

use std::collections::BTreeMap;

use crate::lint::findings::{Finding, Level, NoticeKind, Report};
use crate::lint::rules::Rule;
use crate::read::source::{ColumnUnit, Place, Position, SourceFile};

/// The address of the project, from which all links are built.
pub const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The report of one project, with the files and rules it refers to.
#[derive(Debug, Clone, Copy)]
pub struct ReportView<'a> {
    /// The files that places refer to.
    pub files: &'a [SourceFile],
    /// Prefix of the project's paths: empty, or with a final slash.
    pub prefix: &'a str,
    /// The report.
    pub report: &'a Report,
    /// All rules that apply, including user rules.
    pub rules: &'a [Rule],
}

impl<'a> ReportView<'a> {
    /// The file of a place.
    #[must_use]
    pub fn source(&self, place: Place) -> Option<&'a SourceFile> {
        self.files.get(place.file.0 as usize)
    }

    /// The path of a place's file, as printed.
    #[must_use]
    pub fn path(&self, place: Place) -> String {
        below(self.prefix, self.source(place).map_or("", SourceFile::path))
    }

    /// Where a place begins.
    #[must_use]
    pub fn start(&self, place: Place, columns: ColumnUnit) -> Position {
        self.source(place).map_or(Position { line: 1, column: 1 }, |source| source.position(place.span.start, columns))
    }

    /// Where a place ends.
    #[must_use]
    pub fn end(&self, place: Place, columns: ColumnUnit) -> Position {
        self.source(place).map_or(Position { line: 1, column: 1 }, |source| source.position(place.span.end, columns))
    }

    /// The rule of a finding.
    #[must_use]
    pub fn rule(&self, finding: &Finding) -> Option<&'a Rule> {
        self.rules.iter().find(|rule| rule.code == finding.code)
    }
}

/// Prepends a prefix to a relative path; an absolute path stays unchanged.
#[must_use]
pub fn below(prefix: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || path.get(1..3) == Some(":/");
    if absolute { path.to_owned() } else { format!("{prefix}{path}") }
}

/// The address of a rule's documentation; of a user's rule, that of the page about such rules.
#[must_use]
pub fn help_uri(rule: &Rule) -> String {
    if rule.own {
        return format!("{HOME}/blob/main/docs/src/own-rules.md");
    }
    format!("{HOME}/blob/main/rules/README.md#{}", rule.name)
}

/// The "What to do" part of a rule's help, on one line; empty without one.
#[must_use]
pub fn advice(rule: &Rule) -> String {
    let advice = rule.help.split("**What to do:**").nth(1).unwrap_or_default();
    advice.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Counts over all projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportTotals {
    /// Findings of level `error`.
    pub errors: usize,
    /// Findings of level `warning`.
    pub warnings: usize,
    /// Findings of level `note`.
    pub notes: usize,
    /// Findings that `--fix` fixes.
    pub fixable: usize,
    /// Further findings that `--fix=unsafe` fixes.
    pub fixable_unsafely: usize,
    /// Findings per rule, by code and name.
    pub per_rule: BTreeMap<(String, String), usize>,
    /// Findings hidden by ignores.
    pub suppressed: usize,
    /// Findings hidden by a baseline.
    pub baselined: usize,
    /// Workflows read.
    pub workflows: usize,
    /// Uploads found.
    pub uploads: usize,
    /// Uploads whose verdict the files do not decide.
    pub undecided: usize,
    /// Uploads without a declared publisher.
    pub undeclared: usize,
    /// Uploads with a declared publisher.
    pub declared: usize,
}

impl ReportTotals {
    /// Adds a project's report.
    pub fn add(&mut self, report: &Report) {
        let count = |level| report.findings.iter().filter(|finding| finding.level == level).count();
        self.errors += count(Level::Error);
        self.warnings += count(Level::Warning);
        self.notes += count(Level::Note);
        for finding in &report.findings {
            match finding.fixes.iter().map(|fix| fix.safe).max() {
                Some(true) => self.fixable += 1,
                Some(false) => self.fixable_unsafely += 1,
                None => {}
            }
            *self.per_rule.entry((finding.code.clone(), finding.name.clone())).or_default() += 1;
        }
        self.suppressed += report.suppressed.len();
        self.baselined += report.baselined;
        self.workflows += report.workflows;
        self.uploads += report.uploads;
        self.undeclared += report.undeclared;
        self.declared += report.declared;
        self.undecided += report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided).count();
    }

    /// Adds other counts.
    pub fn sum(&mut self, other: &Self) {
        self.errors += other.errors;
        self.warnings += other.warnings;
        self.notes += other.notes;
        self.fixable += other.fixable;
        self.fixable_unsafely += other.fixable_unsafely;
        for (rule, count) in &other.per_rule {
            *self.per_rule.entry(rule.clone()).or_default() += count;
        }
        self.suppressed += other.suppressed;
        self.baselined += other.baselined;
        self.workflows += other.workflows;
        self.uploads += other.uploads;
        self.undecided += other.undecided;
        self.undeclared += other.undeclared;
        self.declared += other.declared;
    }

    /// The highest level found.
    #[must_use]
    pub const fn worst(&self) -> Option<Level> {
        if self.errors > 0 {
            Some(Level::Error)
        } else if self.warnings > 0 {
            Some(Level::Warning)
        } else if self.notes > 0 {
            Some(Level::Note)
        } else {
            None
        }
    }

    /// The summary line, e.g. "1 error, 2 notes in 3 workflows with 2 uploads (1 undecided)". Without a finding it also says what was
    /// compared.
    #[must_use]
    pub fn line(&self) -> String {
        let mut parts = Vec::new();
        for (count, word) in [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")] {
            if count > 0 {
                parts.push(plural(count, word));
            }
        }
        let clean = parts.is_empty();
        if clean {
            parts.push("nothing to report".to_owned());
        }
        let mut line = format!(
            "{} in {} with {}",
            parts.join(", "),
            plural(self.workflows, "workflow"),
            plural(self.uploads, "upload")
        );
        let mut asides = Vec::new();
        if clean && self.uploads > 0 {
            asides.push(format!("{} decided", self.uploads.saturating_sub(self.undecided)));
        }
        if self.undecided > 0 {
            asides.push(format!("{} undecided", self.undecided));
        }
        if clean && self.declared > 0 {
            asides.push(format!("{} with a declared publisher", self.declared));
        }
        match (self.undeclared, self.declared) {
            (0, _) => {}
            (_, 0) if clean => asides.push("no publisher declared: run `trustpub init`".to_owned()),
            (count, _) => asides.push(format!("{count} without a declared publisher: run `trustpub init`")),
        }
        if self.suppressed > 0 {
            asides.push(format!("{} ignored", plural(self.suppressed, "finding")));
        }
        if self.baselined > 0 {
            asides.push(format!("{} in the baseline", plural(self.baselined, "finding")));
        }
        if self.fixable > 0 {
            asides.push(format!("{} fixable with `--fix`", self.fixable));
        }
        if self.fixable_unsafely > 0 {
            let more = if self.fixable > 0 { " more" } else { "" };
            asides.push(format!("{}{more} fixable with `--fix=unsafe`", self.fixable_unsafely));
        }
        if !asides.is_empty() {
            line.push_str(&format!(" ({})", asides.join(", ")));
        }
        line
    }
}

pub(crate) fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
