//! Escapes text from files for terminals and CI logs: control characters, bidirectional marks and workflow commands.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

/// Escapes control characters and bidirectional marks. Line ends become spaces, so the result is one line.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => shown.push(' '),
            letter if needs_escape(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    // The GitHub Actions runner interprets `##[` anywhere in a line.
    shown.replace("##[", "##\\[")
}

/// Like [`line()`], but keeps all byte offsets: each escaped character becomes as many `?` as it has bytes.
#[must_use]
pub fn in_place(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            letter if needs_escape(letter) => shown.extend(std::iter::repeat_n('?', letter.len_utf8())),
            letter => shown.push(letter),
        }
    }
    shown.replace("##[", "## ")
}

/// Equivalent JSON without control characters, bidirectional marks or `##[`.
fn json(text: &str) -> Cow<'_, str> {
    // Besides line ends, such characters only occur in strings, where `\u` escapes are allowed. None needs a surrogate pair.
    let mut shown = Cow::Borrowed(text);
    // Without an early end, so that many bytes are tested at once: reports of many megabytes pass here.
    if text.bytes().fold(false, |found, byte| found | may_begin_escaped(byte)) {
        let mut escaped = String::with_capacity(text.len());
        let mut copied = 0;
        for (start, _) in text.bytes().enumerate().filter(|(_, byte)| may_begin_escaped(*byte)) {
            let Some(letter) = text[start..].chars().next().filter(|letter| needs_escape(*letter)) else { continue };
            escaped.push_str(&text[copied..start]);
            escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
            copied = start + letter.len_utf8();
        }
        escaped.push_str(&text[copied..]);
        shown = Cow::Owned(escaped);
    }
    if memchr::memmem::find(shown.as_bytes(), b"##[").is_some() {
        Cow::Owned(shown.replace("##[", "#\\u0023["))
    } else {
        shown
    }
}

/// Whether a byte may be the first of a character for which [`needs_escape`] is true, apart from line feeds.
const fn may_begin_escaped(byte: u8) -> bool {
    byte < b' ' && byte != b'\n' || matches!(byte, 0x7F | 0xC2 | 0xD8 | 0xE2 | 0xEF)
}

/// Writes pretty-printed JSON without control characters, bidirectional marks or `##[`.
///
/// # Errors
/// If the value cannot be serialized or written.
pub(crate) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut formatter = JsonFormatter { out, waiting: Vec::with_capacity(BLOCK) };
    serde_json::to_writer_pretty(&mut formatter, value)?;
    formatter.flush()
}

/// The number of bytes that are escaped at once. `serde_json` writes a few bytes at a time.
const BLOCK: usize = 8 * 1024;

/// Applies [`json`] to everything written. Each write must be valid UTF-8 and contain `##[` whole or not at all, as those of `serde_json` do;
/// none is split.
struct JsonFormatter<'o> {
    out: &'o mut dyn Write,
    /// Whole writes that are not yet escaped.
    waiting: Vec<u8>,
}

impl Write for JsonFormatter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() < BLOCK { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::str::from_utf8(&self.waiting).map_err(io::Error::other)?;
        self.out.write_all(json(text).as_bytes())?;
        self.waiting.clear();
        self.out.flush()
    }
}

/// Escapes `::` at the start of a line, which the GitHub Actions runner would interpret as a command.
#[must_use]
pub fn commands(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let text = line.trim_start();
        // `::: ` starts the snippet of another file in the text format. The runner finds no command name in it.
        if text.starts_with("::") && !text.starts_with("::: ") {
            shown.push('\\');
        }
        shown.push_str(line);
    }
    shown
}

/// Applies [`line()`] and [`commands`] to every line.
#[must_use]
pub fn page(text: &str) -> String {
    commands(&text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// Whether a terminal interprets this character instead of showing it.
pub(crate) fn needs_escape(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_json_is_escaped_like_short_json() {
        let texts: Vec<String> = (0..3_000).map(|count| format!("{}é##[x]\u{202e}", "-".repeat(count % 7))).collect();
        let mut out = Vec::new();
        write_json(&mut out, &texts).unwrap();
        let pretty = serde_json::to_string_pretty(&texts).unwrap();
        let expected = json(&pretty);
        assert!(out.len() > 4 * BLOCK && out == expected.as_bytes());
    }

    #[test]
    fn nothing_acts_on_a_terminal_or_a_runner() {
        assert_eq!(line("a\u{1b}[31mb\r\nc"), "a\\u{1b}[31mb  c");
        assert_eq!(line("##[error]x"), "##\\[error]x");
        assert_eq!(line("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(in_place("é\u{1b}\u{202e}\n##[x]"), "é????\n## x]");
        assert_eq!(json("{\"a\": \"##[error]\"}"), "{\"a\": \"#\\u0023[error]\"}");
        assert_eq!(json("\"\u{9b}\u{202e}é\"\n"), "\"\\u009b\\u202eé\"\n");
        let mut escaped = ('\0'..=char::MAX).filter(|letter| needs_escape(*letter) && *letter != '\n');
        assert!(escaped.all(|letter| may_begin_escaped(letter.to_string().as_bytes()[0])));
        assert_eq!(commands("a::b\n  ::error::x\n::y"), "a::b\n\\  ::error::x\n\\::y");
        assert_eq!(commands("  ::: other.yml:1:2\n"), "  ::: other.yml:1:2\n");
        assert_eq!(in_place("a\u{85}b").len(), "a\u{85}b".len());
    }
}
