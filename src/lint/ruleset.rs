//! All rules and data that are in force: the built-in ones and a user's folders. It judges nothing.

use rayon::prelude::*;

use super::data::{self, Data};
use super::load;
use super::rule::Rule;
use crate::read::builtin;
use crate::read::files::Files;
use crate::read::problem::Problem;
use crate::read::project::Project;
use crate::read::source::{FileId, Source};

/// Rules with the data they speak of.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// GitHub's and the registries' facts.
    pub data: Data,
    /// The rules, by code.
    pub rules: Vec<Rule>,
}

/// A file of a user's rule folder: its path to show and its text.
pub type UserFile = (String, String);

/// A user's folder, which mirrors `rules/`.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// Rule files.
    pub rules: Vec<UserFile>,
    /// Files of `registries/`.
    pub registries: Vec<UserFile>,
    /// Files of `needs/`.
    pub needs: Vec<UserFile>,
}

impl RuleSet {
    /// The built-in rules.
    ///
    /// # Errors
    /// When a built-in file is broken, which the tests rule out.
    pub fn builtin() -> Result<Self, Vec<String>> {
        Self::with(&[])
    }

    /// The built-in rules and those of a user's folders.
    ///
    /// # Errors
    /// Every problem of every file, each with its path, line and column.
    pub fn with(folders: &[Folder]) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut registries: Vec<(String, String, String)> = builtin::yaml_files("registries")
            .into_iter()
            .map(|(path, text)| (stem(path).to_owned(), format!("rules/{path}"), text.to_owned()))
            .collect();
        for (path, text) in folders.iter().flat_map(|folder| &folder.registries) {
            registries.push((stem(path).to_owned(), path.clone(), text.clone()));
        }
        let needs = builtin::yaml_files("needs").into_iter();
        let mut needs: Vec<UserFile> = needs.map(|(path, text)| (format!("rules/{path}"), text.to_owned())).collect();
        needs.extend(folders.iter().flat_map(|folder| &folder.needs).cloned());
        let github = builtin::text("github.yaml").unwrap_or_default();
        let own =
            folders.iter().flat_map(|folder| &folder.rules).map(|(path, text)| (path.clone(), text.clone(), true));
        let built_in = builtin::yaml_files("").into_iter().filter(|(path, _)| *path != "github.yaml");
        let built_in = built_in.map(|(path, text)| (format!("rules/{path}"), text.to_owned(), false));
        let files: Vec<_> = built_in.chain(own).collect();
        // A quick run spends most of its time here.
        let (data, read) = rayon::join(
            || Data::new(github, &registries, &needs),
            || files.into_par_iter().map(read_rule).collect::<Vec<_>>(),
        );
        let data = data.map_err(|error| problems.extend(error)).ok();
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

    /// Reads a checkout with all that these rules ask for.
    #[must_use]
    pub fn read(&self, files: &dyn Files) -> Project {
        let mut project = Project::load(files, None);
        project.gather(files, self.data.registries.manifests());
        project
    }

    /// A rule by its code or name.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == word || rule.code.eq_ignore_ascii_case(word))
    }

    /// Every name and code, for suggestions.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.code.as_str()])
    }
}

/// Reads a rule's file: its path, its text, and whether it is a user's. Gives the path back with the rule or with what is wrong.
fn read_rule((path, text, own): (String, String, bool)) -> (String, Result<Rule, Vec<String>>) {
    let source = Source::new(path.clone(), text.into_bytes());
    let told = |list: Vec<Problem>| list.iter().map(|problem| data::told(&source, problem)).collect();
    let rule = load::load(FileId(0), &source, own).map_err(told);
    (path, rule)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name)
}
