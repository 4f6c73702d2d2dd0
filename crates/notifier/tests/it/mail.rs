//! Letters and a real mail server, which does with each what its reader's name says.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use domain::{MessageId, NoticeName, Timestamp};
use jiff::tz::TimeZone;
use test_servers::{Authority, MailServer, Port};
use tollgate_notifier::{
    mail::{Mail, MailTls, Outcome, Smtp, SmtpSettings},
    notice::Notice,
    templates::{Letter, Setting, Templates},
};

/// Long enough for whatever answers at all.
const PATIENT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);

fn settings(port: u16, tls: MailTls) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        allow_plaintext: false,
        user: None,
        password: None,
        from: "Tollgate <tollgate@example.org>".to_owned(),
        ca: None,
        timeout: PATIENT,
    }
}

/// By STARTTLS, with the right password.
fn over_tls(server: &MailServer) -> SmtpSettings {
    SmtpSettings {
        ca: Some(server.authority.root()),
        ..signed_in(settings(server.starttls(), MailTls::Required))
    }
}

fn signed_in(settings: SmtpSettings) -> SmtpSettings {
    SmtpSettings { user: Some("tollgate".to_owned()), password: Some("right".into()), ..settings }
}

fn letter() -> Letter {
    let (public_url, zone) = ("https://tollgate.example.com".parse().unwrap(), TimeZone::UTC);
    let setting = Setting { public_url: &public_url, zone: &zone, rule: None, unsubscribe: None };
    Templates::new(None).unwrap().notice(&Notice::sample(NoticeName::KeyExpiring), &setting).unwrap()
}

/// One letter to one reader.
async fn sent(smtp: &Smtp, to: &str) -> Outcome {
    let letter = letter();
    let message_id = MessageId::from_parts(1_772_366_400_000, 7);
    let at = Timestamp::from_second(1_772_366_400).unwrap();
    smtp.send(&Mail { message_id, to, at, letter: &letter, unsubscribe: None, attachment: None }).await
}

async fn sent_with(settings: &SmtpSettings, to: &str) -> Result<Outcome> {
    let smtp = Smtp::new(settings)?;
    let outcome = sent(&smtp, to).await;
    smtp.close().await;
    Ok(outcome)
}

#[tokio::test]
async fn a_letter_arrives_by_starttls_from_a_user_who_has_signed_in() -> Result<()> {
    let server = MailServer::shared().await?;
    assert_eq!(sent_with(&over_tls(server), "starttls@example.com").await?, Outcome::Delivered);
    let received = server.received_by("starttls@example.com")?;
    let [received] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!((&received["tls"], &received["user"]), (&true.into(), &"tollgate".into()));
    assert_eq!(
        (&received["from"], &received["hello"]),
        (&"tollgate@example.org".into(), &"example.org".into())
    );
    let letter = received["letter"].as_str().context("a letter is text")?;
    assert!(letter.contains("Message-ID: <msg_01kjmma2g00000000000000007@example.org>\r\n"), "{letter}");
    assert!(letter.contains("Auto-Submitted: auto-generated\r\n"), "{letter}");
    Ok(())
}

#[tokio::test]
async fn a_letter_arrives_over_tls_from_the_first_byte_and_over_loopback_without_any() -> Result<()> {
    let server = MailServer::shared().await?;
    let wrapped = signed_in(settings(server.wrapped(), MailTls::Wrapped));
    let wrapped = SmtpSettings { ca: Some(server.authority.root()), ..wrapped };
    assert_eq!(sent_with(&wrapped, "wrapped@example.com").await?, Outcome::Delivered);
    assert_eq!(server.received_by("wrapped@example.com")?[0]["tls"], true);
    let plain = settings(server.plain(), MailTls::None);
    assert_eq!(sent_with(&plain, "plain@example.com").await?, Outcome::Delivered);
    assert_eq!(server.received_by("plain@example.com")?[0]["tls"], false);
    Ok(())
}

#[tokio::test]
async fn many_letters_go_over_one_connection() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&over_tls(server))?;
    smtp.try_connect().await.map_err(|outcome| anyhow::anyhow!("{outcome:?}"))?;
    for _ in 0..5 {
        assert_eq!(sent(&smtp, "many@example.com").await, Outcome::Delivered);
    }
    let received = server.received_by("many@example.com")?;
    assert_eq!(received.len(), 5);
    assert!(received.iter().all(|letter| letter["peer"] == received[0]["peer"]), "{received:?}");
    Ok(())
}

