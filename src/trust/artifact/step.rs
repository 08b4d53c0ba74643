//! Steps that pack artifacts, unpack them, or leave files alone, as data describes them. It never decides where files are wanted.

use globset::Glob;

use super::{Arrival, Content, Folder};
use crate::read::shell::{Command, Word};
use crate::trust::command::starts_with;
use crate::trust::publication::{Site, commands};
use crate::trust::slot::{Client, known_text, uses};
use crate::trust::upload::Refs;
use crate::trust::version::{Version, action_version};
use crate::workflow::github::{ArtifactFacts, GitHub};
use crate::workflow::model::{Job, Step};
use crate::workflow::sight::Sight;

/// An artifact that a workflow packs.
struct Packed {
    /// Its name; none where only the run knows it, and then what it begins with.
    name: Result<String, String>,
    content: Content,
    /// Whether it is packed in each run that goes well.
    sure: bool,
}

/// The text of a value as far as the run decides it.
pub fn settled(client: &Client<'_, '_>, text: &str, sight: &Sight<'_, '_>) -> Option<String> {
    known_text(&client.settle(text, sight))
}

/// Whether a step unpacks artifacts.
pub fn is_download(github: &GitHub, step: &Step<'_>) -> bool {
    uses(step, &github.artifacts.download.action)
}

/// Whether a step leaves the files of the checkout where they are.
pub fn is_inert(github: &GitHub, site: &Site<'_, '_>, step: &Step<'_>) -> bool {
    let client = &site.client;
    if step.run.is_some() {
        let commands = commands(github, client.workflow, client.job, step);
        return !commands.is_empty() && commands.iter().all(|command| is_inert_command(github, command));
    }
    github.artifacts.inert.actions.iter().any(|name| uses(step, name))
}

/// Whether a command leaves the files of the checkout where they are.
pub fn is_inert_command(github: &GitHub, command: &Command) -> bool {
    let words: Vec<Option<String>> = command.words.iter().map(Word::text).collect();
    words.is_empty() || github.artifacts.inert.commands.iter().any(|known| starts_with(&words, known).is_some())
}

/// Where the artifacts of a download come to lie; `None` where its own inputs are not known.
pub fn arrivals(github: &GitHub, site: &Site<'_, '_>, step: &Step<'_>, sight: &Sight<'_, '_>) -> Option<Vec<Arrival>> {
    let facts = &github.artifacts;
    let download = &facts.download;
    if step.with.dynamic {
        return None;
    }
    let input = |name: &str| match step.with.get_ignore_case(name) {
        Some(pair) => settled(&site.client, pair.value.value(), sight),
        None => Some(String::new()),
    };
    let path = input(&download.path)?;
    let folder = Folder::parse(path.trim())?;
    let (name, pattern) = (input(&download.name)?, input(&download.pattern)?);
    let version = step.uses.and_then(|uses| action_version(&Refs::default(), site.client.workflow.source, uses));
    let version = version.and_then(|version| Version::parse(&version));
    let before = |since: &str| match (&version, Version::parse(since)) {
        (Some(version), Some(since)) => Some(version.is_before(&since)),
        _ => None,
    };
    let together =
        input(&download.together)?.eq_ignore_ascii_case("true") && before(&download.together_since) != Some(true);
    let foreign = download.elsewhere.iter().any(|name| step.with.get_ignore_case(name).is_some());
    let packed = if foreign { Vec::new() } else { packed(facts, site) };
    if !name.is_empty() {
        let may_be = |packed: &&Packed| match &packed.name {
            Ok(known) => *known == name,
            Err(beginning) => name.starts_with(beginning.as_str()),
        };
        let contents: Vec<_> = packed.iter().filter(may_be).map(|packed| packed.content.clone()).collect();
        // An artifact that no step here packs comes from a step that only looks like another.
        let contents = if contents.is_empty() { vec![Content::Any] } else { contents };
        return Some(contents.into_iter().map(|content| Arrival { folder: folder.clone(), content }).collect());
    }
    let glob = if pattern.is_empty() { None } else { Some(Glob::new(&pattern).ok()?.compile_matcher()) };
    let taken = |packed: &&Packed| match (&packed.name, &glob) {
        (Ok(name), Some(glob)) => glob.is_match(name),
        _ => true,
    };
    let taken: Vec<&Packed> = packed.iter().filter(taken).collect();
    // What else there may be has a name and a content that nobody knows.
    let unnamed = Arrival { folder: if together { folder.clone() } else { folder.with(None) }, content: Content::Any };
    if together {
        let known = taken.iter().all(|packed| packed.content != Content::Any) && !taken.is_empty();
        let own = taken.iter().map(|packed| Arrival { folder: folder.clone(), content: packed.content.clone() });
        return Some(if known { own.collect() } else { vec![unnamed] });
    }
    let several = taken.iter().filter(|packed| packed.sure && packed.name.is_ok()).count() > 1;
    let flat = !several && before(&download.alone_is_flat_since) != Some(true);
    let mut arrivals = vec![unnamed];
    if flat {
        arrivals.push(Arrival { folder, content: Content::Any });
    }
    Some(arrivals)
}

/// The artifacts that the steps of a workflow pack.
fn packed(facts: &ArtifactFacts, site: &Site<'_, '_>) -> Vec<Packed> {
    let mut found = Vec::new();
    for job in &site.client.workflow.jobs {
        for step in job.steps.iter().filter(|step| uses(step, &facts.upload.action)) {
            found.push(one_packed(facts, job, step));
        }
    }
    found
}

fn one_packed(facts: &ArtifactFacts, job: &Job<'_>, step: &Step<'_>) -> Packed {
    let upload = &facts.upload;
    let sure = step.condition.is_none() && job.condition.is_none();
    let opaque = step.with.dynamic || upload.opaque.iter().any(|name| step.with.get_ignore_case(name).is_some());
    let text = |name: &str| step.with.get_ignore_case(name).map(|pair| pair.value.value());
    if opaque {
        return Packed { name: Err(String::new()), content: Content::Any, sure };
    }
    let name = text(&upload.name).unwrap_or(&upload.unnamed);
    let name = match name.split_once("${{") {
        Some((beginning, _)) => Err(beginning.to_owned()),
        None => Ok(name.to_owned()),
    };
    let path = text(&upload.path).unwrap_or_default();
    let content = if path.contains("${{") { Content::Any } else { Content::packed(path) };
    Packed { name, content, sure }
}
