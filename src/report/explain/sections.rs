//! The sections of `explain`, as rows of cells. The text and the Markdown writer lay out the same sections.

use crate::lint::analysis::Hint;
use crate::lint::explain::{
    ComparedField, ExplainedPermission, ExplainedRun, ExplainedStart, ExplainedUpload, ExplainedValue, FirstStep,
    FormLine, PermissionLink, PublisherForm, RefusedStart, RunError, RunVerdict, UndeclaredOutput,
};
use crate::read::source::Place;
use crate::report::explain::registry_name;
use crate::trust::claim_verdict::ClaimVerdict;
use crate::trust::upload::site::Credential;
use crate::workflow::expression::UnknownReason;
use crate::workflow::log_text::RefusalCause;
use crate::workflow::simulate::trigger_start::GitRef;

/// Maximum length of a ref pattern in characters; of longer ones only the fixed prefix is shown.
const LONGEST_PATTERN: usize = 40;

/// The meaning of a cell, shown as colour or emphasis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    /// Unknown, or still to be done.
    Unknown,
    /// A URL.
    Link,
}

#[derive(Debug, Clone)]
pub(crate) struct SectionCell {
    /// May contain text from files: not yet escaped.
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

#[derive(Debug, Clone)]
pub(crate) struct SectionRow {
    pub(crate) cells: Vec<SectionCell>,
    pub(crate) place: Option<Place>,
}

#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<SectionRow>,
}

impl SectionRow {
    fn new<const N: usize>(texts: [&str; N], place: Option<Place>) -> Self {
        let cells = texts.into_iter().map(|text| SectionCell { text: text.to_owned(), tone: Tone::Plain }).collect();
        Self { cells, place }
    }

    /// Sets the tone of the last cell.
    fn tone(mut self, tone: Tone) -> Self {
        if let Some(cell) = self.cells.last_mut() {
            cell.tone = tone;
        }
        self
    }
}

/// The runs that start the workflow and do not reach the upload.
pub(crate) fn skipped(upload: &ExplainedUpload<'_>) -> Section {
    let mut rows = Vec::new();
    let mut rest = upload.skipped.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|other| first.stop == other.stop).count();
        let (here, after) = rest.split_at(count);
        rows.extend(rows_of(&here.iter().map(|skipped| skipped.start.clone()).collect::<Vec<_>>()));
        if let Some(stop) = &first.stop {
            let why = format!("skipped by {} `{}`", stop.kind.word(), stop.name);
            rows.push(SectionRow::new([&why, stop.condition.as_deref().unwrap_or_default()], Some(stop.place)));
        }
        rows.extend(first.undeclared.iter().map(undeclared));
        rest = after;
    }
    Section { title: "not run", rows }
}

fn undeclared(output: &UndeclaredOutput) -> SectionRow {
    let why = match output.place {
        Some(_) => format!("job `{}` declares no output `{}`, so it is empty", output.job, output.output),
        None => format!("job `{}` is not in `needs`, so its output `{}` is empty", output.job, output.output),
    };
    SectionRow::new([&why], output.place)
}

/// The step of an upload that no run reaches.
pub(crate) fn unreached(upload: &ExplainedUpload<'_>) -> Section {
    Section { title: "upload", rows: vec![SectionRow::new([&upload.step], Some(upload.place))] }
}

/// The title of the section with the verdict.
pub(crate) const VERDICT: &str = "verdict";

/// All sections of an upload run.
pub(crate) fn sections(run: &ExplainedRun<'_>) -> Vec<Section> {
    let section = |title, rows: Vec<SectionRow>| Section { title, rows };
    let mut all = vec![
        section("triggers", starts(run)),
        section("path", path(run)),
        section("permissions", run.permissions.iter().flat_map(permission).collect()),
        section("credential", vec![credential(run)]),
        section("token", token(run)),
    ];
    if let Some(record) = &run.record {
        all.push(section("publisher", record.entries.iter().map(entry).collect()));
    }
    all.push(section(VERDICT, answer(run)));
    if let (None, Some(form)) = (&run.record, &run.form) {
        all.extend(blank(form));
    }
    all.retain(|section| !section.rows.is_empty());
    all
}

/// What to type into a registry's form, and the address of the form.
pub(crate) fn blank(form: &PublisherForm<'_>) -> [Section; 2] {
    let lines = form.before.iter().map(before).chain(form.lines.iter().map(line));
    [Section { title: "publisher", rows: lines.collect() }, Section { title: "register", rows: register(form) }]
}

