//! What a rule reported, ready to be shown. A finding holds places and finished sentences; it never looks at a file.

pub mod fingerprint;
pub mod route;

use crate::lint::fix::FixDraft;
use crate::read::problem::Problem;
use crate::read::source::Place;

/// How bad a finding is. The order is from harmless to bad.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Hygiene.
    Note,
    /// Refused in some runs, or if something unseen holds, or against the registry's advice.
    Warning,
    /// The upload or the whole run will be refused.
    Error,
}

impl Level {
    /// The word that every format uses for this level: `error`, `warning` or `note`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place with a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What to say there; empty where the place says it all.
    pub text: String,
}

/// One edit of one file, in bytes of its present text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixEdit {
    /// What is replaced; an empty span inserts.
    pub place: Place,
    /// The new text.
    pub text: String,
}

/// A change that cures a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative sentence without a final period.
    pub title: String,
    /// Whether it changes no behaviour besides the fault.
    pub safe: bool,
    /// Edits that do not overlap, in ascending order.
    pub edits: Vec<FixEdit>,
}

/// What one rule says about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's code, `TP101`.
    pub code: String,
    /// The rule's name, `missing-id-token`.
    pub name: String,
    /// How bad it is here: the rule's level, or the level the config gives the rule.
    pub level: Level,
    /// What is wrong, in one sentence without a final period, as plain text. It may hold text from the files.
    pub message: String,
    /// Where the fault stands, one narrow place. Its text is shown beside the underline.
    pub primary: Label,
    /// Further places that explain it, also in other files.
    pub labels: Vec<Label>,
    /// How a run gets there: trigger → caller → job → step; empty where there is no path.
    pub steps: Vec<Label>,
    /// In which runs it holds, e.g. "when a tag is pushed"; empty when it holds however the workflow starts.
    pub runs: Vec<String>,
    /// Names the subject for the fingerprint: job or config key and subject name, no line numbers.
    pub subject: String,
    /// The jobs that it is about, by id; several where equal findings were merged, none where it is about no job.
    pub jobs: Vec<String>,
    /// What its step may be called: id, name, and what it uses; empty where it is about no step.
    pub step: Vec<String>,
    /// The fact that failed, e.g. `permission.id-token`.
    pub fact: String,
    /// What is known to cure it, the preferred fix first; only [`offer`](super::fix::offer::offer) looks for one.
    pub fixes: Vec<Fix>,
    /// What its rule would change, not yet tried.
    pub(crate) drafts: Vec<FixDraft>,
}

/// Why a finding is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The reason the waiver gives.
    pub reason: String,
    /// Whether the waiver is a comment in the workflow (`inSource`) or an entry of the config (`external`).
    pub in_source: bool,
}

/// Something that could not be judged: told, but no finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What kind of notice.
    pub kind: NoticeKind,
    /// One sentence without a final period.
    pub message: String,
    /// Where, if it stands in a file of the project.
    pub place: Option<Place>,
}

/// The kinds of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// A publication that the files alone do not decide.
    Undecided,
    /// A file that could not be read.
    Unreadable,
}

/// What the registry will answer to an upload, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RouteAnswer {
    /// The declared record accepts every claim, and no error was found.
    Accepted,
    /// An error was found.
    Refused,
    /// The files do not decide it.
    Undecided,
    /// No record is declared to compare with.
    Undeclared,
    /// A stored secret uploads, so no record is asked.
    Token,
}

/// How a release goes: an event starts a job, the job uploads to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The workflow's path.
    pub workflow: String,
    /// In which run, e.g. "when a tag is pushed".
    pub when: String,
    /// The job's key.
    pub job: String,
    /// The environment as written, if there is one.
    pub environment: Option<String>,
    /// The registry's name; `None` where the files do not say.
    pub registry: Option<String>,
    /// What the registry will answer.
    pub answer: RouteAnswer,
}

/// Everything `check` says about one project. Findings are sorted by path, position and code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What is shown.
    pub findings: Vec<Finding>,
    /// What waivers hide.
    pub suppressed: Vec<Suppressed>,
    /// How many findings a baseline knows already, and which are therefore not shown.
    pub known: usize,
    /// What could not be judged.
    pub notices: Vec<Notice>,
    /// What is wrong with the config: no findings, but reasons why not all was judged as asked.
    pub problems: Vec<Problem>,
    /// How its releases go, in the order of the files.
    pub routes: Vec<Route>,
    /// How many workflows were read.
    pub workflows: usize,
    /// How many publications were found.
    pub uploads: usize,
}
