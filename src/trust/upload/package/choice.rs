//! Which packages an upload sends: by its arguments, by its folder, by the names of its files, or by the builds of those files.

use crate::read::glob::Glob;
use crate::read::manifest::{Manifest, ManifestField, ManifestValue, Manifests};
use crate::read::path;
use crate::read::shell::{ShellWord, WordPiece};
use crate::read::source::Place;
use crate::trust::publisher::accepts;
use crate::trust::registry::Registry;
use crate::trust::registry::command::{is_command, words};
use crate::trust::registry::plan::PlanAnswer;
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::registry::upload_pattern::{LeftOutList, PackageRule};
use crate::trust::upload::artifact;
use crate::trust::upload::package::{changes, may_change, only};
use crate::trust::upload::site::{UploadSite, plan_of};
use crate::trust::upload::step::{ResolvedStep, called_scripts, steps};
use crate::trust::upload::version::project_files;
use crate::workflow::expression::UnknownReason;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;

/// A package that an upload sends.
#[derive(Debug, Clone)]
pub struct UploadedPackage<'m> {
    /// Its name.
    pub name: String,
    /// The place that names it.
    pub place: Place,
    /// The manifest that names it; `None` if only the command does.
    pub manifest: Option<&'m Manifest>,
}

/// The packages of an upload: one, or each of several. Or why they are unknown.
pub type UploadedPackages<'m> = Result<Vec<UploadedPackage<'m>>, UnknownReason>;

/// The packages that an upload sends in a run.
///
/// # Errors
/// Why they are unknown.
pub fn packages<'p>(
    github: &GitHubFacts,
    registry: &Registry,
    manifests: &'p Manifests,
    site: &UploadSite<'_, 'p>,
    context: &EvaluationContext<'_, 'p>,
) -> UploadedPackages<'p> {
    let choice = PackageChoice { github, registry, manifests, site, context };
    if let Some(found) = choice.chosen().transpose() {
        let found = found?;
        return match found.iter().find(|one| {
            one.manifest.is_some_and(|it| changes(github, registry, it, site.resolved.workflow, &it.kind.name))
        }) {
            Some(one) => Err(UnknownReason::new(format!("a file names `{}`, and a script may change that", one.name))),
            None => Ok(found),
        };
    }
    let workflow = site.resolved.workflow;
    let only = only(manifests, registry, workflow.file)?;
    if may_change(github, registry, workflow) {
        let reason = "and a script of the workflow may change that or choose another";
        return Err(UnknownReason::new(format!("a file names `{}`, {reason}", only.name)));
    }
    Ok(vec![only])
}

struct PackageChoice<'s, 'a, 'p> {
    github: &'s GitHubFacts,
    registry: &'s Registry,
    manifests: &'p Manifests,
    site: &'s UploadSite<'a, 'p>,
    context: &'s EvaluationContext<'s, 'p>,
}

/// The packages that something names; `None` if it names none.
type Chosen<'p> = Result<Option<Vec<UploadedPackage<'p>>>, UnknownReason>;

