//! `trustpub rehearse`: exchanges the real OIDC token of a GitHub Actions job at the registry, before a release does. The only part of the
//! program that uses the network. It uploads nothing.

mod compare;
mod exchange;
pub(crate) mod http_client;
pub(crate) mod report;
pub(crate) mod secret;
pub(crate) mod token;

use crate::lint::analysis::Analysis;
use crate::lint::explain::publisher_form::encoded;
use crate::lint::explain::{ExplainedRun, ExplainedUpload, ExplainedValue, RunVerdict};
use crate::read::problem::suggestion;
use crate::read::source::Place;
use crate::rehearse::exchange::RequestValues;
use crate::rehearse::http_client::HttpClient;
use crate::rehearse::secret::{Secret, Secrets};
use crate::rehearse::token::JobEnvironment;
use crate::trust::claims::Claims;
use crate::trust::registry::{Claim, Registry, RegistrySet};
use crate::trust::upload::listed;
use crate::workflow::log_text::{RefusalCause, contains};
use crate::workflow::model::{Job, Workflow};

pub(crate) use compare::ComparedClaim;
pub(crate) use exchange::ExchangeOutcome;

/// The audience of tokens that no registry accepts. They are requested where no exchange is made.
const NO_AUDIENCE: &str = "trustpub-rehearsal";

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProblemKind {
    /// The registry refused the token.
    Refused,
    /// The declared publisher does not accept a claim of the token.
    Mismatch,
    /// This job differs from the one that publishes.
    OtherJob,
    /// The files show that a release will be refused.
    Predicted,
}

impl ProblemKind {
    /// Every kind, with its id in reports and what it means.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Refused, "rehearsal-refused", "The registry refused the OIDC token of the rehearsal"),
        (Self::Mismatch, "rehearsal-mismatch", "The declared publisher does not accept a claim of the OIDC token"),
        (Self::OtherJob, "rehearsal-other-job", "The rehearsing job differs from the job that publishes"),
        (Self::Predicted, "rehearsal-predicted", "The files show that a release will be refused"),
    ];

    /// Its id in reports.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        Self::ALL.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, id, _)| id)
    }
}

/// Something to change before a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RehearsalProblem {
    /// Its kind.
    pub kind: ProblemKind,
    /// The claim or setting that is wrong.
    pub field: Option<&'static str>,
    /// What is wrong, as a sentence without a final period.
    pub message: String,
    /// The place to change.
    pub place: Option<Place>,
    /// The place that it contradicts, and what that is.
    pub other: Option<(Place, String)>,
}

/// A field of the registry's form with the value that this token needs.
pub(crate) type NeededField = (String, String);

/// The rehearsal of one upload.
pub(crate) struct Rehearsal<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// The package, if it is known.
    pub package: Option<String>,
    /// The place of the upload.
    pub place: Place,
    /// The claims of the token.
    pub claims: Vec<ComparedClaim>,
    /// What came of the exchange.
    pub outcome: ExchangeOutcome,
    /// The cause of a refusal, from the registry's data.
    pub cause: Option<String>,
    /// What the registry's form must contain for this token. It is filled in if the registry refused the token.
    pub needed: Vec<NeededField>,
    /// The address of the registry's form.
    pub form: Option<String>,
    /// What the exchange changed at the registry.
    pub remark: Option<String>,
    /// What to change.
    pub problems: Vec<RehearsalProblem>,
}

/// What to rehearse.
#[derive(Debug, Default)]
pub(crate) struct RehearsalOptions {
    /// The id of the job that publishes.
    pub job: String,
    /// The file of its workflow; that of this run if absent.
    pub workflow: Option<String>,
    /// Only uploads to this registry.
    pub registry: Option<String>,
    /// The package, in place of the one that the files name.
    pub package: Option<String>,
    /// The user of the login, in place of the one that the files name.
    pub user: Option<String>,
    /// Whether exchanges may create or delete something at the registry.
    pub allow_side_effects: bool,
}

/// An upload to rehearse.
struct RehearsedUpload<'u, 'a> {
    /// Its position among the uploads of the project.
    index: usize,
    upload: &'u ExplainedUpload<'a>,
    run: &'u ExplainedRun<'a>,
    registry: &'a Registry,
    package: Option<String>,
}

