//! Evaluates rules for subjects. The result depends only on the project, the rules and the date.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::lint::analysis::{Analysis, ParsedProject};
use crate::lint::facts::{self, Fact, FactName};
use crate::lint::findings::merge::{self, RawFinding};
use crate::lint::findings::{Finding, Level, Notice, NoticeKind, Report, Suppressed, UploadCount, route};
use crate::lint::fix;
use crate::lint::ignores::{self, Ignore};
use crate::lint::recheck::{RepositoryContext, WorkflowFindings, unaffected};
use crate::lint::rules::set::RuleSet;
use crate::lint::rules::{FactCondition, Rule};
use crate::lint::subjects::{self, Item, Subject, SubjectKind, Visitor};
use crate::lint::uploads::{Unknown, Upload};
use crate::lint::verdict::{self, FiredRules, RunErrors};
use crate::read::config::Config;
use crate::read::problem::{Problem, suggestion};
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile};
use crate::trust::needs::permission_check::PermissionStatus;
use crate::workflow::expression::Truth;

/// Checks a project. `today` decides which ignores have expired; without it none has.
#[must_use]
pub fn check(project: &Project, rules: &RuleSet, today: Option<Date>) -> Report {
    check_project(project, rules, today, CheckMode::Findings)
}

/// What a check is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckMode<'n> {
    /// All findings.
    Findings,
    /// All findings, each with the changes of its rule's fix templates.
    WithFixes,
    /// The test of a fix: the findings of the named rule, and those of other rules that may be above note, or to which such a rule yields.
    FixTest(&'n str),
}

/// Checks a project for a purpose.
pub(crate) fn check_project(project: &Project, rules: &RuleSet, today: Option<Date>, mode: CheckMode<'_>) -> Report {
    let parsed = ParsedProject::new(&rules.data.github, project);
    let (analysis, problems) = Analysis::new(&rules.data, project, &parsed);
    report(analysis, problems, rules, (today, mode), None).0
}

/// Checks a project and adds the untested fixes of its findings. Returns the project with the scripts that were parsed for the check.
pub(crate) fn check_for_fixes(project: &Project, rules: &RuleSet, today: Option<Date>) -> (Report, Project) {
    let parsed = ParsedProject::new(&rules.data.github, project);
    let (analysis, problems) = Analysis::new(&rules.data, project, &parsed);
    let (report, _) = report(analysis, problems, rules, (today, CheckMode::WithFixes), None);
    let scripts = project.scripts.with_parsed(parsed.checkout.parsed_scripts());
    (report, Project { scripts: Arc::new(scripts), ..project.clone() })
}

/// Checks a project again after a change, with the same rules and date. `earlier` is its last state, with what was found then: the rules
/// are evaluated only for the workflows that the change can affect, and for uploads, publishers and documents.
pub(crate) fn check_again(
    project: &Project,
    rules: &RuleSet,
    today: Option<Date>,
    earlier: Option<(&Project, &WorkflowFindings)>,
) -> (Report, WorkflowFindings) {
    let parsed = ParsedProject::new(&rules.data.github, project);
    let (analysis, problems) = Analysis::new(&rules.data, project, &parsed);
    let context = RepositoryContext::of(&analysis);
    let known = earlier.filter(|(_, found)| found.context == context).map_or_else(HashMap::new, |(before, found)| {
        let mut known: HashMap<FileId, Vec<RawFinding>> =
            unaffected(before, project).into_iter().map(|file| (file, Vec::new())).collect();
        for raw in &found.list {
            if let Some(list) = raw.workflow().and_then(|file| known.get_mut(&file)) {
                list.push(raw.clone());
            }
        }
        known
    });
    let (report, list) = report(analysis, problems, rules, (today, CheckMode::Findings), Some(known));
    (report, WorkflowFindings { context, list })
}

