//! Facts about artifacts: which one a step downloads, whether a job uploads it, and whether its files end up where the upload looks.

use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::Subject;
use crate::trust::upload::artifact::ArtifactLayout;
use crate::trust::upload::artifact::layout;

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "artifact.layout",
        UPLOAD,
        FactValues::OneOf(&["fits", "misses"]),
        "Whether downloaded artifacts can be where the upload looks; unknown if another step could put files there.",
        files_layout,
    ),
    FactSpec::new("upload.folder", UPLOAD, FactValues::Any, "The folder in which the upload looks for files.", wanted),
    FactSpec::new(
        "artifact.folder",
        UPLOAD,
        FactValues::Any,
        "The folder that holds the first downloaded artifact.",
        landed,
    ),
];

fn of(subject: &Subject<'_, '_, '_>) -> Option<ArtifactLayout> {
    layout(&subject.analysis.data.github, &subject.upload?.site, subject.context?)
}

fn files_layout(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let layout = of(subject)?;
    Some(Fact::text(if layout.fits { "fits" } else { "misses" }, layout.landed.1))
}

fn wanted(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (folder, place) = of(subject)?.wanted;
    Some(Fact::text(folder.to_string(), place))
}

fn landed(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (folder, place) = of(subject)?.landed;
    Some(Fact::text(folder.to_string(), place))
}
