//! What an upload shows to the registry in one run: the OIDC token, a token that a login fetched, a stored secret. It never asks whether
//! the registry takes it.

use crate::read::source::Place;
use crate::trust::registry::RegistrySet;
use crate::trust::registry::command::flag_is;
use crate::trust::registry::slot::{Slot, SlotValue, known_text, reads};
use crate::trust::registry::upload_pattern::{CredentialOrder, OidcSupport, UploadPattern};
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::uses;
use crate::trust::upload::version;
use crate::workflow::expression::{Outcome, Truth, UnknownReason};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::Step;
use crate::workflow::permissions::{self, AccessLevel};
use crate::workflow::simulate::context::EvaluationContext;

/// What an upload shows to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The OIDC token.
    Trusted,
    /// A token that a login step got for the OIDC token.
    Minted,
    /// A stored secret.
    Stored,
    /// A secret that may be empty, and then the OIDC token.
    MaybeEmpty,
    /// Nothing.
    None,
}

impl Credential {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Minted => "minted",
            Self::Stored => "stored",
            Self::MaybeEmpty => "maybe-empty",
            Self::None => "none",
        }
    }
}

/// A credential that is known, or why not.
#[derive(Debug, Clone)]
pub enum CredentialOutcomes {
    /// Known.
    Known(Credential),
    /// Not known.
    Unknown(UnknownReason),
}

fn unknown(what: &'static str) -> CredentialOutcomes {
    CredentialOutcomes::Unknown(UnknownReason::new(what))
}

