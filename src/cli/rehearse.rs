//! `trustpub rehearse`: exchanges the real OIDC token of this GitHub Actions job, and reports what a release would meet.

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use crate::cli::load::{load, targets};
use crate::cli::output::write_file;
use crate::cli::{CommandError, ExitStatus, eprint, print, rules_folder};
use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::explain;
use crate::lint::rules::set::RuleSet;
use crate::read::problem::suggestion;
use crate::rehearse::http_client::HttpClient;
use crate::rehearse::report::{self, RehearsalPage};
use crate::rehearse::secret::{Secret, Secrets, mask};
use crate::rehearse::token::JobEnvironment;
use crate::rehearse::{ExchangeOutcome, RehearsalMeans, RehearsalOptions, rehearse};
use crate::report::sanitize;

/// Arguments of `rehearse`.
#[derive(Debug, Args)]
pub(crate) struct RehearseArguments {
    /// The id of the job that publishes.
    #[arg(long, value_name = "ID")]
    job: String,

    /// The file of its workflow [default: that of this run].
    #[arg(long, value_name = "FILE")]
    workflow: Option<String>,

    /// Only uploads to this registry.
    #[arg(long, value_name = "ID")]
    registry: Option<String>,

    /// The package, if no file names it.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,

    /// The user of the login step, if no file names it.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Make exchanges that may create or delete something at the registry, such as the project of a pending publisher.
    #[arg(long)]
    allow_side_effects: bool,

    /// Output format, with a file or for stdout: text, json, sarif or markdown; repeatable.
    #[arg(long = "format", value_name = "FORMAT[=FILE]", default_value = "text")]
    formats: Vec<RehearsalOutput>,

    /// How long to wait for each answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    timeout: f32,

    /// The checkout of the repository.
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// For tests: send every request to this server on the loopback interface.
    #[arg(long, value_name = "ADDRESS", hide = true)]
    loopback: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RehearsalFormat {
    Text,
    Json,
    Sarif,
    Markdown,
}

/// `FORMAT[=FILE]`.
#[derive(Debug, Clone)]
struct RehearsalOutput {
    format: RehearsalFormat,
    file: Option<PathBuf>,
}

impl FromStr for RehearsalOutput {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
        let format = match name {
            "text" => RehearsalFormat::Text,
            "json" => RehearsalFormat::Json,
            "sarif" => RehearsalFormat::Sarif,
            "markdown" => RehearsalFormat::Markdown,
            _ => {
                return Err(format!(
                    "unknown format `{name}`{}",
                    suggestion(name, ["text", "json", "sarif", "markdown"])
                ));
            }
        };
        match file {
            Some("") => Err(format!("`{text}` names no file; write `{name}=FILE`, or `{name}` for stdout")),
            file => Ok(Self { format, file: file.filter(|file| *file != "-").map(PathBuf::from) }),
        }
    }
}

