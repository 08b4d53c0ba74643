//! Programs of the repository in other languages: which files a command compiles or loads by a name, and which files a program imports.
//! Their text is only searched for commands.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;

use crate::read::manifest::{Manifest, ManifestField, ManifestValue};
use crate::read::path;
use crate::read::script::follow::{ScriptFollower, program_name};
use crate::read::script::{ProgramName, ProgramRunner, TaskFormat};
use crate::read::shell::{Shell, ShellWord};
use crate::read::source::SourceFile;
use crate::read::text::MappedText;

/// The maximum number of files of one program.
const MOST_FILES: usize = 60;
/// The maximum depth of folders below the program's own.
const DEEPEST_FOLDER: usize = 3;
/// The ends of file names that an import may leave out.
const ENDINGS: [&str; 9] = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".rb", ".py"];

impl ScriptFollower<'_> {
    /// The program at a path and the files that it imports, as scripts.
    pub(crate) fn program(&mut self, path: &str) -> Vec<usize> {
        self.program_files(path, vec![path.to_owned()])
    }

    /// The programs that a command compiles or loads by a name.
    pub(crate) fn named_program(
        &mut self,
        runner: &ProgramRunner,
        words: &[Option<String>],
        folder: Option<&str>,
    ) -> Vec<usize> {
        // Most commands run another program.
        let program = words.first().and_then(Option::as_deref).map(program_name).unwrap_or_default();
        let mut commands = runner.commands.iter().filter(|command| command.starts_with(program));
        let (Some(folder), Some(rest)) = (folder, commands.find_map(|command| arguments(words, command))) else {
            return Vec::new();
        };
        let own = rest.iter().take_while(|word| word.as_deref() != Some("--"));
        let own: Vec<&str> = own.map(|word| word.as_deref().unwrap_or_default()).collect();
        let after_flag = || {
            own.iter().enumerate().find_map(|(at, word)| {
                let (flag, value) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
                runner.flags.iter().any(|known| known == flag).then(|| value.or_else(|| own.get(at + 1).copied()))?
            })
        };
        let name = if runner.flags.is_empty() {
            own.iter().copied().find(|word| !word.starts_with('-') && !word.is_empty())
        } else {
            after_flag()
        };
        let Some(name) = name.or(runner.default.as_deref()) else { return Vec::new() };
        let key = format!("{folder}\0{name}");
        let mut files = Vec::new();
        match runner.name {
            ProgramName::Module => {
                let module = name.replace('.', "/");
                for base in [folder.to_owned(), path::join(folder, "src")] {
                    let Some(path) = path::resolve(&base, &module) else { continue };
                    self.tree(&path, &runner.extension, DEEPEST_FOLDER, &mut files);
                    files.extend(Some(format!("{path}.{}", runner.extension)).filter(|path| self.exists(path)));
                    if !files.is_empty() {
                        break;
                    }
                }
            }
            ProgramName::Package => {
                if let Some(folder) = self.package(&runner.manifest, name) {
                    self.tree(&path::join(&folder, "src"), &runner.extension, DEEPEST_FOLDER, &mut files);
                }
            }
            ProgramName::Path => {
                let Some(path) = path::resolve(folder, &name.replace('\\', "/")) else { return Vec::new() };
                if path.ends_with(&format!(".{}", runner.extension)) {
                    files.push(path);
                } else {
                    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.')) && self.exists(&path);
                    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                    let tree = if is_file { above } else { &path };
                    self.tree(tree, &runner.extension, DEEPEST_FOLDER, &mut files);
                }
            }
        }
        if files.is_empty() { Vec::new() } else { self.program_files(&key, files) }
    }

    /// The programs whose project files a script names next to itself: `"$PSScriptRoot/build/build.csproj"`.
    pub(crate) fn projects_in(&mut self, script: &str) -> Vec<usize> {
        let facts = self.facts;
        let above = script.rsplit_once('/').map_or("", |(above, _)| above);
        let mut found = Vec::new();
        for runner in &facts.programs {
            let Some(project) = runner.project.as_ref().map(|extension| format!(".{extension}")) else { continue };
            let text = self.project.file(script).and_then(|id| self.project.source(id)).map_or("", SourceFile::text);
            let runs = runner.flags.iter().any(|flag| text.contains(&format!("run {flag} ")));
            let Some(end) = text.find(&project).filter(|_| runs).map(|at| at + project.len()) else { continue };
            let start = text[..end].rfind(['"', '\'', '\n', '=']).map_or(0, |at| at + 1);
            let path = text[start..end].trim().replace('\\', "/");
            let path = if path.starts_with('$') { path.split_once('/').map_or("", |(_, rest)| rest) } else { &path };
            let Some(path) = path::resolve(above, path).and_then(|path| self.in_any_case(&path)) else { continue };
            let mut files = Vec::new();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            self.tree(folder, &runner.extension, DEEPEST_FOLDER, &mut files);
            if !files.is_empty() {
                found.extend(self.program_files(&path, files));
            }
        }
        found
    }

    /// The words of a command whose second word is an alias in a file of the repository.
    pub(crate) fn without_alias(&mut self, words: &[ShellWord]) -> Option<Vec<ShellWord>> {
        let facts = self.facts;
        let (program, name) = (words.first()?.text()?, words.get(1)?.text()?);
        let alias = facts.aliases.iter().find(|alias| alias.command == program && !alias.except.contains(&name))?;
        if name.starts_with(['-', '+']) || !self.exists(&alias.file) {
            return None;
        }
        self.open(&alias.file, TaskFormat::Toml);
        let (_, content) = self.keyed(&alias.file)?;
        let value = content.all(&alias.key.replace("{}", &name)).into_iter().next()?;
        let list: Vec<&str> = match value.text() {
            Some(text) => text.split_whitespace().collect(),
            None => value.items().iter().filter_map(ManifestValue::text).collect(),
        };
        let span = words.get(1)?.span.clone();
        let expanded = list.into_iter().map(|text| ShellWord::literal(text, span.clone()));
        Some(words.iter().take(1).cloned().chain(expanded).chain(words.iter().skip(2).cloned()).collect())
    }

    /// The folder of the package with a name, by its manifest or else by its folder's name.
    fn package(&mut self, manifest: &str, name: &str) -> Option<String> {
        let manifests = &self.project.manifests;
        let is_named = |it: &&Manifest| {
            it.name == manifest
                && it.mentions(name)
                && matches!(manifests.package(it), ManifestField::Known(own, _) if own == name)
        };
        let known = manifests.list.iter().find(is_named).map(|it| it.folder.clone());
        known.or_else(|| path::resolve("", name).filter(|folder| self.exists(&path::join(folder, manifest))))
    }

    /// The path of a file that differs only in case, as Windows finds it.
    fn in_any_case(&mut self, path: &str) -> Option<String> {
        let (folders, name) = path.rsplit_once('/').map_or(("", path), |(folders, name)| (folders, name));
        let same = |names: &[String], name: &str| {
            let exact = names.iter().find(|own| *own == name);
            exact.or_else(|| names.iter().find(|own| own.eq_ignore_ascii_case(name))).cloned()
        };
        let mut found = String::new();
        for part in folders.split('/').filter(|part| !part.is_empty()) {
            let part = same(&self.files.folders(&found), part)?;
            found = path::join(&found, &part);
        }
        let name = same(self.list(&found), name)?;
        Some(path::join(&found, &name))
    }

    fn exists(&mut self, path: &str) -> bool {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.list(above).iter().any(|known| known == name)
    }

    /// Adds the paths of the files with an extension in a folder and in those below it.
    fn tree(&mut self, folder: &str, extension: &str, depth: usize, found: &mut Vec<String>) {
        for name in self.list(folder).to_vec() {
            if found.len() >= MOST_FILES {
                return;
            }
            if name.rsplit_once('.').is_some_and(|(_, own)| own == extension) {
                found.push(path::join(folder, &name));
            }
        }
        if depth > 0 {
            let is_source =
                |name: &String| !name.starts_with('.') && !matches!(name.as_str(), "node_modules" | "target");
            for name in self.files.folders(folder).into_iter().filter(is_source) {
                self.tree(&path::join(folder, &name), extension, depth - 1, found);
            }
        }
    }

    /// Adds files and those that they import.
    fn program_files(&mut self, key: &str, files: Vec<String>) -> Vec<usize> {
        let key = (key.to_owned(), String::new(), None, "\0program".to_owned());
        if let Some(known) = self.parts.get(&key) {
            return known.clone();
        }
        let mut found = Vec::new();
        let mut seen: BTreeSet<String> = files.iter().cloned().collect();
        let mut open = files;
        let mut next = 0;
        while let Some(path) = open.get(next).cloned().filter(|_| next < MOST_FILES) {
            next += 1;
            let Some(id) = self.source(&path) else { continue };
            let Some(source) = self.project.source(id).cloned() else { continue };
            for import in imports(&path, source.text()) {
                let (folder, stem) = import.rsplit_once('/').unwrap_or(("", &import));
                let names = self.list(folder);
                let is_file = |end: &&&str| names.iter().any(|name| name.strip_prefix(stem) == Some(**end));
                let file = ENDINGS.iter().find(is_file).map(|end| format!("{import}{end}"));
                open.extend(file.filter(|path| seen.insert(path.clone())));
            }
            let mut text = MappedText::default();
            text.push(source.text(), 0, source.text().len());
            found.extend(self.add_script(id, text, Shell::Other, None, Vec::new(), None));
        }
        self.parts.insert(key, found.clone());
        found
    }
}

