//! Simulates every way a workflow can start: which jobs each run reaches, and the values of expressions in it.

pub(crate) mod context;
mod github_context;
mod inputs;
pub(crate) mod matrix;
pub(crate) mod outputs;
pub(crate) mod relevance;
pub(crate) mod run_filter;
pub(crate) mod simulated_run;
pub(crate) mod trigger_start;
pub(crate) mod triggers;
