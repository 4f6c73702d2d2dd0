//! Whom a delivery status notification says to be gone (RFC 3464).

use anyhow::bail;
use mail_parser::{MessageParser, MimeHeaders as _};

/// A reason has no more characters.
const REASON_CHARS_MAX: usize = 200;

/// An address that does not exist, and what was said of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) address: String,
    pub(super) reason: String,
}

impl std::fmt::Debug for Failed {
    /// Without the address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failed").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Those whose mailbox is not there, each once. A full mailbox, a delay, a letter that is not wanted say nothing of the address.
///
/// # Errors
/// When it is no such notification.
pub(super) fn failed(report: &[u8]) -> anyhow::Result<Vec<Failed>> {
    let Some(message) = MessageParser::default().parse(report) else { bail!("this is no e-mail") };
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|of| {
            let subtype = of.subtype().unwrap_or_default();
            of.ctype().eq_ignore_ascii_case("message")
                && (subtype.eq_ignore_ascii_case("delivery-status")
                    || subtype.eq_ignore_ascii_case("global-delivery-status"))
        })
    });
    let Some(status) = status else { bail!("this is no delivery status notification: it has no such part") };
    let mut failed: Vec<Failed> = vec![];
    for group in groups(&String::from_utf8_lossy(status.contents())) {
        if let Some(one) = gone(&group)
            && !failed.iter().any(|other| other.address.eq_ignore_ascii_case(&one.address))
        {
            failed.push(one);
        }
    }
    Ok(failed)
}

type Fields = Vec<(String, String)>;

/// Fields, folded lines made one, in groups that an empty line ends.
fn groups(text: &str) -> Vec<Fields> {
    let mut groups: Vec<Fields> = vec![vec![]];
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { continue };
        if line.trim().is_empty() {
            if !group.is_empty() {
                groups.push(vec![]);
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    groups
}

/// The recipient as it was written to, not as some server on the way has rewritten it.
fn gone(group: &Fields) -> Option<Failed> {
    let field = |name: &str| group.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
    let status = field("status")?.split_whitespace().next()?;
    if !field("action")?.eq_ignore_ascii_case("failed") || !is_gone(status) {
        return None;
    }
    let address = field("original-recipient").or_else(|| field("final-recipient"))?;
    let (_, address) = address.split_once(';')?;
    let address = address.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    let said =
        field("diagnostic-code").map(|said| said.split_once(';').map_or(said, |(_, said)| said).trim());
    let reason = format!("bounced: {}", said.unwrap_or(status));
    Some(Failed {
        address,
        reason: reason.chars().filter(|one| !one.is_control()).take(REASON_CHARS_MAX).collect(),
    })
}

/// By RFC 3463: there is no such mailbox or domain, it has moved, or it is disabled. `5.0.0` is all that some servers say.
fn is_gone(status: &str) -> bool {
    status == "5.0.0"
        || status == "5.2.1"
        || (status.starts_with("5.1.") && !["5.1.7", "5.1.8"].contains(&status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(status: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.com\r\nTo: tollgate@example.com\r\nSubject: Undelivered Mail\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nSorry, nobody@example.net is not known here.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n{status}\
             --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: tollgate@example.com\r\nSubject: A key expires\r\n\r\nText\r\n--b--\r\n"
        )
    }

    fn said(status: &str) -> Vec<(String, String)> {
        let failed = failed(report(status).as_bytes()).unwrap();
        failed.into_iter().map(|Failed { address, reason }| (address, reason)).collect()
    }

    #[test]
    fn who_does_not_exist_is_named_with_what_was_said() {
        let status = "Final-Recipient: rfc822; gone@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\
                      Diagnostic-Code: smtp; 550 5.1.1 <gone@example.com>:\r\n no such user\r\n\r\n\
                      Final-Recipient: rfc822; GONE@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
                      Original-Recipient: rfc822;alias@example.com\r\nFinal-Recipient: rfc822; inner@example.com\r\n\
                      Action: Failed\r\nStatus: 5.2.1 (disabled)\r\n\r\n";
        let gone = ("gone@example.com", "bounced: 550 5.1.1 <gone@example.com>: no such user");
        let alias = ("alias@example.com", "bounced: 5.2.1");
        assert_eq!(said(status), [gone, alias].map(|(one, other)| (one.to_owned(), other.to_owned())));
    }

    #[test]
    fn what_says_nothing_of_the_address_marks_nobody() {
        for (action, status) in [
            ("delayed", "4.4.1"),
            ("delivered", "2.1.5"),
            ("failed", "5.2.2"),
            ("failed", "5.7.1"),
            ("failed", "5.1.8"),
            ("failed", "5.4.7"),
            ("delayed", "5.1.1"),
        ] {
            let status = format!(
                "Final-Recipient: rfc822; a@example.com\r\nAction: {action}\r\nStatus: {status}\r\n\r\n"
            );
            assert_eq!(said(&status), [], "{status}");
        }
    }

    #[test]
    fn another_letter_is_refused() {
        let letter =
            b"From: a@example.com\r\nSubject: Hello\r\nContent-Type: text/plain\r\n\r\nStatus: 5.1.1\r\n";
        assert!(failed(letter).unwrap_err().to_string().contains("no delivery status notification"));
        assert!(failed(b"").is_err());
    }
}
