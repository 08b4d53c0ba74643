//! What a registry will see and answer: uploads, claims, declared publishers, verdicts.

pub mod cause;
pub mod claim_verdict;
pub mod claims;
pub mod import;
pub mod needs;
pub mod publisher;
pub mod publisher_list;
pub mod registry;
pub mod releases;
pub mod repeated_value;
pub mod upload;
