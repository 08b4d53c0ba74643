//! Registries as data (`rules/registries/<id>.yaml`): endpoints, the form's record, claims, uploads. No registry has code here.

pub mod command;
pub mod form;
pub mod load;
pub mod package;
pub mod plan;
pub mod set;
pub mod slot;
pub mod test;
pub mod upload_pattern;
pub mod vocabulary;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::trust::cause::RefusalCause;
use crate::trust::registry::upload_pattern::{ClientVersions, LoginPattern, UploadPattern};

use crate::read::glob::Glob;
use crate::read::manifest;
pub use crate::trust::registry::form::{Claim, Comparison, FormField, WorkflowClaim};
pub use crate::trust::registry::set::RegistrySet;

/// Where uploads go.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryEndpoints {
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
    pub wrong: Vec<Glob>,
}

/// Links to the registry's forms.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetUpLinks {
    /// The form of an existing package.
    pub project: Option<String>,
    /// The form for a first release.
    pub pending: Option<String>,
    /// What to do for a first release, as a sentence without a final period.
    #[serde(default)]
    pub first_release: String,
    /// How many records one package can have, where that is not any number: what to know, as a sentence without a final period.
    pub limit: Option<String>,
}

/// What is known of the token's claims.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClaimRules {
    /// Which file counts.
    #[serde(default)]
    pub workflow: WorkflowClaim,
    /// Which file the certificate of an attestation names. Where that is another file than the record's, the attestation is refused.
    pub certificate: Option<WorkflowClaim>,
    /// Set where a called workflow of another repository is refused, whatever the record says.
    #[serde(default)]
    pub foreign_refused: bool,
}

/// What makes packages of a checkout.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildFacts {
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
    pub when: Vec<RefusalCause>,
    /// The actions and commands that show it; empty for the registry's own words, which every client passes on.
    #[serde(default)]
    pub by: Vec<String>,
}

/// Steps that are uploads and steps that only look like one: the tests of this data.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryExamples {
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
    pub endpoints: RegistryEndpoints,
    /// Whole words of an environment's name that mean this registry.
    #[serde(default)]
    pub suggests: Vec<String>,
    /// Addresses of a package's page.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Links to its forms.
    #[serde(default)]
    pub set_up: SetUpLinks,
    /// The form's fields.
    #[serde(default)]
    pub record: Vec<FormField>,
    /// The token's claims.
    #[serde(default)]
    pub claims: ClaimRules,
    /// Events.
    #[serde(default)]
    pub events: EventRules,
    /// The files that name its packages and say how they are published.
    #[serde(default)]
    pub manifests: Vec<manifest::ManifestKind>,
    /// When two names are one package's.
    #[serde(default)]
    pub names: NameRules,
    /// What makes its packages.
    #[serde(default)]
    pub builds: BuildFacts,
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
    pub uploads: Vec<UploadPattern>,
    /// What logs in.
    #[serde(default)]
    pub logins: Vec<LoginPattern>,
    /// Clients by the name that `client:` of an upload uses.
    #[serde(default)]
    pub clients: BTreeMap<String, ClientVersions>,
    /// Error texts.
    #[serde(default)]
    pub errors: Vec<ErrorText>,
    /// Tests.
    #[serde(default)]
    pub examples: RegistryExamples,
}

impl Registry {
    /// A field of the record.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FormField> {
        self.record.iter().find(|field| field.name == name)
    }

    /// The field that a claim is compared with.
    #[must_use]
    pub fn field_of(&self, claim: Claim) -> Option<&FormField> {
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
        !self.takes_uploads_at(&url) && self.endpoints.wrong.iter().any(|glob| glob.is_match(&url))
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
