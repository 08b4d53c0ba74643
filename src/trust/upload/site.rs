//! Finds the steps and calling jobs that upload to a registry, and the target of each in one run.

use crate::read::manifest::ManifestValue;
use crate::read::shell::{ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, names, words};
use crate::trust::registry::plan::{PlanAnswer, PublishPlan};
use crate::trust::registry::slot::{Slot, SlotKind, SlotValue, known_text};
use crate::trust::registry::upload_pattern::{EndpointRule, FlagSwitch, NameCommand, UploadPattern};
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::login::logins;
use crate::trust::upload::setting::address_of;
use crate::trust::upload::step::{ResolvedStep, called_scripts, scripts_called_by, steps};
use crate::trust::upload::version::{self, Version};
use crate::workflow::expression::{Outcome, UnknownReason};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Workflow, action};
use crate::workflow::simulate::context::EvaluationContext;

pub use crate::trust::upload::credential::{Credential, CredentialOutcome};
use crate::trust::upload::credential::{follow_env, has_sign, is_github_token};

/// A step or calling job that uploads, or a login step without a recognised upload after it.
#[derive(Debug, Clone)]
pub struct UploadSite<'a, 'p> {
    /// The step, with its command.
    pub resolved: ResolvedStep<'a, 'p>,
    /// The place of `resolved`, which many facts have. To find the place of a command in a long script takes time.
    pub place: Place,
    /// The registry whose data describes it.
    pub registry: &'a Registry,
    /// The upload pattern that it matches. `None` for a login step.
    pub pattern: Option<&'a UploadPattern>,
    /// The login step for this registry before it.
    pub login: Option<LoginStep<'a, 'p>>,
    /// Whether the project's files do not decide that it uploads. A declared publisher for its workflow shows that it does.
    pub undecided: bool,
    /// Whether a publisher is declared for it: one of its registry names the workflow, which has no other upload to this registry.
    pub declared: bool,
}

/// The registry that an upload addresses in one run.
#[derive(Debug, Clone)]
pub enum UploadTarget<'a> {
    /// A registry, and the place that names it.
    Registry(&'a Registry, Place),
    /// An index that is not one of the known registries.
    Elsewhere,
    /// Unknown, with the place of the expression or setting that decides it.
    Unknown(UnknownReason, Place),
}

/// The uploads of a job, including those in local actions, and its login steps, in order. `steps` are the steps of the job.
#[must_use]
pub fn sites<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    checkout: &'a Model<'p>,
    (workflow, job): (&'a Workflow<'p>, &'a Job<'p>),
    steps: &[ResolvedStep<'a, 'p>],
) -> (Vec<UploadSite<'a, 'p>>, Vec<LoginStep<'a, 'p>>) {
    let mut found = Vec::new();
    let mut non_uploads = Vec::new();
    let calling = ResolvedStep::calling(checkout, workflow, job);
    if let Some(called) = job.uses {
        found.extend(uploads_by_name(registries, &calling, action(called.value())).0);
    }
    for resolved in steps {
        let Some(step) = resolved.step else { continue };
        if let Some(used) = step.uses {
            let (uploads, others) = uploads_by_name(registries, resolved, action(used.value()));
            found.extend(uploads.iter().flat_map(|site| other_uploads(github, registries, checkout, site)));
            found.extend(uploads);
            non_uploads.extend(others);
        }
        for resolved in std::iter::once(resolved).chain(&called_scripts(checkout, resolved)) {
            let (uploads, others) = script_uploads(github, registries, resolved);
            found.extend(uploads);
            non_uploads.extend(others);
        }
    }
    let logins = logins(github, registries, steps);
    (with_logins(found, &non_uploads, &logins), logins)
}

/// The uploads to other registries in the scripts that an action runs for an upload.
fn other_uploads<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    checkout: &'a Model<'p>,
    site: &UploadSite<'a, 'p>,
) -> Vec<UploadSite<'a, 'p>> {
    let input = site.pattern.and_then(|pattern| pattern.script.as_ref()).map(|script| &script.input);
    let Some(given) = input.and_then(|input| site.resolved.with().get_ignore_case(input)) else { return Vec::new() };
    // Without a shell, the words after an operator are arguments (src/run.ts of changesets/action, read 2026-11-30).
    if given.value.value().contains(['&', ';', '|', '$']) {
        return Vec::new();
    }
    let called = scripts_called_by(checkout, &site.resolved, given.value);
    let all = called.iter().flat_map(|resolved| script_uploads(github, registries, resolved).0);
    all.filter(|other| other.registry.id != site.registry.id).collect()
}

