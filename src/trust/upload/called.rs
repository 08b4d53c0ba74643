//! Whether a called workflow of another repository uploads in one run, by the condition in its registry data.

use crate::trust::registry::slot::known_text;
use crate::trust::upload::site::UploadSite;
use crate::workflow::expression::{Condition, Outcome, Scope, StatusFunction, Truth, UnknownReason};
use crate::workflow::simulate::context::EvaluationContext;

/// Whether the workflow that a job calls uploads in a run. Yes if data has no condition for it.
#[must_use]
pub fn uploads(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> Truth {
    let Some(condition) = site.pattern.and_then(|pattern| pattern.only_if.as_deref()) else { return Truth::Yes };
    match Condition::parse(condition) {
        Ok(condition) => condition.evaluate(&CalledContext { site, context }),
        Err(error) => Truth::Unknown(UnknownReason::new(error.message)),
    }
}

/// The evaluation context of the called workflow.
struct CalledContext<'s, 'a, 'p> {
    site: &'s UploadSite<'a, 'p>,
    context: &'s EvaluationContext<'s, 'p>,
}

impl Scope for CalledContext<'_, '_, '_> {
    fn lookup(&self, path: &[&str]) -> Outcome {
        match path {
            ["github", ..] => self.context.lookup(path),
            ["inputs", name] => self.input(name),
            _ => Outcome::unknown(format!("`{}`", path.join("."))),
        }
    }

    fn status(&self, function: StatusFunction) -> Truth {
        // Runs are simulated with every reached job successful.
        match function {
            StatusFunction::Success | StatusFunction::Always => Truth::Yes,
            StatusFunction::Failure | StatusFunction::Cancelled => Truth::No,
        }
    }
}

impl CalledContext<'_, '_, '_> {
    /// An input as text, whatever its type in the calling job.
    fn input(&self, name: &str) -> Outcome {
        let with = self.site.resolved.with();
        if let Some(pair) = with.get_ignore_case(name) {
            let value = self.context.for_job().evaluate(pair.value.value());
            return known_text(&value).map_or(value, Outcome::text);
        }
        if with.dynamic {
            return Outcome::unknown(format!("the input `{name}`"));
        }
        let default = self.site.pattern.and_then(|pattern| pattern.defaults.get(name));
        Outcome::text(default.map_or("", String::as_str))
    }
}
