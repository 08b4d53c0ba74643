//! All registries: inheritance between them, and lookup by address, name, action and command.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::read::data_file::Lazy;
use crate::read::manifest::ManifestKinds;
use crate::trust::registry::action_names::ActionNames;
use crate::trust::registry::upload_pattern::{ClientVersions, LoginPattern, UploadNames, UploadPattern};
use crate::trust::registry::vocabulary::Vocabulary;
use crate::trust::registry::{ClaimRules, Registry, RegistryExamples, SetUpLinks};
use crate::workflow::model::{Job, Step, Workflow};

/// All registries, by id.
#[derive(Debug, Clone, Default)]
pub struct RegistrySet {
    list: Vec<Registry>,
    /// The files with `extends`.
    added: Vec<Registry>,
    /// The words of all upload commands, of all login commands and, after them, of commands that are no part of a registry.
    vocabulary: Arc<Vocabulary>,
    /// The positions of the upload and login commands in the vocabulary.
    commands: Range<usize>,
    /// The uploads that are actions or called workflows, each with the positions of its registry and of the pattern in it.
    upload_names: ActionNames<(usize, usize)>,
    /// The uploads that functions of build programs run, with the functions and the same positions.
    calls: Vec<((usize, usize), Vec<String>)>,
    /// The logins that are actions, each with the same positions.
    login_names: ActionNames<(usize, usize)>,
    /// The environment variables from which clients read a token.
    token_variables: BTreeSet<String>,
    /// The kinds of manifests.
    manifests: ManifestKinds,
}

impl RegistrySet {
    /// Resolves `like` (one level: the base must not have a `like` itself) and adds the files with `extends` to their registries.
    ///
    /// # Errors
    /// Names the registry whose `like` cannot be resolved.
    pub fn new(list: Vec<Registry>) -> Result<Self, String> {
        let (added, mut list): (Vec<_>, Vec<_>) = list.into_iter().partition(|registry| registry.extends.is_some());
        let is_base = |one: &&Registry| one.like.is_none() && list.iter().any(|it| it.like.as_ref() == Some(&one.id));
        let bases: Vec<Registry> = list.iter().filter(is_base).cloned().collect();
        for registry in &mut list {
            let Some(like) = &registry.like else { continue };
            let base = bases.iter().find(|base| base.id == *like);
            let base = base.ok_or_else(|| {
                format!("`like` of registry `{}` names `{like}`, which is not a registry without `like`", registry.id)
            })?;
            inherit(registry, base);
        }
        for file in &added {
            let base = list.iter_mut().find(|registry| Some(&registry.id) == file.extends.as_ref());
            // The user's uploads come first, so that they take precedence over the built-in ones.
            base.into_iter().for_each(|base| drop(base.uploads.splice(0..0, file.uploads.iter().cloned())));
        }
        list.sort_by(|left, right| left.id.cmp(&right.id));
        let positions = || list.iter().enumerate();
        let uploads: Vec<_> = positions()
            .flat_map(|(position, registry)| {
                let patterns = registry.uploads.iter().enumerate();
                patterns.map(move |(own, pattern)| ((position, own), UploadNames::of(pattern)))
            })
            .collect();
        let commands = uploads.iter().map(|(_, names)| names.spellings().collect::<Vec<_>>());
        let logins = list.iter().flat_map(|registry| &registry.logins);
        let logins = logins.map(|login| login.command.iter().collect());
        let mut vocabulary = Vocabulary::default();
        let commands = vocabulary.extend(commands.chain(logins));
        let vocabulary = Arc::new(vocabulary);
        let upload_names = uploads.iter();
        let upload_names = upload_names.flat_map(|(at, names)| names.names().map(move |name| (name.as_str(), *at)));
        let upload_names = upload_names.collect();
        let login_names = positions().flat_map(|(position, registry)| {
            let logins = registry.logins.iter().enumerate().filter(|(_, login)| !login.action.is_empty());
            logins.map(move |(own, login)| (login.action.as_str(), (position, own)))
        });
        let login_names = login_names.collect();
        let token_variables = uploads.iter().flat_map(|(_, names)| names.token_variables().cloned()).collect();
        let calls = uploads.into_iter().map(|(at, names)| (at, names.calls));
        let calls = calls.filter(|(_, calls)| !calls.is_empty()).collect();
        let manifests = list.iter().flat_map(|registry| &registry.manifests).collect();
        Ok(Self { list, added, vocabulary, commands, upload_names, calls, login_names, token_variables, manifests })
    }

