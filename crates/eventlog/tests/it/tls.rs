//! Over TLS, by the settings that the product has: servers whose certificate an authority of ours has signed are spoken to,
//! and no others.

use std::error::Error;

use futures::future::join_all;
use test_servers::{Authority, Nats, Postgres};
use tollgate_eventlog::{
    EventLog,
    bus::{Bus, BusSettings, publish::PublisherState},
    postgres::{PostgresSettings, migrate},
};

use crate::bus::{AT_MOST, Running, is_the_log_from, log_with, settings};
use crate::support::{client, clock, register};

/// A failure with its causes.
fn whole(failure: &dyn Error) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_spoken_to_over_tls_when_it_is_the_one_that_was_named() {
    let (ours, foreign) = (Authority::new().unwrap(), Authority::new().unwrap());
    let postgres = Postgres::over_tls(&ours).await.unwrap();
    let database = postgres.database().unwrap();
    let at = |host: &str, mode: &str, authority: &Authority| {
        let server = database.url.replace("127.0.0.1", host);
        let root = authority.root();
        PostgresSettings::new(format!("{server}?sslmode={mode}&sslrootcert={}", root.display()).into())
    };
    let verified = at("127.0.0.1", "verify-full", &ours);
    migrate(&verified, None).await.unwrap();
    let log = EventLog::open_postgres(&verified, clock()).await.unwrap();
    log.execute(register(client(1))).await.unwrap();
    let encrypted = "select bool_and(ssl), count(*) > 1 from pg_stat_ssl join pg_stat_activity using (pid) \
                     where application_name = 'tollgate'";
    assert_eq!(postgres.sql(&database.name, encrypted).unwrap(), "t|t", "each of its connections");
    log.close().await;

    for (elsewhere, why) in [
        // The certificate is for the address 127.0.0.1.
        (at("localhost", "verify-full", &ours), "not valid for name"),
        (at("127.0.0.1", "verify-full", &foreign), "UnknownIssuer"),
        (at("127.0.0.1", "disable", &ours), "no encryption"),
    ] {
        let refused = whole(&EventLog::open_postgres(&elsewhere, clock()).await.unwrap_err());
        assert!(refused.contains("cannot use the database server at"), "{refused}");
        assert!(refused.contains(why), "{refused}");
    }
}

async fn over_tls(authority: &Authority) -> Nats {
    let (certificate, key) = (authority.server_certificate(), authority.server_key());
    let tls = format!("tls {{ cert_file: \"{}\", key_file: \"{}\" }}", certificate.display(), key.display());
    Nats::start_with(&tls).await.unwrap()
}

/// As the product makes them of an address and a file of an authority.
fn trusting(nats: &Nats, scheme: &str, authority: Option<&Authority>) -> BusSettings {
    BusSettings {
        urls: vec![nats.url().replace("nats", scheme)],
        root_ca_file: authority.map(Authority::root),
        require_tls: authority.is_some(),
        ..settings(nats)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_is_spoken_to_over_tls() {
    let authority = Authority::new().unwrap();
    let (nats, dir) = (over_tls(&authority).await, tempfile::tempdir().unwrap());
    let log = log_with(dir.path(), 100).await;
    for scheme in ["tls", "nats"] {
        let bus = Bus::connect(trusting(&nats, scheme, Some(&authority))).await.unwrap();
        let mut publisher = Running::start(&log, &bus);
        publisher.reaches(100).await;
        is_the_log_from(&bus, &log, 1).await;
        publisher.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_that_is_not_ours_or_not_encrypted_is_not_spoken_to() {
    let (ours, foreign) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (nats, plain, dir) =
        (over_tls(&ours).await, Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let log = log_with(dir.path(), 1).await;
    let refusals = [
        (trusting(&nats, "tls", Some(&foreign)), "UnknownIssuer"),
        (trusting(&nats, "tls", None), "UnknownIssuer"),
        // The server says that it wants TLS.
        (trusting(&nats, "nats", None), "UnknownIssuer"),
        // What answers speaks no TLS.
        (trusting(&plain, "nats", Some(&ours)), "InvalidContentType"),
        (trusting(&plain, "tls", None), "InvalidContentType"),
    ];
    join_all(refusals.map(async |(settings, why)| {
        let bus = Bus::connect(settings).await.unwrap();
        let mut publisher = Running::start(&log, &bus);
        let held = publisher.status.wait_for(|status| matches!(status.state, PublisherState::Held { .. }));
        let held = format!("{:?}", tokio::time::timeout(AT_MOST, held).await.unwrap().unwrap().state);
        assert!(held.contains("the bus is away") && held.contains(why), "{bus:?}: {held}");
        assert!(!bus.is_connected(), "{bus:?}");
        publisher.stop().await;
    }))
    .await;
}
