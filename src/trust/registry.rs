//! Registry data (`rules/registries/<id>.yaml`): endpoints, publisher form, claims, upload and login patterns.

pub(crate) mod action_names;
pub(crate) mod command;
pub mod exchange;
pub mod form;
pub mod import_format;
pub(crate) mod load;
pub(crate) mod opaque;
pub(crate) mod package_page;
pub(crate) mod plan;
pub mod set;
pub mod slot;
pub mod test;
pub mod upload_pattern;
pub(crate) mod vocabulary;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::trust::registry::upload_pattern::{
    ClientVersions, LoginPattern, PackageRule, UnsetVariableRule, UploadPattern,
};

use crate::read::command_list::CommandList;
use crate::read::data_file::Lazy;
use crate::read::glob::Glob;
use crate::read::manifest;
pub use crate::trust::registry::exchange::Exchange;
pub use crate::trust::registry::form::{Claim, Comparison, FormField, WorkflowClaim};
pub use crate::trust::registry::set::RegistrySet;
use crate::workflow::log_text::{ErrorText, LogHint};

/// The addresses of a registry.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryEndpoints {
    /// Upload addresses; a trailing slash is ignored.
    #[serde(default)]
    pub uploads: Vec<String>,
    /// Names that clients use for the registry, such as `pypi` in `twine upload -r pypi`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Hosts that belong to the registry.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Globs of addresses that belong to the registry but accept no uploads.
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
    /// How to publish the first release, as a sentence without a final period.
    #[serde(default)]
    pub first_release: String,
    /// The limit on publishers per package, if there is one, as a sentence without a final period.
    pub limit: Option<String>,
    /// The command that registers a publisher, if there is one.
    pub command: Option<SetUpCommand>,
}

/// A command that registers one publisher.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpCommand {
    /// What it needs, as a sentence without a final period.
    pub needs: String,
    /// Its words in order.
    pub words: Vec<SetUpWords>,
}

/// Some words of a [`SetUpCommand`] that belong together.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpWords {
    /// The words. `{field}` is the value of a field of the publisher form.
    pub are: Vec<String>,
    /// Left out if the form leaves one of these fields empty.
    #[serde(default)]
    pub with: Vec<String>,
    /// Left out unless the list in the field contains the value, as `field: value`.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
}

/// How the registry uses the token's workflow claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClaimRules {
    /// The claim that the registry compares with the publisher's workflow file.
    #[serde(default)]
    pub workflow: WorkflowClaim,
    /// The claim that the certificate of an attestation contains. The registry rejects an attestation whose certificate names another
    /// file than the publisher.
    pub certificate: Option<WorkflowClaim>,
    /// Whether the registry refuses a reusable workflow of another repository, whatever the publisher says.
    #[serde(default)]
    pub foreign_refused: bool,
}

/// How packages are built from a checkout.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BuildFacts {
    /// Commands that build packages.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Actions that build packages.
    #[serde(default)]
    pub actions: Vec<String>,
    /// The commands of them whose argument is the folder of the package or its manifest.
    #[serde(default)]
    pub with_argument: Vec<String>,
    /// Commands and actions that build packages, but never take the version from git tags.
    #[serde(default)]
    pub others: Vec<String>,
    /// Flags with the folder that the files are written to.
    #[serde(default)]
    pub out: Vec<String>,
    /// Flags with which a command builds nothing.
    #[serde(default)]
    pub unless: Vec<String>,
    /// How they choose the packages.
    #[serde(default)]
    pub packages: PackageRule,
    /// Commands, files and variables in a job after which the package version may not come from the git tags of the checkout.
    #[serde(default)]
    pub opaque: CommandList,
}

/// When two names mean the same package.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NameRules {
    /// Whether case is ignored.
    #[serde(default)]
    pub ignore_case: bool,
    /// Separator characters that are equal to each other; a run of them equals one.
    #[serde(default)]
    pub separators: String,
    /// Whether `*` in the package of a publisher stands for any characters.
    #[serde(default)]
    pub globs: bool,
    /// Commands and files in a workflow's scripts after which the manifest in the checkout may not be the one that is published.
    #[serde(default)]
    pub opaque: CommandList,
    /// Commands that change a manifest.
    #[serde(default)]
    pub edits: Vec<String>,
}

