//! The versions of actions and clients, and whether they support trusted publishing.

pub(crate) mod project_files;

use std::sync::Arc;

use crate::read::command_list::program;
use crate::read::glob::Glob;
use crate::read::path;
use crate::read::shell::{ShellCommand, ShellWord};
use crate::read::source::{Place, SourceFile};
use crate::trust::registry::RegistrySet;
use crate::trust::registry::command::{before_version, find_command, is_command, runs_project_program, words};
use crate::trust::registry::slot::known_text;
use crate::trust::registry::upload_pattern::{ActionRefs, BrokenUpgrade, ClientTool, ClientVersions, VersionSetting};
use crate::trust::upload::earlier::earlier;
use crate::trust::upload::site::UploadSite;
use crate::trust::upload::step::ResolvedStep;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Text, action};
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::step_script::commands;

/// The length of a commit hash in hexadecimal digits.
const COMMIT: usize = 40;

/// A version number. Omitted parts mean the newest version: `v1` is the newest `1.x.y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<u64>);

impl Version {
    /// Parses `1.2.3`, `v1.2` and `1.2.x`. Pre-release and build parts are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split(['-', '+']).next().unwrap_or(text);
        let parts = text.split('.').take_while(|part| !matches!(*part, "x" | "X" | "*"));
        let numbers: Option<Vec<u64>> = parts.map(|part| part.parse().ok()).collect();
        numbers.filter(|numbers| !numbers.is_empty()).map(Self)
    }

    /// Whether it is the number of one release.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.0.len() > 2
    }

    /// Whether every version that this may be is older than `other`.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let known = self.0.len().min(other.0.len());
        self.0[..known] < other.0[..known]
    }
}

/// The state of an action's ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionStatus {
    /// Usable.
    Current,
    /// A version without trusted publishing.
    Outdated,
    /// A ref that its maintainer has deprecated.
    Sunset,
    /// A commit without a container image.
    WithoutImage,
    /// A ref that does not exist.
    Nonexistent,
}

impl ActionStatus {
    /// The value of facts.
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

/// The data about the refs of an action that uploads or logs in.
#[must_use]
pub fn refs<'a>(registries: &'a RegistrySet, name: &str) -> Option<&'a ActionRefs> {
    let own = |known: &str| known.eq_ignore_ascii_case(name);
    let named = registries.uploads_of(name).map(|(_, pattern)| pattern);
    let logins = registries.logins().map(|(_, login)| login).filter(|login| own(&login.action));
    let all = named.map(|pattern| &pattern.refs).chain(logins.map(|login| &login.refs));
    // An action may be described as an upload and as a login, with its refs at one of them.
    let mut all = all.peekable();
    let first = all.peek().copied();
    all.find(|refs| **refs != ActionRefs::default()).or(first)
}

/// The ref after the `@` of a `uses`.
#[must_use]
pub fn reference(uses: &str) -> Option<&str> {
    uses.split_once('@').map(|(_, reference)| reference.trim())
}

/// Whether a ref is a full commit hash, which cannot move.
#[must_use]
pub fn is_commit(reference: &str) -> bool {
    reference.len() == COMMIT && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The version of an action's ref: its tag, the commit's version in the data, or the version in the trailing comment.
#[must_use]
pub fn action_version(refs: &ActionRefs, source: &SourceFile, uses: Text<'_>) -> Option<String> {
    let reference = reference(uses.value())?;
    if !is_commit(reference) {
        return Version::parse(reference).map(|_| reference.to_owned());
    }
    refs.commits.get(&reference.to_lowercase()).cloned().or_else(|| comment_version(source, uses))
}

/// The version in a comment after `uses`: `# v1.2.3`, `# tag=v1.2.3`.
fn comment_version(source: &SourceFile, uses: Text<'_>) -> Option<String> {
    let end = uses.place().span.end;
    let line = source.line_span(source.line_at(end));
    let rest = source.text().get(end as usize..line.end as usize)?;
    let comment = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix('#')?;
    let words = comment.split([' ', '=', ',', '/', '@']).map(str::trim);
    // A single number may be an issue number or a year.
    words.into_iter().find(|word| word.contains('.') && Version::parse(word).is_some()).map(str::to_owned)
}

/// The state of an action's ref. `None` if unknown.
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

/// Whether a client's version supports trusted publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStatus {
    /// It does.
    Current,
    /// It does not.
    Outdated,
    /// Inferred from the version of the tool that contains the client: it does not.
    Inferred,
}

