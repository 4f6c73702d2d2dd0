//! What Envoy tells afterwards of calls.

use std::time::Duration;

use domain::{
    Clock as _,
    decision::Outcome,
    usage::{ResponseFact, StatusClass, UsageBatch},
};
use futures::{Stream, StreamExt as _, stream};
use prost::{Message, bytes::Bytes};
use tollgate_gateway_doors::wire::{
    access_log::{
        AccessLogCommon, EXT_AUTHZ, FilterMetadata, HttpAccessLogEntries, HttpAccessLogEntry,
        HttpResponseProperties, Metadata, STREAM_ACCESS_LOGS, StreamAccessLogsMessage, TcpAccessLogEntries,
        UInt32Value,
    },
    ext_authz::Struct,
};
use tonic::{
    Code,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{
    client::{Envoy, question},
    world::{Open, World},
};

/// `StreamAccessLogsResponse`.
#[derive(Clone, PartialEq, Message)]
struct Nothing {}

/// Sends these messages, and ends when they do.
async fn tell(
    url: String,
    messages: impl Stream<Item = StreamAccessLogsMessage> + Send + 'static,
) -> Result<Nothing, Code> {
    let mut grpc = Grpc::<Channel>::new(Endpoint::from_shared(url).unwrap().connect().await.unwrap());
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<StreamAccessLogsMessage, Nothing>::default();
    let request = tonic::Request::new(messages);
    let answer = grpc.client_streaming(request, STREAM_ACCESS_LOGS.parse().unwrap(), codec).await;
    answer.map(tonic::Response::into_inner).map_err(|status| status.code())
}

fn batch(entries: Vec<HttpAccessLogEntry>) -> StreamAccessLogsMessage {
    StreamAccessLogsMessage { http_logs: Some(HttpAccessLogEntries { log_entry: entries }), tcp_logs: None }
}

/// A call about which the door said this.
fn entry(says: Option<Struct>, status: u32) -> HttpAccessLogEntry {
    let filter_metadata = vec![FilterMetadata { key: EXT_AUTHZ.to_owned(), value: says }];
    HttpAccessLogEntry {
        common_properties: Some(AccessLogCommon {
            metadata: Some(Metadata { filter_metadata }),
            ..AccessLogCommon::default()
        }),
        request: None,
        response: Some(HttpResponseProperties {
            response_code: Some(UInt32Value { value: status }),
            response_headers_bytes: 10,
            response_body_bytes: 20,
        }),
    }
}

/// A door that one call has come through, and what it said of it.
async fn called() -> (World, Open, Struct) {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let answer = Envoy::connect(&open).await.ask(question(&[("x-api-key", &secret)])).await.unwrap();
    (world, open, answer.dynamic_metadata.unwrap())
}

fn flushed(world: &World) -> UsageBatch {
    world.gateway.take_flush(world.clock.now()).batch.unwrap()
}

#[tokio::test]
async fn an_answer_is_counted_under_what_was_decided() {
    let (world, open, says) = called().await;
    let messages = stream::iter([
        batch(vec![entry(Some(says.clone()), 200), entry(Some(says.clone()), 503)]),
        batch(vec![entry(Some(says), 204)]),
    ]);
    assert_eq!(tell(open.url(""), messages).await, Ok(Nothing {}));
    let UsageBatch { facts, responses, .. } = flushed(&world);
    let [decided] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((decided.calls, decided.outcome), (1, Outcome::Allowed), "telling is not calling");
    let told = |fact: &ResponseFact| (fact.status, fact.calls, fact.response_bytes);
    assert_eq!(
        responses.iter().map(told).collect::<Vec<_>>(),
        [(StatusClass::Success, 2, 60), (StatusClass::ServerError, 1, 30)]
    );
    for fact in &responses {
        assert_eq!(
            (fact.minute, fact.client_id, fact.key_id, fact.secret_version, fact.route_id, &fact.environment),
            (
                decided.minute,
                decided.client_id,
                decided.key_id,
                decided.secret_version,
                decided.route_id,
                &decided.environment
            )
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_to_a_decision_is_passed_over_and_the_rest_is_counted() {
    let (world, open, says) = called().await;
    let health = entry(None, 200);
    let connections = TcpAccessLogEntries { log_entry: vec![vec![0xff; 100]; 3] };
    let messages = stream::iter([
        batch(vec![health.clone(), entry(Some(says.clone()), 200), health]),
        StreamAccessLogsMessage { http_logs: None, tcp_logs: Some(connections) },
        StreamAccessLogsMessage::default(),
        batch(vec![entry(Some(says), 200)]),
    ]);
    assert_eq!(tell(open.url(""), messages).await, Ok(Nothing {}));
    assert_eq!(flushed(&world).responses.iter().map(|fact| fact.calls).sum::<u64>(), 2);
}

#[tokio::test]
async fn a_message_that_is_no_protobuf_does_not_end_the_stream() {
    let (world, open, says) = called().await;
    let mut grpc =
        Grpc::<Channel>::new(Endpoint::from_shared(open.url("")).unwrap().connect().await.unwrap());
    grpc.ready().await.unwrap();
    let garbage = Garbage { http_logs: Bytes::from_static(&[0x0a, 0xff, 0xff]), tcp_logs: Bytes::new() };
    let good = batch(vec![entry(Some(says), 200)]).http_logs.unwrap().encode_to_vec();
    let good = Garbage { http_logs: good.into(), tcp_logs: Bytes::new() };
    let codec = ProstCodec::<Garbage, Nothing>::default();
    let request = tonic::Request::new(stream::iter([garbage, good]));
    let answer = grpc.client_streaming(request, STREAM_ACCESS_LOGS.parse().unwrap(), codec).await;
    assert_eq!(answer.unwrap().into_inner(), Nothing {});
    assert_eq!(flushed(&world).responses.iter().map(|fact| fact.calls).sum::<u64>(), 1);
}

/// A `StreamAccessLogsMessage` whose batches are any bytes.
#[derive(Clone, PartialEq, Message)]
struct Garbage {
    #[prost(bytes = "bytes", tag = "2")]
    http_logs: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    tcp_logs: Bytes,
}

#[tokio::test]
async fn a_message_beyond_a_mebibyte_is_refused_and_another_stream_is_not() {
    let (world, open, says) = called().await;
    let large = TcpAccessLogEntries { log_entry: vec![vec![0; 1024 * 1024]] };
    let messages = stream::iter([StreamAccessLogsMessage { http_logs: None, tcp_logs: Some(large) }]);
    assert_eq!(tell(open.url(""), messages).await, Err(Code::OutOfRange));
    assert_eq!(tell(open.url(""), stream::iter([batch(vec![entry(Some(says), 200)])])).await, Ok(Nothing {}));
    assert_eq!(flushed(&world).responses.len(), 1);
}

#[tokio::test]
async fn a_stream_that_never_ends_is_taken_from_and_ends_when_the_door_stops() {
    let (world, mut open, says) = called().await;
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    sender.unbounded_send(batch(vec![entry(Some(says.clone()), 200)])).unwrap();
    let telling = tell(open.url(""), receiver.chain(stream::pending()));
    let stopping = async {
        let mut counted = 0;
        while counted == 0 {
            tokio::task::yield_now().await;
            counted = calls(&world);
        }
        assert_eq!(counted, 1, "counted while the stream is open");
    };
    let mut telling = std::pin::pin!(telling);
    tokio::select! {
        ended = &mut telling => panic!("{ended:?}"),
        () = stopping => {}
    }
    open.stop.cancel();
    // Far below the ten seconds after which calls under way are broken off.
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        let told = telling.await;
        (&mut open.served).await.unwrap().unwrap();
        told
    });
    assert_eq!(ended.await.unwrap(), Ok(Nothing {}));
}

/// How many answers there are to flush. What else there is to flush is put away.
fn calls(world: &World) -> u64 {
    let batch = world.gateway.take_flush(world.clock.now()).batch;
    batch.map_or(0, |batch| batch.responses.iter().map(|fact| fact.calls).sum())
}

#[tokio::test]
async fn another_method_is_unimplemented() {
    let (world, ()) = World::after(|_| {});
    let open = world.open().await;
    let path = "/envoy.service.accesslog.v3.AccessLogService/Other";
    let unknown = reqwest::Client::new().post(open.url(path)).send().await.unwrap();
    assert_eq!(unknown.headers()["grpc-status"], "12");
}
