//! The look of rustc: level, message, the line with the fault underlined, further places, a way out.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Patch, Renderer, Snippet};

use super::{View, advice, below, help_uri, sanitize};
use crate::lint::finding::{Finding, Fix, Label, Level, NoticeKind, Route};
use crate::read::source::{Columns, Place, Source, Span};

/// What the terminal can.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look {
    /// Colours.
    pub colour: bool,
    /// Links.
    pub links: bool,
}

/// Writes a project's findings: first those of no upload, then each uploading job's under a line that names it.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, view: &View<'_>, look: Look) -> io::Result<()> {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let groups = groups(view);
    let named = groups.len() > 1;
    for (title, findings) in groups {
        if named && !title.is_empty() {
            let bold = if look.colour { anstyle::Style::new().bold() } else { anstyle::Style::new() };
            writeln!(out, "{bold}{title}{bold:#}\n")?;
        }
        for finding in findings {
            writeln!(out, "{}\n", render(&renderer, view, finding, look.links))?;
        }
    }
    Ok(())
}

/// Says which uploads the files do not decide.
///
/// # Errors
/// When `out` cannot be written.
pub fn undecided(out: &mut dyn Write, view: &View<'_>) -> io::Result<()> {
    for notice in view.report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
        let at =
            notice.place.map(|place| format!("{}:{}: ", view.path(place), view.start(place, Columns::CodePoints).line));
        let at = at.unwrap_or_default();
        writeln!(out, "undecided: {}{}", sanitize::line(&at), sanitize::line(&notice.message))?;
    }
    Ok(())
}

/// The findings by the job whose upload they are about; those of no upload come first, under no title.
fn groups<'a>(view: &View<'a>) -> Vec<(String, Vec<&'a Finding>)> {
    let job_of = |finding: &Finding| {
        let start = finding.steps.first().unwrap_or(&finding.primary).place;
        let file = view.source(start).map_or("", Source::path);
        let job = finding.subject.split('/').next().unwrap_or_default();
        let known = |route: &&Route| route.workflow == file && route.job == job;
        view.report.routes.iter().find(known).map(|route| (route.workflow.as_str(), route.job.as_str()))
    };
    let mut groups: Vec<(Option<JobOf<'_>>, Vec<&Finding>)> = vec![(None, Vec::new())];
    for finding in &view.report.findings {
        let key = job_of(finding);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, findings)) => findings.push(finding),
            None => groups.push((key, vec![finding])),
        }
    }
    groups.retain(|(_, findings)| !findings.is_empty());
    groups.into_iter().map(|(key, findings)| (key.map_or(String::new(), |key| title(view, key)), findings)).collect()
}

/// A workflow's path and the key of one of its jobs.
type JobOf<'a> = (&'a str, &'a str);

fn title(view: &View<'_>, (workflow, job): JobOf<'_>) -> String {
    let mut registries: Vec<&str> = Vec::new();
    for route in view.report.routes.iter().filter(|route| route.workflow == workflow && route.job == job) {
        let name = route.registry.as_deref().unwrap_or("an index that the files do not tell");
        if !registries.contains(&name) {
            registries.push(name);
        }
    }
    let path = below(view.prefix, workflow);
    sanitize::line(&format!("── {path}, job {job} → {} ──", registries.join(" and ")))
}

fn render(renderer: &Renderer, view: &View<'_>, finding: &Finding, links: bool) -> String {
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
    let mut group: Group<'_> = title.element(snippet(view, &finding.primary, &finding.labels));
    let mut other_files: Vec<_> =
        finding.labels.iter().filter(|label| label.place.file != finding.primary.place.file).collect();
    while let Some(first) = other_files.first().copied() {
        let (here, rest): (Vec<_>, Vec<_>) =
            other_files.iter().copied().partition(|label| label.place.file == first.place.file);
        let labels: Vec<Label> = here.into_iter().skip(1).cloned().collect();
        group = group.element(context(view, first, &labels));
        other_files = rest;
    }
    if let Some(rule) = view.rule(finding) {
        let advice = advice(rule);
        if !advice.is_empty() {
            group = group.element(Shown::HELP.message(sanitize::line(&advice)));
        }
        group = group.element(Shown::HELP.with_name("docs").message(help_uri(rule)));
    }
    let mut groups = vec![group];
    groups.extend(finding.fixes.first().map(|fix| remedy(view, fix)));
    renderer.render(&groups)
}

/// What a fix would change, and how to have it changed.
fn remedy<'a>(view: &View<'a>, fix: &Fix) -> Group<'a> {
    let option = if fix.safe { "--fix" } else { "--fix=unsafe" };
    let title = Shown::HELP.secondary_title(sanitize::line(&format!("{} (`{option}`)", fix.title)));
    let mut files: Vec<Place> = Vec::new();
    for edit in &fix.edits {
        if files.iter().all(|known| known.file != edit.place.file) {
            files.push(edit.place);
        }
    }
    let snippets = files.into_iter().map(|first| {
        let (text, path) = shown(view, first);
        let edits = fix.edits.iter().filter(|edit| edit.place.file == first.file);
        let patches: Vec<_> = edits
            .map(|edit| {
                let (start, end) = (edit.place.span.start as usize, edit.place.span.end as usize);
                let (start, end) = (text.floor_char_boundary(start), text.ceil_char_boundary(end));
                Patch::new(start..end.max(start), sanitize::in_place(&edit.text.replace("\r\n", "\n")))
            })
            .collect();
        Snippet::source(text).path(path).patches(patches)
    });
    Group::with_title(title).elements(snippets)
}

fn snippet<'a>(view: &View<'a>, primary: &Label, labels: &[Label]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (text, path) = shown(view, primary.place);
    let span = clamped(&text, primary.place.span);
    let labels: Vec<_> = labels
        .iter()
        .filter(|label| label.place.file == primary.place.file)
        .map(|label| annotation(&text, label))
        .collect();
    let own = AnnotationKind::Primary.span(span);
    let own = if primary.text.is_empty() { own } else { own.label(sanitize::line(&primary.text)) };
    Snippet::source(text).path(path).annotation(own).annotations(labels)
}

fn context<'a>(view: &View<'a>, first: &Label, labels: &[Label]) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let (text, path) = shown(view, first.place);
    let all: Vec<_> = std::iter::once(first).chain(labels).map(|label| annotation(&text, label)).collect();
    Snippet::source(text).path(path).annotations(all)
}

fn annotation<'a>(text: &str, label: &Label) -> annotate_snippets::Annotation<'a> {
    let annotation = AnnotationKind::Context.span(clamped(text, label.place.span));
    if label.text.is_empty() { annotation } else { annotation.label(sanitize::line(&label.text)) }
}

/// The file's text, made harmless, and its path.
fn shown(view: &View<'_>, place: Place) -> (String, String) {
    let text = view.source(place).map(|source| sanitize::in_place(source.text())).unwrap_or_default();
    (text, sanitize::line(&view.path(place)))
}

/// The renderer takes only spans that lie in the text and on its letters; one of several lines is cut to its first.
fn clamped(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary(span.end as usize).max(start);
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    start..line
}
