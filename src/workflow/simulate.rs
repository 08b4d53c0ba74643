//! Simulates every way a workflow can start, job by job: which jobs a run reaches, and what expressions evaluate to there.

pub mod context;
pub mod inputs;
pub mod matrix;
pub mod reach;
pub mod relevance;
pub mod run;
pub mod run_filter;
pub mod triggers;