impl<'a, 'p> PackageChoice<'_, 'a, 'p> {
    /// The packages that the upload itself, its files or their builds decide.
    fn chosen(&self) -> Chosen<'p> {
        let Some(pattern) = self.site.pattern else { return Ok(None) };
        // Another program than the described one may upload other packages.
        if pattern.client_if.as_ref().is_some_and(|condition| !project_files::runs(self.site, condition)) {
            return Ok(None);
        }
        let resolved = &self.site.resolved;
        let last = pattern.command.as_deref().and_then(|command| command.split_whitespace().last());
        if let Some(found) = self.by_files(resolved, last)? {
            return Ok(Some(found));
        }
        if let Some(PlanAnswer::Uploads(root)) = pattern.plan.as_ref().map(|plan| plan_of(resolved, plan)) {
            return self.upward(&root, true).transpose();
        }
        let reads_files = artifact::reads_files(self.site);
        // If the arguments of a build are unknown, the manifests may still name only one package.
        if let Some(found) = reads_files.then(|| self.by_builds().ok()).flatten().flatten() {
            return Ok(Some(found));
        }
        match &pattern.packages {
            _ if reads_files => self.beside_files(),
            Some(rule) => self.by_rule(resolved, rule, last, &pattern.argument_flags),
            None => Ok(None),
        }
    }

    /// The packages that the arguments or the folder of a command, or the inputs of an action, choose.
    fn by_rule(
        &self,
        resolved: &ResolvedStep<'a, 'p>,
        rule: &PackageRule,
        last: Option<&str>,
        valued: &[String],
    ) -> Chosen<'p> {
        let mut named = self.values_of(resolved, &rule.names)?;
        named.extend(self.inputs_of(resolved, &rule.named_by)?);
        if !named.is_empty() {
            return named.into_iter().map(|(name, place)| self.named(&name, place)).collect::<Result<_, _>>().map(Some);
        }
        let start = self.start_of(resolved);
        let mut folder = start.clone();
        for (text, _) in
            self.inputs_of(resolved, &rule.inputs)?.into_iter().chain(self.values_of(resolved, &rule.folders)?)
        {
            folder = Some(below(start.as_deref(), &text)?);
        }
        for (text, _) in self.values_of(resolved, &rule.manifests)? {
            folder = Some(parent(&below(start.as_deref(), &text)?));
        }
        let members = self.values_of(resolved, &rule.members)?;
        if !members.is_empty() {
            let found = members.iter().map(|(text, _)| self.members(start.as_deref(), text));
            let found: Result<Vec<_>, _> = found.collect();
            return found.map(|found| Some(found.into_iter().flatten().collect()));
        }
        if rule.always_each || resolved.has_flag(&rule.each) {
            let left_out = self.values_of(resolved, &rule.except)?;
            let valued: Vec<String> =
                [&rule.names, &rule.folders, &rule.except, &rule.valued].into_iter().flatten().cloned().collect();
            if !resolved.unknown_words(last.unwrap_or_default(), &valued).is_empty() {
                return Err(UnknownReason::new("arguments that only the run decides"));
            }
            let found = self.each(folder.as_deref(), rule.without_root)?;
            let stays = |one: &UploadedPackage<'_>| {
                let named = left_out.iter().any(|(name, _)| self.registry.names.same(name, &one.name));
                !named && !rule.left_out.iter().any(|list| self.leaves_out(list, &one.name))
            };
            return Ok(Some(found.into_iter().filter(stays).collect()));
        }
        if let Some((text, _)) = last
            .filter(|_| rule.argument)
            .map(|last| self.argument(resolved, last, rule, valued))
            .transpose()?
            .flatten()
        {
            let path = below(start.as_deref(), &text)?;
            folder = Some(if self.registry.manifests.iter().any(|kind| kind.file.is_match(file_name(&path))) {
                parent(&path)
            } else {
                path
            });
        }
        match folder {
            Some(folder) if rule.lists && self.lists(&folder) => match self.here_or_private(&folder) {
                None => self.each(Some(&folder), false).map(Some),
                Some(_) => Err(UnknownReason::new("which of several files of a folder is built")),
            },
            Some(folder) => self.upward(&folder, rule.only_here).transpose(),
            None => Ok(None),
        }
    }

    /// Whether the settings of a release tool leave a package out.
    fn leaves_out(&self, list: &LeftOutList, package: &str) -> bool {
        let files = self.manifests.list.iter().filter(|manifest| list.file.is_match(&manifest.name));
        let has = |value: &ManifestValue, key: &str, wanted: &str| {
            value.all(key).iter().any(|value| value.text().is_some_and(|text| text == wanted))
        };
        files.into_iter().any(|manifest| {
            let items = manifest.values(&list.list).unwrap_or_default();
            let mut own =
                items.iter().flat_map(|list| list.items()).filter(|item| has(item, &list.name, package)).peekable();
            let by_default = || matches!(manifest.field(&list.default), ManifestField::Known("false", _));
            match own.peek().map(|item| item.all(&list.key)) {
                Some(values) if !values.is_empty() => values.iter().any(|value| value.text() == Some("false")),
                _ => by_default(),
            }
        })
    }

    /// Whether a manifest in a folder lists others.
    fn lists(&self, folder: &str) -> bool {
        let mut here = self.manifests.of(&self.registry.manifests).filter(|manifest| manifest.folder == folder);
        here.any(|manifest| !manifest.kind.member_files.is_empty() && manifest.kind.name.is_empty())
    }

    /// The folder that a command or an action starts in.
    fn start_of(&self, resolved: &ResolvedStep<'a, 'p>) -> Option<String> {
        resolved.folder_in(&|text| self.text(resolved, text))
    }

    /// A text with its expressions evaluated. Expressions of another job are unknown.
    fn text(&self, resolved: &ResolvedStep<'a, 'p>, text: &str) -> Option<String> {
        if !text.contains("${{") {
            return Some(text.to_owned());
        }
        let own = resolved.job.id.place() == self.site.resolved.job.id.place();
        own.then(|| known_text(&resolved.resolve(text, self.context))).flatten()
    }

    /// The values of some flags, with their places.
    fn values_of(
        &self,
        resolved: &ResolvedStep<'a, 'p>,
        flags: &[String],
    ) -> Result<Vec<(String, Place)>, UnknownReason> {
        let mut found = Vec::new();
        let Some(run) = resolved.script().filter(|_| !flags.is_empty()) else { return Ok(found) };
        for word in resolved.flag_words(flags) {
            let place = run.inner(word.span.clone());
            found.extend(self.values(resolved, &word)?.into_iter().map(|text| (text, place)));
        }
        Ok(found)
    }

    /// The value of a word; the values of the variable of a loop over literal words.
    fn values(&self, resolved: &ResolvedStep<'a, 'p>, word: &ShellWord) -> Result<Vec<String>, UnknownReason> {
        let script = resolved.script().map_or("", |run| run.value());
        let mut whole = String::new();
        for part in &word.parts {
            match part {
                WordPiece::Text(text) => whole.push_str(text),
                WordPiece::Expression(range) => whole.push_str(script.get(range.clone()).unwrap_or_default()),
                WordPiece::Variable(name) => match resolved.variable(&name.as_str().into()) {
                    SlotValue::Text(text, _) => whole.push_str(&text),
                    _ => {
                        let looped = looped(script, name, word.span.start).filter(|_| word.parts.len() == 1);
                        return looped.ok_or_else(|| taken_from(script, word));
                    }
                },
                WordPiece::Dynamic => return Err(taken_from(script, word)),
            }
        }
        self.text(resolved, &whole).map(|text| vec![text]).ok_or_else(|| taken_from(script, word))
    }

    /// The values of some inputs of an action.
    fn inputs_of(
        &self,
        resolved: &ResolvedStep<'a, 'p>,
        inputs: &[String],
    ) -> Result<Vec<(String, Place)>, UnknownReason> {
        let mut found = Vec::new();
        for pair in inputs.iter().filter_map(|input| resolved.with().get_ignore_case(input)) {
            let text = self.text(resolved, pair.value.value());
            let text = text.ok_or_else(|| UnknownReason::new(format!("the input `{}`", pair.key.value())))?;
            found.push((text, pair.value.place()));
        }
        Ok(found)
    }

    /// The argument of a command: its first word after `last` that is neither a flag nor the value of one.
    fn argument(
        &self,
        resolved: &ResolvedStep<'a, 'p>,
        last: &str,
        rule: &PackageRule,
        valued: &[String],
    ) -> Result<Option<(String, Place)>, UnknownReason> {
        let (Some(command), Some(run)) = (&resolved.command, resolved.script()) else { return Ok(None) };
        let has_value =
            |flag: &String| valued.contains(flag) || rule.folders.contains(flag) || rule.valued.contains(flag);
        let mut flag: Option<String> = None;
        for word in command.words.iter().skip_while(|word| word.text().as_deref() != Some(last)).skip(1) {
            if word.starts_with("-") {
                flag = word.text().filter(|text| !text.contains('='));
                continue;
            }
            let is_value = flag.take().is_some_and(|flag| has_value(&flag) || !may_be_path(word));
            if !is_value {
                let values = self.values(resolved, word)?;
                let [text] = values.as_slice() else { return Err(taken_from(run.value(), word)) };
                return Ok(Some((text.clone(), run.inner(word.span.clone()))));
            }
        }
        Ok(None)
    }

    /// The package of a name: that of a manifest, else the name itself.
    fn named(&self, text: &str, place: Place) -> Result<UploadedPackage<'p>, UnknownReason> {
        // `name@1.2` is one version of a package.
        let text = text.get(1..).and_then(|rest| rest.find('@')).map_or(text, |at| &text[..=at]);
        let known =
            self.manifests.of(&self.registry.manifests).find_map(|manifest| match self.manifests.package(manifest) {
                ManifestField::Known(name, _) if self.registry.names.same(name, text) => Some((name, manifest)),
                _ => None,
            });
        if let Some((name, manifest)) = known {
            return Ok(UploadedPackage { name: name.to_owned(), place, manifest: Some(manifest) });
        }
        match self.registry.field("package") {
            Some(field) if accepts(field, text).is_ok() => {
                Ok(UploadedPackage { name: text.to_owned(), place, manifest: None })
            }
            _ => Err(UnknownReason::new(format!("the command takes it from `{text}`"))),
        }
    }

    /// The members of a workspace that a selector names: a name, a folder, or a glob of names.
    fn members(&self, start: Option<&str>, text: &str) -> UploadedPackages<'p> {
        let unknown = || UnknownReason::new(format!("the command takes it from `{text}`"));
        if text.contains("...") || text.contains(['[', '{', '^']) || text.starts_with('!') {
            return Err(unknown());
        }
        if text.contains('*') && !text.starts_with('.') {
            let glob = Glob::from(text);
            let found: Vec<_> = self.each(start, false)?.into_iter().filter(|one| glob.is_match(&one.name)).collect();
            return if found.is_empty() { Err(unknown()) } else { Ok(found) };
        }
        let known =
            self.manifests.of(&self.registry.manifests).find_map(|manifest| match self.manifests.package(manifest) {
                // pnpm accepts a name without its scope.
                ManifestField::Known(name, place) if name == text || name.rsplit('/').next() == Some(text) => {
                    Some(UploadedPackage { name: name.to_owned(), place, manifest: Some(manifest) })
                }
                _ => None,
            });
        match known {
            Some(found) => Ok(vec![found]),
            None => {
                let folder = below(start, text)?;
                self.here(&folder).transpose()?.map(|one| vec![one]).ok_or_else(unknown)
            }
        }
    }

    /// Each public package of the workspace that a folder belongs to.
    fn each(&self, folder: Option<&str>, without_root: bool) -> UploadedPackages<'p> {
        let Some(folder) = folder else { return Err(UnknownReason::new("the folder of the command")) };
        if !self.manifests.complete() {
            return Err(UnknownReason::new("there are more manifests than are read"));
        }
        let all = || self.manifests.of(&self.registry.manifests);
        let root = ancestors(folder).find_map(|folder| all().find(|manifest| manifest.folder == folder));
        let root = root.map_or(folder, |manifest| manifest.workspace.as_str());
        if let Some(unbuilt) = self.manifests.unbuilt(root).filter(|_| without_root) {
            return Err(UnknownReason::new(format!("the workspace lists `{unbuilt}`, which only a build makes")));
        }
        let mut folders: Vec<&str> = Vec::new();
        for manifest in all().filter(|manifest| manifest.workspace == root) {
            if !folders.contains(&manifest.folder.as_str()) {
                folders.push(&manifest.folder);
            }
        }
        let mut found: Vec<UploadedPackage<'p>> = Vec::new();
        if without_root && folders.len() > 1 {
            folders.retain(|folder| *folder != root);
        }
        for folder in folders {
            match self.here_or_private(folder) {
                Some(Ok(Some(one))) if found.iter().all(|other| other.name != one.name) => found.push(one),
                Some(Err(reason)) => return Err(reason),
                _ => {}
            }
        }
        if found.is_empty() { Err(UnknownReason::new("no manifest names a public package")) } else { Ok(found) }
    }

    /// The package that a manifest in a folder names, or one in the nearest folder above it.
    fn upward(&self, folder: &str, only_here: bool) -> Option<UploadedPackages<'p>> {
        if !self.manifests.has_folder(folder) {
            let reason =
                if folder.is_empty() { return None } else { format!("the repository has no folder `{folder}`") };
            return Some(Err(UnknownReason::new(reason)));
        }
        if only_here {
            let found = self.here(folder).map(|found| found.map(|one| vec![one]));
            // An earlier step may write the manifest of the folder.
            let reason = || UnknownReason::new(format!("no manifest names the package in `{folder}`"));
            return found.or_else(|| Some(Err(reason())).filter(|_| !folder.is_empty()));
        }
        ancestors(folder).find_map(|folder| self.here(folder)).map(|found| found.map(|one| vec![one]))
    }

    /// The package of a folder, which must be public.
    fn here(&self, folder: &str) -> Option<Result<UploadedPackage<'p>, UnknownReason>> {
        match self.here_or_private(folder)? {
            Ok(Some(one)) => Some(Ok(one)),
            Ok(None) => Some(Err(UnknownReason::new(format!(
                "the package of the folder `{}` is private",
                if folder.is_empty() { "." } else { folder }
            )))),
            Err(reason) => Some(Err(reason)),
        }
    }

    /// The package of a folder. `None` without one, an inner `None` if it is private.
    fn here_or_private(&self, folder: &str) -> Option<Result<Option<UploadedPackage<'p>>, UnknownReason>> {
        let mut found: Option<UploadedPackage<'p>> = None;
        let mut private = false;
        for kind in &self.registry.manifests {
            let here = self.manifests.list.iter().filter(|it| it.folder == folder && *it.kind == *kind);
            for manifest in here {
                let unknown = |reason: &str| Some(Err(UnknownReason::new(format!("{reason} `{}`", manifest.name))));
                match self.manifests.package(manifest) {
                    ManifestField::Absent => {
                        private |= manifest.is_private();
                        continue;
                    }
                    ManifestField::Unknown(_) if manifest.is_private() => {
                        private = true;
                        continue;
                    }
                    ManifestField::Unknown(_) => return unknown("only a build computes the name in"),
                    ManifestField::Known(name, place) => match self.manifests.is_private(manifest) {
                        Some(true) => private = true,
                        None => return unknown("a condition decides about the package of"),
                        Some(false) => match &found {
                            Some(other) if !self.registry.names.same(&other.name, name) => {
                                let reason = format!("the manifests name several packages: `{}`, `{name}`", other.name);
                                return Some(Err(UnknownReason::new(reason)));
                            }
                            Some(_) => {}
                            None => {
                                found = Some(UploadedPackage { name: name.to_owned(), place, manifest: Some(manifest) })
                            }
                        },
                    },
                }
            }
            // A later kind of manifest is a fallback of the first one that names the package.
            if let Some(found) = found {
                return Some(Ok(Some(found)));
            }
        }
        private.then_some(Ok(None))
    }

    /// The packages whose files a command uploads, by the names of the files.
    fn by_files(&self, resolved: &ResolvedStep<'a, 'p>, last: Option<&str>) -> Chosen<'p> {
        let (Some(command), Some(last)) = (&resolved.command, last) else { return Ok(None) };
        let mut found: Vec<UploadedPackage<'p>> = Vec::new();
        for word in command.words.iter().skip_while(|word| word.text().as_deref() != Some(last)).skip(1) {
            let (known, whole) = resolved.known_prefix(word);
            let name = if whole { file_name(&known).to_owned() } else { format!("{}*", file_name(&known)) };
            let is_archive = self.registry.files.iter().any(|ending| match whole {
                true => name.ends_with(ending.as_str()),
                false => matches!(word.parts.last(), Some(WordPiece::Text(text)) if text.ends_with(ending.as_str())),
            });
            if word.starts_with("-") || !is_archive || name.starts_with('*') {
                continue;
            }
            let mut fitting: Vec<(&str, &'p Manifest)> = Vec::new();
            for manifest in self.manifests.of(&self.registry.manifests) {
                if let ManifestField::Known(package, _) = self.manifests.package(manifest)
                    && file_is_of(&name, package)
                    && fitting.iter().all(|(other, _)| !self.registry.names.same(other, package))
                {
                    fitting.push((package, manifest));
                }
            }
            match fitting.as_slice() {
                [(package, manifest)] => {
                    let place = resolved.script().map_or_else(|| resolved.place(), |run| run.inner(word.span.clone()));
                    found.push(UploadedPackage { name: (*package).to_owned(), place, manifest: Some(manifest) });
                }
                _ => return Err(UnknownReason::new(format!("which package the file `{name}` belongs to"))),
            }
        }
        found.dedup_by(|one, other| one.name == other.name);
        Ok(Some(found).filter(|found| !found.is_empty()))
    }

    /// The packages that are built for the upload: in its own job, else in the jobs that pack the artifacts that it downloads.
    fn by_builds(&self) -> Chosen<'p> {
        let own = &self.site.resolved;
        let before = |step: &ResolvedStep<'a, 'p>| step.position() <= own.position();
        let here: Vec<_> = steps(own.model, own.workflow, own.job).into_iter().filter(before).collect();
        let mut found = self.built(here)?;
        if found.is_none() {
            for (workflow, job) in artifact::packing_jobs(self.github, self.site, self.context) {
                if let Some(more) = self.built(steps(own.model, workflow, job))? {
                    found.get_or_insert_default().extend(more);
                }
            }
        }
        if let Some(found) = &mut found {
            let mut seen: Vec<String> = Vec::new();
            found.retain(|one| {
                !seen.contains(&one.name) && {
                    seen.push(one.name.clone());
                    true
                }
            });
        }
        Ok(found)
    }

    /// The packages that some steps build; `None` if none of them is known to build.
    fn built(&self, all: Vec<ResolvedStep<'a, 'p>>) -> Chosen<'p> {
        let builds = &self.registry.builds;
        let mut found: Option<Vec<UploadedPackage<'p>>> = None;
        for step in all {
            let Some(inner) = step.step else { continue };
            if let Some(uses) = inner.uses
                && builds
                    .actions
                    .iter()
                    .chain(&builds.others)
                    .any(|known| known.eq_ignore_ascii_case(action(uses.value())))
            {
                found
                    .get_or_insert_default()
                    .extend(self.by_rule(&step, &builds.packages, None, &[])?.unwrap_or_default());
            }
            for resolved in std::iter::once(step.clone()).chain(called_scripts(step.model, &step)) {
                let text = resolved.own_script().map_or("", |run| run.value());
                // Most scripts contain no word of a build.
                let may_build =
                    |command: &&String| command.split_whitespace().last().is_some_and(|last| text.contains(last));
                let known: Vec<&String> = builds.commands.iter().chain(&builds.others).filter(may_build).collect();
                if known.is_empty() {
                    continue;
                }
                for command in resolved.commands(self.github).iter() {
                    let words = words(command);
                    let Some(name) = known.iter().find(|name| is_command(self.github, &words, name, &[])) else {
                        continue;
                    };
                    let resolved = resolved.with_command(command);
                    if resolved.has_flag(&builds.unless) {
                        continue;
                    }
                    let last = name.split_whitespace().last();
                    let takes_argument = builds.with_argument.contains(name);
                    let rule = PackageRule { argument: takes_argument, ..builds.packages.clone() };
                    if self.builds_elsewhere(&resolved) {
                        continue;
                    }
                    let unknown = || UnknownReason::new(format!("what `{name}` builds"));
                    let built = self.by_rule(&resolved, &rule, last, &[])?.ok_or_else(unknown)?;
                    found.get_or_insert_default().extend(built);
                }
            }
        }
        Ok(found.filter(|found| !found.is_empty()))
    }

    /// Whether a build in the job of the upload writes to another folder than the upload reads.
    fn builds_elsewhere(&self, build: &ResolvedStep<'a, 'p>) -> bool {
        let own = &self.site.resolved;
        let here = build.job.id.place() == own.job.id.place()
            && !own.before().any(|step| artifact::is_download(self.github, step));
        let values = self.values_of(build, &self.registry.builds.out).ok().filter(|_| here).unwrap_or_default();
        let [(out, _)] = values.as_slice() else { return false };
        let out = self.start_of(build).and_then(|start| path::resolve(&start, out));
        let read = artifact::upload_folder(self.site, self.context);
        out.zip(read).is_some_and(|(out, read)| out != read && (read != "." || !out.is_empty()))
    }

    /// The package next to the folder of the uploaded files: that of `one` for `one/dist`. For `dist` any package may be built.
    fn beside_files(&self) -> Chosen<'p> {
        let Some(folder) = artifact::upload_folder(self.site, self.context) else { return Ok(None) };
        let Some((parent, _)) = folder.rsplit_once('/') else { return Ok(None) };
        match ancestors(parent).filter(|folder| !folder.is_empty()).find_map(|folder| self.here(folder)) {
            Some(found) => found.map(|one| Some(vec![one])),
            None => Err(UnknownReason::new(format!("no manifest names the package in `{folder}`"))),
        }
    }
}

