//! `blinkgate health`: queries the server on this machine, for containers and monitors without another HTTP client.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::config::Config;
use crate::tls;

/// A server that takes longer to answer is unhealthy. `/ready` itself waits 3 s for its parts.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints the answer of `/health`, or of `/ready` if `ready`.
///
/// # Errors
/// No answer at the configured address, or a status other than 200.
pub async fn ask(config: &Config, ready: bool) -> anyhow::Result<()> {
    tls::use_ring();
    let address = SocketAddr::new(reachable(config.host), config.port);
    let url = format!("http://{address}/{}", if ready { "ready" } else { "health" });
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let answer = client.get(&url).send().await.with_context(|| format!("no answer from {url} (HOST, PORT)"))?;
    let (status, body) = (answer.status(), answer.text().await?);
    writeln!(std::io::stdout().lock(), "{body}")?;
    ensure!(status.is_success(), "{url} answers {status}");
    Ok(())
}

/// The address for reaching a server on this machine that listens on `host`.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_queried_on_this_machine() {
        for (host, expected) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7"), ("::1", "::1")] {
            assert_eq!(reachable(host.parse().unwrap()), expected.parse::<IpAddr>().unwrap(), "{host}");
        }
    }
}
