//! Brings imported publishers and environments into a config by small edits, so that comments and all other content are kept.

use crate::read::config::Config;
use crate::read::edit::{self, EditValue, NodeChange, PathSegment};
use crate::read::source::{FileId, SourceFile};
use crate::read::yaml::{self, Dialect};
use crate::trust::import::{ImportedEnvironment, ImportedField, ImportedPublisher};
use crate::trust::publisher::{Publisher, publishers};
use crate::trust::registry::{Claim, Comparison, FormField, RegistrySet};

/// What became of an imported publisher or environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The config has it already.
    Same,
    /// It was added.
    Added,
    /// Fields were changed: name, old and new value.
    Changed(Vec<(String, Option<String>, Option<String>)>),
    /// It was not added, because the file does not show these required fields.
    Incomplete(Vec<String>),
}

/// A config while publishers are merged into it.
pub struct ConfigMerge<'d> {
    text: String,
    registries: &'d RegistrySet,
    /// Indexes of the publishers that an imported one was assigned to.
    assigned: Vec<usize>,
}

impl<'d> ConfigMerge<'d> {
    /// Starts with the text of a config.
    #[must_use]
    pub const fn new(text: String, registries: &'d RegistrySet) -> Self {
        Self { text, registries, assigned: Vec::new() }
    }

    /// The text of the config.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a publisher, or changes the declared one that it belongs to. `others` is the number of imported publishers of its package.
    ///
    /// # Errors
    /// If the layout of the file makes a change impossible.
    pub fn publisher(&mut self, imported: &ImportedPublisher<'_>, others: usize) -> Result<MergeOutcome, String> {
        let source = SourceFile::new("trustpub.yaml", self.text.clone().into_bytes());
        let tree = yaml::parse(source.text(), Dialect::Data);
        let config = Config::read(FileId(0), &source, &tree);
        let (declared, _) = publishers(&config, self.registries);
        let repository = config.repository.map(|text| text.value().to_owned());
        let known = self.declared_as(&declared, imported, others).map(|publisher| {
            let changes = changed_fields(publisher, imported);
            (publisher.index, changes)
        });
        match known {
            Some((index, changes)) => {
                self.assigned.push(index);
                if changes.is_empty() {
                    return Ok(MergeOutcome::Same);
                }
                let at = |field: &str| vec![key("publishers"), PathSegment::Item(index), key(field)];
                for (field, old, new) in &changes {
                    let value = new.clone().map_or(EditValue::Null, EditValue::Text);
                    let change = NodeChange::Set { path: at(field), value, after: &[] };
                    let shown =
                        |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |it| format!("`{it}`"));
                    let why =
                        || format!("change `{field}` of publisher {} from {} to {}", index + 1, shown(old), shown(new));
                    self.edit(&change).ok_or_else(why)?;
                }
                Ok(MergeOutcome::Changed(changes))
            }
            None => self.add(imported, config.publishers.len(), repository.as_deref()),
        }
    }

    fn add(
        &mut self,
        imported: &ImportedPublisher<'_>,
        index: usize,
        repository: Option<&str>,
    ) -> Result<MergeOutcome, String> {
        let required = imported.registry.record.iter().filter(|field| field.required);
        let lacking: Vec<String> = required
            .filter(|field| imported.value(&field.name).is_none() && part(field, repository).is_none())
            .map(|field| field.label.clone())
            .collect();
        if !lacking.is_empty() {
            return Ok(MergeOutcome::Incomplete(lacking));
        }
        let mut entries = vec![("registry".to_owned(), EditValue::Text(imported.registry.id.clone()))];
        for (field, value) in &imported.fields {
            let ImportedField::Value(value) = value else { continue };
            if part(field, repository) != Some(value) {
                entries.push((field.name.clone(), EditValue::Text(value.clone())));
            }
        }
        // A config without content has no mapping that a key could be added to.
        if yaml::parse(&self.text, Dialect::Data).root().is_none() {
            if !self.text.is_empty() && !self.text.ends_with('\n') {
                self.text.push('\n');
            }
            self.text.push_str("publishers: []\n");
        }
        let change = NodeChange::Append { path: vec![key("publishers")], value: EditValue::Mapping(entries) };
        self.edit(&change).ok_or_else(|| "add the publisher".to_owned())?;
        self.assigned.push(index);
        Ok(MergeOutcome::Added)
    }

    /// The declared publisher that an imported one is: the same package, and the workflow or no other choice.
    fn declared_as<'c>(
        &self,
        declared: &'c [Publisher<'c>],
        imported: &ImportedPublisher<'_>,
        others: usize,
    ) -> Option<&'c Publisher<'c>> {
        let package = imported.value("package");
        let fits = |publisher: &&Publisher<'_>| {
            let named = publisher.entry("package").map(|entry| entry.value.as_str());
            publisher.registry.id == imported.registry.id
                && package.zip(named).is_none_or(|(left, right)| imported.registry.names.same(left, right))
        };
        let candidates: Vec<&Publisher<'_>> = declared.iter().filter(fits).collect();
        let same = |publisher: &&Publisher<'_>| changed_fields(publisher, imported).is_empty();
        if let Some(same) = candidates.iter().copied().find(|it| same(it)) {
            return Some(same);
        }
        let free = |publisher: &&Publisher<'_>| {
            !self.assigned.contains(&publisher.index) && (package.is_none() || publisher.entry("package").is_some())
        };
        let free: Vec<&Publisher<'_>> = candidates.into_iter().filter(free).collect();
        let workflow = |publisher: &&Publisher<'_>| {
            let declared = publisher.entry_of(Claim::Workflow);
            declared.is_some_and(|entry| imported.value(&entry.field.name) == Some(&entry.value))
        };
        free.iter().copied().find(|it| workflow(it)).or(match free.as_slice() {
            [one] if others < 2 => Some(*one),
            _ => None,
        })
    }

    /// Declares the refs of an environment.
    ///
    /// # Errors
    /// If the layout of the file makes a change impossible.
    pub fn environment(&mut self, imported: &ImportedEnvironment) -> Result<MergeOutcome, String> {
        let source = SourceFile::new("trustpub.yaml", self.text.clone().into_bytes());
        let tree = yaml::parse(source.text(), Dialect::Data);
        let config = Config::read(FileId(0), &source, &tree);
        let known = config.environments.iter().find(|known| known.name.value().eq_ignore_ascii_case(&imported.name));
        let name = known.map_or(imported.name.as_str(), |known| known.name.value()).to_owned();
        let old: Option<Vec<String>> = known
            .and_then(|known| known.refs.as_ref())
            .map(|refs| refs.iter().map(|it| it.value().to_owned()).collect());
        let path = vec![key("environments"), key(&name), key("refs")];
        let why = || format!("set the `refs` of environment `{name}` to {}", imported.refs.join(", "));
        let Some(old) = old else {
            let refs = imported.refs.iter().cloned().map(EditValue::Text).collect();
            self.edit(&NodeChange::Set { path, value: EditValue::List(refs), after: &[] }).ok_or_else(why)?;
            return Ok(MergeOutcome::Added);
        };
        let means = |declared: &str, imported: &str| {
            declared == imported
                || imported
                    .split_once('/')
                    .and_then(|(_, rest)| rest.split_once('/'))
                    .is_some_and(|it| it.1 == declared)
        };
        let new: Vec<&String> = imported.refs.iter().filter(|it| !old.iter().any(|old| means(old, it))).collect();
        let gone: Vec<usize> = (0..old.len())
            .rev()
            .filter(|index| !old.get(*index).is_some_and(|old| imported.refs.iter().any(|it| means(old, it))))
            .collect();
        if new.is_empty() && gone.is_empty() {
            return Ok(MergeOutcome::Same);
        }
        for pattern in new {
            let value = EditValue::Text(pattern.clone());
            self.edit(&NodeChange::Append { path: path.clone(), value }).ok_or_else(why)?;
        }
        for index in gone {
            let path = [path.clone(), vec![PathSegment::Item(index)]].concat();
            self.edit(&NodeChange::Remove { path, keep: true }).ok_or_else(why)?;
        }
        Ok(MergeOutcome::Changed(vec![("refs".to_owned(), Some(old.join(", ")), Some(imported.refs.join(", ")))]))
    }

    /// Applies a change; `None` if it is impossible without other changes.
    fn edit(&mut self, change: &NodeChange) -> Option<()> {
        let tree = yaml::parse(&self.text, Dialect::Data);
        self.text = edit::edited(&self.text, &tree, Dialect::Data, std::slice::from_ref(change))?.text;
        Some(())
    }
}

