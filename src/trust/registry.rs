//! Registries as data (`rules/registries/<id>.yaml`): endpoints, the form's record, claims, uploads. No registry has code here.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cause::Cause;
use super::slot::pattern;
use super::upload::{ClientVersions, Login, Upload};
use crate::read::manifest;

/// How a claim is compared with a field of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Letter by letter.
    Exact,
    /// Ignoring case.
    IgnoreCase,
    /// By the repository's number, so that no name can contradict it.
    ById,
    /// A tag with `{{version}}` where the version stands.
    TagPattern,
    /// Another repository that holds the called workflow: left empty where the job stands in the repository itself.
    OwnRepository,
    /// A list, parted by commas, of which the claim is one.
    OneOf,
}

/// A claim that a field is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// The owner of the repository.
    Owner,
    /// The name of the repository.
    Repository,
    /// The workflow's file name.
    Workflow,
    /// The job's environment.
    Environment,
    /// The ref that the run is on.
    Ref,
    /// The repository of the workflow that holds the job.
    WorkflowRepository,
    /// The kind of upload; no claim of the token, but compared like one.
    Operation,
    /// The user that the login step names; no claim of the token, but compared like one.
    User,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 8] = [
        Self::Owner,
        Self::Repository,
        Self::Workflow,
        Self::Environment,
        Self::Ref,
        Self::WorkflowRepository,
        Self::Operation,
        Self::User,
    ];

    /// The word that facts and records use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Repository => "repository",
            Self::Workflow => "workflow",
            Self::Environment => "environment",
            Self::Ref => "ref",
            Self::WorkflowRepository => "workflow-repository",
            Self::Operation => "operation",
            Self::User => "user",
        }
    }
}

/// Which file the workflow claim names when one workflow calls another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
pub enum WorkflowClaim {
    /// The file that holds the job: the called one.
    #[serde(rename = "job_workflow_ref")]
    #[default]
    Called,
    /// The file that GitHub started: the calling one.
    #[serde(rename = "workflow_ref")]
    Caller,
    /// The registry does not read it.
    #[serde(rename = "none")]
    None,
}

/// A field of the registry's form.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Field {
    /// Its key in a config's publisher.
    pub name: String,
    /// What the form calls it.
    pub label: String,
    /// What people call it where they write it down.
    #[serde(default)]
    pub also: Vec<String>,
    /// Whether the form insists on it.
    #[serde(default)]
    pub required: bool,
    /// What the form accepts.
    pub pattern: Option<String>,
    /// How to say that it does not: "is no file name".
    #[serde(default)]
    pub complaint: String,
    /// The most characters.
    pub longest: Option<usize>,
    /// The claim it is compared with.
    pub claim: Option<Claim>,
    /// How.
    pub compare: Option<Comparison>,
    /// Set where the form holds the repository as `owner/name` in one field.
    #[serde(default)]
    pub whole: bool,
    /// What holds where the record does not say.
    pub default: Option<String>,
    /// A field that the form asks for whenever this one is filled in.
    pub with: Option<String>,
    /// A field that is a switch: while it is `false`, this one is not compared.
    pub switch: Option<String>,
    /// The event that this field, a switch, lets in.
    pub event: Option<String>,
}

/// Where uploads go.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Endpoints {
    /// Upload addresses; a final slash does not count.
    #[serde(default)]
    pub uploads: Vec<String>,
    /// What clients call the place.
    #[serde(default)]
    pub names: Vec<String>,
    /// Hosts of the registry.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Addresses, as globs, that belong to the registry and take no uploads.
    #[serde(default)]
    pub wrong: Vec<String>,
}

/// Links to the registry's forms.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetUp {
    /// The form of an existing package.
    pub project: Option<String>,
    /// The form for a first release.
    pub pending: Option<String>,
    /// What to do for a first release, as a sentence without a final period.
    #[serde(default)]
    pub first_release: String,
}

/// What is known of the token's claims.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClaimRules {
    /// Which file counts.
    #[serde(default)]
    pub workflow: WorkflowClaim,
}

/// What makes packages of a checkout.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Builds {
    /// Words of a script that build.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Actions that build.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Words of a job that mean that the version may come from elsewhere than the checkout's tags.
    #[serde(default)]
    pub opaque: Vec<String>,
}

