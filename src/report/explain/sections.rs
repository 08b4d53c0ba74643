//! A explained in words, section by section; terminals and pages lay the same sections out. It knows no format.

use crate::lint::analysis::Hint;
use crate::lint::explain::{
    ComparedField, ExplainedPermission, ExplainedRun, ExplainedStart, ExplainedUpload, ExplainedValue, FirstStep,
    FormLine, PermissionLink, PublisherForm, RefusedStart, RunVerdict, UndeclaredOutput,
};
use crate::read::source::Place;
use crate::report::explain::registry_name;
use crate::trust::cause::RefusalCause;
use crate::trust::upload::site::Credential;
use crate::trust::verdict::ClaimVerdict;
use crate::workflow::expression::UnknownReason;
use crate::workflow::simulate::run::GitRef;

/// The longest pattern of refs that is shown, in characters.
const LONGEST_PATTERN: usize = 40;

/// How a text is meant, for formats that can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// All is well.
    Good,
    /// It fails.
    Bad,
    /// It is open.
    Open,
    /// It is an address.
    Link,
}

/// A text in a row.
#[derive(Debug, Clone)]
pub struct SectionCell {
    /// The text; it may come from a file.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
}

/// A row: texts side by side, and where they stand.
#[derive(Debug, Clone)]
pub struct SectionRow {
    /// The texts.
    pub cells: Vec<SectionCell>,
    /// The place.
    pub place: Option<Place>,
}

/// Rows under a title.
#[derive(Debug, Clone)]
pub struct Section {
    /// The title, in small letters.
    pub title: &'static str,
    /// Its rows.
    pub rows: Vec<SectionRow>,
}

impl SectionRow {
    fn new<const N: usize>(texts: [&str; N], place: Option<Place>) -> Self {
        let cells = texts.into_iter().map(|text| SectionCell { text: text.to_owned(), tone: Tone::Plain }).collect();
        Self { cells, place }
    }

    /// The last text, meant so.
    fn meant(mut self, tone: Tone) -> Self {
        if let Some(cell) = self.cells.last_mut() {
            cell.tone = tone;
        }
        self
    }
}

/// The runs that do not get to an upload.
pub fn skipped(upload: &ExplainedUpload<'_>) -> Section {
    let mut rows = Vec::new();
    let mut rest = upload.skipped.as_slice();
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|other| first.stop == other.stop).count();
        let (here, after) = rest.split_at(count);
        rows.extend(rows_of(&here.iter().map(|skipped| skipped.start.clone()).collect::<Vec<_>>()));
        if let Some(stop) = &first.stop {
            let why = format!("kept back by {} `{}`", stop.kind.word(), stop.name);
            rows.push(SectionRow::new([&why, stop.condition.as_deref().unwrap_or_default()], Some(stop.place)));
        }
        rows.extend(first.undeclared.iter().map(undeclared));
        rest = after;
    }
    Section { title: "not run", rows }
}

fn undeclared(output: &UndeclaredOutput) -> SectionRow {
    let why = match output.place {
        Some(_) => format!("job `{}` declares no output `{}`, so that is empty", output.job, output.output),
        None => format!("the job waits for no job `{}`, so its output `{}` is empty", output.job, output.output),
    };
    SectionRow::new([&why], output.place)
}

/// The upload that no run gets to.
pub fn unreached(upload: &ExplainedUpload<'_>) -> Section {
    Section { title: "upload", rows: vec![SectionRow::new([&upload.step], Some(upload.place))] }
}

/// All sections of a explained.
pub fn sections(explained: &ExplainedRun<'_>) -> Vec<Section> {
    let section = |title, rows: Vec<SectionRow>| Section { title, rows };
    let mut all = vec![
        section("starts", starts(explained)),
        section("path", path(explained)),
        section("permissions", explained.permissions.iter().flat_map(permission).collect()),
        section("credential", vec![credential(explained)]),
        section("token", token(explained)),
    ];
    if let Some(record) = &explained.record {
        all.push(section("record", record.entries.iter().map(entry).collect()));
    }
    all.push(section("answer", answer(explained)));
    if let (None, Some(form)) = (&explained.record, &explained.form) {
        all.extend(blank(form));
    }
    all.retain(|section| !section.rows.is_empty());
    all
}

