//! The publishers that the config declares, checked against the form of their registry.
//!
//! `trust::claim_verdict` compares them with the claims of a run.

use std::sync::OnceLock;

use regex_lite::Regex;

use crate::read::config::{Config, DeclaredPublisher};
use crate::read::glob::Glob;
use crate::read::problem::{Problem, suggestion};
use crate::read::project::{WORKFLOWS, github_repository};
use crate::read::source::Place;
use crate::trust::publisher_list::{PublisherList, last_letter};
use crate::trust::registry::{Claim, FormField, Registry, RegistrySet};
use crate::workflow::model::Text;

/// One field of a declared publisher.
#[derive(Debug, Clone)]
pub struct PublisherField<'a> {
    /// The form's field.
    pub field: &'a FormField,
    /// The declared value.
    pub value: String,
    /// Its place. An owner or a name that the publisher leaves out comes from the config's `repository:`.
    pub place: Place,
    /// Whether the publisher itself sets the field.
    pub own: bool,
    /// Why the registry's form refuses the value; see [`accepts`].
    pub refusal: Option<String>,
}

/// A declared publisher of a known registry.
#[derive(Debug, Clone)]
pub struct Publisher<'a> {
    /// Its index among the publishers of the config.
    pub index: usize,
    /// The registry.
    pub registry: &'a Registry,
    /// The start of its entry in the config.
    pub place: Place,
    /// The declared fields, in the order of the form.
    pub entries: Vec<PublisherField<'a>>,
}

impl<'a> Publisher<'a> {
    /// A declared field by its name.
    #[must_use]
    pub fn entry(&self, field: &str) -> Option<&PublisherField<'a>> {
        self.entries.iter().find(|entry| entry.field.name == field)
    }

    /// The declared field that a claim is compared with.
    #[must_use]
    pub fn entry_of(&self, claim: Claim) -> Option<&PublisherField<'a>> {
        self.entries.iter().find(|entry| entry.field.claim == Some(claim))
    }

    /// The value of a field: the declared one, else the default of the form.
    #[must_use]
    pub fn setting(&self, field: &str) -> Option<&str> {
        let declared = self.entry(field).map(|entry| entry.value.as_str());
        declared.or_else(|| self.registry.field(field).and_then(|field| field.default.as_deref()))
    }

    /// Whether it declares a package. The form of some registries accepts a glob.
    #[must_use]
    pub fn is_for(&self, package: &str) -> bool {
        self.entry("package").is_some_and(|entry| {
            // Most of many publishers differ in the last letter, which is cheaper to compare.
            let same =
                last_letter(&entry.value) == last_letter(package) && self.registry.names.same(&entry.value, package);
            same || entry.value.contains('*') && Glob::from(entry.value.as_str()).is_match(package)
        })
    }

    /// A name for messages: its package, else its workflow, else its position.
    #[must_use]
    pub fn title(&self) -> String {
        let named = self.entry("package").or_else(|| self.entry_of(Claim::Workflow));
        named.map_or_else(|| format!("publisher {}", self.index + 1), |entry| entry.value.clone())
    }
}

/// Reads the publishers of a config. The problems are in the order of the file.
#[must_use]
pub fn publishers<'a>(config: &Config<'_>, registries: &'a RegistrySet) -> (PublisherList<'a>, Vec<Problem>) {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (index, declared) in config.publishers.iter().enumerate() {
        let id = declared.registry.value();
        let Some(registry) = registries.get(id) else {
            let known = registries.iter().map(|registry| registry.id.as_str());
            let message = format!("there is no registry `{id}`{}", suggestion(id, known));
            problems.push(Problem::new(declared.registry.place(), message));
            continue;
        };
        found.push(publisher(index, registry, declared, config.repository, &mut problems));
    }
    (found.into(), problems)
}