fn starts(run: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = rows_of(&run.starts);
    if let Some(refused) = &run.refusal {
        rows.extend(refusal_rows(refused));
    } else if let [first, more @ ..] = run.doubts.as_slice() {
        let reason = &first.reason;
        let more = match more.len() {
            0 => String::new(),
            1 => " and one more condition".to_owned(),
            count => format!(" and {count} more conditions"),
        };
        let text = format!("not decided whether a run reaches it: it depends on {reason}{more}");
        rows.push(SectionRow::new([&text], first.place).tone(Tone::Unknown));
    }
    rows
}

/// The granted and the requested permission of a run that GitHub refuses to start.
fn refusal_rows(refused: &RefusedStart) -> [SectionRow; 2] {
    let RefusedStart { caller, called, requester, scope, requested, granted, .. } = refused;
    let requester = requester.as_ref().map_or_else(|| "the workflow".to_owned(), |job| format!("job `{job}`"));
    let start = format!("GitHub starts none of these runs: job `{caller}` calls {called} with `{scope}: {granted}`,");
    let cause = format!("but {requester} requests `{scope}: {requested}`");
    [(start, refused.granted_place), (cause, refused.requested_place)]
        .map(|(text, place)| SectionRow::new([&text], Some(place)).tone(Tone::Bad))
}

/// One row per trigger; activities of one event share a row.
fn rows_of(starts: &[ExplainedStart]) -> Vec<SectionRow> {
    let mut rows: Vec<SectionRow> = Vec::new();
    let same = |left: &ExplainedStart, right: &ExplainedStart| {
        ExplainedStart { activity: None, ..left.clone() } == ExplainedStart { activity: None, ..right.clone() }
    };
    let mut rest = starts;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|other| same(first, other)).count();
        let (here, after) = rest.split_at(count);
        rows.push(start(first, here));
        rest = after;
    }
    rows
}

fn start(start: &ExplainedStart, all: &[ExplainedStart]) -> SectionRow {
    let event = start.event.as_deref().unwrap_or("the event of the caller");
    let activities: Vec<&str> = all.iter().filter_map(|start| start.activity.as_deref()).collect();
    let activities = if activities.is_empty() { String::new() } else { format!(" {}", activities.join("/")) };
    let forks = if start.fork { ", no token for forks" } else { "" };
    let token = format!("{event}{activities}, {}{forks}", ref_shape(&start.reference));
    SectionRow::new([&start.when, &token], Some(start.trigger))
}

/// `github.ref`, as far as it is known.
fn ref_shape(reference: &GitRef) -> String {
    let Some(prefix) = reference.kind.prefix() else { return "a ref of its own".to_owned() };
    match &reference.pattern {
        Some(pattern) if pattern.chars().count() <= LONGEST_PATTERN => format!("{prefix}{pattern}"),
        _ => format!("{prefix}{}{}", reference.prefix, if reference.complete { "" } else { "…" }),
    }
}

fn path(run: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = Vec::new();
    for stop in &run.path {
        rows.push(SectionRow::new([stop.kind.word(), &stop.name], Some(stop.place)));
        if let Some(condition) = &stop.condition {
            rows.push(SectionRow::new(["if", condition], None));
        }
    }
    rows
}

fn permission(held: &ExplainedPermission) -> Vec<SectionRow> {
    let what = match held.access.as_ref().or(held.requested.as_ref()) {
        Some(access) => format!("{}: {access}", held.scope),
        None => held.scope.clone(),
    };
    let who = match held.origin.as_str() {
        "job" => "set by the job",
        "workflow" => "set by the workflow",
        "caller" => "set by the calling job",
        "default" => "repository default (no `permissions` block)",
        _ => "",
    };
    let (lead, tail) = match (&held.requested, held.access.as_deref()) {
        (Some(_), _) => ("requested, ", ", but the calling job grants less"),
        (None, Some("none")) => ("not granted, ", ""),
        _ => ("", ""),
    };
    let own = SectionRow::new([&what, &format!("{lead}{who}{tail}")], Some(held.place));
    let own = if held.requested.is_some() { own.tone(Tone::Bad) } else { own };
    // If the permission comes from the caller, the first row already shows that place.
    let callers = held.callers.iter().filter(|link| link.place != held.place);
    let link = |link: &PermissionLink| {
        let most = match link.access.as_deref() {
            Some(access) => format!("calling job `{}` grants `{access}`", link.job),
            None => format!("calling job `{}` has no block", link.job),
        };
        SectionRow::new(["", &most], Some(link.place))
    };
    [own].into_iter().chain(callers.map(link)).collect()
}

