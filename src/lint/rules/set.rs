//! The rules and data in force: the built-in ones and those of a user's folders.

use crate::lint::data::{self, Data, DataFile};
use crate::lint::rules::Rule;
use crate::lint::rules::load;
use crate::read::builtin;
use crate::read::files::Files;
use crate::read::problem::Problem;
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile};
use crate::workflow::github::GitHubFacts;

/// The rules and the data that they refer to.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// The facts about GitHub, the registries and needs.
    pub data: Data,
    /// The rules, sorted by code.
    pub rules: Vec<Rule>,
}

/// The file of the facts about GitHub.
const GITHUB: &str = "github.yaml";

/// A file of a user's folder: its path and its text.
pub type UserFile = (String, String);

/// A user's folder, with the layout of `rules/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleFolder {
    /// Rule files.
    pub rules: Vec<UserFile>,
    /// Files of `registries/`.
    pub registries: Vec<UserFile>,
    /// Files of `needs/`.
    pub needs: Vec<UserFile>,
}

impl RuleSet {
    /// The built-in rules with their examples.
    ///
    /// # Errors
    /// If a built-in file is invalid, which the tests rule out.
    pub fn builtin() -> Result<Self, Vec<String>> {
        Self::whole(&[])
    }

    /// The built-in rules and those of a user's folders, with their examples.
    ///
    /// # Errors
    /// Every problem of every file, with its path, line and column.
    pub fn whole(folders: &[RuleFolder]) -> Result<Self, Vec<String>> {
        let github = GitHubFacts::parse(builtin::github());
        Self::read_all(folders, &|folder| embedded(builtin::yaml_files(folder)), github, false)
    }

    /// The built-in rules without their examples, and those of a user's folders.
    ///
    /// # Errors
    /// Every problem of every user file, with its path, line and column.
    pub fn with(folders: &[RuleFolder]) -> Result<Self, Vec<String>> {
        let github = GitHubFacts::parse_json(builtin::lean_github());
        Self::read_all(folders, &|folder| embedded(builtin::lean_files(folder)), github, true)
    }

    /// The rules of a checkout of trustpub in place of the built-in ones; `None` if the folder is not the `rules/` of a checkout.
    pub(crate) fn of_checkout(folder: &RuleFolder) -> Option<Result<Self, Vec<String>>> {
        let named = |files: &[UserFile], below: &str| -> Vec<(String, String)> {
            let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
            files.iter().map(|(path, text)| (format!("{below}{}", name(path)), text.clone())).collect()
        };
        let rules = named(&folder.rules, "");
        let (_, github) = rules.iter().find(|(path, _)| path == GITHUB)?;
        let files = |below: &str| match below {
            "registries" => named(&folder.registries, "registries/"),
            "needs" => named(&folder.needs, "needs/"),
            _ => rules.clone(),
        };
        Some(Self::read_all(&[], &files, GitHubFacts::parse(github), false))
    }

    fn read_all(
        folders: &[RuleFolder],
        built_in: BuiltIn<'_>,
        github: Result<GitHubFacts, String>,
        tested: bool,
    ) -> Result<Self, Vec<String>> {
        let ours = |(path, text): (String, String)| DataFile { path: format!("rules/{path}"), text, tested };
        let theirs = |(path, text): &UserFile| DataFile { path: path.clone(), text: text.clone(), tested: false };
        let mut problems = Vec::new();
        let mut registries: Vec<_> = built_in("registries").into_iter().map(ours).collect();
        registries.extend(folders.iter().flat_map(|folder| &folder.registries).map(theirs));
        let mut needs: Vec<_> = built_in("needs").into_iter().map(ours).collect();
        needs.extend(folders.iter().flat_map(|folder| &folder.needs).map(theirs));
        let github = github.map_err(|error| vec![format!("rules/github.yaml: {error}")])?;
        let own = folders.iter().flat_map(|folder| &folder.rules).map(|file| (theirs(file), true));
        let rules = built_in("").into_iter().filter(|(path, _)| path != GITHUB);
        let files: Vec<_> = rules.map(|file| (ours(file), false)).chain(own).collect();
        let read = files.into_iter().map(read_rule).collect::<Vec<_>>();
        let data = Data::new(github, &registries, &needs).map_err(|error| problems.extend(error)).ok();
        let mut rules: Vec<Rule> = Vec::new();
        for (path, rule) in read {
            match rule {
                Ok(rule) => match rules.iter().find(|known| known.code == rule.code || known.name == rule.name) {
                    Some(known) => {
                        problems.push(format!("{path}: `{}` ({}) is taken by {}", rule.name, rule.code, known.path))
                    }
                    None => rules.push(rule),
                },
                Err(told) => problems.extend(told),
            }
        }
        rules.sort_by(|left, right| left.code.cmp(&right.code));
        for rule in &rules {
            for other in rule.yields_to.iter().filter(|other| !rules.iter().any(|known| known.name == **other)) {
                problems.push(format!("{}: yields to `{other}`, which is no rule", rule.path));
            }
        }
        match data {
            Some(data) if problems.is_empty() => Ok(Self { data, rules }),
            _ => Err(problems),
        }
    }

