//! Any text as a workflow's YAML: every node is inside the text, and every byte of a scalar maps to a position in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustpub::read::yaml::{self, Dialect, Node};

fn check_node(node: Node<'_>, text: &str, depth: usize) {
    assert!(text.get(node.span().range()).is_some(), "{node:?}");
    if depth > 60 || node.alias_span().is_some() {
        return;
    }
    if let Some(value) = node.text() {
        for offset in [0, value.len() / 2, value.len()] {
            let offset = value.floor_char_boundary(offset);
            let span = node.source_span(text, offset..offset);
            assert!(span.end as usize <= text.len(), "{node:?} at {offset}");
        }
    }
    for entry in node.entries() {
        check_node(entry.key, text, depth + 1);
        check_node(entry.value, text, depth + 1);
    }
    node.items().for_each(|item| check_node(item, text, depth + 1));
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for dialect in [Dialect::Workflow, Dialect::Data] {
        let tree = yaml::parse(&text, dialect);
        for error in tree.errors() {
            assert!(text.get(error.span.range()).is_some(), "{error:?}");
        }
        if let Some(root) = tree.root() {
            check_node(root, &text, 0);
        }
    }
});
