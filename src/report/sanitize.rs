//! Text from files made harmless for terminals and CI logs. It changes only what could act there.

use std::io::{self, Write};

/// The text with every control character, and every mark that turns the direction of writing, made visible.
/// Line ends become blanks: what is shown as one line stays one.
#[must_use]
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => shown.push(' '),
            letter if acts(letter) => shown.extend(letter.escape_unicode()),
            letter => shown.push(letter),
        }
    }
    // The runner of GitHub Actions acts on `##[` anywhere in a line.
    shown.replace("##[", "##\\[")
}

/// The same for text whose bytes must keep their places: what acts is overwritten by as many harmless letters.
#[must_use]
pub fn in_place(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            letter if acts(letter) => shown.extend(std::iter::repeat_n('?', letter.len_utf8())),
            letter => shown.push(letter),
        }
    }
    shown.replace("##[", "## ")
}

/// JSON that means the same, in which nothing acts on a terminal, and no `##[` on the runner of GitHub Actions.
#[must_use]
pub fn json(text: &str) -> String {
    // What acts, besides line ends, can only stand in a string, where a letter may be written by its number. None needs two.
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && acts(letter) {
            shown.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            shown.push(letter);
        }
    }
    shown.replace("##[", "#\\u0023[")
}

/// Makes JSON harmless as [`json`] does, on its way to a writer. Each write must be whole text, as those of `serde_json` are.
pub struct JsonFormatter<W>(pub W);

impl<W: Write> Write for JsonFormatter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_all(json(text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Text of which no line begins with `::`, which the runner of GitHub Actions would act on.
#[must_use]
pub fn commands(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let text = line.trim_start();
        // `::: ` marks another file in the look of rustc; the runner finds no command's name behind it.
        if text.starts_with("::") && !text.starts_with("::: ") {
            shown.push('\\');
        }
        shown.push_str(line);
    }
    shown
}

/// A page of several lines, each made harmless.
#[must_use]
pub fn page(text: &str) -> String {
    commands(&text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// Whether a letter does something instead of being shown.
pub(crate) fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal_or_a_runner() {
        assert_eq!(line("a\u{1b}[31mb\r\nc"), "a\\u{1b}[31mb  c");
        assert_eq!(line("##[error]x"), "##\\[error]x");
        assert_eq!(line("x\u{202e}y"), "x\\u{202e}y");
        assert_eq!(in_place("é\u{1b}\u{202e}\n##[x]"), "é????\n## x]");
        assert_eq!(json("{\"a\": \"##[error]\"}"), "{\"a\": \"#\\u0023[error]\"}");
        assert_eq!(json("\"\u{9b}\u{202e}é\"\n"), "\"\\u009b\\u202eé\"\n");
        assert_eq!(commands("a::b\n  ::error::x\n::y"), "a::b\n\\  ::error::x\n\\::y");
        assert_eq!(commands("  ::: other.yml:1:2\n"), "  ::: other.yml:1:2\n");
        assert_eq!(in_place("a\u{85}b").len(), "a\u{85}b".len());
    }
}