/// Evaluates the rules. `known` are the findings in workflows that need not be visited; if it is given, the findings of all workflows are
/// returned too.
fn report(
    mut analysis: Analysis<'_, '_>,
    mut problems: Vec<Problem>,
    rules: &RuleSet,
    (today, mode): (Option<Date>, CheckMode<'_>),
    known: Option<HashMap<FileId, Vec<RawFinding>>>,
) -> (Report, Vec<RawFinding>) {
    let project = analysis.project;
    analysis.today = today;
    let Evaluation { mut engine, ignores, mut findings, suppressed, errors, of_workflows } =
        evaluate(&analysis, rules, mode, known, &mut problems);
    let routes = route::routes(&analysis, &errors);
    let notices = notices(&analysis, &errors);
    let undeclared = analysis.uploads.iter().filter(|upload| verdict::is_undeclared(&analysis, upload)).count();
    engine.check_ignores(&analysis, &ignores);
    findings.extend(engine.take_findings());
    let path = |finding: &Finding| project.source(finding.primary.place.file).map(SourceFile::path);
    findings.sort_by(|left, right| {
        let key = |finding: &Finding| finding.primary.place.span;
        let text = |left: &Finding, right: &Finding| (&left.code, &left.message).cmp(&(&right.code, &right.message));
        (path(left), key(left)).cmp(&(path(right), key(right))).then_with(|| text(left, right))
    });
    problems.sort_by_key(|problem| problem.place);
    let report = Report {
        routes,
        findings,
        suppressed,
        baselined: 0,
        notices,
        workflows: project.workflows.len(),
        uploads: analysis.uploads.len(),
        undeclared,
        declared: analysis
            .uploads
            .iter()
            .filter(|upload| upload.runs.iter().any(|run| run.publisher.is_some()))
            .count(),
        other_remote: analysis.other_remote(),
        by_hand: Vec::new(),
        by_workflow: upload_counts(&analysis),
        problems,
    };
    (report, of_workflows)
}

/// What all rules found in a project, except those about ignores.
struct Evaluation<'r> {
    engine: Engine<'r>,
    ignores: Vec<Ignore>,
    /// The findings that no ignore hides.
    findings: Vec<Finding>,
    suppressed: Vec<Suppressed>,
    errors: RunErrors,
    /// What was found in workflows, before it was merged, if a later check may take it over.
    of_workflows: Vec<RawFinding>,
}

fn evaluate<'r>(
    analysis: &Analysis<'_, '_>,
    rules: &'r RuleSet,
    mode: CheckMode<'_>,
    known: Option<HashMap<FileId, Vec<RawFinding>>>,
    problems: &mut Vec<Problem>,
) -> Evaluation<'r> {
    let Analysis { project, config, today, .. } = analysis;
    let levels = levels(rules, config, problems);
    let mut ignores = ignores::collect(project, config, rules, *today, problems);
    let mut engine = Engine::new(rules, levels, mode);
    let is_kept = known.is_some();
    engine.known = known.unwrap_or_default();
    subjects::visit_all(analysis, &mut engine);
    let of_workflows = engine.found.iter().filter(|raw| is_kept && raw.workflow().is_some()).cloned().collect();
    let findings = engine.take_findings();
    let (findings, suppressed) = ignores::apply(project, &mut ignores, findings);
    let errors = RunErrors::new(analysis, &engine.fired, &findings);
    Evaluation { engine, ignores, findings, suppressed, errors, of_workflows }
}

/// The errors that rules report for the runs of uploads, after ignores.
pub(crate) fn run_errors(analysis: &Analysis<'_, '_>, rules: &RuleSet) -> RunErrors {
    evaluate(analysis, rules, CheckMode::Findings, None, &mut Vec::new()).errors
}

/// The numbers of uploads by workflow.
fn upload_counts(analysis: &Analysis<'_, '_>) -> BTreeMap<FileId, UploadCount> {
    let mut counts: BTreeMap<FileId, UploadCount> = BTreeMap::new();
    for upload in &analysis.uploads {
        let count = counts.entry(upload.site.resolved.workflow.file).or_default();
        count.all += 1;
        count.runs += upload.runs.len();
        count.unknown_targets += usize::from(upload.unknown_target.is_some());
    }
    counts
}

