//! What came back, as much of it as is kept.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;

use crate::failure::SendFailure;

/// Kept of an answer whose body nobody acts by.
const BODY_BYTES_KEPT: usize = 1024;
/// Read of it at most. A body that ends before leaves the connection fit for the next call.
const BODY_BYTES_READ_MAX: usize = 64 * 1024;

/// An answer, whatever its status: a redirect is one, too, and is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<RetryAfter>,
    /// What its first 1024 bytes say, in 1024 bytes at most: what is not UTF-8 among them is replaced, and NUL, too, which
    /// a text of Postgres cannot have.
    pub body: String,
    /// Why less of the body came than the other side has meant to send. The status stands all the same.
    pub cut: Option<&'static str>,
    /// From the asking to the end of what was read.
    pub latency: Duration,
}

/// When the other side would be asked again. Source: RFC 9110 §10.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    In(Duration),
    At(SystemTime),
}

/// An answer whose whole body is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(mut response: reqwest::Response, asked_at: Instant) -> Self {
        let mut kept = Vec::new();
        let mut read = 0_usize;
        let cut = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = BODY_BYTES_KEPT.saturating_sub(kept.len());
                    kept.extend(chunk.iter().take(room));
                    read = read.saturating_add(chunk.len());
                    if read > BODY_BYTES_READ_MAX {
                        break Some("outbound_answer_too_long");
                    }
                }
                Ok(None) => break None,
                Err(failure) => break Some(SendFailure::of(failure).code()),
            }
        };
        Self {
            status: response.status(),
            retry_after: retry_after(response.headers()),
            body: text_of(&kept),
            cut,
            latency: asked_at.elapsed(),
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}");
    text.truncate(text.floor_char_boundary(BODY_BYTES_KEPT));
    text
}

impl Whole {
    pub(crate) async fn read(mut response: reqwest::Response, bytes_max: usize) -> Result<Self, SendFailure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(SendFailure::of)? {
            if body.len().saturating_add(chunk.len()) > bytes_max {
                return Err(SendFailure::TooLong { bytes_max });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status: response.status(), body })
    }
}

/// What is no whole number of seconds and no date is as if it were not there.
fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are a long time.
        return Some(RetryAfter::In(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
    }
    httpdate::parse_http_date(text).ok().map(RetryAfter::At)
}
