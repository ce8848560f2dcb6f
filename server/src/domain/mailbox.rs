//! Mailboxes: which spellings of an address the large providers deliver to one of them.
//!
//! A wrong rule makes two people share the limits of one mailbox, so the table has only what a provider documents or
//! its own software does.

/// How a provider reads addresses.
struct Provider {
    /// Its domains. One that ends with a dot stands for those of all countries.
    domains: &'static [&'static str],
    /// Whether all its domains lead to the same mailbox.
    is_one: bool,
    /// Characters that it does not read.
    ignored: &'static str,
    /// Where the part begins that anybody may add, beside `+`.
    tag: Option<char>,
    /// Whether `tag@user.domain` reaches `user@domain`.
    has_subdomains: bool,
}

const USUAL: Provider = Provider { domains: &[], is_one: false, ignored: "", tag: None, has_subdomains: false };

const PROVIDERS: &[Provider] = &[
    // Dots do not matter: <https://support.google.com/mail/answer/7436150>. Both domains are one mailbox:
    // <https://support.google.com/mail/answer/10313>.
    Provider { domains: &["gmail.com", "googlemail.com"], is_one: true, ignored: ".", ..USUAL },
    // Its domains: <https://proton.me/support/addresses-and-aliases>. Its own client leaves out dots, underscores and
    // hyphens when it compares addresses: <https://github.com/ProtonMail/WebClients>, `removeEmailAlias`.
    Provider {
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
        is_one: true,
        ignored: "._-",
        ..USUAL
    },
    // <https://support.apple.com/118230>
    Provider { domains: &["icloud.com", "me.com", "mac.com"], is_one: true, ..USUAL },
    // <https://yandex.com/support/domain/additional/mailbox-alias.xml>
    Provider {
        domains: &[
            "yandex.ru",
            "ya.ru",
            "yandex.com",
            "yandex.by",
            "yandex.kz",
            "yandex.ua",
            "yandex.uz",
            "yandex.com.tr",
        ],
        is_one: true,
        ..USUAL
    },
    // Disposable addresses are a base name, a hyphen and a keyword; names themselves have no hyphen:
    // <https://help.yahoo.com/kb/SLN28815.html>.
    Provider { domains: &["yahoo.", "ymail.com", "rocketmail.com", "myyahoo.com"], tag: Some('-'), ..USUAL },
    // <https://www.fastmail.help/hc/en-us/articles/360060591053>
    Provider {
        domains: &["fastmail.com", "fastmail.fm", "sent.com", "messagingengine.com"],
        has_subdomains: true,
        ..USUAL
    },
    // Nothing but what all have: <https://support.microsoft.com/office/12750ffe-0e0f-4ba2-8d95-3b4ac0ebdb35>.
    Provider { domains: &["outlook.", "hotmail.", "live.", "msn.com", "passport.com"], ..USUAL },
    // Large ones without rules that anybody can use; see `is_public_provider`.
    Provider {
        domains: &[
            "aol.com",
            "gmx.",
            "web.de",
            "t-online.de",
            "freenet.de",
            "orange.fr",
            "free.fr",
            "laposte.net",
            "libero.it",
            "mail.ru",
            "bk.ru",
            "inbox.ru",
            "list.ru",
            "rambler.ru",
            "qq.com",
            "163.com",
            "126.com",
            "sina.com",
            "naver.com",
            "daum.net",
            "rediffmail.com",
            "comcast.net",
            "verizon.net",
            "att.net",
            "btinternet.com",
            "zoho.com",
            "tuta.com",
            "tutanota.com",
            "mail.com",
            "seznam.cz",
            "wp.pl",
            "onet.pl",
            "interia.pl",
            "o2.pl",
            "uol.com.br",
            "bol.com.br",
            "terra.com.br",
        ],
        ..USUAL
    },
];

/// One text for all spellings that reach the same mailbox. Everywhere, capitals and whatever follows a `+` count for
/// nothing.
pub(super) fn folded(local: &str, domain: &str) -> String {
    let (provider, user) = find(domain).map_or((&USUAL, None), |(provider, user)| (provider, user));
    let domain = match user {
        Some(user) => &domain[user.len() + 1..],
        None => domain,
    };
    let local = user.unwrap_or(local).split('+').next().unwrap_or_default().to_ascii_lowercase();
    let local = provider.tag.and_then(|tag| local.split(tag).next()).filter(|base| !base.is_empty()).unwrap_or(&local);
    let local: String = local.chars().filter(|&c| !provider.ignored.contains(c)).collect();
    let domain = if provider.is_one { provider.domains[0] } else { domain };
    format!("{local}@{domain}")
}

/// Whether everybody can have an address at this domain, so that many mails to it say nothing.
pub fn is_public_provider(domain: &str) -> bool {
    find(domain).is_some()
}

/// The provider with this domain, and the user whom a subdomain names.
fn find(domain: &str) -> Option<(&'static Provider, Option<&str>)> {
    PROVIDERS.iter().find_map(|provider| {
        if provider.domains.iter().any(|own| is_at(own, domain)) {
            return Some((provider, None));
        }
        let (user, parent) = domain.split_once('.').filter(|_| provider.has_subdomains)?;
        provider.domains.contains(&parent).then_some((provider, Some(user)))
    })
}

/// Whether `domain` is this one, or begins with it and continues with a country (`yahoo.` and `yahoo.co.uk`).
fn is_at(own: &str, domain: &str) -> bool {
    let is_country = |rest: &str| !rest.is_empty() && rest.split('.').all(|label| (2..=3).contains(&label.len()));
    if own.ends_with('.') { domain.strip_prefix(own).is_some_and(is_country) } else { own == domain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(address: &str) -> String {
        let (local, domain) = address.rsplit_once('@').unwrap();
        folded(local, domain)
    }

    #[test]
    fn spellings_of_one_mailbox_are_one() {
        for (one, other) in [
            ("Jo.Doe@gmail.com", "jodoe+news@googlemail.com"),
            ("jo.doe@proton.me", "jo_d-oe+x@pm.me"),
            ("jo@icloud.com", "jo+x@mac.com"),
            ("jo@ya.ru", "jo@yandex.kz"),
            ("jo-shop@yahoo.co.uk", "jo-other@yahoo.co.uk"),
            ("shop@jo.fastmail.com", "jo+other@fastmail.com"),
            ("jo+x@outlook.de", "JO@outlook.de"),
            ("jo+x@example.com", "Jo@example.com"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn mailboxes_of_different_people_stay_different() {
        for (one, other) in [
            ("jo.doe@example.com", "jodoe@example.com"),
            ("jo.doe@outlook.com", "jodoe@outlook.com"),
            ("jo@outlook.com", "jo@hotmail.com"),
            ("jo@yahoo.com", "jo@yahoo.de"),
            ("jo-a@icloud.com", "jo-b@icloud.com"),
            ("jo.doe@yahoo.com", "jodoe@yahoo.com"),
            ("a@jo.example.com", "b@jo.example.com"),
            ("a@yahoo.example.com", "a-b@yahoo.example.com"),
            ("jo@fastmail.com", "jo@fastmail.fm"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
        assert_eq!(fold("-x@yahoo.com"), "-x@yahoo.com", "a name is never empty");
    }

    #[test]
    fn public_providers_are_told_from_the_domains_of_one_organisation() {
        assert!(["gmail.com", "yahoo.co.jp", "gmx.at", "jo.fastmail.com"].into_iter().all(is_public_provider));
        assert!(!["example.com", "notgmail.com", "yahoo.example.com", "gmx"].into_iter().any(is_public_provider));
    }
}