/// The level that the config gives to each rule: `None` for a rule that it does not name, `Some(None)` for one that it switches off.
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

/// What could not be read or decided.
fn notices(analysis: &Analysis<'_, '_>, errors: &RunErrors) -> Vec<Notice> {
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
    notices.extend(analysis.cut.iter().map(|cut| Notice {
        kind: NoticeKind::Undecided,
        message: cut.reason.clone(),
        place: Some(cut.place),
    }));
    for upload in &analysis.uploads {
        if let Some(Unknown { reason, place }) = verdict::undecided(analysis, upload, errors) {
            let job = upload.site.resolved.job.id.value();
            let message = format!("the upload in job `{job}` is undecided: it depends on {reason}");
            notices.push(Notice { kind: NoticeKind::Undecided, message, place: Some(place) });
        }
    }
    notices
}

/// The kinds of subjects that are only inside a job.
const INSIDE_JOB: [SubjectKind; 4] = [SubjectKind::Step, SubjectKind::Reference, SubjectKind::Login, SubjectKind::Need];

/// The positions of rules, by the kind of their subjects.
#[derive(Debug, Default)]
struct RulesByKind([Vec<usize>; SubjectKind::WORDS.len()]);

impl RulesByKind {
    fn of(&self, kind: SubjectKind) -> &[usize] {
        &self.0[kind as usize]
    }

    const fn of_mut(&mut self, kind: SubjectKind) -> &mut Vec<usize> {
        &mut self.0[kind as usize]
    }
}

struct Engine<'r> {
    rules: &'r RuleSet,
    with_fixes: bool,
    levels: Vec<Option<Option<Level>>>,
    /// The rules that are evaluated.
    enabled_rules: RulesByKind,
    /// The same for subjects inside a job, without the rules whose conditions do not hold for the entered job.
    in_job: RulesByKind,
    found: Vec<RawFinding>,
    /// The findings in the runs of the visited upload. Many are equal, so that they are merged before the next upload.
    found_in_runs: Vec<RawFinding>,
    fired: FiredRules,
    /// The findings in workflows that need not be visited.
    known: HashMap<FileId, Vec<RawFinding>>,
    /// The memory for the facts of the visited subject; empty between two subjects.
    facts: KnownFacts<'r>,
}

impl Visitor for Engine<'_> {
    /// Selects the rules whose conditions on the job hold, which are the same for all subjects inside it.
    fn enters_job(&mut self, job: &Subject<'_, '_, '_>) {
        let mut facts = FactCache { subject: job, known: std::mem::take(&mut self.facts) };
        for kind in INSIDE_JOB {
            let holds = |index: &&usize| {
                let rule = self.rules.rules.get(**index);
                rule.is_some_and(|rule| facts.all_hold(rule.when.iter().filter(|condition| condition.fact.is_of_job())))
            };
            let selected = self.in_job.of_mut(kind);
            selected.clear();
            selected.extend(self.enabled_rules.of(kind).iter().filter(holds));
        }
        self.facts = facts.known;
        self.facts.clear();
    }

    fn wants(&self, kind: SubjectKind) -> bool {
        self.rules_for(kind).next().is_some()
    }

    fn wants_need(&self, need: &Subject<'_, '_, '_>) -> bool {
        let is_early =
            |condition: &&FactCondition| facts::need::BEFORE_COMPARISON.contains(&condition.fact.spec().name);
        let mut facts = FactCache::new(need);
        self.rules_for(SubjectKind::Need).any(|(_, rule)| facts.all_hold(rule.when.iter().filter(is_early)))
    }

    fn reports(&self, status: PermissionStatus) -> bool {
        let mut requirements = self.rules_for(SubjectKind::Need).flat_map(|(_, rule)| &rule.require);
        requirements.any(|condition| {
            condition.fact.as_str() != facts::need::STATUS
                || status.word().is_some_and(|word| condition.test.passes(Some(word)) == Truth::No)
        })
    }

    fn enters(&mut self, workflow: FileId) -> bool {
        let known = self.known.remove(&workflow);
        let is_unknown = known.is_none();
        self.found.extend(known.into_iter().flatten());
        is_unknown
    }

    fn visit(&mut self, subject: &Subject<'_, '_, '_>) {
        let known = std::mem::take(&mut self.facts);
        let mut facts = FactCache { subject, known };
        let found = self.evaluate(&mut facts);
        self.facts = facts.known;
        self.facts.clear();
        if let (Item::Upload(upload, Some(view)), false) = (subject.item, found.is_empty()) {
            let names = found.iter().map(|raw| raw.finding.name.clone());
            self.fired.insert((upload.index, view.run.position), names.collect());
        }
        match subject.item {
            Item::Upload(_, Some(_)) => self.found_in_runs.extend(found),
            _ => self.found.extend(found),
        }
    }

    fn leaves(&mut self, upload: &Upload<'_, '_>) {
        let found = std::mem::take(&mut self.found_in_runs);
        self.found.extend(merge::merge_runs(found, &self.rules.rules, upload));
    }
}