#[tokio::test]
async fn letters_go_side_by_side_over_connections_of_their_own() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&over_tls(server))?;
    let sending = (0..12).map(|_| sent(&smtp, "side-by-side@example.com"));
    let outcomes = futures::future::join_all(sending).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Delivered), "{outcomes:?}");
    assert_eq!(server.received_by("side-by-side@example.com")?.len(), 12);
    smtp.close().await;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_the_server_has_given_up_is_replaced_at_once() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&over_tls(server))?;
    assert_eq!(sent(&smtp, "stale@example.com").await, Outcome::Delivered);
    assert_eq!(sent(&smtp, "after-stale@example.com").await, Outcome::Delivered);
    let peers = [server.received_by("stale@example.com")?, server.received_by("after-stale@example.com")?];
    assert_ne!(peers[0][0]["peer"], peers[1][0]["peer"]);
    Ok(())
}

fn check_told(outcome: &Outcome, reader: &str) {
    let told = format!("{outcome:?}");
    assert!(!told.contains('@') && !told.contains(&format!("{reader}>")), "{told}");
}

#[tokio::test]
async fn a_reader_who_is_not_there_is_refused() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&over_tls(server))?;
    for reader in ["refused", "late"] {
        let outcome = sent(&smtp, &format!("{reader}@example.com")).await;
        assert!(
            matches!(&outcome, Outcome::Refused { code: 550, text } if text.contains("no such user")),
            "{outcome:?}"
        );
        check_told(&outcome, reader);
    }
    for nobody in ["", "nobody", "a b@example.com", "x@example.com\r\nRCPT TO:<y@example.com>"] {
        let outcome = sent(&smtp, nobody).await;
        assert!(matches!(&outcome, Outcome::Refused { code: 553, .. }), "{outcome:?}");
    }
    let outcome = sent(&smtp, "müller@example.com").await;
    assert!(
        matches!(&outcome, Outcome::Refused { code: 553, text } if text.contains("ASCII")),
        "{outcome:?}"
    );
    assert_eq!(sent(&smtp, "after-refused@example.com").await, Outcome::Delivered);
    Ok(())
}

