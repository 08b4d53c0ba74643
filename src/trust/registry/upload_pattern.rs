//! Steps that upload and steps that log in, as data describes them. It finds none of them in any workflow.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::read::glob::Glob;
use crate::trust::registry::plan::PublishPlan;
use crate::trust::registry::slot::{Slot, SlotChoice};

/// Whether a client can ask for the OIDC token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OidcSupport {
    /// It can.
    Native,
    /// It cannot, and needs a token.
    #[default]
    None,
}

/// What a client tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialOrder {
    /// A token, where there is one.
    #[default]
    TokenFirst,
    /// The OIDC token, where there is one.
    OidcFirst,
}

/// How a client learns where to upload.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EndpointRule {
    /// The registry it uploads to when nothing says otherwise; left out where only a file on the runner says it.
    #[serde(default)]
    pub default: String,
    /// What may say otherwise, the strongest first.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Lists in which a project explains the names that it gives to places; they win over the registries' own names.
    #[serde(default)]
    pub explained: Vec<NameList>,
    /// Texts that may say otherwise in a way this data does not describe.
    #[serde(default)]
    pub opaque: Vec<Slot>,
}

/// A list in a file of the project whose items give an address a name.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameList {
    /// The name of the file.
    pub manifest: String,
    /// The key of the list, its parts joined by dots.
    pub list: String,
    /// An item's key for the name.
    pub name: String,
    /// An item's key for the address.
    pub url: String,
}

/// The user that a client uploads as.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UserRule {
    /// Where it is given.
    pub slots: Vec<Slot>,
    /// The users that leave trusted publishing on.
    pub anonymous: Vec<String>,
}

/// A switch that is on or off.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FlagSwitch {
    /// Where it is given.
    pub slots: Vec<Slot>,
    /// What holds when it is not.
    pub default: bool,
}

/// Where an upload looks for files.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FilesRule {
    /// Where the folder is given.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Whether the command's own arguments are the files.
    #[serde(default)]
    pub arguments: bool,
    /// The folder where nothing is given.
    pub folder: Option<String>,
    /// Flags of which one must stand there; without one the command makes the files itself.
    #[serde(default)]
    pub only_with: Vec<String>,
    /// Flags with which the command makes the files itself.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// What is known of an action's refs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ActionRefs {
    /// The first version that can do trusted publishing.
    pub since: Option<String>,
    /// Versions and branches, as globs, that no longer work or are no longer kept.
    #[serde(default)]
    pub sunset: Vec<Glob>,
    /// Refs that the maker recommends although they move.
    #[serde(default)]
    pub recommended: Vec<Glob>,
    /// Refs, as globs, that the maker never had.
    #[serde(default)]
    pub nonexistent: Vec<Glob>,
    /// Commits that no image was built for, with what they are.
    #[serde(default)]
    pub without_image: BTreeMap<String, String>,
    /// Commits with the version they are.
    #[serde(default)]
    pub commits: BTreeMap<String, String>,
}

