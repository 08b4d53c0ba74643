//! `trustpub rules`: what rules there are, and how to write one.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::cli::{CommandError, ExitStatus, complain, folder, own_rules, print};
use crate::lint::rules::examples;
use crate::lint::rules::set::RuleSet;
use crate::read::problem::suggestion;
use crate::report::{docs, sanitize, schema};

/// Commands of `rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List all rules.
    List {
        /// A folder of further rules. May be given several times.
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Explain a rule.
    Show {
        /// The rule's code or name.
        id: String,
        /// A folder of further rules. May be given several times.
        #[arg(long, value_name = "DIR")]
        rules: Vec<PathBuf>,
    },
    /// Run the examples of the rules, registries and needs in a folder.
    Test {
        /// The folder.
        #[arg(default_value_os_t = own_rules())]
        path: PathBuf,
    },
    /// Write a rule file to begin with.
    New {
        /// The new rule's name, in kebab-case.
        name: String,
        /// The folder it is written to.
        #[arg(long, value_name = "DIR", default_value_os_t = own_rules())]
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
pub enum SchemaKind {
    /// A rule file.
    Rule,
    /// A registry file.
    Registry,
    /// A file of needs.
    Needs,
    /// The config.
    Config,
}

/// Runs the command.
pub fn run(command: &RulesCommand) -> Result<ExitStatus, CommandError> {
    match command {
        RulesCommand::List { rules } => {
            let rules = load(rules)?;
            let width = rules.rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
            let lines: String = rules
                .rules
                .iter()
                .map(|rule| {
                    format!("{}  {:width$}  {:7}  {}\n", rule.code, rule.name, rule.levels.usual().word(), rule.summary)
                })
                .collect();
            print(sanitize::page(&lines).as_bytes())
        }
        RulesCommand::Show { id, rules } => {
            let rules = load(rules)?;
            let rule =
                rules.find(id).ok_or_else(|| format!("there is no rule `{id}`{}", suggestion(id, rules.words())))?;
            print(sanitize::page(&docs::rule(rule)).as_bytes())
        }
        RulesCommand::Test { path } => test(path),
        RulesCommand::New { name, folder } => new(name, folder),
        RulesCommand::Schema { kind } => {
            let rules = load(&[])?;
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
    let folders = folders.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    Ok(RuleSet::whole(&folders).map_err(|problems| problems.join("\n"))?)
}

fn test(path: &Path) -> Result<ExitStatus, CommandError> {
    let folder = folder::read(path)?;
    let files = folder.registries.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let needs = folder.needs.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let rules = RuleSet::with(&[folder]).map_err(|problems| problems.join("\n"))?;
    let (mut tested, mut failed) = (0, 0);
    let mut judge = |name: String, outcome: Result<(), Vec<String>>| {
        tested += 1;
        if let Err(lines) = outcome {
            failed += 1;
            complain(&format!("{name}\n    {}", lines.join("\n    ")));
        }
    };
    for rule in rules.rules.iter().filter(|rule| rule.own) {
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
    for entry in rules.data.needs.iter().filter(|entry| needs.contains(&entry.path)) {
        judge(format!("needs of {}", entry.name()), examples::need(&rules, entry));
    }
    print(format!("{} passed, {failed} failed\n", tested - failed).as_bytes())?;
    if tested == 0 {
        return Err(CommandError::Told(format!("there is no rule in {}", path.display())));
    }
    Ok(if failed == 0 { ExitStatus::Clean } else { ExitStatus::Findings })
}

fn new(name: &str, folder: &Path) -> Result<ExitStatus, CommandError> {
    let kebab = !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !kebab {
        return Err(CommandError::Told(format!(
            "`{name}` is not in kebab-case: small letters, digits and hyphens, such as `deploys-from-production`"
        )));
    }
    let path = folder.join(format!("{name}.yaml"));
    if path.exists() {
        return Err(CommandError::Told(format!("{} is there already", path.display())));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&path, schema::new_rule(name, free_number(folder)))?;
    print(format!("{}\n", crate::cli::shown(&path)).as_bytes())
}

/// The next number that no rule of a folder has in its code.
fn free_number(folder: &Path) -> u32 {
    let taken = |text: &str| {
        let code = text.lines().find_map(|line| line.strip_prefix("code: OWN"))?;
        code.trim().parse::<u32>().ok()
    };
    // What cannot be read here is complained about when the rules are loaded.
    let texts = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = texts.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.filter_map(|text| taken(&text)).max().unwrap_or(0) + 1
}