/// Exits with 0 if nothing must change, 1 if the registry refuses the token or something else must change, and 2 if there is no answer.
pub(crate) fn run(arguments: &RehearseArguments) -> Result<ExitStatus, CommandError> {
    let environment = environment()?;
    // A time-out that is not a number of seconds in a sensible range is one that clap cannot reject.
    let timeout = Duration::try_from_secs_f32(arguments.timeout.clamp(0.1, 600.0))
        .map_err(|_| format!("`--timeout {}` is not a number of seconds", arguments.timeout))?;
    let client = HttpClient::new(timeout, arguments.loopback.clone())?;
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let builtin = RuleSet::load_for_check(&[]).map_err(|problems| problems.join("\n"))?;
    let rules = RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"))?;
    let (targets, trouble) = targets(std::slice::from_ref(&arguments.repository), None)?;
    trouble.iter().for_each(|text| eprint(text));
    let [target] = targets.as_slice() else {
        let path = arguments.repository.display();
        return Err(CommandError::Message(format!("{path} is not the checkout of a repository with workflows")));
    };
    let loaded = load(target, None, &rules, &folders);
    loaded.trouble.iter().for_each(|text| eprint(text));
    let rules = loaded.rules(&rules);
    let data = &rules.data;
    let parsed = ParsedProject::new(&data.github, &loaded.project);
    let (analysis, problems) = Analysis::new(data, &loaded.project, &parsed);
    loaded.messages(&problems).iter().for_each(|text| eprint(text));
    let uploads = explain::explain_uploads(&analysis, rules);
    let options = RehearsalOptions {
        job: arguments.job.clone(),
        workflow: arguments.workflow.clone(),
        registry: arguments.registry.clone(),
        package: arguments.package.clone(),
        user: arguments.user.clone(),
        allow_side_effects: arguments.allow_side_effects,
    };
    let mut secrets = Secrets::default();
    secrets.add(&environment.request_token);
    let mut hide = print_mask;
    let mut means = RehearsalMeans {
        client: &client,
        environment: &environment,
        trusted: &builtin.data.registries,
        secrets,
        mask: &mut hide,
    };
    let rehearsals = rehearse(&analysis, &uploads, &options, &mut means)?;
    let page = RehearsalPage {
        files: &loaded.project.files,
        prefix: &loaded.near,
        job: &arguments.job,
        rehearsals: &rehearsals,
    };
    write(arguments, &page, &means.secrets)?;
    let failed = rehearsals.iter().any(|rehearsal| matches!(rehearsal.outcome, ExchangeOutcome::Failed(_)));
    let clean = rehearsals.iter().all(|rehearsal| rehearsal.problems.is_empty());
    Ok(match (failed, clean) {
        (true, _) => ExitStatus::Failure,
        (false, false) => ExitStatus::Findings,
        (false, true) => ExitStatus::Clean,
    })
}

/// Writes the reports. What is secret is removed from each as a whole.
fn write(arguments: &RehearseArguments, page: &RehearsalPage<'_>, secrets: &Secrets) -> Result<(), CommandError> {
    for output in &arguments.formats {
        let text = match output.format {
            RehearsalFormat::Text => sanitize::commands(&report::text(page)),
            RehearsalFormat::Json => report::json(page).map_err(|error| format!("cannot write JSON: {error}"))?,
            RehearsalFormat::Sarif => report::sarif(page).map_err(|error| format!("cannot write SARIF: {error}"))?,
            RehearsalFormat::Markdown => report::markdown(page),
        };
        let text = secrets.removed(&text);
        match &output.file {
            Some(path) => write_file(path, text.as_bytes())
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?,
            None => print(text.as_bytes()).map(drop)?,
        }
    }
    Ok(())
}

/// Tells the runner to hide a token in the log. The runner removes such lines from the log.
fn print_mask(token: &Secret) {
    // Without stderr there is no log in which the token could appear.
    let _ = writeln!(std::io::stderr().lock(), "{}", mask(token));
}

/// The variables of the runner.
fn environment() -> Result<JobEnvironment, CommandError> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if variable("GITHUB_ACTIONS").as_deref() != Some("true") {
        let text = "`rehearse` runs inside a GitHub Actions job, which alone can request the OIDC token; `trustpub init --rehearsal` \
                    writes such a job";
        return Err(CommandError::Message(text.to_owned()));
    }
    let job = variable("GITHUB_JOB").unwrap_or_default();
    let (Some(request_url), Some(request_token)) =
        (variable("ACTIONS_ID_TOKEN_REQUEST_URL"), variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    else {
        let name = if job.is_empty() { "this job".to_owned() } else { format!("job `{job}`") };
        let text = format!(
            "{name} may not request an OIDC token; give it `permissions: id-token: write` (runs for pull requests from forks never \
             get one)"
        );
        return Err(CommandError::Message(text));
    };
    let workflow_ref = variable("GITHUB_WORKFLOW_REF").unwrap_or_default();
    Ok(JobEnvironment { request_url, request_token: Secret::new(request_token), workflow_ref, job })
}
