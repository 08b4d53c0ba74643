//! Patterns for steps that upload and steps that log in. `trust::upload::site` matches them against workflows.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::data_file::Lazy;
use crate::read::glob::Glob;
use crate::read::manifest::{Manifest, ManifestValue, PackageSign, ProjectSetting};
use crate::trust::registry::plan::PublishPlan;
use crate::trust::registry::slot::{Slot, SlotChoice};

/// Whether a client requests the OIDC token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OidcSupport {
    /// It does.
    Native,
    /// It does not, and needs a token.
    #[default]
    None,
}

/// The credential that a client tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialOrder {
    /// No source states it.
    #[default]
    Unknown,
    /// A configured token, if there is one.
    TokenFirst,
    /// The OIDC token, if it can be requested.
    OidcFirst,
}

/// How a client chooses the registry.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EndpointRule {
    /// The default registry; left out if only a file on the runner decides.
    #[serde(default)]
    pub default: String,
    /// The slots that override the default, strongest first.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Lists in which a project defines names for addresses. They take precedence over the registries' own names.
    #[serde(default)]
    pub explained: Vec<NameList>,
    /// Commands before the upload that define names for addresses.
    #[serde(default)]
    pub set_by: Vec<NameCommand>,
    /// Slots that may override the default in a way this data does not describe.
    #[serde(default)]
    pub opaque: Vec<Slot>,
}

/// A list in a file of the project whose items define names for addresses.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameList {
    /// The name of the file.
    pub manifest: String,
    /// The dotted key of the list.
    pub list: String,
    /// The key of the name in an item.
    pub name: String,
    /// The key of the address in an item.
    pub url: String,
}

/// A command that defines a name for an address: `poetry config repositories.NAME URL`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameCommand {
    /// The words of the command.
    pub command: String,
    /// The start of the argument that ends with the name; the next argument is the address.
    pub key: String,
}

/// How a command reads its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentRule {
    /// As a path.
    #[default]
    Path,
    /// A word with one slash is a repository at GitHub, unless it begins with `./`.
    Shorthand,
    /// It has none.
    None,
}

/// The user that a client uploads as.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UserRule {
    /// The slots of the user name.
    pub slots: Vec<Slot>,
    /// User names with which trusted publishing stays on.
    pub anonymous: Vec<String>,
}

/// An option that is on or off.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FlagSwitch {
    /// The slots of the option.
    pub slots: Vec<Slot>,
    /// The value if no slot is set.
    pub default: bool,
    /// The first version of the action with this default. Older versions have the opposite one.
    pub since: Option<String>,
}

/// Where an upload looks for the files to upload.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FilesRule {
    /// The slots of the folder.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// Whether the arguments of the command are the files.
    #[serde(default)]
    pub arguments: bool,
    /// The default folder.
    pub folder: Option<String>,
    /// Flags of which one is required; without one the command builds the files itself.
    #[serde(default)]
    pub only_with: Vec<String>,
    /// Flags with which the command builds the files itself.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// A list in a file of the project whose items say which packages a release tool does not upload.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOutList {
    /// The name of the file, or a glob.
    pub file: Glob,
    /// The dotted key of the list.
    pub list: String,
    /// The key of an item with the name of the package.
    pub name: String,
    /// The key of an item that is `false` if the package is left out.
    pub key: String,
    /// The dotted key of the file that counts for packages without an item or without the key.
    pub default: String,
}

/// An input of an action with a command.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandInput {
    /// The input.
    pub input: String,
    /// The words of the command.
    pub runs: String,
    /// Whether the action runs the command itself if the input is not set.
    #[serde(default)]
    pub otherwise: bool,
}

