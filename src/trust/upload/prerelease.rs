//! Uploads of a prerelease version, which a client refuses without a dist-tag.

use crate::read::command_list::program;
use crate::read::manifest::ManifestField;
use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, only_prints, runs_project_program, unwrapped, words};
use crate::trust::registry::{PrereleaseRule, Registry, RegistrySet};
use crate::trust::upload::credential::Credential;
use crate::trust::upload::earlier::earlier;
use crate::trust::upload::history::with_ancestors;
use crate::trust::upload::package::{UploadedPackage, packages};
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps};
use crate::trust::upload::version::{self, Version};
use crate::workflow::expression::Truth;
use crate::workflow::github::{GitHubFacts, RefKind};
use crate::workflow::model::{Step, action};
use crate::workflow::ref_pattern::{self, RefName};
use crate::workflow::simulate::context::EvaluationContext;

/// Whether an upload has the dist-tag that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DistTag {
    /// It has one.
    Given,
    /// The version is none that the client refuses.
    NotNeeded,
    /// The client refuses this version, at this place in the manifest.
    Missing(String, Place),
}

impl DistTag {
    /// The value of facts.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::NotNeeded => "not-needed",
            Self::Missing(..) => "missing",
        }
    }
}

/// The dist-tag of an upload in a run. `None` if the version, the client or the arguments are unknown.
#[must_use]
pub fn dist_tag(
    github: &GitHubFacts,
    registries: &RegistrySet,
    registry: &Registry,
    site: &UploadSite<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<DistTag> {
    let (Some(rule), Some(pattern)) = (&registry.prereleases, site.pattern) else { return Some(DistTag::NotNeeded) };
    if pattern.dist_tag.is_empty() {
        return Some(DistTag::NotNeeded);
    }
    let manifests = site.resolved.model.manifests?;
    let packages = packages(github, registry, manifests, site, context).ok()?;
    let [UploadedPackage { manifest: Some(manifest), .. }] = packages.as_slice() else { return None };
    let ManifestField::Known(text, place) = manifest.first(&manifest.kind.version) else { return None };
    let prerelease = text.split('+').next().is_some_and(|text| text.contains('-')) && Version::parse(text).is_some();
    if !prerelease || rule.placeholders.iter().any(|glob| glob.is_match(text)) || !is_released(context, text) {
        return Some(DistTag::NotNeeded);
    }
    if site.resolved.first(&pattern.dist_tag).is_some() {
        return Some(DistTag::Given);
    }
    let last = pattern.command.as_deref()?.split_whitespace().last()?;
    if !site.resolved.unknown_words(last, &pattern.argument_flags).is_empty() {
        return None;
    }
    match version::client(site, github, registries, context) {
        Some(client) if client.status.is_too_old() => return Some(DistTag::NotNeeded),
        Some(_) => {}
        // Trusted publishing needs a client that is new enough.
        None => match site.credential(github, registries, context).0 {
            Ok(Credential::Trusted) => {}
            _ => return None,
        },
    }
    (!may_write_version(github, rule, &manifest.name, site, context)).then(|| DistTag::Missing(text.to_owned(), place))
}

/// Whether the tags that start the run may be those of a version.
fn is_released(context: &EvaluationContext<'_, '_>, version: &str) -> bool {
    let run = context.run();
    let workflow = run.caller().unwrap_or_else(|| context.workflow());
    let trigger = workflow.triggers.iter().find(|trigger| trigger.event.place() == run.trigger);
    let tags = trigger.filter(|_| run.reference.kind == RefKind::Tag).and_then(|trigger| trigger.tags.only.as_ref());
    tags.is_none_or(|tags| {
        let passes = |name: String| {
            let name = RefName { prefix: &name, complete: true };
            ref_pattern::matches_any(tags.iter().map(|tag| tag.value()), name) != Truth::No
        };
        // Tags with another beginning, such as the name of a package, may be followed by any version.
        let other = tags.iter().any(|tag| !tag.value().starts_with(['v', '[', '*', '0', '1', '2']));
        other || passes(version.to_owned()) || passes(format!("v{version}"))
    })
}

/// Whether a step before the upload may write another version to the manifest, or check out another one.
fn may_write_version(
    github: &GitHubFacts,
    rule: &PrereleaseRule,
    manifest: &str,
    site: &UploadSite<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> bool {
    let search = VersionWriters { github, rule, manifest };
    let own = &site.resolved;
    let mut other_ref = false;
    for earlier in earlier(site, context) {
        let Some(step) = earlier.resolved.step else { continue };
        if step.uses.is_some() && step.script.is_none() {
            if search.by_action(step, own) {
                return true;
            }
            let checkout = crate::trust::upload::step::uses(step, &github.checkout.action);
            other_ref |= checkout && step.with.get_ignore_case("ref").is_some();
            if checkout && step.with.get_ignore_case("repository").is_some() {
                return true;
            }
            continue;
        }
        let mut commands = earlier.commands(github);
        if own.position() == earlier.resolved.position() {
            commands.push(own.clone());
        }
        let called = called_scripts(own.model, &earlier.resolved);
        if commands.iter().any(|step| search.by_command(step)) || called.iter().any(|step| search.by_script(step)) {
            return true;
        }
    }
    // A job before this one may have pushed another version to the ref that is checked out.
    let ancestors = with_ancestors(own.workflow, own.job);
    other_ref
        && ancestors.iter().skip(1).any(|job| {
            job.uses.is_some()
                || steps(own.model, own.workflow, job).iter().any(|resolved| {
                    let by_action =
                        resolved.step.and_then(|step| step.uses).is_some_and(|uses| search.writes(uses.value()));
                    by_action || resolved.commands(github).iter().any(|command| search.by_words(&words(command)))
                })
        })
}

struct VersionWriters<'l> {
    github: &'l GitHubFacts,
    rule: &'l PrereleaseRule,
    manifest: &'l str,
}

impl VersionWriters<'_> {
    fn writes(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.rule.writers.iter().any(|known| word.contains(known.as_str()))
    }

    /// Whether an action that is not known to leave files alone, or whose name says so, may write a version.
    fn by_action(&self, step: &Step<'_>, own: &ResolvedStep<'_, '_>) -> bool {
        let Some(uses) = step.uses else { return false };
        let name = action(uses.value());
        let is = |known: &String| known.eq_ignore_ascii_case(name);
        let artifacts = &self.github.artifacts;
        let silent = artifacts.silent.iter().any(is) && !is(&artifacts.download.action);
        !silent && !artifacts.inert.actions.iter().any(is) && own.model.action(uses.value()).is_none()
    }

    /// Whether a script that a command runs may write a version.
    fn by_script(&self, step: &ResolvedStep<'_, '_>) -> bool {
        let Some(script) = step.calls.last().map(|frame| frame.script) else { return true };
        let text = script.text();
        let mentions = || text.value().contains(self.manifest) || text.value().to_lowercase().contains("version");
        if script.is_program {
            return mentions();
        }
        script.commands.iter().any(|command| self.by_command(&step.with_command(command)))
    }

    fn by_command(&self, step: &ResolvedStep<'_, '_>) -> bool {
        let Some(command) = step.command.as_ref() else { return false };
        let words = words(command);
        let Some(Some(first)) = unwrapped(self.github, &words).first() else { return !command.words.is_empty() };
        let first = program(first);
        let calls = step
            .model
            .scripts
            .map_or(&[][..], |scripts| step.own_script().map_or(&[][..], |script| scripts.calls(script.place())));
        // The text of a script that it runs is read on its own.
        let followed = calls.iter().any(|call| call.command.span == command.span && !call.scripts.is_empty());
        let writes_manifest = self.names_manifest(command) && !self.only_reads(first, command, &words);
        let changes_files = first == "git" && self.git_changes_files(&words);
        let shell = &self.github.shell;
        let runs_program = || !followed && runs_project_program(shell, &words);
        writes_manifest || changes_files || !only_prints(shell, &words) && (runs_program() || self.by_words(&words))
    }

    /// Whether the words of a command name a tool or a script that writes versions.
    fn by_words(&self, words: &[Option<String>]) -> bool {
        let first = unwrapped(self.github, words).first().and_then(Option::as_deref).map_or("", program);
        let inert = self.rule.inert.iter().any(|known| is_command(self.github, words, known, &[]));
        let flag = |word: &&String| word.starts_with('-');
        !inert
            && !self.github.shell.not_version_writers.iter().any(|known| known == first)
            && words.iter().flatten().filter(|word| !flag(word)).any(|word| self.writes(word))
    }

    fn names_manifest(&self, command: &ShellCommand) -> bool {
        let mut words = command.words.iter().chain(&command.redirects).filter_map(|word| word.text());
        words.any(|word| word.contains(self.manifest))
    }

    /// Whether a command that names the manifest only reads it.
    fn only_reads(&self, first: &str, command: &ShellCommand, words: &[Option<String>]) -> bool {
        let redirected =
            command.redirects.iter().filter_map(|word| word.text()).any(|word| word.contains(self.manifest));
        let reader = self.github.credentials.readers.iter().any(|known| known == first);
        !redirected && (reader || only_prints(&self.github.shell, words))
    }

    fn git_changes_files(&self, words: &[Option<String>]) -> bool {
        words.iter().flatten().any(|word| self.github.shell.git_changes.contains(word))
    }
}
