//! The `text` format: rustc-style snippets with labels, help and the proposed fix.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Write};

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level as Shown, Origin, Patch, Renderer, Snippet};

use crate::lint::findings::{Finding, Fix, Label, Level, Notice, NoticeKind};
use crate::lint::fix::OfferedFixes;
use crate::read::source::{ColumnUnit, FileId, Place, SourceFile, Span};
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::{ReportTotals, ReportView, advice, below, help_uri, plural, sanitize};

pub(crate) const FORMAT: Format = Format {
    local_paths: true,
    fixes: OfferedFixes::All,
    is_log: true,
    counts_undecided: true,
    ..Format::new::<TextWriter>("text", "rustc-style snippets, for people")
};

struct TextWriter {
    options: ReportOptions,
}

impl ReportWriter for TextWriter {
    type Part = String;

    fn start(options: &ReportOptions) -> Self {
        Self { options: options.clone() }
    }

    fn part(view: &ReportView<'_>, options: &ReportOptions) -> io::Result<Self::Part> {
        let mut text = findings(view, options);
        if options.verbose {
            text.push_str(&details(view));
        }
        Ok(sanitize::commands(&text))
    }

    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(part.as_bytes())
    }

    fn finish(self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.options.quiet {
            return Ok(());
        }
        write!(out, "{}", summary.totals.line())?;
        if self.options.timing {
            write!(out, ", {:.1} s", summary.elapsed.as_secs_f32())?;
        }
        writeln!(out)?;
        if self.options.statistics {
            out.write_all(statistics(summary.totals).as_bytes())?;
        }
        Ok(())
    }
}

/// What `--verbose` adds: the uploads that the files do not decide, and whether the git remote is another repository.
pub(crate) fn details(view: &ReportView<'_>) -> String {
    let remote = view.report.other_remote.iter().map(|note| format!("note: {}\n", sanitize::line(note)));
    undecided(view) + &remote.collect::<String>()
}

/// What `--statistics` adds: the findings of each rule, most first.
pub(crate) fn statistics(totals: &ReportTotals) -> String {
    let mut rules: Vec<_> = totals.per_rule.iter().collect();
    rules.sort_by_key(|(_, count)| Reverse(**count));
    rules.into_iter().map(|((code, name), count)| format!("{count:>7}  {code}  {name}\n")).collect()
}

/// A project's findings: first those without an upload, then those of each uploading job under a heading.
fn findings(view: &ReportView<'_>, options: &ReportOptions) -> String {
    let renderer = if options.colour { Renderer::styled() } else { Renderer::plain() };
    let groups = groups(view);
    let headings = groups.len() > 1;
    let mut text = String::new();
    for (title, findings) in groups {
        if headings && !title.is_empty() {
            let bold = if options.colour { anstyle::Style::new().bold() } else { anstyle::Style::new() };
            text.push_str(&format!("{bold}{title}{bold:#}\n\n"));
        }
        for finding in findings {
            text.push_str(&render(&renderer, view, finding, options.links));
            text.push_str("\n\n");
        }
    }
    text
}

/// The uploads that the files do not decide.
fn undecided(view: &ReportView<'_>) -> String {
    let line = |notice: &Notice| {
        let at = notice
            .place
            .map(|place| format!("{}:{}: ", view.path(place), view.start(place, ColumnUnit::CodePoints).line));
        format!("undecided: {}{}\n", sanitize::line(&at.unwrap_or_default()), sanitize::line(&notice.message))
    };
    view.report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided).map(line).collect()
}

