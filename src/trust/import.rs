//! Publishers and environment settings from files that the user fetched from registries and from GitHub.
//!
//! The kinds of files and their fields are data of the registries (`imports:`). [`config_merge`] brings the result into a config.

pub mod config_merge;

use serde_json::Value;

use crate::read::document::{self, DocumentBlock};
use crate::read::project::github_repository;
use crate::trust::registry::import_format::ImportFormat;
use crate::trust::registry::{Claim, Comparison, FormField, Registry, RegistrySet};
use crate::trust::repeated_value::labels;

/// The field of a file that stands for owner and repository.
const SLUG: &str = "owner/repository";

/// The value of a form field in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportedField {
    /// The field has this value.
    Value(String),
    /// The field is empty.
    Empty,
}

/// A publisher that a file shows.
#[derive(Debug, Clone)]
pub struct ImportedPublisher<'d> {
    /// Its registry.
    pub registry: &'d Registry,
    /// The fields that the file shows, in the order of the form.
    pub fields: Vec<(&'d FormField, ImportedField)>,
}

/// The refs that GitHub allows for an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedEnvironment {
    /// Its name.
    pub name: String,
    /// Patterns of refs, with `refs/heads/` or `refs/tags/`.
    pub refs: Vec<String>,
}

/// The content of a file.
#[derive(Debug, Default)]
pub struct Imported<'d> {
    /// What the file is.
    pub kind: String,
    /// The publishers.
    pub publishers: Vec<ImportedPublisher<'d>>,
    /// The environments with their refs.
    pub environments: Vec<ImportedEnvironment>,
    /// What cannot be written into a config, each a sentence without a final period.
    pub remarks: Vec<String>,
}

/// The user's answers about the files.
#[derive(Debug, Default, Clone, Copy)]
pub struct ImportHints<'h> {
    /// The registry.
    pub registry: Option<&'h str>,
    /// The package, for files that do not name it.
    pub package: Option<&'h str>,
    /// The environment, for a list of rules that does not name it.
    pub environment: Option<&'h str>,
}

impl<'d> ImportedPublisher<'d> {
    /// The value of a field.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| match value {
            ImportedField::Value(value) if known.name == field => Some(value.as_str()),
            _ => None,
        })
    }

    /// The fields of the form that the file does not show.
    pub fn missing(&self) -> impl Iterator<Item = &'d FormField> {
        let shown = |field: &FormField| self.fields.iter().any(|(known, _)| known.name == field.name);
        self.registry.record.iter().filter(move |field| field.default.is_none() && !shown(field))
    }
}

/// Reads a file.
///
/// # Errors
/// If the file is of no known kind or lacks a required value.
pub fn read<'d>(
    text: &str,
    registries: &'d RegistrySet,
    suggested: impl Fn(&str) -> Vec<String>,
    hints: ImportHints<'_>,
) -> Result<Imported<'d>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let documents = documents(text);
    let mut imported = Imported::default();
    for document in &documents {
        if environments(document, hints.environment, &mut imported)? {
            continue;
        }
        let formats =
            registries.iter().flat_map(|registry| registry.imports.iter().map(move |format| (registry, format)));
        let mut formats: Vec<_> = formats
            .filter(|(registry, _)| hints.registry.is_none_or(|id| registry.id == id))
            .filter_map(|(registry, format)| Some((registry, format, format.entries(document)?)))
            .collect();
        // A test registry has the formats of its production registry.
        formats.sort_by_key(|(registry, _, entries)| (entries.is_empty(), registry.test));
        let Some((registry, format, entries)) = formats.first() else { continue };
        imported.kind.clone_from(&format.name);
        let twin = formats.iter().find(|(other, ..)| other.test && !registry.test);
        if let Some((twin, ..)) = twin.filter(|_| !entries.is_empty()) {
            let remark = format!(
                "the file does not name its registry: {} is assumed; use `--registry {}` otherwise",
                registry.name, twin.id
            );
            imported.remark(remark);
        }
        for entry in entries {
            publishers(registry, format, (document, entry), hints.package, &mut imported);
        }
        for remark in &format.remarks {
            if remark.at.values(document, document).iter().any(|value| value.to_string().trim_matches('"') == remark.is)
            {
                imported.remark(remark.text.clone());
            }
        }
    }
    if documents.is_empty() {
        form(text, registries, suggested, hints, &mut imported);
    }
    if imported.kind.is_empty() {
        return Err(
            "it is none of the known kinds of files; see the chapter on `import` in the documentation".to_owned()
        );
    }
    Ok(imported)
}

impl Imported<'_> {
    fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }
}