#[tokio::test]
async fn what_may_pass_is_tried_again() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&over_tls(server))?;
    let code_of = |reader: &'static str, expected: Option<u16>| {
        let smtp = &smtp;
        async move {
            let outcome = sent(smtp, &format!("{reader}@example.com")).await;
            assert!(
                matches!(&outcome, Outcome::Retry { code, .. } if *code == expected),
                "{reader}: {outcome:?}"
            );
            check_told(&outcome, reader);
        }
    };
    code_of("later", Some(450)).await;
    code_of("busy", Some(421)).await;
    code_of("cut", None).await;
    code_of("cut-late", None).await;
    code_of("unwanted", Some(554)).await;
    assert_eq!(sent(&smtp, "after-trouble@example.com").await, Outcome::Delivered);
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_no_longer_than_was_said() -> Result<()> {
    let server = MailServer::shared().await?;
    let smtp = Smtp::new(&SmtpSettings { timeout: SHORT, ..settings(server.plain(), MailTls::None) })?;
    let began = Instant::now();
    let outcome = sent(&smtp, "hang@example.com").await;
    assert!(
        matches!(&outcome, Outcome::Retry { code: None, text } if text.contains("in time")),
        "{outcome:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // What is sent next does not go over the connection that hangs.
    assert_eq!(sent(&smtp, "after-hang@example.com").await, Outcome::Delivered);
    assert_eq!(server.received_by("hang@example.com")?.len(), 0);

    // Nor is one that does not even greet.
    let mut silent = Port::reserve()?;
    let listener = silent.take_listener()?;
    let smtp = Smtp::new(&SmtpSettings { timeout: SHORT, ..settings(silent.number(), MailTls::None) })?;
    let outcome = sent(&smtp, "silence@example.com").await;
    assert!(matches!(&outcome, Outcome::Retry { code: None, .. }), "{outcome:?}");
    drop(listener);
    let outcome = sent(&smtp, "absence@example.com").await;
    assert!(matches!(&outcome, Outcome::Retry { code: None, .. }), "{outcome:?}");
    Ok(())
}

fn check_misconfigured(outcome: &Outcome, expected: Option<u16>, word: &str) {
    let told =
        matches!(outcome, Outcome::Misconfigured { code, text } if *code == expected && text.contains(word));
    assert!(told, "{outcome:?}");
}

#[tokio::test]
async fn what_is_wrong_with_us_is_no_fault_of_the_reader() -> Result<()> {
    let server = MailServer::shared().await?;
    let wrong = SmtpSettings { password: Some("wrong".into()), ..over_tls(server) };
    check_misconfigured(&sent_with(&wrong, "reader@example.com").await?, Some(535), "signing in");
    let nobody = SmtpSettings { user: None, password: None, ..over_tls(server) };
    check_misconfigured(&sent_with(&nobody, "reader@example.com").await?, Some(530), "");
    let stranger = SmtpSettings { from: "stranger@example.org".to_owned(), ..over_tls(server) };
    check_misconfigured(&sent_with(&stranger, "reader@example.com").await?, Some(553), "not a sender");
    let blocked = sent_with(&over_tls(server), "blocked@example.com").await?;
    check_misconfigured(&blocked, Some(554), "relaying");
    let later = SmtpSettings { user: Some("later".to_owned()), ..over_tls(server) };
    let outcome = sent_with(&later, "reader@example.com").await?;
    assert!(matches!(outcome, Outcome::Retry { code: Some(454), .. }), "{outcome:?}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_where_nobody_knows_who_listens() -> Result<()> {
    let server = MailServer::shared().await?;
    let stranger = Authority::new()?;
    let other = SmtpSettings { ca: Some(stranger.root()), ..over_tls(server) };
    check_misconfigured(&sent_with(&other, "reader@example.com").await?, None, "starting TLS");
    let public = SmtpSettings { ca: None, ..over_tls(server) };
    check_misconfigured(&sent_with(&public, "reader@example.com").await?, None, "starting TLS");
    // Its certificate is for the address and not for the name.
    let name = SmtpSettings { host: "localhost".to_owned(), ..over_tls(server) };
    check_misconfigured(&sent_with(&name, "reader@example.com").await?, None, "starting TLS");
    // It has no STARTTLS, and it does not speak TLS.
    let port = server.plain();
    let stripped = SmtpSettings { port, ..over_tls(server) };
    check_misconfigured(&sent_with(&stripped, "reader@example.com").await?, None, "STARTTLS");
    let wrapped = SmtpSettings { port, tls: MailTls::Wrapped, ..over_tls(server) };
    check_misconfigured(&sent_with(&wrapped, "reader@example.com").await?, None, "connecting");
    assert!(server.received_by("reader@example.com")?.is_empty());
    Ok(())
}

#[test]
fn settings_by_which_nothing_could_be_sent_are_refused() {
    let good = signed_in(settings(25, MailTls::Required));
    let (empty, absent) = (tempfile::NamedTempFile::new().unwrap(), PathBuf::from("/absent.pem"));
    for (bad, word) in [
        (SmtpSettings { from: "Tollgate".to_owned(), ..good.clone() }, "sender"),
        (SmtpSettings { password: None, ..good.clone() }, "go together"),
        (
            SmtpSettings { host: "mail.example.com".to_owned(), tls: MailTls::None, ..good.clone() },
            "loopback",
        ),
        (SmtpSettings { ca: Some(absent), ..good.clone() }, "/absent.pem"),
        (SmtpSettings { ca: Some(empty.path().to_owned()), ..good.clone() }, "no certificate"),
        (SmtpSettings { host: "a b".to_owned(), ..good.clone() }, "a b"),
        (SmtpSettings { host: String::new(), ..good.clone() }, "not the name"),
    ] {
        let failure = Smtp::new(&bad).unwrap_err().to_string();
        assert!(failure.contains(word), "{failure}");
    }
    let plain = SmtpSettings {
        host: "mail.example.com".to_owned(),
        tls: MailTls::None,
        allow_plaintext: true,
        ..good.clone()
    };
    let shown = format!("{:?} {:?}", plain, Smtp::new(&plain).unwrap());
    assert!(!shown.contains("right"), "{shown}");
    assert!(Smtp::new(&SmtpSettings { host: "::1".to_owned(), tls: MailTls::None, ..good }).is_ok());
}
