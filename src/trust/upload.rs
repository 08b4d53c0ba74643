//! The uploads of a project: which steps send a package to a registry, with which client, credential and package.

pub mod artifact;
pub mod build_code;
pub mod called;
pub mod credential;
pub mod earlier;
pub mod evidence;
pub mod exposure;
pub mod history;
pub(crate) mod listed;
pub mod login;
pub mod metadata;
pub mod package;
pub mod prerelease;
pub mod script_exchange;
pub mod setting;
pub mod site;
pub mod step;
pub mod unseen;
pub mod unset_variable;
pub mod version;
pub(crate) mod written;
