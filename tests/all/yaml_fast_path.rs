//! The fast path of the YAML parser and granit build equal trees: kinds, places, styles, texts, comments, errors and aliases.
//!
//! `FAST_PATH_MUTATIONS` sets how many mutated texts are compared, and `FAST_PATH_SEED` which ones. Ten million take minutes in a
//! release build: `FAST_PATH_MUTATIONS=10000000 cargo test --release yaml_fast_path::mutated`.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use trustpub::read::yaml::{self, Dialect};
use walkdir::WalkDir;

use crate::support::corpus::repositories;

/// Compares the trees of a text; false where the fast path gives up.
fn accepts(text: &str, dialect: Dialect) -> bool {
    let Some(fast) = yaml::parse_fast(text) else { return false };
    let granit = yaml::parse_with_granit(text, dialect);
    assert!(fast == granit, "{text}\n{text:?}\nfast path: {fast:#?}\ngranit: {granit:#?}");
    true
}

fn yaml_files(root: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let files = WalkDir::new(root).sort_by_file_name().into_iter().flatten().map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_some_and(|it| it == "yml" || it == "yaml"))
}

fn read(path: PathBuf) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

/// The YAML files of this repository: fixtures, rules and registries.
fn own_files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["tests/projects", "rules"].into_iter().flat_map(|folder| yaml_files(&root.join(folder))).map(read).collect()
}

#[test]
fn own_files_have_equal_trees() {
    let files = own_files();
    let accepted = files.iter().filter(|text| accepts(text, Dialect::Workflow) && accepts(text, Dialect::Data)).count();
    // The others have anchors, which the fast path leaves to granit.
    assert!(accepted * 5 > files.len() * 4, "{accepted} of {} files", files.len());
}

#[test]
fn the_corpus_has_equal_trees() {
    let Some(repositories) = repositories() else { return };
    let files: Vec<_> = repositories.iter().flat_map(|root| yaml_files(root)).map(read).collect();
    let given_up = files.iter().filter(|text| !accepts(text, Dialect::Workflow)).count();
    assert!(given_up * 100 < files.len(), "it gives up on {given_up} of {} files", files.len());
}

