//! E-mail addresses: any text in, an address that can receive mail out. Simple rules, no quoted local parts.

use sha2::{Digest, Sha256};

use super::mailbox;

/// Longest address that SMTP can carry (RFC 5321 §4.5.3.1.3, without the angle brackets).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_LENGTH: usize = 64;
/// Longest label of a domain name (RFC 1035 §2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// An address: a dot-atom, `@`, and a domain name in lower case (punycode if it is international).
///
/// Prints masked, so that logs do not reveal it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// The text is not an address that can receive mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct EmailError;

impl EmailAddress {
    /// Parses an address; surrounding white space is ignored.
    ///
    /// # Errors
    /// The text is not an address, or is longer than mail allows.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.len() > MAX_LENGTH {
            return Err(EmailError);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        if !is_local_part(local) || domain.chars().any(|c| c.is_control() || c.is_whitespace() || c == '%') {
            return Err(EmailError);
        }
        let Ok(url::Host::Domain(domain)) = url::Host::parse(domain) else { return Err(EmailError) };
        let address = format!("{local}@{domain}");
        if !is_domain(&domain) || address.len() > MAX_LENGTH {
            return Err(EmailError);
        }
        Ok(Self(address))
    }

    /// Takes an address that was stored before, without parsing it again.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The whole address. For mails, the database and operators; never for logs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The address reduced to its first character and its domain: `j***@example.com`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        format!("{}***@{domain}", &local[..local.len().min(1)])
    }

    /// The domain, in lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').unwrap_or_default().1
    }

    /// A hash that is equal for spellings that reach the same mailbox, for counting mails and attempts.
    pub fn folded_key(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        hex::encode(Sha256::digest(mailbox::folded(local, domain)))
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

/// A dot-atom (RFC 5322 §3.2.3) of at most 64 characters.
fn is_local_part(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    local.len() <= MAX_LOCAL_LENGTH && local.split('.').all(is_atom)
}

/// At least two labels of letters, digits and inner hyphens; the last label is not a number.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = domain.split('.').collect();
    let last_is_a_name = labels.last().is_some_and(|last| last.bytes().any(|b| !b.is_ascii_digit()));
    labels.len() >= 2 && labels.into_iter().all(is_label) && last_is_a_name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_with_their_domain_in_lower_case() {
        let cases = [
            ("jo@example.com", "jo@example.com"),
            ("  Jo.Doe+blink@Example.COM\n", "Jo.Doe+blink@example.com"),
            ("=1+1@example.com", "=1+1@example.com"),
            ("o'neil@sub.example.co.uk", "o'neil@sub.example.co.uk"),
            ("a@b-c.de", "a@b-c.de"),
            ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ];
        for (text, expected) in cases {
            assert_eq!(EmailAddress::parse(text).unwrap().expose(), expected, "{text:?}");
        }
    }

    #[test]
    fn text_that_is_not_a_mail_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(288));
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long_domain = format!("a@{}example.com", "b.".repeat(130));
        let cases = [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@b",
            "a@@example.com",
            "a b@example.com",
            "a@exa mple.com",
            "a@example.com\r\nBcc: b@example.com",
            "a\r\n@example.com",
            "a@example.com\0",
            "a\u{7f}@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "\"a b\"@example.com",
            "a@-example.com",
            "a@example-.com",
            "a@example..com",
            "a@example.com.",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a@[::1]",
            "a@example.123",
            "a@exa_mple.com",
            "a@exam%70le.com",
            "<a@example.com>",
            "a,b@example.com",
            "ä@example.com",
            "a@example.com\u{2028}",
            "a@exa\u{ad}\u{200b}\u{0000}mple.com",
            &long,
            &long_local,
            &long_label,
            &long_domain,
        ];
        for text in cases {
            assert_eq!(EmailAddress::parse(text), Err(EmailError), "{text:?}");
        }
        assert_eq!(long.len(), 300);
    }

    #[test]
    fn an_address_is_masked_wherever_it_is_printed() {
        let address = EmailAddress::parse("jo.doe@example.com").unwrap();
        assert_eq!(address.to_string(), "j***@example.com");
        assert!(!format!("{address:?}").contains("jo.doe"));
    }

    #[test]
    fn spellings_of_one_mailbox_share_one_key() {
        let key = |text: &str| EmailAddress::parse(text).unwrap().folded_key();
        assert_eq!(key("Jo@example.com"), key("jo+news@EXAMPLE.com"));
        assert_ne!(key("jo@example.com"), key("jo@example.org"));
    }
}
