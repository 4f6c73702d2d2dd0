//! One listener for all doors, from its first connection to its last.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use hyper_util::service::TowerToHyperService;
use reqwest::Client;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tollgate_gateway_doors::{Listens, serve};

use super::{
    client::{Envoy, question},
    world::{NOW, Open, World},
};

async fn health(open: &Open) -> (u16, String) {
    let answer = Client::new().get(open.url("/healthz")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn health_says_whether_and_by_what_the_door_decides() {
    let starting = World::starting().open().await;
    assert_eq!(health(&starting).await, (503, r#"{"status":"starting","position":0}"#.to_owned()));
    let (world, _) = World::after(|log| log.client(&[]));
    let open = world.open().await;
    assert_eq!(health(&open).await, (200, r#"{"status":"ok","position":1}"#.to_owned()));
    world.clock.set(NOW + 3601);
    assert_eq!(health(&open).await, (200, r#"{"status":"stale","position":1}"#.to_owned()));
}

#[tokio::test]
async fn grpc_and_http_share_a_listener_and_an_unknown_path_is_no_answer() {
    let (world, ()) = World::after(|_| {});
    let open = world.open().await;
    assert_eq!(Envoy::connect(&open).await.refuse(question(&[])).await.status(), 401);
    assert_eq!(health(&open).await.0, 200);
    // A proxy that asks by a request of its own would take 200 for leave to pass.
    for path in ["/", "/v1/elsewhere", "/v1/forward-auth/", "/envoy.service.auth.v3.Authorization/Other"] {
        let unknown = Client::new().get(open.url(path)).header("x-api-key", "any").send().await.unwrap();
        assert_eq!(unknown.status().as_u16(), 404, "{path}");
    }
    let asked = Client::new().post(open.url("/envoy.service.auth.v3.Authorization/Other"));
    let unknown = asked.header("content-type", "application/grpc+proto").send().await.unwrap();
    assert_eq!((unknown.status().as_u16(), &unknown.headers()["grpc-status"]), (200, &"12".parse().unwrap()));
    let unread = Client::new().get(open.url("/v1/verify")).send().await.unwrap();
    assert_eq!((unread.status().as_u16(), &unread.headers()["allow"]), (405, &"POST".parse().unwrap()));
}

#[tokio::test]
async fn a_door_told_to_stop_finishes_what_it_has_begun_and_takes_no_more() {
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&begun), Arc::clone(&may_end));
    let slow = move || async move {
        tell.notify_one();
        wait.notified().await;
        "done"
    };
    let mut open = Open::serving(Router::new().route("/slow", get(slow))).await;
    let mut idle = TcpStream::connect(open.address).await.unwrap();
    let request = Client::new().get(open.url("/slow")).send();
    let url = open.url("/slow");
    let stopped = async {
        begun.notified().await;
        open.stop.cancel();
        // The connection that never said anything is let go at once.
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(Client::new().get(url).send().await.unwrap_err().is_connect());
        may_end.notify_one();
        (&mut open.served).await.unwrap()
    };
    let (answer, served) = tokio::join!(request, stopped);
    assert_eq!(answer.unwrap().text().await.unwrap(), "done");
    served.unwrap();
}

/// Fails so many times, then stops who serves it.
struct Failing {
    error: i32,
    times: AtomicU32,
    stop: CancellationToken,
}

impl Listens for Failing {
    type Connection = TcpStream;

    async fn accept_one(&self) -> io::Result<TcpStream> {
        if self.times.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Err(io::Error::from_raw_os_error(self.error));
        }
        self.stop.cancel();
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_door_outlives_a_shortage_of_descriptors_and_not_a_listener_that_is_broken() {
    let ends = async |error| {
        let stop = CancellationToken::new();
        let failing = Failing { error, times: AtomicU32::new(1_000), stop: stop.clone() };
        serve(failing, TowerToHyperService::new(Router::new()), stop).await.is_ok()
    };
    assert!(ends(libc::EMFILE).await, "some come back when calls end");
    assert!(!ends(libc::EBADF).await);
}

/// Each holds one of the places that connections have, and pings are answered without reading anything.
#[tokio::test(start_paused = true)]
async fn who_does_not_begin_and_who_reads_no_answer_is_let_go() {
    const LARGE: usize = 64 << 20;
    let open = Open::serving(Router::new().route("/large", get(|| async { vec![0; LARGE] }))).await;
    let begun = Instant::now();
    let mut stalls = TcpStream::connect(open.address).await.unwrap();
    stalls.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    assert_eq!(stalls.read(&mut [0; 64]).await.unwrap_or_default(), 0);
    assert_eq!(begun.elapsed().as_secs(), 30);

    let mut deaf = TcpStream::connect(open.address).await.unwrap();
    deaf.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    deaf.readable().await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let mut answer = vec![];
    drop(deaf.read_to_end(&mut answer).await);
    assert!((1..LARGE).contains(&answer.len()), "{} bytes", answer.len());
}
