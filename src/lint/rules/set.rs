//! The rules and data in force: the built-in ones and those of a user's folders.

use crate::lint::data::Data;
use crate::lint::rules::Rule;
use crate::lint::rules::load;
use crate::read::builtin::{self, PackedRules};
use crate::read::data_file::DataFile;
use crate::read::files::Files;
use crate::read::project::Project;

/// The rules and the data that they refer to.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// The facts about GitHub, the registries and needs.
    pub data: Data,
    /// The rules, sorted by code.
    pub rules: Vec<Rule>,
}

/// The stem of the file of the facts about GitHub.
const GITHUB: &str = "github";

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

impl RuleFolder {
    /// Whether another folder has the same files, by name and text. It may be the same folder under another path.
    pub(crate) fn has_files_of(&self, other: &Self) -> bool {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let same = |left: &[UserFile], right: &[UserFile]| {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| name(&left.0) == name(&right.0) && left.1 == right.1)
        };
        same(&self.rules, &other.rules) && same(&self.registries, &other.registries) && same(&self.needs, &other.needs)
    }
}

impl RuleSet {
    /// The built-in rules with their examples.
    ///
    /// # Errors
    /// If a built-in file is invalid, which the tests rule out.
    pub fn builtin() -> Result<Self, Vec<String>> {
        Self::load_with_examples(&[])
    }

    /// The built-in rules and those of a user's folders, with their examples.
    ///
    /// # Errors
    /// Every problem of every file, with its path, line and column.
    pub fn load_with_examples(folders: &[RuleFolder]) -> Result<Self, Vec<String>> {
        Self::read_all(folders, &builtin::files)
    }

    /// The built-in rules without their examples, and those of a user's folders.
    ///
    /// # Errors
    /// Every problem of every user file, with its path, line and column.
    pub fn load_for_check(folders: &[RuleFolder]) -> Result<Self, Vec<String>> {
        let packed = PackedRules::read();
        Self::read_all(folders, &|folder| packed.files(folder))
    }

    /// The rules of a checkout of trustpub in place of the built-in ones; `None` if the folder is not the `rules/` of a checkout.
    pub(crate) fn of_checkout(folder: &RuleFolder) -> Option<Result<Self, Vec<String>>> {
        let named = |files: &[UserFile], below: &str| -> Vec<DataFile> {
            let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
            let file = |(path, text): &UserFile| DataFile::new(format!("rules/{below}{}", name(path)), text.clone());
            files.iter().map(file).collect()
        };
        let is_checkout = named(&folder.rules, "").iter().any(|file| file.stem() == GITHUB);
        let files = |below: &str| match below {
            "registries" => named(&folder.registries, "registries/"),
            "needs" => named(&folder.needs, "needs/"),
            _ => named(&folder.rules, ""),
        };
        is_checkout.then(|| Self::read_all(&[], &files))
    }

    /// Reads the files that `built_in` returns for each folder, and those of a user's folders.
    fn read_all(folders: &[RuleFolder], built_in: &dyn Fn(&str) -> Vec<DataFile>) -> Result<Self, Vec<String>> {
        let of_user = |files: fn(&RuleFolder) -> &Vec<UserFile>| {
            let files = folders.iter().flat_map(files);
            files.map(|(path, text)| DataFile::new(path.clone(), text.clone()))
        };
        let mut problems = Vec::new();
        let registries: Vec<_> =
            built_in("registries").into_iter().chain(of_user(|folder| &folder.registries)).collect();
        let needs: Vec<_> = built_in("needs").into_iter().chain(of_user(|folder| &folder.needs)).collect();
        let (github, rules): (Vec<_>, Vec<_>) = built_in("").into_iter().partition(|file| file.stem() == GITHUB);
        let files =
            rules.into_iter().map(|file| (file, false)).chain(of_user(|folder| &folder.rules).map(|file| (file, true)));
        let data = match github.first() {
            Some(github) => Data::new(github, &registries, &needs),
            None => Err(vec!["rules/github.yaml is missing".to_owned()]),
        };
        let data = data.map_err(|list| problems.extend(list)).ok();
        let mut rules: Vec<Rule> = Vec::with_capacity(files.size_hint().0);
        for (file, own) in files {
            match load::load(&file, own) {
                Ok(rule) => match rules.iter().find(|known| known.code == rule.code || known.name == rule.name) {
                    Some(known) => problems
                        .push(format!("{}: `{}` ({}) is taken by {}", rule.path, rule.name, rule.code, known.path)),
                    None => rules.push(rule),
                },
                Err(list) => problems.extend(file.described(&list)),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::trust::needs::{NeedEntry, NeedTopic};
    use crate::trust::registry::{Registry, RegistryExamples};

    #[test]
    fn a_check_reads_all_of_the_built_in_rules_but_their_examples() {
        let whole = RuleSet::builtin().unwrap();
        let lean = RuleSet::load_for_check(&[]).unwrap();
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
        let no_permissions = |files: Vec<DataFile>| -> Vec<String> {
            let load = |file: &DataFile| NeedTopic::load(file, &whole.data.github).unwrap().no_permissions;
            files.iter().flat_map(load).collect()
        };
        let with_examples = no_permissions(builtin::files("needs"));
        assert!(!with_examples.is_empty());
        assert_eq!(with_examples, no_permissions(PackedRules::read().files("needs")));
        assert_eq!(format!("{:?}", whole.data.github), format!("{:?}", lean.data.github));
        assert_eq!(whole.data.registries.iter().count(), lean.data.registries.iter().count());
        for (whole, lean) in whole.data.registries.iter().zip(lean.data.registries.iter()) {
            let bare = Registry { examples: RegistryExamples::default(), ..whole.clone() };
            assert_eq!(format!("{bare:?}"), format!("{lean:?}"));
        }
    }
}