/// Texts of each construct that the fast path accepts.
const ACCEPTED: &[&str] = &[
    // Block mappings.
    "a: 1",
    "a: 1\n",
    "a:\n",
    "a:",
    "a: \nb:   \nc:",
    "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
    "  a: 1\n  b: 2\n",
    "a :  1 \nb  : 2",
    "'a b': 1\n\"c\\\"d\": 2\n",
    "a b c: d e f\n",
    "é: 1\nü: ä ö\n",
    "A: 1\nb: 2\n",
    "'<<': 1\n",
    "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\nl: 1\nm: 1\nn: 1\no: 1\np: 1\nq: 1\n",
    "on:\ntrue: 1\n1: 2\n~: 3\n",
    // Block sequences.
    "a:\n- 1\n- 2\nb: 3\n",
    "a:\n  - 1\n  - 2\n",
    "a:\n-\n- 1\n-\n",
    "a:\n  -\n  - \n  -\n    1\n",
    "a:\n-   b: 1\n    c: 2\n-   d: 3\n",
    "a:\n- - 1\n  - 2\n- - - 3\n",
    "a:\n-\n  b: 1\n",
    "a:\n- b:\n  - 1\n  c: 2\n- d\n",
    "a:\n  - b:\n    - 1\n    - 2\n    c: 2\n  - d\n",
    "a:\n- |\n  x\n- >\n  y\n",
    "a:\n-    \n  b\n",
    // Comments.
    "# a\na: 1 # b\n# c\n",
    "a: # b\n  c: 1\n",
    "a:\n  # b\n  - 1\n # c\n  - 2 # d\n# e\n",
    "a:\n- 1\n# b\n- 2\n",
    "a: 1 #b\n#\nb: 2 #\n",
    "a: b#c\nd: e # f # g\n",
    "a: | # b\n  c\n# d\n",
    "#\u{e9} \u{1f680}\na: 1",
    "a: [ # b\n  1, # c\n  # d\n  2 ] # e\n",
    "a: 1 # trailing spaces   \n",
    // Plain scalars.
    "a: -1\nb: ?x\nc: :x\nd: -\u{e9}\n",
    "a: b:c\nd: e:f:g\nh: http://i/j#k\n",
    "a: b,c[d]{e}\n",
    "a: ~\nb: null\nc: true\nd: 0x1F\ne: 1e3\nf: .inf\ng: on\nh: 1.0.0\n",
    "a: b\n  c\n",
    "a: b\n  c\n\n  d\n\n\n  e\nf: g\n",
    "a: b   \n     c   \n  d\n",
    "a:\n  b\n  c\nd: e\n",
    "a: 1\n  2\nb: true\n  false\n",
    "a:\n  - b\n    c\n  - d\n",
    "a: b\n  c # d\ne: f\n",
    "a: b\n  - c\n",
    "a: b\n  c:d\n",
    "a: ${{ b }}\nc: ${{ d && 'e' }}\n",
    "a: b ! & * | > ' \" % @ `\n",
    "a: b\n\n\nc: d",
    // Quoted scalars.
    "a: 'b'\nc: \"d\"\n",
    "a: ''\nb: \"\"\n",
    "a: 'it''s'\nb: ''''\nc: ''''''\n",
    "a: \"\\\"\\\\\\n\\t\"\n",
    "a: 'b: c # d'\ne: \"f: g # h\"\n",
    "a: 'b' # c\n",
    "a: 'b'   \nc: \"d\"   ",
    "a: '\u{e9}\u{1f680}'\nb: \"\u{e9}\"\n",
    "a: 'b\tc'\nd: \"e\tf\"\n",
    "a: '\\n'\n",
    "a:\n  'b'\nc:\n  - \"d\"\n",
    // Block scalars.
    "a: |\n  b\n",
    "a: |\n  b\n  c\nd: 1\n",
    "a: |\n  b",
    "a: |\n  b\n\n\n",
    "a: |-\n  b\n\n\n",
    "a: |+\n  b\n\n\nc: d\n",
    "a: >\n  b\n  c\n",
    "a: >-\n  b\n\n  c\n\n\n  d\n",
    "a: >\n  b\n    c\n  d\n",
    "a: >\n  b\n\n    c\n\n  d\n",
    "a: >\n    b\n  # c\nd: 1\n",
    "a: >\n  b\n  \tc\n  d\n",
    "a: |\n\n  b\n",
    "a: |\n \n  b\n",
    "a: |\n    b\n   \n  \n    c\n",
    "a: |\n  b\n     \n  c\n",
    "a: |\n  b   \n  c\t\n",
    "a: |   \n  b\n",
    "a: |\n  # b\n  c: d\n  - e\n  'f\n",
    "a: |\n  b\n # c\nd: e\n",
    "a: |\n  b\n  # c\nd: e\n",
    "a:\n- |\n b\n- |\n     c\n",
    "a:\n  b: |\n    c\n  d: |\n    e\nf: g\n",
    "a:\n  |\n  b\n",
    "a: |\n  b\u{a0}\n",
    "a: |\n  b\n  ",
    "a: |\n  b\n   ",
    "a: |\n  b\n\n  \n",
    "a: |\n  x | y > z\n",
    "a: |\n  ---\n  ...\n  %\n",
    // Flow collections.
    "{a: b}\n",
    "{\n\"a\": {\"b\": [1, 2]},\n\"c\": null\n}\n",
    "a: [b c: d]\n",
    "a: [b: c]\nd: [ e: f , g, h: [i: j]  ]\n",
    "a: [\n  b: c\n  ,\n  d:\n    e # f\n]\n",
    "a: []\nb: {}\n",
    "a: [1, 2]\nb: {c: d, e: f}\n",
    "a: [1, 2,]\nb: {c: d,}\n",
    "a: [ 1 , 2 ]\nb: { c : d , e : f }\n",
    "a: [\n  1,\n  2\n]\nb: 3\n",
    "a: [\n  1,\n  2\n  ]\nb: {\n  c:\n    d,\n  e: f }\n",
    "a: [[1, [2]], {b: [3]}]\n",
    "a: ['b', \"c\", d e]\n",
    "a: {'b': 1, \"c\": {d: e}}\n",
    "a: [b#c, d-e, -1, http://f, g:h]\n",
    "a:\n- [1]\n- {b: c}\n",
    "a:\n  [1]\n",
    "a: [\"${{ b }}\", '*']\n",
    "a: [\n\n\n]\n",
    // The document.
    "---\na: 1\n",
    "--- # a\nb: 1\n",
    "# a\n---\n# b\nc: 1\n",
    "\n\n  \na: 1\n\n  \n\n",
    "---\n\n\na: 1",
    "a: 1\n...\n",
    "a: |\n  b\n...",
    "a:\n  b\n...  \n\n",
    "a: ---\nb: --- c\nd: ...\n",
    // Line ends.
    "a: 1\r\nb:\r\n  - c # d\r\n  - 'e'\r\n",
    "a: |\r\n  b\r\n\r\n  c\r\nd: >\r\n  e\r\n  f\r\n",
    "a: b\r\n  c\r\n\r\n  d\r\n",
    "a: [\r\n  1\r\n]\r\n",
    "a:\r\n-\r\n- 1\r\n",
];

