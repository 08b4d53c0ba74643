//! Compares documents that repeat a publisher's fields with the declared publisher.

use crate::read::document::{DocumentBlock, DocumentLabel, Statement};
use crate::read::project::github_repository;
use crate::read::source::FileId;
use crate::trust::publisher::Publisher;
use crate::trust::registry::{Claim, Comparison, Registry, RegistrySet};

/// A value of a publisher that a document repeats.
#[derive(Debug, Clone)]
pub struct RepeatedValue {
    /// The document.
    pub file: FileId,
    /// The index of the publisher that its block repeats.
    pub publisher: usize,
    /// The statement in the document.
    pub statement: Statement,
    /// Whether the publisher has the same value.
    pub same: bool,
}

/// The labels that name a field of some registry's form.
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

/// The values of a block, compared with the publisher that has most of them. A heading that names the registry counts as three values.
/// Empty for a block that is too short for a publisher, or that no publisher fits.
///
/// `suggested` returns the ids of the registries that a heading names.
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
    let headed_by =
        block.headings.iter().rev().map(|title| suggested(title)).find(|ids| !ids.is_empty()).unwrap_or_default();
    let score = |(_, publisher): &(usize, &Publisher<'_>)| {
        let headed = headed_by.contains(&publisher.registry.id);
        3 * u32::from(headed) + agreed(block, publisher).map(|(_, weight)| weight).sum::<u32>()
    };
    let Some((index, publisher)) = publishers.iter().enumerate().rev().max_by_key(score) else { return Vec::new() };
    let known = comparable(block, publisher).count();
    let agreed = agreed(block, publisher).count();
    // A block under another registry's heading, or one that shares less than half of the fields, is not about this publisher.
    let foreign = !headed_by.is_empty() && !headed_by.contains(&publisher.registry.id) && agreed < known;
    if foreign || agreed * 2 < known {
        return Vec::new();
    }
    let repeat = |statement: &Statement| RepeatedValue {
        file,
        publisher: index,
        statement: statement.clone(),
        same: agrees(statement, publisher),
    };
    comparable(block, publisher).map(repeat).collect()
}

/// Whether a block states the publisher of a workflow at a registry: it has enough fields, names the workflow's file, and no heading names
/// another registry.
pub(crate) fn states(
    block: &DocumentBlock,
    registry: &Registry,
    workflow: &str,
    suggested: impl Fn(&str) -> Vec<String>,
) -> bool {
    let is_workflow = |statement: &&Statement| {
        registry.field(&statement.field).is_some_and(|field| field.claim == Some(Claim::Workflow))
    };
    let headed_by = block.headings.iter().rev().map(|title| suggested(title)).find(|ids| !ids.is_empty());
    let file = block.statements.iter().find(is_workflow).map(|statement| statement.value.as_str());
    block.statements.len() > 1
        && file.and_then(|value| value.rsplit('/').next()) == Some(workflow)
        && headed_by.is_none_or(|ids| ids.contains(&registry.id))
}

/// Whether a block has enough fields to describe a publisher: three, or two with the workflow.
fn is_record(block: &DocumentBlock, publishers: &[Publisher<'_>]) -> bool {
    let workflow = |statement: &Statement| {
        publishers.iter().any(|publisher| claim_of(statement, publisher) == Some(Claim::Workflow))
    };
    block.statements.len() > 2 || block.statements.len() > 1 && block.statements.iter().any(workflow)
}

fn claim_of(statement: &Statement, publisher: &Publisher<'_>) -> Option<Claim> {
    publisher.registry.field(&statement.field)?.claim
}

/// The statements about fields of the publisher's form whose value is known.
fn comparable<'b>(block: &'b DocumentBlock, publisher: &Publisher<'_>) -> impl Iterator<Item = &'b Statement> {
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
    comparable(block, publisher)
        .filter(|statement| agrees(statement, publisher))
        .map(|statement| (statement, weight(statement)))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Whether a statement has the publisher's value, compared as the registry does. A path counts as its file name, and an address or
/// `owner/name` as the repository.
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
