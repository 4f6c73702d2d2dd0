//! Reads a document, JSON or YAML, into one value of bounded size. An alias of YAML counts as often as it is followed:
//! a few lines can stand for more than any memory holds.

use std::{cell::Cell, fmt};

use http::{HeaderMap, header};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::problem::{Problem, kinds};

/// Values, keys included, of the largest document that is read: some ten times those of a large API's.
const NODES_MAX: u32 = 1_000_000;

/// The document of a body.
pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|field| field.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let malformed = |why: String| Problem::because(kinds::BODY_MALFORMED, why);
    let left = Cell::new(NODES_MAX);
    match essence.as_str() {
        "application/json" | "application/vnd.oai.openapi+json" => {
            let mut json = serde_json::Deserializer::from_slice(body);
            let value = Bounded(&left).deserialize(&mut json);
            let value = value.and_then(|value| json.end().map(|()| value));
            value.map_err(|error| malformed(format!("the body is not JSON: {error}")))
        }
        "application/yaml" | "application/x-yaml" | "text/yaml" | "application/vnd.oai.openapi" => {
            let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
            let value = Bounded(&left).deserialize(yaml_serde::Deserializer::from_str(text));
            value.map_err(|error| malformed(format!("the body is not YAML that can be read: {error}")))
        }
        _ => Err(Problem::because(
            kinds::MEDIA_TYPE_UNSUPPORTED,
            "the document must be sent as `Content-Type: application/json` or `application/yaml`",
        )),
    }
}

/// Any value, as long as there are values left.
#[derive(Clone, Copy)]
struct Bounded<'left>(&'left Cell<u32>);

impl Bounded<'_> {
    fn spend<E: Error>(self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or_default());
        left.map(drop).ok_or_else(|| E::custom(format!("it stands for more than {NODES_MAX} values")))
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        while let Some(item) = items.next_element_seed(self)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = members.next_key_seed(self)? {
            // YAML takes `200:` for a number.
            let key = match key {
                Value::String(text) => text,
                Value::Bool(_) | Value::Number(_) | Value::Null => key.to_string(),
                Value::Array(_) | Value::Object(_) => return Err(A::Error::custom("a key is no text")),
            };
            let value = members.next_value_seed(self)?;
            if all.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the key `{key}` is there twice")));
            }
        }
        Ok(Value::Object(all))
    }
}
