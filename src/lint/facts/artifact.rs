//! Facts of the files that an upload takes, as artifacts bring them into its job.

use crate::lint::facts::{Answered, Fact, FactSpec, FactValues, In, UPLOAD};
use crate::trust::upload::artifact::ArtifactLayout;
use crate::trust::upload::artifact::layout;

/// The lines of the table.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "artifact.layout",
        UPLOAD,
        FactValues::OneOf(&["fits", "misses"]),
        "Whether downloaded artifacts may lie where the upload looks; known only where no other step could put files there.",
        files_layout,
    ),
    FactSpec::new("upload.folder", UPLOAD, FactValues::Any, "The folder in which the upload looks for files.", wanted),
    FactSpec::new(
        "artifact.folder",
        UPLOAD,
        FactValues::Any,
        "The folder in which the first downloaded artifact lies.",
        landed,
    ),
];

fn of(subject: In<'_, '_, '_>) -> Option<ArtifactLayout> {
    layout(&subject.analysis.data.github, &subject.upload?.site, subject.context?)
}

fn files_layout(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let layout = of(subject)?;
    Some(Fact::text(if layout.fits { "fits" } else { "misses" }, layout.landed.1))
}

fn wanted(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (folder, place) = of(subject)?.wanted;
    Some(Fact::text(folder.to_string(), place))
}

fn landed(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (folder, place) = of(subject)?.landed;
    Some(Fact::text(folder.to_string(), place))
}
