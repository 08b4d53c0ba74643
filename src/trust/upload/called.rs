//! Whether a called workflow of another repository uploads in one run, as data says of it. It never looks for that workflow's file.

use crate::trust::registry::slot::known_text;
use crate::trust::upload::site::UploadSite;
use crate::workflow::expression::{Condition, Outcome, Scope, StatusFunction, Truth, UnknownReason};
use crate::workflow::simulate::context::EvaluationContext;

/// Whether the workflow that a job calls uploads in a run; yes for whatever data gives no condition.
#[must_use]
pub fn uploads(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> Truth {
    let Some(condition) = site.pattern.and_then(|pattern| pattern.only_if.as_deref()) else { return Truth::Yes };
    match Condition::parse(condition) {
        Ok(condition) => condition.evaluate(&CalledContext { site, context }),
        Err(error) => Truth::Unknown(UnknownReason::new(error.message)),
    }
}

/// What the called workflow sees.
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
        // A run is played as one in which every job that starts succeeds.
        match function {
            StatusFunction::Success | StatusFunction::Always => Truth::Yes,
            StatusFunction::Failure | StatusFunction::Cancelled => Truth::No,
        }
    }
}

impl CalledContext<'_, '_, '_> {
    /// An input as the text that it is there, whatever it is where it is given.
    fn input(&self, name: &str) -> Outcome {
        let with = self.site.resolved.with();
        if let Some(pair) = with.get_ignore_case(name) {
            let given = self.context.for_job().evaluate(pair.value.value());
            return known_text(&given).map_or(given, Outcome::text);
        }
        if with.dynamic {
            return Outcome::unknown(format!("the input `{name}`"));
        }
        let default = self.site.pattern.and_then(|pattern| pattern.defaults.get(name));
        Outcome::text(default.map_or("", String::as_str))
    }
}
