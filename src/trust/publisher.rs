//! Declared publishers, checked against their registry's form. It does not compare them with any run.

use std::sync::OnceLock;

use regex::Regex;

use crate::read::config::{Config, DeclaredPublisher};
use crate::read::problem::{Problem, suggestion};
use crate::read::project::{WORKFLOWS, github_repository};
use crate::read::source::Place;
use crate::trust::registry::{Claim, FormField, Registry, RegistrySet};
use crate::workflow::model::Text;

/// One field of a declared record.
#[derive(Debug, Clone)]
pub struct PublisherField<'a> {
    /// The form's field.
    pub field: &'a FormField,
    /// What is declared.
    pub value: String,
    /// Where; for an owner or a name that is taken from `repository:`, there.
    pub place: Place,
    /// Whether the record itself says it.
    pub own: bool,
}

/// A declared record of a known registry.
#[derive(Debug, Clone)]
pub struct Publisher<'a> {
    /// Its position among the publishers of the config.
    pub index: usize,
    /// The registry.
    pub registry: &'a Registry,
    /// Where the entry begins.
    pub place: Place,
    /// Its fields, in the order of the form; what is not declared is not here.
    pub entries: Vec<PublisherField<'a>>,
}

impl<'a> Publisher<'a> {
    /// What is declared for a field.
    #[must_use]
    pub fn entry(&self, field: &str) -> Option<&PublisherField<'a>> {
        self.entries.iter().find(|entry| entry.field.name == field)
    }

    /// What is declared for the field that a claim is compared with.
    #[must_use]
    pub fn entry_of(&self, claim: Claim) -> Option<&PublisherField<'a>> {
        self.entries.iter().find(|entry| entry.field.claim == Some(claim))
    }

    /// What the record says in a field: what is declared, else what holds when nothing is.
    #[must_use]
    pub fn setting(&self, field: &str) -> Option<&str> {
        let declared = self.entry(field).map(|entry| entry.value.as_str());
        declared.or_else(|| self.registry.field(field).and_then(|field| field.default.as_deref()))
    }

    /// Whether two records of one registry differ in nothing that a claim is compared with.
    #[must_use]
    pub fn accepts_the_same(&self, other: &Self) -> bool {
        let value = |publisher: &Self, claim| publisher.entry_of(claim).map(|entry| entry.value.clone());
        self.registry.id == other.registry.id
            && Claim::ALL.iter().all(|claim| value(self, *claim) == value(other, *claim))
    }

    /// How to name it in a sentence: its package, else its workflow, else its position.
    #[must_use]
    pub fn title(&self) -> String {
        let named = self.entry("package").or_else(|| self.entry_of(Claim::Workflow));
        named.map_or_else(|| format!("publisher {}", self.index + 1), |entry| entry.value.clone())
    }
}

/// The publishers of a config, and what keeps some of them from being one.
#[must_use]
pub fn publishers<'a>(config: &Config<'_>, registries: &'a RegistrySet) -> (Vec<Publisher<'a>>, Vec<Problem>) {
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
    (found, problems)
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
        entries.push(PublisherField { field, value: value.to_owned(), place, own: given.is_some() });
    }
    for entry in &entries {
        if let Some(other) = entry.field.with.as_deref().filter(|name| entries.iter().all(|it| it.field.name != **name))
        {
            let message = format!("a publisher of {} that has `{}` has `{other}` too", registry.name, entry.field.name);
            problems.push(Problem::new(entry.place, message));
        }
    }
    Publisher { index, registry, place: declared.place, entries }
}

/// Whether the registry's form would take a value, else why not.
///
/// # Errors
/// The reason, as a sentence's end: "is no file name".
pub fn accepts(field: &FormField, value: &str) -> Result<(), String> {
    if let Some(longest) = field.longest.filter(|longest| value.chars().count() > *longest) {
        return Err(format!("is longer than {longest} characters"));
    }
    match field.pattern.as_deref().and_then(compiled) {
        Some(pattern) if !pattern.is_match(value) => Err(field.complaint.clone()),
        _ => Ok(()),
    }
}

/// What a value of the record that the form refuses was meant to be, where only one thing can be meant: the value without the blanks around
/// it, the file of a path, the part of `owner/name` that the field asks for while the record agrees with the other part, `owner/name` of
/// an address. The form takes it.
#[must_use]
pub fn meant(publisher: &Publisher<'_>, field: &str) -> Option<String> {
    let entry = publisher.entry(field).filter(|entry| entry.own)?;
    let value = entry.value.trim();
    let other = |claim| publisher.entry_of(claim).map(|entry| entry.value.trim());
    let meant = match entry.field.claim {
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
    meant.filter(|meant| *meant != entry.value && accepts(entry.field, meant).is_ok())
}

/// Owner and name of `owner/name` or of an address.
fn slug(text: &str) -> Option<(String, String)> {
    let whole = github_repository(text);
    let (owner, name) = whole.as_deref().unwrap_or(text).split_once('/')?;
    (!owner.is_empty() && !name.is_empty() && !name.contains('/')).then(|| (owner.to_owned(), name.to_owned()))
}

/// Patterns are few and come from data; each is compiled once.
fn compiled(pattern: &str) -> Option<Regex> {
    use std::collections::HashMap;
    use std::sync::Mutex;
    static PATTERNS: OnceLock<Mutex<HashMap<String, Option<Regex>>>> = OnceLock::new();
    let mut patterns = PATTERNS.get_or_init(Mutex::default).lock().ok()?;
    patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok()).clone()
}