/// The findings grouped by uploading job; those without an upload come first, without a heading.
fn groups<'a>(view: &ReportView<'a>) -> Vec<(String, Vec<&'a Finding>)> {
    let mut registries: HashMap<JobOf<'_>, Vec<&str>> = HashMap::new();
    for route in &view.report.routes {
        let names = registries.entry((route.workflow.as_str(), route.job.as_str())).or_default();
        let name = route.registry.as_deref().unwrap_or("an unknown registry");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut groups: Vec<(String, Vec<&Finding>)> = vec![(String::new(), Vec::new())];
    let mut places: HashMap<JobOf<'_>, usize> = HashMap::new();
    for finding in &view.report.findings {
        let name = finding.subject.split('/').next().unwrap_or_default();
        // The steps of a finding begin in the calling workflow; the job is in the last workflow on the way.
        let files = finding.steps.iter().rev().chain([&finding.primary]).map(|label| view.source(label.place));
        let jobs = files.map(|file| (file.map_or("", SourceFile::path), name));
        let found = jobs.into_iter().find_map(|job| Some((job, registries.get(&job)?)));
        let index = found.map_or(0, |(job, names)| {
            *places.entry(job).or_insert_with(|| {
                groups.push((title(view, job, names), Vec::new()));
                groups.len() - 1
            })
        });
        if let Some((_, findings)) = groups.get_mut(index) {
            findings.push(finding);
        }
    }
    groups.retain(|(_, findings)| !findings.is_empty());
    groups
}

/// A workflow's path and the key of one of its jobs.
type JobOf<'a> = (&'a str, &'a str);

fn title(view: &ReportView<'_>, (workflow, job): JobOf<'_>, registries: &[&str]) -> String {
    let path = below(view.prefix, workflow);
    sanitize::line(&format!("── {path}, job {job} → {} ──", registries.join(" and ")))
}

fn render(renderer: &Renderer, view: &ReportView<'_>, finding: &Finding, links: bool) -> String {
    let level = match finding.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Note => Shown::NOTE,
    };
    let message = sanitize::line(&finding.message);
    let mut title = level.primary_title(message).id(finding.name.clone());
    if let Some(rule) = view.rule(finding).filter(|_| links) {
        title = title.id_url(help_uri(rule));
    }
    let mut group: Group<'_> = title.elements(places(view, finding));
    if let Some(rule) = view.rule(finding) {
        let advice = advice(rule);
        if !advice.is_empty() {
            group = group.element(Shown::HELP.message(sanitize::line(&advice)));
        }
        group = group.element(Shown::HELP.with_name("docs").message(help_uri(rule)));
    }
    let mut groups = vec![group];
    groups.extend(finding.fixes.first().map(|fix| fix_group(view, fix)));
    renderer.render(&groups)
}

/// The edits of a fix, and the option that applies it.
fn fix_group<'a>(view: &ReportView<'a>, fix: &Fix) -> Group<'a> {
    let option = if fix.safe { "--fix" } else { "--fix=unsafe" };
    let title = Shown::HELP.secondary_title(sanitize::line(&format!("{} (`{option}`)", fix.title)));
    let mut files: Vec<FileId> = Vec::new();
    for edit in &fix.edits {
        if !files.contains(&edit.place.file) {
            files.push(edit.place.file);
        }
    }
    let snippets = files.into_iter().filter_map(|file| {
        let edits = || fix.edits.iter().filter(|edit| edit.place.file == file);
        let window = SnippetWindow::over(view, edits().map(|edit| edit.place))?;
        let patches: Vec<_> = edits()
            .map(|edit| Patch::new(window.range(edit.place.span), sanitize::in_place(&edit.text.replace("\r\n", "\n"))))
            .collect();
        Some(Snippet::source(window.text).line_start(window.line).path(window.path).patches(patches))
    });
    Group::with_title(title).elements(snippets)
}

