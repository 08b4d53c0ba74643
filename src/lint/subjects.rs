//! The subjects of a project: everything that a rule can be for. Only `visit_all` enumerates them.

use crate::lint::analysis::Analysis;
use crate::lint::ignores::Ignore;
use crate::lint::uploads::{Upload, UploadRun};
use crate::read::problem::Problem;
use crate::read::source::{FileId, Place};
use crate::read::yaml::SyntaxError;
use crate::trust::claims::Claims;
use crate::trust::needs::permission_check::{PermissionCheck, PermissionStatus, permission_checks};
use crate::trust::publisher::{Publisher, PublisherField};
use crate::trust::repeated_value::RepeatedValue;
use crate::trust::upload::credential::CredentialOutcome;
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::site::UploadTarget;
use crate::workflow::calls::{self, PermissionRequest};
use crate::workflow::expression::{Condition, ContextReference, ExpressionTemplate};
use crate::workflow::model::{Grant, Job, Pair, Permissions, Step, Text, Workflow, action};
use crate::workflow::simulate::context::EvaluationContext;

/// The kinds of subjects that a rule can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// A workflow.
    Workflow,
    /// A job.
    Job,
    /// A step.
    Step,
    /// One entry of a `permissions` block.
    Permission,
    /// A context path that an expression reads.
    Reference,
    /// One upload in one run.
    Upload,
    /// A declared publisher.
    Publisher,
    /// A field of a declared publisher.
    Field,
    /// A problem of a file's YAML or shape.
    Problem,
    /// An entry or comment that hides findings.
    Ignore,
    /// A job that calls a workflow.
    Call,
    /// A step that exchanges the OIDC token for another.
    Login,
    /// A scope that a step of a job needs.
    Need,
    /// A value of a document that repeats a publisher's.
    Document,
}

