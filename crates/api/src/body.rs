//! Request bodies: JSON objects, every field known and bounded, the wrong one named by a JSON pointer.

use std::{fmt, marker::PhantomData};

use http::{HeaderMap, Method, header};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::problem::{Problem, kinds};

/// Refuses a body that is not said to be JSON. A change may also come as a merge patch. Source: RFC 7396.
pub(crate) fn check_media_type(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let essence = media_type(headers);
    let merge_patch = method == Method::PATCH && essence.eq_ignore_ascii_case("application/merge-patch+json");
    if merge_patch || essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(kinds::MEDIA_TYPE_UNSUPPORTED))
    }
}

/// What a body is said to be, without parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let given = headers.get(header::CONTENT_TYPE).and_then(|field| field.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim()
}

/// Reads a body.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let malformed =
        |why: String| Problem::because(kinds::BODY_MALFORMED, format!("the body is not JSON: {why}"));
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let Object(value) =
        serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().classify() {
            Category::Data => invalid(error.path(), &error.inner().to_string()),
            // `serde_json` says of a number where a word should be that the syntax is wrong, which it is not.
            Category::Syntax if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                invalid(error.path(), "has a value of a wrong type")
            }
            Category::Io | Category::Syntax | Category::Eof => malformed(error.inner().to_string()),
        })?;
    json.end().map_err(|error| malformed(error.to_string()))?;
    Ok(value)
}

fn invalid(path: &Path, message: &str) -> Problem {
    let said = message.rsplit_once(" at line ").map_or(message, |(said, _)| said);
    let mut pointer = pointer(path);
    // What is missing or there twice has no path of its own; the pointer names where it belongs.
    let named = said.strip_prefix("missing field `").or_else(|| said.strip_prefix("duplicate field `"));
    if let Some(field) = named.and_then(|rest| rest.strip_suffix('`')) {
        pointer.push('/');
        pointer.push_str(field);
    }
    Problem::because(kinds::BODY_INVALID, plain_words(said)).with("pointer", pointer)
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// What serde says of numbers, for people who do not write Rust.
fn plain_words(said: &str) -> String {
    let words = [
        ("expected u8", "expected a whole number from 0 to 255"),
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u64", "expected a whole number, 0 or more"),
    ];
    words.iter().fold(said.to_owned(), |said, (jargon, plain)| said.replace(jargon, plain))
}

/// A JSON object. Serde would also take an array for a struct, by position, and so let unnamed values in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// A member of a merge patch. Source: RFC 7396.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    /// Left as it is.
    #[default]
    Keep,
    /// `null`: back to what it is when nobody says.
    Remove,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Set))
    }
}

impl<T> Patch<T> {
    /// The new value if there is one; `null` stands for this one.
    pub(crate) fn or_default(self, default: T) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Remove => Some(default),
            Self::Set(value) => Some(value),
        }
    }

    /// The new value if there is one; `null` is refused.
    pub(crate) fn or_refuse(self, pointer: &'static str) -> Result<Option<T>, Problem> {
        match self {
            Self::Keep => Ok(None),
            Self::Remove => {
                Err(Problem::because(kinds::BODY_INVALID, "cannot be removed").with("pointer", pointer))
            }
            Self::Set(value) => Ok(Some(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only parsed")]
        inner: Vec<Object<Inner>>,
        #[serde(default)]
        note: Patch<domain::Name>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Inner {
        name: domain::Name,
        count: u32,
    }

    fn check(body: &str, status: u16, pointer: Option<&str>) {
        let problem = parse::<Outer>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.status(), status, "{body}: {problem:?}");
        assert_eq!(
            problem.member("pointer"),
            pointer.map(|pointer| json!(pointer)).as_ref(),
            "{body}: {problem:?}"
        );
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", "{\"inner\":[]}}", "{\"inner\":[}", "{'inner':[]}", "{\"inner\":[]} x"] {
            check(body, 400, None);
        }
        assert_eq!(parse::<Outer>(b"{\"inner\":[],\"note\":\"\xff\"}").unwrap_err().status(), 400);
    }

    #[test]
    fn a_wrong_field_is_pointed_at() {
        for (body, pointer) in [
            ("[]", ""),
            ("null", ""),
            ("{}", "/inner"),
            (r#"{"inner":{}}"#, "/inner"),
            (r#"{"inner":[["a", 1]]}"#, "/inner/0"),
            (r#"{"inner":[{"name":"a","count":1},{"name":"a"}]}"#, "/inner/1/count"),
            (r#"{"inner":[{"name":" a","count":1}]}"#, "/inner/0/name"),
            (r#"{"inner":[{"name":"a","count":-1}]}"#, "/inner/0/count"),
            (r#"{"inner":[{"name":"a","count":1e99}]}"#, "/inner/0/count"),
            (r#"{"inner":[{"name":"a","count":1,"more":1}]}"#, "/inner/0/more"),
            (r#"{"inner":[],"inner":[]}"#, "/inner"),
            (r#"{"inner":[],"note":1}"#, "/note"),
            (r#"{"inner":[],"a/b~":1}"#, "/a~1b~0"),
        ] {
            check(body, 422, Some(pointer));
        }
    }

    #[test]
    fn an_absent_member_is_kept_and_a_null_removes() {
        let read = |body: &str| parse::<Outer>(body.as_bytes()).map(|outer| outer.note).unwrap();
        assert_eq!(read(r#"{"inner":[]}"#), Patch::Keep);
        assert_eq!(read(r#"{"inner":[],"note":null}"#), Patch::Remove);
        assert_eq!(read(r#"{"inner":[],"note":"n"}"#), Patch::Set("n".parse().unwrap()));
    }

    #[test]
    fn json_is_told_by_its_media_type() {
        let check = |method: &Method, given: &str| {
            check_media_type(method, &[(header::CONTENT_TYPE, given.parse().unwrap())].into_iter().collect())
                .is_ok()
        };
        assert!(check(&Method::POST, "application/json"));
        assert!(check(&Method::POST, "Application/JSON; charset=utf-8"));
        assert!(check(&Method::PATCH, "application/merge-patch+json"));
        assert!(!check(&Method::POST, "application/merge-patch+json"));
        assert!(!check(&Method::POST, "text/plain"));
        assert!(check_media_type(&Method::POST, &HeaderMap::new()).is_err());
    }
}
