//! The parts that select calls, host, method and path template, and the name of a header: each in one spelling.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::InvalidValue;

const PATH_CHARS_MAX: usize = 512;
const SEGMENTS_MAX: usize = 32;

macro_rules! serialized_as_text {
    ($name:ident, $pattern:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidValue;
            fn try_from(text: String) -> Result<Self, InvalidValue> { text.parse() }
        }
        impl From<$name> for String {
            fn from(text: $name) -> Self { text.0.into() }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// An HTTP method in capitals: 3 to 16 letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Method(Box<str>);
serialized_as_text!(Method, "^[A-Z]{3,16}$");

impl FromStr for Method {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if (3..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected("must be an HTTP method in capitals, such as GET"))
        }
    }
}

/// A host name in lower case without a port: `api.example.com`. `*.example.com` is every host with one label in
/// place of the star.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(Box<str>);
serialized_as_text!(
    Host,
    "^(\\*\\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
);

impl FromStr for Host {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let name = text.strip_prefix("*.").unwrap_or(text);
        if text.len() <= 253 && name.split('.').all(label_ok) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected(
                "must be a host name in lower case without a port, such as api.example.com or *.example.com",
            ))
        }
    }
}

impl Host {
    /// What comes after the star of `*.example.com`; none of a host without one.
    #[must_use]
    pub fn wildcard(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }
}

/// The name of a header in lower case: `x-call-cost`. 1 to 64 of a-z, 0-9 and -, beginning with a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HeaderName(Box<str>);
serialized_as_text!(HeaderName, "^[a-z][a-z0-9-]{0,63}$");

impl FromStr for HeaderName {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let byte_ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if begins && text.len() <= 64 && text.bytes().all(byte_ok) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected("must be the name of a header in lower case, such as x-call-cost"))
        }
    }
}

/// A path with named places: `/orders/{id}`, `/files/{*rest}`. A place is a whole segment; `{*name}` takes
/// everything to the end and stands last. Literal segments hold unreserved characters and sub-delimiters only,
/// so that a template has one spelling and percent-encoding cannot hide another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathTemplate(Box<str>);
serialized_as_text!(
    PathTemplate,
    concat!(
        r"^(/([A-Za-z0-9._~!$&'()+,;=:@-]+|\{[A-Za-z_][A-Za-z0-9_]{0,63}\}))*",
        r"/([A-Za-z0-9._~!$&'()+,;=:@-]+|\{\*?[A-Za-z_][A-Za-z0-9_]{0,63}\})?$"
    )
);

impl FromStr for PathTemplate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refuse = |why: &'static str| Err(InvalidValue::expected(why));
        let Some(rest) = text.strip_prefix('/') else { return refuse("must begin with /") };
        if text.len() > PATH_CHARS_MAX {
            return refuse("must be at most 512 characters");
        }
        let segments: Vec<&str> = rest.split('/').collect();
        if segments.len() > SEGMENTS_MAX {
            return refuse("must have at most 32 segments");
        }
        let last = segments.len() - 1;
        let mut places = vec![];
        for (at, segment) in segments.iter().enumerate() {
            match Segment::read(segment) {
                // One empty segment is the trailing slash of `/` or `/orders/`.
                Some(Segment::Literal("")) if at != last => return refuse("must not have an empty segment"),
                Some(Segment::Literal("." | "..")) => return refuse("must not have a segment `.` or `..`"),
                Some(Segment::Rest(_)) if at != last => {
                    return refuse("may have `{*name}` in its last segment only");
                }
                Some(Segment::Place(name) | Segment::Rest(name)) if places.contains(&name) => {
                    return refuse("must not name two places alike");
                }
                Some(Segment::Place(name) | Segment::Rest(name)) => places.push(name),
                Some(Segment::Literal(_)) => {}
                None => {
                    return refuse(
                        "must have segments that are letters, digits and -._~!$&'()+,;=:@, or a whole `{name}`",
                    );
                }
            }
        }
        Ok(Self(text.into()))
    }
}

enum Segment<'text> {
    Literal(&'text str),
    Place(&'text str),
    Rest(&'text str),
}

impl<'text> Segment<'text> {
    fn read(text: &'text str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('{') {
            let inner = inner.strip_suffix('}')?;
            return match inner.strip_prefix('*') {
                Some(name) => is_place_name(name).then_some(Self::Rest(name)),
                None => is_place_name(inner).then_some(Self::Place(inner)),
            };
        }
        text.bytes().all(is_literal).then_some(Self::Literal(text))
    }
}

fn is_place_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.as_bytes().first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
}

fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@".contains(&byte)
}

impl PathTemplate {
    /// The template with its places numbered, so that two that select the same calls are equal:
    /// `/orders/{id}` and `/orders/{order}` are both `/orders/{p2}`.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut shape = String::with_capacity(self.0.len());
        for (at, segment) in self.0.split('/').enumerate() {
            if at > 0 {
                shape.push('/');
            }
            match Segment::read(segment) {
                Some(Segment::Place(_)) => shape.push_str(&format!("{{p{at}}}")),
                Some(Segment::Rest(_)) => shape.push_str(&format!("{{*p{at}}}")),
                Some(Segment::Literal(_)) | None => shape.push_str(segment),
            }
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_whole_places() {
        for good in [
            "/",
            "/orders",
            "/orders/",
            "/orders/{id}",
            "/v1/orders/{id}/lines/{line}",
            "/files/{*rest}",
            "/a:b@c",
        ] {
            assert!(good.parse::<PathTemplate>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "orders",
            "//",
            "/a//b",
            "/a/../b",
            "/./a",
            "/{*rest}/b",
            "/{a}/{a}",
            "/a{b}",
            "/{a}b",
            "/{}",
            "/{1a}",
            "/a%2Fb",
            "/a b",
            "/ä",
            "/a?b",
            "/a#b",
            "/a*",
            &format!("/{}", "a".repeat(512)),
            &"/a".repeat(33),
        ] {
            assert!(bad.parse::<PathTemplate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn templates_that_select_the_same_calls_have_one_shape() {
        let shape = |text: &str| text.parse::<PathTemplate>().unwrap().shape();
        assert_eq!(shape("/orders/{id}"), shape("/orders/{order}"));
        assert_eq!(shape("/f/{*rest}"), "/f/{*p2}");
        assert_ne!(shape("/orders/{id}"), shape("/orders/{*id}"));
    }

    #[test]
    fn hosts_are_lower_case_names() {
        for good in ["api.example.com", "localhost", "*.example.com", "*.local"] {
            assert!(good.parse::<Host>().is_ok(), "{good}");
        }
        for bad in [
            "*",
            "*.",
            "*.*.com",
            "a.*.com",
            "*a.com",
            "",
            "API.example.com",
            "a..b",
            "-a.b",
            "a:80",
            "a b",
            &"a".repeat(64),
        ] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
        let wildcard = |text: &str| text.parse::<Host>().unwrap().wildcard().map(str::to_owned);
        assert_eq!((wildcard("*.a.com"), wildcard("b.a.com")), (Some("a.com".to_owned()), None));
    }

    #[test]
    fn names_of_headers_are_in_lower_case() {
        for good in ["x", "x-call-cost", &format!("x{}", "0".repeat(63))] {
            assert!(good.parse::<HeaderName>().is_ok(), "{good}");
        }
        for bad in ["", "X-Cost", "-x", "1x", "x_cost", "x cost", "x:", &"x".repeat(65)] {
            assert!(bad.parse::<HeaderName>().is_err(), "{bad}");
        }
    }
}
