//! The output of `trustpub explain`: text, JSON and Markdown.

pub mod json;
pub mod markdown;
mod sections;
pub mod text;

use crate::lint::explain::{ExplainedRun, ExplainedUpload};
use crate::read::source::{ColumnUnit, FileId, Place, Position, SourceFile};
use crate::report::below;
use crate::report::explain::sections::Section;

/// The uploads of one project, with the files they refer to.
#[derive(Debug, Clone, Copy)]
pub struct ExplainPage<'a> {
    /// The files that places refer to.
    pub files: &'a [SourceFile],
    /// Prefix of the project's paths: empty, or with a final slash.
    pub prefix: &'a str,
    /// `owner/name` from the config.
    pub repository: Option<&'a str>,
    /// The uploads.
    pub uploads: &'a [ExplainedUpload<'a>],
}

impl<'a> ExplainPage<'a> {
    fn file(&self, file: FileId) -> Option<&'a SourceFile> {
        self.files.get(file.0 as usize)
    }

    fn source(&self, place: Place) -> Option<&'a SourceFile> {
        self.file(place.file)
    }

    pub(crate) fn workflow(&self, file: FileId) -> String {
        below(self.prefix, self.file(file).map_or("", SourceFile::path))
    }

    fn path(&self, place: Place) -> String {
        self.workflow(place.file)
    }

    fn start(&self, place: Place) -> Position {
        self.source(place)
            .map_or(Position { line: 1, column: 1 }, |source| source.position(place.span.start, ColumnUnit::CodePoints))
    }

    /// `path:line:column`.
    fn position(&self, place: Place) -> String {
        let at = self.start(place);
        format!("{}:{}:{}", self.path(place), at.line, at.column)
    }

    /// A title and its sections for every upload run, and for every upload that no run reaches.
    fn titled_sections(&self) -> impl Iterator<Item = (String, Vec<Section>)> {
        self.uploads.iter().flat_map(|upload| self.sections_of(upload))
    }

    fn sections_of(&self, upload: &ExplainedUpload<'_>) -> Vec<(String, Vec<Section>)> {
        let place = format!("job `{}` of {}", upload.job, self.file(upload.workflow).map_or("", SourceFile::file_name));
        let skipped = sections::skipped(upload);
        if upload.runs.is_empty() {
            let registry = upload.registry.map_or_else(String::new, |registry| format!(" to {}", registry.name));
            return vec![(
                format!("no run reaches the upload{registry} in {place}"),
                vec![sections::unreached(upload), skipped],
            )];
        }
        let all = upload.runs.len();
        let titled = |(at, run): (usize, &ExplainedRun<'_>)| {
            let of = if all > 1 { format!(" ({} of {all})", at + 1) } else { String::new() };
            let mut sections = sections::sections(run);
            // The skipped runs belong to the upload, not to one of its runs: they are shown once.
            if at == 0 && !skipped.rows.is_empty() {
                sections.insert(1, skipped.clone());
            }
            (format!("{} from {place}{of}", registry_name(run)), sections)
        };
        upload.runs.iter().enumerate().map(titled).collect()
    }
}

fn registry_name<'a>(run: &ExplainedRun<'a>) -> &'a str {
    run.registry.as_ref().map_or("an unknown registry", |registry| registry.name.as_str())
}
