//! What GitHub will do with the files: the model, permissions, expressions and runs. It knows no registry.

pub mod expression;
pub mod github;
pub mod model;
pub mod permissions;
pub mod run;
pub mod sight;
