//! Text from files made harmless for terminals and CI logs. It changes only what could act there.

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
    shown.replace("##[", "## [".get(..3).unwrap_or("## "))
}

fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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
        assert_eq!(in_place("a\u{85}b").len(), "a\u{85}b".len());
    }
}
