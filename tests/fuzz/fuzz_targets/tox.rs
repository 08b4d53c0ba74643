//! Any text as a tox.ini: no finding points outside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub_fuzz::scripts::{READERS, read};

fuzz_target!(|data: &[u8]| read(READERS[6].0, READERS[6].1, data));
