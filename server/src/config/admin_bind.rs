//! `ADMIN_BIND`: where operators reach the server.

use std::net::SocketAddr;
use std::str::FromStr;

/// Where `/admin…` and `/metrics` are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdminBind {
    /// With the pages, at `HOST` and `PORT`.
    #[default]
    WithPages,
    /// Only at this address.
    At(SocketAddr),
    /// Nowhere.
    Nowhere,
}

impl AdminBind {
    /// What the setting must be.
    pub(super) const FORM: &'static str = "an IP address and a port to listen on, like 127.0.0.1:8081, or none";
}

impl FromStr for AdminBind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "none" { Ok(AdminBind::Nowhere) } else { text.parse().map(AdminBind::At).map_err(drop) }
    }
}
