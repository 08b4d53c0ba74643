//! Runs rules over subjects. It is pure: what it says depends on the project, the rules and the day alone.

mod answers;
mod failure;
mod raw;
mod settle;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::engine::answers::FactCache;
use crate::lint::engine::failure::RunFailure;
use crate::lint::engine::raw::{RawFinding, path, raw};
use crate::lint::facts;
use crate::lint::findings::route;
use crate::lint::findings::{Finding, Level, Notice, NoticeKind, Report};
use crate::lint::fix;
use crate::lint::ignores::{self, Ignore};
use crate::lint::rules::set::RuleSet;
use crate::lint::rules::{FactCondition, Quantifier, Rule};
use crate::lint::subjects::{self, Subject, SubjectKind};
use crate::lint::uploads::Upload;
use crate::read::config::Config;
use crate::read::problem::{Problem, suggestion};
use crate::read::project::Project;
use crate::read::source::Place;
use crate::trust::needs::permission_check::{PermissionCheck, permission_checks};
use crate::trust::upload::login;
use crate::trust::upload::step;
use crate::workflow::calls;
use crate::workflow::expression::{Condition as If, ExpressionTemplate, Truth};
use crate::workflow::model::{Grant, Job, Permissions, Step, Text, Workflow};

/// Judges a project. `today` decides which waivers have expired; without it none has.
#[must_use]
pub fn check(project: &Project, rules: &RuleSet, today: Option<Date>) -> Report {
    judge(project, rules, today, false)
}

/// The same; where `with_fixes`, each finding also says what its rule would change.
pub(crate) fn judge(project: &Project, rules: &RuleSet, today: Option<Date>, with_fixes: bool) -> Report {
    let reading = ParsedProject::new(&rules.data.github, project);
    let (analysis, mut problems) = Analysis::new(&rules.data, project, &reading);
    let levels = levels(rules, analysis.config, &mut problems);
    let mut ignores = ignores::collect(project, analysis.config, rules, today, &mut problems);
    let mut enabled_rules: BTreeMap<SubjectKind, Vec<usize>> = BTreeMap::new();
    for (index, (rule, level)) in rules.rules.iter().zip(&levels).enumerate() {
        if *level != Some(None) {
            enabled_rules.entry(rule.kind).or_default().push(index);
        }
    }
    let mut engine = Engine { rules, levels, enabled_rules, with_fixes, raw: Vec::new(), routes: Vec::new() };
    engine.judge(&analysis);
    let findings = engine.merge_findings(&rules.rules);
    let (findings, suppressed) = ignores::apply(project, &mut ignores, findings);
    let routes = route::finish(std::mem::take(&mut engine.routes), &findings);
    let mut report = Report {
        routes,
        findings,
        suppressed,
        baselined: 0,
        notices: notices(&analysis),
        workflows: project.workflows.len(),
        uploads: analysis.uploads.len(),
        problems,
    };
    report.findings.extend(engine.judge_ignores(&analysis, &ignores));
    report.problems.sort_by_key(|problem| problem.place);
    let path = |place: Place| project.source(place.file).map(crate::read::source::SourceFile::path);
    report.findings.sort_by(|left, right| {
        let key = |finding: &Finding| (finding.primary.place.span, finding.code.clone(), finding.message.clone());
        path(left.primary.place).cmp(&path(right.primary.place)).then_with(|| key(left).cmp(&key(right)))
    });
    report
}

/// The level that the config gives to each rule: none for a rule that it does not name, no level for one that it switches off.
fn levels(rules: &RuleSet, config: &Config<'_>, problems: &mut Vec<Problem>) -> Vec<Option<Option<Level>>> {
    let mut levels = vec![None; rules.rules.len()];
    for word in config.select.iter().filter(|word| rules.select(word.value()).is_empty()) {
        let text = format!("no rule is named `{}`{}", word.value(), suggestion(word.value(), rules.words()));
        problems.push(Problem::new(word.place(), text));
    }
    for (name, value) in &config.rules {
        let word = name.value();
        let Some(index) = rules.rules.iter().position(|rule| rule.name == word || rule.code == word) else {
            problems.push(Problem::new(
                name.place(),
                format!("there is no rule `{word}`{}", suggestion(word, rules.words())),
            ));
            continue;
        };
        levels[index] = match value.value() {
            "error" => Some(Some(Level::Error)),
            "warning" => Some(Some(Level::Warning)),
            "note" => Some(Some(Level::Note)),
            "off" => Some(None),
            other => {
                let known = ["error", "warning", "note", "off"];
                problems.push(Problem::new(
                    value.place(),
                    format!("there is no level `{other}`{}", suggestion(other, known)),
                ));
                None
            }
        };
    }
    levels
}

