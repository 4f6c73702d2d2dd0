//! Calls against a receiver that does what it is told, by names that lead where they are told.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use test_servers::{Authority, Port, Process, Receiver, Reply, scratch, until};

use crate::{
    Answer, Client, HeaderMap, Lookup, Method, Policy, Request, RetryAfter, SendFailure, Settings,
    SystemLookup, Url,
};

const PATIENT: Duration = Duration::from_secs(30);
const IMPATIENT: Duration = Duration::from_millis(300);

/// A resolver that answers from a list, the last of it for ever.
#[derive(Clone, Default)]
struct Told {
    answers: Arc<Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>>,
    asked: Arc<Mutex<usize>>,
}

impl Told {
    fn about(name: &str, answers: &[&[&str]]) -> Self {
        let read = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let told = Self::default();
        told.answers.lock().insert(name.to_owned(), answers.iter().map(read).collect());
        told
    }
}

impl Lookup for Told {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        *self.asked.lock() += 1;
        let mut answers = self.answers.lock();
        let found = match answers.get_mut(name) {
            Some(left) if left.len() > 1 => left.pop_front(),
            Some(left) => left.front().cloned(),
            None => None,
        };
        std::future::ready(found.ok_or_else(|| io::ErrorKind::NotFound.into())).boxed()
    }
}

/// A resolver that never answers.
struct Mute;

impl Lookup for Mute {
    fn lookup(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        std::future::pending().boxed()
    }
}

fn policy(allow: &[&str]) -> Policy {
    let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
    Policy { allow, deny: vec![], allow_http: true }
}

fn client(policy: Policy, answer_within: Duration, lookup: impl Lookup) -> Client {
    let settings = Settings { answer_within, ..Settings::default() };
    Client::new(policy, settings, lookup).unwrap()
}

async fn post(client: &Client, url: &str) -> Result<Answer, SendFailure> {
    let url: Url = url.parse().unwrap();
    client.post(&url, HeaderMap::new(), b"hello".to_vec()).await
}

/// One call of a receiver on loopback that does this.
async fn called(reply: Reply, within: Duration) -> (Receiver, Result<Answer, SendFailure>) {
    let receiver = Receiver::start().await.unwrap();
    receiver.next([reply]);
    let client = client(policy(&["127.0.0.1"]), within, SystemLookup::default());
    let answer = post(&client, &receiver.url("/hooks")).await;
    (receiver, answer)
}

#[tokio::test]
async fn a_call_arrives_as_it_was_made_and_says_who_calls() {
    let (receiver, answer) = called(Reply::body(202, "thanks"), PATIENT).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status.as_u16(), &*answer.body, answer.cut), (202, "thanks", None));
    let [asked] = &receiver.asked()[..] else { panic!("asked once") };
    assert_eq!((&*asked.method, &*asked.path, &*asked.body), ("POST", "/hooks", &b"hello"[..]));
    let agent = asked.field("user-agent").unwrap();
    assert!(agent.starts_with("tollgate/"), "{agent}");
    assert_eq!(asked.field("cookie"), None);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Receiver::start().await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let (_receiver, answer) = called(Reply::with(status, "location", &elsewhere.url("/")), PATIENT).await;
        assert_eq!(answer.unwrap().status.as_u16(), status);
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let (receiver, answer) = called(Reply::Silence, IMPATIENT).await;
    assert_eq!(answer.unwrap_err().code(), "outbound_timeout");
    assert_eq!(receiver.asked().len(), 1);
}

#[tokio::test]
async fn a_slow_body_is_cut_at_the_time_limit_and_the_status_stands() {
    let slow = || Reply::Slow { status: 200, body: "so far".to_owned() };
    let (_receiver, answer) = called(slow(), IMPATIENT).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &*answer.body, answer.cut),
        (200, "so far", Some("outbound_timeout"))
    );
    assert!(answer.latency >= IMPATIENT);

    let receiver = Receiver::start().await.unwrap();
    receiver.otherwise(slow());
    let client = client(policy(&["127.0.0.1"]), IMPATIENT, SystemLookup::default());
    let url = receiver.url("/").parse().unwrap();
    let whole = Request { method: Method::GET, url, headers: HeaderMap::new(), body: vec![] };
    assert_eq!(client.ask(whole, 1024).await.unwrap_err().code(), "outbound_timeout");
}

