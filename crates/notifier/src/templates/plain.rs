//! Plain text: visible characters, and lines that every mail program shows whole.

use domain::text::hidden;

/// Source: RFC 3676 §4.2 recommends lines of at most 78.
const LINE_CHARS_MAX: usize = 76;

/// What somebody has named something, without the characters that hide or reorder text, or begin another line.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\r' => None,
            c if c.is_control() => Some(' '),
            c if hidden(c) => None,
            c => Some(c),
        })
        .collect()
}

/// The same in one line, cut at so many characters: fit for the field of a mail header.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let shown = shown(text);
    let mut words = shown.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    if line.chars().count() > chars_max {
        line = line.chars().take(chars_max.saturating_sub(1)).collect::<String>() + "…";
    }
    line
}

/// Paragraphs filled anew, and one empty line between them at most. Lines that begin with two spaces, and the line that
/// signatures begin with, stay as they are; a word that is longer than a line too.
pub(super) fn wrapped(text: &str) -> String {
    let mut out = Wrapped::default();
    for line in text.lines() {
        if line.trim().is_empty() {
            out.end_paragraph();
            out.gap = true;
        } else if line.starts_with("  ") {
            out.end_paragraph();
            out.line(line.trim_end());
        } else if line == "-- " {
            out.end_paragraph();
            out.line(line);
        } else {
            if line.starts_with("- ") {
                out.end_paragraph();
            }
            out.words.extend(line.split_whitespace().map(str::to_owned));
        }
    }
    out.end_paragraph();
    out.text
}

#[derive(Default)]
struct Wrapped {
    text: String,
    words: Vec<String>,
    /// An empty line comes before the next one that is not.
    gap: bool,
}

impl Wrapped {
    fn line(&mut self, line: &str) {
        if self.gap && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.gap = false;
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn end_paragraph(&mut self) {
        let words = std::mem::take(&mut self.words);
        let indent = if words.first().is_some_and(|word| word == "-") { "  " } else { "" };
        let mut line = String::new();
        for word in words {
            if line.is_empty() {
                line = word;
            } else if line.chars().count() + 1 + word.chars().count() > LINE_CHARS_MAX {
                self.line(&line);
                line = format!("{indent}{word}");
            } else {
                line.push(' ');
                line.push_str(&word);
            }
        }
        if !line.is_empty() {
            self.line(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_hides_or_breaks_a_line_is_left_of_a_name() {
        for (given, left) in [
            ("Shop\r\nBcc: all@example.com", "Shop Bcc: all@example.com"),
            ("a\u{202e}b\u{200f}c\u{2066}d\u{0}e\tf", "abcd e f"),
            ("  Über\u{2028}uns ", "Überuns"),
        ] {
            assert_eq!(one_line(given, 100), left);
        }
        assert_eq!(one_line(&"ab ".repeat(100), 10), "ab ab ab …");
    }

    #[test]
    fn paragraphs_are_filled_and_rows_are_left() {
        let words = "word ".repeat(20);
        let text = format!("\n\n{words}\n{words}\n\n\n\n  a: row    of {words}\n- one\n- two\n-- \nend");
        let wrapped = wrapped(&text);
        assert!(wrapped.starts_with("word word"), "{wrapped}");
        assert!(
            wrapped.lines().all(|line| line.len() <= LINE_CHARS_MAX || line.starts_with("  a: row    of"))
        );
        assert!(!wrapped.contains("\n\n\n") && wrapped.ends_with("- one\n- two\n-- \nend\n"), "{wrapped}");
    }
}
