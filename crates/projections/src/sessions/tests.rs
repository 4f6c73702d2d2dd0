//! Sessions are the same on both engines.

use std::time::Duration;

use super::*;
use crate::testing::{Engine, on_every_engine, read_model};

on_every_engine!(a_session_is_opened_once_and_found, sessions_end_one_by_one_together_and_by_time);

fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    start + Duration::from_secs(seconds)
}

fn session(number: u64, principal_id: &str) -> StoredSession {
    StoredSession {
        session_id: format!("ses_{number}"),
        digest: format!("{number:064x}"),
        begun: format!("{:064x}", number + 1_000),
        principal_id: principal_id.to_owned(),
        issuer: "https://login.example.com".to_owned(),
        subject: "u-1".to_owned(),
        gives: "[\"viewer\"]".to_owned(),
        user_agent: number.is_multiple_of(2).then(|| "Browser/1".to_owned()),
        started_at: at(number),
        last_seen_at: at(number),
        ends_at: at(number + 100),
    }
}

async fn a_session_is_opened_once_and_found(on: Engine) {
    let (_dir, model) = read_model(on).await;
    let (one, two) = (session(1, "prn_1"), session(2, "prn_1"));
    assert!(insert(&model, one.clone()).await.unwrap() && insert(&model, two.clone()).await.unwrap());
    for again in [
        one.clone(),
        StoredSession { session_id: "ses_3".to_owned(), digest: "3".to_owned(), ..one.clone() },
        StoredSession { session_id: "ses_3".to_owned(), begun: "3".to_owned(), ..one.clone() },
    ] {
        assert!(!insert(&model, again).await.unwrap());
    }
    assert_eq!(by_digest(&model, &one.digest).await.unwrap(), Some(one.clone()));
    assert_eq!(get(&model, "ses_2").await.unwrap(), Some(two.clone()));
    assert_eq!(by_digest(&model, "ses_2").await.unwrap(), None);
    assert_eq!(list(&model, Some("prn_1"), 10).await.unwrap(), [two.clone(), one]);
    assert_eq!(list(&model, None, 1).await.unwrap(), [two]);
    assert_eq!(list(&model, Some("prn_2"), 10).await.unwrap(), []);
}

async fn sessions_end_one_by_one_together_and_by_time(on: Engine) {
    let (_dir, model) = read_model(on).await;
    for number in 1..=6 {
        let principal = if number <= 3 { "prn_1" } else { "prn_2" };
        assert!(insert(&model, session(number, principal)).await.unwrap());
    }
    assert!(end(&model, "ses_1").await.unwrap());
    assert!(!end(&model, "ses_1").await.unwrap());
    assert_eq!(end_all(&model, "prn_1").await.unwrap(), 2);
    seen(&model, &session(4, "").digest, at(50)).await.unwrap();
    seen(&model, &session(4, "").digest, at(40)).await.unwrap();
    assert_eq!(get(&model, "ses_4").await.unwrap().unwrap().last_seen_at, at(50));
    // The fourth was used, the fifth was not, the sixth would end.
    assert_eq!(sweep(&model, at(55), at(5)).await.unwrap(), 1);
    assert_eq!(sweep(&model, at(106), at(5)).await.unwrap(), 2);
    assert_eq!(list(&model, None, 10).await.unwrap(), []);
}
