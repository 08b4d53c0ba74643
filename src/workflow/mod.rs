//! What GitHub does with the files of a repository: the model of its workflows and actions, permissions, expressions,
//! and the simulation of every run. Registries are in `trust`.

pub(crate) mod actions_lock;
pub(crate) mod calls;
pub mod expression;
pub(crate) mod github;
pub mod log_text;
pub(crate) mod model;
pub(crate) mod permissions;
pub(crate) mod ref_pattern;
pub(crate) mod simulate;
pub(crate) mod step_script;
