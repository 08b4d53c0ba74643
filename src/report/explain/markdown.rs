//! The account for a job summary or an issue, in GitHub's Markdown, with a diagram that GitHub draws. Text from files can break out of
//! neither.

use std::io::{self, Write};

use crate::lint::explain::{ExplainedRun, RunVerdict};
use crate::lint::findings::{Route, RouteAnswer};
use crate::read::source::SourceFile;
use crate::report::explain::ExplainPage;
use crate::report::explain::sections::{Section, SectionRow, Tone};
use crate::report::markdown::{escape, rich};
use crate::report::mermaid;

/// Writes the accounts of several projects.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, pages: &[ExplainPage<'_>]) -> io::Result<()> {
    writeln!(out, "## What each upload shows, and what its registry answers")?;
    let routes: Vec<(&str, Route)> =
        pages.iter().flat_map(|page| routes(page).into_iter().map(|route| (page.prefix, route))).collect();
    if let Some(map) = mermaid::map(routes.iter().map(|(prefix, route)| (*prefix, route))) {
        write!(out, "\n```mermaid\n{map}```\n")?;
    }
    for page in pages {
        for (title, sections) in page.accounts() {
            writeln!(out, "\n### {}\n", rich(&title))?;
            out.write_all(table(page, &sections).as_bytes())?;
        }
    }
    Ok(())
}

/// The ways of a project's uploads, for the diagram.
fn routes(page: &ExplainPage<'_>) -> Vec<Route> {
    let accounts = page.uploads.iter().flat_map(|upload| upload.runs.iter().map(move |explained| (upload, explained)));
    let routes = accounts.flat_map(|(upload, explained)| {
        explained.starts.iter().map(|start| Route {
            workflow: page.file(upload.workflow).map_or("", SourceFile::path).to_owned(),
            when: start.when.clone(),
            job: upload.job.clone(),
            environment: explained.environment().map(str::to_owned),
            registry: explained.registry.as_ref().ok().map(|registry| registry.name.clone()),
            answer: answer(explained),
        })
    });
    routes.collect()
}

const fn answer(explained: &ExplainedRun<'_>) -> RouteAnswer {
    match &explained.verdict {
        RunVerdict::NotAsked => RouteAnswer::Token,
        RunVerdict::Refused { .. } => RouteAnswer::Refused,
        RunVerdict::Undeclared if explained.doubts.is_empty() => RouteAnswer::Undeclared,
        RunVerdict::Accepted if explained.doubts.is_empty() => RouteAnswer::Accepted,
        RunVerdict::Undecided(_) | RunVerdict::Undeclared | RunVerdict::Accepted => RouteAnswer::Undecided,
    }
}

fn table(page: &ExplainPage<'_>, sections: &[Section]) -> String {
    let mut text = "| | | where |\n| --- | --- | --- |\n".to_owned();
    for section in sections {
        for (index, row) in section.rows.iter().enumerate() {
            let title = if index == 0 { section.title } else { "" };
            let place = row.place.map(|place| escape(&page.spot(place))).unwrap_or_default();
            text.push_str(&format!("| {title} | {} | {place} |\n", cells(row)));
        }
    }
    text
}

fn cells(row: &SectionRow) -> String {
    let cells = row.cells.iter().filter(|cell| !cell.text.is_empty()).map(|cell| match cell.tone {
        Tone::Plain => rich(&cell.text),
        Tone::Link if is_address(&cell.text) => format!("<{}>", cell.text),
        Tone::Good | Tone::Bad | Tone::Open | Tone::Link => format!("**{}**", rich(&cell.text)),
    });
    cells.collect::<Vec<_>>().join(" · ")
}

/// Whether a text is an address that may stand in angle brackets in a table. Registries of one's own may come from a stranger.
fn is_address(text: &str) -> bool {
    text.starts_with("https://")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/?&=%._~@+-".contains(&byte))
}