/// The means of a rehearsal: the network, the job's environment, and what is done with each token before its first use.
pub(crate) struct RehearsalMeans<'m> {
    /// The network.
    pub client: &'m HttpClient,
    /// The job's environment.
    pub environment: &'m JobEnvironment,
    /// The built-in registries. Exchanges of other registries are not made: their addresses come from files that a stranger may change.
    pub trusted: &'m RegistrySet,
    /// What must not be printed.
    pub secrets: Secrets,
    /// Hides a token in the log.
    pub mask: &'m mut dyn FnMut(&Secret),
}

/// Rehearses the uploads of a job.
///
/// # Errors
/// Why it is impossible, as a sentence without a final period.
pub(crate) fn rehearse<'a>(
    analysis: &Analysis<'a, '_>,
    uploads: &[ExplainedUpload<'a>],
    options: &RehearsalOptions,
    means: &mut RehearsalMeans<'_>,
) -> Result<Vec<Rehearsal<'a>>, String> {
    let file = options.workflow.clone().unwrap_or_else(|| compare::file_of(&means.environment.workflow_ref).to_owned());
    let workflow = analysis.workflows.iter().find(|workflow| workflow.source.file_name() == file);
    let workflow = workflow.ok_or_else(|| {
        let known = analysis.workflows.iter().map(|workflow| workflow.source.file_name());
        format!("there is no workflow `{file}`{}; name one with `--workflow`", suggestion(&file, known))
    })?;
    let found = selected(workflow, uploads, options)?;
    let mut rehearsals = Vec::new();
    for upload in found {
        rehearsals.push(one(analysis, workflow, &upload, options, means)?);
    }
    Ok(rehearsals)
}

/// The uploads of the job, one for each registry and package.
fn selected<'u, 'a>(
    workflow: &Workflow<'_>,
    uploads: &'u [ExplainedUpload<'a>],
    options: &RehearsalOptions,
) -> Result<Vec<RehearsedUpload<'u, 'a>>, String> {
    let file = workflow.source.file_name();
    let here = || uploads.iter().enumerate().filter(|(_, upload)| upload.workflow == workflow.file);
    let own = || here().filter(|(_, upload)| upload.job.eq_ignore_ascii_case(&options.job));
    if own().next().is_none() {
        let mut known: Vec<&str> = here().map(|(_, upload)| upload.job.as_str()).collect();
        known.dedup();
        return Err(match known.as_slice() {
            [] => format!("no job of {file} publishes; name the workflow that does with `--workflow`"),
            known => format!("job `{}` of {file} does not publish; these do: `{}`", options.job, known.join("`, `")),
        });
    }
    let mut found: Vec<RehearsedUpload<'u, 'a>> = Vec::new();
    let mut doubt = None;
    for (index, upload) in own() {
        for run in &upload.runs {
            let registry = match &run.registry {
                Ok(registry) => *registry,
                Err(reason) => {
                    doubt = Some(format!("the registry of job `{}` is unknown: it depends on {reason}", options.job));
                    continue;
                }
            };
            if options.registry.as_ref().is_some_and(|id| *id != registry.id) {
                continue;
            }
            for package in packages(run, options) {
                let known = |one: &RehearsedUpload<'_, '_>| one.registry.id == registry.id && one.package == package;
                if !found.iter().any(known) {
                    found.push(RehearsedUpload { index, upload, run, registry, package });
                }
            }
        }
    }
    if found.is_empty() {
        return Err(doubt.unwrap_or_else(|| match &options.registry {
            Some(id) => format!("job `{}` does not publish to the registry `{id}`", options.job),
            None => format!("no run of {file} reaches the upload in job `{}`", options.job),
        }));
    }
    Ok(found)
}

/// The packages of a run: the named one, else those of the declared publishers, else the one that the files name.
fn packages(run: &ExplainedRun<'_>, options: &RehearsalOptions) -> Vec<Option<String>> {
    if let Some(package) = &options.package {
        return vec![Some(package.clone())];
    }
    if !run.only_for.is_empty() {
        return run.only_for.iter().cloned().map(Some).collect();
    }
    let named = |name: &str| name == "package";
    let declared = run.record.iter().flat_map(|record| &record.entries).find(|entry| named(&entry.field.name));
    let predicted = run.form.iter().flat_map(|form| &form.lines).find(|line| named(&line.field.name));
    let predicted = predicted.and_then(|line| line.value.known()).map(str::to_owned);
    vec![declared.map(|entry| entry.value.clone()).or(predicted)]
}