impl NameRules {
    /// Whether two names mean the same package. With `globs`, one of them may be the pattern of a publisher.
    #[must_use]
    pub fn same(&self, left: &str, right: &str) -> bool {
        let (left, right) = (self.normal(left), self.normal(right));
        let covers = |pattern: &str, name: &str| pattern.contains('*') && Glob::from(pattern).is_match(name);
        left == right || (self.globs && (covers(&left, &right) || covers(&right, &left)))
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

/// The refs that the registry accepts.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RefRules {
    /// The accepted kinds of refs (`tag`, `branch`); empty means all.
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// The runners that the registry accepts.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunnerRules {
    /// Runners that the registry's documentation calls unsupported. Uploads from them may still work.
    #[serde(default)]
    pub unsupported: Vec<String>,
}

/// The events that the registry accepts.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventRules {
    /// Refused events.
    #[serde(default)]
    pub refused: Vec<String>,
    /// The only accepted events; empty means all except `refused`.
    #[serde(default)]
    pub allowed: Vec<String>,
}

/// The names that the OIDC token of a repository may publish, where a manifest contains the name instead of a publisher form.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Namespace {
    /// The manifest.
    pub manifest: String,
    /// The dotted key of the name.
    pub key: String,
    /// The start of the allowed names, with `{owner}` for the owner of the repository. Case counts.
    pub allowed: String,
}

/// A list in a manifest of packages in other registries.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageList {
    /// The manifest.
    pub manifest: String,
    /// The dotted key of the list.
    pub list: String,
    /// The key of an item for the registry.
    pub registry: String,
    /// The key of an item for the package.
    pub package: String,
    /// The key of an item for the version.
    pub version: String,
    /// How packages of each registry are recognised.
    pub kinds: Vec<ListedPackage>,
    /// Commands that change no manifest. After any other command, versions are unknown.
    #[serde(default)]
    pub inert: Vec<String>,
    /// Commands that may wait until a package is in its registry.
    #[serde(default)]
    pub waits: Vec<String>,
}

/// A kind of package in a [`PackageList`].
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListedPackage {
    /// The item's value for the registry.
    pub is: String,
    /// The id of the registry.
    pub registry: String,
    /// The key in the package's manifest that must contain the name of the listing manifest.
    pub mark: Option<String>,
    /// Keys in the package's manifest that name its README.
    #[serde(default)]
    pub readme: Vec<String>,
    /// The text that the README must contain, with `{name}` for the name of the listing manifest.
    pub readme_mark: Option<String>,
}

/// A version of package metadata that build backends write and that older programs cannot read.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MetadataVersion {
    /// The version of the metadata.
    pub version: String,
    /// The date of the first backend that writes it.
    pub date: String,
    /// The manifest that lists the build requirements.
    pub manifest: String,
    /// The dotted key of that list.
    pub key: String,
    /// The backends that write it, with their first version.
    pub writers: BTreeMap<String, String>,
    /// The actions that upload or check packages, with their first version that reads it.
    pub readers: BTreeMap<String, String>,
}

/// Prerelease versions, which a client refuses without a dist-tag.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PrereleaseRule {
    /// The first version of the client that refuses them.
    pub since: String,
    /// Globs of versions that a tool replaces before the upload.
    #[serde(default)]
    pub placeholders: Vec<Glob>,
    /// Words in the names of commands and actions that may write a version.
    #[serde(default)]
    pub writers: Vec<String>,
    /// Commands that write no version, whatever their words.
    #[serde(default)]
    pub inert: Vec<String>,
}

/// When stored tokens of the registry stop working.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenEnd {
    /// The first day on which they do not work, `2026-12-01`, or the month.
    pub date: String,
    /// What ends and what to use instead, as the end of a sentence.
    pub text: String,
    /// Whether every upload with a stored token fails from that day on.
    #[serde(default)]
    pub certain: bool,
}

/// Steps that are uploads and steps that only look like uploads. The tests check them.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RegistryExamples {
    /// Steps that upload to this registry.
    #[serde(default)]
    pub uploads: Vec<BTreeMap<String, serde_json::Value>>,
    /// Steps that do not upload to this registry.
    #[serde(default)]
    pub others: Vec<BTreeMap<String, serde_json::Value>>,
}