impl ClientStatus {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Outdated => "outdated",
            Self::Inferred => "inferred",
        }
    }

    /// Whether it does not support trusted publishing.
    #[must_use]
    pub const fn is_too_old(self) -> bool {
        matches!(self, Self::Outdated | Self::Inferred)
    }
}

/// The version of the client that uploads.
#[derive(Debug, Clone)]
pub struct ClientVersion {
    /// The name of the client: a tool may run another one.
    pub client: String,
    /// The first version of it with trusted publishing.
    pub minimum: String,
    /// The version as far as it is known, such as `10`.
    pub version: String,
    /// Whether it supports trusted publishing.
    pub status: ClientStatus,
    /// The place that selects it.
    pub place: Place,
}

/// The client version that one step installs.
enum InstalledVersion {
    /// The step installs none.
    Nothing,
    /// The step may install one.
    Unknown,
    /// A known version.
    Version(ClientVersion),
}

/// The maximum length of a chain of tools that run each other.
const MOST_TOOLS: usize = 4;

/// The version of the client of an upload in a run. `None` if unknown.
#[must_use]
pub fn client<'p>(
    site: &UploadSite<'_, 'p>,
    github: &GitHubFacts,
    registries: &RegistrySet,
    context: &EvaluationContext<'_, 'p>,
) -> Option<ClientVersion> {
    let pattern = site.pattern?;
    let mut name = pattern.client.as_deref()?;
    if pattern.client_if.as_ref().is_some_and(|condition| !project_files::runs(site, condition)) {
        return None;
    }
    for _ in 0..MOST_TOOLS {
        let facts = registries.client(name)?;
        if !facts.runs.is_empty() {
            name = project_files::client_of(site, &facts.runs)?;
            continue;
        }
        let found = VersionSearch { github, facts, context, site }.last()?;
        match &facts.older_run {
            Some(other) if found.status.is_too_old() => name = other,
            _ => return Some(ClientVersion { client: name.to_owned(), minimum: facts.minimum.clone(), ..found }),
        }
    }
    None
}

/// A command before an upload that upgrades its client and is known to fail.
#[derive(Debug, Clone)]
pub struct FailedUpgrade<'a> {
    /// The data about it.
    pub rule: &'a BrokenUpgrade,
    /// The text of the command.
    pub command: String,
    /// The place of the command.
    pub place: Place,
    /// The place that selects the version which cannot upgrade itself.
    pub selected: Place,
}

/// The first command before an upload that upgrades one of some clients and is known to fail.
#[must_use]
pub fn broken_upgrade<'a>(
    site: &UploadSite<'_, '_>,
    github: &GitHubFacts,
    clients: impl Iterator<Item = &'a ClientVersions>,
    context: &EvaluationContext<'_, '_>,
) -> Option<FailedUpgrade<'a>> {
    for client in clients.filter(|client| !client.broken_upgrades.is_empty()) {
        let mut selected = client.tools.iter().find_map(|tool| {
            let (version, place) = image(tool, &site.resolved, context)?;
            Some((broken_by(client, tool, &version)?, place))
        });
        for earlier in earlier(site, context) {
            let step = earlier.resolved.step?;
            if let Some(uses) = step.uses.filter(|_| step.script.is_none()) {
                let name = action(uses.value());
                let Some(tool) = client.tools.iter().find(|tool| tool.action.eq_ignore_ascii_case(name)) else {
                    continue;
                };
                selected = match chosen(tool, &earlier.resolved, context) {
                    ChosenVersion::Version(version, place) if earlier.certain => {
                        broken_by(client, tool, &version).map(|rule| (rule, place))
                    }
                    _ => None,
                };
                continue;
            }
            for resolved in earlier.commands(github) {
                let Some(command) = resolved.command.as_ref() else { continue };
                let words = words(command);
                if client.may_install(github, &words) {
                    selected = None;
                }
                let Some((rule, at)) = selected.filter(|_| earlier.certain && !step.tolerated) else { continue };
                if !command.conditional && !command.tolerated && upgrades(github, client, rule, &resolved, &words) {
                    let text = command.words.iter().map(|word| word.text().unwrap_or_else(|| "…".to_owned()));
                    let text = text.collect::<Vec<_>>().join(" ");
                    return Some(FailedUpgrade { rule, command: text, place: resolved.place(), selected: at });
                }
            }
        }
    }
    None
}