fn one<'a>(
    analysis: &Analysis<'a, '_>,
    workflow: &Workflow<'_>,
    target: &RehearsedUpload<'_, 'a>,
    options: &RehearsalOptions,
    means: &mut RehearsalMeans<'_>,
) -> Result<Rehearsal<'a>, String> {
    let (registry, run) = (target.registry, target.run);
    let data = means.trusted.get(&registry.id).and_then(|trusted| trusted.exchange.as_ref());
    let refused = match data {
        None => Some(format!("no exchange of {} is known, so only the claims are compared", registry.name)),
        Some(exchange) => exchange.side_effects.as_ref().filter(|_| !options.allow_side_effects).map(|effects| {
            format!(
                "the exchange is not made without `--allow-side-effects`, so only the claims are compared: at {}, {effects}",
                registry.name
            )
        }),
    };
    let audience = if refused.is_none() { registry.audience.as_str() } else { NO_AUDIENCE };
    let oidc = token::request(means.client, means.environment, audience)?;
    (means.mask)(&oidc.token);
    means.secrets.add(&oidc.token);
    let claims = compare::claims(&oidc.claims, run, target.upload.place);
    let record = run.record.as_ref();
    let publisher = record.and_then(|record| analysis.publishers.iter().find(|it| it.place == record.place));
    let rows = compare::rows(&oidc.claims, run, registry, record);
    let own = workflow.job(&means.environment.job);
    let publishing = workflow.job(&options.job).ok_or("the job is not in the workflow")?;
    let mut problems = compare::other_job(&rows, run, registry, publishing, own);
    problems.extend(
        publisher.map(|publisher| compare::mismatches(&claims, &oidc.claims, run, publisher)).unwrap_or_default(),
    );
    problems.extend(namespace(analysis, target, &claims));
    problems.extend(predicted(run, publishing));
    let user = options.user.clone().or_else(|| user(run));
    let outcome = match (refused, data) {
        (None, Some(exchange)) => exchange::exchange(
            means.client,
            exchange,
            &oidc.token,
            &RequestValues { package: target.package.as_deref(), user: user.as_deref() },
            &mut means.secrets,
            means.mask,
        ),
        (reason, _) => ExchangeOutcome::NotMade(reason.unwrap_or_default()),
    };
    let made = matches!(outcome, ExchangeOutcome::Accepted { .. });
    let mut rehearsal = Rehearsal {
        registry,
        package: target.package.clone(),
        place: target.upload.place,
        claims: rows,
        outcome,
        cause: None,
        needed: Vec::new(),
        form: form_address(run, target.package.as_deref()),
        remark: data.and_then(|exchange| exchange.remark.clone()).filter(|_| made),
        problems,
    };
    explain_refusal(&mut rehearsal, run, &claims, publisher.is_some());
    rehearsal.problems.sort_by_key(|problem| problem.kind);
    Ok(rehearsal)
}

/// The address of the registry's form for a package.
fn form_address(run: &ExplainedRun<'_>, package: Option<&str>) -> Option<String> {
    let form = run.form.as_ref()?;
    let settings = || {
        let settings = form.settings.clone()?;
        Some(package.map_or_else(|| settings.clone(), |package| settings.replace("<package>", &encoded(package))))
    };
    form.link.clone().or_else(settings)
}

/// The user that the login names, or the declared publisher.
fn user(run: &ExplainedRun<'_>) -> Option<String> {
    let of_form = run.form.iter().flat_map(|form| &form.lines).find(|line| line.field.claim == Some(Claim::User));
    let of_form = of_form.and_then(|line| match &line.value {
        ExplainedValue::Known(text) => Some(text.clone()),
        ExplainedValue::Each(_) | ExplainedValue::Absent | ExplainedValue::Unknown(_) => None,
    });
    let declared = run.record.iter().flat_map(|record| &record.entries);
    of_form.or_else(|| declared.clone().find(|it| it.field.claim == Some(Claim::User)).map(|entry| entry.value.clone()))
}

/// A name in a manifest that the token may not publish. The registry compares it only at the upload.
fn namespace(
    analysis: &Analysis<'_, '_>,
    target: &RehearsedUpload<'_, '_>,
    claims: &Claims,
) -> Option<RehearsalProblem> {
    let site = &analysis.uploads.get(target.index)?.site;
    let owner = claims.repository.as_ref().map(|(owner, _)| owner.as_str());
    let name = listed::namespace(&analysis.data.github, &analysis.project.manifests, target.registry, site, owner)?;
    matches!(name.status, "case" | "refused").then(|| RehearsalProblem {
        kind: ProblemKind::Mismatch,
        field: Some(Claim::Owner.word()),
        message: format!(
            "{} names `{}`, and this token may publish only names that start with `{}`",
            name.file, name.found, name.expected
        ),
        place: Some(name.place),
        other: None,
    })
}