/// The JSON or TOML documents of a text: several JSON documents may follow each other, and a list counts as its items.
fn documents(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    if text.trim_start().starts_with(['{', '[']) {
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            match value {
                Ok(Value::Array(items)) => found.extend(items),
                Ok(value) => found.push(value),
                Err(_) => break,
            }
        }
    }
    if found.is_empty()
        && let Ok(table) = text.parse::<toml_edit::DocumentMut>()
    {
        found.extend(
            Some(table_value(table.as_table())).filter(|value| value.as_object().is_some_and(|map| !map.is_empty())),
        );
    }
    found
}

fn table_value(table: &dyn toml_edit::TableLike) -> Value {
    Value::Object(table.iter().map(|(key, item)| (key.to_owned(), item_value(item))).collect())
}

/// A value of a TOML file. The recursion is bounded, because the parser limits the depth.
fn item_value(item: &toml_edit::Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return table_value(table);
    }
    match item {
        toml_edit::Item::ArrayOfTables(tables) => Value::Array(tables.iter().map(|table| table_value(table)).collect()),
        toml_edit::Item::Value(toml_edit::Value::Array(items)) => {
            Value::Array(items.iter().map(|value| item_value(&toml_edit::Item::Value(value.clone()))).collect())
        }
        item => match (item.as_str(), item.as_bool(), item.as_integer()) {
            (Some(text), ..) => Value::String(text.to_owned()),
            (_, Some(flag), _) => Value::Bool(flag),
            (.., Some(number)) => Value::Number(number.into()),
            _ => Value::Null,
        },
    }
}

/// The publishers of an entry: one for each package that it names.
fn publishers<'d>(
    registry: &'d Registry,
    format: &'d ImportFormat,
    (file, entry): (&Value, &Value),
    package: Option<&str>,
    imported: &mut Imported<'d>,
) {
    let mut packages = format.fields.get("package").map(|value| value.read(file, entry)).unwrap_or_default();
    if packages.is_empty() {
        packages.extend(package.map(str::to_owned));
    }
    let mut fields = Vec::new();
    let slug = format.fields.get(SLUG).map(|value| value.read(file, entry)).unwrap_or_default();
    let slug = slug.first().map(|slug| github_repository(slug).unwrap_or_else(|| slug.clone()));
    for field in registry.record.iter().filter(|field| field.name != "package") {
        let of_slug = slug.as_deref().and_then(|slug| part_of(field, slug));
        let shown = format.fields.get(&field.name).map(|value| value.read(file, entry).join(", "));
        let value = match of_slug.map(str::to_owned).or(shown) {
            None => continue,
            Some(value) if value.is_empty() => ImportedField::Empty,
            Some(value) => ImportedField::Value(value),
        };
        fields.push((field, value));
    }
    without_own_repository(&mut fields);
    let named = packages.into_iter().map(Some).collect::<Vec<_>>();
    for package in if named.is_empty() { vec![None] } else { named } {
        let mut fields = fields.clone();
        if let (Some(package), Some(field)) = (package, registry.field("package")) {
            fields.insert(0, (field, ImportedField::Value(package)));
        }
        imported.add(ImportedPublisher { registry, fields });
    }
}

impl<'d> Imported<'d> {
    /// The files of a release repeat their publisher.
    fn add(&mut self, publisher: ImportedPublisher<'d>) {
        let same = |known: &ImportedPublisher<'_>| {
            known.registry.id == publisher.registry.id
                && known.fields.len() == publisher.fields.len()
                && known
                    .fields
                    .iter()
                    .zip(&publisher.fields)
                    .all(|(left, right)| left.0.name == right.0.name && left.1 == right.1)
        };
        if !self.publishers.iter().any(same) {
            self.publishers.push(publisher);
        }
    }
}

/// The part of `owner/name` that a field of the form contains.
fn part_of<'s>(field: &FormField, slug: &'s str) -> Option<&'s str> {
    let (owner, name) = slug.split_once('/')?;
    match field.claim? {
        Claim::Owner => Some(owner),
        Claim::Repository if field.whole => Some(slug),
        Claim::Repository => Some(name),
        _ => None,
    }
}

/// A form leaves the repository of a called workflow empty if it is the publisher's own.
fn without_own_repository(fields: &mut [(&FormField, ImportedField)]) {
    let value = |claim| fields.iter().find(|(field, _)| field.claim == Some(claim)).map(|(_, value)| value.clone());
    let own = (value(Claim::Owner), value(Claim::Repository));
    let Some(index) = fields.iter().position(|(field, _)| field.compare == Some(Comparison::OwnRepository)) else {
        return;
    };
    let with = fields.get(index).and_then(|(field, _)| field.with.clone());
    let Some(other) = fields.iter().position(|(field, _)| Some(&field.name) == with.as_ref()) else { return };
    let named = |index: usize| fields.get(index).map(|(_, value)| value.clone());
    if (named(index), named(other)) == own {
        for index in [index, other] {
            if let Some((_, value)) = fields.get_mut(index) {
                *value = ImportedField::Empty;
            }
        }
    }
}