/// How a command or an action chooses the packages that it uploads or builds. Without any of these it takes the package of its folder.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageRule {
    /// Flags with the name of a package.
    #[serde(default)]
    pub names: Vec<String>,
    /// Inputs of the action or called workflow with the name of a package.
    #[serde(default)]
    pub named_by: Vec<String>,
    /// Flags with the path of a manifest.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// Flags with the folder of the package.
    #[serde(default)]
    pub folders: Vec<String>,
    /// Inputs of the action with the folder of the package, or with the path of its manifest.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Flags with the name or the folder of a member of the workspace, or with a glob of names.
    #[serde(default)]
    pub members: Vec<String>,
    /// Flags with which it takes each public package of the workspace.
    #[serde(default)]
    pub each: Vec<String>,
    /// Whether it always takes each public package of the workspace.
    #[serde(default)]
    pub always_each: bool,
    /// Whether the package of the workspace's own folder is not one of them.
    #[serde(default)]
    pub without_root: bool,
    /// Whether a file that only lists manifests stands for each package that it lists.
    #[serde(default)]
    pub lists: bool,
    /// Flags with the name of a package that it leaves out.
    #[serde(default)]
    pub except: Vec<String>,
    /// Settings that leave packages out.
    #[serde(default)]
    pub left_out: Vec<LeftOutList>,
    /// Whether the argument of the command is the folder of the package or its manifest.
    #[serde(default)]
    pub argument: bool,
    /// Other flags that have a value.
    #[serde(default)]
    pub valued: Vec<String>,
    /// Whether the manifest must be in the folder itself, not in one above.
    #[serde(default)]
    pub only_here: bool,
}

/// Facts about the refs of an action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ActionRefs {
    /// The first version with trusted publishing.
    pub since: Option<String>,
    /// Globs of versions and branches that no longer work or are no longer maintained.
    #[serde(default)]
    pub sunset: Vec<Glob>,
    /// Globs of mutable refs that the maintainer recommends.
    #[serde(default)]
    pub recommended: Vec<Glob>,
    /// Globs of refs that have never existed.
    #[serde(default)]
    pub nonexistent: Vec<Glob>,
    /// Commits without a container image, each with a description.
    #[serde(default)]
    pub without_image: BTreeMap<String, String>,
    /// Commits and their versions.
    #[serde(default)]
    pub commits: BTreeMap<String, String>,
}

/// An input with a command that runs a script of `package.json`, such as `npm run release`.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptInput {
    /// The input.
    pub input: String,
    /// A script without any of these words uploads nothing.
    pub words: Vec<String>,
}