/// The primary place with the labels near it, then the labels further away or in other files.
fn places<'a>(view: &ReportView<'a>, finding: &Finding) -> Vec<Element<'a>> {
    let mut elements = Vec::new();
    let mut left: Vec<(AnnotationKind, &Label)> = vec![(AnnotationKind::Primary, &finding.primary)];
    left.extend(finding.labels.iter().take(MAX_LABELS).map(|label| (AnnotationKind::Context, label)));
    while let Some((_, first)) = left.first().copied() {
        let mut window = SnippetWindow::over(view, [first.place]);
        let (mut here, mut rest) = (Vec::new(), Vec::new());
        for (index, (kind, label)) in left.into_iter().enumerate() {
            let wider = window.as_ref().and_then(|window| window.with(view, label.place));
            if index == 0 || wider.is_some() {
                window = wider.or(window);
                here.push((kind, label));
            } else {
                rest.push((kind, label));
            }
        }
        match window {
            Some(window) => {
                let annotations: Vec<_> = here.iter().map(|(kind, label)| window.annotation(*kind, label)).collect();
                let snippet = Snippet::source(window.text).line_start(window.line).path(window.path);
                elements.push(Element::from(snippet.annotations(annotations)));
            }
            None => elements.extend(here.iter().flat_map(|(_, label)| without_snippet(view, label))),
        }
        left = rest;
    }
    let more = finding.labels.len().saturating_sub(MAX_LABELS);
    if more > 0 {
        elements.push(Element::from(Shown::NOTE.message(format!("and {}", plural(more, "more place")))));
    }
    elements
}

/// A place without a snippet, because its line is too long.
fn without_snippet<'a>(view: &ReportView<'a>, label: &Label) -> Vec<Element<'a>> {
    let at = view.start(label.place, ColumnUnit::CodePoints);
    let origin = Origin::path(sanitize::line(&view.path(label.place)));
    let mut elements = vec![Element::from(origin.line(at.line as usize).char_column(at.column as usize))];
    if !label.text.is_empty() {
        elements.push(Element::from(Shown::NOTE.message(sanitize::line(&label.text))));
    }
    elements
}

/// Further labels of a finding are only counted.
const MAX_LABELS: usize = 50;

/// Largest snippet in bytes. The renderer reads its whole input once per finding, so passing whole files would take quadratic time.
const MAX_SNIPPET: usize = 8 * 1024;

/// Lines of a file, escaped.
struct SnippetWindow {
    file: FileId,
    path: String,
    text: String,
    /// The number of the first line.
    line: usize,
    /// The part of the file.
    span: Span,
}

impl SnippetWindow {
    /// The lines of some places of one file; `None` if they are too long.
    fn over(view: &ReportView<'_>, places: impl IntoIterator<Item = Place>) -> Option<Self> {
        let whole = places.into_iter().reduce(|all, one| Place { span: all.span.cover(one.span), ..all })?;
        let source = view.source(whole)?;
        let (first, last) = (source.line_at(whole.span.start), source.line_at(whole.span.end));
        let span = source.line_span(first).cover(source.line_span(last));
        if span.len() as usize > MAX_SNIPPET {
            return None;
        }
        let text = sanitize::in_place(&lines_of(source.slice(span)));
        Some(Self { file: whole.file, path: sanitize::line(&view.path(whole)), text, line: first as usize, span })
    }

    /// Extends the window to another place; `None` if that is in another file or too far away.
    fn with(&self, view: &ReportView<'_>, place: Place) -> Option<Self> {
        (place.file == self.file).then(|| Self::over(view, [Place { span: self.span, ..place }, place]))?
    }

    /// A span of the file as a range of `text`, on character boundaries as the renderer requires.
    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let within = |at: u32| at.saturating_sub(self.span.start) as usize;
        let start = self.text.floor_char_boundary(within(span.start));
        start..self.text.ceil_char_boundary(within(span.end)).max(start)
    }

    /// A label, cut to its first line.
    fn annotation<'a>(&self, kind: AnnotationKind, label: &Label) -> Annotation<'a> {
        let range = self.range(label.place.span);
        let line = self.text[range.clone()].find('\n').map_or(range.end, |at| range.start + at);
        let annotation = kind.span(range.start..line);
        if label.text.is_empty() { annotation } else { annotation.label(sanitize::line(&label.text)) }
    }
}

/// Replaces all line ends by `\n` without changing byte offsets.
fn lines_of(text: &str) -> String {
    text.replace("\r\n", " \n").replace('\r', "\n")
}
