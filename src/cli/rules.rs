//! `trustpub rules`: list, show, test and create rules, and print the JSON Schemas.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::cli::load::with_extra_rules;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder, user_rules};
use crate::lint::rules::examples;
use crate::lint::rules::set::RuleSet;
use crate::read::problem::suggestion;
use crate::report::{docs, sanitize, schema};

/// Commands of `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List all rules.
    List {
        /// Folder of additional rules; repeatable.
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Show a rule's documentation and examples.
    Show {
        /// The rule's code or name.
        id: String,
        /// Folder of additional rules; repeatable.
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Run the examples of the rules, registries and needs in a folder, e.g. the `rules/` of a checkout of trustpub.
    Test {
        /// The folder.
        #[arg(default_value_os_t = user_rules())]
        path: PathBuf,
    },
    /// Create a rule file from a template.
    New {
        /// The new rule's name, in kebab-case.
        name: String,
        /// Folder to write to.
        #[arg(long, value_name = "DIR", default_value_os_t = user_rules())]
        folder: PathBuf,
    },
    /// Print the JSON Schema of a kind of file.
    Schema {
        /// The kind.
        kind: SchemaKind,
    },
}

/// Kinds of files with a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SchemaKind {
    /// A rule file.
    Rule,
    /// A registry file.
    Registry,
    /// A file of needs.
    Needs,
    /// The config.
    Config,
}

pub(crate) fn run(command: &RulesCommand) -> Result<ExitStatus, CommandError> {
    match command {
        RulesCommand::List { rules } => {
            let rules = load(rules)?;
            let width = rules.rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
            // Codes of user rules may be longer.
            let code = rules.rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0);
            let lines: String = rules
                .rules
                .iter()
                .map(|rule| {
                    format!(
                        "{:code$}  {:width$}  {:7}  {}\n",
                        rule.code,
                        rule.name,
                        rule.levels.usual().word(),
                        rule.summary
                    )
                })
                .collect();
            print(sanitize::page(&lines).as_bytes())
        }
        RulesCommand::Show { id, rules } => {
            let rules = load(rules)?;
            let rule =
                rules.find(id).ok_or_else(|| format!("no rule is named `{id}`{}", suggestion(id, rules.words())))?;
            print(sanitize::page(&docs::rule(rule)).as_bytes())
        }
        RulesCommand::Test { path } => test(path),
        RulesCommand::New { name, folder } => new(name, folder),
        RulesCommand::Schema { kind } => {
            let rules = RuleSet::builtin().map_err(|problems| problems.join("\n"))?;
            let schema = match kind {
                SchemaKind::Rule => schema::rule(),
                SchemaKind::Registry => schema::registry(),
                SchemaKind::Needs => schema::needs(&rules.data.github),
                SchemaKind::Config => schema::config(&rules),
            };
            print(schema::text(&schema).as_bytes())
        }
    }
}

fn load(folders: &[PathBuf]) -> Result<RuleSet, CommandError> {
    let folders = folders.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(RuleSet::load_with_examples(&with_extra_rules(&folders)).map_err(|problems| problems.join("\n"))?)
}

fn test(path: &Path) -> Result<ExitStatus, CommandError> {
    let folder = rules_folder::read(path)?;
    let checkout = RuleSet::of_checkout(&folder);
    let all = checkout.is_some();
    let files = folder.registries.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let needs = folder.needs.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let rules =
        checkout.unwrap_or_else(|| RuleSet::load_for_check(&[folder])).map_err(|problems| problems.join("\n"))?;
    let (mut tested, mut failed) = (0, 0);
    let mut judge = |name: String, outcome: Result<(), Vec<String>>| {
        tested += 1;
        if let Err(lines) = outcome {
            failed += 1;
            eprint(&format!("{name}\n    {}", lines.join("\n    ")));
        }
    };
    for rule in rules.rules.iter().filter(|rule| all || rule.own) {
        for example in &rule.examples {
            judge(format!("{}: {}", rule.name, example.name), examples::test(&rules, rule, example));
        }
    }
    for (id, registry, examples) in rules.data.registries.examples() {
        let names = [format!("/{id}.yaml"), format!("/{id}.yml")];
        if files.iter().any(|path| names.iter().any(|name| path.ends_with(name))) {
            judge(format!("registry {id}"), examples::registry(&rules, registry, examples));
        }
    }
    for entry in rules.data.needs.of_files(|path| all || needs.iter().any(|own| own == path)) {
        judge(format!("needs of {}", entry.name()), examples::need(&rules, entry));
    }
    print(format!("{} passed, {failed} failed\n", tested - failed).as_bytes())?;
    if tested == 0 {
        return Err(CommandError::Message(format!("no rules found in {}", path.display())));
    }
    Ok(if failed == 0 { ExitStatus::Clean } else { ExitStatus::Findings })
}

fn new(name: &str, folder: &Path) -> Result<ExitStatus, CommandError> {
    let kebab = !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !kebab {
        return Err(CommandError::Message(format!(
            "`{name}` is not in kebab-case: use lower-case letters, digits and hyphens, e.g. `deploys-from-production`"
        )));
    }
    let path = folder.join(format!("{name}.yaml"));
    if path.exists() {
        return Err(CommandError::Message(format!("{} already exists", path.display())));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, schema::new_rule(name, free_number(folder)))?;
    print(format!("{}\n", crate::cli::slashed(&path)).as_bytes())
}

/// The first number above those in the `OWN…` codes of a folder.
fn free_number(folder: &Path) -> u32 {
    let taken = |text: &str| {
        let code = text.lines().find_map(|line| line.strip_prefix("code: OWN"))?;
        code.trim().parse::<u32>().ok()
    };
    // Unreadable files are reported when the rules are loaded.
    let texts = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = texts.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.filter_map(|text| taken(&text)).max().unwrap_or(0) + 1
}