impl UploadSite<'_, '_> {
    /// What the upload shows in a run, and where that is said.
    #[must_use]
    pub fn credential(
        &self,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> (CredentialOutcomes, Place) {
        let here = self.resolved.place();
        let Some(pattern) = self.pattern else { return (CredentialOutcomes::Known(Credential::Minted), here) };
        if let Some(user) = &pattern.user
            && let Some((_, given)) = self.resolved.first(&user.slots)
        {
            match self.user_is_anonymous(&given, &user.anonymous, context) {
                Some(true) => {}
                Some(false) => return (CredentialOutcomes::Known(Credential::Stored), place_of(&given, here)),
                None => return (unknown("the user it uploads as"), place_of(&given, here)),
            }
        }
        let off = match self.is_off(pattern, context) {
            Ok(off) => off,
            Err(place) => return (unknown("a setting that only the run knows"), place),
        };
        let native = pattern.oidc == OidcSupport::Native && !off;
        for slot in &pattern.tokens {
            let given = self.resolved.slot_value(slot);
            if let Some(outcome) = self.token(&given, context) {
                let outcome = if native && pattern.order == CredentialOrder::OidcFirst {
                    self.behind_oidc(outcome, github, registries, context)
                } else {
                    outcome
                };
                return (outcome, place_of(&given, here));
            }
        }
        if self.login_exports(pattern, context) {
            return (CredentialOutcomes::Known(Credential::Minted), here);
        }
        if self.has_open_flags(pattern, context) {
            return (unknown("arguments that only the run knows"), here);
        }
        if self.hidden_credentials(github, pattern) {
            return (unknown("credentials that an earlier step may have written"), here);
        }
        let outcome = match (native, pattern.project_decides) {
            (true, true) if self.may_ask(github, context) != Some(true) => {
                unknown("the project's own release settings")
            }
            (true, _) => CredentialOutcomes::Known(Credential::Trusted),
            (false, true) => unknown("the project's own release settings"),
            (false, false) => CredentialOutcomes::Known(Credential::None),
        };
        (outcome, here)
    }

    /// Whether the command has flags that nobody can read, or that are only read here: they may be those of a token, of another registry
    /// or of a trial.
    fn has_open_flags(&self, pattern: &UploadPattern, context: &EvaluationContext<'_, '_>) -> bool {
        if pattern.value_flags.is_empty() {
            return false;
        }
        let slots = pattern.tokens.iter().chain(&pattern.endpoint.slots).flat_map(|slot| &slot.flags);
        let telling: Vec<&String> = slots.chain(&pattern.unless).chain(&pattern.opaque).collect();
        let tells = |word: &str| telling.iter().any(|flag| flag_is(word, flag));
        let last = pattern.command.as_deref().and_then(|command| command.split_whitespace().last()).unwrap_or_default();
        let closed = |given: &SlotValue| {
            let SlotValue::Text(text, _) = given else { return false };
            known_text(&self.resolved.resolve(text, context)).is_some_and(|text| !text.split_whitespace().any(tells))
        };
        self.resolved.open_words(last, &pattern.value_flags).iter().any(|given| !closed(given))
    }

    /// Whether the client's own OIDC is switched off; the place of what would say it where only the run tells.
    fn is_off(&self, pattern: &UploadPattern, context: &EvaluationContext<'_, '_>) -> Result<bool, Place> {
        for choice in &pattern.off {
            let off = match self.resolved.slot_value(&choice.slot()) {
                SlotValue::Unknown(place) => return Err(place),
                SlotValue::Text(text, place) if text.contains("${{") => {
                    choice.is.contains(&known_text(&self.resolved.resolve(&text, context)).ok_or(place)?)
                }
                SlotValue::Text(..) | SlotValue::Absent => self.resolved.meets(choice),
            };
            if off {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a token is worth to a client that tries the OIDC token first: a fallback, of which nobody knows whether it is needed.
    fn behind_oidc(
        &self,
        token: CredentialOutcomes,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> CredentialOutcomes {
        let old =
            version::client(self, github, registries, context).is_some_and(|resolved| resolved.status.is_too_old());
        match (token, self.may_ask(github, context)) {
            (CredentialOutcomes::Known(Credential::Stored | Credential::MaybeEmpty), Some(true)) if !old => {
                unknown("whether the registry takes the OIDC token, which the resolved tries before this one")
            }
            (CredentialOutcomes::Known(Credential::Stored), None) if !old => {
                unknown("the permissions of the calling job")
            }
            (token, _) => token,
        }
    }

    /// Whether the job may ask for the OIDC token.
    fn may_ask(&self, github: &GitHubFacts, context: &EvaluationContext<'_, '_>) -> Option<bool> {
        let (workflow, job) = (self.resolved.workflow, self.resolved.job);
        let held = permissions::held_in(github, context.run(), workflow, job, &github.oidc.scope);
        held.access.map(|access| access >= AccessLevel::Write)
    }

    fn user_is_anonymous(
        &self,
        given: &SlotValue,
        anonymous: &[String],
        context: &EvaluationContext<'_, '_>,
    ) -> Option<bool> {
        let SlotValue::Text(text, _) = given else { return None };
        let text = known_text(&self.resolved.resolve(text, context))?;
        Some(text.is_empty() || anonymous.contains(&text))
    }

    /// What a token's slot makes of the upload; `None` when it holds nothing.
    fn token(&self, given: &SlotValue, context: &EvaluationContext<'_, '_>) -> Option<CredentialOutcomes> {
        let text = match given {
            SlotValue::Absent => return None,
            SlotValue::Unknown(_) => return Some(unknown("the token's value")),
            SlotValue::Text(text, _) => follow_env(&self.resolved, text),
        };
        let settled = self.resolved.resolve(&text, context);
        let empty = known_text(&settled).is_some_and(|text| text.trim().is_empty());
        let text = self.follow_inputs(text);
        let paths = reads(&text).unwrap_or_default();
        if self.login.as_ref().is_some_and(|login| paths.iter().any(|path| login.gives(path))) {
            return Some(CredentialOutcomes::Known(Credential::Minted));
        }
        if paths.iter().any(|path| path.starts_with("secrets.")) {
            let alone =
                paths.len() == 1 && text.trim().starts_with("${{") && !text.contains("||") && !text.contains("&&");
            // A caller that passes no secret on most likely means no upload, and not one by the OIDC token.
            let optional = !alone || context.run().unknown_caller || empty;
            return Some(CredentialOutcomes::Known(if optional { Credential::MaybeEmpty } else { Credential::Stored }));
        }
        if empty {
            return None;
        }
        Some(match settled {
            Outcome::Unknown(reason) => CredentialOutcomes::Unknown(reason),
            outcome if known_text(&outcome).is_some() => CredentialOutcomes::Known(Credential::Stored),
            _ => unknown("the token's value"),
        })
    }

    /// Within an action, `${{ inputs.x }}` is what the step around it gives.
    fn follow_inputs(&self, mut text: String) -> String {
        for frame in self.resolved.frames.iter().rev() {
            let only = reads(&text).filter(|paths| paths.len() == 1).and_then(|mut paths| paths.pop());
            let Some(name) = only.as_deref().and_then(|path| path.strip_prefix("inputs.")) else { break };
            let Some(pair) = frame.step.with.get_ignore_case(name) else { break };
            text = pair.value.value().to_owned();
        }
        text
    }

    /// Whether the login before the upload has set a variable that the client reads.
    fn login_exports(&self, pattern: &UploadPattern, context: &EvaluationContext<'_, '_>) -> bool {
        let Some(login) = &self.login else { return false };
        let reached = login.resolved.seen(context).reached() != Truth::No;
        let read =
            |name: &String| pattern.tokens.iter().any(|slot| slot.env.as_ref().is_some_and(|env| env.as_str() == name));
        reached && login.login.exports.iter().any(read)
    }

    /// Whether the job speaks of credentials that no slot shows: a dotfile, a keyring, a secret in a script, an action of the project's own.
    fn hidden_credentials(&self, github: &GitHubFacts, pattern: &UploadPattern) -> bool {
        let resolved = &self.resolved;
        if resolved.command.is_none() {
            return false;
        }
        let inner = resolved.frames.iter().flat_map(|frame| &frame.action.steps);
        let scripts = resolved.job.steps.iter().chain(inner).filter_map(|step| step.script);
        let speaks = scripts.clone().any(|run| pattern.opaque.iter().any(|word| run.value().contains(word.as_str())));
        let secret = |text: &str| text.contains("secrets.") && !text.contains("secrets.GITHUB_TOKEN");
        let given = |step: &Step<'_>| {
            // An action of the project's own, or one that is given a secret, may leave a login behind.
            let own = step.uses.is_some_and(|uses| uses.value().starts_with(['.', '$']));
            let harmless = github.oidc.never.iter().any(|name| uses(step, name));
            own || !harmless && step.with.entries.iter().any(|pair| secret(pair.value.value()))
        };
        speaks
            || scripts.clone().any(|run| secret(run.value()))
            || resolved.envs().any(|(pairs, _)| pairs.entries.iter().any(|pair| secret(pair.value.value())))
            || resolved.before().any(given)
            // A script may export a variable for the steps after it.
            || scripts.clone().any(|run| run.value().contains("GITHUB_ENV"))
    }
}

/// Whether a text is the token that GitHub gives to every job, and nothing else.
#[must_use]
pub fn is_own_token(text: &str) -> bool {
    let own =
        |path: &String| path.eq_ignore_ascii_case("secrets.github_token") || path.eq_ignore_ascii_case("github.token");
    reads(text).is_some_and(|paths| !paths.is_empty() && paths.iter().all(own))
}

/// `${{ env.X }}` is what `X` is set to.
#[must_use]
pub fn follow_env(resolved: &ResolvedStep<'_, '_>, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        let only = reads(&text).filter(|paths| paths.len() == 1).and_then(|mut paths| paths.pop());
        let Some(name) = only.as_deref().and_then(|path| path.strip_prefix("env.")) else { return text };
        match resolved.slot_value(&Slot { env: Some(name.into()), ..Slot::default() }) {
            SlotValue::Text(next, _) if next != text => text = next,
            _ => return text,
        }
    }
    text
}

fn place_of(given: &SlotValue, otherwise: Place) -> Place {
    match given {
        SlotValue::Text(_, place) | SlotValue::Unknown(place) => *place,
        SlotValue::Absent => otherwise,
    }
}
