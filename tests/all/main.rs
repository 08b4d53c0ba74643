//! All integration tests in one program, because linking one program per file is slow.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, unreachable_pub)]

mod baseline;
mod book;
mod cases;
mod changes;
mod cli;
mod corpus;
mod corpus_fixes;
mod diagnose;
mod documents;
mod error_texts;
mod explain;
mod fixes;
mod formats;
mod generated;
mod graphs;
mod hostile;
mod hostile_reports;
mod hostile_scripts;
mod ignores;
mod import;
mod injection;
mod inventory;
mod language;
mod layers;
#[cfg(feature = "lsp")]
mod lsp;
mod manifests;
mod migration;
mod options;
mod own_workflows;
mod packages;
mod projects;
mod properties;
mod registries;
mod registries_2026;
mod rehearsal_job;
#[cfg(feature = "rehearse")]
mod rehearse;
mod rules;
mod sarif;
mod sarif_limits;
mod scale;
mod server_registry;
mod set_up_script;
mod support;
mod yaml_fast_path;
