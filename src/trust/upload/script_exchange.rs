//! Exchanges of the OIDC token that a script makes itself, compared with the audience and the addresses of the registries.

use std::ops::Range;

use crate::read::source::Place;
use crate::trust::registry::slot::{SlotValue, reads};
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::{ResolvedStep, called_scripts, expand};
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Step, Text};

/// What is wrong with an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeFault {
    /// The OIDC token itself is passed to the client as its token.
    Key,
    /// The OIDC token is requested for an audience that the registry refuses.
    Audience,
    /// The OIDC token is requested without an audience.
    NoAudience,
    /// The registry has no exchange at the address.
    Address,
}

impl ExchangeFault {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Audience => "audience",
            Self::NoAudience => "no-audience",
            Self::Address => "address",
        }
    }
}

/// An exchange that the registry refuses.
#[derive(Debug, Clone)]
pub struct InvalidExchange<'a> {
    /// What is wrong.
    pub fault: ExchangeFault,
    /// The registry.
    pub registry: &'a Registry,
    /// The audience or address that was found; empty for other faults.
    pub found: String,
    /// Its place.
    pub place: Place,
}

/// The first exchange in a script that a registry refuses.
fn in_text<'a>(github: &GitHubFacts, registries: &'a RegistrySet, text: Text<'_>) -> Option<InvalidExchange<'a>> {
    let script = text.value();
    if !requests_token(github, script) {
        return None;
    }
    let addresses: Vec<(&'a Registry, bool, Range<usize>)> = addresses(registries, script);
    let mut exchanged = addresses.iter().filter(|(_, known, _)| *known).map(|(registry, ..)| *registry);
    let target = exchanged.next().filter(|first| exchanged.all(|other| other.id == first.id));
    let refused = |fault, registry, range: &Range<usize>| {
        let found = script.get(range.clone()).unwrap_or_default().to_owned();
        Some(InvalidExchange { fault, registry, found, place: text.inner(range.clone()) })
    };
    for (audience, range) in audiences(script) {
        let own = registries.iter().find(|registry| same(&registry.audience, &audience));
        let wrong = match (own, target) {
            (Some(own), Some(target)) if own.id != target.id && !same(&target.audience, &audience) => Some(target),
            (Some(_), _) => None,
            (None, target) => registries.iter().find(|registry| names(registry, &audience)).or(target),
        };
        if let Some(registry) = wrong.filter(|registry| !registry.audience.is_empty()) {
            return refused(ExchangeFault::Audience, registry, &range);
        }
    }
    if let Some(request) = request(github, script)
        && let Some(registry) = target.filter(|_| !script.to_lowercase().contains("audience"))
    {
        return refused(ExchangeFault::NoAudience, registry, &request);
    }
    let (registry, _, range) = addresses.iter().find(|(_, known, _)| !known)?;
    refused(ExchangeFault::Address, registry, range)
}

/// The token of an upload that is the OIDC token itself.
#[must_use]
pub fn as_key<'a>(github: &GitHubFacts, site: &UploadSite<'a, '_>) -> Option<InvalidExchange<'a>> {
    let registry = Some(site.registry).filter(|registry| !registry.exchanges.is_empty())?;
    let own = &site.resolved;
    let script = own.script()?;
    let until = own.command.as_ref()?.span.start;
    let before = script.value().get(..until)?;
    for slot in &site.pattern?.tokens {
        let (place, is_token) = match own.slot_value(slot) {
            SlotValue::Absent => continue,
            SlotValue::Unknown(place) => {
                // In a script of another file the word is not known.
                let raw = if own.calls.is_empty() { own.source().slice(place.span) } else { "" };
                let value = variable(raw).map_or(Some(raw), |name| last_assignment(before, name));
                (place, value.is_some_and(|value| is_oidc_token(github, before, value, 0)))
            }
            SlotValue::Text(text, place) => (place, is_output_token(github, own, &text)),
        };
        if is_token {
            return Some(InvalidExchange { fault: ExchangeFault::Key, registry, found: String::new(), place });
        }
    }
    None
}

/// The first exchange in a step that a registry refuses: in its script, in its inputs, in the scripts that it calls, or in the steps of the
/// local action that it uses.
#[must_use]
pub fn in_step<'a>(
    github: &GitHubFacts,
    registries: &'a RegistrySet,
    own: ResolvedStep<'_, '_>,
) -> Option<InvalidExchange<'a>> {
    let in_texts = |step: &ResolvedStep<'_, '_>| {
        let inputs = step.with().entries.iter().map(|pair| pair.value);
        let inputs = inputs.filter(|input| has_function(github, *input));
        let in_text = |text| in_text(github, registries, text);
        let called = || called_scripts(step.model, step).iter().find_map(|called| called.script().and_then(in_text));
        step.script().into_iter().chain(inputs).find_map(in_text).or_else(called)
    };
    in_texts(&own).or_else(|| {
        own.model.action(own.step?.uses?.value())?;
        let mut all = Vec::new();
        expand(own, &mut all);
        all.iter().skip(1).find_map(in_texts)
    })
}

