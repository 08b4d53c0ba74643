//! Which version of an action or a client a job uses, and whether that one can do trusted publishing, as far as the data knows it.

use crate::read::glob::Glob;
use crate::read::shell::ShellCommand;
use crate::read::source::{Place, SourceFile};
use crate::trust::registry::RegistrySet;
use crate::trust::registry::command::{before_version, program, words};
use crate::trust::registry::slot::known_text;
use crate::trust::registry::upload_pattern::{ActionRefs, ClientTool, ClientVersions};
use crate::trust::upload::site::UploadSite;
use crate::workflow::expression::Truth;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Step, Text, action};
use crate::workflow::script::commands;
use crate::workflow::simulate::context::EvaluationContext;

/// The length of a commit's name in hexadecimal digits.
const COMMIT: usize = 40;

/// A version: numbers, of which the last may be left out. What is left out means the newest there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<u64>);

impl Version {
    /// Reads `1.2.3`, `v1.2`, `1.2.x`; what follows a `-` or a `+` does not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split(['-', '+']).next().unwrap_or(text);
        let parts = text.split('.').take_while(|part| !matches!(*part, "x" | "X" | "*"));
        let numbers: Option<Vec<u64>> = parts.map(|part| part.parse().ok()).collect();
        numbers.filter(|numbers| !numbers.is_empty()).map(Self)
    }

    /// Whether even the newest version that this may be is older than another.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let known = self.0.len().min(other.0.len());
        self.0[..known] < other.0[..known]
    }
}

/// What an action's ref is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    /// Nothing is wrong with it.
    Current,
    /// A version that cannot do trusted publishing.
    Outdated,
    /// A ref that its maker has given up.
    Sunset,
    /// A commit that no image was built for.
    WithoutImage,
    /// A ref that never was.
    Nonexistent,
}

impl ActionStatus {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Outdated => "outdated",
            Self::Sunset => "sunset",
            Self::WithoutImage => "without-image",
            Self::Nonexistent => "nonexistent",
        }
    }
}

/// What data says of an action's refs, if it is one that uploads or logs in.
#[must_use]
pub fn refs<'a>(registries: &'a RegistrySet, name: &str) -> Option<&'a ActionRefs> {
    let own = |known: &str| known.eq_ignore_ascii_case(name);
    let named = registries.uploads_of(name).map(|(_, pattern)| pattern);
    let logins = registries.logins().map(|(_, login)| login).filter(|login| own(&login.action));
    let all = named.map(|pattern| &pattern.refs).chain(logins.map(|login| &login.refs));
    // An action may be described as an upload and as a login; its refs stand at one of them.
    let mut all = all.peekable();
    let first = all.peek().copied();
    all.find(|refs| **refs != ActionRefs::default()).or(first)
}

/// The ref behind the `@` of a `uses`.
#[must_use]
pub fn reference(uses: &str) -> Option<&str> {
    uses.split_once('@').map(|(_, reference)| reference.trim())
}

/// Whether a ref names a commit, which nobody can move.
#[must_use]
pub fn is_commit(reference: &str) -> bool {
    reference.len() == COMMIT && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The version that an action's ref is: by its tag, by the table of commits, or by the comment behind it.
#[must_use]
pub fn action_version(refs: &ActionRefs, source: &SourceFile, uses: Text<'_>) -> Option<String> {
    let reference = reference(uses.value())?;
    if !is_commit(reference) {
        return Version::parse(reference).map(|_| reference.to_owned());
    }
    refs.commits.get(&reference.to_lowercase()).cloned().or_else(|| comment_version(source, uses))
}

/// The version in a comment behind a `uses`: `# v1.2.3`, `# tag=v1.2.3`.
fn comment_version(source: &SourceFile, uses: Text<'_>) -> Option<String> {
    let end = uses.place().span.end;
    let line = source.line_span(source.line_at(end));
    let rest = source.text().get(end as usize..line.end as usize)?;
    let comment = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix('#')?;
    let words = comment.split([' ', '=', ',', '/', '@']).map(str::trim);
    // One number alone may be anything: a ticket, a year.
    words.into_iter().find(|word| word.contains('.') && Version::parse(word).is_some()).map(str::to_owned)
}

/// What an action's ref is worth; `None` where the data does not tell.
#[must_use]
pub fn action_status(refs: &ActionRefs, source: &SourceFile, uses: Text<'_>) -> Option<ActionStatus> {
    let reference = reference(uses.value())?;
    if reference.contains("${{") {
        return None;
    }
    let among = |globs: &[Glob]| globs.iter().any(|glob| glob.is_match(reference));
    if refs.without_image.contains_key(&reference.to_lowercase()) {
        return Some(ActionStatus::WithoutImage);
    }
    if among(&refs.nonexistent) {
        return Some(ActionStatus::Nonexistent);
    }
    if among(&refs.sunset) {
        return Some(ActionStatus::Sunset);
    }
    let version = action_version(refs, source, uses).and_then(|version| Version::parse(&version));
    let since = refs.since.as_deref().and_then(Version::parse);
    match (version, since) {
        (Some(version), Some(since)) if version.is_before(&since) => Some(ActionStatus::Outdated),
        (Some(_), _) => Some(ActionStatus::Current),
        (None, _) => among(&refs.recommended).then_some(ActionStatus::Current),
    }
}

/// What a client's version is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStatus {
    /// It can do trusted publishing.
    Current,
    /// It cannot.
    Outdated,
    /// It cannot if the tool that brings it brings the version it is known to bring.
    Inferred,
}

