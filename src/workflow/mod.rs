//! What GitHub will do with the files: the model, permissions, expressions and runs. It knows no registry.

pub mod calls;
pub mod expression;
pub mod github;
pub mod model;
pub mod permissions;
pub mod ref_pattern;
pub mod script;
pub mod simulate;