/// Reads GitHub's answers about environments: the list, one environment, or the refs of one environment. Returns whether it is one.
/// Source: https://docs.github.com/en/rest/deployments, 2026-11-29.
fn environments(document: &Value, name: Option<&str>, imported: &mut Imported<'_>) -> Result<bool, String> {
    if let Some(policies) = document.get("branch_policies").and_then(Value::as_array) {
        let name = name.ok_or("the rules do not name their environment; use `--environment NAME`")?;
        let refs = policies.iter().filter_map(|policy| {
            let folder = if policy.get("type").and_then(Value::as_str) == Some("tag") { "tags" } else { "heads" };
            Some(format!("refs/{folder}/{}", policy.get("name")?.as_str()?))
        });
        imported.environments.push(ImportedEnvironment { name: name.to_owned(), refs: refs.collect() });
        "deployment branch and tag rules of GitHub".clone_into(&mut imported.kind);
        return Ok(true);
    }
    let one = std::slice::from_ref(document);
    let list = document.get("environments").and_then(Value::as_array).map_or(one, Vec::as_slice);
    let mut any = false;
    for environment in list {
        let (Some(name), Some(policy)) =
            (environment.get("name").and_then(Value::as_str), environment.get("deployment_branch_policy"))
        else {
            continue;
        };
        any = true;
        let is = |key: &str| policy.get(key).and_then(Value::as_bool) == Some(true);
        if is("custom_branch_policies") {
            imported.remark(format!(
                "environment `{name}` limits branches and tags: fetch `environments/{name}/deployment-branch-policies` and import it with `--environment {name}`"
            ));
        } else if is("protected_branches") {
            imported.remark(format!(
                "environment `{name}` accepts protected branches only, and no tags; `refs` cannot express it"
            ));
        } else {
            imported.remark(format!("environment `{name}` accepts all branches and tags"));
        }
    }
    if any {
        "environments of GitHub".clone_into(&mut imported.kind);
    }
    Ok(any)
}

/// Reads the text of a form: lines of a label and a value.
fn form<'d>(
    text: &str,
    registries: &'d RegistrySet,
    suggested: impl Fn(&str) -> Vec<String>,
    hints: ImportHints<'_>,
    imported: &mut Imported<'d>,
) {
    let labels = labels(registries);
    let is_title = |line: &str| suggested(line).len() == 1;
    for block in document::form_blocks(text, &labels, is_title) {
        let of_heading = || block.headings.iter().rev().map(|title| suggested(title)).find(|ids| !ids.is_empty());
        let id = hints.registry.map(str::to_owned).or_else(|| of_heading().filter(|ids| ids.len() == 1)?.pop());
        let Some(registry) = id.and_then(|id| registries.get(&id)) else { continue };
        let fields = fields_of(registry, &block);
        // A single line such as "Environment: pypi" describes no publisher.
        if registry.record.iter().filter(|field| field.required).any(|field| {
            !fields.iter().any(|(known, value)| known.name == field.name && *value != ImportedField::Empty)
        }) {
            continue;
        }
        let mut fields = fields;
        if let (Some(field), Some(package)) = (registry.field("package"), hints.package)
            && fields.iter().all(|(known, _)| known.name != "package")
        {
            fields.insert(0, (field, ImportedField::Value(package.to_owned())));
        }
        "the text of a form".clone_into(&mut imported.kind);
        imported.add(ImportedPublisher { registry, fields });
    }
}

fn fields_of<'d>(registry: &'d Registry, block: &DocumentBlock) -> Vec<(&'d FormField, ImportedField)> {
    let stated =
        |name: &str| block.statements.iter().find(|statement| statement.field == name).map(|it| it.value.as_str());
    // A page often shows owner and repository in one value.
    let whole = registry.record.iter().filter(|field| field.claim == Some(Claim::Repository));
    let whole = whole.filter_map(|field| stated(&field.name)).find(|value| value.contains('/'));
    let whole = whole.map(|value| github_repository(value).unwrap_or_else(|| value.to_owned()));
    let value = |field: &FormField| {
        let Some(value) = stated(&field.name) else {
            let owner = whole.as_deref().filter(|_| field.claim == Some(Claim::Owner));
            return Some(ImportedField::Value(part_of(field, owner?)?.to_owned()));
        };
        if value.is_empty() {
            return Some(ImportedField::Empty);
        }
        Some(ImportedField::Value(match field.claim {
            Some(Claim::Workflow) => value.rsplit('/').next().unwrap_or(value).to_owned(),
            Some(Claim::Repository) => {
                let slug = whole.as_deref().and_then(|whole| part_of(field, whole));
                slug.map_or_else(|| value.to_owned(), str::to_owned)
            }
            _ => value.to_owned(),
        }))
    };
    registry.record.iter().filter_map(|field| Some((field, value(field)?))).collect()
}
