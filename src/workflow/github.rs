//! GitHub's own facts, from `rules/github.yaml`: permission scopes, events, contexts, runner labels, and what common
//! actions do.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::read::command_list::CommandList;
use crate::read::glob::Glob;
use crate::read::manifest::{Manifests, ProjectSetting};
use crate::read::script::RunFacts;
use crate::workflow::log_text::ErrorText;
use crate::workflow::model::action;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PermissionFacts {
    /// The levels of each scope besides `none`.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Scopes that no repository default contains.
    pub never_by_default: Vec<String>,
    /// The words for a whole block, such as `write-all`, and their levels.
    pub words: BTreeMap<String, String>,
    /// The scopes that a fix keeps when it adds a block to a job without one, since the repository's default is
    /// unknown.
    pub kept: BTreeMap<String, String>,
}

/// The kind of ref in `github.ref`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefKind {
    /// `refs/tags/…`
    Tag,
    /// `refs/heads/…`
    Branch,
    /// `refs/pull/…/merge`
    PullRequest,
    /// The event does not determine it.
    Unknown,
}

impl RefKind {
    /// The word in fact values.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Branch => "branch",
            Self::PullRequest => "pull-request",
            Self::Unknown => "unknown",
        }
    }

    /// The prefix of `github.ref`, if known.
    #[must_use]
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Tag => Some("refs/tags/"),
            Self::Branch => Some("refs/heads/"),
            Self::PullRequest => Some("refs/pull/"),
            Self::Unknown => None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventStart {
    #[serde(rename = "ref")]
    pub kind: RefKind,
    /// The start of the name of every such ref.
    #[serde(default)]
    pub prefix: String,
    /// The description in messages: "when a tag is pushed".
    pub when: String,
}

/// The runs that an event starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventFacts {
    /// One per kind of ref.
    pub runs: Vec<EventStart>,
    /// Whether it also starts runs for forks, in which GitHub issues no OIDC token.
    #[serde(default)]
    pub fork: bool,
    /// Whether a person starts it and chooses the ref.
    #[serde(default)]
    pub by_hand: bool,
    /// Whether a calling workflow starts it.
    #[serde(default)]
    pub called: bool,
    /// The default of `types:`.
    #[serde(default)]
    pub types: Vec<String>,
    /// The day from which GitHub blocks it by default in public repositories.
    pub blocked_from: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShellFacts {
    /// Programs that run the program given as argument, such as `sudo`.
    pub transparent: Vec<String>,
    /// Subcommands that install a program.
    pub installs: Vec<String>,
    /// Subcommands that run the newest version of a program, whatever the project has installed.
    pub fresh: Vec<String>,
    /// Interpreters whose first argument without a dash is a script, unless `-m` precedes it.
    pub interpreters: Vec<String>,
    /// Commands of these interpreters that run no script and only print a value.
    pub only_print: CommandList,
    /// Programs that write no version into a file, even if an argument contains a word such as `version`.
    pub not_version_writers: Vec<String>,
    /// Subcommands of git that may change the files of the checkout.
    pub git_changes: Vec<String>,
    /// Programs that copy or move a file.
    pub copies: Vec<String>,
    /// Actions that run a script given as input.
    pub scripts: Vec<ScriptRunner>,
    /// Programs that run the commands of another file.
    pub runs: RunFacts,
}

/// Work that can take longer than a short-lived token is valid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowWork {
    /// Commands that build or test.
    pub commands: CommandList,
    /// Actions that build or test.
    pub actions: Vec<String>,
}

/// The names of the inputs of an action that runs a script in the job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRunner {
    pub action: String,
    pub script: String,
    pub shell: Option<String>,
    pub folder: Option<String>,
    /// The input that makes it ignore a failure.
    pub tolerated: Option<String>,
    /// The default shell; `None` is the default of the runner's system.
    pub otherwise: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckoutFacts {
    pub action: String,
    /// The inputs, with their values, that fetch all tags.
    pub with_tags: BTreeMap<String, String>,
    /// The inputs that check out another ref or repository.
    pub other: Vec<String>,
    /// The input that checks out the submodules.
    pub submodules: String,
}

