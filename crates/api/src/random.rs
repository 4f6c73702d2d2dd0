//! Randomness, given by whoever composes the program, and the identifiers made of it.

use domain::Timestamp;
use rand::Rng;
use zeroize::Zeroizing;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The largest multiple of 62 that a byte can count to; a byte from it on would favour the first digits.
const FAIR_BELOW: u8 = 62 * 4;

/// A source of random bytes that nobody can guess.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The thread's generator, which the operating system seeds: `ChaCha` with 12 rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

/// Zeros, where something has to stand for randomness that is not to be drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoRandom;

impl Random for NoRandom {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Random characters, each of the 62 equally likely.
pub(crate) fn base62(random: &dyn Random, chars: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(chars));
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < chars {
        random.fill(bytes.as_mut_slice());
        let fair = bytes.iter().filter(|byte| **byte < FAIR_BELOW);
        for digit in fair.filter_map(|byte| BASE62.get(usize::from(byte % 62))).take(chars - text.len()) {
            text.push(char::from(*digit));
        }
    }
    text
}

/// Sixteen random bytes that hide a personal value.
pub(crate) fn salt(random: &dyn Random) -> [u8; 16] {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    salt
}

/// What nobody guesses: 256 random bits.
pub(crate) fn random_32(random: &dyn Random) -> [u8; 32] {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    bytes
}

/// The two parts of a new identifier: milliseconds and random bits.
pub(crate) fn id_parts(random: &dyn Random, now: Timestamp) -> (u64, u128) {
    (u64::try_from(now.as_millisecond()).unwrap_or_default(), u128::from_le_bytes(salt(random)))
}

/// A sortable identifier of something that is no resource: `req_01h…`.
pub(crate) fn token_id(prefix: &str, random: &dyn Random, now: Timestamp) -> String {
    let (unix_ms, bits) = id_parts(random, now);
    format!("{prefix}_{}", ulid::Ulid::from_parts(unix_ms, bits).to_string().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_of_base62_and_as_many_as_asked() {
        let text = base62(&SystemRandom, 42);
        assert_eq!(text.len(), 42);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_ne!(text, base62(&SystemRandom, 42));
    }

    #[test]
    fn a_source_of_high_bytes_is_not_folded_onto_the_first_digits() {
        struct Counting(std::sync::atomic::AtomicU8);
        impl Random for Counting {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill_with(|| self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            }
        }
        let text = base62(&Counting(0.into()), 248);
        for digit in BASE62 {
            assert_eq!(text.bytes().filter(|byte| byte == digit).count(), 4);
        }
    }
}