/// Whether [`in_step`] has a text to read, which is so in few steps. It is cheaper to ask than to make a [`ResolvedStep`].
#[must_use]
pub fn may_be_in(github: &GitHubFacts, model: &Model<'_>, step: &Step<'_>) -> bool {
    let has_calls = |script: Text<'_>| model.scripts.is_some_and(|all| !all.calls(script.place()).is_empty());
    step.script.is_some_and(|script| requests_token(github, script.value()) || has_calls(script))
        || step.with.entries.iter().any(|pair| has_function(github, pair.value))
        || step.uses.is_some_and(|uses| model.action(uses.value()).is_some())
}

/// Whether an input may call the function of GitHub's library.
fn has_function(github: &GitHubFacts, input: Text<'_>) -> bool {
    input.value().contains(&github.oidc.function)
}

/// Whether a script requests an OIDC token.
fn requests_token(github: &GitHubFacts, script: &str) -> bool {
    request(github, script).is_some()
}

/// The first request for an OIDC token, outside of comments: the variable with its address, or the function of GitHub's library.
fn request(github: &GitHubFacts, script: &str) -> Option<Range<usize>> {
    // Few scripts contain a word, and `contains` needs no preparation for short words, unlike a search for their positions.
    let words = github.oidc.shown.address.iter().chain([&github.oidc.function]).filter(|word| script.contains(*word));
    let mut found = words.flat_map(|word| script.match_indices(word).map(move |(at, _)| at..at + word.len()));
    found.find(|range| !is_comment(script, range.start))
}

fn is_comment(script: &str, at: usize) -> bool {
    let line = script.get(..at).and_then(|before| before.lines().next_back()).unwrap_or_default().trim_start();
    line.starts_with('#') || line.starts_with("//")
}

/// The literal audiences that a script requests tokens for, with their ranges.
fn audiences(script: &str) -> Vec<(String, Range<usize>)> {
    let ends = |letter: char| letter.is_whitespace() || "\"'`&)|;,".contains(letter);
    let mut found = Vec::new();
    for start in ["audience=", "getIDToken('", "getIDToken(\""] {
        for (at, _) in script.match_indices(start) {
            let from = at + start.len();
            let value = script.get(from..).and_then(|rest| rest.split(ends).next()).unwrap_or_default();
            let literal = !value.is_empty() && !value.contains(['$', '{', '%', '(']) || value.contains("%3A");
            if literal && !value.contains(['$', '{']) && !is_comment(script, at) {
                let text = value.replace("%3A", ":").replace("%2F", "/");
                found.push((text, from..from + value.len()));
            }
        }
    }
    found
}

/// The addresses on the hosts of registries that exchange tokens or look like it, and whether the registry has an exchange there.
fn addresses<'a>(registries: &'a RegistrySet, script: &str) -> Vec<(&'a Registry, bool, Range<usize>)> {
    const SIGNS: [&str; 3] = ["oidc", "trusted", "exchange"];
    let ends = |letter: char| letter.is_whitespace() || "\"'`)|;,<>".contains(letter);
    let mut found = Vec::new();
    for (at, _) in script.match_indices("https://").filter(|(at, _)| !is_comment(script, *at)) {
        let address = script.get(at..).and_then(|rest| rest.split(ends).next()).unwrap_or_default();
        let bare = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let audience = script.get(..at).is_some_and(|before| before.ends_with("audience="));
        let path = bare.splitn(4, '/').nth(3).unwrap_or_default().to_lowercase();
        let Some(registry) = registries.iter().find(|it| !it.exchanges.is_empty() && it.owns_page(address)) else {
            continue;
        };
        let known = registry.exchanges.iter().any(|glob| glob.is_match(bare));
        // The rest of an address with a variable is not known.
        let decided = !address.contains(['$', '{', '+']);
        let similar =
            SIGNS.iter().any(|sign| path.contains(sign)) || path.ends_with("token") || path.ends_with("tokens");
        if !audience && (known || decided && similar) {
            found.push((registry, known, at..at + bare.len()));
        }
    }
    found
}

fn same(left: &str, right: &str) -> bool {
    !left.is_empty() && left.trim_end_matches('/') == right.trim_end_matches('/')
}

/// Whether an audience is a host of a registry.
fn names(registry: &Registry, audience: &str) -> bool {
    registry.owns_page(audience.trim_start_matches("npm:"))
}

