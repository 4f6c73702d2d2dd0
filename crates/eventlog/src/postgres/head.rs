//! How far the log has got, known to every instance: told by the sequencer when it is in this process, by a debounced
//! NOTIFY when it is not, found by asking in any case.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use domain::Position;
use metrics::counter;
use parking_lot::Mutex;
use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::{Mutex as AsyncMutex, MutexGuard, Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{fault::fault, sessions::Sessions};
use crate::{LogFailure, under_way::UnderWay};

/// Without a word, we ask.
pub(super) const POLL_EVERY: Duration = Duration::from_millis(250);
/// Between two batches of the sequencer in the midst of commands whose positions nobody waits for.
pub(super) const BATCH_EVERY: Duration = Duration::from_millis(5);
/// For so long a command waits for the right to its position, and then goes by the queue.
const PLACING_AT_MOST: Duration = Duration::from_millis(10);
/// NOTIFY takes a lock of the whole server's, so it is never part of a command's transaction and never more frequent.
const NOTIFY_EVERY: Duration = Duration::from_millis(5);
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Positions given lately, for commands that wait for theirs.
const RECENT_MAX: usize = 65_536;
const SEQUENCED_AT_ONCE: i64 = 10_000;

/// Channels between instances on one database.
pub(super) const APPENDED: &str = "tollgate_appended";
pub(super) const SEQUENCED: &str = "tollgate_sequenced";

/// The head of the log, as this process knows it.
pub(super) struct Head {
    known: watch::Sender<Position>,
    recent: Mutex<Recent>,
    /// Something was appended here, or elsewhere.
    pub(super) appended: Notify,
    /// Something was given a position elsewhere.
    sequenced: Notify,
    /// Others are to be told: of appends when the sequencer is not here, of positions when it is.
    news: Notify,
    /// Who waits here for what comes of a command.
    pub(super) under_way: UnderWay,
    /// Who tells the others: a name that nobody else has.
    teller: String,
    /// Whether this process gives the positions.
    pub(super) leads: watch::Sender<bool>,
    /// How many wait for a position here.
    awaited: watch::Sender<usize>,
    /// When this process appended last.
    appended_at: Mutex<Option<Instant>>,
    /// Held by whoever of this process gives positions, one statement at a time: each counts on from what is committed.
    placing: AsyncMutex<Places>,
}

/// Whether events get their positions with the commit that puts them on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// Other processes append alone, or what waits for a position is much.
    Later,
    AtOnce,
}

/// The right to give positions until it is dropped.
pub(super) struct Placing<'head>(MutexGuard<'head, Places>);

impl Placing<'_> {
    /// From now on appends of this process get their positions at once, or no longer.
    pub(super) fn at_once(&mut self, at_once: bool) {
        *self.0 = if at_once { Places::AtOnce } else { Places::Later };
    }
}

#[derive(Default)]
struct Recent {
    by_number: HashMap<i64, Position>,
    in_order: VecDeque<i64>,
}

impl Recent {
    fn remember(&mut self, event_no: i64, position: Position) {
        self.by_number.insert(event_no, position);
        self.in_order.push_back(event_no);
        while self.in_order.len() > RECENT_MAX {
            if let Some(oldest) = self.in_order.pop_front() {
                self.by_number.remove(&oldest);
            }
        }
    }
}

/// One who waits for a position, counted until it has it or gives up.
struct Waits<'head>(&'head watch::Sender<usize>);

impl<'head> Waits<'head> {
    fn begin(awaited: &'head watch::Sender<usize>) -> Self {
        awaited.send_modify(|waiting| *waiting = waiting.saturating_add(1));
        Self(awaited)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

impl Head {
    pub(super) async fn read(pool: &PgPool, under_way: UnderWay) -> Result<Self, sqlx::Error> {
        let head: i64 = sqlx::query_scalar(include_str!("select_head.sql")).fetch_one(pool).await?;
        let (known, _) = watch::channel(Position::new(u64::try_from(head).unwrap_or_default()));
        Ok(Self {
            known,
            recent: Mutex::default(),
            appended: Notify::new(),
            sequenced: Notify::new(),
            news: Notify::new(),
            under_way,
            teller: format!("{:032x}", rand::random::<u128>()),
            leads: watch::Sender::new(false),
            awaited: watch::Sender::new(0),
            appended_at: Mutex::default(),
            placing: AsyncMutex::new(Places::Later),
        })
    }

    pub(super) fn watch(&self) -> watch::Receiver<Position> {
        self.known.subscribe()
    }

    /// Whether nothing was appended here for as long as the sequencer waits between two batches. Then a command's own
    /// position is the quickest; in the midst of others they go by the queue, which several can fill side by side.
    pub(super) fn has_rested(&self) -> bool {
        let before = self.appended_at.lock().replace(Instant::now());
        before.is_none_or(|before| before.elapsed() >= BATCH_EVERY)
    }

    /// The right to give positions to a group of this process's commands, where they get them at once.
    pub(super) async fn placing(&self) -> Option<Placing<'_>> {
        if !*self.leads.borrow() {
            return None;
        }
        // Whoever has it may wait for a server that does not answer; the queue waits for nobody.
        let placing = timeout(PLACING_AT_MOST, self.placing.lock()).await.ok()?;
        (*placing == Places::AtOnce).then_some(Placing(placing))
    }

    /// The right to give positions to whatever waits for them.
    pub(super) async fn sequencing(&self) -> Placing<'_> {
        Placing(self.placing.lock().await)
    }