/// What to type into a form, and where it is.
pub fn blank(form: &PublisherForm<'_>) -> [Section; 2] {
    let lines = form.before.iter().map(before).chain(form.lines.iter().map(line));
    [Section { title: "record", rows: lines.collect() }, Section { title: "register", rows: register(form) }]
}

fn starts(explained: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = rows_of(&explained.starts);
    if let Some(refused) = &explained.refusal {
        rows.extend(refusal_rows(refused));
    } else if let [first, more @ ..] = explained.doubts.as_slice() {
        let reason = &first.reason;
        let more = match more.len() {
            0 => String::new(),
            1 => ", then on one more condition".to_owned(),
            count => format!(", then on {count} more conditions"),
        };
        let text = format!("not decided whether it gets there: it depends on {reason}{more}");
        rows.push(SectionRow::new([&text], first.place).meant(Tone::Open));
    }
    rows
}

/// Both sides of what makes GitHub refuse a run.
fn refusal_rows(refused: &RefusedStart) -> [SectionRow; 2] {
    let RefusedStart { caller, called, requester, scope, asked, held, .. } = refused;
    let requester = requester.as_ref().map_or_else(|| "the workflow".to_owned(), |job| format!("job `{job}`"));
    let start = format!("GitHub starts none of them: job `{caller}` calls {called} and holds `{scope}: {held}`,");
    let cause = format!("where {requester} asks for `{scope}: {asked}`");
    [(start, refused.held_place), (cause, refused.asked_place)]
        .map(|(text, place)| SectionRow::new([&text], Some(place)).meant(Tone::Bad))
}

/// Ways to start, a row each.
fn rows_of(starts: &[ExplainedStart]) -> Vec<SectionRow> {
    let mut rows: Vec<SectionRow> = Vec::new();
    // Activities of one event share a row.
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
    let event = start.event.as_deref().unwrap_or("the caller's event");
    let activities: Vec<&str> = all.iter().filter_map(|start| start.activity.as_deref()).collect();
    let activities = if activities.is_empty() { String::new() } else { format!(" {}", activities.join("/")) };
    let forks = if start.fork { ", no token for forks" } else { "" };
    let token = format!("{event}{activities}, {}{forks}", ref_shape(&start.reference));
    SectionRow::new([&start.when, &token], Some(start.trigger))
}

/// What `github.ref` looks like.
fn ref_shape(reference: &GitRef) -> String {
    let Some(prefix) = reference.kind.prefix() else { return "a ref of its own".to_owned() };
    match &reference.pattern {
        Some(pattern) if pattern.chars().count() <= LONGEST_PATTERN => format!("{prefix}{pattern}"),
        _ => format!("{prefix}{}{}", reference.prefix, if reference.complete { "" } else { "…" }),
    }
}

fn path(explained: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = Vec::new();
    for stop in &explained.path {
        rows.push(SectionRow::new([stop.kind.word(), &stop.name], Some(stop.place)));
        if let Some(condition) = &stop.condition {
            rows.push(SectionRow::new(["if", condition], None));
        }
    }
    rows
}

fn permission(held: &ExplainedPermission) -> Vec<SectionRow> {
    let what = match held.access.as_ref().or(held.asked.as_ref()) {
        Some(access) => format!("{}: {access}", held.scope),
        None => held.scope.clone(),
    };
    let who = match held.origin.as_str() {
        "job" => "by the job",
        "workflow" => "by the workflow",
        "caller" => "by the calling job",
        "default" => "by the repository's default, as there is no block",
        _ => "",
    };
    let (lead, tail) = match (&held.asked, held.access.as_deref()) {
        (Some(_), _) => ("asked for ", ", more than the calling job holds"),
        (None, Some("none")) => ("not granted ", ""),
        _ => ("", ""),
    };
    let own = SectionRow::new([&what, &format!("{lead}{who}{tail}")], Some(held.place));
    let own = if held.asked.is_some() { own.meant(Tone::Bad) } else { own };
    // What a called job takes from its caller is told by the row of its own.
    let callers = held.callers.iter().filter(|link| link.place != held.place);
    let link = |link: &PermissionLink| {
        let most = match link.access.as_deref() {
            Some(access) => format!("calling job `{}` holds `{access}`", link.job),
            None => format!("calling job `{}` has no block", link.job),
        };
        SectionRow::new(["", &most], Some(link.place))
    };
    [own].into_iter().chain(callers.map(link)).collect()
}

