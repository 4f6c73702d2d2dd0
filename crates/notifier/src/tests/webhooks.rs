//! Webhooks: told what they subscribe to, within their scopes, signed; held while disabled, tried again, given up.

use domain::{
    access::GrantScope,
    webhook::{
        DeleteWebhook, DisableCause, DisableWebhook, EnableWebhook, ReviseWebhook, Webhook, WebhookCommand,
        WebhookSpec,
    },
};
use jiff::SignedDuration;
use outbox::EndpointState;
use serde_json::Value;
use test_servers::{Asked, Receiver, Reply};

use super::harness::{TEAM, World, the};
use crate::webhooks::signature::{Received, Verifier, WebhookSecret, verify};

fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

fn everything() -> GrantScope {
    GrantScope::All
}

/// Whoever takes over a webhook whose scope was narrowed has nothing more told than that.
#[tokio::test]
async fn what_was_held_is_told_within_the_scope_that_there_is_by_then() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let client = world.client(1).await;
    let id = world.webhook(1, &receiver.url("/"), &["api_key.*", "notice.key_issued"], everything()).await;
    let give = async |command| world.execute::<Webhook>(id, command, vec![]).await;
    let spec = |scope| {
        let events = ["api_key.*", "notice.key_issued"].map(the).into();
        let (name, url) = (the("desk"), the(&receiver.url("/")));
        WebhookCommand::Revise(ReviseWebhook { spec: WebhookSpec { name, url, events, scope } })
    };
    give(WebhookCommand::Disable(DisableWebhook { cause: DisableCause::ByHand, url: None, reason: None }))
        .await;
    world.key(client, 1, None).await;
    world.follow().await;
    give(spec(GrantScope::team(the("Billing")))).await;
    give(WebhookCommand::Enable(EnableWebhook { reason: None })).await;
    world.follow().await;
    world.pass(SignedDuration::from_secs(61));
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 0, "another team's");
    assert!(world.told().await.iter().all(|(_, state)| state == "cancelled"), "{:?}", world.told().await);
    give(WebhookCommand::Disable(DisableWebhook { cause: DisableCause::ByHand, url: None, reason: None }))
        .await;
    give(spec(GrantScope::team(the(TEAM)))).await;
    world.key(client, 2, None).await;
    world.follow().await;
    give(WebhookCommand::Enable(EnableWebhook { reason: None })).await;
    world.follow().await;
    world.pass(SignedDuration::from_secs(61));
    world.deliver().await;
    assert!(!receiver.asked().is_empty(), "its own");
}

#[tokio::test]
async fn an_event_is_told_to_those_who_subscribed_within_their_scopes() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let client = world.client(1).await;
    let all = world.webhook(1, &receiver.url("/all"), &["api_key.*"], everything()).await;
    world.webhook(2, &receiver.url("/team"), &["api_key.issued"], GrantScope::team(the(TEAM))).await;
    world.webhook(3, &receiver.url("/other"), &["*"], GrantScope::team(the("Billing"))).await;
    world.webhook(4, &receiver.url("/test"), &["api_key.*"], GrantScope::environments([the("test")])).await;
    let key = world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    let asked = receiver.asked();
    let mut paths: Vec<_> = asked.iter().map(|asked| asked.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/all", "/team"]);
    let told = asked.iter().find(|asked| asked.path == "/all").unwrap();
    let said = body(told);
    assert_eq!(said["type"], "api_key.issued");
    assert_eq!(said["subject"]["id"], key.to_string());
    assert_eq!(said["position"], world.parts.log.head().get());
    assert_eq!(said["sequence"], 1);
    let text = said.to_string();
    for hidden in ["digest", "locator", "hmac"] {
        assert!(!text.contains(hidden), "{text}");
    }
    // The signature proves who has sent it, and that nothing was changed.
    let source = domain::webhook::SecretSource { version: 1, pepper_version: 1 };
    let secret = domain::webhook::signing_secret(&world.parts.peppers, all, source).unwrap();
    let verifiers = [Verifier::Secret(WebhookSecret::from_random(&secret))];
    let received = |body| Received {
        id: told.field("webhook-id").unwrap(),
        timestamp: told.field("webhook-timestamp").unwrap(),
        signature: told.field("webhook-signature").unwrap(),
        body,
    };
    let tolerance = std::time::Duration::from_secs(300);
    assert!(verify(&verifiers, &received(&told.body), world.now(), tolerance).is_ok());
    assert!(verify(&verifiers, &received(b"{}"), world.now(), tolerance).is_err());
    assert_eq!(said["id"], told.field("webhook-id").unwrap());
}