/// The uploads in the script of a step or in a script that it calls, and the commands that match a pattern without uploading.
fn script_uploads<'a, 'p>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    resolved: &ResolvedStep<'a, 'p>,
) -> (Vec<UploadSite<'a, 'p>>, Vec<NonUpload<'a>>) {
    let (mut found, mut non_uploads) = (Vec::new(), Vec::new());
    let commands_in = match (resolved.step, resolved.command_script()) {
        (Some(step), _) if resolved.calls.is_empty() => {
            registries.uploads_in_step(resolved.workflow, resolved.job, step)
        }
        (_, Some(script)) => registries.uploads_in(script.value()),
        (_, None) => Vec::new(),
    };
    if commands_in.is_empty() {
        return (found, non_uploads);
    }
    let position = resolved.position();
    for command in resolved.commands(github).iter() {
        let words = words(command);
        let resolved = resolved.with_command(command);
        let meant = commands_in.iter().filter_map(|(registry, pattern)| {
            let uploads = names(github, &words, pattern)?;
            let chosen = if uploads { is_chosen(&resolved, pattern) } else { Some(false) };
            Some((*registry, *pattern, chosen))
        });
        let meant: Vec<_> = meant.collect();
        let chosen = |answer: Option<bool>| meant.iter().find(|(.., chosen)| *chosen == answer);
        match chosen(Some(true)).or_else(|| chosen(None)) {
            Some((registry, pattern, chosen)) => {
                let resolved = ResolvedStep { other_folder: &pattern.other_folder, ..resolved };
                let undecided = chosen.is_none();
                found.push(UploadSite { undecided, ..UploadSite::new(resolved, registry, Some(pattern)) });
            }
            None => non_uploads.extend(meant.first().map(|(registry, ..)| (registry.id.as_str(), position.clone()))),
        }
    }
    (found, non_uploads)
}

/// A step that matches an upload pattern but uploads nothing, such as a dry run: the registry's id and the step's position.
type NonUpload<'a> = (&'a str, Vec<usize>);

/// The uploads by an action or a called workflow, and the steps that use it without uploading.
fn uploads_by_name<'a, 'p>(
    registries: &'a RegistrySet,
    resolved: &ResolvedStep<'a, 'p>,
    name: &str,
) -> (Vec<UploadSite<'a, 'p>>, Vec<NonUpload<'a>>) {
    let (mut uploads, mut others) = (Vec::new(), Vec::new());
    for (registry, pattern) in registries.uploads_of(name) {
        let with_arguments = resolved.with_arguments(pattern.arguments.as_deref());
        let does_upload = |step: &ResolvedStep<'_, '_>| {
            let chosen = is_chosen(step, pattern) == Some(true);
            chosen && !step.has_flag(&pattern.unless) && !uploads_nothing(step, pattern)
        };
        match with_arguments.filter(does_upload) {
            Some(resolved) => uploads.push(UploadSite::new(resolved, registry, Some(pattern))),
            None => others.push((registry.id.as_str(), resolved.position())),
        }
    }
    (uploads, others)
}

