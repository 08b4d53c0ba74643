//! What rules speak about: the subjects of one project. It judges nothing.

use super::analysis::Analysis;
use super::data::Data;
use super::waiver::Waiver;
use crate::read::problem::Problem;
use crate::read::source::{FileId, Place};
use crate::read::syntax::SyntaxError;
use crate::trust::document::Repeated;
use crate::trust::login::LoginStep;
use crate::trust::publication::{self, Site, Target};
use crate::trust::publisher::Publisher;
use crate::trust::registry::Claim;
use crate::trust::verdict::{self, Claims};
use crate::workflow::expression::Truth;
use crate::workflow::model::{Job, Pair, Step, Workflow};
use crate::workflow::run::{self, Run};
use crate::workflow::sight::{Play, Sight};

/// The kinds of subjects a rule may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
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
    Publication,
    /// A declared publisher.
    Publisher,
    /// A problem of a workflow's YAML or shape.
    Problem,
    /// A waiver.
    Waiver,
    /// A job that calls a workflow.
    Call,
    /// A step that trades the OIDC token for another.
    Login,
    /// A scope that a step of a job needs.
    Need,
    /// A document that repeats a record.
    Document,
}

impl Kind {
    /// Every kind with the word that rules use.
    pub const WORDS: [(Self, &'static str); 13] = [
        (Self::Workflow, "workflow"),
        (Self::Job, "job"),
        (Self::Step, "step"),
        (Self::Permission, "permission"),
        (Self::Reference, "reference"),
        (Self::Publication, "publication"),
        (Self::Publisher, "publisher"),
        (Self::Problem, "problem"),
        (Self::Waiver, "waiver"),
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

/// An upload and all its runs.
pub struct Publication<'a, 'p> {
    /// The step.
    pub site: Site<'a, 'p>,
    /// Position among the uploads of the project.
    pub index: usize,
    /// The runs of its workflow that may come to it, and whether they surely do.
    pub runs: Vec<(Run, Truth)>,
    /// Positions of the publishers that some run is measured by.
    pub assigned: Vec<usize>,
    /// Why some run of it is not decided.
    pub undecided: Option<String>,
    /// Ids of registries that its environment suggests although it uploads to another.
    pub swapped: Vec<String>,
    /// Whether some run uploads to a known registry.
    pub known: bool,
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
    /// The context path that an expression reads, and where.
    pub reference: Option<(&'s [String], Place)>,
    /// The login.
    pub login: Option<&'s LoginStep<'a, 'p>>,
    /// The publication.
    pub publication: Option<&'s Publication<'a, 'p>>,
    /// The run as the publication's step sees it.
    pub sight: Option<&'s Sight<'s, 'p>>,
    /// The claims of that run.
    pub claims: Option<&'s Claims>,
    /// Where that run uploads to.
    pub target: Option<&'s Target<'a>>,
    /// The publisher; of a publication, the one that it is measured by.
    pub publisher: Option<&'s Publisher<'a>>,
    /// The problem.
    pub problem: Option<(&'s str, Place, &'static str)>,
    /// The value that a document repeats.
    pub document: Option<&'s Repeated>,
    /// The waiver.
    pub waiver: Option<&'s Waiver>,
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
            reference: None,
            login: None,
            publication: None,
            sight: None,
            claims: None,
            target: None,
            publisher: None,
            problem: None,
            document: None,
            waiver: None,
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
            parts.push(publication::action(line).to_owned());
        }
        parts.extend(self.permission.map(|pair| pair.key.value().to_owned()));
        parts.extend(self.reference.map(|(path, _)| path.join(".")));
        if self.publication.is_none() {
            parts.extend(self.publisher.map(|publisher| format!("{} {}", publisher.registry.id, publisher.title())));
        }
        parts.extend(self.document.map(|repeated| repeated.statement.field.clone()));
        parts.extend(self.waiver.map(|waiver| waiver.rule.clone()));
        parts.join("/")
    }
}

/// The publications of all workflows with their runs.
#[must_use]
pub fn publications<'a, 'p>(
    data: &'a Data,
    workflows: &'a [Workflow<'p>],
    publishers: &[Publisher<'a>],
    certain: Option<&str>,
    guarded: Option<&str>,
) -> Vec<Publication<'a, 'p>> {
    let mut found = Vec::new();
    for workflow in workflows {
        for site in publication::sites(&data.github, &data.registries, workflow) {
            let mut publication = Publication {
                index: found.len(),
                runs: Vec::new(),
                assigned: Vec::new(),
                undecided: None,
                swapped: Vec::new(),
                known: false,
                site,
            };
            let job = publication.site.client.job;
            for run in run::runs(&data.github, workflow, &[job]) {
                play(&mut publication, data, run, publishers, certain, guarded);
            }
            let elsewhere = !publication.known && publication.undecided.is_none() && !publication.runs.is_empty();
            if !elsewhere {
                found.push(publication);
            }
        }
    }
    found
}

/// Plays one run of a publication and keeps what the project as a whole must know of it.
fn play<'a>(
    publication: &mut Publication<'a, '_>,
    data: &'a Data,
    run: Run,
    publishers: &[Publisher<'a>],
    certain: Option<&str>,
    guarded: Option<&str>,
) {
    let client = publication.site.client.clone();
    let play = Play::new(&run, client.workflow, guarded);
    let sight = client.seen(&play.sight(client.job));
    let reach = sight.reached();
    if reach == Truth::No {
        return;
    }
    match publication.site.target(&data.registries, &sight) {
        Target::Elsewhere => return,
        Target::Unknown(reason, _) => publication.undecided = Some(reason.to_string()),
        Target::Registry(registry, _) => {
            publication.known = true;
            let claims = verdict::claims(&publication.site, &sight, certain);
            publication
                .assigned
                .extend(verdict::measures(&claims, &registry.id, publishers).map(|publisher| publisher.index));
            if let Some(name) = claims.value(Claim::Environment, registry).ok().flatten() {
                let suggested = data.suggested(&name);
                if !suggested.is_empty() && !suggested.contains(&registry.id.as_str()) {
                    publication.swapped.extend(suggested.into_iter().map(str::to_owned));
                }
            }
        }
    }
    drop(play);
    publication.runs.push((run, reach));
}

/// What a workflow's own guards take `github.repository` to be: a fork's checkout is judged as the original.
#[must_use]
pub fn guarded_repository(workflows: &[Workflow<'_>]) -> Option<String> {
    let conditions = workflows.iter().flat_map(|workflow| &workflow.jobs).flat_map(|job| {
        let steps = job.steps.iter().filter_map(|step| step.condition);
        job.condition.into_iter().chain(steps)
    });
    let texts: Vec<&str> = conditions.map(|condition| condition.value()).collect();
    let literal = |context: &str| texts.iter().find_map(|text| compared(text, context));
    match (literal("github.repository"), literal("github.repository_owner")) {
        (Some(repository), _) if repository.contains('/') => Some(repository),
        (_, Some(owner)) => Some(format!("{owner}/")),
        _ => None,
    }
}

/// The literal in `context == 'literal'`.
fn compared(condition: &str, context: &str) -> Option<String> {
    for (at, _) in condition.match_indices(context) {
        let rest = condition[at + context.len()..].trim_start();
        if let Some(literal) = rest.strip_prefix("==").map(str::trim_start).and_then(|rest| rest.strip_prefix('\'')) {
            return literal.split('\'').next().map(str::to_owned);
        }
    }
    None
}

/// Problems of a workflow's YAML, as subjects have them.
#[must_use]
pub fn syntax_problems(file: FileId, errors: &[SyntaxError]) -> Vec<Problem> {
    errors.iter().map(|error| Problem::new(Place { file, span: error.span }, error.message.clone())).collect()
}
