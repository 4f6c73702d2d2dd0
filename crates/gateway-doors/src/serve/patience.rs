//! Connections whose other end does not get on.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What HTTP/2 begins with; a request of HTTP/1.1 is longer, too. Until so much has come, nobody behind this keeps an eye on the
/// time: what the other end speaks is not known yet.
const FIRST_BYTES: usize = 24;
const FIRST_BYTES_TIME_MAX: Duration = Duration::from_secs(30);
/// For how long nothing at all of what is to be written may be taken. A peer that only answers pings lives on for all others.
const NOTHING_TAKEN_TIME_MAX: Duration = Duration::from_secs(30);

/// A connection that ends with an error when its other end does not begin, or reads nothing of what it is told.
pub(super) struct Patient<S> {
    stream: S,
    beginning: Option<Beginning>,
    /// While nothing is taken.
    nothing_taken: Option<Pin<Box<Sleep>>>,
}

struct Beginning {
    bytes_left: usize,
    late: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    /// Of a connection that has just begun.
    pub(super) fn new(stream: S) -> Self {
        let late = Box::pin(sleep(FIRST_BYTES_TIME_MAX));
        let beginning = Some(Beginning { bytes_left: FIRST_BYTES, late });
        Self { stream, beginning, nothing_taken: None }
    }

    fn has_read(&mut self, bytes: usize) {
        if let Some(beginning) = &mut self.beginning {
            beginning.bytes_left = beginning.bytes_left.saturating_sub(bytes);
        }
        self.beginning.take_if(|beginning| beginning.bytes_left == 0);
    }

    fn in_time<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.nothing_taken = None;
            return written;
        }
        let late = self.nothing_taken.get_or_insert_with(|| Box::pin(sleep(NOTHING_TAKEN_TIME_MAX)));
        ready!(late.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing that was written is read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if read.is_ready() {
            self.has_read(into.filled().len() - before);
            return read;
        }
        let Some(beginning) = &mut self.beginning else { return Poll::Pending };
        ready!(beginning.late.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the connection does not begin")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.in_time(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::Instant,
    };

    use super::*;

    fn after(seconds: u64) -> impl Future<Output = ()> {
        sleep(Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_to_begin_in_time_however_slowly_its_bytes_come() {
        let (mut other, stream) = duplex(64);
        let (mut patient, begun) = (Patient::new(stream), Instant::now());
        let drip = async {
            for byte in *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r" {
                other.write_all(&[byte]).await.unwrap();
                after(2).await;
            }
        };
        let read = async {
            loop {
                if let Err(late) = patient.read_u8().await {
                    return (late.kind(), begun.elapsed());
                }
            }
        };
        let given_up = tokio::select! {
            given_up = read => given_up,
            () = drip => unreachable!("the last byte comes after 44 s"),
        };
        assert_eq!(given_up, (io::ErrorKind::TimedOut, FIRST_BYTES_TIME_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_begun_may_be_silent() {
        let (mut other, stream) = duplex(64);
        let mut patient = Patient::new(stream);
        other.write_all(&[b'x'; FIRST_BYTES]).await.unwrap();
        patient.read_exact(&mut [0; FIRST_BYTES]).await.unwrap();
        let later = async {
            after(3_600).await;
            other.write_all(b"y").await.unwrap();
        };
        let (read, ()) = tokio::join!(patient.read_u8(), later);
        assert_eq!(read.unwrap(), b'y');
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_written_has_to_be_read_if_only_a_little_of_it() {
        let (mut other, stream) = duplex(4);
        let (mut patient, begun) = (Patient::new(stream), Instant::now());
        let reads_slowly = async {
            for _ in 0..3 {
                after(29).await;
                other.read_exact(&mut [0; 1]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(patient.write_all(&[0; 64]), reads_slowly);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), Duration::from_secs(3 * 29) + NOTHING_TAKEN_TIME_MAX);
    }
}
