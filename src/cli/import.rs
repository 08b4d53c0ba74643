//! `trustpub import`: writes the publishers that registries show into the config, from files that the user fetched.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use crate::cli::fix::printable;
use crate::cli::init::{at, existing_config, place};
use crate::cli::load::{load, targets};
use crate::cli::output::write_file;
use crate::cli::{CommandError, ExitStatus, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::report::explain::ExplainPage;
use crate::report::{init, sanitize};
use crate::trust::import::config_merge::{ConfigMerge, MergeOutcome};
use crate::trust::import::{self, ImportHints, Imported, ImportedPublisher};

/// The largest file that is read, in bytes. The document of a package with thousands of versions has 10 to 30 MB.
const LARGEST: u64 = 128 * 1024 * 1024;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Files with publishers or environments, as fetched; `-` for stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The repository whose config is written.
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,

    /// The registry of the files, for files that do not name it.
    #[arg(long, value_name = "ID")]
    registry: Option<String>,

    /// The package of the files, for files that do not name it.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,

    /// The environment of a list of branch and tag rules.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// Print the change of the config as a diff, and write nothing.
    #[arg(long)]
    diff: bool,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &ImportArguments) -> Result<ExitStatus, CommandError> {
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let data = &rules.data;
    if let Some(id) = arguments.registry.as_deref().filter(|id| data.registries.get(id).is_none()) {
        let known = data.registries.iter().map(|registry| registry.id.as_str());
        let message = format!("there is no registry `{id}`{}", crate::read::problem::suggestion(id, known));
        return Err(CommandError::Message(message));
    }
    let hints = ImportHints {
        registry: arguments.registry.as_deref(),
        package: arguments.package.as_deref(),
        environment: arguments.environment.as_deref(),
    };
    let suggested = |title: &str| data.suggested(title).into_iter().map(str::to_owned).collect();
    let mut files = Vec::new();
    for path in &arguments.files {
        let shown = if path.as_os_str() == "-" { "stdin".to_owned() } else { at(path) };
        let text = read(path).map_err(|error| format!("{shown} cannot be read: {}", reason(&error)))?;
        let imported = import::read(&text, &data.registries, suggested, hints);
        files.push((shown.clone(), imported.map_err(|why| format!("{shown} is not imported: {why}"))?));
    }
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.repository), None)?;
    if let Some(text) = trouble.first() {
        return Err(CommandError::Message(text.clone()));
    }
    let target = match targets.as_slice() {
        [target] if target.found.only.is_none() => target,
        _ => {
            let message = format!("{} is not a repository with workflows", arguments.repository.display());
            return Err(CommandError::Message(message));
        }
    };
    let place = place(&target.found.root, true)?;
    let loaded = load(target, None, &rules, &folders);
    let parsed = ParsedProject::new(&data.github, &loaded.project);
    let (analysis, _) = Analysis::new(data, &loaded.project, &parsed);
    let old = existing_config(&loaded)?;
    let start = match old {
        Some(old) if !old.trim().is_empty() => old.to_owned(),
        _ => {
            let page = ExplainPage { files: &loaded.project.files, prefix: "", repository: None, uploads: &[] };
            init::config(&page, init::repository(&analysis), &[], &[])
        }
    };
    let mut merge = ConfigMerge::new(start, &data.registries);
    let report = merged(&files, &mut merge)
        .map_err(|change| format!("{}: the layout of the config prevents a change; {change} by hand", at(&place)))?;
    let changed = old != Some(merge.text()) && (old.is_some() || report.changes);
    if arguments.diff {
        let name = at(&place);
        let diff = TextDiff::from_lines(old.unwrap_or_default(), merge.text());
        let diff = diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string();
        crate::cli::eprint(report.text.trim());
        return print(if changed { printable(diff) } else { String::new() }.as_bytes());
    }
    let mut out = String::new();
    if changed {
        write_file(&place, merge.text().as_bytes())
            .map_err(|error| format!("{} cannot be written: {}", at(&place), reason(&error)))?;
        let _ = writeln!(out, "wrote {}", sanitize::line(&at(&place)));
    } else {
        let _ = writeln!(out, "nothing to change in {}", sanitize::line(&at(&place)));
    }
    out.push_str(&report.text);
    print(sanitize::commands(&out).as_bytes())
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 128 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// What was done, as text.
struct MergeReport {
    text: String,
    changes: bool,
}

/// Merges the files into a config.
fn merged(files: &[(String, Imported<'_>)], merge: &mut ConfigMerge<'_>) -> Result<MergeReport, String> {
    let all: Vec<&ImportedPublisher<'_>> = files.iter().flat_map(|(_, imported)| &imported.publishers).collect();
    let mut report = MergeReport { text: String::new(), changes: false };
    for (name, imported) in files {
        let _ = writeln!(report.text, "\n{}: {}", sanitize::line(name), sanitize::line(&imported.kind));
        if imported.publishers.is_empty() && imported.environments.is_empty() && imported.remarks.is_empty() {
            report.text.push_str("  no publisher of GitHub Actions in it\n");
        }
        for publisher in &imported.publishers {
            let package = publisher.value("package");
            let of_package = |other: &&&ImportedPublisher<'_>| {
                other.registry.id == publisher.registry.id && other.value("package") == package
            };
            let outcome = merge.publisher(publisher, all.iter().filter(of_package).count())?;
            let missing: Vec<&str> = publisher.missing().map(|field| field.label.as_str()).collect();
            let lacks = match missing.as_slice() {
                [] => String::new(),
                labels => format!("    not in the file: {}\n", labels.join(", ")),
            };
            let title = title(publisher);
            report.line(&format!("{} {title}", publisher.registry.name), &outcome);
            report.text.push_str(&lacks);
        }
        for environment in &imported.environments {
            let outcome = merge.environment(environment)?;
            report.line(&format!("environment `{}`: {}", environment.name, environment.refs.join(", ")), &outcome);
        }
        for remark in &imported.remarks {
            let _ = writeln!(report.text, "  note: {}", sanitize::line(remark));
        }
    }
    Ok(report)
}

impl MergeReport {
    fn line(&mut self, title: &str, outcome: &MergeOutcome) {
        self.changes |= matches!(outcome, MergeOutcome::Added | MergeOutcome::Changed(_));
        let word = match outcome {
            MergeOutcome::Same => "unchanged",
            MergeOutcome::Added => "added",
            MergeOutcome::Changed(_) => "changed",
            MergeOutcome::Incomplete(_) => "not added",
        };
        let _ = writeln!(self.text, "  {word}: {}", sanitize::line(title));
        match outcome {
            MergeOutcome::Changed(changes) => {
                for (field, old, new) in changes {
                    let value =
                        |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |it| format!("`{it}`"));
                    let line = format!("{field}: {} -> {}", value(old), value(new));
                    let _ = writeln!(self.text, "    {}", sanitize::line(&line));
                }
            }
            MergeOutcome::Incomplete(fields) => {
                let _ = writeln!(self.text, "    a publisher needs {}", fields.join(", "));
            }
            MergeOutcome::Same | MergeOutcome::Added => {}
        }
    }
}

/// A publisher in a line: its package and its other values.
fn title(publisher: &ImportedPublisher<'_>) -> String {
    let fields = publisher.fields.iter().filter(|(field, _)| field.name != "package");
    let values = fields.filter_map(|(field, _)| Some(format!("{}: {}", field.name, publisher.value(&field.name)?)));
    let values = values.collect::<Vec<_>>().join(", ");
    match publisher.value("package") {
        Some(package) => format!("`{package}` ({values})"),
        None => format!("({values})"),
    }
}
