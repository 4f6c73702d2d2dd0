//! Public keys of a provider. Source: RFC 7517, RFC 7518 §6, RFC 8037 §2.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use crate::jws::Algorithm;

/// A provider has a handful; what comes after so many is not kept.
pub(crate) const KEYS_MAX: usize = 64;
const KID_CHARS_MAX: usize = 256;

/// What a provider publishes.
#[derive(Debug, Deserialize)]
pub(crate) struct JwkSet {
    keys: Vec<Value>,
}

impl JwkSet {
    /// The keys that we can use. Others are none of our business: a set may hold keys of any kind.
    pub(crate) fn usable(self) -> Vec<Jwk> {
        self.keys.into_iter().filter_map(|key| Jwk::read(key).ok().flatten()).take(KEYS_MAX).collect()
    }
}

/// One public key, and the one family of algorithms that it is for.
#[derive(Clone, Debug)]
pub(crate) struct Jwk {
    pub(crate) kid: Option<String>,
    /// The one algorithm that the provider uses it for, if it says so.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwk {
    /// None for a key of another kind.
    fn read(key: Value) -> Result<Option<Self>, serde_json::Error> {
        let Written { kty, kid, used_for, alg, crv, n, e, x, y } = serde_json::from_value(key)?;
        let named_at_length = kid.as_ref().is_some_and(|kid| kid.len() > KID_CHARS_MAX);
        if used_for.is_some_and(|what| what != "sig") || named_at_length {
            return Ok(None);
        }
        let bytes = |text: Option<String>| BASE64_URL_SAFE_NO_PAD.decode(text?).ok();
        let material = match (kty.as_str(), crv.as_deref()) {
            ("RSA", _) => bytes(n).zip(bytes(e)).map(|(n, e)| Material::Rsa { n, e }),
            ("EC", Some("P-256")) => {
                let fits = |coordinate: &Vec<u8>| coordinate.len() == 32;
                let point = bytes(x).filter(fits).zip(bytes(y).filter(fits));
                point.map(|(x, y)| Material::P256([&[0x04][..], &x, &y].concat()))
            }
            ("OKP", Some("Ed25519")) => bytes(x).filter(|x| x.len() == 32).map(Material::Ed25519),
            _ => None,
        };
        Ok(material.map(|material| Self { kid, algorithm: alg, material }))
    }

    /// Whether signatures of this kind can be checked with it.
    pub(crate) fn serves(&self, algorithm: Algorithm) -> bool {
        let kind = match (algorithm, &self.material) {
            (Algorithm::Rs256 | Algorithm::Ps256, Material::Rsa { .. })
            | (Algorithm::Es256, Material::P256(_))
            | (Algorithm::EdDsa, Material::Ed25519(_)) => true,
            (Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 | Algorithm::EdDsa, _) => false,
        };
        kind && self.algorithm.as_ref().is_none_or(|only| only == algorithm.as_str())
    }

    /// Whether it has signed the message. RSA keys have 2048 to 8192 bits.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.serves(algorithm) {
            return false;
        }
        let verified = match &self.material {
            Material::Rsa { n, e } => {
                let how = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(how, message, signature)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        };
        verified.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Source: RFC 8037, appendix A.4.
    #[test]
    fn the_signature_of_the_rfc_is_right_and_a_changed_one_is_not() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let key = Jwk::read(key).unwrap().unwrap();
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.verifies(Algorithm::EdDsa, message, &signature));
        assert!(!key.verifies(Algorithm::EdDsa, &message[1..], &signature));
        for other in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256] {
            assert!(!key.verifies(other, message, &signature), "{other}");
        }
    }

    /// Source: RFC 7515, appendices A.2 and A.3.
    #[test]
    fn the_signatures_of_rsa_and_p256_in_the_rfc_are_right() {
        let rsa = json!({"kty": "RSA", "e": "AQAB", "n": concat!(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
            "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
            "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
            "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ")});
        let rsa = Jwk::read(rsa).unwrap().unwrap();
        let payload =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = concat!(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9",
            "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB",
            "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq",
            "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        );
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let message = format!("eyJhbGciOiJSUzI1NiJ9.{payload}");
        assert!(rsa.verifies(Algorithm::Rs256, message.as_bytes(), &signature));
        assert!(!rsa.verifies(Algorithm::Ps256, message.as_bytes(), &signature));
        let ec = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        let ec = Jwk::read(ec).unwrap().unwrap();
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{payload}");
        assert!(ec.verifies(Algorithm::Es256, message.as_bytes(), &signature));
    }

    #[test]
    fn only_keys_for_signatures_of_our_kinds_are_kept() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let set = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"},
            {"kty": "OKP", "crv": "X25519", "x": x},
            {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"kty": "EC", "crv": "P-256", "x": x},
            {"kty": "RSA", "n": x},
            "none",
            {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k".repeat(257)},
            {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "kept", "use": "sig", "alg": "EdDSA"},
        ]});
        let keys = serde_json::from_value::<JwkSet>(set).unwrap().usable();
        assert_eq!(keys.iter().map(|key| key.kid.as_deref()).collect::<Vec<_>>(), [Some("kept")]);
    }

    #[test]
    fn a_key_set_is_kept_to_a_bound() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let keys: Vec<_> = (0..100)
            .map(|kid| json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid.to_string()}))
            .collect();
        assert_eq!(JwkSet { keys }.usable().len(), KEYS_MAX);
    }
}
