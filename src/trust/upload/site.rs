//! Finds the steps that upload to a registry, and says for one run where to. It judges nothing.

use crate::read::source::Place;
use crate::trust::registry::command::{names, words};
use crate::trust::registry::slot::{Slot, SlotKind, SlotValue, known_text};
use crate::trust::registry::upload_pattern::{EndpointRule, UploadPattern};
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::login::logins;
use crate::trust::upload::setting::explained;
use crate::trust::upload::step::steps;
use crate::trust::upload::step::{FolderArgument, ResolvedStep};
use crate::workflow::expression::{Outcome, UnknownReason};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow, action};
use crate::workflow::script::commands;
use crate::workflow::simulate::context::EvaluationContext;

use crate::trust::upload::credential::is_own_token;
pub use crate::trust::upload::credential::{Credential, CredentialOutcomes};

/// A step or calling job that uploads, whatever the run; or a login after which no upload is recognised.
#[derive(Debug, Clone)]
pub struct UploadSite<'a, 'p> {
    /// The step, with its command.
    pub resolved: ResolvedStep<'a, 'p>,
    /// The registry whose data describes it.
    pub registry: &'a Registry,
    /// What the data says of the upload; none for a login alone.
    pub pattern: Option<&'a UploadPattern>,
    /// The login before it, if there is one for this registry.
    pub login: Option<LoginStep<'a, 'p>>,
}

/// Where an upload goes in one run.
#[derive(Debug, Clone)]
pub enum UploadTarget<'a> {
    /// To a registry, and where the files say so.
    Registry(&'a Registry, Place),
    /// To some other place, which is no business of ours.
    Elsewhere,
    /// The files do not say.
    Unknown(UnknownReason, Place),
}

/// Everything in a workflow that uploads, in its own steps or in those of the repository's own actions.
#[must_use]
pub fn sites<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    checkout: &'a Model<'p>,
    workflow: &'a Workflow<'p>,
) -> Vec<UploadSite<'a, 'p>> {
    workflow.jobs.iter().flat_map(|job| job_sites(github, registries, checkout, (workflow, job))).collect()
}

fn job_sites<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    checkout: &'a Model<'p>,
    (workflow, job): (&'a Workflow<'p>, &'a Job<'p>),
) -> Vec<UploadSite<'a, 'p>> {
    let mut found = Vec::new();
    let mut spared = Vec::new();
    let calling = ResolvedStep::calling(checkout, workflow, job);
    if let Some(called) = job.uses {
        found.extend(named(registries, &calling, action(called.value())).0);
    }
    let clients = steps(checkout, workflow, job);
    for resolved in &clients {
        let Some(step) = resolved.step else { continue };
        if let Some(used) = step.uses {
            let (uploads, others) = named(registries, resolved, action(used.value()));
            found.extend(uploads);
            spared.extend(others);
        }
        let commands_in = step.script.map(|script| registries.uploads_in(script.value())).unwrap_or_default();
        if commands_in.is_empty() {
            continue;
        }
        let position = resolved.position();
        for command in commands(github, workflow, job, step).iter() {
            let words = words(command);
            let resolved = ResolvedStep { command: Some(command.clone()), ..resolved.clone() };
            let meant = commands_in.iter().filter_map(|(registry, pattern)| {
                let uploads = names(github, &words, pattern)?;
                Some((*registry, *pattern, uploads && chosen(&resolved, pattern)))
            });
            let meant: Vec<_> = meant.collect();
            match meant.iter().find(|(.., uploads)| *uploads) {
                Some((registry, pattern, _)) => {
                    let resolved = ResolvedStep { other_folder: &pattern.other_folder, ..resolved };
                    found.push(UploadSite { resolved, registry, pattern: Some(pattern), login: None });
                }
                None => spared.extend(meant.first().map(|(registry, ..)| (registry.id.as_str(), position.clone()))),
            }
        }
    }
    with_logins(found, &spared, logins(registries, &clients))
}

/// A step that could upload to a registry and is told not to: the registry's id, and the step's position.
type NonUploads<'a> = (&'a str, Vec<usize>);