/// The action that uploads artifacts, with the names of its inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArtifactUpload {
    pub action: String,
    pub name: String,
    pub path: String,
    /// The default name.
    pub unnamed: String,
    /// Inputs that change how the artifact is packed.
    pub opaque: CommandList,
}

/// The action that downloads artifacts, with the names of its inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArtifactDownload {
    pub action: String,
    pub name: String,
    pub path: String,
    pub pattern: String,
    pub together: String,
    /// The first version with the behaviour described here.
    pub since: String,
    /// The first version that can merge several artifacts into one folder.
    pub together_since: String,
    /// The first version that extracts a single artifact directly into `path`, even if it was selected by pattern.
    pub alone_is_flat_since: String,
    /// Inputs that select artifacts of other runs.
    pub elsewhere: Vec<String>,
}

/// Steps that do not move or change files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InertSteps {
    pub actions: Vec<String>,
    /// The first words of their commands.
    pub commands: Vec<String>,
}

/// Facts about artifacts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactFacts {
    pub upload: ArtifactUpload,
    pub download: ArtifactDownload,
    pub inert: InertSteps,
    /// Actions that upload no artifact. Any other action might.
    pub silent: Vec<String>,
}

/// An action or command that creates a release or a tag. An event caused with `GITHUB_TOKEN` starts no workflow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseMaker {
    pub action: Option<String>,
    pub command: Option<String>,
    #[serde(default)]
    pub inputs: Vec<String>,
    #[serde(default)]
    pub env: Vec<String>,
    /// Whether `GITHUB_TOKEN` is the default token.
    #[serde(default)]
    pub own_by_default: bool,
    /// Wrappers that may precede the command.
    #[serde(default)]
    pub via: Vec<String>,
    /// The input without which the action creates none.
    pub only_with: Option<String>,
    /// The input or flag for a draft or a dry run.
    pub draft: Option<String>,
    /// Whether it always creates a new tag; others can use an existing one.
    #[serde(default)]
    pub makes_tag: bool,
    /// The flag with which the command creates the tag too.
    pub makes_tag_with: Option<String>,
    /// The input with the tag; the default is the run's ref.
    pub tag: Option<String>,
    /// The input with the prefix of every tag.
    pub prefix: Option<TagPrefix>,
    /// The plugin that creates the release; without it, only the tag is created.
    pub plugin: Option<ReleasePlugin>,
}

/// The plugin of a release tool that creates releases. The tool's default list of plugins contains it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasePlugin {
    pub name: String,
    /// The settings with another list.
    pub lists: Vec<ProjectSetting>,
    /// Settings that make other files decide.
    pub opaque: Vec<ProjectSetting>,
}

