//! The `markdown` format, a job summary: counts, a diagram of the releases, a table, and each finding in a folded section. Text from files
//! is escaped.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::lint::findings::{Finding, Label, Level, NoticeKind, Route};
use crate::lint::fix::OfferedFixes;
use crate::read::source::{ColumnUnit, Place};
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::{ReportTotals, ReportView, advice, help_uri, mermaid, sanitize};

/// In bytes. GitHub's limit for a summary is 1 MiB, which other steps of the job may share.
const MAX_SIZE: usize = 900 * 1024;
/// Longer lines of code are cut; in characters.
const MAX_LINE: usize = 300;

/// The levels, worst first.
const LEVELS: [Level; 3] = [Level::Error, Level::Warning, Level::Note];

pub(crate) const FORMAT: Format = Format {
    fixes: OfferedFixes::All,
    counts_undecided: true,
    ..Format::new::<MarkdownPage>("markdown", "a job summary with a diagram of the releases")
};

/// The summary of several projects. It keeps no more than can be shown.
#[derive(Default)]
struct MarkdownPage {
    diagram: mermaid::RouteDiagram,
    levels: [FindingRows; LEVELS.len()],
    undecided: String,
}

/// The findings of one level.
#[derive(Default)]
struct FindingRows {
    /// The table row and the folded section of each finding.
    kept: Vec<(String, String)>,
    /// Total size of all rows.
    bytes: usize,
    /// Number of findings that were not kept.
    omitted: usize,
}

/// The part of one project.
struct MarkdownPart {
    routes: Vec<(String, Route)>,
    findings: Vec<(Level, String, String)>,
    undecided: String,
}

impl ReportWriter for MarkdownPage {
    type Part = MarkdownPart;

    fn start(_: &ReportOptions) -> Self {
        Self::default()
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        let entry = |finding: &Finding| (finding.level, row(view, finding), detail(view, finding));
        Ok(MarkdownPart {
            routes: view.report.routes.iter().map(|route| (view.prefix.to_owned(), route.clone())).collect(),
            findings: view.report.findings.iter().map(entry).collect(),
            undecided: undecided(view),
        })
    }

    fn add(&mut self, part: Self::Part, _: &mut dyn Write) -> io::Result<()> {
        part.routes.iter().for_each(|(prefix, route)| self.diagram.add(prefix, route));
        for (level, row, detail) in part.findings {
            let Some((_, entries)) = LEVELS.iter().zip(&mut self.levels).find(|(known, _)| **known == level) else {
                continue;
            };
            if entries.bytes > MAX_SIZE {
                entries.omitted += 1;
            } else {
                entries.bytes += row.len();
                entries.kept.push((row, detail));
            }
        }
        if self.undecided.len() < MAX_SIZE {
            self.undecided.push_str(&part.undecided);
        }
        Ok(())
    }

    fn finish(self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(sanitize::commands(&self.text(summary.totals)).as_bytes())
    }
}

impl MarkdownPage {
    /// The whole page; findings are sorted by level.
    fn text(&self, totals: &ReportTotals) -> String {
        let mut text = format!("## trustpub\n\n{}\n", escape(&totals.line()));
        if let Some(diagram) = self.diagram.text() {
            let _ = write!(text, "\n```mermaid\n{diagram}```\n");
        }
        if self.levels.iter().any(|entries| !entries.kept.is_empty()) {
            text.push_str("\n| level | where | what | rule |\n| --- | --- | --- | --- |\n");
        }
        let mut omitted = self.fill(&mut text, |(row, _)| row);
        if omitted == 0 {
            omitted = self.fill(&mut text, |(_, detail)| detail);
        }
        if omitted > 0 {
            let _ = write!(text, "\n{omitted} more findings do not fit into this summary.\n");
        }
        let undecided = &self.undecided;
        if !undecided.is_empty() && text.len() + undecided.len() < MAX_SIZE {
            let _ = write!(text, "\n<details><summary>Undecided uploads</summary>\n\n{undecided}\n</details>\n");
        }
        text
    }

    /// Adds one part of each finding; returns how many did not fit.
    fn fill(&self, text: &mut String, part: impl Fn(&(String, String)) -> &String) -> usize {
        let all: usize = self.levels.iter().map(|entries| entries.kept.len() + entries.omitted).sum();
        for (index, entry) in self.levels.iter().flat_map(|entries| &entries.kept).enumerate() {
            let more = part(entry);
            if text.len() + more.len() > MAX_SIZE {
                return all - index;
            }
            text.push_str(more);
        }
        self.levels.iter().map(|entries| entries.omitted).sum()
    }
}

fn row(view: &ReportView<'_>, finding: &Finding) -> String {
    format!(
        "| {} {} | {} | {} | {} |\n",
        level_icon(finding.level),
        finding.level.word(),
        at(view, finding.primary.place),
        escape_with_code(&finding.message),
        rule(view, finding)
    )
}

