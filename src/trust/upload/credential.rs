//! The credential of an upload in one run: the OIDC token, a token from a login step, or a stored secret.

use crate::read::source::Place;
use crate::trust::registry::RegistrySet;
use crate::trust::registry::command::flag_is;
use crate::trust::registry::slot::{Slot, SlotValue, known_text, reads};
use crate::trust::registry::upload_pattern::{
    CredentialOrder, LoginCredential, OidcSupport, ProjectSign, UploadPattern,
};
use crate::trust::upload::login::LoginStep;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::version;
use crate::trust::upload::written::written;
use crate::workflow::expression::{Outcome, Truth, UnknownReason};
use crate::workflow::github::GitHubFacts;
use crate::workflow::permissions::{self, AccessLevel};
use crate::workflow::simulate::context::EvaluationContext;

/// The credential that an upload sends to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The OIDC token.
    Trusted,
    /// A token that a login step obtained with the OIDC token.
    Minted,
    /// A token of a role at the registry, which a login step obtained with the OIDC token. No publisher is compared.
    Role,
    /// A stored secret.
    Stored,
    /// A secret that may be empty; then the OIDC token.
    MaybeEmpty,
    /// No credential.
    None,
}

impl Credential {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Minted => "minted",
            Self::Role => "role",
            Self::Stored => "stored",
            Self::MaybeEmpty => "maybe-empty",
            Self::None => "none",
        }
    }
}

/// A credential, or the reason why it is unknown.
pub type CredentialOutcome = Result<Credential, UnknownReason>;

pub(crate) fn unknown(what: &'static str) -> CredentialOutcome {
    Err(UnknownReason::new(what))
}