    /// Reads a project with every file that these rules need.
    #[must_use]
    pub fn read(&self, files: &dyn Files) -> Project {
        let mut project = Project::load(files, None);
        project.load_manifests(files, self.data.registries.manifests());
        project.load_scripts(files, &self.data.github.shell.runs);
        project
    }

    /// Finds a rule by its code or name.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == word || rule.code.eq_ignore_ascii_case(word))
    }

    /// The rules that a word selects: a name, a code, or the beginning of codes, such as `TP1`.
    #[must_use]
    pub fn select(&self, word: &str) -> Vec<&Rule> {
        if let Some(rule) = self.find(word) {
            return vec![rule];
        }
        let begins = |rule: &&Rule| {
            !word.is_empty() && rule.code.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        self.rules.iter().filter(begins).collect()
    }

    /// Every name and code, for suggestions.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.code.as_str()])
    }
}

/// Returns the built-in files of a folder: path below `rules/`, and text.
type BuiltIn<'a> = &'a dyn Fn(&str) -> Vec<(String, String)>;

/// The embedded files of a folder.
fn embedded(files: Vec<(&'static str, &'static str)>) -> Vec<(String, String)> {
    files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}

/// Reads a rule file. Returns its path with the rule or with its problems.
fn read_rule((file, own): (DataFile, bool)) -> (String, Result<Rule, Vec<String>>) {
    let source = SourceFile::new(file.path.clone(), file.text.into_bytes());
    let told = |list: Vec<Problem>| list.iter().map(|problem| data::told(&source, problem)).collect();
    let rule = load::load(FileId(0), &source, own, file.tested).map_err(told);
    (file.path, rule)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::trust::needs::{NeedEntry, NeedTopic};
    use crate::trust::registry::{Registry, RegistryExamples};

    #[test]
    fn a_check_reads_all_of_the_built_in_rules_but_their_examples() {
        let whole = RuleSet::builtin().unwrap();
        let lean = RuleSet::with(&[]).unwrap();
        assert_eq!(whole.rules.len(), lean.rules.len());
        for (whole, lean) in whole.rules.iter().zip(&lean.rules) {
            let bare = Rule { examples: Vec::new(), ..whole.clone() };
            assert_eq!(format!("{bare:?}"), format!("{lean:?}"));
            assert!(!whole.examples.is_empty());
        }
        assert_eq!(whole.data.needs.iter().count(), lean.data.needs.iter().count());
        for (whole, lean) in whole.data.needs.iter().zip(lean.data.needs.iter()) {
            let bare = NeedEntry { examples: Vec::new(), ..whole.clone() };
            assert_eq!(format!("{bare:?}"), format!("{lean:?}"));
        }
        let quiet = |files: Vec<(&str, &str)>, tested| -> Vec<String> {
            let source = |(path, text): (&str, &str)| SourceFile::new(path, text.as_bytes().to_vec());
            let load = |file| NeedTopic::load(FileId(0), &source(file), &whole.data.github, tested).unwrap();
            files.into_iter().flat_map(|file| load(file).no_permissions).collect()
        };
        assert!(!quiet(builtin::yaml_files("needs"), false).is_empty());
        assert_eq!(quiet(builtin::yaml_files("needs"), false), quiet(builtin::lean_files("needs"), true));
        assert_eq!(format!("{:?}", whole.data.github), format!("{:?}", lean.data.github));
        assert_eq!(whole.data.registries.iter().count(), lean.data.registries.iter().count());
        for (whole, lean) in whole.data.registries.iter().zip(lean.data.registries.iter()) {
            let bare = Registry { examples: RegistryExamples::default(), ..whole.clone() };
            assert_eq!(format!("{bare:?}"), format!("{lean:?}"));
        }
    }
}
