//! Jobs without a recognised upload that may upload through a program or action that no data describes.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::read::script::named_tasks;
use crate::read::shell::{ShellCommand, ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::needs::{NeedEntry, Needs, oidc};
use crate::trust::registry::command::{find_command, is_command, names, words};
use crate::trust::registry::slot::reads;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::registry::vocabulary::contains_words;
use crate::trust::registry::{Registry, RegistrySet};
use crate::trust::upload::evidence::{called_programs, evidence, means_upload};
use crate::trust::upload::step::{ResolvedStep, called_scripts, uses};
use crate::trust::upload::written::is_secret;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::repository::Model;
use crate::workflow::model::{Job, Pair, Pairs, Secrets, Text, Workflow, action};
use crate::workflow::permissions::{self, AccessLevel};
use crate::workflow::step_script::{commands, programs, runs_variable};

/// Why a job may upload unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenReason {
    /// It may request an OIDC token in an environment named after a registry or a release.
    Environment,
    /// It passes the token of a registry to the program or the called workflow.
    Variable,
    /// It may request an OIDC token in the workflow of a publisher without an upload.
    Publisher,
    /// It runs a program of the repository that contains an upload command.
    Program,
    /// It may request an OIDC token and runs a command such as `$TOOL publish`, or a task such as `make publish` that was not found.
    Command,
    /// It calls a workflow of another repository, which may request an OIDC token.
    Call,
    /// It uses an action of another repository that is checked out at run time, such as a submodule, and may request an OIDC token.
    Action,
}

impl UnseenReason {
    /// The value of facts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Variable => "variable",
            Self::Publisher => "publisher",
            Self::Program => "program",
            Self::Command => "command",
            Self::Call => "call",
            Self::Action => "action",
        }
    }
}

/// A step that may upload.
#[derive(Debug, Clone)]
pub struct UnseenUpload {
    /// Why it may.
    pub reason: UnseenReason,
    /// The environment, the variable, the workflow file, the upload command or the job.
    pub name: String,
    /// The command or action.
    pub by: String,
    /// Its place.
    pub place: Place,
    /// The place of the upload command in a program.
    pub line: Option<Place>,
}

/// Whether an environment is named after a registry or a release.
pub(crate) fn names_release(github: &GitHubFacts, registries: &RegistrySet, name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    words.any(|word| {
        github.releases.environments.iter().any(|known| known == word)
            || registries.iter().any(|registry| registry.suggests.iter().any(|known| known == word))
    })
}

/// A recognised upload of the job.
pub(crate) struct SeenUpload<'l> {
    /// The id of its registry.
    pub registry: &'l str,
    /// The step of the job that it is, or is inside of.
    pub step: Option<usize>,
    /// Whether only a login shows it.
    pub by_login: bool,
}

/// A script whose commands are compared with the data.
struct ScriptSearch<'l, 'p> {
    text: Text<'p>,
    /// Searched once for all its commands.
    entries: OnceCell<ScriptEntries<'l>>,
}

/// The entries of the data whose commands a script may contain.
struct ScriptEntries<'l> {
    needs: Vec<&'l NeedEntry>,
    uploads: Vec<(&'l Registry, &'l UploadPattern)>,
}

impl<'p> ScriptSearch<'_, 'p> {
    fn new(text: Text<'p>) -> Self {
        Self { text, entries: OnceCell::new() }
    }

    /// The script of a step.
    fn of(step: &ResolvedStep<'_, 'p>) -> Option<Self> {
        step.step?.script.map(Self::new)
    }
}

/// The data that a job is compared with.
pub(crate) struct UnseenSearch<'l, 'a, 'p> {
    pub github: &'l GitHubFacts,
    pub registries: &'l RegistrySet,
    pub needs: &'l Needs,
    pub model: &'a Model<'p>,
    /// The workflow files of the publishers to which no upload is assigned.
    pub unassigned: &'l HashSet<String>,
}

