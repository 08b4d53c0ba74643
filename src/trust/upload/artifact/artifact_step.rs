//! Steps that upload or download artifacts, and steps that move no files.

use crate::read::glob::Glob;
use crate::read::shell::ShellCommand;
use crate::trust::registry::command::{starts_with, words};
use crate::trust::registry::slot::known_text;
use crate::trust::registry::upload_pattern::ActionRefs;
use crate::trust::upload::artifact::{ArtifactContent, FolderPath, UnpackedArtifact};
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::uses;
use crate::trust::upload::version::Version;
use crate::trust::upload::version::action_version;
use crate::workflow::github::{ArtifactFacts, GitHubFacts};
use crate::workflow::model::{Job, Step};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::step_script::commands;

/// An artifact that a workflow uploads.
pub(super) struct PackedArtifact {
    /// Its name, or the known beginning of a name that only the run decides.
    name: Result<String, String>,
    content: ArtifactContent,
    /// Whether every successful run uploads it.
    sure: bool,
}

/// The text of a value, if the run decides it.
pub(super) fn resolved_text(
    resolved: &ResolvedStep<'_, '_>,
    text: &str,
    context: &EvaluationContext<'_, '_>,
) -> Option<String> {
    known_text(&resolved.resolve(text, context))
}

/// Whether a step downloads artifacts.
pub(super) fn is_download(github: &GitHubFacts, step: &Step<'_>) -> bool {
    uses(step, &github.artifacts.download.action)
}

/// Whether a step moves no files of the checkout.
pub(super) fn is_inert(github: &GitHubFacts, site: &UploadSite<'_, '_>, step: &Step<'_>) -> bool {
    let resolved = &site.resolved;
    // A script of an action is only a part of what the action does.
    if step.run.is_some() {
        let commands = commands(github, resolved.workflow, resolved.job, step);
        return !commands.is_empty() && commands.iter().all(|command| is_inert_command(github, command));
    }
    github.artifacts.inert.actions.iter().any(|name| uses(step, name))
}

/// Whether a command moves no files of the checkout.
pub(super) fn is_inert_command(github: &GitHubFacts, command: &ShellCommand) -> bool {
    let words = words(command);
    words.is_empty() || github.artifacts.inert.commands.iter().any(|known| starts_with(&words, known).is_some())
}

/// A step that downloads artifacts.
struct ArtifactDownloadStep {
    folder: FolderPath,
    /// The name of a single artifact, or empty.
    name: String,
    /// A glob of artifact names. Empty for all.
    pattern: String,
    /// Whether all artifacts are unpacked into one folder (`merge-multiple`).
    together: bool,
    /// Whether a single match is unpacked without a folder of its own.
    alone_is_flat: bool,
    /// Whether it downloads artifacts of another run.
    foreign: bool,
}

impl ArtifactDownloadStep {
    /// Reads a step. `None` if its inputs are unknown.
    fn read(
        github: &GitHubFacts,
        site: &UploadSite<'_, '_>,
        step: &Step<'_>,
        context: &EvaluationContext<'_, '_>,
    ) -> Option<Self> {
        let facts = &github.artifacts.download;
        let uses = step.uses.filter(|_| !step.with.dynamic)?;
        let input = |name: &str| match step.with.get_ignore_case(name) {
            Some(pair) => resolved_text(&site.resolved, pair.value.value(), context),
            None => Some(String::new()),
        };
        let version = action_version(&ActionRefs::default(), site.resolved.workflow.source, uses);
        let version = version.and_then(|version| Version::parse(&version));
        let surely_before = |since: &str| {
            let since = Version::parse(since);
            version.as_ref().zip(since).is_some_and(|(version, since)| version.is_before(&since))
        };
        if surely_before(&facts.since) {
            return None;
        }
        Some(Self {
            folder: FolderPath::parse(input(&facts.path)?.trim())?,
            name: input(&facts.name)?,
            pattern: input(&facts.pattern)?,
            together: input(&facts.together)?.eq_ignore_ascii_case("true") && !surely_before(&facts.together_since),
            alone_is_flat: !surely_before(&facts.alone_is_flat_since),
            foreign: facts.elsewhere.iter().any(|name| step.with.get_ignore_case(name).is_some()),
        })
    }