/// The version that an action installs, as its inputs or a file choose it.
enum ChosenVersion {
    /// Neither an input nor a file of its inputs chooses one.
    Nothing,
    /// The files do not decide it.
    Unknown,
    /// A version with the place that chooses it.
    Version(String, Place),
}

fn chosen(tool: &ClientTool, resolved: &ResolvedStep<'_, '_>, context: &EvaluationContext<'_, '_>) -> ChosenVersion {
    let given = |input: &str| {
        let pair = resolved.with().get_ignore_case(input)?;
        Some((known_text(&resolved.resolve(pair.value.value(), context)), pair.value.place()))
    };
    match (given(&tool.input), given(&tool.file_input)) {
        (Some((Some(chosen), place)), _) => ChosenVersion::Version(chosen, place),
        (None, Some((Some(path), _))) => {
            let (Some(manifests), Some(path)) = (resolved.model.manifests, path::normalize(&path)) else {
                return ChosenVersion::Unknown;
            };
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let own: Vec<VersionSetting> =
                tool.files.iter().filter(|setting| setting.file.is_match(name)).cloned().collect();
            match project_files::chosen(manifests, folder, &own) {
                Some(Some((version, place))) => ChosenVersion::Version(version, place),
                _ => ChosenVersion::Unknown,
            }
        }
        (None, None) => ChosenVersion::Nothing,
        _ => ChosenVersion::Unknown,
    }
}

/// The version at the start of the tag of the job's container image, if that is the image of a tool.
fn image(
    tool: &ClientTool,
    resolved: &ResolvedStep<'_, '_>,
    context: &EvaluationContext<'_, '_>,
) -> Option<(String, Place)> {
    let image = resolved.job.image.filter(|_| !tool.image.is_empty())?;
    let text = known_text(&context.for_job().evaluate(image.value()))?;
    let (name, tag) = text.split('@').next()?.rsplit_once(':')?;
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    (name == tool.image).then(|| (tag.split('-').next().unwrap_or_default().to_owned(), image.place()))
}

/// The upgrade that fails with a version that a tool has installed.
fn broken_by<'a>(client: &'a ClientVersions, tool: &ClientTool, version: &str) -> Option<&'a BrokenUpgrade> {
    let version = version.trim().trim_start_matches('v');
    let own = |rule: &&BrokenUpgrade| rule.action == tool.action && rule.is.iter().any(|is| is == version);
    client.broken_upgrades.iter().find(own)
}

/// Whether a command replaces the client by another version of itself.
fn upgrades(
    github: &GitHubFacts,
    client: &ClientVersions,
    rule: &BrokenUpgrade,
    resolved: &ResolvedStep<'_, '_>,
    words: &[Option<String>],
) -> bool {
    let installs = rule.commands.iter().any(|command| is_command(github, words, command, &[]));
    let own = |word: &String| client.installed_as.iter().any(|name| program(word) == name);
    installs
        && resolved.has_flag(&rule.flags)
        && !resolved.has_flag(&rule.unless)
        && words.iter().skip(1).flatten().any(own)
}

impl ClientVersions {
    /// Whether a command may install another version in a way that is not described.
    fn may_install(&self, github: &GitHubFacts, words: &[Option<String>]) -> bool {
        let own = || self.opaque.iter().any(|entry| entry == "./") && runs_project_program(&github.shell, words);
        find_command(github, words, &self.opaque).is_some() || own()
    }
}

struct VersionSearch<'l, 'p> {
    github: &'l GitHubFacts,
    facts: &'l ClientVersions,
    context: &'l EvaluationContext<'l, 'p>,
    site: &'l UploadSite<'l, 'p>,
}