/// A step, command or called workflow that uploads.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UploadPattern {
    /// The action, `owner/name` or `owner/name/path`.
    pub action: Option<String>,
    /// The command, as its words.
    pub command: Option<String>,
    /// The reusable workflow, `owner/name/.github/workflows/file.yml`.
    pub workflow: Option<String>,
    /// Other spellings of the command, or other names of the action or of the workflow.
    #[serde(default)]
    pub also: Vec<String>,
    /// The input in which the action takes the words of the command that it runs, behind the command's name: flags are looked for there.
    pub arguments: Option<String>,
    /// Of a command whose other words cannot be told from flags, the flags with a value behind them: a word that only the run knows, and
    /// that is not such a value, may then be any flag.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// Wrappers that may stand before it, as their words.
    #[serde(default)]
    pub via: Vec<String>,
    /// Whether the client can ask for the OIDC token.
    pub oidc: OidcSupport,
    /// The first version that can.
    pub since: Option<String>,
    /// The newest version that was seen not to.
    pub checked: Option<String>,
    /// What it tries first.
    #[serde(default)]
    pub order: CredentialOrder,
    /// Where it uploads to.
    pub endpoint: EndpointRule,
    /// Where a token is given.
    #[serde(default)]
    pub tokens: Vec<Slot>,
    /// Where a password is given that is tried only after the OIDC token.
    #[serde(default)]
    pub passwords: Vec<Slot>,
    /// The user.
    pub user: Option<UserRule>,
    /// Words in the job's scripts that mean credentials nobody can see here.
    #[serde(default)]
    pub opaque: Vec<String>,
    /// Slots of which one with one of these values switches the client's own OIDC off.
    #[serde(default)]
    pub off: Vec<SlotChoice>,
    /// Set where the project's own settings decide whether it uploads to this registry at all: then only a credential proves that it does.
    #[serde(default)]
    pub project_decides: bool,
    /// Where a calling job gives the environment of the job that uploads.
    #[serde(default)]
    pub environment: Vec<Slot>,
    /// What the record must allow for it, where the registry's form lists kinds of uploads.
    pub operation: Option<String>,
    /// The client among `clients:` whose version decides.
    pub client: Option<String>,
    /// Whether attestations are uploaded with it.
    pub attestations: Option<FlagSwitch>,
    /// Where it looks for the files; left out where it makes them itself.
    pub files: Option<FilesRule>,
    /// Set where it cannot run as a step of a composite action.
    #[serde(default)]
    pub refused_in_actions: bool,
    /// Where duplicates are waved through.
    #[serde(default)]
    pub skip_existing: Vec<Slot>,
    /// The only systems it runs on.
    #[serde(default)]
    pub systems: Vec<String>,
    /// Flags with which the command works on another folder than its own.
    #[serde(default)]
    pub other_folder: Vec<String>,
    /// Words that make it upload nothing.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Slots that must hold one of some values for it to upload.
    #[serde(default)]
    pub only_with: Vec<SlotChoice>,
    /// The files of the project that may say the same.
    pub plan: Option<PublishPlan>,
    /// Of a called workflow, the condition under which it uploads, in GitHub's own language. It sees `github`, and in `inputs` the texts
    /// that the calling job gives.
    pub only_if: Option<String>,
    /// Of a called workflow, the defaults of the inputs that the condition reads.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// Set where the command's own argument is the folder of the package.
    #[serde(default)]
    pub takes_folder: bool,
    /// Every input of the action, so that a misspelt one can be told.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The action's refs.
    #[serde(default)]
    pub refs: ActionRefs,
}

impl UploadPattern {
    /// Every spelling of the command; none of an upload that is no command.
    pub fn spellings(&self) -> impl Iterator<Item = &String> {
        self.command.iter().chain(self.command.iter().flat_map(|_| &self.also))
    }

    /// Every name of the action or of the called workflow; none of an upload that is a command.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let own = self.action.iter().chain(&self.workflow);
        own.chain(if self.command.is_none() { self.also.as_slice() } else { &[] })
    }
}

/// A step that trades the OIDC token for one of the registry.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginPattern {
    /// The action.
    pub action: String,
    /// The output that holds the token.
    pub output: Option<String>,
    /// Environment variables that it sets for the steps after it.
    #[serde(default)]
    pub exports: Vec<String>,
    /// Where the token is fetched.
    #[serde(default)]
    pub endpoint: EndpointRule,
    /// Where it is told whose records count.
    pub user: Option<Slot>,
    /// Slots that must hold one of some values for it to ask for the OIDC token.
    #[serde(default)]
    pub only_with: Vec<SlotChoice>,
    /// Set where the action does much else, so that the step alone does not mean that anything is published.
    #[serde(default)]
    pub does_else: bool,
    /// The action's refs.
    #[serde(default)]
    pub refs: ActionRefs,
}

/// What is known of a client's versions.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientVersions {
    /// The first version that can do trusted publishing.
    pub minimum: String,
    /// Names under which it is installed, as in `name==1.2` or `name@1.2`.
    #[serde(default)]
    pub installed_as: Vec<String>,
    /// Actions that bring it.
    #[serde(default)]
    pub tools: Vec<ClientTool>,
    /// Words in a script that mean its version may have changed in a way this data does not describe.
    #[serde(default)]
    pub opaque: Vec<String>,
}

/// An action that brings a client.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientTool {
    /// The action.
    pub action: String,
    /// The input that chooses the version.
    pub input: String,
    /// The client's version by what the input begins with, where the input chooses something that contains the client; empty where it
    /// is the client's own version.
    #[serde(default)]
    pub contains: BTreeMap<String, String>,
}
