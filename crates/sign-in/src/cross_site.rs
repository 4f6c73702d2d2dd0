//! Whether a browser sends a request for another site. A session's cookie goes along by itself, so whoever asks by a
//! cookie has to ask from our own pages. Source: Fetch Metadata Request Headers §2, RFC 6454.

use http::{HeaderMap, HeaderName, Method, header};
use outbound::Url;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The origin of our own pages: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Of a URL; none where it has no origin of its own.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let origin = url.parse::<Url>().ok()?.origin();
        origin.is_tuple().then(|| Self(origin.ascii_serialization()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach it over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// A request for another site, or one that does not say whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request with a session's cookie has to come from the console's own pages")]
pub struct CrossSite;

/// For requests that a cookie authenticates; others need none of it.
///
/// # Errors
/// [`CrossSite`] unless the browser says that our own page asks. Where it says nothing of the site, a write has to come
/// from our origin, and a read may.
pub fn refuse_cross_site(method: &Method, headers: &HeaderMap, own: &Origin) -> Result<(), CrossSite> {
    let reads = [Method::GET, Method::HEAD].contains(method);
    let allowed = match one(headers, &SITE) {
        Field::One("same-origin") => true,
        // Somebody typed the address, or chose a bookmark.
        Field::One("none") => reads && matches!(one(headers, &MODE), Field::One("navigate")),
        Field::One(_) | Field::Unfit => false,
        Field::Absent => match one(headers, &header::ORIGIN) {
            Field::One(origin) => origin == own.as_str(),
            Field::Absent => reads,
            Field::Unfit => false,
        },
    };
    if allowed { Ok(()) } else { Err(CrossSite) }
}

enum Field<'a> {
    Absent,
    One(&'a str),
    /// Twice, or no text.
    Unfit,
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Field<'a> {
    let mut fields = headers.get_all(name).iter();
    match (fields.next(), fields.next()) {
        (None, _) => Field::Absent,
        (Some(field), None) => field.to_str().map_or(Field::Unfit, Field::One),
        (Some(_), Some(_)) => Field::Unfit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, fields: &[(&str, &str)], allowed: bool) {
        let own = Origin::of("https://tollgate.example.com/console").unwrap();
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(refuse_cross_site(&method, &headers, &own).is_ok(), allowed, "{method} {fields:?}");
    }

    #[test]
    fn our_own_pages_may_write_and_nobody_else() {
        for method in [Method::POST, Method::PATCH, Method::DELETE, Method::PUT, Method::OPTIONS] {
            check(method.clone(), &[("sec-fetch-site", "same-origin")], true);
            for site in ["cross-site", "same-site", "none", "", "SAME-ORIGIN"] {
                let from_us = ("origin", "https://tollgate.example.com");
                check(
                    method.clone(),
                    &[("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), from_us],
                    false,
                );
            }
            check(
                method.clone(),
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
                false,
            );
        }
    }

    #[test]
    fn an_old_browser_is_known_by_its_origin() {
        check(Method::POST, &[("origin", "https://tollgate.example.com")], true);
        for other in [
            "https://tollgate.example.com:8443",
            "http://tollgate.example.com",
            "https://tollgate.example.com.evil.example",
            "https://example.com",
            "null",
            "",
        ] {
            check(Method::POST, &[("origin", other)], false);
            check(Method::GET, &[("origin", other)], false);
        }
        check(Method::POST, &[], false);
    }

    #[test]
    fn a_read_may_be_typed_into_the_address_bar() {
        check(Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], true);
        check(Method::GET, &[("sec-fetch-site", "none"), ("sec-fetch-mode", "no-cors")], false);
        check(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], false);
        check(Method::GET, &[], true);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let of = |url| Origin::of(url).map(|origin| origin.as_str().to_owned());
        assert_eq!(of("https://a.example:443/x?y").as_deref(), Some("https://a.example"));
        assert_eq!(of("http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(of("data:text/plain,x"), None);
        assert_eq!(of("nothing"), None);
    }
}