/// Texts that the fast path leaves to granit, by construct.
const LEFT_TO_GRANIT: &[&str] = &[
    "",
    "\n",
    "# a\n",
    "a",
    "'a'",
    "- a\n- b\n",
    "[a]",
    "|\n a\n",
    "---\n",
    "a: &b 1\nc: *b\n",
    "&a b: c\n",
    "a: !!str 1\n",
    "a: !b c\n",
    "? a\n: b\n",
    "a: ? b\n",
    "%YAML 1.2\n---\na: 1\n",
    "a: 1\n---\nb: 2\n",
    "a: 1\n...\n...\n",
    "a: 1\n... # b\n",
    "a: [1\n...\n",
    "a: 1\n---\n",
    "--- a: 1\n",
    "--- |\n a\n",
    "---a: 1\n",
    "a: 1\na: 2\n",
    "a: 1\nA: 2\n",
    "é: 1\nÉ: 2\n",
    "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\nl: 1\nm: 1\nn: 1\no: 1\np: 1\na: 1\n",
    "\u{212a}: 1\nk: 2\n",
    "a: {b: 1, b: 2}\n",
    "<<: 1\n",
    "a:\tb\n",
    "a: b\tc\n",
    "\ta: 1\n",
    "a:\n\t- b\n",
    "a: 1\t\n",
    "a\t: 1\n",
    "a: 'b'\t# c\n",
    "a: [\t1]\n",
    "a: |\n\tb\n",
    "a: 'b\n  c'\n",
    "a: \"b\n  c\"\n",
    "a: \"b\\\n  c\"\n",
    "a: \"\\x41\"\n",
    "a: \"\\u00e9\"\n",
    "a: 'b\n",
    "a: \"b",
    "a: |2\n   b\n",
    "a: |-2\n   b\n",
    "a: |x\n  b\n",
    "a: |#b\n  c\n",
    "a: |\n",
    "a: |\nb: 1\n",
    "a: |\n   \n  b\n",
    "a: |\n  | b\n",
    "a: [b\n",
    "a: [b]]\n",
    "a: [b] c\n",
    "a: [b: c d: e]\n",
    "a: [b: ]\n",
    "a: [b: c, b: d, : e]\n",
    "a: {b}\n",
    "a: {b:c}\n",
    "a: {\"b\":c}\n",
    "a: {b: }\n",
    "a: {b: , c: d}\n",
    "a: [,]\n",
    "a: [1,,2]\n",
    "a: [- b]\n",
    "a: [b\n  c]\n",
    "a: [\n---\n]\n",
    "a: [b]: c\n",
    "[a]: b\n",
    "a: b: c\n",
    "a: b\nc\n",
    "a: - b\n",
    "a: 'b' c\n",
    "a: 'b'#c\n",
    "a: b\n  c: d\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n    b: 1\n  c: 2\n",
    "a:\n  - b\n - c\n",
    "a:\n  - b\n  c\n",
    "a:\n  - b\n  c: d\n",
    "- a\nb: c\n",
    "a: @b\n",
    "a: `b`\n",
    "a: %b\n",
    "a: ,b\n",
    "a: ]\n",
    ": a\n",
    "a: 1\rb: 2\r",
    "a: 1\r",
    "\u{feff}a: 1\n",
    "a: b\u{7}\n",
    "a: b\u{85}c\n",
    "a: b\u{2028}c\n",
    "a: \0\n",
];