impl ClientStatus {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Outdated => "outdated",
            Self::Inferred => "inferred",
        }
    }

    /// Whether it cannot do trusted publishing.
    #[must_use]
    pub const fn is_too_old(self) -> bool {
        matches!(self, Self::Outdated | Self::Inferred)
    }
}

/// The version of the client that uploads.
#[derive(Debug, Clone)]
pub struct ClientVersion {
    /// The version as far as it is known, such as `10`.
    pub version: String,
    /// What it is worth.
    pub status: ClientStatus,
    /// What chooses it.
    pub place: Place,
}

/// What one step says of a client's version.
enum StatedVersion {
    /// Nothing.
    Nothing,
    /// Something that only the run tells.
    Open,
    /// This.
    Version(ClientVersion),
}

/// The version of the client that uploads in a run; `None` where the files do not tell.
#[must_use]
pub fn client<'p>(
    site: &UploadSite<'_, 'p>,
    github: &GitHubFacts,
    registries: &RegistrySet,
    context: &EvaluationContext<'_, 'p>,
) -> Option<ClientVersion> {
    let facts = registries.client(site.pattern?.client.as_deref()?)?;
    let step = site.resolved.step?;
    let own = site.resolved.command.as_ref();
    if let (Some(command), Some(run)) = (own, step.script) {
        match in_words(facts, command, run, 0) {
            StatedVersion::Version(version) => return Some(version),
            StatedVersion::Open => return None,
            StatedVersion::Nothing => {}
        }
    }
    let look = VersionSearch { github, facts, context, site };
    // What stands nearest before the upload wins, in its own script first.
    let until = own.map_or(0, |command| command.span.start);
    let mut said = if step.script.is_some() { look.script(step, Some(until)) } else { look.step(step) };
    for step in site.resolved.before().rev() {
        if !matches!(said, StatedVersion::Nothing) {
            break;
        }
        said = look.step(step);
    }
    match said {
        StatedVersion::Version(version) => Some(version),
        _ => None,
    }
}

struct VersionSearch<'l, 'p> {
    github: &'l GitHubFacts,
    facts: &'l ClientVersions,
    context: &'l EvaluationContext<'l, 'p>,
    site: &'l UploadSite<'l, 'p>,
}

impl<'l, 'p> VersionSearch<'l, 'p> {
    fn step(&self, step: &'l Step<'p>) -> StatedVersion {
        let said = match step.uses {
            _ if step.script.is_some() => self.script(step, None),
            // An action of the project's own may bring anything.
            Some(uses) if uses.value().starts_with(['.', '$']) => StatedVersion::Open,
            Some(uses) => {
                match self.facts.tools.iter().find(|tool| tool.action.eq_ignore_ascii_case(action(uses.value()))) {
                    Some(tool) => self.tool(tool, step),
                    None => StatedVersion::Nothing,
                }
            }
            None => StatedVersion::Nothing,
        };
        let reached = match step.condition {
            None => Truth::Yes,
            Some(_) => self.context.for_sibling(step).reached(),
        };
        match (said, reached) {
            (StatedVersion::Nothing, _) | (_, Truth::No) => StatedVersion::Nothing,
            (said, Truth::Yes) => said,
            (_, Truth::Unknown(_)) => StatedVersion::Open,
        }
    }

