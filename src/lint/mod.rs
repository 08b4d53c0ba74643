//! What we say about a repository: facts, rules, the engine, waivers, findings. It never reads a file.

pub mod finding;