impl<'l, 'p> VersionSearch<'l, 'p> {
    /// The version that the command names, that was installed last before it, or that the project's files choose.
    fn last(&self) -> Option<ClientVersion> {
        let (site, facts) = (self.site, self.facts);
        let step = site.resolved.step?;
        let position = site.resolved.position();
        let own = site.resolved.command.as_ref();
        if let (Some(command), Some(run)) = (own, site.resolved.own_script()) {
            match in_words(facts, command, run, 0) {
                InstalledVersion::Version(version) => return Some(version),
                InstalledVersion::Unknown => return None,
                InstalledVersion::Nothing => {}
            }
        }
        // The last installation before the upload wins, in its own script first.
        let until = own.map_or(0, |command| command.order);
        let mut installed = match site.resolved.own_script() {
            Some(run) => self.commands(&site.resolved, run, &site.resolved.commands(self.github), Some(until)),
            None => self.step(&site.resolved),
        };
        for (index, frame) in site.resolved.calls.iter().enumerate().rev() {
            if !matches!(installed, InstalledVersion::Nothing) {
                break;
            }
            let commands = match index.checked_sub(1).and_then(|outer| site.resolved.calls.get(outer)) {
                Some(outer) => Arc::clone(&outer.script.commands),
                None => commands(self.github, site.resolved.workflow, site.resolved.job, step),
            };
            let until = Some(frame.call.command.order);
            installed = self.commands(&site.resolved, frame.caller, &commands, until);
        }
        if matches!(installed, InstalledVersion::Nothing) {
            let before = earlier(site, self.context).into_iter().rev().filter(|it| it.resolved.position() != position);
            let mut found = before.map(|earlier| match (self.step(&earlier.resolved), earlier.certain) {
                (InstalledVersion::Version(_), false) => InstalledVersion::Unknown,
                (installed, _) => installed,
            });
            installed =
                found.find(|it| !matches!(it, InstalledVersion::Nothing)).unwrap_or_else(|| self.in_container());
        }
        match installed {
            InstalledVersion::Version(version) => Some(version),
            InstalledVersion::Unknown => None,
            InstalledVersion::Nothing => {
                let fresh = |word: &ShellWord| word.text().is_some_and(|text| self.github.shell.fresh.contains(&text));
                if own.is_some_and(|command| command.words.iter().any(fresh)) {
                    return None;
                }
                let manifests = site.resolved.model.manifests?;
                let folder =
                    if own.is_some() { site.resolved.folder_in(&|text| Some(text.to_owned()))? } else { String::new() };
                let above = std::iter::successors(Some(folder.as_str()), |folder| {
                    Some(folder.rsplit_once('/').map_or("", |(above, _)| above)).filter(|_| !folder.is_empty())
                });
                let settings: Vec<VersionSetting> =
                    facts.files.iter().filter(|setting| self.counts(setting)).cloned().collect();
                let (version, place) =
                    above.into_iter().find_map(|folder| project_files::chosen(manifests, folder, &settings))??;
                match judge(facts, &version, place, ClientStatus::Outdated) {
                    InstalledVersion::Version(version) => Some(version),
                    _ => None,
                }
            }
        }
    }

    /// Whether a setting chooses the program that the upload runs: its wrappers precede the command or a call that leads to it.
    fn counts(&self, setting: &VersionSetting) -> bool {
        let calls = self.site.resolved.calls.iter().map(|frame| &frame.call.command);
        let mut commands = self.site.resolved.command.as_deref().into_iter().chain(calls);
        setting.via.is_empty()
            || commands.any(|command| {
                let words = words(command);
                setting.via.iter().any(|wrapper| is_command(self.github, &words, wrapper, &[]))
            })
    }

    /// The version in the image of the job's container.
    fn in_container(&self) -> InstalledVersion {
        let mut found =
            self.facts.tools.iter().filter_map(|tool| Some((tool, image(tool, &self.site.resolved, self.context)?)));
        match found.next() {
            Some((tool, (version, place))) => self.inside(tool, &version, place),
            None => InstalledVersion::Nothing,
        }
    }

