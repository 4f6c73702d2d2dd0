//! Calls over connections that stay open: good ones, and those that have no business here.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bench_decisions::population::secret;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};
use tollgate_bench::proxied;
use tollgate_tests::IssuedKey;

/// Of every so many calls one is of each bad kind.
const BAD_EVERY: u64 = 40;
const HUGE: usize = 12_000;
const WRONG_MAX: usize = 1_000;

pub(crate) fn path(number: u32) -> String {
    format!("/things-{number}")
}

/// What kind of call it is, and what is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Good,
    /// A well-formed secret that nobody has.
    Unknown,
    Malformed,
    /// A genuine secret beside a header of 12,000 bytes.
    Huge,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Good, Self::Unknown, Self::Malformed, Self::Huge];

    fn of(number: u64) -> Self {
        match number % BAD_EVERY {
            1 => Self::Unknown,
            2 => Self::Malformed,
            3 => Self::Huge,
            _ => Self::Good,
        }
    }

    fn answer(self) -> u16 {
        match self {
            Self::Good | Self::Huge => 200,
            Self::Unknown | Self::Malformed => 401,
        }
    }
}

/// Who calls, and where.
pub(crate) struct Callers {
    secrets: RwLock<Vec<IssuedKey>>,
    /// Of the form of a secret, and nobody's.
    strangers: Vec<String>,
    to: SocketAddr,
}

impl Callers {
    pub(crate) fn new(keys: Vec<IssuedKey>, port: u16) -> Result<Arc<Self>> {
        let strangers = (0..u32::try_from(keys.len())?).map(|number| Ok(secret(number)?.expose().to_owned()));
        let strangers = strangers.collect::<Result<_>>()?;
        Ok(Arc::new(Self { secrets: RwLock::new(keys), strangers, to: ([127, 0, 0, 1], port).into() }))
    }

    pub(crate) fn get(&self, number: usize) -> Option<IssuedKey> {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        secrets.get(number % secrets.len().max(1)).cloned()
    }

    /// From now on calls go with this secret.
    pub(crate) fn rotated(&self, number: usize, key: IssuedKey) {
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let at = number % secrets.len().max(1);
        if let Some(place) = secrets.get_mut(at) {
            *place = key;
        }
    }

    fn request(&self, kind: Kind, number: u64) -> String {
        let at = usize::try_from(number.wrapping_mul(2_654_435_761) >> 7).unwrap_or_default();
        let secret = match kind {
            Kind::Good | Kind::Huge => self.get(at).map(|key| key.secret).unwrap_or_default(),
            Kind::Unknown => {
                self.strangers.get(at % self.strangers.len().max(1)).cloned().unwrap_or_default()
            }
            Kind::Malformed => "not-a-secret-at-all".to_owned(),
        };
        let more =
            if kind == Kind::Huge { format!("x-more: {}\r\n", "a".repeat(HUGE)) } else { String::new() };
        let path = path(u32::try_from(number % 20).unwrap_or_default());
        format!(
            "GET {path} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: orders-sync/2.4\r\nx-api-key: {secret}\r\n{more}\r\n"
        )
    }
}

/// What a stretch of time has shown.
#[derive(Debug, Default)]
pub(crate) struct Stretch {
    pub(crate) calls: u64,
    /// How long good calls took from when they were due, in order.
    times: Vec<Duration>,
    pub(crate) wrong: Vec<String>,
}

impl Stretch {
    /// The time that so many of 1,000 good calls took at most.
    pub(crate) fn good(&self, of_1000: usize) -> Duration {
        self.times
            .get((self.times.len() * of_1000 / 1_000).min(self.times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.times.extend(other.times);
        self.wrong.extend(other.wrong);
    }
}

/// Calls of all kinds, so many a second together.
pub(crate) struct Paced {
    pub(crate) callers: Arc<Callers>,
    pub(crate) connections: u32,
    pub(crate) rate: f64,
}

impl Paced {
    pub(crate) async fn for_so_long(&self, long: Duration) -> Result<Stretch> {
        let every = Duration::from_secs_f64(f64::from(self.connections) / self.rate);
        let begun = Instant::now();
        let of = |connection: u32| {
            let (callers, first) = (Arc::clone(&self.callers), every * connection / self.connections);
            async move {
                let mut line = Line::open(callers.to).await?;
                let mut told = Stretch::default();
                let mut due = begun + first;
                let mut number = u64::from(connection) * 7_919;
                while due < begun + long {
                    tokio::time::sleep_until(due.into()).await;
                    line.call(&callers, Kind::of(number), number, due, &mut told).await?;
                    number += 1;
                    due += every;
                }
                Ok(told)
            }
        };
        all((0..self.connections).map(of)).await
    }
}

/// Calls of one kind over so many connections, as fast as they are answered.
pub(crate) async fn as_fast_as_answered(
    callers: &Arc<Callers>,
    kind: Kind,
    connections: u32,
    long: Duration,
) -> Result<Stretch> {
    let begun = Instant::now();
    let of = |connection: u32| {
        let callers = Arc::clone(callers);
        async move {
            let mut line = Line::open(callers.to).await?;
            let mut told = Stretch::default();
            let mut number = u64::from(connection) * 104_729;
            while begun.elapsed() < long {
                line.call(&callers, kind, number, Instant::now(), &mut told).await?;
                number += 1;
            }
            Ok(told)
        }
    };
    all((0..connections).map(of)).await
}

async fn all(
    lines: impl Iterator<Item = impl Future<Output = Result<Stretch>> + Send + 'static>,
) -> Result<Stretch> {
    let mut tasks: JoinSet<Result<Stretch>> = lines.collect();
    let mut told = Stretch::default();
    while let Some(of_line) = tasks.join_next().await {
        told.add(of_line??);
    }
    told.times.sort_unstable();
    Ok(told)
}

struct Line {
    to: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await.context("connecting to Envoy")?;
        stream.set_nodelay(true)?;
        Ok(Self { to, stream, buffer: Vec::with_capacity(16_384) })
    }

    async fn call(
        &mut self,
        callers: &Callers,
        kind: Kind,
        number: u64,
        due: Instant,
        told: &mut Stretch,
    ) -> Result<()> {
        told.calls += 1;
        let answered = self.answered(&callers.request(kind, number)).await;
        if kind == Kind::Good {
            told.times.push(due.elapsed());
        }
        let wrong = match answered {
            Ok(status) if status == kind.answer() => return Ok(()),
            Ok(status) => format!("{kind:?} was answered {status}"),
            Err(failure) => {
                *self = Self::open(self.to).await?;
                format!("{kind:?} was not answered: {failure:#}")
            }
        };
        if told.wrong.len() < WRONG_MAX {
            told.wrong.push(wrong);
        }
        Ok(())
    }

    async fn answered(&mut self, request: &str) -> Result<u16> {
        self.stream.write_all(request.as_bytes()).await?;
        proxied::answer(&mut self.stream, &mut self.buffer).await
    }
}
