//! What a caller presents as its secret.
//!
//! `x-api-key`, else `Authorization: Bearer`. Whatever leaves a choice (both headers with different secrets, one of
//! them twice, which proxies join by a comma) is no secret at all: nobody may be judged by one and served by another.

/// Stands in for what cannot be read. No header can carry it, and it is no well-formed secret.
const UNCLEAR: &str = "\0";

pub(crate) const API_KEY: &str = "x-api-key";
pub(crate) const AUTHORIZATION: &str = "authorization";

/// The secret, and whether `Authorization` carries it and must not reach the upstream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    pub(crate) secret: Option<&'a str>,
    pub(crate) in_authorization: bool,
}

#[derive(Clone, Copy)]
enum Field<'a> {
    Absent,
    One(&'a str),
    Unclear,
}

impl<'a> Field<'a> {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, one) | (one, Self::Absent) => one,
            (Self::One(_) | Self::Unclear, Self::One(_) | Self::Unclear) => Self::Unclear,
        }
    }

    fn of(value: Option<&'a str>) -> Self {
        match value.map(str::trim_ascii) {
            Some("") => Self::Absent,
            Some(value) if !value.contains(',') => Self::One(value),
            Some(_) | None => Self::Unclear,
        }
    }
}

/// Reads the credential out of header fields; a value that is no text is given as none.
pub(crate) fn read<'a>(fields: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Credential<'a> {
    let (mut key, mut bearer) = (Field::Absent, Field::Absent);
    for (name, value) in fields {
        if name.eq_ignore_ascii_case(API_KEY) {
            key = key.and(Field::of(value));
        } else if name.eq_ignore_ascii_case(AUTHORIZATION) {
            bearer = bearer.and(bearer_token(value));
        }
    }
    let in_authorization = !matches!(bearer, Field::Absent);
    let secret = match (key, bearer) {
        (Field::Absent, Field::Absent) => None,
        (Field::One(one), Field::Absent) | (Field::Absent, Field::One(one)) => Some(one),
        (Field::One(one), Field::One(other)) if one == other => Some(one),
        (Field::One(_), Field::One(_)) | (Field::Unclear, _) | (_, Field::Unclear) => Some(UNCLEAR),
    };
    Credential { secret, in_authorization }
}

/// The token of a `Bearer` credential. Another scheme is somebody else's, unless a second value hides a token.
fn bearer_token(value: Option<&str>) -> Field<'_> {
    let Some(value) = value.map(str::trim_ascii) else { return Field::Unclear };
    if let Some(token) = after_scheme(value) {
        return Field::of(Some(token));
    }
    let hidden = value.split(',').any(|part| after_scheme(part.trim_ascii()).is_some());
    if hidden { Field::Unclear } else { Field::Absent }
}

fn after_scheme(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_at_checked("bearer".len())?;
    let ends = token.is_empty() || token.starts_with([' ', '\t']);
    (scheme.eq_ignore_ascii_case("bearer") && ends).then_some(token)
}

#[cfg(test)]
mod tests {
    use domain::secret::{ForeignDigest, PresentedSecret};

    use super::*;

    fn check(fields: &[(&str, &str)], secret: Option<&str>, in_authorization: bool) {
        let read = read(fields.iter().map(|(name, value)| (*name, Some(*value))));
        assert_eq!((read.secret, read.in_authorization), (secret, in_authorization), "{fields:?}");
    }

    #[test]
    fn a_secret_comes_as_an_api_key_or_a_bearer_token() {
        check(&[], None, false);
        check(&[("x-api-key", "s1")], Some("s1"), false);
        check(&[("X-API-Key", " s1\t")], Some("s1"), false);
        check(&[("authorization", "Bearer s1")], Some("s1"), true);
        check(&[("authorization", "bEARER   s1 ")], Some("s1"), true);
        check(&[("authorization", "Bearer s1"), ("x-api-key", "s1")], Some("s1"), true);
    }

    #[test]
    fn an_empty_value_is_a_missing_one() {
        check(&[("x-api-key", "")], None, false);
        check(&[("x-api-key", " ")], None, false);
        check(&[("authorization", "Bearer")], None, false);
        check(&[("authorization", "Bearer ")], None, false);
        check(&[("x-api-key", ""), ("authorization", "Bearer s1")], Some("s1"), true);
    }

    #[test]
    fn another_scheme_is_somebody_elses() {
        check(&[("authorization", "Basic czE6")], None, false);
        check(&[("authorization", "Bearers s1")], None, false);
        check(
            &[("authorization", "Digest username=\"a\", realm=\"b\""), ("x-api-key", "s1")],
            Some("s1"),
            false,
        );
        check(&[("authorization", "ümlaut"), ("x-api-key", "s1")], Some("s1"), false);
    }

    #[test]
    fn whatever_leaves_a_choice_is_no_secret() {
        for fields in [
            &[("x-api-key", "s1"), ("authorization", "Bearer s2")][..],
            &[("x-api-key", "s1,s1")],
            &[("x-api-key", "s1"), ("x-api-key", "s1")],
            &[("x-api-key", "s1,")],
            &[("authorization", "Bearer s1,Bearer s1")],
            &[("authorization", "Bearer s1"), ("authorization", "Bearer s1")],
            &[("authorization", "Basic czE6, Bearer s1"), ("x-api-key", "s2")],
            &[("authorization", "Basic czE6,bearer"), ("x-api-key", "s2")],
        ] {
            let read = read(fields.iter().map(|(name, value)| (*name, Some(*value))));
            assert!(read.secret == Some(UNCLEAR), "{fields:?}");
        }
        assert!(read([("x-api-key", None)]).secret == Some(UNCLEAR));
    }

    #[test]
    fn what_stands_in_for_no_secret_is_malformed() {
        assert!(PresentedSecret::parse(UNCLEAR).is_err());
        assert!(ForeignDigest::of(UNCLEAR).is_none());
    }
}
