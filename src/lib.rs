//! trustpub checks whether the package uploads of a repository's GitHub Actions workflows will be accepted by trusted publishing, and
//! points to the line that prevents it.
//!
//! # Stages
//!
//! Data flows one way, from the files of a checkout to the report. Each stage is computed once:
//!
//! | stage | made by | contains |
//! |---|---|---|
//! | [`RuleSet`](lint::rules::set::RuleSet) | its `load_for_check` | the rules, and the data about registries, permission needs and GitHub; built-in and of the user |
//! | [`Files`](read::files::Files) | the caller | access to one checkout: a folder on disk, a map in memory, or unsaved text over either |
//! | [`Project`](read::project::Project) | [`RuleSet::read`](lint::rules::set::RuleSet::read) | every file that matters, as text and as trees with a place for each value; a check reads no file later |
//! | [`ParsedProject`](lint::analysis::ParsedProject) | its `new` | the config and the model: workflows, actions, jobs, steps and which of them call which |
//! | [`Analysis`](lint::analysis::Analysis) | its `new` | declared publishers and uploads; each upload with its simulated runs |
//! | subjects | `lint::subjects` | what rules apply to: workflows, jobs, steps, permissions, uploads, publishers, … |
//! | [`Report`](lint::findings::Report) | [`lint::check`] | findings with places, labels and fixes; notices about what is undecided or unreadable |
//! | output | [`report`] | the report as text, SARIF, JSON and other formats |
//!
//! [`lint::check`] is pure: the result depends on the project, the rules and the date only.
//!
//! # Layers
//!
//! [`read`] → [`workflow`] → [`trust`] → [`lint`] → [`report`] → `rehearse` → [`cli`] and `lsp`. A module imports only from its own layer and from layers to its left;
//! `tests/all/layers.rs` checks this.
//!
//! - [`read`]: files, YAML and other formats, shell scripts, the config. No rule of GitHub or of a registry, except the paths and limits of workflow files.
//! - [`workflow`]: what GitHub does: the model, expressions, permissions, and the simulation of every way a workflow can start.
//! - [`trust`]: what a registry sees and answers: uploads, credentials, claims, publishers, verdicts.
//! - [`lint`]: facts, rules, the engine, ignores, findings, fixes, explanations.
//! - [`report`]: one file for each output format.
//! - `rehearse`: the exchange of a real OIDC token, the only use of the network.
//! - [`cli`]: the commands, which write files and print. `lsp`: the language server for editors.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | trigger | one entry of `on:` |
//! | simulated run | one way a workflow can start (event, ref, inputs, caller) and what happens then, job by job |
//! | reach | whether a run reaches a job: yes, no or unknown |
//! | evaluation context | the contexts that an expression can read at one job or step: `github`, `inputs`, `needs`, `env`, … |
//! | upload | one step or calling job that sends a package to a registry |
//! | upload run | an upload in one simulated run: the unit that is judged |
//! | client | the program or action that uploads: `npm`, `twine`, `uv`, … |
//! | registry | a package index that accepts OIDC tokens, described in `rules/registries` |
//! | publisher | the trusted publisher configured at the registry, declared in the config with the fields of the registry's form |
//! | claim | one field of the OIDC token that GitHub issues to the job |
//! | verdict | the answer of the registry: accepted, refused or undecided |
//! | fact | a named value of a subject with its place; a rule tests facts |
//! | unknown | not decided by the files; never a finding, always counted |
//! | ignore | a comment or a config entry that hides a finding, with a reason |
//!
//! # Where to add …
//!
//! | what | where |
//! |---|---|
//! | a rule | `rules/<name>.yaml`, examples first; no Rust |
//! | a registry | `rules/registries/<id>.yaml`; no Rust |
//! | a permission that an action or command needs | `rules/needs/<topic>.yaml`; no Rust |
//! | a fact about GitHub (event, context property, runner label) | `rules/github.yaml` |
//! | a fact that rules can test | one row in a file of `src/lint/facts` (all facts with one first word are in one file), and a rule that tests it |
//! | a report format | one file in `src/report` and one row of its table `FORMATS` |
//! | a subcommand | one file in `src/cli` and one variant of its `CommandName` |
//! | a fix for a finding | `fix:` in the rule; a new kind of target in `src/lint/fix/target.rs` |
//! | a manifest format | a reader in `src/read/manifest`, a row of `ManifestFormat` |
//!
//! `.github/CONTRIBUTING.md` says how to build, test and write a commit.

// Some functions exist only for the command line.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg(feature = "cli")]
pub mod cli;
pub mod lint;
#[cfg(feature = "lsp")]
mod lsp;
pub mod read;
#[cfg(feature = "rehearse")]
mod rehearse;
pub mod report;
pub mod trust;
pub mod workflow;