    fn step(&self, resolved: &ResolvedStep<'l, 'p>) -> InstalledVersion {
        let Some(step) = resolved.step else { return InstalledVersion::Nothing };
        match step.uses {
            _ if step.script.is_some() => {
                let Some(run) = resolved.own_script() else { return InstalledVersion::Nothing };
                self.commands(resolved, run, &resolved.commands(self.github), None)
            }
            // The steps of a local action are steps of their own; one that is not read may install any version.
            Some(uses) if uses.value().starts_with(['.', '$']) => match resolved.model.action(uses.value()) {
                Some(_) => InstalledVersion::Nothing,
                None => InstalledVersion::Unknown,
            },
            Some(uses) => {
                match self.facts.tools.iter().find(|tool| tool.action.eq_ignore_ascii_case(action(uses.value()))) {
                    Some(tool) => self.tool(tool, resolved),
                    None => InstalledVersion::Nothing,
                }
            }
            None => InstalledVersion::Nothing,
        }
    }

    /// The version that the commands of a script install, up to a command in it.
    fn commands(
        &self,
        resolved: &ResolvedStep<'l, 'p>,
        run: Text<'_>,
        commands: &[ShellCommand],
        until: Option<usize>,
    ) -> InstalledVersion {
        let before = commands.iter().filter(|command| until.is_none_or(|until| command.order < until));
        let mut last = InstalledVersion::Nothing;
        for command in before {
            let words = words(command);
            if let Some(downloaded) = self.downloaded(command, resolved, run) {
                last = downloaded;
                continue;
            }
            let installs = words.iter().flatten().any(|word| self.github.shell.installs.contains(word));
            let installed = if installs { in_words(self.facts, command, run, 1) } else { InstalledVersion::Nothing };
            match installed {
                InstalledVersion::Nothing => {}
                InstalledVersion::Version(version) if !command.conditional => last = InstalledVersion::Version(version),
                InstalledVersion::Version(_) | InstalledVersion::Unknown => last = InstalledVersion::Unknown,
            }
        }
        let may_install = |command: &ShellCommand| self.facts.may_install(self.github, &words(command));
        let opaque = matches!(last, InstalledVersion::Nothing)
            && commands.iter().filter(|command| until.is_none_or(|end| command.order < end)).any(may_install);
        if opaque { InstalledVersion::Unknown } else { last }
    }

    /// The version that a command downloads from an address of the data.
    fn downloaded(
        &self,
        command: &ShellCommand,
        resolved: &ResolvedStep<'l, 'p>,
        run: Text<'_>,
    ) -> Option<InstalledVersion> {
        if self.facts.downloads.is_empty() {
            return None;
        }
        let resolved = ResolvedStep { command: Some(Box::new(command.clone())), ..resolved.clone() };
        for word in command.words.iter().skip(1) {
            let (text, whole) = resolved.known_prefix(word);
            for address in &self.facts.downloads {
                let Some((before, after)) = address.split_once("{version}") else {
                    if text.starts_with(address.as_str()) {
                        return Some(judge(self.facts, "latest", run.inner(word.span.clone()), ClientStatus::Outdated));
                    }
                    continue;
                };
                let Some(rest) = text.strip_prefix(before) else { continue };
                let version =
                    rest.find(after).and_then(|end| rest.get(..end)).or(if whole { Some(rest) } else { None });
                return Some(match version {
                    Some(version) if !command.conditional => {
                        judge(self.facts, version, run.inner(word.span.clone()), ClientStatus::Outdated)
                    }
                    _ => InstalledVersion::Unknown,
                });
            }
        }
        None
    }

    fn tool(&self, tool: &ClientTool, resolved: &ResolvedStep<'l, 'p>) -> InstalledVersion {
        match chosen(tool, resolved, self.context) {
            ChosenVersion::Version(version, place) => self.inside(tool, version.trim(), place),
            ChosenVersion::Nothing if tool.from_project => InstalledVersion::Nothing,
            ChosenVersion::Nothing if tool.newest => self.inside(tool, "latest", resolved.place()),
            ChosenVersion::Nothing | ChosenVersion::Unknown => InstalledVersion::Unknown,
        }
    }

    /// The client in a version of a tool that contains it, or that is the client.
    fn inside(&self, tool: &ClientTool, version: &str, place: Place) -> InstalledVersion {
        if tool.contains.is_empty() {
            return judge(self.facts, version, place, ClientStatus::Outdated);
        }
        let inside = tool.contains.get(version).or_else(|| {
            let major = Version::parse(version.trim_start_matches(['^', '~']))?.0.first()?.to_string();
            tool.contains.get(&major)
        });
        inside.map_or(InstalledVersion::Unknown, |inside| judge(self.facts, inside, place, ClientStatus::Inferred))
    }
}