#[test]
fn the_trees_of_each_construct_are_equal() {
    let both = |text: &&&str| accepts(text, Dialect::Workflow) && accepts(text, Dialect::Data);
    let given_up: Vec<_> = ACCEPTED.iter().filter(|text| !both(text)).collect();
    assert!(given_up.is_empty(), "{given_up:#?}");
}

#[test]
fn the_fast_path_leaves_other_constructs_to_granit() {
    let accepted: Vec<_> = LEFT_TO_GRANIT.iter().filter(|text| yaml::parse_fast(text).is_some()).collect();
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn the_limits_of_depth_key_length_and_size_are_left_to_granit() {
    let nested = |levels: usize| format!("a: {}{}\n", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let key = |length: usize| format!("{}: 1\n", "k".repeat(length));
    let large = |size: usize| format!("a: {}\n", "b".repeat(size - 4));
    for (within, beyond) in
        [(nested(50), nested(51)), (key(1000), key(1001)), (large(1024 * 1024), large(1024 * 1024 + 1))]
    {
        assert!(accepts(&within, Dialect::Workflow) && accepts(&within, Dialect::Data));
        assert!(yaml::parse_fast(&beyond).is_none());
    }
}

/// What a mutation inserts: every indicator, and pieces on which parsers differ.
const PIECES: &[&str] = &[
    "",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n  ",
    "\n    ",
    "\r\n",
    "\r",
    "\t",
    "-",
    "- ",
    "-\n",
    ": ",
    ":",
    ":\n",
    "? ",
    "#",
    " #",
    " # c\n",
    "|",
    ">",
    "|\n",
    ">\n",
    " |-\n",
    " >+\n",
    "|2\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    "[]",
    "{}",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\\"",
    "&a ",
    "*a",
    "!t ",
    "!!str ",
    "---\n",
    "...\n",
    "%Y",
    "@",
    "`",
    "<<: ",
    "~",
    "null",
    "1",
    "-1.5e3",
    "true",
    "a: b\n",
    "- c\n",
    "é",
    "\u{1f680}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{7}",
    "${{ a }}",
    "a",
    "A: 1\n",
    "a: 2\n",
];

/// Pseudorandom numbers that are the same on every machine: xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % limit.max(1)
    }

    fn pick<'a, T: AsRef<str>>(&mut self, all: &'a [T]) -> &'a str {
        all[self.below(all.len())].as_ref()
    }

    /// A random range of a text, usually short.
    fn range(&mut self, text: &str) -> std::ops::Range<usize> {
        let start = text.floor_char_boundary(self.below(text.len() + 1));
        let longest = [1, 4, 20, 80][self.below(4)];
        start..text.ceil_char_boundary((start + self.below(longest + 1)).min(text.len()))
    }
}

