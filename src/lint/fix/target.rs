//! The names that a fix can use for what it changes: `job.permissions.id-token`, `step`, the entry of a fact.

use crate::lint::rules::MessageTemplate;
use crate::lint::subjects::SubjectKind;

/// What a change applies to.
#[derive(Debug, Clone)]
pub enum FixTarget {
    /// A scope of the job's own `permissions`.
    JobScope(MessageTemplate),
    /// A scope of the workflow's `permissions`.
    WorkflowScope(MessageTemplate),
    /// A scope of every job that gets it from the workflow's `permissions` and uses or may use the OIDC token.
    OidcJobsScope(MessageTemplate),
    /// The job's `environment`.
    Environment,
    /// The whole step.
    Step,
    /// An input of the step.
    Input(MessageTemplate),
    /// A variable that the step's own `env` sets.
    Variable(MessageTemplate),
    /// The action that the step uses.
    Uses,
    /// An input of the step that checks out the built code.
    CheckoutInput(MessageTemplate),
    /// The whole declared publisher.
    Publisher,
    /// A field of the declared publisher.
    Field(MessageTemplate),
    /// The whole ignore, or the rule that it names.
    Ignore,
    /// The entry whose key or value is the fact's place.
    Fact(String),
}

const JOB: &[SubjectKind] = &[
    SubjectKind::Job,
    SubjectKind::Call,
    SubjectKind::Step,
    SubjectKind::Reference,
    SubjectKind::Upload,
    SubjectKind::Need,
    SubjectKind::Login,
];
const WORKFLOW: &[SubjectKind] = &[
    SubjectKind::Workflow,
    SubjectKind::Job,
    SubjectKind::Call,
    SubjectKind::Step,
    SubjectKind::Permission,
    SubjectKind::Reference,
    SubjectKind::Upload,
    SubjectKind::Need,
    SubjectKind::Login,
];
const STEP: &[SubjectKind] =
    &[SubjectKind::Step, SubjectKind::Reference, SubjectKind::Upload, SubjectKind::Need, SubjectKind::Login];
const PUBLISHER: &[SubjectKind] = &[SubjectKind::Upload, SubjectKind::Publisher];

/// A row of the table: the name in rules, the subjects that have it, what it is.
pub(super) type TargetRow = (&'static str, &'static [SubjectKind], &'static str);

/// The table. A name that ends in `.*` accepts any last part; every other name is a fact.
pub const TARGETS: [TargetRow; 12] = [
    (
        "job.permissions.*",
        JOB,
        "A scope of the job's own `permissions`; a new block also grants what the job had before.",
    ),
    ("workflow.permissions.*", WORKFLOW, "A scope of the workflow's `permissions`."),
    (
        "oidc-jobs.permissions.*",
        WORKFLOW,
        "A scope of each job that gets it from the workflow's `permissions` and uses, or may use, the OIDC token.",
    ),
    ("job.environment", JOB, "The name of the job's environment."),
    ("step", STEP, "The whole step."),
    ("step.with.*", STEP, "An input of the step."),
    ("step.env.*", STEP, "A variable that the step's own `env` sets."),
    ("step.uses", STEP, "The action that the step uses."),
    ("checkout.with.*", &[SubjectKind::Upload], "An input of the checkout step before the build."),
    ("publisher", PUBLISHER, "The whole declared publisher."),
    ("publisher.*", PUBLISHER, "A field of the declared publisher."),
    ("ignore", &[SubjectKind::Ignore], "The ignore; its name is the rule that it hides."),
];

impl FixTarget {
    /// The row for a name, with the part that `*` stands for.
    #[must_use]
    pub fn line(name: &str) -> Option<(&'static TargetRow, &str)> {
        TARGETS.iter().find_map(|line| match line.0.strip_suffix('*') {
            Some(stem) => name.strip_prefix(stem).filter(|part| !part.is_empty()).map(|part| (line, part)),
            None => (line.0 == name).then_some((line, "")),
        })
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let Some((line, part)) = Self::line(name) else { return Self::Fact(name.to_owned()) };
        let part = || MessageTemplate::parse(part);
        match line.0 {
            "job.permissions.*" => Self::JobScope(part()),
            "workflow.permissions.*" => Self::WorkflowScope(part()),
            "oidc-jobs.permissions.*" => Self::OidcJobsScope(part()),
            "job.environment" => Self::Environment,
            "step" => Self::Step,
            "step.with.*" => Self::Input(part()),
            "step.env.*" => Self::Variable(part()),
            "step.uses" => Self::Uses,
            "checkout.with.*" => Self::CheckoutInput(part()),
            "publisher" => Self::Publisher,
            "publisher.*" => Self::Field(part()),
            _ => Self::Ignore,
        }
    }

    /// The template in its name, if it has one.
    #[must_use]
    pub const fn part(&self) -> Option<&MessageTemplate> {
        match self {
            Self::JobScope(part)
            | Self::WorkflowScope(part)
            | Self::OidcJobsScope(part)
            | Self::Input(part)
            | Self::Variable(part)
            | Self::CheckoutInput(part)
            | Self::Field(part) => Some(part),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_as_itself() {
        for (name, ..) in TARGETS {
            let name = name.replace('*', "x");
            assert!(!matches!(FixTarget::parse(&name), FixTarget::Fact(_)), "{name}");
        }
        assert!(matches!(FixTarget::parse("credential"), FixTarget::Fact(_)));
        assert!(matches!(FixTarget::parse("step.with.password"), FixTarget::Input(_)));
    }
}