fn credential(run: &ExplainedRun<'_>) -> SectionRow {
    let text = match &run.credential {
        Ok(credential) => credential_words(*credential).to_owned(),
        Err(reason) => {
            return SectionRow::new([&format!("not known: it depends on {reason}")], Some(run.credential_place))
                .tone(Tone::Unknown);
        }
    };
    SectionRow::new([&text], Some(run.credential_place))
}

const fn credential_words(credential: Credential) -> &'static str {
    match credential {
        Credential::Trusted => "the OIDC token",
        Credential::Minted => "a short-lived token from the login step",
        Credential::Role => "a short-lived token of a role at the registry, from the login step",
        Credential::Stored => "a stored secret",
        Credential::MaybeEmpty => "a secret, or the OIDC token if the secret is empty",
        Credential::None => "none",
    }
}

fn token(run: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let id_token = run.permissions.iter().find(|held| held.scope == "id-token");
    let none = id_token.and_then(|held| held.access.as_deref()).filter(|access| *access != "write");
    let head =
        none.map(|_| SectionRow::new(["the job cannot request a token; it would contain:"], None).tone(Tone::Unknown));
    let claims =
        run.claims.iter().map(|stamp| with_value(SectionRow::new([stamp.name], stamp.place), &stamp.value, "none"));
    head.into_iter().chain(claims).collect()
}

/// Adds a value to a row.
fn with_value(mut row: SectionRow, value: &ExplainedValue, absent: &str) -> SectionRow {
    let (text, tone) = match value {
        ExplainedValue::Known(text) => (text.clone(), Tone::Plain),
        ExplainedValue::Each(names) => (format!("one publisher for each of {}", names.join(", ")), Tone::Plain),
        ExplainedValue::Absent => (absent.to_owned(), Tone::Plain),
        ExplainedValue::Unknown(reason) => (format!("not known: {reason}"), Tone::Unknown),
    };
    row.cells.push(SectionCell { text, tone });
    row
}

fn entry(entry: &ComparedField<'_>) -> SectionRow {
    let (word, tone) = match &entry.answer {
        None => ("", Tone::Plain),
        Some(ClaimVerdict::Accepted) => ("accepted", Tone::Good),
        Some(ClaimVerdict::Refused) => ("refused", Tone::Bad),
        Some(ClaimVerdict::Missing) => ("refused: the token has none", Tone::Bad),
        Some(ClaimVerdict::Case) => ("differs in case", Tone::Unknown),
        Some(ClaimVerdict::Unknown(reason)) => return unknown_entry(entry, reason),
    };
    SectionRow::new([&entry.field.label, &entry.value, word], Some(entry.place)).tone(tone)
}

fn unknown_entry(entry: &ComparedField<'_>, reason: &UnknownReason) -> SectionRow {
    let word = format!("not known: {reason}");
    SectionRow::new([&entry.field.label, &entry.value, &word], Some(entry.place)).tone(Tone::Unknown)
}

fn answer(run: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = verdict(run);
    let undeclared = run.record.is_none() && run.form.is_some();
    if undeclared && run.verdict != RunVerdict::Undeclared {
        rows.push(SectionRow::new(["no publisher is declared in the config; this upload needs:"], None));
    }
    rows
}