/// Why a package is unknown that a word of a script decides.
fn taken_from(script: &str, word: &ShellWord) -> UnknownReason {
    UnknownReason::new(format!("the command takes it from `{}`", script.get(word.span.clone()).unwrap_or_default()))
}

/// A path in a folder.
fn below(start: Option<&str>, text: &str) -> Result<String, UnknownReason> {
    let plain = !text.contains(['*', '?', '[', '{', '~', '$']);
    let found = start.filter(|_| plain).and_then(|start| path::resolve(start, &text.replace('\\', "/")));
    found.ok_or_else(|| UnknownReason::new(format!("the command takes it from `{text}`")))
}

/// The folder of a file.
fn parent(path: &str) -> String {
    path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()
}

/// A folder and the folders above it, up to the root.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder: &&str| {
        Some(folder.rsplit_once('/').map_or("", |(above, _)| above)).filter(|_| !folder.is_empty())
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether a word may be a path or has an unknown value.
fn may_be_path(word: &ShellWord) -> bool {
    word.text().is_none_or(|text| text.starts_with('.') || text.contains('/') && !text.contains("://"))
}

/// Whether a file, or the files of a glob, belong to a package: the name of the package precedes a version or `*`. Clients write every other
/// character of a name than a letter or a digit as `-`, `_` or `.`, and drop the `@` of a scope.
fn file_is_of(file: &str, package: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.trim_start_matches('@').chars();
        letters
            .map(|letter| if letter.is_alphanumeric() || letter == '*' { letter.to_ascii_lowercase() } else { '-' })
            .collect()
    };
    let rest = plain(file).strip_prefix(&plain(package)).map(str::to_owned);
    rest.is_some_and(|rest| {
        let version = rest.trim_start_matches('-');
        version.starts_with('*')
            || rest.len() > version.len() && version.starts_with(|letter: char| letter.is_ascii_digit())
    })
}

