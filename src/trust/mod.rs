//! What a registry will do with a run: uploads, claims, declared publishers, verdicts. It says nothing to people.

pub mod artifact;
pub mod build;
pub mod cause;
pub mod check;
pub mod client;
pub mod command;
pub mod credential;
pub mod document;
pub mod exposure;
pub mod login;
pub mod manifest;
pub mod mingled;
pub mod need;
pub mod package;
pub mod publication;
pub mod publisher;
pub mod record;
pub mod registries;
pub mod registry;
pub mod release;
pub mod slot;
pub mod test;
pub mod upload;
pub mod verdict;
pub mod version;
