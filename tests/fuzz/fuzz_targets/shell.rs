//! Any text as a script of any shell: every word is inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::read::shell::{self, Shell};

fuzz_target!(|data: &[u8]| {
    let script = String::from_utf8_lossy(data);
    for shell in [Shell::Posix, Shell::PowerShell, Shell::Cmd] {
        for command in shell::parse(&script, shell).commands {
            assert!(script.get(command.span.clone()).is_some(), "{command:?}");
            for word in command.words.iter().chain(command.assignments.iter().map(|it| &it.value)) {
                assert!(script.get(word.span.clone()).is_some(), "{word:?}");
                let _ = (word.text(), word.template(&script));
            }
        }
    }
});