fn key(name: &str) -> PathSegment {
    PathSegment::Key(name.to_owned())
}

/// The fields of a declared publisher that differ from an imported one, with the declared and the imported value.
fn changed_fields(
    declared: &Publisher<'_>,
    imported: &ImportedPublisher<'_>,
) -> Vec<(String, Option<String>, Option<String>)> {
    let mut changes = Vec::new();
    for (field, value) in &imported.fields {
        let old = declared.entry(&field.name).map(|entry| entry.value.clone());
        let new = match value {
            ImportedField::Value(value) => Some(value.clone()),
            ImportedField::Empty => None,
        };
        let same = match (&old, &new) {
            (Some(old), Some(new)) => equal(declared, field, old, new),
            (old, new) => old == new,
        };
        if !same {
            changes.push((field.name.clone(), old, new));
        }
    }
    changes
}

/// Whether two values of a field are the same to the registry.
fn equal(publisher: &Publisher<'_>, field: &FormField, left: &str, right: &str) -> bool {
    match field.compare {
        _ if field.name == "package" => publisher.registry.names.same(left, right),
        Some(Comparison::IgnoreCase | Comparison::ById) => left.to_lowercase() == right.to_lowercase(),
        _ => left == right,
    }
}

/// The value that a field has by the config's `repository:`.
fn part<'r>(field: &FormField, repository: Option<&'r str>) -> Option<&'r str> {
    super::part_of(field, repository?)
}
