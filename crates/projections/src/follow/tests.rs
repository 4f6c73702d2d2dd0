//! Followers: what is written becomes visible, and one that cannot go on stops alone.

use std::time::Duration;

use domain::{Recorded, api_client::ApiClient};
use tempfile::TempDir;

use super::*;
use crate::{
    Change, Poison, ProjectionStatus, Rows, Table, Value,
    queries::clients,
    testing::{
        Engine, client, event_log, execute, on_every_engine, read_model, register, usage_batch, usage_log,
        write_log,
    },
};

on_every_engine!(
    a_write_is_visible_once_it_was_waited_for,
    waiting_for_what_does_not_come_is_bounded,
    a_poison_event_stops_its_projection_alone,
    rows_of_other_rules_are_made_anew,
);

const LONG: Duration = Duration::from_secs(30);

/// The directory of clients under other rules: a newer version, or one that chokes on an event.
struct Altered {
    version: u32,
    chokes_at: u64,
}

static NEWER: Altered = Altered { version: 2, chokes_at: 0 };
static CHOKING: Altered = Altered { version: 1, chokes_at: 4 };

impl Projection for Altered {
    fn name(&self) -> &'static str {
        ALL[0].name()
    }
    fn version(&self) -> u32 {
        self.version
    }
    fn tables(&self) -> &'static [&'static Table] {
        ALL[0].tables()
    }
    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)> {
        ALL[0].keys(event)
    }
    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison> {
        if event.position.get() == self.chokes_at { Err(Poison::NotJson) } else { ALL[0].fold(rows, event) }
    }
}

struct Installation {
    _dir: TempDir,
    model: ReadModel,
    log: EventLog,
    usage: UsageLog,
}

async fn installation(on: Engine) -> Installation {
    let (dir, model) = read_model(on).await;
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    Installation { _dir: dir, model, log, usage }
}

/// Runs these projections while something happens, then stops them.
async fn while_following<T>(
    here: &Installation,
    projections: &[&'static dyn Projection],
    happens: impl AsyncFnOnce(Visibility) -> T,
) -> T {
    let (model, log, usage) = (here.model.clone(), here.log.clone(), here.usage.clone());
    let projections = Projections::open_these(projections, model, log, usage).await.unwrap();
    let (visibility, stop) = (projections.visibility(), CancellationToken::new());
    let running = projections.run(stop.clone());
    let happening = async {
        let result = happens(visibility).await;
        stop.cancel();
        result
    };
    let (ran, result) = tokio::join!(running, happening);
    ran.unwrap();
    result
}

async fn a_write_is_visible_once_it_was_waited_for(on: Engine) {
    let here = installation(on).await;
    while_following(&here, &ALL, async |visibility| {
        for n in 1..=20 {
            let position = execute::<ApiClient>(&here.log, client(n), register("Acme")).await;
            assert!(visibility.wait_for(position, LONG).await);
            assert!(clients::get(&here.model, client(n)).await.unwrap().is_some(), "client {n}");
        }
        here.usage.append(Some(usage_batch(1, 5)), vec![]).await.unwrap();
        assert!(visibility.wait_for_usage(1, LONG).await);
        for ProjectionStatus { name, position, lag_events, halted } in visibility.status() {
            let expected = if name == crate::USAGE { 1 } else { 20 };
            assert_eq!((position.get(), lag_events, halted), (expected, 0, None), "{name}");
        }
    })
    .await;
}

async fn waiting_for_what_does_not_come_is_bounded(on: Engine) {
    let here = installation(on).await;
    while_following(&here, &ALL, async |visibility| {
        assert!(!visibility.wait_for(Position::new(1), Duration::from_millis(1)).await);
        assert!(visibility.wait_for(Position::START, Duration::from_millis(1)).await);
    })
    .await;
}

async fn a_poison_event_stops_its_projection_alone(on: Engine) {
    let here = installation(on).await;
    let head = write_log(&here.log, "Acme").await;
    while_following(&here, &[&CHOKING, ALL[5]], async |visibility| {
        // Not after the bound: it is known at once that it will not come.
        assert!(!visibility.wait_for(head, LONG).await);
        let audit = Visibility { events: visibility.events[1..].to_vec(), ..visibility.clone() };
        assert!(audit.wait_for(head, LONG).await);
        let [clients, audit, _] = visibility.status().try_into().unwrap();
        assert_eq!((clients.position.get(), clients.lag_events), (3, head.get() - 3));
        let why = clients.halted.unwrap();
        assert!(why.contains("api_client.registered at position 4"), "{why}");
        assert_eq!((audit.position, audit.halted), (head, None));
    })
    .await;
    // Once it can take the event, it goes on from before it.
    while_following(&here, &ALL, async |visibility| assert!(visibility.wait_for(head, LONG).await)).await;
}

async fn rows_of_other_rules_are_made_anew(on: Engine) {
    let here = installation(on).await;
    let head = write_log(&here.log, "Acme").await;
    while_following(&here, &ALL, async |visibility| assert!(visibility.wait_for(head, LONG).await)).await;
    let (model, log, usage) = (here.model.clone(), here.log.clone(), here.usage.clone());
    let opened = Projections::open_these(&[&NEWER], model, log, usage).await.unwrap();
    assert_eq!(opened.visibility().status()[0].position, Position::START);
    assert_eq!(here.model.mark("client_directory").await.unwrap().unwrap().version, 2);
    assert_eq!(clients::get(&here.model, client(1)).await.unwrap(), None);
}
