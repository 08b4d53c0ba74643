//! SARIF results and notifications.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use serde_sarif::sarif as s;

use crate::lint::findings::fingerprint::{self, FingerprintOrdinals, identity};
use crate::lint::findings::{Finding, Fix, Label, Level, NoticeKind};
use crate::read::source::ColumnUnit;
use crate::report::sarif::fingerprint::{LineHash, line_hashes};
use crate::report::sarif::region::{artifact, capitalized, cut, location, message_text, replaced};
use crate::report::sarif::rules::NOTIFICATIONS;
use crate::report::{ReportView, sanitize};

/// In characters.
const MAX_LINK: usize = 255;

/// The results of a project.
pub(crate) fn of(view: &ReportView<'_>, suppressed: bool) -> Vec<s::Result> {
    let mut hashes: HashMap<u32, Vec<LineHash>> = HashMap::new();
    let mut results: Vec<s::Result> =
        view.report.findings.iter().map(|finding| result(view, finding, &mut hashes)).collect();
    if suppressed {
        for hidden in &view.report.suppressed {
            let kind = if hidden.in_source { "inSource" } else { "external" };
            let mut result = result(view, &hidden.finding, &mut hashes);
            result.suppressions =
                Some(vec![s::Suppression::builder().kind(kind).justification(message_text(&hidden.reason)).build()]);
            results.push(result);
        }
    }
    results
}

fn result(view: &ReportView<'_>, finding: &Finding, hashes: &mut HashMap<u32, Vec<LineHash>>) -> s::Result {
    let place = finding.primary.place;
    let mut result = s::Result::builder()
        .rule_id(finding.code.clone())
        .level(match finding.level {
            Level::Error => s::ResultLevel::Error,
            Level::Warning => s::ResultLevel::Warning,
            Level::Note => s::ResultLevel::Note,
        })
        .message(s::Message::builder().text(message(finding)).build())
        .locations(vec![location(view, place, None, None, true)])
        .partial_fingerprints(fingerprints(view, finding, hashes))
        .build();
    if !finding.labels.is_empty() {
        let label = |(index, label): (usize, &Label)| {
            location(view, label.place, i64::try_from(index + 1).ok(), Some(&label.text), false)
        };
        result.related_locations = Some(finding.labels.iter().enumerate().map(label).collect());
    }
    if !finding.steps.is_empty() {
        result.code_flows = Some(vec![code_flow(view, &finding.steps)]);
    }
    let fixes: Vec<_> = finding.fixes.iter().filter(|fix| fix.safe).map(|fix| self::fix(view, fix)).collect();
    result.fixes = Some(fixes).filter(|fixes| !fixes.is_empty());
    result
}

/// The message with a link to each related location: code scanning shows only linked ones.
fn message(finding: &Finding) -> String {
    let mut text = message_text(&finding.message);
    for (index, label) in finding.labels.iter().enumerate() {
        let name = capitalized(&sanitize::line(&label.text)).replace(['[', ']', '\\'], "");
        let name = if name.is_empty() { "See here" } else { &cut(&name, MAX_LINK) };
        text.push_str(&format!(" [{name}]({}).", index + 1));
    }
    text
}

fn code_flow(view: &ReportView<'_>, steps: &[Label]) -> s::CodeFlow {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            s::ThreadFlowLocation::builder()
                .location(location(view, step.place, None, Some(&step.text), false))
                .importance(json!("essential"))
                .build()
        })
        .collect();
    s::CodeFlow::builder().thread_flows(vec![s::ThreadFlow::builder().locations(steps).build()]).build()
}

fn fix(view: &ReportView<'_>, fix: &Fix) -> s::Fix {
    let mut changes: BTreeMap<String, Vec<s::Replacement>> = BTreeMap::new();
    for edit in &fix.edits {
        let Some(source) = view.source(edit.place) else { continue };
        let deleted = replaced(source, edit.place);
        let content = s::ArtifactContent::builder().text(edit.text.clone()).build();
        let replacement = s::Replacement::builder().deleted_region(deleted).inserted_content(content).build();
        changes.entry(view.path(edit.place)).or_default().push(replacement);
    }
    let changes: Vec<_> = changes
        .into_iter()
        .map(|(path, replacements)| {
            s::ArtifactChange::builder().artifact_location(artifact(&path)).replacements(replacements).build()
        })
        .collect();
    s::Fix::builder()
        .description(s::Message::builder().text(message_text(&fix.title)).build())
        .artifact_changes(changes)
        .build()
}

fn fingerprints(
    view: &ReportView<'_>,
    finding: &Finding,
    hashes: &mut HashMap<u32, Vec<LineHash>>,
) -> BTreeMap<String, String> {
    let place = finding.primary.place;
    let mut prints = BTreeMap::new();
    if let Some(source) = view.source(place) {
        let lines = hashes.entry(place.file.0).or_insert_with(|| line_hashes(source.text()));
        let line = view.start(place, ColumnUnit::Utf16).line as usize;
        if let Some(hash) = lines.get(line.saturating_sub(1)) {
            prints.insert("primaryLocationLineHash".into(), hash.to_string());
        }
    }
    prints.insert(fingerprint::NAME.into(), identity(finding, &view.path(place)));
    prints
}

/// Numbers results with the same fingerprint, in the order of the file.
pub(crate) fn number_duplicates(results: &mut [s::Result]) {
    let mut ordinals = FingerprintOrdinals::default();
    for result in results {
        if let Some(print) = result.partial_fingerprints.as_mut().and_then(|prints| prints.get_mut(fingerprint::NAME)) {
            *print = ordinals.numbered(print);
        }
    }
}

/// The kinds of notifications; the value is the index in [`NOTIFICATIONS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultKind {
    Undecided,
    Unreadable,
    LeftOut,
    Config,
    Failure,
}

/// The notices of a project, and the problems of its config.
pub(crate) fn notifications(view: &ReportView<'_>) -> Vec<s::Notification> {
    let here = |place| location(view, place, None, None, false);
    let notices = view.report.notices.iter().map(|notice| {
        let kind = if notice.kind == NoticeKind::Undecided { ResultKind::Undecided } else { ResultKind::Unreadable };
        notification(kind, &notice.message, notice.place.map(here))
    });
    let problems = view
        .report
        .problems
        .iter()
        .map(|problem| notification(ResultKind::Config, &problem.message, Some(here(problem.place))));
    notices.chain(problems).collect()
}

pub(crate) fn notification(kind: ResultKind, text: &str, place: Option<s::Location>) -> s::Notification {
    let index = kind as usize;
    let (id, .., action) = NOTIFICATIONS.get(index).copied().unwrap_or_default();
    let descriptor = s::ReportingDescriptorReference::builder().id(id).index(i64::try_from(index).unwrap_or(0)).build();
    let level = match kind {
        ResultKind::Undecided => "note",
        ResultKind::Unreadable | ResultKind::LeftOut | ResultKind::Config => "warning",
        ResultKind::Failure => "error",
    };
    let mut notification = s::Notification::builder()
        .descriptor(descriptor)
        .level(json!(level))
        .message(s::Message::builder().text(format!("{} {action}", message_text(text))).build())
        .build();
    notification.locations = place.map(|place| vec![place]);
    notification
}