/// The uploads by an action or a called workflow, and those that are told to upload nothing.
fn named<'a, 'p>(
    registries: &'a RegistrySet,
    resolved: &ResolvedStep<'a, 'p>,
    name: &str,
) -> (Vec<UploadSite<'a, 'p>>, Vec<NonUploads<'a>>) {
    let (mut uploads, mut others) = (Vec::new(), Vec::new());
    for (registry, pattern) in registries.uploads_of(name) {
        let given = resolved.with_arguments(pattern.arguments.as_deref());
        match given.filter(|given| chosen(given, pattern) && !given.has_flag(&pattern.unless)) {
            Some(resolved) => uploads.push(UploadSite { resolved, registry, pattern: Some(pattern), login: None }),
            None => others.push((registry.id.as_str(), resolved.position())),
        }
    }
    (uploads, others)
}

/// Gives each upload the login before it. A login that no upload follows stands for one that is not recognised, unless a step after it
/// is known and told to upload nothing.
fn with_logins<'a, 'p>(
    mut sites: Vec<UploadSite<'a, 'p>>,
    spared: &[NonUploads<'_>],
    logins: Vec<LoginStep<'a, 'p>>,
) -> Vec<UploadSite<'a, 'p>> {
    let before = |site: &UploadSite<'_, '_>, login: &LoginStep<'_, '_>| {
        login.registry.id == site.registry.id && login.resolved.position() < site.resolved.position()
    };
    for site in &mut sites {
        site.login = logins.iter().rfind(|login| before(site, login)).cloned();
    }
    for login in logins.into_iter().filter(|login| !login.login.does_else) {
        let for_nothing = spared.iter().any(|(id, step)| *id == login.registry.id && login.resolved.position() < *step);
        if !for_nothing && !sites.iter().any(|site| before(site, &login)) {
            let (resolved, registry) = (login.resolved.clone(), login.registry);
            sites.push(UploadSite { resolved, registry, pattern: None, login: Some(login) });
        }
    }
    sites
}

/// Whether the slots that must choose uploading do, or the project's files. An input that the run decides is left out: silence beats a
/// guess.
fn chosen(resolved: &ResolvedStep<'_, '_>, pattern: &UploadPattern) -> bool {
    pattern.only_with.iter().all(|choice| resolved.meets(choice)) || planned(resolved, pattern).unwrap_or(false)
}

/// Whether the files of the folder that a command runs in have it upload; `None` where that is not known.
fn planned(resolved: &ResolvedStep<'_, '_>, pattern: &UploadPattern) -> Option<bool> {
    let plan = pattern.plan.as_ref()?;
    Some(!resolved.has_flag(&plan.flags) && plan.uploads(resolved.manifests?, &resolved.folder()?))
}

impl<'a, 'p> UploadSite<'a, 'p> {
    /// Where the upload goes in a run.
    #[must_use]
    pub fn target(&self, registries: &'a RegistrySet, context: &EvaluationContext<'_, '_>) -> UploadTarget<'a> {
        let rule = self.endpoint();
        for slot in &rule.slots {
            let (text, place) = match self.resolved.slot_value(slot) {
                SlotValue::Absent => continue,
                SlotValue::Unknown(place) => {
                    return UploadTarget::Unknown(UnknownReason::new("the upload's address"), place);
                }
                SlotValue::Text(text, place) => (text, place),
            };
            return match self.resolved.resolve(&text, context) {
                Outcome::Unknown(reason) => UploadTarget::Unknown(reason, place),
                // An input that is set to nothing is an input that is not set.
                outcome if known_text(&outcome).is_none_or(|text| text.trim().is_empty()) => continue,
                outcome => self.place_called(registries, slot, &known_text(&outcome).unwrap_or_default(), place),
            };
        }
        if let Some(place) = rule.opaque.iter().find_map(|slot| self.opaque(slot)) {
            return UploadTarget::Unknown(UnknownReason::new("the resolved's own arguments"), place);
        }
        if self.shows_github_token() {
            return UploadTarget::Elsewhere;
        }
        let place = self.resolved.place();
        match (rule.default.as_str(), &self.login) {
            ("", Some(login)) => UploadTarget::Registry(login.registry, place),
            ("", None) => UploadTarget::Unknown(UnknownReason::new("the source that a config file names"), place),
            (id, _) => {
                registries.get(id).map_or(UploadTarget::Elsewhere, |registry| UploadTarget::Registry(registry, place))
            }
        }
    }

    /// What the command says of the folder of its package.
    #[must_use]
    pub fn package_folder(&self) -> FolderArgument {
        let pattern = self.pattern.filter(|pattern| pattern.takes_folder);
        let last = pattern.and_then(|pattern| pattern.command.as_deref()?.split_whitespace().last());
        last.map_or(FolderArgument::None, |last| self.resolved.argument(last))
    }

    /// What decides the upload's address; of a login alone, the place where the token is fetched.
    #[must_use]
    pub fn endpoint(&self) -> &'a EndpointRule {
        const NOWHERE: &EndpointRule =
            &EndpointRule { default: String::new(), slots: Vec::new(), explained: Vec::new(), opaque: Vec::new() };
        match (self.pattern, &self.login) {
            (None, Some(login)) => &login.login.endpoint,
            (pattern, _) => pattern.map_or(NOWHERE, |pattern| &pattern.endpoint),
        }
    }

    /// The address that the files give to the upload, and where.
    #[must_use]
    pub fn address(&self, context: &EvaluationContext<'_, '_>) -> Option<(String, Place)> {
        self.endpoint().slots.iter().find_map(|slot| match self.resolved.slot_value(slot) {
            SlotValue::Text(text, place) => {
                let text = known_text(&self.resolved.resolve(&text, context))?;
                (!text.trim().is_empty()).then_some((text, place))
            }
            _ => None,
        })
    }

    /// Whether the token is the job's own of GitHub, which opens no registry but GitHub's.
    fn shows_github_token(&self) -> bool {
        let slots = self.pattern.into_iter().flat_map(|pattern| &pattern.tokens);
        slots.into_iter().any(|slot| match self.resolved.slot_value(slot) {
            SlotValue::Text(text, _) => is_own_token(&text),
            _ => false,
        })
    }

    /// Where a text that could hold any option stands, if it names one that this data does not read.
    fn opaque(&self, slot: &Slot) -> Option<Place> {
        match self.resolved.slot_value(slot) {
            SlotValue::Absent => None,
            SlotValue::Unknown(place) => Some(place),
            SlotValue::Text(text, place) => {
                (text.contains("${{") || text.contains("--repository") || text.contains("-r ")).then_some(place)
            }
        }
    }

    /// The address that the project gives to a name.
    fn explained(&self, kind: SlotKind, name: &str) -> SlotValue {
        let lists =
            if matches!(kind, SlotKind::Name | SlotKind::OwnName) { self.endpoint().explained.as_slice() } else { &[] };
        let given =
            self.resolved.manifests.into_iter().flat_map(|all| lists.iter().map(|list| explained(all, list, name)));
        given.into_iter().find(|given| *given != SlotValue::Absent).unwrap_or(SlotValue::Absent)
    }

    fn place_called(&self, registries: &'a RegistrySet, slot: &Slot, text: &str, place: Place) -> UploadTarget<'a> {
        let (explained, kind) = match self.explained(slot.kind, text) {
            SlotValue::Text(address, _) => (Some(address), SlotKind::Url),
            SlotValue::Absent => (None, slot.kind),
            SlotValue::Unknown(place) => {
                return UploadTarget::Unknown(UnknownReason::new(format!("the index `{text}`")), place);
            }
        };
        let text = explained.as_deref().unwrap_or(text);
        let found = match kind {
            SlotKind::Url => registries.at(text).or_else(|| registries.beside(text)),
            SlotKind::Name | SlotKind::OwnName | SlotKind::Text | SlotKind::Switch | SlotKind::Denial => {
                registries.called(text).or_else(|| registries.at(text))
            }
        };
        // An earlier step that chose the address is not where the upload stands.
        let place = if slot.step.is_some() { self.resolved.place() } else { place };
        match (found, kind) {
            (Some(registry), _) => UploadTarget::Registry(registry, place),
            (None, SlotKind::Url | SlotKind::OwnName) => UploadTarget::Elsewhere,
            // A name that a config file in the repository or on the runner explains.
            (None, _) => UploadTarget::Unknown(UnknownReason::new(format!("the index `{text}`")), place),
        }
    }
}
