//! The form that a registry asks for: its fields, and the claim that each is compared with. What somebody declared stands elsewhere.

use serde::Deserialize;

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
pub struct FormField {
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
