//! The tags that a script creates and pushes, and whether it uses `GITHUB_TOKEN`.

use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::trust::registry::command::{flag_is, starts_with, unwrapped, words};
use crate::trust::registry::opaque;
use crate::trust::registry::slot::{Slot, SlotValue};
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::upload::credential::is_github_token;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::{steps, uses};
use crate::workflow::github::{GitHubFacts, ReleaseMaker, TagFacts, TagPrefix};
use crate::workflow::model::Step;

/// The name of a tag, as far as the files determine it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagName {
    /// The known beginning.
    pub beginning: String,
    /// Whether the beginning is the whole name.
    pub whole: bool,
}

/// The tags that a step pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagPush {
    /// None that its script creates.
    None,
    /// Tags that this command pushes with `GITHUB_TOKEN`.
    ByGithubToken(Vec<TagName>, ShellCommand),
    /// Tags that are moved, or pushed with an unknown token.
    Unknown,
}

/// The new tags that the script of a step creates and pushes.
#[must_use]
pub fn pushes(github: &GitHubFacts, resolved: &ResolvedStep<'_, '_>) -> TagPush {
    let facts = &github.tags;
    let Some(run) = resolved.own_script() else { return TagPush::None };
    if !contains_words(run.value(), &facts.push) {
        return TagPush::None;
    }
    let mut made: Vec<(&str, TagName)> = Vec::new();
    let mut pushed: Vec<TagName> = Vec::new();
    let mut by = None;
    // Whether a tag may be pushed that another program has made.
    let mut others = false;
    let commands = resolved.commands(github);
    for command in commands.iter() {
        let words = words(command);
        let own = unwrapped(github, &words);
        let source = |word: &ShellWord| run.value().get(word.span.clone()).map(|text| text.trim_matches(['"', '\'']));
        if let Some(rest) = arguments(command, own, &facts.make) {
            let Some(name) = named(rest, facts) else { continue };
            if moves(rest, facts) {
                return TagPush::Unknown;
            }
            made.extend(source(name).map(|text| (text, tag_name(name, run.value()))));
        } else if let Some(name) = bumped(facts, own) {
            // Only a push of all tags sends the tag, whose name no other word of the script has.
            made.push(("", name));
        } else if let Some(rest) = arguments(command, own, &facts.push) {
            let all = rest.iter().filter_map(ShellWord::text).any(|word| facts.all.contains(&word));
            let sent = |text: &str| {
                let sent =
                    |word: &ShellWord| source(word).is_some_and(|word| word.trim_start_matches("refs/tags/") == text);
                all || !text.is_empty() && rest.iter().any(sent)
            };
            let own: Vec<_> = made.iter().filter(|(text, _)| sent(text)).map(|(_, name)| name.clone()).collect();
            let elsewhere = rest.iter().any(|word| source(word).is_some_and(|text| text.contains("://")));
            if !own.is_empty() && (elsewhere || moves(rest, facts)) {
                return TagPush::Unknown;
            }
            others |= own.is_empty() && (all || rest.iter().skip(1).any(may_be_tag));
            by = by.or(Some(command).filter(|_| !own.is_empty()));
            pushed.extend(own);
        }
    }
    match by {
        None if others => TagPush::Unknown,
        None => TagPush::None,
        Some(command) if uses_github_token(github, facts, resolved) => TagPush::ByGithubToken(pushed, command.clone()),
        Some(_) => TagPush::Unknown,
    }
}

/// The tag that a command with these words creates for the version that it writes.
fn bumped(facts: &TagFacts, words: &[Option<String>]) -> Option<TagName> {
    let bump = facts.bumps.iter().find(|bump| starts_with(words, &bump.command).is_some())?;
    let off = words.iter().flatten().any(|word| bump.unless.iter().any(|flag| flag_is(word, flag)));
    (!off).then(|| TagName { beginning: bump.prefix.clone().unwrap_or_default(), whole: false })
}