impl UploadSite<'_, '_> {
    /// The credential in a run, and the place that determines it.
    pub fn credential(
        &self,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> (CredentialOutcome, Place) {
        let here = self.place;
        let Some(pattern) = self.pattern else { return (Ok(Credential::Minted), here) };
        let mut unknown_user = None;
        if let Some(user) = &pattern.user
            && let Some((_, given)) = self.resolved.first(&user.slots)
        {
            match self.user_is_anonymous(&given, &user.anonymous, context) {
                Some(true) => {}
                Some(false) => return (Ok(Credential::Stored), place_of(&given, here)),
                None => unknown_user = Some(place_of(&given, here)),
            }
        }
        let off = match self.oidc_switch(pattern, context) {
            Ok(switch) => switch.is_some(),
            Err(place) => return (unknown("a setting that only the run decides"), place),
        };
        let native = pattern.oidc == OidcSupport::Native && !off;
        for slot in &pattern.tokens {
            let given = self.resolved.slot_value(slot);
            if let Some(outcome) = self.token(&given, &self.resolved, context) {
                return (self.ordered(outcome, native, github, registries, context), place_of(&given, here));
            }
        }
        if let Some(place) = unknown_user {
            return (unknown("the user name"), place);
        }
        if let Some(login) = self.login_that_exports(pattern, context) {
            return (obtained(login), here);
        }
        if let Some(login) = self.login.as_ref().filter(|login| login.login.keeps) {
            let kept = self.kept_credential(login, context);
            return (self.ordered(kept, native, github, registries, context), login.resolved.place());
        }
        if self.has_unknown_flags(pattern, context) {
            return (unknown("arguments that only the run decides"), here);
        }
        if let Some((outcome, place)) = written(github, self, pattern, context) {
            return (self.ordered(outcome, native, github, registries, context), place);
        }
        let outcome = match (native, pattern.project_decides && !self.is_decided(pattern)) {
            (true, true) if self.may_request_token(github, context) != Some(true) => {
                unknown("the project's own release settings")
            }
            (true, _) => Ok(Credential::Trusted),
            (false, true) => unknown("the project's own release settings"),
            (false, false) => Ok(Credential::None),
        };
        (outcome, here)
    }

    /// Whether the project's files or a declared publisher show that it uploads, although the files could also say that it does not.
    pub(crate) fn is_decided(&self, pattern: &UploadPattern) -> bool {
        self.declared || has_sign(&self.resolved, &pattern.decided_by)
    }

    /// Whether the command has words that may expand to the flag of a token, of another registry or of a dry run.
    fn has_unknown_flags(&self, pattern: &UploadPattern, context: &EvaluationContext<'_, '_>) -> bool {
        if pattern.value_flags.is_empty() {
            return false;
        }
        let slots = pattern.tokens.iter().chain(&pattern.endpoint.slots).flat_map(|slot| &slot.flags);
        let relevant: Vec<&String> = slots.chain(&pattern.unless).chain(&pattern.opaque).collect();
        let is_relevant = |word: &str| relevant.iter().any(|flag| flag_is(word, flag));
        let last = pattern.command.as_deref().and_then(|command| command.split_whitespace().last()).unwrap_or_default();
        let harmless = |given: &SlotValue| {
            let SlotValue::Text(text, _) = given else { return false };
            known_text(&self.resolved.resolve(text, context))
                .is_some_and(|text| !text.split_whitespace().any(is_relevant))
        };
        self.resolved.unknown_words(last, &pattern.value_flags).iter().any(|given| !harmless(given))
    }

    /// The setting that switches off the client's own request for an OIDC token, with its place. The error is the place of a setting that
    /// only the run decides.
    pub(crate) fn oidc_switch(
        &self,
        pattern: &UploadPattern,
        context: &EvaluationContext<'_, '_>,
    ) -> Result<Option<(String, Place)>, Place> {
        for choice in &pattern.off {
            let value = self.resolved.slot_value(&choice.slot());
            let off = match &value {
                SlotValue::Unknown(place) => return Err(*place),
                SlotValue::Text(text, place) if text.contains("${{") => {
                    choice.is.contains(&known_text(&self.resolved.resolve(text, context)).ok_or(*place)?)
                }
                SlotValue::Text(..) | SlotValue::Absent => self.resolved.meets(choice),
            };
            if off {
                let name = choice.flags.first().or(choice.input.as_ref()).map_or("", String::as_str);
                let text = match choice.is.first() {
                    Some(value) if choice.input.is_some() => format!("{name}: {value}"),
                    Some(value) => format!("{name} {value}"),
                    None => name.to_owned(),
                };
                return Ok(Some((text, place_of(&value, self.place))));
            }
        }
        Ok(None)
    }

    /// The stored token that a client has besides the OIDC token, which it tries first.
    #[must_use]
    pub fn fallback_token(
        &self,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> Option<Place> {
        let pattern =
            self.pattern.filter(|it| it.oidc == OidcSupport::Native && it.order == CredentialOrder::OidcFirst)?;
        let old =
            || version::client(self, github, registries, context).is_some_and(|client| client.status.is_too_old());
        if self.oidc_switch(pattern, context) != Ok(None)
            || self.may_request_token(github, context) != Some(true)
            || old()
        {
            return None;
        }
        let stored = |outcome: &CredentialOutcome| matches!(outcome, Ok(Credential::Stored | Credential::MaybeEmpty));
        let slots = pattern.tokens.iter().map(|slot| self.resolved.slot_value(slot));
        let found = slots
            .map(|value| (self.token(&value, &self.resolved, context), value))
            .find_map(|(token, value)| token.filter(|token| stored(token)).map(|_| place_of(&value, self.place)));
        let written = || written(github, self, pattern, context).filter(|(token, _)| stored(token));
        found.or_else(|| written().map(|(_, place)| place))
    }

    /// The credential of a client with a token, which it may use only if the OIDC token is refused.
    fn ordered(
        &self,
        token: CredentialOutcome,
        native: bool,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> CredentialOutcome {
        let order = self.pattern.filter(|_| native).map_or(CredentialOrder::TokenFirst, |pattern| pattern.order);
        match order {
            CredentialOrder::TokenFirst => token,
            CredentialOrder::OidcFirst => self.with_fallback(token, github, registries, context),
            CredentialOrder::Unknown if self.may_request_token(github, context) == Some(false) => token,
            CredentialOrder::Unknown => unknown("whether the client tries the OIDC token or the stored token first"),
        }
    }

    /// The credential of a client that tries the OIDC token first and has a stored token as well: a fallback that may not be used.
    fn with_fallback(
        &self,
        token: CredentialOutcome,
        github: &GitHubFacts,
        registries: &RegistrySet,
        context: &EvaluationContext<'_, '_>,
    ) -> CredentialOutcome {
        let old =
            version::client(self, github, registries, context).is_some_and(|resolved| resolved.status.is_too_old());
        match (token, self.may_request_token(github, context)) {
            (Ok(Credential::Stored | Credential::MaybeEmpty), Some(true)) if !old => {
                unknown("whether the registry accepts the OIDC token, which the client tries first")
            }
            (Ok(Credential::Stored), None) if !old => unknown("the permissions of the calling job"),
            (token, _) => token,
        }
    }

    /// Whether the job may request an OIDC token.
    fn may_request_token(&self, github: &GitHubFacts, context: &EvaluationContext<'_, '_>) -> Option<bool> {
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

    /// The credential in the value of a token slot. `None` if the slot is empty.
    pub(crate) fn token(
        &self,
        given: &SlotValue,
        step: &ResolvedStep<'_, '_>,
        context: &EvaluationContext<'_, '_>,
    ) -> Option<CredentialOutcome> {
        let text = match given {
            SlotValue::Absent => return None,
            SlotValue::Unknown(_) if self.login.as_ref().is_some_and(|login| login.login.address.is_some()) => {
                return Some(Ok(Credential::Minted));
            }
            SlotValue::Unknown(_) => return Some(unknown("the token's value")),
            SlotValue::Text(text, _) => follow_env(step, text),
        };
        let resolved_text = step.resolve(&text, context);
        let empty = known_text(&resolved_text).is_some_and(|text| text.trim().is_empty());
        let text = follow_inputs(step, text);
        if is_github_token(&text) {
            // No registry accepts it. A client that tries the OIDC token first never sends it.
            let first = self.pattern.is_some_and(|pattern| pattern.order == CredentialOrder::OidcFirst);
            return (!first).then(|| unknown("`GITHUB_TOKEN`, which is no credential of the registry"));
        }
        let paths = reads(&text).unwrap_or_default();
        // If a script makes the exchange itself, the files do not show where the token goes.
        let exchanged = self.login.as_ref().is_some_and(|login| login.login.address.is_some());
        if exchanged && !empty && !paths.iter().any(|path| path.starts_with("secrets.")) {
            return Some(Ok(Credential::Minted));
        }
        if self.login.as_ref().is_some_and(|login| paths.iter().any(|path| login.outputs_token(path))) {
            return Some(Ok(Credential::Minted));
        }
        if paths.iter().any(|path| path.starts_with("secrets.")) {
            let alone =
                paths.len() == 1 && text.trim().starts_with("${{") && !text.contains("||") && !text.contains("&&");
            // A caller that does not pass the secret probably does not upload at all.
            let optional = !alone || context.run().unknown_caller || empty;
            return Some(Ok(if optional { Credential::MaybeEmpty } else { Credential::Stored }));
        }
        if empty {
            return None;
        }
        Some(match resolved_text {
            Outcome::Unknown(reason) => Err(reason),
            outcome if known_text(&outcome).is_some() => Ok(Credential::Stored),
            _ => unknown("the token's value"),
        })
    }

    /// The login step, if it has exported a variable that the client reads.
    fn login_that_exports(
        &self,
        pattern: &UploadPattern,
        context: &EvaluationContext<'_, '_>,
    ) -> Option<&LoginStep<'_, '_>> {
        let login = self.login.as_ref()?;
        let reached = login.resolved.context(context).reached() != Truth::No;
        let read =
            |name: &String| pattern.tokens.iter().any(|slot| slot.env.as_ref().is_some_and(|env| env.as_str() == name));
        (reached && login.login.exports.iter().any(read)).then_some(login)
    }

    /// Whether the login has run whenever this upload does.
    fn always_follows(&self, login: &LoginStep<'_, '_>, context: &EvaluationContext<'_, '_>) -> bool {
        let (own, other) = (&self.resolved, &login.resolved);
        let Some(step) = other.step else { return false };
        let around = other.frames.iter().map(|frame| frame.step);
        let beside = other.frames.len() == own.frames.len()
            && around.clone().zip(&own.frames).all(|(step, frame)| std::ptr::eq(step, frame.step));
        let unconditional = || around.chain([step]).all(|step| step.condition.is_none());
        let reached = || match beside {
            true => own.context(context).sibling_reached(step) == Truth::Yes,
            false => other.context(context).reached() == Truth::Yes,
        };
        let conditional =
            |step: &ResolvedStep<'_, '_>| step.command.as_ref().is_some_and(|command| command.conditional);
        // In a loop that tries again, both commands run or neither.
        let together = || conditional(own) && own.step.is_some_and(|own| std::ptr::eq(own, step));
        (unconditional() || reached()) && (!conditional(other) || together())
    }

    /// The credential that a login has left for the later commands of the job.
    fn kept_credential(&self, login: &LoginStep<'_, '_>, context: &EvaluationContext<'_, '_>) -> CredentialOutcome {
        match login.login.credential {
            _ if !login.certain || !self.always_follows(login, context) => unknown("which login the client uses"),
            _ => obtained(login),
        }
    }
}

/// The credential that a login obtains.
fn obtained(login: &LoginStep<'_, '_>) -> CredentialOutcome {
    match login.login.credential {
        LoginCredential::Minted => Ok(Credential::Minted),
        LoginCredential::Role => Ok(Credential::Role),
        LoginCredential::Stored => match login.resolved.first(&login.login.tokens) {
            Some((_, SlotValue::Text(text, _))) => {
                let text = follow_env(&login.resolved, &text);
                let secret = text.contains("secrets.") && !is_github_token(&text);
                if secret { Ok(Credential::Stored) } else { unknown("the token of the login") }
            }
            _ => unknown("the token of the login"),
        },
    }
}

/// Whether the project's files have one of some signs.
pub(crate) fn has_sign(resolved: &ResolvedStep<'_, '_>, signs: &[ProjectSign]) -> bool {
    let manifests = resolved.model.manifests.into_iter().flat_map(|all| &all.list);
    let own: Vec<_> = manifests.filter(|manifest| !manifest.mentioned).collect();
    let excluded =
        |sign: &ProjectSign| own.iter().any(|manifest| sign.without.iter().any(|setting| setting.exists_in(manifest)));
    signs.iter().any(|sign| own.iter().any(|manifest| sign.is_in(manifest)) && !excluded(sign))
}

/// Replaces an input of a local action by the value that the step around it passes.
fn follow_inputs(step: &ResolvedStep<'_, '_>, mut text: String) -> String {
    for frame in step.frames.iter().rev() {
        let only = reads(&text).filter(|paths| paths.len() == 1).and_then(|mut paths| paths.pop());
        let Some(name) = only.as_deref().and_then(|path| path.strip_prefix("inputs.")) else { break };
        let Some(pair) = frame.step.with.get_ignore_case(name) else { break };
        text = pair.value.value().to_owned();
    }
    text
}

/// Whether a text is exactly the job's `GITHUB_TOKEN`.
#[must_use]
pub fn is_github_token(text: &str) -> bool {
    let own =
        |path: &String| path.eq_ignore_ascii_case("secrets.github_token") || path.eq_ignore_ascii_case("github.token");
    reads(text).is_some_and(|paths| !paths.is_empty() && paths.iter().all(own))
}

/// Replaces `${{ env.X }}` by the value of `X`.
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
