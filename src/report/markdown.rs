//! A job summary in GitHub's Markdown: counts, the trust map, a table, then each finding folded away. Text from files can break
//! out of nothing.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::lint::findings::{Finding, Label, Level, NoticeKind, Route};
use crate::read::source::{ColumnUnit, Place};
use crate::report::{ReportTotals, ReportView, advice, help_uri, mermaid, sanitize};

/// GitHub takes a summary of 1 MiB; some is left for what the runner adds.
const LARGEST: usize = 900 * 1024;
/// The most letters of a line that is shown.
const LONGEST_LINE: usize = 300;

/// The levels, worst first.
const LEVELS: [Level; 3] = [Level::Error, Level::Warning, Level::Note];

/// A summary of several projects. It holds no more than can be shown.
#[derive(Default)]
pub struct MarkdownPage {
    map: mermaid::RouteDiagram,
    levels: [FindingRows; LEVELS.len()],
    undecided: String,
}

/// The findings of one level.
#[derive(Default)]
struct FindingRows {
    /// A row of the table, and a folded paragraph.
    kept: Vec<(String, String)>,
    /// Bytes of all rows.
    bytes: usize,
    /// How many were not kept.
    left: usize,
}

/// What a summary says of one project.
pub struct MarkdownPart {
    routes: Vec<(String, Route)>,
    findings: Vec<(Level, String, String)>,
    undecided: String,
}

impl MarkdownPart {
    /// Of a project's report.
    #[must_use]
    pub fn of(view: &ReportView<'_>) -> Self {
        let entry = |finding: &Finding| (finding.level, row(view, finding), detail(view, finding));
        Self {
            routes: view.report.routes.iter().map(|route| (view.prefix.to_owned(), route.clone())).collect(),
            findings: view.report.findings.iter().map(entry).collect(),
            undecided: undecided(view),
        }
    }
}

impl MarkdownPage {
    /// Adds a project.
    pub fn add(&mut self, part: MarkdownPart) {
        part.routes.iter().for_each(|(prefix, route)| self.map.add(prefix, route));
        for (level, row, detail) in part.findings {
            let Some((_, entries)) = LEVELS.iter().zip(&mut self.levels).find(|(known, _)| **known == level) else {
                continue;
            };
            if entries.bytes > LARGEST {
                entries.left += 1;
            } else {
                entries.bytes += row.len();
                entries.kept.push((row, detail));
            }
        }
        if self.undecided.len() < LARGEST {
            self.undecided.push_str(&part.undecided);
        }
    }

    /// The page: counts, the map, every finding in a table, errors before warnings before notes, and the same folded away.
    #[must_use]
    pub fn text(&self, totals: &ReportTotals) -> String {
        let mut text = format!("## trustpub\n\n{}\n", escape(&totals.line()));
        if let Some(map) = self.map.text() {
            let _ = write!(text, "\n```mermaid\n{map}```\n");
        }
        if self.levels.iter().any(|entries| !entries.kept.is_empty()) {
            text.push_str("\n| level | where | what | rule |\n| --- | --- | --- | --- |\n");
        }
        let mut left = self.fill(&mut text, |(row, _)| row);
        if left == 0 {
            left = self.fill(&mut text, |(_, detail)| detail);
        }
        if left > 0 {
            let _ = write!(text, "\n{left} more findings do not fit here.\n");
        }
        let undecided = &self.undecided;
        if !undecided.is_empty() && text.len() + undecided.len() < LARGEST {
            let _ = write!(text, "\n<details><summary>Undecided uploads</summary>\n\n{undecided}\n</details>\n");
        }
        text
    }

    /// Adds one text of each finding; how many did not fit.
    fn fill(&self, text: &mut String, part: impl Fn(&(String, String)) -> &String) -> usize {
        let all: usize = self.levels.iter().map(|entries| entries.kept.len() + entries.left).sum();
        for (index, entry) in self.levels.iter().flat_map(|entries| &entries.kept).enumerate() {
            let more = part(entry);
            if text.len() + more.len() > LARGEST {
                return all - index;
            }
            text.push_str(more);
        }
        self.levels.iter().map(|entries| entries.left).sum()
    }
}

