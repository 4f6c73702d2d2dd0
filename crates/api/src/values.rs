//! Values of bodies and queries that the domain does not parse from text: each knows its form and its bounds.

use std::{fmt, str::FromStr};

use domain::{InvalidValue, Name, Timestamp, personal::PersonalValue, text::check_email};
use ipnet::IpNet;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::random::{Random, salt};

/// An e-mail address. Personal: its text goes into a salted value only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Email(Box<str>);

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        check_email(&text).map(|()| Self(text.into()))
    }
}

impl Email {
    pub(crate) fn seal(&self, random: &dyn Random) -> PersonalValue {
        PersonalValue::new(salt(random), &self.0)
    }
}

/// The name of a person, likewise.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct PersonName(Name);

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

impl PersonName {
    pub(crate) fn seal(&self, random: &dyn Random) -> PersonalValue {
        PersonalValue::new(salt(random), self.0.as_str())
    }
}

/// What an identity provider calls itself: a URL of at most 512 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Issuer(Box<str>);

impl TryFrom<String> for Issuer {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let known = rest.is_some_and(|rest| (1..=500).contains(&rest.len()));
        if known && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected("must be a URL, such as https://login.example.com"))
        }
    }
}

impl Issuer {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A provider's name for a person: 1 to 255 visible ASCII characters. Personal. Source: `OpenID` Connect Core §2.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Subject(Box<str>);

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected("must be 1 to 255 visible ASCII characters"))
        }
    }
}

impl Subject {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A time, of the years that RFC 3339 can write after 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromStr for Moment {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let written = is_rfc_3339(text.as_bytes()).then(|| text.parse::<Timestamp>().ok()).flatten();
        written.filter(|time| (0..YEAR_10000).contains(&time.as_second())).map(Self).ok_or_else(|| {
            InvalidValue::expected("must be a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z")
        })
    }
}

const YEAR_10000: i64 = 253_402_300_800;

/// `2026-01-31T12:00:00`, then a fraction, then `Z` or an offset. Jiff reads more than that.
fn is_rfc_3339(text: &[u8]) -> bool {
    let shape = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text
                .iter()
                .zip(shape)
                .all(|(c, s)| if *s == b'0' { c.is_ascii_digit() } else { c.eq_ignore_ascii_case(s) })
    };
    let Some((stem, mut rest)) =
        text.split_at_checked(19).filter(|(stem, _)| shape(stem, b"0000-00-00t00:00:00"))
    else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
        rest = fraction.get(digits..).filter(|_| (1..=9).contains(&digits)).unwrap_or_default();
    }
    !stem.is_empty() && (shape(rest, b"z") || shape(rest, b"+00:00") || shape(rest, b"-00:00"))
}

impl TryFrom<String> for Moment {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cidr(pub(crate) IpNet);

impl TryFrom<String> for Cidr {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse().map(Self).map_err(|_| {
            InvalidValue::expected("must be a range of addresses, such as 192.0.2.0/24 or 2001:db8::/32")
        })
    }
}

/// A share of a quota in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[schema(minimum = 1, maximum = 100)]
#[serde(try_from = "serde_json::Number")]
pub(crate) struct Percent(pub(crate) u8);

impl TryFrom<serde_json::Number> for Percent {
    type Error = InvalidValue;
    fn try_from(number: serde_json::Number) -> Result<Self, InvalidValue> {
        let percent = number.as_u64().and_then(|number| u8::try_from(number).ok());
        percent
            .filter(|percent| (1..=100).contains(percent))
            .map(Self)
            .ok_or_else(|| InvalidValue::expected("must be a whole number from 1 to 100"))
    }
}

/// The method of a call: as the gateway's doors take it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CallMethod(String);

impl TryFrom<String> for CallMethod {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let sound = letters && (1..=16).contains(&text.len());
        if sound { Ok(Self(text)) } else { Err(InvalidValue::expected("must be 1 to 16 letters")) }
    }
}

/// The host of a call; may carry a port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CallHost(String);

impl TryFrom<String> for CallHost {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=260).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(InvalidValue::expected("must be 1 to 260 visible ASCII characters"))
        }
    }
}

/// The path of a call; may carry a query.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct CallPath(String);

impl TryFrom<String> for CallPath {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        if text.starts_with('/') && text.len() <= 8_192 {
            Ok(Self(text))
        } else {
            Err(InvalidValue::expected("must begin with `/` and be at most 8192 bytes"))
        }
    }
}

/// What a call takes from every limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct CallCost(u32);

impl TryFrom<u32> for CallCost {
    type Error = InvalidValue;
    fn try_from(cost: u32) -> Result<Self, InvalidValue> {
        if (1..=1_000).contains(&cost) {
            Ok(Self(cost))
        } else {
            Err(InvalidValue::expected("must be a whole number from 1 to 1000"))
        }
    }
}

impl From<CallMethod> for String {
    fn from(method: CallMethod) -> Self {
        method.0
    }
}

impl From<CallHost> for String {
    fn from(host: CallHost) -> Self {
        host.0
    }
}

impl From<CallPath> for String {
    fn from(path: CallPath) -> Self {
        path.0
    }
}

impl From<CallCost> for u32 {
    fn from(cost: CallCost) -> Self {
        cost.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_has_it() {
        for good in [
            "2026-01-31T12:00:00Z",
            "2026-01-31t12:00:00.123456789z",
            "2026-01-31T12:00:00+02:00",
            "1970-01-01T00:00:00Z",
        ] {
            assert!(good.parse::<Moment>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-01-31T12:00Z",
            "2026-01-31 12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-02-30T12:00:00Z",
            "2026-01-31T12:00:00.Z",
            "2026-01-31T12:00:00+02:00[Europe/Berlin]",
            "1969-12-31T23:59:59Z",
            "-009999-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
        ] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_of_addresses_have_a_length() {
        for good in ["192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128"] {
            assert!(Cidr::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "192.0.2.1", "192.0.2.0/33", "192.0.2/24", "example.com/8", "192.0.2.0/24 "] {
            assert!(Cidr::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_share_is_a_whole_percentage() {
        let read = |text: &str| serde_json::from_str::<Percent>(text);
        assert_eq!(read("100").unwrap(), Percent(100));
        for bad in ["0", "101", "-1", "80.5", "1e9", "\"80\""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_prints_a_person() {
        let email = Email::try_from("ops@example.com".to_owned()).unwrap();
        let name: PersonName = serde_json::from_str("\"Grace Hopper\"").unwrap();
        assert_eq!(format!("{email:?} {name:?}"), "Email(…) PersonName(…)");
    }
}
