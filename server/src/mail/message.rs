//! Composes mails in the format of mail servers.

use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};

use super::words::Words;
use crate::domain::{EmailAddress, Logo, MailId};

/// Marks the mail as automatic (RFC 3834), so that no vacation notice answers it.
pub(super) const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str(AUTO_SUBMITTED.0)
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), AUTO_SUBMITTED.1.to_owned())
    }
}

/// A mail to send.
pub(super) struct Mail<'a> {
    /// The mail's id. It is the same for each try, so that duplicates can be recognised.
    pub(super) id: &'a MailId,
    /// Number of the try, from 1.
    pub(super) tries: u32,
    /// The recipient.
    pub(super) to: &'a EmailAddress,
    /// The host named in the mail.
    pub(super) host: &'a str,
    /// The link.
    pub(super) link: &'a str,
    /// Subject and text.
    pub(super) words: &'a Words,
    /// The picture that [`LOGO`] stands for.
    pub(super) logo: Option<&'a Logo>,
}

/// Where the HTML of a mail finds the logo that travels with it (RFC 2392).
pub(super) const LOGO: &str = "cid:logo";

impl Mail<'_> {
    /// The logo, if the HTML shows it: operators' own templates may not.
    pub(super) fn shown_logo(&self) -> Option<&Logo> {
        self.logo.filter(|_| self.words.html.contains(LOGO))
    }
}

/// Composes the mail as text and as HTML.
///
/// # Errors
/// The mail library does not accept the address.
pub(super) fn write(mail: &Mail<'_>, sender: &Mailbox) -> anyhow::Result<Message> {
    let to = Mailbox::new(None, mail.to.expose().parse()?);
    let html = part(ContentType::TEXT_HTML, &mail.words.html);
    let both = MultiPart::alternative().singlepart(part(ContentType::TEXT_PLAIN, &mail.words.text));
    let both = match mail.shown_logo() {
        None => both.singlepart(html),
        Some(logo) => {
            let picture = Attachment::new_inline(LOGO.trim_start_matches("cid:").to_owned());
            let picture = picture.body(logo.bytes.clone(), logo.media_type.parse()?);
            both.multipart(MultiPart::related().singlepart(html).singlepart(picture))
        }
    };
    Ok(Message::builder()
        .from(sender.clone())
        .to(to)
        .subject(&mail.words.subject)
        .message_id(Some(format!("<{}@{}>", mail.id, mail.host)))
        .header(AutoSubmitted)
        .multipart(both)?)
}

/// ASCII text is sent without encoding (RFC 5322 allows lines of 998 characters): the library would break the link into
/// two lines. Other text is encoded.
fn part(content_type: ContentType, text: &str) -> SinglePart {
    let lines: Vec<&str> = text.lines().collect();
    let as_it_stands = text.is_ascii() && lines.iter().all(|line| line.len() <= 998);
    let text = lines.join("\r\n") + "\r\n";
    let body = match as_it_stands {
        true => Body::dangerous_pre_encoded(text.into_bytes(), ContentTransferEncoding::SevenBit),
        false => Body::new(text),
    };
    SinglePart::builder().header(content_type).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> String {
        written(text, None)
    }

    fn written(text: &str, logo: Option<&Logo>) -> String {
        let words = Words { subject: "Für Sie".to_owned(), text: text.to_owned(), html: format!("<p>{text}</p>") };
        let mail = Mail {
            id: &MailId::from_client("0123"),
            tries: 1,
            to: &EmailAddress::parse("jo@example.org").unwrap(),
            host: "blink.example.com",
            link: "",
            words: &words,
            logo,
        };
        let sender = "Blinkgate <noreply@example.com>".parse().unwrap();
        String::from_utf8(write(&mail, &sender).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_link_stays_on_one_line_and_the_headers_are_complete() {
        let link = format!("https://blink.example.com/verify?token={}", "A".repeat(43));
        let raw = raw(&format!("Hello,\n\n{link}\n"));
        assert_eq!(raw.matches(&link).count(), 2, "{raw}");
        for expected in [
            "From: Blinkgate <noreply@example.com>\r\n",
            "To: jo@example.org\r\n",
            "Subject: =?utf-8?b?",
            "Auto-Submitted: auto-generated\r\n",
            "Message-ID: <0123@blink.example.com>\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(raw.contains(expected), "{expected:?} is missing from\n{raw}");
        }
    }

    #[test]
    fn a_logo_travels_with_the_html_that_shows_it() {
        let logo = Logo::from_file(b"\x89PNG\r\n\x1a\n picture".to_vec()).unwrap();
        let raw = written("<img src=\"cid:logo\">", Some(&logo));
        let related = raw.split_once("multipart/related").expect("HTML and logo belong together").1;
        for expected in ["text/html", "Content-ID: <logo>", "Content-Disposition: inline", "image/png", &logo.base64()]
        {
            assert!(related.contains(expected), "{expected} is missing from\n{raw}");
        }
        assert!(!written("no picture", Some(&logo)).contains("image/png"), "a template of one's own may not show it");
    }

    #[test]
    fn text_beyond_ascii_is_encoded() {
        let raw = raw("Grüße\n");
        assert!(raw.is_ascii() && raw.contains("Content-Transfer-Encoding: "), "{raw}");
    }
}
