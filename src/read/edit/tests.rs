//! Changes in every YAML style.

use super::*;

fn path(text: &str) -> NodePath {
    let part = |part: &str| part.parse().map_or_else(|_| PathSegment::Key(part.to_owned()), PathSegment::Item);
    text.split('/').map(part).collect()
}

fn text(text: &str) -> EditValue {
    EditValue::Text(text.to_owned())
}

fn set(at: &str, value: &str) -> NodeChange {
    NodeChange::Set { path: path(at), value: text(value), after: &["runs-on"] }
}

fn remove(at: &str) -> NodeChange {
    NodeChange::Remove { path: path(at), keep: false }
}

/// The text after a change; `None` if the change is refused.
fn changed(before: &str, change: &NodeChange) -> Option<String> {
    let tree = parse(before, Dialect::Workflow);
    edited(before, &tree, Dialect::Workflow, std::slice::from_ref(change)).map(|edited| edited.text)
}

#[track_caller]
fn becomes(before: &str, change: &NodeChange, after: &str) {
    assert_eq!(changed(before, change).as_deref(), Some(after));
}

#[test]
fn a_value_keeps_its_quotes_and_its_comment() {
    becomes("a: b # why\n", &set("a", "c"), "a: c # why\n");
    becomes("a: 'b'\n", &set("a", "c"), "a: 'c'\n");
    becomes("a: \"b\"\r\nc: d\r\n", &set("a", "x\"y"), "a: \"x\\\"y\"\r\nc: d\r\n");
    becomes("\u{feff}a: b", &set("a", "c"), "\u{feff}a: c");
    becomes("a: b\n", &set("a", "true"), "a: 'true'\n");
    becomes("a: b\n", &set("a", "it's: so"), "a: 'it''s: so'\n");
    becomes("a: {b: c}\n", &set("a/b", "x, y"), "a: {b: 'x, y'}\n");
}

#[test]
fn a_new_entry_is_written_like_its_siblings() {
    becomes("a:\n    b: c # why\nd: e\n", &set("a/x", "y"), "a:\n    b: c # why\n    x: y\nd: e\n");
    becomes("a:\r\n  b: c\r\n", &set("a/x", "y"), "a:\r\n  b: c\r\n  x: y\r\n");
    becomes("a:\n  b: c", &set("a/x", "y"), "a:\n  b: c\n  x: y");
    becomes("a: { b: c }\n", &set("a/x", "y"), "a: { b: c, x: y }\n");
    becomes("a: { b: c, }\n", &set("a/x", "y"), "a: { b: c, x: y }\n");
    becomes("a: {}\n", &set("a/x", "y"), "a: { x: y }\n");
    becomes("a: # why\nd: e\n", &set("a/x", "y"), "a: # why\n  x: y\nd: e\n");
    becomes("a:\n  - b: c\n", &set("a/0/x", "y"), "a:\n  - b: c\n    x: y\n");
    becomes("a:\n-   b: |\n      text\n", &set("a/0/x", "y"), "a:\n-   b: |\n      text\n    x: y\n");
}

#[test]
fn an_item_is_inserted_with_the_blank_lines_and_above_the_comments_of_the_next_one() {
    let step = |run: &str| EditValue::Mapping(vec![("id".into(), text("x")), ("run".into(), text(run))]);
    let insert = |at: &str, run: &str| NodeChange::Insert { path: path(at), value: step(run) };
    becomes("a:\n  - b: c\n", &insert("a/0", "y"), "a:\n  - id: x\n    run: y\n  - b: c\n");
    let separated = "a:\n  - b: c\n\n  # why\n  # so\n  - d: e\n";
    becomes(
        separated,
        &insert("a/1", "one\n\n two\n"),
        "a:\n  - b: c\n\n  - id: x\n    run: |\n      one\n\n       two\n\n  # why\n  # so\n  - d: e\n",
    );
    becomes(separated, &insert("a/0", "z"), "a:\n  - id: x\n    run: z\n\n  - b: c\n\n  # why\n  # so\n  - d: e\n");
    becomes("a:\r\n- b\r\n# w\r\n- c\r\n", &insert("a/1", "z"), "a:\r\n- b\r\n- id: x\r\n  run: z\r\n# w\r\n- c\r\n");
    assert_eq!(changed("a: [{ b: c }]\n", &insert("a/0", "z")), None);
    assert_eq!(changed("a:\n  - b: c\n", &insert("a/1", "z")), None);
}