impl<'r> Engine<'r> {
    fn new(rules: &'r RuleSet, levels: Vec<Option<Option<Level>>>, mode: CheckMode<'_>) -> Self {
        let is_loud = |(rule, level): (&Rule, &Option<Option<Level>>)| match level {
            Some(level) => *level > Some(Level::Note),
            None => rule.levels.highest() > Level::Note,
        };
        let causes: HashSet<&str> = match mode {
            CheckMode::FixTest(_) => {
                let loud = rules.rules.iter().zip(&levels).filter(|one| is_loud(*one));
                loud.flat_map(|(rule, _)| &rule.yields_to).map(String::as_str).collect()
            }
            CheckMode::Findings | CheckMode::WithFixes => HashSet::new(),
        };
        let is_needed = |rule: &Rule, level: &Option<Option<Level>>| match (level, mode) {
            (Some(None), _) => false,
            (_, CheckMode::FixTest(tested)) => {
                rule.name == tested || is_loud((rule, level)) || causes.contains(rule.name.as_str())
            }
            (_, CheckMode::Findings | CheckMode::WithFixes) => true,
        };
        let mut enabled_rules = RulesByKind::default();
        for (index, (rule, level)) in rules.rules.iter().zip(&levels).enumerate() {
            if is_needed(rule, level) {
                enabled_rules.of_mut(rule.kind).push(index);
            }
        }
        let with_fixes = mode == CheckMode::WithFixes;
        Self {
            rules,
            with_fixes,
            levels,
            enabled_rules,
            in_job: RulesByKind::default(),
            found: Vec::new(),
            found_in_runs: Vec::new(),
            fired: FiredRules::new(),
            known: HashMap::new(),
            facts: KnownFacts::new(),
        }
    }

    fn rules_for(&self, kind: SubjectKind) -> impl Iterator<Item = (usize, &'r Rule)> {
        let rules = &self.rules.rules;
        let of_kind = if INSIDE_JOB.contains(&kind) { &self.in_job } else { &self.enabled_rules };
        of_kind.of(kind).iter().filter_map(|index| Some((*index, rules.get(*index)?)))
    }

