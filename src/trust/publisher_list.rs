//! The publishers of a config, found by their registry, workflow and package: a config may declare hundreds, and every run of an upload is
//! compared with them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;

use crate::trust::publisher::Publisher;
use crate::trust::registry::Claim;

/// The declared publishers, in the order of the config.
#[derive(Debug, Default)]
pub struct PublisherList<'a> {
    list: Vec<Publisher<'a>>,
    by_registry: HashMap<&'a str, PublisherPositions>,
    /// The positions of the publishers of each group: they belong to the same registry and accept the same claims.
    alike: Vec<Vec<usize>>,
    /// The number of each publisher's group.
    groups: Vec<usize>,
}

/// The positions of the publishers of one registry.
#[derive(Debug, Default)]
struct PublisherPositions {
    all: Vec<usize>,
    /// By their workflow file; `None` for those that name none.
    by_workflow: HashMap<Option<String>, Vec<usize>>,
    /// Those that name a package, by its last letter. Normalised names that are equal end with the same one.
    by_package: HashMap<Option<char>, Vec<usize>>,
    /// Those that name packages by a pattern.
    with_pattern: Vec<usize>,
    without_package: Vec<usize>,
}

impl<'a> Deref for PublisherList<'a> {
    type Target = [Publisher<'a>];

    fn deref(&self) -> &[Publisher<'a>] {
        &self.list
    }
}

impl<'p, 'a> IntoIterator for &'p PublisherList<'a> {
    type Item = &'p Publisher<'a>;
    type IntoIter = std::slice::Iter<'p, Publisher<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl<'a> From<Vec<Publisher<'a>>> for PublisherList<'a> {
    fn from(list: Vec<Publisher<'a>>) -> Self {
        let mut by_registry: HashMap<&str, PublisherPositions> = HashMap::new();
        let mut group_of: HashMap<(&str, [Option<&str>; Claim::ALL.len()]), usize> = HashMap::new();
        let (mut alike, mut groups): (Vec<Vec<usize>>, Vec<usize>) = (Vec::new(), Vec::new());
        for (position, publisher) in list.iter().enumerate() {
            let accepted = Claim::ALL.map(|claim| publisher.entry_of(claim).map(|entry| entry.value.as_str()));
            let group = *group_of.entry((publisher.registry.id.as_str(), accepted)).or_insert(alike.len());
            groups.push(group);
            match alike.get_mut(group) {
                Some(positions) => positions.push(position),
                None => alike.push(vec![position]),
            }
            let own = by_registry.entry(publisher.registry.id.as_str()).or_default();
            own.all.push(position);
            own.by_workflow.entry(workflow(publisher).map(str::to_owned)).or_default().push(position);
            match publisher.entry(PACKAGE).map(|entry| entry.value.as_str()) {
                None => own.without_package.push(position),
                Some(package) if package.contains('*') => own.with_pattern.push(position),
                Some(package) => own.by_package.entry(last_letter(package)).or_default().push(position),
            }
        }
        Self { list, by_registry, alike, groups }
    }
}

impl<'a> PublisherList<'a> {
    /// The publishers of a registry.
    pub(crate) fn of_registry(&self, id: &str) -> impl Iterator<Item = &Publisher<'a>> {
        self.at(self.by_registry.get(id).map_or(&[][..], |own| &own.all))
    }

    /// Whether a publisher of a registry names a workflow file.
    pub(crate) fn name_workflow(&self, id: &str, file: &str) -> bool {
        self.by_registry.get(id).is_some_and(|own| own.by_workflow.contains_key(&Some(file.to_owned())))
    }

    /// Whether a publisher of a registry names no package.
    pub(crate) fn leave_package_open(&self, id: &str) -> bool {
        self.by_registry.get(id).is_some_and(|own| !own.without_package.is_empty())
    }

    /// Whether a publisher of a registry is for a package.
    pub(crate) fn are_for(&self, id: &str, package: &str) -> bool {
        self.by_registry.get(id).is_some_and(|own| self.for_package(own, package).next().is_some())
    }

    /// The position of a publisher of this list.
    pub(crate) fn position(&self, publisher: &Publisher<'_>) -> Option<usize> {
        self.list.binary_search_by_key(&publisher.index, |own| own.index).ok()
    }

