//! Bounded texts: each knows its characters and its length, and refuses the rest at the edge.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr, sync::Arc};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Visitor},
};

/// A value outside its bounds, with what would have been taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct InvalidValue {
    pub expected: Cow<'static, str>,
}

impl InvalidValue {
    #[must_use]
    pub fn expected(text: impl Into<Cow<'static, str>>) -> Self {
        Self { expected: text.into() }
    }
}

/// Reads a text that has a form of its own from where it lies, without a copy.
pub(crate) fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct Text<T>(PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $check:expr, $expected:literal, { $($schema:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "String")]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parsed(deserializer)
            }
        }

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }
        impl FromStr for $name {
            type Err = InvalidValue;
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(InvalidValue::expected($expected)) }
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidValue;
            fn try_from(text: String) -> Result<Self, InvalidValue> { text.parse() }
        }
        impl From<$name> for String {
            fn from(text: $name) -> Self { (*text.0).to_owned() }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str { &self.0 }
        }
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> { stringify!($name).into() }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", $($schema)* })
            }
        }
    };
}

fn printable(text: &str, chars_max: usize) -> bool {
    let chars = text.chars().count();
    (1..=chars_max).contains(&chars) && text.trim() == text && !text.chars().any(hidden)
}

/// Control characters, and those that reorder or hide what a person reads.
#[must_use]
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            // Letters that show as nothing.
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// One character that [`hidden`] does not name, at the edge of a text no space either. Those beyond U+FFFF stand for
/// themselves: the dialects of regular expressions write them differently.
macro_rules! shown {
    (edge) => {
        shown!(" \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000")
    };
    ($nor:literal) => {
        concat!(
            "[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u180e\\u200b-\\u200f\\u2028-\\u202e",
            "\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\u{e0000}-\u{e007f}",
            $nor,
            "]"
        )
    };
}

/// What [`printable`] takes, as a pattern of JSON Schema.
macro_rules! printable_pattern {
    () => {
        concat!("^", shown!(edge), "(", shown!(""), "*", shown!(edge), ")?$")
    };
}

fn made_of(text: &str, lengths: std::ops::RangeInclusive<usize>, byte_ok: fn(u8) -> bool) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(byte_ok)
}

text!(
    /// What people call a thing: 1 to 120 printable characters, no space at either end.
    Name,
    |text| printable(text, 120),
    "must be 1 to 120 printable characters without a space at either end",
    { "minLength": 1, "maxLength": 120, "pattern": printable_pattern!() }
);
text!(
    /// Why something was done: 1 to 500 printable characters.
    Reason,
    |text| printable(text, 500),
    "must be 1 to 500 printable characters without a space at either end",
    { "minLength": 1, "maxLength": 500, "pattern": printable_pattern!() }
);
text!(
    /// Where calls happen: `prod`, `sandbox`. Part of every secret, hence 2 to 12 of a-z and 0-9.
    Environment,
    |text| made_of(text, 2..=12, |b| b.is_ascii_lowercase() || b.is_ascii_digit()),
    "must be 2 to 12 characters of a-z and 0-9",
    { "pattern": "^[a-z0-9]{2,12}$" }
);
text!(
    /// What a client may do: `orders:read`. 1 to 100 characters, beginning with a letter or digit.
    Scope,
    |text| text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && made_of(text, 1..=100, |b| b.is_ascii_alphanumeric() || b":._/-".contains(&b)),
    "must be 1 to 100 characters of A-Z, a-z, 0-9 and : . _ / -, beginning with a letter or digit",
    { "pattern": "^[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}$" }
);
text!(
    /// The name of a label: 1 to 63 characters of a-z, 0-9 and . _ / -.
    LabelKey,
    |text| made_of(text, 1..=63, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._/-".contains(&b)),
    "must be 1 to 63 characters of a-z, 0-9 and . _ / -",
    { "pattern": "^[a-z0-9._/-]{1,63}$" }
);
text!(
    /// The value of a label: 1 to 255 printable characters.
    LabelValue,
    |text| printable(text, 255),
    "must be 1 to 255 printable characters without a space at either end",
    { "minLength": 1, "maxLength": 255, "pattern": printable_pattern!() }
);
text!(
    /// The name of one limit in a policy, shown to callers in the `RateLimit` fields.
    LimitName,
    |text| made_of(text, 1..=32, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b)),
    "must be 1 to 32 characters of a-z, 0-9, _ and -",
    { "pattern": "^[a-z0-9_-]{1,32}$" }
);

