//! `explain --format text`: aligned columns with places at the right.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::lint::explain::PublisherForm;
use crate::report::explain::ExplainPage;
use crate::report::explain::sections::{Section, SectionCell, SectionRow, Tone, blank};
use crate::report::sanitize;

/// The column of places is never further right than this.
const MAX_WIDTH: usize = 72;

/// Writes one project.
pub fn write(out: &mut dyn Write, page: &ExplainPage<'_>, colour: bool) -> io::Result<()> {
    let paint = Paint { colour };
    for (title, sections) in page.titled_sections() {
        let mut text = Vec::new();
        writeln!(text, "{}", paint.styled(&sanitize::line(&title), Style::new().bold()))?;
        write_sections(&mut text, Some(page), &sections, paint)?;
        writeln!(text)?;
        out.write_all(sanitize::commands(&String::from_utf8_lossy(&text)).as_bytes())?;
    }
    Ok(())
}

/// Writes what to type into a registry's form, without colours.
pub fn form(out: &mut dyn Write, title: &str, form: &PublisherForm<'_>) -> io::Result<()> {
    writeln!(out, "{}", sanitize::line(title))?;
    write_sections(out, None, &blank(form), Paint { colour: false })
}

fn write_sections(
    out: &mut dyn Write,
    page: Option<&ExplainPage<'_>>,
    sections: &[Section],
    paint: Paint,
) -> io::Result<()> {
    let titles = sections.iter().map(|section| section.title.len()).max().unwrap_or(0);
    let lines: Vec<(&Section, Vec<Vec<SectionCell>>)> =
        sections.iter().map(|section| (section, aligned(&section.rows))).collect();
    let widths = lines.iter().flat_map(|(_, rows)| rows).map(|row| width(row)).filter(|width| *width <= MAX_WIDTH);
    let column = widths.max().unwrap_or(0);
    for (section, rows) in &lines {
        for (index, (row, cells)) in section.rows.iter().zip(rows).enumerate() {
            let title = if index == 0 { section.title } else { "" };
            write!(out, "  {}  ", paint.styled(&format!("{title:titles$}"), AnsiColor::Cyan.on_default()))?;
            let mut text = String::new();
            cells.iter().for_each(|cell| text.push_str(&paint.cell(cell)));
            match page.zip(row.place) {
                None => writeln!(out, "{}", text.trim_end())?,
                Some((page, place)) => {
                    let gap = " ".repeat(column.saturating_sub(width(cells)) + 2);
                    let position = sanitize::line(&page.position(place));
                    writeln!(out, "{text}{gap}{}", paint.styled(&position, Style::new().dimmed()))?;
                }
            }
        }
    }
    Ok(())
}

/// Pads the cells so that the columns align.
fn aligned(rows: &[SectionRow]) -> Vec<Vec<SectionCell>> {
    let clean = |cell: &SectionCell| SectionCell { text: sanitize::line(&cell.text), tone: cell.tone };
    let mut rows: Vec<Vec<SectionCell>> = rows.iter().map(|row| row.cells.iter().map(clean).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        // The last cell of a row is not padded.
        let inner = rows.iter().filter(|row| row.len() > column + 1);
        let widest = inner.filter_map(|row| row.get(column)).map(|cell| chars(&cell.text)).max().unwrap_or(0);
        for row in rows.iter_mut().filter(|row| row.len() > column + 1) {
            if let Some(cell) = row.get_mut(column) {
                let gap = widest - chars(&cell.text) + 2;
                cell.text.push_str(&" ".repeat(gap));
            }
        }
    }
    rows
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn width(cells: &[SectionCell]) -> usize {
    cells.iter().map(|cell| chars(&cell.text)).sum()
}

#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn styled(self, text: &str, style: Style) -> String {
        if self.colour && !text.trim().is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn cell(self, cell: &SectionCell) -> String {
        match cell.tone {
            Tone::Plain => cell.text.clone(),
            Tone::Good => self.styled(&cell.text, AnsiColor::Green.on_default()),
            Tone::Bad => self.styled(&cell.text, AnsiColor::Red.on_default().bold()),
            Tone::Link => self.styled(&cell.text, Style::new().underline()),
            Tone::Unknown => self.styled(&cell.text, AnsiColor::Yellow.on_default()),
        }
    }
}
