//! The look of rustc: level, message, the line with the fault underlined, further places, a way out.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use super::{View, advice, help_uri, sanitize};
use crate::lint::finding::{Finding, Label, Level};
use crate::read::source::{Place, Span};

/// Writes a project's findings, coloured or plain.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, view: &View<'_>, colour: bool) -> io::Result<()> {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    for finding in &view.report.findings {
        writeln!(out, "{}\n", render(&renderer, view, finding))?;
    }
    Ok(())
}

fn render(renderer: &Renderer, view: &View<'_>, finding: &Finding) -> String {
    let level = match finding.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Note => Shown::NOTE,
    };
    let message = sanitize::line(&finding.message);
    let mut group: Group<'_> =
        level.primary_title(message).id(finding.name.clone()).element(snippet(view, &finding.primary, &finding.labels));
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
    renderer.render(&[group])
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