/// When two names are one package's.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameRules {
    /// Whether case does not count.
    #[serde(default)]
    pub ignore_case: bool,
    /// Characters that are the same, alone and several in a row.
    #[serde(default)]
    pub separators: String,
    /// Words in a workflow's scripts that mean that a manifest may be changed, or another one taken.
    #[serde(default)]
    pub opaque: Vec<String>,
}

impl NameRules {
    /// Whether two names are one package's.
    #[must_use]
    pub fn same(&self, left: &str, right: &str) -> bool {
        self.normal(left) == self.normal(right)
    }

    fn normal(&self, name: &str) -> String {
        let mut normal = String::with_capacity(name.len());
        let mut separated = false;
        for letter in name.trim().chars() {
            let separator = self.separators.contains(letter);
            match (separator, separated) {
                (true, true) => {}
                (true, false) => normal.push('-'),
                (false, _) if self.ignore_case => normal.extend(letter.to_lowercase()),
                (false, _) => normal.push(letter),
            }
            separated = separator;
        }
        normal
    }
}

/// Which refs the registry takes.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RefRules {
    /// The only kinds of refs it takes (`tag`, `branch`); empty for all.
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// Which runners the registry takes.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunnerRules {
    /// Runners that its documents call unsupported, although uploads from there have been seen to work.
    #[serde(default)]
    pub unsupported: Vec<String>,
}

/// Which events the registry takes.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventRules {
    /// Events it refuses.
    #[serde(default)]
    pub refused: Vec<String>,
    /// The only events it takes; empty for all but the refused.
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// An error text of the registry or its clients.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ErrorText {
    /// A part of the text that no other error has.
    pub text: String,
    /// What it means.
    pub cause: String,
    /// What an upload was refused for when people see it; empty for a text that no upload's claims bring about.
    #[serde(default)]
    pub when: Vec<Cause>,
    /// The actions and commands that show it; empty for the registry's own words, which every client passes on.
    #[serde(default)]
    pub by: Vec<String>,
}

/// Steps that are uploads and steps that only look like one: the tests of this data.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Examples {
    /// Steps that upload to this registry.
    #[serde(default)]
    pub uploads: Vec<BTreeMap<String, serde_json::Value>>,
    /// Steps that do not.
    #[serde(default)]
    pub others: Vec<BTreeMap<String, serde_json::Value>>,
}

/// A registry.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registry {
    /// Its id: the file's stem.
    #[serde(skip)]
    pub id: String,
    /// The registry whose data holds where this file says nothing.
    pub like: Option<String>,
    /// The registry that this file only adds uploads to.
    pub extends: Option<String>,
    /// How people call it.
    #[serde(default)]
    pub name: String,
    /// When somebody last compared this with the registry.
    #[serde(default)]
    pub reviewed: String,
    /// Where the facts stand.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The audience of the OIDC token.
    #[serde(default)]
    pub audience: String,
    /// Whether it is a place for trials, where duplicates are normal.
    #[serde(default)]
    pub test: bool,
    /// Where uploads go.
    #[serde(default)]
    pub endpoints: Endpoints,
    /// Whole words of an environment's name that mean this registry.
    #[serde(default)]
    pub suggests: Vec<String>,
    /// Addresses of a package's page.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Links to its forms.
    #[serde(default)]
    pub set_up: SetUp,
    /// The form's fields.
    #[serde(default)]
    pub record: Vec<Field>,
    /// The token's claims.
    #[serde(default)]
    pub claims: ClaimRules,
    /// Events.
    #[serde(default)]
    pub events: EventRules,
    /// The files that name its packages and say how they are published.
    #[serde(default)]
    pub manifests: Vec<manifest::Kind>,
    /// When two names are one package's.
    #[serde(default)]
    pub names: NameRules,
    /// What makes its packages.
    #[serde(default)]
    pub builds: Builds,
    /// Whether an upload with provenance is refused unless the manifest gives the address of this repository.
    #[serde(default)]
    pub repository_in_manifest: bool,
    /// Refs.
    #[serde(default)]
    pub refs: RefRules,
    /// Runners.
    #[serde(default)]
    pub runners: RunnerRules,
    /// What uploads.
    #[serde(default)]
    pub uploads: Vec<Upload>,
    /// What logs in.
    #[serde(default)]
    pub logins: Vec<Login>,
    /// Clients by the name that `client:` of an upload uses.
    #[serde(default)]
    pub clients: BTreeMap<String, ClientVersions>,
    /// Error texts.
    #[serde(default)]
    pub errors: Vec<ErrorText>,
    /// Tests.
    #[serde(default)]
    pub examples: Examples,
}