    /// The folder and contents of an artifact that is downloaded by name.
    fn named(self, packed: &[PackedArtifact]) -> Vec<UnpackedArtifact> {
        let may_be = |packed: &&PackedArtifact| match &packed.name {
            Ok(known) => *known == self.name,
            Err(beginning) => self.name.starts_with(beginning.as_str()),
        };
        let mut contents: Vec<_> = packed.iter().filter(may_be).map(|packed| packed.content.clone()).collect();
        if contents.is_empty() {
            // An action that is not described as uploading artifacts may have uploaded it.
            contents.push(ArtifactContent::Any);
        }
        contents.into_iter().map(|content| UnpackedArtifact { folder: self.folder.clone(), content }).collect()
    }

    /// The folders of artifacts that are downloaded by a pattern or without a name.
    fn several(self, packed: &[PackedArtifact]) -> Option<Vec<UnpackedArtifact>> {
        let glob = Some(Glob::from(self.pattern)).filter(|glob| !glob.as_str().is_empty());
        if glob.as_ref().is_some_and(|glob| !glob.is_valid()) {
            return None;
        }
        let taken = |packed: &&PackedArtifact| match (&packed.name, &glob) {
            (Ok(name), Some(glob)) => glob.is_match(name),
            _ => true,
        };
        // Other actions may upload artifacts too, so the full list is never known.
        if self.together {
            return Some(vec![UnpackedArtifact { folder: self.folder, content: ArtifactContent::Any }]);
        }
        let sure = packed.iter().filter(taken).filter(|packed| packed.sure && packed.name.is_ok()).count();
        let mut arrivals = vec![UnpackedArtifact { folder: self.folder.with(None), content: ArtifactContent::Any }];
        if self.alone_is_flat && sure < 2 {
            arrivals.push(UnpackedArtifact { folder: self.folder, content: ArtifactContent::Any });
        }
        Some(arrivals)
    }
}

/// The name of the artifact that a step downloads; `None` if it downloads several or if the name is unknown.
pub(crate) fn artifact_name(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    step: &Step<'_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<String> {
    let download = ArtifactDownloadStep::read(github, site, step, context)?;
    Some(download.name).filter(|name| !name.is_empty() && !download.foreign)
}

/// Whether a job packs an artifact that may have one of some names.
pub(crate) fn uploads_one_of(facts: &ArtifactFacts, job: &Job<'_>, names: &[String]) -> bool {
    let packed =
        job.steps.iter().filter(|step| uses(step, &facts.upload.action)).map(|step| one_packed(facts, job, step));
    packed.into_iter().any(|packed| match packed.name {
        Ok(known) => names.contains(&known),
        Err(beginning) => names.iter().any(|name| name.starts_with(&beginning)),
    })
}

/// The folder and content of each artifact that a step downloads; `packed` are the artifacts that its workflow uploads. `None` if its inputs
/// are unknown.
pub(super) fn downloaded(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    step: &Step<'_>,
    context: &EvaluationContext<'_, '_>,
    packed: &[PackedArtifact],
) -> Option<Vec<UnpackedArtifact>> {
    let download = ArtifactDownloadStep::read(github, site, step, context)?;
    let packed = if download.foreign { &[] } else { packed };
    if download.name.is_empty() { download.several(packed) } else { Some(download.named(packed)) }
}

/// The artifacts that the steps of a workflow upload.
pub(super) fn packed(facts: &ArtifactFacts, site: &UploadSite<'_, '_>) -> Vec<PackedArtifact> {
    let mut found = Vec::new();
    for job in &site.resolved.workflow.jobs {
        for step in job.steps.iter().filter(|step| uses(step, &facts.upload.action)) {
            found.push(one_packed(facts, job, step));
        }
    }
    found
}

fn one_packed(facts: &ArtifactFacts, job: &Job<'_>, step: &Step<'_>) -> PackedArtifact {
    let pattern = &facts.upload;
    let sure = step.condition.is_none() && job.condition.is_none();
    let opaque = step.with.dynamic || pattern.opaque.iter().any(|name| step.with.get_ignore_case(name).is_some());
    let text = |name: &str| step.with.get_ignore_case(name).map(|pair| pair.value.value());
    if opaque {
        return PackedArtifact { name: Err(String::new()), content: ArtifactContent::Any, sure };
    }
    let name = text(&pattern.name).unwrap_or(&pattern.unnamed);
    let name = match name.split_once("${{") {
        Some((beginning, _)) => Err(beginning.to_owned()),
        None => Ok(name.to_owned()),
    };
    let path = text(&pattern.path).unwrap_or_default();
    let content = if path.contains("${{") { ArtifactContent::Any } else { ArtifactContent::packed(path) };
    PackedArtifact { name, content, sure }
}
