//! The two cookies: of a session, and of a sign-in under way.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use sign_in::{Origin, SessionSecret};

const SESSION: &str = "tollgate-session";
const BEGUN: &str = "tollgate-sign-in";
/// A sign-in that takes longer is begun again.
const BEGUN_KEPT: Duration = Duration::from_secs(600);

/// How cookies are named and marked. Over HTTPS by `__Host-`: no other host, and nobody on the way, can set one. Without
/// TLS, which is for loopback alone, browsers would not take such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cookies {
    secure: bool,
}

impl Cookies {
    pub(crate) fn for_origin(origin: &Origin) -> Self {
        Self { secure: origin.is_https() }
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn set(self, name: &str, value: &str, same_site: &str, max_age_s: u64) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(name);
        let text =
            format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age_s}{secure}");
        HeaderValue::from_str(&text).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        })
    }

    /// Strict: no other site's link or form brings it along. It lasts no longer than the session can.
    pub(crate) fn session(self, secret: &SessionSecret, whole: Duration) -> Option<HeaderValue> {
        self.set(SESSION, secret.expose(), "Strict", whole.as_secs())
    }

    pub(crate) fn no_session(self) -> Option<HeaderValue> {
        self.set(SESSION, "", "Strict", 0)
    }

    /// Lax: the provider's page sends the browser back with it.
    pub(crate) fn begun(self, cookie: &str) -> Option<HeaderValue> {
        self.set(BEGUN, cookie, "Lax", BEGUN_KEPT.as_secs())
    }

    pub(crate) fn no_begun(self) -> Option<HeaderValue> {
        self.set(BEGUN, "", "Lax", 0)
    }

    pub(crate) fn read_session(self, headers: &HeaderMap) -> Option<&str> {
        read(headers, &self.name(SESSION))
    }

    pub(crate) fn read_begun(self, headers: &HeaderMap) -> Option<&str> {
        read(headers, &self.name(BEGUN))
    }
}

/// The one cookie of that name: of two, one is not ours.
fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
    let (value, None) = (values.next()?, values.next()) else { return None };
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        fields.iter().map(|field| (header::COOKIE, field.parse().unwrap())).collect()
    }

    #[test]
    fn one_cookie_of_the_name_is_read_and_of_two_none() {
        for (fields, value) in [
            (&["a=1; s=2; b=3"][..], Some("2")),
            (&["a=1", "s=2"], Some("2")),
            (&["s=x=y"], Some("x=y")),
            (&["s=1; s=2"], None),
            (&["s=1", "s=1"], None),
            (&["s="], None),
            (&["S=1; ss=1; s"], None),
            (&[], None),
        ] {
            assert_eq!(read(&headers(fields), "s"), value, "{fields:?}");
        }
    }

    #[test]
    fn over_https_a_cookie_is_of_this_host_alone() {
        let cookies = |url| Cookies::for_origin(&Origin::of(url).unwrap());
        let set = cookies("https://tollgate.example.com").begun("x").unwrap();
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-tollgate-sign-in=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure"
        );
        let set = cookies("http://127.0.0.1:8080").no_session().unwrap();
        assert_eq!(set.to_str().unwrap(), "tollgate-session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    }
}
