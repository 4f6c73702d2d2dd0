//! gRPC calls of one question and one answer, read from HTTP/2 and written to it as they are.
//!
//! What is around a call costs more than its decision; a router, a codec and their boxes are half of that. Whoever streams
//! goes by tonic. Source: gRPC over HTTP/2, "Length-Prefixed-Message", "Trailers".

mod gathered;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use hyper::body::{Frame as BodyFrame, Incoming};
use prost::bytes::Bytes;
use tokio::time::timeout;
use tonic::Status;

use gathered::{Gathered, Room};

use crate::wire::writer::{Frame, PREFIX_BYTES};

/// A message is sent in pieces of so many bytes: what is longer is written by itself, not with other answers. See `serve/together.rs`.
const PIECE_BYTES: usize = 1_000;

/// What has not come by then is given up: proxies send a question at once, and give up sooner.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(10);

/// Questions that have come in part, of all connections together. One that is whole at once, as nearly every one is, takes nothing of it.
static ROOM: Room = Room::of(64 * 1024 * 1024);

pub(crate) type Answer = Result<Frame, Status>;

/// A method that is asked one question for each answer.
pub(crate) trait Unary {
    /// What is larger is no question.
    const QUESTION_BYTES_MAX: usize;

    fn answer(&self, question: &Bytes) -> impl Future<Output = Answer> + Send;
}

/// A body with a question in it.
trait Asked: hyper::body::Body<Data = Bytes, Error: fmt::Display> + Unpin {}

impl<B: hyper::body::Body<Data = Bytes, Error: fmt::Display> + Unpin> Asked for B {}

/// Answers a call, whatever comes in its body.
pub(crate) async fn call<U: Unary>(method: &U, request: Request<Incoming>) -> Response<Reply> {
    let answer = match question(request.into_body(), U::QUESTION_BYTES_MAX).await {
        Ok(question) => method.answer(&question).await,
        Err(status) => Err(status),
    };
    match answer {
        Ok(answer) => told(answer),
        Err(status) => status.into_http::<Reply>(),
    }
}

async fn question(body: impl Asked, bytes_max: usize) -> Result<Bytes, Status> {
    let read = read(body, Gathered::within(&ROOM), bytes_max);
    timeout(QUESTION_TIME_MAX, read).await.unwrap_or_else(|_late| Err(too_slow()))
}

async fn read(mut body: impl Asked, mut gathered: Gathered<'_>, bytes_max: usize) -> Result<Bytes, Status> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|broken| Status::cancelled(broken.to_string()))?;
        if let Ok(data) = frame.into_data() {
            gathered.push(data, body.is_end_stream())?;
        }
        if gathered.len() > bytes_max.saturating_add(PREFIX_BYTES) {
            return Err(too_large(bytes_max));
        }
    }
    message(&gathered.all(), bytes_max)
}