/// A step, command or called workflow that uploads.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UploadPattern {
    /// The action, `owner/name` or `owner/name/path`.
    pub action: Option<String>,
    /// The words of the command.
    pub command: Option<String>,
    /// The reusable workflow, `owner/name/.github/workflows/file.yml`.
    pub workflow: Option<String>,
    /// Other spellings of the command, or other names of the action or of the workflow.
    #[serde(default)]
    pub also: Vec<String>,
    /// Functions of build programs that run the command.
    #[serde(default)]
    pub calls: Vec<String>,
    /// The input with the arguments of the command that the action runs. Flags are searched in it.
    pub arguments: Option<String>,
    /// The flags that take a value, for a command whose other arguments cannot be distinguished from flags. Any other word of unknown
    /// value may then be a flag.
    #[serde(default)]
    pub value_flags: Vec<String>,
    /// Wrappers that may precede the command, each as words.
    #[serde(default)]
    pub via: Vec<String>,
    /// Whether the client requests the OIDC token itself.
    pub oidc: OidcSupport,
    /// Whether the registry has no trusted publishing for what this uploads, so that only a stored token can upload it.
    #[serde(default)]
    pub without_trusted_publishing: bool,
    /// The first version that does.
    pub since: Option<String>,
    /// The newest version that was checked and does not.
    pub checked: Option<String>,
    /// The credential that it tries first.
    #[serde(default)]
    pub order: CredentialOrder,
    /// How it chooses the registry.
    pub endpoint: EndpointRule,
    /// The slots of a token.
    #[serde(default)]
    pub tokens: Vec<Slot>,
    /// The slots of a password that is tried only after the OIDC token.
    #[serde(default)]
    pub passwords: Vec<Slot>,
    /// The user name.
    pub user: Option<UserRule>,
    /// Words in the job's scripts after which the credential is unknown.
    #[serde(default)]
    pub opaque: Vec<String>,
    /// Slots whose values turn the client's own OIDC off.
    #[serde(default)]
    pub off: Vec<SlotChoice>,
    /// Whether the project's configuration decides if it uploads to this registry. Then only a credential proves that it does.
    #[serde(default)]
    pub project_decides: bool,
    /// Signs in the project's files that it does upload to this registry.
    #[serde(default)]
    pub decided_by: Vec<ProjectSign>,
    /// What to upload with instead of a client that cannot do trusted publishing, as the end of a sentence.
    pub instead: Option<String>,
    /// Variables of the step with which the client requests the OIDC token. In a value, `{fact}` is replaced by the fact of the upload.
    #[serde(default)]
    pub enabled_by: BTreeMap<String, String>,
    /// The slots in which a calling job sets the environment of the uploading job.
    #[serde(default)]
    pub environment: Vec<Slot>,
    /// The kind of upload that the publisher must allow, if the form lists kinds of uploads.
    pub operation: Option<String>,
    /// The entry of `clients:` whose version decides.
    pub client: Option<String>,
    /// The input with a command that must run this program, directly or in a script of `package.json`; else the client is unknown.
    pub client_if: Option<CommandInput>,
    /// Flags of which one must be set, or the command asks a question, which has no answer in a workflow.
    #[serde(default)]
    pub asks_unless: Vec<String>,
    /// How the command reads its argument, where it is not simply a path.
    #[serde(default)]
    pub argument: ArgumentRule,
    /// Flags with a value, which is no argument.
    #[serde(default)]
    pub argument_flags: Vec<String>,
    /// The slots for a dist-tag; see `prereleases` of the registry.
    #[serde(default)]
    pub dist_tag: Vec<Slot>,
    /// Whether it uploads attestations.
    pub attestations: Option<FlagSwitch>,
    /// Where it looks for the files; left out if it builds them itself.
    pub files: Option<FilesRule>,
    /// Whether it cannot run inside a composite action.
    #[serde(default)]
    pub refused_in_actions: bool,
    /// The slots of the address at which it looks for files that exist already.
    #[serde(default)]
    pub existing: Vec<Slot>,
    /// The slots of an option that accepts duplicates.
    #[serde(default)]
    pub skip_existing: Vec<Slot>,
    /// The operating systems that it runs on; empty means all.
    #[serde(default)]
    pub systems: Vec<String>,
    /// Flags that make the command work on another folder.
    #[serde(default)]
    pub other_folder: Vec<String>,
    /// Words with which it uploads nothing.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Slots that must contain one of some values for it to upload.
    #[serde(default)]
    pub only_with: Vec<SlotChoice>,
    /// Signs in the project's files of which one is required.
    #[serde(default)]
    pub only_in: Vec<ProjectSign>,
    /// Slots of which none may have a value.
    #[serde(default)]
    pub only_without: Vec<Slot>,
    /// The input with a command of which a script in `package.json` may show that it uploads nothing.
    pub script: Option<ScriptInput>,
    /// The files of the project that may also decide that it uploads.
    pub plan: Option<PublishPlan>,
    /// The condition under which a called workflow uploads, as a GitHub expression over `github` and the `inputs` that the calling job
    /// passes.
    pub only_if: Option<String>,
    /// The defaults of the inputs that `only-if` reads.
    #[serde(default)]
    pub defaults: BTreeMap<String, String>,
    /// How it chooses the packages; left out if only the project's manifests tell.
    pub packages: Option<PackageRule>,
    /// All inputs of the action, to detect misspelt ones.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The refs of the action.
    #[serde(default)]
    pub refs: ActionRefs,
}

/// A sign in a file of the project.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectSign {
    /// The name of the file, or a glob.
    pub file: Glob,
    /// The dotted key of a list of tables; the sign may be in any of them.
    #[serde(default)]
    pub list: String,
    /// The test of the file's content, or of an item of the list.
    pub sign: PackageSign,
    /// Settings of which none may exist.
    #[serde(default)]
    pub without: Vec<ProjectSetting>,
}

impl ProjectSign {
    /// Whether a file of the project has the sign.
    #[must_use]
    pub fn is_in(&self, manifest: &Manifest) -> bool {
        if !self.file.is_match(&manifest.name) {
            return false;
        }
        if self.list.is_empty() {
            return manifest.place_of_sign(&self.sign).is_some();
        }
        let lists = manifest.values(&self.list).unwrap_or_default();
        let values = lists.into_iter().flat_map(ManifestValue::items).flat_map(|item| item.all(&self.sign.key));
        values.filter_map(ManifestValue::text).any(|text| self.sign.is.iter().any(|is| is == text))
    }
}

impl UploadPattern {
    /// All spellings of the command; empty for an action or workflow.
    pub fn spellings(&self) -> impl Iterator<Item = &String> {
        spellings(self.command.as_ref(), &self.also)
    }
}

fn spellings<'s>(command: Option<&'s String>, also: &'s [String]) -> impl Iterator<Item = &'s String> {
    command.into_iter().chain(command.into_iter().flat_map(move |_| also))
}