    /// The number of a publisher's group: those that belong to the same registry and accept the same claims.
    pub(crate) fn group(&self, publisher: &Publisher<'_>) -> Option<usize> {
        self.groups.get(self.position(publisher)?).copied()
    }

    /// The publishers of a group, in the order of the config.
    pub(crate) fn of_group(&self, group: usize) -> impl Iterator<Item = &Publisher<'a>> {
        self.at(self.alike.get(group).map_or(&[][..], Vec::as_slice))
    }

    /// The publishers with which an upload of some packages to a registry can be compared. A publisher of another package counts only if
    /// none is declared for these.
    pub(crate) fn candidates<'n, I: IntoIterator<Item = &'n str>>(
        &self,
        id: &str,
        packages: impl FnOnce() -> I,
    ) -> PublisherCandidates<'_, 'a> {
        let Some(own) = self.by_registry.get(id) else {
            return PublisherCandidates { publishers: self, own: None, kept: None };
        };
        let mut kept: BTreeSet<usize> = BTreeSet::new();
        if own.all.len() > 1 {
            packages().into_iter().for_each(|package| kept.extend(self.for_package(own, package)));
            if !kept.is_empty() {
                kept.extend(&own.without_package);
            }
        }
        PublisherCandidates { publishers: self, own: Some(own), kept: Some(kept).filter(|kept| !kept.is_empty()) }
    }

    /// The positions of the publishers that are for a package.
    fn for_package(&self, own: &PublisherPositions, package: &str) -> impl Iterator<Item = usize> {
        let same_end = own.by_package.get(&last_letter(package)).into_iter().flatten();
        let is_for = move |position: &usize| self.list.get(*position).is_some_and(|it| it.is_for(package));
        same_end.chain(&own.with_pattern).copied().filter(is_for)
    }

    fn at<'p>(&'p self, positions: &'p [usize]) -> impl Iterator<Item = &'p Publisher<'a>> {
        positions.iter().filter_map(|position| self.list.get(*position))
    }
}

/// Publishers with which an upload can be compared.
pub(crate) struct PublisherCandidates<'p, 'a> {
    publishers: &'p PublisherList<'a>,
    own: Option<&'p PublisherPositions>,
    /// The positions of those for the uploaded packages; `None` if all count.
    kept: Option<BTreeSet<usize>>,
}

impl<'p, 'a> PublisherCandidates<'p, 'a> {
    /// All of them, in the order of the config.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &'p Publisher<'a>> {
        let positions: Vec<usize> = match (&self.kept, self.own) {
            (Some(kept), _) => kept.iter().copied().collect(),
            (None, own) => own.map_or_else(Vec::new, |own| own.all.clone()),
        };
        let publishers: &'p PublisherList<'a> = self.publishers;
        positions.into_iter().filter_map(|position| publishers.list.get(position))
    }

    /// Those that name a workflow file or none, in the order of the config.
    pub(crate) fn with_workflow(&self, file: Option<&str>) -> impl DoubleEndedIterator<Item = &'p Publisher<'a>> {
        let named = |file: Option<&str>| self.own?.by_workflow.get(&file.map(str::to_owned));
        let mut positions: Vec<usize> = named(None).into_iter().flatten().copied().collect();
        positions.extend(file.and_then(|file| named(Some(file))).into_iter().flatten());
        positions.retain(|position| self.kept.as_ref().is_none_or(|kept| kept.contains(position)));
        positions.sort_unstable();
        let publishers: &'p PublisherList<'a> = self.publishers;
        positions.into_iter().filter_map(|position| publishers.list.get(position))
    }
}

/// The field for the package, in every registry's form.
pub(crate) const PACKAGE: &str = "package";

fn workflow<'p>(publisher: &'p Publisher<'_>) -> Option<&'p str> {
    publisher.entry_of(Claim::Workflow).map(|entry| entry.value.as_str())
}

/// The last letter of a package's name, in lower case.
pub(crate) fn last_letter(package: &str) -> Option<char> {
    package.trim().chars().next_back().map(|last| last.to_ascii_lowercase())
}