fn verdict(run: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let registry = registry_name(run);
    let row = |text: &str, tone| SectionRow::new([text], None).tone(tone);
    match &run.verdict {
        RunVerdict::Accepted => vec![match only_for(run) {
            None => row(&format!("{registry} accepts it"), Tone::Good),
            Some(packages) => row(
                &format!("{registry} accepts it if it uploads {packages}; no manifest names the package"),
                Tone::Unknown,
            ),
        }],
        RunVerdict::Undeclared => {
            vec![row(
                &format!("no publisher declared in the config; {registry} accepts the upload if its publisher has:"),
                Tone::Unknown,
            )]
        }
        RunVerdict::NoOidcToken => {
            let why = match run.credential {
                Ok(Credential::Role) => format!("the role at {registry} decides"),
                _ => format!("{registry} gets no OIDC token"),
            };
            vec![row(&format!("{why}, so it compares no publisher"), Tone::Unknown)]
        }
        RunVerdict::Failed(RunError { code, message, place }) => {
            let text = format!("the upload fails: {message} ({code})");
            vec![SectionRow::new([&text], Some(*place)).tone(Tone::Bad)]
        }
        RunVerdict::Undecided(unknown) => {
            vec![row(&format!("not decided: it depends on {}", unknown.reason), Tone::Unknown)]
        }
        RunVerdict::Refused { cause, place, differ, text } => {
            let refusal = refusal(*cause, differ.as_ref(), registry);
            let refusal = SectionRow::new([&refusal], Some(*place)).tone(Tone::Bad);
            let seen = text.as_ref().map(|text| SectionRow::new([&format!("error you would see: {text}")], None));
            let of_a_record = differ.is_some() && *cause != RefusalCause::Certificate;
            let packages = only_for(run).filter(|_| of_a_record);
            let packages = packages
                .map(|packages| row(&format!("this assumes {packages}; no manifest confirms it"), Tone::Unknown));
            [refusal].into_iter().chain(seen).chain(packages).collect()
        }
    }
}

/// The packages that the verdict assumes, if the upload's package is unknown.
fn only_for(run: &ExplainedRun<'_>) -> Option<String> {
    let names: Vec<String> = run.only_for.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("package {one}")),
        several => Some(format!("one of the packages {}", several.join(", "))),
    }
}

fn refusal(cause: RefusalCause, differ: Option<&(Option<String>, String)>, registry: &str) -> String {
    let why = match (cause, differ) {
        (RefusalCause::Start, _) => {
            return "no run reaches it: GitHub refuses to start the run".to_owned();
        }
        (RefusalCause::Certificate, Some((caller, called))) => {
            let caller = caller.as_ref().map_or_else(|| "the calling workflow".to_owned(), |file| format!("`{file}`"));
            format!("the certificate of its attestations names {caller}, but the publisher can only name `{called}`")
        }
        (RefusalCause::IdToken, _) => return "refused: the job cannot request an OIDC token".to_owned(),
        (RefusalCause::Runner, _) => return "refused: the upload cannot run on this runner".to_owned(),
        (RefusalCause::Event, _) => "it does not accept tokens of this event".to_owned(),
        (RefusalCause::Ref, _) => "it does not accept tokens of this ref".to_owned(),
        (claim, Some((Some(value), declared))) => format!("the {} is `{value}`, expected `{declared}`", claim.word()),
        (claim, Some((None, declared))) => format!("the token has no {}, expected `{declared}`", claim.word()),
        (claim, None) => format!("the {} differs from the publisher's", claim.word()),
    };
    format!("{registry} refuses it: {why}")
}

fn line(line: &FormLine<'_>) -> SectionRow {
    let mut row = with_value(SectionRow::new([&line.field.label], line.place), &line.value, "leave it empty");
    let hint = match line.hint {
        None => return row,
        Some(Hint::Remote) => "from the git remote (check it if this is a fork)",
        Some(Hint::Condition) => "from the conditions of the workflows",
    };
    row.cells.push(SectionCell { text: hint.to_owned(), tone: Tone::Unknown });
    row
}

/// What to do before the publisher has any effect.
fn before(before: &FirstStep<'_>) -> SectionRow {
    match before {
        FirstStep::IdToken => SectionRow::new(["first", "give the job `id-token: write`"], None),
        FirstStep::Login(actions) => {
            let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
            let step = format!("add a step with {} and upload with its token", actions.join(" or "));
            SectionRow::new(["first", &step], None)
        }
    }
    .tone(Tone::Unknown)
}

fn register(form: &PublisherForm<'_>) -> Vec<SectionRow> {
    let link = |title: &str, link: &str| SectionRow::new([title, link], None).tone(Tone::Link);
    let existing = "an existing package";
    let mut rows: Vec<SectionRow> = form.link.iter().map(|address| link(existing, address)).collect();
    rows.extend(
        form.settings.iter().map(|address| SectionRow::new([existing, &format!("its settings: {address}")], None)),
    );
    rows.extend(form.limit.map(|limit| SectionRow::new(["", limit], None).tone(Tone::Unknown)));
    let first = "a first release";
    rows.extend(form.pending.map(|address| link(first, address)));
    if !form.first_release.is_empty() {
        rows.push(SectionRow::new([if form.pending.is_some() { "" } else { first }, form.first_release], None));
    }
    rows
}
