//! A receiver for people who want to see what comes, before they have one.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON's own: what is not there is null, and is made where it is written"
)]

use std::{net::IpAddr, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use clap::Args;
use domain::{SharedClock, Timestamp};
use notifier::webhooks::{
    signature::{
        HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Received, SignatureRefusal, TOLERANCE, Verifier,
        verify,
    },
    verify::VERIFY_TYPE,
};
use reqwest::{StatusCode, header::HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Where it listens, and what it verifies by.
#[derive(Args, Debug)]
pub(crate) struct ListenFlags {
    /// A webhook's secret, whsec_…, or a public key, whpk_…; repeatable
    #[arg(
        long = "secret",
        env = "TOLLGATE_WEBHOOK_SECRET",
        hide_env_values = true,
        required = true,
        value_name = "SECRET"
    )]
    secrets: Vec<SecretString>,
    /// 0: one that is free
    #[arg(long, default_value_t = 9080)]
    port: u16,
    /// An address of this machine
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
}

pub(super) async fn listen(flags: ListenFlags) -> anyhow::Result<()> {
    let ListenFlags { secrets, port, address } = flags;
    let verifiers: Result<Vec<Verifier>, _> =
        secrets.iter().map(|secret| secret.expose_secret().parse()).collect();
    let verifiers = verifiers.context("cannot verify by what was given")?;
    let listener = TcpListener::bind((address, port)).await;
    let listener = listener.with_context(|| format!("cannot listen at {address} on port {port}"))?;
    println!("Listening at http://{}/", listener.local_addr().context("cannot tell where this listens")?);
    let receiver = Arc::new(Receiver { verifiers, clock: crate::runtime::system_clock() });
    let router = Router::new().fallback(receive).with_state(receiver);
    let stopped = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await.context("cannot receive any more")
}

struct Receiver {
    verifiers: Vec<Verifier>,
    clock: SharedClock,
}

async fn receive(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> Response {
    match taken(&receiver.verifiers, &headers, &body, receiver.clock.now()) {
        Ok(message) => {
            println!("{}", shown(&message));
            answer(&message)
        }
        Err(refusal) => {
            eprintln!("Refused ({}): {refusal}", refusal.code());
            (StatusCode::UNAUTHORIZED, refusal.code()).into_response()
        }
    }
}

/// The message, if it is ours.
fn taken(
    verifiers: &[Verifier],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, SignatureRefusal> {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let received = Received {
        id: said(HEADER_ID),
        timestamp: said(HEADER_TIMESTAMP),
        signature: said(HEADER_SIGNATURE),
        body,
    };
    verify(verifiers, &received, now, TOLERANCE)?;
    Ok(serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()))
}

fn answer(message: &Value) -> Response {
    match (&message["type"], message["data"]["challenge"].as_str()) {
        (kind, Some(challenge)) if kind == VERIFY_TYPE => {
            Json(json!({ "challenge": challenge })).into_response()
        }
        (_, _) => StatusCode::NO_CONTENT.into_response(),
    }
}

fn shown(message: &Value) -> String {
    let pretty = serde_json::to_string_pretty(message).unwrap_or_default();
    let kind = message["type"].as_str().unwrap_or("?");
    format!("{kind}\n{pretty}")
}

#[cfg(test)]
mod tests {
    use notifier::webhooks::signature::{Signer, WebhookSecret, sign};
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn what_is_signed_is_taken_and_a_challenge_is_echoed() {
        let secret = WebhookSecret::from_random(&Zeroizing::new([7; 32]));
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let body = json!({ "type": VERIFY_TYPE, "data": { "challenge": "c" } }).to_string();
        let signature = sign(&[Signer::Secret(secret.clone())], "msg_1", now, body.as_bytes());
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (HEADER_ID, "msg_1"),
            (HEADER_TIMESTAMP, now.as_second().to_string().as_str()),
            (HEADER_SIGNATURE, signature.as_str()),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let verifiers = [Verifier::Secret(secret)];
        let message = taken(&verifiers, &headers, body.as_bytes(), now).unwrap();
        assert_eq!(answer(&message).status(), StatusCode::OK);
        assert_eq!(answer(&json!({ "type": "api_key.revoked" })).status(), StatusCode::NO_CONTENT);
        assert!(shown(&message).starts_with("endpoint.verify\n"));
        let other = body.replace('c', "d");
        assert!(taken(&verifiers, &headers, other.as_bytes(), now).is_err());
    }
}