/// Writes a summary of several projects.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[ReportView<'_>]) -> io::Result<()> {
    let (mut page, mut totals) = (MarkdownPage::default(), ReportTotals::default());
    for view in views {
        totals.add(view.report);
        page.add(MarkdownPart::of(view));
    }
    out.write_all(page.text(&totals).as_bytes())
}

fn row(view: &ReportView<'_>, finding: &Finding) -> String {
    format!(
        "| {} {} | {} | {} | {} |\n",
        sign(finding.level),
        finding.level.word(),
        at(view, finding.primary.place),
        rich(&finding.message),
        rule(view, finding)
    )
}

fn detail(view: &ReportView<'_>, finding: &Finding) -> String {
    let mut text = format!(
        "\n<details><summary>{} {} <b>{}</b></summary>\n\n{}\n\n{}\n",
        sign(finding.level),
        at(view, finding.primary.place),
        finding.name,
        rich(&finding.message),
        code(view, finding.primary.place)
    );
    for Label { place, text: label } in &finding.labels {
        let _ = writeln!(text, "- {}: {}", at(view, *place), rich(label));
    }
    if let Some(known) = view.rule(finding) {
        // Rules of one's own may come from a stranger's pull request: their advice is text, not markup.
        let advice = advice(known);
        let advice = if known.own { rich(&advice) } else { advice };
        if !advice.is_empty() {
            let _ = write!(text, "\n**What to do:** {advice}\n");
        }
    }
    for fix in &finding.fixes {
        let _ = write!(text, "\nFix: {}\n", rich(&fix.title));
    }
    let _ = write!(text, "\n{}\n\n</details>\n", rule(view, finding));
    text
}

/// What the files do not decide.
fn undecided(view: &ReportView<'_>) -> String {
    let mut list = String::new();
    for notice in view.report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
        let place = notice.place.map(|place| format!("{}: ", at(view, place))).unwrap_or_default();
        let _ = writeln!(list, "- {place}{}", rich(&notice.message));
    }
    list
}

const fn sign(level: Level) -> &'static str {
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

/// The rule's name as a link to its page; a rule of one's own has none.
fn rule(view: &ReportView<'_>, finding: &Finding) -> String {
    match view.rule(finding) {
        Some(rule) if !rule.own => format!("[{} {}]({})", finding.code, finding.name, help_uri(rule)),
        _ => format!("{} {}", finding.code, finding.name),
    }
}

/// The line of a place in a fence that nothing in the line can close.
fn code(view: &ReportView<'_>, place: Place) -> String {
    let line = view.source(place).map_or("", |source| source.line_text(source.line_at(place.span.start)));
    let line = sanitize::line(&line.chars().take(LONGEST_LINE).collect::<String>());
    let longest = line.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}yaml\n{line}\n{fence}")
}

/// Text with what stands between backticks set as code. Each part is escaped, so a backtick in a name changes no more than the look.
pub(crate) fn rich(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let balanced = parts.len() % 2 == 1;
    let part = |(index, part): (usize, &&str)| match index % 2 {
        1 if balanced => format!("<code>{}</code>", escape(part)),
        _ => escape(part),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join(if balanced { "" } else { "&#96;" })
}

/// Text that stays text: no markup, no table, no link, no HTML, no mention, no formula.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in sanitize::line(text).chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            // GitHub makes links of bare addresses, so their marks are written by number too.
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
    fn what_stands_in_backticks_is_code() {
        assert_eq!(rich("job `a_b` publishes"), "job <code>a\\_b</code> publishes");
        assert_eq!(rich("job `a` b` c"), "job &#96;a&#96; b&#96; c", "an odd backtick makes no code");
        assert_eq!(rich("job `</code><b>` x"), "job <code>&lt;/code&gt;&lt;b&gt;</code> x");
    }
}