fn credential(explained: &ExplainedRun<'_>) -> SectionRow {
    let text = match &explained.credential {
        Ok(credential) => credential_words(*credential).to_owned(),
        Err(reason) => {
            return SectionRow::new([&format!("not known: it depends on {reason}")], Some(explained.credential_place))
                .meant(Tone::Open);
        }
    };
    SectionRow::new([&text], Some(explained.credential_place))
}

const fn credential_words(credential: Credential) -> &'static str {
    match credential {
        Credential::Trusted => "the OIDC token",
        Credential::Minted => "a token that the login gets for the OIDC token",
        Credential::Stored => "a stored secret",
        Credential::MaybeEmpty => "a secret that may be empty, and then the OIDC token",
        Credential::None => "nothing",
    }
}

fn token(explained: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let id_token = explained.permissions.iter().find(|held| held.scope == "id-token");
    let none = id_token.and_then(|held| held.access.as_deref()).filter(|access| *access != "write");
    let head = none
        .map(|_| SectionRow::new(["the job cannot ask for one; if it could, that would say:"], None).meant(Tone::Open));
    let claims =
        explained.claims.iter().map(|stamp| valued(SectionRow::new([stamp.name], stamp.place), &stamp.value, "none"));
    head.into_iter().chain(claims).collect()
}

/// A row with a value behind it.
fn valued(mut row: SectionRow, value: &ExplainedValue, absent: &str) -> SectionRow {
    let (text, tone) = match value {
        ExplainedValue::Known(text) => (text.clone(), Tone::Plain),
        ExplainedValue::Absent => (absent.to_owned(), Tone::Plain),
        ExplainedValue::Unknown(reason) => (format!("not known: {reason}"), Tone::Open),
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
        Some(ClaimVerdict::Case) => ("another case", Tone::Open),
        Some(ClaimVerdict::Unknown(reason)) => return unknown_entry(entry, reason),
    };
    SectionRow::new([&entry.field.label, &entry.value, word], Some(entry.place)).meant(tone)
}

fn unknown_entry(entry: &ComparedField<'_>, reason: &UnknownReason) -> SectionRow {
    let word = format!("not known: {reason}");
    SectionRow::new([&entry.field.label, &entry.value, &word], Some(entry.place)).meant(Tone::Open)
}

fn answer(explained: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let mut rows = verdict(explained);
    let undeclared = explained.record.is_none() && explained.form.is_some();
    if undeclared && explained.verdict != RunVerdict::Undeclared {
        rows.push(SectionRow::new(["no record is declared; one for this upload says this:"], None));
    }
    rows
}

fn verdict(explained: &ExplainedRun<'_>) -> Vec<SectionRow> {
    let registry = registry_name(explained);
    let row = |text: &str, tone| SectionRow::new([text], None).meant(tone);
    match &explained.verdict {
        RunVerdict::Accepted => vec![match only_for(explained) {
            None => row(&format!("{registry} accepts it"), Tone::Good),
            Some(packages) => {
                row(&format!("{registry} accepts it if it is {packages}, which no file says"), Tone::Open)
            }
        }],
        RunVerdict::Undeclared => {
            vec![row(&format!("no record is declared; {registry} accepts it where one says this:"), Tone::Open)]
        }
        RunVerdict::NotAsked => {
            vec![row(&format!("{registry} is shown no OIDC token, so no record is looked at"), Tone::Open)]
        }
        RunVerdict::Undecided(reason) => vec![row(&format!("not decided: it depends on {reason}"), Tone::Open)],
        RunVerdict::Refused { cause, place, differ, text } => {
            let refusal = refusal(*cause, differ.as_ref(), registry);
            let refusal = SectionRow::new([&refusal], Some(*place)).meant(Tone::Bad);
            let seen = text.as_ref().map(|text| SectionRow::new([&format!("people see: {text}")], None));
            let of_a_record = differ.is_some() && *cause != RefusalCause::Certificate;
            let packages = only_for(explained).filter(|_| of_a_record);
            let packages = packages.map(|packages| {
                row(&format!("so says the record of {packages}; no file says that it is that"), Tone::Open)
            });
            [refusal].into_iter().chain(seen).chain(packages).collect()
        }
    }
}