impl ReleasePlugin {
    /// Whether the tool is known to run the plugin with the files of the project.
    #[must_use]
    pub(crate) fn is_used(&self, manifests: &Manifests) -> bool {
        manifests.list.iter().filter(|manifest| !manifest.mentioned).all(|manifest| {
            let listed = |setting: &ProjectSetting| {
                let lists = setting.in_file(manifest)?;
                Some(lists.iter().all(|list| list.items().iter().any(|item| item.is_plugin(&self.name))))
            };
            self.lists.iter().all(|setting| listed(setting) == Some(true))
                && !self.opaque.iter().any(|setting| setting.exists_in(manifest))
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagPrefix {
    pub input: String,
    pub default: String,
}

/// A command that creates the tag of a new version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BumpCommand {
    pub command: String,
    /// The start of the tag's name; `None` if the project's settings decide it.
    pub prefix: Option<String>,
    /// Flags with which it creates no tag.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// How scripts create and push tags.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TagFacts {
    /// Actions and commands that create tags, besides those that create releases.
    pub makers: Vec<ReleaseMaker>,
    /// The command that creates a tag.
    pub make: String,
    /// Commands that write a new version, commit it and create its tag.
    pub bumps: Vec<BumpCommand>,
    pub valued: Vec<String>,
    /// The command that pushes tags.
    pub push: String,
    pub all: Vec<String>,
    /// Flags of both commands that move or delete a tag.
    pub moves: Vec<String>,
    /// The action that stores the token for later pushes.
    pub checkout: String,
    pub token: String,
    /// Its input that disables storing the token.
    pub keeps: String,
    /// Its inputs for another key or repository.
    pub others: Vec<String>,
    /// Actions, commands, files and variables that set another token or key for pushes.
    pub opaque: CommandList,
}

/// An action or command that adds files to a release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetUpload {
    pub action: Option<String>,
    pub command: Option<String>,
    /// The input with the files; without it the action adds none.
    pub input: Option<String>,
}

/// Facts about the GitHub command line program.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GhFacts {
    /// The command that starts a workflow.
    pub dispatch: String,
    /// The command that creates a release.
    pub release: String,
    /// Flags that name the repository.
    pub flags: Vec<String>,
    /// The variable that names the repository.
    pub variable: String,
}

/// Facts about creating releases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseFacts {
    /// Words of an environment's name that mean a release.
    pub environments: Vec<String>,
    /// Actions and commands that add files to a release.
    pub assets: Vec<AssetUpload>,
    /// Actions and commands that create releases.
    pub makers: Vec<ReleaseMaker>,
    /// Actions and commands that may create a release or a tag in a way not described here.
    pub opaque: CommandList,
    /// Functions of GitHub's API client that create one.
    pub calls: Vec<String>,
    /// Actions and commands that start another workflow.
    pub passed_on: CommandList,
    /// Functions of GitHub's API client that start one.
    pub passing_calls: Vec<String>,
    /// See [`ReleaseFacts::unclear`].
    #[serde(skip)]
    unclear: OnceLock<CommandList>,
}

impl ReleaseFacts {
    /// The entries of `opaque` and `passed_on` together. Nearly all steps match none of them, which one search shows.
    pub(crate) fn unclear(&self) -> &CommandList {
        let all = || self.opaque.iter().chain(self.passed_on.iter()).cloned().collect::<Vec<_>>().into();
        self.unclear.get_or_init(all)
    }
}

/// Facts about requests for the OIDC token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OidcFacts {
    /// The permission scope for requesting a token.
    pub scope: String,
    /// Actions that never request one.
    pub never: Vec<String>,
    /// Workflows of other repositories that may request one and upload no package.
    pub no_upload: Vec<String>,
    /// Commands that never request one, besides those that write no credential. Any other command might.
    pub never_commands: CommandList,
    /// Commands that may request one although they write no credential.
    pub commands: CommandList,
    /// Words of an argument, such as the name of a task, that mean an upload.
    pub words: Vec<String>,
    /// Subcommands that mean an upload to a registry.
    pub publishing: Vec<String>,
    /// Words in the name of a task that uploads something else than a package.
    pub not_packages: Vec<String>,
    /// The function of GitHub's library that requests one, with its parenthesis.
    pub function: String,
    /// How scripts expose it.
    pub shown: ShownTokens,
    /// Steps that only inspect it.
    pub debug: DebugSteps,
}

/// How a script exposes a token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownTokens {
    /// Variables with the request token.
    pub request: Vec<String>,
    /// Variables with the request URL.
    pub address: Vec<String>,
    pub prints: Vec<String>,
    pub fetches: Vec<String>,
    /// Flags of `fetches` that write to a file instead.
    pub keeps: Vec<String>,
    /// Files through which a step passes values to later steps.
    pub exports: Vec<String>,
    /// Flags of `fetches` that print the status of the response.
    pub statuses: Vec<String>,
    /// Programs whose output is made from a token but is none, such as its length.
    pub harmless: Vec<String>,
    /// Programs that extract a part of a response.
    pub filters: Vec<String>,
    /// Words in their arguments for the part of the response that is the token.
    pub fields: Vec<String>,
    /// Words in their arguments for what is made from a token but is none.
    pub derived: Vec<String>,
}

/// How steps that inspect the OIDC token are recognised.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebugSteps {
    pub actions: Vec<String>,
    /// Words that occur together in step names.
    pub names: Vec<Vec<String>>,
}

