//! What a caller says it is: shown to people, never judged by.

/// Out of header fields, where it is a text that may be shown as it is. Only the first: it decides nothing.
pub(crate) fn read<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Option<&'a str> {
    let mut values = fields.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    let value = values.next()?.1?.trim_ascii();
    Some(value).filter(|value| !value.is_empty() && is_printable(value))
}

/// Nothing that a terminal obeys.
pub(crate) fn is_printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_printable_text_counts() {
        for (fields, expected) in [
            (&[][..], None),
            (&[("user-agent", Some("curl/8.1"))], Some("curl/8.1")),
            (&[("accept", Some("*/*")), ("User-Agent", Some(" größe/1 "))], Some("größe/1")),
            (&[("user-agent", Some("one")), ("user-agent", Some("two"))], Some("one")),
            (&[("user-agent", Some(""))], None),
            (&[("user-agent", None)], None),
            (&[("user-agent", Some("a\u{1b}[2Jb"))], None),
        ] {
            assert_eq!(read(fields.iter().copied()), expected, "{fields:?}");
        }
    }
}