    /// Every registry, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.list.iter()
    }

    /// The id of every file, the registry that it describes or extends, and its examples.
    pub fn examples(&self) -> impl Iterator<Item = (&str, &Registry, &RegistryExamples)> {
        let own = self.list.iter().map(|registry| (registry.id.as_str(), registry, &registry.examples));
        let added = self
            .added
            .iter()
            .filter_map(|file| Some((file.id.as_str(), self.get(file.extends.as_deref()?)?, &file.examples)));
        own.chain(added)
    }

    /// A registry by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.id == id)
    }

    /// The registry with that upload address.
    #[must_use]
    pub fn at(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.takes_uploads_at(url))
    }

    /// The registry that an address belongs to without accepting uploads there.
    #[must_use]
    pub fn refusing_uploads_at(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.refuses_uploads_at(url))
    }

    /// The registry with that client name, such as `pypi` or `crates-io`.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.endpoints.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The kinds of manifests of all registries.
    #[must_use]
    pub const fn manifests(&self) -> &ManifestKinds {
        &self.manifests
    }

    /// The upload patterns of all registries, with their registries.
    pub fn uploads(&self) -> impl Iterator<Item = (&Registry, &UploadPattern)> {
        self.lazy_uploads().map(|(registry, pattern)| (registry, &**pattern))
    }

    /// The same, without reading the patterns.
    fn lazy_uploads(&self) -> impl Iterator<Item = (&Registry, &Lazy<UploadPattern>)> {
        self.list.iter().flat_map(|registry| registry.uploads.iter().map(move |pattern| (registry, pattern)))
    }

    /// Whether the client of a registry reads its token from an environment variable.
    pub(crate) fn is_token_variable(&self, name: &str) -> bool {
        self.token_variables.contains(name)
    }

    /// The upload patterns for an action or a called workflow, with their registries.
    pub fn uploads_of(&self, name: &str) -> impl Iterator<Item = (&Registry, &UploadPattern)> {
        self.upload_names.entries(name).filter_map(|at| self.upload(at))
    }

    /// The upload patterns that a text may run by a function of a build program, with their registries.
    pub(crate) fn uploads_called_in(&self, text: &str) -> impl Iterator<Item = (&Registry, &UploadPattern)> {
        let called = self.calls.iter().filter(|(_, calls)| calls.iter().any(|call| text.contains(call)));
        called.filter_map(|(at, _)| self.upload(*at))
    }

    /// The upload pattern at the positions of its registry and of the pattern in it.
    fn upload(&self, (registry, pattern): (usize, usize)) -> Option<(&Registry, &UploadPattern)> {
        let registry = self.list.get(registry)?;
        Some((registry, registry.uploads.get(pattern)?))
    }

    /// The upload patterns whose commands a text may contain, judged by its words, with their registries.
    #[must_use]
    pub fn uploads_in(&self, text: &str) -> Vec<(&Registry, &UploadPattern)> {
        self.uploads_at(&self.vocabulary.commands_in(text))
    }

    /// The upload patterns whose commands the script of a step may contain, with their registries.
    pub(crate) fn uploads_in_step(
        &self,
        workflow: &Workflow<'_>,
        job: &Job<'_>,
        step: &Step<'_>,
    ) -> Vec<(&Registry, &UploadPattern)> {
        self.uploads_at(self.commands_in(workflow, job, step))
    }

    /// Adds commands to the vocabulary, so that a script is searched once for all, and returns it with their positions.
    pub(crate) fn add_commands<'s, S: IntoIterator<Item = &'s String>>(
        &mut self,
        commands: impl IntoIterator<Item = S>,
    ) -> (Arc<Vocabulary>, Range<usize>) {
        let positions = Arc::make_mut(&mut self.vocabulary).extend(commands);
        (Arc::clone(&self.vocabulary), positions)
    }

    /// The positions in the vocabulary of the uploads and logins that the script of a step may contain.
    fn commands_in<'s>(&self, workflow: &Workflow<'_>, job: &Job<'_>, step: &'s Step<'_>) -> &'s [usize] {
        self.vocabulary.commands_in_step(workflow, job, step, &self.commands)
    }

    fn uploads_at(&self, positions: &[usize]) -> Vec<(&Registry, &UploadPattern)> {
        if positions.is_empty() {
            return Vec::new();
        }
        let uploads = self.lazy_uploads().enumerate().filter(|(position, _)| positions.contains(position));
        uploads.map(|(_, (registry, pattern))| (registry, &**pattern)).collect()
    }

    /// The login patterns of all registries, with their registries.
    pub fn logins(&self) -> impl Iterator<Item = (&Registry, &LoginPattern)> {
        self.list.iter().flat_map(|registry| registry.logins.iter().map(move |login| (registry, login)))
    }

    /// The login patterns for an action, with their registries.
    pub(crate) fn logins_of(&self, name: &str) -> impl Iterator<Item = (&Registry, &LoginPattern)> {
        self.login_names.entries(name).filter_map(|(registry, login)| {
            let registry = self.list.get(registry)?;
            Some((registry, registry.logins.get(login)?))
        })
    }

    /// The login patterns whose command or address the script of a step may contain, with their registries.
    pub(crate) fn logins_in_step(
        &self,
        workflow: &Workflow<'_>,
        job: &Job<'_>,
        step: &Step<'_>,
    ) -> Vec<(&Registry, &LoginPattern)> {
        let Some(script) = step.script.map(|script| script.value()) else { return Vec::new() };
        let positions = self.commands_in(workflow, job, step);
        let has_address = script.contains("://");
        if positions.is_empty() && !has_address {
            return Vec::new();
        }
        let names_address =
            |login: &LoginPattern| has_address && login.address.as_ref().is_some_and(|it| script.contains(it));
        let logins = self.logins().zip(self.lazy_uploads().count()..);
        let found = logins.filter(|((_, login), position)| positions.contains(position) || names_address(login));
        found.map(|(login, _)| login).collect()
    }

    /// The versions of the client with that name.
    #[must_use]
    pub fn client(&self, name: &str) -> Option<&ClientVersions> {
        self.list.iter().find_map(|registry| registry.clients.get(name))
    }
}

fn inherit(registry: &mut Registry, base: &Registry) {
    if registry.record.is_empty() {
        registry.record.clone_from(&base.record);
    }
    if registry.events.refused.is_empty() && registry.events.allowed.is_empty() {
        registry.events = base.events.clone();
    }
    if registry.errors.is_empty() {
        registry.errors.clone_from(&base.errors);
    }
    if registry.imports.is_empty() {
        registry.imports.clone_from(&base.imports);
    }
    if registry.log_hints.is_empty() {
        registry.log_hints.clone_from(&base.log_hints);
    }
    if registry.set_up.first_release.is_empty() {
        let first_release = base.set_up.first_release.clone();
        registry.set_up = SetUpLinks { first_release, ..(*registry.set_up).clone() }.into();
    }
    if registry.manifests.is_empty() {
        registry.manifests.clone_from(&base.manifests);
        registry.names = base.names.clone();
        registry.builds = base.builds.clone();
        registry.metadata.clone_from(&base.metadata);
    }
    if registry.claims == ClaimRules::default() {
        registry.claims = base.claims.clone();
    }
}
