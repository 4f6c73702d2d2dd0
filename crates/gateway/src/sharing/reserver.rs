//! Asks the pool for blocks, hands back what is not used, and notices when nobody answers.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{Position, clock::SharedClock};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{PoolFailure, PoolKey, QuotaPool, Reservation, WhenAlone};
use crate::{
    Gateway,
    counters::{Moment, Pooled, Wanting},
    quota::shared::Asked,
};

/// Questions under way at once; more wait for an answer to one of these.
const AT_ONCE_MAX: usize = 512;
/// A pool that takes longer counts as away.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// How often what nobody calls is looked after, and a pool that is away asked again.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Serves the gateway's shared quotas until stopped, and hands back what is reserved and not used then. Does nothing
/// for a gateway that does not share quotas.
pub async fn run(
    gateway: Arc<Gateway>,
    pool: Arc<impl QuotaPool>,
    clock: SharedClock,
    stop: CancellationToken,
) {
    let Some(pooled) = gateway.counters().pooled() else { return };
    let mut reserver = Reserver {
        gateway: &gateway,
        pooled,
        pool,
        clock,
        asked: JoinSet::new(),
        waiting: vec![],
        unanswered: vec![],
        holders: HashSet::new(),
        names: HashMap::new(),
        away: false,
        leaving: false,
        answers_since: None,
    };
    reserver.run(pooled.wanted(), &stop).await;
    reserver.leave().await;
}

struct Reserver<'gateway, P> {
    gateway: &'gateway Gateway,
    pooled: &'gateway Pooled,
    pool: Arc<P>,
    clock: SharedClock,
    asked: JoinSet<Answered>,
    /// Those that could not be asked for yet.
    waiting: Vec<Wanting>,
    /// Questions that may or may not have counted, to be asked again under their id.
    unanswered: Vec<Question>,
    /// Those that something may have to be done for without a call.
    holders: HashSet<Wanting>,
    /// The same by name.
    names: HashMap<String, (Wanting, Position)>,
    /// Whether the last question was not answered.
    away: bool,
    /// Nothing is reserved any more.
    leaving: bool,
    /// Since when the pool answers again, while this gateway still keeps to its share.
    answers_since: Option<Instant>,
}

/// One question on its way.
#[derive(Clone, Debug)]
struct Question {
    wanting: Wanting,
    asked: Asked,
    reservation: Reservation,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reserve,
    GiveBack,
}

struct Answered {
    question: Question,
    total: Result<i64, PoolFailure>,
}

