//! Checks a project: subjects, facts, rules, the engine, ignores, findings, fixes and explanations. It reads no files.

pub mod analysis;
pub mod baseline;
pub mod blockers;
pub mod data;
pub mod diagnose;
pub mod engine;
pub mod explain;
pub mod facts;
pub mod findings;
pub mod fix;
pub mod ignores;
pub(crate) mod recheck;
pub mod rehearsal;
pub mod rules;
pub mod subjects;
pub mod uploads;
pub mod verdict;

pub use engine::check;