fn publisher<'a>(
    index: usize,
    registry: &'a Registry,
    declared: &DeclaredPublisher<'_>,
    repository: Option<Text<'_>>,
    problems: &mut Vec<Problem>,
) -> Publisher<'a> {
    for (key, _) in &declared.fields {
        let name = key.value();
        if registry.field(name).is_none() {
            let known = registry.record.iter().map(|field| field.name.as_str());
            let message = format!("a publisher of {} has no field `{name}`{}", registry.name, suggestion(name, known));
            problems.push(Problem::new(key.place(), message));
        }
    }
    let own = repository.and_then(|text| text.value().split_once('/').map(|(owner, name)| (owner, name, text.place())));
    let mut entries = Vec::new();
    for field in &registry.record {
        let given = declared.fields.iter().find(|(key, _)| key.value() == field.name);
        let (value, place) = match (given, own, field.claim) {
            (Some((_, value)), ..) => (value.value(), value.place()),
            (None, Some((.., place)), Some(Claim::Repository)) if field.whole => {
                (repository.map_or("", Text::value), place)
            }
            (None, Some((owner, _, place)), Some(Claim::Owner)) => (owner, place),
            (None, Some((_, name, place)), Some(Claim::Repository)) => (name, place),
            (None, ..) => {
                if field.required && !matches!(field.claim, Some(Claim::Owner | Claim::Repository)) {
                    let message = format!("the publisher of {} has no `{}`", registry.name, field.name);
                    problems.push(Problem::new(declared.place, message));
                }
                continue;
            }
        };
        let refusal = accepts(field, value).err();
        entries.push(PublisherField { field, value: value.to_owned(), place, own: given.is_some(), refusal });
    }
    for entry in &entries {
        if let Some(other) = entry.field.with.as_deref().filter(|name| entries.iter().all(|it| it.field.name != **name))
        {
            let message = format!("a publisher of {} with `{}` needs `{other}` too", registry.name, entry.field.name);
            problems.push(Problem::new(entry.place, message));
        }
    }
    Publisher { index, registry, place: declared.place, entries }
}

/// Whether the form of the registry accepts a value.
///
/// # Errors
/// The reason, as the end of a sentence: "is no file name".
pub fn accepts(field: &FormField, value: &str) -> Result<(), String> {
    if let Some(longest) = field.longest.filter(|longest| value.chars().count() > *longest) {
        return Err(format!("is longer than {longest} characters"));
    }
    match field.pattern.as_deref().and_then(compiled) {
        Some(pattern) if !pattern.is_match(value) => Err(field.complaint.clone()),
        _ => Ok(()),
    }
}

/// The correction of a value that the form refuses, if there is only one: the value without surrounding blanks, the file
/// name of a path, one part of `owner/name` whose other part the publisher has too, or `owner/name` of an address.
#[must_use]
pub fn intended_value(publisher: &Publisher<'_>, entry: &PublisherField<'_>) -> Option<String> {
    if !entry.own {
        return None;
    }
    let value = entry.value.trim();
    let other = |claim| publisher.entry_of(claim).map(|entry| entry.value.trim());
    let intended = match entry.field.claim {
        _ if accepts(entry.field, value).is_ok() => Some(value.to_owned()),
        Some(Claim::Workflow) => {
            let (folder, file) = value.rsplit_once('/')?;
            folder.ends_with(WORKFLOWS).then(|| file.to_owned())
        }
        Some(Claim::Repository) if entry.field.whole => github_repository(value),
        Some(Claim::Repository) => {
            let (owner, name) = slug(value)?;
            let known = other(Claim::Owner)?;
            let known = slug(known).map_or_else(|| known.to_owned(), |(owner, _)| owner);
            owner.eq_ignore_ascii_case(&known).then_some(name)
        }
        Some(Claim::Owner) => {
            let (owner, name) = slug(value)?;
            let known = other(Claim::Repository)?;
            let known = slug(known).map_or_else(|| known.to_owned(), |(_, name)| name);
            name.eq_ignore_ascii_case(&known).then_some(owner)
        }
        _ => None,
    };
    intended.filter(|intended| *intended != entry.value && accepts(entry.field, intended).is_ok())
}

/// Owner and name of `owner/name` or of an address.
fn slug(text: &str) -> Option<(String, String)> {
    let whole = github_repository(text);
    let (owner, name) = whole.as_deref().unwrap_or(text).split_once('/')?;
    (!owner.is_empty() && !name.is_empty() && !name.contains('/')).then(|| (owner.to_owned(), name.to_owned()))
}

/// The compiled form of a pattern. The patterns come from data files and are few, so each is compiled once.
pub(crate) fn compiled(pattern: &str) -> Option<&'static Regex> {
    use std::collections::HashMap;
    use std::sync::Mutex;
    static PATTERNS: OnceLock<Mutex<HashMap<String, Option<&'static Regex>>>> = OnceLock::new();
    let mut patterns = PATTERNS.get_or_init(Mutex::default).lock().ok()?;
    if let Some(known) = patterns.get(pattern) {
        return *known;
    }
    // Patterns are few and live as long as the program; cloning a `Regex` for each use costs more than its match.
    let regex = Regex::new(pattern).ok().map(|regex| &*Box::leak(Box::new(regex)));
    patterns.insert(pattern.to_owned(), regex);
    regex
}
