//! `blinkgate health`: asks the server that runs on this machine. Containers and monitors have no other program to ask with.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::config::Config;
use crate::tls;

/// A server that does not answer in this time is not well. `/ready` itself waits 3 s for its parts.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints what `/health` answers, or `/ready` if `ready`.
///
/// # Errors
/// Nobody answers where the settings say, or not with 200.
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

/// Where a server that listens at `host` is found from its own machine.
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
    fn a_server_that_listens_everywhere_is_asked_at_its_own_machine() {
        for (host, expected) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7"), ("::1", "::1")] {
            assert_eq!(reachable(host.parse().unwrap()), expected.parse::<IpAddr>().unwrap(), "{host}");
        }
    }
}
