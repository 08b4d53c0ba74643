//! The steps and commands before an upload in its job.

use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{ResolvedStep, steps};
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::simulate::context::EvaluationContext;

/// A step before an upload in its job, or the upload's own step with the commands before it.
#[derive(Debug, Clone)]
pub struct EarlierStep<'a, 'p> {
    /// The step.
    pub resolved: ResolvedStep<'a, 'p>,
    /// Whether it runs whenever the upload does.
    pub certain: bool,
    /// In the upload's own step: the offset in the script before which its commands run earlier.
    until: Option<usize>,
}

impl<'a, 'p> EarlierStep<'a, 'p> {
    /// The commands of its script before the upload, each as a step of its own.
    #[must_use]
    pub fn commands(&self, github: &GitHubFacts) -> Vec<ResolvedStep<'a, 'p>> {
        let all = self.resolved.commands(github);
        let earlier = all.iter().filter(|command| self.until.is_none_or(|until| command.span.start < until));
        earlier.map(|command| self.resolved.with_command(command)).collect()
    }
}

/// The steps before an upload that a run may reach, in order. The steps of a local action follow the step that uses it.
#[must_use]
pub fn earlier<'a, 'p>(site: &UploadSite<'a, 'p>, context: &EvaluationContext<'_, 'p>) -> Vec<EarlierStep<'a, 'p>> {
    let own = &site.resolved;
    let position = own.position();
    let start = own.command.as_ref().map_or(0, |command| command.span.start);
    let start = own.calls.first().map_or(start, |frame| frame.call.command.span.start);
    let steps = steps(own.model, own.workflow, own.job).into_iter();
    let before = steps.take_while(|step| step.position() <= position);
    before
        .filter_map(|resolved| {
            let reached = resolved.context(context).reached();
            let around = resolved.frames.iter().map(|frame| frame.step);
            let unconditional = around.chain(resolved.step).all(|step| step.condition.is_none());
            let until = (resolved.position() == position).then_some(start);
            let certain = until.is_some() || unconditional || reached == Truth::Yes;
            (reached != Truth::No).then_some(EarlierStep { resolved, certain, until })
        })
        .collect()
}
