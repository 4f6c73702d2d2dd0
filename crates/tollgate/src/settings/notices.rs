//! Settings of how people are told: the mail server, and what letters look like.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use notifier::mail::{MailTls, SmtpSettings};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::mask;

/// Flags of e-mail; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MailFlags {
    /// The mail server that letters are handed to; without it, none are sent
    #[arg(long, env = "TOLLGATE_MAIL_HOST", value_name = "HOST")]
    pub(crate) mail_host: Option<String>,
    /// Its port [default: 587; 465 with TLS from the first byte, 25 without]
    #[arg(long, env = "TOLLGATE_MAIL_PORT", value_name = "PORT")]
    pub(crate) mail_port: Option<u16>,
    /// How letters are kept from others on the way to it [default: required]
    #[arg(long, env = "TOLLGATE_MAIL_TLS")]
    pub(crate) mail_tls: Option<Tls>,
    /// Whom the mail server knows us as
    #[arg(long, env = "TOLLGATE_MAIL_USER", value_name = "USER")]
    pub(crate) mail_user: Option<String>,
    /// The user's password
    #[arg(long, env = "TOLLGATE_MAIL_PASSWORD", hide_env_values = true, value_name = "PASSWORD")]
    pub(crate) mail_password: Option<SecretString>,
    /// The sender, such as `Tollgate <tollgate@example.com>`
    #[arg(long, env = "TOLLGATE_MAIL_FROM", value_name = "ADDRESS")]
    pub(crate) mail_from: Option<String>,
    /// Certificate authorities of the mail server in PEM, trusted beside the public ones
    #[arg(long, env = "TOLLGATE_MAIL_CA", value_name = "FILE")]
    pub(crate) mail_ca: Option<PathBuf>,
    /// How long handing over one letter may take, 1 to 300 [default: 30]
    #[arg(long, env = "TOLLGATE_MAIL_TIMEOUT_SECONDS", value_name = "SECONDS")]
    pub(crate) mail_timeout_seconds: Option<u16>,
    /// Templates of letters that come before those in the binary, by name: `key_expiring.txt`, `layout.html`
    #[arg(long, env = "TOLLGATE_MAIL_TEMPLATES", value_name = "DIR")]
    pub(crate) mail_templates: Option<PathBuf>,
    /// Send letters and the password unencrypted to another machine: only over a network that nobody else is on
    #[arg(long, env = "TOLLGATE_MAIL_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) mail_allow_plaintext: Option<bool>,
}

/// The same in the settings file: `[mail]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MailFile {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<Tls>,
    user: Option<String>,
    password: Option<SecretString>,
    from: Option<String>,
    ca: Option<PathBuf>,
    timeout_seconds: Option<u16>,
    templates: Option<PathBuf>,
    allow_plaintext: Option<bool>,
}

/// How letters are kept from others on the way to the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tls {
    /// By STARTTLS, and not at all without it
    Required,
    /// From the first byte on
    Wrapped,
    /// Unencrypted: on loopback alone, unless plaintext is allowed
    None,
}

/// E-mail as it is set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
    pub(crate) timeout_seconds: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) templates: Option<PathBuf>,
    pub(crate) allow_plaintext: bool,
}

pub(super) fn load(flags: MailFlags, file: MailFile) -> anyhow::Result<Mail> {
    let tls = flags.mail_tls.or(file.tls).unwrap_or(Tls::Required);
    let usual_port = match tls {
        Tls::Required => 587,
        Tls::Wrapped => 465,
        Tls::None => 25,
    };
    let mail = Mail {
        host: flags.mail_host.or(file.host),
        port: flags.mail_port.or(file.port).unwrap_or(usual_port),
        tls,
        user: flags.mail_user.or(file.user),
        password: flags.mail_password.or(file.password),
        from: flags.mail_from.or(file.from),
        ca: flags.mail_ca.or(file.ca),
        timeout_seconds: flags.mail_timeout_seconds.or(file.timeout_seconds).unwrap_or(30),
        templates: flags.mail_templates.or(file.templates),
        allow_plaintext: flags.mail_allow_plaintext.or(file.allow_plaintext).unwrap_or(false),
    };
    check(&mail)?;
    Ok(mail)
}