/// A refusal that the files show, whatever the registry answers to the rehearsal.
fn predicted(run: &ExplainedRun<'_>, job: &Job<'_>) -> Option<RehearsalProblem> {
    let problem = |field, message, place| {
        Some(RehearsalProblem {
            kind: ProblemKind::Predicted,
            field: Some(field),
            message,
            place: Some(place),
            other: None,
        })
    };
    let when = run.starts.first().map_or("", |start| start.when.as_str());
    match &run.verdict {
        // The token shows these itself, and the permission is compared with that of this job.
        RunVerdict::Refused { cause: RefusalCause::IdToken, .. } => None,
        RunVerdict::Refused { differ: Some(_), .. } => None,
        RunVerdict::Refused { cause, place, .. } => {
            let message =
                format!("the files show that the registry will refuse a release {when}, by its {}", cause.word());
            problem(cause.word(), message, *place)
        }
        RunVerdict::Failed(error) => {
            let message = format!("a release {when} fails: {} ({})", error.message, error.code);
            problem("rule", message, error.place)
        }
        RunVerdict::NoOidcToken => {
            let message = format!(
                "job `{}` uploads with a stored token, so the registry does not ask for an OIDC token",
                job.id.value()
            );
            problem("credential", message, run.credential_place)
        }
        RunVerdict::Accepted | RunVerdict::Undeclared | RunVerdict::Undecided(_) => None,
    }
}

/// Adds the cause of a refusal, the line to change and the values that the registry's form must have.
fn explain_refusal(rehearsal: &mut Rehearsal<'_>, run: &ExplainedRun<'_>, claims: &Claims, declared: bool) {
    let ExchangeOutcome::Refused { status, text } = &rehearsal.outcome else { return };
    let registry = rehearsal.registry;
    let said = |wanted: &str| contains(text, wanted);
    let known = registry.errors.iter().filter(|error| said(&error.text) && error.with.as_deref().is_none_or(said));
    let known: Vec<_> = known.collect();
    let hints = registry.log_hints.iter().filter(|hint| said(&hint.text)).map(|hint| hint.meaning.as_str());
    let causes: Vec<&str> = known.iter().map(|error| error.cause.as_str()).chain(hints).collect();
    rehearsal.cause = (!causes.is_empty()).then(|| causes.join("; or: "));
    let compared = |claim: &Claim| registry.field_of(*claim).is_some();
    let possible: Vec<Claim> = Claim::ALL.into_iter().filter(compared).collect();
    let of_text = |claim: &Claim| known.iter().any(|error| error.when.contains(&claim.cause()));
    let named: Vec<Claim> = possible.iter().copied().filter(of_text).collect();
    // A text for several claims is decided by the declared publisher, as far as it differs from the token.
    let differ = |claim: &Claim| {
        rehearsal.problems.iter().any(|it| it.kind == ProblemKind::Mismatch && it.field == Some(claim.word()))
    };
    let candidates = if named.is_empty() { &possible } else { &named };
    let decided: Vec<Claim> = candidates.iter().copied().filter(differ).collect();
    let field = match (decided.as_slice(), named.as_slice()) {
        ([claim, ..], _) | ([], [claim]) => Some(*claim),
        _ => None,
    };
    let place = field.and_then(|claim| {
        let name = compare::claim_name(claim, registry);
        run.claims.iter().find(|it| it.name == name).and_then(|it| it.place)
    });
    let by = field.map_or_else(String::new, |claim| format!(" because of the {}", claim.word()));
    let fits = if declared && !named.is_empty() && decided.is_empty() && field.is_none() {
        ". The declared publisher fits this token, so the one that is registered differs from the declared one"
    } else {
        ""
    };
    let text = if fits.is_empty() { text } else { text.trim_end_matches('.') };
    let message = format!("{} refused the token{by} (HTTP {status}): {text}{fits}", registry.name);
    let value = |claim: &Claim| {
        let field = registry.field_of(*claim)?;
        let value = match claims.value(*claim, registry) {
            Ok(Some(value)) => value,
            Ok(None) => "(empty)".to_owned(),
            Err(_) => return None,
        };
        Some((field.label.clone(), value))
    };
    rehearsal.needed = possible.iter().filter_map(value).collect();
    let problem = RehearsalProblem {
        kind: ProblemKind::Refused,
        field: field.map(Claim::word),
        message,
        place: place.or(Some(rehearsal.place)),
        other: None,
    };
    rehearsal.problems.push(problem);
}
