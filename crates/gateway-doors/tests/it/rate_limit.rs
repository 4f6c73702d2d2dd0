//! What Envoy's rate limit filter is answered.

use std::collections::BTreeMap;

use domain::{Clock as _, rate_limit_policy::Mode, usage::UsageFact};
use tollgate_gateway_doors::wire::rate_limit::{
    Code, DescriptorEntry, RateLimitDescriptor, RateLimitOverride, RateLimitRequest, RateLimitResponse,
    SHOULD_RATE_LIMIT, UInt64Value, Unit,
};
use tonic::{
    Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{
    client::{Envoy, question},
    world::{NOW, Open, World},
};

/// A connection to the door.
pub(super) struct Filter(Channel);

impl Filter {
    pub(super) async fn connect(open: &Open) -> Self {
        Self(Endpoint::from_shared(open.url("")).unwrap().connect().await.unwrap())
    }

    async fn ask(&self, request: RateLimitRequest) -> Result<RateLimitResponse, Status> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.map_err(|failure| Status::unavailable(failure.to_string()))?;
        let codec = ProstCodec::<RateLimitRequest, RateLimitResponse>::default();
        let path = SHOULD_RATE_LIMIT.parse().unwrap();
        Ok(grpc.unary(tonic::Request::new(request), path, codec).await?.into_inner())
    }

    /// Asks about a call with these descriptors.
    pub(super) async fn limit(&self, descriptors: Vec<RateLimitDescriptor>) -> RateLimitResponse {
        self.ask(about(descriptors)).await.unwrap()
    }
}

fn about(descriptors: Vec<RateLimitDescriptor>) -> RateLimitRequest {
    RateLimitRequest { domain: "edge".to_owned(), descriptors, hits_addend: 0 }
}

pub(super) fn descriptor(entries: &[(&str, &str)]) -> RateLimitDescriptor {
    let entry =
        |(key, value): &(&str, &str)| DescriptorEntry { key: (*key).to_owned(), value: (*value).to_owned() };
    RateLimitDescriptor { entries: entries.iter().map(entry).collect(), ..RateLimitDescriptor::default() }
}

/// `GET /orders/7` of this client.
fn orders(client: &str) -> RateLimitDescriptor {
    descriptor(&[("path", "/orders/7"), ("client_id", client), ("method", "GET")])
}

fn fields(response: &RateLimitResponse) -> BTreeMap<&str, &str> {
    let text = |bytes| str::from_utf8(bytes).unwrap();
    response.response_headers_to_add.iter().map(|header| (text(&header.key), text(&header.value))).collect()
}

/// A client with so many calls a minute and a day, and its key's secret.
fn limited(per_minute: u64, per_day: u64) -> (World, (String, String)) {
    World::after(|log| {
        log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read"]);
        log.limit(client, Mode::Enforce, per_minute, per_day);
        (client.to_string(), log.key(client, |_| {}).1)
    })
}

fn facts(world: &World) -> Vec<UsageFact> {
    world.gateway.take_flush(world.clock.now()).batch.map(|batch| batch.facts).unwrap_or_default()
}

