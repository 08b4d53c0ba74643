//! What GitHub will do with the files: the model, permissions, expressions and runs. It knows no registry.

pub mod asked;
pub mod checkout;
pub mod choice;
pub mod expression;
pub mod github;
pub mod matrix;
pub mod model;
pub mod pattern;
pub mod permissions;
pub mod play;
pub mod relevance;
pub mod request;
pub mod run;
pub mod script;
pub mod sight;
pub mod start;
