//! What can go wrong between us and the bus.

use std::path::PathBuf;

/// The bus failed, or is not what it should be. Each message says what to do where there is something to do.
#[derive(Debug, thiserror::Error)]
pub enum BusFailure {
    #[error("no server of the bus is named; give at least one --nats-url")]
    NoServer,
    #[error("{replicas} replicas are not 1 or 3")]
    Replicas { replicas: usize },
    #[error("cannot read the bus credentials {file}: {source}")]
    Credentials { file: PathBuf, source: std::io::Error },
    #[error("connecting to the bus")]
    Connect { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the bus is away; {why}")]
    Away { why: String },
    #[error("{doing} the stream {stream}")]
    Stream { doing: &'static str, stream: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    /// Trying again will not help: the stream is there and is another kind of stream.
    #[error("the stream {stream} cannot be used: {why}; remove it, and it is made again and refilled")]
    Unusable { stream: &'static str, why: String },
}

impl BusFailure {
    pub(super) fn stream(
        doing: &'static str,
        stream: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Stream { doing, stream, source: source.into() }
    }
}