/// The packages that the answer is about, where that is not known to be the upload's.
fn only_for(explained: &ExplainedRun<'_>) -> Option<String> {
    let names: Vec<String> = explained.only_for.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("package {one}")),
        several => Some(format!("one of the packages {}", several.join(", "))),
    }
}

fn refusal(cause: RefusalCause, differ: Option<&(Option<String>, String)>, registry: &str) -> String {
    let why = match (cause, differ) {
        (RefusalCause::Start, _) => {
            return "no run gets there: GitHub refuses the whole run before it starts".to_owned();
        }
        (RefusalCause::Certificate, Some((caller, called))) => {
            let caller =
                caller.as_ref().map_or_else(|| "the workflow that calls".to_owned(), |file| format!("`{file}`"));
            format!("the certificate of its attestations names {caller}, and a record can only name `{called}`")
        }
        (RefusalCause::IdToken, _) => return "refused: the job may not request an OIDC token".to_owned(),
        (RefusalCause::Runner, _) => return "refused: the upload cannot run there".to_owned(),
        (RefusalCause::Event, _) => "it takes no token of this event".to_owned(),
        (RefusalCause::Ref, _) => "it takes no token of this ref".to_owned(),
        (claim, Some((Some(value), declared))) => format!("the {} is `{value}`, not `{declared}`", claim.word()),
        (claim, Some((None, declared))) => format!("the token has no {}, and it wants `{declared}`", claim.word()),
        (claim, None) => format!("the {} is not the record's", claim.word()),
    };
    format!("{registry} refuses it: {why}")
}

fn line(line: &FormLine<'_>) -> SectionRow {
    let mut row = valued(SectionRow::new([&line.field.label], line.place), &line.value, "leave it empty");
    let hint = match line.hint {
        None => return row,
        Some(Hint::Remote) => "as the git remote has it; a fork's would differ",
        Some(Hint::Guard) => "as the conditions of the workflows have it",
    };
    row.cells.push(SectionCell { text: hint.to_owned(), tone: Tone::Open });
    row
}

/// What a job needs for its record to count.
fn before(before: &FirstStep<'_>) -> SectionRow {
    match before {
        FirstStep::IdToken => SectionRow::new(["before it counts", "the job needs `id-token: write`"], None),
        FirstStep::Login(actions) => {
            let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
            let step = format!("the job needs a step with {} and uploads with its token", actions.join(" or "));
            SectionRow::new(["before it counts", &step], None)
        }
    }
    .meant(Tone::Open)
}

fn register(form: &PublisherForm<'_>) -> Vec<SectionRow> {
    let link = |title: &str, link: &str| SectionRow::new([title, link], None).meant(Tone::Link);
    let existing = "an existing package";
    let mut rows: Vec<SectionRow> = form.link.iter().map(|address| link(existing, address)).collect();
    rows.extend(
        form.settings.iter().map(|address| SectionRow::new([existing, &format!("its settings: {address}")], None)),
    );
    rows.extend(form.limit.map(|limit| SectionRow::new(["", limit], None).meant(Tone::Open)));
    let first = "a first release";
    rows.extend(form.pending.map(|address| link(first, address)));
    if !form.first_release.is_empty() {
        rows.push(SectionRow::new([if form.pending.is_some() { "" } else { first }, form.first_release], None));
    }
    rows
}
