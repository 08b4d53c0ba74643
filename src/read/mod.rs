//! Bytes → what stands in the repository. This room reads; it never judges.

pub mod builtin;
pub mod config;
pub mod document;
pub mod edit;
pub mod files;
pub mod glob;
pub mod local_actions;
pub mod manifest;
pub mod problem;
pub mod project;
pub mod shell;
pub mod source;
pub mod text;
pub mod yaml;