/// The words after those of a command; options may be between its words.
fn arguments<'w>(words: &'w [Option<String>], command: &str) -> Option<&'w [Option<String>]> {
    let mut at = 0;
    for (index, expected) in command.split_whitespace().enumerate() {
        loop {
            let word = words.get(at)?.as_deref()?;
            at += 1;
            let name = if index == 0 { word.rsplit(['/', '\\']).next().unwrap_or(word) } else { word };
            if name == expected {
                break;
            }
            if index == 0 || !word.starts_with(['-', '+']) {
                return None;
            }
        }
    }
    words.get(at..)
}

/// The paths without extension that a program imports from its own folder.
fn imports(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    if path.ends_with(".py") {
        for line in lines_with(text, &["import"]) {
            let module = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "));
            let module = module.and_then(|rest| rest.split([' ', ',', ';']).next()).unwrap_or_default();
            let names = line.strip_prefix("from . import ").unwrap_or_default().split(',').map(str::trim);
            let all = names.chain([module.trim_start_matches('.')]).filter(|name| !name.is_empty());
            found.extend(all.filter_map(|name| path::resolve(folder, &name.replace('.', "/"))));
        }
        return found;
    }
    for line in lines_with(text, &["./", "require "]) {
        let is_import = || ["import", "from", "require"].iter().any(|word| line.contains(word));
        for quote in ['"', '\''].into_iter().filter(|quote| line.contains(*quote)) {
            let mut parts = line.split(quote).skip(1).step_by(2);
            let import = parts.find(|part| part.starts_with("./") || part.starts_with("../"));
            found.extend(import.filter(|_| is_import()).and_then(|part| path::resolve(folder, part)));
            // Bundler and Rake add `lib` to Ruby's load path.
            let required = line.strip_prefix("require ").and_then(|rest| rest.trim().strip_prefix(quote));
            let own = required.and_then(|rest| rest.split(quote).next()).filter(|name| !name.starts_with('.'));
            found.extend(own.and_then(|name| path::resolve(&path::join(folder, "lib"), name)));
        }
    }
    found
}

/// The trimmed lines with one of some words, with a limit. Most lines have none, so the words are searched first.
fn lines_with<'t>(text: &'t str, words: &[&str]) -> Vec<&'t str> {
    let bytes = text.as_bytes();
    let lines = words.iter().flat_map(|word| memmem::find_iter(bytes, word)).map(|at| {
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |before| before + 1);
        start..memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length)
    });
    let lines: BTreeMap<usize, usize> = lines.map(|line| (line.start, line.end)).collect();
    lines.into_iter().filter_map(|(start, end)| Some(text.get(start..end)?.trim())).take(MOST_FILES).collect()
}
