//! What we say about a repository: facts, rules, the engine, waivers, findings. It never reads a file.

pub mod analysis;
pub mod baseline;
pub mod data;
pub mod engine;
pub mod example;
pub mod fact;
pub mod finding;
pub mod fix;
pub mod identity;
pub mod load;
pub mod passport;
pub mod proposal;
pub mod publication;
pub mod reach;
pub mod route;
pub mod rule;
pub mod ruleset;
pub mod subject;
pub mod waiver;

pub use engine::check;