impl<'l, 'a, 'p> UnseenSearch<'l, 'a, 'p> {
    /// The step of a job that may upload to another registry than those of its recognised uploads.
    pub(crate) fn find(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        steps: &[ResolvedStep<'a, 'p>],
        seen: &[SeenUpload<'_>],
    ) -> Option<UnseenUpload> {
        if let Some(called) = job.uses {
            return seen.is_empty().then(|| self.by_call(workflow, job, called))?;
        }
        let found = self.by_program(workflow, job, steps, seen);
        if found.is_some() || !seen.is_empty() {
            return found;
        }
        let by_token = || self.by_token(workflow, job, steps).or_else(|| self.by_command(workflow, job, steps));
        let if_granted = || self.may_request_token(workflow, job).then(by_token)?;
        self.by_variable(workflow, job, steps).or_else(if_granted)
    }

    /// Whether a job may request an OIDC token.
    fn may_request_token(&self, workflow: &Workflow<'p>, job: &Job<'p>) -> bool {
        permissions::held(self.github, workflow, job, &self.github.oidc.scope).access == Some(AccessLevel::Write)
    }

    /// A program with an upload command, in a job that has a registry's token, may request an OIDC token or has an environment for releases.
    fn by_program(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        all: &[ResolvedStep<'a, 'p>],
        seen: &[SeenUpload<'_>],
    ) -> Option<UnseenUpload> {
        // Few jobs run a program of the repository that was found.
        let programs = called_programs(self.model, all);
        if programs.is_empty() {
            return None;
        }
        let has_token = |step: &ResolvedStep<'_, '_>| {
            let around = step.frames.iter().map(|frame| &frame.step.env);
            step.step.iter().map(|step| &step.env).chain(around).any(|pairs| self.token(pairs).is_some())
        };
        let job_has_token = || [&job.env, &workflow.env].into_iter().any(|pairs| self.token(pairs).is_some());
        let environment = job
            .environment
            .is_some_and(|environment| names_release(self.github, self.registries, environment.name.value()));
        let has_token = || all.iter().any(has_token) || !all.is_empty() && job_has_token();
        let may_upload = environment || self.may_request_token(workflow, job) || has_token();
        let passes_secret = |step: &ResolvedStep<'_, '_>| {
            step.step.and_then(|step| step.script).is_some_and(|script| is_secret(script.value()))
        };
        if !may_upload && !all.iter().any(passes_secret) {
            return None;
        }
        let found = evidence(self.github, self.registries, programs);
        // Beside an upload of another step to the same registry, only a call that means an upload shows that the program uploads too.
        let found = found.into_iter().find(|evidence| {
            let called = evidence.resolved.calls.first().is_some_and(|frame| means_upload(self.github, frame));
            let step = evidence.resolved.outermost().map(|step| step.index);
            let mut same = seen.iter().filter(|seen| seen.registry == evidence.registry.id).peekable();
            let another =
                same.peek().is_none() || called && may_upload && same.all(|seen| !seen.by_login && seen.step != step);
            another && (may_upload || passes_secret(&evidence.resolved))
        })?;
        let frame = found.resolved.calls.first()?;
        let command = frame.call.command.span.clone();
        let by = frame.caller.value().get(command.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
        Some(UnseenUpload {
            reason: UnseenReason::Program,
            name: found.command.to_owned(),
            by: by.to_owned(),
            place: frame.caller.inner(command),
            line: Some(found.place),
        })
    }

    fn by_call(&self, workflow: &'a Workflow<'p>, job: &'a Job<'p>, called: Text<'p>) -> Option<UnseenUpload> {
        let own = called.value().starts_with(['.', '$']) || self.model.called(job).is_some();
        let by = action(called.value());
        let known = self.github.oidc.no_upload.iter().any(|known| known.eq_ignore_ascii_case(by))
            || self.registries.uploads_of(by).next().is_some();
        if own || known || self.needs.describes(called.value()) {
            return None;
        }
        let token = match &job.secrets {
            Secrets::Given(secrets) => self.token(secrets),
            Secrets::Inherited => None,
        };
        let (reason, name) = match token {
            Some(token) => (UnseenReason::Variable, token),
            None if self.may_request_token(workflow, job) => (UnseenReason::Call, job.id.value()),
            None => return None,
        };
        Some(UnseenUpload { reason, name: name.to_owned(), by: by.to_owned(), place: called.place(), line: None })
    }

    /// A program that gets the token variable of a registry: by its own step, else by the job or the workflow. The variables of a job reach
    /// all its programs, of which the most likely one counts.
    fn by_variable(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        all: &[ResolvedStep<'a, 'p>],
    ) -> Option<UnseenUpload> {
        let own = all.iter().find_map(|step| {
            let inner = step.step?;
            let around = step.frames.iter().rev().map(|frame| &frame.step.env);
            let own = [&inner.env, &inner.with].into_iter().chain(around);
            let name = own.into_iter().find_map(|pairs| self.token(pairs))?;
            let by = self.unknown_program(step).or_else(|| self.variable_program(step));
            Some((name, by.filter(|_| !self.uploads_in_script(step))?))
        });
        let of_job = || {
            let name = self.token(&job.env).or_else(|| self.token(&workflow.env))?;
            let is_script = |step: &&ResolvedStep<'_, '_>| {
                step.frames.is_empty() && step.step.is_some_and(|it| it.script.is_some())
            };
            Some((name, self.likely(all.iter().rev().filter(is_script).filter_map(|step| self.unknown_program(step)))?))
        };
        let in_command = || all.iter().find_map(|step| self.secret_in_command(step));
        let (name, (by, place)) = own.or_else(in_command).or_else(of_job)?;
        Some(UnseenUpload { reason: UnseenReason::Variable, name: name.to_owned(), by, place, line: None })
    }

    /// Whether a script that a step calls contains an upload command, which is what the token of the step is for. The upload may go to an
    /// index that is not one of the known registries.
    fn uploads_in_script(&self, step: &ResolvedStep<'a, 'p>) -> bool {
        called_scripts(self.model, step).iter().any(|script| {
            let text = script.own_script().map_or("", |text| text.value());
            let patterns = self.registries.uploads_in(text);
            let commands = if patterns.is_empty() { Vec::new() } else { script.commands(self.github).to_vec() };
            commands
                .iter()
                .map(words)
                .any(|words| patterns.iter().any(|(_, pattern)| names(self.github, &words, pattern) == Some(true)))
        })
    }

    /// A command of unknown effect that has the token of a registry, or another secret beside a word for an upload, among its words.
    fn secret_in_command<'s>(&self, step: &ResolvedStep<'a, 'p>) -> Option<(&'s str, (String, Place))>
    where
        'p: 's,
    {
        // Few scripts read a secret, and only those are parsed.
        let script = ScriptSearch::of(step).filter(|script| is_secret_path(script.text.value()))?;
        let all = commands(self.github, step.workflow, step.job, step.step?);
        all.iter().find_map(|command| {
            let secret = command.words.iter().flat_map(|word| &word.parts).find_map(|part| match part {
                WordPiece::Expression(range) => {
                    script.text.value().get(range.clone()).filter(|text| is_secret_path(text))
                }
                _ => None,
            })?;
            let means_upload = || {
                command
                    .words
                    .iter()
                    .skip(1)
                    .filter_map(ShellWord::text)
                    .any(|word| self.github.oidc.words.contains(&word))
            };
            let named = reads(secret).unwrap_or_default().iter().any(|path| self.is_token_name(path));
            let unnamed = command.words.iter().take(2).any(|word| word.text().is_none());
            let program = self.unknown_command(step, &script, command, unnamed && means_upload())?;
            (named || means_upload()).then_some((secret, program))
        })
    }

    /// The program that is named after a release, else the first one.
    fn likely(&self, programs: impl Iterator<Item = (String, Place)>) -> Option<(String, Place)> {
        let mut programs: Vec<_> = programs.collect();
        let is_named = |(by, _): &(String, Place)| names_release(self.github, self.registries, by);
        let index = programs.iter().position(is_named).unwrap_or_default();
        (index < programs.len()).then(|| programs.swap_remove(index))
    }

    /// The variable, input or secret that is named like a token of a registry, and gets a secret.
    fn token<'v>(&self, pairs: &'v Pairs<'p>) -> Option<&'v str> {
        let pair = pairs.entries.iter().find(|pair| is_secret(pair.value.value()) && self.is_token(pair))?;
        Some(pair.key.value())
    }

    /// Whether the name of a value or of the secret in it is one of a registry's token.
    fn is_token(&self, pair: &Pair<'p>) -> bool {
        let secrets = || reads(pair.value.value()).unwrap_or_default();
        self.is_token_name(pair.key.value())
            || secrets().iter().any(|path| path.starts_with("secrets.") && self.is_token_name(path))
    }

    /// Whether a name, or the name of a secret in a path, is one of a registry's token.
    fn is_token_name(&self, name: &str) -> bool {
        let name = name.strip_prefix("secrets.").unwrap_or(name);
        let listed = || self.github.credentials.variables.iter().any(|known| has_same_letters(known, name));
        self.registries.is_token_variable(name) || listed()
    }

    /// In a job that may request an OIDC token: an action that is checked out at run time, or the most likely program in an environment named
    /// after a registry or a release, or in the workflow of a publisher without an upload.
    fn by_token(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        all: &[ResolvedStep<'a, 'p>],
    ) -> Option<UnseenUpload> {
        // An action in a submodule is one of another repository.
        let checkout = &self.github.checkout;
        let checks_out = |step: &ResolvedStep<'_, '_>| {
            step.step.is_some_and(|step| uses(step, &checkout.action))
                && step.with().get_ignore_case(&checkout.submodules).is_some_and(|pair| pair.value.value() != "false")
        };
        let foreign = |step: &ResolvedStep<'_, 'p>| {
            let used = step.step.and_then(|step| step.uses).filter(|uses| uses.value().starts_with(['.', '$']))?;
            let folder = used.value().trim_start_matches(['.', '$', '/']);
            let own = folder.is_empty() || folder.starts_with("github/");
            (!own && self.model.action(used.value()).is_none()).then_some(used)
        };
        let is_used = || oidc::is_used(self.needs, self.github, self.model, workflow, job).is_some();
        if let Some(used) = all.iter().find_map(foreign).filter(|_| all.iter().any(checks_out) && !is_used()) {
            let (name, by) = (job.id.value().to_owned(), used.value().to_owned());
            return Some(UnseenUpload { reason: UnseenReason::Action, name, by, place: used.place(), line: None });
        }
        let environment = job.environment.map(|environment| environment.name.value());
        let file = workflow.source.file_name();
        let (reason, name) = match environment.filter(|name| names_release(self.github, self.registries, name)) {
            Some(name) => (UnseenReason::Environment, name),
            None if self.unassigned.contains(file) => (UnseenReason::Publisher, file),
            None => return None,
        };
        if is_used() {
            return None;
        }
        let named = self.likely(all.iter().rev().filter_map(|step| self.unknown_program(step)));
        let (by, place) = named.or_else(|| all.iter().rev().find_map(|step| self.variable_program(step)))?;
        Some(UnseenUpload { reason, name: name.to_owned(), by, place, line: None })
    }

    /// In a job that may request an OIDC token and does not use it otherwise: a command such as `$TOOL publish` or `make publish`.
    fn by_command(
        &self,
        workflow: &'a Workflow<'p>,
        job: &'a Job<'p>,
        all: &[ResolvedStep<'a, 'p>],
    ) -> Option<UnseenUpload> {
        let (by, place) = all.iter().rev().find_map(|step| self.publishing_command(step))?;
        let is_used = oidc::is_used(self.needs, self.github, self.model, workflow, job).is_some();
        let (reason, name) = (UnseenReason::Command, job.id.value().to_owned());
        (!is_used).then_some(UnseenUpload { reason, name, by, place, line: None })
    }

    /// The last command of a step that means an upload and may run anything: its program is a variable or an expression, or it runs a task
    /// that was not found.
    fn publishing_command(&self, step: &ResolvedStep<'a, 'p>) -> Option<(String, Place)> {
        // Few scripts contain a word that means an upload, and only those are parsed. The word may be in the value of a variable.
        let publishing = &self.github.oidc.publishing;
        let publishes = |text: &str| publishing.iter().any(|word| contains_words(text, word));
        let by_value = || programs(step.workflow, step.job, step.step?).map(|all| all.into_iter().any(publishes));
        let may_publish = |text: &str| publishes(text) || runs_variable(text) && by_value() != Some(false);
        let script = ScriptSearch::of(step).filter(|script| may_publish(script.text.value()))?;
        let called = OnceCell::new();
        let is_found = |command: &ShellCommand| {
            let called = called.get_or_init(|| called_scripts(self.model, step));
            called
                .iter()
                .any(|script| script.calls.first().is_some_and(|frame| frame.call.command.span == command.span))
        };
        let is_task = |command: &ShellCommand| {
            let words = words(command);
            // Few commands have such a word, and only those are compared with the task runners.
            if !words.iter().flatten().any(|word| publishes(word)) {
                return false;
            }
            let tasks = named_tasks(&self.github.shell.runs, &words);
            let has = |name: &str, list: &[String]| {
                name.split(|letter: char| !letter.is_alphanumeric()).any(|part| list.iter().any(|word| word == part))
            };
            let is_upload = |name: &String| has(name, publishing) && !has(name, &self.github.oidc.not_packages);
            tasks.iter().any(is_upload) && !is_found(command)
        };
        let means_upload = |command: &&ShellCommand| match command.words.as_slice() {
            [program, subcommand, ..] if is_open(program) => {
                subcommand.text().is_some_and(|word| publishing.contains(&word))
            }
            _ => is_task(command),
        };
        let all = commands(self.github, step.workflow, step.job, step.step?);
        all.iter().rev().filter(means_upload).find_map(|command| self.unknown_command(step, &script, command, true))
    }

    /// The last command of a step whose program is a variable or an expression.
    fn variable_program(&self, step: &ResolvedStep<'a, 'p>) -> Option<(String, Place)> {
        let script = ScriptSearch::of(step)?;
        let all = commands(self.github, step.workflow, step.job, step.step?);
        let runs_open = |command: &&ShellCommand| !command.conditional && command.words.first().is_some_and(is_open);
        all.iter().rev().filter(runs_open).find_map(|command| self.unknown_command(step, &script, command, true))
    }

    /// The last command or the action of a step that no data describes.
    fn unknown_program(&self, step: &ResolvedStep<'a, 'p>) -> Option<(String, Place)> {
        let inner = step.step?;
        if let Some(used) = inner.uses.filter(|_| inner.script.is_none()) {
            let name = action(used.value());
            let local = name.starts_with(['.', '$']);
            // An action that uploads in another mode, such as a dry run, is known too.
            let uploads = || self.registries.uploads_of(name).next().is_some();
            let known =
                local || self.github.writes_no_credential(name) || self.needs.describes(used.value()) || uploads();
            return (!known).then(|| (name.to_owned(), used.place()));
        }
        let script = ScriptSearch::of(step)?;
        let all = commands(self.github, step.workflow, step.job, inner);
        let called = called_scripts(self.model, step);
        all.iter().rev().find_map(|command| {
            let found = self.unknown_command(step, &script, command, false)?;
            // A shell script of the repository is read: it is unknown only if one of its commands is.
            let own = |script: &&ResolvedStep<'_, '_>| {
                script.calls.first().is_some_and(|frame| frame.call.command.span == command.span)
            };
            let mut scripts = called.iter().filter(own).peekable();
            let is_read = scripts.peek().is_some();
            let unknown = scripts.any(|script| {
                let is_program = script.calls.last().is_some_and(|frame| frame.script.is_program);
                let Some(text) = script.own_script().map(ScriptSearch::new) else { return true };
                let is_unknown = |command: &ShellCommand| self.unknown_command(script, &text, command, false).is_some();
                is_program || script.commands(self.github).iter().any(is_unknown)
            });
            (!is_read || unknown).then_some(found)
        })
    }

    /// The text and the place of a command that no data describes. `any` says that its program may be unknown.
    fn unknown_command(
        &self,
        step: &ResolvedStep<'a, 'p>,
        script: &ScriptSearch<'l, 'p>,
        command: &ShellCommand,
        any: bool,
    ) -> Option<(String, Place)> {
        let words = words(command);
        let runs = match words.as_slice() {
            // The plain reader also yields the parts of other PowerShell statements.
            [_, Some(equals), ..] if equals == "=" => false,
            [Some(word), ..] => is_program(word),
            _ => any,
        };
        let writes_nothing = || find_command(self.github, &words, &self.github.credentials.programs).is_some();
        let queries = || words.iter().flatten().any(|word| self.github.credentials.queries.contains(word));
        if !runs || queries() || writes_nothing() {
            return None;
        }
        let entries = || {
            let text = script.text.value();
            script.entries.get_or_init(|| ScriptEntries {
                needs: self.needs.commands_in(text),
                uploads: self.registries.uploads_in(text),
            })
        };
        let known = |name: &String| is_command(self.github, &words, name, &[]);
        let described = || entries().needs.iter().any(|entry| entry.names.iter().any(known));
        // A dry run of a known client uploads nothing, and an upload in a called script is an upload of the step.
        let known_upload = |uploads: bool| !uploads || !step.calls.is_empty();
        let upload = || {
            let mut all = entries().uploads.iter();
            all.any(|(_, pattern)| names(self.github, &words, pattern).is_some_and(known_upload))
        };
        if described() || upload() {
            return None;
        }
        let place = script.text.inner(command.span.clone());
        let text = script.text.value().get(command.span.clone()).unwrap_or_default();
        Some((text.lines().next().unwrap_or_default().to_owned(), place))
    }
}

/// Whether a word is a single variable or expression.
fn is_open(word: &ShellWord) -> bool {
    matches!(word.parts.as_slice(), [WordPiece::Variable(_) | WordPiece::Expression(_)])
}

/// Whether two names are equal but for case, `_` and `-`.
fn has_same_letters(left: &str, right: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
    }
    letters(left).eq(letters(right))
}

/// Whether a text reads a secret other than `GITHUB_TOKEN`, also by a name that is computed.
fn is_secret_path(text: &str) -> bool {
    is_secret(text) || memchr::memchr_iter(b'[', text.as_bytes()).any(|at| text[..at].ends_with("secrets"))
}

/// Whether a word can be a program: it is no variable, option, string, assignment or member of an object.
fn is_program(word: &str) -> bool {
    let member = word.starts_with('.') && !word.starts_with("./") && !word.starts_with(".\\") && word != ".";
    !word.starts_with(['$', '"', '-', '@', '[']) && !word.contains([':', '=']) && !member
}
