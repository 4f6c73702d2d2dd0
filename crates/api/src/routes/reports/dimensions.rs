//! What the calls of a report are told apart by.

use std::collections::BTreeSet;

use serde::{Deserialize, de::DeserializeOwned};

/// Dimensions with commas between them.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String", bound = "D: DeserializeOwned + Ord")]
pub(crate) struct Dimensions<D>(pub(crate) BTreeSet<D>);

impl<D> Default for Dimensions<D> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<D: DeserializeOwned + Ord> TryFrom<String> for Dimensions<D> {
    type Error = serde_json::Error;
    fn try_from(list: String) -> Result<Self, serde_json::Error> {
        let words = list.split(',').map(|word| serde_json::Value::String(word.to_owned()));
        words.map(serde_json::from_value).collect::<Result<_, _>>().map(Self)
    }
}
