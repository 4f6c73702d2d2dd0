//! A letter as mail servers carry it.

use lettre::{
    Address, Message,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::{Attachment, Mail};

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");
const LIST_UNSUBSCRIBE_POST: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");

/// The same bytes at each attempt, so that whoever gets it twice can tell.
pub(super) fn compose(
    from: &Mailbox,
    to: &Address,
    mail: &Mail<'_>,
) -> Result<Vec<u8>, lettre::error::Error> {
    let Mail { message_id, at, letter, unsubscribe, attachment, to: _ } = mail;
    let mut message = Message::builder()
        .message_id(Some(format!("<{message_id}@{}>", from.email.domain())))
        .date((*at).into())
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(letter.subject.clone())
        // Source: RFC 3834 §5: nobody's absence notice answers it.
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
    if let Some(url) = unsubscribe.filter(|url| is_plain(url)) {
        message = message.raw_header(HeaderValue::new(LIST_UNSUBSCRIBE, format!("<{url}>")));
        // One click is for HTTPS alone, and for a URL that says who clicks: a page for people is none. Source: RFC 8058
        // §3.1 and §3.2.
        if url.starts_with("https://") && url.contains('?') {
            let one_click = HeaderValue::new(LIST_UNSUBSCRIBE_POST, "List-Unsubscribe=One-Click".to_owned());
            message = message.raw_header(one_click);
        }
    }
    let parts = MultiPart::alternative()
        // Neither base64 nor quoted-printable has such a line.
        .boundary(format!("=_{message_id}"))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let parts = match attachment {
        Some(file) => MultiPart::mixed()
            .boundary(format!("=_{message_id}_with"))
            .multipart(parts)
            .singlepart(attached(file)?),
        None => parts,
    };
    Ok(message.multipart(parts)?.formatted())
}

/// In base64: a server that changes the ends of lines changes nothing of it.
fn attached(file: &Attachment) -> Result<SinglePart, lettre::error::Error> {
    let Attachment { name, media_type, bytes } = file;
    let wrong = |_| lettre::error::Error::NonAsciiChars;
    let body = Body::new_with_encoding(bytes.clone(), ContentTransferEncoding::Base64).map_err(wrong)?;
    Ok(SinglePart::builder()
        .header(ContentDisposition::attachment(name))
        .header(ContentType::parse(media_type).map_err(|_| lettre::error::Error::NonAsciiChars)?)
        .body(body))
}

fn is_plain(url: &str) -> bool {
    url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte))
}

#[cfg(test)]
mod tests {
    use domain::{MessageId, Timestamp};

    use super::*;
    use crate::templates::Letter;

    fn composed(subject: &str, unsubscribe: Option<&str>) -> String {
        composed_with(subject, unsubscribe, None)
    }

    fn composed_with(subject: &str, unsubscribe: Option<&str>, attachment: Option<&Attachment>) -> String {
        let letter = Letter {
            subject: subject.to_owned(),
            text: "Grüße\nund mehr\n".to_owned(),
            html: "<p>Grüße</p>\n".to_owned(),
        };
        let mail = Mail {
            message_id: MessageId::from_parts(1_772_366_400_000, 1),
            to: "reader@example.com",
            at: Timestamp::from_second(1_772_366_400).unwrap(),
            letter: &letter,
            unsubscribe,
            attachment,
        };
        let from = "Tollgate <tollgate@example.org>".parse().unwrap();
        let bytes = compose(&from, &"reader@example.com".parse().unwrap(), &mail).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn header<'a>(letter: &'a str, name: &str) -> Option<&'a str> {
        let (headers, _) = letter.split_once("\r\n\r\n").unwrap();
        headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }

    #[test]
    fn a_letter_has_a_stable_name_and_says_that_a_program_wrote_it() {
        let letter = composed("Key expires", None);
        assert_eq!(header(&letter, "Message-ID"), Some("<msg_01kjmma2g00000000000000001@example.org>"));
        assert_eq!(header(&letter, "Date"), Some("Sun, 01 Mar 2026 12:00:00 +0000"));
        assert_eq!(header(&letter, "From"), Some("Tollgate <tollgate@example.org>"));
        assert_eq!(header(&letter, "To"), Some("reader@example.com"));
        assert_eq!(header(&letter, "Subject"), Some("Key expires"));
        assert_eq!(header(&letter, "Auto-Submitted"), Some("auto-generated"));
        assert_eq!(header(&letter, "List-Unsubscribe"), None);
        assert!(header(&letter, "Content-Type").unwrap().starts_with("multipart/alternative"));
        assert!(letter.find("text/plain").unwrap() < letter.find("text/html").unwrap());
        assert_eq!(composed("Key expires", None), letter, "the same bytes at each attempt");
    }

    #[test]
    fn a_file_comes_beside_the_letter_and_is_the_same_at_each_attempt() {
        let bytes = b"window_start,calls\r\n2026-03-02T00:00:00Z,12\r\n".to_vec();
        let file = Attachment { name: "usage.csv".to_owned(), media_type: "text/csv; charset=utf-8", bytes };
        let letter = composed_with("Usage", None, Some(&file));
        assert!(header(&letter, "Content-Type").unwrap().starts_with("multipart/mixed"));
        assert!(letter.contains("Content-Disposition: attachment; filename=\"usage.csv\""), "{letter}");
        let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &file.bytes);
        assert!(letter.replace("\r\n", "").contains(&encoded), "{letter}");
        assert!(letter.find("text/html").unwrap() < letter.find("text/csv").unwrap());
        assert_eq!(composed_with("Usage", None, Some(&file)), letter);
    }

    #[test]
    fn nothing_in_a_letter_needs_more_than_the_oldest_server_has() {
        let letter = composed("Schlüssel läuft ab", None);
        assert!(letter.is_ascii());
        assert!(letter.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn a_subject_begins_no_other_header() {
        let letter = composed("a\r\nBcc: all@example.com\r\n\r\nbody", None);
        assert_eq!(header(&letter, "Bcc"), None);
    }

    #[test]
    fn digests_say_how_they_are_stopped() {
        let letter = composed("Digest", Some("https://tollgate.example.org/unsubscribe?token=abc"));
        let url = "<https://tollgate.example.org/unsubscribe?token=abc>";
        assert_eq!(header(&letter, "List-Unsubscribe"), Some(url));
        assert_eq!(header(&letter, "List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
        for page in
            ["http://127.0.0.1/unsubscribe?token=abc", "https://tollgate.example.org/notification-rules"]
        {
            let letter = composed("Digest", Some(page));
            assert_eq!(header(&letter, "List-Unsubscribe").map(str::len), Some(page.len() + 2));
            assert_eq!(header(&letter, "List-Unsubscribe-Post"), None, "{page}");
        }
        let letter = composed("Digest", Some("https://x/\r\nBcc: all@example.com"));
        assert_eq!((header(&letter, "List-Unsubscribe"), header(&letter, "Bcc")), (None, None));
    }
}
