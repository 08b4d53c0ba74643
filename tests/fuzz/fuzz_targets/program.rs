//! Any text as a program that a step runs: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub_fuzz::scripts::{READERS, read};

fuzz_target!(|data: &[u8]| read(READERS[11].0, READERS[11].1, data));
