//! How the mail server is reached.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use lettre::{
    message::Mailbox,
    transport::smtp::client::{Certificate, TlsParameters, TlsParametersBuilder},
};
use secrecy::SecretString;

/// How letters are kept from others on the way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// By STARTTLS; a server without it is sent nothing.
    Required,
    /// From the first byte on (`smtps`).
    Wrapped,
    /// Not at all.
    None,
}

/// What an operator says of the mail server.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// Letters and passwords may go over other networks than loopback unencrypted.
    pub allow_plaintext: bool,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// `Tollgate <tollgate@example.com>`, or the address alone.
    pub from: String,
    /// Certificates in PEM that are trusted beside the public ones.
    pub ca: Option<PathBuf>,
    /// Of one letter from the first byte to the last answer.
    pub timeout: Duration,
}

/// Why nothing can be sent with such settings.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSettingsFailure {
    #[error("the sender must be written like `Tollgate <tollgate@example.com>`")]
    From,
    #[error("a user and a password go together")]
    HalfAUser,
    #[error("without TLS, mail goes to loopback alone unless plaintext is allowed")]
    Plaintext,
    #[error("reading the certificates in {}", file.display())]
    Ca {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has no certificate that can be trusted", file.display())]
    NoCertificate { file: PathBuf },
    #[error("`{host}` is not the name or the address of a mail server")]
    Host { host: String },
}

impl SmtpSettings {
    /// What can be said without asking the server or reading a file.
    ///
    /// # Errors
    /// When nothing could be sent.
    pub fn check(&self) -> Result<(), SmtpSettingsFailure> {
        self.mailbox()?;
        let Self { host, tls, allow_plaintext, user, password, .. } = self;
        let name_ok = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || !host.bytes().all(name_ok) {
            return Err(SmtpSettingsFailure::Host { host: host.clone() });
        }
        if user.is_some() != password.is_some() {
            return Err(SmtpSettingsFailure::HalfAUser);
        }
        if *tls == MailTls::None && !*allow_plaintext && !is_loopback(host) {
            return Err(SmtpSettingsFailure::Plaintext);
        }
        Ok(())
    }

    pub(super) fn mailbox(&self) -> Result<Mailbox, SmtpSettingsFailure> {
        self.from.parse().map_err(|_| SmtpSettingsFailure::From)
    }

    /// None where there is no TLS.
    pub(super) fn tls_parameters(&self) -> Result<Option<TlsParameters>, SmtpSettingsFailure> {
        if self.tls == MailTls::None {
            return Ok(None);
        }
        let mut builder = TlsParametersBuilder::new(self.host.clone());
        if let Some(file) = &self.ca {
            let none = || SmtpSettingsFailure::NoCertificate { file: file.clone() };
            let pem = std::fs::read(file)
                .map_err(|source| SmtpSettingsFailure::Ca { file: file.clone(), source })?;
            if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                return Err(none());
            }
            builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|_| none())?);
        }
        let unusable = |_| SmtpSettingsFailure::NoCertificate { file: self.ca.clone().unwrap_or_default() };
        builder.build().map(Some).map_err(unusable)
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
