//! Paths of doors that only ask whether a call may pass, while somebody else serves it.

/// Stands in for a path that is not in normal form: it has no safe reading, and the gateway refuses it as such, in
/// its own order and with the call counted.
const UNREADABLE: &str = "/%2f";

/// The path when it is in normal form, so that the route judged is the route served whoever reads it.
pub(crate) fn insist_on_plain(path: &str) -> &str {
    if gateway::path::is_plain(path) { path } else { UNREADABLE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_in_normal_form_is_passed_on() {
        for plain in ["/", "/orders/7", "/orders?q=../%2f", "/a.b/~c"] {
            assert_eq!(insist_on_plain(plain), plain);
        }
        for other in ["//orders", "/a/../b", "/a/./b", "/a%2Fb", "/%6frders", "/a\\b", "orders", "", "*"] {
            assert_eq!(insist_on_plain(other), UNREADABLE, "{other}");
        }
    }

    #[test]
    fn what_stands_in_has_no_safe_reading() {
        assert!(gateway::path::normalise(UNREADABLE).is_err());
    }
}
