//! Steps that pack artifacts, unpack them, or leave files alone, as data describes them. It never decides where files are wanted.

use globset::Glob;

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
use crate::workflow::script::commands;
use crate::workflow::simulate::context::EvaluationContext;

/// An artifact that a workflow packs.
struct PackedArtifact {
    /// Its name; none where only the run knows it, and then what it begins with.
    name: Result<String, String>,
    content: ArtifactContent,
    /// Whether it is packed in each run that goes well.
    sure: bool,
}

/// The text of a value as far as the run decides it.
pub fn resolved_text(
    resolved: &ResolvedStep<'_, '_>,
    text: &str,
    context: &EvaluationContext<'_, '_>,
) -> Option<String> {
    known_text(&resolved.resolve(text, context))
}

/// Whether a step unpacks artifacts.
pub fn is_download(github: &GitHubFacts, step: &Step<'_>) -> bool {
    uses(step, &github.artifacts.download.action)
}

/// Whether a step leaves the files of the checkout where they are.
pub fn is_inert(github: &GitHubFacts, site: &UploadSite<'_, '_>, step: &Step<'_>) -> bool {
    let resolved = &site.resolved;
    // An action that runs a script may do more besides.
    if step.run.is_some() {
        let commands = commands(github, resolved.workflow, resolved.job, step);
        return !commands.is_empty() && commands.iter().all(|command| is_inert_command(github, command));
    }
    github.artifacts.inert.actions.iter().any(|name| uses(step, name))
}

/// Whether a command leaves the files of the checkout where they are.
pub fn is_inert_command(github: &GitHubFacts, command: &ShellCommand) -> bool {
    let words = words(command);
    words.is_empty() || github.artifacts.inert.commands.iter().any(|known| starts_with(&words, known).is_some())
}

/// What a download takes and where to.
struct ArtifactDownloadStep {
    folder: FolderPath,
    /// The one artifact that it asks for; empty for none.
    name: String,
    /// Which artifacts it asks for; empty for all.
    pattern: String,
    /// Whether several share the folder.
    together: bool,
    /// Whether the only one has no folder of its own.
    alone_is_flat: bool,
    /// Whether it takes artifacts that no step here packs.
    foreign: bool,
}

impl ArtifactDownloadStep {
    /// Reads a step; `None` where its inputs are not known.
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

    /// Where the artifact that is asked for by its name comes to lie, with what may be in it.
    fn named(self, packed: &[PackedArtifact]) -> Vec<UnpackedArtifact> {
        let may_be = |packed: &&PackedArtifact| match &packed.name {
            Ok(known) => *known == self.name,
            Err(beginning) => self.name.starts_with(beginning.as_str()),
        };
        let mut contents: Vec<_> = packed.iter().filter(may_be).map(|packed| packed.content.clone()).collect();
        if contents.is_empty() {
            // What no step here packs may come from an action that does more than it is known for.
            contents.push(ArtifactContent::Any);
        }
        contents.into_iter().map(|content| UnpackedArtifact { folder: self.folder.clone(), content }).collect()
    }

    /// Where artifacts come to lie that are asked for by a pattern, or not at all.
    fn several(self, packed: &[PackedArtifact]) -> Option<Vec<UnpackedArtifact>> {
        let glob = if self.pattern.is_empty() { None } else { Some(Glob::new(&self.pattern).ok()?.compile_matcher()) };
        let taken = |packed: &&PackedArtifact| match (&packed.name, &glob) {
            (Ok(name), Some(glob)) => glob.is_match(name),
            _ => true,
        };
        // Steps that only look like others may pack artifacts too, so what comes in is never known as a whole.
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

/// Where the artifacts of a download come to lie; `None` where its own inputs are not known.
pub fn arrivals(
    github: &GitHubFacts,
    site: &UploadSite<'_, '_>,
    step: &Step<'_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<Vec<UnpackedArtifact>> {
    let download = ArtifactDownloadStep::read(github, site, step, context)?;
    let packed = if download.foreign { Vec::new() } else { packed(&github.artifacts, site) };
    if download.name.is_empty() { download.several(&packed) } else { Some(download.named(&packed)) }
}

/// The artifacts that the steps of a workflow pack.
fn packed(facts: &ArtifactFacts, site: &UploadSite<'_, '_>) -> Vec<PackedArtifact> {
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
