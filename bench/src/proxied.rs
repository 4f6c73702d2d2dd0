//! Answers of a proxy over a connection that stays open, and what a process has spent.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// One answer, whose length its headers say; its status.
///
/// # Errors
/// When the connection ends before it, or it is none.
pub async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        ensure!(stream.read_buf(buffer).await? > 0, "Envoy closed the connection");
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default()).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if buffer.len() >= end + 4 + length.unwrap_or_default() {
            return head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status");
        }
    }
}

/// What each thread of a process has spent on a processor so far, by the thread's name. Source: proc(5), the first field of
/// schedstat. Threads that have ended are not in it.
///
/// # Errors
/// When there is no such process.
pub fn spent(pid: u32) -> Result<Vec<(String, Duration)>> {
    let mut all = vec![];
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        let statistics = std::fs::read_to_string(task.join("schedstat"))?;
        let of_thread = statistics.split(' ').next().context("schedstat is empty")?.parse()?;
        all.push((std::fs::read_to_string(task.join("comm"))?, Duration::from_nanos(of_thread)));
    }
    Ok(all)
}
