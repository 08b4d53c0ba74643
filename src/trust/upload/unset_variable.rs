//! Programs before an upload that stop because a file that an action wrote names a variable without a value.

use crate::read::shell::ShellCommand;
use crate::read::source::Place;
use crate::trust::registry::command::{is_command, unwrapped, words};
use crate::trust::registry::opaque;
use crate::trust::registry::slot::{Slot, SlotValue, known_text};
use crate::trust::registry::upload_pattern::UnsetVariableRule;
use crate::trust::upload::credential::has_sign;
use crate::trust::upload::earlier::earlier;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::version::{ActionStatus, action_status};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;

/// A program that stops at a variable without a value.
#[derive(Debug, Clone)]
pub struct UnsetVariable<'a> {
    /// The data about it.
    pub rule: &'a UnsetVariableRule,
    /// The text of the command.
    pub command: String,
    /// The place of the command.
    pub place: Place,
    /// The place of the input with which the action writes the file.
    pub written: Place,
}

/// The first program before an upload, or around it, that stops at a variable without a value.
#[must_use]
pub fn unset_variable<'a>(
    site: &UploadSite<'_, '_>,
    github: &GitHubFacts,
    rules: &'a [UnsetVariableRule],
    context: &EvaluationContext<'_, '_>,
) -> Option<UnsetVariable<'a>> {
    let shown = rules.iter().filter(|rule| has_sign(&site.resolved, &rule.decided_by));
    shown.filter_map(|rule| Search { site, github, rule, context }.find()).next()
}

struct Search<'l, 'a, 'p> {
    site: &'l UploadSite<'l, 'p>,
    github: &'l GitHubFacts,
    rule: &'a UnsetVariableRule,
    context: &'l EvaluationContext<'l, 'p>,
}

impl<'a> Search<'_, 'a, '_> {
    fn find(&self) -> Option<UnsetVariable<'a>> {
        let mut written = None;
        for earlier in earlier(self.site, self.context) {
            let step = earlier.resolved.step?;
            let (workflow, job) = (earlier.resolved.workflow, earlier.resolved.job);
            if opaque::in_step(self.github, workflow, job, step, &self.rule.opaque).is_some() {
                return None;
            }
            if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
                if action(uses.value()).eq_ignore_ascii_case(&self.rule.action) {
                    match self.written_by(&earlier.resolved)? {
                        Some(place) if earlier.certain => written = Some(place),
                        _ => {}
                    }
                }
                continue;
            }
            for resolved in earlier.commands(self.github) {
                if let Some(found) = self.stops(&resolved, written?, earlier.certain && !step.tolerated) {
                    return Some(found);
                }
            }
        }
        self.stops(&self.site.resolved, written?, true)
    }

    /// The place of the input with which a step writes the file without setting the variable; an inner `None` if it writes no file, an outer
    /// one if it sets the variable or may do so.
    fn written_by(&self, resolved: &ResolvedStep<'_, '_>) -> Option<Option<Place>> {
        let step = resolved.step?;
        let Some(input) = step.with.get_ignore_case(&self.rule.input).map(|pair| pair.value) else {
            return (!step.with.dynamic).then_some(None);
        };
        if known_text(&resolved.resolve(input.value(), self.context))?.trim().is_empty() {
            return Some(None);
        }
        let status = action_status(&self.rule.refs, resolved.source(), step.uses?);
        let unset = status == Some(ActionStatus::Current) && self.is_unset(resolved);
        unset.then(|| Some(input.place()))
    }

    fn is_unset(&self, resolved: &ResolvedStep<'_, '_>) -> bool {
        let slot = Slot { env: Some(self.rule.variable.as_str().into()), ..Slot::default() };
        resolved.slot_value(&slot) == SlotValue::Absent
    }

    /// The command, if it runs the program without the variable.
    fn stops(&self, resolved: &ResolvedStep<'_, '_>, written: Place, certain: bool) -> Option<UnsetVariable<'a>> {
        let called = resolved.calls.first();
        let command: &ShellCommand = called.map(|frame| &frame.call.command).or(resolved.command.as_deref())?;
        let place = called.map_or_else(|| resolved.place(), |frame| frame.caller.inner(command.span.clone()));
        let words = words(command);
        let runs = is_command(self.github, &words, &self.rule.program, &[]);
        let excluded = unwrapped(self.github, &words).iter().flatten().any(|word| self.rule.unless.contains(word));
        if !certain || !runs || excluded || command.conditional || command.tolerated || !self.is_unset(resolved) {
            return None;
        }
        let text = command.words.iter().map(|word| word.text().unwrap_or_else(|| "…".to_owned()));
        let text = text.collect::<Vec<_>>().join(" ");
        Some(UnsetVariable { rule: self.rule, command: text, place, written })
    }
}