/// The words of the last loop over a variable before a place of a script: `for name in a b; do`, also over a literal array.
fn looped(script: &str, name: &str, at: usize) -> Option<Vec<String>> {
    const MOST: usize = 256;
    const LONGEST: usize = 16 * 1024;
    let from = (at.saturating_sub(LONGEST)..=at).find(|from| script.is_char_boundary(*from))?;
    let before = script.get(from..at)?;
    let head = format!("for {name} in ");
    let start = before.rfind(&head)? + head.len();
    let body = before.get(start..)?;
    // The loop has ended.
    if body.lines().any(|line| line.trim() == "done") {
        return None;
    }
    let mut list = body.split([';', '\n']).next()?.trim();
    let joined;
    if list.ends_with('\\') {
        joined = body.split(';').next()?.replace("\\\n", " ");
        list = joined.split('\n').next()?.trim();
    }
    let array = list.trim_matches('"').strip_prefix("${").and_then(|rest| rest.strip_suffix("[@]}"));
    let text = match array {
        Some(array) => {
            let head = format!("{array}=(");
            let start = before.find(&head)? + head.len();
            before.get(start..)?.split(')').next()?.to_owned()
        }
        None => list.to_owned(),
    };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words: Vec<String> =
        lines.flat_map(str::split_whitespace).map(|word| word.trim_matches(['"', '\'']).to_owned()).collect();
    let literal = |word: &String| !word.is_empty() && !word.contains(['$', '*', '`', '(', '{', '?', '"', '\'', '\\']);
    (!words.is_empty() && words.len() <= MOST && words.iter().all(literal)).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_names_its_package() {
        for (file, package) in [
            ("acme_widget-*.whl", "acme-widget"),
            ("acme.widget-1.0-py3-none-any.whl", "acme-widget"),
            ("acme-widget-1.0.0.tgz", "@acme/widget"),
            ("Acme.Widget.1.0.0.nupkg", "Acme.Widget"),
            ("acme-widget-*", "acme-widget"),
            ("acme*", "acme"),
        ] {
            assert!(file_is_of(file, package), "{file} {package}");
        }
        for (file, package) in [
            ("acme_widget-*.whl", "acme"),
            ("*.whl", "acme"),
            ("acmewidget-1.0.whl", "acme"),
            ("acme-widget-*", "widget"),
        ] {
            assert!(!file_is_of(file, package), "{file} {package}");
        }
    }

    #[test]
    fn a_loop_over_literal_words_has_known_values() {
        let at = |script: &str| looped(script, "c", script.len()).unwrap_or_default().join(",");
        assert_eq!(at("for c in a b; do\n  publish "), "a,b");
        assert_eq!(at("for c in a \\\n  'b'\ndo\n  publish "), "a,b");
        assert_eq!(at("LIST=(\n a # first\n \"b\"\n)\nfor c in \"${LIST[@]}\"; do publish "), "a,b");
        assert_eq!(at("for c in a $B; do publish "), "");
        assert_eq!(at("for c in a b; do\n x\ndone\npublish "), "");
        assert_eq!(at("for cc in a b; do publish "), "");
    }
}