/// The client version in the words of a command, from the word `first` on.
fn in_words(facts: &ClientVersions, command: &ShellCommand, run: Text<'_>, first: usize) -> InstalledVersion {
    for word in command.words.iter().skip(first) {
        let known = word.template(run.value());
        let Some(text) = known.clone().or_else(|| before_version(word)) else { continue };
        if !facts.installed_as.iter().any(|name| program(&text) == name) {
            continue;
        }
        if known.is_none() {
            return InstalledVersion::Unknown;
        }
        let pinned = text.split_once("==").or_else(|| text.rsplit_once('@').filter(|(name, _)| !name.is_empty()));
        match pinned {
            Some((_, version)) => {
                return judge(facts, version, run.inner(word.span.clone()), ClientStatus::Outdated);
            }
            None if first > 0 && text.contains('<') => {
                return capped(facts, &text, run.inner(word.span.clone()));
            }
            // `install NAME` installs the newest version; `NAME` runs the installed one.
            None if first > 0 && !text.contains(['<', '~', '/']) => {
                return judge(facts, "latest", run.inner(word.span.clone()), ClientStatus::Outdated);
            }
            None if first > 0 => return InstalledVersion::Unknown,
            None => {}
        }
    }
    InstalledVersion::Nothing
}

/// The version that a requirement with an upper limit installs, such as `name<6`. It is unknown if the limit is above the minimum.
fn capped(facts: &ClientVersions, requirement: &str, place: Place) -> InstalledVersion {
    let limit = requirement.split_once('<').map_or("", |(_, limit)| limit).split(',').next().unwrap_or_default().trim();
    let number = limit.trim_start_matches('=');
    let (Some(bound), Some(minimum)) = (Version::parse(number), Version::parse(&facts.minimum)) else {
        return InstalledVersion::Unknown;
    };
    // `<=6` allows 6.0.0 alone of the versions 6.x.
    let too_old = if number.len() < limit.len() { bound.is_before(&minimum) } else { !minimum.is_before(&bound) };
    let (client, minimum) = (String::new(), String::new());
    let (version, status) = (format!("<{limit}"), ClientStatus::Outdated);
    if too_old {
        InstalledVersion::Version(ClientVersion { client, minimum, version, status, place })
    } else {
        InstalledVersion::Unknown
    }
}

/// Compares a version with the client's minimum. `too_old` is the status of a lower one.
fn judge(facts: &ClientVersions, version: &str, place: Place, too_old: ClientStatus) -> InstalledVersion {
    let current = |status| {
        let (client, minimum) = (String::new(), String::new());
        InstalledVersion::Version(ClientVersion { client, minimum, version: version.to_owned(), status, place })
    };
    if matches!(version, "latest" | "next" | "stable") || version.starts_with(">=") {
        return current(ClientStatus::Current);
    }
    let bare = version.strip_prefix(['^', '~', '=']).unwrap_or(version);
    let (Some(known), Some(minimum)) = (Version::parse(bare), Version::parse(&facts.minimum)) else {
        return InstalledVersion::Unknown;
    };
    // `^1.2` resolves to the newest version with this major number, `~1.2` to the newest with this minor number.
    let parts = if version.starts_with('^') {
        1
    } else if version.starts_with('~') {
        2
    } else {
        usize::MAX
    };
    let known = Version(known.0.into_iter().take(parts).collect());
    current(if known.is_before(&minimum) { too_old } else { ClientStatus::Current })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap_or(Version(Vec::new()))
    }

    #[test]
    fn omitted_parts_mean_the_newest_version() {
        assert!(version("v1.8.0").is_before(&version("1.8.1")));
        assert!(!version("v1").is_before(&version("1.8.1")));
        assert!(version("0.9").is_before(&version("1.8.1")));
        assert!(version("22.x").is_before(&version("23")));
        assert!(!version("1.8.1-rc.1").is_before(&version("1.8.1")));
        assert_eq!(Version::parse("main"), None);
        assert_eq!(Version::parse("release/v1"), None);
    }
}
