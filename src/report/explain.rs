//! The account of every upload: for people in a terminal, for programs, and for a job summary. It adds nothing to the runs but words.

pub mod json;
pub mod markdown;
mod sections;
pub mod text;

use crate::lint::explain::{ExplainedRun, ExplainedUpload};
use crate::read::source::{ColumnUnit, FileId, Place, Position, SourceFile};
use crate::report::below;
use crate::report::explain::sections::Section;

/// One project's uploads with what is needed to show them.
#[derive(Debug, Clone, Copy)]
pub struct ExplainPage<'a> {
    /// The project's files.
    pub files: &'a [SourceFile],
    /// Where the project stands under the folder that was asked for: empty, or with a final slash.
    pub prefix: &'a str,
    /// `owner/name`, if the config says it.
    pub repository: Option<&'a str>,
    /// Its uploads.
    pub uploads: &'a [ExplainedUpload<'a>],
}

impl<'a> ExplainPage<'a> {
    fn file(&self, file: FileId) -> Option<&'a SourceFile> {
        self.files.get(file.0 as usize)
    }

    fn source(&self, place: Place) -> Option<&'a SourceFile> {
        self.file(place.file)
    }

    /// The path of a workflow, as people are shown it.
    pub(crate) fn workflow(&self, file: FileId) -> String {
        below(self.prefix, self.file(file).map_or("", SourceFile::path))
    }

    /// The path of a place's file, as people are shown it.
    fn path(&self, place: Place) -> String {
        self.workflow(place.file)
    }

    fn start(&self, place: Place) -> Position {
        self.source(place)
            .map_or(Position { line: 1, column: 1 }, |source| source.position(place.span.start, ColumnUnit::CodePoints))
    }

    /// `path:line:column` of a place, as editors take it.
    fn spot(&self, place: Place) -> String {
        let at = self.start(place);
        format!("{}:{}:{}", self.path(place), at.line, at.column)
    }

    /// The accounts of every upload, each with its title. An upload that no run gets to has one too.
    fn accounts(&self) -> Vec<(String, Vec<Section>)> {
        self.uploads.iter().flat_map(|upload| self.accounts_of(upload)).collect()
    }

    fn accounts_of(&self, upload: &ExplainedUpload<'_>) -> Vec<(String, Vec<Section>)> {
        let place = format!("job `{}` of {}", upload.job, self.file(upload.workflow).map_or("", SourceFile::file_name));
        let skipped = sections::skipped(upload);
        if upload.runs.is_empty() {
            let registry = upload.registry.map_or_else(String::new, |registry| format!(" to {}", registry.name));
            return vec![(
                format!("no run gets to the upload{registry} in {place}"),
                vec![sections::unreached(upload), skipped],
            )];
        }
        let all = upload.runs.len();
        let account = |(at, explained): (usize, &ExplainedRun<'_>)| {
            let of = if all > 1 { format!(" ({} of {all})", at + 1) } else { String::new() };
            let mut sections = sections::sections(explained);
            // What does not get there is no matter of one account; it is told once.
            if at == 0 && !skipped.rows.is_empty() {
                sections.insert(1, skipped.clone());
            }
            (format!("{} from {place}{of}", registry_name(explained)), sections)
        };
        upload.runs.iter().enumerate().map(account).collect()
    }
}

/// How a registry is called; of one that is not known, that it is not.
fn registry_name<'a>(explained: &ExplainedRun<'a>) -> &'a str {
    explained.registry.as_ref().map_or("an unknown registry", |registry| registry.name.as_str())
}