/// What could not be judged.
fn notices(analysis: &Analysis<'_, '_>) -> Vec<Notice> {
    let mut notices: Vec<Notice> = analysis
        .project
        .unreadable
        .iter()
        .map(|file| Notice {
            kind: NoticeKind::Unreadable,
            message: format!("{} could not be read: {}", file.path, file.reason),
            place: None,
        })
        .collect();
    for upload in &analysis.uploads {
        if let Some(reason) = &upload.undecided {
            let job = upload.site.resolved.job.id.value();
            let message = format!("an upload in job `{job}` is not decided by the files: it depends on {reason}");
            notices.push(Notice { kind: NoticeKind::Undecided, message, place: Some(upload.site.resolved.place()) });
        }
    }
    notices
}

struct Engine<'r> {
    rules: &'r RuleSet,
    with_fixes: bool,
    levels: Vec<Option<Option<Level>>>,
    /// By kind, positions of the rules that are not switched off.
    enabled_rules: BTreeMap<SubjectKind, Vec<usize>>,
    raw: Vec<RawFinding>,
    routes: Vec<route::PendingRoute>,
}

impl Engine<'_> {
    fn judge(&mut self, analysis: &Analysis<'_, '_>) {
        let all = Subject::of(analysis);
        let actions = analysis.project.actions.iter().map(|action| &action.document);
        for document in analysis.project.workflows.iter().chain(actions) {
            for problem in subjects::syntax_problems(document.file, document.tree.errors()) {
                self.problem(&all, &problem, "yaml");
            }
        }
        for workflow in analysis.workflows {
            self.workflow(Subject { workflow: Some(workflow), ..all }, workflow);
        }
        for upload in &analysis.uploads {
            self.upload(analysis, upload);
        }
        for publisher in &analysis.publishers {
            self.subject(&Subject { publisher: Some(publisher), ..all }, SubjectKind::Publisher);
        }
        for repeated in &analysis.documents {
            let publisher = analysis.publishers.get(repeated.publisher);
            self.subject(&Subject { document: Some(repeated), publisher, ..all }, SubjectKind::Document);
        }
    }

    fn problem(&mut self, all: &Subject<'_, '_, '_>, problem: &Problem, kind: &'static str) {
        self.subject(&Subject { problem: Some((&problem.message, problem.place, kind)), ..*all }, SubjectKind::Problem);
    }

    fn workflow<'s, 'a, 'p>(&mut self, subject: Subject<'s, 'a, 'p>, workflow: &'a Workflow<'p>) {
        for problem in &workflow.problems {
            self.problem(&subject, problem, "shape");
        }
        self.subject(&subject, SubjectKind::Workflow);
        self.permissions(subject, workflow.permissions.as_ref());
        for job in &workflow.jobs {
            let subject = Subject { job: Some(job), ..subject };
            self.job(subject, workflow, job);
            self.permissions(subject, job.permissions.as_ref());
            self.references(subject, || job_texts(job));
            self.needs(subject, workflow, job);
            for step in &job.steps {
                let subject = Subject { step: Some(step), ..subject };
                self.subject(&subject, SubjectKind::Step);
                self.references(subject, || step_texts(step));
            }
            let steps = step::steps(subject.analysis.checkout, workflow, job);
            for login in &login::logins(&subject.analysis.data.registries, &steps) {
                let step = login.resolved.step;
                self.subject(&Subject { login: Some(login), step, ..subject }, SubjectKind::Login);
            }
        }
    }

    /// A job as itself, or as the calls that it makes: one for every scope that the called workflow asks for.
    fn job<'p>(&mut self, subject: Subject<'_, '_, 'p>, workflow: &Workflow<'p>, job: &Job<'p>) {
        if job.uses.is_none() {
            return self.subject(&subject, SubjectKind::Job);
        }
        self.subject(&subject, SubjectKind::Call);
        let analysis = subject.analysis;
        for request in &calls::requests(&analysis.data.github, analysis.checkout, workflow, job) {
            self.subject(&Subject { request: Some(request), ..subject }, SubjectKind::Call);
        }
    }

    /// What the steps of a job ask for.
    fn needs<'a, 'p>(&mut self, subject: Subject<'_, 'a, 'p>, workflow: &'a Workflow<'p>, job: &'a Job<'p>) {
        let Analysis { data, checkout, .. } = subject.analysis;
        let wanted = |check: &PermissionCheck<'a, 'p>| {
            let subject = Subject { need: Some(check), ..subject };
            self.rule_applies(&subject, SubjectKind::Need)
        };
        let found = permission_checks(&data.needs, &data.github, checkout, workflow, job, wanted);
        for check in &found {
            let step = check.requester.resolved.step;
            self.subject(&Subject { need: Some(check), step, ..subject }, SubjectKind::Need);
        }
    }

    fn permissions(&mut self, subject: Subject<'_, '_, '_>, block: Option<&Permissions<'_>>) {
        if let Some(Permissions { grant: Grant::Scopes(entries), .. }) = block {
            for pair in entries {
                // The entry outlives its subject only as a copy.
                let mut subject: Subject<'_, '_, '_> = subject;
                subject.permission = None;
                let subject = with_permission(subject, *pair);
                self.subject(&subject, SubjectKind::Permission);
            }
        }
    }

    fn references<'p>(&mut self, subject: Subject<'_, '_, 'p>, texts: impl FnOnce() -> Vec<(Text<'p>, bool)>) {
        if !self.rule_applies(&subject, SubjectKind::Reference) {
            return;
        }
        for (text, condition) in texts() {
            let references = if condition {
                If::parse(text.value()).map(|parsed| parsed.references())
            } else {
                ExpressionTemplate::parse(text.value()).map(|parsed| parsed.references())
            };
            for reference in references.unwrap_or_default() {
                self.subject(&Subject { reference: Some((&reference, text)), ..subject }, SubjectKind::Reference);
            }
        }
    }

    /// Judges a publication run by run, then says which rules failed in some or in all of them.
    fn upload<'a, 'p>(&mut self, analysis: &Analysis<'a, 'p>, upload: &Upload<'a, 'p>) {
        let total = upload.runs.len();
        if total == 0 {
            // Only what holds for all runs together can be said of an upload that none reaches.
            let resolved = &upload.site.resolved;
            let subject = Subject {
                workflow: Some(resolved.workflow),
                job: Some(resolved.job),
                step: resolved.step,
                upload: Some(upload),
                ..Subject::of(analysis)
            };
            return self.subject(&subject, SubjectKind::Upload);
        }
        let mut failures: Vec<RunFailure> = Vec::new();
        for upload_run in &upload.runs {
            let (found, route) = analysis.with_upload_run(upload, upload_run, |subject| {
                let mut found = self.evaluate(subject, SubjectKind::Upload);
                found.iter_mut().for_each(|raw| raw.finding.steps = path(subject, upload_run.run()));
                let fired = found.iter().map(|raw| raw.finding.name.clone()).collect();
                (found, route::pending(subject, upload_run, fired))
            });
            self.routes.extend(route);
            let known = upload_run.reach == Truth::Yes;
            for raw in found {
                match failures.iter_mut().find(|failure| failure.is(&raw)) {
                    Some(failure) => failure.also(upload_run.when(), known),
                    None => failures.push(RunFailure { runs: vec![upload_run.when()], times: 1, known, raw }),
                }
            }
        }
        for failure in &failures {
            let same_fact = failures.iter().filter(|other| {
                other.raw.rule == failure.raw.rule && other.raw.finding.fact == failure.raw.finding.fact
            });
            let every = same_fact.map(|other| other.times).sum::<usize>() >= total && upload.cut.is_none();
            let wanted = self.rules.rules[failure.raw.rule].runs == Quantifier::Some || every;
            // A run that may not come here proves nothing, unless no run could do better.
            if wanted && (failure.known || every) {
                let all_runs = failure.times >= total;
                self.raw.push(failure.finished(every, all_runs));
            }
        }
    }

    fn subject(&mut self, subject: &Subject<'_, '_, '_>, kind: SubjectKind) {
        let found = self.evaluate(subject, kind);
        self.raw.extend(found);
    }

    /// The rules for a kind that are not switched off.
    fn rules_for(&self, kind: SubjectKind) -> impl Iterator<Item = (usize, &Rule)> {
        let positions = self.enabled_rules.get(&kind).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|index| Some((*index, self.rules.rules.get(*index)?)))
    }

    /// Whether some rule for a kind can speak of anything in a job, by what it asks of the job itself and of a scope's name.
    fn rule_applies(&self, subject: &Subject<'_, '_, '_>, kind: SubjectKind) -> bool {
        let of_job = |condition: &&FactCondition| {
            let spec = condition.fact.spec();
            spec.kinds.contains(&SubjectKind::Job) || facts::need::UNWEIGHED.contains(&spec.name)
        };
        let mut facts = FactCache::new(subject);
        self.rules_for(kind).any(|(_, rule)| facts.all_hold(rule.when.iter().filter(of_job)))
    }

    /// What the rules for a kind say of one subject.
    fn evaluate(&self, subject: &Subject<'_, '_, '_>, kind: SubjectKind) -> Vec<RawFinding> {
        let mut found = Vec::new();
        let mut facts = FactCache::new(subject);
        for (index, rule) in self.rules_for(kind) {
            if !facts.all_hold(&rule.when) {
                continue;
            }
            for condition in &rule.require {
                let fact = facts.ask(&condition.fact);
                if condition.holds(fact) == Truth::No
                    && let Some(mut raw) = raw(index, rule, condition, fact, subject)
                {
                    if self.with_fixes {
                        raw.finding.untested_fixes =
                            rule.fixes.iter().filter_map(|template| fix::fill_in(template, subject)).collect();
                    }
                    found.push(raw);
                }
            }
        }
        found
    }

    /// Waivers come last: what they did is known only when all else is said.
    fn judge_ignores(&mut self, analysis: &Analysis<'_, '_>, ignores: &[Ignore]) -> Vec<Finding> {
        for ignore in ignores {
            // A rule that is switched off leaves its waivers alone.
            let off = self
                .rules
                .rules
                .iter()
                .position(|rule| rule.name == ignore.rule)
                .is_some_and(|index| self.levels[index] == Some(None));
            if !off {
                let subject = Subject { ignore: Some(ignore), ..Subject::of(analysis) };
                self.subject(&subject, SubjectKind::Ignore);
            }
        }
        let rules = &self.rules.rules;
        self.merge_findings(rules)
    }
}

fn with_permission<'s, 'a, 'p>(
    subject: Subject<'s, 'a, 'p>,
    pair: crate::workflow::model::Pair<'p>,
) -> Subject<'s, 'a, 'p> {
    Subject { permission: Some(pair), ..subject }
}

/// A job's own texts that may hold expressions; whether each is a condition.
fn job_texts<'p>(job: &Job<'p>) -> Vec<(Text<'p>, bool)> {
    let environment = job.environment.into_iter().flat_map(|it| [Some(it.name), it.url]).flatten();
    let pairs = job.env.entries.iter().chain(&job.with.entries).map(|pair| pair.value);
    let runner = job.runs_on.iter().flatten().copied();
    let texts = environment.chain(pairs).chain(runner).map(|text| (text, false));
    texts.chain(job.condition.map(|condition| (condition, true))).collect()
}

fn step_texts<'p>(step: &Step<'p>) -> Vec<(Text<'p>, bool)> {
    let pairs = step.env.entries.iter().chain(&step.with.entries).map(|pair| pair.value);
    let texts = pairs.chain(step.run).chain(step.name).map(|text| (text, false));
    texts.chain(step.condition.map(|condition| (condition, true))).collect()
}