#[tokio::test]
async fn a_long_body_is_kept_to_its_first_1024_bytes_and_not_read_to_its_end() {
    let (_receiver, answer) = called(Reply::body(500, &"é".repeat(600)), PATIENT).await;
    let answer = answer.unwrap();
    assert_eq!((answer.body.as_str(), answer.cut), ("é".repeat(512).as_str(), None));

    let (_receiver, answer) = called(Reply::body(500, &format!("\0x{}", "é".repeat(600))), PATIENT).await;
    let body = answer.unwrap().body;
    assert!(body.starts_with("\u{fffd}xé") && body.len() <= 1024, "{body}");

    let (receiver, answer) = called(Reply::body(200, &"x".repeat(8 << 20)), PATIENT).await;
    let answer = answer.unwrap();
    assert_eq!((answer.body.len(), answer.cut), (1024, Some("outbound_answer_too_long")));

    receiver.otherwise(Reply::body(200, &"x".repeat(1025)));
    let client = client(policy(&["127.0.0.1"]), PATIENT, SystemLookup::default());
    let url: Url = receiver.url("/").parse().unwrap();
    let ask = |bytes_max| {
        let whole =
            Request { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: vec![] };
        client.ask(whole, bytes_max)
    };
    assert_eq!(ask(1024).await.unwrap_err().code(), "outbound_answer_too_long");
    assert_eq!(ask(1025).await.unwrap().body.len(), 1025);
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure() {
    let (_receiver, answer) = called(Reply::Reset, PATIENT).await;
    assert_eq!(answer.unwrap_err().code(), "outbound_connection_broken");

    let receiver = Receiver::start().await.unwrap();
    let url = receiver.url("/");
    drop(receiver);
    tokio::task::yield_now().await;
    let client = client(policy(&["127.0.0.1"]), PATIENT, SystemLookup::default());
    assert_eq!(post(&client, &url).await.unwrap_err().code(), "outbound_not_reached");
}

#[tokio::test]
async fn whoever_speaks_no_tls_has_not_shown_who_it_is() {
    let client = client(policy(&["127.0.0.1"]), PATIENT, SystemLookup::default());
    let wrong = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", wrong.local_addr().unwrap());
    let answers = async {
        let (mut stream, _) = wrong.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    };
    let (answer, _stream) = tokio::join!(post(&client, &url), answers);
    assert_eq!(answer.unwrap_err().code(), "outbound_tls_failed");
}

#[tokio::test]
async fn a_certificate_is_taken_from_a_known_authority_and_for_that_very_host() {
    let authority = Authority::new().unwrap();
    let (directory, mut port) = (scratch().unwrap(), Port::reserve().unwrap());
    let mut openssl = Command::new("openssl");
    openssl.args(["s_server", "-quiet", "-www", "-accept"]).arg(port.address().to_string());
    openssl.arg("-cert").arg(authority.server_certificate()).arg("-key").arg(authority.server_key());
    port.release();
    let _server = Process::start("tls", &mut openssl, directory.path()).unwrap();
    let told = || Told::about("hooks.example.com", &[&["127.0.0.1"]]);
    let of = |authorities_pem| {
        let settings = Settings { authorities_pem, ..Settings::default() };
        Client::new(policy(&["127.0.0.1"]), settings, told()).unwrap()
    };
    let by = async |client: &Client, host: &str| {
        let url = format!("https://{host}:{}/", port.number()).parse().unwrap();
        let asked = Request { method: Method::GET, url, headers: HeaderMap::new(), body: vec![] };
        client
            .ask(asked, 64 * 1024)
            .await
            .map(|whole| whole.status.as_u16())
            .map_err(|failure| failure.code())
    };
    let knowing = of(Some(std::fs::read(authority.root()).unwrap()));
    let status = until("the server", PATIENT, async || match by(&knowing, "127.0.0.1").await {
        Err("outbound_not_reached") => Ok(None),
        other => Ok(Some(other)),
    });
    assert_eq!(status.await.unwrap(), Ok(200));
    assert_eq!(by(&knowing, "hooks.example.com").await, Err("outbound_tls_failed"), "not its name");
    assert_eq!(by(&of(None), "127.0.0.1").await, Err("outbound_tls_failed"), "nobody that we know");
}

#[tokio::test]
async fn the_other_side_says_when_it_would_be_asked_again() {
    for (text, expected) in [
        ("120", Some(RetryAfter::In(Duration::from_secs(120)))),
        ("0", Some(RetryAfter::In(Duration::ZERO))),
        ("99999999999999999999999", Some(RetryAfter::In(Duration::from_secs(u64::MAX)))),
        (
            "Sun, 06 Nov 1994 08:49:37 GMT",
            Some(RetryAfter::At(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))),
        ),
        (
            "Sunday, 06-Nov-94 08:49:37 GMT",
            Some(RetryAfter::At(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))),
        ),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        let (_receiver, answer) = called(Reply::with(429, "retry-after", text), PATIENT).await;
        assert_eq!(answer.unwrap().retry_after, expected, "{text}");
    }
}