fn detail(view: &ReportView<'_>, finding: &Finding) -> String {
    let mut text = format!(
        "\n<details><summary>{} {} <b>{}</b></summary>\n\n{}\n\n{}\n",
        level_icon(finding.level),
        at(view, finding.primary.place),
        finding.name,
        escape_with_code(&finding.message),
        code(view, finding.primary.place)
    );
    for Label { place, text: label } in &finding.labels {
        let _ = writeln!(text, "- {}: {}", at(view, *place), escape_with_code(label));
    }
    if let Some(known) = view.rule(finding) {
        // User rules may come from a pull request, so their advice is escaped.
        let advice = advice(known);
        let advice = if known.own { escape_with_code(&advice) } else { advice };
        if !advice.is_empty() {
            let _ = write!(text, "\n**What to do:** {advice}\n");
        }
    }
    for fix in &finding.fixes {
        let _ = write!(text, "\nFix: {}\n", escape_with_code(&fix.title));
    }
    let _ = write!(text, "\n{}\n\n</details>\n", rule(view, finding));
    text
}

/// The uploads that the files do not decide.
fn undecided(view: &ReportView<'_>) -> String {
    let mut list = String::new();
    for notice in view.report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
        let place = notice.place.map(|place| format!("{}: ", at(view, place))).unwrap_or_default();
        let _ = writeln!(list, "- {place}{}", escape_with_code(&notice.message));
    }
    list
}

const fn level_icon(level: Level) -> &'static str {
    match level {
        Level::Error => "❌",
        Level::Warning => "⚠️",
        Level::Note => "ℹ️",
    }
}

fn at(view: &ReportView<'_>, place: Place) -> String {
    let line = view.start(place, ColumnUnit::CodePoints).line;
    format!("<code>{}</code>", escape(&format!("{}:{line}", view.path(place))))
}

/// The rule's name, linked to its documentation if it is a built-in rule.
fn rule(view: &ReportView<'_>, finding: &Finding) -> String {
    match view.rule(finding) {
        Some(rule) if !rule.own => format!("[{} {}]({})", finding.code, finding.name, help_uri(rule)),
        _ => format!("{} {}", finding.code, finding.name),
    }
}

/// The line of a place as a code block whose fence is longer than any in the line.
fn code(view: &ReportView<'_>, place: Place) -> String {
    let line = view.source(place).map_or("", |source| source.line_text(source.line_at(place.span.start)));
    let line = sanitize::line(&line.chars().take(MAX_LINE).collect::<String>());
    let longest = line.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}yaml\n{line}\n{fence}")
}

/// Escapes text and renders parts in backticks as code. A backtick inside a name can only change the formatting.
pub(crate) fn escape_with_code(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let balanced = parts.len() % 2 == 1;
    let part = |(index, part): (usize, &&str)| match index % 2 {
        1 if balanced => format!("<code>{}</code>", escape(part)),
        _ => escape(part),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(if balanced { "" } else { "&#96;" })
}

/// The same for editors, which show HTML as text.
pub(crate) fn inline(text: &str) -> String {
    let text = sanitize::line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let balanced = parts.len() % 2 == 1;
    let escaped = |part: &str| {
        let mut plain = String::with_capacity(part.len());
        for letter in part.chars() {
            if "\\`*_[]<>&#!|~:".contains(letter) {
                plain.push('\\');
            }
            plain.push(letter);
        }
        plain
    };
    let part = |(index, part): (usize, &&str)| match index % 2 {
        1 if balanced && !part.is_empty() => format!("`{part}`"),
        _ => escaped(part),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(if balanced { "" } else { "\\`" })
}

/// Text with the Markdown of [`inline`] as plain text, for editors that show no Markdown: without escapes, emphasis and the brackets of
/// links.
pub(crate) fn plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut in_code = false;
    let mut letters = markdown.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '`' => {
                in_code = !in_code;
                plain.push(letter);
            }
            _ if in_code => plain.push(letter),
            '\\' => plain.extend(letters.next()),
            '*' | '<' | '>' => {}
            letter => plain.push(letter),
        }
    }
    plain
}

/// Escapes Markdown, HTML, links, mentions and formulas.
#[must_use]
pub(crate) fn escape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in sanitize::line(text).chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            // As character references, because a backslash does not prevent autolinks and mentions.
            '`' | '@' | '|' => plain.push_str(&format!("&#{};", u32::from(letter))),
            '[' | ']' | '*' | '_' | '\\' | '!' | '#' | '~' | '$' | ':' => {
                plain.extend(['\\', letter]);
            }
            '.' if plain.ends_with("www") || plain.ends_with("WWW") => plain.push_str("\\."),
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_survives() {
        assert_eq!(escape("a|b\n[x](y) <b>&`"), "a&#124;b \\[x\\](y) &lt;b&gt;&amp;&#96;");
        assert_eq!(escape("https://www.example.com @acme"), "https\\://www\\.example.com &#64;acme");
        assert_eq!(escape("\u{1b}[31m"), "\\\\u{1b}\\[31m");
    }

    #[test]
    fn editors_are_given_no_html() {
        assert_eq!(inline("job `a_b` is <b>"), "job `a_b` is \\<b\\>");
        assert_eq!(inline("![x](https://a) ` b"), "\\!\\[x\\](https\\://a) \\` b");
    }

    #[test]
    fn text_in_backticks_is_code() {
        assert_eq!(escape_with_code("job `a_b` publishes"), "job <code>a\\_b</code> publishes");
        assert_eq!(escape_with_code("job `a` b` c"), "job &#96;a&#96; b&#96; c", "an odd backtick makes no code");
        assert_eq!(escape_with_code("job `</code><b>` x"), "job <code>&lt;/code&gt;&lt;b&gt;</code> x");
    }
}