/// The keys of an upload pattern by which its uploads are found.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct UploadNames {
    action: Option<String>,
    command: Option<String>,
    workflow: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    pub(crate) calls: Vec<String>,
    #[serde(default)]
    tokens: Vec<TokenVariable>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct TokenVariable {
    env: Option<String>,
}

impl UploadNames {
    /// Those of a pattern. The rest of it is not read.
    pub(crate) fn of(pattern: &Lazy<UploadPattern>) -> Self {
        pattern.keys().unwrap_or_else(|| Self {
            action: pattern.action.clone(),
            command: pattern.command.clone(),
            workflow: pattern.workflow.clone(),
            also: pattern.also.clone(),
            calls: pattern.calls.clone(),
            tokens: pattern
                .tokens
                .iter()
                .map(|slot| TokenVariable { env: slot.env.as_ref().map(|env| env.as_str().to_owned()) })
                .collect(),
        })
    }

    /// All spellings of the command; empty for an action or workflow.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = &String> {
        spellings(self.command.as_ref(), &self.also)
    }

    /// All names of the action or called workflow; empty for a command.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        let own = self.action.iter().chain(&self.workflow);
        own.chain(if self.command.is_none() { self.also.as_slice() } else { &[] })
    }

    /// The environment variables from which the client reads its token.
    pub(crate) fn token_variables(&self) -> impl Iterator<Item = &String> {
        self.tokens.iter().filter_map(|token| token.env.as_ref())
    }
}

/// A step to add to a job. In the values of `with` and `env`, `{fact}` is replaced by the fact of the upload, such as `{publisher.user}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposedStep {
    /// The name.
    pub name: Option<String>,
    /// The id, by which later steps read its outputs.
    pub id: Option<String>,
    /// The action with its ref.
    pub uses: Option<String>,
    /// The inputs of the action.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// The environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The script, for `bash`.
    pub run: Option<String>,
    /// The output of the script that contains the token.
    pub output: Option<String>,
}

/// The credential that a login obtains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoginCredential {
    /// A token of the registry, in exchange for the OIDC token.
    #[default]
    Minted,
    /// A token of a role at the registry, in exchange for the OIDC token. The role decides, not a publisher.
    Role,
    /// A stored secret, if one of the login's `tokens` contains one; otherwise unknown.
    Stored,
}

/// A step that exchanges the OIDC token for a token of the registry, or another login of the same client.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoginPattern {
    /// The action; left out for a command.
    #[serde(default)]
    pub action: String,
    /// The words of a command that logs in.
    pub command: Option<String>,
    /// Wrappers that may precede the command, each as words.
    #[serde(default)]
    pub via: Vec<String>,
    /// The address of an exchange that a script makes itself, for example with `curl`.
    pub address: Option<String>,
    /// Whether the client keeps the token for the later commands of the job.
    #[serde(default)]
    pub keeps: bool,
    /// The credential that it obtains.
    #[serde(default)]
    pub credential: LoginCredential,
    /// The slots of a stored secret that it logs in with.
    #[serde(default)]
    pub tokens: Vec<Slot>,
    /// The output that contains the token.
    pub output: Option<String>,
    /// How long the token is valid, such as `30 minutes`.
    pub lifetime: Option<String>,
    /// Environment variables that it sets for later steps.
    #[serde(default)]
    pub exports: Vec<String>,
    /// How it chooses the registry.
    #[serde(default)]
    pub endpoint: EndpointRule,
    /// The slot of the user whose publishers count.
    pub user: Option<Slot>,
    /// Slots that must contain one of some values for it to request the OIDC token.
    #[serde(default)]
    pub only_with: Vec<SlotChoice>,
    /// The step that a migration from a stored token adds before the upload; left out if this login cannot be added.
    pub step: Option<ProposedStep>,
    /// Whether the action is also used without publishing, so that the step alone is not an upload.
    #[serde(default)]
    pub does_else: bool,
    /// The refs of the action.
    #[serde(default)]
    pub refs: ActionRefs,
}

impl LoginPattern {
    /// Whether it exchanges the OIDC token.
    #[must_use]
    pub fn is_minted(&self) -> bool {
        self.credential == LoginCredential::Minted
    }

    /// The action, the command or the address, for messages.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        let other = self.command.as_deref().or(self.address.as_deref());
        other.unwrap_or(&self.action)
    }
}

