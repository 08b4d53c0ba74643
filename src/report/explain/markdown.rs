//! `explain --format markdown`: GitHub Markdown with a Mermaid diagram. Text from files is escaped in both.

use std::io::{self, Write};

use crate::lint::explain::ExplainedRun;
use crate::lint::findings::Route;
use crate::read::source::SourceFile;
use crate::report::explain::ExplainPage;
use crate::report::explain::sections::{self, Section, SectionRow, Tone};
use crate::report::markdown::{escape, escape_with_code, inline};
use crate::report::{mermaid, sanitize};

/// Writes several projects.
pub fn write(out: &mut dyn Write, pages: &[ExplainPage<'_>]) -> io::Result<()> {
    writeln!(out, "## What the registry sees and answers, for every upload")?;
    let routes: Vec<(&str, Route)> =
        pages.iter().flat_map(|page| routes(page).into_iter().map(|route| (page.prefix, route))).collect();
    if let Some(diagram) = mermaid::diagram(routes.iter().map(|(prefix, route)| (*prefix, route))) {
        write!(out, "{}", sanitize::commands(&format!("\n```mermaid\n{diagram}```\n")))?;
    }
    pages.iter().try_for_each(|page| tables(out, page))
}

/// Writes a titled table for every upload run of one project.
pub(crate) fn tables(out: &mut dyn Write, page: &ExplainPage<'_>) -> io::Result<()> {
    for (title, sections) in page.titled_sections() {
        let text = format!("\n### {}\n\n{}", escape_with_code(&title), table(page, &sections));
        out.write_all(sanitize::commands(&text).as_bytes())?;
    }
    Ok(())
}

/// One project for the hover of an editor: short lists, the verdict first.
pub(crate) fn hover(page: &ExplainPage<'_>) -> String {
    let mut text = String::new();
    for (title, mut sections) in page.titled_sections() {
        // The verdict, and the form that it ends with, come first.
        let verdict = sections.iter().position(|section| section.title == sections::VERDICT).unwrap_or(0);
        sections.rotate_left(verdict);
        text.push_str(&format!("**{}**\n\n", inline(&title)));
        for section in &sections {
            for (index, row) in section.rows.iter().enumerate() {
                let lead = if index == 0 { format!("- *{}*: ", section.title) } else { "  - ".to_owned() };
                text.push_str(&format!("{lead}{}\n", cells(row, inline)));
            }
        }
        text.push('\n');
    }
    let mut links: Vec<String> = page.uploads.iter().flat_map(|upload| &upload.runs).filter_map(form_link).collect();
    links.retain(|link| is_safe_url(link) && !text.contains(link));
    links.dedup();
    links.iter().for_each(|link| text.push_str(&format!("- *form*: <{link}>\n")));
    text
}

/// The address of the publisher's form; of a package that only the config names, if the address needs one.
fn form_link(run: &ExplainedRun<'_>) -> Option<String> {
    let form = run.form.as_ref()?;
    let named = || Some(form.settings.as_ref()?.replace("<package>", run.only_for.first()?));
    form.link.clone().or_else(named).or_else(|| form.pending.map(str::to_owned))
}

/// The edges of the diagram.
fn routes(page: &ExplainPage<'_>) -> Vec<Route> {
    let runs = page.uploads.iter().flat_map(|upload| upload.runs.iter().map(move |run| (upload, run)));
    let routes = runs.flat_map(|(upload, run)| {
        run.starts.iter().map(|start| Route {
            workflow: page.file(upload.workflow).map_or("", SourceFile::path).to_owned(),
            when: start.when.clone(),
            job: upload.job.clone(),
            environment: run.environment().map(str::to_owned),
            registry: run.registry.as_ref().ok().map(|registry| registry.name.clone()),
            verdict: run.verdict.for_route(run.doubts.is_empty()),
        })
    });
    routes.collect()
}

fn table(page: &ExplainPage<'_>, sections: &[Section]) -> String {
    let mut text = "| | | where |\n| --- | --- | --- |\n".to_owned();
    for section in sections {
        for (index, row) in section.rows.iter().enumerate() {
            let title = if index == 0 { section.title } else { "" };
            let place = row.place.map(|place| escape(&page.position(place))).unwrap_or_default();
            text.push_str(&format!("| {title} | {} | {place} |\n", cells(row, escape_with_code)));
        }
    }
    text
}

fn cells(row: &SectionRow, escaped: fn(&str) -> String) -> String {
    let cells = row.cells.iter().filter(|cell| !cell.text.is_empty()).map(|cell| match cell.tone {
        Tone::Plain => escaped(&cell.text),
        Tone::Link if is_safe_url(&cell.text) => format!("<{}>", cell.text),
        Tone::Good | Tone::Bad | Tone::Unknown | Tone::Link => format!("**{}**", escaped(&cell.text)),
    });
    cells.collect::<Vec<_>>().join(" · ")
}

/// Whether a URL is safe as an autolink in a table. User registries may come from a pull request.
fn is_safe_url(text: &str) -> bool {
    text.starts_with("https://")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/?&=%._~@+-".contains(&byte))
}
