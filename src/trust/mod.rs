//! What a registry will do with a run: uploads, claims, declared publishers, verdicts. It says nothing to people.

pub mod cause;
pub mod document;
pub mod needs;
pub mod publisher;
pub mod registry;
pub mod releases;
pub mod upload;
pub mod verdict;
