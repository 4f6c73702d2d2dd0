//! The harness itself, where a fault of it would make other tests lie.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tollgate_tests::{Port, Upstream, raw, until};

#[test]
fn a_reserved_port_is_nobody_elses() -> Result<()> {
    let mut ports = (0..50).map(|_| Port::reserve()).collect::<Result<Vec<_>>>()?;
    let numbers: BTreeSet<u16> = ports.iter().map(Port::number).collect();
    assert_eq!(numbers.len(), 50);
    let port = ports.first_mut().ok_or_else(|| anyhow!("no port"))?;
    assert!(TcpListener::bind(port.address()).is_err(), "held until it is released");
    port.release();
    assert!(TcpListener::bind(port.address()).is_ok(), "free for the process it is meant for");
    let more = (0..50).map(|_| Port::reserve()).collect::<Result<Vec<_>>>()?;
    assert!(more.iter().all(|other| !numbers.contains(&other.number())), "a released port stays reserved");
    Ok(())
}

#[tokio::test]
async fn a_wait_ends_with_what_was_waited_for_and_why_it_did_not_come() {
    let started = Instant::now();
    let waited =
        until("the moon", Duration::from_millis(100), async || Err::<Option<()>, _>(anyhow!("it is new")));
    let failure = format!("{:#}", waited.await.expect_err("nothing came"));
    assert_eq!(failure, "waited 100ms for the moon: it is new");
    let hung = until("the moon", Duration::from_millis(100), async || {
        std::future::pending::<()>().await;
        Ok(Some(()))
    });
    assert!(hung.await.is_err(), "a question that hangs is bounded too");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_upstream_tells_and_remembers_what_it_received() -> Result<()> {
    let upstream = Upstream::start().await?;
    let address = ([127, 0, 0, 1], upstream.port()).into();
    let answer = raw(address, "DELETE", "/a/../b?c=d", &[("X-Colour", "blue")]).await?;
    assert_eq!(
        (answer.status, &answer.json["method"], &answer.json["path"]),
        (200, &"DELETE".into(), &"/a/../b?c=d".into())
    );
    assert_eq!(answer.json["headers"]["x-colour"], "blue");
    let received = upstream.take_requests();
    assert_eq!(received.first().and_then(|call| call.header("x-colour")), Some("blue"));
    assert!(upstream.requests().is_empty());
    Ok(())
}
