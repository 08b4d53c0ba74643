//! The context `github`, as far as the run's event fixes it. What only the pushed commit or the event's payload tells stays open.

use crate::workflow::expression::{Outcome, Value};
use crate::workflow::github::RefKind;
use crate::workflow::simulate::context::EvaluationContext;

impl EvaluationContext<'_, '_> {
    /// A property of `github`.
    pub(crate) fn github(&self, path: &[&str]) -> Outcome {
        let unknown = || Outcome::unknown(format!("`github.{}`", path.join(".")));
        if let Some(known) = self.repository_fact(path) {
            return known;
        }
        let run = self.run();
        if run.unknown_caller {
            return unknown();
        }
        match path {
            ["event_name"] => Outcome::text(run.event.as_str()),
            ["ref"] => self.full_ref(),
            ["ref_name"] => self.ref_name(),
            ["ref_type"] => match run.reference.kind {
                RefKind::Tag => Outcome::text("tag"),
                RefKind::Branch | RefKind::PullRequest => Outcome::text("branch"),
                RefKind::Unknown => unknown(),
            },
            ["head_ref" | "base_ref"] if !run.event.starts_with("pull_request") => Outcome::text(""),
            ["event", rest @ ..] => self.event(rest).unwrap_or_else(unknown),
            _ => unknown(),
        }
    }

    fn full_ref(&self) -> Outcome {
        let reference = &self.run().reference;
        match (reference.kind, reference.kind.prefix()) {
            // Its number is of no use to any condition, its shape is.
            (RefKind::PullRequest, _) => Outcome::text("refs/pull/1/merge"),
            (_, Some(prefix)) if reference.whole => Outcome::text(format!("{prefix}{}", reference.beginning)),
            (_, Some(prefix)) => Outcome::starting_with(&format!("{prefix}{}", reference.beginning), "`github.ref`"),
            (_, None) => Outcome::unknown("`github.ref`"),
        }
    }

    fn ref_name(&self) -> Outcome {
        let reference = &self.run().reference;
        match reference.kind {
            RefKind::PullRequest => Outcome::text("1/merge"),
            _ if reference.whole => Outcome::text(reference.beginning.as_str()),
            _ if reference.beginning.is_empty() => Outcome::unknown("`github.ref_name`"),
            _ => Outcome::starting_with(&reference.beginning, "`github.ref_name`"),
        }
    }

    /// A part of the event's payload; `None` for one that the event does not fix.
    fn event(&self, path: &[&str]) -> Option<Outcome> {
        let run = self.run();
        let flag = |flag: bool| Some(Outcome::Known(Value::Bool(flag)));
        match path {
            ["action"] => run.activity.as_deref().map(Outcome::text),
            ["inputs", name] => Some(run.input(name, true)),
            ["repository", "fork"] => flag(false),
            ["release", "draft"]
                if matches!(run.activity.as_deref(), Some("published" | "released" | "prereleased")) =>
            {
                flag(false)
            }
            ["release", "prerelease"] if run.activity.as_deref() == Some("released") => flag(false),
            ["release", "prerelease"] if run.activity.as_deref() == Some("prereleased") => flag(true),
            ["release", "tag_name"] if run.event == "release" => Some(self.ref_name()),
            // Runs are played as successes, the one that this one follows as well.
            ["workflow_run", "conclusion"] if run.activity.as_deref() == Some("completed") => {
                Some(Outcome::text("success"))
            }
            [payload @ ("release" | "pull_request" | "workflow_run" | "client_payload"), ..] => {
                let carried = match *payload {
                    "client_payload" => run.event == "repository_dispatch",
                    other => run.event.starts_with(other),
                };
                (!carried).then_some(Outcome::Known(Value::Null))
            }
            _ => None,
        }
    }

    fn repository_fact(&self, path: &[&str]) -> Option<Outcome> {
        let repository = self.simulated.checkout.repository.as_deref()?;
        match path {
            ["repository"] => Some(Outcome::text(repository)),
            ["repository_owner"] => Some(Outcome::text(repository.split('/').next().unwrap_or_default())),
            _ => None,
        }
    }
}
