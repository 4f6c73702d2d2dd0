//! What Tollgate calls out to, and how: one policy for webhooks and for identity providers.
//!
//! Somebody else says where to: so a call goes to an address of the public network, over TLS, and nowhere else, unless the
//! operator has opened it. What is dialled is what was checked; nobody's proxy and nobody's redirect is followed, and
//! an answer is bounded in time and size. Knows nothing else of Tollgate.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod address;
mod answer;
mod client;
mod failure;
mod lookup;
mod pattern;
mod policy;
#[cfg(test)]
mod tests;

pub use address::Reach;
pub use answer::{Answer, RetryAfter, Whole};
pub use client::{Client, Request, Settings};
pub use failure::{PrepareFailure, SendFailure};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use lookup::{Lookup, SystemLookup};
pub use pattern::{InvalidPattern, Pattern};
pub use policy::{Policy, Refused};
pub use url::{Url, form_urlencoded};
