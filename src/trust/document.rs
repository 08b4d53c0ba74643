//! Which declared publisher a block of a document repeats, and where it says otherwise. It decides nothing about uploads.

use crate::read::document::{DocumentBlock, DocumentLabel, Statement};
use crate::read::project::github_repository;
use crate::read::source::FileId;
use crate::trust::publisher::Publisher;
use crate::trust::registry::{Claim, Comparison, RegistrySet};

/// A value that a document repeats.
#[derive(Debug, Clone)]
pub struct RepeatedValue {
    /// The document.
    pub file: FileId,
    /// Position of the publisher that its block speaks of.
    pub publisher: usize,
    /// What the document says.
    pub statement: Statement,
    /// Whether the record says the same.
    pub same: bool,
}

/// The words that mean a field of some registry's form.
#[must_use]
pub fn labels(registries: &RegistrySet) -> Vec<DocumentLabel> {
    let mut labels: Vec<DocumentLabel> = Vec::new();
    for field in registries.iter().flat_map(|registry| &registry.record) {
        for words in [&field.label, &field.name].into_iter().chain(&field.also) {
            let label = DocumentLabel { words: words.clone(), field: field.name.clone() };
            if !labels.iter().any(|known| known.words.eq_ignore_ascii_case(&label.words)) {
                labels.push(label);
            }
        }
    }
    labels
}

/// The values of a block with the publisher that it repeats: the one that agrees with most of them, where the heading counts as
/// much as three. Nothing of a block that is too short for a record or agrees with none.
///
/// `suggested` gives the ids of the registries that a heading speaks of.
#[must_use]
pub fn repeated(
    file: FileId,
    block: &DocumentBlock,
    publishers: &[Publisher<'_>],
    suggested: impl Fn(&str) -> Vec<String>,
) -> Vec<RepeatedValue> {
    if !is_record(block, publishers) {
        return Vec::new();
    }
    let meant =
        block.headings.iter().rev().map(|title| suggested(title)).find(|ids| !ids.is_empty()).unwrap_or_default();
    let score = |(_, publisher): &(usize, &Publisher<'_>)| {
        let headed = meant.contains(&publisher.registry.id);
        3 * u32::from(headed) + agreed(block, publisher).map(|(_, weight)| weight).sum::<u32>()
    };
    let Some((index, publisher)) = publishers.iter().enumerate().rev().max_by_key(score) else { return Vec::new() };
    let known = known(block, publisher).count();
    let agreed = agreed(block, publisher).count();
    // A block about another registry, or one that shares little with the record, repeats something else.
    let foreign = !meant.is_empty() && !meant.contains(&publisher.registry.id) && agreed < known;
    if foreign || agreed * 2 < known {
        return Vec::new();
    }
    let repeat = |statement: &Statement| RepeatedValue {
        file,
        publisher: index,
        statement: statement.clone(),
        same: agrees(statement, publisher),
    };
    crate::trust::document::known(block, publisher).map(repeat).collect()
}

/// Whether a block has enough of a record to be one: three fields, or two of which one is the workflow.
fn is_record(block: &DocumentBlock, publishers: &[Publisher<'_>]) -> bool {
    let workflow = |statement: &Statement| {
        publishers.iter().any(|publisher| claim_of(statement, publisher) == Some(Claim::Workflow))
    };
    block.statements.len() > 2 || block.statements.len() > 1 && block.statements.iter().any(workflow)
}

fn claim_of(statement: &Statement, publisher: &Publisher<'_>) -> Option<Claim> {
    publisher.registry.field(&statement.field)?.claim
}

/// The statements about fields that the publisher's form has and whose value in the record is known.
fn known<'b>(block: &'b DocumentBlock, publisher: &Publisher<'_>) -> impl Iterator<Item = &'b Statement> {
    block.statements.iter().filter(|statement| {
        let field = publisher.registry.field(&statement.field);
        field.is_some_and(|field| {
            let own = matches!(field.claim, Some(Claim::Owner | Claim::Repository)) || field.name == "package";
            publisher.entry(&field.name).is_some() || !field.required && !own
        })
    })
}

fn agreed<'b>(block: &'b DocumentBlock, publisher: &Publisher<'_>) -> impl Iterator<Item = (&'b Statement, u32)> {
    let weight = |statement: &Statement| if claim_of(statement, publisher) == Some(Claim::Workflow) { 2 } else { 1 };
    known(block, publisher)
        .filter(|statement| agrees(statement, publisher))
        .map(|statement| (statement, weight(statement)))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Whether a document's value is the record's, by the registry's own comparison. A path stands for its file, and an address or
/// `owner/name` for the repository.
fn agrees(statement: &Statement, publisher: &Publisher<'_>) -> bool {
    let Some(entry) = publisher.entry(&statement.field) else { return false };
    let same = |left: &str, right: &str| match entry.field.compare {
        Some(Comparison::IgnoreCase) => left.to_lowercase() == right.to_lowercase(),
        _ if entry.field.name == "package" => publisher.registry.names.same(left, right),
        _ => left == right,
    };
    let value = statement.value.as_str();
    match entry.field.claim {
        Some(Claim::Workflow) => same(value.rsplit('/').next().unwrap_or(value), &entry.value),
        Some(Claim::Repository) => {
            let whole = github_repository(value).unwrap_or_else(|| value.to_owned());
            match whole.split_once('/') {
                Some((owner, name)) => {
                    let own = publisher.entry_of(Claim::Owner);
                    let owned = own.is_none_or(|own| own.value.to_lowercase() == owner.to_lowercase());
                    owned && same(name, &entry.value)
                }
                None => same(&whole, &entry.value),
            }
        }
        _ => same(value, &entry.value),
    }
}
