//! trustpub reads a repository the way package registries will, and names what keeps a trusted publishing release from
//! being trusted.
//!
//! Data flows one way, room by room: [`read`] → [`workflow`] → [`trust`] → [`lint`] → [`report`], with [`cli`] and `lsp`
//! on top.
//! A room imports only from rooms to its left; `tests/all/layers.rs` enforces it.

// Some functions exist only for the command line.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg(feature = "cli")]
pub mod cli;
pub mod lint;
#[cfg(feature = "lsp")]
mod lsp;
pub mod read;
pub mod report;
pub mod trust;
pub mod workflow;
