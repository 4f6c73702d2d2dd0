//! Personal data in an append-only log: the event keeps a salted commitment, a side table keeps the value.
//!
//! Erasing the value leaves every proof over the event intact. Source: ADR 0013.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    InvalidValue, Name,
    text::{check_email, parsed},
};

/// A personal value on its way in, with the salt that hides it: SHA-256 over 16 random bytes and the text.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalValue {
    salt: [u8; 16],
    text: Box<str>,
}

impl PersonalValue {
    /// Any text, such as a network address; [`Self::name`] and [`Self::email`] check theirs.
    #[must_use]
    pub fn new(salt: [u8; 16], text: &str) -> Self {
        Self { salt, text: text.into() }
    }

    /// A person's name, within the bounds of a [`Name`].
    ///
    /// # Errors
    /// [`InvalidValue`] when it is not one.
    pub fn name(salt: [u8; 16], text: &str) -> Result<Self, InvalidValue> {
        text.parse::<Name>().map(|_| Self::new(salt, text))
    }

    /// An e-mail address that a message could be sent to.
    ///
    /// # Errors
    /// [`InvalidValue`] when it is not one.
    pub fn email(salt: [u8; 16], text: &str) -> Result<Self, InvalidValue> {
        check_email(text).map(|()| Self::new(salt, text))
    }

    /// What the event keeps.
    #[must_use]
    pub fn commitment(&self) -> Personal {
        Personal(Sha256::new().chain_update(self.salt).chain_update(self.text.as_bytes()).finalize().into())
    }

    #[must_use]
    pub fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PersonalValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalValue(…)")
    }
}

/// The commitment to a personal value; names its row in the side table. Printed as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Personal([u8; 32]);

impl<'de> Deserialize<'de> for Personal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl fmt::Display for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Personal {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::expected("must be 64 hexadecimal digits in lower case");
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let pairs: &[[u8; 2]; 32] = pairs.try_into().map_err(|_| refused())?;
        let (mut bytes, mut wrong) = ([0; 32], rest.len());
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (digit(*high), digit(*low));
            wrong += usize::from(high | low > 0xf);
            *byte = high << 4 | low & 0xf;
        }
        if wrong == 0 { Ok(Self(bytes)) } else { Err(refused()) }
    }
}

/// Of a hexadecimal digit; above 15 for what is none. Capitals would be a second name for the same row.
const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => u8::MAX,
    }
}

impl TryFrom<String> for Personal {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl From<Personal> for String {
    fn from(personal: Personal) -> Self {
        personal.to_string()
    }
}

impl JsonSchema for Personal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Personal".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "Salted SHA-256 commitment to a personal value that is kept outside the event and can be erased."
        })
    }
}

/// The values that are still there for an event's commitments.
pub type PersonalValues = BTreeMap<Personal, Box<str>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_under_another_salt_cannot_be_recognised() {
        let one = PersonalValue::new([1; 16], "ops@example.com");
        let two = PersonalValue::new([2; 16], "ops@example.com");
        assert_ne!(one.commitment(), two.commitment());
        assert_eq!(one.commitment().to_string().parse(), Ok(one.commitment()));
        assert!(!format!("{one:?}").contains("ops"));
    }

    #[test]
    fn a_commitment_has_one_spelling() {
        let text = PersonalValue::new([1; 16], "ops@example.com").commitment().to_string();
        for wrong in [text.to_uppercase(), text[1..].to_owned(), format!("{text}00"), "g".repeat(64)] {
            assert!(wrong.parse::<Personal>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_and_addresses_of_people_are_bounded() {
        assert!(PersonalValue::name([0; 16], "Ada Lovelace").is_ok());
        assert!(PersonalValue::email([0; 16], "ada@example.com").is_ok());
        for bad in ["", " Ada", "Ada\n", &"a".repeat(256)] {
            assert!(PersonalValue::name([0; 16], bad).is_err(), "{bad:?}");
            assert!(PersonalValue::email([0; 16], bad).is_err(), "{bad:?}");
        }
    }
}
