//! Where webhooks may go. Sites name the addresses, so this server must not be led to machines that only it can reach:
//! private, local and reserved addresses are refused after the name was resolved, on every connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It is no https address, or has a user or a fragment.
    #[error("the address must start with https://, without user and fragment")]
    Form,
    /// It is private, and the site does not list its host.
    #[error("the address is private, local or reserved, and the site does not list its host")]
    Private,
}

/// Whether the site may name this address. `listed`: the hosts that it may reach at private addresses, for which http
/// is enough. Names are resolved only when something is sent. Returns whether its host is listed.
///
/// # Errors
/// [`NotAllowed`].
pub fn allowed(url: &Url, listed: &[String]) -> Result<bool, NotAllowed> {
    let host = url.host().ok_or(NotAllowed::Form)?;
    let is_listed = listed.iter().any(|listed| listed.eq_ignore_ascii_case(&host.to_string()));
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_listed);
    if !is_bare || !is_safe {
        return Err(NotAllowed::Form);
    }
    let literal = match host {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    };
    if !is_listed && literal.is_some_and(|address| !is_public(address)) {
        return Err(NotAllowed::Private);
    }
    Ok(is_listed)
}

/// Resolves names to public addresses only.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // All of them: a name with one private address is no honest one.
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(NotAllowed::Private.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address can be reached by everybody: none of the special-purpose ones of RFC 6890 and its successors.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Addresses that carry an IPv4 address are as public as that.
    let carried = match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some([segments[6], segments[7]]),
        [0x2002, high, low, ..] => Some([high, low]),
        _ => None,
    };
    if let Some([high, low]) = carried {
        return is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    }
    // Global unicast, without the special blocks in it (2001::/23, documentation).
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_special = (segments[0] == 0x2001 && (segments[1] < 0x200 || segments[1] == 0xdb8))
        || (segments[0] == 0x3fff && segments[1] < 0x1000);
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_everybody_can_reach_are_public() {
        for text in ["93.184.216.34", "1.1.1.1", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::101:101"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn private_addresses_and_plain_http_need_to_be_listed() {
        let ask = |url: &str| allowed(&Url::parse(url).unwrap(), &["shop.internal".to_owned(), "127.0.0.1".to_owned()]);
        assert_eq!(ask("https://shop.example/hook?a=1"), Ok(false));
        assert_eq!(ask("http://shop.internal:81/hook"), Ok(true));
        assert_eq!(ask("http://127.0.0.1:8000/"), Ok(true));
        for url in
            ["http://shop.example/", "https://jo@shop.example/", "https://shop.example/#a", "ftp://shop.internal/"]
        {
            assert_eq!(ask(url), Err(NotAllowed::Form), "{url}");
        }
        // The parser turns other spellings of numbers into addresses.
        for url in
            ["https://10.0.0.1/", "https://[::1]/", "https://2130706434/", "https://0x7f.2/", "https://0177.1.1.1/"]
        {
            assert_eq!(ask(url), Err(NotAllowed::Private), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_not_resolved() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.err().unwrap().to_string().contains("private"));
    }
}
