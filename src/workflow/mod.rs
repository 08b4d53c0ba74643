//! What GitHub does with the files of a repository: the model of its workflows and actions, permissions, expressions,
//! and the simulation of every run. Registries are in `trust`.

pub(crate) mod calls;
pub mod expression;
pub(crate) mod github;
pub(crate) mod lock;
pub mod log_text;
pub(crate) mod model;
pub(crate) mod permissions;
pub(crate) mod ref_pattern;
pub(crate) mod script;
pub(crate) mod simulate;
