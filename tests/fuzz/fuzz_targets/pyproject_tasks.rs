//! Any text as a pyproject.toml with tasks: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub_fuzz::scripts::{READERS, read};

fuzz_target!(|data: &[u8]| read(READERS[7].0, READERS[7].1, data));