impl<P: QuotaPool> Reserver<'_, P> {
    async fn run(&mut self, wanted: Arc<Notify>, stop: &CancellationToken) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let pool = Arc::clone(&self.pool);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(answered) = self.asked.join_next() => self.answered(answered.ok()),
                () = wanted.notified() => {}
                _ = ticks.tick() => self.look(),
                (key, total) = pool.next_total() => self.heard(&key, total),
            }
            self.ask_all();
        }
    }

    /// Asks for all who want more, as many at once as may be.
    fn ask_all(&mut self) {
        self.waiting.extend(self.pooled.take_wanting());
        while self.asked.len() < AT_ONCE_MAX
            && let Some(wanting) = self.waiting.pop()
        {
            self.holders.insert(wanting);
            if self.away {
                // One question is open already and will show when the pool is back.
                self.gateway.counters().let_go(wanting);
            } else {
                self.ask(wanting);
            }
        }
    }

    fn ask(&mut self, wanting: Wanting) {
        let Some(asked) = self.gateway.counters().begin(wanting, self.now(), self.leaving) else { return };
        match self.gateway.pool_key(wanting, &asked) {
            Some(key) => {
                self.names.insert(key.account.clone(), (wanting, asked.epoch));
                self.send(Kind::Reserve, wanting, asked, key);
            }
            // It counts nothing that has a name.
            None => self.gateway.counters().let_go(wanting),
        }
    }

    fn send(&mut self, kind: Kind, wanting: Wanting, asked: Asked, key: PoolKey) {
        let id = format!("{:032x}", rand::random::<u128>());
        let reservation = Reservation { key, amount: asked.amount, id };
        self.put(Question { wanting, asked, reservation, kind });
    }

    fn put(&mut self, question: Question) {
        let pool = Arc::clone(&self.pool);
        self.asked.spawn(async move {
            let begun = Instant::now();
            let answer = timeout(ANSWER_MAX, put(&*pool, &question)).await;
            metrics::histogram!("tollgate_quota_pool_seconds").record(begun.elapsed().as_secs_f64());
            let total = answer.unwrap_or_else(|_| Err(PoolFailure::new("no answer in time")));
            Answered { question, total }
        });
    }

    fn answered(&mut self, answered: Option<Answered>) {
        // The task neither panics nor is aborted while this runs; were it, its question would count as lost.
        let Some(Answered { question, total }) = answered else { return };
        match total {
            Ok(total) if question.kind == Kind::Reserve => self.reserved(&question, total),
            Ok(_) => count("given_back", question.reservation.amount),
            Err(failure) if question.kind == Kind::Reserve => self.lost(question, &failure),
            // Taking it off twice would let others use what is used: it is given up.
            Err(_) => count("lost", question.reservation.amount),
        }
    }

    fn reserved(&mut self, question: &Question, total: i64) {
        let Question { wanting, asked, reservation, kind: _ } = question;
        self.found();
        let (back, owes) = self.gateway.counters().arrive(*wanting, *asked, total, self.now());
        count("reserved", asked.amount.saturating_sub(back));
        let outcome = match back {
            0 => "granted",
            back if back < asked.amount => "partial",
            _ => "empty",
        };
        metrics::counter!("tollgate_quota_reservations_total", "outcome" => outcome).increment(1);
        if back > 0 {
            let key = reservation.key.clone();
            self.send(Kind::GiveBack, *wanting, asked.back(back), key);
        }
        if owes {
            self.waiting.push(*wanting);
        }
    }

    /// Another gateway's step, or one of this, has changed a total.
    fn heard(&self, key: &PoolKey, total: i64) {
        if let Some((wanting, epoch)) = self.names.get(&key.account) {
            self.gateway.counters().hear(*wanting, *epoch, key.window, total, self.now());
        }
    }

    /// The pool did not answer: calls go by what is set for that until it does.
    fn lost(&mut self, question: Question, failure: &PoolFailure) {
        metrics::counter!("tollgate_quota_reservations_total", "outcome" => "unanswered").increment(1);
        if self.pooled.alone(self.now()) {
            let cause: &dyn std::error::Error = failure;
            warn!(error = cause, "Cannot reach the pool of shared quotas; going on alone");
        }
        (self.away, self.answers_since) = (true, None);
        self.gateway.counters().let_go(question.wanting);
        self.unanswered.push(question);
        metrics::gauge!("tollgate_quota_pool_away").set(1.0);
    }

    /// The pool answers. Who shared what was left keeps to that until the others have found it too.
    fn found(&mut self) {
        if self.away {
            (self.away, self.answers_since) = (false, Some(Instant::now()));
            // What was asked before comes first: whatever is still lost shows again.
            for question in std::mem::take(&mut self.unanswered) {
                self.put(question);
            }
            self.rejoin();
        }
    }

    fn rejoin(&mut self) {
        let settings = self.pooled.settings;
        let waits = settings.when_alone == WhenAlone::Share;
        let over = |since: Instant| !waits || since.elapsed() >= settings.rejoin_after;
        if self.answers_since.is_some_and(over) {
            self.answers_since = None;
            self.pooled.rejoin();
            info!("Reserving from the pool of shared quotas again");
            metrics::gauge!("tollgate_quota_pool_away").set(0.0);
        }
    }

    /// Hands back what nobody uses, tells what was borrowed, and asks a lost pool whether it is back.
    fn look(&mut self) {
        self.rejoin();
        if !self.away {
            self.look_after(false);
        } else if self.asked.is_empty()
            && let Some(question) = self.unanswered.pop()
        {
            self.put(question);
        }
    }

    fn look_after(&mut self, stopping: bool) {
        let now = self.now();
        for wanting in std::mem::take(&mut self.holders) {
            let after = self.gateway.counters().look_after(wanting, now, stopping);
            if let Some(back) = after.handed_back
                && let Some(key) = self.gateway.pool_key(wanting, &back)
            {
                self.send(Kind::GiveBack, wanting, back, key);
            }
            if after.owes {
                self.waiting.push(wanting);
            }
            if after.open {
                self.holders.insert(wanting);
            }
        }
        let holders = &self.holders;
        self.names.retain(|_, (wanting, _)| holders.contains(wanting));
    }

    /// Tells the pool what was borrowed, and hands back all that is held.
    async fn leave(&mut self) {
        self.leaving = true;
        self.finish().await;
        self.look_after(true);
        self.ask_all();
        self.finish().await;
    }

    async fn finish(&mut self) {
        while let Some(answered) = self.asked.join_next().await {
            self.answered(answered.ok());
        }
    }

    fn now(&self) -> Moment {
        Moment::from(self.clock.now())
    }
}

async fn put(pool: &impl QuotaPool, question: &Question) -> Result<i64, PoolFailure> {
    match question.kind {
        Kind::Reserve => pool.reserve(&question.reservation).await,
        Kind::GiveBack => pool.give_back(&question.reservation).await.map(|()| 0),
    }
}

fn count(what: &'static str, calls: u64) {
    metrics::counter!("tollgate_quota_units_total", "what" => what).increment(calls);
}