/// Some lines of a text. A sequence becomes the value of a key.
fn excerpt(random: &mut Random, text: &str) -> String {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let start = random.below(lines.len());
    let lines = &lines[start..(start + 1 + random.below(25)).min(lines.len())];
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = lines.first().map_or(0, |line| spaces(line));
    let excerpt: String = lines.iter().filter_map(|line| line.get(indent.min(spaces(line))..)).collect();
    if excerpt.starts_with('-') { format!("k:\n{excerpt}") } else { excerpt }
}

/// Changes a text once: replaces, inserts, repeats or moves a part, changes an indentation, or inserts a part of another text.
fn mutate(random: &mut Random, text: &mut String, other: &str) {
    let range = random.range(text);
    match random.below(8) {
        0 | 1 => text.replace_range(range, random.pick(PIECES)),
        2 | 3 => text.insert_str(range.start, random.pick(PIECES)),
        4 => {
            let part = text[range.clone()].to_owned();
            text.insert_str(range.end, &part);
        }
        5 => {
            let part = text[range.clone()].to_owned();
            text.replace_range(range, "");
            let at = text.floor_char_boundary(random.below(text.len() + 1));
            text.insert_str(at, &part);
        }
        6 => {
            let line = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
            let spaces = text[line..].len() - text[line..].trim_start_matches(' ').len();
            text.replace_range(line..line + spaces, &" ".repeat(random.below(spaces + 4)));
        }
        _ => {
            let part = random.range(other);
            text.insert_str(range.start, &other[part]);
        }
    }
}

fn mutated(random: &mut Random, seeds: &[String]) -> String {
    let (seed, other) = (random.pick(seeds), random.pick(seeds));
    let mut text = excerpt(random, seed);
    for _ in 0..random.below(3) {
        mutate(random, &mut text, other);
    }
    text
}

#[test]
fn mutated_texts_have_equal_trees() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let mutations = number("FAST_PATH_MUTATIONS").unwrap_or(20_000);
    let mut random = Random(number("FAST_PATH_SEED").unwrap_or(0).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut seeds = own_files();
    seeds.extend(ACCEPTED.iter().chain(LEFT_TO_GRANIT).map(|text| (*text).to_owned()));
    let mut accepted = 0;
    for index in 0..mutations {
        let text = mutated(&mut random, &seeds);
        let dialect = if index % 2 == 0 { Dialect::Workflow } else { Dialect::Data };
        accepted += u64::from(accepts(&text, dialect));
    }
    eprintln!("{accepted} of {mutations} mutated texts are accepted");
    assert!(accepted * 5 > mutations, "only {accepted} of {mutations} mutated texts are accepted");
}

/// Texts made of the pieces of YAML, line by line.
fn made_up() -> impl Strategy<Value = String> {
    let line = (0..4_usize, prop::sample::select(PIECES), prop::sample::select(PIECES), prop::sample::select(PIECES));
    let line = line.prop_map(|(indent, one, two, three)| format!("{}{one}{two}{three}\n", "  ".repeat(indent)));
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn generated_texts_have_equal_trees(before in prop::sample::select(ACCEPTED), text in made_up(), after in prop::sample::select(ACCEPTED)) {
        accepts(&text, Dialect::Workflow);
        accepts(&format!("{before}\n{text}{after}"), Dialect::Data);
    }

    #[test]
    fn changed_texts_have_equal_trees(
        text in prop::sample::select(ACCEPTED), at in 0..40_usize, length in 0..4_usize, piece in prop::sample::select(PIECES)
    ) {
        let (start, end) = (text.floor_char_boundary(at.min(text.len())), (at + length).min(text.len()));
        let end = text.ceil_char_boundary(end.max(start));
        accepts(&format!("{}{piece}{}", &text[..start], &text[end..]), Dialect::Workflow);
    }
}
