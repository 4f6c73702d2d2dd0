//! Receivers in other languages verify what we sign: `v1` by a library of Standard Webhooks for Python, `v1a` by Node's own crypto.

use std::{
    ffi::OsStr,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::json;
use test_servers::tool;

use super::{SECRET, now, signer};
use crate::webhooks::signature::{Signer, SigningKey, sign};

const ID: &str = "msg_01hzzzzzzzzzzzzzzzzzzzzzzz";
const BODY: &str = "{\"type\":\"key.revoked\",\"name\":\"Zoë\"}";
/// The directory that the library lies in.
const LIBRARY: &str = "TOLLGATE_TEST_STANDARDWEBHOOKS";

/// The library asks the machine for the time; here it is told.
const PYTHON: &str = r#"
import json, sys
from datetime import datetime
from standardwebhooks import Webhook, WebhookVerificationError, webhooks
given = json.load(sys.stdin)
class At(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(given["now"], tz)
webhooks.datetime = At
try:
    Webhook(given["key"]).verify(given["body"], given["headers"])
    print("taken")
except WebhookVerificationError as refusal:
    print(refusal)
"#;

const NODE: &str = r#"
const crypto = require("crypto");
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const x = Buffer.from(given.key.slice("whpk_".length), "base64").toString("base64url");
const key = crypto.createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": all } = given.headers;
const content = Buffer.from(`${id}.${at}.${given.body}`);
const ours = all.split(" ").map(one => one.split(",")).filter(([version]) => version === "v1a");
const taken = ours.some(([, text]) => crypto.verify(null, content, key, Buffer.from(text, "base64")));
console.log(taken ? "taken" : "No matching signature found");
"#;

fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32]).unwrap()
}

/// What the program says of this body, which we have signed as [`BODY`], so many seconds later.
fn judge(program: &mut Command, key: &str, body: &str, later: i64) -> String {
    let signature = sign(&[Signer::Key(signing_key()), signer()], ID, now(), BODY.as_bytes());
    let at = now().as_second();
    let headers =
        json!({"webhook-id": ID, "webhook-timestamp": at.to_string(), "webhook-signature": signature});
    let given = json!({"key": key, "body": body, "headers": headers, "now": at + later});
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    write!(child.stdin.take().unwrap(), "{given}").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{program:?}");
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_library_for_python_verifies_what_we_sign() {
    let library = tool(LIBRARY).unwrap();
    let by = |key: &str, body: &str, later: i64| {
        let mut python = Command::new("python3");
        judge(python.args(["-c", PYTHON]).env("PYTHONPATH", &library), key, body, later)
    };
    assert_eq!(by(SECRET, BODY, 0), "taken");
    assert_eq!(by(SECRET, "{}", 0), "No matching signature found");
    assert_eq!(by("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oE", BODY, 0), "No matching signature found");
    assert_eq!(by(SECRET, BODY, 301), "Message timestamp too old");
    assert_eq!(by(SECRET, BODY, -301), "Message timestamp too new");
}

#[test]
fn node_verifies_what_we_sign_by_a_key_of_our_own() {
    let by = |key: &str, body: &str| {
        judge(Command::new("node").args([OsStr::new("-e"), OsStr::new(NODE)]), key, body, 0)
    };
    let key = signing_key().public().to_string();
    assert_eq!(by(&key, BODY), "taken");
    assert_eq!(by(&key, "{}"), "No matching signature found");
    let other = SigningKey::from_seed(&[8; 32]).unwrap().public().to_string();
    assert_eq!(by(&other, BODY), "No matching signature found");
}