/// Facts about the versions of a client.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientVersions {
    /// The first version with trusted publishing; left out for a tool that never uploads itself.
    #[serde(default)]
    pub minimum: String,
    /// The clients that this tool runs. The first one whose file exists counts.
    #[serde(default)]
    pub runs: Vec<ClientChoice>,
    /// The client that older versions run.
    pub older_run: Option<String>,
    /// The settings of the project that choose the installed version, strongest first.
    #[serde(default)]
    pub files: Vec<VersionSetting>,
    /// Package names under which it is installed, as in `name==1.2` or `name@1.2`.
    #[serde(default)]
    pub installed_as: Vec<String>,
    /// Addresses that it is downloaded from, with `{version}` in place of the version; without it, the newest version.
    #[serde(default)]
    pub downloads: Vec<String>,
    /// Actions that install it.
    #[serde(default)]
    pub tools: Vec<ClientTool>,
    /// What is in front of its version in a log; `…` stands for any characters.
    #[serde(default)]
    pub printed: Vec<String>,
    /// Words in a script after which its version is unknown.
    #[serde(default)]
    pub opaque: CommandList,
    /// Upgrades that are known to fail.
    #[serde(default)]
    pub broken_upgrades: Vec<BrokenUpgrade>,
}

/// An upgrade of a client by itself that is known to fail.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BrokenUpgrade {
    /// The action that installs the version that cannot upgrade itself.
    pub action: String,
    /// The input that selects it.
    pub input: String,
    /// The values of the input, without a `v` at the start.
    pub is: Vec<String>,
    /// The commands that upgrade.
    pub commands: Vec<String>,
    /// Flags of which one is required.
    pub flags: Vec<String>,
    /// Flags with which the command installs elsewhere.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Why it fails, as the start of a sentence.
    pub cause: String,
    /// Where that is reported.
    pub source: String,
}

/// A program that stops because a file that an action wrote names a variable without a value.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UnsetVariableRule {
    /// The action that writes the file.
    pub action: String,
    /// The first version that sets no value for the variable, and the versions of commits.
    pub refs: ActionRefs,
    /// The input with which it writes the file.
    pub input: String,
    /// The variable. Any value is enough, also an empty one.
    pub variable: String,
    /// The program.
    pub program: String,
    /// Flags with which the program does not read the file.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Signs in the project's files that it uses a version of the program that stops.
    pub decided_by: Vec<ProjectSign>,
    /// Words in the job's scripts after which the file, the variable or the version of the program may be another.
    #[serde(default)]
    pub opaque: CommandList,
    /// The message of the program.
    pub error: String,
    /// Where that is reported.
    pub sources: Vec<String>,
}

/// A client that a tool runs.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientChoice {
    /// The file that must exist in the root of the project.
    pub file: Option<Glob>,
    /// A test of that file.
    pub sign: Option<PackageSign>,
    /// The name of the client.
    pub client: String,
}

/// A setting of the project that chooses a version.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionSetting {
    /// The name of the file, or a glob.
    pub file: Glob,
    /// The dotted key.
    pub key: String,
    /// The text of a line with the version, e.g. `yarn@{version}`; left out if the value is the version.
    #[serde(default)]
    pub line: String,
    /// Whether its existence makes the version unknown.
    #[serde(default)]
    pub opaque: bool,
    /// The wrappers that run the program that the setting chooses, such as `uv run`; empty if it counts without a wrapper too.
    #[serde(default)]
    pub via: Vec<String>,
}

/// An action, or the image of a job's container, that installs a client.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientTool {
    /// The action.
    pub action: String,
    /// The input that selects the version.
    pub input: String,
    /// The name of a container image that contains the same, with the version at the start of its tag.
    #[serde(default)]
    pub image: String,
    /// The input with the path of a file that selects the version.
    #[serde(default)]
    pub file_input: String,
    /// The settings in that file.
    #[serde(default)]
    pub files: Vec<VersionSetting>,
    /// Whether the action installs the version that the project's files choose, if the input is not set.
    #[serde(default)]
    pub from_project: bool,
    /// Whether the action installs the newest version, if the input is not set.
    #[serde(default)]
    pub newest: bool,
    /// The version of the client by prefix of the input, if the input selects something that contains the client (such as Node.js for
    /// npm); empty if the input is the client's own version.
    #[serde(default)]
    pub contains: BTreeMap<String, String>,
}
