//! Signed notes: a text, and lines of who stands for it. Source: C2SP signed-note v1, tlog-cosignature v1.

mod key;
#[cfg(test)]
mod tests;

pub use key::{KeyFailure, NoteKey, VerifierKey};

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Longer than this is no checkpoint of anybody.
const NOTE_BYTES_MAX: usize = 64 * 1024;
const SIGNATURES_MAX: usize = 64;

/// A text with the signatures under it; nothing of it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Ends with a line break.
    text: String,
    signatures: Vec<Signature>,
}

/// One line of a note: whose it is, and the bytes that only the key's kind explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: [u8; 4],
    pub bytes: Vec<u8>,
}

/// Why a note is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteRefusal {
    #[error("it is no signed note: {0}")]
    Malformed(&'static str),
    #[error("the signature of `{0}` under it is wrong")]
    Wrong(String),
    #[error("it is signed by none of the known keys")]
    Unknown,
}

impl Note {
    /// A note that nobody has signed yet.
    ///
    /// # Errors
    /// When the text cannot be one of a note.
    pub fn new(text: String) -> Result<Self, NoteRefusal> {
        check_text(&text)?;
        Ok(Self { text, signatures: vec![] })
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The same note with one more signature under it.
    #[must_use]
    pub fn signed(mut self, signature: Signature) -> Self {
        self.signatures.push(signature);
        self
    }

    /// Those of the keys that have signed the note. Lines of others are not looked at, as the specification wants it.
    ///
    /// # Errors
    /// [`NoteRefusal::Wrong`] when the line of a known key does not verify, [`NoteRefusal::Unknown`] when there is none.
    pub fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteRefusal> {
        let mut signers: Vec<&VerifierKey> = vec![];
        for signature in &self.signatures {
            let Some(key) = keys.iter().find(|key| key.is_named_by(signature)) else { continue };
            if !key.verifies(&self.text, signature) {
                return Err(NoteRefusal::Wrong(signature.name.clone()));
            }
            if !signers.contains(&key) {
                signers.push(key);
            }
        }
        if signers.is_empty() { Err(NoteRefusal::Unknown) } else { Ok(signers) }
    }
}

fn check_text(text: &str) -> Result<(), NoteRefusal> {
    if !text.ends_with('\n') || text.len() > NOTE_BYTES_MAX {
        return Err(NoteRefusal::Malformed("its text does not end, or is too long"));
    }
    if text.chars().any(|one| one < ' ' && one != '\n') {
        return Err(NoteRefusal::Malformed("there are control characters in it"));
    }
    Ok(())
}

impl FromStr for Note {
    type Err = NoteRefusal;
    fn from_str(whole: &str) -> Result<Self, NoteRefusal> {
        check_text(whole)?;
        let (text, lines) = whole
            .rsplit_once("\n\n")
            .ok_or(NoteRefusal::Malformed("there is no empty line before its signatures"))?;
        let signatures = lines.lines().map(Signature::from_str).collect::<Result<Vec<_>, _>>()?;
        if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
            return Err(NoteRefusal::Malformed("it has no signature, or too many"));
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl FromStr for Signature {
    type Err = NoteRefusal;
    fn from_str(line: &str) -> Result<Self, NoteRefusal> {
        let malformed = NoteRefusal::Malformed("a signature line is not `— NAME BASE64`");
        let (name, base64) =
            line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(malformed.clone())?;
        let decoded = BASE64_STANDARD.decode(base64).map_err(|_| malformed.clone())?;
        let (key_id, bytes) = decoded.split_first_chunk().ok_or(malformed.clone())?;
        if !key::is_name(name) || bytes.is_empty() {
            return Err(malformed);
        }
        Ok(Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "— {} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}
