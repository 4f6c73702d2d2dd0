//! A quota that gateways share, at every door.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::rate_limit_policy::Mode;
use gateway::{PoolFailure, QuotaPool, Reservation, SharedQuotas, WhenAlone};
use reqwest::Client;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tollgate_gateway_doors::wire::rate_limit::{Code, RateLimitDescriptor, RateLimitOverride, Unit};

use super::{
    client::{Envoy, question},
    rate_limit::{Filter, descriptor},
    world::{Open, World},
};

/// Answers after a while, or never well.
struct Pool {
    total: AtomicI64,
    answers: bool,
}

impl QuotaPool for Pool {
    async fn reserve(&self, reservation: &Reservation) -> Result<i64, PoolFailure> {
        tokio::task::yield_now().await;
        if !self.answers {
            return Err(PoolFailure::new("away"));
        }
        let amount = i64::try_from(reservation.amount).unwrap();
        Ok(self.total.fetch_add(amount, Ordering::Relaxed) + amount)
    }

    async fn give_back(&self, given: &Reservation) -> Result<(), PoolFailure> {
        self.total.fetch_sub(i64::try_from(given.amount).unwrap(), Ordering::Relaxed);
        Ok(())
    }
}

/// A door before a gateway whose reserver runs, under a quota of three calls a day.
async fn open(answers: bool) -> (Open, String, CancellationToken) {
    let sharing = SharedQuotas {
        when_alone: WhenAlone::Refuse,
        wait_max: Duration::from_secs(10),
        ..SharedQuotas::default()
    };
    let (world, secret) = World::sharing_after(sharing, |log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.limit(client, Mode::Enforce, 100, 3);
        log.key(client, |_| {}).1
    });
    let stop = CancellationToken::new();
    let pool = Arc::new(Pool { total: AtomicI64::new(0), answers });
    let clock = Arc::clone(&world.clock);
    let running = gateway::sharing::run(Arc::clone(&world.gateway), pool, clock, stop.clone());
    #[expect(clippy::disallowed_methods, reason = "a test has no task set; it ends with its runtime")]
    let _reserver = tokio::spawn(running);
    (world.open().await, secret, stop)
}

async fn verify(open: &Open, secret: &str) -> serde_json::Value {
    let body = json!({"secret": secret, "method": "GET", "path": "/orders/7"});
    let answer = Client::new().post(open.url("/v1/verify")).json(&body).send().await.unwrap();
    answer.json().await.unwrap()
}

async fn forward(open: &Open, secret: &str) -> u16 {
    let request = Client::new().get(open.url("/v1/forward-auth")).header("x-api-key", secret);
    let request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/orders/7");
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_call_waits_for_the_first_reservation_at_every_door_and_counts_once() {
    let (open, secret, _stop) = open(true).await;
    let envoy = Envoy::connect(&open).await;
    envoy.pass(question(&[("x-api-key", &secret)])).await;
    assert_eq!(verify(&open, &secret).await["outcome"], "allowed");
    assert_eq!(forward(&open, &secret).await, 200);
    let refused = envoy.refuse(question(&[("x-api-key", &secret)])).await;
    assert_eq!((refused.status(), &refused.body()["code"]), (429, &json!("quota_exceeded")));
    assert_eq!(verify(&open, &secret).await["outcome"], "quota_exceeded");
}

#[tokio::test]
async fn each_door_can_wait() {
    for door in 0..4 {
        let (open, secret, _stop) = open(true).await;
        match door {
            0 => drop(Envoy::connect(&open).await.pass(question(&[("x-api-key", &secret)])).await),
            1 => assert_eq!(verify(&open, &secret).await["outcome"], "allowed"),
            2 => assert_eq!(
                limited(&open, vec![descriptor(&[("api_key", &secret)])]).await,
                (Code::Ok, vec![2])
            ),
            _ => assert_eq!(forward(&open, &secret).await, 200),
        }
    }
}

/// What is answered about these descriptors in one request, and what is left at each.
async fn limited(open: &Open, descriptors: Vec<RateLimitDescriptor>) -> (Code, Vec<u32>) {
    let response = Filter::connect(open).await.limit(descriptors).await;
    let remaining = response.statuses.iter().map(|status| status.limit_remaining).collect();
    (response.overall_code(), remaining)
}

#[tokio::test]
async fn descriptors_that_were_judged_before_one_had_to_wait_are_not_judged_again() {
    let (open, secret, _stop) = open(true).await;
    let limit = RateLimitOverride { requests_per_unit: 5, unit: Unit::Year.into(), unit_multiplier: None };
    let own = RateLimitDescriptor { limit: Some(limit), ..descriptor(&[("k", "v")]) };
    let shared = descriptor(&[("api_key", &secret)]);
    // The quota is asked about for the first time behind what needs no asking.
    let all = vec![own.clone(), shared.clone(), shared.clone(), shared.clone()];
    assert_eq!(limited(&open, all).await, (Code::Ok, vec![4, 2, 1, 0]));
    assert_eq!(limited(&open, vec![shared, own]).await, (Code::OverLimit, vec![0, 3]));
}

#[tokio::test]
async fn a_call_that_cannot_be_counted_is_refused_by_a_reason_of_its_own() {
    let (open, secret, _stop) = open(false).await;
    let refused = Envoy::connect(&open).await.refuse(question(&[("x-api-key", &secret)])).await;
    assert_eq!((refused.status(), &refused.body()["code"]), (429, &json!("quota_unavailable")));
    assert_eq!(refused.headers()["retry-after"], "1");
    let answer = verify(&open, &secret).await;
    assert_eq!(
        (&answer["outcome"], &answer["reason"]),
        (&json!("quota_exceeded"), &json!("quota_unavailable"))
    );
}
