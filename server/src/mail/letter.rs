//! The mail with the link. Its words live in this file and nowhere else. ASCII only, so that every line goes out as it
//! is and the link stays in one piece.

use anyhow::ensure;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};

use crate::domain::{EmailAddress, MailId};

/// RFC 3834: made by a machine, so that no holiday notice answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What a mail with a link is made of.
pub(super) struct Letter<'a> {
    /// Names the mail; the same for each try, so that a mail that arrives twice can be told to be one.
    pub(super) id: &'a MailId,
    /// Who it comes from.
    pub(super) sender: &'a Mailbox,
    /// Who it goes to.
    pub(super) to: &'a EmailAddress,
    /// The host that the link leads to.
    pub(super) host: &'a str,
    /// The whole link.
    pub(super) link: &'a str,
    /// For how many minutes the link works.
    pub(super) minutes: i64,
}

/// Writes the mail, as text and as HTML.
///
/// # Errors
/// The address is one that the mail library does not take.
pub(super) fn write(letter: &Letter<'_>) -> anyhow::Result<Message> {
    let to = Mailbox::new(None, letter.to.expose().parse()?);
    Ok(Message::builder()
        .from(letter.sender.clone())
        .to(to)
        .subject("Your verification link")
        .message_id(Some(format!("<{}@{}>", letter.id, letter.host)))
        .header(AutoSubmitted)
        .multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, text(letter))?)
                .singlepart(part(ContentType::TEXT_HTML, html(letter))?),
        )?)
}

/// Sent as it stands (RFC 5322 allows lines of 998 characters): the library's own choice would break the link over two
/// lines.
fn part(content_type: ContentType, text: String) -> anyhow::Result<SinglePart> {
    ensure!(text.is_ascii() && text.lines().all(|line| line.len() <= 998), "the mail's text needs an encoding");
    let body = Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit);
    Ok(SinglePart::builder().header(content_type).body(body))
}

fn text(letter: &Letter<'_>) -> String {
    let Letter { host, link, minutes, .. } = letter;
    format!(
        "Hello,\r\n\r\n\
         somebody, most likely you, asked to verify this address at {host}.\r\n\
         Open this link on the device whose camera you want to use:\r\n\r\n\
         {link}\r\n\r\n\
         It works for {minutes} minutes. You will be asked to blink at the camera.\r\n\
         No video leaves your device.\r\n\r\n\
         If it was not you, ignore this mail; nothing happens.\r\n"
    )
}

fn html(letter: &Letter<'_>) -> String {
    // Host and link are made of a configured origin and base64url: nothing in them needs escaping.
    let Letter { host, link, minutes, .. } = letter;
    format!(
        "<!doctype html>\r\n<html lang=\"en\">\r\n<head><meta charset=\"utf-8\"><title>Your verification link</title>\
         </head>\r\n<body style=\"font-family:sans-serif;line-height:1.5;color:#1a1a1a\">\r\n\
         <p>Hello,</p>\r\n\
         <p>somebody, most likely you, asked to verify this address at {host}.<br>\r\n\
         Open this link on the device whose camera you want to use:</p>\r\n\
         <p><a href=\"{link}\">{link}</a></p>\r\n\
         <p>It works for {minutes} minutes. You will be asked to blink at the camera.<br>\r\n\
         No video leaves your device.</p>\r\n\
         <p>If it was not you, ignore this mail; nothing happens.</p>\r\n\
         </body>\r\n</html>\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_stands_in_one_piece_in_text_and_html() {
        let link = format!("https://blink.example.com/verify?token={}", "A".repeat(43));
        let message = write(&Letter {
            id: &MailId::from_client("0123"),
            sender: &"Blinkgate <noreply@example.com>".parse().unwrap(),
            to: &EmailAddress::parse("jo@example.org").unwrap(),
            host: "blink.example.com",
            link: &link,
            minutes: 30,
        })
        .unwrap();
        let raw = String::from_utf8(message.formatted()).unwrap();
        assert_eq!(raw.matches(&link).count(), 3, "{raw}");
        for expected in [
            "From: Blinkgate <noreply@example.com>\r\n",
            "To: jo@example.org\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Message-ID: <0123@blink.example.com>\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(raw.contains(expected), "{expected:?} is missing from\n{raw}");
        }
    }
}
