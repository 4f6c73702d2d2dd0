//! Where somebody goes who has signed in: a page of ours, whatever they were given.

const CHARS_MAX: usize = 512;

/// A path on our own site. An address of another would make us vouch for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The console.
    #[must_use]
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// None for anything that a browser might not take for a path of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Two slashes begin another host, and browsers take a backslash for a slash.
        let path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
        // The API is no place for a browser to go; a sign-in could begin another one for ever.
        let api = text == "/v1" || text.starts_with("/v1/") || text.starts_with("/v1?");
        let dots = text.split(['/', '?', '#']).any(|part| part == "." || part == "..");
        let written = (1..=CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        (path && written && !api && !dots).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_returned_to() {
        for ours in ["/", "/console", "/console?view=keys#k", "/?next=%2F%2Fevil.example"] {
            assert_eq!(ReturnTo::parse(ours).unwrap().as_str(), ours);
        }
        for other in [
            "",
            "console",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/console\\..\\..",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\tevil",
            "/\r\nSet-Cookie: a=b",
            " /console",
            "/%\u{2028}",
            "/.//evil.example",
            "/../v1/session/start",
            "/v1/session/start?return_to=/",
            "/v1",
            &format!("/{}", "x".repeat(512)),
        ] {
            assert_eq!(ReturnTo::parse(other), None, "{other}");
        }
    }
}
