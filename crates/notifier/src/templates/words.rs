//! What templates can say beside what they are given: times, numbers, links; and how what they are given is escaped.

use std::{fmt, str::FromStr};

use domain::{InvalidValue, Timestamp};
use jiff::tz::TimeZone;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value, escape_formatter};

use super::plain::shown;

/// Where people reach the console: scheme, host and perhaps a port or a path, without a slash at the end. Nothing in it
/// needs to be escaped in a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    pub(super) fn sample() -> Self {
        Self("https://tollgate.example.com".to_owned())
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim_end_matches('/');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]".contains(&byte);
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match rest {
            Some(rest) if !rest.is_empty() && rest.bytes().all(plain) => Ok(Self(text.to_owned())),
            Some(_) | None => {
                Err(InvalidValue::expected("must be a URL of HTTP without a user, a query or a fragment"))
            }
        }
    }
}

/// Sections of the console, and what only the API shows.
const SECTIONS: [&str; 5] = ["clients", "keys", "policies", "usage", "audit"];
const RESOURCES: [&str; 3] = ["approvals", "webhooks", "leaks"];

pub(super) fn teach(env: &mut Environment<'static>) {
    env.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::Custom("plain".into()) }
    });
    env.set_formatter(format);
    env.add_filter("time", time);
    env.add_filter("number", number);
    env.add_filter("count", count);
    env.add_function("link", link);
}

/// A template says by itself what it does where something is missing.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "there is nothing to be shown here"));
    }
    let text = value.as_str().filter(|_| !value.is_safe()).map(shown);
    let value = text.as_deref().map_or_else(|| value.clone(), Value::from);
    if matches!(state.auto_escape(), AutoEscape::Custom(_)) {
        out.write_str(&value.to_string()).map_err(Error::from)
    } else {
        escape_formatter(out, state, &value)
    }
}

/// `2026-03-08 13:00 CET`.
fn time(state: &State<'_, '_>, text: &str) -> Result<String, Error> {
    let wrong = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("`{text}` {what}"));
    let at: Timestamp = text.parse().map_err(|_| wrong("is not a time"))?;
    let zone = state.lookup("zone");
    let zone = zone.as_ref().and_then(Value::as_str).unwrap_or("UTC");
    let zone = TimeZone::get(zone).map_err(|_| wrong("is in a time zone that is not known"))?;
    Ok(at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string())
}

/// `1,604,331`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 day`, `7 days`; what is not made by an `s` is given: `2 deliveries`.
fn count(many: u64, one: &str, more: Option<&str>) -> String {
    match (many, more) {
        (1, _) => format!("1 {one}"),
        (_, Some(more)) => format!("{} {more}", number(many)),
        (_, None) => format!("{} {one}s", number(many)),
    }
}

fn link(state: &State<'_, '_>, place: &str, id: Option<&str>) -> Result<Value, Error> {
    let wrong = |what: String| Error::new(ErrorKind::InvalidOperation, what);
    let public_url = state.lookup("public_url").map(|url| url.to_string()).unwrap_or_default();
    let part = match id {
        Some(id) if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
            return Err(wrong(format!("`{id}` is not an id")));
        }
        Some(id) => format!("/{id}"),
        None => String::new(),
    };
    if SECTIONS.contains(&place) {
        Ok(Value::from_safe_string(format!("{public_url}/#{place}{part}")))
    } else if RESOURCES.contains(&place) {
        Ok(Value::from_safe_string(format!("{public_url}/v1/{place}{part}")))
    } else {
        Err(wrong(format!("there is no place `{place}` to link to")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_groups_and_counted_in_words() {
        for (given, read) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_604_331, "1,604,331")] {
            assert_eq!(number(given), read);
        }
        assert_eq!(count(1, "day", None), "1 day");
        assert_eq!(count(7, "day", None), "7 days");
        assert_eq!(count(2_000, "delivery", Some("deliveries")), "2,000 deliveries");
    }

    #[test]
    fn a_public_url_has_nothing_to_escape() {
        for good in [
            "https://tollgate.example.com",
            "http://127.0.0.1:8080/",
            "https://x.example/tollgate",
            "http://[::1]:8080",
        ] {
            assert!(good.parse::<PublicUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://",
            "ftp://x",
            "javascript:alert(1)",
            "https://x/\"><b>",
            "https://a@b",
            "https://x?y",
            "https://x#y",
            "https://x\r\ny",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