    /// What the script of a step installs before a place in it.
    fn script(&self, step: &Step<'_>, until: Option<usize>) -> StatedVersion {
        let Some(run) = step.script else { return StatedVersion::Nothing };
        let commands = commands(self.github, self.site.resolved.workflow, self.site.resolved.job, step);
        let before = commands.iter().filter(|command| until.is_none_or(|until| command.span.start < until));
        let mut last = StatedVersion::Nothing;
        for command in before {
            let words = words(command);
            let installs = words.iter().flatten().any(|word| self.github.shell.installs.contains(word));
            let said = if installs { in_words(self.facts, command, run, 1) } else { StatedVersion::Nothing };
            match said {
                StatedVersion::Nothing => {}
                StatedVersion::Version(version) if !command.conditional => last = StatedVersion::Version(version),
                StatedVersion::Version(_) | StatedVersion::Open => last = StatedVersion::Open,
            }
        }
        let scope = until.and_then(|until| run.value().get(..until)).unwrap_or(run.value());
        let opaque = self.facts.opaque.iter().any(|word| scope.contains(word.as_str()));
        if opaque && matches!(last, StatedVersion::Nothing) { StatedVersion::Open } else { last }
    }

    fn tool(&self, tool: &ClientTool, step: &Step<'_>) -> StatedVersion {
        let Some(pair) = step.with.get_ignore_case(&tool.input) else { return StatedVersion::Open };
        let Some(chosen) = known_text(&self.context.evaluate(pair.value.value())) else { return StatedVersion::Open };
        let place = pair.value.place();
        if tool.contains.is_empty() {
            return judge(self.facts, chosen.trim(), place, ClientStatus::Outdated);
        }
        let inside = tool.contains.get(chosen.trim()).or_else(|| {
            let major = Version::parse(&chosen)?.0.first()?.to_string();
            tool.contains.get(&major)
        });
        inside.map_or(StatedVersion::Open, |inside| judge(self.facts, inside, place, ClientStatus::Inferred))
    }
}

/// What the words of a command say of the client's version, from the word `first` on.
fn in_words(facts: &ClientVersions, command: &ShellCommand, run: Text<'_>, first: usize) -> StatedVersion {
    for word in command.words.iter().skip(first) {
        let known = word.template(run.value());
        let Some(text) = known.clone().or_else(|| before_version(word)) else { continue };
        if !facts.installed_as.iter().any(|name| program(&text) == name) {
            continue;
        }
        if known.is_none() {
            return StatedVersion::Open;
        }
        let pinned = text.split_once("==").or_else(|| text.rsplit_once('@').filter(|(name, _)| !name.is_empty()));
        match pinned {
            Some((_, version)) => {
                return judge(facts, version, run.inner(word.span.clone()), ClientStatus::Outdated);
            }
            // By its plain name the newest is installed, and run what is there.
            None if first > 0 && !text.contains(['<', '~', '/']) => {
                return judge(facts, "latest", run.inner(word.span.clone()), ClientStatus::Outdated);
            }
            None if first > 0 => return StatedVersion::Open,
            None => {}
        }
    }
    StatedVersion::Nothing
}

/// Compares a version with the client's minimum; `too_old` is what a lesser one is called.
fn judge(facts: &ClientVersions, version: &str, place: Place, too_old: ClientStatus) -> StatedVersion {
    let current = |status| StatedVersion::Version(ClientVersion { version: version.to_owned(), status, place });
    if matches!(version, "latest" | "next" | "stable") || version.starts_with(">=") {
        return current(ClientStatus::Current);
    }
    let bare = version.strip_prefix('^').unwrap_or(version);
    let (Some(known), Some(minimum)) = (Version::parse(bare), Version::parse(&facts.minimum)) else {
        return StatedVersion::Open;
    };
    // `^1.2` is the newest of its major version.
    let known = if bare == version { known } else { Version(known.0.into_iter().take(1).collect()) };
    current(if known.is_before(&minimum) { too_old } else { ClientStatus::Current })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or(Version(Vec::new()))
    }

    #[test]
    fn what_a_version_leaves_out_is_the_newest() {
        assert!(version("v1.8.0").is_before(&version("1.8.1")));
        assert!(!version("v1").is_before(&version("1.8.1")));
        assert!(version("0.9").is_before(&version("1.8.1")));
        assert!(version("22.x").is_before(&version("23")));
        assert!(!version("1.8.1-rc.1").is_before(&version("1.8.1")));
        assert_eq!(Version::parse("main"), None);
        assert_eq!(Version::parse("release/v1"), None);
    }
}