    /// A command of this process has been committed, and has no position yet.
    pub(super) fn note_appended(&self) {
        if *self.leads.borrow() {
            self.appended.notify_one();
        } else {
            self.news.notify_one();
        }
    }

    /// This process has given these positions.
    pub(super) fn note_sequenced(&self, given: &[(i64, i64)]) {
        counter!("tollgate_sequenced_events_total").increment(u64::try_from(given.len()).unwrap_or_default());
        self.advance(given);
        let last = given.last().and_then(|(position, _)| u64::try_from(*position).ok());
        if last > Some(self.known.borrow().get()) {
            // There are positions before these that another gave.
            self.sequenced.notify_one();
        }
        self.news.notify_one();
    }

    /// Positions in order, as they were read or given. What leaves a gap is left for the next look.
    fn advance(&self, given: &[(i64, i64)]) {
        let mut recent = self.recent.lock();
        let mut head = *self.known.borrow();
        for (position, event_no) in given {
            let position = Position::new(u64::try_from(*position).unwrap_or_default());
            if position == head.next() {
                head = position;
                recent.remember(*event_no, position);
            }
        }
        drop(recent);
        self.known.send_if_modified(|known| std::mem::replace(known, head.max(*known)) != head);
    }

    /// Returns when somebody waits for a position.
    pub(super) async fn is_awaited(&self) {
        // The sender is ours: it is never gone.
        drop(self.awaited.subscribe().wait_for(|waiting| *waiting > 0).await);
    }

    /// Waits for the position of an event that is on record.
    pub(super) async fn position_of(
        &self,
        event_no: i64,
        sessions: &Sessions,
    ) -> Result<Position, LogFailure> {
        if event_no == 0 {
            return Ok(Position::START);
        }
        let mut moved = self.known.subscribe();
        let _waits = Waits::begin(&self.awaited);
        let mut ask_at = Instant::now() + POLL_EVERY;
        loop {
            moved.mark_unchanged();
            if let Some(position) = self.recent.lock().by_number.get(&event_no) {
                return Ok(*position);
            }
            // However often the head moves: the position may have been given before this process looked.
            if tokio::time::timeout_at(ask_at, moved.changed()).await.is_err() {
                ask_at = Instant::now() + POLL_EVERY;
                let query = sqlx::query_scalar(include_str!("select_position.sql")).bind(event_no);
                let found: Option<i64> = sessions
                    .run(async |session| query.fetch_optional(session).await)
                    .await
                    .map_err(|source| fault(source, |source| LogFailure::Recall { source }))?;
                if let Some(position) = found {
                    return Ok(Position::new(u64::try_from(position).unwrap_or_default()));
                }
            }
        }
    }

    async fn look(&self, sessions: &Sessions) -> Result<(), sqlx::Error> {
        loop {
            let after = i64::try_from(self.known.borrow().get()).unwrap_or(i64::MAX);
            let query =
                sqlx::query_as(include_str!("select_sequenced.sql")).bind(after).bind(SEQUENCED_AT_ONCE);
            let given: Vec<(i64, i64)> = sessions.run(async |session| query.fetch_all(session).await).await?;
            if given.is_empty() {
                return Ok(());
            }
            self.advance(&given);
        }
    }
}

/// Keeps up with positions that are given elsewhere.
pub(super) async fn watch(head: Arc<Head>, pool: PgPool, sessions: Arc<Sessions>, stop: CancellationToken) {
    let listening = listen(&head, &pool);
    let looking = async {
        let mut failing = false;
        loop {
            tokio::select! {
                () = head.sequenced.notified() => {}
                () = tokio::time::sleep(POLL_EVERY) => {}
            }
            match head.look(&sessions).await {
                Ok(()) => failing = false,
                Err(source) if !failing => {
                    failing = true;
                    warn!(error = %source, "Cannot read how far the log has got; trying on");
                }
                Err(_told) => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = looking => {}
        () = listening => {}
    }
}

async fn listen(head: &Head, pool: &PgPool) {
    loop {
        if let Err(source) = listen_once(head, pool).await {
            debug!(error = %source, "Not listening to the other instances; polling meanwhile");
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn listen_once(head: &Head, pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([APPENDED, SEQUENCED]).await?;
    loop {
        // None: the connection was lost and is there again; what was said meanwhile is not repeated.
        match listener.try_recv().await? {
            // Our own word: what it says is known here.
            Some(said) if said.payload() == head.teller => {}
            Some(said) if said.channel() == APPENDED => head.appended.notify_one(),
            Some(_) => head.sequenced.notify_one(),
            None => {
                head.appended.notify_one();
                head.sequenced.notify_one();
            }
        }
    }
}

/// Tells the other instances, at most once in a few milliseconds whatever happens here.
pub(super) async fn wake_others(head: Arc<Head>, sessions: Arc<Sessions>, stop: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = head.news.notified() => {}
        }
        let channel = if *head.leads.borrow() { SEQUENCED } else { APPENDED };
        let notify = sqlx::query(include_str!("notify.sql")).bind(channel).bind(&head.teller);
        let told = sessions.run(async |session| notify.execute(session).await).await;
        if let Err(source) = told {
            debug!(error = %source, "Could not wake the other instances; they poll");
        }
        tokio::time::sleep(NOTIFY_EVERY).await;
    }
}
