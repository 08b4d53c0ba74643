//! `trustpub completions` and `trustpub man`: shell completions with rule and format names, and manual pages.

use clap::Command;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::cli::{CommandError, ExitStatus, print};
use crate::lint::rules::set::RuleSet;

/// Prints the completions for a shell.
pub(crate) fn completions(command: Command, shell: clap_complete::Shell) -> Result<ExitStatus, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_names(command)?, "trustpub", &mut script);
    print(&script)
}

/// Prints the manual page of the program, or of one of its commands.
pub(crate) fn man(mut command: Command, words: &[String]) -> Result<ExitStatus, CommandError> {
    command.build();
    let mut name = vec!["trustpub".to_owned()];
    for word in words {
        let known: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
        let inner = command.find_subcommand(word).cloned();
        let hint = crate::read::problem::suggestion(word, known.iter().map(String::as_str));
        command = inner.ok_or_else(|| format!("there is no command `{word}`{hint}"))?;
        name.push(word.clone());
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.display_name(name.join("-"))).render(&mut page)?;
    print(&page)
}

/// The command line with rule and format names as possible values. Only for completion: a run also accepts codes, user rules and
/// `FORMAT=FILE`.
fn with_names(command: Command) -> Result<Command, CommandError> {
    let rules = RuleSet::builtin().map_err(|problems| problems.join("\n"))?;
    let names = || -> PossibleValuesParser {
        rules
            .rules
            .iter()
            .map(|rule| PossibleValue::new(rule.name.clone()).help(rule.summary.clone()))
            .collect::<Vec<_>>()
            .into()
    };
    let formats = || PossibleValuesParser::from(crate::report::format::FORMATS.map(|format| format.name).to_vec());
    let check = |command: Command| {
        command
            .mut_arg("select", |argument| argument.value_parser(names()))
            .mut_arg("ignore", |argument| argument.value_parser(names()))
            .mut_arg("format", |argument| argument.value_parser(formats()))
    };
    let show =
        |command: Command| command.mut_subcommand("show", |show| show.mut_arg("id", |id| id.value_parser(names())));
    Ok(command.mut_subcommand("check", check).mut_subcommand("rules", show))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    #[test]
    fn completions_contain_rules_and_formats() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut with_names(Arguments::command()).unwrap(), "trustpub", &mut script);
            let script = String::from_utf8(script).unwrap();
            for word in ["missing-id-token", "environment-mismatch", "sarif", "oneline"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn parsing_accepts_more_than_completions_offer() {
        let words = ["trustpub", "check", "--select", "TP101", "--ignore", "my-own-rule", "--format", "sarif=x.sarif"];
        assert!(<Arguments as clap::Parser>::try_parse_from(words).is_ok());
    }
}