/// The tag in the first argument of a command that creates a release.
#[must_use]
pub fn argument(maker: &ReleaseMaker, resolved: &ResolvedStep<'_, '_>) -> TagName {
    let unknown = TagName { beginning: String::new(), whole: false };
    let (Some(command), Some(script)) = (resolved.command.as_ref(), resolved.script()) else { return unknown };
    let last = maker.command.as_deref().and_then(|own| own.split_whitespace().last()).unwrap_or_default();
    let mut rest = command.words.iter().skip_while(|word| word.text().as_deref() != Some(last)).skip(1);
    rest.next().filter(|word| !word.starts_with("-")).map_or(unknown, |word| tag_name(word, script.value()))
}

/// The arguments of a command, if its words, after programs such as `sudo`, are those of the command `name`.
fn arguments<'c>(command: &'c ShellCommand, words: &[Option<String>], name: &str) -> Option<&'c [ShellWord]> {
    let rest = starts_with(words, name)?.len();
    command.words.get(command.words.len() - rest..)
}

/// The word that names the tag: the first that is neither a flag nor a flag's value.
fn named<'c>(words: &'c [ShellWord], facts: &TagFacts) -> Option<&'c ShellWord> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.text().is_some_and(|text| facts.valued.contains(&text)) {
            words.next();
        } else if !word.starts_with("-") {
            return Some(word);
        }
    }
    None
}

/// Whether an argument of a push may be a tag: it names one, or only the running shell knows it.
fn may_be_tag(word: &ShellWord) -> bool {
    match word.parts.first() {
        Some(WordPiece::Text(text)) => text.contains("refs/tags/"),
        _ => true,
    }
}

fn moves(words: &[ShellWord], facts: &TagFacts) -> bool {
    words.iter().any(|word| word.starts_with("+") || word.text().is_some_and(|text| facts.moves.contains(&text)))
}

fn tag_name(word: &ShellWord, script: &str) -> TagName {
    match word.template(script) {
        Some(text) => beginning(&text),
        None => match word.parts.first() {
            Some(WordPiece::Text(text)) => TagName { beginning: text.clone(), whole: false },
            _ => TagName { beginning: String::new(), whole: false },
        },
    }
}

/// The known beginning of a name that may contain expressions.
#[must_use]
pub fn beginning(text: &str) -> TagName {
    match text.split_once("${{") {
        Some((beginning, _)) => TagName { beginning: beginning.to_owned(), whole: false },
        None => TagName { beginning: text.to_owned(), whole: true },
    }
}

/// Whether pushes use `GITHUB_TOKEN`: the checkout stores it, and no step configures another token.
fn uses_github_token(github: &GitHubFacts, facts: &TagFacts, resolved: &ResolvedStep<'_, '_>) -> bool {
    let (workflow, job) = (resolved.workflow, resolved.job);
    let configures = |step: &Step<'_>| opaque::in_step(github, workflow, job, step, &facts.opaque).is_some();
    if steps(resolved.model, workflow, job).iter().filter_map(|it| it.step).any(configures) {
        return false;
    }
    let Some(checkout) = resolved.before().rfind(|step| uses(step, &facts.checkout)) else { return false };
    let given = |input: &str| checkout.with.get_ignore_case(input).map(|pair| pair.value.value());
    !checkout.with.dynamic
        && given(&facts.token).is_none_or(is_github_token)
        && given(&facts.keeps).is_none_or(|kept| kept == "true")
        && !facts.others.iter().any(|input| given(input).is_some())
}

/// The beginning of the tags that an action creates, if data names the input for it.
#[must_use]
pub fn prefix(prefix: Option<&TagPrefix>, resolved: &ResolvedStep<'_, '_>) -> TagName {
    let unknown = TagName { beginning: String::new(), whole: false };
    let Some(prefix) = prefix else { return unknown };
    match resolved.slot_value(&Slot { input: Some(prefix.input.clone()), ..Slot::default() }) {
        SlotValue::Absent => TagName { beginning: prefix.default.clone(), whole: false },
        SlotValue::Text(text, _) => TagName { whole: false, ..beginning(&text) },
        SlotValue::Unknown(_) => unknown,
    }
}
