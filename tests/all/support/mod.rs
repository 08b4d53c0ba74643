//! Helpers that several tests share.

pub mod corpus;
pub mod judged;
pub mod program;
pub mod scope;
