//! Faults of the server, told apart: those that pass by themselves, and those that somebody has to look at.

use std::error::Error;

use cqrs_es::{AggregateError, persist::PersistenceError};

use crate::LogFailure;

/// What to make of an error: what it says of what was being done, unless the server is just not there.
pub(super) fn fault(
    source: sqlx::Error,
    doing: impl FnOnce(Box<dyn Error + Send + Sync>) -> LogFailure,
) -> LogFailure {
    if is_unreachable(&source) {
        LogFailure::Unreachable { source: Box::new(source) }
    } else {
        doing(Box::new(source))
    }
}

/// The library keeps the server's word in its own kinds of errors.
pub(crate) fn load_failure(stream: &str, failure: impl Into<Unloaded>) -> LogFailure {
    let load = |source| LogFailure::Load { stream: stream.to_owned(), source };
    match failure.into().0.downcast::<sqlx::Error>() {
        Ok(source) => fault(*source, load),
        Err(source) => load(source),
    }
}

/// Why a stream was not loaded.
pub(crate) struct Unloaded(Box<dyn Error + Send + Sync>);

impl From<PersistenceError> for Unloaded {
    fn from(failure: PersistenceError) -> Self {
        match failure {
            PersistenceError::ConnectionError(cause) | PersistenceError::UnknownError(cause) => Self(cause),
            other => Self(Box::new(other)),
        }
    }
}

impl<R: Error + Send + Sync + 'static> From<AggregateError<R>> for Unloaded {
    fn from(failure: AggregateError<R>) -> Self {
        match failure {
            AggregateError::DatabaseConnectionError(cause) | AggregateError::UnexpectedError(cause) => {
                Self(cause)
            }
            other => Self(Box::new(other)),
        }
    }
}

/// Whether the connection is gone, or the server is starting, stopping, full or too slow.
#[must_use]
pub fn is_unreachable(source: &sqlx::Error) -> bool {
    match source {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        // Also what sqlx 0.8.6 makes of a connection that is closed before its first byte (`request_upgrade`).
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, insufficient resources (a full disk), operator intervention (a stop, a time-out).
            // Source: PostgreSQL, Appendix A. Error Codes.
            ["08", "53", "57"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}
