//! Where a browser keeps the secret of a session.

use axum::http::{HeaderName, HeaderValue, header};
use serde::Deserialize;

use super::session;
use crate::app::AppState;
use crate::domain::PlainToken;

/// Where it is kept.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keep {
    #[default]
    Cookie,
    /// In the page's memory: in a frame of another site, where browsers block cookies.
    Memory,
}

impl Keep {
    /// The secret as a header that sets the cookie, or as text for the response's body.
    pub(super) fn send(
        self,
        app: &AppState,
        secret: &PlainToken,
    ) -> (Option<[(HeaderName, HeaderValue); 1]>, Option<String>) {
        match self {
            Keep::Cookie => (Some([(header::SET_COOKIE, session::cookie(app, secret))]), None),
            Keep::Memory => (None, Some(secret.expose().to_owned())),
        }
    }
}