#[tokio::test]
async fn what_fails_is_tried_again_under_the_same_id_and_given_up_in_the_end() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    world.webhook(1, &receiver.url("/"), &["api_client.registered"], everything()).await;
    let retry_after = Reply::with(429, "Retry-After", "3600");
    receiver.next([Reply::status(500), retry_after, Reply::Reset]);
    receiver.otherwise(Reply::status(503));
    world.client(1).await;
    world.follow().await;
    world.deliver().await;
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 1, "not before it is due");
    world.pass(SignedDuration::from_secs(6));
    world.deliver().await;
    world.pass(SignedDuration::from_mins(50));
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 2, "it asked for an hour");
    for _ in 0..20 {
        world.pass(SignedDuration::from_hours(27));
        world.deliver().await;
    }
    assert_eq!(receiver.asked().len(), 10, "the first try and nine more");
    let ids: std::collections::BTreeSet<_> =
        receiver.asked().iter().map(|asked| asked.field("webhook-id").unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    let deliveries = world.deliveries().await;
    assert_eq!((deliveries[0].state.to_string(), deliveries[0].attempts), ("dead".to_owned(), 10));
    let attempts = world.parts.outbox.attempts(deliveries[0].delivery_id).await.unwrap();
    let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.status).collect();
    assert_eq!(statuses[..4], [Some(500), Some(429), None, Some(503)]);
}

#[tokio::test]
async fn one_that_is_gone_is_disabled_at_once_and_what_is_for_it_is_held() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let id = world.webhook(1, &receiver.url("/"), &["api_key.*", "notice.*"], everything()).await;
    let client = world.client(1).await;
    // Two are under way side by side: whichever comes first, it is gone.
    receiver.otherwise(Reply::status(410));
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    let endpoint = world.parts.log.load::<Webhook>(id).await.unwrap();
    assert_eq!(endpoint.state.endpoint().unwrap().disabled, Some(DisableCause::Gone));
    world.key(client, 2, None).await;
    world.follow().await;
    world.deliver().await;
    assert!(world.told().await.iter().all(|(_, state)| state == "held"), "{:?}", world.told().await);
    receiver.otherwise(Reply::status(200));
    let tried = receiver.asked().len();
    world.execute::<Webhook>(id, WebhookCommand::Enable(EnableWebhook { reason: None }), vec![]).await;
    world.follow().await;
    for _ in 0..4 {
        world.deliver().await;
    }
    assert!(receiver.asked().len() > tried);
    assert!(world.told().await.iter().all(|(_, state)| state == "delivered"), "{:?}", world.told().await);
}

#[tokio::test]
async fn one_that_is_deleted_before_it_says_that_it_is_gone_stays_removed() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let id = world.webhook(1, &receiver.url("/"), &["api_client.*"], everything()).await;
    world.client(1).await;
    world.follow().await;
    // The answer is over when the client has waited for all of it.
    receiver.otherwise(Reply::Slow { status: 410, body: "no more".to_owned() });
    let delete = async {
        while receiver.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        world.execute::<Webhook>(id, WebhookCommand::Delete(DeleteWebhook { reason: None }), vec![]).await;
        world.follow().await;
    };
    tokio::join!(world.deliver(), delete);
    let endpoint = world.parts.outbox.endpoint(id).await.unwrap().unwrap();
    assert_eq!(endpoint.state, EndpointState::Removed);
    assert_eq!(world.told().await, [("api_client.registered".to_owned(), "cancelled".to_owned())]);
}