impl SubjectKind {
    /// Every kind with the word that rules use.
    pub const WORDS: [(Self, &'static str); 14] = [
        (Self::Workflow, "workflow"),
        (Self::Job, "job"),
        (Self::Step, "step"),
        (Self::Permission, "permission"),
        (Self::Reference, "reference"),
        (Self::Upload, "upload"),
        (Self::Publisher, "publisher"),
        (Self::Field, "field"),
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

/// The item of the project that a rule is evaluated for, with its parents.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'s, 'a, 'p> {
    pub(crate) analysis: &'s Analysis<'a, 'p>,
    pub(crate) item: Item<'s, 'a, 'p>,
}

/// An item of a project, by its kind.
#[derive(Clone, Copy)]
pub(crate) enum Item<'s, 'a, 'p> {
    Workflow(&'s Workflow<'p>),
    Job(&'s Workflow<'p>, &'s Job<'p>),
    Step(&'s Workflow<'p>, &'s Job<'p>, &'s Step<'p>),
    /// An entry of the workflow's or of the job's `permissions`.
    Permission(&'s Workflow<'p>, Option<&'s Job<'p>>, Pair<'p>),
    /// A context path that a text of a job or of its step reads.
    Reference(&'s Workflow<'p>, &'s Job<'p>, Option<&'s Step<'p>>, &'s ContextReference<'p>, Text<'p>),
    /// A calling job, or one of the scopes that the called workflow requests.
    Call(&'s Workflow<'p>, &'s Job<'p>, Option<&'s PermissionRequest<'s, 'p>>),
    Login(&'s Workflow<'p>, &'s Job<'p>, &'s LoginStep<'a, 'p>),
    Need(&'s Workflow<'p>, &'s Job<'p>, &'s PermissionCheck<'s, 'p>),
    /// An upload in one run; without a run if none reaches it.
    Upload(&'s Upload<'a, 'p>, Option<UploadView<'s, 'a, 'p>>),
    Publisher(&'s Publisher<'a>),
    Field(&'s Publisher<'a>, &'s PublisherField<'a>),
    Document(&'s RepeatedValue),
    /// A problem in a file, with the workflow if that could be read, and its kind: `yaml` or `shape`.
    Problem(Option<&'s Workflow<'p>>, &'s Problem, &'static str),
    Ignore(&'s Ignore),
}

/// One run of an upload, with the contexts that its step sees.
#[derive(Clone, Copy)]
pub(crate) struct UploadView<'s, 'a, 'p> {
    pub(crate) run: &'s UploadRun<'a, 'p>,
    pub(crate) context: &'s EvaluationContext<'s, 'p>,
}

impl<'s, 'a, 'p> Subject<'s, 'a, 'p> {
    pub(crate) const fn new(analysis: &'s Analysis<'a, 'p>, item: Item<'s, 'a, 'p>) -> Self {
        Self { analysis, item }
    }

    pub(crate) const fn kind(&self) -> SubjectKind {
        match self.item {
            Item::Workflow(_) => SubjectKind::Workflow,
            Item::Job(..) => SubjectKind::Job,
            Item::Step(..) => SubjectKind::Step,
            Item::Permission(..) => SubjectKind::Permission,
            Item::Reference(..) => SubjectKind::Reference,
            Item::Call(..) => SubjectKind::Call,
            Item::Login(..) => SubjectKind::Login,
            Item::Need(..) => SubjectKind::Need,
            Item::Upload(..) => SubjectKind::Upload,
            Item::Publisher(_) => SubjectKind::Publisher,
            Item::Field(..) => SubjectKind::Field,
            Item::Document(_) => SubjectKind::Document,
            Item::Problem(..) => SubjectKind::Problem,
            Item::Ignore(_) => SubjectKind::Ignore,
        }
    }

    pub(crate) fn workflow(&self) -> Option<&'s Workflow<'p>> {
        match self.item {
            Item::Workflow(workflow)
            | Item::Job(workflow, _)
            | Item::Step(workflow, ..)
            | Item::Permission(workflow, ..)
            | Item::Reference(workflow, ..)
            | Item::Call(workflow, ..)
            | Item::Login(workflow, ..)
            | Item::Need(workflow, ..) => Some(workflow),
            Item::Upload(upload, _) => Some(upload.site.resolved.workflow),
            Item::Problem(workflow, ..) => workflow,
            Item::Publisher(_) | Item::Field(..) | Item::Document(_) | Item::Ignore(_) => None,
        }
    }

    pub(crate) fn job(&self) -> Option<&'s Job<'p>> {
        match self.item {
            Item::Job(_, job)
            | Item::Step(_, job, _)
            | Item::Reference(_, job, ..)
            | Item::Call(_, job, _)
            | Item::Login(_, job, _)
            | Item::Need(_, job, _) => Some(job),
            Item::Permission(_, job, _) => job,
            Item::Upload(upload, _) => Some(upload.site.resolved.job),
            _ => None,
        }
    }

    pub(crate) fn step(&self) -> Option<&'s Step<'p>> {
        match self.item {
            Item::Step(_, _, step) => Some(step),
            Item::Reference(_, _, step, ..) => step,
            Item::Login(_, _, login) => login.resolved.step,
            Item::Need(_, _, check) => check.requester.resolved.step,
            Item::Upload(upload, _) => upload.site.resolved.step,
            _ => None,
        }
    }

    pub(crate) const fn permission(&self) -> Option<Pair<'p>> {
        if let Item::Permission(_, _, pair) = self.item { Some(pair) } else { None }
    }

    pub(crate) const fn need(&self) -> Option<&'s PermissionCheck<'s, 'p>> {
        if let Item::Need(_, _, check) = self.item { Some(check) } else { None }
    }

    /// What an expression reads, and the text that contains it.
    pub(crate) const fn reference(&self) -> Option<(&'s ContextReference<'p>, Text<'p>)> {
        if let Item::Reference(_, _, _, reference, text) = self.item { Some((reference, text)) } else { None }
    }

    pub(crate) const fn request(&self) -> Option<&'s PermissionRequest<'s, 'p>> {
        if let Item::Call(_, _, request) = self.item { request } else { None }
    }

    pub(crate) const fn login(&self) -> Option<&'s LoginStep<'a, 'p>> {
        if let Item::Login(_, _, login) = self.item { Some(login) } else { None }
    }

    pub(crate) const fn upload(&self) -> Option<&'s Upload<'a, 'p>> {
        if let Item::Upload(upload, _) = self.item { Some(upload) } else { None }
    }

    pub(crate) const fn view(&self) -> Option<UploadView<'s, 'a, 'p>> {
        if let Item::Upload(_, view) = self.item { view } else { None }
    }

    pub(crate) fn context(&self) -> Option<&'s EvaluationContext<'s, 'p>> {
        self.view().map(|view| view.context)
    }

