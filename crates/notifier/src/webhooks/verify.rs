//! The verification of an endpoint: whoever registers one has to hold it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{MessageId, Timestamp};
use outbound::{Client, Url};
use serde::{Deserialize, Serialize};

use super::{
    send::{AttemptRecord, Outcome, Sending, Sent, send},
    signature::Signer,
};

/// The type of the webhook that carries a challenge.
pub const VERIFY_TYPE: &str = "endpoint.verify";

/// What the endpoint has to answer: 256 random bits, so that nobody answers it who has not read it.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    #[must_use]
    pub fn new(random: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands anywhere in the answer, an echo of the whole webhook among others, or as `{"challenge": "…"}` however that is escaped.
    fn is_answered_by(&self, answer: &str) -> bool {
        #[derive(Deserialize)]
        struct Json {
            challenge: String,
        }
        answer.contains(&self.0)
            || serde_json::from_str::<Json>(answer).is_ok_and(|json| json.challenge == self.0)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

/// Which endpoint is asked, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Verifying<'a> {
    pub url: &'a Url,
    pub signers: &'a [Signer],
    pub message_id: MessageId,
    pub now: Timestamp,
    pub challenge: &'a Challenge,
}

/// What became of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    pub verified: bool,
    /// Without the answer's text, where the challenge stands in it.
    pub record: AttemptRecord,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    challenge: &'a str,
}

/// Posts the challenge, signed like every webhook, and looks for it in the answer. It stands within its first 1024 bytes.
///
/// # Errors
/// When the body cannot be written, which does not happen.
pub async fn verify(client: &Client, verifying: &Verifying<'_>) -> Result<Verification, serde_json::Error> {
    let Verifying { url, signers, message_id, now, challenge } = *verifying;
    let body = Body { r#type: VERIFY_TYPE, timestamp: now, data: Data { challenge: &challenge.0 } };
    let body = serde_json::to_vec(&body)?;
    let Sent { outcome, mut record } =
        send(client, &Sending { url, signers, message_id, now, body: &body }).await;
    let answered = record.answer.as_deref().is_some_and(|answer| challenge.is_answered_by(answer));
    let verified = outcome == Outcome::Delivered && answered;
    if answered {
        record.answer = None;
    }
    if outcome == Outcome::Delivered {
        record.error = if verified { None } else { Some("webhook_challenge_not_answered") };
    }
    Ok(Verification { verified, record })
}
