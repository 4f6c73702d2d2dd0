//! What the module follows and tells its usage: a control plane that has no news and takes every batch.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use domain::Position;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinSet,
};

/// How long a question for news is held, as the real one holds it.
const NEWS_HELD: Duration = Duration::from_secs(1);

/// Listens, and answers for as long as the runtime lives.
pub(crate) fn start(runtime: &Runtime, head: Position) -> Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("listening")?;
    let address = listener.local_addr()?;
    drop(runtime.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            // A connection ends when the other side is gone, which is no failure.
            connections.spawn(async move { drop(answer(stream, head).await) });
        }
    }));
    Ok(address)
}

async fn answer(mut stream: TcpStream, head: Position) -> Result<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let whole = end + length.unwrap_or(0_usize);
        while buffer.len() < whole {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        drop(buffer.drain(..whole));
        if text.starts_with("get /v1/gateway/events") {
            tokio::time::sleep(NEWS_HELD).await;
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\ntollgate-head: {head}\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
}
