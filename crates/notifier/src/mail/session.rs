//! One conversation with the mail server: at each step it is known what its answer means.

use std::{io::ErrorKind, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
    },
};
use tokio::time::{Instant, timeout_at};

use super::{MailTls, Outcome};
use crate::templates::shown;

/// As much of an answer is kept.
const TEXT_BYTES_MAX: usize = 1024;
/// A goodbye is a courtesy: nobody waits for its answer longer.
const GOODBYE: Duration = Duration::from_secs(1);

/// Where in the conversation something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    StartTls,
    SignIn,
    Sender,
    Reader,
    Letter,
}

impl Step {
    fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::StartTls => "starting TLS",
            Self::SignIn => "signing in",
            Self::Sender => "naming the sender",
            Self::Reader => "naming the reader",
            Self::Letter => "handing the letter over",
        }
    }
}

#[derive(Debug)]
pub(super) struct Failed {
    pub(super) step: Step,
    why: Why,
}

#[derive(Debug)]
enum Why {
    TimeIsUp,
    NotAscii,
    Smtp(Error),
}

/// Whom to connect to.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) parameters: Option<TlsParameters>,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
}

pub(super) struct Session {
    connection: AsyncSmtpConnection,
}

impl Session {
    pub(super) async fn open(server: &Server, until: Instant) -> Result<Self, Failed> {
        let Server { host, port, tls, parameters, hello, credentials } = server;
        let wrapped = parameters.clone().filter(|_| *tls == MailTls::Wrapped);
        let connecting =
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), None, hello, wrapped, None);
        let mut connection = within(until, Step::Connect, connecting).await?;
        if let (MailTls::Required, Some(parameters)) = (tls, parameters) {
            within(until, Step::StartTls, connection.starttls(parameters.clone(), hello)).await?;
        }
        if let Some(credentials) = credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            within(until, Step::SignIn, connection.auth(&mechanisms, credentials)).await?;
        }
        Ok(Self { connection })
    }

    /// Hands one letter over. After a failure the conversation is to be ended: nobody knows what comes next in it.
    pub(super) async fn send(
        &mut self,
        from: &Address,
        to: &Address,
        letter: &[u8],
        until: Instant,
    ) -> Result<(), Failed> {
        let connection = &mut self.connection;
        let mut parameters = vec![];
        if [from, to].iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Failed { step: Step::Reader, why: Why::NotAscii });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        within(until, Step::Sender, connection.command(Mail::new(Some(from.clone()), parameters))).await?;
        within(until, Step::Reader, connection.command(Rcpt::new(to.clone(), vec![]))).await?;
        within(until, Step::Letter, connection.command(Data)).await?;
        within(until, Step::Letter, connection.message(letter)).await?;
        Ok(())
    }

    pub(super) async fn end(mut self) {
        // Whether it is answered or not, the connection is closed with the session.
        drop(tokio::time::timeout(GOODBYE, self.connection.abort()).await);
    }
}

async fn within<T>(
    until: Instant,
    step: Step,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failed> {
    match timeout_at(until, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Failed { step, why: Why::Smtp(error) }),
        Err(_elapsed) => Err(Failed { step, why: Why::TimeIsUp }),
    }
}

impl Failed {
    /// Whether a connection that was kept from before had been given up by the server. Nothing was handed over yet, so
    /// that another one can be tried at once.
    pub(super) fn is_stale(&self) -> bool {
        let Self { step, why } = self;
        match why {
            Why::Smtp(error) => {
                *step == Step::Sender && error.status().is_none_or(|code| u16::from(code) == 421)
            }
            Why::TimeIsUp | Why::NotAscii => false,
        }
    }

    pub(super) fn is_silence(&self) -> bool {
        matches!(self.why, Why::TimeIsUp)
    }