impl Registry {
    /// A field of the record.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.record.iter().find(|field| field.name == name)
    }

    /// The field that a claim is compared with.
    #[must_use]
    pub fn field_of(&self, claim: Claim) -> Option<&Field> {
        self.record.iter().find(|field| field.claim == Some(claim))
    }

    /// Whether an address is one of its upload addresses.
    #[must_use]
    pub fn takes_uploads_at(&self, url: &str) -> bool {
        self.endpoints.uploads.iter().any(|known| same_address(known, url))
    }

    /// Whether an address is one of its own that takes no uploads.
    #[must_use]
    pub fn refuses_uploads_at(&self, url: &str) -> bool {
        let url = url.trim().trim_end_matches('/').to_lowercase();
        let matches = |glob: &String| pattern(glob).is_some_and(|glob| glob.is_match(&url));
        !self.takes_uploads_at(&url) && self.endpoints.wrong.iter().any(matches)
    }

    /// Whether an address is a page of one of its packages.
    #[must_use]
    pub fn owns_page(&self, url: &str) -> bool {
        let host = host(url);
        self.endpoints.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Addresses are the same whatever the case of their host and a final slash.
fn same_address(left: &str, right: &str) -> bool {
    left.trim_end_matches('/').eq_ignore_ascii_case(right.trim().trim_end_matches('/'))
}

/// The host of an address, without its port.
#[must_use]
pub fn host(url: &str) -> &str {
    let rest = url.trim().split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#', ':']).next().unwrap_or_default()
}

/// All registries, by id.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    list: Vec<Registry>,
}

impl Registries {
    /// Puts registries together: `like` is followed once, so that a registry may be like one that stands on its own.
    ///
    /// # Errors
    /// Names the registry whose `like` is not there.
    pub fn new(mut list: Vec<Registry>) -> Result<Self, String> {
        let originals = list.clone();
        for registry in &mut list {
            let Some(like) = &registry.like else { continue };
            let base = originals.iter().find(|other| other.id == *like && other.like.is_none());
            let base =
                base.ok_or_else(|| format!("registry `{}` is like `{like}`, which is no registry", registry.id))?;
            inherit(registry, base);
        }
        list.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(Self { list })
    }

    /// Every registry, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Registry> {
        self.list.iter()
    }

    /// A registry by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.id == id)
    }

    /// The registry that takes uploads at an address.
    #[must_use]
    pub fn at(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.takes_uploads_at(url))
    }

    /// The registry that an address belongs to although it takes no uploads there.
    #[must_use]
    pub fn beside(&self, url: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.refuses_uploads_at(url))
    }

    /// The registry that clients call so.
    #[must_use]
    pub fn called(&self, name: &str) -> Option<&Registry> {
        self.list.iter().find(|registry| registry.endpoints.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Every kind of manifest that some registry reads.
    pub fn manifests(&self) -> impl Iterator<Item = &manifest::Kind> {
        self.list.iter().flat_map(|registry| &registry.manifests)
    }

    /// Every upload that some registry describes, with that registry.
    pub fn uploads(&self) -> impl Iterator<Item = (&Registry, &Upload)> {
        self.list.iter().flat_map(|registry| registry.uploads.iter().map(move |upload| (registry, upload)))
    }

    /// Every login that some registry describes, with its registry.
    pub fn logins(&self) -> impl Iterator<Item = (&Registry, &Login)> {
        self.list.iter().flat_map(|registry| registry.logins.iter().map(move |login| (registry, login)))
    }

    /// A client's versions by the name that uploads use.
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
    if registry.set_up.first_release.is_empty() {
        registry.set_up.first_release.clone_from(&base.set_up.first_release);
    }
    if registry.manifests.is_empty() {
        registry.manifests.clone_from(&base.manifests);
        registry.names = base.names.clone();
        registry.builds = base.builds.clone();
    }
    registry.claims = base.claims.clone();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_as_the_registry_has_it() {
        let loose = NameRules { ignore_case: true, separators: "-_.".into(), ..NameRules::default() };
        assert!(loose.same("Acme__Demo.core", "acme-demo-core"));
        assert!(!loose.same("acmedemo", "acme-demo"));
        assert!(!NameRules::default().same("Demo", "demo"));
    }
}
