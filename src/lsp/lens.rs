//! Code lenses: above each job with an upload, what the registry answers.

use std::path::Path;

use gen_lsp_types::{CodeLens, Range};
use serde_json::json;

use crate::lint::explain::{ExplainedRun, explain_uploads};
use crate::lsp::view::{View, command};
use crate::lsp::{commands, position};
use crate::report::sanitize;

/// The lenses of one job.
const MOST_LENSES: usize = 4;

impl View<'_> {
    pub(crate) fn lenses(&self, path: &Path) -> Vec<CodeLens> {
        let Some(file) = self.repository.file(path) else { return Vec::new() };
        let Some(id) = self.repository.project.file(file.path()) else { return Vec::new() };
        self.repository.analyse(|analysis| {
            let mut lenses: Vec<(Range, Vec<String>)> = Vec::new();
            for upload in
                explain_uploads(analysis, &self.repository.rules).iter().filter(|upload| upload.workflow == id)
            {
                let start = commands::job_span(self, id, &upload.job).start;
                let start = position::position(file, start, self.client.unit);
                let range = Range { start, end: start };
                let titles: Vec<String> = match (upload.runs.is_empty(), upload.registry) {
                    (true, registry) => {
                        let registry = registry.map_or("Upload", |registry| registry.name.as_str());
                        vec![format!("{registry}: no run reaches it")]
                    }
                    (false, _) => upload.runs.iter().map(title).collect(),
                };
                let index = lenses.iter().position(|(known, _)| *known == range);
                let index = index.unwrap_or_else(|| {
                    lenses.push((range, Vec::new()));
                    lenses.len() - 1
                });
                for title in titles {
                    let of_job = &mut lenses[index].1;
                    if of_job.len() < MOST_LENSES && !of_job.contains(&title) {
                        of_job.push(title);
                    }
                }
            }
            let lens = |range: Range, title: &str| {
                let arguments = vec![json!(self.uri(file).0), json!(range.start)];
                let command = command(&sanitize::line(title), commands::EXPLAIN, arguments);
                CodeLens { range, command: Some(command), data: None }
            };
            lenses.iter().flat_map(|(range, titles)| titles.iter().map(|title| lens(*range, title))).collect()
        })
    }
}

/// `PyPI: accepted · when a tag is pushed`
fn title(run: &ExplainedRun<'_>) -> String {
    let registry = run.registry.as_ref().map_or("Unknown registry", |registry| registry.name.as_str());
    format!("{registry}: {} · {}", commands::verdict(run), commands::starts(run))
}
