//! The fields of a registry's publisher form and the claims that they are compared with.

use serde::Deserialize;

use crate::workflow::log_text::RefusalCause;

/// How a claim is compared with a field of the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Exactly; case counts.
    Exact,
    /// Ignoring case.
    IgnoreCase,
    /// By a numeric id that the files do not contain, so that a name cannot contradict it.
    ById,
    /// A tag pattern with `{{version}}` in place of the version.
    TagPattern,
    /// The repository of the called workflow; empty if the job is in the publisher's own repository.
    OwnRepository,
    /// A comma-separated list that contains the claim.
    OneOf,
}

impl Comparison {
    /// The description for the documentation.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Exact => "exactly",
            Self::IgnoreCase => "ignoring case",
            Self::ById => "by id, which the files do not contain",
            Self::TagPattern => "as a tag pattern",
            Self::OwnRepository => "with the repository of the called workflow",
            Self::OneOf => "as one of a list",
        }
    }
}

/// A claim that the registry compares with a form field.
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
    /// The branch that the run is on. A run on a tag has none.
    Branch,
    /// The repository of the workflow that holds the job.
    WorkflowRepository,
    /// The kind of upload. It is not a claim of the token but compared like one.
    Operation,
    /// The user named by the login step. It is not a claim of the token but compared like one.
    User,
}

impl Claim {
    /// Every claim.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Repository,
        Self::Workflow,
        Self::Environment,
        Self::Ref,
        Self::Branch,
        Self::WorkflowRepository,
        Self::Operation,
        Self::User,
    ];

    /// The name of the claim in facts and data.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.cause().word()
    }

    /// The cause of a refusal because of this claim.
    #[must_use]
    pub const fn cause(self) -> RefusalCause {
        match self {
            Self::Owner => RefusalCause::Owner,
            Self::Repository => RefusalCause::Repository,
            Self::Workflow => RefusalCause::Workflow,
            Self::Environment => RefusalCause::Environment,
            Self::Ref => RefusalCause::Ref,
            Self::Branch => RefusalCause::Branch,
            Self::WorkflowRepository => RefusalCause::WorkflowRepository,
            Self::Operation => RefusalCause::Operation,
            Self::User => RefusalCause::User,
        }
    }
}

/// Which workflow file the registry reads when one workflow calls another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
pub enum WorkflowClaim {
    /// The file that contains the job: the called workflow.
    #[serde(rename = "job_workflow_ref")]
    #[default]
    Called,
    /// The file that GitHub started: the calling workflow.
    #[serde(rename = "workflow_ref")]
    Caller,
    /// One of the two, but the files do not show which one. Where both are the same file, it is compared.
    #[serde(rename = "either")]
    Either,
    /// The registry compares no workflow file.
    #[serde(rename = "none")]
    None,
}

/// A field of the publisher form.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FormField {
    /// The key of a publisher in the config.
    pub name: String,
    /// The label in the registry's form.
    pub label: String,
    /// Other names that documents use for the field.
    #[serde(default)]
    pub also: Vec<String>,
    /// Whether the form requires it.
    #[serde(default)]
    pub required: bool,
    /// The regular expression that the form accepts.
    pub pattern: Option<String>,
    /// The end of the message for a refused value: "is not a file name".
    #[serde(default)]
    pub complaint: String,
    /// The maximum length in characters.
    pub longest: Option<usize>,
    /// The claim that it is compared with.
    pub claim: Option<Claim>,
    /// How it is compared.
    pub compare: Option<Comparison>,
    /// Whether the field contains the repository as `owner/name`.
    #[serde(default)]
    pub whole: bool,
    /// The value of a publisher that leaves the field out.
    pub default: Option<String>,
    /// A field that is required if this one is filled in.
    pub with: Option<String>,
    /// A field that is a switch: while it is `false`, this field is not compared.
    pub switch: Option<String>,
    /// The event that this field, a switch, allows.
    pub event: Option<String>,
}
