//! Finds the steps that upload to a registry, and says for one run where to and with which credential. It judges nothing.

use super::registry::{Oidc, Registries, Registry, Upload};
use super::slot::{Client, Given, Kind, Slot, known_text, reads};
use crate::read::shell::{self, Command, Shell};
use crate::read::source::Place;
use crate::workflow::expression::{Outcome, Reason};
use crate::workflow::github::GitHub;
use crate::workflow::model::{Job, Step, Workflow};
use crate::workflow::sight::Sight;

/// A step that uploads, whatever the run.
#[derive(Debug, Clone)]
pub struct Site<'a, 'p> {
    /// The step, with its command.
    pub client: Client<'a, 'p>,
    /// What the data says of it.
    pub upload: &'a Upload,
}

/// What an upload shows to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The OIDC token.
    Trusted,
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
            Self::Stored => "stored",
            Self::MaybeEmpty => "maybe-empty",
            Self::None => "none",
        }
    }
}

/// Where an upload goes in one run.
#[derive(Debug, Clone)]
pub enum Target<'a> {
    /// To a registry, and where the files say so.
    Registry(&'a Registry, Place),
    /// To some other place, which is no business of ours.
    Elsewhere,
    /// The files do not say.
    Unknown(Reason, Place),
}

/// Every step of a workflow that uploads.
#[must_use]
pub fn sites<'a, 'p>(github: &GitHub, registries: &'a Registries, workflow: &'a Workflow<'p>) -> Vec<Site<'a, 'p>> {
    let mut found = Vec::new();
    for job in &workflow.jobs {
        for step in &job.steps {
            if let Some(uses) = step.uses {
                let name = action(uses.value());
                let client = Client { workflow, job, step, command: None };
                let uploads = registries
                    .uploads()
                    .filter(|upload| upload.action.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)));
                found.extend(
                    uploads
                        .filter(|upload| chosen(&client, upload))
                        .map(|upload| Site { client: client.clone(), upload }),
                );
            }
            for command in commands(github, workflow, job, step) {
                if let Some(upload) = registries.uploads().find(|upload| is_upload(github, &command, upload)) {
                    let client = Client { workflow, job, step, command: Some(command) };
                    found.push(Site { client, upload });
                }
            }
        }
    }
    found
}

/// The commands of a step's script.
#[must_use]
pub fn commands(github: &GitHub, workflow: &Workflow<'_>, job: &Job<'_>, step: &Step<'_>) -> Vec<Command> {
    let Some(run) = step.run else { return Vec::new() };
    let setting = step.shell.or(job.shell).or(workflow.shell);
    let windows = || job.runs_on.iter().flatten().any(|label| github.system(label.value()) == Some("windows"));
    let shell = match setting {
        Some(setting) => Shell::from_setting(setting.value()),
        None if windows() => Shell::PowerShell,
        None => Shell::Posix,
    };
    shell::parse(run.value(), shell).commands
}

/// The action of a `uses:` without its ref.
#[must_use]
pub fn action(uses: &str) -> &str {
    uses.split_once('@').map_or(uses, |(name, _)| name).trim()
}

/// Whether the inputs that must choose uploading do. An input that the run decides is left out: silence beats a guess.
fn chosen(client: &Client<'_, '_>, upload: &Upload) -> bool {
    upload.only_with.iter().all(|choice| {
        let given = client.step.with.get_ignore_case(&choice.input).map_or("", |pair| pair.value.value());
        choice.is.iter().any(|value| value == given)
    })
}

/// Whether a command is an upload, behind whatever wrappers.
fn is_upload(github: &GitHub, command: &Command, upload: &Upload) -> bool {
    let spellings = upload.command.iter().chain(&upload.also);
    let words: Vec<Option<String>> = command.words.iter().map(shell::Word::text).collect();
    let stopped = || words.iter().flatten().any(|word| upload.unless.iter().any(|stop| flag_is(word, stop)));
    spellings.into_iter().any(|spelling| matches(github, &words, spelling, &upload.via)) && !stopped()
}

fn flag_is(word: &str, flag: &str) -> bool {
    word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
}

