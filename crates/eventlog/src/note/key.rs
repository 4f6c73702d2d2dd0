//! Keys of signed notes: who signs, and how everybody else knows.

use std::{fmt, str::FromStr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use super::Signature;

/// What a key's signature is over. Source: C2SP signed-note, the registry of signature types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Ed25519 over the text.
    Note,
    /// Ed25519 over the text and the time at which a witness has seen it. Source: C2SP tlog-cosignature v1.
    Cosignature,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A key that cannot be one. The key is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyFailure(&'static str);

/// Names go into lines of a note, between spaces.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|one: char| one.is_whitespace() || one.is_control() || one == '+')
}

fn key_id(name: &str, kind: Kind, public: &[u8]) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind.byte()]).chain_update(public);
    let hash: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// A public key with its name: `NAME+ID+BASE64`, a *vkey*.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: Kind,
    public: [u8; 32],
}

impl VerifierKey {
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the key of a witness: its signatures tell when a note was seen.
    #[must_use]
    pub fn is_of_witness(&self) -> bool {
        self.kind == Kind::Cosignature
    }

    fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind, &self.public)
    }

    /// Whether a line says that it is of this key.
    #[must_use]
    pub fn is_named_by(&self, signature: &Signature) -> bool {
        signature.name == self.name && signature.key_id == self.id()
    }

    pub(super) fn verifies(&self, text: &str, signature: &Signature) -> bool {
        let public = UnparsedPublicKey::new(&ED25519, self.public);
        match self.kind {
            Kind::Note => public.verify(text.as_bytes(), &signature.bytes).is_ok(),
            Kind::Cosignature => signature.bytes.split_first_chunk().is_some_and(|(time, bytes)| {
                public.verify(cosigned(u64::from_be_bytes(*time), text).as_bytes(), bytes).is_ok()
            }),
        }
    }
}

/// What a witness signs.
fn cosigned(unix_seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {unix_seconds}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode([[self.kind.byte()].as_slice(), &self.public].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = KeyFailure;
    fn from_str(text: &str) -> Result<Self, KeyFailure> {
        let not_one = KeyFailure("a verifier key is NAME+ID+KEY, as `tollgate audit keys` prints it");
        let (name, rest) = text.split_once('+').ok_or(not_one)?;
        let (id, key) = rest.split_once('+').ok_or(not_one)?;
        let key = BASE64_STANDARD.decode(key).map_err(|_| not_one)?;
        let (kind, public) = match key.split_first() {
            Some((0x01, public)) => (Kind::Note, public),
            Some((0x04, public)) => (Kind::Cosignature, public),
            Some(_) | None => return Err(KeyFailure("the verifier key is of a kind that is not known here")),
        };
        let public = public.try_into().map_err(|_| not_one)?;
        let verifier = Self { name: name.to_owned(), kind, public };
        if !is_name(name) || hex::encode(verifier.id()) != id {
            return Err(KeyFailure("the verifier key is damaged: its name and its identifier do not fit"));
        }
        Ok(verifier)
    }
}

/// A key that signs, under its name.
pub struct NoteKey {
    name: String,
    pair: Ed25519KeyPair,
}

impl NoteKey {
    /// # Errors
    /// When the name cannot stand in a note.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyFailure> {
        if !is_name(name) {
            return Err(KeyFailure("a key's name has no spaces and no plus sign"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyFailure("the seed is no key"))?;
        Ok(Self { name: name.to_owned(), pair })
    }

    fn verifier_of(&self, kind: Kind) -> VerifierKey {
        let mut public = [0; 32];
        for (to, from) in public.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        VerifierKey { name: self.name.clone(), kind, public }
    }

    /// How others know its signatures under notes.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        self.verifier_of(Kind::Note)
    }

    /// How others know its cosignatures.
    #[must_use]
    pub fn witness_verifier(&self) -> VerifierKey {
        self.verifier_of(Kind::Cosignature)
    }

    /// Stands for a text.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        let bytes = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        Signature { name: self.name.clone(), key_id: self.verifier().id(), bytes }
    }

    /// Says that a text was seen at this time, and nothing that contradicts it before.
    #[must_use]
    pub fn cosign(&self, text: &str, seen_at: Timestamp) -> Signature {
        let time = u64::try_from(seen_at.as_second()).unwrap_or_default();
        let signed = self.pair.sign(cosigned(time, text).as_bytes());
        let bytes = [time.to_be_bytes().as_slice(), signed.as_ref()].concat();
        Signature { name: self.name.clone(), key_id: self.witness_verifier().id(), bytes }
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({})", self.name)
    }
}
