//! Runs the examples of rules, registries and needs as tests, for `cargo test` and for `trustpub rules test`.

use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::engine::check;
use crate::lint::findings::{Finding, Level};
use crate::lint::fix::apply::apply_fixes;
use crate::lint::rules::set::RuleSet;
use crate::lint::rules::{Rule, RuleExample};
use crate::read::files::MemoryFiles;
use crate::read::project::{CONFIGS, Project, WORKFLOWS};
use crate::trust::needs::NeedEntry;
use crate::trust::needs::permission_check::{PermissionStatus, of_entry};
use crate::trust::registry::{Registry, RegistryExamples};
use crate::trust::upload::site::UploadTarget;

/// The path of an example's workflow, if the example names no other.
pub const WORKFLOW: &str = ".github/workflows/release.yml";

/// A marker in an example: a finding must start on its line and contain its text.
struct ExampleMarker {
    path: String,
    line: u32,
    text: String,
}

/// Tests one example of a rule.
///
/// # Errors
/// Each missing and each unexpected finding, one line each.
pub fn test(rules: &RuleSet, rule: &Rule, example: &RuleExample) -> Result<(), Vec<String>> {
    let mut files = MemoryFiles::default();
    let mut marks = Vec::new();
    let mut texts: Vec<(String, &str)> =
        example.files.iter().map(|(path, text)| (path.clone(), text.as_str())).collect();
    if !example.text.trim().is_empty() {
        texts.push((WORKFLOW.to_owned(), &example.text));
    }
    if let Some(config) = &example.config {
        texts.push((CONFIGS[0].to_owned(), config));
    }
    for (path, text) in texts {
        let (plain, found) = split_markers(&path, text);
        marks.extend(found);
        files.insert(path, plain);
    }
    let project = rules.read(&files);
    let report = check(&project, rules, None);
    let mut complaints: Vec<String> =
        report.problems.iter().map(|problem| format!("the config is wrong: {}", problem.message)).collect();
    let relevant = |finding: &&Finding| {
        let own = finding.name == rule.name;
        own || !rule.own && finding.level >= Level::Warning
    };
    let findings: Vec<&Finding> = report.findings.iter().filter(relevant).collect();
    complaints.extend(compare(&project, &findings, &marks));
    if example.bad && marks.is_empty() {
        complaints.push("a bad example marks the line of its finding with `# <- text`".into());
    }
    if !example.bad && !marks.is_empty() {
        complaints.push("a good example has no marks".into());
    }
    if example.bad && !findings.iter().any(|finding| finding.name == rule.name) {
        complaints.push(format!("the rule `{}` reports nothing in this bad example", rule.name));
    }
    complaints.extend(fixes(&project, rules, rule, example));
    let workflows = project.workflows.len();
    if workflows == 0 && !example.files.iter().any(|(path, _)| path.starts_with(WORKFLOWS)) {
        complaints.push("the example has no workflow".into());
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// Problems of the rule's fixes in an example: applying them must leave no finding with a fix, and must give the text of `fixed`.
fn fixes(project: &Project, rules: &RuleSet, rule: &Rule, example: &RuleExample) -> Vec<String> {
    if !example.bad || rule.fixes.is_empty() {
        return example.fixed.iter().map(|_| "`fixed` shows what a fix does, but there is none".to_owned()).collect();
    }
    let applied = apply_fixes(project, rules, None, |_, finding, _| finding.name == rule.name);
    let open = |finding: &&Finding| finding.name == rule.name && !finding.fixes.is_empty();
    let left = applied.report.findings.iter().filter(open);
    let mut complaints: Vec<String> = left.map(|finding| format!("the fix leaves this: {}", finding.message)).collect();
    let Some(fixed) = &example.fixed else { return complaints };
    let pairs = project.files.iter().zip(&applied.project.files);
    let changed: Vec<&str> = pairs.filter(|(old, new)| old.text() != new.text()).map(|(_, new)| new.text()).collect();
    match changed.as_slice() {
        [text] if text == fixed => {}
        [text] => complaints.push(format!("the fix gives another text than `fixed`:\n{text}")),
        [] if *fixed == split_markers("", &example.text).0 => {}
        [] => complaints.push("no fix is offered, but `fixed` shows one".to_owned()),
        _ => complaints.push("the fix changes several files; `fixed` shows one".to_owned()),
    }
    complaints
}

fn compare(project: &Project, findings: &[&Finding], marks: &[ExampleMarker]) -> Vec<String> {
    let mut open: Vec<&ExampleMarker> = marks.iter().collect();
    let mut complaints = Vec::new();
    for finding in findings {
        let place = finding.primary.place;
        let Some(source) = project.source(place.file) else { continue };
        let line = source.line_at(place.span.start);
        let hit = open
            .iter()
            .position(|mark| mark.path == source.path() && mark.line == line && finding.message.contains(&mark.text));
        match hit {
            Some(index) => {
                open.remove(index);
            }
            None => complaints.push(format!(
                "not expected: {}:{line}: {} [{}]",
                source.path(),
                finding.message,
                finding.name
            )),
        }
    }
    complaints.extend(open.into_iter().map(|mark| format!("missing: {}:{}: {}", mark.path, mark.line, mark.text)));
    complaints
}

/// The text without its markers, and the markers. A line may have several, each after its own `# <- `.
fn split_markers(path: &str, text: &str) -> (String, Vec<ExampleMarker>) {
    let mut plain = String::new();
    let mut marks = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut parts = line.split("# <- ");
        plain.push_str(parts.next().unwrap_or_default().trim_end());
        plain.push('\n');
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        marks.extend(parts.map(|text| ExampleMarker { path: path.to_owned(), line, text: text.trim().to_owned() }));
    }
    (plain, marks)
}

/// Tests a registry's examples: every step that uploads is found, no other step is.
///
/// # Errors
/// Every step that is mistaken.
pub fn registry(rules: &RuleSet, registry: &Registry, examples: &RegistryExamples) -> Result<(), Vec<String>> {
    let mut complaints = Vec::new();
    let described = !registry.uploads.is_empty() || registry.like.is_some();
    if described && (examples.uploads.is_empty() || examples.others.is_empty()) {
        complaints.push(
            "the file has no `examples` of uploads and of steps that only look like one; they are its tests".into(),
        );
    }
    for (steps, wanted) in [(&examples.uploads, true), (&examples.others, false)] {
        for step in steps {
            let json = serde_json::to_string(step).unwrap_or_default();
            let workflow =
                format!("on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n      - {json}\n");
            let mut files = MemoryFiles::default();
            files.insert(WORKFLOW, workflow);
            let found = upload_targets(rules, &rules.read(&files));
            let others: Vec<&str> = found.iter().filter(|id| **id != registry.id).map(String::as_str).collect();
            match (wanted, found.contains(&registry.id)) {
                (true, false) if !others.is_empty() => {
                    complaints.push(format!(
                        "{json} uploads to `{}`, not to `{}`",
                        others.join("` and `"),
                        registry.id
                    ));
                }
                (true, false) => complaints.push(format!("{json} is not found to upload to {}", registry.name)),
                (false, true) => complaints.push(format!("{json} is taken for an upload to {}", registry.name)),
                _ => {}
            }
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// Tests the examples of one action, called workflow or command: each bad one lacks a permission, no good one does, and every need is
/// missing in some bad one.
///
/// # Errors
/// Every example that fails, and every need that no bad example lacks.
pub fn need(rules: &RuleSet, entry: &NeedEntry) -> Result<(), Vec<String>> {
    let mut complaints = Vec::new();
    let mut shown = vec![false; entry.needs.len()];
    let mut found = entry.examples.is_empty();
    for example in &entry.examples {
        let statuses = job_of(rules, entry, &example.text);
        let missing: Vec<bool> = statuses.iter().flatten().map(|status| *status > PermissionStatus::Unknown).collect();
        let text = example.text.trim_end();
        found |= statuses.is_some() && !example.bad;
        match (statuses, example.bad, missing.contains(&true)) {
            (None, true, _) => complaints.push(format!("`{}` is not found in this bad example:\n{text}", entry.name())),
            (_, true, false) => complaints.push(format!("nothing is missing in this bad example:\n{text}")),
            (_, false, true) => complaints.push(format!("something is missing in this good example:\n{text}")),
            _ => {}
        }
        shown.iter_mut().zip(missing).for_each(|(shown, missing)| *shown |= missing && example.bad);
    }
    if !found {
        complaints.push(format!("`{}` is found in no good example", entry.name()));
    }
    for (need, _) in entry.needs.iter().zip(&shown).filter(|(need, shown)| !**shown && !need.optional) {
        complaints.push(format!("no bad example lacks `{}: {}`", need.scope, need.access.word()));
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// The status of an entry's needs in an example, which is a job without its `runs-on`, or a whole workflow.
fn job_of(rules: &RuleSet, entry: &NeedEntry, text: &str) -> Option<Vec<PermissionStatus>> {
    let head = |key: &str| text.lines().any(|line| line.starts_with(key));
    let workflow = if head("jobs:") {
        text.to_owned()
    } else {
        let runner = if head("uses:") { "" } else { "    runs-on: ubuntu-latest\n" };
        let body: String = text.lines().map(|line| format!("    {line}\n")).collect();
        format!("on: push\njobs:\n  example:\n{runner}{body}")
    };
    let mut files = MemoryFiles::default();
    files.insert(WORKFLOW, workflow);
    let project = Project::load(&files, None);
    let reading = ParsedProject::new(&rules.data.github, &project);
    let data = &rules.data;
    let of_job = |workflow, job| of_entry(&data.needs, &data.github, &reading.checkout, workflow, job, entry);
    let workflows = &reading.checkout.workflows;
    workflows.iter().find_map(|workflow| workflow.jobs.iter().find_map(|job| of_job(workflow, job)))
}

/// The ids of the registries that the runs of a project upload to.
fn upload_targets(rules: &RuleSet, project: &Project) -> Vec<String> {
    let reading = ParsedProject::new(&rules.data.github, project);
    let registries = &rules.data.registries;
    let (analysis, _) = Analysis::new(&rules.data, project, &reading);
    let mut found: Vec<String> = Vec::new();
    for upload in &analysis.uploads {
        for upload_run in upload.runs.iter() {
            let target = upload.site.target(&rules.data.github, registries, &upload.context(upload_run));
            if let UploadTarget::Registry(registry, _) = target
                && !found.contains(&registry.id)
            {
                found.push(registry.id.clone());
            }
        }
    }
    found
}