#[test]
fn an_expression_is_plain_only_in_a_block() {
    becomes("a:\n  b: c\n", &set("a/x", "${{ steps.x.outputs.y }}"), "a:\n  b: c\n  x: ${{ steps.x.outputs.y }}\n");
    becomes("a: { b: c }\n", &set("a/x", "${{ y }}"), "a: { b: c, x: '${{ y }}' }\n");
    becomes("a:\n  b: c\n", &set("a/x", "${{ y }}: z"), "a:\n  b: c\n  x: '${{ y }}: z'\n");
}

#[test]
fn missing_entries_on_the_path_are_added() {
    let job = "jobs:\n   one:\n      runs-on: x\n      steps: []\n";
    becomes(
        job,
        &set("jobs/one/permissions/id-token", "write"),
        "jobs:\n   one:\n      runs-on: x\n      permissions:\n         id-token: write\n      steps: []\n",
    );
    let block = EditValue::Mapping(vec![("a".into(), text("b")), ("c".into(), text("d"))]);
    let change = NodeChange::Set { path: path("jobs/one/permissions"), value: block, after: &[] };
    becomes(
        job,
        &change,
        "jobs:\n   one:\n      runs-on: x\n      steps: []\n      permissions:\n         a: b\n         c: d\n",
    );
    becomes(
        "jobs: {one: {runs-on: x}}",
        &set("jobs/one/permissions/id-token", "write"),
        "jobs: {one: {runs-on: x, permissions: { id-token: write }}}",
    );
}

#[test]
fn an_entry_is_removed_with_its_line_only() {
    becomes("a:\n  b: c # gone\n  # stays\n  d: e\n", &remove("a/b"), "a:\n  # stays\n  d: e\n");
    becomes("a:\n  b: c\n  d: e", &remove("a/d"), "a:\n  b: c");
    becomes("a:\r\n  b: c\r\n  d: |\r\n    x\r\n", &remove("a/d"), "a:\r\n  b: c\r\n");
    becomes("a: { b: c, d: e }\n", &remove("a/b"), "a: { d: e }\n");
    becomes("a: { b: c, d: e }\n", &remove("a/d"), "a: { b: c }\n");
    becomes("a:\n  - b: c\n    d: e\n", &remove("a/0/b"), "a:\n  - d: e\n");
}

#[test]
fn a_collection_is_removed_with_its_last_entry() {
    becomes("a:\n  b:\n    c: d\n  e: f\n", &remove("a/b/c"), "a:\n  e: f\n");
    becomes("a:\n  - b\nc: d\n", &remove("a/0"), "c: d\n");
    let alone = "# why\na:\n  - b: c\n";
    assert_eq!(changed(alone, &remove("a/0")), None, "GitHub refuses an empty workflow");
    let config = edited(alone, &parse(alone, Dialect::Data), Dialect::Data, &[remove("a/0")]);
    assert_eq!(config.map(|edited| edited.text).as_deref(), Some("# why\n"));
    let keep = NodeChange::Remove { path: path("a/b"), keep: true };
    becomes("a:\n  b: c\nd: e\n", &keep, "a: {}\nd: e\n");
    assert_eq!(changed("a:\n  # why\n  b: c\nd: e\n", &keep), None, "a comment is not lost");
}

#[test]
fn an_item_is_removed_with_one_blank_line() {
    becomes("a:\n  - b: 1\n\n  - c: 2\n\n  - d: 3\n", &remove("a/1"), "a:\n  - b: 1\n\n  - d: 3\n");
    becomes("a:\n- b\n- c\n", &remove("a/0"), "a:\n- c\n");
    becomes("a: [b, c]\n", &remove("a/1"), "a: [b]\n");
    assert_eq!(
        changed("a:\n  - - b\n    - c\n", &remove("a/0/0")),
        None,
        "an item after another dash has no line of its own"
    );
}