/// Files are read by those who send.
fn check(mail: &Mail) -> anyhow::Result<()> {
    ensure!(
        (1..=300).contains(&mail.timeout_seconds),
        "mail_timeout_seconds = {} must be 1 to 300",
        mail.timeout_seconds
    );
    ensure!(mail.port != 0, "mail_port must be 1 to 65535");
    if let Some(smtp) = mail.smtp() {
        ensure!(mail.from.is_some(), "mail_host needs a sender beside it: say --mail-from");
        return smtp.check().context("mail cannot be sent like that");
    }
    let alone = [
        ("mail_user", mail.user.is_some()),
        ("mail_password", mail.password.is_some()),
        ("mail_from", mail.from.is_some()),
        ("mail_ca", mail.ca.is_some()),
    ];
    let alone = alone.into_iter().find_map(|(name, given)| given.then_some(name));
    ensure!(alone.is_none(), "{} needs a mail server beside it: say --mail-host", alone.unwrap_or_default());
    Ok(())
}

impl Mail {
    /// None: nothing is sent by e-mail.
    pub(crate) fn smtp(&self) -> Option<SmtpSettings> {
        let Self { host, port, tls, user, password, from, ca, timeout_seconds, .. } = self;
        Some(SmtpSettings {
            host: host.clone()?,
            port: *port,
            tls: match tls {
                Tls::Required => MailTls::Required,
                Tls::Wrapped => MailTls::Wrapped,
                Tls::None => MailTls::None,
            },
            allow_plaintext: self.allow_plaintext,
            user: user.clone(),
            password: password.clone(),
            from: from.clone().unwrap_or_default(),
            ca: ca.clone(),
            timeout: Duration::from_secs(u64::from(*timeout_seconds)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> MailFlags {
        MailFlags {
            mail_host: Some("mail.example.com".to_owned()),
            mail_from: Some("Tollgate <tollgate@example.com>".to_owned()),
            ..MailFlags::default()
        }
    }

    #[test]
    fn nothing_is_mailed_unless_a_server_is_named() {
        assert!(load(MailFlags::default(), MailFile::default()).unwrap().smtp().is_none());
        let smtp = load(flags(), MailFile::default()).unwrap().smtp().unwrap();
        assert_eq!((smtp.port, smtp.tls, smtp.timeout), (587, MailTls::Required, Duration::from_secs(30)));
        let wrapped = MailFlags { mail_tls: Some(Tls::Wrapped), ..flags() };
        assert_eq!(load(wrapped, MailFile::default()).unwrap().port, 465);
    }

    #[test]
    fn flags_win_over_the_file_and_the_password_is_masked() {
        let file = "host = \"other.example.com\"\nuser = \"tollgate\"\npassword = \"a-secret-word\"\ntls = \"wrapped\"\n";
        let mail = load(flags(), toml::from_str(file).unwrap()).unwrap();
        assert_eq!((mail.host.as_deref(), mail.tls), (Some("mail.example.com"), Tls::Wrapped));
        let shown = toml::to_string(&mail).unwrap() + &format!("{mail:?} {:?}", mail.smtp());
        assert!(!shown.contains("a-secret-word") && shown.contains("********"), "{shown}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (bad, word) in [
            (MailFlags { mail_from: None, ..flags() }, "--mail-from"),
            (MailFlags { mail_host: None, ..flags() }, "--mail-host"),
            (MailFlags { mail_from: Some("nobody".to_owned()), ..flags() }, "sender"),
            (MailFlags { mail_host: Some("a b".to_owned()), ..flags() }, "a b"),
            (MailFlags { mail_user: Some("tollgate".to_owned()), ..flags() }, "go together"),
            (MailFlags { mail_tls: Some(Tls::None), ..flags() }, "loopback"),
            (MailFlags { mail_timeout_seconds: Some(0), ..flags() }, "mail_timeout_seconds"),
            (MailFlags { mail_timeout_seconds: Some(301), ..flags() }, "mail_timeout_seconds"),
            (MailFlags { mail_port: Some(0), ..flags() }, "mail_port"),
        ] {
            let failure = format!("{:#}", load(bad.clone(), MailFile::default()).unwrap_err());
            assert!(failure.contains(word), "{failure}");
        }
        let plain = MailFlags { mail_tls: Some(Tls::None), mail_allow_plaintext: Some(true), ..flags() };
        assert_eq!(load(plain, MailFile::default()).unwrap().port, 25);
    }
}
