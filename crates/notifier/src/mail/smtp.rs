//! Sends letters, over connections that are kept for the next one.

use std::{fmt, time::Duration};

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{authentication::Credentials, extension::ClientId},
};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{
    Mail, Outcome,
    compose::compose,
    session::{Failed, Server, Session},
    settings::{SmtpSettings, SmtpSettingsFailure},
};

/// Connections that are kept. As many letters as there are workers are sent at once; more connections are closed again.
const KEPT_MAX: usize = 8;
/// Servers close an idle connection after some minutes at the earliest. Source: RFC 5321 §4.5.3.2.7.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The mail server. A connection that a letter failed on, or that was not answered in time, is never used again: what
/// comes next on it is not known.
pub struct Smtp {
    server: Server,
    from: Mailbox,
    timeout: Duration,
    kept: Mutex<Vec<(Session, Instant)>>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { host, port, tls, .. } = &self.server;
        f.debug_struct("Smtp")
            .field("host", host)
            .field("port", port)
            .field("tls", tls)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    /// Asks the server nothing yet.
    ///
    /// # Errors
    /// When nothing could be sent with such settings.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpSettingsFailure> {
        settings.check()?;
        let SmtpSettings { host, port, tls, user, password, timeout, .. } = settings;
        let from = settings.mailbox()?;
        let credentials = user.as_ref().zip(password.as_ref());
        let server = Server {
            host: host.clone(),
            port: *port,
            tls: *tls,
            parameters: settings.tls_parameters()?,
            // Relays refuse those who call themselves localhost.
            hello: ClientId::Domain(from.email.domain().to_owned()),
            credentials: credentials
                .map(|(user, password)| Credentials::new(user.clone(), password.expose_secret().to_owned())),
        };
        Ok(Self { server, from, timeout: *timeout, kept: Mutex::default() })
    }

    /// Ends within the time that the settings give it, and a second for the goodbye where it failed.
    pub async fn send(&self, mail: &Mail<'_>) -> Outcome {
        let Ok(to) = mail.to.parse::<Address>() else {
            return Outcome::Refused { code: 553, text: "this is not an address".to_owned() };
        };
        let letter = match compose(&self.from, &to, mail) {
            Ok(letter) => letter,
            Err(error) => return Outcome::Retry { code: None, text: format!("writing the letter: {error}") },
        };
        match self.hand_over(&to, &letter).await {
            Ok(()) => Outcome::Delivered,
            Err(failed) => failed.outcome(),
        }
    }

    /// Whether the server takes connections from us, and who we say we are.
    ///
    /// # Errors
    /// What would become of a letter otherwise.
    pub async fn try_connect(&self) -> Result<(), Outcome> {
        let session = Session::open(&self.server, Instant::now() + self.timeout).await;
        self.keep(session.map_err(|failed| failed.outcome())?);
        Ok(())
    }

    /// Says goodbye on all connections that are kept.
    pub async fn close(&self) {
        let kept = std::mem::take(&mut *self.kept.lock());
        futures::future::join_all(kept.into_iter().map(|(session, _)| session.end())).await;
    }

    async fn hand_over(&self, to: &Address, letter: &[u8]) -> Result<(), Failed> {
        let until = Instant::now() + self.timeout;
        if let Some(session) = self.kept() {
            match self.send_over(session, to, letter, until).await {
                Err(failed) if failed.is_stale() => {}
                sent => return sent,
            }
        }
        let session = Session::open(&self.server, until).await?;
        self.send_over(session, to, letter, until).await
    }

    async fn send_over(
        &self,
        mut session: Session,
        to: &Address,
        letter: &[u8],
        until: Instant,
    ) -> Result<(), Failed> {
        let sent = session.send(&self.from.email, to, letter, until).await;
        match &sent {
            Ok(()) => self.keep(session),
            // Whoever is silent would not answer a goodbye either.
            Err(failed) if failed.is_silence() => drop(session),
            Err(_) => session.end().await,
        }
        sent
    }

    /// The one that was used last; those that were kept for too long are let go.
    fn kept(&self) -> Option<Session> {
        let mut kept = self.kept.lock();
        kept.retain(|(_, since)| since.elapsed() < KEPT_FOR);
        kept.pop().map(|(session, _)| session)
    }

    fn keep(&self, session: Session) {
        let mut kept = self.kept.lock();
        if kept.len() < KEPT_MAX {
            kept.push((session, Instant::now()));
        }
    }
}
