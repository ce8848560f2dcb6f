//! What a result says. It is modest: it names who proved the mailbox and how a live person was recognised, and never
//! says that anybody's face or identity was verified.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::db::checks::Check;
use crate::domain::{CheckStatus, SiteId, random_base64url};

/// How long a result may be presented, in seconds. What it says does not end with it.
const LASTS_S: i64 = 600;
/// The status of a verification that an operator took back: whoever looks for `verified` does not find it.
const REVOKED: &str = "revoked";

/// The claims of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The server.
    pub iss: String,
    /// The site; for tests with `test:` in front.
    pub aud: String,
    /// The check.
    pub sub: String,
    /// Names this result.
    pub jti: String,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// Until when it may be presented.
    pub exp: i64,
    /// The site's nonce.
    pub nonce: Option<String>,
    /// The site's name for the person.
    pub reference: Option<String>,
    /// How the check ended, or `revoked`.
    pub status: String,
    /// When a live person was seen.
    pub verified_at: Option<String>,
    /// Who says that the person controls the mailbox.
    pub mailbox: String,
    /// How a live person was recognised.
    pub method: Option<String>,
    /// Who decided: `engine`, `operator`, or `none` in tests.
    pub assurance: String,
    /// How the person came to the device that finished the check: `none` if they did not change devices.
    pub handoff: String,
    /// Authentication methods (RFC 8176): the presence of a person, and a mailbox if this server saw it proven.
    pub amr: Vec<String>,
    /// The kind of check.
    pub acr: Option<String>,
    /// Name of the thresholds that decided.
    pub policy_version: Option<String>,
    /// Digest of the evidence, as `blinkgate verify-bundle` prints it.
    pub evidence_sha256: Option<String>,
    /// Whether nobody was seen, because it is a test.
    pub test: bool,
}

/// Whom the results of a site are for.
pub fn audience(site: &SiteId, test: bool) -> String {
    if test { format!("test:{site}") } else { site.to_string() }
}

impl Claims {
    /// What is known about a check that has ended.
    pub fn of(check: &Check, issuer: &str, now_ms: i64) -> Self {
        let is_verified = check.status == CheckStatus::Verified && check.revoked_at.is_none();
        let test = check.test != 0;
        let word: &str = check.status.into();
        let by_operator = check.method.as_deref() == Some("reviewed");
        let mut amr = Vec::new();
        if is_verified && !by_operator {
            amr.push("user".to_owned());
        }
        if is_verified && check.gate.proves_mailbox() {
            amr.push("mca".to_owned());
        }
        Self {
            iss: issuer.to_owned(),
            aud: audience(&check.site_id, test),
            sub: format!("chk_{}", check.id),
            jti: random_base64url(),
            iat: now_ms / 1000,
            exp: now_ms / 1000 + LASTS_S,
            nonce: check.nonce.clone(),
            reference: check.reference.clone(),
            status: if check.revoked_at.is_some() { REVOKED.to_owned() } else { word.to_owned() },
            verified_at: check.ended_at.filter(|_| is_verified).map(clock::rfc3339),
            mailbox: check.gate.mailbox().to_owned(),
            method: check.method.clone(),
            assurance: if test {
                "none"
            } else if by_operator {
                "operator"
            } else {
                "engine"
            }
            .to_owned(),
            handoff: check.handoff.clone().unwrap_or_else(|| "none".to_owned()),
            amr,
            acr: check.method.as_ref().map(|method| format!("urn:blinkgate:acr:{method}:1")),
            policy_version: check.thresholds.clone(),
            evidence_sha256: check.evidence_sha256.clone(),
            test,
        }
    }
}
