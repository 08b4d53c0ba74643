//! `trustpub completions` and `trustpub man`: shell completions with rule and format names, and manual pages.

use clap::Command;
use clap::builder::{PossibleValue, PossibleValuesParser, Resettable};

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
    let name = name.join("-");
    let notes = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    let command = command.display_name(name.as_str()).after_help(Resettable::Reset).after_long_help(Resettable::Reset);
    // The renderer's own title has its fields shifted where there is no date.
    let version = env!("CARGO_PKG_VERSION");
    let mut page =
        format!(".TH {} 1 \"\" \"trustpub {version}\" \"User Commands\"\n", name.to_uppercase()).into_bytes();
    let manual = clap_mangen::Man::new(command.clone());
    manual.render_name_section(&mut page)?;
    manual.render_synopsis_section(&mut page)?;
    manual.render_description_section(&mut page)?;
    manual.render_options_section(&mut page)?;
    if command.has_subcommands() {
        manual.render_subcommands_section(&mut page)?;
    }
    page.extend(note_sections(&notes.unwrap_or_default()).into_bytes());
    print(&page)
}

/// The notes after the help as sections of a manual page: each paragraph whose first line ends with a colon has its title there.
fn note_sections(notes: &str) -> String {
    let mut page = String::new();
    for paragraph in notes.split("\n\n") {
        let (title, lines) = match paragraph.split_once('\n') {
            Some((title, lines)) if title.ends_with(':') => (title.trim_end_matches(':').to_uppercase(), lines),
            _ => ("SEE ALSO".to_owned(), paragraph),
        };
        page.push_str(&format!(".SH {title}\n.nf\n"));
        for line in lines.lines() {
            // `\&` keeps a line that starts with a dot or an apostrophe from being a request.
            page.push_str(&format!("\\&{}\n", line.replace('\\', "\\e").replace('-', "\\-")));
        }
        page.push_str(".fi\n");
    }
    page
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
    fn a_manual_page_has_the_notes_of_the_help_as_sections() {
        let notes = "Exit status:\n  0  a \\b\n  2  -x\n\nDocumentation: https://x.example";
        assert_eq!(
            note_sections(notes),
            ".SH EXIT STATUS\n.nf\n\\&  0  a \\eb\n\\&  2  \\-x\n.fi\n.SH SEE ALSO\n.nf\n\\&Documentation: https://x.example\n.fi\n"
        );
    }

    #[test]
    fn parsing_accepts_more_than_completions_offer() {
        let words = ["trustpub", "check", "--select", "TP101", "--ignore", "my-own-rule", "--format", "sarif=x.sarif"];
        assert!(<Arguments as clap::Parser>::try_parse_from(words).is_ok());
    }
}