/// One registry file.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registry {
    /// The id: the stem of the file name.
    #[serde(skip)]
    pub id: String,
    /// The registry whose values this file inherits for keys that it does not set.
    pub like: Option<String>,
    /// The registry that this file adds uploads to. Such a file may contain nothing else.
    pub extends: Option<String>,
    /// The name of the registry in messages.
    #[serde(default)]
    pub name: String,
    /// The date on which the facts were last checked.
    #[serde(default)]
    pub reviewed: String,
    /// The sources of the facts.
    #[serde(default)]
    pub sources: Lazy<Vec<String>>,
    /// The audience of the OIDC token.
    #[serde(default)]
    pub audience: String,
    /// Globs of the addresses that exchange the OIDC token for a token of the registry, and of others that look alike.
    #[serde(default)]
    pub exchanges: Vec<Glob>,
    /// Whether it is a test registry, where duplicate uploads are normal.
    #[serde(default)]
    pub test: bool,
    /// Its addresses.
    #[serde(default)]
    pub endpoints: RegistryEndpoints,
    /// Words in an environment's name that refer to this registry.
    #[serde(default)]
    pub suggests: Vec<String>,
    /// Address templates of a package's page, with `{package}` for its name.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Links to its publisher forms.
    #[serde(default)]
    pub set_up: Lazy<SetUpLinks>,
    /// The fields of the publisher form.
    #[serde(default)]
    pub record: Vec<FormField>,
    /// The workflow claims.
    #[serde(default)]
    pub claims: ClaimRules,
    /// The accepted events.
    #[serde(default)]
    pub events: EventRules,
    /// Manifests: the files that hold a package's name and publishing options.
    #[serde(default)]
    pub manifests: Vec<manifest::ManifestKind>,
    /// When two names mean the same package.
    #[serde(default)]
    pub names: NameRules,
    /// The endings of the files that are uploaded.
    #[serde(default)]
    pub files: Vec<String>,
    /// How its packages are built.
    #[serde(default)]
    pub builds: BuildFacts,
    /// Whether the registry refuses provenance unless the manifest contains the address of this repository.
    #[serde(default)]
    pub repository_in_manifest: bool,
    /// The accepted refs.
    #[serde(default)]
    pub refs: RefRules,
    /// The accepted runners.
    #[serde(default)]
    pub runners: RunnerRules,
    /// The steps, commands and called workflows that upload.
    #[serde(default)]
    pub uploads: Vec<Lazy<UploadPattern>>,
    /// Commands of its clients that need a stored token, because trusted publishing covers uploads only.
    #[serde(default)]
    pub uncovered: Vec<String>,
    /// The steps that exchange the OIDC token for a token of the registry.
    #[serde(default)]
    pub logins: Vec<LoginPattern>,
    /// The clients, by the name that `client:` of an upload refers to.
    #[serde(default)]
    pub clients: BTreeMap<String, ClientVersions>,
    /// The names that a token may publish.
    pub namespace: Option<Namespace>,
    /// The packages of other registries that its manifest lists.
    pub packages: Option<PackageList>,
    /// Versions of the metadata in its packages that older actions cannot read.
    #[serde(default)]
    pub metadata: Vec<MetadataVersion>,
    /// Prerelease versions that its client refuses.
    pub prereleases: Option<PrereleaseRule>,
    /// Programs that stop because a file that an action wrote names a variable without a value.
    #[serde(default)]
    pub unset_variables: Vec<UnsetVariableRule>,
    /// When stored tokens stop working.
    pub tokens_end: Option<TokenEnd>,
    /// How the OIDC token is exchanged for a token of the registry; absent if the registry has no exchange, or none is documented.
    pub exchange: Option<Exchange>,
    /// Whether the registry has no trusted publishing.
    #[serde(default)]
    pub without_trusted_publishing: bool,
    /// The kinds of files that show its publishers.
    #[serde(default)]
    pub imports: Lazy<Vec<import_format::ImportFormat>>,
    /// Parts of log messages that do not decide a cause, with what they mean.
    #[serde(default)]
    pub log_hints: Lazy<Vec<LogHint>>,
    /// The error messages of the registry and its clients.
    #[serde(default)]
    pub errors: Lazy<Vec<ErrorText>>,
    /// Example steps, which the tests check.
    #[serde(default)]
    pub examples: RegistryExamples,
}

impl Registry {
    /// The form field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&FormField> {
        self.record.iter().find(|field| field.name == name)
    }

    /// The form field that the registry compares with a claim.
    #[must_use]
    pub fn field_of(&self, claim: Claim) -> Option<&FormField> {
        self.record.iter().find(|field| field.claim == Some(claim))
    }

    /// Whether an address is one of its upload addresses.
    #[must_use]
    pub fn takes_uploads_at(&self, url: &str) -> bool {
        self.endpoints.uploads.iter().any(|known| same_address(known, url))
    }

    /// Whether an address belongs to the registry but accepts no uploads.
    #[must_use]
    pub fn refuses_uploads_at(&self, url: &str) -> bool {
        let url = url.trim().trim_end_matches('/').to_lowercase();
        !self.takes_uploads_at(&url) && self.endpoints.wrong.iter().any(|glob| glob.is_match(&url))
    }

    /// Whether the host of an address belongs to the registry.
    #[must_use]
    pub fn owns_page(&self, url: &str) -> bool {
        let host = host(url);
        self.endpoints.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

/// Compares addresses ignoring case and a trailing slash.
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
    fn names_are_normalized_before_they_are_compared() {
        let loose = NameRules { ignore_case: true, separators: "-_.".into(), ..NameRules::default() };
        assert!(loose.same("Acme__Demo.core", "acme-demo-core"));
        assert!(!loose.same("acmedemo", "acme-demo"));
        assert!(!NameRules::default().same("Demo", "demo"));
    }
}