#[tokio::test]
async fn an_address_in_the_url_is_checked_although_nobody_is_asked_for_it() {
    let receiver = Receiver::start().await.unwrap();
    let port = receiver.address().port();
    let told = Told::default();
    let client = client(policy(&[]), PATIENT, told.clone());
    for host in ["127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let failure = post(&client, &format!("http://{host}:{port}/")).await.unwrap_err();
        assert_eq!(failure.code(), "outbound_address_not_public", "{host}");
    }
    assert_eq!((receiver.asked().len(), *told.asked.lock()), (0, 0));
}

#[tokio::test]
async fn a_name_with_one_bad_address_is_not_called_at_all() {
    let receiver = Receiver::start().await.unwrap();
    let url = format!("http://hooks.example.com:{}/", receiver.address().port());
    for answer in [&["127.0.0.1", "10.0.0.1"], &["10.0.0.1", "127.0.0.1"], &["127.0.0.1", "169.254.169.254"]]
    {
        let client = client(policy(&["127.0.0.1"]), PATIENT, Told::about("hooks.example.com", &[answer]));
        assert_eq!(post(&client, &url).await.unwrap_err().code(), "outbound_address_not_public");
    }
    let nowhere = client(policy(&["127.0.0.1"]), PATIENT, Told::default());
    assert_eq!(post(&nowhere, &url).await.unwrap_err().code(), "outbound_name_not_resolved");
    assert!(receiver.asked().is_empty());
}

#[tokio::test]
async fn a_list_with_a_port_holds_for_names_at_that_port_alone() {
    let receiver = Receiver::start().await.unwrap();
    let port = receiver.address().port();
    let told = Told::about("hooks.example.com", &[&["127.0.0.1"]]);
    let open = client(policy(&[&format!("127.0.0.1:{port}")]), PATIENT, told.clone());
    let url = format!("http://hooks.example.com:{port}/");
    assert_eq!(post(&open, &url).await.unwrap().status.as_u16(), 200);
    let other = client(policy(&[&format!("127.0.0.1:{}", port ^ 1)]), PATIENT, told);
    assert_eq!(post(&other, &url).await.unwrap_err().code(), "outbound_address_not_public");
}

/// The name leads to a place that is open when it is checked, and somewhere else whenever it is asked for again.
#[tokio::test]
async fn what_is_dialled_is_what_was_checked() {
    let open = Receiver::start().await.unwrap();
    let port = open.address().port();
    let elsewhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), port);
    let closed = Receiver::at(elsewhere).await.unwrap();
    let told = Told::about("hooks.example.com", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = client(policy(&["127.0.0.1"]), PATIENT, told.clone());
    let url = format!("http://hooks.example.com:{port}/");
    assert_eq!(post(&client, &url).await.unwrap().status.as_u16(), 200);
    assert_eq!((open.asked().len(), *told.asked.lock()), (1, 1), "asked once for each connection");
    // A new connection is a new question, and its answer is checked again.
    open.next([Reply::Reset]);
    assert!(post(&client, &url).await.is_err());
    assert_eq!(post(&client, &url).await.unwrap_err().code(), "outbound_address_not_public");
    assert!(closed.asked().is_empty());
}

#[tokio::test]
async fn a_resolver_that_is_mute_is_not_waited_for() {
    let settings = Settings { connect_within: IMPATIENT, answer_within: PATIENT, ..Settings::default() };
    let client = Client::new(policy(&[]), settings, Mute).unwrap();
    let failure = post(&client, "http://hooks.example.com/").await.unwrap_err();
    assert_eq!(failure.code(), "outbound_timeout");
}

#[tokio::test]
async fn what_went_wrong_is_told_without_the_url() {
    let client = client(policy(&["127.0.0.1"]), PATIENT, SystemLookup::default());
    let failure = post(&client, "http://127.0.0.1:1/a-secret-path").await.unwrap_err();
    assert!(!format!("{failure:?}").contains("a-secret-path"), "{failure:?}");
}

#[test]
fn authorities_that_cannot_be_read_show_at_once() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let settings = Settings { authorities_pem: Some(pem), ..Settings::default() };
    assert!(Client::new(Policy::default(), settings, SystemLookup::default()).is_err());
}

/// A process has its variables from its start: so the calls are made by another one.
#[test]
fn the_variables_of_a_proxy_mean_nothing() {
    let nowhere = "http://127.0.0.1:1";
    let mut tests = Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        tests.env(name, nowhere);
    }
    tests.env_remove("no_proxy").env_remove("NO_PROXY").env_remove("REQUEST_METHOD");
    let ended = tests.args(["--exact", "tests::calls::a_call_arrives_as_it_was_made_and_says_who_calls"]);
    let ended = ended.output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("1 passed"), "{told}");
}
