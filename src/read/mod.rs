//! Bytes → what stands in the repository. This room reads; it never judges.

pub mod source;
