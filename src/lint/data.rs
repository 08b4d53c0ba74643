//! The facts about GitHub, the registries and permission needs, loaded together from the built-in data and a user's folders.

use crate::read::data_file::DataFile;
use crate::trust::needs::{NeedTopic, Needs};
use crate::trust::registry::RegistrySet;
use crate::trust::registry::load::RegistryFile;
use crate::workflow::github::GitHubFacts;

/// All data except the rules.
#[derive(Debug, Clone)]
pub struct Data {
    /// The facts about GitHub.
    pub github: GitHubFacts,
    /// The registries.
    pub registries: RegistrySet,
    /// The scopes that actions, called workflows and commands need.
    pub needs: Needs,
}

impl Data {
    /// Reads the files of registries and needs.
    ///
    /// # Errors
    /// Every problem of every file, with its path.
    pub(crate) fn new(
        github_file: &DataFile,
        registries: &[DataFile],
        needs: &[DataFile],
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let github: GitHubFacts = github_file.read().map_err(|list| github_file.described(&list))?;
        let (topics, problems_of_needs) = read_needs(&github, needs);
        let mut files: Vec<RegistryFile<'_>> = Vec::with_capacity(registries.len());
        for own in registries {
            let id = own.stem();
            match RegistryFile::read(own) {
                Ok(file) => match files.iter().find(|known| known.registry.id == id) {
                    Some(known) => {
                        let path = known.file.source.path();
                        let taken = format!("{path} already defines the registry `{id}`; rename this file");
                        problems.push(file.at(&[], &taken));
                    }
                    None => files.push(file),
                },
                Err(list) => problems.extend(list),
            }
        }
        let independent = files.iter().filter(|file| file.registry.extends.is_none());
        let ids: Vec<String> = independent.map(|file| file.registry.id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let new = files.iter().filter(|file| !file.file.is_packed());
        problems.extend(new.flat_map(|file| file.problems(&ids)));
        problems.extend(problems_of_needs);
        if !problems.is_empty() {
            return Err(problems);
        }
        let list = files.into_iter().map(|file| file.registry).collect();
        let mut registries = RegistrySet::new(list).map_err(|error| vec![error])?;
        let needs = Needs::new(topics, &mut registries);
        Ok(Self { github, registries, needs })
    }

    /// The registries that an environment's name mentions as whole words; of overlapping words the longest counts.
    #[must_use]
    pub fn suggested(&self, environment: &str) -> Vec<&str> {
        let name = environment.to_lowercase();
        let begins_word = |at: &usize| !name[..*at].ends_with(char::is_alphanumeric);
        let starts: Vec<usize> = name.char_indices().map(|(at, _)| at).filter(begins_word).collect();
        let mut hits: Vec<(usize, usize, &str)> = Vec::new();
        for registry in self.registries.iter() {
            for word in &registry.suggests {
                let found = starts.iter().filter(|at| name[**at..].starts_with(word.as_str()));
                let found = found.map(|at| (*at, at + word.len(), registry.id.as_str()));
                hits.extend(found.filter(|(_, end, _)| !name[*end..].starts_with(char::is_alphanumeric)));
            }
        }
        let covered = |hit: &(usize, usize, &str)| {
            hits.iter().any(|other| other.0 <= hit.0 && hit.1 <= other.1 && other.1 - other.0 > hit.1 - hit.0)
        };
        let mut ids: Vec<&str> = hits.iter().filter(|hit| !covered(hit)).map(|hit| hit.2).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// The topics of some files, and the problems of the others.
fn read_needs(github: &GitHubFacts, files: &[DataFile]) -> (Vec<NeedTopic>, Vec<String>) {
    let (mut topics, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match NeedTopic::load(file, github) {
            Ok(topic) => topics.push(topic),
            Err(list) => problems.extend(file.described(&list)),
        }
    }
    (topics, problems)
}
