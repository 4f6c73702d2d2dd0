//! Why a call came to nothing.

use std::{error::Error, io};

use crate::policy::Refused;

/// A client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("preparing to speak HTTP")]
pub struct PrepareFailure {
    #[source]
    pub(crate) source: reqwest::Error,
}

/// A call had no answer. No address and no URL is in what it says: there may be a secret in one.
#[derive(Debug, thiserror::Error)]
pub enum SendFailure {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("there was no answer within the time limit")]
    Timeout,
    #[error("the other side cannot be reached")]
    Connect {
        #[source]
        source: reqwest::Error,
    },
    #[error("the other side has not shown who it is")]
    Tls {
        #[source]
        source: reqwest::Error,
    },
    #[error("the connection ended before the answer did")]
    Broken {
        #[source]
        source: reqwest::Error,
    },
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong { bytes_max: usize },
    #[error(transparent)]
    Prepare(#[from] PrepareFailure),
}

impl SendFailure {
    /// What the records of attempts know it by.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.code(),
            Self::Timeout => "outbound_timeout",
            Self::Connect { .. } => "outbound_not_reached",
            Self::Tls { .. } => "outbound_tls_failed",
            Self::Broken { .. } => "outbound_connection_broken",
            Self::TooLong { .. } => "outbound_answer_too_long",
            Self::Prepare(_) => "outbound_not_prepared",
        }
    }

    pub(crate) fn of(failure: reqwest::Error) -> Self {
        let source = failure.without_url();
        if let Some(refused) = in_chain::<Refused>(&source) {
            return Self::Refused(refused.clone());
        }
        if source.is_timeout() {
            Self::Timeout
        } else if in_chain::<rustls::Error>(&source).is_some() {
            Self::Tls { source }
        } else if source.is_connect() {
            Self::Connect { source }
        } else {
            Self::Broken { source }
        }
    }
}

/// The cause of that type. An [`io::Error`] does not name what is in it as its source, but that thing's source.
fn in_chain<'a, E: Error + 'static>(failure: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(failure);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