    /// The findings of all enabled rules for one subject.
    fn evaluate(&self, facts: &mut FactCache<'r, '_, '_, '_>) -> Vec<RawFinding> {
        let subject = facts.subject;
        let kind = subject.kind();
        // `enters_job` has selected the rules whose conditions on the job hold, so these are not tested again.
        let is_inside = INSIDE_JOB.contains(&kind);
        let is_untested = |condition: &&FactCondition| !is_inside || !condition.fact.is_of_job();
        let mut found = Vec::new();
        for (index, rule) in self.rules_for(kind) {
            if !facts.all_hold(rule.when.iter().filter(is_untested)) {
                continue;
            }
            for (requirement, condition) in rule.require.iter().enumerate() {
                let fact = facts.get(&condition.fact);
                if condition.holds(fact) == Some(false)
                    && let Some(mut raw) = RawFinding::new((index, rule), (requirement, condition), fact, subject)
                {
                    if self.with_fixes {
                        let fixes = rule.fixes.iter().filter_map(|template| fix::fill_in(template, subject));
                        raw.finding.untested_fixes = fixes.collect();
                        raw.finding.by_hand = rule.by_hand.iter().filter_map(|step| step.fill_in(subject)).collect();
                    }
                    found.push(raw);
                }
            }
        }
        found
    }

    /// Checks the ignores, once it is known which of them hide a finding. Ignores of a rule that is switched off are skipped.
    fn check_ignores(&mut self, analysis: &Analysis<'_, '_>, ignores: &[Ignore]) {
        for ignore in ignores {
            let rule = self.rules.rules.iter().position(|rule| rule.name == ignore.rule);
            if rule.is_none_or(|index| self.levels[index] != Some(None)) {
                self.visit(&Subject::new(analysis, Item::Ignore(ignore)));
            }
        }
    }

    /// Merges what was found so far into findings with their levels.
    fn take_findings(&mut self) -> Vec<Finding> {
        merge::merge_findings(&std::mem::take(&mut self.found), &self.rules.rules, &self.levels)
    }
}

/// The facts of one subject, each looked up once however many rules use it.
struct FactCache<'r, 's, 'a, 'p> {
    subject: &'s Subject<'s, 'a, 'p>,
    known: KnownFacts<'r>,
}

/// The facts that are known of a subject.
#[derive(Default)]
struct KnownFacts<'r> {
    list: Vec<(&'r FactName, Fact)>,
    /// For each row of the table of facts, the position in `list` after that of the last fact with this row; 0 if there is none.
    by_row: Vec<u16>,
}

impl<'r> KnownFacts<'r> {
    fn new() -> Self {
        Self { list: Vec::new(), by_row: vec![0; facts::count()] }
    }

    fn position(&self, name: &FactName) -> Option<usize> {
        let last = usize::from(self.by_row.get(name.row())?.checked_sub(1)?);
        let is_known = |position: &usize| self.list[*position].0.is_same(name);
        // Facts of one group, such as `claim.ref` and `claim.sub`, have the same row.
        Some(last).filter(is_known).or_else(|| (0..last).find(is_known))
    }

    fn add(&mut self, name: &'r FactName, fact: Fact) -> usize {
        self.list.push((name, fact));
        if let Some(last) = self.by_row.get_mut(name.row()) {
            *last = u16::try_from(self.list.len()).unwrap_or(0);
        }
        self.list.len() - 1
    }

    fn clear(&mut self) {
        for (name, _) in &self.list {
            if let Some(last) = self.by_row.get_mut(name.row()) {
                *last = 0;
            }
        }
        self.list.clear();
    }
}

impl<'r, 's, 'a, 'p> FactCache<'r, 's, 'a, 'p> {
    fn new(subject: &'s Subject<'s, 'a, 'p>) -> Self {
        Self { subject, known: KnownFacts::new() }
    }

    fn get(&mut self, name: &'r FactName) -> &Fact {
        let position = self.known.position(name);
        let position = position.unwrap_or_else(|| self.known.add(name, name.ask(self.subject)));
        &self.known.list[position].1
    }

    /// Whether all conditions hold; stops at the first that does not.
    fn all_hold(&mut self, conditions: impl IntoIterator<Item = &'r FactCondition>) -> bool {
        conditions.into_iter().all(|condition| condition.holds(self.get(&condition.fact)) == Some(true))
    }
}