/// Whether words begin with a command, after transparent programs and one wrapper of the list.
fn matches(github: &GitHub, words: &[Option<String>], command: &str, via: &[String]) -> bool {
    let mut words = words;
    while let [Some(first), rest @ ..] = words
        && github.shell.transparent.iter().any(|known| known == program(first))
    {
        words = skip_options(rest);
    }
    if starts_with(words, command).is_some() {
        return true;
    }
    via.iter().any(|wrapper| {
        let Some(rest) = starts_with(words, wrapper) else { return false };
        // A wrapper's options and their values come before the wrapped program.
        (0..rest.len()).any(|skip| {
            let (options, command_words) = rest.split_at(skip);
            options.iter().enumerate().all(|(at, word)| {
                let option = |word: &Option<String>| word.as_ref().is_none_or(|word| word.starts_with('-'));
                option(word) || at.checked_sub(1).and_then(|before| options.get(before)).is_some_and(option)
            }) && starts_with(command_words, command).is_some()
        })
    })
}

fn skip_options(words: &[Option<String>]) -> &[Option<String>] {
    let options = words
        .iter()
        .take_while(|word| word.as_ref().is_some_and(|word| word.starts_with('-') || word.contains('=')))
        .count();
    &words[options..]
}

/// The rest after the words of a command; options may stand between its words.
fn starts_with<'w>(words: &'w [Option<String>], command: &str) -> Option<&'w [Option<String>]> {
    let mut rest = words;
    for (index, expected) in command.split_whitespace().enumerate() {
        if index > 0 && !expected.starts_with('-') {
            rest = skip_dashes(rest);
        }
        let (first, after) = rest.split_first()?;
        let first = first.as_ref()?;
        let same = if index == 0 { program(first) == expected } else { first == expected };
        if !same {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

fn skip_dashes(words: &[Option<String>]) -> &[Option<String>] {
    let options = words.iter().take_while(|word| word.as_ref().is_some_and(|word| word.starts_with('-'))).count();
    &words[options..]
}

/// The name of a program without its folder, its version (`twine==6.1`, `twine@6`) and `.exe`.
fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.split(['=', '@', '>', '<', '~', '[']).next().unwrap_or(name);
    name.strip_suffix(".exe").unwrap_or(name)
}

impl<'a, 'p> Site<'a, 'p> {
    /// Where the upload goes in a run.
    #[must_use]
    pub fn target(&self, registries: &'a Registries, sight: &Sight<'_, '_>) -> Target<'a> {
        let rule = &self.upload.endpoint;
        for slot in &rule.slots {
            let (text, place) = match self.client.given(slot) {
                Given::Absent => continue,
                Given::Unknown(place) => return Target::Unknown(Reason::new("the upload's address"), place),
                Given::Text(text, place) => (text, place),
            };
            return match self.client.settle(&text, sight) {
                Outcome::Unknown(reason) => Target::Unknown(reason, place),
                // An input that is set to nothing is an input that is not set.
                outcome if known_text(&outcome).is_none_or(|text| text.trim().is_empty()) => continue,
                outcome => self.place_called(registries, slot, &known_text(&outcome).unwrap_or_default(), place),
            };
        }
        if let Some(place) = rule.opaque.iter().find_map(|slot| self.opaque(slot)) {
            return Target::Unknown(Reason::new("the client's own arguments"), place);
        }
        match registries.get(&rule.default) {
            Some(registry) => Target::Registry(registry, self.client.place()),
            None => Target::Elsewhere,
        }
    }

    /// Where a text that could hold any option stands, if it names one that this data does not read.
    fn opaque(&self, slot: &Slot) -> Option<Place> {
        match self.client.given(slot) {
            Given::Absent => None,
            Given::Unknown(place) => Some(place),
            Given::Text(text, place) => {
                (text.contains("${{") || text.contains("--repository") || text.contains("-r ")).then_some(place)
            }
        }
    }

    fn place_called(&self, registries: &'a Registries, slot: &Slot, text: &str, place: Place) -> Target<'a> {
        let found = match slot.kind {
            Kind::Url => registries.at(text),
            Kind::Name | Kind::Text | Kind::Switch => registries.called(text).or_else(|| registries.at(text)),
        };
        match (found, slot.kind) {
            (Some(registry), _) => Target::Registry(registry, place),
            (None, Kind::Url) => Target::Elsewhere,
            // A name that a config file in the repository or on the runner explains.
            (None, _) => Target::Unknown(Reason::new(format!("the index `{text}`")), place),
        }
    }

    /// What the upload shows in a run, and where that is said.
    #[must_use]
    pub fn credential(&self, sight: &Sight<'_, '_>) -> (Outcomes, Place) {
        let native = self.upload.oidc == Oidc::Native;
        let here = self.client.place();
        if let Some(user) = &self.upload.user
            && let Some((_, given)) = self.client.first(&user.slots)
        {
            match self.user_is_anonymous(&given, &user.anonymous, sight) {
                Some(true) => {}
                Some(false) => return (Outcomes::Known(Credential::Stored), place_of(&given, here)),
                None => return (Outcomes::Unknown(Reason::new("the user it uploads as")), place_of(&given, here)),
            }
        }
        for slot in &self.upload.tokens {
            if let Some(outcome) = self.token(&self.client.given(slot), sight) {
                return (outcome, place_of(&self.client.given(slot), here));
            }
        }
        if self.hidden_credentials() {
            return (Outcomes::Unknown(Reason::new("credentials that an earlier step may have written")), here);
        }
        (Outcomes::Known(if native { Credential::Trusted } else { Credential::None }), here)
    }

    fn user_is_anonymous(&self, given: &Given, anonymous: &[String], sight: &Sight<'_, '_>) -> Option<bool> {
        let Given::Text(text, _) = given else { return None };
        let text = known_text(&self.client.settle(text, sight))?;
        Some(text.is_empty() || anonymous.contains(&text))
    }

    /// What a token's slot makes of the upload; `None` when it holds nothing.
    fn token(&self, given: &Given, sight: &Sight<'_, '_>) -> Option<Outcomes> {
        let text = match given {
            Given::Absent => return None,
            Given::Unknown(_) => return Some(Outcomes::Unknown(Reason::new("the token's value"))),
            Given::Text(text, _) => self.follow_env(text),
        };
        let secrets = reads(&text).unwrap_or_default();
        let is_secret = |path: &String| path.starts_with("secrets.");
        if secrets.iter().any(is_secret) {
            let alone =
                secrets.len() == 1 && text.trim().starts_with("${{") && !text.contains("||") && !text.contains("&&");
            let optional = !alone || sight.is_called();
            return Some(Outcomes::Known(if optional { Credential::MaybeEmpty } else { Credential::Stored }));
        }
        match self.client.settle(&text, sight) {
            Outcome::Unknown(reason) => Some(Outcomes::Unknown(reason)),
            outcome => match known_text(&outcome) {
                Some(text) if text.trim().is_empty() => None,
                Some(_) => Some(Outcomes::Known(Credential::Stored)),
                None => Some(Outcomes::Unknown(Reason::new("the token's value"))),
            },
        }
    }

    /// `${{ env.X }}` is what `X` is set to.
    fn follow_env(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..3 {
            let only = reads(&text).filter(|paths| paths.len() == 1).and_then(|mut paths| paths.pop());
            let Some(name) = only.as_deref().and_then(|path| path.strip_prefix("env.")) else { return text };
            match self.client.given(&Slot { env: Some(name.to_owned()), ..Slot::default() }) {
                Given::Text(next, _) if next != text => text = next,
                _ => return text,
            }
        }
        text
    }

    /// Whether the job's own text speaks of credentials that no slot shows: a dotfile, a keyring, a secret in a script.
    fn hidden_credentials(&self) -> bool {
        if self.client.command.is_none() {
            return false;
        }
        let scripts = self.client.job.steps.iter().filter_map(|step| step.run);
        let speaks =
            scripts.clone().any(|run| self.upload.opaque.iter().any(|word| run.value().contains(word.as_str())));
        let secret = |text: &str| text.contains("secrets.") && !text.contains("secrets.GITHUB_TOKEN");
        let client = &self.client;
        let env = [&client.step.env, &client.job.env, &client.workflow.env];
        speaks
            || scripts.clone().any(|run| secret(run.value()))
            || env.iter().any(|pairs| pairs.entries.iter().any(|pair| secret(pair.value.value())))
            // A script may export a variable for the steps after it.
            || scripts.clone().any(|run| run.value().contains("GITHUB_ENV"))
    }
}

/// A credential that is known, or why not.
#[derive(Debug, Clone)]
pub enum Outcomes {
    /// Known.
    Known(Credential),
    /// Not known.
    Unknown(Reason),
}

fn place_of(given: &Given, otherwise: Place) -> Place {
    match given {
        Given::Text(_, place) | Given::Unknown(place) => *place,
        Given::Absent => otherwise,
    }
}