    /// The claims of the run's OIDC token.
    pub(crate) fn claims(&self) -> Option<&'s Claims> {
        let (upload, view) = (self.upload()?, self.view()?);
        Some(view.run.claims(upload, view.context, self.analysis.repository))
    }

    /// The credential of the run's upload, and the place that decides it.
    pub(crate) fn credential(&self) -> Option<&'s (CredentialOutcome, Place)> {
        let (upload, view) = (self.upload()?, self.view()?);
        Some(view.run.credential(upload, view.context, self.analysis.data))
    }

    /// Where the run uploads to.
    pub(crate) fn target(&self) -> Option<&'s UploadTarget<'a>> {
        self.view().map(|view| &view.run.target)
    }

    /// The publisher; of an upload, the one that its run is compared with.
    pub(crate) fn publisher(&self) -> Option<&'s Publisher<'a>> {
        let index = match self.item {
            Item::Publisher(publisher) | Item::Field(publisher, _) => return Some(publisher),
            Item::Document(repeated) => repeated.publisher,
            _ => self.view()?.run.publisher?,
        };
        self.analysis.publishers.get(index)
    }

    /// The field of a declared publisher.
    pub(crate) const fn field(&self) -> Option<&'s PublisherField<'a>> {
        if let Item::Field(_, field) = self.item { Some(field) } else { None }
    }

    pub(crate) const fn document(&self) -> Option<&'s RepeatedValue> {
        if let Item::Document(repeated) = self.item { Some(repeated) } else { None }
    }

    pub(crate) const fn problem(&self) -> Option<(&'s Problem, &'static str)> {
        if let Item::Problem(_, problem, kind) = self.item { Some((problem, kind)) } else { None }
    }

    pub(crate) const fn ignore(&self) -> Option<&'s Ignore> {
        if let Item::Ignore(ignore) = self.item { Some(ignore) } else { None }
    }

    /// Names the subject for a fingerprint: no line numbers, no positions that move.
    pub(crate) fn name(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.job().map(|job| job.id.value().to_owned()));
        if let Some(step) = self.step() {
            let name = step.id.or(step.uses).or(step.name).or(step.run).map_or("", |text| text.value());
            let line = name.lines().next().unwrap_or_default();
            parts.push(action(line).to_owned());
        }
        match self.item {
            Item::Permission(_, _, pair) => parts.push(pair.key.value().to_owned()),
            Item::Need(_, _, check) => parts.push(check.need.scope.clone()),
            Item::Reference(_, _, _, reference, _) => parts.push(reference.path.join(".")),
            Item::Call(_, _, Some(request)) => parts.push(request.scope.clone()),
            Item::Ignore(ignore) => parts.push(ignore.rule.clone()),
            Item::Publisher(_) | Item::Field(..) | Item::Document(_) => {
                parts.extend(self.publisher().map(|it| format!("{} {}", it.registry.id, it.title())));
                parts.extend(self.field().map(|entry| entry.field.name.clone()));
                parts.extend(self.document().map(|repeated| repeated.statement.field.clone()));
            }
            _ => {}
        }
        parts.join("/")
    }
}

/// The syntax errors of a file as problems.
#[must_use]
pub(crate) fn syntax_problems(file: FileId, errors: &[SyntaxError]) -> Vec<Problem> {
    errors.iter().map(|error| Problem::new(Place { file, span: error.span }, error.message.clone())).collect()
}