#[test]
fn keys_are_renamed_and_parts_of_scalars_replaced() {
    let rename = NodeChange::Rename { path: path("a/id_token"), key: "id-token".into() };
    becomes("a:\n  id_token: write # why\n", &rename, "a:\n  id-token: write # why\n");
    becomes("a: {\"id_token\": write}\n", &rename, "a: {\"id-token\": write}\n");
    assert_eq!(changed("a:\n  id_token: write\n  id-token: read\n", &rename), None, "the name is taken");
    let within = NodeChange::Within { path: path("uses"), range: 4..6, text: "release/v1".into() };
    becomes("uses: 'a/b@v1' # why\n", &within, "uses: 'a/b@release/v1' # why\n");
}

#[test]
fn comments_are_changed_and_removed() {
    let comment = |before: &str, text: &str| {
        let tree = parse(before, Dialect::Workflow);
        changed(before, &NodeChange::Comment { span: tree.comments().first()?.span, text: text.to_owned() })
    };
    assert_eq!(comment("a: b # why\nc: d\n", "").as_deref(), Some("a: b\nc: d\n"));
    assert_eq!(comment("a:\n  # why\n  c: d\n", "").as_deref(), Some("a:\n  c: d\n"));
    assert_eq!(comment("a: b # why\r\n", "# so").as_deref(), Some("a: b # so\r\n"));
    assert_eq!(comment("a: b # why\n", "x: y").as_deref(), None, "the rest of the comment would become content");
}

#[test]
fn nodes_with_an_anchor_are_not_edited() {
    let anchored = "a: &p\n  b: c\nd: *p\n";
    assert_eq!(changed(anchored, &set("a/x", "y")), None);
    assert_eq!(changed(anchored, &set("a/b", "y")), None);
    assert_eq!(changed(anchored, &set("d/b", "y")), None);
    assert_eq!(changed(anchored, &remove("a")), None, "the alias would have no anchor");
    assert_eq!(changed("a: b: c\n", &set("a", "y")), None, "a broken file is not edited");
}

#[test]
fn overlapping_changes_are_refused() {
    let before = "a: b\n";
    let tree = parse(before, Dialect::Workflow);
    assert!(edited(before, &tree, Dialect::Workflow, &[set("a", "c"), remove("a")]).is_none());
}

#[test]
fn items_are_appended_to_lists_of_every_style() {
    let item = || EditValue::Mapping(vec![("x".into(), text("1a")), ("y".into(), text("b"))]);
    let append = |at: &str| NodeChange::Append { path: path(at), value: item() };
    becomes("p:\n  - x: q # c\nz: 1\n", &append("p"), "p:\n  - x: q # c\n  - x: 1a\n    y: b\nz: 1\n");
    becomes(
        "p:\n- x: q\n  # about q\n# about z\nz: 1\n",
        &append("p"),
        "p:\n- x: q\n  # about q\n- x: 1a\n  y: b\n# about z\nz: 1\n",
    );
    becomes("p: [] # none\nz: 1\n", &append("p"), "p: # none\n  - x: 1a\n    y: b\nz: 1\n");
    becomes("p:\r\nz: 1\r\n", &append("p"), "p:\r\n  - x: 1a\r\n    y: b\r\nz: 1\r\n");
    becomes("z: 1", &append("p"), "z: 1\np:\n  - x: 1a\n    y: b");
    becomes("p: [{x: q}]\n", &append("p"), "p: [{x: q}, { x: 1a, y: b }]\n");
    becomes("p: [{x: q}, ]\n", &append("p"), "p: [{x: q}, { x: 1a, y: b } ]\n");
    becomes("p: {q: []}\n", &append("p/q"), "p: {q: [{ x: 1a, y: b }]}\n");
    becomes(
        "e: {}\n",
        &NodeChange::Append { path: path("e/v/refs"), value: text("v*") },
        "e: { v: { refs: ['v*'] } }\n",
    );
    assert_eq!(changed("p: &a [x]\nq: *a\n", &append("p")), None);
    assert_eq!(changed("p: text\n", &append("p")), None);
}

#[test]
fn a_value_becomes_empty_and_its_comment_stays() {
    let empty = |at: &str| NodeChange::Set { path: path(at), value: EditValue::Null, after: &[] };
    becomes("a: b # why\nc: d\n", &empty("a"), "a:  # why\nc: d\n");
    becomes("a: {b: c, d: e}\n", &empty("a/b"), "a: {b: , d: e}\n");
}
