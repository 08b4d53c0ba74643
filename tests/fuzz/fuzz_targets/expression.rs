//! Any text as a template and as a condition: evaluation terminates with a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::workflow::expression::{Condition, ExpressionTemplate};
use trustpub_fuzz::scope::Something;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    if let Ok(template) = ExpressionTemplate::parse(&text) {
        let _ = template.evaluate(&Something);
        for reference in template.references() {
            assert!(text.get(reference.range.clone()).is_some(), "{reference:?}");
        }
    }
    if let Ok(condition) = Condition::parse(&text) {
        let _ = condition.evaluate(&Something);
    }
});
