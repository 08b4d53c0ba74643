//! The facts about GitHub, the registries and permission needs, loaded together from the built-in data and a user's folders.

use crate::read::problem::Problem;
use crate::read::source::{ColumnUnit, FileId, SourceFile};
use crate::trust::needs::{NeedTopic, Needs};
use crate::trust::registry::RegistrySet;
use crate::trust::registry::load::RegistryFile;
use crate::workflow::github::GitHubFacts;

/// A data file.
pub struct DataFile {
    /// Its path; the stem of a registry's file is its id.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Built-in file: already validated by the tests, stored as JSON without `examples`.
    pub tested: bool,
}

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
    pub fn new(github: GitHubFacts, registries: &[DataFile], needs: &[DataFile]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut files: Vec<RegistryFile> = Vec::new();
        let read = registries.iter().map(|file| {
            let read = if file.tested { RegistryFile::read_json } else { RegistryFile::read };
            read(stem(&file.path), &file.path, &file.text)
        });
        for (own, file) in registries.iter().zip(read.collect::<Vec<_>>()) {
            let id = stem(&own.path);
            match file {
                Ok(file) => match files.iter().find(|known| known.registry.id == id) {
                    Some(known) => {
                        let taken = format!(
                            "there is a registry file `{id}` already, {}; name this one otherwise",
                            known.path()
                        );
                        problems.push(file.at(&[], &taken));
                    }
                    None => files.push(file),
                },
                Err(told) => problems.push(told),
            }
        }
        let standing = files.iter().filter(|file| file.registry.extends.is_none());
        let ids: Vec<String> = standing.map(|file| file.registry.id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let tested = |path: &str| registries.iter().any(|own| own.tested && own.path == path);
        let new = files.iter().filter(|file| !tested(file.path()));
        problems.extend(new.flat_map(|file| file.problems(&ids)));
        let needs = read_needs(&github, needs, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let list = files.into_iter().map(|file| file.registry).collect();
        Ok(Self { github, registries: RegistrySet::new(list).map_err(|error| vec![error])?, needs })
    }

    /// The registries that an environment's name mentions as whole words; of overlapping words the longest counts.
    #[must_use]
    pub fn suggested(&self, environment: &str) -> Vec<&str> {
        let name = environment.to_lowercase();
        let mut hits: Vec<(usize, usize, &str)> = Vec::new();
        for registry in self.registries.iter() {
            for word in &registry.suggests {
                let hit = |(at, _): (usize, &str)| {
                    whole_word(&name, at, at + word.len()).then_some((at, at + word.len(), registry.id.as_str()))
                };
                hits.extend(name.match_indices(word.as_str()).filter_map(hit));
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

fn read_needs(github: &GitHubFacts, files: &[DataFile], problems: &mut Vec<String>) -> Needs {
    let mut topics = Vec::new();
    let read = files.iter().map(|file| {
        let source = SourceFile::new(file.path.clone(), file.text.clone().into_bytes());
        let told = |list: Vec<Problem>| list.iter().map(|problem| told(&source, problem)).collect::<Vec<_>>();
        NeedTopic::load(FileId(0), &source, github, file.tested).map_err(told)
    });
    for topic in read.collect::<Vec<_>>() {
        match topic {
            Ok(topic) => topics.push(topic),
            Err(list) => problems.extend(list),
        }
    }
    Needs::new(topics)
}

/// A problem of a data file as a line of text, with its position.
pub(crate) fn told(source: &SourceFile, problem: &Problem) -> String {
    let at = source.position(problem.place.span.start, ColumnUnit::CodePoints);
    format!("{}:{}:{}: {}", source.path(), at.line, at.column, problem.message)
}

/// The name of a file without its extension.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}

fn whole_word(text: &str, start: usize, end: usize) -> bool {
    let letter = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    !letter(text.get(..start).and_then(|before| before.chars().next_back()))
        && !letter(text.get(end..).and_then(|after| after.chars().next()))
}