#[tokio::test]
async fn a_call_here_and_one_at_the_door_that_authenticates_share_their_limits() {
    let (world, (client, secret)) = limited(100, 3);
    let open = world.open().await;
    let (filter, envoy) = (Filter::connect(&open).await, Envoy::connect(&open).await);
    envoy.pass(question(&[("x-api-key", &secret)])).await;
    let named = filter.limit(vec![orders(&client)]).await;
    assert_eq!((named.overall_code(), named.statuses[0].limit_remaining), (Code::Ok, 1));
    let proven = filter.limit(vec![descriptor(&[("api_key", &secret)])]).await;
    assert_eq!((proven.overall_code(), proven.statuses[0].limit_remaining), (Code::Ok, 0));
    let refused = filter.limit(vec![orders(&client)]).await;
    assert_eq!((refused.overall_code(), refused.statuses[0].code()), (Code::OverLimit, Code::OverLimit));
    assert_eq!(fields(&refused)["ratelimit-policy"], r#""daily";q=3;w=86400,"burst";q=100;w=60"#);
    assert!(fields(&refused).contains_key("retry-after"));
    assert_eq!(envoy.refuse(question(&[("x-api-key", &secret)])).await.status(), 429);
    let told: Vec<_> = facts(&world)
        .into_iter()
        .map(|fact| (fact.key_id.is_some(), fact.outcome.as_str(), fact.calls))
        .collect();
    let named = [(false, "allowed", 1), (false, "quota_exceeded", 1)];
    assert!(named.iter().all(|fact| told.contains(fact)), "{told:?}");
    assert_eq!(told.iter().map(|(_, _, calls)| calls).sum::<u64>(), 5);
}

#[tokio::test]
async fn each_descriptor_is_judged_by_itself_and_one_refuses_the_call() {
    let (world, (client, _)) = limited(2, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    let stranger = || descriptor(&[("client_id", "cli_00000000000000000000000009")]);
    let both = || vec![stranger(), orders(&client), orders(&client)];
    let granted = filter.limit(both()).await;
    let remaining: Vec<_> = granted.statuses.iter().map(|status| status.limit_remaining).collect();
    assert_eq!((granted.overall_code(), remaining), (Code::Ok, vec![0, 1, 0]));
    assert!(granted.statuses[0].current_limit.is_none());
    let refused = filter.limit(both()).await;
    let codes: Vec<_> = refused.statuses.iter().map(|status| status.code()).collect();
    assert_eq!(
        (refused.overall_code(), codes),
        (Code::OverLimit, vec![Code::Ok, Code::OverLimit, Code::OverLimit])
    );
}

#[tokio::test]
async fn hits_are_taken_all_at_once_and_none_of_them_looks() {
    let (world, (client, _)) = limited(10, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    let left = async |own: Option<u64>, all: u32| {
        let hits_addend = own.map(|value| UInt64Value { value });
        let descriptor = RateLimitDescriptor { hits_addend, ..orders(&client) };
        let request = RateLimitRequest { hits_addend: all, ..about(vec![descriptor]) };
        let response = filter.ask(request).await.unwrap();
        (response.overall_code(), response.statuses[0].limit_remaining)
    };
    assert_eq!(left(None, 0).await, (Code::Ok, 9));
    assert_eq!(left(None, 4).await, (Code::Ok, 5));
    assert_eq!(left(Some(3), 4).await, (Code::Ok, 2));
    assert_eq!(left(Some(0), 4).await, (Code::Ok, 2));
    assert_eq!(left(Some(3), 0).await, (Code::OverLimit, 2));
}

#[tokio::test]
async fn a_limit_of_its_own_counts_by_all_entries() {
    let (world, (client, _)) = limited(1, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    let own = |requests_per_unit, entries: &[(&str, &str)]| {
        let limit = RateLimitOverride { requests_per_unit, unit: Unit::Hour.into(), unit_multiplier: None };
        vec![RateLimitDescriptor { limit: Some(limit), ..descriptor(entries) }]
    };
    let gold = [("client_id", client.as_str()), ("plan", "gold")];
    for left in [2, 1, 0] {
        let granted = filter.limit(own(3, &gold)).await;
        assert_eq!((granted.overall_code(), granted.statuses[0].limit_remaining), (Code::Ok, left));
    }
    let refused = filter.limit(own(3, &gold)).await;
    assert_eq!(refused.overall_code(), Code::OverLimit);
    assert_eq!(fields(&refused)["ratelimit-policy"], r#""override";q=3;w=3600"#);
    assert_eq!(filter.limit(own(3, &[("remote_address", "192.0.2.7")])).await.overall_code(), Code::Ok);
    assert_eq!(
        filter.limit(vec![orders(&client)]).await.overall_code(),
        Code::Ok,
        "the policy's is untouched"
    );
    world.clock.set(NOW + 3_600);
    assert_eq!(filter.limit(own(3, &gold)).await.overall_code(), Code::Ok);
}

/// However a caller writes its path, it does not come to be without the limits that it has.
#[tokio::test]
async fn a_path_without_a_safe_reading_is_no_way_around_a_limit() {
    let (world, (client, _)) = limited(1, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    for path in [format!("/orders/{}", "a".repeat(9_000)), "/orders/%zz".to_owned(), "//orders/7".to_owned()]
    {
        let asked = descriptor(&[("client_id", client.as_str()), ("method", "GET"), ("path", &path)]);
        let refused = filter.limit(vec![asked]).await;
        assert_eq!(refused.overall_code(), Code::OverLimit, "{path}");
        assert!(refused.statuses[0].current_limit.is_none(), "no limit has refused it");
        assert!(str::from_utf8(&refused.raw_body).unwrap().contains(r#""code":"bad_path""#));
    }
    assert_eq!(filter.limit(vec![orders(&client)]).await.overall_code(), Code::Ok, "and took nothing");
    let refused = facts(&world)
        .iter()
        .filter(|fact| fact.outcome.as_str() == "forbidden")
        .map(|f| f.calls)
        .sum::<u64>();
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn a_door_that_cannot_judge_says_so_and_leaves_it_to_envoy() {
    let starting = World::starting().open().await;
    let failed = Filter::connect(&starting).await.ask(about(vec![orders("cli_0")])).await.unwrap_err();
    assert_eq!(failed.code(), tonic::Code::Unavailable);

    let (world, (client, _)) = limited(10, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    for unreadable in [
        about(vec![]),
        RateLimitRequest { domain: String::new(), ..about(vec![orders(&client)]) },
        about(vec![descriptor(&[("client_id", &client), ("client_id", &client)])]),
        about(vec![descriptor(&[("environment", "no such thing")])]),
    ] {
        let failed = filter.ask(unreadable).await.unwrap_err();
        assert_eq!(failed.code(), tonic::Code::InvalidArgument, "{failed}");
    }
    world.clock.set(i64::MAX);
    let failed = filter.ask(about(vec![orders(&client)])).await.unwrap_err();
    assert_eq!(failed.code(), tonic::Code::Internal);
    world.clock.set(NOW);
    assert_eq!(filter.limit(vec![orders(&client)]).await.statuses[0].limit_remaining, 9);
    let huge = vec!["v".repeat(5_000); 60];
    let entries: Vec<_> = huge.iter().map(|value| ("k", value.as_str())).collect();
    let failed = filter.ask(about(vec![descriptor(&entries)])).await.unwrap_err();
    assert_eq!(failed.code(), tonic::Code::OutOfRange, "{failed}");
}

#[tokio::test]
async fn a_stale_decision_says_so_to_the_caller() {
    let (world, (client, _)) = limited(10, 100);
    let open = world.open().await;
    let filter = Filter::connect(&open).await;
    world.clock.set(NOW + 3_601);
    assert_eq!(fields(&filter.limit(vec![orders(&client)]).await)["x-tollgate-stale"], "true");
}
