//! GitHub's own facts as data (`rules/github.yaml`): scopes, events, contexts, runner labels. It holds no registry's facts.

mod event;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::read::glob::Glob;
pub use crate::workflow::github::event::{EventFacts, EventStart, RefKind};
use crate::workflow::model::action;

/// Facts about `permissions:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PermissionFacts {
    /// The levels each scope knows besides `none`.
    pub scopes: BTreeMap<String, Vec<String>>,
    /// Scopes that no default grants.
    pub never_by_default: Vec<String>,
    /// The words for a whole block and the level they give.
    pub words: BTreeMap<String, String>,
    /// What a new block keeps of a repository's default, which the files do not tell.
    pub kept: BTreeMap<String, String>,
}

/// Facts about scripts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellFacts {
    /// Programs that only run the program that follows them.
    pub transparent: Vec<String>,
    /// Words of commands that put a program into place.
    pub installs: Vec<String>,
    /// Actions that run a script given in an input.
    pub scripts: Vec<ScriptRunner>,
}

/// An action that runs a script in the job as a step does, by the names of its inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRunner {
    /// The action.
    pub action: String,
    /// The script.
    pub script: String,
    /// The shell that runs it.
    pub shell: Option<String>,
    /// The folder that it runs in.
    pub folder: Option<String>,
    /// Whether its failure is expected.
    pub tolerated: Option<String>,
    /// The shell where the step names none; without it the system's own.
    pub otherwise: Option<String>,
}

/// Facts about the step that checks the repository out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckoutFacts {
    /// Its action.
    pub action: String,
    /// Inputs and the values with which the tags come along.
    pub with_tags: BTreeMap<String, String>,
    /// Inputs that check out something else.
    pub other: Vec<String>,
}

/// The action that packs artifacts, by the names of its inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArtifactUpload {
    /// The action.
    pub action: String,
    /// The artifact's name.
    pub name: String,
    /// What is packed.
    pub path: String,
    /// The name of an artifact without one.
    pub unnamed: String,
    /// What packs in another way.
    pub opaque: Vec<String>,
}

/// The action that unpacks artifacts, by the names of its inputs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArtifactDownload {
    /// The action.
    pub action: String,
    /// The one artifact that is taken.
    pub name: String,
    /// Where to.
    pub path: String,
    /// Which artifacts are taken.
    pub pattern: String,
    /// Whether several are unpacked into one folder.
    pub together: String,
    /// The first version that unpacks as it is known here.
    pub since: String,
    /// The version that knows how to unpack several into one folder.
    pub together_since: String,
    /// The version from which on a single artifact has no folder of its own, whatever it was asked for by.
    pub alone_is_flat_since: String,
    /// What takes artifacts that no step here packs.
    pub elsewhere: Vec<String>,
}

/// Steps that leave files where they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InertSteps {
    /// Their actions.
    pub actions: Vec<String>,
    /// The commands of their scripts, as their first words.
    pub commands: Vec<String>,
}

/// Facts about files that travel from job to job.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactFacts {
    /// Packing.
    pub upload: ArtifactUpload,
    /// Unpacking.
    pub download: ArtifactDownload,
    /// Neither.
    pub inert: InertSteps,
    /// Actions that pack no artifact. Any action that is not listed might.
    pub silent: Vec<String>,
}

/// Something that makes a release. What the token that GitHub gives to every job makes starts no other workflow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseMaker {
    /// Its action.
    pub action: Option<String>,
    /// Its command, as its words.
    pub command: Option<String>,
    /// Inputs that hold the token.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// Variables that hold the token.
    #[serde(default)]
    pub env: Vec<String>,
    /// Whether it takes the job's own token where none is given.
    #[serde(default)]
    pub own_by_default: bool,
    /// The input or the flag that leaves the release a draft for people to publish, or makes nothing at all.
    pub draft: Option<String>,
    /// Whether it always makes a new tag; others may take one that is there.
    #[serde(default)]
    pub makes_tag: bool,
    /// The input that holds what every tag begins with.
    pub prefix: Option<TagPrefix>,
}

/// What every tag of a maker begins with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagPrefix {
    /// The input that says it.
    pub input: String,
    /// What it is where the input is left out.
    pub default: String,
}

/// How scripts make tags and push them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TagFacts {
    /// What makes tags besides what makes releases.
    pub makers: Vec<ReleaseMaker>,
    /// The command that makes one.
    pub make: String,
    /// Its flags that take a value.
    pub valued: Vec<String>,
    /// The command that pushes them.
    pub push: String,
    /// Its flags that push all tags.
    pub all: Vec<String>,
    /// Flags of both that move or delete a tag.
    pub moves: Vec<String>,
    /// The action that leaves the token for pushes.
    pub checkout: String,
    /// Its input that holds the token.
    pub token: String,
    /// Its input that says whether the token is left.
    pub keeps: String,
    /// Its inputs that bring another key, or another repository.
    pub others: Vec<String>,
    /// Words of scripts, and of names of actions, that bring another token or key for pushes.
    pub opaque: Vec<String>,
}

