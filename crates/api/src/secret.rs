//! New secrets: made here, shown in one answer, kept as a digest.

use crate::random::{Random, base62};
use domain::{
    Environment, InvalidValue,
    api_key::NewSecret,
    secret::{Peppers, PlainSecret, PresentedSecret, SecretDigest},
};

/// The brand of admin tokens, so that a scanner tells them from clients' keys.
const ADMIN_BRAND: &str = "tga";
/// The brand of principals' tokens.
pub(crate) const PRINCIPAL_BRAND: &str = "tgs";
/// What stands where a client's key has its environment.
const ADMIN_TAG: &str = "admin";
/// Locator and proof of a secret.
const SECRET_RANDOM_CHARS: usize = 42;
/// An admin token that somebody brings along must be at least this long.
const TOKEN_CHARS_MIN: usize = 16;
pub(crate) const TOKEN_CHARS_MAX: usize = 256;

/// A new secret of a client's key, with what is kept of it.
pub(crate) fn new_key_secret(
    brand: &str,
    environment: &Environment,
    peppers: &Peppers,
    random: &dyn Random,
) -> Result<(PlainSecret, NewSecret), InvalidValue> {
    let secret = PlainSecret::compose(brand, environment, &base62(random, SECRET_RANDOM_CHARS))?;
    let digest = peppers.digest_new(&secret);
    let unreadable = |_| InvalidValue::expected("a new secret reads back");
    let (locator, hint) = PresentedSecret::parse(secret.expose())
        .map(|read| (read.locator, read.hint()))
        .map_err(unreadable)?;
    Ok((secret, NewSecret { locator, digest, hint }))
}

/// A new token for the admin API. Shown once by whoever asks for it; [`admin_token_digest`] is what to keep.
///
/// # Errors
/// Never with a source that gives random bytes; the composition of secrets is checked.
pub fn new_admin_token(random: &dyn Random) -> Result<PlainSecret, InvalidValue> {
    PlainSecret::compose(ADMIN_BRAND, &ADMIN_TAG.parse()?, &base62(random, SECRET_RANDOM_CHARS))
}

/// A new token of a principal, with what is kept of it.
///
/// # Errors
/// Never with a source that gives random bytes; the composition of secrets is checked.
pub fn new_principal_token(
    peppers: &Peppers,
    random: &dyn Random,
) -> Result<(PlainSecret, NewSecret), InvalidValue> {
    new_key_secret(PRINCIPAL_BRAND, &ADMIN_TAG.parse()?, peppers, random)
}

/// What is kept of an admin token, whether made by [`new_admin_token`] or brought along: its digest under the
/// newest pepper.
///
/// # Errors
/// When it is not 16 to 256 visible ASCII characters.
pub fn admin_token_digest(peppers: &Peppers, token: &str) -> Result<SecretDigest, InvalidValue> {
    if !(TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&token.len())
        || !token.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(InvalidValue::expected("an admin token must be 16 to 256 visible ASCII characters"));
    }
    Ok(peppers.digest_chosen(token))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::random::SystemRandom;

    fn peppers() -> Peppers {
        Peppers::new([(1, Zeroizing::new([1; 32])), (2, Zeroizing::new([2; 32]))]).unwrap()
    }

    #[test]
    fn an_admin_token_is_told_by_its_brand_and_kept_under_the_newest_pepper() {
        let token = new_admin_token(&SystemRandom).unwrap();
        assert!(token.expose().starts_with("tga_admin_"));
        assert_eq!(admin_token_digest(&peppers(), token.expose()).unwrap(), peppers().digest_new(&token));
    }

    #[test]
    fn a_weak_admin_token_is_refused() {
        for weak in ["", "admin", &"x".repeat(15), &format!("{} ", "x".repeat(40)), &"x".repeat(257)] {
            assert!(admin_token_digest(&peppers(), weak).is_err(), "{weak}");
        }
    }

    #[test]
    fn a_key_is_kept_by_its_locator_digest_and_hint() {
        let environment = "prod".parse().unwrap();
        let (secret, kept) = new_key_secret("tg", &environment, &peppers(), &SystemRandom).unwrap();
        let read = PresentedSecret::parse(secret.expose()).unwrap();
        assert_eq!((read.locator, read.hint()), (kept.locator, kept.hint.clone()));
        assert!(kept.digest.matches(&peppers().digest_new(&secret)));
    }
}
