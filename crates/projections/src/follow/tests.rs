//! Followers: what is written becomes visible, and one that cannot go on stops alone.

use std::time::Duration;

use domain::{Position, Recorded, api_client::ApiClient};
use eventlog::usage::UsageLog;
use tempfile::TempDir;
use test_servers::until;

use super::*;
use crate::{
    Change, Poison, ProjectionStatus, Rows, Standing, Table, Value,
    queries::clients,
    testing::{
        Engine, client, dump, event_log, execute, on_every_engine, read_model, register, usage_batch,
        usage_log, write_log,
    },
};

on_every_engine!(
    a_write_is_visible_once_it_was_waited_for,
    what_changes_no_row_is_kept_in_mind_and_then_written_down,
    waiting_for_what_does_not_come_is_bounded,
    a_poison_event_stops_its_projection_alone,
    rows_of_other_rules_are_made_anew,
    one_that_is_moved_by_someone_else_finds_its_place_again,
    why_one_halted_is_kept_beside_its_checkpoint_until_it_goes_on,
);

const LONG: Duration = Duration::from_secs(30);

/// The directory of clients under other rules: a newer version that writes nothing, or one that chokes on an event.
pub(crate) struct Altered {
    newer_by: u32,
    chokes_at: u64,
}

static NEWER: Altered = Altered { newer_by: 1, chokes_at: 0 };
pub(crate) static CHOKING: Altered = Altered { newer_by: 0, chokes_at: 4 };

impl Projection for Altered {
    fn name(&self) -> &'static str {
        ALL[0].name()
    }
    fn version(&self) -> u32 {
        ALL[0].version() + self.newer_by
    }
    fn tables(&self) -> &'static [&'static Table] {
        ALL[0].tables()
    }
    fn keys(&self, event: &Recorded) -> Vec<(&'static Table, Value)> {
        ALL[0].keys(event)
    }
    fn fold(&self, rows: &Rows, event: &Recorded) -> Result<Vec<Change>, Poison> {
        match self.newer_by {
            _ if event.position.get() == self.chokes_at => Err(Poison::NotJson),
            0 => ALL[0].fold(rows, event),
            _ => Ok(vec![]),
        }
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
        for ProjectionStatus { name, position, lag_events, halted, .. } in visibility.status() {
            let expected = if name == crate::USAGE { 1 } else { 20 };
            assert_eq!((position.get(), lag_events, halted), (expected, 0, None), "{name}");
        }
    })
    .await;
}

async fn what_changes_no_row_is_kept_in_mind_and_then_written_down(on: Engine) {
    let here = installation(on).await;
    let kept = async || here.model.checkpoint("key_directory").await;
    while_following(&here, &ALL, async |visibility| {
        let position = execute::<ApiClient>(&here.log, client(1), register("Acme")).await;
        assert!(visibility.wait_for(position, LONG).await);
        // Without another event, and without anybody asking.
        until("the store to know", LONG, async || Ok((kept().await? == position).then_some(())))
            .await
            .unwrap();
        for n in 2..=9 {
            execute::<ApiClient>(&here.log, client(n), register("Acme")).await;
        }
        assert!(visibility.wait_for(here.log.head(), LONG).await);
    })
    .await;
    assert_eq!(kept().await.unwrap(), here.log.head(), "at the latest when it stops");
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
        assert!(!visibility.wait_for_effect(head, "api_client", LONG).await);
        assert!(visibility.wait_for_effect(head, "api_key", LONG).await, "whose rows it does not change");
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
    // Whoever has the turn may empty the tables, and nobody else.
    assert_eq!(here.model.mark("client_directory").await.unwrap().unwrap().version, ALL[0].version());
    while_following(&here, &[&NEWER], async |visibility| assert!(visibility.wait_for(head, LONG).await))
        .await;
    assert_eq!(here.model.mark("client_directory").await.unwrap().unwrap().version, NEWER.version());
    assert_eq!(clients::get(&here.model, client(1)).await.unwrap(), None);
}

async fn one_that_is_moved_by_someone_else_finds_its_place_again(on: Engine) {
    let here = installation(on).await;
    let head = write_log(&here.log, "Acme").await;
    while_following(&here, &ALL, async |visibility| {
        assert!(visibility.wait_for(head, LONG).await);
        let before = dump(&here.model).await;
        for projection in ALL {
            here.model.reset(Owner::of(projection)).await.unwrap();
        }
        let position = execute::<ApiClient>(&here.log, client(20), register("Late")).await;
        assert!(visibility.wait_for(position, LONG).await, "{visibility:?}");
        // Those that have no rows of the event find out when they write down how far they are.
        until("every projection to have begun anew", LONG, async || {
            let standings = here.model.standings().await?;
            let there =
                |standing: &Standing| standing.name == crate::USAGE || standing.position() == position;
            Ok(standings.iter().all(there).then_some(()))
        })
        .await
        .unwrap();
        let after = dump(&here.model).await;
        for ((name, before), (_, after)) in before.iter().zip(&after) {
            // Its entry, what it is about, and its four personal values.
            let late = match *name {
                "client_directory" | "audit_log" | "audit_subjects" => 1,
                "audit_personal" => 4,
                _ => 0,
            };
            assert_eq!(after.len(), before.len() + late, "{name}");
            assert!(before.iter().all(|row| after.contains(row)), "{name}");
        }
    })
    .await;
}

async fn why_one_halted_is_kept_beside_its_checkpoint_until_it_goes_on(on: Engine) {
    let here = installation(on).await;
    let head = write_log(&here.log, "Acme").await;
    let halted = async || {
        let standings = here.model.standings().await.unwrap();
        standings.into_iter().find(|standing| standing.name == "client_directory").unwrap().halted
    };
    while_following(&here, &[&CHOKING], async |visibility| {
        assert!(!visibility.wait_for(head, LONG).await);
        let kept = async || Ok(halted().await);
        let why = until("the reason to be kept", LONG, kept).await.unwrap();
        assert_eq!(Some(why), visibility.status()[0].halted);
    })
    .await;
    assert!(halted().await.unwrap().contains("position 4"), "it outlives the process");
    while_following(&here, &ALL, async |visibility| assert!(visibility.wait_for(head, LONG).await)).await;
    assert_eq!(halted().await, None);
}
