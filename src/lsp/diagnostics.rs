//! Findings and problems as diagnostics of the protocol.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Message, Range,
    Uri,
};
use serde_json::json;

use crate::lint::findings::fingerprint::identity;
use crate::lint::findings::{Finding, Label, Level, NoticeKind};
use crate::lint::rules::Rule;
use crate::lsp::position;
use crate::lsp::view::View;
use crate::read::source::{Place, SourceFile};
use crate::report::{help_uri, sanitize};

/// The name that editors show as the origin.
const SOURCE: &str = "trustpub";

/// A rule with this tag is about something without effect, which editors fade out.
const UNUSED: &str = "unused";

/// A rule with this tag is about something superseded, which editors strike out.
const OUTDATED: &str = "outdated";

impl View<'_> {
    /// The diagnostics of all files that have one.
    pub(crate) fn diagnostics(&self) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
        let mut all: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
        let report = &self.repository.report;
        let mut add = |file: Option<&SourceFile>, diagnostic: Option<Diagnostic>| {
            if let (Some(file), Some(diagnostic)) = (file, diagnostic) {
                all.entry(self.repository.path(file)).or_default().push(diagnostic);
            }
        };
        for finding in &report.findings {
            add(self.source(finding.primary.place), self.diagnostic(finding));
        }
        for problem in &report.problems {
            let diagnostic = self.plain(problem.place, DiagnosticSeverity::Error, &problem.message);
            add(self.source(problem.place), diagnostic);
        }
        for notice in report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
            let Some(place) = notice.place else { continue };
            add(self.source(place), self.plain(place, DiagnosticSeverity::Hint, &notice.message));
        }
        for problem in &self.repository.rule_problems {
            let range = position::range(&problem.file, problem.span, self.client.unit);
            add(Some(&problem.file), Some(diagnostic(range, DiagnosticSeverity::Error, &problem.message)));
        }
        all
    }

    /// A finding. Its data is its code and the fingerprint that identifies it in SARIF and baselines.
    pub(crate) fn diagnostic(&self, finding: &Finding) -> Option<Diagnostic> {
        let source = self.source(finding.primary.place)?;
        let severity = match finding.level {
            Level::Error => DiagnosticSeverity::Error,
            Level::Warning => DiagnosticSeverity::Warning,
            Level::Note => DiagnosticSeverity::Information,
        };
        let mut message = sanitize::line(&finding.message);
        let related: Vec<_> = finding.labels.iter().filter(|label| !label.text.is_empty()).collect();
        if !self.client.related_information {
            for label in &related {
                message.push_str(&format!("\n{}", self.label_text(label)));
            }
        }
        let related = related.into_iter().filter_map(|label| self.related(label));
        let related = self.client.related_information.then(|| related.collect());
        let rule = self.repository.rules.rules.iter().find(|rule| rule.code == finding.code);
        Some(Diagnostic {
            range: self.range(finding.primary.place)?,
            code: Some(Code::String(finding.name.clone())),
            code_description: rule.map(|rule| CodeDescription { href: Uri(help_uri(rule)) }),
            tags: rule.map(|rule| self.tags(rule)).filter(|tags| !tags.is_empty()),
            related_information: related,
            data: Some(json!({ "code": finding.code, "id": identity(finding, source.path()) })),
            ..diagnostic(Range::default(), severity, &message)
        })
    }

    fn plain(&self, place: Place, severity: DiagnosticSeverity, message: &str) -> Option<Diagnostic> {
        Some(diagnostic(self.range(place)?, severity, message))
    }

    fn related(&self, label: &Label) -> Option<DiagnosticRelatedInformation> {
        let location = self.location(label.place)?;
        Some(DiagnosticRelatedInformation { location, message: sanitize::line(&label.text) })
    }

    /// A label for clients without related information.
    fn label_text(&self, label: &Label) -> String {
        let at = self.source(label.place);
        let at = at.map_or_else(String::new, |it| format!("{}:{}: ", it.path(), it.line_at(label.place.span.start)));
        sanitize::line(&format!("{at}{}", label.text))
    }

    fn tags(&self, rule: &Rule) -> Vec<DiagnosticTag> {
        let has = |tag: &str| rule.tags.iter().any(|other| other == tag);
        let mut tags = Vec::new();
        if has(UNUSED) {
            tags.push(DiagnosticTag::Unnecessary);
        }
        if has(OUTDATED) {
            tags.push(DiagnosticTag::Deprecated);
        }
        tags.retain(|tag| self.client.diagnostic_tags.contains(tag));
        tags
    }
}

fn diagnostic(range: Range, severity: DiagnosticSeverity, message: &str) -> Diagnostic {
    let (source, message) = (Some(SOURCE.to_owned()), Message::String(message.to_owned()));
    Diagnostic {
        range,
        severity: Some(severity),
        source,
        message,
        code: None,
        code_description: None,
        tags: None,
        related_information: None,
        data: None,
    }
}