/// The name of the variable that a word of a script consists of: `$NAME`, `"${NAME}"`, `$env:NAME`.
fn variable(word: &str) -> Option<&str> {
    let word = word.trim_matches(['"', '\'']).strip_prefix('$')?;
    let word = word.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(word);
    let name = word.get(..4).filter(|scope| scope.eq_ignore_ascii_case("env:")).map_or(word, |_| &word[4..]);
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The value of the last assignment to a variable in a script of any language, with the lines that continue it.
fn last_assignment<'t>(script: &'t str, name: &str) -> Option<&'t str> {
    const LONGEST: usize = 20;
    let mut found = None;
    let mut start = 0;
    for line in script.split_inclusive('\n') {
        let from = start;
        start += line.len();
        let words = ["export ", "readonly ", "local ", "const ", "let ", "var ", "$env:", "$"];
        let mut text = line.trim_start();
        for word in words {
            text = text.strip_prefix(word).unwrap_or(text);
        }
        let Some(value) = text.strip_prefix(name).map(str::trim_start).and_then(|rest| rest.strip_prefix('=')) else {
            continue;
        };
        if value.starts_with('=') {
            continue;
        }
        let at = from + line.len() - value.len();
        let mut end = from + line.len();
        for next in script.get(end..).unwrap_or_default().split_inclusive('\n').take(LONGEST) {
            let whole = script.get(at..end).unwrap_or_default();
            let open = whole.matches('(').count() > whole.matches(')').count();
            if !open && !whole.trim_end().ends_with(['\\', '`']) {
                break;
            }
            end += next.len();
        }
        found = script.get(at..end);
    }
    found
}

/// Whether the value of an assignment is the OIDC token: the answer to its request, or a part of a variable that holds that answer.
fn is_oidc_token(github: &GitHubFacts, script: &str, value: &str, depth: usize) -> bool {
    const DEEPEST: usize = 4;
    let audience = value.split("audience=").skip(1).map(|rest| rest.matches("://").count().min(1)).sum::<usize>();
    let fetches = value.matches("curl").count() + value.to_lowercase().matches("invoke-").count();
    if value.matches("://").count() > audience || fetches > 1 || depth > DEEPEST {
        return false;
    }
    if requests_token(github, value) {
        return true;
    }
    let named = value.match_indices('$').filter_map(|(at, _)| {
        let rest = value.get(at + 1..)?.trim_start_matches('{');
        rest.get(..rest.find(|letter: char| !is_name(letter)).unwrap_or(rest.len())).filter(|name| !name.is_empty())
    });
    let mut named = named.peekable();
    let single = fetches == 0 && named.peek().is_some();
    single
        && named.all(|name| {
            last_assignment(script, name).is_some_and(|value| is_oidc_token(github, script, value, depth + 1))
        })
}

/// Whether a text is an output of an earlier step that is the OIDC token.
fn is_output_token(github: &GitHubFacts, own: &ResolvedStep<'_, '_>, text: &str) -> bool {
    let paths = reads(text).unwrap_or_default();
    let parts: Vec<&str> =
        paths.first().filter(|_| paths.len() == 1).map_or(Vec::new(), |path| path.split('.').collect());
    let ["steps", id, "outputs", output] = parts.as_slice() else { return false };
    let Some(step) = own.before().find(|step| step.id.is_some_and(|own| own.value().eq_ignore_ascii_case(id))) else {
        return false;
    };
    let inputs = step.with.entries.iter().map(|pair| pair.value);
    let mut scripts = step.script.into_iter().chain(inputs.filter(|it| it.value().contains(&github.oidc.function)));
    scripts.any(|script| {
        let script = script.value();
        [format!("{output}=$"), format!("{output}=${{"), format!("'{output}', "), format!("\"{output}\", ")].iter().any(
            |start| {
                let Some((_, rest)) = script.split_once(start.as_str()) else { return false };
                let end = rest.find(|letter: char| !is_name(letter)).unwrap_or(rest.len());
                let name = rest.get(..end).unwrap_or_default();
                last_assignment(script, name).is_some_and(|value| is_oidc_token(github, script, value, 0))
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_assignment_wins_with_its_continued_lines() {
        let script = "TOKEN=old\nexport TOKEN=$(curl \\\n  \"$URL\")\necho \"$TOKEN\"\n";
        assert_eq!(last_assignment(script, "TOKEN"), Some("$(curl \\\n  \"$URL\")\n"));
        assert_eq!(last_assignment("$id = (Get-It).value\n", "id"), Some(" (Get-It).value\n"));
        assert_eq!(last_assignment("if [ \"$A\" == b ]; then", "A"), None);
    }

    #[test]
    fn audiences_are_literal() {
        let found = |text: &str| audiences(text).into_iter().map(|(value, _)| value).collect::<Vec<_>>();
        assert_eq!(found("curl \"$URL&audience=pypi\""), ["pypi"]);
        assert_eq!(found("\"$URL&audience=https%3A%2F%2Fwww.nuget.org\""), ["https://www.nuget.org"]);
        assert_eq!(found("await core.getIDToken('crates.io')"), ["crates.io"]);
        assert!(found("\"$URL&audience=$AUDIENCE\"\n# audience=pypi\n").is_empty());
    }

    #[test]
    fn variables_are_recognised_in_every_spelling() {
        for word in ["$NAME", "\"$NAME\"", "\"${NAME}\"", "$env:NAME"] {
            assert_eq!(variable(word), Some("NAME"), "{word}");
        }
        assert_eq!(variable("a$NAME"), None);
    }
}