/// An e-mail address that a message could be sent to; at most 254 characters.
///
/// # Errors
/// [`InvalidValue`] when it is not one.
pub fn check_email(text: &str) -> Result<(), InvalidValue> {
    let options =
        email_address::Options::default().with_required_tld().without_display_text().without_domain_literal();
    let sendable = text.len() <= 254 && !text.chars().any(hidden);
    if sendable && email_address::EmailAddress::parse_with_options(text, options).is_ok() {
        Ok(())
    } else {
        Err(InvalidValue::expected(
            "must be an e-mail address, such as name@example.com, of at most 254 characters",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_bounded() {
        for good in ["A", "Größe & Söhne", &"x".repeat(120)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", " a", "a ", "a\nb", "a\u{202e}b", "a\u{ad}b", "\u{3164}", "a\0b", &"x".repeat(121)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn environments_fit_into_a_secret() {
        for good in ["prod", "t1", "abcdefghijkl"] {
            assert!(good.parse::<Environment>().is_ok(), "{good}");
        }
        for bad in ["p", "Prod", "pro_d", "abcdefghijklm", "", "prød"] {
            assert!(bad.parse::<Environment>().is_err(), "{bad}");
        }
    }

    #[test]
    fn scopes_begin_with_a_letter_or_digit() {
        assert!("orders:read".parse::<Scope>().is_ok());
        for bad in ["", ":read", "a b", "a\"b", &"s".repeat(101)] {
            assert!(bad.parse::<Scope>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_pattern_of_printable_texts_is_the_check() {
        let pattern = regex::Regex::new(printable_pattern!()).unwrap();
        let said = |text: &str| text.parse::<Name>().is_ok();
        for c in ('\0'..='\u{3500}').chain('\u{fd00}'..='\u{10fff}').chain('\u{dff00}'..='\u{e0100}') {
            for text in [format!("{c}"), format!("{c}a"), format!("a{c}"), format!("a{c}b")] {
                assert_eq!(pattern.is_match(&text), said(&text), "{text:?}");
            }
        }
    }

    fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn texts_are_counted_in_characters_not_in_bytes() {
        check::<Name>(&[&"ü".repeat(120)], &[&"ü".repeat(121)]);
        check::<Reason>(&["x", &"é".repeat(500)], &["", "\t", "two\nlines", &"é".repeat(501)]);
        check::<LabelValue>(&["x", &"日".repeat(255)], &["", "\u{feff}x", &"日".repeat(256)]);
    }

    #[test]
    fn names_of_labels_and_limits_are_plain() {
        check::<LabelKey>(
            &["a", "team/cost-centre.x_1", &"k".repeat(63)],
            &["", "A", "a b", "ä", &"k".repeat(64)],
        );
        check::<LimitName>(&["a", "per-day_1", &"l".repeat(32)], &["", "A", "a.b", "a\"b", &"l".repeat(33)]);
        check::<Scope>(&["a", &"s".repeat(100)], &["skôp", "\u{ff41}", "-a"]);
    }

    #[test]
    fn a_refused_text_says_what_would_be_taken() {
        let refused = "Prod".parse::<Environment>().unwrap_err();
        assert_eq!(refused.to_string(), "must be 2 to 12 characters of a-z and 0-9");
        assert!(serde_json::from_str::<Environment>("\"Prod\"").unwrap_err().to_string().contains("2 to 12"));
    }

    #[test]
    fn email_addresses_can_be_sent_to() {
        assert!(check_email("ops@example.com").is_ok());
        for bad in [
            "",
            "ops",
            "ops@",
            "@example.com",
            "ops@example",
            "Ops <ops@example.com>",
            "a b@example.com",
            "o@[127.0.0.1]",
            "\"a\r\nbcc: b\"@example.com",
            "a\u{202e}b@example.com",
            &format!("{}@example.com", "a".repeat(65)),
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }
}
