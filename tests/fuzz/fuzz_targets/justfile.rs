//! Any text as a justfile: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub_fuzz::scripts::{READERS, read};

fuzz_target!(|data: &[u8]| read(READERS[1].0, READERS[1].1, data));
