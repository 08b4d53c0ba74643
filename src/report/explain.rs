//! The account of every upload: for people in a terminal, for programs, and for a job summary. It adds nothing to the passports but words.

pub mod json;
pub mod markdown;
mod sections;
pub mod text;

use super::below;
use crate::lint::passport::{Passport, Upload};
use crate::read::source::{Columns, Place, Position, Source};

/// One project's uploads with what is needed to show them.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The project's files.
    pub files: &'a [Source],
    /// Where the project stands under the folder that was asked for: empty, or with a final slash.
    pub prefix: &'a str,
    /// `owner/name`, if the config says it.
    pub repository: Option<&'a str>,
    /// Its uploads.
    pub uploads: &'a [Upload<'a>],
}

impl<'a> Page<'a> {
    fn source(&self, place: Place) -> Option<&'a Source> {
        self.files.get(place.file.0 as usize)
    }

    /// The path of a place's file, as people are shown it.
    pub(super) fn path(&self, place: Place) -> String {
        below(self.prefix, self.source(place).map_or("", Source::path))
    }

    fn start(&self, place: Place) -> Position {
        self.source(place)
            .map_or(Position { line: 1, column: 1 }, |source| source.position(place.span.start, Columns::CodePoints))
    }

    /// `path:line:column` of a place, as editors take it.
    fn spot(&self, place: Place) -> String {
        let at = self.start(place);
        format!("{}:{}:{}", self.path(place), at.line, at.column)
    }

    /// What an account is headed with: the registry and the job, and which of several accounts of one upload it is.
    fn title(&self, upload: &Upload<'_>, passport: &Passport<'_>) -> String {
        let registry = registry_name(passport);
        let file = self.source(upload.place).map_or("", Source::file_name);
        let at = upload.passports.iter().position(|other| std::ptr::eq(other, passport)).unwrap_or(0);
        let of = match upload.passports.len() {
            0 | 1 => String::new(),
            all => format!(" ({} of {all})", at + 1),
        };
        format!("{registry} from job `{}` of {file}{of}", upload.job)
    }

    /// Every upload with each of its passports.
    fn accounts(&self) -> impl Iterator<Item = (&'a Upload<'a>, &'a Passport<'a>)> {
        self.uploads.iter().flat_map(|upload| upload.passports.iter().map(move |passport| (upload, passport)))
    }
}

/// How a registry is called; of one that is not known, that it is not.
fn registry_name<'a>(passport: &Passport<'a>) -> &'a str {
    passport.registry.as_ref().map_or("an unknown registry", |registry| registry.name.as_str())
}
