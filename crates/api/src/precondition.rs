//! `ETag` and `If-Match`: a resource's version, and the versions that a caller has seen. Source: RFC 9110 §13.1.1.

use http::{HeaderMap, header};

use crate::problem::{Problem, kinds};

/// The entity tag of a version: strong, because a version has one representation at a time.
pub(crate) fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// What `If-Match` demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// `*`: that there is such a resource.
    Exists,
    /// That it stands in one of these versions. Weak and foreign tags are left out: they match nothing.
    OneOf(Vec<u64>),
}

impl IfMatch {
    /// Reads the field; a repeated one is one list.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let refused = || Problem::new(kinds::IF_MATCH_INVALID);
        let fields: Result<Vec<_>, _> =
            headers.get_all(header::IF_MATCH).iter().map(|field| field.to_str()).collect();
        let fields = fields.map_err(|_| refused())?;
        if fields.is_empty() {
            return Ok(None);
        }
        let list = fields.join(",");
        if list.trim() == "*" {
            return Ok(Some(Self::Exists));
        }
        let tags = entity_tags(&list).filter(|tags| !tags.is_empty()).ok_or_else(refused)?;
        Ok(Some(Self::OneOf(tags.into_iter().flatten().collect())))
    }

    /// Whether a resource in this version meets it. Version 0 is no resource.
    pub(crate) fn holds(&self, version: u64) -> bool {
        match self {
            Self::Exists => version > 0,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

/// The versions that the tags of a list name, none for a tag that is no version; nothing if it is no such list.
fn entity_tags(list: &str) -> Option<Vec<Option<u64>>> {
    let mut tags = vec![];
    let mut rest = list.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if opaque.bytes().any(|b| b <= b' ' || b == 0x7f) {
            return None;
        }
        // Only the spelling that is answered names a version: `"03"` does not.
        let version = opaque.parse().ok().filter(|version: &u64| !weak && version.to_string() == opaque);
        tags.push(version);
        let next = after.trim_start_matches([' ', '\t']);
        if !next.is_empty() && !next.starts_with(',') {
            return None;
        }
        rest = next.trim_start_matches([' ', '\t', ',']);
    }
    Some(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[&str]) -> Result<Option<IfMatch>, u16> {
        let headers = fields.iter().map(|field| (header::IF_MATCH, field.parse().unwrap())).collect();
        IfMatch::read(&headers).map_err(|problem| problem.status())
    }

    #[test]
    fn versions_are_read_from_lists_and_repeated_fields() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(IfMatch::Exists)));
        assert_eq!(read(&["\"3\""]), Ok(Some(IfMatch::OneOf(vec![3]))));
        assert_eq!(read(&["\"3\" , \"4\",", "\"5\""]), Ok(Some(IfMatch::OneOf(vec![3, 4, 5]))));
    }

    #[test]
    fn weak_and_foreign_tags_match_nothing() {
        for field in ["W/\"3\"", "\"abc\"", "\"03\"", "\"-1\"", "\"\""] {
            assert_eq!(read(&[field]), Ok(Some(IfMatch::OneOf(vec![]))), "{field}");
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for field in ["3", "", "\"3", "\"3\" \"4\"", "*, \"3\"", "w/\"3\"", "\"a b\""] {
            assert_eq!(read(&[field]), Err(400), "{field}");
        }
    }

    #[test]
    fn a_star_wants_something_to_be_there() {
        assert!(IfMatch::Exists.holds(1));
        assert!(!IfMatch::Exists.holds(0));
        assert!(IfMatch::OneOf(vec![1, 2]).holds(2));
        assert!(!IfMatch::OneOf(vec![]).holds(2));
    }
}