/// The one message there is.
fn message(body: &Bytes, bytes_max: usize) -> Result<Bytes, Status> {
    let Some((&[compressed, a, b, c, d], _)) = body.split_first_chunk() else {
        return Err(Status::internal("the question is missing, or breaks off"));
    };
    if compressed != 0 {
        return Err(Status::unimplemented("questions are not to be compressed"));
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if length > bytes_max {
        return Err(too_large(bytes_max));
    }
    let message = body.slice(PREFIX_BYTES..);
    if message.len() != length {
        return Err(Status::internal("the question breaks off, or more than one is asked"));
    }
    Ok(message)
}

fn too_slow() -> Status {
    Status::deadline_exceeded(format!("a question has come within {} s", QUESTION_TIME_MAX.as_secs()))
}

fn no_room() -> Status {
    Status::resource_exhausted("too many questions have come in part and do not go on")
}

fn too_large(bytes_max: usize) -> Status {
    Status::out_of_range(format!("a question has {bytes_max} bytes at most"))
}

fn told(answer: Frame) -> Response<Reply> {
    let mut response = Response::new(Reply::Message(answer.into_bytes().into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// A body of the doors.
#[derive(Debug, Default)]
pub enum Reply {
    /// A message, after which its status is told.
    Message(Bytes),
    /// The status of a message that was told.
    Status,
    #[default]
    Ended,
    /// By a router.
    Routed(Body),
}

impl hyper::body::Body for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, axum::Error>>> {
        let reply = self.get_mut();
        match reply {
            Self::Message(message) => {
                let piece = message.split_to(message.len().min(PIECE_BYTES));
                if message.is_empty() {
                    *reply = Self::Status;
                }
                Poll::Ready(Some(Ok(BodyFrame::data(piece))))
            }
            Self::Status => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
                *reply = Self::Ended;
                Poll::Ready(Some(Ok(BodyFrame::trailers(trailers))))
            }
            Self::Ended => Poll::Ready(None),
            Self::Routed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Message(_) | Self::Status => false,
            Self::Ended => true,
            Self::Routed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            // A length in the headers is nothing gRPC wants.
            Self::Message(_) | Self::Status | Self::Ended => hyper::body::SizeHint::default(),
            Self::Routed(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use prost::bytes::BytesMut;
    use tonic::Code;

    use super::*;

    fn framed(parts: &[&'static [u8]]) -> Result<Bytes, Code> {
        let mut gathered = Gathered::within(&ROOM);
        parts.iter().for_each(|part| gathered.push(Bytes::from_static(part), false).unwrap());
        message(&gathered.all(), 4).map_err(|status| status.code())
    }

    #[test]
    fn a_question_is_read_in_however_many_parts_it_comes() {
        for parts in [
            &[b"\0\0\0\0\x03abc".as_slice()][..],
            &[b"\0", b"\0\0\0\x03", b"", b"a", b"bc"],
            &[b"\0\0\0\0\x03ab", b"c"],
        ] {
            assert_eq!(framed(parts).as_deref(), Ok(b"abc".as_slice()), "{parts:?}");
        }
        assert_eq!(framed(&[b"\0\0\0\0\0"]).as_deref(), Ok(b"".as_slice()));
    }

    #[tokio::test]
    async fn a_long_answer_is_sent_in_pieces_with_its_status_behind() {
        let answer = Bytes::from(vec![7; 2 * PIECE_BYTES + 1]);
        let mut reply = Reply::Message(answer.clone());
        let (mut told, mut pieces, mut status) = (BytesMut::new(), vec![], None);
        while let Some(frame) = reply.frame().await {
            match frame.unwrap().into_data() {
                Ok(piece) => {
                    pieces.push(piece.len());
                    told.extend_from_slice(&piece);
                }
                Err(trailers) => status = trailers.into_trailers().ok(),
            }
        }
        assert_eq!((told.freeze(), pieces), (answer, vec![PIECE_BYTES, PIECE_BYTES, 1]));
        assert_eq!(status.unwrap()["grpc-status"], "0");
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_does_not_come_to_an_end_is_given_up() {
        let begun = tokio::time::Instant::now();
        let first =
            futures::stream::iter([Ok::<_, std::io::Error>(BodyFrame::data(Bytes::from_static(b"\0\0")))]);
        let never = http_body_util::StreamBody::new(first.chain(futures::stream::pending()));
        let given_up = question(never, 4).await.map_err(|status| status.code());
        assert_eq!((given_up, begun.elapsed()), (Err(Code::DeadlineExceeded), QUESTION_TIME_MAX));
    }

    #[test]
    fn what_is_no_single_whole_plain_question_is_refused() {
        for (parts, code) in [
            (&[][..], Code::Internal),
            (&[b"\0\0\0\0".as_slice()], Code::Internal),
            (&[b"\0\0\0\0\x03ab"], Code::Internal),
            (&[b"\0\0\0\0\x02ab", b"\0\0\0\0\x02ab"], Code::Internal),
            (&[b"\x01\0\0\0\x03abc"], Code::Unimplemented),
            (&[b"\0\0\0\0\x05abcde"], Code::OutOfRange),
            (&[b"\0\xff\xff\xff\xff"], Code::OutOfRange),
        ] {
            assert_eq!(framed(parts), Err(code), "{parts:?}");
        }
    }
}
