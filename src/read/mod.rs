//! Reads the files of a repository: bytes become texts, trees, commands and manifests with places.

pub mod builtin;
pub(crate) mod certificate;
pub mod command_list;
pub mod config;
pub(crate) mod data_file;
pub mod document;
pub mod edit;
pub mod files;
pub mod glob;
pub mod local_actions;
pub mod manifest;
pub(crate) mod packed;
pub(crate) mod path;
pub mod problem;
pub mod project;
pub mod script;
pub mod shell;
pub mod source;
pub mod text;
pub(crate) mod word_index;
pub mod yaml;
