//! Finds the words of data in texts, such as those of commands in scripts, without parsing the texts.

/// Words, in any case. Each is found in a text by its first name, a run of letters, digits, `-` and `_`. Most names in a text are not the first
/// name of any word.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordIndex {
    words: Vec<IndexedWord>,
    /// By the first byte of their first name, in lower case: the hash of this name and the position of each word. Few names begin with the
    /// same byte, so a linear search is fastest.
    by_first: Vec<Vec<(usize, usize)>>,
    /// By the same byte: the hashes of these names, as bits. Most names in a text have another hash.
    hashes: Vec<u64>,
}

/// The longest word in bytes. Each place of its first name in a text is compared with the whole word.
const LONGEST: usize = 256;

/// With how many words of the same first byte a new word is compared. If there are more, it may be added twice, and is then found twice.
const MOST_COMPARED: usize = 256;

/// A word with at least one name.
#[derive(Debug, Clone)]
struct IndexedWord {
    text: String,
    /// The offset of its first name.
    name: usize,
}

impl WordIndex {
    /// Adds a word, if it is new, and returns its position; `None` for a word that has no name or is too long.
    pub(crate) fn add(&mut self, word: &str) -> Option<usize> {
        let (start, name) = names(word).next().filter(|_| word.len() <= LONGEST)?;
        self.by_first.resize(256, Vec::new());
        self.hashes.resize(256, 0);
        let known = self.by_first[name.first].iter().take(MOST_COMPARED).map(|(_, position)| *position);
        if let Some(position) = known.into_iter().find(|position| self.words[*position].text.eq_ignore_ascii_case(word))
        {
            return Some(position);
        }
        self.by_first[name.first].push((name.hash(), self.words.len()));
        self.hashes[name.first] |= 1 << name.hash();
        self.words.push(IndexedWord { text: word.to_owned(), name: start });
        Some(self.words.len() - 1)
    }

    /// The number of words.
    pub(crate) const fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether `test` is true for one of the words that a text has, and not as a part of a longer one, in the order of the text. It gets the
    /// offset of the word's first name and the position of the word. A word that is split by quotes is not found.
    pub(crate) fn any_in(&self, text: &str, mut test: impl FnMut(usize, usize) -> bool) -> bool {
        if self.words.is_empty() {
            return false;
        }
        names(text).any(|(start, name)| {
            self.hashes[name.first] & 1 << name.hash() != 0
                && self.by_first[name.first].iter().any(|(hash, position)| {
                    *hash == name.hash() && self.words[*position].is_at(text, start) && test(start, *position)
                })
        })
    }
}

impl IndexedWord {
    /// Whether a text has the word, and not as a part of a longer one, where its first name is at an offset.
    fn is_at(&self, text: &str, name: usize) -> bool {
        let Some(start) = name.checked_sub(self.name) else { return false };
        let end = start + self.text.len();
        let bytes = text.as_bytes();
        let is_inside = |byte: Option<&u8>| byte.is_some_and(|byte| LOWER[usize::from(*byte)] != 0);
        bytes.get(start..end).is_some_and(|found| found.eq_ignore_ascii_case(self.text.as_bytes()))
            && !is_inside(start.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_inside(bytes.get(end))
    }
}

/// A run of letters, digits, `-` and `_`.
#[derive(Debug, Clone, Copy)]
struct Name {
    /// In bytes.
    length: usize,
    /// The first byte, in lower case.
    first: usize,
    /// The last byte, in lower case.
    last: usize,
}

impl Name {
    /// A number below 64, in which few names with the same first byte agree.
    const fn hash(self) -> usize {
        (self.length * 11 + self.last) % 64
    }
}

/// The names in a text, with their offsets.
fn names(text: &str) -> impl Iterator<Item = (usize, Name)> {
    let lower = |byte: &u8| usize::from(LOWER[usize::from(*byte)]);
    let mut bytes = text.as_bytes().iter();
    std::iter::from_fn(move || {
        let first = bytes.by_ref().map(lower).find(|byte| *byte != 0)?;
        let start = text.len() - bytes.len() - 1;
        let mut name = Name { length: 1, first, last: first };
        for byte in bytes.by_ref().map(lower).take_while(|byte| *byte != 0) {
            name.length += 1;
            name.last = byte;
        }
        Some((start, name))
    })
}

/// Each byte that is a part of a name, in lower case; 0 for others.
const LOWER: [u8; 256] = {
    let mut lower = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            lower[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    lower
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_in_any_case() {
        let mut index = WordIndex::default();
        for (word, position) in [("tool", 0), ("./gradlew", 1), ("send-it", 2), ("Tool", 0), (".netrc", 3), ("a.b", 4)]
        {
            assert_eq!(index.add(word), Some(position), "{word}");
        }
        assert_eq!(index.add("[["), None);
        assert_eq!(index.add(&"long.".repeat(100)), None);
        assert_eq!(index.len(), 5);
        let found_at = |text: &str| {
            let mut all = Vec::new();
            index.any_in(text, |start, position| {
                all.push((start, position));
                false
            });
            all
        };
        let found = |text: &str| found_at(text).into_iter().map(|(_, position)| position).collect::<Vec<_>>();
        assert_eq!(found("exec ./bin/TOOL.exe && ./gradlew send-it"), [0, 1, 2]);
        assert_eq!(found("cat ~/.netrc; a.b"), [3, 4]);
        assert_eq!(found_at("x ./gradlew"), [(4, 1)], "the offset is that of the name");
        for text in ["", "toolbox my-tool send-its", "gradlew netrc", "a.bc a.b-c ba.b", "tööl"] {
            assert!(found(text).is_empty(), "{text}");
        }
        assert!(index.any_in("x tool send-it", |start, position| (start, position) == (2, 0)));
        assert!(!WordIndex::default().any_in("tool", |_, _| true));
    }
}
