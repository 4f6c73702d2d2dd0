//! A receiver of HTTP that does what a test says: it refuses, moves away, dawdles, or hangs up.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, header fields, a body.
    Answer { status: u16, fields: Vec<(&'static str, String)>, body: String },
    /// 200, with the body that was sent.
    Echo,
    /// The head with this status and this much of the body, and no more, while the connection stays open.
    Slow { status: u16, body: String },
    /// Nothing, while the connection stays open.
    Silence,
    /// The connection is reset.
    Reset,
}

impl Reply {
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Answer { status, fields: vec![], body: String::new() }
    }

    #[must_use]
    pub fn with(status: u16, name: &'static str, value: &str) -> Self {
        Self::Answer { status, fields: vec![(name, value.to_owned())], body: String::new() }
    }

    #[must_use]
    pub fn body(status: u16, body: &str) -> Self {
        Self::Answer { status, fields: vec![], body: body.to_owned() }
    }
}

/// What it was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// With names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Reply>,
    otherwise: Option<Reply>,
    asked: Vec<Asked>,
}

/// Listens on a port of its own. Ends when dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    receiving: JoinHandle<()>,
}

impl Receiver {
    /// Answers 200 until it is told otherwise.
    ///
    /// # Errors
    /// When there is no port for it.
    pub async fn start() -> Result<Self> {
        Self::at(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await
    }

    /// The same at an address of this machine.
    ///
    /// # Errors
    /// When it is taken.
    pub async fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await.context("listening")?;
        let address = listener.local_addr().context("where it listens")?;
        let script = Arc::new(Mutex::new(Script::default()));
        #[expect(clippy::disallowed_methods, reason = "it is ended when the receiver is dropped")]
        let receiving = tokio::spawn(receive(listener, Arc::clone(&script)));
        Ok(Self { address, script, receiving })
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Of this path, such as `/hooks`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What becomes of the next requests, one each, after those that were said before.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        lock(&self.script).next.extend(replies);
    }

    /// What becomes of all others.
    pub fn otherwise(&self, reply: Reply) {
        lock(&self.script).otherwise = Some(reply);
    }

    /// What it was asked so far, in the order in which it came.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.script).asked.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.receiving.abort();
    }
}

fn lock(script: &Mutex<Script>) -> std::sync::MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn receive(listener: TcpListener, script: Arc<Mutex<Script>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let script = Arc::clone(&script);
        // Whoever hangs up is no concern of the others. All end with the receiver.
        connections.spawn(async move { serve(stream, &script).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

/// Each request of a connection, until either side ends it.
async fn serve(stream: TcpStream, script: &Mutex<Script>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(asked) = read(&mut stream).await? {
        let reply = {
            let mut script = lock(script);
            script.asked.push(asked.clone());
            script.next.pop_front().or_else(|| script.otherwise.clone())
        };
        match reply.unwrap_or(Reply::status(200)) {
            Reply::Answer { status, fields, body } => {
                write(&mut stream, status, &fields, body.len(), body.as_bytes()).await?;
            }
            Reply::Echo => write(&mut stream, 200, &[], asked.body.len(), &asked.body).await?,
            Reply::Slow { status, body } => {
                write(&mut stream, status, &[], body.len() + 1, body.as_bytes()).await?;
                std::future::pending::<()>().await;
            }
            Reply::Silence => std::future::pending::<()>().await,
            Reply::Reset => {
                stream.get_ref().set_zero_linger()?;
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let method = words.next().context("a request has a method")?;
    let path = words.next().context("a request has a path")?;
    let mut fields: Vec<(String, String)> = vec![];
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Ok(0), |(_, value)| value.parse::<usize>())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Asked { method, path, fields, body }))
}

async fn write(
    stream: &mut BufReader<TcpStream>,
    status: u16,
    fields: &[(&'static str, String)],
    length: usize,
    body: &[u8],
) -> Result<()> {
    let mut head = format!("HTTP/1.1 {status} -\r\ncontent-length: {length}\r\n");
    for (name, value) in fields {
        write!(head, "{name}: {value}\r\n")?;
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await?;
    Ok(())
}