/// Receives each subject from [`visit_all`].
pub(crate) trait Visitor {
    /// Called before the subjects inside a job, with the job.
    fn enters_job(&mut self, job: &Subject<'_, '_, '_>);
    /// Whether subjects of a kind inside the entered job could matter; if not, they are not enumerated.
    fn wants(&self, kind: SubjectKind) -> bool;
    /// Whether a need of the entered job could matter, before it is compared with what the job holds.
    fn wants_need(&self, need: &Subject<'_, '_, '_>) -> bool;
    /// Whether a rule can report a need with this status.
    fn reports(&self, status: PermissionStatus) -> bool;
    /// Whether the subjects of a workflow must be visited; not if they are known.
    fn enters(&mut self, _workflow: FileId) -> bool {
        true
    }
    fn visit(&mut self, subject: &Subject<'_, '_, '_>);
    /// Called after the last run of an upload.
    fn leaves(&mut self, upload: &Upload<'_, '_>);
}

/// Visits every subject of a project, except ignores: whether these hide a finding is known last.
pub(crate) fn visit_all(analysis: &Analysis<'_, '_>, visitor: &mut dyn Visitor) {
    let actions = analysis.project.actions.iter().map(|action| &action.document);
    for document in analysis.project.workflows.iter().chain(actions) {
        for problem in &syntax_problems(document.file, document.tree.errors()) {
            visitor.visit(&Subject::new(analysis, Item::Problem(None, problem, "yaml")));
        }
    }
    for workflow in analysis.workflows {
        if visitor.enters(workflow.file) {
            visit_workflow(analysis, workflow, visitor);
        }
    }
    for upload in &analysis.uploads {
        for run in &upload.runs {
            analysis.with_upload_run(upload, run, |subject| visitor.visit(subject));
        }
        visitor.leaves(upload);
        if upload.runs.is_empty() {
            visitor.visit(&Subject::new(analysis, Item::Upload(upload, None)));
        }
    }
    for publisher in &analysis.publishers {
        visitor.visit(&Subject::new(analysis, Item::Publisher(publisher)));
        for field in &publisher.entries {
            visitor.visit(&Subject::new(analysis, Item::Field(publisher, field)));
        }
    }
    for repeated in &analysis.documents {
        visitor.visit(&Subject::new(analysis, Item::Document(repeated)));
    }
}

fn visit_workflow<'p>(analysis: &Analysis<'_, 'p>, workflow: &Workflow<'p>, visitor: &mut dyn Visitor) {
    for problem in &workflow.problems {
        visit(analysis, visitor, Item::Problem(Some(workflow), problem, "shape"));
    }
    visit(analysis, visitor, Item::Workflow(workflow));
    for pair in entries(workflow.permissions.as_ref()) {
        visit(analysis, visitor, Item::Permission(workflow, None, *pair));
    }
    for job in &workflow.jobs {
        visit_job(analysis, workflow, job, visitor);
    }
}

fn visit_job<'p>(analysis: &Analysis<'_, 'p>, workflow: &Workflow<'p>, job: &Job<'p>, visitor: &mut dyn Visitor) {
    let Analysis { data, checkout, .. } = analysis;
    visitor.enters_job(&Subject::new(analysis, Item::Job(workflow, job)));
    if job.uses.is_some() {
        visit(analysis, visitor, Item::Call(workflow, job, None));
        for request in &calls::requests(&data.github, checkout, workflow, job) {
            visit(analysis, visitor, Item::Call(workflow, job, Some(request)));
        }
        // The jobs of a workflow of another repository are not read, so the calling job stands for them.
        if checkout.called(job).is_none() {
            visit(analysis, visitor, Item::Job(workflow, job));
        }
    } else {
        visit(analysis, visitor, Item::Job(workflow, job));
    }
    for pair in entries(job.permissions.as_ref()) {
        visit(analysis, visitor, Item::Permission(workflow, Some(job), *pair));
    }
    let references = visitor.wants(SubjectKind::Reference);
    if references {
        visit_references(analysis, visitor, (workflow, job, None), job_texts(job));
    }
    let wanted = |check: &PermissionCheck<'_, 'p>| {
        check.status.is_none_or(|status| visitor.reports(status))
            && visitor.wants_need(&Subject::new(analysis, Item::Need(workflow, job, check)))
    };
    let checks =
        permission_checks(&data.needs, &data.github, checkout, (workflow, job, analysis.steps_of(job)), wanted);
    for check in &checks {
        visit(analysis, visitor, Item::Need(workflow, job, check));
    }
    for step in &job.steps {
        visit(analysis, visitor, Item::Step(workflow, job, step));
        if references {
            visit_references(analysis, visitor, (workflow, job, Some(step)), step_texts(step));
        }
    }
    for login in analysis.logins_of(job) {
        visit(analysis, visitor, Item::Login(workflow, job, login));
    }
}

fn visit_references<'s, 'a, 'p>(
    analysis: &'s Analysis<'a, 'p>,
    visitor: &mut dyn Visitor,
    (workflow, job, step): (&'s Workflow<'p>, &'s Job<'p>, Option<&'s Step<'p>>),
    texts: impl Iterator<Item = (Text<'p>, bool)>,
) {
    for (text, is_condition) in texts {
        for reference in &references_of(text, is_condition) {
            visit(analysis, visitor, Item::Reference(workflow, job, step, reference, text));
        }
    }
}

fn visit<'s, 'a, 'p>(analysis: &'s Analysis<'a, 'p>, visitor: &mut dyn Visitor, item: Item<'s, 'a, 'p>) {
    visitor.visit(&Subject::new(analysis, item));
}

fn entries<'s, 'p>(block: Option<&'s Permissions<'p>>) -> &'s [Pair<'p>] {
    match block {
        Some(Permissions { grant: Grant::Scopes(entries), .. }) => entries,
        _ => &[],
    }
}

fn references_of(text: Text<'_>, is_condition: bool) -> Vec<ContextReference<'_>> {
    let references = if is_condition {
        Condition::parse(text.value()).map(|parsed| parsed.references())
    } else {
        ExpressionTemplate::parse(text.value()).map(|parsed| parsed.references())
    };
    references.unwrap_or_default()
}

/// A job's own texts that may contain expressions, and whether each is a condition.
fn job_texts<'j, 'p>(job: &'j Job<'p>) -> impl Iterator<Item = (Text<'p>, bool)> + 'j {
    let environment = job.environment.into_iter().flat_map(|it| [Some(it.name), it.url]).flatten();
    let pairs = job.env.entries.iter().chain(&job.with.entries).map(|pair| pair.value);
    let runner = job.runs_on.iter().flatten().copied();
    let texts = environment.chain(pairs).chain(runner).map(|text| (text, false));
    texts.chain(job.condition.map(|condition| (condition, true)))
}

fn step_texts<'j, 'p>(step: &'j Step<'p>) -> impl Iterator<Item = (Text<'p>, bool)> + 'j {
    let pairs = step.env.entries.iter().chain(&step.with.entries).map(|pair| pair.value);
    let texts = pairs.chain(step.run).chain(step.name).map(|text| (text, false));
    texts.chain(step.condition.map(|condition| (condition, true)))
}