#[tokio::test]
async fn one_that_fails_for_five_days_is_told_of_and_then_disabled() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    receiver.otherwise(Reply::status(500));
    let id = world.webhook(1, &receiver.url("/"), &["api_client.*"], everything()).await;
    let other = Receiver::start().await.unwrap();
    world
        .webhook(2, &other.url("/"), &["notice.endpoint_failing", "notice.endpoint_disabled"], everything())
        .await;
    for number in 1..=3 {
        world.client(number).await;
    }
    world.follow().await;
    for _ in 0..9 {
        world.deliver().await;
        world.look().await;
        world.pass(SignedDuration::from_hours(25));
    }
    world.deliver().await;
    world.look().await;
    world.follow().await;
    world.deliver().await;
    let endpoint = world.parts.log.load::<Webhook>(id).await.unwrap();
    assert_eq!(endpoint.state.endpoint().unwrap().disabled, Some(DisableCause::Failing));
    let told: Vec<_> =
        other.asked().iter().map(|asked| body(asked)["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, ["notice.endpoint_failing", "notice.endpoint_disabled"]);
    assert_eq!(body(&other.asked()[0])["data"]["last_failure"], "500");
    assert_eq!(body(&other.asked()[1])["data"]["held"], 3, "what was not given up");
}

#[tokio::test]
async fn an_endpoint_is_verified_by_the_echo_of_a_challenge() {
    use domain::{
        WebhookId,
        webhook::{CreateWebhook, WebhookSpec},
    };
    use outbox::{Handover, MessageKind, NewMessage};
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let id = WebhookId::from_parts(1, 1);
    let spec = WebhookSpec {
        name: the("desk"),
        url: the(&receiver.url("/")),
        events: [the("api_client.*")].into(),
        scope: everything(),
    };
    let create = WebhookCommand::Create(CreateWebhook { spec, pepper_version: 1 });
    world.execute::<Webhook>(id, create, vec![]).await;
    world.client(1).await;
    world.follow().await;
    receiver.next([Reply::body(200, "ok")]);
    world.deliver().await;
    let asked: Vec<_> = receiver.asked().iter().map(|asked| body(asked)["type"].clone()).collect();
    assert_eq!(asked, ["endpoint.verify"], "nothing else is sent before it is verified");
    let hand_over = async |version| {
        let asked = NewMessage::asked(
            MessageKind::Verify,
            "endpoint.verify",
            (id, version),
            "{}".to_owned(),
            world.now(),
        );
        let messages = vec![asked];
        let handover = Handover { checkpoint: None, at: world.now(), messages, cancels: vec![] };
        world.parts.outbox.commit(handover).await.unwrap();
        world.deliver().await;
        world.follow().await;
    };
    let told = async || world.parts.log.load::<Webhook>(id).await.unwrap().state.endpoint().unwrap().verified;
    assert!(!told().await, "an answer is not an echo");
    receiver.next([Reply::Echo]);
    // Version 1 was asked for when it was made; asked for again, it is another.
    hand_over(1).await;
    assert_eq!(receiver.asked().len(), 1);
    hand_over(2).await;
    assert!(told().await);
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 3, "what was held is delivered");
}

#[tokio::test]
async fn one_that_was_disabled_in_between_is_not_told() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let id = world.webhook(1, &receiver.url("/"), &["api_client.*"], everything()).await;
    world.client(1).await;
    world.follow().await;
    let disable = DisableWebhook { cause: DisableCause::ByHand, url: None, reason: None };
    world.execute::<Webhook>(id, WebhookCommand::Disable(disable), vec![]).await;
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 0);
    assert_eq!(world.told().await, [("api_client.registered".to_owned(), "held".to_owned())]);
}

#[tokio::test]
async fn a_log_that_nobody_signs_is_told_of_after_a_while() {
    use crate::timed::Watch;
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    world.webhook(1, &receiver.url("/"), &["notice.checkpoint_alarm"], everything()).await;
    let mut watch = Watch::new(&world.parts, &world.channels);
    let mut began = std::time::Instant::now();
    for _ in 0..3 {
        watch.look(world.now(), began).await.unwrap();
        assert_eq!(world.told().await, []);
        world.pass(SignedDuration::from_mins(4));
        began += std::time::Duration::from_secs(240);
    }
    for _ in 0..2 {
        watch.look(world.now(), began).await.unwrap();
        began += std::time::Duration::from_secs(240);
    }
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 1, "once");
    assert!(body(&receiver.asked()[0])["data"]["what"].as_str().unwrap().contains("not signed"));
}
