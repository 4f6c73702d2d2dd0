//! What calls come in by: TCP, or a socket in the file system, which only those reach who may write to it.

use std::{future::Future, io};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

/// A listener whose connections are served.
pub trait Listens: Send + Sync {
    type Connection: Connection;

    /// # Errors
    /// As the operating system's; dropping the future loses no connection.
    fn accept_one(&self) -> impl Future<Output = io::Result<Self::Connection>> + Send;
}

/// A connection that is served.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static {
    /// Once, before anything is read.
    fn prepare(&self) {}

    /// Until there is something to read.
    ///
    /// # Errors
    /// As the operating system's.
    fn first_byte(&self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Listens for TcpListener {
    type Connection = TcpStream;

    async fn accept_one(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Connection for TcpStream {
    fn prepare(&self) {
        // Without it, small answers wait for acknowledgements of those before. Not fatal: slow, but right.
        if let Err(failure) = self.set_nodelay(true) {
            tracing::debug!(error = %failure, "Could not set TCP_NODELAY");
        }
    }

    async fn first_byte(&self) -> io::Result<()> {
        self.readable().await
    }
}

impl Listens for UnixListener {
    type Connection = UnixStream;

    async fn accept_one(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Connection for UnixStream {
    async fn first_byte(&self) -> io::Result<()> {
        self.readable().await
    }
}
