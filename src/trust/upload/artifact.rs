//! Whether downloaded artifacts are in the folder that the upload reads. Unknown if a step may move files, or if only the run decides a name.

mod artifact_step;
mod folder_path;
#[cfg(test)]
mod tests;

use std::cell::LazyCell;

use crate::read::source::Place;
pub use crate::trust::upload::artifact::folder_path::{ArtifactContent, FolderPath};
use crate::trust::upload::history::with_ancestors;
use crate::trust::upload::site::UploadSite;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Job, Step, Workflow};
use crate::workflow::simulate::context::EvaluationContext;

/// The folder that an upload reads, and the folder that a download fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactLayout {
    /// The folder that the upload reads, and its place.
    pub upload: (FolderPath, Place),
    /// The folder of the first downloaded artifact, and the place of the download.
    pub artifact: (FolderPath, Place),
    /// Whether an artifact may have files in the upload's folder.
    pub matches: bool,
}

/// An artifact that a job downloads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct UnpackedArtifact {
    /// The folder in which it is unpacked.
    folder: FolderPath,
    /// Its files.
    content: ArtifactContent,
}

/// Compares the folder of an upload with the artifacts of its job. `None` if unknown, or if the job downloads nothing.
#[must_use]
pub fn layout(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<ArtifactLayout> {
    if !site.resolved.before().any(|step| artifact_step::is_download(github, step)) {
        return None;
    }
    let folders = upload_folders(site, context)?;
    if !own_script_is_inert(github, site) {
        return None;
    }
    let packed = LazyCell::new(|| artifact_step::packed(&github.artifacts, site));
    let mut first = None;
    let mut matches = false;
    for step in site.resolved.before() {
        if artifact_step::is_download(github, step) {
            let place = step.uses?.place();
            for artifact in artifact_step::downloaded(github, site, step, context, &packed)? {
                matches |= folders.iter().any(|(folder, _)| artifact.content.may_reach(&artifact.folder, folder));
                first.get_or_insert((artifact.folder, place));
            }
        } else if !artifact_step::is_inert(github, site, step) {
            return None;
        }
    }
    Some(ArtifactLayout { upload: folders.into_iter().next()?, artifact: first?, matches })
}

/// Whether a step downloads artifacts.
#[must_use]
pub fn is_download(github: &GitHubFacts, step: &Step<'_>) -> bool {
    artifact_step::is_download(github, step)
}

/// Whether an upload sends files that an earlier step made, so that the builds of these decide what it uploads.
#[must_use]
pub fn reads_files(site: &UploadSite<'_, '_>) -> bool {
    let has = |flags: &[String]| site.resolved.has_flag(flags);
    let files = site.pattern.and_then(|pattern| pattern.files.as_ref());
    files.is_some_and(|files| !has(&files.unless) && (files.only_with.is_empty() || has(&files.only_with)))
}

/// The folder that an upload reads, if that is known.
#[must_use]
pub fn upload_folder(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> Option<String> {
    upload_folders(site, context)?.first().map(|(folder, _)| folder.to_string())
}

/// The jobs that pack the artifacts that the job of an upload downloads: by their names, else its ancestors.
#[must_use]
pub fn packing_jobs<'a, 'p>(
    github: &GitHubFacts,
    site: &UploadSite<'a, 'p>,
    context: &EvaluationContext<'_, '_>,
) -> Vec<(&'a Workflow<'p>, &'a Job<'p>)> {
    let own = &site.resolved;
    let downloads: Vec<_> = own.before().filter(|step| artifact_step::is_download(github, step)).collect();
    let name = |step: &&Step<'p>| artifact_step::artifact_name(github, site, step, context);
    let names: Option<Vec<String>> = downloads.iter().map(name).collect();
    let ancestors = with_ancestors(own.workflow, own.job).into_iter().skip(1);
    let called = |job: &'a Job<'p>| match own.model.called(job) {
        Some(workflow) => workflow.jobs.iter().map(|job| (workflow, job)).collect(),
        None => vec![(own.workflow, job)],
    };
    let all: Vec<_> = ancestors.flat_map(called).collect();
    let packs = |(_, job): &&(&Workflow<'p>, &Job<'p>)| {
        names.as_ref().is_some_and(|names| artifact_step::uploads_one_of(&github.artifacts, job, names))
    };
    let by_name: Vec<_> = all.iter().filter(packs).copied().collect();
    if by_name.is_empty() { all } else { by_name }
}

/// The folders that an upload reads.
fn upload_folders(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> Option<Vec<(FolderPath, Place)>> {
    let pattern = site.pattern?;
    let files = pattern.files.as_ref()?;
    let resolved = &site.resolved;
    let has = |flags: &[String]| resolved.has_flag(flags);
    if has(&files.unless) || has(&pattern.other_folder) || !files.only_with.is_empty() && !has(&files.only_with) {
        return None;
    }
    let base = match resolved
        .step
        .and_then(|step| resolved.workflow.folder_of(resolved.job, step))
        .filter(|_| resolved.command.is_some())
    {
        Some(folder) => FolderPath::parse(&artifact_step::resolved_text(resolved, folder.value(), context)?)?,
        None => FolderPath::default(),
    };
    if let Some((_, given)) = resolved.first(&files.slots) {
        let crate::trust::registry::slot::SlotValue::Text(text, place) = given else { return None };
        let folder = FolderPath::parse(&artifact_step::resolved_text(resolved, &text, context)?)?;
        return Some(vec![(base.join(&folder), place)]);
    }
    let mut folders = Vec::new();
    if let (Some(command), Some(run)) = (&resolved.command, resolved.script().filter(|_| files.arguments)) {
        for word in &command.words {
            let text = word.template(run.value())?;
            let is_path = text.contains(['/', '*']) && !text.contains("://") && !text.starts_with('-');
            if is_path && word.span.start > command.words.first()?.span.end {
                let text = artifact_step::resolved_text(resolved, &text, context)?;
                folders.push((base.join(&FolderPath::of_files(&text)?), run.inner(word.span.clone())));
            }
        }
    }
    if folders.is_empty() {
        folders.push((base.join(&FolderPath::parse(files.folder.as_deref()?)?), resolved.place()));
    }
    Some(folders)
}

/// Whether no command before the upload in its own script moves files.
fn own_script_is_inert(github: &GitHubFacts, site: &UploadSite<'_, '_>) -> bool {
    let resolved = &site.resolved;
    let Some(own) = &resolved.command else { return true };
    let before = resolved.commands(github);
    before
        .iter()
        .filter(|command| command.order < own.order)
        .all(|command| artifact_step::is_inert_command(github, command))
}
