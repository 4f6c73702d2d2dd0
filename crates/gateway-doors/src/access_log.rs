//! The door for what Envoy tells afterwards: its access log service, by which answers are joined to decisions.

mod entry;
mod meters;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use domain::Timestamp;
use http::Request;
use prost::bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Response, Status, Streaming,
    body::Body,
    server::{ClientStreamingService, Grpc, NamedService},
};
use tower::Service;

use self::{
    entry::Skipped,
    meters::{Fate, Meters},
};
use crate::{
    codec::Frames,
    door::Door,
    wire::{
        access_log::{SERVICE, STREAM_ACCESS_LOGS},
        reader::{Fields, Malformed},
    },
};

/// Envoy sends what it has gathered when that exceeds its `buffer_size_bytes`, 64 KiB as recommended; an entry has its
/// call's path and a few headers, 60 KiB at most. What is larger is no batch of a log.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// `envoy.service.accesslog.v3.AccessLogService`.
///
/// Of an entry only numbers and what the `ext_authz` door said are read; its path, addresses and headers are passed over.
#[derive(Clone)]
pub struct AccessLog {
    door: Arc<Door>,
    meters: Arc<Meters>,
    stop: CancellationToken,
}

impl AccessLog {
    /// Envoy never ends a stream; `stop` does, so that it begins another at a gateway that stays.
    ///
    /// Its meters belong to the `metrics` recorder that is installed now.
    #[must_use]
    pub fn new(door: Arc<Door>, stop: CancellationToken) -> Self {
        Self { door, meters: Arc::new(Meters::new()), stop }
    }

    /// Takes what comes until the stream ends or is to end. What has arrived by then is taken still.
    async fn listen(self, mut stream: Streaming<Bytes>) -> Result<Response<Vec<u8>>, Status> {
        let _open = self.meters.open();
        loop {
            let message = tokio::select! {
                biased;
                message = stream.message() => message,
                () = self.stop.cancelled() => break,
            };
            match message {
                Ok(Some(message)) => self.take(&message),
                Ok(None) => break,
                Err(status) => return Err(self.broken_off(status)),
            }
        }
        // An empty `StreamAccessLogsResponse`.
        Ok(Response::new(vec![]))
    }

    fn broken_off(&self, status: Status) -> Status {
        if status.code() == Code::OutOfRange {
            tracing::warn!(
                "Envoy sent more than {MESSAGE_BYTES_MAX} bytes of access log at once; its `buffer_size_bytes` is too large"
            );
            self.meters.count(Fate::TooLarge);
        }
        status
    }

    /// Entries before one that breaks off the message are counted; what follows it cannot be found.
    fn take(&self, message: &[u8]) {
        let now = self.door.now();
        if let Err(Malformed) = self.try_take(message, now) {
            self.meters.count(Fate::Skipped(Skipped::Malformed));
        }
    }

    fn try_take(&self, message: &[u8], now: Timestamp) -> Result<(), Malformed> {
        for batch in Fields::new(message) {
            let batch = batch?;
            match batch.number {
                2 => self.take_calls(batch.value, now)?,
                3 => self.pass_over(batch.value)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn take_calls(&self, batch: &[u8], now: Timestamp) -> Result<(), Malformed> {
        for entry in Fields::new(batch) {
            let entry = entry?;
            if entry.number != 1 {
                continue;
            }
            match entry::read(entry.value, now) {
                Ok(response) => {
                    self.door.gateway().note_response(response);
                    self.meters.count(Fate::Counted);
                }
                Err(skipped) => self.meters.count(Fate::Skipped(skipped)),
            }
        }
        Ok(())
    }

    /// Connections carry no decision.
    fn pass_over(&self, batch: &[u8]) -> Result<(), Malformed> {
        for entry in Fields::new(batch) {
            if entry?.number == 1 {
                self.meters.count(Fate::Tcp);
            }
        }
        Ok(())
    }
}

type Listening = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, Status>> + Send>>;

impl NamedService for AccessLog {
    const NAME: &'static str = SERVICE;
}

impl ClientStreamingService<Bytes> for AccessLog {
    /// An encoded `StreamAccessLogsResponse`.
    type Response = Vec<u8>;
    type Future = Listening;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        Box::pin(self.clone().listen(request.into_inner()))
    }
}

impl Service<Request<Body>> for AccessLog {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != STREAM_ACCESS_LOGS {
                return Ok(Status::unimplemented("the only method is StreamAccessLogs").into_http());
            }
            let mut grpc = Grpc::new(Frames).max_decoding_message_size(MESSAGE_BYTES_MAX);
            Ok(grpc.client_streaming(service, request).await)
        })
    }
}