/// What writes no credential of a registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialFacts {
    /// Actions that may be given secrets and write no registry credential.
    pub actions: Vec<Glob>,
    /// Commands that may see secrets and write no registry credential.
    pub programs: CommandList,
    /// Environment variables in which projects pass the token of a registry to their own programs.
    pub variables: Vec<String>,
    /// Words of commands that upload nothing, whatever the program.
    pub queries: Vec<String>,
    /// Commands that only read the files they name.
    pub readers: CommandList,
    /// Parts of a literal word that may be a credential or change its use.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GitHubFacts {
    /// The date of the last comparison with GitHub's documentation.
    pub reviewed: String,
    /// The pages with these facts.
    pub sources: Vec<String>,
    pub permissions: PermissionFacts,
    pub events: BTreeMap<String, EventFacts>,
    /// The properties of contexts with a fixed list.
    pub contexts: BTreeMap<String, Vec<String>>,
    /// Globs of runner labels, by operating system.
    pub runners: BTreeMap<String, Vec<String>>,
    /// Globs of labels of GitHub-hosted runners.
    pub hosted: Vec<String>,
    /// Former labels of GitHub-hosted runners.
    pub retired: BTreeMap<String, RetiredLabel>,
    /// Structures that GitHub rejects.
    pub rejected: Vec<Rejection>,
    /// Owners of GitHub's own actions.
    pub makers: Vec<String>,
    /// Mutable refs, as globs, that an action's maintainers recommend.
    pub recommended: BTreeMap<String, Vec<Glob>>,
    /// Actions with the first version that is an immutable release: its tag cannot move.
    #[serde(default)]
    pub immutable: BTreeMap<String, String>,
    pub credentials: CredentialFacts,
    pub shell: ShellFacts,
    pub slow: SlowWork,
    pub checkout: CheckoutFacts,
    pub artifacts: ArtifactFacts,
    pub releases: ReleaseFacts,
    pub gh: GhFacts,
    /// Known versions of `actions.lock`.
    pub lock_versions: Vec<String>,
    pub tags: TagFacts,
    /// Paths of documents, as globs in lower case, that may state the fields of a publisher.
    pub documents: Vec<Glob>,
    pub oidc: OidcFacts,
    /// Error texts of GitHub and of GitHub's own actions.
    pub errors: Vec<ErrorText>,
}

/// A label that no GitHub-hosted runner has any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetiredLabel {
    /// The first day without such a runner.
    pub since: String,
    /// The announcement.
    pub source: String,
}

/// A structure that GitHub rejects, with the evidence.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The structure.
    pub shape: RejectedShape,
    /// The keys of a job or a step, or the contexts.
    #[serde(default)]
    pub names: Vec<String>,
    /// What GitHub answers.
    pub refusal: String,
    /// A report of the answer.
    pub source: String,
    /// The date of the report.
    pub date: String,
}

/// A structure that GitHub may reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectedShape {
    /// A workflow without an event.
    NoTrigger,
    /// A workflow without `jobs`.
    NoJobs,
    /// A job that is a list.
    JobAsList,
    /// A job with neither `steps` nor `uses`.
    JobWithoutSteps,
    /// A job with steps but without `runs-on`.
    JobWithoutRunner,
    /// A job that calls a workflow and has one of the keys.
    CallingJob,
    /// A step with none but these keys.
    IdleStep,
    /// A step with `uses` and `run`.
    DoubleStep,
    /// One of the contexts in the `if` of a job.
    JobIf,
    /// One of the contexts in the `if` of a step.
    StepIf,
    /// One of the contexts in the `name` of a job.
    JobName,
    /// One of the contexts in the `env` of a job.
    JobEnv,
    /// One of the contexts in the `with` of a calling job.
    CallWith,
    /// One of the contexts in `runs-on`.
    RunsOn,
}

