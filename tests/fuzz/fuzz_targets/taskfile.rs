//! Any text as a Taskfile: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub_fuzz::scripts::{READERS, read};

fuzz_target!(|data: &[u8]| read(READERS[5].0, READERS[5].1, data));