    pub(super) fn outcome(&self) -> Outcome {
        let Self { step, why } = self;
        let doing = step.as_str();
        match why {
            Why::TimeIsUp => Outcome::Retry { code: None, text: format!("{doing}: no answer in time") },
            Why::NotAscii => Outcome::Refused {
                code: 553,
                text: format!("{doing}: the server takes no addresses beyond ASCII"),
            },
            Why::Smtp(error) => {
                let said = told(error);
                let text = bounded(&format!("{doing}: {said}"));
                match error.status().map(u16::from) {
                    Some(code) if code < 500 => Outcome::Retry { code: Some(code), text },
                    Some(code) => judge(*step, code, &said, text),
                    None if is_of_tls(*step, error) => Outcome::Misconfigured { code: None, text },
                    None => Outcome::Retry { code: None, text },
                }
            }
        }
    }
}

/// What a refusal for good is about: us, the reader, or this letter.
fn judge(step: Step, code: u16, said: &str, text: String) -> Outcome {
    let status = enhanced(said);
    match step {
        Step::Connect | Step::StartTls | Step::SignIn | Step::Sender => {
            Outcome::Misconfigured { code: Some(code), text }
        }
        // Relaying, and whoever has not signed in, is refused whoever the reader is.
        Step::Reader if code == 530 || status == Some('7') => {
            Outcome::Misconfigured { code: Some(code), text }
        }
        Step::Reader => Outcome::Refused { code, text },
        // Some servers look the reader up only then.
        Step::Letter if status == Some('1') => Outcome::Refused { code, text },
        // Of the letter itself: another one may be taken, and this one at another time.
        Step::Letter => Outcome::Retry { code: Some(code), text },
    }
}

/// The subject of a status such as `5.1.1`: 1 is the address, 7 is security and policy. Source: RFC 3463 §3.
fn enhanced(said: &str) -> Option<char> {
    let mut parts = said.split_whitespace().next()?.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("5"), Some(subject), Some(_)) if subject.len() == 1 => subject.chars().next(),
        _ => None,
    }
}

/// A certificate that is not trusted, a server without STARTTLS or TLS, or without a way to sign in that we know.
fn is_of_tls(step: Step, error: &Error) -> bool {
    let client = error.is_client() && matches!(step, Step::StartTls | Step::SignIn);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            return client || error.kind() == ErrorKind::InvalidData;
        }
        source = cause.source();
    }
    client
}

/// The server's words, or what is known of why there are none.
fn told(error: &Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    without_addresses(&shown(&innermost.to_string()))
}

/// Servers repeat whom a letter was for, and that is kept nowhere.
fn without_addresses(text: &str) -> String {
    let word = |word| if str::contains(word, '@') { "<address>" } else { word };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_not_repeated() {
        let said = "5.1.1 <reader@example.com>: no such user\u{202e} (Reader@EXAMPLE.com) here";
        assert_eq!(without_addresses(&shown(said)), "5.1.1 <address> no such user <address> here");
        assert_eq!(bounded(&"ü".repeat(2_000)).len(), TEXT_BYTES_MAX);
    }

    #[test]
    fn a_refusal_is_of_us_of_the_reader_or_of_the_letter() {
        let of_us = |code| Outcome::Misconfigured { code: Some(code), text: String::new() };
        let of_reader = |code| Outcome::Refused { code, text: String::new() };
        let of_letter = |code| Outcome::Retry { code: Some(code), text: String::new() };
        for (step, code, said, expected) in [
            (Step::Connect, 554, "no service for you", of_us(554)),
            (Step::SignIn, 535, "5.7.8 wrong password", of_us(535)),
            (Step::Sender, 550, "5.1.0 sender unknown", of_us(550)),
            (Step::Reader, 550, "5.1.1 no such user", of_reader(550)),
            (Step::Reader, 550, "no such user", of_reader(550)),
            (Step::Reader, 552, "5.2.2 mailbox is full", of_reader(552)),
            (Step::Reader, 554, "5.7.1 relaying denied", of_us(554)),
            (Step::Reader, 530, "sign in first", of_us(530)),
            (Step::Letter, 550, "5.1.1 no such user", of_reader(550)),
            (Step::Letter, 554, "5.7.1 this is spam", of_letter(554)),
            (Step::Letter, 552, "too big", of_letter(552)),
        ] {
            assert_eq!(judge(step, code, said, String::new()), expected, "{step:?} {code} {said}");
        }
    }
}