impl RejectedShape {
    /// The structure in words, for the reference. `…` stands for the names.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoTrigger => "a workflow without an event in `on`",
            Self::NoJobs => "a workflow without `jobs`",
            Self::JobAsList => "a job that is a list",
            Self::JobWithoutSteps => "a job with neither `steps` nor `uses`",
            Self::JobWithoutRunner => "a job with steps but without `runs-on`",
            Self::CallingJob => "a job that calls a workflow and has …",
            Self::IdleStep => "a step with no other keys than …",
            Self::DoubleStep => "a step with `uses` and `run`",
            Self::JobIf => "the context … in the `if` of a job",
            Self::StepIf => "the context … in the `if` of a step",
            Self::JobName => "the context … in the `name` of a job",
            Self::JobEnv => "the context … in the `env` of a job",
            Self::CallWith => "the context … in the `with` of a calling job",
            Self::RunsOn => "the context … in `runs-on`",
        }
    }
}

impl GitHubFacts {
    /// The entries about a structure that GitHub rejects.
    pub fn rejections(&self, shape: RejectedShape) -> impl Iterator<Item = &Rejection> {
        self.rejected.iter().filter(move |rejection| rejection.shape == shape)
    }

    /// Whether an action may be given secrets and writes no registry credential.
    #[must_use]
    pub fn writes_no_credential(&self, action: &str) -> bool {
        let never = self.oidc.never.iter().any(|known| known.eq_ignore_ascii_case(action));
        never || self.credentials.actions.iter().any(|glob| glob.is_match(action))
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(crate) fn builtin() -> Self {
        let files = crate::read::builtin::PackedRules::read().files("");
        files.iter().find(|file| file.stem() == "github").unwrap().read().unwrap()
    }

    /// The inputs of the action that `uses` names, if it runs a script given as input.
    #[must_use]
    pub fn script_runner(&self, uses: &str) -> Option<&ScriptRunner> {
        let name = action(uses);
        self.shell.scripts.iter().find(|runner| runner.action.eq_ignore_ascii_case(name))
    }

    /// The operating system of a runner label, or `self-hosted`; `None` for a custom label.
    #[must_use]
    pub fn system(&self, label: &str) -> Option<&str> {
        let matches = |pattern: &String| fits(pattern, label);
        self.runners.iter().find(|(_, patterns)| patterns.iter().any(matches)).map(|(system, _)| system.as_str())
    }

    /// The claim `runner_environment` of a job with these labels; `None` if a custom label leaves it open.
    #[must_use]
    pub fn runner_environment(&self, labels: &[String]) -> Option<&'static str> {
        if labels.iter().any(|label| self.system(label) == Some(SELF_HOSTED)) {
            return Some(SELF_HOSTED);
        }
        let hosted = |label: &String| self.hosted.iter().any(|pattern| fits(pattern, label));
        (!labels.is_empty() && labels.iter().all(hosted)).then_some("github-hosted")
    }
}

/// The label and the claim value of self-hosted runners.
const SELF_HOSTED: &str = "self-hosted";

fn fits(pattern: &str, label: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => label.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)),
        None => label.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_of_github_prove_a_hosted_runner() {
        let github = GitHubFacts::builtin();
        let runs_on = |labels: &[&str]| {
            github.runner_environment(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(runs_on(&["ubuntu-latest"]), Some("github-hosted"));
        assert_eq!(runs_on(&["self-hosted", "linux"]), Some("self-hosted"));
        assert_eq!(runs_on(&["linux"]), None, "a label that self-hosted runners can have");
        assert_eq!(runs_on(&["fast-machines"]), None);
        assert_eq!(runs_on(&[]), None);
    }

    #[test]
    fn every_rejected_structure_has_a_source_and_a_date() {
        let github = GitHubFacts::builtin();
        assert!(github.rejected.len() > 10);
        for rejection in &github.rejected {
            let digits = rejection.date.split('-').map(str::len).collect::<Vec<_>>();
            assert!(rejection.source.starts_with("https://"), "{rejection:?}");
            assert_eq!(digits, [4, 2, 2], "{rejection:?}");
            assert!(!rejection.refusal.is_empty(), "{rejection:?}");
            let named = rejection.shape.words().contains('…');
            assert_eq!(named, !rejection.names.is_empty(), "{rejection:?}");
        }
    }
}
