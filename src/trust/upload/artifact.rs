//! Whether files that travel as artifacts lie where the upload looks for them. It follows only what the files decide: a step that may
//! move files, or a name that only the run knows, leaves it open.

mod folder;
mod step;
#[cfg(test)]
mod tests;

use crate::read::source::Place;
pub use crate::trust::upload::artifact::folder::{ArtifactContent, FolderPath};
use crate::trust::upload::site::UploadSite;
use crate::workflow::github::GitHubFacts;
use crate::workflow::script::commands;
use crate::workflow::simulate::context::EvaluationContext;

/// Where an upload looks and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactLayout {
    /// The folder in which the upload looks, and where that is said.
    pub wanted: (FolderPath, Place),
    /// The folder in which a download puts files, and the download.
    pub landed: (FolderPath, Place),
    /// Whether files may lie where the upload looks.
    pub fits: bool,
}

/// An artifact's way into a job.
#[derive(Debug, Clone, PartialEq, Eq)]
struct UnpackedArtifact {
    /// Where the artifact is unpacked; a part that is not known is `None`.
    folder: FolderPath,
    /// What is in it.
    content: ArtifactContent,
}

/// How an upload's files and its job's artifacts lie to each other; `None` where the files do not decide it, or where nothing is
/// downloaded.
#[must_use]
pub fn layout(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<ArtifactLayout> {
    let wanted = wanted(site, context)?;
    if !own_script_is_inert(github, site) {
        return None;
    }
    let mut first = None;
    let mut fits = false;
    for step in site.resolved.before() {
        if step::is_download(github, step) {
            let place = step.uses?.place();
            for arrival in step::arrivals(github, site, step, context)? {
                fits |= wanted.iter().any(|(folder, _)| arrival.content.may_reach(&arrival.folder, folder));
                first.get_or_insert((arrival.folder, place));
            }
        } else if !step::is_inert(github, site, step) {
            return None;
        }
    }
    Some(ArtifactLayout { wanted: wanted.into_iter().next()?, landed: first?, fits })
}

/// The folders in which an upload looks.
fn wanted(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> Option<Vec<(FolderPath, Place)>> {
    let pattern = site.pattern?;
    let files = pattern.files.as_ref()?;
    let resolved = &site.resolved;
    let has = |flags: &[String]| resolved.has_flag(flags);
    if has(&files.unless) || has(&pattern.other_folder) || !files.only_with.is_empty() && !has(&files.only_with) {
        return None;
    }
    let below = match resolved
        .step
        .and_then(|step| resolved.workflow.folder_of(resolved.job, step))
        .filter(|_| resolved.command.is_some())
    {
        Some(folder) => FolderPath::parse(&step::resolved_text(resolved, folder.value(), context)?)?,
        None => FolderPath::default(),
    };
    if let Some((_, given)) = resolved.first(&files.slots) {
        let crate::trust::registry::slot::SlotValue::Text(text, place) = given else { return None };
        let folder = FolderPath::parse(&step::resolved_text(resolved, &text, context)?)?;
        return Some(vec![(below.join(&folder), place)]);
    }
    let mut folders = Vec::new();
    if let (Some(command), Some(run)) = (&resolved.command, resolved.script().filter(|_| files.arguments)) {
        for word in &command.words {
            let place = run.inner(word.span.clone());
            let text = word.template(run.value())?;
            let is_path = text.contains(['/', '*']) && !text.contains("://") && !text.starts_with('-');
            if is_path && word.span.start > command.words.first()?.span.end {
                let text = step::resolved_text(resolved, &text, context)?;
                folders.push((below.join(&FolderPath::of_files(&text)?), place));
            }
        }
    }
    if folders.is_empty() {
        folders.push((below.join(&FolderPath::parse(files.folder.as_deref()?)?), resolved.place()));
    }
    Some(folders)
}

/// Whether nothing in the upload's own script before it moves files.
fn own_script_is_inert(github: &GitHubFacts, site: &UploadSite<'_, '_>) -> bool {
    let resolved = &site.resolved;
    let (Some(own), Some(step)) = (&resolved.command, resolved.step) else { return true };
    let before = commands(github, resolved.workflow, resolved.job, step);
    before
        .iter()
        .filter(|command| command.span.start < own.span.start)
        .all(|command| step::is_inert_command(github, command))
}