/// Gives each upload the login step before it. A login without a later upload counts as an upload by an unknown client, unless a later step
/// matches a pattern without uploading.
fn with_logins<'a, 'p>(
    mut sites: Vec<UploadSite<'a, 'p>>,
    non_uploads: &[NonUpload<'_>],
    logins: &[LoginStep<'a, 'p>],
) -> Vec<UploadSite<'a, 'p>> {
    let before = |site: &UploadSite<'_, '_>, login: &LoginStep<'_, '_>| {
        login.registry.id == site.registry.id && login.resolved.order() < site.resolved.order()
    };
    for site in &mut sites {
        let mut earlier = logins.iter().rev().filter(|login| before(site, login));
        let last = earlier.next();
        let certain = earlier.all(|other| last.is_some_and(|last| last.login.credential == other.login.credential));
        site.login = last.cloned().map(|last| LoginStep { certain: certain || !last.login.keeps, ..last });
    }
    for login in logins.iter().filter(|login| !login.login.does_else) {
        let for_nothing =
            non_uploads.iter().any(|(id, step)| *id == login.registry.id && login.resolved.position() < *step);
        if !for_nothing && !sites.iter().any(|site| before(site, login)) {
            let site = UploadSite::new(login.resolved.clone(), login.registry, None);
            sites.push(UploadSite { login: Some(login.clone()), ..site });
        }
    }
    sites
}

/// Whether the inputs or the project's files make the step upload; `None` if a configuration that is not read decides. Inputs that only the
/// run decides do not count.
fn is_chosen(resolved: &ResolvedStep<'_, '_>, pattern: &UploadPattern) -> Option<bool> {
    let fits = (pattern.only_in.is_empty() || has_sign(resolved, &pattern.only_in))
        && pattern.only_without.iter().all(|slot| resolved.slot_value(slot) == SlotValue::Absent);
    if !fits {
        return Some(false);
    }
    if pattern.only_with.iter().all(|choice| resolved.meets(choice)) {
        return Some(true);
    }
    let Some(plan) = &pattern.plan else { return Some(false) };
    match plan_of(resolved, plan) {
        PlanAnswer::Uploads(_) => Some(true),
        PlanAnswer::Nothing => Some(false),
        PlanAnswer::Unknown => None,
    }
}

/// Whether the input of an action names a script of `package.json` that contains no word of an upload.
fn uploads_nothing(resolved: &ResolvedStep<'_, '_>, pattern: &UploadPattern) -> bool {
    let Some(script) = &pattern.script else { return false };
    let slot = Slot { input: Some(script.input.clone()), ..Slot::default() };
    let SlotValue::Text(command, _) = resolved.slot_value(&slot) else { return false };
    let Some(name) = command.split_whitespace().last().filter(|_| !command.contains(['&', ';', '|', '$'])) else {
        return false;
    };
    let manifests = resolved.model.manifests.into_iter().flat_map(|manifests| &manifests.list);
    let mut roots = manifests.filter(|manifest| manifest.folder.is_empty() && manifest.name == "package.json");
    let Some(values) = roots.next().and_then(|root| root.values(&format!("scripts.{name}")).ok()) else { return false };
    let texts: Vec<&str> = values.into_iter().filter_map(ManifestValue::text).collect();
    !texts.is_empty() && texts.iter().all(|text| script.words.iter().all(|word| !text.contains(word.as_str())))
}

/// What the project's files make a release tool do.
pub(crate) fn plan_of(resolved: &ResolvedStep<'_, '_>, plan: &PublishPlan) -> PlanAnswer {
    let folder = resolved.folder().filter(|_| !resolved.has_flag(&plan.flags));
    resolved.model.manifests.zip(folder).map_or(PlanAnswer::Unknown, |(all, folder)| plan.answer(all, &folder))
}

impl<'a, 'p> UploadSite<'a, 'p> {
    fn new(resolved: ResolvedStep<'a, 'p>, registry: &'a Registry, pattern: Option<&'a UploadPattern>) -> Self {
        Self { place: resolved.place(), resolved, registry, pattern, login: None, undecided: false, declared: false }
    }

    /// The target of the upload in a run.
    #[must_use]
    pub fn target(
        &self,
        github: &GitHubFacts,
        registries: &'a RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> UploadTarget<'a> {
        let rule = self.endpoint();
        let named = |slot: &Slot| self.named_target(github, registries, slot, context);
        let for_github = self.uses_github_token();
        // A step that uploads to GitHub Packages may replace the address in the manifest before.
        let elsewhere = |slot: &Slot| slot.manifest.is_none() && matches!(named(slot), Some(UploadTarget::Elsewhere));
        if for_github && rule.slots.iter().any(elsewhere) {
            return UploadTarget::Elsewhere;
        }
        if let Some(target) = rule.slots.iter().find_map(named) {
            return target;
        }
        if let Some(place) = rule.opaque.iter().find_map(|slot| self.opaque(slot)) {
            return UploadTarget::Unknown(UnknownReason::new("the client's own arguments"), place);
        }
        if for_github {
            return UploadTarget::Elsewhere;
        }
        let place = self.place;
        if self.pattern.is_some_and(|pattern| self.may_name_address(pattern)) {
            return UploadTarget::Unknown(UnknownReason::new("arguments that only the run decides"), place);
        }
        match (rule.default.as_str(), &self.login) {
            ("", Some(login)) => UploadTarget::Registry(login.registry, place),
            ("", None) => UploadTarget::Unknown(UnknownReason::new("the index that a config file names"), place),
            (id, _) => {
                registries.get(id).map_or(UploadTarget::Elsewhere, |registry| UploadTarget::Registry(registry, place))
            }
        }
    }

    /// Whether the command has a list of words that only the run decides, and a flag in it may name an address: the arguments of a script, or
    /// an array where the script contains such a flag.
    fn may_name_address(&self, pattern: &UploadPattern) -> bool {
        let (Some(command), Some(script)) = (&self.resolved.command, self.resolved.script()) else { return false };
        let text = script.value();
        let flags: Vec<&String> = pattern.endpoint.slots.iter().flat_map(|slot| &slot.flags).collect();
        // The lists that the script gives to an array; a program may fill another one.
        let fills = |name: &str| {
            let mut lists = text.split(name).skip(1).filter_map(|rest| {
                let list = rest.strip_prefix("=(").or_else(|| rest.strip_prefix("+=("))?;
                Some(list.split(')').next().unwrap_or(list))
            });
            let names_address = |list: &str| flags.iter().any(|flag| flag.split('*').all(|part| list.contains(part)));
            let filled = ["mapfile", "readarray", "read -"]
                .iter()
                .any(|program| text.lines().any(|line| line.contains(program) && line.contains(name)));
            filled || !text.contains(&format!("{name}=(")) || lists.any(names_address)
        };
        let is_list = |word: &ShellWord| {
            let is_open = |part: &WordPiece| matches!(part, WordPiece::Variable(name) if name == "@" || name == "*");
            let raw = text.get(word.span.clone()).unwrap_or_default();
            let array = raw.split_once("${").and_then(|(_, rest)| rest.split_once('[')).map(|(name, _)| name);
            word.parts.iter().any(is_open) && array.is_none_or(fills)
        };
        pattern.endpoint.slots.iter().any(|slot| !slot.flags.is_empty()) && command.words.iter().any(is_list)
    }

    /// The target that a slot names in a run; `None` without a value.
    fn named_target(
        &self,
        github: &GitHubFacts,
        registries: &'a RegistrySet,
        slot: &Slot,
        context: &EvaluationContext<'_, '_>,
    ) -> Option<UploadTarget<'a>> {
        let (text, place) = match self.resolved.slot_value(slot) {
            SlotValue::Absent => return None,
            SlotValue::Unknown(place) => {
                return Some(UploadTarget::Unknown(UnknownReason::new("the upload's address"), place));
            }
            SlotValue::Text(text, place) => (text, place),
        };
        match self.resolved.resolve(&text, context) {
            Outcome::Unknown(reason) => Some(UploadTarget::Unknown(reason, place)),
            // GitHub passes an empty input as if it were not set.
            outcome => {
                let text = known_text(&outcome).filter(|text| !text.trim().is_empty())?;
                Some(self.target_of(github, registries, slot, &text, place))
            }
        }
    }

    /// The default of a switch, which may depend on the version of the action. `None` if the version is unknown.
    #[must_use]
    pub fn default_of(&self, switch: &FlagSwitch) -> Option<bool> {
        let Some(since) = switch.since.as_deref().and_then(Version::parse) else { return Some(switch.default) };
        let uses = self.resolved.step.map_or(self.resolved.job.uses, |step| step.uses)?;
        let refs = &self.pattern?.refs;
        let reference = version::reference(uses.value())?;
        if refs.recommended.iter().any(|glob| glob.is_match(reference)) {
            return Some(switch.default);
        }
        let version = Version::parse(&version::action_version(refs, self.resolved.source(), uses)?)?;
        Some(switch.default != version.is_before(&since))
    }

    /// The rule for the upload's address. For a login step, the address that issues the token.
    #[must_use]
    pub fn endpoint(&self) -> &'a EndpointRule {
        const NOWHERE: &EndpointRule = &EndpointRule {
            default: String::new(),
            slots: Vec::new(),
            explained: Vec::new(),
            set_by: Vec::new(),
            opaque: Vec::new(),
        };
        match (self.pattern, &self.login) {
            (None, Some(login)) => &login.login.endpoint,
            (pattern, _) => pattern.map_or(NOWHERE, |pattern| &pattern.endpoint),
        }
    }

    /// The address that the step passes to the client, or that the project's files or an earlier command define for the name that it passes.
    #[must_use]
    pub fn address(&self, github: &GitHubFacts, context: &EvaluationContext<'_, '_>) -> Option<(String, Place)> {
        self.endpoint().slots.iter().find_map(|slot| match self.resolved.slot_value(slot) {
            SlotValue::Text(text, place) => {
                let text = known_text(&self.resolved.resolve(&text, context)).filter(|text| !text.trim().is_empty())?;
                match self.defined_address(github, slot.kind, &text) {
                    SlotValue::Text(address, place) => Some((address, place)),
                    SlotValue::Absent | SlotValue::Unknown(_) => Some((text, place)),
                }
            }
            _ => None,
        })
    }

    /// Whether the token is `GITHUB_TOKEN`, which only GitHub Packages accepts.
    fn uses_github_token(&self) -> bool {
        let slots = self.pattern.into_iter().flat_map(|pattern| &pattern.tokens);
        slots.into_iter().any(|slot| match self.resolved.slot_value(slot) {
            SlotValue::Text(text, _) => is_github_token(&follow_env(&self.resolved, &text)),
            _ => false,
        })
    }

    /// The place of a text with arbitrary options, if it may name an address.
    fn opaque(&self, slot: &Slot) -> Option<Place> {
        match self.resolved.slot_value(slot) {
            SlotValue::Absent => None,
            SlotValue::Unknown(place) => Some(place),
            SlotValue::Text(text, place) => {
                let named = |word: &str| word.starts_with("--repository") || word.starts_with("-r");
                (text.contains("${{") || text.split_whitespace().any(named)).then_some(place)
            }
        }
    }

    /// The address that an earlier command or the project's files define for a name.
    fn defined_address(&self, github: &GitHubFacts, kind: SlotKind, name: &str) -> SlotValue {
        let named = matches!(kind, SlotKind::Name | SlotKind::OwnName);
        let lists = if named { self.endpoint().explained.as_slice() } else { &[] };
        let commands = if named { self.endpoint().set_by.as_slice() } else { &[] };
        let set = commands.iter().map(|rule| self.set_address(github, rule, name));
        if let Some(set) = set.into_iter().find(|value| *value != SlotValue::Absent) {
            return set;
        }
        let mut values = self
            .resolved
            .model
            .manifests
            .into_iter()
            .flat_map(|all| lists.iter().map(|list| address_of(all, list, name)));
        values.find(|value| *value != SlotValue::Absent).unwrap_or(SlotValue::Absent)
    }

    /// The address that the last command before the upload sets for a name.
    fn set_address(&self, github: &GitHubFacts, rule: &NameCommand, name: &str) -> SlotValue {
        let own = &self.resolved;
        let key = format!("{}{name}", rule.key);
        let mut found = SlotValue::Absent;
        for step in steps(own.model, own.workflow, own.job).into_iter().filter(|step| step.position() <= own.position())
        {
            let script = step.own_script().filter(|script| script.value().contains(&key));
            for command in script.iter().flat_map(|_| step.commands(github).to_vec()) {
                let step = step.with_command(&command);
                if step.position() == own.position() && step.order() >= own.order()
                    || !is_command(github, &words(&command), &rule.command, &[])
                {
                    continue;
                }
                let mut rest = command.words.iter().skip_while(|word| word.text().as_deref() != Some(&key)).skip(1);
                let Some((word, script)) = rest.next().zip(script) else { continue };
                let place = script.inner(word.span.clone());
                found = match word.template(script.value()).filter(|text| !text.contains("${{")) {
                    Some(address) if !command.conditional => SlotValue::Text(address, place),
                    _ => SlotValue::Unknown(place),
                };
            }
        }
        found
    }

    fn target_of(
        &self,
        github: &GitHubFacts,
        registries: &'a RegistrySet,
        slot: &Slot,
        text: &str,
        place: Place,
    ) -> UploadTarget<'a> {
        let (defined, kind) = match self.defined_address(github, slot.kind, text) {
            SlotValue::Text(address, _) => (Some(address), SlotKind::Url),
            SlotValue::Absent => (None, slot.kind),
            SlotValue::Unknown(place) => {
                return UploadTarget::Unknown(UnknownReason::new(format!("the index `{text}`")), place);
            }
        };
        let text = defined.as_deref().unwrap_or(text);
        let found = match kind {
            SlotKind::Url => registries.at(text).or_else(|| registries.refusing_uploads_at(text)),
            SlotKind::Name | SlotKind::OwnName | SlotKind::Text | SlotKind::Switch | SlotKind::Denial => {
                registries.called(text).or_else(|| registries.at(text))
            }
        };
        // An earlier step or a file with the address is not the place of the upload.
        let place = if slot.step.is_some() || slot.manifest.is_some() { self.place } else { place };
        match (found, kind) {
            (Some(registry), _) => UploadTarget::Registry(registry, place),
            (None, SlotKind::Url | SlotKind::OwnName) => UploadTarget::Elsewhere,
            // An address is no name.
            (None, _) if text.starts_with("https://") || text.starts_with("http://") => UploadTarget::Elsewhere,
            // A config file of the repository or of the runner may define the name.
            (None, _) => UploadTarget::Unknown(UnknownReason::new(format!("the index `{text}`")), place),
        }
    }
}
