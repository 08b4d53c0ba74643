//! What rules speak about: the subjects of one project. It judges nothing.

use crate::lint::analysis::Analysis;
use crate::lint::ignores::Ignore;
use crate::lint::uploads::Upload;
use crate::read::problem::Problem;
use crate::read::source::{FileId, Place};
use crate::read::yaml::SyntaxError;
use crate::trust::claims::Claims;
use crate::trust::document::RepeatedValue;
use crate::trust::needs::permission_check::PermissionCheck;
use crate::trust::publisher::Publisher;
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::site::UploadTarget;
use crate::workflow::calls::PermissionRequest;
use crate::workflow::expression::ContextReference;
use crate::workflow::model::{Job, Pair, Step, Text, Workflow, action};
use crate::workflow::simulate::context::EvaluationContext;

/// The kinds of subjects a rule may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A workflow.
    Workflow,
    /// A job.
    Job,
    /// A step.
    Step,
    /// One entry of a `permissions` block.
    Permission,
    /// An expression that reads a context.
    Reference,
    /// One upload in one run.
    Upload,
    /// A declared publisher.
    Publisher,
    /// A problem of a workflow's YAML or shape.
    Problem,
    /// An entry or comment that hides findings.
    Ignore,
    /// A job that calls a workflow.
    Call,
    /// A step that trades the OIDC token for another.
    Login,
    /// A scope that a step of a job needs.
    Need,
    /// A document that repeats a record.
    Document,
}

impl SubjectKind {
    /// Every kind with the word that rules use.
    pub const WORDS: [(Self, &'static str); 13] = [
        (Self::Workflow, "workflow"),
        (Self::Job, "job"),
        (Self::Step, "step"),
        (Self::Permission, "permission"),
        (Self::Reference, "reference"),
        (Self::Upload, "upload"),
        (Self::Publisher, "publisher"),
        (Self::Problem, "problem"),
        (Self::Ignore, "ignore"),
        (Self::Call, "call"),
        (Self::Login, "login"),
        (Self::Need, "need"),
        (Self::Document, "document"),
    ];

    /// The word that rules use.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// One subject. What does not apply is `None`; a subject has its parents' parts.
#[derive(Clone, Copy)]
pub struct Subject<'s, 'a, 'p> {
    /// The analysis.
    pub analysis: &'s Analysis<'a, 'p>,
    /// The workflow.
    pub workflow: Option<&'s Workflow<'p>>,
    /// The job.
    pub job: Option<&'s Job<'p>>,
    /// The step.
    pub step: Option<&'s Step<'p>>,
    /// The entry of a `permissions` block.
    pub permission: Option<Pair<'p>>,
    /// The scope that something in the job asks for.
    pub need: Option<&'s PermissionCheck<'s, 'p>>,
    /// What an expression reads, and the text that it stands in.
    pub reference: Option<(&'s ContextReference, Text<'p>)>,
    /// What a called workflow asks of the calling job.
    pub request: Option<&'s PermissionRequest<'s, 'p>>,
    /// The login.
    pub login: Option<&'s LoginStep<'a, 'p>>,
    /// The publication.
    pub upload: Option<&'s Upload<'a, 'p>>,
    /// The run as the publication's step sees it.
    pub context: Option<&'s EvaluationContext<'s, 'p>>,
    /// The claims of that run.
    pub claims: Option<&'s Claims>,
    /// Where that run uploads to.
    pub target: Option<&'s UploadTarget<'a>>,
    /// The publisher; of a publication, the one that it is measured by.
    pub publisher: Option<&'s Publisher<'a>>,
    /// The problem.
    pub problem: Option<(&'s str, Place, &'static str)>,
    /// The value that a document repeats.
    pub document: Option<&'s RepeatedValue>,
    /// The waiver.
    pub ignore: Option<&'s Ignore>,
}

impl<'s, 'a, 'p> Subject<'s, 'a, 'p> {
    /// The analysis alone.
    #[must_use]
    pub const fn of(analysis: &'s Analysis<'a, 'p>) -> Self {
        Self {
            analysis,
            workflow: None,
            job: None,
            step: None,
            permission: None,
            need: None,
            reference: None,
            request: None,
            login: None,
            upload: None,
            context: None,
            claims: None,
            target: None,
            publisher: None,
            problem: None,
            document: None,
            ignore: None,
        }
    }

    /// Names the subject for a fingerprint: no line numbers, no positions that move.
    #[must_use]
    pub fn name(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.job.map(|job| job.id.value().to_owned()));
        if let Some(step) = self.step {
            let name = step.id.or(step.uses).or(step.name).or(step.run).map_or("", |text| text.value());
            let line = name.lines().next().unwrap_or_default();
            parts.push(action(line).to_owned());
        }
        parts.extend(self.permission.map(|pair| pair.key.value().to_owned()));
        parts.extend(self.need.map(|check| check.need.scope.clone()));
        parts.extend(self.reference.map(|(reference, _)| reference.path.join(".")));
        parts.extend(self.request.map(|request| request.scope.clone()));
        if self.upload.is_none() {
            parts.extend(self.publisher.map(|publisher| format!("{} {}", publisher.registry.id, publisher.title())));
        }
        parts.extend(self.document.map(|repeated| repeated.statement.field.clone()));
        parts.extend(self.ignore.map(|ignore| ignore.rule.clone()));
        parts.join("/")
    }
}

/// Problems of a workflow's YAML, as subjects have them.
#[must_use]
pub fn syntax_problems(file: FileId, errors: &[SyntaxError]) -> Vec<Problem> {
    errors.iter().map(|error| Problem::new(Place { file, span: error.span }, error.message.clone())).collect()
}
