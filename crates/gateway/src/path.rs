//! Paths in one spelling, so that what is judged is what the upstream will be asked.
//!
//! The same as Envoy does with `normalize_path`, `merge_slashes` and escaped slashes rejected, in the same
//! order: dot segments go before slashes are merged, so `/a//../b` is `/a/b`.

use std::borrow::Cow;

/// The longest path, without its query: 8 KiB.
pub const PATH_BYTES_MAX: usize = 8 * 1024;

/// A path that has no safe reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path has no safe reading")]
pub struct BadPath;

/// The path without query and fragment, unreserved characters decoded, backslashes turned, dot segments removed,
/// slashes merged. Borrowed when it was like that already.
///
/// # Errors
/// [`BadPath`] for an encoded slash, backslash or NUL, an invalid escape, a control character, a dot segment with
/// parameters (`..;x`, which some servers read as `..`), a path that does not begin at the root or is too long.
pub fn normalise(path: &str) -> Result<Cow<'_, str>, BadPath> {
    let end = path.bytes().position(|byte| matches!(byte, b'?' | b'#'));
    let path = end.and_then(|end| path.get(..end)).unwrap_or(path);
    if has_nothing_to_change(path.as_bytes()) {
        return Ok(Cow::Borrowed(path));
    }
    if path.len() > PATH_BYTES_MAX || !path.starts_with(['/', '\\']) {
        return Err(BadPath);
    }
    let normal = merge_slashes(&remove_dot_segments(&decode(path)?)?);
    Ok(if normal == path { Cow::Borrowed(path) } else { Cow::Owned(normal) })
}

/// Whether a path is in its normal form already, apart from its query: what a door may insist on when it cannot
/// know how the proxy before it reads the others.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    matches!(normalise(path), Ok(Cow::Borrowed(_)))
}

/// A quick look that answers most calls. May say no for a path that turns out to be normal. It looks at every byte
/// and branches on none, which the compiler turns into looks at many bytes at once.
fn has_nothing_to_change(path: &[u8]) -> bool {
    let is = |byte: u8, what: u8| u8::from(byte == what);
    let special = path.iter().fold(0, |any, byte| {
        any | u8::from(*byte < 0x20) | is(*byte, 0x7f) | is(*byte, b'%') | is(*byte, b'\\')
    });
    let next = path.get(1..).unwrap_or_default();
    let doubled = path
        .iter()
        .zip(next)
        .fold(0, |any, (byte, next)| any | (is(*byte, b'/') & (is(*next, b'/') | is(*next, b'.'))));
    path.len() <= PATH_BYTES_MAX && path.first() == Some(&b'/') && special | doubled == 0
}

fn decode(path: &str) -> Result<String, BadPath> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            0..=0x1f | 0x7f => return Err(BadPath),
            b'\\' => decoded.push(b'/'),
            b'%' => {
                let (escape, after) = rest.split_at_checked(2).ok_or(BadPath)?;
                rest = after;
                match hex_value(escape).ok_or(BadPath)? {
                    0 | b'/' | b'\\' => return Err(BadPath),
                    plain if is_unreserved(plain) => decoded.push(plain),
                    _ => {
                        decoded.push(b'%');
                        decoded.extend_from_slice(escape);
                    }
                }
            }
            other => decoded.push(*other),
        }
    }
    // Only ASCII was replaced by ASCII, so it is still text.
    String::from_utf8(decoded).map_err(|_| BadPath)
}

/// The value of two hexadecimal digits.
pub(crate) fn hex_value(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    match digits {
        [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
        _ => None,
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// An empty segment counts as one here, as it does in Envoy.
fn remove_dot_segments(path: &str) -> Result<String, BadPath> {
    let mut kept: Vec<&str> = vec![];
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            _ if segment.starts_with(".;") || segment.starts_with("..;") => return Err(BadPath),
            _ => kept.push(segment),
        }
    }
    Ok(format!("/{}", kept.join("/")))
}

fn merge_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !merged.ends_with('/') {
            merged.push(c);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(path: &str, expected: Result<&str, BadPath>) {
        assert_eq!(normalise(path).as_deref(), expected.as_deref(), "{path}");
    }

    #[test]
    fn a_normal_path_is_borrowed() {
        for path in [
            "/",
            "/orders",
            "/orders/",
            "/a.b/..c/.d.",
            "/a%3Ab",
            "/%c3%a4",
            "/ä",
            "/a;x=1",
            "/a?b=//../",
            "/a#/../",
        ] {
            assert!(is_plain(path), "{path}");
        }
        check("/orders?next=/../x", Ok("/orders"));
        check("/orders#part", Ok("/orders"));
    }

    #[test]
    fn other_spellings_of_a_path_become_one() {
        for (path, normal) in [
            ("/a/../b", "/b"),
            ("/a/./b", "/a/b"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/../../a", "/a"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/%2e/b", "/a/b"),
            ("/a/.%2e/b", "/b"),
            ("/%61dmin", "/admin"),
            ("/a%7eb", "/a~b"),
            ("//a///b", "/a/b"),
            ("\\a\\..\\b", "/b"),
            ("/a//../b", "/a/b"),
            ("/a/.//b", "/a/b"),
            ("/%2525", "/%2525"),
        ] {
            check(path, Ok(normal));
            assert_eq!(is_plain(path), path == normal, "{path}");
        }
    }

    #[test]
    fn a_path_without_a_safe_reading_is_refused() {
        let long = format!("/{}", "a".repeat(PATH_BYTES_MAX));
        for path in [
            "",
            "a",
            "*",
            "http://host/a",
            "?/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%5Cb",
            "/a%00b",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a\nb",
            "/a\u{7f}",
            "/a\0",
            "/..;/admin",
            "/a/.;x/b",
            "/%2e%2e;/admin",
            "/%2e.%3b/%2f",
            &long,
        ] {
            check(path, Err(BadPath));
            assert!(!is_plain(path), "{path}");
        }
        assert!(is_plain(long.get(..PATH_BYTES_MAX).unwrap()));
        assert!(is_plain(&format!("/?{long}")));
    }

    proptest! {
        #[test]
        fn a_normalised_path_is_plain_and_stays_as_it_is(path in r"/([a/.\\%;]|%2[eE5fF]|%4[01]|%5c){0,24}") {
            if let Ok(normal) = normalise(&path) {
                prop_assert!(is_plain(&normal), "{normal}");
                prop_assert_eq!(normalise(&normal).unwrap(), normal.clone());
                prop_assert!(!normal.contains("//") && !normal.contains('\\'), "{}", normal);
                prop_assert!(!normal.split('/').any(|segment| segment == "." || segment == ".."), "{}", normal);
            }
        }
    }
}