/// Facts about who makes releases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReleaseFacts {
    /// What makes them.
    pub makers: Vec<ReleaseMaker>,
    /// Words of actions and scripts that may make one in a way that this data does not describe.
    pub opaque: Vec<String>,
    /// Words of which a script has one besides, if it does so.
    pub opaque_scripts: Vec<String>,
    /// Words of scripts that start another workflow by themselves.
    pub passed_on: Vec<String>,
}

/// Facts about who asks for the OIDC token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcFacts {
    /// The scope that lets a job ask for the token.
    pub scope: String,
    /// Actions that never do.
    pub never: Vec<String>,
    /// Words in a script that mean it might.
    pub words: Vec<String>,
    /// How scripts show it.
    pub shown: ShownTokens,
    /// Steps that only look at it.
    pub debug: DebugSteps,
}

/// How a script shows a token that stands for the repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownTokens {
    /// Variables that hold the token that a job asks with.
    pub request: Vec<String>,
    /// Variables that hold the address that it asks at.
    pub address: Vec<String>,
    /// Programs that print their arguments.
    pub prints: Vec<String>,
    /// Programs that print what they fetch.
    pub fetches: Vec<String>,
    /// Flags of those with which they do not.
    pub keeps: Vec<String>,
    /// Files that GitHub reads for later steps.
    pub exports: Vec<String>,
    /// Words of a value that is made with a token and is none.
    pub harmless: Vec<String>,
    /// Filters that take a part of an answer.
    pub filters: Vec<String>,
    /// How the part that is a token is called.
    pub fields: Vec<String>,
}

/// How steps that were added to look at the OIDC token are known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DebugSteps {
    /// Their actions.
    pub actions: Vec<String>,
    /// Words that stand together in their names.
    pub names: Vec<Vec<String>>,
}

/// All of `rules/github.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubFacts {
    /// When somebody last compared this with GitHub.
    pub reviewed: String,
    /// Where the facts stand.
    pub sources: Vec<String>,
    /// Scopes and levels.
    pub permissions: PermissionFacts,
    /// Events by name.
    pub events: BTreeMap<String, EventFacts>,
    /// Properties of contexts that have a fixed list.
    pub contexts: BTreeMap<String, Vec<String>>,
    /// Runner labels by system, as globs.
    pub runners: BTreeMap<String, Vec<String>>,
    /// Labels of runners that GitHub hosts, as globs.
    pub hosted: Vec<String>,
    /// Owners whose actions run with GitHub itself behind them.
    pub makers: Vec<String>,
    /// Refs, as globs, that move and that the makers of the actions recommend.
    pub recommended: BTreeMap<String, Vec<Glob>>,
    /// Scripts.
    pub shell: ShellFacts,
    /// Checking out.
    pub checkout: CheckoutFacts,
    /// Artifacts.
    pub artifacts: ArtifactFacts,
    /// Releases.
    pub releases: ReleaseFacts,
    /// How tags are made.
    pub tags: TagFacts,
    /// The OIDC token.
    pub oidc: OidcFacts,
}

impl GitHubFacts {
    /// Reads the facts.
    ///
    /// # Errors
    /// When the text has another shape; the message says where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// Reads the same facts as JSON.
    ///
    /// # Errors
    /// When the text is not of the expected shape.
    pub fn parse_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What is known of an action that runs a script given in an input, if `uses` names one.
    #[must_use]
    pub fn script_runner(&self, uses: &str) -> Option<&ScriptRunner> {
        let name = action(uses);
        self.shell.scripts.iter().find(|runner| runner.action.eq_ignore_ascii_case(name))
    }

    /// The system that a runner label stands for: `linux`, `windows`, `macos`, `self-hosted`; `None` for a label of somebody's own.
    #[must_use]
    pub fn system(&self, label: &str) -> Option<&str> {
        let matches = |pattern: &String| fits(pattern, label);
        self.runners.iter().find(|(_, patterns)| patterns.iter().any(matches)).map(|(system, _)| system.as_str())
    }

    /// Who runs a job with such labels, as the claim `runner_environment` has it; `None` where a label may be on anybody's runner.
    #[must_use]
    pub fn runner_environment(&self, labels: &[String]) -> Option<&'static str> {
        if labels.iter().any(|label| self.system(label) == Some(SELF_HOSTED)) {
            return Some(SELF_HOSTED);
        }
        let hosted = |label: &String| self.hosted.iter().any(|pattern| fits(pattern, label));
        (!labels.is_empty() && labels.iter().all(hosted)).then_some("github-hosted")
    }
}

/// What GitHub calls a runner of somebody's own, in labels and in the claim.
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
    fn only_known_labels_tell_whose_runner_it_is() {
        let github = GitHubFacts::parse(crate::read::builtin::github()).unwrap();
        let runs_on = |labels: &[&str]| {
            github.runner_environment(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(runs_on(&["ubuntu-latest"]), Some("github-hosted"));
        assert_eq!(runs_on(&["self-hosted", "linux"]), Some("self-hosted"));
        assert_eq!(runs_on(&["linux"]), None, "a label that runners of anybody's own carry");
        assert_eq!(runs_on(&["fast-machines"]), None);
        assert_eq!(runs_on(&[]), None);
    }
}
