//! Findings and reports. A finding holds places and finished sentences; a report holds everything that the formats write.

pub mod fingerprint;
pub(crate) mod merge;
pub(crate) mod route;

use std::collections::BTreeMap;

use crate::lint::fix::UntestedFix;
use crate::read::problem::Problem;
use crate::read::source::{FileId, Place};

/// The level of a finding, in ascending order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Advice: the upload is accepted.
    Note,
    /// Refused in some runs, or under conditions that the files do not show, or accepted against the registry's advice.
    Warning,
    /// The upload or the whole run will be refused.
    Error,
}

impl Level {
    /// The word in every format: `error`, `warning` or `note`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place with a text about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub place: Place,
    /// The text; empty if the place needs none.
    pub text: String,
}

/// One edit of one file, as a byte range of its current text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixEdit {
    /// The range to replace; an empty one inserts.
    pub place: Place,
    /// The new text.
    pub text: String,
}

/// A change that removes a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative sentence without a final period.
    pub title: String,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// Edits that do not overlap, in ascending order.
    pub edits: Vec<FixEdit>,
}

/// What one rule reports about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code, `TP101`.
    pub code: String,
    /// The rule's name, `missing-id-token`.
    pub name: String,
    /// The level: the rule's, or the one that the config sets.
    pub level: Level,
    /// What is wrong, in one sentence without a final period, as plain text. It may contain text from the files.
    pub message: String,
    /// The place of the fault. Its text is shown beside the underline.
    pub primary: Label,
    /// Further places that explain it, also in other files.
    pub labels: Vec<Label>,
    /// The path of a run: trigger → caller → job → step; empty if there is none.
    pub steps: Vec<Label>,
    /// The runs in which it holds, e.g. "when a tag is pushed"; empty if it holds however the workflow starts.
    pub runs: Vec<String>,
    /// Names the subject for the fingerprint: job or config key and subject name, no line numbers.
    pub subject: String,
    /// The ids of its jobs: several if equal findings were merged, none if no job is concerned.
    pub jobs: Vec<String>,
    /// The names of its step (id, name, what it uses); empty if no step is concerned.
    pub step: Vec<String>,
    /// The fact that failed, e.g. `permission.id-token`.
    pub fact: String,
    /// The position of the failed requirement in its rule: stable when facts are renamed.
    pub requirement: usize,
    /// Tested fixes, the preferred one first; only [`check_with_fixes`](super::fix::verify::check_with_fixes) fills this in.
    pub fixes: Vec<Fix>,
    /// The changes that its rule's fix templates would make, not tested yet.
    pub(crate) untested_fixes: Vec<UntestedFix>,
    /// What a person does besides a fix; filled in together with the fixes.
    pub(crate) by_hand: Vec<HandStep>,
}

/// Something that only a person can do, such as registering a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandStep {
    /// What to do, as an imperative sentence without a final period.
    pub text: String,
    /// The secret that nothing may read before it is done. Such a step follows a fix; one without a secret precedes it.
    pub secret: Option<String>,
}

/// A finding that an ignore hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The reason that the ignore gives.
    pub reason: String,
    /// Whether the ignore is a comment in the workflow (`inSource`) or an entry of the config (`external`).
    pub in_source: bool,
}

/// Something that could not be checked. It is reported, but it is not a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its kind.
    pub kind: NoticeKind,
    /// One sentence without a final period.
    pub message: String,
    /// Its place, if it is in a file of the project.
    pub place: Option<Place>,
}

/// The kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// An upload that the files do not decide.
    Undecided,
    /// A file that could not be read.
    Unreadable,
}

/// What the registry will answer to an upload, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteVerdict {
    /// The declared publisher accepts every claim, and no error was found.
    Accepted,
    /// An error was found.
    Refused,
    /// The files do not decide it.
    Undecided,
    /// No publisher is declared.
    Undeclared,
    /// A stored secret uploads, so no publisher is compared.
    StoredToken,
}

/// A release path: an event starts a job, the job uploads to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The workflow's path.
    pub workflow: String,
    /// The runs, e.g. "when a tag is pushed".
    pub when: String,
    /// The job's id.
    pub job: String,
    /// The environment as written, if there is one.
    pub environment: Option<String>,
    /// The registry's name; `None` if it is unknown.
    pub registry: Option<String>,
    /// What the registry will answer.
    pub verdict: RouteVerdict,
}

/// The result of a check of one project. Findings are sorted by path, position and code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings that are shown.
    pub findings: Vec<Finding>,
    /// The findings that ignores hide.
    pub suppressed: Vec<Suppressed>,
    /// The number of findings that a baseline hides.
    pub baselined: usize,
    /// What could not be checked.
    pub notices: Vec<Notice>,
    /// Problems of the config: they are not findings, but they mean that not everything was checked as requested.
    pub problems: Vec<Problem>,
    /// The release paths, in the order of the files.
    pub routes: Vec<Route>,
    /// The number of workflows that were read.
    pub workflows: usize,
    /// The number of uploads that were found.
    pub uploads: usize,
    /// The number of uploads that are compared with no publisher because none is declared.
    pub undeclared: usize,
    /// The number of uploads that are compared with a declared publisher.
    pub declared: usize,
    /// One sentence, if no git remote is the repository that the config names.
    pub other_remote: Option<String>,
    /// What a person does before or after the fixes, as imperative sentences; filled in where fixes are applied.
    pub by_hand: Vec<String>,
    /// The numbers of uploads by workflow, to compare a project before and after a fix.
    pub by_workflow: BTreeMap<FileId, UploadCount>,
}

/// The uploads of a workflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UploadCount {
    /// All of them.
    pub all: usize,
    /// The simulated runs that may reach one of them.
    pub runs: usize,
    /// Those whose registry is unknown.
    pub unknown_targets: usize,
}
